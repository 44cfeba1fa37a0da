// The uPlot side of a chart: series, bands, axes and colours. Colours come from the tokens at each draw.

import uPlot from "../../../vendor/uplot/uPlot.esm.js";
import { LINE_COLUMNS } from "./data.js";
import { drawLimits, drawMoments, drawNow } from "./guides.js";
import { drawMarks } from "./marks.js";

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const AXIS_FONT = "12px system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";
const DAY = 86_400; // seconds, as uPlot counts
const LIMIT_REACH = 0.75; // of what is seen, how much further a limit may lie
const HIDDEN = { stroke: "transparent", width: 0, points: { show: false } };

// A second line of the same chart (diastolic under systolic) is told apart by its dashes, not by colour alone.
const DASHES = [undefined, [7, 4]];

function pointsFit(plot, index) {
  const { min, max } = plot.series[index];
  const [first, last] = plot.series[0].idxs ?? [0, plot.data[0].length - 1];
  if (min === null || max === null) return false;
  let shown = 0;
  for (let i = first; i <= last; i++) shown += plot.data[index][i] != null;
  return plot.bbox.width / devicePixelRatio / Math.max(1, shown) > 9;
}

function seriesOf(line, n) {
  const bars = line.isTotal ? uPlot.paths.bars({ size: [0.7, 26, 1], radius: 0.15 }) : undefined;
  return LINE_COLUMNS.map((column) => {
    if (column === "value") {
      return {
        label: line.title,
        stroke: () => token("--data"),
        fill: line.isTotal ? () => token("--data-soft") : undefined,
        width: line.isTotal ? 1 : 2,
        dash: line.isTotal ? undefined : DASHES[n],
        paths: bars,
        points: line.isTotal
          ? { show: false }
          : {
              show: pointsFit,
              size: 5,
              fill: () => token("--data"),
              stroke: () => token("--data"),
              width: 0,
            },
      };
    }
    if (column === "other")
      return {
        label: `${line.title}, another device`,
        stroke: () => token("--data-faint"),
        // Dots alone: several devices may be among them, and a line would join one to the next.
        paths: () => null,
        points: { show: true, size: 3, fill: () => token("--data-faint"), width: 0 },
      };
    if (column === "mean")
      return {
        label: "forecast",
        stroke: () => token("--forecast"),
        width: 2,
        dash: line.forecast?.simpler ? [2, 4] : [5, 4],
        points: { show: false },
      };
    if (column === "past_mean")
      return {
        label: "forecast earlier",
        stroke: () => token("--forecast-faint"),
        width: 1.5,
        points: { show: false },
      };
    return HIDDEN;
  });
}

function bandsOf(first) {
  const at = (column) => first + LINE_COLUMNS.indexOf(column);
  return [
    { series: [at("past_high80"), at("past_low80")], fill: () => token("--forecast-95") },
    { series: [at("high"), at("low")], fill: () => token("--data-soft") },
    { series: [at("high95"), at("low95")], fill: () => token("--forecast-95") },
    { series: [at("high80"), at("low80")], fill: () => token("--forecast-80") },
  ];
}

/** Every value in view, and the limits that are not so far off that they would flatten it. */
function valueRange(lines, limits) {
  return (plot, low, high) => {
    if (low === null || high === null) return [0, 1];
    const reach = Math.max(high - low, Math.abs(high) * 0.05) * LIMIT_REACH;
    const near = limits
      .map(({ value }) => value)
      .filter((value) => value > low - reach && value < high + reach);
    [low, high] = [Math.min(low, ...near), Math.max(high, ...near)];
    const pad = (high - low || Math.abs(high) || 1) * 0.08;
    const floor = lines.some((line) => line.isTotal) ? 0 : low - pad;
    return [low >= 0 ? Math.max(0, floor) : floor, high + pad];
  };
}

/** Labels of the time axis in the reader's own way: clock times, days, months or years by the step between them. */
function timeLabels(zone) {
  const form = (options) => new Intl.DateTimeFormat(undefined, { ...options, timeZone: zone });
  const forms = [
    [365 * DAY, form({ year: "numeric" })],
    [28 * DAY, form({ month: "short", year: "numeric" })],
    [DAY, form({ day: "numeric", month: "short" })],
    [0, form({ hour: "2-digit", minute: "2-digit" })],
  ];
  const date = forms[2][1];
  return (_, splits, axis, space, step) => {
    const chosen = forms.find(([least]) => step >= least)[1];
    let before = "";
    return splits.map((seconds) => {
      const at = new Date(seconds * 1000);
      const text = chosen.format(at);
      if (step >= DAY) return text;
      const changed = date.format(at) !== before;
      before = date.format(at);
      return changed ? `${text}\n${before}` : text;
    });
  };
}

/**
 * Draws the aligned `data` of `lines` into `root`, with `limits` ({value, text, tone}) across, lines at `now` ({at, name})
 * and at `moments`. `onCursor(index)` follows the pointer, `onDraw(plot)` each drawing.
 */
export function makePlot(
  root,
  { lines, data, zone, from, to, height, limits, moments, now, onCursor, onDraw },
) {
  const plot = new uPlot(
    {
      width: Math.max(200, root.clientWidth),
      height,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, y: false, points: { size: 8 }, hover: { prox: 24 } },
      scales: {
        x: { time: true, range: (_, min, max) => [min, max] },
        y: { range: valueRange(lines, limits) },
      },
      axes: [
        {
          font: AXIS_FONT,
          stroke: () => token("--ink-soft"),
          grid: { stroke: () => token("--grid"), width: 1 },
          ticks: { show: false },
          space: 72,
          values: timeLabels(zone),
        },
        {
          font: AXIS_FONT,
          stroke: () => token("--ink-soft"),
          grid: { stroke: () => token("--grid"), width: 1 },
          ticks: { show: false },
          size: (_, labels) => 14 + 7 * Math.max(3, ...(labels ?? []).map((label) => String(label).length)),
        },
      ],
      series: [{}, ...lines.flatMap(seriesOf)],
      bands: lines.flatMap((_, n) => bandsOf(1 + n * LINE_COLUMNS.length)),
      hooks: {
        setCursor: [(u) => onCursor(u.cursor.idx)],
        drawAxes: [
          (u) => drawMoments(u, moments, token("--line-strong")),
          (u) => drawNow(u, now.at, now.name, { line: token("--line-strong"), ink: token("--ink-soft") }),
        ],
        draw: [
          (u) => drawLimits(u, limits, token),
          (u) =>
            drawMarks(u, lines, {
              data: token("--data"),
              caution: token("--caution"),
              card: token("--card"),
            }),
          onDraw,
        ],
      },
    },
    data,
    root,
  );
  plot.setScale("x", { min: from / 1000, max: to / 1000 });
  return plot;
}
