// Where one lives by the clock: the zones of a life and the moves between them, kept as one list.

import { get, put } from "../api.js";
import { field, h, whileBusy } from "../dom.js";
import { words } from "../format.js";
import { wallClock } from "../timing.js";

const PATH = "patients/me/zones";

const readable = (zone) => zone.replaceAll("_", " ");

/** A select of all time zones. */
export function zoneSelect(id, current) {
  const known = Intl.supportedValuesOf("timeZone");
  const offered = known.includes(current) ? known : [current, ...known];
  return h(
    "select",
    { id },
    offered.map((zone) => h("option", { value: zone, selected: zone === current }, readable(zone))),
  );
}

function sinceText(stay) {
  if (!stay.since) return "from the beginning";
  const options = { timeZone: stay.time_zone, dateStyle: "medium", timeStyle: "short" };
  return `since ${new Date(stay.since).toLocaleString(undefined, options)}`;
}

/** A form for one stay, new or known; `save(stay)` raises what is shown. The first stay has no beginning. */
function stayForm(id, stay, label, save) {
  const zone = zoneSelect(`${id}-zone`, stay.time_zone);
  const since = h("input", {
    id: `${id}-since`,
    type: "datetime-local",
    value: stay.since ? wallClock(stay.time_zone, stay.since) : "",
    required: true,
  });
  const isFirst = stay.since === null;
  const sinceField = field("Since", since, { help: "By the clock there, on arrival." });
  const note = h("p", { class: "banner danger", role: "alert", hidden: true });
  const submit = h("button", { class: "button", type: "submit" }, label);
  const form = h(
    "form",
    { class: "stack", novalidate: true },
    field("Time zone", zone),
    !isFirst && sinceField,
    note,
    submit,
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    whileBusy(submit, async () => {
      note.hidden = true;
      sinceField.show(null);
      if (!isFirst && !since.value) return sinceField.show("Give the day and time of your arrival.");
      try {
        await save({ time_zone: zone.value, since: isFirst ? null : since.value });
      } catch (error) {
        note.textContent = Object.values(error.fields).join(" ") || error.message;
        note.hidden = false;
      }
    });
  });
  return form;
}

/** The card with the patient's stays, the newest first; `onChange(zone)` hears in which zone one is now. */
export async function zonesCard({ signal, onChange }) {
  const { stays } = await get(PATH, { signal });
  const body = h("div", { class: "stack" });

  const keep = async (changed) => {
    const answer = await put(PATH, { stays: changed });
    onChange(answer.stays.at(-1).time_zone);
    show(answer.stays);
  };

  const item = (all, stay, place) => {
    const others = all.filter((_, other) => other !== place);
    const name = `${readable(stay.time_zone)}, ${sinceText(stay)}`;
    const note = h("p", { class: "banner danger", role: "alert", hidden: true });
    const remove = h(
      "button",
      { class: "button danger compact", type: "button", "aria-label": `Remove ${name}` },
      "Remove",
    );
    remove.addEventListener("click", () =>
      whileBusy(remove, async () => {
        try {
          await keep(others);
        } catch (error) {
          note.textContent = error.message;
          note.hidden = false;
        }
      }),
    );
    return h(
      "li",
      { class: "line stay" },
      h(
        "div",
        {},
        h("strong", {}, readable(stay.time_zone)),
        h("p", { class: "soft small" }, words(sinceText(stay))),
        h(
          "details",
          { class: "give" },
          h("summary", { class: "button plain compact", "aria-label": `Correct ${name}` }, "Correct"),
          stayForm(`stay-${place}`, stay, "Save correction", (corrected) => keep([...others, corrected])),
        ),
        note,
      ),
      others.length > 0 && remove,
    );
  };

  const show = (all) => {
    const here = all.at(-1).time_zone;
    body.replaceChildren(
      h("ul", { class: "lines" }, all.map((stay, place) => item(all, stay, place)).reverse()),
      h(
        "details",
        { class: "give" },
        h("summary", { class: "button plain" }, "Add a move or a journey"),
        stayForm("stay-new", { time_zone: here }, "Add", (added) => keep([...all, added])),
      ),
    );
  };

  show(stays);
  return h(
    "section",
    { class: "card stack", "aria-labelledby": "zones-title" },
    h("h2", { id: "zones-title" }, "Where you live by the clock"),
    h(
      "p",
      { class: "soft small" },
      "Your days begin and end at midnight there. Files that name no time zone are read by it.",
    ),
    body,
  );
}
