// What forecasts, their record, limits and goals say, in calm sentences. Pure.

import { day, number, signed, unitText } from "../format.js";

const MODELS = {
  kalman_mixture: "Pollux's model of level, trend and week",
  mean_of_28_days: "the mean of the last 28 days",
};
const DAY_AND_MONTH = { day: "numeric", month: "long" };

/** A day of this year or the next without the year's number, any other with it. */
export const shortDay = (iso) => day(iso, DAY_AND_MONTH);

/** A chance as people say it; nothing is ever certain. */
export function percent(share) {
  if (share < 0.01) return "less than 1\u00a0%";
  if (share > 0.99) return "more than 99\u00a0%";
  return `${Math.round(share * 100)}\u00a0%`;
}

const share = (part) => `${Math.round(part * 100)}\u00a0%`;

/** A kind's name inside a sentence: "weight", but "REM sleep". */
export const nameOf = ({ title }) => title.replace(/^[A-Z](?=[a-z])/, (first) => first.toLowerCase());

/** A value of a kind with its unit. */
export function amount(value, kind, decimals = kind.decimals) {
  return `${number(value, decimals)} ${unitText(kind.unit)}`.trim();
}

/** An error's decimals: two digits of it at least, but none of a hundred. */
export function errorDecimals(error, kind) {
  if (error >= 100) return 0;
  return error >= 1 ? Math.max(1, kind.decimals) : kind.decimals + 1;
}

/** What is expected `days` ahead, as one sentence. */
export function expectation({ forecast, simpler, kind }, days) {
  const at = Math.min(days, forecast.days.length) - 1;
  const show = (value) => number(value, kind.decimals);
  const centre = simpler ? forecast.last_value : forecast.mean[at];
  return `In ${at + 1} days, on ${shortDay(forecast.days[at])}: about ${amount(centre, kind)}, and with 80\u00a0% between ${show(forecast.low80[at])} and ${show(forecast.high80[at])}.`;
}

/** Why the last value is drawn; null where the model did better. */
export function simplerSentence({ simpler, forecast, record }) {
  if (!simpler || !forecast) return null;
  const why =
    record?.better_than_last_value === false
      ? "So far the forecasts shown here were no better than repeating the last value."
      : "On the days already known, repeating the last value came closer than the model.";
  return `${why} So the line ahead is the last value. The band still says how far it may be off.`;
}

/** How the forecasts that were shown have gone, in sentences; empty before any day has come. */
export function recordSentences({ record, kind }) {
  if (!record?.overall) return [];
  const { points, mae, mae_last_value, held80 } = record.overall;
  const show = (error) => number(error, errorDecimals(mae, kind));
  const unit = unitText(kind.unit);
  const since = record.past.length ? ` since ${shortDay(record.past[0].through)}` : "";
  const told = [
    `${number(record.shown)} forecasts were shown${since}. Of ${number(points)} values that have come since, ${share(held80)} lay in the 80\u00a0% band.`,
    `Typical error ${show(mae)}${unit && ` ${unit}`}; repeating the last value: ${show(mae_last_value)}.`,
  ];
  if (record.better_than_last_value === null) told.push("That is too little to say which is better.");
  return told;
}

/** How the model does on this person's past by its own count, where nothing that was shown can tell yet. */
export function backtestSentence({ forecast, kind }) {
  const test = forecast?.backtest;
  if (!test) return null;
  const show = (error) => number(error, errorDecimals(test.mae, kind));
  return `On this person's own past it was off by ${amount(test.mae, kind, errorDecimals(test.mae, kind))} on average; repeating the last value, by ${show(test.mae_last_value)}.`;
}

/** Who made the forecast, from what, and up to when. */
export function makerSentence({ forecast }) {
  const model = MODELS[forecast.model] ?? forecast.model;
  return `Forecast by ${model}, from data up to ${day(forecast.through)}. ${forecast.reason}`.trim();
}

/** What is missing for a forecast. */
export function waitingSentence({ waiting }) {
  if (waiting.more_days === 0) return `The forecast is on its way. ${waiting.reason}`;
  const days = `${number(waiting.more_days)} more ${waiting.more_days === 1 ? "day" : "days"}`;
  return `Not enough data yet: ${days} with a value. ${waiting.reason}`;
}

