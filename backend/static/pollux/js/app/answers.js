// What a person says of doses, kept on this device until the server has it: the key of each makes sending it twice once.

import { post } from "../api.js";
import { newId } from "../id.js";

const AT_ONCE = 100;
// The server's last word on an answer: it cannot be, or is not the person's to give. Whatever else happens, it is tried again.
const REFUSALS = [400, 404, 422];

/** The answers of one person, who may not be the only one on this device. Event: "sent", also of what was refused. */
export class Answers extends EventTarget {
  #place;
  #sending = Promise.resolve();
  #results = new Map();

  constructor(person) {
    super();
    this.#place = `pollux.answers.${person}`;
    addEventListener("online", () => this.send());
  }

  #read() {
    return JSON.parse(localStorage.getItem(this.#place) ?? "[]");
  }

  #change(change) {
    const kept = change(this.#read());
    if (kept.length) localStorage.setItem(this.#place, JSON.stringify(kept));
    else localStorage.removeItem(this.#place);
  }

  /** What the server does not have yet of what was said of a patient, the oldest first. */
  unsent(patient) {
    return this.#read()
      .filter((one) => one.patient === patient && !one.refused)
      .map(({ answer }) => answer);
  }

  /** What the server would not take while nobody was looking: {answer, refused: why}. */
  refused(patient) {
    return this.#read().filter((one) => one.patient === patient && one.refused);
  }

  /** Leaves an answer out that is not sent, or was refused. */
  forget(key) {
    this.#change((all) => all.filter(({ answer }) => answer.key !== key));
  }

  /**
   * Says something of doses, or of a plan of a medicine as needed. What the server makes of each, in their order: null where it
   * waits for a connection. Raises the first refusal.
   */
  async say(patient, ...several) {
    const said_at = new Date().toISOString();
    const mine = several.map((said) => ({ key: newId(), said_at, ...said }));
    this.#change((all) => [...all, ...mine.map((answer) => ({ patient, answer }))]);
    for (const { key } of mine) this.#results.set(key, null);
    await this.send();
    const found = mine.map(({ key }) => this.#results.get(key));
    for (const { key } of mine) this.#results.delete(key);
    const refusal = found.find((one) => one instanceof Error);
    if (refusal) {
      for (const { answer, refused } of this.#read())
        if (refused && mine.some(({ key }) => key === answer.key)) this.forget(answer.key);
      throw refusal;
    }
    return found;
  }

  /** Sends what waits, the oldest first, as far as there is a connection. */
  send() {
    this.#sending = this.#sending.catch(() => null).then(() => this.#sendAll());
    return this.#sending;
  }

  async #sendAll() {
    while (navigator.onLine) {
      const waiting = this.#read().filter((one) => !one.refused);
      if (!waiting.length) return;
      const { patient } = waiting[0];
      const answers = waiting.filter((one) => one.patient === patient).map(({ answer }) => answer);
      if (!(await this.#sendSome(patient, answers.slice(0, AT_ONCE)))) return;
      this.dispatchEvent(new Event("sent"));
    }
  }

  /** False where it has to be tried again. All are kept by the server or none, so that a refused one is found by itself. */
  async #sendSome(patient, answers) {
    try {
      const results = await post(`patients/${patient}/doses/answers`, { answers });
      answers.forEach(({ key }, place) => {
        this.forget(key);
        if (this.#results.has(key)) this.#results.set(key, results[place]);
      });
    } catch (error) {
      if (!REFUSALS.includes(error.status)) return false;
      if (answers.length > 1) {
        for (const one of answers) if (!(await this.#sendSome(patient, [one]))) return false;
        return true;
      }
      const [{ key }] = answers;
      const why = Object.values(error.fields).join(" ") || error.message;
      this.#change((all) => all.map((one) => (one.answer.key === key ? { ...one, refused: why } : one)));
      if (this.#results.has(key)) this.#results.set(key, new Error(why));
    }
    return true;
  }
}
