// What the socket brings that needs the person, as cards over the page: the worst first, two at a time, until they are
// closed, answered or over. Nothing is kept here: after a reload the lists of alerts show what is open.

import { get, post, withQuery } from "./api.js";
import { forgetSeen, tellWhenSeen } from "./seen.js";
import { failure, h, icon, whileBusy } from "./dom.js";
import { isGrave, rank } from "./severity.js";

const MOST_SHOWN = 2;
const LATER_MINUTES = 10;
// A reminder says on the page what it may say on a locked screen: that something is due.
const REMINDERS = {
  doses: "Time for your medication",
  missed_critical: "An important dose was not taken",
  low_stock: "A medicine is running out",
  screening: "A check-up is due",
  measurement: "Time to measure",
  visit: "A visit is coming up",
  review: "A decision is to be looked at again",
};
// Clocks differ, and a connection is known to be lost only after a while.
const LOOKS_BACK_MS = 120_000;

// Of the mind not a word stands over the page, where somebody else may be looking on.
const DISCREET = ["mental_health"];

const discreet = (one) => (DISCREET.includes(one.topic) ? { ...one, title: null, text: null } : one);
const isField = (node) => node.matches?.("input, select, textarea, [contenteditable]");

/**
 * Shows in `holder` what `live` brings. `address` gives the page of an alert ({id, patient}), `today` that of
 * a patient's day, `all` that of what waits; `isOwn` tells the reader's own patient id from others', whose name is said.
 */
export function showNotices(live, holder, { address, today, all, isOwn = () => false }) {
  const open = new Map();
  const cards = new Map();
  let lostAt = performance.timeOrigin;

  const close = (id) => {
    const card = cards.get(id);
    const hadFocus = card?.contains(document.activeElement);
    open.delete(id);
    draw();
    if (hadFocus) (holder.querySelector("button") ?? document.querySelector("main")).focus({ preventScroll: true });
  };

  const later = (one) => {
    const said = h("div", { role: "alert" });
    const button = h("button", { class: "button plain compact", type: "button" }, `In ${LATER_MINUTES} minutes`);
    button.addEventListener("click", () =>
      whileBusy(button, async () => {
        try {
          const until = new Date(Date.now() + LATER_MINUTES * 60_000).toISOString();
          await post(`${one.path}/later`, { until });
          close(one.id);
        } catch (error) {
          said.replaceChildren(failure(error));
        }
      }),
    );
    return h("div", {}, button, said);
  };

  const card = (one) => {
    const words = one.title ?? "Something needs you";
    const isReminder = one.kind !== undefined;
    const href = isReminder ? today(one) : address(one);
    const link = h("a", { href, onclick: () => close(one.id) }, words);
    const name = one.patient_name && !isOwn(one.patient) ? one.patient_name : null;
    return h(
      "div",
      {
        class: `notice ${one.severity}`,
        role: isGrave(one) ? "alert" : "status",
        "data-notice": one.id,
      },
      h(
        "p",
        { class: "notice-head" },
        h("span", { class: `severity ${one.severity}` }, isReminder ? "reminder" : one.severity),
        name && h("strong", {}, name),
      ),
      h("p", { class: "notice-title" }, link),
      one.text && h("p", { class: "notice-text small" }, one.text),
      isReminder && later(one),
      h(
        "button",
        {
          class: "button quiet compact notice-close",
          type: "button",
          "aria-label": `Close: ${words}`,
          onclick: () => close(one.id),
        },
        icon("close"),
      ),
    );
  };

  const draw = () => {
    const ordered = [...open.values()].sort((a, b) => rank(b) - rank(a) || b.number - a.number);
    const shown = ordered.slice(0, MOST_SHOWN);
    for (const id of cards.keys()) if (!shown.some((one) => one.id === id)) cards.delete(id);
    for (const one of shown) if (!cards.has(one.id)) cards.set(one.id, card(one));
    const more = ordered.length - shown.length;
    // What stands there already is left in place, or it would be read out again.
    const nodes = shown.map((one) => cards.get(one.id));
    for (const node of [...holder.children]) if (!nodes.includes(node)) node.remove();
    nodes.forEach((node, place) => {
      if (holder.children[place] !== node) holder.insertBefore(node, holder.children[place] ?? null);
    });
    if (more > 0) {
      holder.append(h("p", { class: "notice-more small" }, h("a", { href: all }, `${more} more`)));
    }
    for (const one of shown) {
      tellWhenSeen(cards.get(one.id).querySelector(".notice-title"), one.path);
    }
  };

  let number = 0;
  const show = (one) => {
    const path = one.path ?? `alerts/${one.id}`;
    forgetSeen(path);
    cards.delete(one.id);
    open.set(one.id, { ...one, path, number: number++ });
    draw();
  };

  const wordsOf = async ({ id, patient, severity }) => {
    try {
      return discreet(await get(`patients/${patient}/alerts/${id}`));
    } catch (error) {
      // Without its words it is shown all the same, unless it is gone or no longer shared.
      return error.status === 404 ? null : { id, patient, severity, open: true };
    }
  };
  const waits = (one) => one?.open && !one.acknowledged_by;

  live.addEventListener("notice", async ({ detail }) => {
    if (detail.notice === "reminder") {
      const { reminder: id, patient, kind } = detail;
      const severity = kind === "missed_critical" ? "urgent" : "information";
      show({ id, patient, kind, severity, title: REMINDERS[kind], path: `reminders/${id}` });
      return;
    }
    if (detail.notice !== "alert") return;
    const one = await wordsOf({ ...detail, id: detail.alert });
    if (waits(one)) show(one);
  });

  live.addEventListener("changes", async ({ detail }) => {
    for (const { ref } of detail.items) {
      // A reminder changes when it is over.
      const [what, id] = ref.split("/");
      if (what === "reminder" && open.has(id)) close(id);
      const one = what === "alert" && open.get(id);
      if (one && !waits(await wordsOf(one))) close(one.id);
    }
  });

  // No socket brings again what came while there was none.
  live.addEventListener("state", async ({ detail }) => {
    if (!detail.connected) {
      lostAt = Date.now();
      return;
    }
    const since = new Date(lostAt - LOOKS_BACK_MS).toISOString();
    try {
      const { results } = await get(withQuery("alerts", { waiting: true, told_since: since }));
      for (const one of results.reverse()) if (!open.has(one.id)) show(discreet(one));
    } catch {
      // The lists of alerts show it all the same.
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented || isField(event.target)) return;
    const first = holder.querySelector("[data-notice]");
    if (first) close(first.dataset.notice);
  });
}

/** Shows `banner` for as long as the server says that its clock stands. */
export function showClock(live, banner) {
  live.addEventListener("clock", ({ detail }) => (banner.hidden = detail.goes));
}
