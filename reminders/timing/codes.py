"""The words of timing as data: FHIR's codes and events, usual clock times, what has to be confirmed. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent.parent / "data"
_FILE: dict[str, Any] = json.loads((DATA / "medication.json").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Code:
    """A code of timing: what it stands for in FHIR's own terms, and its usual clock times."""

    code: str
    title: str
    repeat: Mapping[str, Any]
    clock: tuple[time, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """An event of a person's day: minutes from an anchor of the routine, or without one a clock time.

    `shift` is the direction in which an offset moves it; where it is 0 there is no offset. `usual` is the
    offset of who says none.
    """

    anchor: str | None
    clock: time | None
    shift: int
    usual: int


def _clock(texts: list[str]) -> tuple[time, ...]:
    return tuple(time.fromisoformat(text) for text in texts)


def _event(row: Mapping[str, Any]) -> Event:
    anchors = _FILE["default_anchors"]
    usual = next((anchors[f"{side}_min"] for side in ("before_meal", "after_meal") if row.get(side)), 0)
    anchor = "bed" if row.get("anchor") == "sleep" else row.get("anchor")
    clock = time.fromisoformat(row["clock"]) if "clock" in row else None
    return Event(anchor, clock, row.get("shift", 0), usual)


ANCHORS: Mapping[str, time] = {
    name: time.fromisoformat(at) for name, at in _FILE["default_anchors"].items() if isinstance(at, str)
}
"""The usual day, of who has not said otherwise."""

SYSTEM: str = _FILE["timing_codes"][0]["system"]
SYSTEMS = frozenset({SYSTEM, "http://hl7.org/fhir/v3/GTSAbbreviation"})  # the second is that of FHIR STU3

CODES: Mapping[str, Code] = {
    row["code"]: Code(row["code"], row["title"], row["repeat"], _clock(row["default_clock"]))
    for row in _FILE["timing_codes"]
}

TO_CONFIRM: Mapping[str, str] = {code: why for code, why in _FILE["to_confirm"].items() if code != "note"}
"""Codes that no timing is made of, each with the reason."""

EVENTS: Mapping[str, Event] = {name: _event(row) for name, row in _FILE["event_clock"]["events"].items()}

EVENT_TITLES: Mapping[str, str] = {row["code"]: row["title"] for row in _FILE["event_codes"]}

EACH_MEAL: Mapping[str, tuple[str, ...]] = {
    name: tuple(meals) for name, meals in _FILE["event_clock"]["each_meal"].items()
}
"""Events that say no meal: those of all three."""

HOURLY: Mapping[int, tuple[time, ...]] = {
    **{code.repeat["period"]: code.clock for code in CODES.values() if code.repeat["periodUnit"] == "h"},
    **{int(hours): _clock(at) for hours, at in _FILE["hours_without_code"].items() if hours != "note"},
}
"""The usual clock times of doses so many hours apart."""

DAILY: Mapping[int, tuple[time, ...]] = {
    code.repeat["frequency"]: code.clock
    for code in CODES.values()
    if code.repeat["periodUnit"] == "d" and code.repeat["period"] == 1 and "when" not in code.repeat
}
"""The usual clock times of so many doses a day."""
