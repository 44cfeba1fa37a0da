"""The generated patient's blood pressure at home and in the practice, before and under amlodipine. Pure."""

from collections.abc import Iterator

import numpy as np

from twin.demo import story
from twin.demo.days import Days, Floats, Integers
from twin.intake.items import Samples

# A standard dose of one drug lowers by 9.1 + 0.10 * (SBP - 154) and 5.5 + 0.11 * (DBP - 97) mmHg:
# Law MR et al., BMJ 2003;326:1427 (means), BMJ 2009;338:b1665 (dependence on the pressure before).
BEFORE_SBP, BEFORE_DBP = 148.0, 86.0
EFFECT_SBP = 9.1 + 0.10 * (BEFORE_SBP - 154)
EFFECT_DBP = 5.5 + 0.11 * (BEFORE_DBP - 97)
# Half of the effect after one week, nearly all after four: a choice, in line with trial practice.
TIME_CONSTANT_DAYS = 10.0

_MORNING, _EVENING = 430.0, 1170.0
_WEEKDAY_SBP = np.array([2.0, 0.5, 0.0, 0.0, 0.5, -1.5, -1.5])


def share_of_effect(days: Days) -> Floats:
    """How much of amlodipine's full effect each day has, 0 to 1."""
    taken_for = story.AMLODIPINE_DAYS_AGO - days.ago
    return np.where(taken_for > 0, 1 - np.exp(-np.maximum(taken_for, 0) / TIME_CONSTANT_DAYS), 0.0)


def pressure(days: Days) -> Iterator[Samples]:
    """Systolic and diastolic: two readings a minute apart, mornings and most evenings; one at each visit."""
    random = story.random("blood pressure")
    systolic, diastolic = _day_levels(random, days)
    morning = story.attended(random, days, 0.92)
    evening = story.attended(random, days, 0.74)
    day = np.concatenate([morning, evening])
    at_morning = np.arange(len(day)) < len(morning)
    minute = np.where(at_morning, _MORNING, _EVENING) + random.normal(0, 22, len(day))
    # Pressure is higher in the morning; both readings of a session share what the moment does.
    moment = random.normal(0, 3.8, len(day)) + np.where(at_morning, 2.0, -2.5)
    day, minute, moment = (np.repeat(each, 2) for each in (day, np.rint(minute), moment))
    second = np.arange(len(day)) % 2
    moment += random.normal(0, 2.6, len(day)) - 1.8 * second
    yield from _pair(
        days,
        "blood pressure monitor",
        days.instants(day, minute + second),
        systolic[day] + moment,
        diastolic[day] + 0.45 * moment + random.normal(0, 1.8, len(day)),
    )
    visits = np.flatnonzero(story.marked(days, story.VISIT_DAYS_AGO))
    yield from _pair(
        days,
        "practice",
        days.instants(visits, np.full(len(visits), 625.0)),
        systolic[visits] + random.normal(10, 3, len(visits)),
        diastolic[visits] + random.normal(5, 2, len(visits)),
    )


def _day_levels(random: np.random.Generator, days: Days) -> tuple[Floats, Floats]:
    """Each day's own level: the slow rise that led to the prescription, week, nerves, and the medicine."""
    rise = -4.0 * np.clip((days.ago - story.AMLODIPINE_DAYS_AGO - 40) / 280, 0, 1)
    nerves = 5.0 * story.marked(days, story.VISIT_DAYS_AGO)
    shared = rise + _WEEKDAY_SBP[days.weekdays] + nerves + story.wander(random, days.count, 0.4, 2.8)
    taken = share_of_effect(days)
    systolic = BEFORE_SBP + shared - EFFECT_SBP * taken
    diastolic = BEFORE_DBP + 0.45 * shared + story.wander(random, days.count, 0.4, 1.5) - EFFECT_DBP * taken
    return systolic, diastolic


def _pair(days: Days, device: str, start: Integers, systolic: Floats, diastolic: Floats) -> Iterator[Samples]:
    for kind, value in (("sbp", systolic), ("dbp", diastolic)):
        yield Samples(kind, story.source(device), "mm[Hg]", days.columns(start, np.rint(value)))
