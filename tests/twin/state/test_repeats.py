"""Tests done again within their usual interval: which pairs are named, and which never."""

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.kinds import DATA, KINDS
from twin.state.repeats import Result, codes_with_interval, kinds_with_interval, repeats

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 3, 1, 11, tzinfo=UTC)
HOUR = timedelta(hours=1)
DATA_ROWS = json.loads((DATA / "retest_intervals.json").read_text(encoding="utf-8"))


def result(test: str, hours: float, value: float | None = 1.0, source: str = "Clinic") -> Result:
    return Result(test, NOON + hours * HOUR, source, value)


def found(*results: Result) -> list[tuple[object, ...]]:
    return [
        (one.interval.group, one.tests, (one.second - one.first) / HOUR, one.sources, one.same_result)
        for one in repeats(results, BERLIN)
    ]


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([], []),
        ([result("crp", 0)], []),
        ([result("crp", 0), result("crp", 23)], [("crp", ("C-reactive protein",), 23, ("Clinic",), False)]),
        # At the interval's end it is no repeat any more.
        ([result("crp", 0), result("crp", 24)], []),
        ([result("crp", 0), result("hba1c", 1)], []),
        ([result("weight", 0), result("weight", 1)], []),
        # Each is measured against the one before it.
        (
            [result("crp", 40), result("crp", 0), result("crp", 20)],
            [
                ("crp", ("C-reactive protein",), 20, ("Clinic",), False),
                ("crp", ("C-reactive protein",), 20, ("Clinic",), False),
            ],
        ),
        # One profile is one hint.
        (
            [result(test, hours) for hours in (0, 48) for test in ("hdl", "ldl", "57698-3")],
            [("lipids", ("HDL cholesterol", "LDL cholesterol", "Lipid panel"), 48, ("Clinic",), False)],
        ),
        # Told of by two: the same value to what units and rounding make of it, on the same day.
        (
            [result("hba1c", 0, 6.1), result("hba1c", 2, 6.11, "Laboratory")],
            [("hba1c", ("HbA1c",), 2, ("Clinic", "Laboratory"), True)],
        ),
        (
            [result("hba1c", 0, 6.1), result("hba1c", 0, 6.1, "Laboratory")],
            [("hba1c", ("HbA1c",), 0, ("Clinic", "Laboratory"), True)],
        ),
        (
            [result("hba1c", 0, 6.1), result("hba1c", 2, 6.4, "Laboratory")],
            [("hba1c", ("HbA1c",), 2, ("Clinic", "Laboratory"), False)],
        ),
        (
            [result("hba1c", 0, 6.1), result("hba1c", 2, 6.1)],
            [("hba1c", ("HbA1c",), 2, ("Clinic",), False)],
        ),
        # 23:00 in Berlin and 1:00 the day after.
        (
            [result("hba1c", 11, 6.1), result("hba1c", 13, 6.1, "Laboratory")],
            [("hba1c", ("HbA1c",), 2, ("Clinic", "Laboratory"), False)],
        ),
        # Of one moment, and not the same: two methods, and no second order.
        ([result("hba1c", 0, 6.1), result("hba1c", 0, 6.4, "Laboratory")], []),
        # Without a number nothing can be compared.
        (
            [result("2276-4", 0, None), result("2276-4", 2, None, "Laboratory")],
            [("ferritin", ("Ferritin",), 2, ("Clinic", "Laboratory"), False)],
        ),
    ],
)
def test_repeats_are_within_the_interval_of_one_test(results, expected):
    assert found(*results) == expected


def test_repeats_come_newest_first():
    results = [result(test, hours) for test, hours in [("crp", 0), ("crp", 5), ("alt", 8), ("alt", 9)]]
    assert [one.interval.group for one in repeats(results, BERLIN)] == ["liver", "crp"]


tests = st.sampled_from([*kinds_with_interval(), *codes_with_interval().values(), "weight"])
results = st.lists(
    st.builds(result, tests, st.floats(0, 3_000), st.none() | st.floats(0, 9), st.sampled_from("ABC")),
    max_size=30,
)


@given(results)
def test_every_repeat_is_of_two_results_closer_than_the_interval(results):
    moments = {one.at for one in results}
    for one in repeats(results, BERLIN):
        assert {one.first, one.second} <= moments
        assert timedelta() <= one.second - one.first < one.interval.length
        assert one.tests
        assert one.interval.references
        assert (len(one.sources) > 1) or not one.same_result


@given(results)
def test_repeats_do_not_depend_on_the_order_of_the_results(results):
    assert repeats(results, BERLIN) == repeats(reversed(results), BERLIN)


def test_each_interval_is_the_shortest_that_a_source_names():
    hours = {"hour": 1, "day": 24}
    for row in DATA_ROWS["intervals"]:
        said = [text.split() for text in row["said"].values()]
        named = [float(number) * hours[unit.rstrip("s")] for number, unit in said]
        assert row["hours"] == min(named), row["group"]
        assert row["said"].keys() <= DATA_ROWS["sources"].keys()


def test_each_test_is_in_one_group_and_known_by_its_code():
    named = [code for row in DATA_ROWS["intervals"] for code in [*row["kinds"], *row["loinc"]]]
    assert len(named) == len(set(named))
    own = {kind.loinc: kind.code for kind in KINDS.values()}
    codes = codes_with_interval()
    assert sorted(codes.values()) == sorted(named)
    assert {code: own[code] for code in codes if code in own} == {
        code: test for code, test in codes.items() if test in KINDS
    }
