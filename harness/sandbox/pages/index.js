// All conversations of the sandbox, and the bots that one can chat with.

import { keepList } from "./list.js";
import { attempt, element, find } from "./text.js";
import { ask } from "./wire.js";

keepList({
  link: ({ id, deployment }) => element("a", { href: `/rep?conversation=${encodeURIComponent(id)}` }, deployment),
});

attempt(async () => {
  const bots = await ask("GET", "/sandbox/deployments");
  find("deployments").append(...bots.map(({ name, bot, about }) => {
    const chat = element("a", { href: `/chat?deployment=${encodeURIComponent(name)}` }, `Chat with ${bot}`);
    return element("li", {}, element("p", {}, chat, ` (${name})`), element("p", { class: "quiet" }, about));
  }));
})();
