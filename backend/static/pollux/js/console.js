// The clinicians' console: what the panels bring as data becomes tiles, reports and a chart; changes refresh them;
// alerts are answered.

import { post } from "./api.js";
import "./chart/chart.js";
import { tellWhenSeen } from "./seen.js";
import { failure, h, whileBusy } from "./dom.js";
import { unitText, when } from "./format.js";
import { kindTitles } from "./kinds.js";
import { Live, settled } from "./live.js";
import { showClock, showNotices } from "./notices.js";
import { withGlucoseAhead } from "./outlook/glucose.js";
import "./outlook/outlook.js";
import { deviceLine, ordersOf } from "./sources.js";
import { tileBoard, tileCards } from "./tile.js";
import { uploadCard } from "./upload.js";

const data = (element) => JSON.parse(element.querySelector("script").textContent);

/** <twin-tiles>: the snapshot's tiles, given as a JSON script; a press opens the kind in the chart. */
class TwinTiles extends HTMLElement {
  async connectedCallback() {
    const cards = tileCards(data(this));
    const show = (shown) => this.replaceChildren(...tileBoard(shown, { source: true, open: openInChart }));
    show(cards);
    show(await withGlucoseAhead(cards, this.closest("[data-patient]").dataset.patient));
  }
}

/** <upload-card>: one upload's state in its attributes and its report as a JSON script. */
class UploadCard extends HTMLElement {
  async connectedCallback() {
    const { size, received, finished, ...rest } = this.dataset;
    const upload = {
      ...rest,
      received_at: received,
      size: Number(size),
      finished: finished === "yes",
      report: data(this),
    };
    this.replaceChildren(uploadCard(upload, await kindTitles()));
  }
}

/** <twin-sources>: the devices and apps, given as a JSON script. */
class TwinSources extends HTMLElement {
  async connectedCallback() {
    const devices = data(this);
    const titles = await kindTitles();
    const orders = ordersOf(devices).map(([code, sources]) =>
      h(
        "li",
        {},
        h("strong", {}, titles.get(code) ?? code),
        `: ${sources.map(({ name }) => name).join(", ")}`,
        sources.some(({ priority }) => priority !== null)
          ? h("span", { class: "soft" }, " (the patient's order)")
          : null,
      ),
    );
    this.replaceChildren(
      h(
        "ul",
        { class: "lines" },
        devices.map((device) => deviceLine(device, titles)),
      ),
      orders.length
        ? h(
            "details",
            {},
            h("summary", { class: "small" }, "Measured by several"),
            h("ul", { class: "device-orders small" }, orders),
          )
        : "",
    );
  }
}

customElements.define("twin-sources", TwinSources);
customElements.define("twin-tiles", TwinTiles);
customElements.define("upload-card", UploadCard);

/** Instants and units arrive as data and are shown in the reader's own way. */
function dress(root) {
  for (const node of root.querySelectorAll("time[data-when]")) {
    node.title = new Date(node.dateTime).toLocaleString();
    node.textContent = when(node.dateTime);
  }
  for (const node of root.querySelectorAll("[data-unit]")) node.textContent = unitText(node.dataset.unit);
}

function openInChart(card) {
  const select = document.querySelector("#chart-kind");
  if (!select) return;
  select.value = card.kinds.join(",");
  select.dispatchEvent(new Event("change"));
  document.querySelector("#panel-chart").scrollIntoView({ behavior: "smooth", block: "start" });
}

function chartPicker(root) {
  const select = root.querySelector("#chart-kind");
  if (!select) return;
  const chart = document.querySelector("#patient-chart");
  const choose = () => {
    const { titles, decimals } = select.selectedOptions[0].dataset;
    chart.setAttribute("titles", titles);
    chart.setAttribute("decimals", decimals);
    chart.setAttribute("kinds", select.value);
  };
  select.addEventListener("change", choose);
  const outlook = document.querySelector("#patient-outlook");
  const act = outlook.dataset.act.split(" ");
  outlook.reader = { may: (topic) => act.includes(topic), clinician: true, units: {} };
  chart.addEventListener("outlook", ({ detail }) => outlook.show(detail));
  chart.addEventListener("ahead", ({ detail }) => outlook.showAhead(detail));
  outlook.addEventListener("changed", () => chart.start());
  choose();
}

