// Body systems: how each stands at a glance, and a page of one with its reasons, values and scores.

import { get } from "../api.js";
import { empty, failure, h, icon } from "../dom.js";
import { day } from "../format.js";
import { kindTitles } from "../kinds.js";
import { settled } from "../live.js";
import { tileCards, tileNode } from "../tile.js";
import { questionnaireLinks } from "./questionnaires.js";

const ORDER = ["act", "watch", "not_enough_data", "fine"];
const WORDS = { act: "Act", watch: "Watch", not_enough_data: "Not enough data", fine: "Fine" };
const BADGES = { act: " danger", watch: " caution", fine: " good" };
const MEANINGS = {
  act: "Something here calls for attention now.",
  watch: "Something here is worth a look.",
  not_enough_data: "Too little is known to say how it stands.",
  fine: "Nothing stands out.",
};
const ASKED = "mind";

const badge = (state) => h("span", { class: `badge${BADGES[state] ?? ""}` }, WORDS[state]);
const worstFirst = (a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state);

/** All eight as buttons, the worst first; a press opens the one. */
export function systemsGlance(systems, open) {
  return h(
    "ul",
    { class: "glance-systems" },
    [...systems].sort(worstFirst).map((one) =>
      h(
        "li",
        {},
        h(
          "button",
          { class: "glance-system", type: "button", "data-system": one.system, onclick: () => open(one.system) },
          h("span", {}, one.title),
          badge(one.state),
        ),
      ),
    ),
  );
}

function reasons(system) {
  return h(
    "ul",
    { class: "lines" },
    system.reasons.map((reason) => h("li", { class: "line" }, h("div", {}, reason.text), badge(reason.state))),
  );
}

function outlook(system, titles) {
  const trends = system.trends.filter(({ matters }) => matters);
  if (!trends.length && !system.scores.length) return null;
  return h(
    "section",
    { class: "card stack" },
    h("h2", {}, "Scores and outlook"),
    h(
      "ul",
      { class: "reasons" },
      system.scores.map((one) =>
        h("li", {}, `${one.title}: ${one.band} `, h("span", { class: "soft" }, `(${day(one.on)})`)),
      ),
      trends.map((one) => h("li", {}, `${titles.get(one.kind) ?? one.kind} is ${one.direction}, by its forecast.`)),
    ),
  );
}

export async function systems({ person, live, signal, detail, go }) {
  const titles = await kindTitles();
  const holder = h("div", { class: "view" });
  const show = (snapshot) => {
    const system = snapshot.systems.find((one) => one.system === detail);
    const back = h(
      "button",
      { class: "button quiet compact back", type: "button", onclick: () => go("today") },
      icon("back"),
      "Today",
    );
    if (!system) {
      const all = snapshot.systems.length
        ? systemsGlance(snapshot.systems, (code) => go("systems", code))
        : empty("twin", "Nothing is known yet");
      holder.replaceChildren(back, h("header", { class: "view-head" }, h("h1", {}, "Body systems")), all);
      return;
    }
    const cards = tileCards(snapshot.tiles.filter((tile) => tile.system === system.system));
    holder.replaceChildren(
      h(
        "header",
        { class: "view-head" },
        back,
        h("h1", {}, system.title),
        h("p", { class: "row" }, badge(system.state), h("span", { class: "soft" }, MEANINGS[system.state])),
      ),
      h("section", { class: "card stack" }, h("h2", {}, "Why"), reasons(system)),
      cards.length
        ? h(
            "section",
            { "aria-label": "What is measured" },
            h(
              "div",
              { class: "tiles" },
              cards.map((card) => tileNode(card, { onclick: () => go("twin", card.kinds.join(",")) })),
            ),
          )
        : "",
      outlook(system, titles) ?? "",
      system.system === ASKED && person.mayAct("mental_health") ? questionnaireLinks(go) : "",
      h(
        "p",
        { class: "soft small" },
        "By fixed rules over the data that is here. No clinician has reviewed the rules.",
      ),
    );
  };

  const ask = () => get(`patients/${person.id}/snapshot`, { signal });
  const snapshot = await ask();
  show(snapshot);
  live.subscribe(person.stream, snapshot.seq);
  const refresh = settled(async () => {
    try {
      show(await ask());
    } catch (error) {
      if (error.name !== "AbortError") holder.prepend(failure(error));
    }
  });
  live.addEventListener("changes", (event) => event.detail.stream === person.stream && refresh(), { signal });
  return holder;
}
