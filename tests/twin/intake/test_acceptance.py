"""What may be stored: one unit, possible values, plausible times."""

from datetime import UTC, datetime

import numpy as np
import pytest

from twin.intake.acceptance import EARLIEST, LONGEST, accept, examine
from twin.intake.items import Problem, ProblemCode, Samples
from twin.series.columns import Columns, Flag

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
DAY = 86_400_000


def samples(
    values: list[float],
    *,
    kind: str = "heart_rate",
    unit: str = "/min",
    start: list[int] | None = None,
    duration: list[int] | None = None,
    flags: list[int] | None = None,
) -> Samples:
    count = len(values)
    columns = Columns(
        np.array(start or [NOW_MS - 1000 * index for index in range(count)], np.int64),
        np.array(duration or [0] * count, np.int64),
        np.array(values, np.float64),
        None,
        None if flags is None else np.array(flags, np.uint8),
    )
    return Samples(kind, "watch", unit, columns)


def test_accept_values_in_the_canonical_unit_come_back_to_the_bit() -> None:
    accepted, problems = accept(samples([81.35, 0.1 + 0.2 + 60], kind="weight", unit="kg"), now=NOW)
    assert accepted.columns.value.tolist() == [81.35, 0.1 + 0.2 + 60]
    assert (accepted.unit, problems) == ("kg", [])


@pytest.mark.parametrize(
    ("kind", "unit", "given", "canonical", "expected"),
    [
        ("heart_rate", "count/min", 72.0, "/min", 72.0),
        ("weight", "lb", 180.0, "kg", 81.6466266),
        ("temperature", "degF", 98.6, "Cel", 37.0),
        ("glucose", "mmol<180.1558800000541>/L", 5.5, "mg/dL", 99.1),
        ("distance", "mi", 1.0, "m", 1609.344),
        ("sbp", "kPa", 16.0, "mm[Hg]", 120.0),
    ],
)
def test_accept_a_vendor_unit_becomes_the_canonical_one(
    kind: str, unit: str, given: float, canonical: str, expected: float
) -> None:
    accepted, problems = accept(samples([given], kind=kind, unit=unit), now=NOW)
    assert (accepted.unit, problems) == (canonical, [])
    assert accepted.columns.value.tolist() == pytest.approx([expected], rel=1e-3)


@pytest.mark.parametrize(
    ("refused", "code", "example"),
    [
        (samples([70.0], kind="aura"), ProblemCode.UNKNOWN_KIND, "aura"),
        (samples([70.0], unit="furlong"), ProblemCode.UNKNOWN_UNIT, "furlong"),
        (samples([70.0], kind="weight", unit=""), ProblemCode.UNKNOWN_UNIT, "no unit"),
        (samples([float("nan")]), ProblemCode.NOT_A_NUMBER, "nan /min"),
        (samples([float("inf")]), ProblemCode.NOT_A_NUMBER, "inf /min"),
        (samples([0.0]), ProblemCode.OUT_OF_RANGE, "0.0 /min"),
        (samples([9700.0], kind="spo2", unit="%"), ProblemCode.OUT_OF_RANGE, "9700.0 %"),
        (
            samples([70.0], start=[EARLIEST - 1]),
            ProblemCode.IMPLAUSIBLE_TIME,
            "1899-12-31T23:59:59+00:00, for 0 ms",
        ),
        (
            samples([70.0], start=[3_646_771_200_000]),
            ProblemCode.IMPLAUSIBLE_TIME,
            "2085-07-24T00:00:00+00:00, for 0 ms",
        ),
        (
            samples([70.0], start=[NOW_MS], duration=[-1]),
            ProblemCode.IMPLAUSIBLE_TIME,
            "2026-05-01T12:00:00+00:00, for -1 ms",
        ),
        (
            samples([70.0], start=[NOW_MS], duration=[2 * DAY]),
            ProblemCode.IMPLAUSIBLE_TIME,
            f"2026-05-01T12:00:00+00:00, for {2 * DAY} ms",
        ),
        (
            samples([70.0], start=[0], duration=[LONGEST + 1]),
            ProblemCode.IMPLAUSIBLE_TIME,
            f"1970-01-01T00:00:00+00:00, for {LONGEST + 1} ms",
        ),
        (
            samples([70.0], start=[2**63 - 1], duration=[1]),
            ProblemCode.IMPLAUSIBLE_TIME,
            f"{2**63 - 1} ms after 1970, for 1 ms",
        ),
    ],
)
def test_accept_an_impossible_sample_is_refused_with_its_reason(
    refused: Samples, code: ProblemCode, example: str
) -> None:
    accepted, problems = accept(refused, now=NOW)
    assert len(accepted.columns) == 0
    assert [(problem.code, problem.example, problem.count) for problem in problems] == [(code, example, 1)]


