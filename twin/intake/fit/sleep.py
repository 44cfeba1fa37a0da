"""Sleep stages of a FIT file: each message ends the stage that it names. Pure."""

from twin.intake.fit import profile
from twin.intake.fit.protocol import Message
from twin.intake.gathering import Batches, Tally
from twin.intake.items import ProblemCode

LEVEL = profile.number_of("sleep_level")
EVENT = profile.number_of("event")

# The profile names no such event; watches write it where a night begins and ends.
_EVENT, _EVENT_TYPE, _SLEEP, _BEGINS = 0, 1, 74, 0
_STAGES = {"light": "sleep_stage_light", "deep": "sleep_stage_deep", "rem": "sleep_stage_rem"}
# Longer than any stage: the night before is another one.
_LONGEST_STAGE = 6 * 60 * 60 * 1000
_MINUTE = 60_000

WANTED = {LEVEL: frozenset({0}), EVENT: frozenset({_EVENT, _EVENT_TYPE})}


class Nights:
    """The sleep of one file, stage by stage."""

    def __init__(self) -> None:
        self._since: int | None = None

    def take_event(self, message: Message) -> bool:
        """Whether an event is the beginning or the end of a night, which is then taken note of."""
        if message.whole(_EVENT) != _SLEEP:
            return False
        begins = message.whole(_EVENT_TYPE) == _BEGINS
        self._since = profile.instant(message.time) if begins else None
        return True

    def take_level(
        self, message: Message, place: str, batches: Batches, tally: Tally, *, source: str, offset: int | None
    ) -> None:
        """The stage that ends here: minutes of it, and of sleep. Awake is `not_sleep`."""
        since, until = self._since, profile.instant(message.time)
        self._since = until
        stage = profile.word("sleep_level", message.whole(0))
        if stage not in _STAGES:
            tally.add(ProblemCode.NOT_SLEEP, stage, place, sort=str(stage))
        elif since is None or until is None or not 0 < until - since <= _LONGEST_STAGE:
            tally.add(ProblemCode.BAD_TIME, f"{stage} sleep of unknown length", place, kind=_STAGES[stage])
        else:
            length = until - since
            for kind in ("sleep_duration", _STAGES[stage]):
                batches.add(kind, source, "min", since, length, length / _MINUTE, offset=offset)
