"""One way through a WFDB recording: its segments, their files, and what was recorded in each. Pure."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import tzinfo
from typing import BinaryIO

import numpy as np

from twin.intake.container import Sibling
from twin.intake.gathering import BATCH, Tally
from twin.intake.items import ProblemCode, Refused, Samples
from twin.intake.wfdb.encodings import ENCODINGS, Encoding, Frames
from twin.intake.wfdb.header import NOWHERE, Header, read_header
from twin.intake.wfdb.numerics import Channel, Timeline, channels

# Samples in a frame of a minute, with a waveform of 1,000 a second among them.
_WIDEST = 65_536


class Recording:
    """What a recording measured as samples, all else in the tally; `opened` is how many files were there."""

    def __init__(self, zone: tzinfo, sibling: Sibling, tally: Tally) -> None:
        self.opened = 0
        self._zone = zone
        self._sibling = sibling
        self._tally = tally

    def samples(self, header: Header) -> Iterator[Samples]:
        """Of a recording in one part, or segment by segment."""
        timeline = Timeline.of(header, self._zone)
        if not header.segments:
            yield from self._signals(header, timeline)
        frames = 0
        for segment in header.segments:
            own = None if segment.name == NOWHERE else self._segment(segment.file)
            if own is not None:
                # A segment's header mostly leaves its time to the recording's.
                is_own = timeline.start is None
                begins = Timeline.of(own, self._zone) if is_own else timeline.after(frames, header.frequency)
                yield from self._signals(own, begins)
            frames += segment.frames

    def _segment(self, file: str) -> Header | None:
        stream = self._open(file)
        if stream is None:
            return None
        try:
            with closing(stream):
                header = read_header(stream)
        except Refused as refusal:
            self._malformed(refusal.message, file)
            return None
        if header.segments:
            self._malformed("a segment that has segments", file)
            return None
        return header

    def _signals(self, header: Header, timeline: Timeline) -> Iterator[Samples]:
        groups: dict[str, list[Channel]] = {}
        for channel in channels(header):
            if channel.signal.file != NOWHERE:
                groups.setdefault(channel.signal.file, []).append(channel)
        for file, group in groups.items():
            encoding = self._encoding(file, group)
            stream = self._open(file)
            if stream is not None:
                with closing(stream):
                    if encoding is not None and not all(channel.is_waveform for channel in group):
                        yield from self._file(stream, encoding, group, header.frames, timeline)

    def _encoding(self, file: str, group: Sequence[Channel]) -> Encoding | None:
        """How the signals of a file are written; None where it cannot be read. Counts its waveforms."""
        first = group[0].signal
        encoding = ENCODINGS.get(first.encoding)
        for channel in group:
            if channel.is_waveform or encoding is None:
                what = "a waveform" if channel.is_waveform else f"signal format {first.encoding}"
                self._tally.add(
                    ProblemCode.UNSUPPORTED_RESOURCE,
                    f"{channel.signal.name}, {what}",
                    channel.place,
                    sort=f"{channel.signal.name}, {what}",
                )
        ways = {(channel.signal.encoding, channel.signal.offset) for channel in group}
        if len(ways) > 1 or sum(channel.signal.per_frame for channel in group) > _WIDEST:
            self._malformed("its signals cannot stand in one file", file)
            return None
        return encoding

    def _file(
        self,
        stream: BinaryIO,
        encoding: Encoding,
        group: Sequence[Channel],
        expected: int | None,
        timeline: Timeline,
    ) -> Iterator[Samples]:
        """What a file holds, as far as its header goes; where it holds all, its sums are checked."""
        file, offset = group[0].signal.file, group[0].signal.offset
        ends = np.cumsum([channel.signal.per_frame for channel in group])
        width = int(ends[-1])
        sums = [0] * len(group)
        frames = 0
        found = Frames(stream, encoding, width, offset=offset, most=max(2, BATCH // width))
        for block in found:
            whole = block if expected is None else block[: max(0, expected - frames)]
            for place, digits in enumerate(np.split(whole, ends[:-1], axis=1)):
                channel = group[place]
                sums[place] += int(digits.sum())
                if not channel.is_waveform and digits.size:
                    first = frames * channel.signal.per_frame
                    samples = channel.samples(digits.ravel(), first, encoding.missing, timeline, self._tally)
                    if samples is not None:
                        yield samples
            frames += len(block)
        if frames < (expected or 0) or (found.is_cut and frames == (expected or frames)):
            self._tally.add(ProblemCode.TRUNCATED, f"the file ends after {frames} frames", file, sort=file)
        elif expected is not None:
            # A last pack that is filled up looks like another sample.
            if (frames - expected) * width >= encoding.samples:
                self._malformed(f"the file goes on after its {expected} frames", file)
            for channel, total in zip(group, sums, strict=True):
                if channel.signal.checksum is not None and (total - channel.signal.checksum) % (1 << 16):
                    self._malformed("the sum of its samples is another than its header says", channel.place)

    def _open(self, file: str) -> BinaryIO | None:
        stream = self._sibling(file)
        if stream is None:
            self._malformed("the file is missing", file)
        else:
            self.opened += 1
        return stream

    def _malformed(self, what: str, place: str) -> None:
        self._tally.add(ProblemCode.MALFORMED, what, place, sort=place)
