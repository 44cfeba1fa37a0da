// The patients' web app: who is logged in, whose twin is open, which view is shown. The address after the
// hash is "#/<view>[/<detail>]" for one's own twin and "#/of/<patient id>/<view>[/<detail>]" for another's.

import { get } from "../api.js";
import { failure, h, icon } from "../dom.js";
import { Live } from "../live.js";
import { showClock, showNotices } from "../notices.js";
import { about } from "./about.js";
import { Answers } from "./answers.js";
import { medication } from "./medication.js";
import { questionnaires } from "./questionnaires.js";
import { records } from "./records.js";
import { sharing } from "./sharing.js";
import { sources } from "./sources.js";
import { systems } from "./systems.js";
import { today } from "./today.js";
import { twin } from "./twin.js";

const VIEWS = { today, systems, questionnaires, twin, medication, records, devices: sources, sharing, about };
const TITLES = {
  today: "Today",
  systems: "Body systems",
  questionnaires: "Questionnaire",
  twin: "My twin",
  medication: "Medication",
  records: "Records",
  devices: "Devices and apps",
  sharing: "Sharing",
  about: "About you",
};
// Views of one topic; who may not see it is not led there.
const TOPICS = { medication: "medication" };

const main = document.querySelector("main");
const nav = document.querySelector("#app-nav");
const people = document.querySelector("#app-people");
const notice = document.querySelector("#app-notice");
const live = new Live();
let me = null;
let answers = null;
let leave = null;

function myself() {
  return {
    id: "me",
    stream: me.patient.id,
    own: true,
    name: me.patient.name,
    firstName: me.patient.name.split(" ")[0],
    maySee: () => true,
    mayAct: () => true,
  };
}

function other(entry) {
  return {
    id: entry.id,
    stream: entry.id,
    own: false,
    name: entry.name,
    topics: entry.topics,
    maySee: (topic) => topic in entry.topics,
    mayAct: (topic) => entry.topics[topic] === "act",
  };
}

function route() {
  const parts = location.hash.replace(/^#\//, "").split("/").map(decodeURIComponent);
  const of = parts[0] === "of" ? parts[1] : null;
  const [view, detail] = of ? parts.slice(2) : parts;
  return { of, view: view in VIEWS ? view : "today", detail };
}

function address(of, view, detail) {
  return `#/${of ? `of/${of}/` : ""}${view}${detail ? `/${encodeURIComponent(detail)}` : ""}`;
}

function whose(of) {
  if (of) return me.looks_after.filter((entry) => entry.id === of).map(other)[0] ?? null;
  if (me.patient) return myself();
  return me.looks_after.length ? other(me.looks_after[0]) : null;
}

function showPeople(person) {
  people.hidden = me.looks_after.length === 0;
  if (people.hidden) return;
  const all = [
    ...(me.patient ? [{ of: null, name: `${me.patient.name} (you)` }] : []),
    ...me.looks_after.map((entry) => ({ of: entry.id, name: entry.name })),
  ];
  const current = person?.own ? null : person?.id;
  const select = people.querySelector("select");
  select.replaceChildren(
    ...all.map(({ of, name }) => h("option", { value: of ?? "", selected: of === current }, name)),
  );
}

function showNav(of, view, person) {
  for (const link of nav.querySelectorAll("a")) {
    link.href = address(of, link.dataset.view);
    link.hidden = Boolean(person) && link.dataset.view in TOPICS && !person.maySee(TOPICS[link.dataset.view]);
    if (link.dataset.view === view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

async function show() {
  if (!me) return;
  leave?.abort();
  leave = new AbortController();
  const { signal } = leave;
  const { of, view: asked, detail } = route();
  const person = whose(of);
  if (of && !person) {
    // Shared no longer, or never was: back to what there is.
    location.hash = address(null, asked);
    return;
  }
  const view = person || asked === "about" ? asked : "about";
  showPeople(person);
  showNav(person && !person.own ? person.id : of, view, person);
  nav.hidden = !person;
  document.title = `${TITLES[view]} · Pollux`;
  const waiting = setTimeout(
    () =>
      main.replaceChildren(
        h(
          "div",
          { class: "view", "aria-busy": "true" },
          h("span", { class: "skeleton" }),
          h("span", { class: "skeleton tall" }),
          h("span", { class: "skeleton taller" }),
        ),
      ),
    120,
  );
  try {
    const go = (name, part, { quiet = false } = {}) => {
      const next = address(person?.own ? null : person?.id, name, part);
      if (quiet) history.replaceState(null, "", next);
      else location.hash = next;
    };
    const node = await VIEWS[view]({ me, person, live, answers, signal, detail, go, reload: start });
    if (signal.aborted) return;
    main.replaceChildren(node);
    // A notice leads to its alert, which is over by now where it does not stand there.
    const asked = detail && main.querySelector(`[data-alert="${CSS.escape(detail)}"]`);
    if (asked) {
      asked.scrollIntoView({ block: "start" });
      asked.focus({ preventScroll: true });
    }
  } catch (error) {
    if (signal.aborted || error.name === "AbortError") return;
    main.replaceChildren(h("div", { class: "view" }, failure(error, show)));
  } finally {
    clearTimeout(waiting);
  }
  if (document.activeElement === document.body) main.focus({ preventScroll: true });
}

async function start(view) {
  try {
    me = await get("me");
  } catch (error) {
    main.replaceChildren(
      h(
        "div",
        { class: "view" },
        failure(error, () => start()),
      ),
    );
    return;
  }
  answers ??= new Answers(me.user.id);
  answers.send();
  if (view && route().view !== view) location.hash = address(null, view);
  else await show();
}

function showConnection() {
  const offline = !navigator.onLine;
  notice.hidden = !offline && live.connected;
  notice.replaceChildren(
    icon("offline"),
    h(
      "span",
      {},
      offline ? "You are offline. What you see may be old." : "Reconnecting. New values may arrive late.",
    ),
  );
}

people.querySelector("select").addEventListener("change", (event) => {
  location.hash = address(event.target.value || null, route().view === "about" ? "today" : route().view);
});
addEventListener("hashchange", () => {
  scrollTo(0, 0);
  show();
});
for (const name of ["online", "offline"]) addEventListener(name, showConnection);
live.addEventListener("state", showConnection);
live.addEventListener("state", ({ detail }) => detail.connected && answers?.send());
live.addEventListener("loggedout", () => location.reload());
live.addEventListener("ended", () => start());
const isOwn = (patient) => patient === me?.patient?.id;
showNotices(live, document.querySelector("#notices"), {
  address: ({ id, patient }) => address(isOwn(patient) ? null : patient, "today", id),
  today: ({ patient }) => address(isOwn(patient) ? null : patient, "today"),
  all: "#/today",
  isOwn,
});
showClock(live, document.querySelector("#clock-stopped"));
// The first connection takes a moment; only a missing one is news.
setTimeout(showConnection, 4000);
start();
