// A person as the service rep: who waits for one, and one conversation to join, or only to look at.

import { keepList } from "./list.js";
import { Log } from "./log.js";
import { attempt, element, find, sendByEnter, trouble, Typing } from "./text.js";
import { ask, listen } from "./wire.js";

const MINE = new Set(["waiting", "joined"]);
const log = new Log({ own: "Agent" });
let chosen = new URLSearchParams(location.search).get("conversation"), watching = null, all = new Map();

const act = (what, body) => ask("POST", `/sandbox/conversation/${encodeURIComponent(chosen)}/rep${what}`, { body });

function watch(id) {
  watching?.abort();
  watching = new AbortController();
  chosen = id;
  history.replaceState(null, "", `/rep?conversation=${encodeURIComponent(id)}`);
  find("conversation").hidden = false;
  trouble();
  listen(`/sandbox/conversation/${encodeURIComponent(id)}/events`, {
    take: (event) => log.take(event),
    tell: (how) => { if (how === "open") log.clear(); },  // all that was kept is told again
    signal: watching.signal,
  }).catch((error) => trouble(error.message));
  show();
}

// Show what can be done in the chosen conversation.
function show() {
  const one = all.get(chosen);
  const state = one?.state ?? "";
  find("title").textContent = one ? `${one.deployment}${one.answers ? `, ${one.answers}` : ""}` : "Conversation";
  const words = {
    waiting: "The end user waits for you.", joined: "You are in this conversation.", closed: "It is closed.",
    ended: "The session has ended.",
  };
  find("state").textContent = words[state] ?? (one ? "You only look on." : "");
  find("join").hidden = state !== "waiting";
  const wasWriting = find("say").contains(document.activeElement);
  find("say").hidden = state !== "joined";
  if (state !== "joined") typing.forget();
  if (state !== "joined" && wasWriting) find("log").focus();
  for (const card of find("conversations").querySelectorAll("button")) {
    card.setAttribute("aria-pressed", card.value === chosen);
  }
}

async function join() {
  await act("");
  find("say").hidden = false;
  find("text").focus();
}

async function send() {
  const text = find("text").value;
  if (!text.trim()) return;
  find("text").value = "";
  await typing.stop();
  await act("/message", { text });
  find("text").focus();
}

async function goBy(how) {
  await typing.stop();
  await act(how);
}

const typing = new Typing(find("text"), (state) => act("/typing", { state }).catch((error) => trouble(error.message)));
sendByEnter(find("text"));
find("join").addEventListener("click", attempt(join));
find("say").addEventListener("submit", attempt(send));
find("leave").addEventListener("click", attempt(() => goBy("/leave")));
find("end").addEventListener("click", attempt(() => goBy("/end")));

keepList({
  wanted: ({ state }) => MINE.has(state),
  link: ({ id, deployment }) => element("button", { type: "button", class: "plain", value: id, click: () => watch(id) }, deployment),
  changed: (conversations) => {
    all = conversations;
    show();
  },
});
if (chosen !== null) watch(chosen);
