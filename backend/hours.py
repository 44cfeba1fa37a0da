"""The hours in which somebody at a clinic reads what comes in, and how patients are told of them. Pure."""

from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

SATURDAY = 5


@dataclass(frozen=True, slots=True)
class ReadingHours:
    """From when until when by the clock of a zone; the same hour twice is day and night."""

    begin: time
    end: time
    weekends: bool
    time_zone: str

    def hold_at(self, at: datetime) -> bool:
        """Whether somebody reads at this instant. A night shift counts to the day on which it begins."""
        local = at.astimezone(ZoneInfo(self.time_zone))
        day, now = local.weekday(), local.time()
        if self.begin < self.end:
            inside = self.begin <= now < self.end
        else:
            inside = now >= self.begin or now < self.end
            if now < self.end:
                day = (day - 1) % 7 if self.begin > self.end else day
        return inside and (self.weekends or day < SATURDAY)


def reading_line(clinic: str, hours: ReadingHours | None) -> str:
    """A plain sentence for a patient: whether anybody reads this at night."""
    if hours is None:
        return f"{clinic} has not said when somebody reads this. When you feel unwell, do not wait for it."
    days = "every day" if hours.weekends else "from Monday to Friday"
    if hours.begin == hours.end:
        return f"Somebody at {clinic} reads this by day and by night, {days}."
    return (
        f"Somebody at {clinic} reads this {days} from {hours.begin:%H:%M} to {hours.end:%H:%M} "
        f"({hours.time_zone}). At other times, and so at night, nobody may read it."
    )
