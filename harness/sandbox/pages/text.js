// Elements of a page. Text of others becomes text nodes: there is no other way here to put it on the page.

const ACTING = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;
const HARMLESS = new Set(["\n", "\t", "\u200c", "\u200d"]);
const MOST = 20_000;

// Text with everything spelt out that would act on who reads it, such as a direction override; long text is cut.
export function plain(value) {
  const text = typeof value === "string" ? value.replaceAll("\r\n", "\n") : String(value ?? "");
  const cut = text.length > MOST ? `${text.slice(0, MOST)} … (${text.length.toLocaleString("en")} characters)` : text;
  return cut.replace(ACTING, (one) => (HARMLESS.has(one) ? one : `\\u{${one.codePointAt(0).toString(16)}}`));
}

// Make an element. Attributes that are functions listen to the event of their name; those of null or false are left out.
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(key, value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(key, plain(value));
  }
  made.append(...children.filter((one) => one !== null).map((one) => (one instanceof Node ? one : plain(one))));
  return made;
}

// A link to somewhere else, if it leads to a web site; as text if not.
export function link(url, title) {
  const words = title && title !== url ? `${title} (${url})` : url;
  const web = URL.canParse(url) && ["http:", "https:"].includes(new URL(url).protocol);
  return web ? element("a", { href: new URL(url).href, target: "_blank", rel: "noopener noreferrer" }, words) : plain(words);
}

export const find = (id) => document.getElementById(id);

// Say what went wrong, or that nothing does.
export function trouble(words = "") {
  find("trouble").textContent = plain(words);
  find("trouble").hidden = !words;
}

// Let something happen, and say so if it goes wrong.
export function attempt(action) {
  return async (event) => {
    event?.preventDefault?.();
    try {
      await action(event);
      trouble();
    } catch (error) {
      trouble(error.message);
    }
  };
}

// Send a form by Enter; Shift and Enter begin a line.
export function sendByEnter(field) {
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    field.form.requestSubmit();
  });
}

// Tell when somebody begins to type, and when they have stopped for a while.
export class Typing {
  #tell; #timer = null;

  constructor(field, tell, seconds = 3) {
    this.#tell = tell;
    field.addEventListener("input", () => {
      if (this.#timer === null) tell("started");
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.stop(), seconds * 1000);
    });
  }

  // Nothing is told of this one: whoever would hear of it is gone.
  forget() {
    clearTimeout(this.#timer);
    this.#timer = null;
  }

  async stop() {
    if (this.#timer === null) return;
    this.forget();
    await this.#tell("stopped");
  }
}

export function age(since) {
  const seconds = Math.max(0, Math.round((Date.now() - since) / 1000));
  if (seconds < 60) return `${seconds} s`;
  return seconds < 3600 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3600)} h`;
}
