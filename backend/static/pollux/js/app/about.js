// About you: the few particulars that a twin needs, for a new account and for later changes.

import { put } from "../api.js";
import { field, h, whileBusy } from "../dom.js";
import { exportCard } from "./export.js";
import { remindingCard } from "./reminding.js";
import { zoneSelect, zonesCard } from "./zones.js";

const SEXES = [
  ["female", "Female"],
  ["male", "Male"],
  ["other", "Other"],
  ["unknown", "I would rather not say"],
];
const GLUCOSE = [
  ["mg/dL", "mg/dL"],
  ["mmol/L", "mmol/L"],
];
const WEIGHT = [
  ["kg", "kg"],
  ["[lb_av]", "lb"],
];
const TEMPERATURE = [
  ["Cel", "°C"],
  ["[degF]", "°F"],
];

const select = (id, options, current) =>
  h(
    "select",
    { id },
    options.map(([value, label]) => h("option", { value, selected: value === current }, label)),
  );

export async function about({ me, live, reload, signal }) {
  const patient = me.patient ?? {};
  const units = patient.units ?? {};
  const zone = patient.time_zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  const controls = {
    name: h("input", {
      id: "about-name",
      autocomplete: "name",
      value: patient.name ?? me.user.name ?? "",
      required: true,
    }),
    birth_date: h("input", {
      id: "about-birth-date",
      type: "date",
      autocomplete: "bday",
      value: patient.birth_date ?? "",
      max: new Date().toISOString().slice(0, 10),
      required: true,
    }),
    sex: select("about-sex", SEXES, patient.sex ?? "unknown"),
    time_zone: zoneSelect("about-zone", zone),
    glucose: select("about-glucose", GLUCOSE, units.glucose),
    weight: select("about-weight", WEIGHT, units.weight),
    temperature: select("about-temperature", TEMPERATURE, units.temperature),
  };
  const fields = {
    name: field("Name", controls.name),
    birth_date: field("Date of birth", controls.birth_date),
    sex: field("Sex", controls.sex, {
      help: "As your medical records have it. Reference ranges depend on it.",
    }),
    // Later moves have a card of their own.
    ...(!me.patient && {
      time_zone: field("Time zone", controls.time_zone, { help: "Your days begin and end here." }),
    }),
  };
  const note = h("p", { class: "banner danger", role: "alert", hidden: true });
  const submit = h("button", { class: "button", type: "submit" }, me.patient ? "Save" : "Start my twin");

  const save = async () => {
    note.hidden = true;
    for (const node of Object.values(fields)) node.show(null);
    if (!controls.name.value.trim()) return fields.name.show("Type your name.");
    if (!controls.birth_date.value) return fields.birth_date.show("Give your date of birth.");
    try {
      await put("me/patient", {
        name: controls.name.value.trim(),
        birth_date: controls.birth_date.value,
        sex: controls.sex.value,
        ...(!me.patient && { time_zone: controls.time_zone.value }),
        locale: patient.locale ?? navigator.language,
        units: {
          glucose: controls.glucose.value,
          weight: controls.weight.value,
          temperature: controls.temperature.value,
        },
      });
    } catch (error) {
      const rest = [];
      for (const [name, message] of Object.entries(error.fields))
        fields[name] ? fields[name].show(message) : rest.push(message);
      if (rest.length || !Object.keys(error.fields).length) {
        note.textContent = rest.join(" ") || error.message;
        note.hidden = false;
      }
      return;
    }
    await reload("today");
  };

  const form = h(
    "form",
    { class: "stack", novalidate: true },
    Object.values(fields),
    h(
      "fieldset",
      { class: "fields fields-2" },
      h("legend", {}, "Units you think in"),
      h("div", { class: "field" }, h("label", { for: "about-glucose" }, "Glucose"), controls.glucose),
      h("div", { class: "field" }, h("label", { for: "about-weight" }, "Weight"), controls.weight),
      h(
        "div",
        { class: "field" },
        h("label", { for: "about-temperature" }, "Temperature"),
        controls.temperature,
      ),
    ),
    note,
    submit,
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    whileBusy(submit, save);
  });
  return h(
    "div",
    { class: "view narrow" },
    h(
      "header",
      { class: "view-head" },
      h("h1", {}, "About you"),
      !me.patient &&
        h(
          "p",
          { class: "soft" },
          "Four things, then your twin can start. Only you see them until you share.",
        ),
    ),
    h("section", { class: "card" }, form),
    me.patient &&
      (await zonesCard({
        signal,
        onChange: (now) => {
          me.patient.time_zone = now;
        },
      })),
    (me.patient || me.looks_after.length > 0) && (await remindingCard({ signal })),
    me.patient && (await exportCard({ stream: me.patient.id, live, signal })),
    h(
      "nav",
      { class: "card links", "aria-label": "Account" },
      h("h2", {}, "Account"),
      h("a", { href: "/accounts/2fa/" }, "Security: authenticator app, passkeys, recovery codes"),
      h("a", { href: "/accounts/sessions/" }, "Where you are logged in"),
      h("a", { href: "/accounts/email/" }, "E-mail addresses"),
      h("a", { href: "/accounts/password/change/" }, "Password"),
      h("a", { href: "/accounts/logout/" }, "Log out"),
    ),
  );
}
