"""Everybody's forecasts in one pass, end to end with the database, against stock Prophet in the same run.

So many patients with five kinds and a year of days each, which lie on disk as they would have come: a day of
everybody after the other. Two worker processes share a pass: first every series is estimated from its whole
year; then, after a new day of each, and every fifth forecast shown by then, all go a day on. Stock Prophet
fits and forecasts a few of the same series in a single process; twice its rate stands beside ours. Last, one
patient's five kinds: read over HTTP, and made anew by the service that does so when data has come.
"""

import argparse
import http.client
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import django
import numpy as np
import numpy.typing as npt
import psycopg
from harness import CHECKOUT, Row, arguments, at_most, at_rate, product, say, seconds, verdict
from sync import people, web

PATIENTS = 4_000
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Tokyo", "Pacific/Auckland", "UTC")
# Each kind's usual level, its spread from person to person, from day to day, and its decimals.
KINDS = {
    "hrv_rmssd": (42.0, 12.0, 8.0, 0),
    "resting_heart_rate": (62.0, 7.0, 2.5, 0),
    "sleep_duration": (7.0, 0.6, 0.9, 2),
    "steps": (7_500.0, 2_500.0, 2_400.0, 0),
    "weight": (78.0, 14.0, 0.6, 1),
}
DAYS = 365
NIGHTS = 2
FIRST_NIGHT = datetime(2026, 3, 2, 2, tzinfo=UTC)
LAST_DAY = date(2026, 3, 1)
"""Over by the first night wherever the patients live, but in New York, where it is still this day."""
WORKERS = 2
PROPHETS = 6
READS = 200
SOURCE = UUID(int=7)


def made_up_days(series: int, kind: str, chance: np.random.Generator) -> npt.NDArray[np.float64]:
    """So many series' days, [days, series]: a wandering level, weekdays, noise, and a day in ten missing."""
    level, between, within, decimals = KINDS[kind]
    count = DAYS + NIGHTS
    wandering = np.cumsum(chance.normal(0, within / 12, (count, series)), axis=0)
    weekdays = chance.normal(0, within / 3, (7, series))[np.arange(count) % 7]
    values = level + chance.normal(0, between, series) + wandering + weekdays
    values += chance.normal(0, within, (count, series))
    values = np.round(np.clip(values, level / 20, None), decimals)
    values[chance.random((count, series)) < 0.1] = np.nan
    return values


def rows_of_a_day(
    day: date, kind: str, patients: npt.NDArray[np.void], values: npt.NDArray[np.float64]
) -> bytes:
    """The day summaries of everybody who has one, as COPY reads them in binary."""
    known = ~np.isnan(values)
    topic = "vitals"
    fields = (
        ("patient", "V16", patients[known]),
        ("kind", f"S{len(kind)}", kind),
        ("day", ">i4", (day - date(2000, 1, 1)).days),
        ("topic", f"S{len(topic)}", topic),
        ("value", ">f8", values[known]),
        ("minimum", ">f8", values[known]),
        ("maximum", ">f8", values[known]),
        ("count", ">i4", 1),
        ("source", "V16", np.void(SOURCE.bytes)),
        ("sources", ">i2", 1),
        ("flags", ">i2", 0),
    )
    layout = [("fields", ">i2")]
    for name, form, _ in fields:
        layout += [(f"{name} size", ">i4"), (name, form)]
    rows = np.zeros(int(known.sum()), layout)
    rows["fields"] = len(fields)
    for name, form, column in fields:
        rows[f"{name} size"] = np.dtype(form).itemsize
        rows[name] = column
    return rows.tobytes()


COLUMNS = "patient_id, kind, day, topic, value, minimum, maximum, count, source_id, sources, flags"
COPY = f"COPY twin_daysummary ({COLUMNS}) FROM STDIN (FORMAT binary)"
HEAD, END = b"PGCOPY\n\xff\r\n\x00" + bytes(8), b"\xff\xff"


class World:
    """The patients with their days, as far as these have come."""

    def __init__(self, owner: psycopg.Connection, patients: int) -> None:
        self.owner = owner
        self.ids = new_patients(patients)
        self._packed = np.array([np.void(one.bytes) for one in self.ids], "V16")
        chance = np.random.default_rng(1)
        self.values = {kind: made_up_days(patients, kind, chance) for kind in KINDS}

    def come(self, first: int, last: int) -> None:
        """The days from one to another are in the table."""
        with self.owner.cursor() as cursor, cursor.copy(COPY) as copy:
            copy.write(HEAD)
            for number in range(first, last):
                day = LAST_DAY + timedelta(days=number + 1 - DAYS)
                for kind, values in self.values.items():
                    copy.write(rows_of_a_day(day, kind, self._packed, values[number]))
            copy.write(END)


