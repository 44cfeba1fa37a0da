"""Which of day and month stands first, from all dates of a file together."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.intake.date_order import DateOrder, order_of
from twin.intake.items import Remark, RemarkCode

FOLLOWED = "since the days then follow one another"


@pytest.mark.parametrize(
    ("dates", "twelve_hour", "order"),
    [
        (["04-03-2024", "13-03-2024"], False, DateOrder(day_first=True)),
        (["8/1/18", "8/15/18"], False, DateOrder(day_first=False)),
        (["13-03-2024", "03-13-2024", "03-14-2024"], False, DateOrder(day_first=False)),
        (["2024-03-04", "2024-03-05"], True, DateOrder(day_first=False)),
        (["05-05-2024"], True, DateOrder(day_first=False)),
        ([], False, DateOrder(day_first=False)),
        (["Ann", ""], False, DateOrder(day_first=False)),
        (["01-03-2024", "02-03-2024", "03-03-2024"], True, DateOrder(day_first=True, because=FOLLOWED)),
        (["03-01-2024", "03-02-2024", "03-03-2024"], False, DateOrder(day_first=False, because=FOLLOWED)),
        (["04-03-2024"], True, DateOrder(day_first=False, because="as is usual with a 12-hour clock")),
        (["04-03-2024"], False, DateOrder(day_first=True, because="as is usual with a 24-hour clock")),
    ],
)
def test_order_of_dates(dates: list[str], twelve_hour: bool, order: DateOrder) -> None:
    assert order_of(dates, twelve_hour=twelve_hour) == order


def test_remarks_say_what_was_assumed_and_nothing_of_what_was_certain() -> None:
    assert DateOrder(day_first=True).remarks() == []
    assert DateOrder(day_first=True, because="by custom").remarks() == [
        Remark(RemarkCode.DATE_ORDER_ASSUMED, "the day first, by custom")
    ]


@given(st.sets(st.dates(date(1900, 1, 1)), min_size=1), st.booleans())
def test_order_of_dates_is_the_true_one_unless_it_was_assumed(dates: set[date], day_first: bool) -> None:
    layout = "{0:%d}-{0:%m}-{0:%Y}" if day_first else "{0:%m}-{0:%d}-{0:%Y}"
    order = order_of([layout.format(on) for on in dates], twelve_hour=False)

    assert order.because or order.day_first == day_first or all(on.day == on.month for on in dates)
