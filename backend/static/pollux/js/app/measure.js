// Typing in a measurement: a kind, its value or values, its unit, and when.

import { post } from "../api.js";
import { field, h, whileBusy } from "../dom.js";
import { parseNumber, unitText } from "../format.js";

// What people type in by hand, in the order they look for it. The server checks every value against the kind's
// own range; the person's own unit for the kind comes first.
const ENTRIES = [
  {
    title: "Blood pressure",
    topic: "vitals",
    parts: [
      ["sbp", "Upper (systolic)"],
      ["dbp", "Lower (diastolic)"],
    ],
    units: ["mm[Hg]", "kPa"],
    decimals: 0,
  },
  {
    title: "Pulse",
    topic: "vitals",
    parts: [["heart_rate", "Beats per minute"]],
    units: ["/min"],
    decimals: 0,
  },
  { title: "Weight", topic: "vitals", parts: [["weight", "Weight"]], units: ["kg", "[lb_av]"], decimals: 1 },
  {
    title: "Glucose",
    topic: "glucose",
    parts: [["glucose", "Glucose"]],
    units: ["mg/dL", "mmol/L"],
    decimals: 1,
  },
  {
    title: "Temperature",
    topic: "vitals",
    parts: [["temperature", "Temperature"]],
    units: ["Cel", "[degF]"],
    decimals: 1,
  },
  { title: "Oxygen saturation", topic: "vitals", parts: [["spo2", "Saturation"]], units: ["%"], decimals: 0 },
  {
    title: "Breathing rate",
    topic: "vitals",
    parts: [["resp_rate", "Breaths per minute"]],
    units: ["/min"],
    decimals: 0,
  },
  { title: "Peak flow", topic: "vitals", parts: [["peak_flow", "Peak flow"]], units: ["L/min"], decimals: 0 },
  { title: "Waist", topic: "vitals", parts: [["waist", "Waist"]], units: ["cm", "[in_i]"], decimals: 1 },
  { title: "Pain, 0 to 10", topic: "vitals", parts: [["pain", "Pain now"]], units: ["{score}"], decimals: 0 },
];

const localNow = () => {
  const now = new Date();
  return new Date(now.getTime() - now.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
};

/** The form. `may(topic)` says what the person may add; `onStored()` follows a success. */
export function measureForm({ patient, units = {}, may = () => true, onStored }) {
  const entries = ENTRIES.filter((entry) => may(entry.topic));
  if (!entries.length) return null;
  const kind = h(
    "select",
    { id: "measure-kind" },
    entries.map((entry, i) => h("option", { value: String(i) }, entry.title)),
  );
  const values = h("div", { class: "measure-values" });
  const time = h("input", { id: "measure-time", type: "datetime-local", value: localNow() });
  const timeField = field("When", time);
  const note = h("p", { class: "banner", role: "status", hidden: true });
  const submit = h("button", { class: "button", type: "submit" }, "Save");
  let fields = [];
  let unit = null;
  let timeTouched = false;
  time.addEventListener("input", () => (timeTouched = true));

  const choose = () => {
    const entry = entries[Number(kind.value)];
    fields = entry.parts.map(([code, label]) => {
      const input = h("input", {
        id: `measure-${code}`,
        inputmode: "decimal",
        autocomplete: "off",
        required: true,
      });
      const node = field(label, input);
      return { code, input, node };
    });
    const preferred = units[entry.parts[0][0]];
    unit = h(
      "select",
      { id: "measure-unit", "aria-label": "Unit" },
      entry.units.map((code) => h("option", { value: code, selected: code === preferred }, unitText(code))),
    );
    const unitNode =
      entry.units.length > 1
        ? h("div", { class: "field" }, h("label", { for: "measure-unit" }, "Unit"), unit)
        : null;
    values.replaceChildren(...fields.map((item) => item.node), ...(unitNode ? [unitNode] : []));
  };
  kind.addEventListener("change", () => {
    note.hidden = true;
    choose();
  });
  choose();

  const tell = (text, tone) => {
    note.textContent = text;
    note.className = `banner ${tone}`;
    note.hidden = false;
  };

  // The server names what it refuses by place and part: "1.value" is the second value of the pair.
  const refuse = (error) => {
    const rest = [];
    for (const [path, message] of Object.entries(error.fields ?? {})) {
      const [place, part] = path.split(".");
      const text = message.replaceAll(unit.value, unitText(unit.value));
      if (part === "start") timeField.show(text);
      else if (part === "value") fields[Number(place)].node.show(text);
      else rest.push(text);
    }
    if (rest.length || !Object.keys(error.fields ?? {}).length)
      tell(rest.join(" ") || error.message, "danger");
    form.querySelector("[aria-invalid=true]")?.focus();
  };

  const store = async () => {
    note.hidden = true;
    timeField.show(null);
    const numbers = fields.map(({ input, node }) => {
      const value = parseNumber(input.value);
      node.show(value === null ? "Type a number, for example 72." : null);
      return value;
    });
    if (numbers.includes(null)) {
      fields[numbers.indexOf(null)].input.focus();
      return;
    }
    const start = new Date(timeTouched && time.value ? time.value : Date.now()).toISOString();
    try {
      await post(
        `patients/${patient}/observations`,
        fields.map(({ code }, i) => ({ kind: code, value: numbers[i], unit: unit.value, start })),
      );
    } catch (error) {
      refuse(error);
      return;
    }
    const title = entries[Number(kind.value)].title;
    choose();
    timeTouched = false;
    time.value = localNow();
    tell(`${title} saved.`, "good");
    onStored?.();
  };

  const form = h(
    "form",
    { class: "measure", novalidate: true },
    h("div", { class: "field" }, h("label", { for: "measure-kind" }, "Measurement"), kind),
    values,
    timeField,
    note,
    submit,
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    whileBusy(submit, store);
  });
  return form;
}
