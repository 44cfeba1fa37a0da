// Sends files and shows how each one's report grows: over the socket, or by asking when it is down.

import { get, postForm, withQuery } from "./api.js";
import { h, icon } from "./dom.js";
import { bytes, day, number, when, words } from "./format.js";

const ASK_MS = 2000;
const SHOWN_AT_ONCE = 4;

const STATUS = {
  received: ["Waiting to be read", ""],
  reading: ["Reading", "accent"],
  stored: ["Stored", "good"],
  partial: ["Stored in part", "caution"],
  refused: ["Not readable", "danger"],
};

// Where the code's own words are not the format's name.
const FORMATS = {
  apple_health: "Apple Health",
  cgm_workbook: "Glucose sensor workbook",
  dexcom_clarity: "Dexcom Clarity",
  fhir: "FHIR",
  fit: "FIT",
  garmin_connect: "Garmin Connect",
  google_fit: "Google Fit",
  health_connect: "Health Connect",
  ihealth: "iHealth",
  libreview: "LibreView",
  omron_csv: "Omron",
  open_mhealth: "Open mHealth",
  plain_csv: "CSV",
  wfdb: "WFDB",
  withings_csv: "Withings",
  "fhir+plain_csv+pollux_export": "Pollux export",
};

/** A format's name; of an archive those of what it held. */
const formatName = (code) =>
  FORMATS[code] ?? code.split("+").map((one) => FORMATS[one] ?? words(one)).join(", ");

const PROBLEMS = {
  unknown_kind: "a measurement that Pollux does not know yet",
  unknown_unit: "a unit that does not fit the measurement",
  out_of_range: "a value no body can have",
  not_a_number: "a value that is not a number",
  bad_time: "a time that cannot be read",
  implausible_time: "a time that cannot be right",
  entered_in_error: "marked by its source as entered in error",
  other_patient: "about another person",
  unsupported_resource: "a part of the record that Pollux does not read yet",
  duplicate_row: "the same row again",
  malformed: "damaged, or not in the format's shape",
  truncated: "the file ends too early",
  not_worn: "the device was not worn",
  error_code: "the device reported an error instead of a value",
  skipped_member: "a file inside the archive that holds no health data Pollux reads",
  unsupported_version: "a version of the format that Pollux does not read",
};

const REMARKS = {
  zone_assumed: (zones) => `Times without a zone were read as ${zones.replaceAll("_", " ")}.`,
  date_order_assumed: (order) => `Dates were read with ${order}.`,
  genome_build: (build) => `Genotypes: ${build}.`,
  variants_read: (counts) => `${counts}.`,
};

const entries = (n) => `${number(n)} ${n === 1 ? "entry" : "entries"}`;

function samplesTable(samples, titles) {
  const span = (entry) =>
    entry.first && h("div", { class: "soft" }, [...new Set([day(entry.first), day(entry.last)])].join(" – "));
  const cell = (n) => h("td", { class: "number" }, number(n));
  return h(
    "div",
    { class: "table-wrap" },
    h(
      "table",
      { class: "small" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          h("th", {}, "Measurement"),
          ["New", "Known", "Refused"].map((title) => h("th", { class: "number" }, title)),
        ),
      ),
      h(
        "tbody",
        {},
        Object.entries(samples).map(([kind, entry]) =>
          h(
            "tr",
            {},
            h("th", { scope: "row" }, titles.get(kind) ?? words(kind), span(entry)),
            cell(entry.stored + entry.replaced),
            cell(entry.known + entry.suppressed),
            cell(entry.refused),
          ),
        ),
      ),
    ),
  );
}

function samplesPart(samples, titles, finished) {
  const tallies = Object.values(samples);
  if (!tallies.length) return null;
  const sum = (name) => tallies.reduce((total, tally) => total + tally[name], 0);
  const fresh = sum("stored") + sum("replaced");
  if (finished && fresh === 0 && sum("refused") === 0)
    return h(
      "p",
      { class: "small soft" },
      `${entries(sum("known"))}, all known already. Nothing was doubled.`,
    );
  return h(
    "details",
    { open: !finished || tallies.length <= SHOWN_AT_ONCE },
    h(
      "summary",
      {},
      `${entries(fresh)} new in ${number(tallies.length)} ${tallies.length === 1 ? "measurement" : "measurements"}`,
    ),
    samplesTable(samples, titles),
  );
}

function recordsLine(records) {
  const types = Object.entries(records);
  if (!types.length) return null;
  const sum = (name) => types.reduce((total, [, entry]) => total + entry[name], 0);
  const text = types.map(
    ([type, entry]) => `${words(type).toLowerCase()} ${number(entry.stored + entry.replaced + entry.known)}`,
  );
  return h(
    "p",
    { class: "small" },
    h("strong", {}, `Records: ${number(sum("stored") + sum("replaced"))} new, ${number(sum("known"))} known`),
    h("span", { class: "soft" }, ` (${text.join(", ")})`),
  );
}

