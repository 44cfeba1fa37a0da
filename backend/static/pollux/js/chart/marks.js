// What is known of single values beside their number: which mark shows it, and how it is said. Pure but for draw().

/** The bits of a sample's or a day's flags; the order is that of the legend. */
export const MARKS = [
  { bit: 4, name: "low", text: "below what the device can measure" },
  { bit: 8, name: "high", text: "above what the device can measure" },
  { bit: 1, name: "soft", text: "outside the usual range" },
  { bit: 2, name: "manual", text: "typed in" },
  { bit: 16, name: "guess", text: "interpolated" },
];
const LIMITS = 4 | 8;

// Of what --data is beside --data-faint: marks of samples that do not count are as faint as those.
const FAINT = 0.42;

/** The marks of a /series answer: {x, y, flags, counts} of each sample that has one. */
export function sampleMarks({ start, value, flags, counts }) {
  return start.flatMap((x, i) => (flags[i] ? [{ x, y: value[i], flags: flags[i], counts: counts[i] }] : []));
}

/** The marks of days at `x`: a device's limit stands at the day's end of it, what is true of all at its value. */
export function dayMarks(days, x) {
  return days.flatMap((day, i) => {
    const flags = day.flags ?? 0;
    const at = (y, bits) => (flags & bits ? [{ x: x[i], y, flags: flags & bits, counts: true }] : []);
    return [...at(day.min, 4), ...at(day.max, 8), ...at(day.value, ~LIMITS)];
  });
}

/** What flags say, in words. */
export const markWords = (flags) => MARKS.filter(({ bit }) => flags & bit).map(({ text }) => text);

/** "<" or ">" before a value that is a device's limit. */
export const boundSign = (flags) => (flags & 4 ? "< " : flags & 8 ? "> " : "");

/** Which marks there are between two instants (ms). */
export function marksIn(lines, { from, to }) {
  const seen = lines
    .flatMap((line) => line.marks)
    .filter(({ x }) => x >= from && x <= to)
    .reduce((bits, { flags }) => bits | flags, 0);
  return MARKS.filter(({ bit }) => seen & bit);
}

const shapes = {
  low: (path, r) => arrow(path, r, 1),
  high: (path, r) => arrow(path, r, -1),
  soft: (path, r) => polygon(path, [0, -r], [r, 0], [0, r], [-r, 0]),
  manual: (path, r) => path.arc(0, 0, r, 0, 2 * Math.PI),
  guess: (path, r) => path.arc(0, 0, r, 0, 2 * Math.PI),
};

function polygon(path, [x, y], ...others) {
  path.moveTo(x, y);
  for (const [at, high] of others) path.lineTo(at, high);
  path.closePath();
}

function arrow(path, r, down) {
  polygon(path, [-r, -r * 0.2 * down], [r, -r * 0.2 * down], [0, r * 1.4 * down]);
}

/** Draws the marks on uPlot's canvas; `colours` has `data`, `caution` and `card`. */
export function drawMarks(plot, lines, colours) {
  const { ctx, bbox } = plot;
  const scale = devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const { x, y, flags, counts } of lines.flatMap((line) => line.marks)) {
    const [left, top] = [plot.valToPos(x / 1000, "x", true), plot.valToPos(y, "y", true)];
    if (left < bbox.left || left > bbox.left + bbox.width) continue;
    for (const { bit, name } of MARKS) {
      if (!(flags & bit)) continue;
      const isRing = name === "manual" || name === "guess";
      const colour = flags & 1 || !isRing ? colours.caution : colours.data;
      const path = new Path2D();
      shapes[name](path, (isRing ? 5 : 4.5) * scale);
      ctx.globalAlpha = counts ? 1 : FAINT;
      ctx.translate(left, top);
      ctx.lineWidth = 1.5 * scale;
      ctx.setLineDash(name === "guess" ? [2 * scale, 2 * scale] : []);
      ctx.strokeStyle = ctx.fillStyle = colour;
      if (isRing && !(flags & 1)) {
        ctx.fillStyle = colours.card;
        ctx.fill(path);
      } else if (!isRing) ctx.fill(path);
      ctx.stroke(path);
      ctx.translate(-left, -top);
    }
  }
  ctx.restore();
}
