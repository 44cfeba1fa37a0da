// How a person is reminded, of whomever: by what first, when not, how long before, and whether medicines are named.

import { get, put } from "../api.js";
import { field, h, whileBusy } from "../dom.js";
import { parseNumber } from "../format.js";

const PATH = "reminders/preferences";
const CHANNELS = {
  live: "Pages of Pollux that are open",
  web_push: "Notifications of this browser",
  push_gateway: "The app on your phone",
  email: "Mail",
};

/** An ordered list of channels, each to be used or not; `value()` are those in use, in their order. */
function channelOrder(used) {
  let order = [...used, ...Object.keys(CHANNELS).filter((name) => !used.includes(name))];
  const inUse = new Set(used);
  const spoken = h("p", { class: "sr-only", role: "status" });
  const list = h("ol", { class: "lines" });
  const move = (place, by) => {
    const name = order[place];
    order = order.toSpliced(place, 1).toSpliced(place + by, 0, name);
    draw();
    spoken.textContent = `${CHANNELS[name]} is now ${place + by + 1} of ${order.length}.`;
    const buttons = [...list.children[place + by].querySelectorAll("button:not([disabled])")];
    (buttons.find((one) => one.dataset.by === String(by)) ?? buttons[0])?.focus();
  };
  const button = (place, by, word) =>
    h(
      "button",
      {
        class: "button quiet compact",
        type: "button",
        "aria-label": `Move ${CHANNELS[order[place]]} ${word}`,
        "data-by": String(by),
        disabled: !order[place + by],
        onclick: () => move(place, by),
      },
      by < 0 ? "↑" : "↓",
    );
  const draw = () =>
    list.replaceChildren(
      ...order.map((name, place) => {
        const box = h("input", { type: "checkbox", checked: inUse.has(name), name });
        box.addEventListener("change", () => (box.checked ? inUse.add(name) : inUse.delete(name)));
        return h(
          "li",
          { class: "line rank" },
          h("div", {}, h("label", { class: "choice" }, box, CHANNELS[name])),
          h("div", { class: "rank-moves" }, button(place, -1, "up"), button(place, 1, "down")),
        );
      }),
    );
  draw();
  return {
    node: h("fieldset", {}, h("legend", {}, "In this order"), list, spoken),
    value: () => order.filter((name) => inUse.has(name)),
  };
}

export async function remindingCard({ signal }) {
  const now = await get(PATH, { signal });
  const channels = channelOrder(now.channels);
  const time = (name) => h("input", { id: `reminding-${name}`, type: "time", value: now[name] ?? "" });
  const minutes = (name) =>
    h("input", { id: `reminding-${name}`, inputmode: "numeric", autocomplete: "off", value: String(now[name]) });
  const controls = {
    quiet_from: time("quiet_from"),
    quiet_until: time("quiet_until"),
    notice_minutes: minutes("notice_minutes"),
    fallback_minutes: minutes("fallback_minutes"),
  };
  const fields = {
    quiet_from: field("Quiet from", controls.quiet_from, { help: "Empty: never. What must not be left out still comes." }),
    quiet_until: field("Quiet until", controls.quiet_until),
    notice_minutes: field("So many minutes before", controls.notice_minutes, { help: "0: at the time itself." }),
    fallback_minutes: field("The next way after so many minutes", controls.fallback_minutes),
  };
  const names = h("input", { type: "checkbox", checked: now.shows_names });
  const said = h("p", { class: "banner", role: "status", hidden: true });
  const submit = h("button", { class: "button", type: "submit" }, "Save how I am reminded");
  const say = (text, tone) => {
    said.textContent = text;
    said.className = `banner ${tone}`;
    said.hidden = false;
  };

  const save = async () => {
    said.hidden = true;
    for (const node of Object.values(fields)) node.show(null);
    if (!channels.value().length) return say("Choose at least one way of being reminded.", "danger");
    for (const name of ["notice_minutes", "fallback_minutes"])
      if (parseNumber(controls[name].value) === null) return fields[name].show("Type a number, for example 10.");
    try {
      await put(PATH, {
        ...now,
        channels: channels.value(),
        quiet_from: controls.quiet_from.value || null,
        quiet_until: controls.quiet_until.value || null,
        notice_minutes: parseNumber(controls.notice_minutes.value),
        fallback_minutes: parseNumber(controls.fallback_minutes.value),
        shows_names: names.checked,
      });
      say("Saved.", "good");
    } catch (error) {
      const rest = [];
      for (const [name, message] of Object.entries(error.fields))
        fields[name] ? fields[name].show(message) : rest.push(message);
      if (rest.length || !Object.keys(error.fields).length) say(rest.join(" ") || error.message, "danger");
    }
  };
  const form = h(
    "form",
    { class: "stack", novalidate: true },
    channels.node,
    h("div", { class: "fields fields-2" }, Object.values(fields)),
    h("label", { class: "choice" }, names, "Name my medicines, also on a locked screen"),
    said,
    submit,
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    whileBusy(submit, save);
  });
  return h(
    "section",
    { class: "card stack", "aria-labelledby": "reminding-title" },
    h("h2", { id: "reminding-title" }, "How you are reminded"),
    form,
  );
}
