"""`manage.py challenger`: how our daily forecasts have done beside Prophet's."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from twin.kinds import KINDS
from twin.queries.forecasts import challenger_scores

HEADER = ("kind", "nights", "series", "ours", "prophet", "ours held", "prophet held")


class Command(BaseCommand):
    help = "Prints how the daily forecasts did beside Prophet's in the last 28 nights, kind by kind."

    def handle(self, *_args: Any, **_options: Any) -> None:
        rows = [HEADER, *map(_cells, challenger_scores(timezone.now().date()))]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            self.stdout.write("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)))


def _cells(score: dict[str, Any]) -> tuple[str, ...]:
    return (
        KINDS[score["kind"]].title,
        str(score["nights"]),
        str(score["matches"]),
        f"{score['mean_error']:.2f}",
        f"{score['mean_error_of_prophet']:.2f}",
        f"{score['mean_held80']:.0%}",
        f"{score['mean_held80_of_prophet']:.0%}",
    )
