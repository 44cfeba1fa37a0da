// <twin-chart patient="id" kinds="sbp,dbp" zone="Europe/Zurich">: one patient's values over time with the
// forecast's bands. It fetches what is visible at the resolution that suits it, and again when that moves.

import { get, withQuery } from "../api.js";
import { empty, failure, h, icon } from "../dom.js";
import { day, number, unitText } from "../format.js";
import { align, daysLine, DAY_MS, forecastLine, forecastWords, LINE_COLUMNS, resolution, samplesLine } from "./data.js";
import { gestures } from "./gestures.js";
import { makePlot } from "./plot.js";

const RANGES = [
  ["1d", "1 day", 1],
  ["1w", "1 week", 7],
  ["1m", "1 month", 31],
  ["3m", "3 months", 92],
  ["1y", "1 year", 366],
  ["all", "All", null],
];
const SHORTEST_MS = 10 * 60_000;
const LONGEST_MS = 120 * 366 * DAY_MS;
const POINTS = 800;

export class TwinChart extends HTMLElement {
  static observedAttributes = ["patient", "kinds"];
  #plot = null;
  #loaded = null;
  #abort = null;
  #timer = 0;
  #range = "3m";

  connectedCallback() {
    if (!this.firstChild) this.#build();
    this.#observer = new ResizeObserver(() => this.#plot?.setSize({ width: Math.max(200, this.root.clientWidth), height: this.#height() }));
    this.#observer.observe(this.root);
    this.#scheme = matchMedia("(prefers-color-scheme: dark)");
    this.#scheme.addEventListener("change", this.#redraw);
    this.start();
  }

