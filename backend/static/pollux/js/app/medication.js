// Medication: what waits to be confirmed, what is taken, how it went, and the usual day. "new" is the form for another
// medicine, any other detail the page of one plan.

import { get, withQuery } from "../api.js";
import { empty, failure, h, icon } from "../dom.js";
import { number } from "../format.js";
import { settled } from "../live.js";
import { adherenceCard } from "./adherence.js";
import { badges, howOf, medicineOf, planPage, spanOf, stockLine } from "./plan.js";
import { planForm } from "./planform.js";
import { routineCard } from "./routine.js";

const AT_ONCE = 200;

async function allPlans(patient, { signal }) {
  const found = [];
  let next = withQuery(`patients/${patient}/plans`, { page_size: AT_ONCE });
  while (next) {
    const page = await get(next, { signal });
    found.push(...page.results);
    next = page.next;
  }
  return found.toSorted((a, b) => medicineOf(a.now).localeCompare(medicineOf(b.now)));
}

function planLine(plan, { today, go }) {
  const isWaiting = plan.status === "waiting";
  return h(
    "li",
    { class: "line", "data-plan": plan.id },
    icon("pill"),
    h(
      "div",
      {},
      h("strong", {}, medicineOf(plan.now)),
      badges(plan, today),
      isWaiting
        ? plan.now.dosage_text && h("p", {}, "As it was written: ", h("q", {}, plan.now.dosage_text))
        : h("p", {}, howOf(plan.now)),
      h("p", { class: "soft small" }, spanOf(plan)),
      plan.status === "active" && stockLine(plan),
    ),
    h(
      "button",
      {
        class: `button ${isWaiting ? "" : "quiet"} compact`,
        type: "button",
        "aria-label": `${isWaiting ? "Confirm" : "Open"} ${medicineOf(plan.now)}`,
        onclick: () => go("medication", plan.id),
      },
      isWaiting ? "Confirm" : "Open",
    ),
  );
}

function newPage({ person, signal, go, today, zone }) {
  return h(
    "div",
    { class: "view narrow" },
    h(
      "button",
      { class: "button quiet compact back", type: "button", onclick: () => go("medication") },
      icon("back"),
      "All medication",
    ),
    h("header", { class: "view-head" }, h("h1", {}, "Add a medicine")),
    h(
      "section",
      { class: "card" },
      planForm({ patient: person.id, today, zone, signal, onStored: ({ id }) => go("medication", id) }),
    ),
  );
}

export async function medication(context) {
  const { person, live, signal, detail, go } = context;
  if (!person.maySee("medication")) {
    return h("div", { class: "view" }, empty("lock", "Not shared", `${person.name} does not share medication with you.`));
  }
  const { since: today, time_zone: zone } = await get(`patients/${person.id}/doses`, { signal });
  if (detail === "new" && person.mayAct("medication")) return newPage({ ...context, today, zone });
  if (detail) return planPage({ ...context, id: detail, today, zone });

  const plans = h("div", { class: "record-groups" });
  const adherence = h("div", {});
  const lines = (list) => h("ul", { class: "lines" }, list.map((plan) => planLine(plan, { today, go })));

  const showPlans = async () => {
    const all = await allPlans(person.id, { signal });
    const of = (status) => all.filter((plan) => plan.status === status);
    const [waiting, active, ended] = ["waiting", "active", "ended"].map(of);
    const unfolded = plans.querySelector("details[open]") !== null;
    plans.replaceChildren(
      ...[
        waiting.length > 0 &&
          h(
            "section",
            { class: "card stack conflict", "aria-labelledby": "waiting-title" },
            h(
              "div",
              { class: "conflict-head" },
              icon("alert"),
              h(
                "div",
                {},
                h("h2", { id: "waiting-title" }, "This needs your confirmation: when do you take it?"),
                h("p", { class: "soft small" }, "It came with your records. Until you say so it reminds you of nothing."),
              ),
            ),
            lines(waiting),
          ),
        h(
          "section",
          { class: "card stack", "aria-labelledby": "plans-title" },
          h("h2", { id: "plans-title" }, person.own ? "What you take" : "What is taken"),
          active.length
            ? lines(active)
            : empty("pill", "Nothing yet", "Add a medicine, and Pollux reminds you when it is due."),
          person.mayAct("medication") &&
            h(
              "button",
              { class: "button plain", type: "button", onclick: () => go("medication", "new") },
              icon("plus"),
              "Add a medicine",
            ),
        ),
        ended.length > 0 &&
          h(
            "details",
            { class: "card", open: unfolded },
            h("summary", {}, `No longer taken (${number(ended.length)})`),
            lines(ended),
          ),
      ].filter(Boolean),
    );
  };
  const showAdherence = async () => adherence.replaceChildren(...[await adherenceCard(person.id, { signal })].filter(Boolean));
  const guarded = (holder, show) => async () => {
    try {
      await show();
    } catch (error) {
      if (error.name !== "AbortError") holder.replaceChildren(failure(error, guarded(holder, show)));
    }
  };
  const showAll = () => Promise.all([guarded(plans, showPlans)(), guarded(adherence, showAdherence)()]);
  const [routine] = await Promise.all([routineCard(person, { signal }), showAll()]);

  const refresh = settled(() => !signal.aborted && showAll());
  const concerns = ({ stream, items }) =>
    stream === person.stream && items.some(({ ref }) => ref.startsWith("plan/") || ref.startsWith("dose/"));
  live.addEventListener("changes", ({ detail: news }) => concerns(news) && refresh(), { signal });
  live.subscribe(person.stream);
  return h(
    "div",
    { class: "view narrow" },
    h("header", { class: "view-head" }, h("h1", {}, "Medication")),
    plans,
    adherence,
    routine,
    person.own &&
      h("p", { class: "small" }, h("a", { href: "#/about" }, "How you are reminded, and when not to be disturbed")),
  );
}