// What a reader has unfolded stays so when the panel is loaded again; an open form is left alone until it is closed.
const unfolded = new Set();
const isBusy = (panel) => panel.querySelector("details[open] form") !== null;

document.addEventListener(
  "toggle",
  ({ target }) => {
    if (!target.id || !target.closest("[data-panel]")) return;
    unfolded[target.open ? "add" : "delete"](target.id);
    const panel = target.closest("[data-panel]");
    if ("missed" in panel.dataset && !isBusy(panel)) reload(panel);
  },
  true,
);

function unfold(root) {
  for (const details of root.querySelectorAll("details[id]")) {
    if (!details.querySelector("form")) details.open = unfolded.has(details.id);
  }
}

function reload(panel) {
  delete panel.dataset.missed;
  panel.dispatchEvent(new CustomEvent("refresh"));
}

/** What the alerts panel shows is told to the server, for those who are to be told of it. */
function tellShown(root) {
  for (const card of root.querySelectorAll("[data-shows]")) {
    tellWhenSeen(card.querySelector("h3"), `alerts/${card.dataset.shows}`);
    delete card.dataset.shows;
  }
}

/** A notice leads to its alert, which is there once its panel is; the first time it is, it is gone to. */
let wanted = location.hash;

function goToAlert() {
  if (!wanted.startsWith("#alert-")) return;
  const alert = document.getElementById(wanted.slice(1));
  if (!alert) return;
  wanted = "";
  alert.scrollIntoView({ block: "start" });
  alert.focus({ preventScroll: true });
}

addEventListener("hashchange", () => {
  wanted = location.hash;
  goToAlert();
});

/** An answer to an alert, by the public API: its form names the path; minutes become an instant. */
async function answerAlert(event) {
  const form = event.target.closest("form[data-answer]");
  if (!form) return;
  event.preventDefault();
  const { minutes, ...given } = Object.fromEntries(new FormData(form));
  if (minutes) given.until = new Date(Date.now() + Number(minutes) * 60_000).toISOString();
  form.querySelector(".banner")?.remove();
  await whileBusy(form.querySelector("[type=submit]"), async () => {
    try {
      await post(form.dataset.answer, given);
      for (const panel of document.querySelectorAll("#panel-alerts, #panel-systems")) reload(panel);
    } catch (error) {
      form.prepend(failure(error));
    }
  });
}

document.addEventListener("submit", answerAlert);

function followPatient(live, patient) {
  const refresh = settled(() => {
    for (const panel of document.querySelectorAll("[data-panel]:not(#panel-chart)")) {
      if (isBusy(panel)) panel.dataset.missed = "";
      else reload(panel);
    }
    document.querySelector("#patient-chart")?.start();
  }, 1500);
  live.subscribe(patient);
  live.addEventListener("changes", refresh);
  live.addEventListener("ended", () => location.reload());
}

// An error page is never put into a panel; the panel says that it is missing and how to get it.
function panelFailed(event) {
  const panel = event.target.closest?.("[data-panel]");
  const retry = () => panel.dispatchEvent(new CustomEvent("refresh"));
  panel
    ?.querySelector(".panel-body")
    .replaceChildren(failure(new Error("This part could not be loaded."), retry));
}

document.addEventListener("htmx:after:request", (event) => {
  if (event.detail.ctx.response.status < 400) return;
  event.preventDefault();
  panelFailed(event);
});
document.addEventListener("htmx:error", panelFailed);
document.addEventListener("htmx:after:swap", ({ detail }) => {
  const root = detail.ctx.target.isConnected ? detail.ctx.target : document;
  dress(root);
  chartPicker(root);
  unfold(root);
  tellShown(root);
  goToAlert();
});

// A panel may have arrived before this script.
dress(document);
chartPicker(document);
tellShown(document);
goToAlert();
const live = new Live();
live.addEventListener("loggedout", () => location.reload());
showNotices(live, document.querySelector("#notices"), {
  address: ({ id, patient }) => `/console/patients/${patient}/#alert-${id}`,
  today: () => "/app/#/today",
  all: "/console/",
});
showClock(live, document.querySelector("#clock-stopped"));
const shell = document.querySelector("[data-patient]");
if (shell) followPatient(live, shell.dataset.patient);
