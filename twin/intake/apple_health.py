"""Apple Health's export.xml: quantities and sleep as samples. Its document type is never parsed. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import tzinfo
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from lxml import etree

from twin.intake.apple_records import Lifter, Piece, Run
from twin.intake.gathering import BATCH, Tally
from twin.intake.items import Item, ProblemCode, RefusalCode, Refused, Samples
from twin.intake.parsing import Instants, parse_instants, parse_numbers
from twin.kinds import by_healthkit
from twin.series.columns import Columns, Flag

NAME = "apple_health"

_ROOT = b"<HealthData"
_LARGEST_PROLOG = 1024 * 1024
_CHUNK = 256 * 1024
# A batch ends here too, so that long texts in few records cannot pile up.
_BATCH_BYTES = 32 * 1024 * 1024
# Names in real exports hold this control character, which XML forbids.
_VERTICAL_TAB = b"\v"

# What stands beside the records and is no measurement itself.
_FRAME = ("ExportDate", "Me", "Correlation")
# Real documents are five deep. libxml2 bounds the depth of its trees, but here it builds none.
_DEEPEST = 64

_SLEEP = "HKCategoryTypeIdentifierSleepAnalysis"
_SLEEP_VALUE = "HKCategoryValueSleepAnalysis"
# The kind of each stage; "" where the phone knows only that its owner slept. Until iOS 16 that was "Asleep".
_ASLEEP = {
    "Asleep": "",
    "AsleepUnspecified": "",
    "AsleepCore": "sleep_stage_light",
    "AsleepDeep": "sleep_stage_deep",
    "AsleepREM": "sleep_stage_rem",
}
_STAGE_KINDS = sorted(set(_ASLEEP.values()) - {""})
_NOT_ASLEEP = ("InBed", "Awake")

_LONGEST_SOURCE = 200


def sniff(head: bytes) -> bool:
    """Whether the first bytes announce a HealthData document."""
    return head.lstrip()[:1] == b"<" and (b"<!DOCTYPE HealthData" in head or _ROOT in head)


def read(stream: BinaryIO, *, zone: tzinfo) -> Iterator[Item]:
    """Records as samples under their own offset; workouts, summaries and unknown types counted as problems.

    A record inside a correlation stands at top level too; both are read, and are one sample once merged.
    Raises Refused when the file declares entities or holds no HealthData; a file that breaks off later
    keeps all that came before.
    """
    tally = Tally()
    records = _Records(tally)
    # Without huge_tree libxml2 itself bounds the length of names and values.
    parser = etree.XMLParser(
        target=records,  # type: ignore[arg-type]  # the stub asks for callbacks that lxml does without
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
    )
    fed, sound = 0, True
    for piece in _pieces(stream):
        records.take(piece.runs)
        sound = _feed(parser, piece.xml, records, tally)
        if not sound:
            break
        fed += len(piece.xml)
        if records.count >= BATCH or fed >= _BATCH_BYTES:
            yield from records.samples(zone)
            fed = 0
    yield from records.samples(zone)
    if sound:
        try:
            parser.close()
            yield from records.samples(zone)
        except etree.XMLSyntaxError as error:
            # close() hands out even an element that is cut off between two attributes: it is left.
            tally.add(ProblemCode.TRUNCATED, error.msg, f"line {error.lineno}")
    yield from tally.problems()


def _feed(parser: etree.XMLParser, chunk: bytes, records: "_Records", tally: Tally) -> bool:
    """Whether the document is sound as far as this chunk goes; what is wrong with it is tallied."""
    try:
        parser.feed(chunk)
    except etree.XMLSyntaxError as error:
        tally.add(ProblemCode.MALFORMED, error.msg, f"line {error.lineno}")
        return False
    if records.depth > _DEEPEST:
        tally.add(ProblemCode.MALFORMED, f"elements stand more than {_DEEPEST} deep in each other", "")
        return False
    return True


def _pieces(stream: BinaryIO) -> Iterator[Piece]:
    lifter = Lifter()
    for chunk in _body(stream):
        yield from lifter.pieces(chunk.replace(_VERTICAL_TAB, b""))
    yield lifter.rest()


def _body(stream: BinaryIO) -> Iterator[bytes]:
    """The document from its root on, at its old line numbers.

    Exports since iOS 16 carry a document type that is not well-formed; nothing needs it.
    """
    prolog = b""
    while (root := prolog.find(_ROOT)) < 0:
        chunk = stream.read(_CHUNK)
        if not chunk or len(prolog) > _LARGEST_PROLOG:
            raise Refused(RefusalCode.MALFORMED, "The file holds no HealthData element.")
        prolog += chunk
    if b"<!ENTITY" in prolog[:root]:
        raise Refused(
            RefusalCode.ENTITIES_FORBIDDEN, "The file declares XML entities; Apple Health's own never do."
        )
    yield b"\n" * prolog.count(b"\n", 0, root) + prolog[root:]
    while chunk := stream.read(_CHUNK):
        yield chunk


class _Rows:
    """The records of one type, source and unit, as text; `typed` says which were entered by hand."""

    __slots__ = ("ends", "starts", "typed", "values")

    def __init__(self) -> None:
        self.starts: list[str] = []
        self.ends: list[str] = []
        self.values: list[str] = []
        self.typed: list[int] = []


class _Records:
    """What the parser reports to: records pile up as text, and become arrays a batch at a time."""

    def __init__(self, tally: Tally) -> None:
        self.count = 0
        self.depth = 0
        self._tally = tally
        self._rows: dict[tuple[str, str, str], _Rows] = {}
        self._latest: _Rows | None = None
        self._others: list[tuple[str, str]] = []

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Called by the parser at every start tag; a million times a minute, so it only appends."""
        self.depth += 1
        get = attributes.get
        if tag == "Record":
            key = (get("type", ""), get("sourceName", ""), get("unit", ""))
            rows = self._rows.get(key)
            if rows is None:
                rows = self._rows[key] = _Rows()
            rows.starts.append(get("startDate", ""))
            rows.ends.append(get("endDate", ""))
            rows.values.append(get("value", ""))
            self._latest = rows
            self.count += 1
        elif tag == "MetadataEntry":
            if get("key") == "HKWasUserEntered" and get("value") == "1" and self._latest is not None:
                self._latest.typed.append(len(self._latest.starts) - 1)
        else:
            self._latest = None
            if self.depth == 2 and tag not in _FRAME:
                self._others.append((tag, get("startDate") or get("dateComponents") or ""))
                self.count += 1

    def take(self, runs: Iterable[Run]) -> None:
        """Adds records that the parser never sees."""
        for run in runs:
            rows = self._rows.setdefault((run.type, run.source, run.unit), _Rows())
            rows.typed.extend(len(rows.starts) + place for place in run.typed)
            rows.starts.extend(run.starts)
            rows.ends.extend(run.ends)
            rows.values.extend(run.values)
            self.count += len(run.starts)

    def end(self, _tag: str) -> None:
        """Called by the parser at every end tag."""
        self.depth -= 1

    def close(self) -> None:
        """Called by the parser at the end."""

    def samples(self, zone: tzinfo) -> Iterator[Samples]:
        """Everything that has piled up, in the order in which each type and source first appeared."""
        for tag, day in self._others:
            self._tally.add(ProblemCode.UNSUPPORTED_RESOURCE, tag, day, kind=tag)
        rows, self._rows, self._others, self._latest, self.count = self._rows, {}, [], None, 0
        for (identifier, source, unit), own in rows.items():
            for samples in _samples(identifier, _source(source), unit, own, zone, self._tally):
                if len(samples.columns):
                    yield samples