function problemsList(problems, titles) {
  if (!problems.length) return null;
  const total = problems.reduce((sum, problem) => sum + problem.count, 0);
  return h(
    "details",
    {},
    h("summary", {}, `${entries(total)} not taken as ${total === 1 ? "it is" : "they are"}`),
    h(
      "ul",
      { class: "problems" },
      problems.map((problem) =>
        h(
          "li",
          {},
          h("strong", {}, `${number(problem.count)} × `),
          PROBLEMS[problem.code] ?? words(problem.code),
          problem.kind && ` (${titles.get(problem.kind) ?? words(problem.kind)})`,
          problem.example &&
            h(
              "span",
              { class: "soft" },
              ". For example ",
              h("code", {}, problem.example),
              problem.place && `, ${problem.place}`,
            ),
        ),
      ),
    ),
  );
}

function remarksPart(remarks) {
  return remarks.map(({ code, text }) =>
    h("p", { class: "small soft", "data-remark": code }, REMARKS[code]?.(text) ?? `${words(code)}: ${text}`),
  );
}

/** One upload as an article: name, state, what was stored and what was not. `titles` maps kinds to names. */
export function uploadCard(upload, titles = new Map()) {
  const [title, tone] = STATUS[upload.status];
  const { report, finished } = upload;
  const about = [bytes(upload.size), upload.format && formatName(upload.format), when(upload.received_at)];
  return h(
    "article",
    { class: "upload", "data-upload": upload.id, "data-status": upload.status },
    h(
      "div",
      { class: "upload-head" },
      h(
        "div",
        {},
        h("div", { class: "upload-name" }, upload.name),
        h("div", { class: "soft small" }, about.filter(Boolean).join(" · ")),
      ),
      h("span", { class: `badge ${tone}` }, title),
    ),
    !finished && h("progress", { "aria-label": `Reading ${upload.name}` }),
    report.refusal && h("p", { class: "banner danger" }, report.refusal.message),
    samplesPart(report.samples ?? {}, titles, finished),
    recordsLine(report.records ?? {}),
    remarksPart(report.remarks ?? []),
    problemsList(report.problems ?? [], titles),
  );
}

/** Keeps one upload's card current inside `holder` until it is finished or `signal` aborts. */
export function follow(upload, holder, { live, signal, titles, onFinish }) {
  let waiting = 0;
  const show = (current) => {
    upload = current;
    holder.replaceChildren(uploadCard(upload, titles));
    if (!upload.finished) return;
    clearTimeout(waiting);
    live.removeEventListener("progress", onProgress);
  };
  const hear = (current) => {
    if (upload.finished) return;
    show(current);
    if (current.finished) onFinish?.(current);
  };
  const onProgress = ({ detail }) => detail.upload === upload.id && hear(detail);
  // A push may be lost, and the socket may be down: a question now and then finds out all the same.
  const ask = async () => {
    try {
      hear(await get(`uploads/${upload.id}`, { signal }));
    } catch (error) {
      if (error.name === "AbortError" || error.status === 404) return;
    }
    if (!upload.finished) waiting = setTimeout(ask, live.connected ? 5 * ASK_MS : ASK_MS);
  };
  show(upload);
  if (upload.finished) return;
  live.addEventListener("progress", onProgress, { signal });
  signal.addEventListener("abort", () => clearTimeout(waiting));
  ask();
}

/** Sends one file; `key` makes a repeated send one upload; `onProgress(share)` hears how much has gone out. */
export function send(file, patient, { key, signal, onProgress }) {
  const body = new FormData();
  if (patient) body.append("patient", patient);
  body.append("file", file);
  return postForm("uploads", body, { signal, onProgress, headers: { "Idempotency-Key": key } });
}

/** The uploads of a patient, newest first. */
export async function recent(patient, options) {
  return (await get(withQuery("uploads", { patient }), options)).results;
}

/** A place to drop files or to pick them; calls `take(files)`. */
export function dropArea(take) {
  const input = h("input", {
    type: "file",
    id: "upload-file",
    class: "sr-only",
    multiple: true,
    onchange: () => (take([...input.files]), (input.value = "")),
  });
  const area = h(
    "label",
    { class: "drop", for: "upload-file" },
    icon("upload"),
    h("strong", {}, "Choose a file, or drop it here"),
    h(
      "span",
      { class: "soft small" },
      "Apple Health, Garmin, Fitbit, Google Fit, Withings, glucose sensors, health records (FHIR), gene files, tables. Zip files are fine.",
    ),
  );
  for (const name of ["dragenter", "dragover"]) {
    area.addEventListener(name, (event) => {
      event.preventDefault();
      area.classList.add("over");
    });
  }
  area.addEventListener("dragleave", () => area.classList.remove("over"));
  area.addEventListener("drop", (event) => {
    event.preventDefault();
    area.classList.remove("over");
    take([...event.dataTransfer.files]);
  });
  return h("div", { class: "drop-holder" }, input, area);
}
