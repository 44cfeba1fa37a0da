// What a chart says beside its picture: legend, read-out, table.

import { h } from "../dom.js";
import { number, unitText } from "../format.js";
import { LINE_COLUMNS } from "./data.js";
import { boundSign, marksIn, markWords } from "./marks.js";

/** The keys of the legend; `resolution` is "days" or "samples", `view` what of the time is seen, `limits` the lines across. */
export function legendKeys(lines, resolution, view, limits = []) {
  const key = (name, text) => h("span", { class: `key ${name}` }, text);
  const what = (line) => {
    const unit = unitText(line.unit);
    const how = resolution === "samples" ? "as measured" : line.isTotal ? "a day" : "daily";
    return `${line.title}, ${how}${unit && unit !== line.title.toLowerCase() ? ` (${unit})` : ""}`;
  };
  return [
    ...lines.map((line, n) => key(n ? "key-data-2" : "key-data", what(line))),
    ...(lines.some((line) => line.other) ? [key("key-other", "another device, which does not count")] : []),
    ...(lines.some((line) => line.low) ? [key("key-range", "lowest to highest of the day")] : []),
    ...(lines.some((line) => line.forecast)
      ? [
          lines.some((line) => line.forecast?.simpler)
            ? key("key-last", "last value, as the forecast")
            : key("key-mean", "forecast"),
          key("key-80", "80 % band"),
          key("key-95", "95 % band"),
        ]
      : []),
    ...(lines.some((line) => line.past)
      ? [key("key-past", "said up to a week before, with its 80 % band")]
      : []),
    ...limits.map(({ name, tone }) => key(`key-${tone}`, name)),
    ...marksIn(lines, view).map(({ name, text }) => key(`key-mark key-${name}`, text)),
  ];
}

/** An instant of the plot: a day, or a day and a time. */
export function instantWords(seconds, resolution, zone) {
  const form = resolution === "days" ? { dateStyle: "medium" } : { dateStyle: "medium", timeStyle: "short" };
  return new Date(seconds * 1000).toLocaleString(undefined, { ...form, timeZone: zone });
}

/** One line of words per thing known at a point of the aligned `data`. */
export function pointWords(lines, data, index, decimals) {
  const show = (value) => number(value, decimals);
  return lines.flatMap((line, n) => {
    const at = (column) => data[1 + n * LINE_COLUMNS.length + LINE_COLUMNS.indexOf(column)][index];
    const unit = unitText(line.unit);
    const words = [];
    const marks = line.marks.filter(({ x }) => x === Math.round(data[0][index] * 1000));
    const flagsAt = (value) => marks.reduce((bits, { y, flags }) => (y === value ? bits | flags : bits), 0);
    const bound = (value) => boundSign(flagsAt(value)) + show(value);
    const told = (column, after) => {
      const known = markWords(flagsAt(at(column)));
      const name = lines.length > 1 ? `${line.title}: ` : "";
      return [`${name}${bound(at(column))} ${unit}${after}`, ...known].join(", ");
    };
    if (at("value") != null) {
      const range =
        at("low") != null && at("low") < at("high") ? ` (${bound(at("low"))} to ${bound(at("high"))})` : "";
      words.push(told("value", range));
    }
    if (at("other") != null) words.push(told("other", ", another device"));
    if (at("mean") != null) {
      words.push(
        `Forecast ${show(at("mean"))} ${unit}`,
        `80 %: ${show(at("low80"))} to ${show(at("high80"))}`,
        `95 %: ${show(at("low95"))} to ${show(at("high95"))}`,
      );
    }
    if (at("past_mean") != null) {
      words.push(
        `Forecast earlier ${show(at("past_mean"))} ${unit}, 80 %: ${show(at("past_low80"))} to ${show(at("past_high80"))}`,
      );
    }
    return words;
  });
}

/** The table behind "Show as a table": rows of [when, value]. */
export function valueTable(rows) {
  const body = rows.map(([when, value]) => h("tr", {}, h("th", { scope: "row" }, when), h("td", {}, value)));
  return h(
    "table",
    {},
    h("thead", {}, h("tr", {}, h("th", {}, "When"), h("th", {}, "Value"))),
    h("tbody", {}, body),
  );
}
