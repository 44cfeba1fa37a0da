// "How this came about": Prophet's reading of the last weeks as a small picture, the week, and sentences.

import { get, withQuery } from "../api.js";
import { failure, h, svg } from "../dom.js";
import { day, number, signed, unitText } from "../format.js";
import { nameOf, shortDay } from "./words.js";

const SPANS = [28, 60, 90];
const WEEK = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const LONG_WEEK = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const WIDTH = 600;
const HEIGHT = 170;
const PAD = 8;

const time = (iso) => Date.parse(`${iso}T12:00:00Z`);

/** The trend with its change points, what was fitted, and how it would go on, as SVG. */
function picture(told, truth, kind) {
  const ahead = told.ahead;
  const seen = truth.days
    .map((iso, i) => [iso, truth.values[i]])
    .filter(([iso]) => iso >= told.days[0] && iso <= told.days.at(-1));
  const all = [
    ...told.trend,
    ...told.fitted,
    ...ahead.low80,
    ...ahead.high80,
    ...seen.map(([, value]) => value),
  ];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const [first, last] = [time(told.days[0]), time(ahead.days.at(-1))];
  const x = (iso) => ((time(iso) - first) / (last - first)) * WIDTH;
  const y = (value) => HEIGHT - PAD - ((value - low) / (high - low || 1)) * (HEIGHT - 2 * PAD);
  const points = (days, values) => days.map((iso, i) => `${x(iso).toFixed(1)} ${y(values[i]).toFixed(1)}`);
  const line = (name, days, values) =>
    svg("path", {
      class: name,
      d: `M${points(days, values).join("L")}`,
      "vector-effect": "non-scaling-stroke",
    });
  const back = [...ahead.days].reverse();
  const band = svg("path", {
    class: "why-band",
    d: `M${points(ahead.days, ahead.high80).join("L")}L${points(back, [...ahead.low80].reverse()).join("L")}Z`,
  });
  const dots = svg("path", {
    class: "why-values",
    d: seen.map(([iso, value]) => `M${x(iso).toFixed(1)} ${y(value).toFixed(1)}h0`).join(""),
    "vector-effect": "non-scaling-stroke",
  });
  const changes = told.changes.map(({ day: iso }) =>
    svg("path", {
      class: "why-change",
      d: `M${x(iso).toFixed(1)} ${PAD}V${HEIGHT - PAD}`,
      "vector-effect": "non-scaling-stroke",
    }),
  );
  const words = `Trend of ${nameOf(kind)} from ${day(told.days[0])} to ${day(told.days.at(-1))}: from ${number(told.trend[0], kind.decimals)} to ${number(told.trend.at(-1), kind.decimals)} ${unitText(kind.unit)}.`;
  return h(
    "figure",
    { class: "why-picture", role: "img", "aria-label": words },
    h(
      "div",
      { class: "why-scale num", "aria-hidden": "true" },
      h("span", {}, number(high, kind.decimals)),
      h("span", {}, number(low, kind.decimals)),
    ),
    svg(
      "svg",
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" },
      band,
      dots,
      ...changes,
      line("why-fitted", told.days, told.fitted),
      line("why-trend", told.days, told.trend),
      line("why-ahead", ahead.days, ahead.mean),
    ),
    h(
      "div",
      { class: "why-days", "aria-hidden": "true" },
      [told.days[0], told.days.at(-1), ahead.days.at(-1)].map((iso) => h("span", {}, shortDay(iso))),
    ),
  );
}

const key = (name, text) => h("span", { class: `key ${name}` }, text);

function legend(told) {
  return h(
    "div",
    { class: "why-legend" },
    key("key-why-values", "values"),
    key("key-why-trend", "trend"),
    (told.weekly || told.events.length > 0) &&
      key("key-why-fitted", told.weekly ? "with the week and events" : "with events"),
    told.changes.length > 0 && key("key-why-change", "the trend changed"),
    key("key-mean", "if it went on so"),
    key("key-80", "80 % band"),
  );
}

