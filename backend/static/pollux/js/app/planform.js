// The form for a medication plan, new or changed: what, how often, from when until when, with the next week's doses as it is typed.

import { post, put } from "../api.js";
import { failure, field, h, whileBusy } from "../dom.js";
import { amountWords, day, parseNumber, verified, words } from "../format.js";
import { settled } from "../live.js";
import { USUAL_CHOICE, WEEKDAYS, choiceOf, lacking, timingOf, usualTimes } from "../timing.js";

const OFTEN = [
  ["1", "Once a day"],
  ["2", "Twice a day"],
  ["3", "Three times a day"],
  ["4", "Four times a day"],
  ["days", "Every few days"],
  ["week", "On certain days of the week"],
  ["hours", "Every few hours"],
  ["needed", "As needed"],
];
// A timing that the form has no choice for stays as it was written.
const AS_WRITTEN = "written";
const WEEKDAY_NAMES = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const UNITS = ["tablet", "capsule", "drop", "puff", "sachet", "spray", "unit", "mL", "mg"];
const MOST_TIMES = 4;
const PREVIEW_DAYS = 7;

const orNothing = (text) => (text.trim() ? parseNumber(text) : null);

function howOften({ at, now, isWritten, onChange }) {
  const first = (isWritten && choiceOf(now.timing)) || USUAL_CHOICE;
  const often = h(
    "select",
    { id: at("often") },
    isWritten && !choiceOf(now.timing) && h("option", { value: AS_WRITTEN, selected: true }, `As it is now: ${now.when}`),
    OFTEN.map(([value, label]) => h("option", { value, selected: value === first.often }, label)),
  );
  if (isWritten && !choiceOf(now.timing)) often.value = AS_WRITTEN;
  const number = (name, value) =>
    h("input", { id: at(name), inputmode: "decimal", autocomplete: "off", value: value === null ? "" : String(value) });
  const times = Array.from({ length: MOST_TIMES }, (_, place) =>
    h("input", { id: at(`time-${place}`), type: "time", value: first.times[place] ?? "" }),
  );
  const timeFields = times.map((input) => field("At", input));
  const every = number("every", first.every);
  const gap = number("gap", first.gapHours);
  const most = number("most", first.most);
  const on = number("on", first.on);
  const off = number("off", first.off);
  const days = WEEKDAYS.map((code, place) => {
    const box = h("input", { type: "checkbox", value: code, checked: first.weekdays.includes(code) });
    return h("label", { class: "choice" }, box, WEEKDAY_NAMES[place]);
  });
  const everyField = field("Every how many days", every);
  const weekdays = h("fieldset", { class: "weekdays" }, h("legend", {}, "On these days"), days);
  const needed = h(
    "div",
    { class: "fields fields-2" },
    field("At least so many hours apart", gap, { help: "It may stay empty." }),
    field("At most so many within 24 hours", most, { help: "It may stay empty." }),
  );
  const cycle = h(
    "details",
    { open: first.on !== null },
    h("summary", {}, "Days with it and days without"),
    h("div", { class: "fields fields-2" }, field("So many days with it", on), field("Then so many days without", off)),
  );

  const lay = () => {
    const value = often.value;
    const count = value === AS_WRITTEN || value === "needed" ? 0 : Number(value) || 1;
    timeFields.forEach((node, place) => {
      node.hidden = place >= count;
      const several = count > 1 ? ` ${place + 1}` : "";
      node.querySelector("label").textContent = value === "hours" ? "The first at" : `Time${several}`;
    });
    everyField.hidden = value !== "days" && value !== "hours";
    everyField.querySelector("label").textContent = `Every how many ${value === "hours" ? "hours" : "days"}`;
    weekdays.hidden = value !== "week";
    needed.hidden = value !== "needed";
    cycle.hidden = !(value in { 1: 0, 2: 0, 3: 0, 4: 0, week: 0 });
  };
  often.addEventListener("change", () => {
    const usual = usualTimes(often.value);
    if (usual) times.forEach((input, place) => (input.value = usual[place] ?? ""));
    else if (!times[0].value) [times[0].value] = usualTimes(1);
    lay();
  });
  lay();
  const node = h(
    "fieldset",
    { class: "fields" },
    h("legend", {}, "When"),
    field("How often", often),
    everyField,
    weekdays,
    h("div", { class: "fields fields-2" }, timeFields),
    needed,
    cycle,
  );
  for (const event of ["input", "change"]) node.addEventListener(event, onChange);

  /** {timing}, or {lacks} in words. */
  const read = (context) => {
    if (often.value === AS_WRITTEN) return { timing: now.timing };
    const choice = {
      often: often.value,
      times: times.map((input) => input.value),
      every: parseNumber(every.value),
      weekdays: days.map((label) => label.querySelector("input")).filter((box) => box.checked).map((box) => box.value),
      gapHours: orNothing(gap.value),
      most: orNothing(most.value),
      on: orNothing(on.value),
      off: orNothing(off.value),
    };
    const lacks = lacking(choice);
    return lacks ? { lacks } : { timing: timingOf(choice, context) };
  };
  return { node, read };
}

