// Today's doses by the patient's clock: what is due, what became of each, what may be taken as needed, and the answers.

import { get, withQuery } from "../api.js";
import { failure, field, h, icon, sureButton, whileBusy } from "../dom.js";
import { amountWords, parseNumber, verified } from "../format.js";
import { instantIn, tooSoon, wallClock } from "../timing.js";
import { howOf, medicineOf } from "./plan.js";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
// From so long after its time on a dose is called late, and what is known of it unfolds: a working choice.
const LATE_MS = 60 * MINUTE_MS;

const isOpen = ({ status }) => status === "due" || status === "missed";
const overBy = (dose) => Date.now() - Date.parse(dose.due_at);

/** The dose as it was last said to be on this device. */
function shown(dose, said) {
  if (!said) return dose;
  const { status, taken_at = null, reason = "", amount = null, said_at } = said;
  return { ...dose, status, taken_at, reason, taken_amount: amount, answered_by: null, answered_at: said_at };
}

/** What is known about taking a dose late; asked for when it unfolds, and again when a minute has passed. */
function adviceNode(patient, dose) {
  const told = h("div", { class: "stack small", role: "status" });
  const details = h("details", { class: "small advice" }, h("summary", {}, "What to do when it is late"), told);
  let askedAt = 0;
  details.ask = async () => {
    if (!details.open || Date.now() - askedAt < MINUTE_MS) return;
    askedAt = Date.now();
    try {
      const { advice } = await get(`patients/${patient}/doses/${dose.id}`);
      told.replaceChildren(
        ...(advice
          ? [
              h("p", {}, advice.text),
              h("p", { class: "soft" }, advice.caution),
              h(
                "p",
                { class: "soft" },
                [advice.source && `Source: ${advice.source}`, verified(advice.verification)].filter(Boolean).join(", "),
              ),
            ]
          : [h("p", {}, "There is nothing to say about it any more.")]),
      );
    } catch (error) {
      askedAt = 0;
      told.replaceChildren(failure(error, details.ask));
    }
  };
  details.addEventListener("toggle", details.ask);
  return details;
}

/** Everything that may be said of an open dose beside "taken now". */
function otherwise(dose, { of, zone, tell, onClose }) {
  const at = h("input", {
    id: `dose-${dose.id}-at`,
    type: "datetime-local",
    value: wallClock(zone, Math.min(Date.parse(dose.due_at), Date.now())),
  });
  const amount = h("input", {
    id: `dose-${dose.id}-amount`,
    inputmode: "decimal",
    autocomplete: "off",
    value: dose.amount === null ? "" : String(dose.amount),
  });
  const reason = h("input", { id: `dose-${dose.id}-reason`, maxlength: "200", autocomplete: "off" });
  const fields = {
    at: field("Taken at another time", at),
    amount: field(["How much", dose.unit && `(${dose.unit})`].filter(Boolean).join(" "), amount),
  };
  const taken = h("button", { class: "button compact", type: "submit" }, "Taken then");
  const skipped = h("button", { class: "button plain compact", type: "button" }, "Skipped");
  const form = h(
    "form",
    { class: "stack", novalidate: true },
    h("div", { class: "fields fields-2" }, fields.at, fields.amount),
    h("p", {}, taken),
    field("Skipped, because", reason, { help: "It may stay empty." }),
    h("p", {}, skipped),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const much = amount.value.trim() ? parseNumber(amount.value) : null;
    fields.at.show(at.value ? null : "Give the time.");
    fields.amount.show(amount.value.trim() && much === null ? "Type a number, for example 1." : null);
    if (!at.value || (amount.value.trim() && much === null)) return form.querySelector("[aria-invalid=true]").focus();
    whileBusy(taken, () =>
      tell({ status: "taken", taken_at: instantIn(zone, at.value).toISOString(), amount: much }),
    );
  });
  skipped.addEventListener("click", () =>
    whileBusy(skipped, () => tell({ status: "skipped", reason: reason.value.trim() })),
  );
  const details = h(
    "details",
    { class: "small give" },
    h("summary", { class: "button plain compact", "aria-label": `Something else: ${of}` }, "Something else"),
    form,
  );
  details.addEventListener("toggle", () => details.open || onClose());
  return details;
}

