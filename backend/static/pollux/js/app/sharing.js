// Sharing: who may see what, giving and taking back, and who has looked.

import { get, post } from "../api.js";
import { empty, failure, field, h, icon, whileBusy } from "../dom.js";
import { when, words } from "../format.js";

const TOPICS = ["vitals", "glucose", "medication", "records", "genes", "mental_health", "messages"];
const LEVELS = [
  ["", "Nothing"],
  ["read", "May see"],
  ["act", "May see and add"],
];

const topicWords = (topics) =>
  Object.entries(topics)
    .map(([topic, level]) => `${words(topic)}${level === "act" ? " (may add)" : ""}`)
    .join(", ");

// What the audit calls its views, in a patient's words.
const VIEWS = {
  snapshot: "latest values",
  "day summaries": "values by day",
  series: "single values",
  sources: "devices and apps",
  uploads: "files",
  live: "live updates",
  "patient page": "your page",
};
const GROUP_MS = 10 * 60_000;
const ACTIONS = {
  read: "Looked at",
  act: "Added or changed",
  grant: "Gave access",
  revoke: "Ended access",
  emergency: "Opened the record",
};

const hasEnded = (grant) =>
  Boolean(grant.revoked_at) || (grant.until !== null && Date.parse(grant.until) <= Date.now());

function grantItem(grant, revoke) {
  const button = h(
    "button",
    { class: "button danger compact", type: "button", onclick: () => revoke(button) },
    "Stop sharing",
  );
  return h(
    "li",
    { class: "line grant", "data-grant": grant.id },
    icon(grant.emergency ? "alert" : grant.to.kind),
    h(
      "div",
      {},
      h("strong", {}, grant.to.name),
      grant.emergency && [" ", h("span", { class: "badge danger" }, "Emergency access")],
      h("p", { class: "soft small" }, topicWords(grant.topics)),
      grant.emergency && h("p", { class: "small" }, `Reason given: ${grant.reason}`),
      grant.until && h("p", { class: "soft small" }, `Until ${when(grant.until)}`),
    ),
    button,
  );
}

/** One visit makes several events; those of one person within ten minutes are one line. */
function visits(events) {
  const found = [];
  for (const event of events) {
    const last = found.at(-1);
    const same =
      last &&
      last.who === event.who &&
      last.action === event.action &&
      last.emergency === event.emergency &&
      last.reason === event.reason;
    if (same && Date.parse(last.earliest) - Date.parse(event.at) < GROUP_MS) {
      last.earliest = event.at;
      last.what.add(event.what);
      for (const topic of event.topics) last.topics.add(topic);
    } else {
      found.push({
        ...event,
        earliest: event.at,
        what: new Set([event.what]),
        topics: new Set(event.topics),
      });
    }
  }
  return found;
}

function visitItem(visit) {
  return h(
    "li",
    { class: "line" },
    icon(visit.emergency ? "alert" : "eye"),
    h(
      "div",
      {},
      h("strong", {}, visit.who),
      visit.emergency && [" ", h("span", { class: "badge danger" }, "Emergency access")],
      h(
        "p",
        { class: "small" },
        `${ACTIONS[visit.action] ?? words(visit.action)}: ${[...visit.what].map((what) => VIEWS[what] ?? what).join(", ")}`,
      ),
      h("p", { class: "soft small" }, [...visit.topics].map(words).join(", ")),
      visit.reason && h("p", { class: "small" }, `Reason given: ${visit.reason}`),
    ),
    h("time", { class: "soft small", datetime: visit.at }, when(visit.at)),
  );
}

