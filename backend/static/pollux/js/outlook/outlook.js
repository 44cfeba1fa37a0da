// <twin-outlook>: what is said below a chart of the kinds it shows: what may come, how that came about, goals,
// limits, events. It is given what the chart has loaded, so that words and picture never differ.

import { h } from "../dom.js";
import { aheadCard } from "./ahead.js";
import { eventsCard } from "./events.js";
import { explanationCard } from "./explanation.js";
import { goalsCard } from "./goals.js";
import { limitsCard } from "./limits.js";

class TwinOutlook extends HTMLElement {
  #abort = null;
  #ahead = null;
  #explained = "";
  #explanation = null;
  /** What could not be shown while somebody was at it. */
  #missed = null;
  /** Who looks: may(topic) says where they may write, `clinician` whether as one, `units` what they prefer. */
  reader = { may: () => false, clinician: false, units: {} };

  constructor() {
    super();
    this.addEventListener("toggle", () => this.#catchUp(), { capture: true });
    this.addEventListener("given-up", () => this.#catchUp());
  }

  disconnectedCallback() {
    this.#abort?.abort();
  }

  /** Shows what the chart of `patient` shows, `days` ahead. What is being typed or asked is never taken away. */
  show(told) {
    this.#missed = this.#isBusy() ? told : null;
    if (this.#missed) return;
    const { patient, kinds, events, days, ...sensor } = told;
    const onChanged = () => {
      this.#missed = null;
      for (const form of this.querySelectorAll("form")) form.remove();
      this.dispatchEvent(new CustomEvent("changed", { bubbles: true }));
    };
    const shared = { patient, kinds, events, onChanged, ...this.reader };
    this.#ahead = aheadCard({ kinds, days, ...sensor });
    this.#explain(shared);
    this.replaceChildren(
      h("div", { class: "outlook-column" }, this.#ahead, goalsCard(shared), limitsCard(shared)),
      h("div", { class: "outlook-column" }, this.#explanation, eventsCard(shared)),
    );
    this.hidden = kinds.length === 0;
  }

  /** An explanation stays as it is while there is nothing new to explain. */
  #explain({ patient, kinds, events }) {
    const explained = JSON.stringify([
      patient,
      events,
      kinds.map(({ code, forecast }) => [code, forecast?.made_at]),
    ]);
    if (this.#explained === explained) return;
    this.#explained = explained;
    this.#abort?.abort();
    this.#abort = new AbortController();
    this.#explanation = explanationCard({ patient, kinds, signal: this.#abort.signal });
  }

  /** The same as far as another number of `days` ahead. */
  showAhead(told) {
    const fresh = aheadCard(told);
    this.#ahead?.replaceWith(fresh);
    this.#ahead = fresh;
  }

  #catchUp() {
    if (this.#missed) this.show(this.#missed);
  }

  #isBusy() {
    return this.querySelector("details.give[open] form, .line form, [data-asked]") !== null;
  }
}

customElements.define("twin-outlook", TwinOutlook);
