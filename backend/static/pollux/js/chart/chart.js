// <twin-chart patient="id" kinds="sbp,dbp" zone="Europe/Zurich">: one patient's values over time with the
// forecast's bands. It fetches what is visible at the resolution that suits it, and again when that moves.

import { get, withQuery } from "../api.js";
import { empty, failure, h } from "../dom.js";
import { loadOutlook, SENSOR } from "../outlook/load.js";
import { limitLines } from "../outlook/words.js";
import {
  align,
  daysLine,
  DAY_MS,
  forecastLine,
  glucoseLine,
  noon,
  pastLine,
  resolution,
  samplesLine,
} from "./data.js";
import { showEvents } from "./events.js";
import { makeFrame } from "./frame.js";
import { followKeys, followPointer, zoomIn, zoomOut } from "./gestures.js";
import { makePlot } from "./plot.js";
import { instantWords, legendKeys, pointWords, valueTable } from "./words.js";

const RANGES = [
  ["1d", "1 day", 1],
  ["1w", "1 week", 7],
  ["1m", "1 month", 31],
  ["3m", "3 months", 92],
  ["1y", "1 year", 366],
  ["all", "All", null],
];
const HORIZONS = [7, 14, 28];
const READING_MS = 5 * 60_000; // as often a sensor may have something new, or nothing any more
const SHORTEST_MS = 10 * 60_000;
const LONGEST_MS = 120 * 366 * DAY_MS;
const POINTS = 800;
const TABLE_ROWS = 200;

