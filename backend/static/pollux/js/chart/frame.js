// What stands around the plot: range and zoom buttons, read-out, legend, caption, table. Nodes only.

import { h, icon } from "../dom.js";

/** The parts of a chart by name, and `rows`, the order in which they stand. `ranges` is [code, title, ...]. */
export function makeFrame(ranges, { choose, zoomIn, zoomOut, unfold }) {
  const button = (title, content, attributes) =>
    h("button", { type: "button", "aria-label": title, ...attributes }, content);
  const group = (title, ...buttons) =>
    h("div", { class: "segments", role: "group", "aria-label": title }, buttons);
  const buttons = ranges.map((range) =>
    button(range[1], range[0], { "data-range": range[0], onclick: () => choose(range) }),
  );
  const root = h("div", { class: "chart-plot", tabindex: "0", role: "group" });
  const tip = h("div", { class: "chart-tip", hidden: true });
  const spoken = h("p", { class: "sr-only", "aria-live": "polite" });
  const state = h("div", { class: "chart-state", hidden: true });
  const legend = h("div", { class: "chart-legend" });
  const caption = h("p", { class: "chart-caption" });
  const table = h(
    "details",
    { class: "chart-table", ontoggle: unfold },
    h("summary", {}, "Show as a table"),
    h("div", { class: "table-wrap", tabindex: "0", role: "region", "aria-label": "Values" }),
  );
  const bar = h(
    "div",
    { class: "chart-bar" },
    group("Time shown", buttons),
    group(
      "Zoom",
      button("Zoom out", icon("minus"), { title: "Zoom out", onclick: zoomOut }),
      button("Zoom in", icon("plus"), { title: "Zoom in", onclick: zoomIn }),
    ),
  );
  const stage = h("div", { class: "chart-stage" }, root, tip, state);
  const rows = [bar, stage, spoken, legend, caption, table];
  return { buttons, root, tip, spoken, state, legend, caption, table, rows };
}
