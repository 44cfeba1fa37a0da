// Taking everything along: asking for the archive, waiting for it, fetching it.

import { get, post } from "../api.js";
import { h, whileBusy } from "../dom.js";
import { bytes, when } from "../format.js";
import { settled } from "../live.js";

const PATH = "patients/me/export";

const waits = (found) => found.status === "requested" || found.status === "building";

const TOLD = {
  none: () => null,
  requested: () => "It is in line. You can leave this page: a mail tells you when it is ready.",
  building: () => "It is being put together. You can leave this page: a mail tells you when it is ready.",
  ready: ({ size, finished_at: made, expires_at: until }) =>
    `Made ${when(made)}, ${bytes(size)}. It can be downloaded until ${when(until)}.`,
  failed: () => "It could not be put together. Your data is safe; try again later.",
};

/** The card on which the patient asks for the archive and downloads it. */
export async function exportCard({ stream, live, signal }) {
  const told = h("p", { role: "status" });
  const note = h("p", { class: "banner danger", role: "alert", hidden: true });
  const actions = h("div", { class: "actions" });

  const ask = (label, look) => {
    const button = h("button", { class: `button ${look}`, type: "button" }, label);
    button.addEventListener("click", () =>
      whileBusy(button, async () => {
        note.hidden = true;
        try {
          show(await post(PATH));
        } catch (error) {
          note.textContent = error.message;
          note.hidden = false;
        }
      }),
    );
    return button;
  };

  const show = (found) => {
    told.textContent = TOLD[found.status](found) ?? "";
    told.hidden = !told.textContent;
    actions.hidden = waits(found);
    if (found.status === "ready") {
      actions.replaceChildren(
        h("a", { class: "button", href: found.file, download: "" }, "Download"),
        ask("Make a new one", "plain"),
      );
    } else {
      actions.replaceChildren(...(waits(found) ? [] : [ask("Put my data together", "")]));
    }
  };

  const refresh = settled(async () => {
    if (!signal.aborted) show(await get(PATH, { signal }));
  });
  live.addEventListener(
    "changes",
    ({ detail }) =>
      detail.stream === stream && detail.items.some(({ ref }) => ref.startsWith("export/")) && refresh(),
    { signal },
  );
  live.subscribe(stream);
  show(await get(PATH, { signal }));
  return h(
    "section",
    { class: "card stack", "aria-labelledby": "export-title" },
    h("h2", { id: "export-title" }, "Take your data with you"),
    h(
      "p",
      { class: "soft small" },
      "Every measurement as tables, every record as FHIR, in one archive. Pollux and other programs can read it.",
    ),
    told,
    note,
    actions,
  );
}
