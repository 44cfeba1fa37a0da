// The one websocket of a page: hello, subscriptions with catch-up by number, reconnect with back-off.
// Every stream keeps the last number it has seen. A gap, or a heartbeat that is ahead, makes it subscribe
// again from there, so nothing is missed for longer than one heartbeat.

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
const MISSED_HEARTBEATS = 2.5;

// The server's close codes after which trying again cannot help: nobody is logged in any more.
const LOGGED_OUT = [4401, 4403];

// How the server's clock stands while it looks after what is due.
const CLOCK_GOES = ["goes", "starting"];
const NOTICES_KNOWN = 200;

// The server answers a number beyond the newest one with the newest: "from now on".
const FROM_NOW_ON = Number.MAX_SAFE_INTEGER;

export class Live extends EventTarget {
  #socket = null;
  #streams = new Map();
  #failures = 0;
  #nextId = 1;
  #retry = 0;
  #silence = 0;
  #silenceMs = 60_000;
  #stopped = false;
  #noticed = new Set();

  /**
   * Starts connecting. Events: "state", "changes" ({stream, items}), "progress", "ended" ({stream}), "loggedout",
   * "notice" (each delivery once), "clock" ({goes}).
   */
  constructor(url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/live/`) {
    super();
    this.url = url;
    this.connected = false;
    addEventListener("online", () => this.#now());
    document.addEventListener(
      "visibilitychange",
      () => document.visibilityState === "visible" && this.#now(),
    );
    this.#connect();
  }

  /** Follows a stream from a number on, or from now on; calling it again for the same stream never goes back. */
  subscribe(stream, after = FROM_NOW_ON) {
    const seen = this.#streams.get(stream);
    this.#streams.set(
      stream,
      seen === undefined ? after : Math.max(seen, after === FROM_NOW_ON ? seen : after),
    );
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
    socket.addEventListener("close", ({ code }) => {
      if (socket !== this.#socket || this.#stopped) return;
      clearTimeout(this.#silence);
      this.#setConnected(false);
      if (LOGGED_OUT.includes(code)) {
        this.#tell("loggedout", {});
        return;
      }
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
    this.#tell("state", { connected });
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  #listenForSilence() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#socket.close(), this.#silenceMs);
  }

  #receive(message) {
    this.#listenForSilence();
    this[`_${message.type}`]?.(message);
  }

  _hello({ heartbeat, clock }) {
    this.#failures = 0;
    this.#silenceMs = heartbeat * 1000 * MISSED_HEARTBEATS;
    this.#listenForSilence();
    this.#setConnected(true);
    this.#tell("clock", { goes: CLOCK_GOES.includes(clock) });
    for (const stream of this.#streams.keys()) this.#ask(stream);
  }

  _changes({ stream, from, through, items }) {
    if (!this.#streams.has(stream)) return;
    const seen = this.#streams.get(stream);
    if (through <= seen) return;
    if (from > seen) {
      this.#ask(stream);
      return;
    }
    this.#streams.set(stream, through);
    if (items.length) this.#tell("changes", { stream, items });
  }

  _reply({ stream, seq }) {
    if (this.#streams.has(stream) && this.#streams.get(stream) > seq) this.#streams.set(stream, seq);
  }

  _progress(message) {
    this.#tell("progress", message);
  }

  /** The person may no longer see the stream. */
  _ended({ stream }) {
    this.#streams.delete(stream);
    this.#tell("ended", { stream });
  }

  _notice(message) {
    if (this.#noticed.has(message.delivery)) return;
    this.#noticed.add(message.delivery);
    if (this.#noticed.size > NOTICES_KNOWN) this.#noticed.delete(this.#noticed.values().next().value);
    this.#tell("notice", message);
  }

  _heartbeat({ streams, clock }) {
    this.#tell("clock", { goes: CLOCK_GOES.includes(clock) });
    for (const [stream, seq] of Object.entries(streams ?? {})) {
      if (this.#streams.has(stream) && seq > this.#streams.get(stream)) this.#ask(stream);
    }
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
