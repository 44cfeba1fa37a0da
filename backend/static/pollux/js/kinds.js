// The catalogue, asked for once a page.

import { get } from "./api.js";

let asked = null;

/** A map from a kind's code to what the catalogue says of it; empty when that is out of reach. */
export function catalogue() {
  asked ??= get("kinds").then(
    (kinds) => new Map(kinds.map((kind) => [kind.code, kind])),
    () => new Map(),
  );
  return asked;
}

/** The same with titles alone. */
export async function kindTitles() {
  return new Map([...(await catalogue())].map(([code, { title }]) => [code, title]));
}
