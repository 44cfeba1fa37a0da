"""The generated patient: diabetes, hypertension, kidneys slowly failing, a new medicine that works. Pure."""

from collections.abc import Iterator
from datetime import datetime
from itertools import chain
from zoneinfo import ZoneInfo

import numpy as np

from twin.demo import story
from twin.demo.body import body
from twin.demo.days import Days
from twin.demo.delivery import delivered
from twin.demo.glucose import course, meter, sensor
from twin.demo.heart import daily_heart, minute_heart_rate, worn
from twin.demo.laboratory import hba1c, laboratory
from twin.demo.movement import Timeline, cadence, steps, walks
from twin.demo.pressure import pressure
from twin.demo.records import records
from twin.demo.sleep import nights, sleep
from twin.intake.items import Item, Samples

_LABORATORY_DAYS = story.LABORATORY_DAYS_AGO[-1] + 1


def items(now: datetime) -> Iterator[Item]:
    """Her year up to `now` (an aware instant): the same for the same day, but for what is not over at `now`.

    Samples come in batches as from a reader; a later day moves the whole year with it.
    """
    zone = ZoneInfo(story.TIME_ZONE)
    today = now.astimezone(zone).date()
    yield from records(today)
    for samples in _samples(Days.until(today, story.DAYS, zone), Days.until(today, _LABORATORY_DAYS, zone)):
        yield from delivered(samples, now)


def _samples(days: Days, laboratory_days: Days) -> Iterator[Samples]:
    timeline = Timeline(days)
    slept = nights(days)
    on_wrist, recorded = worn(timeline, slept)
    taken = walks(timeline, slept)
    per_minute = cadence(timeline, taken)
    sugar = course(timeline, hba1c(days.ago.astype(np.float64)), per_minute)
    yield from chain(
        laboratory(laboratory_days),
        body(days),
        pressure(days),
        sleep(days, slept, recorded),
        daily_heart(days, recorded, slept),
        steps(timeline, taken, per_minute, on_wrist),
        meter(timeline, sugar),
        sensor(timeline, sugar),
        minute_heart_rate(timeline, slept, per_minute, on_wrist),
    )