def _samples(
    identifier: str, source: str, unit: str, rows: _Rows, zone: tzinfo, tally: Tally
) -> Iterator[Samples]:
    kind = by_healthkit(identifier)
    if kind is None:
        tally.add(
            ProblemCode.UNKNOWN_KIND, identifier, rows.starts[0], kind=identifier, count=len(rows.starts)
        )
        return
    starts, ends = parse_instants(rows.starts, zone), parse_instants(rows.ends, zone)
    timed = starts.good & ends.good
    if not timed.all():
        first = int(np.argmin(timed))
        example = f"{rows.starts[first]} to {rows.ends[first]}"
        tally.add(ProblemCode.BAD_TIME, example, identifier, kind=kind.code, count=int((~timed).sum()))
    if identifier == _SLEEP:
        yield from _sleep(source, rows, starts, ends, timed, tally)
        return
    # HealthKit's percentages are fractions; "e2" moves the point without touching a digit.
    values = parse_numbers([f"{text}e2" for text in rows.values] if unit == "%" else rows.values)
    wordy = timed & np.isnan(values)
    if wordy.any():
        first, count = int(np.argmax(wordy)), int(wordy.sum())
        tally.add(
            ProblemCode.NOT_A_NUMBER, rows.values[first], rows.starts[first], kind=kind.code, count=count
        )
    columns = Columns(starts.at, ends.at - starts.at, values, starts.offset, _flags(rows))
    yield Samples(kind.code, source, unit, columns.take(timed & ~wordy))


def _sleep(
    source: str,
    rows: _Rows,
    starts: Instants,
    ends: Instants,
    timed: npt.NDArray[np.bool_],
    tally: Tally,
) -> Iterator[Samples]:
    """Every segment asleep as hours of sleep, and as minutes of its stage where it names one."""
    stages = [text.removeprefix(_SLEEP_VALUE) for text in rows.values]
    for index in np.flatnonzero(timed):
        if stages[index] not in _ASLEEP:
            code = ProblemCode.NOT_SLEEP if stages[index] in _NOT_ASLEEP else ProblemCode.UNKNOWN_KIND
            tally.add(code, rows.values[index], rows.starts[index], kind=rows.values[index])
    asleep = timed & np.array([stage in _ASLEEP for stage in stages])
    kinds = np.array([_ASLEEP.get(stage, "") for stage in stages])
    duration = ends.at - starts.at
    flags = _flags(rows)
    slept = Columns(starts.at, duration, duration / 3_600_000, starts.offset, flags)
    yield Samples("sleep_duration", source, "h", slept.take(asleep))
    staged = Columns(starts.at, duration, duration / 60_000, starts.offset, flags)
    for kind in _STAGE_KINDS:
        yield Samples(kind, source, "min", staged.take(asleep & (kinds == kind)))


def _flags(rows: _Rows) -> npt.NDArray[np.uint8] | None:
    if not rows.typed:
        return None
    flags = np.zeros(len(rows.starts), np.uint8)
    flags[rows.typed] = Flag.MANUAL
    return flags


def _source(name: str) -> str:
    """The name with its no-break spaces as plain ones: the same watch is written both ways."""
    return " ".join(name.split())[:_LONGEST_SOURCE]
