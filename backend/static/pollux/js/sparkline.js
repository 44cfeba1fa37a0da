// <spark-line>: a small line of daily values. Its points are a JSON script inside it or its `points`.

import { svg } from "./dom.js";

const WIDTH = 100;
const HEIGHT = 32;

/** Paths through the points as SVG path text, broken at pauses much longer than the usual step between days. */
export function sparkPath(points) {
  const days = points.map(([day]) => Date.parse(day) / 86_400_000);
  const steps = days
    .slice(1)
    .map((day, i) => day - days[i])
    .sort((a, b) => a - b);
  const pause = Math.max(4, 3 * steps[steps.length >> 1]);
  const values = points.map(([, value]) => value);
  const [first, last] = [days[0], days.at(-1)];
  const low = Math.min(...values);
  const spread = Math.max(...values) - low;
  const x = (day) => (last === first ? WIDTH : ((day - first) / (last - first)) * WIDTH);
  const y = (value) => (spread === 0 ? HEIGHT / 2 : HEIGHT - 2 - ((value - low) / spread) * (HEIGHT - 4));
  let text = "";
  days.forEach((day, i) => {
    const joined = i > 0 && day - days[i - 1] <= pause;
    text += `${joined ? "L" : "M"}${x(day).toFixed(2)} ${y(values[i]).toFixed(2)}`;
  });
  return { line: text, end: `M${x(last).toFixed(2)} ${y(values.at(-1)).toFixed(2)}h0` };
}

class SparkLine extends HTMLElement {
  #points = null;

  set points(points) {
    this.#points = points;
    if (this.isConnected) this.#draw();
  }

  connectedCallback() {
    const script = this.querySelector("script");
    if (script) this.#points = JSON.parse(script.textContent);
    this.#draw();
  }

  #draw() {
    const points = (this.#points ?? []).filter(([, value]) => value !== null);
    if (points.length < 2) {
      this.replaceChildren();
      return;
    }
    const { line, end } = sparkPath(points);
    this.replaceChildren(
      svg(
        "svg",
        { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" },
        svg("path", { class: "spark-path", d: line }),
        svg("path", { class: "spark-end", d: end }),
      ),
    );
  }
}

customElements.define("spark-line", SparkLine);
