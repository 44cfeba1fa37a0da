"""Columns of text: what is fast must say what is slow, and what is no instant or number must be named."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.intake.parsing import parse_instant, parse_instants, parse_numbers
from twin.series.columns import UNKNOWN_OFFSET

ROME = ZoneInfo("Europe/Rome")
NOON = int(datetime(2019, 7, 1, 12, tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2019-07-01T12:00:00Z", (NOON, UNKNOWN_OFFSET)),
        ("2019-07-01T12:00:00ZZ", None),
        ("2019-07-01T12:00:00+00:00", (NOON, 0)),
        ("2019-07-01 12:00:00Z", (NOON, UNKNOWN_OFFSET)),
        ("2019-07-01 05:00:00 -0700", (NOON, -420)),
        ("2019-07-01T17:30:00+05:30", (NOON, 330)),
        ("2019-07-01T17:30:00+0530", (NOON, 330)),
        ("2019-07-01T12:00:00.250Z", (NOON + 250, UNKNOWN_OFFSET)),
        ("2019-07-01T14:00:00.250+02:00", (NOON + 250, 120)),
        ("2019-07-01T14:00:00", (NOON, 120)),
        ("2019-07-01T14:00", (NOON, 120)),
        (" 2019-07-01T14:00:00 ", (NOON, 120)),
        ("2019-07-01 5:00:00\u202fAM -0700", (NOON, -420)),
        ("2019-02-30T12:00:00Z", None),
        ("2019-07-01T24:30:00Z", None),
        ("2019-07-01T12:00:00+99:00", None),
        ("2019-07-01T12:00:00+23:00", None),
        ("2019-07-01", None),
        ("01/07/2019 12:00:00 PM", None),
        ("0001-01-01T00:00:00+14:00", (-62_135_647_200_000, 840)),
        ("9999-12-31T23:59:59-14:00", (253_402_351_199_000, -840)),
        ("0000-01-01T00:00:00Z", None),
        ("0000-01-01T00:00:00", None),
        ("1561982400000", None),
        ("", None),
    ],
)
def test_parse_instants_each_layout_gives_the_instant_alone_and_beside_others(
    text: str, expected: tuple[int, int] | None
) -> None:
    for texts in ([text], [text, text], [text, "not a time"], [text, "2019-07-01T12:00:00Z"]):
        parsed = parse_instants(texts, ROME)
        got = (int(parsed.at[0]), int(parsed.offset[0])) if parsed.good[0] else None
        assert got == expected


@given(
    st.lists(
        st.builds(
            lambda at, minutes: at.astimezone(timezone(timedelta(minutes=minutes))),
            st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
            st.integers(-15 * 60, 15 * 60),
        ),
        min_size=1,
        max_size=20,
    ),
    st.sampled_from(["%Y-%m-%d %H:%M:%S %z", "%Y-%m-%dT%H:%M:%S%z"]),
)
def test_parse_instants_any_column_equals_one_by_one(moments: list[datetime], layout: str) -> None:
    texts = [moment.strftime(layout) for moment in moments]
    parsed = parse_instants(texts, ROME)
    assert parsed.good.all()
    assert list(zip(parsed.at.tolist(), parsed.offset.tolist(), strict=True)) == [
        parse_instant(text, ROME) for text in texts
    ]
    assert parsed.at.tolist() == [int(moment.replace(microsecond=0).timestamp()) * 1000 for moment in moments]


@given(st.lists(st.text(max_size=30), max_size=5))
def test_parse_instants_any_text_never_raises(texts: list[str]) -> None:
    assert len(parse_instants(texts, ROME).good) == len(texts)


def test_parse_instants_without_offset_where_the_clock_repeats_an_hour_takes_the_first() -> None:
    parsed = parse_instants(["2019-10-27T02:30:00", "2019-10-27T03:30:00"], ROME)
    assert parsed.offset.tolist() == [120, 60]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False)))
def test_parse_numbers_any_written_float_comes_back_to_the_bit(values: list[float]) -> None:
    assert parse_numbers([repr(value) for value in values]).tolist() == values


@pytest.mark.parametrize(
    "text", ["", "nan", "inf", "-Infinity", "1e999", "1_000", "1,5", "12 mg", "0x10", "—"]
)
def test_parse_numbers_what_is_no_finite_number_is_nan(text: str) -> None:
    numbers = parse_numbers(["81.35", text, "1"])
    assert np.isnan(numbers).tolist() == [False, True, False]
    assert numbers[0] == 81.35


@pytest.mark.parametrize(
    "wrong",
    ["2026-02-30T10:00:00", "2026-13-01T10:00:00", "2026-00-01T10:00:00", "2026-01-00T10:00:00",
     "2026-01-01T24:00:01", "2026-01-01T10:60:00", "2026-01-01T10:00:60", "0000-01-01T10:00:00"],
)  # fmt: skip
def test_parse_instants_of_many_texts_survives_one_that_is_no_time(wrong: str) -> None:
    texts = ["2024-02-29T10:00:00"] * 5_000
    texts[4_000] = wrong
    good = parse_instants(texts, ZoneInfo("UTC")).good
    assert (int(good.sum()), bool(good[4_000])) == (4_999, False)
