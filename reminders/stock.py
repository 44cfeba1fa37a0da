"""How much of a medicine is at hand, and on which day it will not be enough any more. Pure.

Amounts are in the plan's own unit (tablets, millilitres, puffs) and exact, for tablets are halved. Nothing is
ever below zero: what was taken beyond what is known to have been there is said apart.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum
from itertools import takewhile

RATE_DAYS = 28
"""Over so many days back is looked at what was really taken. A working choice."""
LEAST_RATE_DAYS = 7
"""Fewer days say nothing of how often something is taken as needed. A working choice."""

_NONE = Decimal(0)
_FINEST = Decimal("0.000001")

Need = tuple[date, Decimal]
"""So much is needed on this day."""


class Move(StrEnum):
    """What changes a stock."""

    FILL = "fill"
    TAKEN = "taken"
    LOSS = "loss"  # dropped, thrown away, given back
    COUNT = "count"  # what there is, whatever was known before


@dataclass(frozen=True, slots=True)
class Movement:
    """One change; `expires_on` is the last day on which what was fetched may be used."""

    at: datetime
    move: Move
    amount: Decimal
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class Lot:
    """Part of a stock that may be used to the same day; None is not known."""

    amount: Decimal
    expires_on: date | None

    def is_usable(self, on: date) -> bool:
        """Whether it has not expired before a day."""
        return self.expires_on is None or on <= self.expires_on


@dataclass(frozen=True, slots=True)
class Stock:
    """What is at hand, what expires first coming first.

    `unaccounted` was taken since the last count beyond what was known to be there: a fill nobody wrote down.
    """

    lots: tuple[Lot, ...] = ()
    unaccounted: Decimal = _NONE
    counted_at: datetime | None = None

    @property
    def amount(self) -> Decimal:
        """All of it, expired or not."""
        return sum((lot.amount for lot in self.lots), _NONE)

    def usable(self, on: date) -> Decimal:
        """What may be used on a day."""
        return sum((lot.amount for lot in self.lots if lot.is_usable(on)), _NONE)


def stock_after(movements: Iterable[Movement]) -> Stock:
    """The stock after all movements, in order of their time; of one time, in the order given.

    A count replaces what was known. What is taken comes from what expires first and has not expired; only
    where nothing else is left from what has. Raises ValueError for an amount below zero, and for none where
    it is no count.
    """
    stock = Stock()
    for one in sorted(movements, key=lambda one: one.at):
        if one.amount < 0 or (one.amount == 0 and one.move is not Move.COUNT):
            raise ValueError("An amount is more than nothing.")
        stock = _moved(stock, one)
    return stock


def _moved(stock: Stock, one: Movement) -> Stock:
    day = one.at.date()
    if one.move is Move.FILL:
        return Stock(_with(stock.lots, Lot(one.amount, one.expires_on)), stock.unaccounted, stock.counted_at)
    if one.move is Move.COUNT:
        known = stock.amount
        if one.amount >= known:
            more = one.amount - known
            lots = _with(stock.lots, Lot(more, None)) if more else stock.lots
        else:
            lots, _ = _drawn(stock.lots, known - one.amount, day)
        return Stock(lots, _NONE, one.at)
    lots, lacking = _drawn(stock.lots, one.amount, day)
    return Stock(lots, stock.unaccounted + lacking, stock.counted_at)


def _with(lots: tuple[Lot, ...], more: Lot) -> tuple[Lot, ...]:
    return tuple(sorted((*lots, more), key=lambda lot: lot.expires_on or date.max))


def _drawn(lots: tuple[Lot, ...], amount: Decimal, day: date) -> tuple[tuple[Lot, ...], Decimal]:
    """What is left of lots, and how much was lacking; expired ones are drawn from last."""
    left = {place: lot.amount for place, lot in enumerate(lots)}
    for place in sorted(left, key=lambda place: (not lots[place].is_usable(day), place)):
        used = min(left[place], amount)
        left[place] -= used
        amount -= used
    kept = (Lot(left[place], lot.expires_on) for place, lot in enumerate(lots) if left[place])
    return tuple(kept), amount


@dataclass(frozen=True, slots=True)
class RunOut:
    """The first day whose need is not covered; None where everything is up to `until`.

    `expiring` will expire unused before then. `is_estimate` where it stands on habit and not on the plan.
    """

    on: date | None
    until: date
    expiring: Decimal
    is_estimate: bool = False


def runs_out(stock: Stock, needs: Iterable[Need], *, until: date, is_estimate: bool = False) -> RunOut:
    """When a stock will not cover what is needed ahead, day by day; `needs` may go on for ever.

    What has expired covers nothing. Raises ValueError for days that do not come in order.
    """
    lots, expiring = stock.lots, _NONE
    before = date.min
    for day, amount in takewhile(lambda need: need[0] <= until, needs):
        if day < before:
            raise ValueError("Days come in order.")
        before = day
        expiring += sum((lot.amount for lot in lots if not lot.is_usable(day)), _NONE)
        lots, lacking = _drawn(tuple(lot for lot in lots if lot.is_usable(day)), amount, day)
        if lacking > 0:
            return RunOut(day, until, expiring, is_estimate)
    return RunOut(None, until, expiring, is_estimate)


def share_taken(taken: Decimal, due: Decimal) -> Decimal | None:
    """What was really taken of what was due, above 1 where it was more; None where nothing was due."""
    return taken / due if due > 0 else None


def daily_rate(taken: Iterable[Need], first: date, last: date) -> Decimal | None:
    """What was taken a day from `first` to `last`, both in; None of too few days or where it is nothing."""
    days = (last - first).days + 1
    total = sum((amount for day, amount in taken if first <= day <= last), _NONE)
    return total / days if days >= LEAST_RATE_DAYS and total > 0 else None


@dataclass(frozen=True, slots=True)
class Outlook:
    """A stock as it is shown. `by_plan` if every due dose is taken, `by_habit` as it was taken lately.

    `expires_on` is the next day after which part of it is not usable any more.
    """

    usable: Decimal
    expired: Decimal
    unaccounted: Decimal
    is_low: bool
    expires_on: date | None
    by_plan: RunOut | None
    by_habit: RunOut | None


def outlook(
    stock: Stock,
    *,
    today: date,
    until: date,
    low_at: Decimal | None,
    due_ahead: Iterable[Need] = (),
    taken_share: Decimal | None = None,
    as_needed_rate: Decimal | None = None,
) -> Outlook:
    """What is at hand today and how long it lasts.

    `due_ahead` are the plan's amounts by day, of which `taken_share` is what was really taken lately. What is
    taken as needed has an `as_needed_rate` a day instead. It is low at `low_at` or less, and where nothing is
    known of either there is no forecast.
    """
    ahead = list(takewhile(lambda need: need[0] <= until, due_ahead))
    usable = stock.usable(today)
    by_habit: RunOut | None = None
    if as_needed_rate is not None:
        by_habit = runs_out(
            stock, _every_day(_cut(as_needed_rate), today, until), until=until, is_estimate=True
        )
    elif ahead and taken_share is not None:
        scaled = ((day, _cut(amount * taken_share)) for day, amount in ahead)
        by_habit = runs_out(stock, scaled, until=until, is_estimate=True)
    return Outlook(
        usable=usable,
        expired=stock.amount - usable,
        unaccounted=stock.unaccounted,
        is_low=low_at is not None and usable <= low_at,
        expires_on=next(
            (lot.expires_on for lot in stock.lots if lot.expires_on is not None and lot.is_usable(today)),
            None,
        ),
        by_plan=runs_out(stock, ahead, until=until) if ahead else None,
        by_habit=by_habit,
    )


def _every_day(amount: Decimal, first: date, last: date) -> Iterator[Need]:
    for ahead in range((last - first).days + 1):
        yield first + timedelta(days=ahead), amount


def _cut(amount: Decimal) -> Decimal:
    # A third, rounded up, three times is more than one, and the last dose would be lacking.
    return amount.quantize(_FINEST, ROUND_DOWN)
