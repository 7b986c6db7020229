// A conversation as a person sees it: what was said, who came and went, who is doing what at the moment.

import { formOf, options } from "./forms.js";
import { element, find, link, plain } from "./text.js";
import { entryOf } from "./wire.js";

const ROLES = { EndUser: "end user", Chatbot: "bot", Agent: "rep", System: "system" };
const roleOf = (role) => ROLES[role] ?? role ?? "unknown";

export class Log {
  #items = new Map(); #tokens = new Map(); #doing = new Map(); #own; #answers;

  // `own`: the role of who looks; `answers`: what can be done with options and forms, null for who only sees them.
  constructor({ own, answers = null }) {
    [this.#own, this.#answers] = [own, answers];
  }

  clear() {
    for (const one of [this.#items, this.#tokens, this.#doing]) one.clear();
    this.#list.replaceChildren();
    this.#showDoing();
  }

  // Show an event of a stream; gives its entry, null where it can't be read.
  take(event) {
    try {
      const entry = entryOf(event);
      this.#show(entry);
      return entry;
    } catch (error) {
      this.note(error instanceof TypeError ? `an event that can't be shown: ${event.event}` : error.message);
      return null;
    }
  }

  // Show what is being sent; gives what is told how that went.
  sending(id, words) {
    const item = this.#item(id, { role: this.#own, who: "You", at: Date.now() });
    item.words.replaceChildren(element("p", {}, words));
    item.receipt.textContent = "sending…";
    return {
      sent: () => { if (item.receipt.textContent === "sending…") item.receipt.textContent = "sent"; },
      failed: (error) => {
        item.receipt.textContent = `not sent: ${plain(error.message)}`;
        item.receipt.classList.add("wrong");
      },
    };
  }

  note(words) {
    this.#append(element("li", { class: "note" }, words));
  }

  get #list() {
    return find("log").querySelector("ol");
  }

  #show({ type, payload, who, role, at }) {
    switch (type) {
      case "Message": return this.#message(payload.abstractMessage, { who, role, at });
      case "StreamingToken": return this.#token(payload.streamingToken, { who, role, at });
      case "TypingStartedIndicator": return this.#does(who, role, "is typing…");
      case "TypingStoppedIndicator": return this.#does(who, role, null);
      case "ProgressIndicator": return this.#does(who, role, `: ${payload.progressIndicator.progressMessage.text}`);
      case "DeliveryAcknowledgement": return this.#receipt(payload, `delivered to ${who}`);
      case "ReadAcknowledgement": return this.#receipt(payload, `read by ${who}`);
      case "QueuePosition": return this.#does("Place in the queue", "System", `: ${payload.position}`);
      case "RoutingWorkResult": return undefined;
      case "RoutingResult":
        if (payload.failureType !== "None") this.note(`Nobody is to be had: ${payload.failureReason ?? payload.failureType}`);
        return undefined;
      case "SessionStatusChanged":
        if (payload.sessionStatus === "Ended") this.note(`The session has ended, by ${roleOf(payload.sessionEndedByRole)}`);
        return undefined;
      case "ParticipantChanged":
        this.#doing.clear();
        this.#showDoing();
        for (const { operation, displayName, participant } of payload.entries) {
          this.note(`${displayName} (${roleOf(participant?.role)}) ${operation === "add" ? "has joined" : "has left"}`);
        }
        return undefined;
      case "CloseConversation": return this.note("The conversation is closed");
      default: return this.note(`an event of a type that nobody knows: ${type}`);
    }
  }

  #message(message, sender) {
    const result = message.formResponse?.result;
    if (result) {
      for (const { errorMessage } of result.errors ?? []) this.note(`The form was not taken: ${errorMessage}`);
      const button = this.#items.get(message.inReplyToMessageId)?.words.querySelector("form > button");
      if (button && result.errors) button.disabled = false;
      return;
    }
    this.#does(sender.who, sender.role, null);
    const item = this.#item(message.id, sender);
    item.words.replaceChildren(...this.#bodyOf(message));
    item.isWhole = true;
    item.shown.removeAttribute("aria-busy");
    this.#toEnd(item.shown);
  }

  #token({ tokenType, sequenceNumber, targetMessageIdentifier: id, token, result }, sender) {
    const item = this.#item(id, sender);
    if (item.isWhole) return;
    if (!this.#tokens.has(id)) this.#tokens.set(id, new Map());
    const tokens = this.#tokens.get(id);
    if (tokenType === "MessageStreamingToken") tokens.set(sequenceNumber, token.text);
    else if (result?.valid === false) tokens.clear();
    const text = [...tokens].sort(([a], [b]) => a - b).map(([, one]) => one).join("");
    item.shown.setAttribute("aria-busy", "true");
    item.words.replaceChildren(element("p", {}, text));
    this.#toEnd(item.shown);
  }

  #bodyOf(message) {
    const { staticContent: content, choices, choicesResponse, form, formResponse, messageType } = message;
    const paragraph = (text) => (text ? [element("p", {}, text)] : []);
    const linked = ({ url, titleItem }) => element("p", {}, link(url, titleItem?.title));
    if (content) {
      const files = (content.attachments ?? []).map((one) => element("p", {}, `File: ${one.name} (${one.mimeType})`));
      const links = [...(content.linkItem ? [content.linkItem] : []), ...(content.linkItems ?? [])].map(linked);
      const picture = content.mediaAsset ? paragraph(`Picture: ${content.mediaAsset.description}`) : [];
      const body = [...paragraph(content.text), ...picture, ...files, ...links];
      return body.length ? body : paragraph(`[a message of the format ${content.formatType}]`);
    }
    if (choices) {
      const choose = this.#answers && ((option, title) => this.#answers.choose(message.id, option, title));
      const once = choices.formatType === "QuickReplies";
      const cards = (choices.items ?? []).flatMap(({ titleItem, interactionItems }) => [
        ...paragraph([titleItem?.title, titleItem?.subTitle].filter(Boolean).join(" – ")),
        options(interactionItems ?? [], choose, { once }),
      ]);
      const items = choices.optionItems ? [options(choices.optionItems, choose, { once })] : [];
      return [...paragraph(choices.text ?? choices.title?.title ?? choices.title), ...items, ...cards];
    }
    if (form) {
      const submit = this.#answers && ((values, title) => this.#answers.submit(message.id, values, title));
      return [formOf(form, submit)];
    }
    if (choicesResponse) {
      return paragraph(choicesResponse.selectedOptions.map((one) => one.optionTitle?.title ?? "").join(", "));
    }
    if (formResponse) {
      const values = formResponse.inputValues.map((one) => (
        one.displayValue ?? (one.selectedOptions ?? []).map((option) => option.optionTitle?.title).join(", ")
      ));
      return paragraph(`${formResponse.formTitle?.title ?? "Form"}: ${values.join("; ")}`);
    }
    return paragraph(`[a message of the type ${messageType}]`);
  }