def new_patients(count: int) -> list[UUID]:
    """So many patients, who live in several zones; in the order of their ids."""
    from backend.actor import acting_for_all  # noqa: PLC0415 - needs the apps that product() has loaded
    from backend.models import Patient, User  # noqa: PLC0415

    users = [User(email=f"{number}@pollux.example", password="!") for number in range(count)]
    patients = [
        Patient(
            user=user,
            name="Bench",
            birth_date=date(1960, 1, 1),
            sex="female",
            time_zone=ZONES[number % len(ZONES)],
        )
        for number, user in enumerate(users)
    ]
    with acting_for_all():
        User.objects.bulk_create(users, batch_size=2_000)
        Patient.objects.bulk_create(patients, batch_size=2_000)
    return sorted(patient.id for patient in patients)


@contextmanager
def open_to_copy(owner: psycopg.Connection) -> Iterator[None]:
    """COPY may write to the table of days without a look at each row's patient; indexed again afterwards."""
    constraints = owner.execute(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conrelid = 'twin_daysummary'::regclass AND contype IN ('p', 'f')"
    ).fetchall()
    owner.execute("ALTER TABLE twin_daysummary NO FORCE ROW LEVEL SECURITY")
    owner.execute("ALTER TABLE backend_patient NO FORCE ROW LEVEL SECURITY")
    for name, _ in constraints:
        owner.execute(f'ALTER TABLE twin_daysummary DROP CONSTRAINT "{name}"')
    yield
    owner.execute("SET maintenance_work_mem = '1GB'")
    for name, definition in constraints:
        owner.execute(f'ALTER TABLE twin_daysummary ADD CONSTRAINT "{name}" {definition}')
    owner.execute("VACUUM (ANALYZE) twin_daysummary")


@contextmanager
def workers(now: datetime) -> Iterator[list[subprocess.Popen[str]]]:
    """Worker processes that wait for a line and then take chunks until none is left."""
    command = [sys.executable, __file__, "--work", now.isoformat()]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=CHECKOUT)
        for _ in range(WORKERS)
    ]
    try:
        for process in processes:
            _line(process)
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError("a worker ended")
    return line


def timed_pass(task: str, now: datetime) -> tuple[int, float]:
    """How many series one pass went over, and the seconds from its beginning until all workers were done."""
    from backend.actor import acting_for_all  # noqa: PLC0415 - needs the apps that product() has loaded
    from twin.models import FleetChunk, FleetTask  # noqa: PLC0415
    from twin.services.fleet import start_run  # noqa: PLC0415

    with workers(now) as processes:
        began = time.perf_counter()
        start_run(FleetTask(task), now=now)
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in processes:
            _line(process)
        took = time.perf_counter() - began
    with acting_for_all():
        chunks = FleetChunk.objects.filter(run__task=task, run__started_at=now)
        left = chunks.filter(done_at=None).count()
        done = sum(chunks.values_list("series", flat=True))
    if left:
        raise RuntimeError(f"{left} chunks were not done")
    return done, took


def work(now: datetime) -> None:
    """A worker process: takes chunks once it is told to."""
    django.setup()
    from django.db import connection  # noqa: PLC0415

    from twin.services.fleet import take_chunk  # noqa: PLC0415

    connection.ensure_connection()
    print("ready", flush=True)
    sys.stdin.readline()
    while take_chunk(now=now):
        pass
    print("done", flush=True)


def stock_prophet(world: World) -> float:
    """Series a second that Prophet, as it comes, fits to a year and forecasts with its bands, alone."""
    logging.getLogger("prophet.plot").setLevel(logging.CRITICAL)  # it misses plotly, which draws nothing here
    import pandas as pd  # noqa: PLC0415 - only a process that fits needs it
    from prophet import Prophet  # noqa: PLC0415

    for talker in ("cmdstanpy", "prophet"):
        logging.getLogger(talker).setLevel(logging.CRITICAL)
    ahead = pd.DataFrame({"ds": pd.date_range(LAST_DAY + timedelta(days=1), periods=28)})

    def fit(number: int) -> None:
        kind = list(KINDS)[number % len(KINDS)]
        frame = pd.DataFrame(
            {
                "ds": pd.date_range(end=LAST_DAY, periods=DAYS),
                "y": world.values[kind][:DAYS, number],
            }
        )
        Prophet().fit(frame).predict(ahead)

    fit(0)  # what is loaded once is not counted
    return PROPHETS / seconds(lambda: [fit(number) for number in range(PROPHETS)])


