// A tile of the snapshot: latest value, sparkline, where it stands against the person's own month.

import "./sparkline.js";
import { h } from "./dom.js";
import { number, signed, unitText, when } from "./format.js";

const FLAGS = { low: "below the usual range", high: "above the usual range" };
const BOUNDS = { below: "< ", above: "> " };

/** A tile's value; of a device's limit with the side on which the truth lies. */
const valueText = ({ value, decimals, bound }) => (BOUNDS[bound] ?? "") + number(value, decimals);

// What is looked for first; the rest follows in the catalogue's order.
const FIRST = [
  "sbp",
  "glucose_cgm",
  "glucose",
  "weight",
  "resting_heart_rate",
  "heart_rate",
  "steps",
  "sleep_duration",
  "spo2",
];
const OFTEN = 3;

/** "28-day mean 134 (+4)": where the value stands against the person's own month, once there is a month. */
function drift(tile) {
  if (tile.mean_28 === null || tile.sparkline.length < OFTEN) return null;
  if (tile.kinds.length > 1) return `28-day mean ${tile.meanText}`;
  // A day's total that is still growing lies below the mean of whole days and says nothing by it.
  if (tile.growing) return `28-day mean ${number(tile.mean_28, tile.decimals)}`;
  if (tile.bound) return `28-day mean ${number(tile.mean_28, tile.decimals)}`;
  return `28-day mean ${number(tile.mean_28, tile.decimals)} (${signed(tile.value - tile.mean_28, tile.decimals)})`;
}

const place = (tile) => (FIRST.includes(tile.kind) ? FIRST.indexOf(tile.kind) : FIRST.length);

/** Tiles as cards, what matters most first, blood pressure as one; a card names its `kinds` and their `titles`. */
export function tileCards(given) {
  const tiles = [...given].sort((a, b) => place(a) - place(b));
  const dbp = tiles.find((tile) => tile.kind === "dbp");
  return tiles.flatMap((tile) => {
    if (tile.kind === "sbp" && dbp) {
      const mean = ({ mean_28: value, decimals }) => number(value, decimals);
      return [
        {
          ...tile,
          title: "Blood pressure",
          kinds: ["sbp", "dbp"],
          titles: ["Systolic", "Diastolic"],
          text: `${valueText(tile)}/${valueText(dbp)}`,
          mean_28: dbp.mean_28 === null ? null : tile.mean_28,
          meanText: tile.mean_28 === null || dbp.mean_28 === null ? "" : `${mean(tile)}/${mean(dbp)}`,
          flag: tile.flag ?? dbp.flag,
        },
      ];
    }
    if (tile.kind === "dbp" && tiles.some((other) => other.kind === "sbp")) return [];
    return [{ ...tile, kinds: [tile.kind], titles: [tile.title], text: valueText(tile) }];
  });
}

/** The node of a card; a button when `onclick` is given. `source` also names the device or the person behind it. */
export function tileNode(card, { onclick = null, pressed = null, source = false } = {}) {
  const spark = h("spark-line", {});
  spark.points = card.sparkline;
  return h(
    onclick ? "button" : "div",
    {
      class: "tile",
      "data-kind": card.kind,
      ...(onclick && { type: "button", onclick, "aria-pressed": String(Boolean(pressed)) }),
    },
    h("span", { class: "tile-title" }, card.title),
    h("span", { class: "tile-value" }, card.text, " ", h("span", { class: "unit" }, unitText(card.unit))),
    spark,
    card.note && h("span", { class: "tile-note" }, card.note),
    h(
      "span",
      { class: "tile-foot" },
      card.flag && h("span", { class: "badge caution" }, FLAGS[card.flag]),
      [when(card.at), card.manual && "typed in", drift(card), source && !card.manual && card.source]
        .filter(Boolean)
        .map((text) => h("span", {}, text)),
    ),
  );
}

/** A card of something measured now and then, such as a laboratory value: one line. */
function factNode(card, { onclick, pressed }) {
  return h(
    "button",
    {
      class: "fact",
      type: "button",
      "data-kind": card.kind,
      "aria-pressed": String(Boolean(pressed)),
      onclick,
    },
    h("span", { class: "soft" }, card.title),
    h(
      "span",
      {},
      h("strong", { class: "num" }, card.text),
      " ",
      h("span", { class: "soft" }, unitText(card.unit)),
    ),
    h(
      "span",
      { class: "soft small" },
      card.flag && h("span", { class: "badge caution" }, FLAGS[card.flag]),
      " ",
      when(card.at),
    ),
  );
}

/** All cards: tiles for what is measured often, lines for the rest. `open(card)` follows a press. */
export function tileBoard(cards, { open, chosen = null, source = false }) {
  const options = (card) => ({ source, pressed: card.kind === chosen?.kind, onclick: () => open(card) });
  const often = cards.filter((card) => card.sparkline.length >= OFTEN);
  const rare = cards.filter((card) => card.sparkline.length < OFTEN);
  return [
    often.length > 0 &&
      h(
        "div",
        { class: "tiles" },
        often.map((card) => tileNode(card, options(card))),
      ),
    rare.length > 0 &&
      h(
        "div",
        { class: "facts" },
        rare.map((card) => factNode(card, options(card))),
      ),
  ].filter(Boolean);
}