/** What speaks against a medicine, and what could not be checked. */
function findingsNode({ findings, not_checked: unchecked }) {
  return [
    findings.length > 0 &&
      h(
        "ul",
        { class: "reasons" },
        findings.map((one) =>
          h(
            "li",
            {},
            one.sentence,
            " ",
            h("span", { class: "soft" }, `Source: ${one.source}; ${verified(one.verification)}.`),
          ),
        ),
      ),
    unchecked.length > 0 &&
      h(
        "p",
        { class: "soft" },
        `Not checked: ${unchecked.map((one) => `${words(one.check).toLowerCase()} (${one.why})`).join("; ")}`,
      ),
  ].filter(Boolean);
}

/** The doses of a preview by day: "Wed 4 Mar: 08:00, 20:00". */
function previewNode(doses, unit) {
  const days = new Map();
  for (const { local, amount } of doses) {
    const date = local.slice(0, 10);
    days.set(date, [...(days.get(date) ?? []), [local.slice(11), amountWords(amount, unit)].filter(Boolean).join(", ")]);
  }
  return h(
    "ul",
    { class: "preview" },
    [...days].map(([date, times]) =>
      h(
        "li",
        {},
        h("span", { class: "soft" }, day(date, { weekday: "short", day: "numeric", month: "short" })),
        h("span", { class: "num" }, times.join(" · ")),
      ),
    ),
  );
}

/**
 * The form. `plan` is one to change, or to be given a time; `today` and `zone` are the patient's day and clock. `onStored(plan)`
 * follows a success.
 */
