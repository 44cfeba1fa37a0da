"""What a person logged beside the readings: meals, insulin and exercise, as records. Pure."""

from collections.abc import Iterable
from datetime import timedelta, tzinfo

import numpy as np

from twin.instants import instant
from twin.intake.cgm.readings import source_name
from twin.intake.items import Record, RecordType
from twin.intake.wall_time import instants

_TOPICS = {RecordType.TREATMENT: "glucose", RecordType.ACTIVITY: "vitals"}
_LONGEST = 200


def entry(
    type_: RecordType,
    text: str,
    wall: int | None,
    zone: tzinfo,
    cells: Iterable[tuple[str, str]],
    *,
    source: str,
    duration: int = 0,
) -> Record | None:
    """One entry at wall-clock milliseconds since 1970; None where there is no such time.

    `cells` are the row's columns with their names. An entry is the same one in every export that has it: its
    identity is its time on the clock and its text.
    """
    if wall is None:
        return None
    start, _ = instants(np.array([wall]), zone)
    try:
        at, clock = (instant(int(ms)) for ms in (start[0], wall))
        end = at + timedelta(milliseconds=duration)
    except OverflowError:
        return None
    return Record(
        type=type_,
        identity=f"{clock:%Y-%m-%dT%H:%M:%S} {text}"[:_LONGEST],
        system="",
        code="",
        text=text[:_LONGEST],
        status="",
        start=at,
        end=end if duration else None,
        body={name: cell for name, cell in cells if cell},
        topic=_TOPICS[type_],
        source=source_name(source),
    )
