// What stands across a plot to measure by: now, events, and the limits and goals with their names.

const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";
const TONES = { goal: "--good", limit: "--caution" };
const EDGE = 6;

const clear = (plot) => {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  return devicePixelRatio;
};

/** A line at `now` (ms) under everything else, with its name at the top. */
export function drawNow(plot, now, name, { line, ink }) {
  const { ctx, bbox } = plot;
  const left = plot.valToPos(now / 1000, "x", true);
  if (left < bbox.left || left > bbox.left + bbox.width) return;
  const scale = clear(plot);
  ctx.strokeStyle = line;
  ctx.lineWidth = scale;
  ctx.beginPath();
  ctx.moveTo(left, bbox.top);
  ctx.lineTo(left, bbox.top + bbox.height);
  ctx.stroke();
  ctx.font = `${11 * scale}px ${FONT}`;
  ctx.fillStyle = ink;
  ctx.textBaseline = "top";
  ctx.textAlign = "right";
  ctx.fillText(name, left - EDGE * scale, bbox.top + EDGE * scale);
  ctx.restore();
}

/** Dotted lines at `moments` (ms), from the marks of events below the plot up through it. */
export function drawMoments(plot, moments, line) {
  const { ctx, bbox } = plot;
  const scale = clear(plot);
  ctx.strokeStyle = line;
  ctx.lineWidth = scale;
  ctx.setLineDash([2 * scale, 3 * scale]);
  for (const at of moments) {
    const left = Math.round(plot.valToPos(at / 1000, "x", true));
    if (left < bbox.left || left > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(left, bbox.top);
    ctx.lineTo(left, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

/** Dashed lines at `limits` with their texts at the left, above the line or, at the top, below it. */
export function drawLimits(plot, limits, token) {
  const { ctx, bbox } = plot;
  for (const { value, text, tone } of limits) {
    const top = Math.round(plot.valToPos(value, "y", true));
    if (top < bbox.top || top > bbox.top + bbox.height) continue;
    const scale = clear(plot);
    const colour = token(TONES[tone]);
    ctx.strokeStyle = colour;
    ctx.lineWidth = Math.round(1.5 * scale);
    ctx.setLineDash([7 * scale, 4 * scale]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, top);
    ctx.lineTo(bbox.left + bbox.width, top);
    ctx.stroke();
    ctx.font = `500 ${11 * scale}px ${FONT}`;
    ctx.textAlign = "left";
    const isNearTop = top - bbox.top < 20 * scale;
    ctx.textBaseline = isNearTop ? "top" : "bottom";
    const place = [bbox.left + EDGE * scale, top + (isNearTop ? 4 : -3) * scale];
    // A rim in the card's colour keeps the name readable over the data.
    ctx.setLineDash([]);
    ctx.lineJoin = "round";
    ctx.lineWidth = 3 * scale;
    ctx.strokeStyle = token("--card");
    ctx.strokeText(text, ...place);
    ctx.fillStyle = colour;
    ctx.fillText(text, ...place);
    ctx.restore();
  }
}
