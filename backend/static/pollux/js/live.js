// The one websocket of a page: hello, subscriptions with catch-up by number, reconnect with back-off.
// A push is only a hint. Every stream keeps the last number it has seen; a gap or a heartbeat that is
// ahead makes it subscribe again from there, so nothing is missed for longer than one heartbeat.

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
const MISSED_HEARTBEATS = 2.5;

export class Live extends EventTarget {
  #socket = null;
  #streams = new Map();
  #failures = 0;
  #nextId = 1;
  #retry = 0;
  #silence = 0;
  #silenceMs = 60_000;
  #stopped = false;

  /** Starts connecting. Events: "state" (connected or not), "changes" (detail {stream, items}), "progress". */
  constructor(url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/live/`) {
    super();
    this.url = url;
    this.connected = false;
    addEventListener("online", () => this.#now());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.#now());
    this.#connect();
  }

  /** Follows a stream from a number on; calling it again for the same stream never goes back. */
  subscribe(stream, after) {
    this.#streams.set(stream, Math.max(after ?? 0, this.#streams.get(stream) ?? 0));
    this.#ask(stream);
  }

  /** Leaves a stream alone from here on. */
  unsubscribe(stream) {
    this.#streams.delete(stream);
    this.#send({ type: "unsubscribe", id: this.#nextId++, stream });
  }

  /** Closes the socket for good. */
  stop() {
    this.#stopped = true;
    clearTimeout(this.#retry);
    clearTimeout(this.#silence);
    this.#socket?.close();
  }

  #send(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #ask(stream) {
    this.#send({ type: "subscribe", id: this.#nextId++, stream, after: this.#streams.get(stream) });
  }

  #connect() {
    const socket = new WebSocket(this.url);
    this.#socket = socket;
    socket.addEventListener("message", (event) => this.#receive(JSON.parse(event.data)));
    socket.addEventListener("close", () => {
      if (socket !== this.#socket || this.#stopped) return;
      clearTimeout(this.#silence);
      this.#setConnected(false);
      // Full jitter, so that a restarted server does not meet every page in the same instant.
      const ceiling = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#failures++);
      this.#retry = setTimeout(() => this.#connect(), ceiling * (0.5 + Math.random() / 2));
    });
  }

  #now() {
    if (this.#stopped || this.#socket.readyState <= WebSocket.OPEN) return;
    clearTimeout(this.#retry);
    this.#failures = 0;
    this.#connect();
  }

  #setConnected(connected) {
    if (this.connected === connected) return;
    this.connected = connected;
    this.dispatchEvent(new CustomEvent("state", { detail: { connected } }));
  }

  #listenForSilence() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#socket.close(), this.#silenceMs);
  }

  #receive(message) {
    this.#listenForSilence();
    this[`_${message.type}`]?.(message);
  }

  _hello({ heartbeat }) {
    this.#failures = 0;
    this.#silenceMs = heartbeat * 1000 * MISSED_HEARTBEATS;
    this.#listenForSilence();
    this.#setConnected(true);
    for (const stream of this.#streams.keys()) this.#ask(stream);
  }

  _changes({ stream, from, through, items }) {
    if (!this.#streams.has(stream)) return;
    const seen = this.#streams.get(stream);
    if (through <= seen) return;
    if (from > seen + 1) {
      this.#ask(stream);
      return;
    }
    this.#streams.set(stream, through);
    this.dispatchEvent(new CustomEvent("changes", { detail: { stream, items } }));
  }

  _progress(message) {
    this.dispatchEvent(new CustomEvent("progress", { detail: message }));
  }

  _heartbeat({ streams }) {
    for (const [stream, seq] of Object.entries(streams ?? {})) {
      if (this.#streams.has(stream) && seq > this.#streams.get(stream)) this.#ask(stream);
    }
  }

  _error({ code, stream }) {
    // A grant that ended takes its stream with it; asking again would only repeat the refusal.
    if (stream && (code === "not_found" || code === "forbidden")) this.#streams.delete(stream);
  }
}

/** Calls `run` once after the calls have stopped for `ms`; many changes in a row make one refresh. */
export function settled(run, ms = 400) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(run, ms);
  };
}