def one_patient(world: World, port: int) -> list[Row]:
    """What one patient's five kinds cost: to read, and to make."""
    from backend.actor import acting_on  # noqa: PLC0415 - needs the apps that product() has loaded
    from twin.models import SeriesState  # noqa: PLC0415
    from twin.services.forecasts import SETTLE, forget_states, mark_stale, refresh_forecasts  # noqa: PLC0415

    ((token, patient),) = people(1)
    own = UUID(patient)
    # Somebody else's days, as if they had been these last ones.
    world.owner.execute(
        f"INSERT INTO twin_daysummary ({COLUMNS}) SELECT %s, kind, day + %s, {COLUMNS.partition('day, ')[2]}"
        " FROM twin_daysummary WHERE patient_id = %s",
        [own, (datetime.now(UTC).date() - LAST_DAY).days - 1 - NIGHTS, world.ids[0]],
    )

    def make(*, anew: bool) -> float:
        now = datetime.now(UTC) - SETTLE
        with acting_on(own):
            if anew:
                forget_states(own)
            mark_stale(own, KINDS, now=now)
        made = 0

        def refresh() -> None:
            nonlocal made
            made = refresh_forecasts(own, now=now + SETTLE)

        took = seconds(refresh)
        assert made == len(KINDS)
        return took

    def read() -> float:
        began = time.perf_counter()
        browser = http.client.HTTPConnection("127.0.0.1", port)
        browser.request("GET", f"/api/v1/patients/{patient}/forecasts", headers={"X-Session-Token": token})
        answer = json.loads(browser.getresponse().read())
        browser.close()
        took = time.perf_counter() - began
        assert len(answer["results"]) == len(KINDS), answer
        return took

    make(anew=True)
    with acting_on(own):
        assert SeriesState.objects.count() == len(KINDS)
    for _ in range(20):
        make(anew=True), make(anew=False), read()
    anew = [make(anew=True) for _ in range(READS)]
    going_on = [make(anew=False) for _ in range(READS)]
    reading = [read() for _ in range(READS)]
    both = [make(anew=False) + read() for _ in range(READS)]
    return [
        at_most(60, "one patient's five kinds: read over HTTP, p95", p95(reading), None, "ms"),
        at_most(60, "made from the whole year, p95", p95(anew), None, "ms"),
        at_most(60, "made from where the models stood, p95", p95(going_on), None, "ms"),
        at_most(60, "made from there and then read, p95", p95(both), None, "ms"),
    ]


def p95(times: list[float]) -> float:
    """The 95th percentile, in milliseconds."""
    return 1000 * float(np.percentile(times, 95))


def measure(owner: psycopg.Connection, patients: int, port: int) -> list[Row]:
    """Every row of the table."""
    say(f"Filling: {patients:,} patients, {len(KINDS)} kinds, {DAYS} days")
    filling = 0.0
    world = World(owner, patients)
    with open_to_copy(owner):
        filling = seconds(lambda: world.come(0, DAYS))
    say(f"Filled in {filling:.0f} s; stock Prophet")
    prophet = WORKERS * stock_prophet(world)

    say("Every series from its whole year")
    series, took = timed_pass("weekly", FIRST_NIGHT)
    say(f"{series:,} series in {took:.1f} s")
    rows = [at_rate(500, f"weekly, {series:,} series", series / took, prophet, "series/s")]
    taken: list[tuple[int, float]] = []
    for night in range(NIGHTS):
        world.come(DAYS + night, DAYS + night + 1)
        owner.execute("ALTER TABLE twin_forecast NO FORCE ROW LEVEL SECURITY")
        owner.execute(
            "UPDATE twin_forecast SET shown_at = made_at WHERE superseded_at IS NULL AND id::text ~ '[037]$'"
        )
        say(f"Night {night + 1}: every series a day on")
        taken.append(timed_pass("nightly", FIRST_NIGHT + timedelta(days=night + 1)))
        say(f"{taken[-1][0]:,} series in {taken[-1][1]:.1f} s")
    series, took = (sum(column) for column in zip(*taken, strict=True))
    rows.append(at_rate(3_000, f"nightly, {series // NIGHTS:,} series", series / took, prophet, "series/s"))
    say("One patient")
    return rows + one_patient(world, port)


def main() -> int:
    """Runs the bench; the exit code says whether every bar holds."""
    parser = arguments(__doc__)
    parser.add_argument("--patients", type=int, default=PATIENTS)
    parser.add_argument("--work", type=datetime.fromisoformat, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.work)
        return 0
    with (
        product(redis=True) as url,
        psycopg.connect(url, autocommit=True) as owner,
        web(Path(os.environ["DATA_DIR"]) / "web.log") as port,
    ):
        rows = measure(owner, options.patients, port)
    return verdict("fleet", rows, as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
