// Today's doses: what is due and when, what became of each, and the answers, which a missing connection does not lose.

import { get } from "../api.js";
import { failure, field, h, icon, whileBusy } from "../dom.js";
import { amountWords, verified } from "../format.js";
import { say, sendAnswers, unsent } from "./answers.js";

const clock = (iso) => new Date(iso).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
const isOver = (dose) => dose.status === "due" && new Date(dose.due_at) <= new Date();

function standing(dose) {
  const by = dose.answered_by ? ` · said by ${dose.answered_by}` : "";
  if (dose.status === "taken") return `Taken at ${clock(dose.taken_at)}${by}`;
  if (dose.status === "skipped") return `Skipped${dose.reason ? `: ${dose.reason}` : ""}${by}`;
  if (dose.status === "missed") return "Missed. You can still say what became of it.";
  return isOver(dose) ? "Due now" : `Due at ${clock(dose.due_at)}`;
}

function shown(dose, said) {
  if (!said) return dose;
  const { status, taken_at = null, reason = "", amount: taken = null } = said;
  return { ...dose, status, taken_at, reason, taken_amount: taken, answered_by: null };
}

/** What is known about taking it late, asked for when somebody wants to know. */
function advice(patient, dose) {
  const told = h("div", { class: "stack small", role: "status" });
  const details = h("details", { class: "small" }, h("summary", {}, "What to do when it is late"), told);
  details.addEventListener(
    "toggle",
    async () => {
      try {
        const { advice: known } = await get(`patients/${patient}/doses/${dose.id}`);
        told.replaceChildren(
          ...(known
            ? [
                h("p", {}, known.text),
                h("p", { class: "soft" }, known.caution),
                h("p", { class: "soft" }, [known.source, verified(known.verification)].filter(Boolean).join(" · ")),
              ]
            : [h("p", {}, "There is nothing to say about it any more.")]),
        );
      } catch (error) {
        told.replaceChildren(failure(error));
      }
    },
    { once: true },
  );
  return details;
}

function otherwise(dose, tell) {
  const at = h("input", { id: `dose-${dose.id}-at`, type: "time", value: clock(dose.due_at) });
  const reason = h("input", { id: `dose-${dose.id}-reason`, maxlength: "200", autocomplete: "off" });
  const taken = h("button", { class: "button compact", type: "submit" }, "Taken then");
  const skipped = h("button", { class: "button plain compact", type: "button" }, "Skipped");
  const form = h(
    "form",
    { class: "stack", novalidate: true },
    h("div", { class: "row" }, field("Taken at another time", at), taken),
    h("div", { class: "row" }, field("Skipped, because", reason, { help: "It may stay empty." }), skipped),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const [hours, minutes] = at.value.split(":").map(Number);
    const then = new Date(dose.due_at);
    then.setHours(hours, minutes, 0, 0);
    whileBusy(taken, () => tell({ status: "taken", taken_at: then.toISOString() }));
  });
  skipped.addEventListener("click", () =>
    whileBusy(skipped, () => tell({ status: "skipped", reason: reason.value.trim() })),
  );
  return h("details", { class: "small give" }, h("summary", {}, "Something else"), form);
}

function line(dose, { patient, mayAct, again }) {
  const said = unsent(patient).get(dose.id);
  const now = shown(dose, said);
  const note = h("div", { role: "alert" });
  const tell = async (answer) => {
    try {
      await say(patient, { dose: dose.id, ...answer });
    } catch (error) {
      note.replaceChildren(failure(error));
      return;
    }
    await again();
  };
  const button = (words, className, answer) => {
    const node = h("button", { class: `button ${className}`, type: "button", "aria-label": `${words}: ${dose.medicine}` }, words);
    node.addEventListener("click", () => whileBusy(node, () => tell(answer())));
    return node;
  };
  const isOpen = now.status === "due" || now.status === "missed";
  return h(
    "li",
    { class: "line", "data-dose": dose.id, "data-status": now.status },
    icon("pill"),
    h(
      "div",
      {},
      h("strong", {}, dose.medicine),
      dose.is_critical && [" ", h("span", { class: "badge danger" }, "Must not be left out")],
      h("p", {}, [amountWords(dose.amount, dose.unit), dose.instructions].filter(Boolean).join(" · ")),
      h("p", { class: "soft small" }, standing(now), said && " · will be sent when you are online"),
      note,
      mayAct &&
        h(
          "p",
          { class: "line-actions" },
          isOpen
            ? button("Taken", "compact", () => ({ status: "taken", taken_at: new Date().toISOString() }))
            : button("Undo", "quiet compact", () => ({ status: "due" })),
        ),
      mayAct && isOpen && otherwise(dose, tell),
      (isOver(now) || now.status === "missed") && advice(patient, dose),
    ),
  );
}

/** Shows today's doses in `holder`; answers a function that shows them afresh. Without any there is nothing. */
export function dosesIn(holder, person, { signal }) {
  let doses = [];
  const draw = () => {
    const moments = Map.groupBy
      ? Map.groupBy(doses, (dose) => dose.due_at)
      : doses.reduce((found, dose) => found.set(dose.due_at, [...(found.get(dose.due_at) ?? []), dose]), new Map());
    const context = { patient: person.id, mayAct: person.mayAct("medication"), again: () => show({ answered: true }) };
    holder.replaceChildren(
      ...(doses.length
        ? [
            h(
              "section",
              { class: "card stack", "data-part": "doses", "aria-labelledby": "doses-title" },
              h("h2", { id: "doses-title" }, "Medication today"),
              [...moments].map(([at, due]) => [
                h("h3", { class: "dose-moment" }, clock(at)),
                h("ul", { class: "lines" }, due.map((dose) => line(dose, context))),
              ]),
            ),
          ]
        : []),
    );
  };
  const show = async ({ answered = false } = {}) => {
    // What somebody is writing is not taken away by news.
    if (!answered && holder.querySelector("details.give[open] form")?.contains(document.activeElement)) return;
    try {
      ({ doses } = await get(`patients/${person.id}/doses`, { signal }));
    } catch (error) {
      if (error.name === "AbortError") return;
      // Medication that is not shared is no error, and without a connection the last list stands.
      if (error.status && error.status !== 404) return holder.replaceChildren(failure(error, show));
    }
    draw();
  };
  addEventListener(
    "online",
    async () => {
      await sendAnswers(person.id).catch(() => null);
      await show();
    },
    { signal },
  );
  return async () => {
    await sendAnswers(person.id).catch(() => null);
    await show();
  };
}