const BASES = { goal: "the goal, by a week's value", threshold: "a limit set for this person" };

/** The chance of passing a limit, or that it is passed, with where the limit comes from. */
export function crossingWords(crossing, kind) {
  const { basis, title, side, limit, window_days, probability, expected_on, passed } = crossing;
  const { source, verification } = crossing;
  const from = (basis === "guideline" ? [title, source, verification] : [BASES[basis]])
    .filter(Boolean)
    .join(" · ");
  const mean = basis === "guideline" && window_days > 1 ? `the ${window_days}-day mean of ` : "";
  const name = `${mean}${nameOf(kind)}`;
  const bound = `${side} ${amount(limit, kind)}`;
  if (passed) return { chance: "Now", text: `${name} is ${bound}`, from };
  const when = expected_on ? `, as likely as not by ${shortDay(expected_on)}` : "";
  const goes = side === "above" ? "rises" : "falls";
  return {
    chance: percent(probability),
    text: `chance that ${name} ${goes} ${bound} on one of the next 28 days${when}`,
    from,
  };
}

/** A goal's aim: "78.0 kg or less by 1 March 2027". */
export function goalAim({ direction, target, by_day }, kind) {
  const by = by_day ? ` by ${day(by_day, { ...DAY_AND_MONTH, year: "numeric" })}` : "";
  return `${amount(target, kind)} or ${direction === "at_least" ? "more" : "less"}${by}`;
}

/** Where a goal stands, in sentences. */
export function goalSentences({ progress, by_day }, kind) {
  if (!progress) return [];
  const { value_now, pace_per_week, needed_per_week, probability, expected_on, reached, reason } = progress;
  const decimals = kind.decimals + (Math.abs(pace_per_week ?? 0) < 10 ? 1 : 0);
  const week = (pace) => `${signed(pace, decimals)} ${unitText(kind.unit)} a week`;
  const told = [];
  if (reached) told.push(`Reached: a week now stands at ${amount(value_now, kind)}.`);
  else if (value_now !== null) told.push(`Now ${amount(value_now, kind)}, by the last week.`);
  if (pace_per_week !== null && !reached) {
    const needed = needed_per_week === null ? "" : `, needed ${week(needed_per_week)}`;
    told.push(`Pace ${week(pace_per_week)}${needed}.`);
  }
  if (probability !== null && !reached) {
    told.push(
      `Chance to be there ${by_day ? `by ${shortDay(by_day)}` : "within 28 days"}: ${percent(probability)}.`,
    );
  }
  if (expected_on && !reached) told.push(`As likely as not by ${shortDay(expected_on)}.`);
  if (reason && !reached) told.push(reason);
  return told;
}

/** How much of the way from its start a goal has come, 0 to 1; null where that is not known. */
export function goalShare({ start_value, target, progress }) {
  if (progress?.reached) return 1;
  if (start_value === null || progress?.value_now == null || start_value === target) return null;
  return Math.min(1, Math.max(0, (progress.value_now - start_value) / (target - start_value)));
}

/** A threshold's range: "60 to 100 per min", "at most 140 mmHg". */
export function rangeWords({ low, high }, kind) {
  if (low === null) return `at most ${amount(high, kind)}`;
  if (high === null) return `at least ${amount(low, kind)}`;
  return `${number(low, kind.decimals)} to ${amount(high, kind)}`;
}

/** The lines to draw across a kind's chart: {value, text, name, tone}; `name` is the longer one, for the legend. */
export function limitLines({ goal, threshold, forecast, kind }) {
  const lines = [];
  const add = (value, text, name, tone) => {
    if (value !== null && value !== undefined && !lines.some((line) => line.value === value))
      lines.push({
        value,
        text: `${text} ${amount(value, kind)}`.trim(),
        name: `${name} ${amount(value, kind)}`,
        tone,
      });
  };
  if (goal) add(goal.target, "Goal", "goal", "goal");
  for (const edge of [threshold?.low, threshold?.high]) add(edge, "Limit", "limit", "limit");
  for (const { basis, title, limit } of forecast?.crossings ?? [])
    if (basis === "guideline") add(limit, "", title.split(",")[0].toLowerCase(), "limit");
  return lines;
}
