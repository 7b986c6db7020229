// A person as the end user, by the messaging API that everybody has; the list of bots alone is the sandbox's own.

import { prechat } from "./forms.js";
import { Log } from "./log.js";
import { attempt, element, find, sendByEnter, trouble, Typing } from "./text.js";
import { ask, listen } from "./wire.js";

const ORG = "00DHb0000004QkL";  // the sandbox takes every id that is well formed
const REST = "/iamessage/api/v2";
const asked = new URLSearchParams(location.search);

let bots = [], form = prechat({}), chat = null;

class Chat {
  #token; #attributes; #isOver = false; #isCreated = false; #isClosed = false; #unread = [];
  #listening = new AbortController(); #asked = null; #isOpen; #opened;

  constructor(deployment, attributes) {
    [this.deployment, this.#attributes, this.id] = [deployment, attributes, crypto.randomUUID()];
    this.#isOpen = new Promise((done, fail) => { this.#opened = { done, fail }; });
    this.#isOpen.catch(() => {});  // told by whoever was opening it
    this.log = new Log({
      own: "EndUser",
      answers: {
        choose: (message, optionIdentifier, title) => this.#send(title, {
          messageType: "ChoicesResponseMessage", inReplyToMessageId: message,
          choicesResponse: { formatType: "Selections", selectedOptions: [{ optionIdentifier }] },
        }),
        submit: (message, inputValues, title) => this.#send(title, {
          messageType: "FormResponseMessage", inReplyToMessageId: message,
          formResponse: { formatType: "Inputs", inputValues },
        }),
      },
    });
  }

  get #path() {
    return `${REST}/conversation/${this.id}`;
  }

  async open() {
    const granted = await this.#opening(ask("POST", `${REST}/authorization/unauthenticated/access-token`, {
      body: { orgId: ORG, esDeveloperName: this.deployment, capabilitiesVersion: "63", platform: "Web" },
    }));
    this.#token = granted.accessToken;
    const heard = listen("/eventrouter/v1/sse", {
      headers: { Authorization: `Bearer ${this.#token}`, "X-Org-Id": ORG },
      take: (event) => this.#take(event),
      tell: attempt((how) => this.#connected(how)),
      signal: this.#listening.signal,
    });
    heard.catch((error) => { say("The stream of events has ended."); trouble(error.message); });
  }

  stop() {
    this.#listening.abort();
  }

  async #connected(how) {
    say(how === "open" ? "Connected" : "The connection is lost; trying again…");
    if (how !== "open" || this.#isCreated) return;
    this.#isCreated = true;
    const known = Object.keys(this.#attributes).length ? { routingAttributes: this.#attributes } : {};
    await this.#opening(ask("POST", `${REST}/conversation`, {
      token: this.#token,
      body: { conversationId: this.id, esDeveloperName: this.deployment, ...known, language: "en_US" },
    }));
    this.#opened.done();
  }

  // What waits for the conversation to be opened fails with it.
  async #opening(answer) {
    try {
      return await answer;
    } catch (error) {
      this.#opened.fail(error);
      throw error;
    }
  }

  // One request after the other, the first when the conversation is open, so that they arrive in their order.
  #ask(method, path, body) {
    const answer = Promise.all([this.#isOpen, this.#asked]).then(() => ask(method, path, { token: this.#token, body }));
    this.#asked = answer.catch(() => {});
    return answer;
  }

  #take(event) {
    const entry = this.log.take(event);
    if (entry?.conversation !== this.id) return;
    if (entry.type === "SessionStatusChanged") this.#isOver = entry.payload.sessionStatus === "Ended";
    if (entry.type === "CloseConversation") this.#closed();
    if (entry.type === "Message" && entry.role !== "EndUser") {
      const { id } = entry.payload.abstractMessage;
      this.#unread.push(id);
      this.#acknowledge("Delivery", [id]);
      this.read();
    }
  }

  #closed() {
    this.#isClosed = true;
    this.stop();
    typing.forget();
    say("Closed");
    for (const id of ["say", "end", "close"]) find(id).hidden = true;
    find("again").focus();
  }

  // Say that what there is has been read, as soon as somebody can see it.
  read() {
    if (document.visibilityState === "visible" && this.#unread.length) this.#acknowledge("Read", this.#unread.splice(0, 25));
  }

  #acknowledge(entryType, ids) {
    if (this.#isClosed) return;
    const acks = ids.map((one) => ({ id: crypto.randomUUID(), entryType, conversationEntryId: one }));
    this.#ask("POST", `${this.#path}/acknowledge-entries`, { acks }).catch((error) => trouble(error.message));
  }

  type(state) {
    const entryType = state === "started" ? "TypingStartedIndicator" : "TypingStoppedIndicator";
    if (this.#isClosed) return undefined;
    const body = { entryType, id: crypto.randomUUID() };
    return this.#ask("POST", `${this.#path}/entry`, body).catch((error) => trouble(error.message));
  }

  say(text) {
    return this.#send(text, { messageType: "StaticContentMessage", staticContent: { formatType: "Text", text } });
  }

  // What goes with a message: where the session has ended, that there is to be another, and what it is to know.
  get #sending() {
    const again = { isNewMessagingSession: true, routingAttributes: this.#attributes, language: "en_US" };
    return { esDeveloperName: this.deployment, ...(this.#isOver ? again : {}) };
  }

  #send(words, message) {
    const id = crypto.randomUUID();
    const body = { message: { id, ...message }, ...this.#sending };
    return this.#sent(id, words, this.#ask("POST", `${this.#path}/message`, body));
  }

  send(file, text) {
    const id = crypto.randomUUID(), body = new FormData();
    const entry = { message: { id, fileId: crypto.randomUUID(), ...(text ? { text } : {}) }, ...this.#sending };
    body.append("messageEntry", new Blob([JSON.stringify(entry)], { type: "application/json" }));
    body.append("fileData", file, file.name);
    return this.#sent(id, `File: ${file.name}`, this.#ask("POST", `${this.#path}/file`, body));
  }

  async #sent(id, words, answer) {
    const shown = this.log.sending(id, words);
    try {
      await answer;
      shown.sent();
    } catch (error) {
      shown.failed(error);
      throw error;
    }
  }

  end() {
    return this.#ask("DELETE", `${this.#path}/session?esDeveloperName=${encodeURIComponent(this.deployment)}`);
  }

  close() {
    this.#isClosed = true;
    const answer = this.#ask("DELETE", `${this.#path}?esDeveloperName=${encodeURIComponent(this.deployment)}`);
    return answer.catch((error) => { this.#isClosed = false; throw error; });
  }
}

function say(words) {
  find("state").textContent = chat ? `${chat.deployment}: ${words}` : words;
}

// Show what a bot asks for before a chat; gives whether it asks for anything.
async function prepare() {
  const deployment = find("deployment").value;
  find("about").textContent = bots.find((one) => one.name === deployment)?.about ?? "";
  const query = new URLSearchParams({ orgId: ORG, esConfigName: deployment });
  const { embeddedServiceConfig: setup } = await ask("GET", `/embeddedservice/v1/embedded-service-config?${query}`);
  form = prechat(setup);
  find("prechat").replaceChildren(...form.shown);
  find("attach").hidden = !setup.attachments?.endUserToAgent;
  return form.shown.length > 0;
}

async function start() {
  chat?.stop();
  // What else stands in the page's address goes along, as a page around a chat would send it: hidden fields, faults.
  const hidden = Object.fromEntries([...asked].filter(([name]) => name !== "deployment"));
  chat = new Chat(find("deployment").value, { ...hidden, ...form.read() });
  chat.log.clear();
  find("start").hidden = true;
  for (const id of ["conversation", "say", "end", "close", "again"]) find(id).hidden = false;
  say("Connecting…");
  find("text").focus();
  await chat.open();
}

async function send() {
  const text = find("text").value, [file] = find("file").files;
  await typing.stop();
  if (file) {
    find("file").value = "";
    find("text").value = "";
    await chat.send(file, text.trim());
  } else if (text.trim()) {
    find("text").value = "";
    await chat.say(text);
  }
  find("text").focus();
}

const typing = new Typing(find("text"), (state) => chat.type(state));
sendByEnter(find("text"));
document.addEventListener("visibilitychange", () => chat?.read());
find("deployment").addEventListener("change", attempt(prepare));
find("start").addEventListener("submit", attempt(start));
find("say").addEventListener("submit", attempt(send));
find("end").addEventListener("click", attempt(() => chat.end()));
find("close").addEventListener("click", attempt(() => chat.close()));
find("again").addEventListener("click", () => {
  chat.stop();
  find("conversation").hidden = true;
  find("start").hidden = false;
  find("deployment").focus();
});

attempt(async () => {
  bots = await ask("GET", "/sandbox/deployments");
  find("deployment").append(...bots.map(({ name, bot }) => {
    const option = element("option", {}, `${bot} (${name})`);
    option.value = name;
    return option;
  }));
  const wanted = asked.get("deployment");
  if (wanted !== null) {
    if (!bots.some(({ name }) => name === wanted)) throw new Error(`There is no deployment "${wanted}"; choose another`);
    find("deployment").value = wanted;
  }
  if (!(await prepare()) && wanted !== null) await start();
})();
