// What stands around the plot: range and zoom buttons, read-out, legend, caption, table. Nodes only.

import { h, icon } from "../dom.js";

/**
 * The parts of a chart by name, and `rows`, the order in which they stand. `ranges` is [code, title, ...],
 * `horizons` the numbers of days ahead of which the last is shown first.
 */
export function makeFrame(ranges, { choose, zoomIn, zoomOut, horizons, look, showEarlier, unfold }) {
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
  const lane = h("div", { class: "event-lane", role: "group", "aria-label": "Events", hidden: true });
  const table = h(
    "details",
    { class: "chart-table", ontoggle: unfold },
    h("summary", {}, "Show as a table"),
    h("div", { class: "table-wrap", tabindex: "0", role: "region", "aria-label": "Values" }),
  );
  const far = horizons.map((days) =>
    button(`${days} days ahead`, String(days), {
      "aria-pressed": String(days === horizons.at(-1)),
      onclick: ({ currentTarget }) => {
        for (const other of far) other.setAttribute("aria-pressed", String(other === currentTarget));
        look(days);
      },
    }),
  );
  const ahead = h(
    "div",
    { class: "chart-ahead", hidden: true },
    h("span", { class: "soft small", "aria-hidden": "true" }, "Days", h("span", {}, " ahead")),
    group("Days ahead", far),
  );
  const earlier = h(
    "label",
    { class: "chart-earlier small", hidden: true },
    h("input", { type: "checkbox", onchange: ({ currentTarget }) => showEarlier(currentTarget.checked) }),
    "Earlier forecasts",
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
    ahead,
    earlier,
  );
  const stage = h("div", { class: "chart-stage" }, root, tip, state);
  const rows = [bar, stage, lane, spoken, legend, table];
  return { buttons, root, tip, spoken, state, lane, legend, ahead, earlier, table, rows };
}