  #item(id, { role, who, at }) {
    if (this.#items.has(id)) return this.#items.get(id);
    const isOwn = role === this.#own;
    const when = Number.isFinite(at) ? new Date(at).toLocaleTimeString() : "";
    const words = element("div", { class: "words" });
    const receipt = element("p", { class: "receipt" });
    const head = element("p", { class: "who" }, `${isOwn ? "You" : `${who} (${roleOf(role)})`} ${when}`);
    const shown = element("li", { class: isOwn ? "own" : "theirs" }, head, words, receipt);
    const item = { shown, words, receipt, isWhole: false };
    this.#items.set(id, item);
    this.#append(shown);
    return item;
  }

  #receipt({ acknowledgedConversationEntryIdentifier: id }, words) {
    const item = this.#items.get(id);
    if (item && !item.receipt.textContent.startsWith("read")) item.receipt.textContent = plain(words);
  }

  #does(who, role, what) {
    if (what === null || role === this.#own) this.#doing.delete(who);
    else this.#doing.set(who, what.startsWith(":") ? who + what : `${who} ${what}`);
    this.#showDoing();
  }

  #showDoing() {
    const now = plain([...this.#doing.values()].join(" · "));
    if (find("doing").textContent !== now) find("doing").textContent = now;
  }

  #append(item) {
    this.#list.append(item);
    this.#toEnd(item);
  }

  // Stay at the end, unless somebody reads what is further up.
  #toEnd(item) {
    const box = find("log");
    if (box.scrollHeight - box.scrollTop - box.clientHeight < 120 + item.offsetHeight) box.scrollTop = box.scrollHeight;
  }
}
