"""The generated patient's nights: when she slept, and in which stage. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from twin.demo import story
from twin.demo.days import MINUTE_MS, Days, Floats, Integers
from twin.intake.items import Samples

STAGES = ("light", "deep", "light", "rem", "awake")
_CYCLES = 6


@dataclass(frozen=True, slots=True)
class Nights:
    """The night that ends on each day, in minutes from that day's midnight (bedtime is mostly negative).

    `edges` has shape (days, stages + 1): the stages of a night one after another, `STAGES` over and over.
    """

    edges: Floats

    @property
    def onset(self) -> Floats:
        return self.edges[:, 0]

    @property
    def wake(self) -> Floats:
        return self.edges[:, -1]


def nights(days: Days) -> Nights:
    """Bed before eleven, up before seven; later on weekends and holidays; deep sleep early, REM late."""
    random = story.random("sleep")
    free = np.isin(days.weekdays, (5, 6)) | (story.marked(days, story.HOLIDAY_DAYS_AGO) > 0)
    cold = story.marked(days, story.COLD_DAYS_AGO)
    onset = random.normal(-68, 22, days.count) + 20 * free - 30 * cold
    wake = random.normal(396, 16, days.count) + 32 * free + 35 * cold
    cycle = np.arange(_CYCLES)
    size = (days.count, _CYCLES)
    lengths = np.stack(
        [
            random.gamma(9, 3.4, size),
            random.gamma(6, np.array([28, 18, 9, 4, 2, 2]) / 6, size),
            random.gamma(6, 4.0, size),
            random.gamma(6, (8 + 4.2 * cycle) / 6, size),
            1 + random.exponential(5.5, size),
        ],
        axis=2,
    ).reshape(days.count, -1)
    edges = np.concatenate([onset[:, None], onset[:, None] + np.cumsum(lengths, axis=1)], axis=1)
    return Nights(np.rint(np.minimum(edges, wake[:, None])))


def sleep(days: Days, slept: Nights, recorded: Integers) -> Iterator[Samples]:
    """For each recorded night the hours asleep, and its stages as stretches of time in minutes."""
    watch = story.source("watch")
    edges = slept.edges[recorded]
    lengths = np.diff(edges, axis=1)
    stage = np.tile(np.arange(len(STAGES)), _CYCLES)
    asleep = lengths[:, stage != STAGES.index("awake")].sum(axis=1)
    yield Samples(
        "sleep_duration",
        watch,
        "h",
        days.columns(
            days.instants(recorded, slept.onset[recorded]),
            np.round(asleep / 60, 2),
            _milliseconds(slept.wake[recorded] - slept.onset[recorded]),
        ),
    )
    names = np.array(STAGES)[stage]
    for name in ("deep", "rem", "light"):
        night, position = np.nonzero((lengths > 0) & (names == name))
        minutes = lengths[night, position]
        start = days.instants(recorded[night], edges[night, position])
        yield Samples(
            f"sleep_stage_{name}", watch, "min", days.columns(start, minutes, _milliseconds(minutes))
        )


def _milliseconds(minutes: Floats) -> Integers:
    return minutes.astype(np.int64) * MINUTE_MS
