"""What a service's answers mean for a message. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from uuid import UUID

from reminders.tellings import Outcome, Result

GONE = frozenset({404, 410})
LATER = frozenset({408, 425, 429})
NEVER = frozenset({"not_public", "bad_address"})
"""Why no answer came where none ever will."""
LONGEST_WAIT = timedelta(days=1)
NO_ADDRESS = Outcome(Result.REFUSED, "no_address")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `status` None: nothing did, and `because` says why."""

    status: int | None
    because: str = ""
    retry_after: str = ""
    body: bytes = b""


def outcome(answer: Answer, address: UUID, *, now: datetime) -> Outcome:
    """What became of a try at one address, by the status with which its service answered."""
    status = answer.status
    if status is None:
        result = Result.REFUSED if answer.because in NEVER else Result.LATER
        return Outcome(result, answer.because)
    if 200 <= status < 300:
        return Outcome(Result.SENT)
    if status in GONE:
        return Outcome(Result.REFUSED, "gone", gone=(address,))
    if status in LATER or status >= 500:
        return Outcome(Result.LATER, f"http_{status}", retry_at=retry_at(answer.retry_after, now=now))
    return Outcome(Result.REFUSED, f"http_{status}")


def of_all(outcomes: Sequence[Outcome]) -> Outcome:
    """What became of a message with several addresses: sent when one took it, refused when all refused it.

    Tried again as soon as the first of those wants it that may yet take it.
    """
    if not outcomes:
        return NO_ADDRESS
    gone = tuple(address for one in outcomes for address in one.gone)
    later = [one for one in outcomes if one.result is Result.LATER]
    if any(one.result is Result.SENT for one in outcomes):
        return Outcome(Result.SENT, gone=gone)
    if later:
        asked = [one.retry_at for one in later if one.retry_at is not None]
        retry = min(asked) if len(asked) == len(later) else None
        return Outcome(Result.LATER, later[0].because, retry, gone)
    others = [one.because for one in outcomes if not one.gone]
    return Outcome(Result.REFUSED, others[0] if others else outcomes[0].because, gone=gone)


def retry_at(header: str, *, now: datetime) -> datetime | None:
    """When a `Retry-After` of seconds or a date asks to come again, within a day; None without a meaning."""
    text = header.strip()
    if text.isascii() and text.isdigit():
        seconds = min(int(text[:9]), int(LONGEST_WAIT.total_seconds()))
        return now + timedelta(seconds=seconds)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return min(max(at, now), now + LONGEST_WAIT)
