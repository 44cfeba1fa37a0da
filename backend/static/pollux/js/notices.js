// Banners for what needs somebody while a page is open: which alert, of whom, and the way to it. A notice
// itself carries ids only; its words are read where every other word is, so that nobody sees more by it.

import { get } from "./api.js";
import { h, icon } from "./dom.js";
import { tellDisplayed } from "./seen.js";

const MOST_SHOWN = 3;

function banner(alert, { link, name, close }) {
  return h(
    "div",
    { class: `notice ${alert.severity}`, role: alert.severity === "critical" ? "alert" : "status" },
    h(
      "div",
      { class: "row" },
      h("span", { class: `severity ${alert.severity}` }, alert.severity),
      h("strong", {}, alert.title),
    ),
    name && h("p", { class: "small" }, name),
    h(
      "div",
      { class: "row" },
      h("a", { class: "button compact", href: link, onclick: close }, "Look at it"),
      h("button", { class: "button quiet compact", type: "button", onclick: close }, "Close"),
    ),
  );
}

/**
 * Shows a banner for each alert that the socket tells of while it is open. `place` gives of an alert the `link`
 * to it, and the `name` to be said with it, if any.
 */
export function showNotices(live, place) {
  const stack = h("div", { class: "notices", "aria-label": "New alerts", role: "region", hidden: true });
  document.body.append(stack);
  const shown = new Map();
  const close = (id) => {
    shown.get(id)?.remove();
    shown.delete(id);
    stack.hidden = shown.size === 0;
  };
  const show = async ({ alert: id, patient }) => {
    let alert;
    try {
      alert = await get(`patients/${patient}/alerts/${id}`);
    } catch {
      // It may no longer be theirs to see, or the line is gone: the list of alerts has what there is.
      return;
    }
    // One that has worsened, or waits still, is told of again in its own place.
    close(id);
    if (!alert.open) return;
    const node = banner(alert, { ...place(alert), close: () => close(id) });
    node.addEventListener("keydown", ({ key }) => key === "Escape" && close(id));
    shown.set(id, node);
    stack.prepend(node);
    stack.hidden = false;
    for (const old of [...shown.keys()].slice(0, -MOST_SHOWN)) close(old);
    tellDisplayed(alert);
  };
  live.addEventListener("notice", ({ detail }) => detail.notice === "alert" && show(detail));
}
