// What a person's own data suggests: three things at most, each with what it is made of, and a way to send it away.

import { get, post } from "../api.js";
import { failure, h, icon, whileBusy } from "../dom.js";
import { day, number, unitText, verified } from "../format.js";

const AWAY = [
  [30, "A month"],
  [182, "Half a year"],
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
    h("p", { class: "soft" }, `By the rules of: ${one.source} (${verified(one.verification)}).`),
    one.effect && h("p", { class: "soft" }, `Trials: ${one.effect.source} (${verified(one.effect.verification)}).`),
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
  const heading = person.own ? "Worth a thought" : `Worth a thought for ${person.name}`;
  const section = h("section", { class: "suggestions", "aria-label": heading });
  const note = h("p", { class: "soft small sent-away", role: "status", tabindex: "-1" });

  // What was said of one that was sent away stays, also when news follow.
  const say = async (words) => {
    await show({ disturbs: true });
    note.replaceChildren(icon("eye"), words);
    holder.prepend(note);
    note.focus();
  };

  const draw = ({ results, caution }) => {
    const unfolded = new Set(
      [...section.querySelectorAll("[data-suggestion]:has(details[open])")].map((node) => node.dataset.suggestion),
    );
    const cards = results.map((one) => card(one, { person, patient: person.id, again: say }));
    for (const node of cards) node.querySelector("details").open = unfolded.has(node.dataset.suggestion);
    section.replaceChildren(
      h("h2", {}, heading),
      h("ul", { class: "suggestion-cards" }, cards),
      h("p", { class: "soft small" }, caution),
    );
    if (!cards.length) section.remove();
    else if (section.parentElement !== holder) holder.append(section);
  };

  const show = async ({ disturbs = false } = {}) => {
    // Who is about to send one away is not disturbed by news.
    if (!disturbs && holder.querySelector(".send-away[open]")) return;
    try {
      const found = await get(`patients/${person.id}/suggestions`, { signal });
      holder.querySelector(":scope > .banner")?.remove();
      draw(found);
    } catch (error) {
      if (error.name !== "AbortError") holder.replaceChildren(failure(error, () => show()));
    }
  };
  return () => show();
}