/**
 * Shows today's doses in `holder`; answers a function that shows them afresh. Where nothing is due and nothing may be taken as
 * needed there is nothing.
 */
export function dosesIn(holder, person, { answers, live, signal }) {
  const patient = person.stream;
  const mayAct = person.mayAct("medication");
  // What unfolds under a dose stays as it is when the list is drawn anew.
  const advice = new Map();
  const forms = new Map();
  const note = h("p", { class: "banner", role: "status", hidden: true });
  let found = { doses: [], time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone };
  let needed = null;
  let waits = false;
  let telling = false;

  const clock = (at) =>
    new Date(at).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", timeZone: found.time_zone });
  const dayOf = (at) => wallClock(found.time_zone, at).slice(0, 10);
  const moment = (at) => {
    if (dayOf(at) === dayOf(Date.now())) return clock(at);
    return `${dayOf(at) < dayOf(Date.now()) ? "Yesterday" : "Tomorrow"} ${clock(at)}`;
  };

  const standing = (dose) => {
    const by = dose.answered_by ? ` · said by ${dose.answered_by}` : "";
    if (dose.status === "taken") {
      const differs = dose.taken_amount !== null && dose.taken_amount !== dose.amount;
      return `Taken at ${clock(dose.taken_at)}${differs ? `, ${amountWords(dose.taken_amount, dose.unit)}` : ""}${by}`;
    }
    if (dose.status === "skipped") return `Skipped${dose.reason ? `: ${dose.reason}` : ""}${by}`;
    if (dose.status === "missed") return "Missed. You can still say what became of it.";
    if (overBy(dose) < 0) return `Due at ${clock(dose.due_at)}`;
    return overBy(dose) < LATE_MS ? "Due now" : `Late: it was due at ${clock(dose.due_at)}`;
  };

  const say = (text, tone = "good") => {
    note.textContent = text;
    note.className = `banner ${tone}`;
    note.hidden = false;
  };
  // What is said shows at once, and what the server makes of it once it has it.
  const tell = async (...several) => {
    note.hidden = true;
    telling = true;
    try {
      const results = await answers.say(patient, ...several);
      const caution = results.find((one) => one?.caution)?.caution;
      if (caution) say(`It is kept, but it came too soon. ${caution.reason} It would be time from ${moment(caution.until)} on.`, "caution");
      for (const { dose } of several) forms.delete(dose);
      await show({ answered: true });
    } catch (error) {
      say(error.message, "danger");
    } finally {
      telling = false;
    }
  };

  const actButton = (words, of, className, work) => {
    const node = h("button", { class: `button ${className}`, type: "button", "aria-label": `${words}: ${of}` }, words);
    node.addEventListener("click", () => whileBusy(node, work));
    return node;
  };
  const takenNow = (of) => ({ ...of, status: "taken", taken_at: new Date().toISOString() });

  const doseLine = (dose, said) => {
    const now = shown(dose, said);
    const isLate = isOpen(now) && overBy(now) >= 0;
    if (isLate && !advice.has(dose.id)) {
      const node = adviceNode(patient, dose);
      node.open = overBy(now) >= LATE_MS;
      advice.set(dose.id, node);
    }
    const of = `${dose.medicine}, ${moment(dose.due_at)}`;
    if (!forms.has(dose.id)) {
      const tellOf = (what) => tell({ dose: dose.id, ...what });
      forms.set(dose.id, otherwise(dose, { of, zone: found.time_zone, tell: tellOf, onClose: catchUp }));
    }
    return h(
      "li",
      { class: "line", "data-dose": dose.id, "data-status": now.status },
      icon("pill"),
      h(
        "div",
        {},
        h("strong", {}, medicineOf(dose)),
        dose.is_critical && [" ", h("span", { class: "badge danger" }, "Must not be left out")],
        h("p", {}, [amountWords(dose.amount, dose.unit), dose.instructions].filter(Boolean).join(" · ")),
        h("p", { class: "soft small" }, standing(now), said && " · will be sent when you are online"),
        isLate && advice.get(dose.id),
        mayAct &&
          h(
            "div",
            { class: "line-actions" },
            isOpen(now)
              ? [
                  actButton("Taken", of, overBy(now) < 0 ? "plain compact" : "compact", () =>
                    tell(takenNow({ dose: dose.id })),
                  ),
                  forms.get(dose.id),
                ]
              : actButton("Undo", of, "quiet compact", () => tell({ dose: dose.id, status: "due" })),
          ),
      ),
    );
  };

  const neededLine = (plan, unsent) => {
    const { now, id } = plan;
    const waiting = unsent.filter((one) => one.plan === id);
    const taken = found.doses.filter((dose) => dose.plan === id && dose.as_needed && dose.status === "taken");
    const isGone = (dose) => unsent.some((one) => one.dose === dose.id && one.status === "due");
    const kept = taken.filter((dose) => !isGone(dose));
    const times = [...kept, ...waiting].map((one) => one.taken_at).toSorted();
    const soon = tooSoon(now.timing.asNeeded, times, Date.now());
    const take = () => tell(takenNow({ plan: id }));
    const undo = (at, work) =>
      h(
        "p",
        { class: "small row" },
        `Taken: ${moment(at)}`,
        mayAct && actButton("Undo", `${now.medicine}, ${moment(at)}`, "quiet compact", work),
      );
    const isToday = ({ taken_at: at }) => dayOf(at) === dayOf(Date.now());
    return h(
      "li",
      { class: "line", "data-plan": id },
      icon("pill"),
      h(
        "div",
        {},
        h("strong", {}, medicineOf(now)),
        h("p", {}, [howOf(now), now.instructions].filter(Boolean).join(" · ")),
        kept.filter(isToday).map((dose) => undo(dose.taken_at, () => tell({ dose: dose.id, status: "due" }))),
        waiting.map((one) => [
          undo(one.taken_at, async () => {
            answers.forget(one.key);
            await show({ answered: true });
          }),
          h("p", { class: "soft small" }, "It will be sent when you are online."),
        ]),
        soon && h("p", { class: "small too-soon" }, `Too soon. ${soon.why} Possible again from ${moment(soon.until)} on.`),
        mayAct &&
          h(
            "p",
            { class: "line-actions" },
            soon
              ? sureButton("Take now", "Too soon: did you take it all the same?", take, "button plain compact")
              : actButton("Take now", now.medicine, "compact", take),
          ),
      ),
    );
  };

  const momentNode = (at, doses, said) => {
    const open = doses.filter((dose) => isOpen(shown(dose, said.get(dose.id))) && overBy(dose) >= 0);
    return [
      h(
        "div",
        { class: "row spread" },
        h("h3", {}, moment(at)),
        mayAct &&
          open.length > 1 &&
          actButton("All taken", moment(at), "plain compact", () =>
            tell(...open.map((dose) => takenNow({ dose: dose.id }))),
          ),
      ),
      h("ul", { class: "lines" }, doses.map((dose) => doseLine(dose, said.get(dose.id)))),
    ];
  };

  const refusedNodes = () =>
    answers.refused(patient).map(({ answer, refused }) =>
      h(
        "div",
        { class: "banner danger", role: "alert" },
        icon("alert"),
        h("div", {}, `What you said at ${clock(answer.said_at)} could not be kept: ${refused}`),
        h(
          "button",
          {
            class: "button plain compact",
            type: "button",
            onclick: () => {
              answers.forget(answer.key);
              draw();
            },
          },
          "Close",
        ),
      ),
    );

  /** Of today all, of yesterday what is open or was answered today. */
  const shownDoses = (said) => {
    const [today, yesterday] = [Date.now(), Date.now() - DAY_MS].map(dayOf);
    return found.doses.filter((dose) => {
      if (dose.as_needed) return false;
      const on = dayOf(dose.due_at);
      const now = shown(dose, said.get(dose.id));
      return on === today || (on === yesterday && (isOpen(now) || dayOf(now.answered_at) === today));
    });
  };

  const draw = () => {
    const unsent = answers.unsent(patient);
    const said = new Map(unsent.filter((one) => one.dose).map((one) => [one.dose, one]));
    const moments = Object.entries(Object.groupBy(shownDoses(said), (dose) => dose.due_at));
    const refused = refusedNodes();
    const isEmpty = !moments.length && !needed?.length && !refused.length;
    const active = holder.contains(document.activeElement) ? document.activeElement : null;
    const line = active?.closest("[data-dose], [data-plan]")?.dataset;
    holder.replaceChildren(
      ...(isEmpty
        ? []
        : [
            h(
              "section",
              { class: "card stack", "data-part": "doses", "aria-labelledby": "doses-title" },
              h("h2", { id: "doses-title" }, "Medication today"),
              Intl.DateTimeFormat().resolvedOptions().timeZone !== found.time_zone &&
                h("p", { class: "soft small" }, `Times are by the clock of ${found.time_zone.replaceAll("_", " ")}.`),
              refused,
              note,
              moments.map(([at, doses]) => momentNode(at, doses, said)),
              needed?.length > 0 && [
                h("h3", {}, "As needed"),
                h("ul", { class: "lines" }, needed.map((plan) => neededLine(plan, unsent))),
              ],
            ),
          ]),
    );
    for (const node of advice.values()) if (node.isConnected) node.ask();
    if (line && !active.isConnected) {
      const [name, id] = Object.entries(line).find(([key]) => key === "dose" || key === "plan");
      holder.querySelector(`[data-${name}="${id}"] button`)?.focus({ preventScroll: true });
    }
  };

  const load = async () => {
    if (needed === null) {
      const { results } = await get(withQuery(`patients/${patient}/plans`, { page_size: 200 }), { signal });
      needed = results.filter(({ status, now }) => status === "active" && now.timing?.asNeeded);
    }
    // So far back as a dose as needed matters for the next one; a day more, for zones.
    const gaps = needed.map(({ now }) => now.timing.asNeeded.minimumGapMinutes ?? 0);
    const back = Math.max(DAY_MS, ...gaps.map((gap) => gap * MINUTE_MS)) + DAY_MS;
    const [since, until] = [-back, DAY_MS].map((by) => new Date(Date.now() + by).toISOString().slice(0, 10));
    found = await get(withQuery(`patients/${patient}/doses`, { since, until }), { signal });
  };

  const show = async ({ answered = false } = {}) => {
    // What somebody is writing is not taken away by news.
    waits = !answered && holder.querySelector("details.give[open], [data-asked]") !== null;
    if (waits) return;
    try {
      await load();
    } catch (error) {
      if (error.name === "AbortError") return;
      // Without a connection the last list stands, with what was said since.
      if (error.status) return holder.replaceChildren(failure(error, () => show()));
    }
    draw();
  };
  const catchUp = () => waits && show();

  live.addEventListener(
    "changes",
    ({ detail }) => {
      if (detail.stream === patient && detail.items.some(({ ref }) => ref.startsWith("plan/"))) needed = null;
    },
    { signal },
  );
  answers.addEventListener("sent", () => telling || show(), { signal });
  // What is due becomes late without any news.
  const ticking = setInterval(() => document.visibilityState === "visible" && show(), MINUTE_MS);
  signal.addEventListener("abort", () => clearInterval(ticking));
  return () => show();
}