export function planForm({ patient, plan = null, today, zone, signal, onStored }) {
  const now = plan?.now ?? {};
  const at = (name) => `plan-${name}`;
  const input = (name, attributes) => h("input", { id: at(name), autocomplete: "off", ...attributes });
  const medicine = input("medicine", { value: now.medicine ?? "", maxlength: "200", required: true });
  const strength = input("strength", { value: now.strength ?? "", maxlength: "80" });
  const amount = input("amount", { value: plan ? String(now.amount ?? "") : "1", inputmode: "decimal" });
  const unit = input("unit", { value: now.unit ?? (plan ? "" : "tablet"), maxlength: "40", list: at("units") });
  const starts = input("starts", { type: "date", value: now.starts_on ?? today, required: true });
  const ends = input("ends", { type: "date", value: now.ends_on ?? "" });
  const instructions = h("textarea", { id: at("instructions"), rows: "2", maxlength: "2000" }, now.instructions ?? "");
  const reason = input("reason", { value: now.reason ?? "", maxlength: "200" });
  const override = h("textarea", { id: at("override"), rows: "2", maxlength: "500" });
  const fields = {
    medicine: field("Medicine", medicine, { help: "As it stands on the box." }),
    strength: field("Strength", strength, { help: "Such as 5 mg." }),
    amount: field("How much at a time", amount),
    unit: field("Unit", unit),
    starts_on: field("From", starts),
    ends_on: field("Until", ends, { help: "Empty: until further notice." }),
    instructions: field("To be minded", instructions),
    reason: field("What it is for", reason),
    override: field("Why it is right all the same", override),
  };
  fields.override.hidden = true;
  const checked = h("div", { class: "stack small", role: "status" });
  const preview = h("div", { class: "stack small", role: "status" });
  const alert = h("p", { class: "banner danger", role: "alert", hidden: true });
  const submit = h("button", { class: "button", type: "submit" }, plan ? "Save" : "Add this medicine");

  const written = (timing) => {
    const isSame = medicine.value.trim() === now.medicine;
    return {
      medicine: medicine.value.trim(),
      // Codes are of the medicine that they were given to.
      codes: isSame ? now.codes : [],
      strength: strength.value.trim(),
      form: isSame ? now.form : "",
      route: isSame ? now.route : "",
      amount: orNothing(amount.value),
      unit: unit.value.trim(),
      instructions: instructions.value.trim(),
      reason: reason.value.trim(),
      prescriber: now.prescriber ?? "",
      timing,
      dosage_text: now.dosage_text ?? "",
      starts_on: starts.value,
      ends_on: ends.value || null,
      fixed_zone: now.fixed_zone ?? "",
      ...(plan && { window_minutes: now.window_minutes, repeat_minutes: now.repeat_minutes }),
      is_critical: plan?.is_critical ?? false,
      override: override.value.trim(),
    };
  };
  const readTiming = () => when.read({ zone, startsOn: starts.value });

  let asked = 0;
  const showPreview = settled(async () => {
    if (signal.aborted) return;
    const turn = ++asked;
    const say = (...nodes) => turn === asked && preview.replaceChildren(...nodes);
    const { timing, lacks } = starts.value ? readTiming() : { lacks: "Give the day on which it begins." };
    if (lacks) return say(h("p", { class: "soft" }, lacks));
    if (timing.asNeeded) return say(h("p", { class: "soft" }, "Nothing is due by the clock: you say when you take it."));
    try {
      const body = { ...written(timing), medicine: medicine.value.trim() || "?", days: PREVIEW_DAYS };
      const doses = await post(`patients/${patient}/plans/preview`, body, { signal });
      const title = h("p", { class: "soft" }, `The first ${PREVIEW_DAYS} days:`);
      say(...(doses.length ? [title, previewNode(doses, unit.value.trim())] : [h("p", {}, "No doses in these days.")]));
    } catch (error) {
      if (error.name !== "AbortError") say(h("p", { class: "soft" }, Object.values(error.fields).join(" ") || error.message));
    }
  });
  const when = howOften({ at, now, isWritten: Boolean(now.timing), onChange: showPreview });

  const check = async () => {
    if (!medicine.value.trim()) return;
    try {
      const body = { medicine: medicine.value.trim(), codes: written(null).codes, plan: plan?.id ?? null };
      const found = await post(`patients/${patient}/plans/check`, body, { signal });
      checked.replaceChildren(...findingsNode(found));
      fields.override.hidden = !found.findings.some((one) => one.override_needs_reason);
    } catch (error) {
      if (error.name !== "AbortError") checked.replaceChildren(failure(error, check));
    }
  };
  medicine.addEventListener("change", check);

  const refuse = (error) => {
    const rest = [];
    for (const [name, message] of Object.entries(error.fields ?? {})) {
      if (name === "override") fields.override.hidden = false;
      fields[name] ? fields[name].show(message) : rest.push(message);
    }
    if (rest.length || !Object.keys(error.fields ?? {}).length) {
      alert.textContent = rest.join(" ") || error.message;
      alert.hidden = false;
    }
    form.querySelector("[aria-invalid=true]")?.focus();
  };

  const store = async () => {
    alert.hidden = true;
    for (const node of Object.values(fields)) node.show(null);
    const { timing, lacks } = readTiming();
    const errors = {
      ...(!medicine.value.trim() && { medicine: "Say which medicine." }),
      ...(amount.value.trim() && parseNumber(amount.value) === null && { amount: "Type a number, for example 1." }),
      ...(!starts.value && { starts_on: "Give the day on which it begins." }),
      ...(lacks && { timing: lacks }),
    };
    if (Object.keys(errors).length) return refuse({ fields: errors });
    try {
      const path = `patients/${patient}/plans`;
      const body = written(timing);
      onStored(await (plan ? put(`${path}/${plan.id}`, { ...body, number: now.number }) : post(path, body)));
    } catch (error) {
      refuse(error);
    }
  };

  const form = h(
    "form",
    { class: "stack", novalidate: true },
    h("div", { class: "fields fields-2" }, fields.medicine, fields.strength),
    checked,
    fields.override,
    h("div", { class: "fields fields-2" }, fields.amount, fields.unit),
    h("datalist", { id: at("units") }, UNITS.map((value) => h("option", { value }))),
    when.node,
    h("div", { class: "fields fields-2" }, fields.starts_on, fields.ends_on),
    preview,
    fields.instructions,
    fields.reason,
    alert,
    submit,
  );
  for (const node of [starts, ends, amount, unit]) node.addEventListener("input", showPreview);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    whileBusy(submit, store);
  });
  showPreview();
  check();
  return form;
}
