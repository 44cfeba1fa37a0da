"""The generated patient's heart as her watch sees it: minute by minute, at rest, and at night. Pure."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from twin.demo import story
from twin.demo.days import Days, Floats, Integers
from twin.demo.movement import Timeline
from twin.demo.sleep import Nights
from twin.intake.items import Samples

Mask = npt.NDArray[np.bool_]


def resting(days: Days) -> Floats:
    """Beats a minute at rest on each day: 72 falling to 70 as she moves more, up with a cold."""
    random = story.random("resting")
    cold = np.convolve(story.marked(days, story.COLD_DAYS_AGO), [0.5, 0.35, 0.15])[: days.count]
    return 70 + 2.0 * days.ago / story.DAYS + 8 * cold + story.wander(random, days.count, 0.6, 1.3)


def worn(timeline: Timeline, slept: Nights) -> tuple[Mask, Integers]:
    """The minutes with the watch on the wrist, and the days whose night was recorded."""
    random = story.random("worn")
    days = timeline.days
    every = np.arange(days.count)
    charging = timeline.within(
        timeline.at(every, np.rint(random.normal(1270, 40, days.count))),
        random.normal(52, 14, days.count).clip(15, 110).astype(np.int64),
    )
    # Last week the watch stayed on: a first look at the demo should not meet a gap.
    bare_nights = np.flatnonzero((random.random(days.count) < 0.05) & (every < days.count - 7))
    bare = timeline.within(
        timeline.at(bare_nights, slept.onset[bare_nights] - 30),
        (slept.wake[bare_nights] - slept.onset[bare_nights] + 70).astype(np.int64),
    )
    forgotten = np.flatnonzero(random.random(days.count) < 0.012)
    left = timeline.within(
        timeline.at(forgotten, slept.wake[forgotten]), np.full(len(forgotten), 900, dtype=np.int64)
    )
    return ~(charging | bare | left), np.setdiff1d(every, bare_nights)


def minute_heart_rate(
    timeline: Timeline, slept: Nights, per_minute: Floats, on_wrist: Mask
) -> Iterator[Samples]:
    """One value a minute while the watch is worn."""
    random = story.random("heart")
    days = timeline.days
    position = np.arange(timeline.minutes)
    start = timeline.start(position)
    day, hour = days.moments(start)
    asleep = timeline.within(
        timeline.at(np.arange(days.count), slept.onset), (slept.wake - slept.onset).astype(np.int64)
    )
    # Falling asleep and waking take the heart some twenty minutes.
    depth = _trailing(asleep.astype(np.float64), 12.0)
    # A step response: the heart follows effort within about two minutes.
    effort = _trailing(per_minute, 2.2)
    awake_level = 8.0 + 2.5 * np.sin(2 * np.pi * (hour - 9) / 24)
    night_level = -5.0 + 2.0 * np.cos(2 * np.pi * (hour - 0.5) / 9)
    slow = story.wander(random, timeline.minutes, 0.97, 3.4) * (1 - 0.5 * depth)
    quick = random.normal(0, 1, timeline.minutes) * np.where(asleep, 1.1, 2.0)
    level = depth * night_level + (1 - depth) * awake_level
    value = np.rint(resting(days)[day] + level + slow + quick + 0.29 * effort).clip(46, 150)
    yield Samples("heart_rate", story.source("watch"), "/min", days.columns(start[on_wrist], value[on_wrist]))


def daily_heart(days: Days, recorded: Integers, slept: Nights) -> Iterator[Samples]:
    """Resting heart rate and its variability on waking, and oxygen saturation in some recorded nights."""
    random = story.random("nightly")
    watch = story.source("watch")
    at_rest = resting(days)[recorded]
    on_waking = days.instants(recorded, slept.wake[recorded])
    # Variability falls as the rate rises.
    variability = 27 * np.exp(-(at_rest - 71) / 16 + random.normal(0, 0.12, len(recorded)))
    yield Samples("resting_heart_rate", watch, "/min", days.columns(on_waking, np.rint(at_rest)))
    yield Samples("hrv_sdnn", watch, "ms", days.columns(on_waking, np.round(variability, 1)))
    some = recorded[random.random(len(recorded)) < 0.3]
    saturation = random.normal(95.8, 0.8, len(some)) - 1.2 * story.marked(days, story.COLD_DAYS_AGO)[some]
    yield Samples(
        "spo2",
        watch,
        "%",
        days.columns(
            days.instants(some, np.rint(slept.wake[some] - random.uniform(40, 300, len(some)))),
            np.rint(saturation).clip(91, 99),
        ),
    )


def _trailing(series: Floats, minutes: float) -> Floats:
    """An exponentially weighted mean of the past with that time constant, one entry a minute."""
    kernel = np.exp(-np.arange(int(5 * minutes)) / minutes)
    return np.convolve(series, kernel / kernel.sum())[: len(series)]
