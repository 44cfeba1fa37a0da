// Open alerts of a patient: what was found, what to do now, whether anybody reads this, and the answers.

import { get, post } from "../api.js";
import { tellWhenSeen } from "../seen.js";
import { failure, h, icon, whileBusy } from "../dom.js";
import { number, unitText, verified, when } from "../format.js";
import { isGrave, worstFirst } from "../severity.js";

const NOBODY = "No clinic has said when somebody reads this. When you feel unwell, do not wait for it.";
const LATER_MS = 4 * 3_600_000;
const EVIDENCE_SHOWN = 6;

/** The open alerts of a patient, the worst first, and what her clinic says; null for the clinic without any. */
export async function openAlerts(patient, { signal } = {}) {
  const { results } = await get(`patients/${patient}/alerts?open=true`, { signal });
  const alerts = results.sort(worstFirst);
  const { clinic } = alerts.length
    ? await get(`patients/${patient}/alerts/${alerts[0].id}`, { signal })
    : { clinic: null };
  return { alerts, clinic };
}

function evidence(alert, titles) {
  // What is of one instant stays in its order: systolic before diastolic.
  const shown = alert.evidence
    .toSorted((a, b) => new Date(b.at) - new Date(a.at))
    .slice(0, EVIDENCE_SHOWN);
  return h(
    "details",
    { class: "small" },
    h("summary", {}, "What it stands on"),
    h(
      "ul",
      { class: "reasons" },
      shown.map((one) =>
        h(
          "li",
          {},
          `${titles.get(one.kind) ?? one.kind} `,
          h("strong", {}, number(one.value, Number.isInteger(one.value) ? 0 : 1)),
          ` ${unitText(one.unit)} `,
          h("span", { class: "soft" }, [when(one.at), one.source].filter(Boolean).join(", ")),
        ),
      ),
    ),
    alert.source &&
      h(
        "p",
        { class: "soft" },
        `Source: ${alert.source}${alert.verification ? ` (${verified(alert.verification)})` : ""}.`,
      ),
  );
}

/** Whether anybody reads this, and when. */
const reads = (clinic) =>
  h("p", { class: "soft small reads" }, icon("eye"), h("span", {}, clinic?.reading_line ?? NOBODY));

/** Says itself whether anybody reads it, where it matters most. */
const saysWhoReads = (alert) => isGrave(alert) && Boolean(alert.what_to_do);

function doNow(alert, clinic) {
  const { what_to_do: words } = alert;
  const emergency = words?.emergency && clinic?.emergency_text;
  if (!words) return null;
  return h(
    "div",
    { class: `banner ${isGrave(alert) ? "danger" : "caution"} do-now` },
    h(
      "div",
      {},
      h("p", { class: "do-now-head" }, icon("alert"), h("strong", {}, "What to do now")),
      h("p", {}, words.text),
      emergency && h("p", { class: "as-written" }, emergency),
      isGrave(alert) && reads(clinic),
      h("p", { class: "small" }, `Said by: ${words.source}; ${verified(words.verification)}.`),
    ),
  );
}

function answers(alert, { patient, person, again }) {
  const path = `patients/${patient}/alerts/${alert.id}`;
  const said = h("div", { role: "status" });
  const ask = (label, work, kind = "plain") => {
    const button = h(
      "button",
      {
        class: `button ${kind} compact`,
        type: "button",
        onclick: () =>
          whileBusy(button, async () => {
            try {
              await work();
            } catch (error) {
              said.replaceChildren(failure(error));
            }
          }),
      },
      label,
    );
    return button;
  };
  const seen = () => post(`${path}/acknowledge`, {}).then(again);
  const later = async () => {
    const until = new Date(Date.now() + LATER_MS).toISOString();
    const { ends_at: at } = await post(`${path}/snooze`, { until });
    said.replaceChildren(h("p", { class: "small soft" }, `You are told again ${when(at)}.`));
  };
  const done = h("textarea", { id: `done-${alert.id}`, rows: 2, maxlength: 2000 });
  return [
    h(
      "div",
      { class: "row" },
      !alert.acknowledged_by && ask("I have seen this", seen, ""),
      ask("Remind me later", later),
    ),
    person.mayAct(alert.topic) &&
      h(
        "details",
        { class: "small" },
        h("summary", {}, "Something was done about it"),
        h(
          "div",
          { class: "stack" },
          h("div", { class: "field" }, h("label", { for: done.id }, "What was done"), done),
          h(
            "p",
            {},
            ask("Save", () => post(`${path}/resolve`, { done: done.value }).then(again)),
          ),
        ),
      ),
    said,
  ];
}

function card(alert, clinic, context) {
  const title = h("h2", {}, alert.title);
  tellWhenSeen(title, `alerts/${alert.id}`);
  return h(
    "li",
    { class: `card alert-card ${alert.severity}`, "data-alert": alert.id, tabindex: "-1" },
    h(
      "div",
      { class: "row" },
      h("span", { class: `severity ${alert.severity}` }, alert.severity),
      title,
    ),
    h("p", {}, alert.text),
    h(
      "p",
      { class: "soft small" },
      `By values up to ${when(alert.data_at)}${alert.is_late ? ", which came late: they may say nothing of now" : ""}. `,
      alert.acknowledged_by ? `${alert.acknowledged_by} sees to it.` : "Nobody has answered yet.",
    ),
    doNow(alert, clinic),
    evidence(alert, context.titles),
    answers(alert, context),
  );
}

/** Cards for what is open, and whether anybody reads this; none where nothing is open. */
export function alertsBoard({ alerts, clinic }, context) {
  if (!alerts.length) return [];
  return [
    h(
      "ul",
      { class: "alerts" },
      alerts.map((alert) => card(alert, clinic, context)),
    ),
    ...(alerts.every(saysWhoReads) ? [] : [reads(clinic)]),
  ];
}
