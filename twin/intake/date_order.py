"""Whether the day or the month stands first in the dates of a whole file. Pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from twin.intake.clock import parse_date
from twin.intake.items import Remark, RemarkCode


@dataclass(frozen=True, slots=True)
class DateOrder:
    """`because` says on what the order rests, and is empty where the dates can be read in no other way."""

    day_first: bool
    because: str = ""

    def remarks(self) -> list[Remark]:
        """What the file's owner should know: nothing, unless the order was assumed."""
        if not self.because:
            return []
        first = "the day" if self.day_first else "the month"
        return [Remark(RemarkCode.DATE_ORDER_ASSUMED, f"{first} first, {self.because}")]


def order_of(dates: Collection[str], *, twelve_hour: bool) -> DateOrder:
    """The one order of a file that holds these dates; `twelve_hour` is whether its clock says AM and PM.

    The dates that can be read in one order alone decide it, by their number. Where none does, it is the
    order in which more days follow one another, as the days of a sensor do; then the custom of the clock.
    """
    days = [parse_date(text, day_first=True) for text in dates]
    months = [parse_date(text) for text in dates]
    only_days = sum(day is not None and month is None for day, month in zip(days, months, strict=True))
    only_months = sum(day is None and month is not None for day, month in zip(days, months, strict=True))
    if only_days != only_months or days == months:
        return DateOrder(only_days > only_months)
    if _followed(days) != _followed(months):
        return DateOrder(_followed(days) > _followed(months), "since the days then follow one another")
    if twelve_hour:
        return DateOrder(day_first=False, because="as is usual with a 12-hour clock")
    return DateOrder(day_first=True, because="as is usual with a 24-hour clock")


def _followed(dates: Iterable[date | None]) -> int:
    """How many of the days are followed by another of them."""
    ordinals = {on.toordinal() for on in dates if on is not None}
    return sum(ordinal + 1 in ordinals for ordinal in ordinals)
