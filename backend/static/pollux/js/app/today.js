// Today: open alerts, doses, body systems at a glance, the newest values, goals, suggestions, a measurement to type
// in, a file to hand over.

import { get } from "../api.js";
import { empty, failure, h, icon } from "../dom.js";
import { kindTitles } from "../kinds.js";
import { settled } from "../live.js";
import { withGlucoseAhead } from "../outlook/glucose.js";
import { goalsBoard } from "../outlook/board.js";
import { tileCards, tileNode } from "../tile.js";
import { dropArea, follow, recent, send } from "../upload.js";
import { alertsBoard, openAlerts } from "./alerts.js";
import { dosesIn } from "./doses.js";
import { measureForm } from "./measure.js";
import { suggestionsIn } from "./suggestions.js";
import { systemsGlance } from "./systems.js";

const TILES_SHOWN = 6;

function greeting(now, name) {
  const hour = now.getHours();
  const part =
    hour < 5 ? "Hello" : hour < 12 ? "Good morning" : hour < 18 ? "Good afternoon" : "Good evening";
  return `${part}, ${name}`;
}

/** Newest first, so that what happened today comes before last month's laboratory. */
const byRecency = (cards) => [...cards].sort((a, b) => b.at.localeCompare(a.at));

export async function today({ me, person, live, answers, signal, go }) {
  const tilesHolder = h("div", { class: "tiles latest" });
  const systemsHolder = h("div", {});
  const alertsHolder = h("div", {});

  const showAlerts = async () => {
    // What somebody is writing is not taken away by news.
    if (alertsHolder.querySelector("details[open] textarea")) return;
    try {
      const found = await openAlerts(person.id, { signal });
      const titles = await kindTitles();
      const again = () => {
        alertsHolder.replaceChildren();
        return showAlerts();
      };
      alertsHolder.replaceChildren(...alertsBoard(found, { patient: person.id, person, titles, again }));
    } catch (error) {
      if (error.name !== "AbortError") alertsHolder.replaceChildren(failure(error, showAlerts));
    }
  };

  const showTiles = async () => {
    try {
      const snapshot = await get(`patients/${person.id}/snapshot`, { signal });
      const cards = await withGlucoseAhead(
        byRecency(tileCards(snapshot.tiles)).slice(0, TILES_SHOWN),
        person.id,
        { signal },
      );
      tilesHolder.replaceChildren(
        ...(cards.length
          ? cards.map((card) => tileNode(card, { onclick: () => go("twin", card.kinds.join(",")) }))
          : [
              empty(
                "twin",
                "Nothing measured yet",
                "Type in a first value or hand over a file, and the twin starts here.",
              ),
            ]),
      );
      tilesHolder.classList.toggle("tiles", cards.length > 0);
      systemsHolder.replaceChildren(
        ...(cards.length ? [systemsGlance(snapshot.systems, (code) => go("systems", code))] : []),
      );
      return snapshot.seq;
    } catch (error) {
      if (error.name !== "AbortError") tilesHolder.replaceChildren(failure(error, showTiles));
      return 0;
    }
  };

  const goals = h("div", {});
  const showGoals = async () => {
    try {
      goals.replaceChildren(...(await goalsBoard(person.id, { signal, open: (code) => go("twin", code) })));
    } catch (error) {
      if (error.name !== "AbortError") goals.replaceChildren(failure(error, showGoals));
    }
  };
  const doses = h("div", {});
  const showDoses = person.maySee("medication") ? dosesIn(doses, person, { answers, live, signal }) : () => null;
  const suggestions = h("div", {});
  const showSuggestions = suggestionsIn(suggestions, person, { signal });
  const showAll = () =>
    Promise.all([showTiles(), kindTitles(), showGoals(), showAlerts(), showDoses(), showSuggestions()]);
  const [seq, titles] = await showAll();
  live.subscribe(person.stream, seq);
  const refresh = settled(showAll);
  live.addEventListener("changes", ({ detail }) => detail.stream === person.stream && refresh(), { signal });
  live.addEventListener(
    "notice",
    ({ detail }) => detail.notice === "reminder" && detail.patient === person.stream && showDoses(),
    { signal },
  );

  const form = measureForm({
    patient: person.id,
    units: me.patient?.units,
    may: person.mayAct,
    onStored: refresh,
  });

  const uploads = h("div", { class: "uploads" });
  const list = h("div", {}, uploads);
  const add = (upload, first) => {
    const holder = h("div", {});
    uploads[first ? "prepend" : "append"](holder);
    follow(upload, holder, { live, signal, titles, onFinish: refresh });
  };
  const sendOne = async (file, key) => {
    const gone = h("progress", { max: 1, value: 0, "aria-label": `Sending ${file.name}` });
    const waiting = h("div", { class: "upload" }, h("div", { class: "upload-name" }, file.name), gone);
    uploads.prepend(waiting);
    try {
      const upload = await send(file, person.own ? null : person.id, {
        key,
        signal,
        onProgress: (share) => (gone.value = share),
      });
      waiting.remove();
      uploads.querySelector(`[data-upload="${CSS.escape(upload.id)}"]`)?.parentElement.remove();
      add(upload, true);
    } catch (error) {
      if (error.name === "AbortError") return;
      const again = () => {
        waiting.remove();
        sendOne(file, key);
      };
      waiting.append(failure(error, again));
      gone.remove();
    }
  };
  const take = async (files) => {
    for (const file of files) await sendOne(file, crypto.randomUUID());
  };
  const mayUpload = person.mayAct("records");
  if (mayUpload) {
    recent(person.id, { signal })
      .then((rows) => rows.slice(0, 5).forEach((upload) => add(upload, false)))
      .catch((error) => error.name !== "AbortError" && uploads.append(failure(error)));
  }

  const now = new Date();
  return h(
    "div",
    { class: "view" },
    h(
      "header",
      { class: "view-head" },
      h(
        "p",
        { class: "soft" },
        now.toLocaleDateString(undefined, { weekday: "long", day: "numeric", month: "long" }),
      ),
      h("h1", {}, person.own ? greeting(now, person.firstName) : person.name),
    ),
    alertsHolder,
    doses,
    systemsHolder,
    h("section", { "aria-label": "Latest values" }, tilesHolder),
    goals,
    suggestions,
    h(
      "div",
      { class: "view-columns" },
      form && h("section", { class: "card stack" }, h("h2", {}, "Add a measurement"), form),
      mayUpload &&
        h("section", { class: "card stack" }, h("h2", {}, "Hand over a file"), dropArea(take), list),
    ),
    !form &&
      !mayUpload &&
      h(
        "p",
        { class: "banner" },
        icon("eye"),
        h("span", {}, `You may look at ${person.name}'s values, not add to them.`),
      ),
  );
}
