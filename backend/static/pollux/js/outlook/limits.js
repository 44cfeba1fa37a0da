// Limits: the range in which a clinician wants a patient's values to stay. Clinicians set them, all see them.

import { post } from "../api.js";
import { field, h, icon, sureButton, whileBusy } from "../dom.js";
import { day, parseNumber, unitText } from "../format.js";
import { showErrors } from "./events.js";
import { nameOf, rangeWords } from "./words.js";

function limitForm({ patient, one, onStored, onCancel }) {
  const at = (name) => `limit-${one.code}-${name}`;
  const { kind } = one;
  const input = (name) => h("input", { id: at(name), inputmode: "decimal", autocomplete: "off" });
  const [low, high] = [input("low"), input("high")];
  const reason = h("input", { id: at("reason"), maxlength: "2000", autocomplete: "off" });
  const unit = unitText(kind.unit);
  const fields = {
    low: field(`Not below${unit && ` (${unit})`}`, low),
    high: field(`Not above${unit && ` (${unit})`}`, high),
    reason: field("Why", reason, { help: "The patient reads this too." }),
  };
  const alert = h("div", { hidden: true });
  const submit = h("button", { class: "button", type: "submit" }, "Set limits");
  const store = async () => {
    for (const node of Object.values(fields)) node.show(null);
    alert.hidden = true;
    const given = { low: parseNumber(low.value), high: parseNumber(high.value) };
    for (const [name, control] of Object.entries({ low, high })) {
      if (!control.value.trim() || given[name] !== null) continue;
      fields[name].show("Give a number.");
      return control.focus();
    }
    if (given.low === null && given.high === null) {
      fields.low.show("Give one of the two at least.");
      return low.focus();
    }
    try {
      await post(`patients/${patient}/thresholds`, {
        kind: kind.code,
        unit: kind.unit,
        reason: reason.value.trim(),
        ...given,
      });
      onStored();
    } catch (error) {
      showErrors(error, fields, alert);
    }
  };
  const form = h(
    "form",
    { class: "stack", novalidate: true },
    h("div", { class: "fields fields-2" }, fields.low, fields.high),
    fields.reason,
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

function limitPart({ patient, one, maySet, onChanged, several }) {
  const { threshold, kind } = one;
  const alert = h("div", { hidden: true });
  const end = async () => {
    try {
      await post(`patients/${patient}/thresholds/${threshold.id}/end`, {});
      onChanged();
    } catch (error) {
      showErrors(error, {}, alert);
    }
  };
  const setting = h("details", { class: "give" });
  if (maySet(kind.topic)) {
    const close = () => {
      setting.open = false;
    };
    setting.append(
      h("summary", { class: "button plain compact" }, icon("plus"), threshold ? "Set others" : "Set limits"),
      limitForm({ patient, one, onStored: onChanged, onCancel: close }),
    );
  }
  return h(
    "div",
    { class: "stack", "data-kind": one.code, "data-threshold": threshold?.id ?? null },
    several && h("h4", {}, kind.title),
    threshold
      ? [
          h("p", {}, h("strong", {}, rangeWords(threshold, kind))),
          threshold.reason && h("p", {}, threshold.reason),
          h("p", { class: "soft small" }, `Set by ${threshold.set_by}, ${day(threshold.set_at)}`),
        ]
      : h("p", { class: "soft small" }, `No limits of their own for ${nameOf(kind)}.`),
    alert,
    setting.firstChild && setting,
    threshold && maySet(kind.topic) && h("p", {}, sureButton("End these limits", "End them now?", end)),
  );
}

/** The card of the limits of `kinds`; null where a patient has none to see. */
export function limitsCard({ patient, kinds, may, clinician, onChanged }) {
  const maySet = (topic) => clinician && may(topic);
  const shown = kinds.filter(({ threshold, kind }) => threshold || (kind.forecast && clinician));
  if (!shown.length) return null;
  const several = kinds.length > 1;
  return h(
    "section",
    { class: "card stack", "data-part": "limits" },
    h("h3", {}, "Limits"),
    h(
      "p",
      { class: "soft small" },
      clinician
        ? "The range in which these values should stay; the patient sees it."
        : "The range in which your care team wants these values to stay.",
    ),
    shown.map((one) => limitPart({ patient, one, maySet, onChanged, several })),
  );
}
