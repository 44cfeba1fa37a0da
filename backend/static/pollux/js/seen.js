// Tells the server what a person has had before her eyes, alerts and reminders: each once, when it stood in view on a visible page.

import { post } from "./api.js";

const shownBy = new WeakMap();
const inView = new Set();
const told = new Set();

async function tell(path) {
  if (told.has(path)) return;
  told.add(path);
  try {
    await post(`${path}/displayed`);
  } catch (error) {
    // It may be over, or no longer shared; what was lost on the way is told when it is shown again.
    if (error.status !== 404) told.delete(path);
  }
}

function tellInView() {
  if (document.visibilityState !== "visible") return;
  for (const node of inView) {
    watcher.unobserve(node);
    tell(shownBy.get(node));
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

/** Tells that what stands at `path` of the API was displayed once `node`, its heading, is wholly in view on a visible page. */
export function tellWhenSeen(node, path) {
  if (told.has(path)) return;
  shownBy.set(node, path);
  watcher.observe(node);
}

/** The person is told of it anew: that it was displayed before says nothing of this time. */
export function forgetSeen(path) {
  told.delete(path);
}