@pytest.mark.parametrize("start", [EARLIEST, 0, NOW_MS + DAY])
def test_accept_a_time_at_the_edge_is_kept(start: int) -> None:
    accepted, problems = accept(samples([70.0], start=[start]), now=NOW)
    assert (len(accepted.columns), problems) == (1, [])


def test_accept_a_sample_with_several_faults_counts_once() -> None:
    faulty = samples([float("nan"), 0.0, 70.0, 500.0], start=[2**62, 2**62, 0, 0])
    accepted, problems = accept(faulty, now=NOW)
    assert accepted.columns.value.tolist() == [70.0]
    assert problems == [
        Problem(ProblemCode.NOT_A_NUMBER, "nan /min", f"{2**62} ms after 1970", 1, "heart_rate"),
        Problem(
            ProblemCode.IMPLAUSIBLE_TIME,
            f"{2**62} ms after 1970, for 0 ms",
            f"{2**62} ms after 1970",
            1,
            "heart_rate",
        ),
        Problem(ProblemCode.OUT_OF_RANGE, "500.0 /min", "1970-01-01T00:00:00+00:00", 1, "heart_rate"),
    ]


def test_accept_an_unlikely_value_is_kept_flagged_beside_its_other_flags() -> None:
    accepted, problems = accept(samples([35.0, 70.0, 190.0], flags=[Flag.MANUAL, Flag.MANUAL, 0]), now=NOW)
    assert problems == []
    assert accepted.columns.flags is not None
    assert accepted.columns.flags.tolist() == [Flag.SOFT_RANGE | Flag.MANUAL, Flag.MANUAL, Flag.SOFT_RANGE]


def test_accept_likely_values_get_no_flags_column() -> None:
    assert accept(samples([70.0, 71.0]), now=NOW)[0].columns.flags is None


@pytest.mark.parametrize(
    ("kind", "unit", "part"), [("sleep_duration", "h", 0.2), ("basal_energy", "kcal", 15.0)]
)
def test_accept_a_small_part_of_a_day_is_not_unlikely(kind: str, unit: str, part: float) -> None:
    assert accept(samples([part], kind=kind, unit=unit), now=NOW)[0].columns.flags is None


@pytest.mark.parametrize("kind", ["heart_rate", "aura"])
def test_accept_no_samples_gives_none_and_no_problem(kind: str) -> None:
    accepted, problems = accept(samples([], kind=kind), now=NOW)
    assert (len(accepted.columns), problems) == (0, [])


def test_examine_says_of_each_sample_what_it_is_refused_for() -> None:
    given = samples([60.0, float("nan"), 4000.0, 61.0], start=[NOW_MS, NOW_MS, NOW_MS, EARLIEST - 1])
    examined = examine(given, now=NOW)
    assert examined.kept.tolist() == [True, False, False, False]
    assert [(code, at.tolist()) for code, at in examined.refused] == [
        (ProblemCode.NOT_A_NUMBER, [False, True, False, False]),
        (ProblemCode.IMPLAUSIBLE_TIME, [False, False, False, True]),
        (ProblemCode.OUT_OF_RANGE, [False, False, True, False]),
    ]
    assert examined.accepted.value.tolist() == [60.0]


def test_examine_of_what_is_withdrawn_asks_for_a_time_and_no_value() -> None:
    given = samples([float("nan"), 4000.0, 60.0], start=[NOW_MS, NOW_MS, EARLIEST - 1])
    examined = examine(given, now=NOW, withdrawn=np.array([True, True, True]))
    assert examined.kept.tolist() == [True, True, False]
    assert np.isfinite(examined.accepted.value).all()


def test_examined_but_none_refuses_what_was_kept() -> None:
    examined = examine(samples([60.0, float("nan")]), now=NOW).but_none(ProblemCode.TOO_MANY_SOURCES)
    assert not examined.kept.any()
    assert [(code, at.tolist()) for code, at in examined.refused] == [
        (ProblemCode.NOT_A_NUMBER, [False, True]),
        (ProblemCode.TOO_MANY_SOURCES, [True, False]),
    ]
