"""The members of an uploaded zip archive as streams; nothing is written under a member's name. Pure."""

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from itertools import pairwise
from pathlib import PureWindowsPath
from typing import BinaryIO

from twin.intake.items import RefusalCode, Refused

MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
"""How a zip archive begins; the second is an empty one."""
MOST_MEMBERS = 20_000
MOST_BYTES = 32 * 1024**3
"""All members together, unpacked. They are streamed: this bounds time, not memory."""
MOST_RATIO = 300
"""Unpacked to packed; a real export.xml reaches 50."""
RATIO_COUNTS_FROM = 64 * 1024**2
"""Bytes unpacked: a smaller member may be of any ratio."""

Sibling = Callable[[str], BinaryIO | None]
"""Opens the file of this name beside another, to be read once from its start; None where there is none."""

# In memory the directory takes ten times as much.
_LARGEST_DIRECTORY = 4 * 1024**2
# The other methods may ask for gigabytes of memory to unpack.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1


class Archive:
    """A zip archive that is safe to stream. Raises Refused for one that is damaged, encrypted or hostile.

    Archives inside it are members like any other.
    """

    def __init__(self, file: BinaryIO) -> None:
        try:
            self._archive = zipfile.ZipFile(_InSmallReads(file))
        except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error):
            raise Refused(RefusalCode.MALFORMED, "The archive is damaged or cut off.") from None
        size = file.seek(0, io.SEEK_END)
        # Python 3.11's is_dir() stumbles over an empty name.
        self.members = [info for info in self._archive.infolist() if not info.filename.endswith("/")]
        _check(self.members, size)
        self._by_name = {info.filename: info for info in self.members}

    def beside(self, info: zipfile.ZipInfo, name: str) -> zipfile.ZipInfo | None:
        """The member of this name that lies in the same folder as another; None where there is none."""
        folder, slash, _ = info.filename.rpartition("/")
        return self._by_name.get(f"{folder}{slash}{name}")

    def open(self, info: zipfile.ZipInfo) -> "Member":
        """The member's bytes, unpacked as they are read."""
        return Member(self._archive, info)


class Member(io.RawIOBase):
    """A member's unpacked bytes. Damage ends them early, and `damage` then says what it is."""

    def __init__(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
        super().__init__()
        self.damage = ""
        self._unpacked: zipfile.ZipExtFile | io.BytesIO = io.BytesIO()
        if info.compress_type not in _METHODS:
            self.damage = f"its compression method, {info.compress_type}, is not supported"
            return
        try:
            self._unpacked = archive.open(info)  # type: ignore[assignment]  # typeshed: IO[bytes]
        except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error) as error:
            self.damage = str(error)

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """As far as the packed data can be unpacked again."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Moves by unpacking again from the start where it must."""
        return self._unpacked.seek(offset, whence)

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # a RawIOBase is handed one
        """Fills the buffer as far as the member goes."""
        if self.damage:
            return 0
        try:
            chunk = self._unpacked.read(len(buffer))
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            self.damage = str(error) or "it is cut off"
            return 0
        buffer[: len(chunk)] = chunk
        return len(chunk)


class _InSmallReads:
    """The file as zipfile sees it: it reads the directory at once, so a read that is too large is refused."""

    def __init__(self, file: BinaryIO) -> None:
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable
        self._file = file

    def read(self, size: int = -1, /) -> bytes:
        if not 0 <= size <= _LARGEST_DIRECTORY:
            here = self.tell()
            left = self.seek(0, io.SEEK_END) - here
            self.seek(here)
            if left > _LARGEST_DIRECTORY:
                raise Refused(RefusalCode.UNSAFE_ARCHIVE, "The archive holds too many files.")
        return self._file.read(size)


def _check(members: list[zipfile.ZipInfo], size: int) -> None:
    if len(members) > MOST_MEMBERS:
        raise Refused(RefusalCode.UNSAFE_ARCHIVE, f"The archive holds more than {MOST_MEMBERS} files.")
    if any(info.flag_bits & _ENCRYPTED for info in members):
        raise Refused(RefusalCode.ENCRYPTED, "The archive is locked with a password.")
    if len({info.filename for info in members}) < len(members):
        raise Refused(RefusalCode.UNSAFE_ARCHIVE, "The archive holds two files of one name.")
    if any(_leads_outside(info) for info in members):
        raise Refused(RefusalCode.UNSAFE_ARCHIVE, "The archive names files outside itself.")
    if _is_bomb(members, size):
        raise Refused(RefusalCode.UNSAFE_ARCHIVE, "The archive unpacks to far more than it can hold.")


def _leads_outside(info: zipfile.ZipInfo) -> bool:
    # The Windows reading of a name is the stricter one: it knows drives, and both slashes.
    path = PureWindowsPath(info.orig_filename)
    outside = bool(path.anchor) or ".." in path.parts
    return outside or "\0" in info.orig_filename or stat.S_ISLNK(info.external_attr >> 16)


def _is_bomb(members: list[zipfile.ZipInfo], size: int) -> bool:
    in_order = sorted(members, key=lambda info: info.header_offset)
    overlaps = any(
        first.header_offset + first.compress_size > second.header_offset
        for first, second in pairwise(in_order)
    )
    return (
        overlaps
        or any(info.header_offset + info.compress_size > size for info in members)
        or sum(info.file_size for info in members) > MOST_BYTES
        or any(
            info.file_size > RATIO_COUNTS_FROM and info.file_size > MOST_RATIO * info.compress_size
            for info in members
        )
    )