  disconnectedCallback() {
    this.#abort?.abort();
    clearTimeout(this.#timer);
    this.#observer.disconnect();
    this.#scheme.removeEventListener("change", this.#redraw);
    this.#plot?.destroy();
    this.#plot = null;
  }

  attributeChangedCallback(name, before, now) {
    if (this.root && before !== now) this.start();
  }

  #observer;
  #scheme;
  #redraw = () => this.#plot?.redraw();
  #height = () => (this.root.clientWidth < 560 ? 280 : 360);

  get kinds() {
    return (this.getAttribute("kinds") ?? "").split(",").filter(Boolean);
  }

  #build() {
    this.buttons = RANGES.map(([code, title, days]) =>
      h("button", { type: "button", "aria-label": title, "data-range": code, onclick: () => this.#choose(code, days) }, code),
    );
    const zoomButton = (name, title, run) => h("button", { type: "button", "aria-label": title, title, onclick: run }, icon(name));
    this.root = h("div", { class: "chart-plot", tabindex: "0", role: "group" });
    this.tip = h("div", { class: "chart-tip", hidden: true });
    this.spoken = h("p", { class: "sr-only", "aria-live": "polite" });
    this.state = h("div", { class: "chart-state", hidden: true });
    this.legend = h("div", { class: "chart-legend" });
    this.caption = h("p", { class: "chart-caption" });
    this.table = h("details", { class: "chart-table", ontoggle: () => this.#fillTable() }, h("summary", {}, "Show as a table"), h("div", { class: "table-wrap" }));
    this.append(
      h(
        "div",
        { class: "chart-bar" },
        h("div", { class: "segments", role: "group", "aria-label": "Time shown" }, this.buttons),
        h(
          "div",
          { class: "segments", role: "group", "aria-label": "Zoom" },
          zoomButton("minus", "Zoom out", () => this.gestures?.zoomOut()),
          zoomButton("plus", "Zoom in", () => this.gestures?.zoomIn()),
        ),
      ),
      h("div", { class: "chart-stage" }, this.root, this.tip, this.state),
      this.spoken,
      this.legend,
      this.caption,
      this.table,
    );
  }

  /** Loads the kinds afresh: forecasts, then the default span. Called again when the data has changed. */
  async start() {
    if (!this.kinds.length || !this.getAttribute("patient")) return;
    this.#abort?.abort();
    this.#abort = new AbortController();
    this.#loaded = null;
    this.setAttribute("aria-busy", "true");
    try {
      this.forecasts = await Promise.all(this.kinds.map((kind) => this.#forecast(kind)));
      await this.#history();
      const [code, , days] = RANGES.find(([code]) => code === this.#range);
      await this.#choose(code, days);
    } catch (error) {
      this.#fail(error);
    } finally {
      this.removeAttribute("aria-busy");
    }
  }

  #get(what, query) {
    return get(withQuery(`patients/${this.getAttribute("patient")}/${what}`, query), { signal: this.#abort.signal });
  }

  async #forecast(kind) {
    const { results } = await this.#get("forecasts", { kind });
    return forecastLine(results.find((forecast) => forecast.kind === kind));
  }

  /** Every day there is, once: a decade is a few thousand rows, and the chart opens where the data ends. */
  async #history() {
    const answers = await Promise.all(this.kinds.map((kind) => this.#get("summary", { kind })));
    this.days = answers.map((answer, n) => ({ ...daysLine(answer), title: this.#title(n), unit: answer.unit, forecast: this.forecasts[n] }));
    const x = this.days.flatMap((line) => line.x);
    const ahead = this.forecasts.flatMap((forecast) => forecast?.x ?? []);
    this.first = x.length ? Math.min(...x) : null;
    this.last = x.length ? Math.max(...x) : null;
    this.end = Math.max(this.last ?? Date.now(), ...ahead) + DAY_MS / 2;
  }

  async #choose(code, days) {
    this.#range = code;
    for (const button of this.buttons) button.setAttribute("aria-pressed", String(button.dataset.range === code));
    if (this.first === null) {
      this.#say(empty("chart", "No values yet", "They appear here after the first upload or typed-in measurement."));
      return;
    }
    const lastData = Math.min(Date.now(), this.last + DAY_MS / 2);
    const to = days !== null && days <= 8 ? lastData : this.end;
    const from = days === null ? this.first - DAY_MS : lastData - days * DAY_MS;
    this.view = { from, to };
    await this.#load();
  }

  /** Shows another span at once with what is there, and fetches what is missing soon after. */
  #show(from, to) {
    const middle = (from + to) / 2;
    const half = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, to - from)) / 2;
    this.view = { from: middle - half, to: middle + half };
    this.#plot?.setScale("x", { min: this.view.from / 1000, max: this.view.to / 1000 });
    for (const button of this.buttons) button.setAttribute("aria-pressed", "false");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#load().catch((error) => this.#fail(error)), 180);
  }

  async #load() {
    const { from, to } = this.view;
    const unit = resolution(to - from);
    const loaded = this.#loaded;
    if (loaded?.unit === unit && (unit === "days" || this.#covers(loaded))) return;
    const margin = (to - from) / 2;
    const window = { unit, from: from - margin, to: to + margin };
    this.lines = unit === "days" ? this.days : await Promise.all(this.kinds.map((kind, n) => this.#samples(kind, n, window)));
    this.#loaded = window;
    this.#draw();
  }

  /** Samples are thinned to the span they were asked for, so a much closer look wants them again. */
  #covers(loaded) {
    const { from, to } = this.view;
    return loaded.from <= from && loaded.to >= Math.min(to, this.end) && loaded.to - loaded.from <= 6 * (to - from);
  }

  async #samples(kind, n, { from, to }) {
    const instant = (ms) => new Date(ms).toISOString();
    const answer = await this.#get("series", { kind, from: instant(from), to: instant(to), points: POINTS });
    return { ...samplesLine(answer), title: this.#title(n), unit: answer.unit, forecast: null };
  }

  #title(n) {
    return (this.getAttribute("titles") ?? "").split("|")[n] || this.forecasts[n]?.title || this.kinds[n];
  }

  #decimals() {
    return Number(this.getAttribute("decimals") ?? 1);
  }

  #draw() {
    const unit = this.#loaded.unit;
    const data = align(this.lines, unit);
    const zone = unit === "days" ? "UTC" : (this.getAttribute("zone") || Intl.DateTimeFormat().resolvedOptions().timeZone);
    this.state.hidden = true;
    this.#plot?.destroy();
    this.#plot = makePlot(this.root, { lines: this.lines, data, zone, ...this.view, height: this.#height(), onCursor: (i) => this.#read(i) });
    this.zone = zone;
    this.gestures = gestures(this.#plot.over, this.root, {
      span: () => this.view,
      show: (from, to) => this.#show(from, to),
      reset: () => this.start(),
      step: (by) => this.#step(by),
    });
    this.root.setAttribute(
      "aria-label",
      `${this.lines.map((line) => line.title).join(" and ")} over time. Arrow keys read values, Shift and arrow keys move, plus and minus zoom.`,
    );
    this.#describe();
    this.#fillTable();
  }

  #describe() {
    const unit = unitText(this.lines[0].unit);
    const inDays = this.#loaded.unit === "days";
    const swatch = (name, text) => h("span", { class: `key ${name}` }, text);
    const what = (line) => `${line.title}, ${inDays ? (line.isTotal ? "a day" : "daily") : "as measured"}${unit && unit !== line.title.toLowerCase() ? ` (${unit})` : ""}`;
    const forecast = this.lines.find((line) => line.forecast);
    const range = this.lines.some((line) => line.low);
    this.legend.replaceChildren(
      ...this.lines.map((line, n) => swatch(n ? "key-data-2" : "key-data", what(line))),
      ...(range ? [swatch("key-range", "lowest to highest of the day")] : []),
      ...(forecast ? [swatch("key-mean", "forecast"), swatch("key-80", "80 % band"), swatch("key-95", "95 % band")] : []),
    );
    const error = (value) => number(value, value >= 100 ? 0 : Math.max(1, this.#decimals()));
    this.caption.replaceChildren(...forecastWords(this.lines, { number: error, day, unit }).map((text) => h("span", {}, text)));
  }

  #instant(seconds) {
    const form = this.#loaded.unit === "days" ? { dateStyle: "medium" } : { dateStyle: "medium", timeStyle: "short" };
    return new Date(seconds * 1000).toLocaleString(undefined, { ...form, timeZone: this.zone });
  }

  /** One line of words per thing known at a point of the plot. */
  #words(index) {
    const show = (value) => number(value, this.#decimals());
    return this.lines.flatMap((line, n) => {
      const at = (column) => this.#plot.data[1 + n * LINE_COLUMNS.length + LINE_COLUMNS.indexOf(column)][index];
      const unit = unitText(line.unit);
      const words = [];
      if (at("value") != null) {
        const range = at("low") != null && at("low") < at("high") ? ` (${show(at("low"))} to ${show(at("high"))})` : "";
        words.push(`${this.lines.length > 1 ? `${line.title}: ` : ""}${show(at("value"))} ${unit}${range}`);
      }
      if (at("mean") != null) {
        words.push(`Forecast ${show(at("mean"))} ${unit}`, `80 %: ${show(at("low80"))} to ${show(at("high80"))}`, `95 %: ${show(at("low95"))} to ${show(at("high95"))}`);
      }
      return words;
    });
  }

  #read(index) {
    const words = index === null || index === undefined ? [] : this.#words(index);
    this.tip.hidden = words.length === 0;
    if (this.tip.hidden) return;
    this.tip.replaceChildren(h("strong", {}, this.#instant(this.#plot.data[0][index])), ...words.map((text) => h("span", {}, text)));
    const { offsetLeft, clientWidth } = this.#plot.over;
    const x = offsetLeft + this.#plot.valToPos(this.#plot.data[0][index], "x");
    // Beside the pointer, on the side with more room, so that it hides nothing of what it tells.
    const left = x - offsetLeft > clientWidth / 2 ? x - this.tip.offsetWidth - 12 : x + 12;
    this.tip.style.left = `${Math.max(0, left)}px`;
    if (document.activeElement === this.root && this.root.matches(":focus-visible")) this.spoken.textContent = this.tip.innerText;
  }

  #step(by) {
    const x = this.#plot.data[0];
    const inside = (i) => x[i] * 1000 >= this.view.from && x[i] * 1000 <= this.view.to && this.#words(i).length > 0;
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
    for (let i = x.length - 1; i >= 0 && rows.length < 200; i--) {
      const words = x[i] * 1000 >= from && x[i] * 1000 <= to ? this.#words(i) : [];
      if (words.length) rows.push(h("tr", {}, h("th", { scope: "row" }, this.#instant(x[i])), h("td", {}, words.join("; "))));
    }
    this.table.lastChild.replaceChildren(h("table", {}, h("thead", {}, h("tr", {}, h("th", {}, "When"), h("th", {}, "Value"))), h("tbody", {}, rows)));
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