function giveForm({ patient, teams, onGiven }) {
  const to = h(
    "select",
    { id: "grant-to" },
    h("option", { value: "" }, "A person, by e-mail"),
    teams.map((team) => h("option", { value: team.id }, `${team.name}, ${team.clinic}`)),
  );
  const email = h("input", { id: "grant-email", type: "email", autocomplete: "off" });
  const emailField = field("Their e-mail address", email);
  const until = h("input", { id: "grant-until", type: "date" });
  const untilField = field("Until (empty: until you stop it)", until);
  const levels = TOPICS.map((topic) => {
    const select = h(
      "select",
      { id: `grant-${topic}`, name: topic },
      LEVELS.map(([value, label]) =>
        h("option", { value, selected: topic === "vitals" && value === "read" }, label),
      ),
    );
    return h("div", { class: "field" }, h("label", { for: select.id }, words(topic)), select);
  });
  const note = h("p", { class: "banner danger", role: "alert", hidden: true });
  const submit = h("button", { class: "button", type: "submit" }, "Share");
  to.addEventListener("change", () => (emailField.hidden = Boolean(to.value)));

  const give = async () => {
    note.hidden = true;
    emailField.show(null);
    const topics = Object.fromEntries(
      levels
        .map((node) => node.querySelector("select"))
        .filter((select) => select.value)
        .map((select) => [select.name, select.value]),
    );
    if (!to.value && (!email.value || !email.validity.valid))
      return emailField.show("Type the e-mail address they log in with.");
    const tell = (text) => {
      note.textContent = text;
      note.hidden = false;
    };
    if (!Object.keys(topics).length) return tell("Choose at least one thing to share.");
    try {
      await post(`patients/${patient}/grants`, {
        ...(to.value ? { team: to.value } : { to_email: email.value }),
        topics,
        ...(until.value && { until: new Date(`${until.value}T23:59:59`).toISOString() }),
      });
    } catch (error) {
      const { to_email: badEmail, until: badUntil, ...others } = error.fields;
      if (badEmail) emailField.show(badEmail);
      untilField.show(badUntil);
      if (!badEmail && !badUntil) tell(Object.values(others).join(" ") || error.message);
      return;
    }
    form.reset();
    form.closest("details").open = false;
    onGiven();
  };

  const form = h(
    "form",
    { class: "stack", novalidate: true },
    h("div", { class: "field" }, h("label", { for: "grant-to" }, "With whom"), to),
    emailField,
    h("fieldset", { class: "fields fields-2" }, h("legend", {}, "What they may see"), levels),
    untilField,
    note,
    submit,
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    whileBusy(submit, give);
  });
  return form;
}

export async function sharing({ person, signal }) {
  const head = h("header", { class: "view-head" }, h("h1", {}, "Sharing"));
  if (!person.own) {
    const topics = person.topics ? topicWords(person.topics) : "";
    return h(
      "div",
      { class: "view" },
      head,
      h(
        "section",
        { class: "card stack" },
        h("h2", {}, `What ${person.name} shares with you`),
        h("p", {}, topics || "Nothing at the moment."),
        h("p", { class: "soft small" }, "Only they can change this. They can see when you looked."),
      ),
    );
  }

  const grants = h("ul", { class: "lines" });
  const showGrants = async () => {
    const { results } = await get(`patients/${person.id}/grants`, { signal });
    const current = results.filter((grant) => !hasEnded(grant));
    grants.replaceChildren(
      ...(current.length
        ? current.map((grant) =>
            grantItem(grant, (button) =>
              whileBusy(button, async () => {
                try {
                  await post(`patients/${person.id}/grants/${grant.id}/revoke`, {});
                  await showGrants();
                } catch (error) {
                  button.closest("li").after(h("li", {}, failure(error)));
                }
              }),
            ),
          )
        : [
            h(
              "li",
              {},
              empty(
                "lock",
                "Only you can see your twin",
                "Share it with somebody you trust, or with your care team.",
              ),
            ),
          ]),
    );
  };

  const looks = h("ul", { class: "lines" });
  const more = h("button", { class: "button quiet", type: "button", hidden: true }, "Show more");
  let next = `patients/${person.id}/audit`;
  const showLooks = async () => {
    const answer = await get(next, { signal });
    looks.append(...visits(answer.results).map(visitItem));
    if (!looks.children.length)
      looks.append(
        h(
          "li",
          {},
          empty(
            "eye",
            "Nobody else has looked",
            "Every look by somebody else is listed here, with the time and what they saw.",
          ),
        ),
      );
    next = answer.next;
    more.hidden = !next;
  };
  more.addEventListener("click", () => whileBusy(more, showLooks));

  const [teams] = await Promise.all([get("teams", { signal }), showGrants(), showLooks()]);
  return h(
    "div",
    { class: "view" },
    head,
    h(
      "section",
      { class: "card stack" },
      h("h2", {}, "Who sees what"),
      grants,
      h(
        "details",
        { class: "give" },
        h("summary", { class: "button plain" }, icon("plus"), "Share with somebody"),
        giveForm({ patient: person.id, teams: teams.results, onGiven: showGrants }),
      ),
    ),
    h("section", { class: "card stack" }, h("h2", {}, "Who looked"), looks, more),
  );
}
