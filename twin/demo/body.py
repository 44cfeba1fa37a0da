"""The generated patient's weight, height, and the fever of her cold. Pure."""

from collections.abc import Iterator

import numpy as np

from twin.demo import story
from twin.demo.days import Days
from twin.intake.items import Samples
from twin.series.columns import Flag

LATEST_WEIGHT = 82.1
_LOST_IN_THE_YEAR = 2.6


def body(days: Days) -> Iterator[Samples]:
    """Weight on most mornings, slowly falling, with salt and weekends in it; one height; a cold's fever."""
    random = story.random("body")
    weekly = np.array([0.35, 0.2, 0.05, -0.05, -0.15, -0.1, 0.15])[days.weekdays]
    course = LATEST_WEIGHT + _LOST_IN_THE_YEAR * (days.ago / story.DAYS) ** 0.8 + weekly
    # What the holiday added is gone after some weeks.
    holiday = np.convolve(story.marked(days, story.HOLIDAY_DAYS_AGO), 0.11 * np.exp(-np.arange(60) / 18))
    course += holiday[: days.count] - 0.8 * story.marked(days, story.COLD_DAYS_AGO)
    course += story.wander(random, days.count, 0.6, 0.18) + random.normal(0, 0.18, days.count)
    day = story.attended(random, days, 0.68)
    minute = np.rint(random.normal(412, 14, len(day)))
    yield Samples(
        "weight",
        story.source("scale"),
        "kg",
        days.columns(days.instants(day, minute), np.round(course[day], 1)),
    )
    first = np.array([0])
    yield Samples(
        "height",
        story.source("entered by hand"),
        "cm",
        days.columns(days.instants(first, first + 600), np.array([164.0]), flag=Flag.MANUAL),
    )
    ill = np.flatnonzero(story.marked(days, story.COLD_DAYS_AGO))
    fever = np.array([37.4, 38.3, 38.6, 38.1, 37.5, 36.9])[: len(ill)]
    yield Samples(
        "temperature",
        story.source("entered by hand"),
        "Cel",
        days.columns(days.instants(ill, np.full(len(ill), 1110.0)), fever, flag=Flag.MANUAL),
    )