/** Seven bars up and down from the trend, Monday first. */
function week(effects, kind) {
  const most = Math.max(...effects.map(Math.abs)) || 1;
  const decimals = kind.decimals + (most < 10 ? 1 : 0);
  return h(
    "div",
    {},
    h(
      "h4",
      { class: "soft small" },
      `The week, beside the trend${unitText(kind.unit) && ` (${unitText(kind.unit)})`}`,
    ),
    h(
      "ol",
      { class: "week-bars" },
      effects.map((effect, i) => {
        const bar = h("span", { class: `week-bar ${effect < 0 ? "down" : "up"}`, "aria-hidden": "true" });
        bar.style.setProperty("--size", (Math.abs(effect) / most).toFixed(3));
        return h(
          "li",
          {},
          h("span", { class: "week-track" }, bar),
          h(
            "span",
            { class: "num", "aria-label": `${LONG_WEEK[i]}: ${signed(effect, decimals)}` },
            signed(effect, decimals),
          ),
          h("span", { class: "soft", "aria-hidden": "true" }, WEEK[i]),
        );
      }),
    ),
  );
}

const segments = (title, options, chosen, choose) =>
  h(
    "div",
    { class: "segments", role: "group", "aria-label": title },
    options.map(([value, text, long]) =>
      h(
        "button",
        {
          type: "button",
          "aria-pressed": String(value === chosen),
          "aria-label": long ?? null,
          onclick: () => choose(value),
        },
        text,
      ),
    ),
  );

/** The card, which asks for what it shows; null where none of the kinds is forecast. `signal` ends its requests. */
export function explanationCard({ patient, kinds, signal }) {
  const explained = kinds.filter(({ kind }) => kind.forecast);
  if (!explained.length) return null;
  let [chosen, span] = [explained[0], 60];
  const body = h("div", { class: "stack" });
  const controls = h("div", { class: "chart-bar" });

  const show = (told) => {
    const notYet = "more_days" in told;
    body.replaceChildren(
      ...(notYet
        ? [h("p", { class: "waiting" }, waiting(told))]
        : [
            picture(told, chosen.record?.truth ?? { days: [], values: [] }, chosen.kind),
            legend(told),
            h(
              "ul",
              { class: "plain-list sentences" },
              told.sentences.map((text) => h("li", {}, text)),
            ),
            told.weekly && week(told.weekly, chosen.kind),
          ].filter(Boolean)),
      h(
        "p",
        { class: "soft small" },
        [
          "This is an explanation by another model, Prophet; the forecast above is not made by it and may differ.",
          "It sees what came when, never why. What nobody has noted it does not know, and two things on the same days it cannot tell apart.",
          notYet ? "" : told.reason,
        ]
          .join(" ")
          .trim(),
      ),
    );
  };
  const load = async () => {
    drawControls();
    body.setAttribute("aria-busy", "true");
    try {
      const path = `patients/${patient}/forecasts/${chosen.code}/explanation`;
      const asked = [chosen, span];
      const told = await get(withQuery(path, { days: span }), { signal });
      if (asked[0] === chosen && asked[1] === span) show(told);
    } catch (error) {
      if (error.name !== "AbortError") body.replaceChildren(failure(error, load));
    } finally {
      body.removeAttribute("aria-busy");
    }
  };
  const drawControls = () =>
    controls.replaceChildren(
      ...[
        explained.length > 1 &&
          segments(
            "Of what",
            explained.map((one) => [one, one.kind.title.split(" ")[0]]),
            chosen,
            (one) => {
              chosen = one;
              load();
            },
          ),
        segments(
          "Days looked back",
          SPANS.map((days) => [days, String(days), `${days} days`]),
          span,
          (days) => {
            span = days;
            load();
          },
        ),
      ].filter(Boolean),
    );
  load();
  return h(
    "section",
    { class: "card stack", "data-part": "explanation" },
    h("div", { class: "card-head" }, h("h3", {}, "How this came about"), controls),
    body,
  );
}

function waiting({ more_days, reason }) {
  return `Not enough data yet: ${more_days} more ${more_days === 1 ? "day" : "days"} with a value. ${reason}`;
}
