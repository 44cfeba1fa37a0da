"""A million active reminders, 50,000 of them due at the same moment, told by Web Push by two workers.

Each goes to a person of its own, encrypted for a browser of its own, over real sockets to a push service that
this process plays. The workers sweep as `reminders.dispatch` does until nothing is due; what came in is then
decrypted and compared with what the database says was sent. Beside it stands the same with a reminder at a
time. Then what a sweep costs that finds nothing, and how late reminders are that come in the course of a
minute or all at its beginning, with one sweep every two seconds.
"""

import argparse
import base64
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import django
import numpy as np
import orjson
import psycopg
from fleet import new_patients
from harness import CHECKOUT, Row, arguments, at_most, product, say, seconds, verdict

from tests.push_sink import Browser, Received, Sink, sink

ACTIVE = 1_000_000
DUE = 50_000
ALONE = 2_000
A_MINUTE = 1_000
WORKERS = 2
SWEEP = 2.0
SWEEPS = 200
LATE = 2.0

PLANS = """
    INSERT INTO reminders_medicationplan (id, patient_id, topic, origin, status, is_critical, made_by_id,
        made_at, confirmed_by_id, confirmed_at, ending)
    SELECT uuidv7(), id, 'medication', 'clinician', 'active', false, user_id, now(), user_id, now(), ''
    FROM backend_patient
"""
VERSIONS = """
    INSERT INTO reminders_planversion (id, patient_id, topic, plan_id, number, medicine, codes, strength,
        form, route, unit, instructions, reason, prescriber, timing, dosage_text, starts_on, fixed_zone,
        window_minutes, repeat_minutes, override, findings, written_by_id, written_at)
    SELECT uuidv7(), patient_id, topic, id, 1, 'Ramipril', '[]', '', '',
        '', '', '', '', '', '{"code": "TID"}', '', '2026-01-01', '',
        240, 15, '', '[]', made_by_id, now()
    FROM reminders_medicationplan
"""
WISHES = """
    INSERT INTO reminders_reminderpreference (person_id, channels, fallback_minutes, notice_minutes,
        time_zone, shows_names)
    SELECT user_id, ARRAY['web_push'], 10, 0, '', false FROM backend_patient
"""
SUBSCRIPTIONS = """
    COPY reminders_pushsubscription (id, person_id, service, address, keys, name, made_at, because) FROM STDIN
"""
# One of each patient after the other, as days ahead are planned: the first one is due soonest.
REMINDERS = """
    INSERT INTO reminders_reminder (id, patient_id, topic, kind, key, at, status, due_at, too_late_at,
        repeat_minutes, is_critical, round)
    SELECT uuidv7(), patient.id, 'medication', 'doses', number::text, due, 'waiting', due,
        due + interval '4 hours', 15, false, 0
    FROM generate_series(1, %(each)s) AS number, backend_patient AS patient,
        LATERAL (SELECT %(first)s::timestamptz + number * interval '8 hours' AS due) AS at
"""
DOSES = """
    INSERT INTO reminders_dose (id, patient_id, topic, plan_id, version_id, slot, due_at, missed_after,
        as_needed, status, reason, reminder_id)
    SELECT uuidv7(), reminder.patient_id, 'medication', version.plan_id, version.id, reminder.key,
        reminder.at, reminder.too_late_at, false, 'due', '', reminder.id
    FROM reminders_reminder AS reminder JOIN reminders_planversion AS version USING (patient_id)
"""
# The first one of each of these patients is due, each so much after the one before.
HASTEN = """
    UPDATE reminders_reminder AS mine
    SET due_at = next.due, at = next.due, too_late_at = next.due + interval '4 hours'
    FROM (
        SELECT patient, %(first)s::timestamptz + (place - 1) * %(apart)s::interval AS due
        FROM unnest(%(patients)s::uuid[]) WITH ORDINALITY AS one (patient, place)
    ) AS next
    WHERE mine.patient_id = next.patient AND mine.kind = 'doses' AND mine.key = '1'
"""


