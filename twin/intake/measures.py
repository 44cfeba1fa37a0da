"""Columns of a table that measure something: a cell becomes a sample, or it is counted. Pure."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
import numpy.typing as npt

from twin.intake.delimited import Batch
from twin.intake.gathering import Tally
from twin.intake.items import ProblemCode
from twin.intake.parsing import parse_numbers
from twin.intake.spans import Spans
from twin.kinds import KINDS
from twin.series.columns import Columns

MISSING = frozenset({"", "-", "--", "NA", "N/A", "n/a", "null"})
"""What a cell says where nothing was measured; such a cell is not counted."""

_UNIT = re.compile(r"(.*?)[(\[]([^()\[\]]*)[)\]]")
# With three digits after it, a comma may as well part thousands.
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d{1,2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Measure:
    """What the column at `place` holds; an empty `unit` means that the table does not say.

    `zero` is what a cell of 0 means where that is no measurement, `zero_day` likewise for a whole day's.
    `at_least` is the smallest value of which the unit is sure.
    """

    place: int
    name: str
    kind: str
    unit: str
    source: str = ""
    zero: ProblemCode | None = None
    zero_day: ProblemCode | None = None
    at_least: float = -inf

    @property
    def zero_means(self) -> ProblemCode | None:
        """What a value of 0 means; not measured, where nobody alive has one of this kind."""
        is_impossible = KINDS[self.kind].hard[0] > 0
        return self.zero or (ProblemCode.NOT_MEASURED if is_impossible else None)


def name_and_unit(heading: str) -> tuple[str, str]:
    """A column's heading as a name of letters and digits alone, and the unit that it has in brackets."""
    heading = unicodedata.normalize("NFKC", heading).strip()
    match = _UNIT.fullmatch(heading)
    name, unit = (match[1], match[2].strip()) if match else (heading, "")
    return "".join(letter for letter in name.casefold() if letter.isalnum()), unit


def measured(
    measure: Measure, batch: Batch, spans: Spans, delimiter: str, tally: Tally
) -> tuple[npt.NDArray[np.intp], Columns]:
    """The samples of one column, with the rows from which they come."""
    texts = batch.columns[measure.place]
    present = _present(texts)
    values = parse_numbers(_with_decimal_point(texts, delimiter))
    faults: tuple[tuple[ProblemCode | None, npt.NDArray[np.bool_]], ...] = (
        (measure.zero_day, (values == 0) & spans.whole_day),
        (measure.zero_means, values == 0),
        (ProblemCode.BAD_TIME, ~spans.good),
        (ProblemCode.NOT_A_NUMBER, np.isnan(values)),
        (ProblemCode.UNKNOWN_UNIT, values < measure.at_least),
    )
    kept = present
    for code, fault in faults:
        if code is not None and (kept & fault).any():
            rows = np.flatnonzero(kept & fault)
            tally.add(
                code,
                (spans.texts if code is ProblemCode.BAD_TIME else texts)[rows[0]],
                f"line {batch.lines[rows[0]]}, column {measure.name}",
                kind=measure.kind,
                sort=measure.name,
                count=len(rows),
            )
            kept = kept & ~fault
    columns = Columns(spans.start, spans.duration, values, spans.offset)
    return np.flatnonzero(kept), columns if kept.all() else columns.take(kept)


def count_others(names: dict[int, str], batch: Batch, tally: Tally) -> None:
    """Counts the cells of the columns that measure nothing of the catalogue, by column."""
    for place, name in names.items():
        present = _present(batch.columns[place])
        if present.any():
            tally.add(ProblemCode.UNKNOWN_KIND, name, f"column {name}", sort=name, count=int(present.sum()))


def _present(texts: Sequence[str]) -> npt.NDArray[np.bool_]:
    if MISSING.isdisjoint(texts):
        return np.ones(len(texts), np.bool_)
    return np.fromiter((text not in MISSING for text in texts), np.bool_, len(texts))


def _with_decimal_point(texts: Sequence[str], delimiter: str) -> Sequence[str]:
    """The numbers with a point where they have a decimal comma; a missing one is no number."""
    if "," not in "".join(texts):
        return texts
    if delimiter == ";":
        return [text.replace(",", ".") for text in texts]
    return [text.replace(",", ".") if _DECIMAL_COMMA.fullmatch(text.strip()) else text for text in texts]
