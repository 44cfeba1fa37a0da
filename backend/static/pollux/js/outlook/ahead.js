// "What may come" in words: what is expected, how it has gone, chances of passing a limit, how to read it all.

import { h } from "../dom.js";
import { number, unitText } from "../format.js";
import { glucosePart } from "./glucose.js";
import {
  backtestSentence,
  crossingWords,
  errorDecimals,
  expectation,
  makerSentence,
  recordSentences,
  simplerSentence,
  waitingSentence,
} from "./words.js";

const percent = (part) => `${Math.round(part * 100)}\u00a0%`;

function horizonTable({ record, kind }) {
  const show = (error) => number(error, errorDecimals(error, kind));
  const head = (text) => h("th", { scope: "col" }, text);
  const unit = unitText(kind.unit);
  return h(
    "div",
    { class: "table-wrap", tabindex: "0", role: "region", "aria-label": "Record by days ahead" },
    h(
      "table",
      { class: "record-table" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          head("Days ahead"),
          head("Values"),
          head(`Error${unit && `, ${unit}`}`),
          head("Last value's"),
          head("In 80 %"),
          head("In 95 %"),
        ),
      ),
      h(
        "tbody",
        {},
        record.horizons.map((row) =>
          h(
            "tr",
            {},
            h("th", { scope: "row" }, `${row.from_day} to ${row.to_day}`),
            h("td", {}, number(row.points)),
            h("td", {}, show(row.mae)),
            h("td", {}, show(row.mae_last_value)),
            h("td", {}, percent(row.held80)),
            h("td", {}, percent(row.held95)),
          ),
        ),
      ),
    ),
  );
}

function crossings(one) {
  const found = one.forecast?.crossings ?? [];
  if (!found.length) return null;
  return h(
    "ul",
    { class: "chances" },
    [...found]
      .sort((a, b) => b.passed - a.passed || b.probability - a.probability)
      .map((crossing) => {
        const { chance, text, from } = crossingWords(crossing, one.kind);
        return h(
          "li",
          {},
          h("strong", { class: "num" }, chance),
          h("span", {}, text, h("span", { class: "soft small" }, from)),
        );
      }),
  );
}

function kindPart(one, days, several) {
  // Beside the next hours the days' means are another matter.
  const title = several && h("h4", {}, one.code === "glucose_cgm" ? "A day's mean" : one.kind.title);
  if (!one.kind.forecast) return [title, h("p", { class: "soft" }, "Values of this kind are not forecast.")];
  if (!one.forecast) {
    const waits = one.waiting ? waitingSentence(one) : "No forecast: there are no values of the last year.";
    return [title, h("p", { class: "waiting" }, waits)];
  }
  const simpler = simplerSentence(one);
  const told = recordSentences(one);
  const tested = told.length ? null : backtestSentence(one);
  return [
    title,
    h("p", { class: "expectation" }, expectation(one, days)),
    simpler && h("p", { class: "banner simpler" }, h("span", {}, simpler)),
    crossings(one),
    (told.length > 0 || tested) &&
      h(
        "div",
        { class: "track-record" },
        h("h4", { class: "soft small" }, "How it has gone"),
        told.length ? told.map((text) => h("p", {}, text)) : h("p", {}, tested),
        one.record?.horizons.length > 1 &&
          h("details", {}, h("summary", { class: "small" }, "By days ahead"), horizonTable(one)),
      ),
    h("p", { class: "soft small" }, makerSentence(one)),
  ];
}

/** The card. `days` is how far ahead the picture looks, `glucose` what the sensor's next hours may bring. */
export function aheadCard({ kinds, days, glucose, glucoseRecord }) {
  const several = kinds.length > 1 || Boolean(glucose);
  return h(
    "section",
    { class: "card stack", "data-part": "ahead" },
    h("h3", {}, "What may come"),
    glucosePart(glucose, glucoseRecord),
    kinds.map((one) => h("div", { class: "stack", "data-kind": one.code }, kindPart(one, days, several))),
    kinds.some(({ forecast }) => forecast) && howToRead(),
  );
}

function howToRead() {
  return h(
    "div",
    { class: "how-to-read small" },
    h(
      "p",
      {},
      "How to read a band: of 100 values, about 80 come to lie in the darker band and 95 in the wider one.",
    ),
    h(
      "details",
      {},
      h("summary", {}, "More on bands, and when not to trust them"),
      h(
        "ul",
        { class: "plain-list" },
        [
          "The line is the middle of what is likely, not a promise. One value outside the band is no alarm: one in five lies outside the darker one.",
          "The band is wider the further ahead it looks, and the less regular the values have been.",
          "It knows past values and the events noted here. What nobody has noted, such as a new illness or other habits, it cannot know.",
          "After a long pause, a new device or a big change in life, wait two or three weeks before you lean on it.",
          "A forecast is no advice. Talk about what worries you with your care team.",
        ].map((text) => h("li", {}, text)),
      ),
    ),
  );
}
