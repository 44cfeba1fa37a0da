// Values, units and instants as people read them. Pure: `now` is an argument where it matters.

const UNIT_TEXT = {
  Cel: "°C",
  "[degF]": "°F",
  "[lb_av]": "lb",
  "[in_i]": "in",
  "/min": "per min",
  "{score}": "of 10",
  "{INR}": "",
};

/** A UCUM code as people write it: "mm[Hg]" → "mmHg", "mL/min/{1.73_m2}" → "mL/min/1.73 m²". */
export function unitText(ucum) {
  if (ucum in UNIT_TEXT) return UNIT_TEXT[ucum];
  return ucum
    .replace(/[[\]{}]/g, "")
    .replaceAll("_", "\u00a0")
    .replace(/\bm2\b/, "m²")
    .replace("10*3", "10³")
    .replace(/(^|\/)u(?=[A-Z])/, "$1µ");
}

/** A number with the kind's decimals and the reader's separators. */
export function number(value, decimals = 0) {
  return value.toLocaleString(undefined, {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
}

/** A number as people type it, "81,5" included; null when it is none. */
export function parseNumber(text) {
  const plain = text.trim().replace(",", ".");
  return /^[+-]?\d+(\.\d+)?$/.test(plain) ? Number(plain) : null;
}

/** A number with its sign, for a difference: "+4", "−1.2", "±0". */
export function signed(value, decimals = 0) {
  const text = number(Math.abs(value), decimals);
  if (Number(Math.abs(value).toFixed(decimals)) === 0) return "±0";
  return (value > 0 ? "+" : "−") + text;
}

const dayNumber = (instant) =>
  Math.floor((instant.getTime() - instant.getTimezoneOffset() * 60000) / 86400000);

/** An instant relative to now in the reader's own days: "today 08:12", "yesterday 21:40", "Tue 4 Mar", "4 Mar 2024". */
export function when(iso, now = new Date()) {
  const instant = new Date(iso);
  const days = dayNumber(now) - dayNumber(instant);
  const clock = instant.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
  if (days === 0) return `today ${clock}`;
  if (days === 1) return `yesterday ${clock}`;
  if (days > 1 && days < 7) return `${instant.toLocaleDateString(undefined, { weekday: "long" })} ${clock}`;
  const sameYear = instant.getFullYear() === now.getFullYear();
  return instant.toLocaleDateString(undefined, {
    day: "numeric",
    month: "short",
    ...(!sameYear && { year: "numeric" }),
  });
}

const STEPS = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
];

/** How long ago an instant was: "2 hours ago", "3 days ago"; of less than a minute, "just now". */
export function ago(iso, now = new Date()) {
  const passed = new Date(now) - new Date(iso);
  const [unit, size] = STEPS.find(([, least]) => passed >= least) ?? [];
  if (!unit) return "just now";
  return new Intl.RelativeTimeFormat(undefined).format(-Math.floor(passed / size), unit);
}

/** A length of time in its largest unit: "7 minutes", "2 days". */
export function span(ms) {
  const [unit, size] = STEPS.find(([, least]) => ms >= least) ?? STEPS.at(-1);
  return new Intl.NumberFormat(undefined, { style: "unit", unit, unitDisplay: "long" }).format(
    Math.round(ms / size),
  );
}

/** A calendar day ("2026-03-04") as a date, without shifting it between time zones. */
export function day(iso, options = { day: "numeric", month: "short", year: "numeric" }) {
  return new Date(`${iso.slice(0, 10)}T12:00:00Z`).toLocaleDateString(undefined, {
    ...options,
    timeZone: "UTC",
  });
}

const count = (n, unit) => `${number(n, unit === "B" ? 0 : 1)} ${unit}`;

/** A file's size: "812 B", "3.4 MB". */
export function bytes(size) {
  for (const unit of ["B", "kB", "MB"]) {
    if (size < 1000) return count(size, unit);
    size /= 1000;
  }
  return count(size, "GB");
}

/** How well something was verified, as people say it. */
export const verified = (standing) => (standing === "memory" ? "from memory, not looked up" : standing);

/** A code as words, for codes that come without a title: "mental_health" → "Mental health". */
export function words(code) {
  return (code.charAt(0).toUpperCase() + code.slice(1)).replaceAll("_", " ");
}

// Units of which more than one are said with an s, as in the server's own words.
const COUNTED = ["capsule", "drop", "puff", "sachet", "spoon", "spray", "tablet", "unit"];

/** How much of a medicine: "2 tablets", "0.5 tablets"; empty where nobody has said. */
export function amountWords(amount, unit) {
  if (amount === null) return unit;
  const text = amount.toLocaleString(undefined, { maximumFractionDigits: 3 });
  return `${text} ${COUNTED.includes(unit) && amount !== 1 ? `${unit}s` : unit}`.trim();
}
