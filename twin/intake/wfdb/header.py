"""WFDB's header files: which signals a recording has, where they are kept, and how. Pure.

As header(5) of the WFDB Applications Guide describes them: https://physionet.org/physiotools/wag/header-5.htm
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO

from twin.intake.clock import midnight_wall
from twin.intake.delimited import UNREADABLE
from twin.intake.items import RefusalCode, Refused

NOWHERE = "~"
"""In place of a name: a signal, or a segment, of which there is nothing."""

_LARGEST = 1024**2
_LONGEST_LINE = 1024
# A monitor has some ten; each costs time for every part of the file.
_MOST_SIGNALS = 256
# Without a frequency a recording has that of the first waveforms.
_FREQUENCY = 250.0
_SLOWEST = 1 / 86_400
_UNIT = "mV"

_NUMBER = r"[+-]?(?:\d{1,18}\.?\d{0,18}|\.\d{1,18})(?:[eE][+-]?\d{1,3})?"
_RECORD = re.compile(
    r"(?P<name>[\w-]+)(?:/(?P<segments>\d{1,6}))?\s+(?P<signals>\d{1,6})"
    rf"(?:\s+(?P<frequency>{_NUMBER})(?:/{_NUMBER}(?:\({_NUMBER}\))?)?"
    r"(?:\s+(?P<frames>\d{1,15})(?P<begins>\s.*)?)?)?",
    re.ASCII,
)
_SEGMENT = re.compile(r"(\S+)\s+(\d{1,15})", re.ASCII)
_FORMAT = re.compile(r"(\d{1,3})(?:x(\d{1,5}))?(?::(\d{1,9}))?(?:\+(\d{1,12}))?", re.ASCII)
_GAIN = re.compile(rf"({_NUMBER})(?:\(([+-]?\d{{1,12}})\))?(?:/(\S+))?", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d{1,12}", re.ASCII)
_BEGINS = re.compile(
    r"(?:(\d{1,2}):)?(\d{1,2}):(\d{1,2})(?:\.(\d{1,9}))?\s+(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal: `encoding` is the number of how its samples are written, from byte `offset` of `file` on.

    A frame holds `per_frame` of them. The first `skew` were taken before the recording begins. A sample of
    `baseline` is 0 of the `unit`, and `gain` more are one; a gain of 0 means that nobody knows.
    """

    name: str
    file: str
    encoding: int
    per_frame: int
    skew: int
    offset: int
    gain: float
    baseline: int
    unit: str
    checksum: int | None


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a recording in time, `frames` long, with a header of its own."""

    name: str
    frames: int

    @property
    def file(self) -> str:
        """Where its header is."""
        return f"{self.name}.hea"


@dataclass(frozen=True, slots=True)
class Header:
    """A recording: its signals, or its segments one after the other.

    `frequency`: frames a second. `frames`: how many there are, where it says. `begins`: when, as the header
    writes it.
    """

    frequency: float
    frames: int | None
    begins: str
    signals: tuple[Signal, ...]
    segments: tuple[Segment, ...]

    @property
    def parts(self) -> tuple[str, ...]:
        """The other files that it speaks of, each once."""
        files = [segment.file for segment in self.segments if segment.name != NOWHERE]
        files += [signal.file for signal in self.signals if signal.file != NOWHERE]
        return tuple(dict.fromkeys(files))

    @property
    def wall(self) -> int | None:
        """Wall-clock milliseconds since 1970 at which it begins; None where it does not say so."""
        match = _BEGINS.fullmatch(self.begins)
        if match is None:
            return None
        hour, minute, second = (int(match[place] or 0) for place in (1, 2, 3))
        if hour > 23 or minute > 59 or second > 59:
            return None
        try:
            on = date(int(match[7]), int(match[6]), int(match[5]))
        except ValueError:
            return None
        thousandths = int((match[4] or "").ljust(3, "0")[:3])
        return midnight_wall(on) + ((hour * 60 + minute) * 60 + second) * 1000 + thousandths


def looks_like_header(head: bytes) -> bool:
    """Whether the first bytes are a recording's line, and then that of a segment or a signal."""
    lines = _lines(head.decode("utf-8", "replace"))
    record, following = _RECORD.fullmatch(next(lines, "")), next(lines, "")
    if record is None or not int(record["signals"]):
        return False
    if record["segments"]:
        return _SEGMENT.fullmatch(following) is not None
    return len(fields := following.split(None, 2)) > 1 and _FORMAT.fullmatch(fields[1]) is not None


def read_header(stream: BinaryIO) -> Header:
    """The header in a stream of UTF-8. Raises Refused where it cannot be understood whole."""
    content = stream.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise _malformed("it is too long")
    lines = _lines(content.decode("utf-8", "replace").replace("\0", UNREADABLE))
    record = _RECORD.fullmatch(next(lines, ""))
    if record is None:
        raise _malformed("its first line names no recording")
    frequency = float(record["frequency"] or _FREQUENCY)
    if not _SLOWEST <= frequency < float("inf"):
        raise _malformed(f"its frequency is {record['frequency']}")
    count = int(record["segments"] or record["signals"])
    if count > _MOST_SIGNALS and not record["segments"]:
        raise _malformed(f"it has more than {_MOST_SIGNALS} signals")
    following = [line for _, line in zip(range(count), lines, strict=False)]
    if len(following) < count:
        raise _malformed(f"it names {len(following)} of {count} parts")
    return Header(
        frequency,
        int(record["frames"] or 0) or None,
        (record["begins"] or "").strip(),
        () if record["segments"] else tuple(map(_signal, following)),
        tuple(map(_segment, following)) if record["segments"] else (),
    )


def _lines(text: str) -> Iterator[str]:
    """The lines that say something, as far as they go."""
    stripped = (line.strip() for line in text.splitlines())
    return (line[:_LONGEST_LINE] for line in stripped if line and line[0] != "#")


def _segment(line: str) -> Segment:
    match = _SEGMENT.fullmatch(line)
    if match is None:
        raise _malformed("one of its lines names no segment")
    return Segment(match[1], int(match[2]))


def _signal(line: str) -> Signal:
    file, written, gain, _, zero, _, checksum, _, name = [*line.split(None, 8), *[""] * 9][:9]
    encoding, calibration = _FORMAT.fullmatch(written), _GAIN.fullmatch(gain or "0")
    if encoding is None or calibration is None or not all(map(_is_whole_or_missing, (zero, checksum))):
        raise _malformed("one of its lines describes no signal")
    return Signal(
        name or "unnamed",
        file,
        int(encoding[1]),
        int(encoding[2] or 1) or 1,
        int(encoding[3] or 0),
        int(encoding[4] or 0),
        float(calibration[1]),
        int(calibration[2] or zero or 0),
        calibration[3] or _UNIT,
        int(checksum) if checksum else None,
    )


def _is_whole_or_missing(text: str) -> bool:
    return not text or _WHOLE.fullmatch(text) is not None


def _malformed(what: str) -> Refused:
    return Refused(RefusalCode.MALFORMED, f"This WFDB header cannot be read: {what}.")
