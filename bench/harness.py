"""What every bench shares: servers of its own with a migrated database, fair timing, table and verdict."""

import argparse
import json
import math
import os
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import django
from django.core.management import call_command
from django.db import connection

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))

from backend import embedded  # noqa: E402 - the line above is how a file that is run by itself finds it


@dataclass(frozen=True, slots=True)
class Row:
    """One promise: what we need, what the alternative needs in the same run, and whether the bar holds.

    Less is better in `ours` and `other`, and more in a rate; `ratio` is how many times better we are. A row
    without a bar is only reported. A bar is what `ratio` must reach where it says so, else what `ours` must.
    """

    what: str
    ours: float
    other: float | None
    unit: str
    ratio: float | None
    bar: float | None
    holds: bool
    is_of_ratio: bool
    is_rate: bool = False


def at_least(bar: float | None, what: str, ours: float, other: float, unit: str = "s") -> Row:
    """A row that holds when we are `bar` times as good as the alternative."""
    ratio = other / ours
    return Row(what, ours, other, unit, ratio, bar, bar is None or bool(ratio >= bar), is_of_ratio=True)


def at_most(bar: float | None, what: str, ours: float, other: float | None, unit: str) -> Row:
    """A row that holds when we need no more than `bar`, whatever the alternative needs."""
    ratio = None if other is None else other / ours
    return Row(what, ours, other, unit, ratio, bar, bar is None or bool(ours <= bar), is_of_ratio=False)


def at_rate(bar: float | None, what: str, ours: float, other: float | None, unit: str) -> Row:
    """A row of how much is done in a time; it holds when we do `bar`, whatever the alternative does."""
    ratio = None if other is None else ours / other
    holds = bar is None or bool(ours >= bar)
    return Row(what, ours, other, unit, ratio, bar, holds, is_of_ratio=False, is_rate=True)


def within(bar: tuple[float, float] | None, what: str, share: float, other: float | None = None) -> Row:
    """A row in per cent that holds between two shares: the table's bar shows the lower, its name both."""
    holds = bar is None or bool(bar[0] <= share <= bar[1])
    if bar is not None and bar[1] < 1:
        what = f"{what}, {100 * bar[0]:.0f} to {100 * bar[1]:.0f}"
    least = None if bar is None else 100 * bar[0]
    theirs = None if other is None else 100 * other
    return Row(what, 100 * share, theirs, "%", None, least, holds, is_of_ratio=False, is_rate=True)


@contextmanager
def product(*, redis: bool = False) -> Iterator[str]:
    """Django on servers of its own, as durable as `make run`'s; yields the URL of the database's owner.

    Everything is gone afterwards. The connection is the plain role's, which row-level security binds.
    """
    with (
        tempfile.TemporaryDirectory(prefix="pollux-bench-") as folder,
        embedded.servers(Path(folder) / "data", redis=redis, report=say) as servers,
    ):
        # A bench without Redis names one that nobody answers to: the settings want a name.
        os.environ |= {"REDIS_URL": "redis://127.0.0.1:1/0", **servers.environment}
        os.environ |= {
            "DATA_DIR": str(Path(folder) / "data"),
            "SECRET_KEY": secrets.token_urlsafe(64),
            "DJANGO_SETTINGS_MODULE": "backend.settings",
            "DATABASE_POOL": "0",
            "LOG_LEVEL": "WARNING",
        }
        django.setup()
        plain = connection.settings_dict["USER"]
        connection.settings_dict["USER"] = "pollux_owner"
        call_command("migrate", verbosity=0)
        connection.close()
        connection.settings_dict["USER"] = plain
        try:
            yield servers.environment["DATABASE_OWNER_URL"]
        finally:
            connection.close()


def medians(repeats: int, *contenders: Callable[[], float]) -> list[float]:
    """Each contender's median seconds. They take turns, so that a slow moment of the machine hits all."""
    times = [[contender() for contender in contenders] for _ in range(repeats)]
    return [statistics.median(each) for each in zip(*times, strict=True)]


def seconds(work: Callable[[], object]) -> float:
    """How long it takes, once."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def arguments(description: str | None) -> argparse.ArgumentParser:
    """The command line that every bench understands; a bench may add to it."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    return parser


def verdict(bench: str, rows: Sequence[Row], *, as_json: bool) -> int:
    """Prints the rows; returns the exit code, 1 when a bar falls short.

    As JSON a number that is none, as where nothing could be measured, is null.
    """
    if as_json:
        names = ("what", "ours", "other", "unit", "ratio", "bar", "holds")
        as_given = [{name: _finite(getattr(row, name)) for name in names} for row in rows]
        print(json.dumps({"bench": bench, "rows": as_given}, ensure_ascii=False, allow_nan=False))
    else:
        table = [("", "ours", "other", "unit", "ratio", "bar", ""), *map(_cells, rows)]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        for cells in table:
            print("  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip())
    return 0 if all(row.holds for row in rows) else 1


def _finite(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def say(text: str) -> None:
    """Tells a person who waits; the result alone goes to standard output."""
    print(text, file=sys.stderr, flush=True)


def _cells(row: Row) -> tuple[str, ...]:
    def number(value: float | None) -> str:
        return "" if value is None else f"{value:.3g}" if value < 1000 else f"{value:.0f}"

    if row.bar is None:
        bar = outcome = ""
    else:
        sign, unit = ("≥", "times") if row.is_of_ratio else ("≥" if row.is_rate else "≤", row.unit)
        bar = f"{sign} {row.bar:g} {unit}"
        outcome = "holds" if row.holds else "FALLS SHORT"
    return (row.what, number(row.ours), number(row.other), row.unit, number(row.ratio), bar, outcome)
