// What a person's own data suggests: three things at most, each with what it is made of, and a way to send it away.

import { get, post } from "../api.js";
import { failure, h, icon, whileBusy } from "../dom.js";
import { day, number, unitText } from "../format.js";

const AWAY = [
  [30, "For a month"],
  [182, "For half a year"],
  [null, "For ever"],
];

/** Calendar days within the server's sentences, as people write them. */
const inWords = (text) => text.replace(/\b\d{4}-\d\d-\d\d\b/g, (iso) => day(iso));

const value = (one) =>
  one.value === true ? "on file" : typeof one.value === "number" ? number(one.value, one.value % 1 ? 1 : 0) : one.value;

function origin(one) {
  return h(
    "details",
    { class: "small" },
    h("summary", {}, "Where this comes from"),
    h(
      "ul",
      { class: "reasons" },
      one.evidence.map((seen) =>
        h(
          "li",
          {},
          `${seen.name}: `,
          h("strong", {}, value(seen)),
          ` ${unitText(seen.unit)} `,
          h("span", { class: "soft" }, [seen.on && day(seen.on), seen.source].filter(Boolean).join(", ")),
        ),
      ),
    ),
    h("p", { class: "soft" }, `By the rules of: ${one.source} (${one.verification}).`),
    one.effect && h("p", { class: "soft" }, `Trials: ${one.effect.source} (${one.effect.verification}).`),
  );
}

function sendAway(one, { patient, again }) {
  const said = h("div", { role: "status" });
  const button = (days, words) => {
    const node = h(
      "button",
      {
        class: "button plain compact",
        type: "button",
        onclick: () =>
          whileBusy(node, async () => {
            try {
              const { until } = await post(
                `patients/${patient}/suggestions/${encodeURIComponent(one.rule)}/dismiss`,
                { days },
              );
              await again(
                until ? `“${one.title}” stays away until ${day(until)}.` : `“${one.title}” will not come again.`,
              );
            } catch (error) {
              said.replaceChildren(failure(error));
            }
          }),
      },
      words,
    );
    return node;
  };
  return h(
    "details",
    { class: "small send-away" },
    h("summary", { "aria-label": `Not now: ${one.title}` }, "Not now"),
    h("div", { class: "row" }, AWAY.map(([days, words]) => button(days, words))),
    said,
  );
}

function card(one, context) {
  return h(
    "li",
    { class: "card suggestion", "data-suggestion": one.rule },
    h("h3", {}, one.title),
    h("p", { class: "soft small" }, inWords(one.because)),
    h("p", {}, one.text),
    one.effect && h("p", { class: "small" }, one.effect.text),
    origin(one),
    one.topics.every(context.person.mayAct) && sendAway(one, context),
  );
}

/** A function that shows in `holder` what is suggested now; where nothing is, and nothing was sent away, it stays empty. */
export function suggestionsIn(holder, person, { signal }) {
  const show = async (said = null) => {
    // Who is about to send one away is not disturbed by news.
    if (!said && holder.querySelector(".send-away[open]")) return;
    try {
      const { results, caution } = await get(`patients/${person.id}/suggestions`, { signal });
      const unfolded = new Set(
        [...holder.querySelectorAll("[data-suggestion]:has(details[open])")].map((node) => node.dataset.suggestion),
      );
      const cards = results.map((one) => card(one, { person, patient: person.id, again: show }));
      for (const node of cards) node.querySelector("details").open = !said && unfolded.has(node.dataset.suggestion);
      const heading = person.own ? "Worth a thought" : `Worth a thought for ${person.name}`;
      holder.replaceChildren(
        ...(cards.length
          ? [
              h(
                "section",
                { class: "suggestions", "aria-label": heading },
                h("h2", {}, heading),
                h("ul", { class: "suggestion-cards" }, cards),
                h("p", { class: "soft small" }, caution),
              ),
            ]
          : []),
        ...(said ? [h("p", { class: "soft small sent-away", role: "status", tabindex: "-1" }, icon("eye"), said)] : []),
      );
      if (said) holder.querySelector(".sent-away").focus({ preventScroll: true });
    } catch (error) {
      if (error.name !== "AbortError") holder.replaceChildren(failure(error, () => show()));
    }
  };
  return show;
}
