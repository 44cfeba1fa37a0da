"""What a timing's body says, what is refused by which field, and that it comes back the same."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.timing import AsNeeded, Cycle, EveryHours, Repeat, Step, Timing, TimingError, body_of, parse
from reminders.timing.codes import CODES, EACH_MEAL, EVENTS
from reminders.timing.fields import WEEKDAYS

EIGHT, TWENTY = time(8), time(20)


def daily(**said):
    return {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"} | said}


@pytest.mark.parametrize(
    ("body", "timing"),
    [
        ({"code": "BID"}, Timing("BID", Repeat(2, 1, "d"))),
        (
            {"code": {"coding": [{"code": "BID"}]}, "repeat": {"timeOfDay": ["20:00:00", "08:00"]}},
            Timing("BID", Repeat(2, 1, "d", clock=(EIGHT, TWENTY))),
        ),
        ({"code": "AM"}, Timing("AM", Repeat(1, 1, "d", when=("MORN",)))),
        ({"repeat": {"timeOfDay": ["08:00"]}}, Timing(repeat=Repeat(1, 1, "d", clock=(EIGHT,)))),
        ({"repeat": {"dayOfWeek": ["sun", "mon"]}}, Timing(repeat=Repeat(2, 1, "wk", weekdays=(0, 6)))),
        (
            {"repeat": {"dayOfWeek": ["mon", "thu"], "timeOfDay": ["08:00", "20:00"]}},
            Timing(repeat=Repeat(4, 1, "wk", weekdays=(0, 3), clock=(EIGHT, TWENTY))),
        ),
        (
            {"repeat": {"frequency": 1.0, "period": 72, "periodUnit": "h"}},
            Timing(repeat=Repeat(1, 72, "h")),
        ),
        (
            {"repeat": {"when": ["ACM", "CV"]}, "amounts": ["0.50", 1]},
            Timing(repeat=Repeat(2, 1, "d", when=("CV", "ACM")), amounts=(Decimal(1), Decimal("0.5"))),
        ),
        (
            {"repeat": {"when": "ACM", "offset": 45}},
            Timing(repeat=Repeat(1, 1, "d", when=("ACM",), offset=45)),
        ),
        (
            daily() | {"cycle": {"on": 21, "off": 7}},
            Timing(repeat=Repeat(1, 1, "d"), cycle=Cycle(21, 7)),
        ),
        (
            daily() | {"taper": [{"days": 7, "amount": "20"}, {"amount": 2.5}]},
            Timing(repeat=Repeat(1, 1, "d"), taper=(Step(7, Decimal(20)), Step(None, Decimal("2.5")))),
        ),
        (
            {"asNeeded": {"minimumGapMinutes": 360, "maximumPerDay": 3}},
            Timing(as_needed=AsNeeded(timedelta(hours=6), 3)),
        ),
        ({"asNeeded": {}}, Timing(as_needed=AsNeeded())),
        (
            {"everyHours": {"hours": 8, "first": "2026-03-01T08:00+01:00"}},
            Timing(every_hours=EveryHours(8, datetime(2026, 3, 1, 7, tzinfo=UTC))),
        ),
        (
            {"code": "BID", "minimumGapMinutes": 480},
            Timing("BID", Repeat(2, 1, "d"), minimum_gap=timedelta(hours=8)),
        ),
    ],
    ids=str,
)
def test_body_says_a_timing(body, timing):
    assert parse(body) == timing


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "repeat"),
        ([], "timing"),
        ({"repeat": {}}, "repeat"),
        ({"repeat": 3}, "repeat"),
        ({"when": "MORN"}, "when"),
        ({"code": "TWICE"}, "code"),
        ({"code": 7}, "code"),
        ({"code": {"coding": []}}, "code"),
        ({"code": {"coding": [{"system": "http://loinc.org", "code": "BID"}]}}, "code"),
        ({"code": "BID", "repeat": {"frequency": 3}}, "repeat.frequency"),
        ({"code": "BID", "repeat": {"timeOfDay": ["08:00"]}}, "repeat.frequency"),
        ({"code": "AM", "repeat": {"timeOfDay": ["08:00"]}}, "repeat"),
        ({"code": "AM", "repeat": {"when": ["EVE"]}}, "repeat"),
        (daily(frequency=0), "repeat.frequency"),
        (daily(frequency=2.5), "repeat.frequency"),
        (daily(frequency=True), "repeat.frequency"),
        (daily(frequency=float("nan")), "repeat.frequency"),
        (daily(frequency=10**400), "repeat.frequency"),
        (daily(frequency=25, timeOfDay=["08:00"]), "repeat.frequency"),
        (daily(frequency=7), "repeat.timeOfDay"),
        (daily(period=0), "repeat.period"),
        (daily(period=0, periodUnit="h"), "repeat.period"),
        (daily(period=10_000), "repeat.period"),
        (daily(period=5, periodUnit="h"), "repeat.period"),
        (daily(periodUnit="s"), "repeat.periodUnit"),
        (daily(periodUnit=["d"]), "repeat.periodUnit"),
        (daily(frequency=2, periodUnit="h"), "repeat.frequency"),
        (daily(frequency=3, periodUnit="wk"), "repeat"),
        (daily(frequency=2, periodUnit="mo", timeOfDay=["08:00", "20:00"]), "repeat"),
        (daily(frequency=3, periodUnit="wk", dayOfWeek=["mon", "tue"]), "repeat.frequency"),
        (daily(period=2, dayOfWeek=["mon"]), "repeat.dayOfWeek"),
        (daily(periodUnit="mo", dayOfWeek=["mon"]), "repeat.dayOfWeek"),
        (daily(period=48, periodUnit="h", dayOfWeek=["mon"]), "repeat.dayOfWeek"),
        (daily(dayOfWeek=["monday"]), "repeat.dayOfWeek"),
        (daily(dayOfWeek=["mon", "mon"]), "repeat.dayOfWeek"),
        (daily(dayOfWeek=[]), "repeat.dayOfWeek"),
        (daily(timeOfDay=["24:00"]), "repeat.timeOfDay"),
        (daily(timeOfDay=["08:00:30"]), "repeat.timeOfDay"),
        (daily(timeOfDay=["08:00+01:00"]), "repeat.timeOfDay"),
        (daily(timeOfDay=[8]), "repeat.timeOfDay"),
        (daily(timeOfDay=["08:00"] * 25), "repeat.timeOfDay"),
        (daily(timeOfDay=["08:00"], when=["CM"]), "repeat"),
        (daily(period=8, periodUnit="h", timeOfDay=["06:00", "14:00", "21:00"]), "repeat.timeOfDay"),
        (daily(period=8, periodUnit="h", when=["MORN"]), "repeat.when"),
        (daily(when=["TEA"]), "repeat.when"),
        (daily(when=["CM", "C"], frequency=4), "repeat.when"),
        (daily(when=["C"]), "repeat.frequency"),
        ({"repeat": {"when": ["C"]}}, "repeat.when"),
        (daily(when=["CM", "CV"]), "repeat.frequency"),
        (daily(when=["CM"], offset=30), "repeat.offset"),
        (daily(offset=30), "repeat.offset"),
        (daily(when=["ACM"], offset=-30), "repeat.offset"),
        (daily(boundsPeriod={}), "repeat.boundsPeriod"),
        (daily(frequencyMax=2), "repeat.frequencyMax"),
        (daily(count=3), "repeat.count"),
        ({"repeat": {"frequency": 2}}, "repeat.period"),
        ({"repeat": {"period": 2, "periodUnit": "d"}}, "repeat.frequency"),
        (daily() | {"asNeeded": {}}, "asNeeded"),
        (daily() | {"everyHours": {"hours": 8, "first": "2026-03-01T08:00Z"}}, "everyHours"),
        ({"asNeeded": {}, "cycle": {"on": 1, "off": 1}}, "cycle"),
        ({"asNeeded": {"minimumGapMinutes": 0}}, "asNeeded.minimumGapMinutes"),
        ({"asNeeded": {"maximumPerDay": 0}}, "asNeeded.maximumPerDay"),
        ({"everyHours": {"hours": 0, "first": "2026-03-01T08:00Z"}}, "everyHours.hours"),
        ({"everyHours": {"hours": 8}}, "everyHours.first"),
        ({"everyHours": {"hours": 8, "first": "2026-03-01T08:00"}}, "everyHours.first"),
        ({"everyHours": {"hours": 8, "first": "0001-01-01T00:00+14:00"}}, "everyHours.first"),
        ({"everyHours": {"hours": 8, "first": "2026-03-01T08:00:10Z"}}, "everyHours.first"),
        ({"everyHours": {"hours": 8, "first": 20260301}}, "everyHours.first"),
        (daily() | {"cycle": {"on": 21}}, "cycle.off"),
        (daily() | {"cycle": {"on": 0, "off": 7}}, "cycle.on"),
        (daily(period=2) | {"cycle": {"on": 21, "off": 7}}, "cycle"),
        (daily() | {"taper": []}, "taper"),
        (daily() | {"taper": [{"amount": 1}, {"amount": 2}]}, "taper.0.days"),
        (daily() | {"taper": [{"days": 3}]}, "taper.0.amount"),
        (daily() | {"taper": [{"days": 3, "amount": 0}]}, "taper.0.amount"),
        (daily() | {"taper": [{"days": 3, "amount": "NaN"}]}, "taper.0.amount"),
        (daily() | {"taper": [{"days": 3, "amount": "two"}]}, "taper.0.amount"),
        (daily() | {"taper": [{"days": 3, "amount": "0.0000001"}]}, "taper.0.amount"),
        (daily() | {"taper": [{"days": 1, "amount": 1}] * 101}, "taper"),
        (daily() | {"taper": [{"amount": 1}], "cycle": {"on": 21, "off": 7}}, "taper"),
        (daily(when=["CM"]) | {"taper": [{"amount": 1}], "amounts": [1]}, "amounts"),
        (daily(frequency=2) | {"amounts": [1, 2]}, "amounts"),
        (daily(when=["CM"]) | {"amounts": [1, 2]}, "amounts"),
        (daily(when=["C"], frequency=3) | {"amounts": [1, 2, 3]}, "amounts"),
        ({"code": "BID", "minimumGapMinutes": 721}, "minimumGapMinutes"),
        ({"code": "BID", "minimumGapMinutes": 720}, "minimumGapMinutes"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_with_field_and_reason(body, field):
    with pytest.raises(TimingError) as refused:
        parse(body)
    assert refused.value.field == field
    assert refused.value.reason.endswith(".")


@pytest.mark.parametrize("code", ["OD", "QPM", "BIW", "TIW", "PRN"])
def test_code_that_is_read_in_several_ways_is_not_guessed(code):
    with pytest.raises(TimingError) as refused:
        parse({"code": code})
    assert (refused.value.field, refused.value.to_confirm) == ("code", True)


@pytest.mark.parametrize("code", CODES)
def test_each_code_says_its_usual_clock(code):
    timing = parse({"code": code})
    assert body_of(timing)["repeat"] | {"when": None} == {**CODES[code].repeat, "when": None}


def clocks():
    minutes = st.integers(0, 24 * 60 - 1)
    return st.lists(minutes, min_size=1, max_size=24, unique=True).map(
        lambda found: [f"{at // 60:02}:{at % 60:02}:00" for at in sorted(found)]
    )


AMOUNTS = st.decimals("0.001", 1000, places=3).map(str)
REPEATS = st.one_of(
    st.builds(lambda at: {"timeOfDay": at}, clocks()),
    st.builds(
        lambda at, days: {"timeOfDay": at, "dayOfWeek": days},
        clocks(),
        st.lists(st.sampled_from(WEEKDAYS), min_size=1, unique=True),
    ),
    st.builds(lambda when: {"when": when}, st.lists(st.sampled_from(list(EVENTS)), min_size=1, unique=True)),
    st.builds(
        lambda often, unit: {"frequency": 1, "period": often, "periodUnit": unit},
        st.integers(1, 10),
        st.sampled_from(["d", "wk", "mo", "a"]),
    ),
    st.builds(
        lambda hours: {"frequency": 1, "period": hours, "periodUnit": "h"},
        st.sampled_from([1, 2, 3, 4, 6, 8, 12, 24, 48, 72]),
    ),
    st.sampled_from([{"frequency": 3, "period": 1, "periodUnit": "d", "when": [meal]} for meal in EACH_MEAL]),
)
BODIES = st.one_of(
    st.fixed_dictionaries({"repeat": REPEATS}),
    st.fixed_dictionaries(
        {"repeat": REPEATS},
        optional={
            "taper": st.lists(
                st.fixed_dictionaries({"days": st.integers(1, 30), "amount": AMOUNTS}), min_size=1
            )
        },
    ),
    st.builds(
        lambda at, amounts: {"repeat": {"timeOfDay": at}, "amounts": amounts[: len(at)]},
        clocks(),
        st.lists(AMOUNTS, min_size=24, max_size=24),
    ),
    st.fixed_dictionaries(
        {
            "asNeeded": st.fixed_dictionaries(
                {}, optional={"minimumGapMinutes": st.integers(1, 1440), "maximumPerDay": st.integers(1, 20)}
            )
        }
    ),
    st.builds(
        lambda hours, first: {"everyHours": {"hours": hours, "first": first.strftime("%Y-%m-%dT%H:%MZ")}},
        st.integers(1, 200),
        st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001 - it is written as UTC
    ),
)


@given(BODIES)
def test_body_comes_back_the_same(body):
    timing = parse(body)
    canonical = body_of(timing)
    assert parse(canonical) == timing
    assert body_of(parse(canonical)) == canonical


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["d", "h", "mon", "08:00", "MORN", "BID"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "code",
                    "repeat",
                    "amounts",
                    "cycle",
                    "taper",
                    "asNeeded",
                    "everyHours",
                    "minimumGapMinutes",
                    "frequency",
                    "period",
                    "periodUnit",
                    "dayOfWeek",
                    "timeOfDay",
                    "when",
                    "offset",
                    "on",
                    "off",
                    "days",
                    "amount",
                    "hours",
                    "first",
                    "coding",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_json_is_a_timing_or_refused_by_field(body):
    try:
        timing = parse(body)
    except TimingError as refused:
        said = (refused.field, refused.reason)
    else:
        said = (parse(body_of(timing)) == timing, timing)
    assert all(said)
