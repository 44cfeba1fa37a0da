"""The one file of an export: members that are packed as they come, counted, and listed at the end. Pure."""

import hashlib
import json
import zipfile
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from twin.intake.own_export import INDEX, README, VERSION

_LEVEL = 1
"""Tables shrink thirteenfold already; zlib's usual level takes five times as long for a seventh less."""

_GUIDE = """
This archive holds all your measurements and records as Pollux keeps them:

series/     your measurements, one table (CSV) a kind, every single value. Columns: start and end of the
            measurement with the offset of the clock it was taken by ("Z" where that is not known), kind,
            value, unit, source (the device or app), flags. Any spreadsheet opens it.
patient.json     who you are, as a FHIR R4 Patient.
records.ndjson   your records (conditions, medication, allergies, reports and so on) as FHIR R4, one a line.
said.ndjson      what you answered, what you and your clinicians agreed on, your scores, and the early
                 warnings with what became of them: JSON, one a line.
index.json       what is in here, with the number of values and a SHA-256 checksum of each file.

Flags: soft_range (outside the usual range), manual (typed in by a person), censored_low and censored_high
(the device only said that it was below or above its limit), interpolated (filled in, not measured).

Not in it: the files that you handed over yourself, what you deleted, earlier wordings of records, and what
your overview said on earlier days.

You can hand this archive over to Pollux again, to this account or to another one: measurements and records
come back as they are. What is in said.ndjson is to be read.
It is not encrypted. Keep it where only you can read it.
"""


class Packing:
    """An archive that is being written; members go in one after the other, in constant memory."""

    def __init__(self, path: Path, made_at: datetime) -> None:
        self._archive = zipfile.ZipFile(path, "x", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL)
        self._made_at = made_at.astimezone(UTC)
        self._members: list[Mapping[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._archive.close()

    def add(self, name: str, chunks: Iterable[bytes]) -> None:
        """Packs one member; its name must be new."""
        info = zipfile.ZipInfo(name, self._made_at.timetuple()[:6])
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o600 << 16
        content, size = hashlib.sha256(), 0
        # How large it becomes is not known before it is too late for the other layout.
        with self._archive.open(info, "w", force_zip64=True) as member:
            for chunk in chunks:
                content.update(chunk)
                size += len(chunk)
                member.write(chunk)
        self._members.append({"name": name, "size": size, "sha256": content.hexdigest()})

    def finish(self, about: Mapping[str, Any]) -> None:
        """Adds the README and the index, which says `about` and lists every member before it."""
        self.add("README.txt", [f"{README}{_GUIDE}".encode()])
        made_at = self._made_at.isoformat(timespec="seconds")
        said = {"made_at": made_at, **about, "members": self._members}
        rest = json.dumps(said, ensure_ascii=False, indent=1).removeprefix("{")
        self.add("index.json", [f"{INDEX}{VERSION},{rest}\n".encode()])
