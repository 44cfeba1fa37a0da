"""Measurements that a person types in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from backend.access import Access
from backend.celery import nudge
from backend.changes import record_change
from backend.models import Patient
from backend.rules import Topic
from backend.services import NotPossible
from twin.intake.acceptance import accept
from twin.intake.items import ProblemCode, Samples
from twin.kinds import KINDS, kind
from twin.models import Source
from twin.report import Report
from twin.series import store
from twin.series.columns import Columns, Flag
from twin.series.overlay import BuriedBy
from twin.services.digest import digest
from twin.services.forecasts import mark_stale
from twin.services.intake import Touched, take_in

TYPED_IN = "Typed in"


@dataclass(frozen=True, slots=True)
class Measurement:
    """One value as a person gives it, in any unit of its kind."""

    kind: str
    value: float
    unit: str
    at: datetime


def record_measurements(*, access: Access, measurements: Sequence[Measurement], now: datetime) -> Report:
    """Stores all of them or none, and brings the twin up to date. Raises NotPossible with the part at fault.

    What was taken back and is typed in again is there again.
    Raises Http404 for a topic in which the person may not act.
    """
    items = []
    for place, one in enumerate(measurements):
        if one.kind not in KINDS:
            raise NotPossible(f"{place}.kind", "This kind of measurement is not known.")
        access.topic(kind(one.kind).topic)
        items.append(_samples(one))
        refused = accept(items[-1], now=now)[1]
        if refused:
            raise NotPossible(*_REASONS[refused[0].code](place, one))
    report, touched = Report(), Touched()
    take_in(access.patient.id, items, report=report, touched=touched, now=now, lifts=list(BuriedBy))
    _follow(access.patient, touched, now)
    return report


def delete_measurement(*, access: Access, kind_code: str, at: datetime, now: datetime) -> None:
    """Takes back what was typed in for this moment, and brings the twin up to date.

    Raises NotPossible where nothing was typed in, Http404 for a topic in which the person may not act.
    """
    if kind_code not in KINDS:
        raise NotPossible("kind", "This kind of measurement is not known.")
    access.topic(kind(kind_code).topic)
    start = _millisecond(at)
    source = Source.objects.filter(patient=access.patient, name=TYPED_IN).first()
    if source is None or not store.delete(access.patient.id, kind_code, source.id, start, 0):
        raise NotPossible("start", "Nothing was typed in for this moment.")
    _follow(access.patient, {kind_code: [start, start]}, now)


def _follow(patient: Patient, touched: Touched, now: datetime) -> None:
    digest(patient.id, touched, now=now)
    mark_stale(patient.id, touched, now=now)
    nudge("twin.check_warnings", str(patient.id))
    for code in sorted(touched):
        record_change(patient.id, topic=Topic(kind(code).topic), ref=f"series/{code}")


def _millisecond(at: datetime) -> int:
    # A whole second: what two devices or two taps would call the same moment is the same sample.
    return round(at.timestamp()) * 1000


def _samples(one: Measurement) -> Samples:
    return Samples(
        one.kind,
        TYPED_IN,
        one.unit,
        Columns(
            np.array([_millisecond(one.at)], np.int64),
            np.zeros(1, np.int64),
            np.array([one.value], np.float64),
            flags=np.array([Flag.MANUAL], np.uint8),
        ),
    )


def _out_of_range(place: int, one: Measurement) -> tuple[str, str]:
    low, high = kind(one.kind).hard
    return f"{place}.value", f"This cannot be right: {low:g} to {high:g} {kind(one.kind).unit} is possible."


_REASONS = {
    ProblemCode.UNKNOWN_UNIT: lambda place, one: (f"{place}.unit", f"{one.unit} is not a unit of this."),
    ProblemCode.NOT_A_NUMBER: lambda place, _: (f"{place}.value", "This is not a number."),
    ProblemCode.IMPLAUSIBLE_TIME: lambda place, _: (
        f"{place}.start",
        "This is too far back or in the future.",
    ),
    ProblemCode.OUT_OF_RANGE: _out_of_range,
}