export class TwinChart extends HTMLElement {
  static observedAttributes = ["patient", "kinds"];
  #plot = null;
  #loaded = null;
  #abort = null;
  #timer = 0;
  #reading = 0;
  #range = RANGES[3];
  #ahead = HORIZONS.at(-1);
  #earlier = false;
  #moved = false;
  view = { from: 0, to: 0 };
  #observer;
  #scheme;
  #redraw = () => this.#plot?.redraw();
  #height = () => (this.root.clientWidth < 560 ? 280 : 360);
  #moves = {
    span: () => this.view,
    show: (from, to) => this.#show(from, to),
    reset: () => this.#choose(this.#range),
    step: (by) => this.#step(by),
  };

  connectedCallback() {
    if (!this.firstChild) this.#build();
    this.#observer = new ResizeObserver(() =>
      this.#plot?.setSize({ width: Math.max(200, this.root.clientWidth), height: this.#height() }),
    );
    this.#observer.observe(this.root);
    this.#scheme = matchMedia("(prefers-color-scheme: dark)");
    this.#scheme.addEventListener("change", this.#redraw);
    this.start();
  }

  disconnectedCallback() {
    this.#abort?.abort();
    clearTimeout(this.#timer);
    clearTimeout(this.#reading);
    this.#observer.disconnect();
    this.#scheme.removeEventListener("change", this.#redraw);
    this.#plot?.destroy();
    this.#plot = null;
  }

  attributeChangedCallback(name, before, now) {
    if (!this.root || before === now) return;
    this.#moved = false;
    this.start();
  }

  get kinds() {
    return (this.getAttribute("kinds") ?? "").split(",").filter(Boolean);
  }

  #build() {
    const frame = makeFrame(RANGES, {
      choose: (range) => this.#choose(range),
      zoomIn: () => zoomIn(this.#moves),
      zoomOut: () => zoomOut(this.#moves),
      horizons: HORIZONS,
      look: (days) => this.#lookAhead(days),
      showEarlier: (shown) => this.#showEarlier(shown),
      unfold: () => this.#fillTable(),
    });
    Object.assign(this, frame);
    followKeys(this.root, this.#moves);
    this.append(...frame.rows);
  }

  /** Loads the kinds afresh, where one has moved to or else in the chosen range. For when the data has changed. */
  async start() {
    if (!this.kinds.length || !this.getAttribute("patient")) return;
    this.#abort?.abort();
    this.#abort = new AbortController();
    this.#loaded = null;
    this.setAttribute("aria-busy", "true");
    try {
      this.outlook = await loadOutlook(this.getAttribute("patient"), this.kinds, {
        signal: this.#abort.signal,
      });
      await this.#history();
      this.#tell("outlook");
      clearTimeout(this.#reading);
      if (this.outlook.glucose) this.#reading = setTimeout(() => this.start(), READING_MS);
      if (this.#moved) await this.#load();
      else await this.#choose(this.#range);
    } catch (error) {
      this.#fail(error);
    } finally {
      this.removeAttribute("aria-busy");
    }
  }

  #get(what, query) {
    return get(withQuery(`patients/${this.getAttribute("patient")}/${what}`, query), {
      signal: this.#abort.signal,
    });
  }

  /** Tells the page what there is to say of what is drawn; "ahead" when only the horizon is another. */
  #tell(name) {
    const detail = { ...this.outlook, patient: this.getAttribute("patient"), days: this.#ahead };
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  #lookAhead(days) {
    this.#ahead = days;
    this.#layOut();
    this.#redrawDays();
    this.#tell("ahead");
  }

  #showEarlier(shown) {
    this.#earlier = shown;
    this.#layOut();
    this.#redrawDays();
  }

  #redrawDays() {
    if (this.#loaded?.unit !== "days") return;
    // Where nobody has moved to, the chart ends with the forecast.
    if (!this.#moved) this.view.to = this.end;
    this.lines = this.days;
    this.#draw();
  }

  /** Every day there is, once: a decade is a few thousand rows, and the chart opens where the data ends. */
  async #history() {
    this.summaries = await Promise.all(this.kinds.map((kind) => this.#get("summary", { kind })));
    this.#layOut();
  }

  /** The lines of days with as much of past and future as is asked for. */
  #layOut() {
    const today = this.#today();
    this.days = this.summaries.map((answer, n) => {
      const { forecast, simpler, record } = this.outlook.kinds[n];
      const line = daysLine(answer);
      return {
        ...line,
        // Two bands behind one line would hide each other.
        ...(this.#earlier && record?.past.length && { low: null, high: null }),
        title: this.#title(n),
        unit: answer.unit,
        forecast: forecastLine(forecast, { days: this.#ahead, simpler }),
        past: this.#earlier ? pastLine(record?.past, today) : null,
      };
    });
    const x = this.days.flatMap((line) => line.x);
    const ahead = this.days.flatMap(({ forecast }) => forecast?.x ?? []);
    this.first = x.length ? Math.min(...x) : null;
    this.last = x.length ? Math.max(...x) : null;
    this.end = Math.max(this.last ?? Date.now(), ...ahead) + DAY_MS / 2;
  }

  /** Noon of the patient's today, where the axis of days has it. */
  #today() {
    const zone = this.getAttribute("zone") || undefined;
    return noon(new Intl.DateTimeFormat("en-CA", { timeZone: zone }).format(new Date()));
  }

  async #choose(range) {
    const [, , days] = range;
    this.#range = range;
    this.#moved = false;
    this.#mark(range);
    if (!this.outlook) return; // start() comes back to it
    if (this.first === null) {
      this.#say(
        empty("chart", "No values yet", "They appear here after the first upload or typed-in measurement."),
      );
      return;
    }
    const near = days !== null && days <= 8;
    // Samples end now; days end with the last one, which may have begun in the person's zone only.
    const lastData = near ? Math.min(Date.now(), this.last + DAY_MS / 2) : this.last + DAY_MS / 2;
    const to = near ? Math.max(lastData, this.#fan()?.x.at(-1) ?? 0) : this.end;
    this.#look(days === null ? this.first - DAY_MS : lastData - days * DAY_MS, to);
    await this.#load().catch((error) => this.#fail(error));
  }

  #mark(range) {
    for (const [i, button] of this.buttons.entries())
      button.setAttribute("aria-pressed", String(RANGES[i] === range));
  }

  #look(from, to) {
    this.view = { from, to };
    this.#plot?.setScale("x", { min: from / 1000, max: to / 1000 });
  }

  /** Shows another span at once with what is there, and fetches what is missing soon after. */
  #show(from, to) {
    if (!this.#plot) return;
    const middle = (from + to) / 2;
    const half = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, to - from)) / 2;
    this.#moved = true;
    this.#mark(null);
    this.#look(middle - half, middle + half);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#load().catch((error) => this.#fail(error)), 180);
  }

  async #load() {
    const { from, to } = this.view;
    const unit = resolution(to - from);
    const loaded = this.#loaded;
    if (loaded?.unit === unit && (unit === "days" || this.#covers(loaded))) {
      this.#fillLegend();
      this.#fillTable();
      return;
    }
    const margin = (to - from) / 2;
    const window = { unit, from: from - margin, to: to + margin };
    this.lines =
      unit === "days"
        ? this.days
        : await Promise.all(this.kinds.map((kind, n) => this.#samples(kind, n, window)));
    this.#loaded = window;
    this.#draw();
  }

  /** Samples are thinned to the span they were asked for, so a much closer look wants them again. */
  #covers(loaded) {
    const { from, to } = this.view;
    return (
      loaded.from <= from && loaded.to >= Math.min(to, this.end) && loaded.to - loaded.from <= 6 * (to - from)
    );
  }

  #limits() {
    return this.outlook.kinds.flatMap(limitLines);
  }

  #fan() {
    return glucoseLine(this.outlook.glucose);
  }

  async #samples(kind, n, { from, to }) {
    const instant = (ms) => new Date(ms).toISOString();
    const answer = await this.#get("series", { kind, from: instant(from), to: instant(to), points: POINTS });
    return {
      ...samplesLine(answer),
      title: this.#title(n),
      unit: answer.unit,
      forecast: kind === SENSOR ? this.#fan() : null,
    };
  }

  #title(n) {
    return (
      (this.getAttribute("titles") ?? "").split("|")[n] || this.outlook.kinds[n].kind?.title || this.kinds[n]
    );
  }

  #decimals() {
    return Number(this.getAttribute("decimals") ?? 1);
  }

  #draw() {
    const unit = this.#loaded.unit;
    const data = align(this.lines, unit);
    const zone =
      unit === "days" ? "UTC" : this.getAttribute("zone") || Intl.DateTimeFormat().resolvedOptions().timeZone;
    this.state.hidden = true;
    this.#plot?.destroy();
    this.#plot = makePlot(this.root, {
      lines: this.lines,
      data,
      zone,
      ...this.view,
      height: this.#height(),
      limits: this.#limits(),
      now: unit === "days" ? { at: this.#today(), name: "Today" } : { at: Date.now(), name: "Now" },
      onCursor: (i) => this.#read(i),
      moments: this.outlook.events.map((event) => noon(event.starts_on)),
      onDraw: (plot) => showEvents(this.lane, plot, this.outlook.events),
    });
    this.zone = zone;
    // What is drawn can be read on while it is loaded afresh.
    this.drawn = unit;
    this.ahead.hidden = !this.lines.some((line) => line.forecast && unit === "days");
    this.earlier.hidden = unit !== "days" || !this.outlook.kinds.some(({ record }) => record?.past.length);
    followPointer(this.#plot.over, this.#moves);
    this.root.setAttribute(
      "aria-label",
      `${this.lines.map((line) => line.title).join(" and ")} over time. Arrow keys read values, Shift and arrow keys move, plus and minus zoom.`,
    );
    this.#fillLegend();
    this.#fillTable();
  }

  #fillLegend() {
    this.legend.replaceChildren(...legendKeys(this.lines, this.drawn, this.view, this.#limits()));
  }

  #read(index) {
    const at = this.#plot.data[0][index];
    const words = at === undefined ? [] : this.#words(index);
    this.tip.hidden = words.length === 0;
    if (this.tip.hidden) return;
    this.tip.replaceChildren(h("strong", {}, this.#instant(at)), ...words.map((text) => h("span", {}, text)));
    const { offsetLeft, clientWidth } = this.#plot.over;
    const x = offsetLeft + this.#plot.valToPos(at, "x");
    // Beside the pointer, on the side with more room, so that it hides nothing of what it tells.
    const left = x - offsetLeft > clientWidth / 2 ? x - this.tip.offsetWidth - 12 : x + 12;
    this.tip.style.left = `${Math.max(0, left)}px`;
    if (this.root.matches(":focus-visible")) this.spoken.textContent = this.tip.innerText;
  }

  #instant(seconds) {
    return instantWords(seconds, this.drawn, this.zone);
  }

  #words(index) {
    return pointWords(this.lines, this.#plot.data, index, this.#decimals());
  }

  #step(by) {
    if (!this.#plot) return;
    const x = this.#plot.data[0];
    const inside = (i) =>
      x[i] * 1000 >= this.view.from && x[i] * 1000 <= this.view.to && this.#words(i).length > 0;
    let index = this.#plot.cursor.idx ?? (by > 0 ? -1 : x.length);
    do index += by;
    while (index >= 0 && index < x.length && !inside(index));
    if (index < 0 || index >= x.length) return;
    this.#plot.setCursor({ left: this.#plot.valToPos(x[index], "x"), top: 10 });
  }

  #fillTable() {
    if (!this.table.open || !this.#plot) return;
    const { from, to } = this.view;
    const x = this.#plot.data[0];
    const rows = [];
    for (let i = x.length - 1; i >= 0 && rows.length < TABLE_ROWS; i--) {
      const words = x[i] * 1000 >= from && x[i] * 1000 <= to ? this.#words(i) : [];
      if (words.length) rows.push([this.#instant(x[i]), words.join("; ")]);
    }
    this.table.lastChild.replaceChildren(valueTable(rows));
  }

  #say(node) {
    this.state.replaceChildren(node);
    this.state.hidden = false;
  }

  #fail(error) {
    if (error.name !== "AbortError") this.#say(failure(error, () => this.start()));
  }
}

customElements.define("twin-chart", TwinChart);
