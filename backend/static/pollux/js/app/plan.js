// One medication plan: what it says, its stock, a pause, a change, its end, and everything that it has said.

import { get, post, remove } from "../api.js";
import { failure, field, h, icon, sureButton, whileBusy } from "../dom.js";
import { amountWords, day, number, parseNumber, when } from "../format.js";
import { settled } from "../live.js";
import { planForm } from "./planform.js";

export const medicineOf = ({ medicine, strength }) => [medicine, strength].filter(Boolean).join(" ");

/** How much and when: "2 tablets, twice a day at 08:00 and 20:00". */
export const howOf = ({ amount, unit, when: words }) => [amountWords(amount, unit), words].filter(Boolean).join(", ");

/** Since when and until when, or how it ended. */
export function spanOf({ now, status, ended_at: ended, ended_by: by, ending }) {
  if (status === "ended") return `Ended ${day(ended)}${by ? ` by ${by}` : ""}${ending ? `: ${ending}` : ""}`;
  return `Since ${day(now.starts_on)}${now.ends_on ? ` until ${day(now.ends_on)}` : ""}`;
}

/** The pause of a day, if there is one. */
export const pauseOn = (plan, today) =>
  plan.pauses.find(({ since, until }) => since <= today && (until === null || until >= today));

const pauseWords = ({ since, until, reason }) =>
  `Paused ${since ? `since ${day(since)}` : ""} ${until ? `until ${day(until)}` : "until further notice"}${reason ? `: ${reason}` : ""}`;

/** What is at hand and how long it lasts; null where nobody keeps a stock. */
export function stockLine({ stock, now }) {
  if (!stock) return null;
  const left = amountWords(stock.usable, now.unit || "doses");
  const { by_plan: planned, by_habit: usual } = stock;
  const ends = planned?.on ?? usual?.on;
  const isEstimate = !planned?.on && usual?.is_estimate;
  const lasts = ends
    ? ` It runs out on ${day(ends)}${isEstimate ? ", as you took it lately" : ""}.`
    : planned
      ? ` It lasts beyond ${day(planned.until)}.`
      : "";
  return h(
    "p",
    { class: "small" },
    `${left} left.${lasts}`,
    stock.is_low && [" ", h("span", { class: "badge caution" }, "Running low")],
  );
}

export function badges(plan, today) {
  return [
    plan.is_critical && [" ", h("span", { class: "badge danger" }, "Must not be left out")],
    plan.status === "active" && pauseOn(plan, today) && [" ", h("span", { class: "badge" }, "Paused")],
  ];
}

/** A form of few fields that unfolds. `send` raises what is shown below it. */
function unfold(title, { fields, label, send }) {
  const alert = h("p", { class: "banner danger", role: "alert", hidden: true });
  const submit = h("button", { class: "button", type: "submit" }, label);
  const form = h("form", { class: "stack", novalidate: true }, Object.values(fields), alert, submit);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    whileBusy(submit, async () => {
      alert.hidden = true;
      for (const node of Object.values(fields)) node.show?.(null);
      try {
        await send();
      } catch (error) {
        const rest = [];
        for (const [name, message] of Object.entries(error.fields ?? {}))
          fields[name] ? fields[name].show(message) : rest.push(message);
        if (rest.length || !Object.keys(error.fields ?? {}).length) {
          alert.textContent = rest.join(" ") || error.message;
          alert.hidden = false;
        }
        form.querySelector("[aria-invalid=true]")?.focus();
      }
    });
  });
  return h("details", { class: "give" }, h("summary", { class: "button plain" }, title), form);
}

function stockForm(path, done) {
  const move = h(
    "select",
    { id: "stock-move" },
    [
      ["fill", "I fetched so much"],
      ["count", "I counted: so much is there"],
      ["loss", "So much is lost"],
    ].map(([value, label]) => h("option", { value }, label)),
  );
  const amount = h("input", { id: "stock-amount", inputmode: "decimal", autocomplete: "off" });
  const expires = h("input", { id: "stock-expires", type: "date" });
  const expiresField = field("Use before", expires, { help: "It may stay empty." });
  move.addEventListener("change", () => (expiresField.hidden = move.value === "loss"));
  const fields = { move: field("What happened", move), amount: field("How much", amount), expires_on: expiresField };
  return unfold("Stock", {
    fields,
    label: "Save stock",
    send: async () => {
      const much = parseNumber(amount.value);
      if (much === null) return fields.amount.show("Type a number, for example 30.");
      await post(`${path}/stock`, {
        move: move.value,
        amount: much,
        expires_on: (move.value !== "loss" && expires.value) || null,
      });
      await done("The stock is saved.");
    },
  });
}

