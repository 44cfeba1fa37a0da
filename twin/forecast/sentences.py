"""An explanation in plain sentences. They say what came when, and never what caused it. Pure."""

from datetime import date

from twin.forecast.band import Values
from twin.forecast.effects import STEPS, Effect, KnownEvent
from twin.forecast.explanation import Explanation
from twin.kinds import Kind, said_unit

WEEKDAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
_VERBS = {"medicine_started": "started", "medicine_changed": "changed", "medicine_stopped": "stopped"}
_NOUNS = {"illness": "an illness", "surgery": "surgery", "travel": "travel"}


def sentences(kind: Kind, explanation: Explanation) -> list[str]:
    """What the numbers say, and how surely: trend, week, events, and what Prophet would expect in a month."""
    told = [_trend(kind, explanation)]
    if explanation.weekly is not None:
        told.append(_week(kind, explanation.weekly))
    told += [_event(kind, effect) for effect in explanation.events]
    mean, low, high = (
        f"{each[-1]:,.{kind.decimals}f}" for each in (explanation.mean, explanation.low80, explanation.high80)
    )
    told.append(
        f"If it went on like this, Prophet would expect {mean}{_unit(kind)} on "
        f"{_day(explanation.ahead[-1].item())}, and with 80 % between {low} and {high}."
    )
    return told


def _trend(kind: Kind, explanation: Explanation) -> str:
    slope = explanation.slope
    if slope is None:
        return f"{kind.title}: taken as level. {explanation.reason}"
    if slope.since > explanation.days[0].item():
        since = f"since {_day(slope.since)}"
    else:
        since = f"over these {len(explanation.days)} days"
    if slope.low <= 0 <= slope.high:
        return f"{kind.title}: no clear rise or fall {since}."
    value, ends = _amounts(kind, slope.value, slope.low, slope.high)
    return (
        f"{kind.title}: a {'rise' if slope.value > 0 else 'fall'} of about {value} a week {since} ({ends})."
    )


def _week(kind: Kind, weekly: Values) -> str:
    high, low = int(weekly.argmax()), int(weekly.argmin())
    above, _ = _amounts(kind, weekly[high], 0, weekly[low])
    below, _ = _amounts(kind, weekly[low], 0, weekly[high])
    return (
        f"Highest on {WEEKDAYS[high]}, {above} above its trend, and lowest on {WEEKDAYS[low]}, {below} below."
    )


def _event(kind: Kind, effect: Effect) -> str:
    when = _when(effect.event)
    if effect.effect is None or effect.low is None or effect.high is None:
        return f"{when}: no difference can be told. {effect.reason}"
    value, ends = _amounts(kind, effect.effect, effect.low, effect.high)
    if effect.low <= 0 <= effect.high:
        low, high = (_amounts(kind, end, effect.low, effect.high)[0] for end in (effect.low, effect.high))
        return f"{when}: no clear difference, between {low} lower and {high} higher."
    return f"{when}: about {value} {'higher' if effect.effect > 0 else 'lower'} than otherwise ({ends})."


def _when(event: KnownEvent) -> str:
    if event.type in STEPS:
        return f"After {event.text or 'a medicine'} was {_VERBS[event.type]} on {_day(event.starts_on)}"
    what = _NOUNS.get(event.type, "an event")
    if event.text:
        what = f"{what} ({event.text})"
    last = event.ends_on or event.starts_on
    days = f"from {_day(event.starts_on)} to {_day(last)}"
    return f"During {what} {f'on {_day(last)}' if last == event.starts_on else days}"


def _amounts(kind: Kind, difference: float, low: float, high: float) -> tuple[str, str]:
    """The size of a difference with its unit, and its range where that is of one sign.

    A small one is told a decimal finer than a value of the kind.
    """
    small, large = sorted((abs(low), abs(high)))
    decimals = kind.decimals + (large < 10)
    return f"{abs(difference):,.{decimals}f}{_unit(kind)}", f"{small:,.{decimals}f} to {large:,.{decimals}f}"


def _unit(kind: Kind) -> str:
    return f" {said_unit(kind)}"


def _day(day: date) -> str:
    return f"{day.day} {day:%B}"