class World:
    """The patients with a browser each, their reminders, and the service that browsers are pushed through."""

    def __init__(self, owner: psycopg.Connection, service: Sink, patients: int, each: int) -> None:
        self.owner, self.service = owner, service
        self.browsers: dict[str, Browser] = {}
        # No keys are looked after and no walls while it is filled: it is consistent as it is made.
        owner.execute("SET session_replication_role = replica")
        self.untold = new_patients(patients)
        for statement in (PLANS, VERSIONS, WISHES):
            owner.execute(statement)
        self._subscribe()
        far = datetime.now(UTC) + timedelta(hours=1)
        owner.execute(REMINDERS, {"each": each, "first": far})
        owner.execute(DOSES)
        owner.execute("SET session_replication_role = DEFAULT")
        owner.execute("VACUUM (ANALYZE)")
        owner.execute("CHECKPOINT")

    def _subscribe(self) -> None:
        now = datetime.now(UTC)
        people = self.owner.execute("SELECT user_id FROM backend_patient").fetchall()
        with self.owner.cursor() as cursor, cursor.copy(SUBSCRIPTIONS) as copy:
            for (person,) in people:
                browser = self.service.subscribe()
                self.browsers[browser.endpoint.removeprefix(self.service.origin)] = browser
                keys = orjson.dumps(browser.keys).decode()
                copy.write_row((person, person, "web", browser.endpoint, keys, "", now, ""))

    def hasten(self, count: int, first: datetime, apart: timedelta = timedelta(0)) -> None:
        """So many reminders, of people of whom none was told of any yet, are due from an instant on."""
        patients, self.untold = self.untold[:count], self.untold[count:]
        self.owner.execute(HASTEN, {"patients": patients, "first": first, "apart": apart})

    def told_since(self, place: int) -> dict[UUID, Received]:
        """What came in after the first so many messages, decrypted, by delivery."""
        received = self.service.received[place:]
        told = [UUID(self.browsers[one.path].read(one.body)["delivery"]) for one in received]
        twice = [name for name, count in Counter(told).items() if count > 1]
        if twice:
            raise RuntimeError(f"{len(twice)} deliveries came more than once")
        return dict(zip(told, received, strict=True))

    def sent(self, deliveries: Sequence[UUID]) -> int:
        """How many of these the database knows as sent."""
        statement = "SELECT count(*) FROM reminders_delivery WHERE status = 'sent' AND id = ANY(%s)"
        (count,) = self.owner.execute(statement, [list(deliveries)]).fetchone() or (0,)
        return count


@contextmanager
def workers(count: int, *options: str) -> Iterator[list[subprocess.Popen[str]]]:
    """Worker processes that wait for a line before they sweep."""
    command = [sys.executable, __file__, "--work", *options]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=CHECKOUT)
        for _ in range(count)
    ]
    try:
        for process in processes:
            line(process)
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


def line(process: subprocess.Popen[str]) -> str:
    """What a worker says next."""
    assert process.stdout is not None
    said = process.stdout.readline()
    if not said:
        raise RuntimeError("a worker ended")
    return said


def go(processes: Sequence[subprocess.Popen[str]]) -> None:
    """Lets the workers begin."""
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()


def work(limit: int | None, lasts: float) -> None:
    """A worker process: sweeps until nothing is due; or every two seconds, for so long."""
    django.setup()
    from django.db import connection  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    from reminders.channels import channels  # noqa: PLC0415
    from reminders.dispatch import BATCH, dispatch  # noqa: PLC0415

    connection.ensure_connection()
    offered = channels()
    print("ready", flush=True)
    sys.stdin.readline()
    until, busy = time.monotonic() + lasts, time.process_time()
    while True:
        began = time.monotonic()
        while dispatch(offered, now=timezone.now(), limit=limit or BATCH):
            pass
        if began >= until:
            break
        time.sleep(max(0.0, began + SWEEP - time.monotonic()))
    print(f"{time.process_time() - busy:.1f}", flush=True)


def all_at_once(world: World, count: int, *options: str) -> float:
    """Seconds until so many reminders that are due at one moment were told, none twice."""
    place = len(world.service.received)
    with workers(WORKERS, *options) as processes:
        world.hasten(count, datetime.now(UTC))
        began = time.perf_counter()
        go(processes)
        busy = [float(line(process)) for process in processes]
        took = time.perf_counter() - began
    say(f"{count:,} in {took:.1f} s, workers' processors {' and '.join(map(str, busy))} s")
    told = world.told_since(place)
    if len(told) != count or world.sent(list(told)) != count:
        raise RuntimeError(f"{len(told)} of {count} came, {world.sent(list(told))} are known as sent")
    return took


