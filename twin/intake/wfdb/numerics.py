"""Numbers of a monitor as samples of vital signs: by the header's calibration and clock. Pure."""

from dataclasses import dataclass
from datetime import tzinfo

import numpy as np
import numpy.typing as npt

from twin.intake.gathering import Tally
from twin.intake.items import ProblemCode, Samples
from twin.intake.measures import Measure
from twin.intake.named_measures import measures_of
from twin.intake.wall_time import instants, offsets_at
from twin.intake.wfdb.header import Header, Signal
from twin.series.columns import Columns

MOST_FREQUENT = 1.0
"""Samples a second of a monitor's numbers; what is faster is a waveform.

Numbers come once a second or once a minute (MIMIC-III Waveform Database, 10.13026/c2607m).
"""

# What lies beyond the years 2 and 9998 has no offset from UTC that a calendar tells.
_FIRST, _LAST = -62_104_000_000_000, 253_370_000_000_000


@dataclass(frozen=True, slots=True)
class Timeline:
    """When a recording goes on: from `start`, in milliseconds since the epoch, or from nobody knows when.

    `written` is what its header says of that.
    """

    start: int | None
    written: str
    zone: tzinfo

    @classmethod
    def of(cls, header: Header, zone: tzinfo) -> "Timeline":
        """From the beginning of a recording, by the clock of a zone."""
        wall = header.wall
        start = None if wall is None else int(instants(np.array([wall], np.int64), zone)[0][0])
        return cls(start, header.begins, zone)

    def after(self, frames: int, frequency: float) -> "Timeline":
        """From so many frames later."""
        if self.start is None:
            return self
        later = self.start + round(frames * 1000 / frequency)
        return Timeline(min(later, _LAST + 1), self.written, self.zone)

    def at(
        self, samples: npt.NDArray[np.int64], rate: float
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int16], npt.NDArray[np.bool_]]:
        """Instants, minutes east of UTC, and whether they are known, of samples by number."""
        at = (self.start or 0) + np.round(samples * (1000 / rate)).astype(np.int64)
        good = (at >= _FIRST) & (at <= _LAST) & (self.start is not None)
        offset = np.zeros(len(at), np.int16)
        if good.any():
            offset[good] = offsets_at(at[good], self.zone)
        return at, offset, good


@dataclass(frozen=True, slots=True)
class Channel:
    """One signal, and what it measures, if the catalogue has that; `rate` is in samples a second."""

    signal: Signal
    measure: Measure | None
    rate: float

    @property
    def is_waveform(self) -> bool:
        """Whether it is too fast for the numbers of a monitor."""
        return self.rate > MOST_FREQUENT

    @property
    def place(self) -> str:
        """Where its problems lie."""
        return f"{self.signal.file}, signal {self.signal.name}"

    def samples(
        self, digits: npt.NDArray[np.int64], first: int, missing: int, timeline: Timeline, tally: Tally
    ) -> Samples | None:
        """Some of its samples, the first of which has the number `first`; all others are counted."""
        signal, measure = self.signal, self.measure
        kind = measure.kind if measure else ""
        at, offset, good = timeline.at(np.arange(first, first + len(digits)) - signal.skew, self.rate)
        with np.errstate(over="ignore"):
            values = (digits - signal.baseline) / (signal.gain or 1.0)
        kept = np.ones(len(digits), np.bool_)
        faults = (
            (ProblemCode.NOT_MEASURED, digits == missing, "no sample"),
            (ProblemCode.UNKNOWN_KIND, np.full(len(digits), measure is None), signal.name),
            (ProblemCode.UNKNOWN_UNIT, np.full(len(digits), signal.gain == 0), "no calibration"),
            (measure.zero_means if measure else None, values == 0, f"0 {signal.unit}"),
            (ProblemCode.BAD_TIME, ~good, timeline.written or "no date"),
        )
        for code, fault, example in faults:
            if code is not None and (count := int((kept & fault).sum())):
                tally.add(code, example, self.place, kind=kind, sort=signal.name, count=count)
                kept = kept & ~fault
        if measure is None or not kept.any():
            return None
        columns = Columns(at, np.zeros(len(at), np.int64), values, offset).take(kept)
        return Samples(measure.kind, measure.source, measure.unit, columns)


def channels(header: Header) -> list[Channel]:
    """The signals of a recording, with what their names and units say."""
    measures = measures_of([f"{signal.name} ({signal.unit})" for signal in header.signals])
    found = {measure.place: measure for measure in measures}
    return [
        Channel(signal, found.get(place), header.frequency * signal.per_frame)
        for place, signal in enumerate(header.signals)
    ]
