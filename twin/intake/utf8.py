"""Text of an upload as UTF-8, whichever Unicode encoding its file is in. Pure."""

import codecs
import io
from typing import BinaryIO


class Utf8(io.RawIOBase):
    """A stream as UTF-8 without a byte order mark, from UTF-8 or UTF-16; it can be rewound."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        super().__init__()
        self.name = name
        self._stream = stream
        self._rewind()

    def _rewind(self) -> None:
        self._position = 0
        self._ready = b""
        self._decoder: codecs.IncrementalDecoder | None = None
        self._stream.seek(0)
        start = self._stream.read(len(codecs.BOM_UTF8))
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            self._decoder = codecs.getincrementaldecoder("utf-16")("replace")
        self._stream.seek(len(start) if start == codecs.BOM_UTF8 else 0)

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Back to the start, that is."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """To the start; anywhere else raises UnsupportedOperation."""
        if (offset, whence) == (0, io.SEEK_SET):
            self._rewind()
        elif (offset, whence) != (0, io.SEEK_CUR):
            raise io.UnsupportedOperation("only to the start")
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # a RawIOBase is handed one
        """Fills the buffer with text, encoded."""
        if self._decoder is None:
            chunk = self._stream.read(len(buffer))
        else:
            while not self._ready and (packed := self._stream.read(len(buffer))):
                self._ready = self._decoder.decode(packed).encode()
            chunk, self._ready = self._ready[: len(buffer)], self._ready[len(buffer) :]
        buffer[: len(chunk)] = chunk
        self._position += len(chunk)
        return len(chunk)
