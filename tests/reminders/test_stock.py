"""A stock after every movement, when it runs out by plan and by habit, and that it is never below zero."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.stock import (
    Lot,
    Move,
    Movement,
    Outlook,
    RunOut,
    Stock,
    daily_rate,
    outlook,
    runs_out,
    share_taken,
    stock_after,
)

DAY = date(2026, 12, 1)
END = date(2027, 6, 30)
D = Decimal


def day(offset):
    return DAY + timedelta(days=offset)


def moves(*said):
    """Of ("fill", 30) or ("fill", 30, day it expires), a day apart."""
    return [
        Movement(datetime(2026, 11, 1, tzinfo=UTC) + timedelta(days=at), Move(move), D(str(amount)), *rest)
        for at, (move, amount, *rest) in enumerate(said)
    ]


def every(days, amount="1"):
    return ((day(ahead), D(amount)) for ahead in count(0, days))


@pytest.mark.parametrize(
    ("said", "amount", "unaccounted"),
    [
        ([], 0, 0),
        ([("fill", 30)], 30, 0),
        ([("fill", 30), ("taken", "0.5"), ("taken", "0.5")], 29, 0),
        ([("fill", 30), ("loss", 2)], 28, 0),
        ([("fill", 1), ("taken", 2)], 0, 1),
        ([("taken", 2), ("fill", 30)], 30, 2),
        ([("fill", 30), ("count", 25)], 25, 0),
        ([("fill", 30), ("count", 40)], 40, 0),
        ([("fill", 30), ("count", 0)], 0, 0),
        ([("taken", 2), ("count", 12), ("taken", 2)], 10, 0),
        ([("count", 3), ("taken", 4)], 0, 1),
    ],
)
def test_stock_is_what_was_fetched_less_what_was_taken_and_a_count_replaces_it(said, amount, unaccounted):
    found = stock_after(moves(*said))
    assert (found.amount, found.unaccounted) == (amount, unaccounted)


def test_stock_goes_by_time_and_not_by_the_order_of_writing():
    fetched, counted, taken = moves(("fill", 30), ("count", 10), ("taken", 1))
    assert stock_after([taken, counted, fetched]).amount == 9
    assert stock_after([taken, counted, fetched]).counted_at == counted.at


@pytest.mark.parametrize("said", [("fill", -1), ("taken", -1), ("fill", 0), ("loss", 0), ("count", -1)])
def test_stock_refuses_an_amount_that_is_none(said):
    with pytest.raises(ValueError, match="more than nothing"):
        stock_after(moves(said))


def test_stock_is_taken_from_what_expires_first_but_not_from_what_has():
    long_gone, soon = date(2026, 1, 1), date(2026, 12, 31)
    said = [("fill", 5), ("fill", 5, soon), ("fill", 5, long_gone), ("taken", 6)]
    assert stock_after(moves(*said)).lots == (Lot(D(5), long_gone), Lot(D(4), None))
    assert stock_after(moves(*said, ("taken", 6))).lots == (Lot(D(3), long_gone),)


def test_stock_expires_after_its_last_day():
    stock = Stock((Lot(D(3), DAY), Lot(D(4), None)))
    assert [stock.usable(day(0)), stock.usable(day(1))] == [7, 4]


@pytest.mark.parametrize(
    ("lots", "needs", "on", "expiring"),
    [
        ([(10, None)], every(1), day(10), 0),
        ([(10, None)], every(7), day(70), 0),
        ([("1.5", None)], every(1, "0.5"), day(3), 0),
        ([("1.2", None)], every(1, "0.5"), day(2), 0),  # what is left is no whole dose
        ([], every(1), day(0), 0),
        ([(1000, None)], every(1), None, 0),
        ([(10, day(4))], every(1), day(5), 5),
        ([(5, day(4)), (5, day(9))], every(1), day(10), 0),
        ([(5, day(-1)), (2, None)], every(1), day(2), 5),
        ([(10, None)], [(day(0), D(4)), (day(1), D(3)), (day(2), D(2)), (day(3), D(1))], None, 0),
        ([(10, None)], [], None, 0),
    ],
)
def test_runs_out_on_the_first_day_whose_need_is_not_covered(lots, needs, on, expiring):
    stock = Stock(tuple(Lot(D(amount), expires_on) for amount, expires_on in lots))
    assert runs_out(stock, needs, until=END) == RunOut(on, END, D(expiring))


def test_runs_out_refuses_days_that_go_back():
    with pytest.raises(ValueError, match="in order"):
        runs_out(Stock((Lot(D(9), None),)), [(day(1), D(1)), (day(0), D(1))], until=END)


@pytest.mark.parametrize(
    ("taken", "due", "share"), [(8, 10, "0.8"), (12, 10, "1.2"), (0, 10, 0), (0, 0, None)]
)
def test_share_taken_is_of_what_was_due(taken, due, share):
    assert share_taken(D(taken), D(due)) == (None if share is None else D(share))


@pytest.mark.parametrize(
    ("offsets", "days", "rate"),
    [
        ([0, 3, 3, 13], 14, D(4) / 14),
        ([0], 7, D(1) / 7),
        ([0, 1, 2], 6, None),
        ([], 28, None),
        ([-1, 14], 14, None),
    ],
)
def test_daily_rate_is_of_enough_days(offsets, days, rate):
    taken = [(day(offset), D(1)) for offset in offsets]
    assert daily_rate(taken, DAY, day(days - 1)) == rate


def test_outlook_forecasts_by_plan_and_by_habit():
    found = outlook(
        Stock((Lot(D(2), day(-1)), Lot(D(10), day(300)))),
        today=DAY,
        until=END,
        low_at=D(10),
        due_ahead=every(1),
        taken_share=D("0.5"),
    )
    assert found == Outlook(
        usable=D(10),
        expired=D(2),
        unaccounted=D(0),
        is_low=True,
        expires_on=day(300),
        by_plan=RunOut(day(10), END, D(2)),
        by_habit=RunOut(day(20), END, D(2), is_estimate=True),
    )


def test_outlook_of_what_is_taken_as_needed_is_an_estimate_by_its_past():
    found = outlook(Stock((Lot(D(10), None),)), today=DAY, until=END, low_at=D(9), as_needed_rate=D(4) / 14)
    assert (found.by_plan, found.is_low) == (None, False)
    assert found.by_habit == RunOut(day(35), END, D(0), is_estimate=True)


def test_outlook_of_what_nothing_is_known_of_has_no_forecast():
    found = outlook(Stock(), today=DAY, until=END, low_at=None)
    assert (found.by_plan, found.by_habit, found.is_low, found.expires_on) == (None, None, False, None)


amounts = st.decimals(0, 100, places=2).filter(bool)
said_moves = st.lists(
    st.builds(
        Movement,
        st.integers(0, 365).map(lambda ahead: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=ahead)),
        st.sampled_from(Move),
        amounts,
        st.none() | st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    ),
    max_size=30,
)


@given(said_moves)
def test_stock_is_never_negative(several):
    found = stock_after(several)
    assert all(lot.amount > 0 for lot in found.lots)
    assert found.unaccounted >= 0


@given(said_moves)
def test_stock_accounts_for_everything(several):
    several = [one for one in several if one.move is not Move.COUNT]
    found = stock_after(several)
    fetched = sum(one.amount for one in several if one.move is Move.FILL)
    used = sum(one.amount for one in several if one.move is not Move.FILL)
    assert found.amount + used == fetched + found.unaccounted


@given(said_moves, amounts, st.integers(1, 10))
def test_runs_out_no_sooner_with_more_at_hand(several, more, rhythm):
    less = stock_after(several)
    plenty = Stock((*less.lots, Lot(more, None)))
    first, later = (runs_out(stock, every(rhythm), until=END).on for stock in (less, plenty))
    assert later is None or (first is not None and first <= later)
