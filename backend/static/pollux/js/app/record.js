// One record: its words, the form that writes them, and the card that lets a person choose between two versions.

import { post, put, remove } from "../api.js";
import { failure, field, h, icon, sureButton, whileBusy } from "../dom.js";
import { day, when, words } from "../format.js";
import { newId } from "../id.js";

export const TYPES = {
  condition: { title: "Conditions", one: "Condition", topic: "records" },
  medication: { title: "Medication", one: "Medication", topic: "medication" },
  allergy: { title: "Allergies", one: "Allergy", topic: "records" },
  immunization: { title: "Immunisations", one: "Immunisation", topic: "records" },
  procedure: { title: "Procedures", one: "Procedure", topic: "records" },
  report: { title: "Reports", one: "Report", topic: "records" },
  observation: { title: "Findings", one: "Finding", topic: "records" },
  activity: { title: "Activities", one: "Activity", topic: "vitals" },
  treatment: { title: "Treatments", one: "Treatment", topic: "glucose" },
  variant: { title: "Gene variants", one: "Gene variant", topic: "genes" },
};
const STATUSES = ["active", "completed", "resolved", "stopped"];

// Said when the device's clock is so far off that it may matter which of two edits counts as the later one.
const CLOCK_AHEAD_S = 60;

const said = (row) => ({
  text: row.text,
  status: row.status,
  system: row.system,
  code: row.code,
  start: row.start,
  end: row.end,
  note: row.note,
});

// A day as people type it has no hour: noon UTC is on that day nearly everywhere.
const asInstant = (date) => (date ? `${date}T12:00:00Z` : null);

/** What stands below a record's name: its state, its days, where it comes from. */
export function recordLine(row) {
  const [start, end] = [row.start, row.end].map((instant) => instant && day(instant));
  const goesOn = row.status === "active" && !end;
  const span = start && end && start !== end ? `${start} to ${end}` : start && goesOn ? `since ${start}` : start || end;
  return [row.status && words(row.status), span, row.source].filter(Boolean).join(" · ");
}

/**
 * The form for a new record, or for `record` when one is given. `may(topic)` says what the person may write;
 * `onStored(message)` follows a success, with something to say about it or null.
 */
export function recordForm({ patient, record = null, may = () => true, onStored, onCancel = null }) {
  const id = record?.id ?? newId();
  const at = (name) => `record-${record ? record.id : "new"}-${name}`;
  const types = Object.entries(TYPES).filter(([, type]) => may(type.topic));
  const type = h(
    "select",
    { id: at("type"), disabled: Boolean(record) },
    types.map(([code, { one }]) => h("option", { value: code, selected: code === record?.type }, one)),
  );
  const text = h("input", {
    id: at("text"),
    value: record?.text ?? "",
    maxlength: "2000",
    autocomplete: "off",
    required: true,
  });
  const statuses = record?.status && !STATUSES.includes(record.status) ? [record.status, ...STATUSES] : STATUSES;
  const status = h(
    "select",
    { id: at("status") },
    h("option", { value: "" }, "Not said"),
    statuses.map((value) => h("option", { value, selected: value === record?.status }, words(value))),
  );
  const start = h("input", { id: at("start"), type: "date", value: record?.start?.slice(0, 10) ?? "" });
  const end = h("input", { id: at("end"), type: "date", value: record?.end?.slice(0, 10) ?? "" });
  const note = h("textarea", { id: at("note"), rows: "3", maxlength: "10000" }, record?.note ?? "");
  const fields = {
    type: field("What kind of record", type),
    text: field("Name", text, { help: "As you or your doctor call it." }),
    status: field("State", status),
    start: field("Since", start),
    end: field("Until", end),
    note: field("Note", note),
  };
  const alert = h("p", { class: "banner danger", role: "alert", hidden: true });
  const submit = h("button", { class: "button", type: "submit" }, record ? "Save changes" : "Add record");

  const refuse = (error) => {
    const rest = [];
    for (const [name, message] of Object.entries(error.fields ?? {}))
      fields[name] ? fields[name].show(message) : rest.push(message);
    if (rest.length || !Object.keys(error.fields ?? {}).length) {
      alert.textContent = rest.join(" ") || error.message;
      alert.hidden = false;
    }
    form.querySelector("[aria-invalid=true]")?.focus();
  };

  const store = async () => {
    alert.hidden = true;
    for (const node of Object.values(fields)) node.show(null);
    if (!text.value.trim()) {
      fields.text.show("Give it a name.");
      return text.focus();
    }
    const written = {
      type: record?.type ?? type.value,
      text: text.value.trim(),
      status: status.value,
      system: record?.system ?? "",
      code: record?.code ?? "",
      // An unchanged day keeps its hour.
      start: start.value === record?.start?.slice(0, 10) ? record.start : asInstant(start.value),
      end: end.value === record?.end?.slice(0, 10) ? record.end : asInstant(end.value),
      note: note.value,
    };
    const edited_at = new Date().toISOString();
    try {
      const answer = record
        ? await put(`patients/${patient}/records/${id}`, { ...written, version: record.version, edited_at })
        : await post(`patients/${patient}/records`, { ...written, id, edited_at });
      onStored(record ? outcomeText(answer) : null);
    } catch (error) {
      refuse(error);
    }
  };

  const drop = async () => {
    try {
      await remove(`patients/${patient}/records/${id}?version=${record.version}`);
      onStored("The record is deleted.");
    } catch (error) {
      refuse(error);
    }
  };

  const form = h(
    "form",
    { class: "stack", novalidate: true },
    h("div", { class: "fields fields-2" }, fields.type, fields.status),
    fields.text,
    h("div", { class: "fields fields-2" }, fields.start, fields.end),
    fields.note,
    alert,
    h(
      "div",
      { class: "actions" },
      submit,
      onCancel && h("button", { class: "button plain", type: "button", onclick: onCancel }, "Cancel"),
      record && sureButton("Delete", "Delete for good?", drop, "button danger"),
    ),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    whileBusy(submit, store);
  });
  return form;
}

