// A questionnaire as its owner answers it: every question once, what it says, and words that help at once.

import { get, post } from "../api.js";
import { failure, h, icon, whileBusy } from "../dom.js";
import { number } from "../format.js";

const OFFERED = [
  ["phq9", "Questions about your mood (PHQ-9)"],
  ["gad7", "Questions about worry (GAD-7)"],
];

/** Links to what can be answered. */
export function questionnaireLinks(go) {
  return h(
    "section",
    { class: "card stack" },
    h("h2", {}, "Questions you can answer"),
    OFFERED.map(([code, title]) =>
      h("button", { class: "button plain", type: "button", onclick: () => go("questionnaires", code) }, title),
    ),
  );
}

function question(one, answers) {
  return h(
    "fieldset",
    { class: "card question" },
    h("legend", { class: "sr-only" }, one.text),
    h("p", { "aria-hidden": "true" }, `${one.number}. ${one.text}`),
    h(
      "div",
      { class: "question-answers" },
      answers.map(({ points, text }) =>
        h(
          "label",
          { class: "choice" },
          h("input", { type: "radio", name: `q${one.number}`, value: String(points) }),
          h("span", {}, text),
        ),
      ),
    ),
  );
}

function answered({ score, help }) {
  return [
    help && h("div", { class: "banner danger", role: "alert" }, icon("alert"), h("p", {}, help)),
    h(
      "section",
      { class: "card stack", role: "status" },
      h("h2", {}, "Saved"),
      score.value !== null
        ? h(
            "p",
            {},
            `${score.title}: `,
            h("strong", {}, number(score.value)),
            score.band && `, ${score.band.title}`,
          )
        : h("p", {}, "Too few answers for a total."),
      score.notes.map((note) => h("p", { class: "soft small" }, note)),
      h("p", { class: "soft small" }, "It is no diagnosis. Talk about it with your clinician."),
    ),
  ].filter(Boolean);
}

export async function questionnaires({ person, signal, detail, go }) {
  const back = h(
    "button",
    { class: "button quiet compact back", type: "button", onclick: () => go("systems", "mind") },
    icon("back"),
    "Mind",
  );
  const code = OFFERED.map(([one]) => one).includes(detail) ? detail : null;
  if (!code) return h("div", { class: "view narrow" }, back, questionnaireLinks(go));
  const asks = await get(`questionnaires/${code}`, { signal });
  const said = h("div", { class: "stack" });
  const send = h("button", { class: "button", type: "submit" }, "Save");
  // Sent again after a lost connection it is the same response.
  const id = crypto.randomUUID();
  const form = h(
    "form",
    {
      class: "stack",
      onsubmit: (event) => {
        event.preventDefault();
        const given = new FormData(form);
        const points = asks.questions.map((one) => given.get(`q${one.number}`));
        return whileBusy(send, async () => {
          try {
            const answers = points.map((value) => (value === null ? null : Number(value)));
            const stored = await post(`patients/${person.id}/questionnaires/${code}`, { answers, id });
            form.replaceWith(...answered(stored));
            scrollTo(0, 0);
          } catch (error) {
            said.replaceChildren(failure(error));
          }
        });
      },
    },
    h("p", {}, asks.asked),
    asks.questions.map((one) => question(one, asks.answers)),
    said,
    send,
    h("p", { class: "soft small" }, asks.copyright),
  );
  return h(
    "div",
    { class: "view narrow" },
    h("header", { class: "view-head" }, back, h("h1", {}, asks.title)),
    form,
  );
}
