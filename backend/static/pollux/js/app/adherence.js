// How what was due was taken: by week and by medicine. A week with nothing due has no number.

import { get } from "../api.js";
import { h, svg } from "../dom.js";
import { day, number } from "../format.js";

const WEEKS = 8;
const WIDTH = 100;

const percent = (share) => `${number(share * 100)} %`;
const counted = ({ taken, due }) => `${number(taken)} of ${number(due)}`;
const short = (iso) => day(iso, { day: "numeric", month: "short" });

const bar = (share) =>
  svg(
    "svg",
    { class: "share-bar", viewBox: `0 0 ${WIDTH} 1`, preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { width: WIDTH, height: 1, class: "share-all" }),
    svg("rect", { width: WIDTH * (share ?? 0), height: 1, class: "share-taken" }),
  );

const row = (title, adherence, more = []) =>
  h(
    "li",
    { class: "share" },
    h("span", { class: "share-title" }, title),
    bar(adherence.share),
    h(
      "span",
      { class: "share-number" },
      adherence.share === null
        ? h("span", { class: "soft" }, "nothing due")
        : [h("strong", { class: "num" }, percent(adherence.share)), h("span", { class: "soft" }, ` ${counted(adherence)}`)],
    ),
    more.length > 0 && h("span", { class: "share-more soft small" }, more.join(" · ")),
  );

const moreOf = ({ adherence, pdc }) =>
  [
    adherence.on_time_share !== null && `on time ${percent(adherence.on_time_share)}`,
    adherence.skipped > 0 && `${number(adherence.skipped)} skipped`,
    adherence.missed > 0 && `${number(adherence.missed)} missed`,
    pdc !== null && `supply for ${percent(pdc)} of the days`,
  ].filter(Boolean);

/** The card of the last weeks; null where nothing was ever due. */
export async function adherenceCard(patient, { signal }) {
  const { overall, weeks, plans } = await get(`patients/${patient}/adherence?weeks=${WEEKS}`, { signal });
  if (!plans.length) return null;
  return h(
    "section",
    { class: "card stack", "aria-labelledby": "adherence-title", "data-part": "adherence" },
    h("h2", { id: "adherence-title" }, "How it went"),
    h(
      "p",
      {},
      overall.share === null
        ? `In these ${WEEKS} weeks nothing was due.`
        : [h("strong", { class: "num" }, percent(overall.share)), ` of what was due in ${WEEKS} weeks was taken.`],
    ),
    h("h3", {}, "By week"),
    h(
      "ul",
      { class: "shares" },
      weeks.map(({ first, last, adherence }) => row(`${short(first)} to ${short(last)}`, adherence)),
    ),
    h("h3", {}, "By medicine"),
    h("ul", { class: "shares long" }, plans.map((plan) => row(plan.medicine, plan.adherence, moreOf(plan)))),
    h("p", { class: "soft small" }, "Doses that you take as needed are not counted, nor those whose time is not over."),
  );
}
