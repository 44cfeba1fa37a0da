// Goals: where they stand, and setting, agreeing to and ending one.

import { post } from "../api.js";
import { field, h, icon, sureButton, whileBusy } from "../dom.js";
import { number, parseNumber, unitText } from "../format.js";
import { showErrors } from "./events.js";
import { goalAim, goalSentences, goalShare, nameOf } from "./words.js";

/** The bar from where a goal began to where it ends; nothing where the start is not known. */
export function progressBar(goal, kind) {
  const share = goalShare(goal);
  if (share === null) return null;
  const bar = h("span", { class: goal.progress?.reached ? "progress-done reached" : "progress-done" });
  bar.style.width = `${Math.round(share * 100)}%`;
  return h(
    "div",
    { class: "progress" },
    h(
      "div",
      {
        class: "progress-way",
        role: "progressbar",
        "aria-label": `Progress towards ${goalAim(goal, kind)}`,
        "aria-valuemin": "0",
        "aria-valuemax": "100",
        "aria-valuenow": String(Math.round(share * 100)),
      },
      bar,
    ),
    h(
      "div",
      { class: "progress-ends soft small num" },
      h("span", {}, `${number(goal.start_value, kind.decimals)} at the start`),
      h("span", {}, `${number(goal.target, kind.decimals)} ${unitText(kind.unit)}`),
    ),
  );
}

function goalForm({ patient, one, units, onStored, onCancel }) {
  const at = (name) => `goal-${one.code}-${name}`;
  const { kind } = one;
  const direction = h(
    "select",
    { id: at("direction") },
    h("option", { value: "at_most" }, "At most"),
    h("option", { value: "at_least", selected: kind.daily === "sum" }, "At least"),
  );
  const target = h("input", { id: at("target"), inputmode: "decimal", autocomplete: "off", required: true });
  const unit = h(
    "select",
    { id: at("unit") },
    kind.units.map((code) =>
      h("option", { value: code, selected: code === (units?.[kind.code] ?? kind.unit) }, unitText(code)),
    ),
  );
  const by = h("input", { id: at("by"), type: "date" });
  const fields = {
    direction: field("The week's value", direction),
    target: field("Target", target),
    unit: field("Unit", unit),
    by_day: field("By", by, { help: "May stay empty." }),
  };
  const alert = h("div", { hidden: true });
  const submit = h("button", { class: "button", type: "submit" }, "Set goal");
  const store = async () => {
    for (const node of Object.values(fields)) node.show(null);
    alert.hidden = true;
    const value = parseNumber(target.value);
    if (value === null) {
      fields.target.show("Give a number.");
      return target.focus();
    }
    try {
      await post(`patients/${patient}/goals`, {
        kind: kind.code,
        direction: direction.value,
        target: value,
        unit: unit.value,
        by_day: by.value || null,
      });
      onStored();
    } catch (error) {
      showErrors(error, fields, alert);
    }
  };
  const form = h(
    "form",
    { class: "stack", novalidate: true },
    h("div", { class: "fields fields-2" }, fields.direction, fields.target),
    h("div", { class: "fields fields-2" }, kind.units.length > 1 && fields.unit, fields.by_day),
    alert,
    h(
      "div",
      { class: "actions" },
      submit,
      h("button", { class: "button plain", type: "button", onclick: onCancel }, "Cancel"),
    ),
  );
  form.addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    whileBusy(submit, store);
  });
  return form;
}

function goalPart({ patient, one, may, clinician, units, onChanged, several }) {
  const { goal, kind } = one;
  const mayAct = may(kind.topic);
  const alert = h("div", { hidden: true });
  const act = (what) => async () => {
    try {
      await post(`patients/${patient}/goals/${goal.id}/${what}`, {});
      onChanged();
    } catch (error) {
      showErrors(error, {}, alert);
    }
  };
  const title = several && h("h4", {}, kind.title);
  const adding = h("details", { class: "give" });
  if (mayAct && !goal) {
    const close = () => {
      adding.open = false;
    };
    adding.append(
      h("summary", { class: "button plain compact" }, icon("goal"), "Set a goal"),
      goalForm({ patient, one, units, onStored: onChanged, onCancel: close }),
    );
  }
  if (!goal)
    return h(
      "div",
      { class: "stack", "data-kind": one.code },
      title,
      h("p", { class: "soft small" }, `No goal for ${nameOf(kind)}.`),
      adding.firstChild && adding,
    );
  const by = goal.agreed_at
    ? `set by ${goal.set_by}, agreed by ${goal.agreed_by}`
    : `set by ${goal.set_by}, not agreed with a clinician yet`;
  return h(
    "div",
    { class: "stack", "data-kind": one.code, "data-goal": goal.id },
    title,
    h("p", { class: "goal-aim" }, h("strong", {}, goalAim(goal, kind))),
    progressBar(goal, kind),
    goalSentences(goal, kind).map((text) => h("p", {}, text)),
    h("p", { class: "soft small" }, by.charAt(0).toUpperCase() + by.slice(1)),
    alert,
    mayAct &&
      h(
        "div",
        { class: "actions" },
        clinician &&
          !goal.agreed_at &&
          h(
            "button",
            {
              class: "button compact",
              type: "button",
              onclick: ({ currentTarget }) => whileBusy(currentTarget, act("agree")),
            },
            "Agree to it",
          ),
        sureButton("End this goal", "End it now?", act("end")),
      ),
  );
}

/** The card of the goals of `kinds`; null where none can be set or stands. */
export function goalsCard({ patient, kinds, may, clinician, units, onChanged }) {
  const shown = kinds.filter(({ kind, goal }) => goal || kind.forecast);
  if (!shown.length) return null;
  const several = shown.length > 1;
  return h(
    "section",
    { class: "card stack", "data-part": "goals" },
    h("h3", {}, several ? "Goals" : "Goal"),
    shown.map((one) => goalPart({ patient, one, may, clinician, units, onChanged, several })),
  );
}
