// What is said of the future of some kinds, from the public API: one answer for the picture and for its words.

import { get, withQuery } from "../api.js";
import { catalogue } from "../kinds.js";

const RECORD_DAYS = 90;
const EVENTS = 500;

/** The kind of which the next hours are forecast too. */
export const SENSOR = "glucose_cgm";

const isOpen = ({ ended_at }) => !ended_at;

/**
 * {kinds, events, glucose, glucoseRecord}: for each of `codes` its catalogue entry, forecast, `waiting` (what is missing for
 * one), track record, open goal and open limits; each null where there is none. `simpler` says that the last
 * value has come closer than the model, by the model's own test or by what was shown. What is said of a
 * sensor's next hours, and how that went, is null where it is not among the codes.
 */
export async function loadOutlook(patient, codes, { signal } = {}) {
  const ask = (what, query = {}) => get(withQuery(`patients/${patient}/${what}`, query), { signal });
  const known = await catalogue();
  const sensor = codes.includes(SENSOR);
  const [glucose, goals, thresholds, events, ...each] = await Promise.all([
    sensor ? ask("glucose-forecast") : null,
    ask("goals", { page_size: EVENTS }),
    ask("thresholds", { page_size: EVENTS }),
    ask("events", { page_size: EVENTS }),
    ...codes.map(async (code) => {
      if (!known.get(code)?.forecast) return { forecast: null, waiting: null, record: null };
      const { results, waiting } = await ask("forecasts", { kind: code });
      // Asked for after the forecast has been shown, so that it counts.
      const record = await ask(`forecasts/${code}/record`, { days: RECORD_DAYS });
      return { forecast: results[0] ?? null, waiting: waiting[0] ?? null, record };
    }),
  ]);
  const open = (rows, code) => rows.results.find((row) => row.kind === code && isOpen(row)) ?? null;
  const kinds = codes.map((code, n) => ({
    ...each[n],
    code,
    kind: known.get(code),
    goal: open(goals, code),
    threshold: open(thresholds, code),
    simpler: Boolean(each[n].forecast?.simpler || each[n].record?.better_than_last_value === false),
  }));
  const glucoseRecord = sensor ? await ask("glucose-forecast/record") : null;
  return { kinds, events: events.results, glucose, glucoseRecord };
}
