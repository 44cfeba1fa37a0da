// My twin: every kind's tile, and the chart of the chosen one with its forecast.

import "../chart/chart.js";
import "../outlook/outlook.js";
import { get } from "../api.js";
import { empty, failure, h } from "../dom.js";
import { settled } from "../live.js";
import { withGlucoseAhead } from "../outlook/glucose.js";
import { tileBoard, tileCards } from "../tile.js";

export async function twin({ me, person, live, signal, detail, go }) {
  const snapshot = await get(`patients/${person.id}/snapshot`, { signal });
  live.subscribe(person.stream, snapshot.seq);
  const head = h("header", { class: "view-head" }, h("h1", {}, person.own ? "My twin" : person.name));
  if (!snapshot.tiles.length) {
    return h(
      "div",
      { class: "view" },
      head,
      empty(
        "twin",
        "The twin is still empty",
        "It grows with the first measurement or file, on the Today page.",
      ),
    );
  }

  const cardsOf = (tiles) => withGlucoseAhead(tileCards(tiles), person.id, { signal });
  let cards = await cardsOf(snapshot.tiles);
  let chosen = cards.find((card) => card.kinds.join(",") === detail) ?? cards[0];
  const title = h("h2", { class: "sr-only" }, chosen.title);
  const chart = h("twin-chart", { patient: person.id, zone: person.own ? me.patient?.time_zone : null });
  const picker = h("select", { class: "kind-picker", "aria-label": "Measurement" });
  picker.addEventListener("change", () => open(cards[Number(picker.value)]));
  const section = h("section", { class: "card stack twin-chart-card" }, title, picker, chart);
  const outlook = h("twin-outlook", { hidden: true });
  outlook.reader = { may: person.mayAct, clinician: false, units: me.patient?.units ?? {} };
  chart.addEventListener("outlook", ({ detail }) => outlook.show(detail));
  chart.addEventListener("ahead", ({ detail }) => outlook.showAhead(detail));
  outlook.addEventListener("changed", () => chart.start());
  const tiles = h("section", { class: "stack", "aria-label": "What is measured" });

  const choose = (card) => {
    chosen = card;
    title.textContent = card.title;
    chart.setAttribute("titles", card.titles.join("|"));
    chart.setAttribute("decimals", card.decimals);
    chart.setAttribute("kinds", card.kinds.join(","));
  };
  const open = (card) => {
    go("twin", card.kinds.join(","), { quiet: true });
    choose(card);
    show();
    section.scrollIntoView({ block: "start", behavior: "smooth" });
  };
  const show = () => {
    picker.replaceChildren(
      ...cards.map((card, i) =>
        h("option", { value: String(i), selected: card.kind === chosen.kind }, card.title),
      ),
    );
    tiles.replaceChildren(...tileBoard(cards, { open, chosen }));
  };
  choose(chosen);
  show();

  // What the picture shows beside values: the push names them, the tiles do not.
  let touched = false;
  const concerns = ({ ref }) => {
    const [what, code] = ref.split("/");
    return what === "forecast" || what === "crossing" || what === "days"
      ? chosen.kinds.includes(code)
      : ["goal", "threshold", "event"].includes(what);
  };
  const refresh = settled(async () => {
    try {
      const fresh = await get(`patients/${person.id}/snapshot`, { signal });
      const before = cards.find((card) => card.kind === chosen.kind);
      cards = await cardsOf(fresh.tiles);
      chosen = cards.find((card) => card.kind === chosen.kind) ?? cards[0];
      show();
      if (touched || before?.at !== chosen.at || before?.text !== chosen.text) chart.start();
      touched = false;
    } catch (error) {
      if (error.name !== "AbortError") tiles.before(failure(error));
    }
  });
  live.addEventListener(
    "changes",
    ({ detail: { stream, items } }) => {
      if (stream !== person.stream) return;
      touched ||= items.some(concerns);
      refresh();
    },
    { signal },
  );

  return h("div", { class: "view" }, head, section, outlook, tiles);
}
