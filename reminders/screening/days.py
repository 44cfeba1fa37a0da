"""Days that screening counts to: birthdays, ends of intervals and seasons, and which is next. Pure."""

from calendar import monthrange
from datetime import date


def birthday(born: date, years: int) -> date:
    """The first day of so many completed years; who was born on 29 February has it on 1 March elsewhere."""
    try:
        return born.replace(year=born.year + years)
    except ValueError:
        return date(born.year + years, 3, 1)


def after_months(day: date, months: int) -> date:
    """The first day from which, so many calendar months back, no longer lies before the day itself.

    The day of the same number; where that month is too short, the first of the month after it.
    """
    whole = day.year * 12 + day.month - 1 + months
    year, month = divmod(whole, 12)
    if day.day <= monthrange(year, month + 1)[1]:
        return date(year, month + 1, day.day)
    year, month = divmod(whole + 1, 12)
    return date(year, month + 1, 1)


def season_after(day: date, month: int) -> date:
    """The first of that month that comes next after a day."""
    return date(day.year + (day.month >= month), month, 1)


class Watch:
    """A day, and the first day after it at which one of the questions asked has another answer."""

    __slots__ = ("next", "on")

    def __init__(self, on: date) -> None:
        self.on = on
        self.next: date | None = None

    def reached(self, day: date) -> bool:
        """Whether a day has come."""
        if day <= self.on:
            return True
        if self.next is None or day < self.next:
            self.next = day
        return False
