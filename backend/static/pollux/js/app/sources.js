// Devices: what measures the person, and which counts where several measure the same.

import { get, put } from "../api.js";
import { empty, failure, h, whileBusy } from "../dom.js";
import { number, words } from "../format.js";
import { catalogue } from "../kinds.js";
import { settled } from "../live.js";
import { deviceLine, ordersOf } from "../sources.js";

const MOST_RANKED = 100;

// What an order decides, by how the catalogue lets devices overlap.
const DECIDES = {
  day: "One of them counts each day: the first of these with values.",
  hour: "One of them counts at a time: each hour the first of these with values.",
  together: "The first of these with values on a day counts alone.",
};
const UNDECIDED = {
  day: "One of them counts each day: the one that covers most of it.",
  hour: "One of them counts at a time: the one with most hours of the day, and others where it has none.",
  together: "All of them count together.",
};

const moved = (list, from, to) => {
  const next = [...list];
  next.splice(to, 0, ...next.splice(from, 1));
  return next;
};

/** The devices of one kind in their order; `save(ids)` stores another one. */
function orderCard(code, sources, { kind, may, save }) {
  const title = kind?.title ?? words(code);
  const overlap = kind?.overlap ?? "day";
  const isRanked = sources.some(({ priority }) => priority !== null);
  const button = (text, label, disabled, onclick) =>
    h(
      "button",
      { class: "button quiet compact", type: "button", "aria-label": label, "data-move": text, disabled, onclick },
      text === "up" ? "↑" : "↓",
    );
  const item = (source, place) => {
    const move = (text, by) =>
      button(text, `Move ${source.name} ${text}`, !sources[place + by], ({ currentTarget }) =>
        whileBusy(currentTarget, () =>
          save(
            moved(sources, place, place + by).map(({ id }) => id),
            { id: source.id, text, say: `${source.name} is now ${place + by + 1} of ${sources.length} for ${title}.` },
          ),
        ),
      );
    return h(
      "li",
      { class: "line rank", "data-source": source.id },
      isRanked && h("span", { class: "rank-place num", "aria-hidden": "true" }, number(place + 1)),
      h(
        "div",
        {},
        h("strong", {}, source.name),
        h("p", { class: "soft small" }, `${number(source.count)} ${source.count === 1 ? "value" : "values"}`),
      ),
      may && h("div", { class: "rank-moves" }, move("up", -1), move("down", 1)),
    );
  };
  return h(
    "section",
    { class: "card stack", "data-kind": code, "aria-label": `Order for ${title}` },
    h("h3", {}, title),
    h("p", { class: "soft small" }, (isRanked ? DECIDES : UNDECIDED)[overlap]),
    h(isRanked ? "ol" : "ul", { class: "lines" }, sources.map(item)),
    may &&
      isRanked &&
      h(
        "button",
        {
          class: "button plain compact",
          type: "button",
          onclick: ({ currentTarget }) =>
            whileBusy(currentTarget, () => save([], { say: `${title} has no order of yours any more.` })),
        },
        "Take my order back",
      ),
  );
}

export async function sources({ person, live, signal }) {
  const path = `patients/${person.id}/sources`;
  const kinds = await catalogue();
  const titles = new Map([...kinds].map(([code, { title }]) => [code, title]));
  const spoken = h("p", { class: "sr-only", role: "status" });
  const note = h("div", {});
  const list = h("section", { class: "card" });
  const orders = h("div", { class: "view-columns" });
  const choice = h("span", {}, " You may say which one you trust more.");
  const ordersPart = h(
    "div",
    { class: "stack" },
    h("h2", {}, "Which counts first"),
    h("p", { class: "soft" }, "What two devices measure at once is never added up.", choice),
    orders,
  );

  const save = (code) => async (ids, { id, text, say }) => {
    note.replaceChildren();
    try {
      await put(path, { kind: code, sources: ids.slice(0, MOST_RANKED) });
      await show();
      spoken.textContent = say;
      const line = orders.querySelector(`[data-kind="${code}"] [data-source="${id}"]`);
      // At an end of the list the button that was pressed rests; the other one of its line is next to hand.
      const after = [...(line?.querySelectorAll("button") ?? [])].filter((one) => !one.disabled);
      (after.find((one) => one.dataset.move === text) ?? after[0])?.focus();
    } catch (error) {
      if (!signal.aborted) note.replaceChildren(failure(error));
    }
  };

  const show = async () => {
    const { results } = await get(path, { signal });
    list.replaceChildren(
      results.length
        ? h("ul", { class: "lines" }, results.map((device) => deviceLine(device, titles)))
        : empty("device", "No devices yet", "They appear with the first file or the first sync of a phone."),
    );
    const several = ordersOf(results);
    ordersPart.hidden = several.length === 0;
    choice.hidden = !several.some(([code]) => person.mayAct(kinds.get(code)?.topic));
    orders.replaceChildren(
      ...several.map(([code, ranked]) =>
        orderCard(code, ranked, {
          kind: kinds.get(code),
          may: person.mayAct(kinds.get(code)?.topic),
          save: save(code),
        }),
      ),
    );
  };

  await show();
  const refresh = settled(() => {
    // What is being pressed is not taken from under the finger.
    if (!signal.aborted && !orders.contains(document.activeElement)) show().catch(() => {});
  }, 1500);
  live.addEventListener("changes", ({ detail }) => detail.stream === person.stream && refresh(), { signal });
  live.subscribe(person.stream);
  return h(
    "div",
    { class: "view" },
    h(
      "header",
      { class: "view-head" },
      h("h1", {}, "Devices and apps"),
      h("p", { class: "soft" }, "What measures, when it was last heard of, and what counts."),
    ),
    note,
    list,
    ordersPart,
    spoken,
  );
}
