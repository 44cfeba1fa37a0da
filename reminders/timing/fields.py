"""The values of a timing's JSON, one by one: each is read or refused by its field and the reason. Pure."""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar, cast

from reminders.timing.pattern import TimingError

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MOST_LISTED = 24
MOST_AMOUNT = Decimal(1_000_000)
MOST_GAP = timedelta(days=31)
_MINUTE = timedelta(minutes=1)
_DECIMALS = 6
_Listed = TypeVar("_Listed", int, time)
_NOT_OURS: Mapping[str, str] = {
    "boundsPeriod": "The plan's own start and end say this.",
    "boundsDuration": "The plan's own start and end say this.",
    "boundsRange": "The plan's own start and end say this.",
    "frequencyMax": "It says a range; how often has to be one number.",
    "periodMax": "It says a range; how far apart has to be one number.",
}


def read_amount(given: object, path: str) -> Decimal:
    """A positive number of at most six decimals, in its shortest spelling."""
    try:
        if isinstance(given, bool) or not isinstance(given, int | float | str | Decimal):
            raise InvalidOperation
        amount = Decimal(str(given))
    except InvalidOperation as wrong:
        raise TimingError(path, "A number is wanted.") from wrong
    if not amount.is_finite() or not 0 < amount <= MOST_AMOUNT:
        raise TimingError(path, f"An amount is above 0 and at most {MOST_AMOUNT}.")
    if amount != round(amount, _DECIMALS):
        raise TimingError(path, f"At most {_DECIMALS} decimals.")
    return Decimal(spelled(amount))


def spelled(amount: Decimal) -> str:
    """An amount without zeros that say nothing."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def read_minutes(fields: Mapping[str, Any], name: str, under: str = "") -> timedelta | None:
    """So many minutes, where the field is there."""
    if name not in fields:
        return None
    return _MINUTE * read_whole(fields[name], under + name, 1, MOST_GAP // _MINUTE)


def read_weekday(given: object) -> int:
    """A weekday from Monday, 0."""
    if given not in WEEKDAYS:
        raise TimingError("repeat.dayOfWeek", f"Weekdays are {', '.join(WEEKDAYS)}.")
    return WEEKDAYS.index(given)


def read_time(given: object) -> time:
    """A time of the day on a whole minute."""
    try:
        at = time.fromisoformat(cast("str", given))
    except (TypeError, ValueError) as wrong:
        raise TimingError("repeat.timeOfDay", "Times are written like 08:00.") from wrong
    if at.tzinfo is not None:
        raise TimingError("repeat.timeOfDay", "A time of the day has no zone; the plan's holds.")
    if at.second or at.microsecond:
        raise TimingError("repeat.timeOfDay", "Times are on whole minutes.")
    return at


def read_list(fields: Mapping[str, Any], name: str, read: Callable[[object], _Listed]) -> tuple[_Listed, ...]:
    """The values of a field, sorted and none of them twice; none where the field is not there."""
    if name not in fields:
        return ()
    values = [read(given) for given in read_rows(fields[name], f"repeat.{name}", MOST_LISTED)]
    if len(set(values)) < len(values):
        raise TimingError(f"repeat.{name}", "It says one of them twice.")
    return tuple(sorted(values))


def read_rows(given: object, path: str, most: int) -> Sequence[Any]:
    """A list of at least one and at most so many."""
    if not isinstance(given, Sequence) or isinstance(given, str | bytes) or not given:
        raise TimingError(path, "A list of at least one is wanted.")
    if len(given) > most:
        raise TimingError(path, f"At most {most}.")
    return given


def read_whole(given: object, path: str, least: int, most: int) -> int:
    """A whole number within bounds, also where it is written as 1.0."""
    if isinstance(given, float | Decimal) and math.isfinite(given) and given == int(given):
        given = int(given)
    if not isinstance(given, int) or isinstance(given, bool):
        raise TimingError(path, "A whole number is wanted.")
    if not least <= given <= most:
        raise TimingError(path, f"A number from {least} to {most} is wanted.")
    return given


def read_fields(given: object, path: str, names: Sequence[str], *, all_of: bool = False) -> dict[str, Any]:
    """An object with no other fields than these, and where `all_of` with each of them."""
    if not isinstance(given, Mapping):
        raise TimingError(path or "timing", "An object is wanted.")
    for name in given:
        if name not in names:
            field = f"{path}.{str(name)[:40]}".lstrip(".")
            reason = _NOT_OURS.get(name, "This field is not understood.")
            raise TimingError(field, reason, to_confirm=True)
    for name in names if all_of else ():
        if name not in given:
            raise TimingError(f"{path}.{name}", "It is missing.")
    return dict(given)
