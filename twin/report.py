"""What became of a file, as its owner reads it. Pure: counts in, JSON out and back."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from twin.intake.items import Problem, ProblemCode, Refused, Remark, RemarkCode

MOST_PROBLEMS = 200
"""Rows of problems in one report; a hostile file could invent sorts without end."""
MOST_REMARKS = 20
AND_OTHERS = "and others"


@dataclass(slots=True)
class KindTally:
    """What became of one kind's samples. `first` and `last` are ms since the epoch of those not refused."""

    unit: str
    stored: int = 0
    known: int = 0
    replaced: int = 0
    suppressed: int = 0
    refused: int = 0
    first: int | None = None
    last: int | None = None


@dataclass(slots=True)
class RecordTally:
    """What became of one type's records."""

    stored: int = 0
    known: int = 0
    replaced: int = 0


@dataclass(slots=True)
class Report:
    """The tally of one file; grows flush by flush and survives between workers as JSON."""

    samples: dict[str, KindTally] = field(default_factory=dict)
    records: dict[str, RecordTally] = field(default_factory=dict)
    problems: dict[tuple[str, str, str], Problem] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)
    refusal: dict[str, str] | None = None

    def of_kind(self, kind: str, unit: str) -> KindTally:
        """The kind's tally, made when it is the first."""
        return self.samples.setdefault(kind, KindTally(unit))

    def of_type(self, type_: str) -> RecordTally:
        """The record type's tally, made when it is the first."""
        return self.records.setdefault(type_, RecordTally())

    def add_problem(self, problem: Problem) -> None:
        """Counts a problem with those of its code and kind, or of its example where it is of no kind.

        The first example and place stay.
        """
        if _sort(problem) not in self.problems and len(self.problems) >= MOST_PROBLEMS:
            problem = Problem(problem.code, AND_OTHERS, "", problem.count)
        known = self.problems.get(_sort(problem))
        if known is not None:
            problem = Problem(known.code, known.example, known.place, known.count + problem.count, known.kind)
        self.problems[_sort(problem)] = problem

    def add_remark(self, remark: Remark) -> None:
        """Keeps a remark, once; those beyond MOST_REMARKS say nothing new."""
        if remark not in self.remarks and len(self.remarks) < MOST_REMARKS:
            self.remarks.append(remark)

    def refuse(self, refused: Refused) -> None:
        """Says why the file, or what was left of it, could not be read."""
        self.refusal = {"code": refused.code.value, "message": refused.message}

    @property
    def stored(self) -> int:
        """Samples and records that this file brought and that are now kept."""
        return sum(tally.stored + tally.replaced for tally in self._tallies())

    @property
    def known(self) -> int:
        """Samples and records that were there before."""
        return sum(tally.known for tally in self._tallies())

    @property
    def suppressed(self) -> int:
        """Samples that were deleted earlier and stay so."""
        return sum(tally.suppressed for tally in self.samples.values())

    def _tallies(self) -> Iterator[KindTally | RecordTally]:
        yield from self.samples.values()
        yield from self.records.values()

    def to_json(self) -> dict[str, Any]:
        """The report as it is stored and served."""
        return {
            "samples": {
                kind: {
                    "stored": tally.stored,
                    "known": tally.known,
                    "replaced": tally.replaced,
                    "suppressed": tally.suppressed,
                    "refused": tally.refused,
                    "first": _instant(tally.first),
                    "last": _instant(tally.last),
                    "unit": tally.unit,
                }
                for kind, tally in sorted(self.samples.items())
            },
            "records": {
                type_: {"stored": tally.stored, "known": tally.known, "replaced": tally.replaced}
                for type_, tally in sorted(self.records.items())
            },
            "problems": [
                {
                    "code": problem.code.value,
                    "kind": problem.kind,
                    "count": problem.count,
                    "example": problem.example,
                    "place": problem.place,
                }
                for _, problem in sorted(self.problems.items())
            ],
            "remarks": [{"code": remark.code.value, "text": remark.text} for remark in self.remarks],
            "refusal": self.refusal,
        }

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> "Report":
        """The report that `to_json` wrote; an empty one from an empty body."""
        report = cls(refusal=body.get("refusal"))
        for kind, row in body.get("samples", {}).items():
            edges = {name: _milliseconds(row[name]) for name in ("first", "last")}
            report.samples[kind] = KindTally(**row | edges)
        for type_, row in body.get("records", {}).items():
            report.records[type_] = RecordTally(**row)
        for row in body.get("problems", []):
            code = ProblemCode(row["code"])
            problem = Problem(code, row["example"], row["place"], row["count"], row["kind"])
            report.problems[_sort(problem)] = problem
        report.remarks = [Remark(RemarkCode(row["code"]), row["text"]) for row in body.get("remarks", [])]
        return report


def _sort(problem: Problem) -> tuple[str, str, str]:
    return problem.code.value, problem.kind, "" if problem.kind else problem.example


def _instant(milliseconds: int | None) -> str | None:
    if milliseconds is None:
        return None
    at = datetime.fromtimestamp(milliseconds // 1000, UTC).replace(microsecond=milliseconds % 1000 * 1000)
    precision = "milliseconds" if milliseconds % 1000 else "seconds"
    return at.isoformat(timespec=precision).replace("+00:00", "Z")


def _milliseconds(instant: str | None) -> int | None:
    if instant is None:
        return None
    return round(datetime.fromisoformat(instant).timestamp() * 1000)
