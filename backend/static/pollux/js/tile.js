// A tile of the snapshot: latest value, sparkline, where it stands against the person's own month.

import "./sparkline.js";
import { h } from "./dom.js";
import { day, number, signed, unitText, when } from "./format.js";

const SOFT_RANGE = 1;

/** "28-day mean 134 (+4)": where the value stands against the person's own month. */
function drift(tile) {
  if (tile.mean_28 === null || tile.mean_28 === undefined) return null;
  return `28-day mean ${number(tile.mean_28, tile.decimals)} (${signed(tile.value - tile.mean_28, tile.decimals)})`;
}

function at(tile) {
  return tile.at ? when(tile.at) : tile.day ? day(tile.day) : "";
}

/** Tiles as cards, blood pressure as one; each card has kinds, titles, decimals, values for whoever shows more. */
export function tileCards(tiles) {
  const dbp = tiles.find((tile) => tile.kind === "dbp");
  return tiles.flatMap((tile) => {
    if (tile.kind === "sbp" && dbp) {
      return [{ ...tile, title: "Blood pressure", kinds: ["sbp", "dbp"], titles: [tile.title, dbp.title], text: `${number(tile.value, tile.decimals)}/${number(dbp.value, dbp.decimals)}` }];
    }
    if (tile.kind === "dbp" && tiles.some((other) => other.kind === "sbp")) return [];
    return [{ ...tile, kinds: [tile.kind], titles: [tile.title], text: number(tile.value, tile.decimals) }];
  });
}

/** The node of a card; a button when `onclick` is given. */
export function tileNode(card, { onclick = null, pressed = null } = {}) {
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
      Boolean(card.flag & SOFT_RANGE) && h("span", { class: "badge caution" }, "unusual value"),
      [at(card), card.kinds.length === 1 && drift(card)].filter(Boolean).map((text) => h("span", {}, text)),
    ),
  );
}
