// What counts as shown to a person: it stands on a page that is in front of her.

import { post } from "./api.js";

const told = new Set();

/** Runs once the page is in front, at once where it is. */
export function whenInFront(run) {
  if (document.visibilityState === "visible") {
    run();
    return;
  }
  document.addEventListener("visibilitychange", () => whenInFront(run), { once: true });
}

/**
 * The server is told that an alert stands on a screen, once a page for each of its severities and rounds; it
 * knows who was to be told of it.
 */
export function tellDisplayed({ id, severity, escalations }) {
  const which = [id, severity, escalations].join();
  whenInFront(() => {
    if (told.has(which)) return;
    told.add(which);
    // What did not get there is told again by the next look at it.
    post(`alerts/${id}/displayed`, {}).catch(() => told.delete(which));
  });
}
