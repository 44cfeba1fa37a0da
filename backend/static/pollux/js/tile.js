// A tile of the snapshot: latest value, sparkline, where it stands against the person's own month.

import "./sparkline.js";
import { h } from "./dom.js";
import { number, signed, unitText, when } from "./format.js";

const FLAGS = { low: "below the usual range", high: "above the usual range" };

/** "28-day mean 134 (+4)": where the value stands against the person's own month. */
function drift(tile) {
  if (tile.mean_28 === null) return null;
  if (tile.kinds.length > 1) return `28-day mean ${tile.meanText}`;
  return `28-day mean ${number(tile.mean_28, tile.decimals)} (${signed(tile.value - tile.mean_28, tile.decimals)})`;
}

/** Tiles as cards, blood pressure as one; each card has kinds, titles, decimals, values for whoever shows more. */
export function tileCards(tiles) {
  const dbp = tiles.find((tile) => tile.kind === "dbp");
  return tiles.flatMap((tile) => {
    if (tile.kind === "sbp" && dbp) {
      const pair = (name) => `${number(tile[name], tile.decimals)}/${number(dbp[name], dbp.decimals)}`;
      return [
        {
          ...tile,
          title: "Blood pressure",
          kinds: ["sbp", "dbp"],
          titles: ["Systolic", "Diastolic"],
          text: pair("value"),
          mean_28: dbp.mean_28 === null ? null : tile.mean_28,
          meanText: tile.mean_28 === null || dbp.mean_28 === null ? "" : pair("mean_28"),
          flag: tile.flag ?? dbp.flag,
        },
      ];
    }
    if (tile.kind === "dbp" && tiles.some((other) => other.kind === "sbp")) return [];
    return [{ ...tile, kinds: [tile.kind], titles: [tile.title], text: number(tile.value, tile.decimals) }];
  });
}

/** The node of a card; a button when `onclick` is given. `source` also names the device or the person behind it. */
export function tileNode(card, { onclick = null, pressed = null, source = false } = {}) {
  const spark = h("spark-line", {});
  spark.points = card.sparkline ?? [];
  return h(
    onclick ? "button" : "div",
    { class: "tile", "data-kind": card.kind, ...(onclick && { type: "button", onclick, "aria-pressed": String(Boolean(pressed)) }) },
    h("span", { class: "tile-title" }, card.title),
    h("span", { class: "tile-value" }, card.text, " ", h("span", { class: "unit" }, unitText(card.unit))),
    spark,
    h(
      "span",
      { class: "tile-foot" },
      card.flag && h("span", { class: "badge caution" }, FLAGS[card.flag]),
      [when(card.at), drift(card), source && card.source].filter(Boolean).map((text) => h("span", {}, text)),
    ),
  );
}
