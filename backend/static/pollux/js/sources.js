// The devices and apps of a patient: what each measures, when it was last heard of, and whether it is silent.

import { h, icon } from "./dom.js";
import { ago, number, span, when, words } from "./format.js";

// Clocks of devices are off by seconds as a rule; from here on values stand at the wrong time.
const SKEW_IS_NEWS_FROM_MS = 2 * 60_000;

const every = (days) => (days === 1 ? "every day" : `every ${number(days)} days`);

/** Whether a device speaks as it usually does: {badge, text}; both may be missing. */
export function voiceWords({ voice, habit, spoke_on: spoke }, now = new Date()) {
  if (!spoke) return {};
  const quiet = span(new Date(now) - new Date(spoke));
  if (voice === "silent")
    return { badge: "Silent", text: `Nothing new for ${quiet}. Usually something comes ${every(habit.usual)}.` };
  if (voice === "retired") return { badge: "Put away", text: `Nothing new for ${quiet}.` };
  if (voice === "speaking") return { text: `Usually something new comes ${every(habit.usual)}.` };
  return { text: "Not enough history yet to say how often it speaks." };
}

/** "Its clock is 7 minutes ahead."; null where that is not worth a word. */
export function skewWords(ms) {
  if (ms === null || Math.abs(ms) < SKEW_IS_NEWS_FROM_MS) return null;
  return `Its clock is ${span(Math.abs(ms))} ${ms > 0 ? "ahead" : "behind"}.`;
}

function contactWords({ last_sync_at: contact, kinds }) {
  const newest = new Date(Math.max(...kinds.map(({ last }) => last))).toISOString();
  const value = `newest value ${when(newest)}`;
  return contact ? `Last heard of ${ago(contact)}, ${value}` : words(value);
}

function measuresTable(device, titles) {
  const row = (kind) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, titles.get(kind.kind) ?? words(kind.kind)),
      h("td", { class: "num" }, number(kind.count)),
      h("td", {}, when(new Date(kind.first).toISOString())),
      h("td", {}, when(new Date(kind.last).toISOString())),
    );
  const head = ["Measurement", "Values", "First", "Newest"];
  return h(
    "div",
    { class: "table-wrap", tabindex: "0", role: "region", "aria-label": `What ${device.name} measures` },
    h(
      "table",
      { class: "small" },
      h("thead", {}, h("tr", {}, head.map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", {}, device.kinds.map(row)),
    ),
  );
}

/** A device as a line of a list; `titles` names the kinds. */
export function deviceLine(device, titles) {
  const { badge, text } = voiceWords(device);
  const skew = skewWords(device.clock_skew_ms);
  return h(
    "li",
    { class: "line device", "data-source": device.id },
    icon("device"),
    h(
      "div",
      {},
      h("strong", {}, device.name),
      badge && [" ", h("span", { class: `badge ${device.voice === "silent" ? "caution" : ""}` }, badge)],
      h("p", { class: "small" }, contactWords(device)),
      text && h("p", { class: "soft small" }, text),
      skew && h("p", { class: "small device-skew" }, icon("alert"), skew),
      h(
        "details",
        {},
        h(
          "summary",
          { class: "small" },
          device.kinds.length === 1
            ? (titles.get(device.kinds[0].kind) ?? words(device.kinds[0].kind))
            : `${number(device.kinds.length)} measurements`,
        ),
        measuresTable(device, titles),
      ),
    ),
  );
}

/** Of each kind that several devices measure its devices in the order in which they count. */
export function ordersOf(devices) {
  const orders = new Map();
  for (const device of devices)
    for (const kind of device.kinds)
      orders.set(kind.kind, [...(orders.get(kind.kind) ?? []), { ...kind, id: device.id, name: device.name }]);
  const several = [...orders].filter(([, sources]) => sources.length > 1);
  return several.map(([code, sources]) => [code, sources.sort((a, b) => a.place - b.place)]);
}
