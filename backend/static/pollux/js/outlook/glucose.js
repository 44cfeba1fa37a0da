// Glucose in the next two hours, in words: beside its chart, and in a line for its tile.

import { get } from "../api.js";
import { h } from "../dom.js";
import { ago, number, unitText } from "../format.js";

const whole = (value) => number(value, 0);

/** "In 30 minutes about 128 mg/dL (120 to 136)": the nearest of what is forecast; null where nothing is. */
export function glucoseLineOfTile(answer) {
  if (!answer?.minutes) return null;
  const { minutes, mean, low80, high80 } = answer;
  return `in ${minutes[0]} min about ${whole(mean[0])} (${whole(low80[0])} to ${whole(high80[0])})`;
}

/** The cards, of which the sensor's says what comes next. */
export async function withGlucoseAhead(cards, patient, { signal } = {}) {
  if (!cards.some(({ kind }) => kind === "glucose_cgm")) return cards;
  const answer = await get(`patients/${patient}/glucose-forecast`, { signal }).catch(() => null);
  const note = glucoseLineOfTile(answer);
  return cards.map((card) => (card.kind === "glucose_cgm" ? { ...card, note } : card));
}

/** How what was shown has gone an hour ahead, beside its rivals; null before anything has come. */
function recordSentence(record) {
  const hour = record?.horizons.find(({ minutes, points }) => minutes === 60 && points > 0);
  if (!hour) return null;
  return `Of ${number(hour.points)} forecasts an hour ahead that were shown in the last two weeks, ${Math.round(hour.held80 * 100)}\u00a0% lay in the 80\u00a0% band. Typical error ${whole(hour.mae)} mg/dL; repeating the last value: ${whole(hour.mae_last_value)}; Nightscout's AR2: ${whole(hour.mae_ar2)}.`;
}

/** The next two hours as a small table, or why there is nothing to say, and how it has gone so far. */
export function glucosePart(answer, record) {
  if (!answer) return null;
  const gone = recordSentence(record);
  const title = h("h4", {}, "The next two hours");
  if (!answer.minutes) {
    const last = answer.at ? ` The last reading came ${ago(answer.at)}.` : "";
    return h(
      "div",
      { class: "stack", "data-kind": "glucose-ahead" },
      title,
      h("p", { class: "waiting" }, `${answer.reason}${last}`),
      gone && h("p", {}, gone),
    );
  }
  const at = Date.parse(answer.at);
  const clock = (minutes) =>
    new Date(at + minutes * 60_000).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
  return h(
    "div",
    { class: "stack", "data-kind": "glucose-ahead" },
    title,
    h(
      "table",
      { class: "record-table" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          ["At", `About, ${unitText(answer.unit)}`, "80 % between", "95 % between"].map((text) =>
            h("th", { scope: "col" }, text),
          ),
        ),
      ),
      h(
        "tbody",
        {},
        answer.minutes.map((minutes, i) =>
          h(
            "tr",
            {},
            h("th", { scope: "row" }, clock(minutes)),
            h("td", {}, whole(answer.mean[i])),
            h("td", {}, `${whole(answer.low80[i])} to ${whole(answer.high80[i])}`),
            h("td", {}, `${whole(answer.low95[i])} to ${whole(answer.high95[i])}`),
          ),
        ),
      ),
    ),
    gone && h("p", {}, gone),
    h(
      "p",
      { class: "soft small" },
      `From the reading of ${clock(0)}, ${ago(answer.at)}: ${whole(answer.last_value)} ${unitText(answer.unit)}. It knows readings only, not meals, insulin or exercise to come. Never dose insulin by it.`,
    ),
  );
}