function pauseForm(path, today, done) {
  const since = h("input", { id: "pause-since", type: "date", value: today, min: today });
  const until = h("input", { id: "pause-until", type: "date", min: today });
  const reason = h("input", { id: "pause-reason", maxlength: "200", autocomplete: "off" });
  const fields = {
    since: field("From", since),
    until: field("Until, this day included", until, { help: "Empty: until further notice." }),
    reason: field("Why", reason, { help: "It may stay empty." }),
  };
  return unfold("Pause", {
    fields,
    label: "Pause it",
    send: async () => {
      if (!since.value) return fields.since.show("Give the first day without it.");
      await post(`${path}/pause`, { since: since.value, until: until.value || null, reason: reason.value.trim() });
      await done("It is paused.");
    },
  });
}

function endForm(path, done) {
  const why = h("input", { id: "end-why", maxlength: "200", autocomplete: "off" });
  return unfold("End", {
    fields: { why: field("Why it ends", why, { help: "It may stay empty. What was taken stays on record." }) },
    label: "End this plan",
    send: async () => {
      await post(`${path}/end`, { why: why.value.trim() });
      await done("The plan has ended.");
    },
  });
}

const versionNode = (version) =>
  h(
    "li",
    { class: "line" },
    h("span", { class: "rank-place num" }, number(version.number)),
    h(
      "div",
      {},
      h("strong", {}, medicineOf(version)),
      h("p", { class: "small" }, howOf(version) || version.dosage_text),
      version.instructions && h("p", { class: "small" }, version.instructions),
      version.override && h("p", { class: "small" }, `Reason given: ${version.override}`),
      h(
        "p",
        { class: "soft small" },
        `${version.written_by ?? "An import"}, ${when(version.written_at)}`,
        version.superseded_at && `, until ${when(version.superseded_at)}`,
      ),
    ),
  );

function says(plan, today) {
  const { now } = plan;
  const pause = pauseOn(plan, today);
  const ahead = plan.pauses.filter(({ since }) => since > today);
  return h(
    "section",
    { class: "card stack", "aria-label": "What the plan says" },
    h("p", {}, howOf(now) || h("q", {}, now.dosage_text), badges(plan, today)),
    now.instructions && h("p", {}, now.instructions),
    now.reason && h("p", { class: "small" }, `For: ${now.reason}`),
    pause && h("p", { class: "small" }, pauseWords(pause)),
    ahead.map((one) => h("p", { class: "small" }, `From ${day(one.since)}: ${pauseWords({ ...one, since: null })}`)),
    stockLine(plan),
    now.findings.map((one) => h("p", { class: "small" }, one.sentence)),
    now.override && h("p", { class: "soft small" }, `Reason given: ${now.override}`),
    h(
      "p",
      { class: "soft small" },
      [spanOf(plan), now.prescriber && `prescribed by ${now.prescriber}`, plan.made_by && `written by ${plan.made_by}`]
        .filter(Boolean)
        .join(" · "),
    ),
  );
}

