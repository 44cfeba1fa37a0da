// Events of a life: what they are called, the list, and the form that enters one.

import { post, put, remove } from "../api.js";
import { failure, field, h, icon, sureButton, whileBusy } from "../dom.js";
import { day } from "../format.js";

export const ICONS = {
  medicine_started: "pill",
  medicine_changed: "pill",
  medicine_stopped: "pill",
  illness: "illness",
  surgery: "surgery",
  travel: "travel",
  other: "note",
};
const TITLES = {
  medicine_started: "Medicine started",
  medicine_changed: "Medicine changed",
  medicine_stopped: "Medicine stopped",
  illness: "Illness",
  surgery: "Surgery",
  travel: "Travel",
  other: "Something else",
};
const SHOWN = 6;

const topicOf = (type) => (type.startsWith("medicine_") ? "medication" : "records");

/** The event's days: one, or from one to another. */
export function eventDays({ starts_on, ends_on }) {
  return ends_on && ends_on !== starts_on ? `${day(starts_on)} to ${day(ends_on)}` : day(starts_on);
}

/** What an event is called: "Medicine started: Ramipril". */
export const eventTitle = ({ type, text }) => (text ? `${TITLES[type]}: ${text}` : TITLES[type]);

/** An event with its days, as its mark says it. */
export const eventWords = (event) => `${eventDays(event)}: ${eventTitle(event)}`;

/** The form for a new event, or for `event`; `onStored()` follows a success. */
function eventForm({ patient, event = null, may, onStored, onCancel }) {
  const at = (name) => `event-${event?.id ?? "new"}-${name}`;
  const types = Object.keys(TITLES).filter((type) => may(topicOf(type)) || type === event?.type);
  const type = h(
    "select",
    { id: at("type") },
    types.map((code) => h("option", { value: code, selected: code === event?.type }, TITLES[code])),
  );
  const text = h("input", {
    id: at("text"),
    value: event?.text ?? "",
    maxlength: "200",
    autocomplete: "off",
  });
  const starts = h("input", {
    id: at("starts"),
    type: "date",
    value: event?.starts_on ?? "",
    required: true,
  });
  const ends = h("input", { id: at("ends"), type: "date", value: event?.ends_on ?? "" });
  const fields = {
    type: field("What happened", type),
    text: field("Name", text, { help: "Such as the medicine or the place. It may stay empty." }),
    starts_on: field("On, or from", starts),
    ends_on: field("Until", ends),
  };
  const alert = h("div", { hidden: true });
  const submit = h("button", { class: "button", type: "submit" }, event ? "Save changes" : "Add event");
  const store = async () => {
    for (const node of Object.values(fields)) node.show(null);
    alert.hidden = true;
    if (!starts.value) {
      fields.starts_on.show("Say on which day.");
      return starts.focus();
    }
    const written = {
      type: type.value,
      text: text.value.trim(),
      starts_on: starts.value,
      ends_on: ends.value || null,
    };
    try {
      if (event) await put(`patients/${patient}/events/${event.id}`, written);
      else await post(`patients/${patient}/events`, written);
      onStored();
    } catch (error) {
      showErrors(error, fields, alert);
    }
  };
  const form = h(
    "form",
    { class: "stack", novalidate: true },
    h("div", { class: "fields fields-2" }, fields.type, fields.text),
    h("div", { class: "fields fields-2" }, fields.starts_on, fields.ends_on),
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

/** Shows a refusal at the fields it names, the rest in `alert`. */
export function showErrors(error, fields, alert) {
  const rest = [];
  for (const [name, message] of Object.entries(error.fields ?? {}))
    fields[name] ? fields[name].show(message) : rest.push(message);
  if (!rest.length && Object.keys(error.fields ?? {}).length) return;
  alert.replaceChildren(failure(rest.length ? new Error(rest.join(" ")) : error));
  alert.hidden = false;
}

function eventLine({ event, patient, may, onChanged }) {
  const line = h("li", { class: "line", "data-event": event.id });
  const note = h("div", { hidden: true });
  const show = () => {
    const onCancel = () => {
      show();
      line.dispatchEvent(new CustomEvent("given-up", { bubbles: true }));
    };
    const edit = () => {
      line.replaceChildren(h("div", {}, eventForm({ patient, event, may, onStored: onChanged, onCancel })));
      line.querySelector("select").focus();
    };
    const drop = async () => {
      try {
        await remove(`patients/${patient}/events/${event.id}`);
        onChanged();
      } catch (error) {
        note.replaceChildren(failure(error));
        note.hidden = false;
      }
    };
    const mayEdit = !event.lifted && may(topicOf(event.type));
    line.replaceChildren(
      icon(ICONS[event.type]),
      h(
        "div",
        {},
        h("strong", {}, eventTitle(event)),
        h(
          "p",
          { class: "soft small" },
          [
            eventDays(event),
            event.lifted ? "from the records" : event.entered_by && `entered by ${event.entered_by}`,
          ]
            .filter(Boolean)
            .join(" · "),
        ),
        note,
        mayEdit &&
          h(
            "p",
            { class: "line-actions" },
            h(
              "button",
              {
                class: "button quiet compact",
                type: "button",
                onclick: edit,
                "aria-label": `Edit ${eventWords(event)}`,
              },
              "Edit",
            ),
            sureButton("Delete", "Delete for good?", drop),
          ),
      ),
    );
  };
  show();
  return line;
}

/** The card of events, the newest first, with a way to add one for who may. */
export function eventsCard({ patient, events, may, onChanged }) {
  const newest = [...events].sort((a, b) => b.starts_on.localeCompare(a.starts_on));
  const item = (event) => eventLine({ event, patient, may, onChanged });
  const adding = h("details", { class: "give" });
  if (may("records") || may("medication")) {
    const close = () => {
      adding.open = false;
    };
    adding.append(
      h("summary", { class: "button plain compact" }, icon("plus"), "Add an event"),
      eventForm({ patient, may, onStored: onChanged, onCancel: close }),
    );
  }
  return h(
    "section",
    { class: "card stack", "data-part": "events" },
    h("h3", {}, "Events"),
    h(
      "p",
      { class: "soft small" },
      newest.length
        ? "Marks on the time axis. Forecasts become more careful around them."
        : "No events yet. A medicine started or stopped, an illness, surgery or travel can change measurements. Noted here, they stand as marks on the time axis, and forecasts reckon with them.",
    ),
    newest.length > 0 && h("ul", { class: "lines" }, newest.slice(0, SHOWN).map(item)),
    newest.length > SHOWN &&
      h(
        "details",
        {},
        h(
          "summary",
          { class: "small" },
          newest.length === SHOWN + 1 ? "One earlier event" : `${newest.length - SHOWN} earlier events`,
        ),
        h("ul", { class: "lines" }, newest.slice(SHOWN).map(item)),
      ),
    adding.firstChild && adding,
  );
}
