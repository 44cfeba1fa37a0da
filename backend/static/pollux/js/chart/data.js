// What the API answers, turned into what the plot draws. Pure: no DOM, no network.

import { dayMarks, sampleMarks } from "./marks.js";

export const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const COLUMNS = ["value", "low", "high"];
const FORECAST_COLUMNS = ["mean", "low80", "high80", "low95", "high95"];
const PAST_COLUMNS = ["mean", "low80", "high80"];

// Beyond this span a screen has fewer pixels than minutes in a few hours; days say more than samples do.
const RAW_SPAN_MS = 8 * DAY_MS;

/** "samples" for a short span, "days" for a long one. */
export function resolution(span) {
  return span <= RAW_SPAN_MS ? "samples" : "days";
}

/** A calendar day as the instant the plot puts it at: noon UTC; the axis of days is drawn in UTC too. */
export const noon = (day) => Date.parse(`${day}T12:00:00Z`);

/** The line of a /series answer; `other` is of the samples that do not count, which another device measured. */
export function samplesLine(answer) {
  const part = (wanted) => {
    const at = answer.start.map((_, i) => i).filter((i) => answer.counts[i] === wanted);
    return { x: at.map((i) => answer.start[i]), value: at.map((i) => answer.value[i]) };
  };
  const other = part(false);
  return {
    ...part(true),
    low: null,
    high: null,
    isTotal: false,
    other: other.x.length ? other : null,
    marks: sampleMarks(answer),
  };
}

/** The line of a /summary answer. A day's total lies outside its samples' range, so such a kind has no band. */
export function daysLine(answer) {
  const days = answer.days.filter((day) => day.value !== null);
  const isTotal = days.some(
    (day) => day.value > day.max * 1.001 + 1e-9 || day.value < day.min * 0.999 - 1e-9,
  );
  const hasRange = !isTotal && days.some((day) => day.max > day.min);
  const x = days.map((day) => noon(day.day));
  return {
    x,
    value: days.map((day) => day.value),
    low: hasRange ? days.map((day) => day.min) : null,
    high: hasRange ? days.map((day) => day.max) : null,
    isTotal,
    other: null,
    marks: dayMarks(days, x),
  };
}

/**
 * The first days of a /forecasts answer's forecast with x, null when there is none to draw. `simpler`: the
 * last value stands in the place of the model's centre; the bands stay.
 */
export function forecastLine(forecast, { days = forecast?.days.length, simpler = false } = {}) {
  if (!forecast?.days?.length) return null;
  const cut = Object.fromEntries(FORECAST_COLUMNS.map((name) => [name, forecast[name].slice(0, days)]));
  if (simpler) cut.mean = cut.mean.map(() => forecast.last_value);
  return { ...cut, x: forecast.days.slice(0, days).map(noon), simpler };
}

/** The fan of a /glucose-forecast answer, from its reading on; null where it gives a reason instead. */
export function glucoseLine(answer) {
  if (!answer?.minutes) return null;
  const at = Date.parse(answer.at);
  const said = FORECAST_COLUMNS.map((name) => [name, [answer.last_value, ...answer[name]]]);
  return {
    ...Object.fromEntries(said),
    x: [at, ...answer.minutes.map((minutes) => at + minutes * MINUTE_MS)],
    simpler: false,
  };
}

/**
 * Past forecasts of a /record answer one after the other, each up to where the next begins: {x, mean, low80,
 * high80}, with a null between two of them; null when there are none.
 */
export function pastLine(past, until) {
  if (!past?.length) return null;
  const line = { x: [], mean: [], low80: [], high80: [] };
  past.forEach((forecast, n) => {
    const end = past[n + 1] ? noon(past[n + 1].through) : until;
    const x = forecast.days.map(noon).filter((at) => at <= end);
    x.forEach((at, i) => {
      line.x.push(at);
      for (const name of PAST_COLUMNS) line[name].push(forecast[name][i]);
    });
    if (!x.length || n === past.length - 1) return;
    line.x.push(x.at(-1) + DAY_MS / 2);
    for (const name of PAST_COLUMNS) line[name].push(null);
  });
  return line;
}

/** The longest pause that a line is drawn across: four times the usual step, at least half an hour or three days. */
export function longestStep(x, unit) {
  const steps = [];
  for (let i = 1; i < x.length; i++) steps.push(x[i] - x[i - 1]);
  steps.sort((a, b) => a - b);
  const usual = steps[steps.length >> 1] ?? 0;
  return Math.max(4 * usual, unit === "days" ? 3 * DAY_MS : 30 * MINUTE_MS);
}

/** The columns a line takes in the aligned data, in order. */
export const LINE_COLUMNS = [
  ...COLUMNS,
  ...FORECAST_COLUMNS,
  "other",
  ...PAST_COLUMNS.map((name) => `past_${name}`),
];

/**
 * Columns over one x (seconds): [x, then LINE_COLUMNS of each line]. uPlot reads `undefined` as "no point
 * here" and `null` as "break the line", so a long pause gets one null in its middle.
 */
export function align(lines, unit) {
  const rows = new Map();
  const width = lines.length * LINE_COLUMNS.length;
  const put = (x, column, value) => {
    if (!rows.has(x)) rows.set(x, new Array(width).fill(undefined));
    rows.get(x)[column] = value;
  };
  lines.forEach((line, n) => {
    const first = n * LINE_COLUMNS.length;
    const pause = longestStep(line.x, unit);
    line.x.forEach((x, i) => {
      COLUMNS.forEach((name, c) => line[name] && put(x, first + c, line[name][i]));
      if (i > 0 && x - line.x[i - 1] > pause) {
        COLUMNS.forEach((_, c) => put((x + line.x[i - 1]) / 2, first + c, null));
      }
    });
    const other = first + LINE_COLUMNS.indexOf("other");
    const otherPause = longestStep(line.other?.x ?? [], unit);
    line.other?.x.forEach((x, i) => {
      put(x, other, line.other.value[i]);
      if (i > 0 && x - line.other.x[i - 1] > otherPause) put((x + line.other.x[i - 1]) / 2, other, null);
    });
    line.forecast?.x.forEach((x, i) => {
      FORECAST_COLUMNS.forEach((name, c) => put(x, first + COLUMNS.length + c, line.forecast[name][i]));
    });
    line.past?.x.forEach((x, i) => {
      PAST_COLUMNS.forEach((name, c) => put(x, other + 1 + c, line.past[name][i]));
    });
  });
  const x = [...rows.keys()].sort((a, b) => a - b);
  const columns = Array.from({ length: width }, (_, c) => x.map((at) => rows.get(at)[c]));
  return [x.map((at) => at / 1000), ...columns];
}
