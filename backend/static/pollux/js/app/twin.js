// My twin: every kind's tile, and the chart of the chosen one with its forecast.

import "../chart/chart.js";
import { get } from "../api.js";
import { empty, failure, h } from "../dom.js";
import { settled } from "../live.js";
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

  let cards = tileCards(snapshot.tiles);
  let chosen = cards.find((card) => card.kinds.join(",") === detail) ?? cards[0];
  const title = h("h2", {}, chosen.title);
  const chart = h("twin-chart", { patient: person.id, zone: person.own ? me.patient?.time_zone : null });
  const section = h("section", { class: "card stack twin-chart-card" }, title, chart);
  const tiles = h("section", { class: "stack", "aria-label": "What is measured" });

  const choose = (card) => {
    chosen = card;
    title.textContent = card.title;
    chart.setAttribute("titles", card.titles.join("|"));
    chart.setAttribute("decimals", card.decimals);
    chart.setAttribute("kinds", card.kinds.join(","));
  };
  const show = () => {
    const open = (card) => {
      go("twin", card.kinds.join(","), { quiet: true });
      choose(card);
      show();
      section.scrollIntoView({ block: "start", behavior: "smooth" });
    };
    tiles.replaceChildren(...tileBoard(cards, { open, chosen }));
  };
  choose(chosen);
  show();

  const refresh = settled(async () => {
    try {
      const fresh = await get(`patients/${person.id}/snapshot`, { signal });
      const before = cards.find((card) => card.kind === chosen.kind);
      cards = tileCards(fresh.tiles);
      chosen = cards.find((card) => card.kind === chosen.kind) ?? cards[0];
      show();
      if (before?.at !== chosen.at || before?.text !== chosen.text) chart.start();
    } catch (error) {
      if (error.name !== "AbortError") tiles.before(failure(error));
    }
  });
  live.addEventListener("changes", ({ detail: change }) => change.stream === person.stream && refresh(), {
    signal,
  });

  return h("div", { class: "view" }, head, section, tiles);
}
