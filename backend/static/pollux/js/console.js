// The clinicians' console: charts and sparklines in panels, the list's filter, emergency access, live hints.

import "./chart/chart.js";
import "./sparkline.js";
import { post } from "./api.js";
import { failure, whileBusy } from "./dom.js";
import { unitText, when } from "./format.js";
import { Live, settled } from "./live.js";

/** Instants and units arrive as data and are shown in the reader's own way. */
function dress(root) {
  for (const node of root.querySelectorAll("time[data-when]")) {
    node.title = new Date(node.dateTime).toLocaleString();
    node.textContent = when(node.dateTime);
  }
  for (const node of root.querySelectorAll("[data-unit]")) node.textContent = unitText(node.dataset.unit);
}

function filterList(input) {
  const rows = [...document.querySelectorAll("[data-name]")];
  const none = document.querySelector("#no-match");
  const count = document.querySelector("#match-count");
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const names = rows.map((row) => plain(row.dataset.name));
  input.addEventListener("input", () => {
    const terms = plain(input.value).split(/\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, i) => {
      row.hidden = !terms.every((term) => names[i].includes(term));
      shown += !row.hidden;
    });
    none.hidden = shown > 0;
    count.textContent = terms.length ? `${shown} of ${rows.length}` : "";
  });
}

function emergencyForm(form) {
  const submit = form.querySelector("button[type=submit]");
  const holder = form.querySelector(".form-errors");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    holder.replaceChildren();
    if (!form.reportValidity()) return;
    whileBusy(submit, async () => {
      try {
        const answer = await post("break-glass", Object.fromEntries(new FormData(form)));
        location.assign(form.dataset.patientUrl.replace("00000000-0000-0000-0000-000000000000", answer.patient?.id ?? answer.patient));
      } catch (error) {
        const fields = Object.values(error.fields ?? {}).join(" ");
        holder.replaceChildren(failure(fields ? new Error(fields) : error));
      }
    });
  });
}

function chartPicker(root) {
  for (const select of root.querySelectorAll("select[data-chart]")) {
    const chart = document.getElementById(select.dataset.chart);
    const choose = () => {
      const option = select.selectedOptions[0];
      chart.setAttribute("titles", option.dataset.titles);
      chart.setAttribute("decimals", option.dataset.decimals);
      chart.setAttribute("kinds", option.value);
    };
    select.addEventListener("change", choose);
    choose();
  }
}

/** A tile opens its kind in the chart below. */
function openInChart(event) {
  const tile = event.target.closest("[data-open-kind]");
  const select = document.querySelector("select[data-chart]");
  if (!tile || !select) return;
  const option = [...select.options].find(({ value }) => value.split(",").includes(tile.dataset.openKind));
  if (!option) return;
  select.value = option.value;
  select.dispatchEvent(new Event("change"));
  document.getElementById("panel-chart")?.scrollIntoView({ behavior: "smooth", block: "start" });
}

function followPatient(shell) {
  const live = new Live();
  const refresh = settled(() => {
    for (const panel of document.querySelectorAll("[data-panel-live]")) panel.dispatchEvent(new CustomEvent("refresh"));
  }, 1000);
  live.subscribe(shell.dataset.patient, Number(shell.dataset.seq || 0));
  live.addEventListener("changes", refresh);
}

document.addEventListener("htmx:after:swap", (event) => {
  const root = event.detail.ctx?.target ?? event.target;
  dress(root);
  chartPicker(root);
});
// An error page is never put into a panel; the panel says that it is missing and how to get it.
function panelFailed(event) {
  const panel = event.target.closest?.("[data-panel]");
  const retry = () => panel.dispatchEvent(new CustomEvent("refresh"));
  panel?.querySelector(".panel-body").replaceChildren(failure(new Error("This part could not be loaded."), retry));
}
document.addEventListener("htmx:after:request", (event) => {
  if (event.detail.ctx.response.status < 400) return;
  event.preventDefault();
  panelFailed(event);
});
document.addEventListener("htmx:error", panelFailed);
document.addEventListener("click", openInChart);

dress(document);
chartPicker(document);
const search = document.querySelector("#patient-search");
if (search) filterList(search);
const emergency = document.querySelector("#emergency-form");
if (emergency) emergencyForm(emergency);
const shell = document.querySelector("[data-patient]");
if (shell) followPatient(shell);
