// Events as marks on the time axis: a lane of buttons under the plot, whose words come by focus, pointer or press.

import { h, icon } from "../dom.js";
import { eventWords, ICONS } from "../outlook/events.js";
import { noon } from "./data.js";

const APART = 30; // pixels: nearer marks become one

/** {left, events} of those in view, in order, neighbours taken together. */
function gathered(plot, events) {
  const width = plot.over.clientWidth;
  const found = [];
  for (const event of [...events].sort((a, b) => a.starts_on.localeCompare(b.starts_on))) {
    const left = plot.valToPos(noon(event.starts_on) / 1000, "x");
    if (!(left >= 0 && left <= width)) continue;
    const last = found.at(-1);
    if (last && left - last.left < APART) last.events.push(event);
    else found.push({ left, events: [event] });
  }
  return found;
}

function span(plot, event) {
  if (!event.ends_on || event.ends_on === event.starts_on) return null;
  const clip = (at) => Math.min(plot.over.clientWidth, Math.max(0, plot.valToPos(noon(at) / 1000, "x")));
  const [left, right] = [clip(event.starts_on), clip(event.ends_on)];
  if (right - left < 2) return null;
  const node = h("span", { class: "event-span" });
  node.style.left = `${left}px`;
  node.style.width = `${right - left}px`;
  return node;
}

/** Fills the lane with the events that the plot shows; hidden while there are none. */
export function showEvents(lane, plot, events) {
  const marks = gathered(plot, events);
  const same = JSON.stringify([
    plot.over.offsetLeft,
    plot.over.clientWidth,
    plot.scales.x.min,
    plot.scales.x.max,
    events,
  ]);
  if (lane.dataset.shows === same) return;
  lane.dataset.shows = same;
  lane.hidden = marks.length === 0;
  const inner = h("div", { class: "event-inner" });
  inner.style.marginLeft = `${plot.over.offsetLeft}px`;
  inner.style.width = `${plot.over.clientWidth}px`;
  inner.append(...events.map((event) => span(plot, event)).filter(Boolean));
  for (const { left, events: near } of marks) {
    const words = near.map(eventWords);
    const tip = h(
      "span",
      { class: "event-tip", role: "tooltip" },
      words.map((text) => h("span", {}, text)),
    );
    const mark = h(
      "button",
      { class: "event-mark", type: "button", "aria-label": words.join("; ") },
      near.length > 1 ? h("span", { class: "num" }, String(near.length)) : icon(ICONS[near[0].type]),
      tip,
    );
    mark.style.left = `${left}px`;
    // Words stay inside the chart: they grow towards its middle.
    tip.classList.toggle("leftwards", left > plot.over.clientWidth / 2);
    inner.append(mark);
  }
  lane.replaceChildren(inner);
}
