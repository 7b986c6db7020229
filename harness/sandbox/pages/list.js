// The list of conversations, as the sandbox's stream tells of it.

import { age, element, find, trouble } from "./text.js";
import { listen } from "./wire.js";

const STATES = {
  routing: "Nobody answers yet", bot: "A bot answers", waiting: "Waiting for a rep", joined: "A rep is there",
  rep: "A scripted rep answers", ended: "The session has ended", closed: "Closed",
};
const MOST_CLOSED = 20;

// Keep a list of cards up to date. `wanted` says which conversations are in it, `link` makes what leads to one,
// `changed` is called with all conversations whenever something has changed.
export function keepList({ wanted = () => true, link, changed = () => {} }) {
  const all = new Map(), cards = new Map();

  const show = (one) => {
    if (!cards.has(one.id)) {
      const card = element("li");
      const parts = [element("p", {}, link(one), " ", element("span", { class: "state" })), element("p"), element("p", { class: "quiet" })];
      card.append(...parts);
      cards.set(one.id, { card, parts });
    }
    const { card, parts: [head, said, below] } = cards.get(one.id);
    card.dataset.state = one.state;
    head.querySelector(".state").textContent = STATES[one.state] ?? one.state;
    said.replaceChildren(one.said ? element("q", {}, one.said) : "");
    const who = one.answers ? `${one.answers} · ` : "";
    below.replaceChildren(element("span", {}, who), element("span", { class: "age" }, age(one.started)));
  };

  const tidy = () => {
    const sorted = [...all.values()].sort((a, b) => b.started - a.started);
    for (const one of sorted.filter(({ state }) => state === "closed").slice(MOST_CLOSED)) all.delete(one.id);
    const listed = sorted.filter((one) => all.has(one.id) && wanted(one));
    for (const id of [...cards.keys()]) {
      if (listed.some((one) => one.id === id)) continue;
      cards.get(id).card.remove();
      cards.delete(id);
    }
    const list = find("conversations");
    listed.forEach((one, place) => {
      show(one);
      const { card } = cards.get(one.id);
      if (list.children[place] !== card) list.insertBefore(card, list.children[place] ?? null);
    });
    const words = `${listed.length || "No"} conversation${listed.length === 1 ? "" : "s"}`;
    if (find("count").textContent !== words) find("count").textContent = words;
    changed(all);
  };

  const take = ({ event, data }) => {
    const told = JSON.parse(data);
    if (event === "conversations") all.clear();
    for (const one of event === "conversations" ? told : [told]) all.set(one.id, one);
    tidy();
  };

  setInterval(() => {
    for (const [id, { parts: [, , below] }] of cards) below.querySelector(".age").textContent = age(all.get(id).started);
  }, 1000);

  listen("/sandbox/conversations/events", {
    take,
    tell: (how) => { if (how === "lost") find("count").textContent = "The connection is lost; trying again…"; },
    signal: new AbortController().signal,
  }).catch((error) => trouble(error.message));
}
