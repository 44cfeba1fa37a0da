"""How WFDB writes samples: whole numbers of 8 to 32 bits, of which one says that there is none. Pure.

As signal(5) of the WFDB Applications Guide describes them: https://physionet.org/physiotools/wag/signal-5.htm
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

_SKIPPED_AT_ONCE = 1 << 20


@dataclass(frozen=True, slots=True)
class Encoding:
    """How samples are packed: `samples` of them in `size` bytes. `missing` is none."""

    samples: int
    size: int
    missing: int
    unpack: Callable[[bytes], npt.NDArray[np.int64]]


class Frames:
    """The whole frames of `width` samples that a stream holds after `offset` bytes, about `most` at a time.

    When they are taken, `is_cut` says whether the stream ends inside another.
    """

    def __init__(self, stream: BinaryIO, encoding: Encoding, width: int, *, offset: int, most: int) -> None:
        self.is_cut = False
        self._stream = stream
        self._encoding = encoding
        self._width = width
        self._offset = offset
        # An even number of frames ends where a pack does.
        self._size = (most + most % 2) * width * encoding.size // encoding.samples

    def __iter__(self) -> Iterator[npt.NDArray[np.int64]]:
        left = self._offset
        while left and (skipped := self._stream.read(min(left, _SKIPPED_AT_ONCE))):
            left -= len(skipped)
        packed, samples = self._encoding.size, self._encoding.samples
        while chunk := self._stream.read(self._size):
            count = len(chunk) * samples // packed // self._width
            if count:
                yield self._encoding.unpack(chunk)[: count * self._width].reshape(count, self._width)
            taken = -(-count * self._width * packed // samples)
            # The last pack may be filled up.
            self.is_cut = len(chunk) - taken >= samples


def _plain(dtype: str, zero: int = 0) -> Callable[[bytes], npt.NDArray[np.int64]]:
    size = np.dtype(dtype).itemsize
    return lambda chunk: np.frombuffer(chunk, dtype, len(chunk) // size).astype(np.int64) - zero


def _three_bytes(chunk: bytes) -> npt.NDArray[np.int64]:
    octets = np.frombuffer(chunk, np.uint8, len(chunk) // 3 * 3).astype(np.int64).reshape(-1, 3)
    return _signed(octets @ np.array([1, 1 << 8, 1 << 16]), bits=24)


def _twelve_bits(chunk: bytes) -> npt.NDArray[np.int64]:
    """Two samples in three bytes; the middle one holds the upper bits of both, the second's above."""
    octets = np.frombuffer(chunk + bytes(-len(chunk) % 3), np.uint8).astype(np.int64).reshape(-1, 3)
    low, middle, high = octets.T
    pairs = np.stack([low | (middle & 0x0F) << 8, high | (middle & 0xF0) << 4], axis=1)
    return _signed(pairs.ravel(), bits=12)


def _signed(values: npt.NDArray[np.int64], *, bits: int) -> npt.NDArray[np.int64]:
    """Two's complement."""
    return np.where(values >= 1 << (bits - 1), values - (1 << bits), values)


ENCODINGS: Mapping[int, Encoding] = {
    16: Encoding(1, 2, -(1 << 15), _plain("<i2")),
    24: Encoding(1, 3, -(1 << 23), _three_bytes),
    32: Encoding(1, 4, -(1 << 31), _plain("<i4")),
    61: Encoding(1, 2, -(1 << 15), _plain(">i2")),
    80: Encoding(1, 1, -(1 << 7), _plain("u1", 1 << 7)),
    160: Encoding(1, 2, -(1 << 15), _plain("<u2", 1 << 15)),
    212: Encoding(2, 3, -(1 << 11), _twelve_bits),
}
"""By WFDB's number. The others are of waveforms: differences, 10 bits, and compressed ones."""