/** A plan that waits: what it says in its own words, and the question when it is taken. */
function confirmation(plan, { path, form, done }) {
  const { now } = plan;
  const reason = h("textarea", { id: "confirm-override", rows: "2", maxlength: "500" });
  const reasonField = field("Why it is right all the same", reason);
  reasonField.hidden = true;
  const said = h("div", {});
  const yes = h("button", { class: "button", type: "button" }, "Yes, that is right");
  yes.addEventListener("click", () =>
    whileBusy(yes, async () => {
      said.replaceChildren();
      reasonField.show(null);
      try {
        await post(`${path}/confirm`, { override: reason.value.trim() });
        await done("Confirmed.");
      } catch (error) {
        if (error.fields?.override) {
          reasonField.hidden = false;
          reasonField.show(error.fields.override);
          reason.focus();
        } else said.replaceChildren(failure(error));
      }
    }),
  );
  return h(
    "section",
    { class: "card stack conflict", "aria-labelledby": "confirm-title" },
    h(
      "div",
      { class: "conflict-head" },
      icon("alert"),
      h(
        "div",
        {},
        h("h2", { id: "confirm-title" }, "This needs your confirmation: when do you take it?"),
        now.dosage_text && h("p", {}, "As it was written: ", h("q", {}, now.dosage_text)),
        h("p", { class: "soft small" }, "Until you say so it reminds you of nothing."),
      ),
    ),
    now.when && [h("p", {}, "Understood as: ", h("strong", {}, howOf(now))), reasonField, h("p", {}, yes), said],
    now.when
      ? h("details", { class: "give" }, h("summary", { class: "button plain" }, "I take it otherwise"), form)
      : form,
  );
}

/** The page of one plan. */
export async function planPage({ person, live, signal, go, id, today, zone }) {
  const path = `patients/${person.id}/plans/${id}`;
  const mayAct = person.mayAct("medication");
  const title = h("h1", {}, "");
  const notice = h("p", { class: "banner good", role: "status", hidden: true });
  const body = h("div", { class: "record-groups" });

  const done = async (message) => {
    await show();
    notice.textContent = message;
    notice.hidden = false;
  };
  const form = (plan) => planForm({ patient: person.id, plan, today, zone, signal, onStored: () => done("Saved.") });

  const resume = (plan) => {
    const button = sureButton(
      "End the pause",
      "Take it again from now on?",
      async () => {
        try {
          await remove(`${path}/pause`);
          await done("It goes on.");
        } catch (error) {
          button.after(failure(error));
        }
      },
      "button plain",
    );
    return plan.status === "active" && pauseOn(plan, today) ? button : null;
  };

  const actions = (plan) =>
    h(
      "section",
      { class: "card plan-actions", "aria-label": "What you may change" },
      resume(plan),
      lazily("Change", () => form(plan)),
      stockForm(path, done),
      plan.status === "active" && !pauseOn(plan, today) && pauseForm(path, today, done),
      endForm(path, done),
    );

  // What is being typed or asked is never taken away.
  const isBusy = () => body.querySelector("details[open] form, .conflict form, [data-asked]") !== null;
  const show = async ({ news = false } = {}) => {
    const plan = await get(path, { signal });
    if (news && isBusy()) return;
    title.textContent = medicineOf(plan.now);
    const isOpen = plan.status !== "ended";
    body.replaceChildren(
      ...[
        plan.status === "waiting" && mayAct && confirmation(plan, { path, form: form(plan), done }),
        says(plan, today),
        isOpen && mayAct && actions(plan),
        h(
          "details",
          { class: "card" },
          h("summary", {}, `Everything that it has said (${number(plan.versions.length)})`),
          h("ol", { class: "lines", reversed: true }, plan.versions.map(versionNode)),
        ),
      ].filter(Boolean),
    );
  };
  await show();

  const refresh = settled(() => {
    if (signal.aborted || isBusy()) return;
    show({ news: true }).catch((error) => error.name !== "AbortError" && notice.before(failure(error)));
  });
  live.addEventListener(
    "changes",
    ({ detail }) =>
      detail.stream === person.stream && detail.items.some(({ ref }) => ref === `plan/${id}`) && refresh(),
    { signal },
  );
  live.subscribe(person.stream);
  return h(
    "div",
    { class: "view narrow" },
    h(
      "button",
      { class: "button quiet compact back", type: "button", onclick: () => go("medication") },
      icon("back"),
      "All medication",
    ),
    h("header", { class: "view-head" }, title),
    notice,
    body,
  );
}

/** What unfolds is made when it does. */
function lazily(title, make) {
  const details = h("details", { class: "give" }, h("summary", { class: "button plain" }, title));
  details.addEventListener("toggle", () => details.append(make()), { once: true });
  return details;
}
