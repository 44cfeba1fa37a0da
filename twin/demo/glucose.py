"""The generated patient's glucose: one underlying course, seen by finger-stick meter and by sensor. Pure."""

from collections.abc import Iterator

import numpy as np

from twin.demo import story
from twin.demo.days import MINUTE_MS, Floats
from twin.demo.movement import Timeline
from twin.intake.items import Samples

GRID_MINUTES = 5
SENSOR_DAYS = 28
_SENSOR_LIFE_DAYS = 14
# Minute of the day, spread, chance, and peak rise in mg/dL of each meal.
_MEALS = ((455, 18, 0.97, 104), (765, 30, 0.95, 80), (945, 35, 0.45, 40), (1130, 28, 0.98, 92))


def estimated_average_glucose(hba1c: Floats) -> Floats:
    """mg/dL for an HbA1c in %: 28.7 * A1c - 46.7 (Nathan DM et al., Diabetes Care 2008;31:1473)."""
    return 28.7 * hba1c - 46.7


def course(timeline: Timeline, hba1c: Floats, per_minute: Floats) -> Floats:
    """mg/dL every five minutes: meals, dawn, walks, good and bad days, about the mean of each day's HbA1c."""
    random = story.random("glucose")
    days = timeline.days
    count = timeline.minutes // GRID_MINUTES
    eaten = np.zeros(count)
    for minute, spread, chance, rise in _MEALS:
        day = np.flatnonzero(random.random(days.count) < chance)
        at = timeline.at(day, minute + random.normal(0, spread, len(day))) // GRID_MINUTES
        np.add.at(eaten, np.clip(at, 0, count - 1), rise * random.gamma(6, 1 / 6, len(day)))
    # A meal peaks after some 65 minutes and is gone after four hours.
    since = np.arange(0, 300, GRID_MINUTES) / 65
    meals = np.convolve(eaten, since**1.6 * np.exp(1.6 * (1 - since)))[:count]
    walked = per_minute[: count * GRID_MINUTES].reshape(count, GRID_MINUTES).mean(axis=1)
    later = np.arange(0, 120, GRID_MINUTES)
    spent = np.convolve(walked, np.exp(-later / 45) / 95)[:count] * 2.2
    start = timeline.start(np.arange(count) * GRID_MINUTES)
    day, hour = days.moments(start)
    dawn = 17 * np.exp(-(((hour - 7.0) / 2.1) ** 2))
    mood = story.wander(random, days.count, 0.45, 11.0) + 16 * story.marked(days, story.COLD_DAYS_AGO)
    swing = meals + dawn - spent + story.wander(random, count, 0.96, 10.0)
    level: Floats = estimated_average_glucose(hba1c)[day] + mood[day] + swing - swing.mean()
    return level.clip(58, 380)


def meter(timeline: Timeline, level: Floats) -> Iterator[Samples]:
    """Finger sticks: most mornings before breakfast, some evenings after dinner; fewer under the sensor."""
    random = story.random("meter")
    days = timeline.days
    sensor = days.ago < SENSOR_DAYS
    fasting = story.attended(random, days, 0.86)
    evening = story.attended(random, days, 0.34)
    day = np.concatenate([fasting, evening])
    usual = np.concatenate([np.full(len(fasting), 422.0), np.full(len(evening), 1245.0)])
    kept = (random.random(len(day)) < 0.35) | ~sensor[day]
    day, usual = day[kept], usual[kept]
    minute = np.rint(usual + random.normal(0, 12, len(day)))
    seen = level[timeline.at(day, minute) // GRID_MINUTES]
    yield Samples(
        "glucose",
        story.source("glucose meter"),
        "mg/dL",
        days.columns(days.instants(day, minute), np.rint(seen * random.normal(1, 0.045, len(day)))),
    )


def sensor(timeline: Timeline, level: Floats) -> Iterator[Samples]:
    """Every five minutes of the last four weeks, but for each sensor's warm-up and for lost signals."""
    random = story.random("sensor")
    days = timeline.days
    position = np.arange(len(level))
    start = timeline.start(position * GRID_MINUTES)
    day, _ = days.moments(start)
    worn_for = start - days.midnights[days.count - SENSOR_DAYS] - 10 * 60 * MINUTE_MS
    since_change = worn_for % (_SENSOR_LIFE_DAYS * 1440 * MINUTE_MS)
    lost = np.convolve(random.random(len(level)) < 0.0012, np.ones(9))[: len(level)] > 0
    kept = (worn_for >= 0) & (since_change > 60 * MINUTE_MS) & ~lost
    bias = 1 + 0.025 * np.sin(day * 2.4)
    # Interstitial fluid lags blood by some ten minutes.
    seen = np.convolve(level, [0.1, 0.3, 0.4, 0.2])[: len(level)] * bias + random.normal(0, 1.6, len(level))
    yield Samples(
        "glucose_cgm",
        story.source("glucose sensor"),
        "mg/dL",
        days.columns(start[kept], np.rint(seen[kept])),
    )
