// Tells the server which alerts a person has had before her eyes: each once, when it stood in view on a visible page.

import { post } from "./api.js";

const alertOf = new WeakMap();
const inView = new Set();
const told = new Set();

async function tell(alert) {
  if (told.has(alert)) return;
  told.add(alert);
  try {
    await post(`alerts/${alert}/displayed`);
  } catch (error) {
    // It may be over, or no longer shared; what was lost on the way is told when it is shown again.
    if (error.status !== 404) told.delete(alert);
  }
}

function tellInView() {
  if (document.visibilityState !== "visible") return;
  for (const node of inView) {
    watcher.unobserve(node);
    tell(alertOf.get(node));
  }
  inView.clear();
}

const watcher = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) inView[isIntersecting ? "add" : "delete"](target);
    tellInView();
  },
  { threshold: 1 },
);

document.addEventListener("visibilitychange", tellInView);

/** Tells that the alert was displayed once `node`, its heading, stands wholly in view on a visible page. */
export function tellWhenSeen(node, alert) {
  if (told.has(alert)) return;
  alertOf.set(node, alert);
  watcher.observe(node);
}

/** The person is told of the alert anew: that it was displayed before says nothing of this time. */
export function forgetSeen(alert) {
  told.delete(alert);
}
