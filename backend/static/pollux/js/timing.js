// How often a medicine is taken, between the choices of a form and the JSON of a plan's timing (docs/reminders.md). Pure.

const USUAL = {
  1: ["08:00"],
  2: ["08:00", "20:00"],
  3: ["08:00", "14:00", "20:00"],
  4: ["08:00", "12:00", "16:00", "20:00"],
};
export const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const DAY_MS = 86_400_000;

/** What a form begins with. `often` is "1" to "4" times a day, "days", "week", "hours" or "needed". */
export const USUAL_CHOICE = {
  often: "1",
  times: USUAL[1],
  every: 2,
  weekdays: ["mon"],
  gapHours: null,
  most: null,
  on: null,
  off: null,
};

/** The usual times of so many doses a day. */
export const usualTimes = (count) => USUAL[count];

/** What clocks of a zone show at an instant, as an input of date and time wants it: "2026-03-04T08:00". */
export function wallClock(zone, at) {
  // Swedish writes dates as ISO 8601 does.
  const options = { timeZone: zone, dateStyle: "short", timeStyle: "short" };
  return new Date(at).toLocaleString("sv-SE", options).replace(" ", "T");
}

/** The instant at which clocks of a zone show a day and time. */
export function instantIn(zone, local) {
  const asUtc = Date.parse(`${local}Z`);
  const shift = (at) => Date.parse(`${wallClock(zone, at)}Z`) - at;
  // Where the clock changes in between, the first guess is off by as much.
  return new Date(asUtc - shift(asUtc - shift(asUtc)));
}

const minutes = (time) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
const clock = (of) =>
  [Math.floor(of / 60) % 24, of % 60].map((part) => String(part).padStart(2, "0")).join(":");

function everyHours({ every, times: [first] }, { zone, startsOn }) {
  if (24 % every === 0) {
    const from = minutes(first) % (every * 60);
    const timeOfDay = Array.from({ length: 24 / every }, (_, place) => clock(from + place * every * 60));
    return { repeat: { frequency: 1, period: every, periodUnit: "h", timeOfDay } };
  }
  return { everyHours: { hours: every, first: instantIn(zone, `${startsOn}T${first}`).toISOString() } };
}

function repeat({ often, times, every, weekdays }) {
  if (often === "week") return { dayOfWeek: weekdays, timeOfDay: times.slice(0, 1) };
  if (often === "days") return { frequency: 1, period: every, periodUnit: "d", timeOfDay: times.slice(0, 1) };
  const count = Number(often);
  return { frequency: count, period: 1, periodUnit: "d", timeOfDay: times.slice(0, count) };
}

const takesCycle = (often) => often in USUAL || often === "week";

/** What is lacking of a choice, in words; null where it says when. */
export function lacking({ often, times, every, weekdays, on, off }) {
  const timed = often === "needed" ? 0 : Number(often) || 1;
  if (times.slice(0, timed).filter(Boolean).length < timed) return "Give the time of each dose.";
  if ((often === "days" || often === "hours") && !every) return `Say every how many ${often}.`;
  if (often === "week" && !weekdays.length) return "Choose at least one day.";
  if (takesCycle(often) && Boolean(on) !== Boolean(off)) return "Say how many days with it, and how many without.";
  return null;
}

/** The timing of a choice that lacks nothing; hours that do not divide a day count from the first dose, by the zone's clock. */
export function timingOf(choice, { zone, startsOn }) {
  const { often, gapHours, most, on, off } = choice;
  if (often === "needed") {
    return {
      asNeeded: {
        ...(gapHours && { minimumGapMinutes: Math.round(gapHours * 60) }),
        ...(most && { maximumPerDay: most }),
      },
    };
  }
  if (often === "hours") return everyHours(choice, { zone, startsOn });
  return { repeat: repeat(choice), ...(takesCycle(often) && on && off && { cycle: { on, off } }) };
}

const has = (body, ...names) => Object.keys(body).every((name) => names.includes(name));

function ofRepeat({ frequency, period = 1, periodUnit, dayOfWeek, timeOfDay }) {
  if (!timeOfDay) return null;
  const times = timeOfDay.map((time) => time.slice(0, 5)).toSorted();
  if (dayOfWeek) {
    const isWeekly = period === 1 && (periodUnit ?? "wk") === "wk";
    return isWeekly && times.length === 1 ? { often: "week", weekdays: dayOfWeek, times } : null;
  }
  if (periodUnit === "h") return 24 % period ? null : { often: "hours", every: period, times: times.slice(0, 1) };
  if (periodUnit !== "d") return null;
  if (period === 1) return times.length in USUAL ? { often: String(times.length), times } : null;
  return frequency === 1 && times.length === 1 ? { often: "days", every: period, times } : null;
}

/** The choice that says a timing; null where the form has none for it. */
export function choiceOf(timing) {
  const { repeat: said, asNeeded, cycle } = timing ?? {};
  if (asNeeded && has(timing, "asNeeded")) {
    const { minimumGapMinutes: gap, maximumPerDay: most = null } = asNeeded;
    return { ...USUAL_CHOICE, often: "needed", gapHours: gap ? gap / 60 : null, most };
  }
  if (!said || !has(timing, "repeat", "cycle")) return null;
  if (!has(said, "frequency", "period", "periodUnit", "dayOfWeek", "timeOfDay")) return null;
  const found = ofRepeat(said);
  return found && { ...USUAL_CHOICE, ...found, on: cycle?.on ?? null, off: cycle?.off ?? null };
}

/**
 * Whether one more dose of a medicine as needed comes too soon after those taken: null, or why and until when. As the server
 * holds it: a gap from the last one, a maximum within any 24 hours.
 */
export function tooSoon({ minimumGapMinutes: gap, maximumPerDay: most }, taken, now) {
  const times = taken.map((at) => Date.parse(at)).toSorted((a, b) => a - b);
  const found = [];
  const last = times.at(-1);
  if (gap && times.length && now < last + gap * 60_000)
    found.push({ why: `Doses are at least ${Number((gap / 60).toFixed(2))} hours apart.`, until: last + gap * 60_000 });
  if (most && times.length >= most && now < times.at(-most) + DAY_MS)
    found.push({ why: `At most ${most} doses within 24 hours.`, until: times.at(-most) + DAY_MS });
  return found.toSorted((a, b) => b.until - a.until)[0] ?? null;
}
