// The patient's own day by the clock: doses at meals, on waking and at bedtime follow it.

import { get, put } from "../api.js";
import { field, h, whileBusy } from "../dom.js";

const TIMES = [
  ["wake", "Getting up"],
  ["breakfast", "Breakfast"],
  ["lunch", "Lunch"],
  ["dinner", "Dinner"],
  ["bed", "Bedtime"],
];

/** The card with its form; who may not act sees the times alone. */
export async function routineCard(person, { signal }) {
  const path = `patients/${person.id}/routine`;
  const routine = await get(path, { signal });
  const mayAct = person.mayAct("medication");
  const inputs = TIMES.map(([name]) =>
    h("input", { id: `routine-${name}`, type: "time", value: routine[name], disabled: !mayAct, required: true }),
  );
  const fields = Object.fromEntries(TIMES.map(([name, label], place) => [name, field(label, inputs[place])]));
  const said = h("p", { class: "banner", role: "status", hidden: true });
  const submit = h("button", { class: "button plain", type: "submit" }, "Save");
  const say = (text, tone) => {
    said.textContent = text;
    said.className = `banner ${tone}`;
    said.hidden = false;
  };

  const save = async () => {
    said.hidden = true;
    for (const node of Object.values(fields)) node.show(null);
    try {
      await put(path, Object.fromEntries(TIMES.map(([name], place) => [name, inputs[place].value])));
      say("Saved. Doses at meals, on waking and at bedtime follow it.", "good");
    } catch (error) {
      const rest = [];
      for (const [name, message] of Object.entries(error.fields))
        fields[name] ? fields[name].show(message) : rest.push(message);
      if (rest.length || !Object.keys(error.fields).length) say(rest.join(" ") || error.message, "danger");
    }
  };
  const form = h(
    "form",
    { class: "stack", novalidate: true },
    h("div", { class: "fields fields-2" }, Object.values(fields)),
    said,
    mayAct && submit,
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    whileBusy(submit, save);
  });
  return h(
    "details",
    { class: "card", "data-part": "routine" },
    h("summary", {}, person.own ? "Your usual day" : "The usual day"),
    h("p", { class: "soft small" }, "Doses that go with meals, getting up or bedtime are due at these times."),
    form,
  );
}
