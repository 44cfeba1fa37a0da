"""When a dose is due: a plan's timing, the person's own day and clocks, and what follows from them. Pure."""

from reminders.timing.as_needed import Refusal, may_take
from reminders.timing.body import body_of, parse
from reminders.timing.due import due_doses, preview, zone_named
from reminders.timing.pattern import (
    AsNeeded,
    Course,
    Cycle,
    Due,
    EveryHours,
    Pause,
    Repeat,
    Routine,
    Step,
    Timing,
    TimingError,
)
from reminders.timing.words import timing_words

__all__ = [
    "AsNeeded",
    "Course",
    "Cycle",
    "Due",
    "EveryHours",
    "Pause",
    "Refusal",
    "Repeat",
    "Routine",
    "Step",
    "Timing",
    "TimingError",
    "body_of",
    "due_doses",
    "may_take",
    "parse",
    "preview",
    "timing_words",
    "zone_named",
]
