// The way to the sandbox: requests, and event streams that are read by fetch, since an EventSource sends no token.

export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function refusal(response) {
  const said = await response.text();
  let words = said;
  try {
    words = JSON.parse(said).message ?? said;
  } catch { /* it is no JSON; what was said will do */ }
  return new Refused(response.status, `The sandbox answered ${response.status}: ${words || response.statusText}`);
}

// Ask for something; `body` goes as JSON unless it is form data. Gives the answer's JSON, or null if it has none.
export async function ask(method, path, { token, body } = {}) {
  const isForm = body instanceof FormData;
  const response = await fetch(path, {
    method,
    headers: {
      ...(token ? { Authorization: `Bearer ${token}` } : {}),
      ...(body && !isForm ? { "Content-Type": "application/json" } : {}),
    },
    body: isForm ? body : body && JSON.stringify(body),
  });
  if (!response.ok) throw await refusal(response);
  const said = await response.text();
  return said ? JSON.parse(said) : null;
}

// Read events off a stream. Source: WHATWG HTML, "Interpreting an event stream".
async function* events(body) {
  let rest = "", data = [], event = "", id = null;
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    rest += chunk.value;
    const lines = rest.split(/\r\n|\n|\r(?=[^])/);  // a CR at the very end may be half of a CR LF
    rest = lines.pop();
    for (const line of lines) {
      const [, field, value] = /^([^:]*):? ?(.*)$/s.exec(line);
      if (field === "data") data.push(value);
      else if (field === "event") event = value;
      else if (field === "id") id = value;
      else if (line === "") {
        if (data.length) yield { event: event || "message", data: data.join("\n"), id };
        data = [];
        event = "";
      }
    }
  }
}

const pause = (seconds, signal) => new Promise((done) => {
  const timer = setTimeout(done, seconds * 1000);
  signal.addEventListener("abort", () => { clearTimeout(timer); done(); }, { once: true });
});

// Listen until told to stop, and come back when the connection is lost. Only a refusal ends it otherwise.
// `take` is given each event, `tell` is told "open" and "lost".
export async function listen(path, { headers = {}, take, tell, signal }) {
  let last = null, wait = 0.25;
  while (!signal.aborted) {
    try {
      const resume = last ? { "Last-Event-Id": last } : {};
      const response = await fetch(path, { headers: { ...headers, ...resume }, signal, cache: "no-store" });
      if (response.status >= 400 && response.status < 500 && response.status !== 429) throw await refusal(response);
      if (response.ok) {
        tell("open");
        wait = 0.25;
        for await (const one of events(response.body)) {
          last = one.id ?? last;
          if (one.event !== "ping") take(one);
        }
      }
    } catch (error) {
      if (error instanceof Refused) throw error;
    }
    if (signal.aborted) return;
    tell("lost");
    await pause(wait, signal);
    wait = Math.min(wait * 2, 5);
  }
}

// Give the entry that an event tells of; an Error if it tells of none.
export function entryOf({ event, data }) {
  try {
    const { conversationId, conversationEntry: entry } = JSON.parse(data);
    const { entryPayload, sender = {}, senderDisplayName } = entry;
    const payload = typeof entryPayload === "string" ? JSON.parse(entryPayload) : entryPayload;
    return {
      conversation: conversationId, type: payload.entryType ?? entry.entryType, payload,
      who: senderDisplayName || sender.role, role: sender.role, at: entry.transcriptedTimestamp,
    };
  } catch {
    throw new Error(`an event that can't be read: ${event}`);
  }
}
