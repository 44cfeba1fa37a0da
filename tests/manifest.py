"""A folder of real files with a MANIFEST.json, and what Pollux made of one of them."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import make
import numpy as np
from django.utils import timezone

from backend.actor import acting_on
from backend.models import Patient
from twin.intake.acceptance import examine
from twin.intake.items import Item, Problem, Record, Refused, Samples
from twin.intake.opening import open_upload
from twin.models import Upload
from twin.series.columns import Columns, join
from twin.services.reading import read_upload

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Entry:
    """One file of a manifest."""

    folder: Path
    file: str
    format: str
    sha256: str
    bytes: int
    facts: dict[str, Any]

    @property
    def path(self) -> Path:
        return self.folder / self.file


def entries(folder: Path) -> list[Entry]:
    """The files that a folder's MANIFEST.json names."""
    manifest = json.loads((folder / "MANIFEST.json").read_text(encoding="utf-8"))
    names = ("file", "format", "sha256", "bytes", "facts")
    return [Entry(folder, *(entry[name] for name in names)) for entry in manifest["entries"]]


@dataclass(frozen=True)
class Series:
    """All of one kind in the file's order, in the kind's unit; of what was refused `kept` is false."""

    columns: Columns
    sources: list[str]
    kept: np.ndarray

    def __len__(self) -> int:
        return len(self.columns)

    @property
    def values(self) -> list[float]:
        return self.columns.value.tolist()

    @property
    def starts(self) -> list[int]:
        return self.columns.start.tolist()

    @property
    def first(self) -> datetime:
        return moment(min(self.starts))

    @property
    def last(self) -> datetime:
        return moment(max(self.starts))

    @property
    def end(self) -> datetime:
        return moment(int((self.columns.start + self.columns.duration).max()))

    @property
    def mean(self) -> float:
        return float(np.mean(self.columns.value))

    @property
    def sum(self) -> float:
        return float(np.sum(self.columns.value))

    @property
    def repeated(self) -> int:
        """Samples that begin when another one does."""
        return len(self) - len(set(self.starts))

    @property
    def steps(self) -> np.ndarray:
        """Milliseconds from each instant to the next."""
        return np.diff(np.unique(self.columns.start))


@dataclass(frozen=True)
class Found:
    """What Pollux made of one file: the upload with its report, and its items once more, judged."""

    path: Path
    patient: Patient
    upload: Upload
    items: list[Item] = field(repr=False)

    @classmethod
    def by_uploading(cls, path: Path) -> "Found":
        """The file on the road that every file takes, to a fresh patient, whose clocks show UTC."""
        patient = make.make_patient(time_zone="UTC")
        upload = make.make_upload(patient, path.read_bytes(), path.name)
        read_upload(upload.id, now=timezone.now())
        with acting_on(patient.id):
            upload = Upload.objects.get(id=upload.id)
        items: list[Item] = []
        with suppress(Refused):
            items += open_upload(path, zone=UTC, name=path.name).items
        return cls(path, patient, upload, items)

    def of_person(self, person: str) -> "Found":
        """What the file holds of one of its people; nothing of that is stored."""
        opened = open_upload(self.path, zone=UTC, name=self.path.name, person=person)
        return Found(self.path, self.patient, self.upload, list(opened.items))

    @property
    def refusal(self) -> str | None:
        refusal = self.upload.report["refusal"]
        return refusal and refusal["code"]

    @cached_property
    def series(self) -> dict[str, Series]:
        parts: dict[str, list[tuple[Samples, np.ndarray]]] = {}
        for item in self.items:
            if isinstance(item, Samples) and len(item.columns):
                examined = examine(item, now=timezone.now())
                parts.setdefault(item.kind, []).append((examined.samples, examined.kept))
        return {
            kind: Series(
                join([samples.columns for samples, _ in own]),
                [samples.source for samples, _ in own for _ in range(len(samples.columns))],
                np.concatenate([kept for _, kept in own]),
            )
            for kind, own in parts.items()
        }

    def of(self, kind: str) -> Series:
        return self.series[kind]

    def as_written(self, kind: str) -> float:
        """The first value of a kind, in the file's own unit."""
        first = next(item for item in self.items if isinstance(item, Samples) and item.kind == kind)
        return float(first.columns.value[0])

    def count(self, kind: str) -> int:
        return len(self.series.get(kind, ()))

    @cached_property
    def records(self) -> list[Record]:
        return [item for item in self.items if isinstance(item, Record)]

    @property
    def record_types(self) -> dict[str, int]:
        return dict(Counter(record.type.value for record in self.records))

    @cached_property
    def problems(self) -> list[Problem]:
        return [item for item in self.items if isinstance(item, Problem)]

    def counted(self, code: str, kind: str | None = None) -> int:
        """How many things have a problem, or one of a kind."""
        return sum(one.count for one in self.problems if one.code == code and kind in (None, one.kind))

    def examples(self, code: str) -> dict[str, int]:
        """How many things have a problem, by example."""
        counts: Counter[str] = Counter()
        for one in self.problems:
            if one.code == code:
                counts[one.example] += one.count
        return dict(counts)

    @property
    def accounted_for(self) -> int:
        """Everything of the file that the items name, each thing once."""
        problems = sum(one.count for one in self.problems)
        return sum(map(len, self.series.values())) + len(self.records) + problems


@dataclass(frozen=True)
class Comparison:
    """One fact: as the manifest, or the file itself, has it, and as Pollux does."""

    name: str
    fact: Any
    told: Any

    @property
    def holds(self) -> bool:
        return alike(self.fact, self.told)


Witness = Callable[[Found, Facts], Iterator[Comparison]]
"""What Pollux says of a file of one format, fact by fact."""


def alike(fact: Any, told: Any) -> bool:
    """Whether both say the same: numbers to the digits of the fact, instants however they are written."""
    match fact, told:
        case dict(), dict():
            return fact.keys() == told.keys() and all(alike(fact[key], told[key]) for key in fact)
        case list(), list() | tuple():
            return len(fact) == len(told) and all(map(alike, fact, told))
        case str(), datetime():
            return told == _instant(fact)
        case str(), int() | float():
            return re.fullmatch(r"-?\d+(\.\d+)?", fact) is not None and float(fact) == told
        case int() | float(), float():
            # Some means were rounded twice.
            return abs(fact - told) <= 10.0 ** -(len(repr(fact).partition(".")[2]) or 6)
    return bool(fact == told)


def _instant(text: str) -> datetime:
    """A written instant; a naive one is by the patient's clock, which shows UTC."""
    if "/" not in text:
        written = datetime.fromisoformat(text)
        return written if written.tzinfo else written.replace(tzinfo=UTC)
    layout = "%m/%d/%Y %I:%M:%S %p" if text.endswith("M") else "%m/%d/%y %H:%M"
    return datetime.strptime(text, layout).replace(tzinfo=UTC)


def moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=milliseconds)
