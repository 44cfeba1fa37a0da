// Records: what is known of the person beside measurements, what she adds herself, and what has to be settled.

import { get, withQuery } from "../api.js";
import { empty, failure, h, icon, whileBusy } from "../dom.js";
import { settled } from "../live.js";
import { TYPES, conflictCard, recordForm, recordLine } from "./record.js";

const SHOWN = 100;
const CONFLICTS_SHOWN = 10;

/** What to ask about the medicines on the list on a sick day; nothing where it holds none that matter then. */
async function sickDays(person, signal) {
  if (!person.maySee("medication")) return "";
  const { when, rules, again } = await get(`patients/${person.id}/sick-days`, { signal });
  if (!rules.length) return "";
  return h(
    "details",
    { class: "card" },
    h("summary", {}, "Your medicines on sick days"),
    h(
      "div",
      { class: "stack" },
      h("p", {}, when),
      rules.map((rule) =>
        h(
          "div",
          {},
          h("strong", {}, rule.title),
          h("p", { class: "soft small" }, rule.medicines.join(", ")),
          h("p", {}, rule.text),
          h("p", { class: "soft small" }, `Said by: ${rule.source}; ${rule.verification}`),
        ),
      ),
      h("p", {}, again),
    ),
  );
}

export async function records({ person, live, signal }) {
  const path = `patients/${person.id}/records`;
  const conflicts = h("div", { class: "stack", "aria-live": "polite" });
  const groups = h("div", { class: "record-groups" });
  const sick = h("div", {});
  const notice = h("p", { class: "banner", role: "status", hidden: true });
  const more = h("button", { class: "button quiet", type: "button", hidden: true }, "Show more");
  let rows = [];
  let next = null;
  let editing = false;

  const tell = (text) => {
    notice.textContent = text ?? "";
    notice.hidden = !text;
  };

  const item = (row) => {
    const line = h("li", { class: "line", "data-record": row.id });
    const may = row.typed_in && person.mayAct(row.topic);
    const edit = () => {
      editing = true;
      const close = async (message) => {
        editing = false;
        await show();
        tell(message);
      };
      line.replaceChildren(
        h(
          "div",
          {},
          recordForm({ patient: person.id, record: row, onStored: close, onCancel: () => close(null) }),
        ),
      );
      line.querySelector("input").focus();
    };
    line.replaceChildren(
      h(
        "div",
        {},
        h("strong", {}, row.text || row.code),
        row.conflicts > 0 && [" ", h("span", { class: "badge caution" }, "Two versions")],
        h("p", { class: "soft small" }, recordLine(row)),
        row.note && h("p", { class: "version-note" }, row.note),
      ),
      may
        ? h(
            "button",
            {
              class: "button quiet compact",
              type: "button",
              "aria-label": `Edit ${row.text}`,
              onclick: edit,
            },
            "Edit",
          )
        : "",
    );
    return line;
  };

  const draw = () => {
    const shown = Object.entries(TYPES).map(([code, { title }]) => {
      const of = rows.filter((row) => row.type === code);
      of.sort((a, b) => (b.start ?? "").localeCompare(a.start ?? ""));
      return of.length
        ? h(
            "section",
            { class: "card stack" },
            h("h2", {}, title),
            h("ul", { class: "lines" }, of.map(item)),
          )
        : null;
    });
    const found = shown.filter(Boolean);
    groups.replaceChildren(
      ...(found.length
        ? found
        : [
            empty(
              "file",
              "No records yet",
              "Conditions, medication and allergies come with a file from your doctor's system, or you add them here.",
            ),
          ]),
    );
    more.hidden = !next;
  };

  const showConflicts = async () => {
    const query = { conflicts: "true", page_size: CONFLICTS_SHOWN };
    const { results } = await get(withQuery(path, query), { signal });
    const cards = results.map(async (record) => {
      const versions = await get(`${path}/${record.id}/versions`, { signal });
      const lost = versions.results.filter((row) => row.lost_at && !row.settled_at);
      return conflictCard({ patient: person.id, record, lost, may: person.mayAct, onSettled: show });
    });
    conflicts.replaceChildren(...(await Promise.all(cards)));
  };

  const show = async () => {
    // What is being typed is never taken away.
    if (editing) return;
    try {
      const [page, onSickDays] = await Promise.all([
        get(withQuery(path, { page_size: Math.min(Math.max(SHOWN, rows.length), 500) }), { signal }),
        sickDays(person, signal),
        showConflicts(),
      ]);
      sick.replaceChildren(onSickDays);
      if (editing) return;
      [rows, next] = [page.results, page.next];
      draw();
    } catch (error) {
      if (error.name !== "AbortError") groups.replaceChildren(failure(error, show));
    }
  };
  more.addEventListener("click", () =>
    whileBusy(more, async () => {
      const page = await get(next, { signal });
      rows = [...rows, ...page.results];
      next = page.next;
      draw();
    }),
  );

  const adding = h("details", { class: "give" });
  const freshForm = () =>
    recordForm({
      patient: person.id,
      may: person.mayAct,
      onStored: async () => {
        adding.open = false;
        adding.lastChild.replaceWith(freshForm());
        tell(null);
        await show();
      },
    });
  const mayAdd = Object.values(TYPES).some(({ topic }) => person.mayAct(topic));
  if (mayAdd) {
    adding.append(h("summary", { class: "button plain" }, icon("plus"), "Add a record"), freshForm());
  }

  await show();
  live.subscribe(person.stream);
  const refresh = settled(show);
  const concerns = ({ stream, items }) =>
    stream === person.stream && items.some(({ ref }) => ref.startsWith("record/"));
  live.addEventListener("changes", ({ detail }) => concerns(detail) && refresh(), { signal });

  return h(
    "div",
    { class: "view" },
    h("header", { class: "view-head" }, h("h1", {}, "Records")),
    conflicts,
    mayAdd && h("section", { class: "card" }, adding),
    notice,
    groups,
    more,
    sick,
  );
}
