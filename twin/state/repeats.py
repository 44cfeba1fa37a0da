"""Laboratory tests done again within their usual interval. Pure; its data is retest_intervals.json."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import cache
from itertools import groupby
from math import isclose
from operator import attrgetter

from twin.kinds import DATA, KINDS

# What two laboratories' units and rounding make of one value.
_SAME = 0.005


@dataclass(frozen=True, slots=True)
class Reference:
    """Who says so: the interval in its own words."""

    title: str
    url: str
    said: str


@dataclass(frozen=True, slots=True)
class Interval:
    """How long a group of tests is usually not repeated, and who says so."""

    group: str
    title: str
    length: timedelta
    references: tuple[Reference, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """One result of one test; `test` is a kind's code or a LOINC code, `value` None where it is no number."""

    test: str
    at: datetime
    source: str
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Repeat:
    """The same tests at two moments that lie closer together than their interval.

    Where `same_result`, it is rather one result that two sources told of.
    """

    interval: Interval
    tests: tuple[str, ...]
    first: datetime
    second: datetime
    sources: tuple[str, ...]
    same_result: bool


@dataclass(frozen=True, slots=True)
class _Test:
    title: str
    interval: Interval


@cache
def _tests() -> Mapping[str, _Test]:
    """Every test that has an interval, by its kind's code or its LOINC code."""
    data = json.loads((DATA / "retest_intervals.json").read_text(encoding="utf-8"))
    tests: dict[str, _Test] = {}
    for row in data["intervals"]:
        references = tuple(Reference(**data["sources"][key], said=said) for key, said in row["said"].items())
        interval = Interval(row["group"], row["title"], timedelta(hours=row["hours"]), references)
        titles = {code: KINDS[code].title for code in row["kinds"]} | row["loinc"]
        tests |= {code: _Test(title, interval) for code, title in titles.items()}
    return tests


def kinds_with_interval() -> list[str]:
    """The kinds that have an interval, in the catalogue's order."""
    return [code for code in KINDS if code in _tests()]


def codes_with_interval() -> Mapping[str, str]:
    """The test of each LOINC code that has an interval: its kind's code, or the LOINC code itself."""
    return {code if code not in KINDS else KINDS[code].loinc or code: code for code in _tests()}


def repeats(results: Iterable[Result], zone: tzinfo) -> list[Repeat]:
    """Every two results of one test that follow each other within its interval, the newest first.

    Tests of a group that were repeated together are one. The same value of the same day in `zone` from two
    sources, to half a percent, is one result told of twice; two results of one moment are never a repeat.
    Tests without an interval are left out.
    """
    by_test: defaultdict[str, list[Result]] = defaultdict(list)
    for result in results:
        if result.test in _tests():
            by_test[result.test].append(result)
    found = [pair for own in by_test.values() for pair in _pairs(own, zone)]
    together = attrgetter("second", "first", "interval.group", "same_result")
    found.sort(key=together, reverse=True)
    return [_joined(list(pairs)) for _, pairs in groupby(found, key=together)]


def _pairs(results: Sequence[Result], zone: tzinfo) -> Iterator[Repeat]:
    """The repeats of one test."""
    test = _tests()[results[0].test]
    before: Result | None = None
    for result in sorted(results, key=lambda one: (one.at, one.source, one.value or 0)):
        if before is not None and result.at - before.at < test.interval.length:
            same = _is_same(before, result, zone)
            if same or result.at > before.at:
                sources = tuple(sorted({before.source, result.source} - {""}))
                yield Repeat(test.interval, (test.title,), before.at, result.at, sources, same)
            if same:
                # What comes next is measured against the result, not against the second telling of it.
                continue
        before = result


def _joined(pairs: Sequence[Repeat]) -> Repeat:
    first = pairs[0]
    return Repeat(
        first.interval,
        tuple(sorted({test for pair in pairs for test in pair.tests})),
        first.first,
        first.second,
        tuple(sorted({source for pair in pairs for source in pair.sources})),
        first.same_result,
    )


def _is_same(first: Result, second: Result, zone: tzinfo) -> bool:
    days = [one.at.astimezone(zone).date() for one in (first, second)]
    return (
        "" != first.source != second.source != ""
        and days[0] == days[1]
        and first.value is not None
        and second.value is not None
        and isclose(first.value, second.value, rel_tol=_SAME)
    )
