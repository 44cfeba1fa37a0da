// What the patient's own data suggests: three things at most, why, on what grounds, and a way to be rid of each.

import { get, post } from "../api.js";
import { failure, h, whileBusy } from "../dom.js";
import { day, number, unitText } from "../format.js";

const NOT_NOW_DAYS = 30;

function effect({ text, mean, low, high, unit, source, verification }) {
  const range = low === null ? "" : ` (95 %: ${number(low, 1)} to ${number(high, 1)})`;
  return h(
    "p",
    {},
    `${text}: ${number(mean, 1)} ${unitText(unit)}${range} on average in trials. `,
    h("span", { class: "soft" }, `${source} (${verification}).`),
  );
}

function grounds(one) {
  return h(
    "details",
    { class: "small" },
    h("summary", {}, "What it stands on"),
    h(
      "ul",
      { class: "reasons" },
      one.evidence.map(({ name, value, unit, on, source }) =>
        h(
          "li",
          {},
          value === true ? name : `${name} `,
          value === true ? null : h("strong", {}, typeof value === "number" ? number(value, 1) : String(value)),
          unit && ` ${unitText(unit)}`,
          h("span", { class: "soft" }, [on && `, ${day(on)}`, source && `, ${source}`].filter(Boolean).join("")),
        ),
      ),
    ),
    one.effect && effect(one.effect),
    h("p", { class: "soft" }, `Source: ${one.source} (${one.verification}).`),
  );
}

function card(one, { path, mayAct, again }) {
  const said = h("div", { role: "status" });
  const dismiss = (label, days) => {
    const button = h(
      "button",
      {
        class: "button quiet compact",
        type: "button",
        onclick: () =>
          whileBusy(button, async () => {
            try {
              await post(`${path}/${one.rule}/dismiss`, { days });
              await again();
            } catch (error) {
              said.replaceChildren(failure(error));
            }
          }),
      },
      label,
    );
    return button;
  };
  return h(
    "li",
    { class: "card stack suggestion", "data-suggestion": one.rule },
    h("h3", {}, one.title),
    h("p", { class: "soft" }, one.because),
    h("p", {}, one.text),
    grounds(one),
    mayAct &&
      h("div", { class: "row" }, dismiss("Not now", NOT_NOW_DAYS), dismiss("Do not suggest this again", null)),
    said,
  );
}

/** The cards, and the caution that belongs to them; nothing where nothing is suggested. */
export async function suggestionsBoard(person, { signal, again }) {
  const path = `patients/${person.id}/suggestions`;
  const { results, caution } = await get(path, { signal });
  if (!results.length) return [];
  return [
    h(
      "section",
      { class: "stack", "aria-labelledby": "suggestions-title" },
      h("h2", { id: "suggestions-title" }, "Worth a thought"),
      h(
        "ul",
        { class: "suggestions" },
        results.map((one) => card(one, { path, mayAct: person.mayAct(one.topic), again })),
      ),
      h("p", { class: "soft small" }, caution),
    ),
  ];
}
