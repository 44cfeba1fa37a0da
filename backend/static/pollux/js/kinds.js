// The catalogue's titles, asked for once a page.

import { get } from "./api.js";

let asked = null;

/** A map from a kind's code to its title; empty when the catalogue is out of reach. */
export function kindTitles() {
  asked ??= get("kinds").then(
    (kinds) => new Map(kinds.map(({ code, title }) => [code, title])),
    () => new Map(),
  );
  return asked;
}
