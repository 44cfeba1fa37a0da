"""The generated patient's steps, minute by minute, as her watch and her phone each count them. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from twin.demo import story
from twin.demo.days import MINUTE_MS, Days, Floats, Integers
from twin.demo.sleep import Nights
from twin.intake.items import Samples

_BUCKET = 10


@dataclass(frozen=True, slots=True)
class Walks:
    """Stretches on foot: each with its first minute and length on the year's timeline, and steps a minute."""

    first: Integers
    length: Integers
    cadence: Floats
    carried: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Timeline:
    """Every minute from the first midnight to the last, whatever the clocks do in between."""

    days: Days

    @property
    def minutes(self) -> int:
        return int(self.days.midnights[-1] - self.days.midnights[0]) // MINUTE_MS

    def at(self, day: Integers, minute: Floats) -> Integers:
        """The positions of wall-clock minutes of days."""
        position: Integers = (self.days.instants(day, minute) - self.days.midnights[0]) // MINUTE_MS
        return position

    def start(self, position: Integers) -> Integers:
        """Milliseconds since the epoch of positions."""
        start: Integers = self.days.midnights[0] + position * MINUTE_MS
        return start

    def within(self, first: Integers, length: Integers) -> npt.NDArray[np.bool_]:
        """For each minute whether one of the stretches covers it."""
        change = np.zeros(self.minutes + 1, dtype=np.int64)
        np.add.at(change, np.clip(first, 0, self.minutes), 1)
        np.add.at(change, np.clip(first + length, 0, self.minutes), -1)
        return np.cumsum(change[:-1]) > 0


def walks(timeline: Timeline, slept: Nights) -> Walks:
    """Errands all day and a real walk on most; fewer with a cold, more on holiday and as the year goes."""
    random = story.random("movement")
    days = timeline.days
    vigour = (1.12 - 0.2 * days.ago / story.DAYS) * np.exp(story.wander(random, days.count, 0.3, 0.18))
    vigour *= 1 + 0.45 * story.marked(days, story.HOLIDAY_DAYS_AGO)
    vigour *= 1 - 0.62 * story.marked(days, story.COLD_DAYS_AGO)

    errands = random.poisson(21 * vigour)
    day = np.repeat(np.arange(days.count), errands)
    awake_from, awake_for = slept.wake[day] + 5, 1350 - slept.wake[day]
    minute = awake_from + awake_for * random.beta(1.5, 1.9, len(day))
    length = 1 + random.gamma(1.4, 1.9, len(day)).astype(np.int64)
    cadence = random.uniform(28, 84, len(day))

    stroll_chance = np.array([0.5, 0.55, 0.5, 0.6, 0.45, 0.7, 0.8])[days.weekdays] * np.minimum(vigour, 1.2)
    strolls = np.flatnonzero(random.random(days.count) < stroll_chance)
    usual = np.array([1050.0, 1050, 1050, 1050, 1035, 620, 880])[days.weekdays[strolls]]
    return Walks(
        first=timeline.at(
            np.concatenate([day, strolls]),
            np.rint(np.concatenate([minute, usual + random.normal(0, 35, len(strolls))])),
        ),
        length=np.concatenate([length, random.normal(27, 8, len(strolls)).clip(8, 60).astype(np.int64)]),
        cadence=np.concatenate([cadence, random.normal(102, 5, len(strolls))]),
        carried=np.concatenate([random.random(len(day)) < 0.6, random.random(len(strolls)) < 0.94]),
    )


def cadence(timeline: Timeline, taken: Walks) -> Floats:
    """Steps in each minute of the timeline."""
    steps = np.zeros(timeline.minutes)
    for first, length, rate in zip(taken.first, taken.length, taken.cadence, strict=True):
        steps[first : first + length] = rate
    return np.rint(steps * story.random("cadence").normal(1, 0.08, timeline.minutes))


def steps(
    timeline: Timeline, taken: Walks, per_minute: Floats, worn: npt.NDArray[np.bool_]
) -> Iterator[Samples]:
    """The same steps twice: the watch in ten-minute buckets while worn, the phone by walks it is taken on."""
    days = timeline.days
    whole = timeline.minutes // _BUCKET * _BUCKET
    counted = (per_minute * worn)[:whole].reshape(-1, _BUCKET).sum(axis=1)
    bucket = np.flatnonzero(counted)
    yield Samples(
        "steps",
        story.source("watch"),
        "{steps}",
        days.columns(
            timeline.start(bucket * _BUCKET),
            counted[bucket],
            np.full(len(bucket), _BUCKET * MINUTE_MS),
        ),
    )
    total = np.concatenate([[0.0], np.cumsum(per_minute)])
    end = np.minimum(taken.first + taken.length, timeline.minutes)
    counted = np.rint((total[end] - total[taken.first]) * story.random("phone").normal(0.97, 0.02, len(end)))
    # Walks that overlap would count their common minutes twice.
    order = np.argsort(taken.first, kind="stable")
    alone = np.ones(len(end), dtype=bool)
    alone[order[1:]] = taken.first[order[1:]] >= np.maximum.accumulate(end[order])[:-1]
    kept = taken.carried & alone & (counted > 0)
    yield Samples(
        "steps",
        story.source("phone"),
        "{steps}",
        days.columns(timeline.start(taken.first[kept]), counted[kept], taken.length[kept] * MINUTE_MS),
    )
