// All open goals at a glance, for the first page.

import { get, withQuery } from "../api.js";
import { h } from "../dom.js";
import { catalogue } from "../kinds.js";
import { progressBar } from "./goals.js";
import { goalAim, goalSentences } from "./words.js";

const SENTENCES = 2;

/** A card with a line for each open goal, or nothing; `open(code)` follows a press. */
export async function goalsBoard(patient, { signal, open }) {
  const [{ results }, known] = await Promise.all([
    get(withQuery(`patients/${patient}/goals`, { page_size: 100 }), { signal }),
    catalogue(),
  ]);
  const goals = results.filter((goal) => !goal.ended_at);
  if (!goals.length) return [];
  const item = (goal) => {
    const kind = known.get(goal.kind);
    return h(
      "li",
      { class: "stack goal-line", "data-goal": goal.id },
      h(
        "button",
        { class: "button quiet compact", type: "button", onclick: () => open(goal.kind) },
        `${kind.title}: ${goalAim(goal, kind)}`,
      ),
      progressBar(goal, kind),
      h("p", { class: "soft small" }, goalSentences(goal, kind).slice(0, SENTENCES).join(" ")),
    );
  };
  return [
    h(
      "section",
      { class: "card stack" },
      h("h2", {}, goals.length > 1 ? "Goals" : "Goal"),
      h("ul", { class: "goal-board" }, goals.map(item)),
    ),
  ];
}