def idle_sweep() -> float:
    """The median milliseconds of a sweep that finds nothing."""
    from django.utils import timezone  # noqa: PLC0415 - needs the apps that product() has loaded

    from reminders.channels import channels  # noqa: PLC0415
    from reminders.dispatch import dispatch  # noqa: PLC0415

    offered = channels()

    def sweep() -> None:
        if dispatch(offered, now=timezone.now()):
            raise RuntimeError("something was due")

    return 1000 * float(np.median([seconds(sweep) for _ in range(SWEEPS)]))


def lateness(world: World, count: int, lasts: timedelta) -> float:
    """The 99th percentile of seconds from a reminder's moment to its arrival, of so many over a while."""
    place = len(world.service.received)
    apart = lasts / count
    with workers(1, "--lasts", str(lasts.total_seconds() + 2 * SWEEP)) as processes:
        first = datetime.now(UTC) + timedelta(seconds=6)
        world.hasten(count, first, apart)
        # The worst of moments: a sweep has just begun.
        time.sleep(max(0.0, first.timestamp() - SWEEP - 0.1 - time.time()))
        go(processes)
        line(processes[0])
    told = world.told_since(place)
    if len(told) != count:
        raise RuntimeError(f"{len(told)} of {count} came")
    statement = """
        SELECT delivery.id, reminder.at FROM reminders_delivery AS delivery
        JOIN reminders_reminder AS reminder ON reminder.id = delivery.reminder_id WHERE delivery.id = ANY(%s)
    """
    moments = dict(world.owner.execute(statement, [list(told)]).fetchall())
    late = [one.at - moments[delivery].timestamp() for delivery, one in told.items()]
    if min(late) < 0:
        raise RuntimeError("a reminder came before its moment")
    return float(np.percentile(late, 99))


def measure(owner: psycopg.Connection, service: Sink, active: int, due: int) -> list[Row]:
    """Every row of the table."""
    alone = min(ALONE, due)
    patients = due + alone + 2 * A_MINUTE
    each = -(-active // patients)
    say(f"Filling: {patients:,} people with {each} reminders each")
    filling = time.perf_counter()
    world = World(owner, service, patients, each)
    say(f"Filled in {time.perf_counter() - filling:.0f} s")
    took = all_at_once(world, due)
    idle = idle_sweep()
    one_by_one = all_at_once(world, alone, "--limit", "1") * due / alone
    spread = lateness(world, A_MINUTE, timedelta(minutes=1))
    burst = lateness(world, A_MINUTE, timedelta(0))
    what = f"{due:,} of {patients * each:,} reminders due at once, encrypted and pushed, none twice"
    return [
        at_most(90, f"{what}; other: one at a time", took, one_by_one, "s"),
        at_most(5, "a sweep with nothing due", idle, None, "ms"),
        at_most(SWEEP + LATE, "1,000 in a minute, a sweep every 2 s: late, p99", spread, None, "s"),
        at_most(SWEEP + LATE, "1,000 at a minute's beginning: late, p99", burst, None, "s"),
    ]


def main() -> int:
    """Runs the bench; the exit code says whether every bar holds."""
    parser = arguments(__doc__)
    parser.add_argument("--active", type=int, default=ACTIVE)
    parser.add_argument("--due", type=int, default=DUE)
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--limit", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--lasts", type=float, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.limit, options.lasts)
        return 0
    # Before the settings are read: a key of our own, and a service on this machine.
    os.environ |= {
        "VAPID_PRIVATE_KEY": base64.urlsafe_b64encode(os.urandom(32)).decode(),
        "PUSH_ALLOW_LOCAL": "true",
    }
    with (
        product() as url,
        psycopg.connect(url.replace("//pollux_owner@", "//postgres@"), autocommit=True) as owner,
        sink() as service,
    ):
        rows = measure(owner, service, options.active, options.due)
    return verdict("dispatch", rows, as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