function outcomeText({ outcome, clock_ahead }) {
  const clock =
    clock_ahead > CLOCK_AHEAD_S ? "This device's clock is ahead: the time of your change is that of now." : "";
  const fate =
    outcome === "lost" || outcome === "wins"
      ? "Somebody else changed this record meanwhile. Both versions are kept: choose one above."
      : "";
  return [fate, clock].filter(Boolean).join(" ") || null;
}

function versionNode(title, row, by, at, action) {
  return h(
    "div",
    { class: "version" },
    h("p", { class: "soft small" }, title),
    h("strong", {}, row.text),
    h("p", { class: "small" }, recordLine({ ...row, source: "" })),
    row.note && h("p", { class: "version-note" }, row.note),
    h("p", { class: "soft small" }, `${by ?? "An import"}, ${when(at)}`),
    action,
  );
}

/** Two or more versions of one record side by side, and a choice. `lost` are those that do not stand. */
export function conflictCard({ patient, record, lost, may, onSettled }) {
  const note = h("div", { hidden: true });
  const keep = (row) =>
    may(record.topic) &&
    h(
      "button",
      {
        class: "button plain compact",
        type: "button",
        onclick: ({ currentTarget }) =>
          whileBusy(currentTarget, async () => {
            try {
              await put(`patients/${patient}/records/${record.id}`, {
                ...said(row),
                type: record.type,
                version: record.version,
                edited_at: new Date().toISOString(),
                settles: lost.map((version) => version.id),
              });
              onSettled();
            } catch (error) {
              note.replaceChildren(failure(error));
              note.hidden = false;
            }
          }),
      },
      "Keep this one",
    );
  return h(
    "section",
    { class: "card stack conflict", "data-record": record.id },
    h(
      "div",
      { class: "conflict-head" },
      icon("alert"),
      h(
        "div",
        {},
        h("h2", {}, lost.length > 1 ? `${lost.length + 1} versions were written` : "Two versions were written"),
        h(
          "p",
          { class: "soft small" },
          "They were written apart from each other. The later one stands until you choose; none is thrown away.",
        ),
      ),
    ),
    h(
      "div",
      { class: "versions" },
      versionNode("Stands now", record, record.edited_by, record.edited_at, keep(record)),
      lost.map((row) => versionNode("Also written", row, row.edited_by, row.edited_at, keep(row))),
    ),
    note,
  );
}
