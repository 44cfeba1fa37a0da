"""What a phone hands over in one call, from decoded JSON to columns. Pure."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt

from backend.zones import zone_names
from twin.intake.items import Samples
from twin.intake.parsing import MOST_OFFSET
from twin.series.columns import UNKNOWN_OFFSET, Columns, Flag

KEY = "Idempotency-Key"
"""The header that may name a batch."""
MOST_SAMPLES = 100_000
MOST_SERIES = 1_000
LONGEST_NAME = 200

_BATCH = {"batch_id", "patient", "sent_at", "time_zone", "series"}
_SERIES = {"kind", "unit", "source", "start", "end", "value", "offset", "flags", "deleted"}
_EVERY_FLAG = sum(Flag)


class Malformed(Exception):
    """The body is not what is taken here; `place` names the part, the message is for its sender."""

    def __init__(self, place: str, message: str) -> None:
        super().__init__(message)
        self.place = place
        self.message = message


@dataclass(frozen=True, slots=True)
class PhoneSeries:
    """What one source says of one kind; where `withdrawn`, that it takes the sample back."""

    samples: Samples
    withdrawn: npt.NDArray[np.bool_] | None


@dataclass(frozen=True, slots=True)
class PhoneBatch:
    """One call. `patient` is None for the sender's own.

    `body_digest` is by what its body can be known again unread: None where that says more than that there are
    these samples, such as when it was sent.
    """

    batch_id: str
    patient: UUID | None
    sent_at: datetime | None
    time_zone: str | None
    series: list[PhoneSeries]
    body_digest: str | None = None

    def content(self) -> str:
        """The SHA-256 of what the series say: the same for the same samples, however and whenever sent."""
        digest = sha256()
        for one in self.series:
            columns = one.samples.columns
            parts = (
                columns.start,
                columns.duration,
                columns.value,
                columns.offset,
                columns.flags,
                one.withdrawn,
            )
            sizes = [None if part is None else len(part) for part in parts]
            digest.update(
                json.dumps([one.samples.kind, one.samples.unit, one.samples.source, sizes]).encode()
            )
            for part in parts:
                if part is not None:
                    digest.update(part.tobytes())
        return digest.hexdigest()


def read_batch(body: object, key: str | None = None, digest: str | None = None) -> PhoneBatch:
    """The batch that a decoded body spells; raises Malformed with the place of the first thing amiss.

    `key` is the batch's name where it came beside the body, and `digest` is the body's. What the batch says
    is not judged here: unknown kinds and impossible values come out as they went in.
    """
    given = _object(body, "", _BATCH)
    if key is not None and given.get("batch_id") is None:
        batch_id = key
    else:
        batch_id = batch_name(_text(given, "batch_id", ""), "batch_id")
        if key not in (None, batch_id):
            raise Malformed("batch_id", f"{KEY} names another batch.")
    rows = given.get("series")
    if type(rows) is not list:
        raise Malformed("series", "A list is wanted here.")
    if len(rows) > MOST_SERIES:
        raise Malformed("series", f"At most {MOST_SERIES:,} series are taken at once.")
    series = [_series(row, f"series.{place}") for place, row in enumerate(rows)]
    if sum(len(one.samples.columns) for one in series) > MOST_SAMPLES:
        raise Malformed("series", f"At most {MOST_SAMPLES:,} samples are taken at once.")
    says_more = any(given.get(name) is not None for name in ("batch_id", "sent_at", "time_zone"))
    says_more |= any(one.withdrawn is not None for one in series)
    return PhoneBatch(
        batch_id,
        None if given.get("patient") is None else _patient(_text(given, "patient", "")),
        None if given.get("sent_at") is None else _instant(_text(given, "sent_at", "")),
        None if given.get("time_zone") is None else _zone(_text(given, "time_zone", "")),
        series,
        None if says_more else digest,
    )


def batch_name(text: str, place: str) -> str:
    """The text, when it can name a batch; raises Malformed."""
    if not text or not text.isprintable() or len(text) > 100:
        raise Malformed(place, "This must be 1 to 100 printable characters.")
    return text


def _series(row: object, place: str) -> PhoneSeries:
    given = _object(row, place, _SERIES)
    kind, unit, source = (_text(given, name, place) for name in ("kind", "unit", "source"))
    for name in ("start", "value"):
        if type(given.get(name)) is not list:
            raise Malformed(f"{place}.{name}", "A list is wanted here.")
    start = np.asarray(_numbers(given, "start", place, {int}, np.int64))
    value = np.asarray(_numbers(given, "value", place, {int, float, type(None)}, np.float64))
    end = _numbers(given, "end", place, {int}, np.int64)
    deleted = _numbers(given, "deleted", place, {bool}, np.bool_)
    columns = Columns(
        start,
        np.zeros(len(start), np.int64) if end is None else end - start,
        value,
        _offsets(given, place),
        _flags(given, place),
    )
    return PhoneSeries(
        Samples(kind, source, unit, columns), deleted if deleted is not None and deleted.any() else None
    )


def _offsets(given: dict[str, Any], place: str) -> npt.NDArray[np.int16] | None:
    offset = _numbers(given, "offset", place, {int, type(None)}, np.float64)
    if offset is None:
        return None
    is_unknown = np.isnan(offset)
    _expect(is_unknown | (abs(offset) <= MOST_OFFSET), f"{place}.offset", "Minutes from UTC are wanted here.")
    return np.where(is_unknown, UNKNOWN_OFFSET, offset).astype(np.int16)


def _flags(given: dict[str, Any], place: str) -> npt.NDArray[np.uint8] | None:
    flags = _numbers(given, "flags", place, {int}, np.int64)
    if flags is None:
        return None
    _expect((flags >= 0) & (flags <= _EVERY_FLAG), f"{place}.flags", "A sum of flags is wanted here.")
    # What is usual is for us to say.
    return (flags & ~np.int64(Flag.SOFT_RANGE)).astype(np.uint8)


def _numbers(
    given: dict[str, Any], name: str, place: str, types: Collection[type], dtype: type[np.generic]
) -> npt.NDArray[Any] | None:
    """The column as an array, None where there is none; it is as long as `start`."""
    column = given.get(name)
    if column is None:
        return None
    if type(column) is not list:
        raise Malformed(f"{place}.{name}", "A list is wanted here.")
    if len(column) != len(given["start"]):
        raise Malformed(
            f"{place}.{name}", f"This has {len(column)} entries, start has {len(given['start'])}."
        )
    # numpy would make numbers of truths and texts, and whole ones of fractions.
    if not set(map(type, column)) <= set(types):
        _expect(np.array([type(entry) in types for entry in column]), f"{place}.{name}", _WANTED[dtype])
    try:
        return np.array(column, dtype)
    except OverflowError:
        raise Malformed(f"{place}.{name}", "A number here is beyond all bounds.") from None


_WANTED: dict[type[np.generic], str] = {
    np.int64: "A whole number is wanted here.",
    np.float64: "A number is wanted here.",
    np.bool_: "true or false is wanted here.",
}


def _expect(good: npt.NDArray[np.bool_], place: str, message: str) -> None:
    if not good.all():
        raise Malformed(f"{place}.{int(np.argmin(good))}", message)


def _object(body: object, place: str, names: Collection[str]) -> dict[str, Any]:
    if type(body) is not dict:
        raise Malformed(place, "An object is wanted here.")
    for name in body:
        if name not in names:
            raise Malformed(f"{place}.{name[:40]}".lstrip("."), "Nothing of this name is taken here.")
    return body


def _text(given: dict[str, Any], name: str, place: str) -> str:
    text = given.get(name)
    # A NUL cannot be stored, and the answer is.
    if type(text) is not str or len(text) > LONGEST_NAME or "\0" in text:
        message = f"A text of at most {LONGEST_NAME} characters is wanted here."
        raise Malformed(f"{place}.{name}".lstrip("."), message)
    return text


def _patient(text: str) -> UUID | None:
    try:
        return None if text == "me" else UUID(text)
    except ValueError:
        raise Malformed("patient", "This is not an id.") from None


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = datetime.min  # noqa: DTZ901 - it has no offset, and none is what is refused below
    if at.tzinfo is None:
        raise Malformed("sent_at", "An ISO 8601 instant with its offset is wanted here.")
    return at


def _zone(name: str) -> str:
    if name not in zone_names():
        raise Malformed("time_zone", "This is not a time zone.")
    return name
