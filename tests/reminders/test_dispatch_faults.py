"""Dispatchers die, meet, lose their database and their clock: every reminder is told, and known by its id."""

import os
import signal
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import make
import pytest
from django.db import OperationalError, connection
from reminding import Box, make_reminders

from backend.actor import acting_for_all
from reminders.dispatch import LEASE, dispatch
from reminders.models import Delivery, Reminder
from reminders.tellings import Outcome, Result

NOW = datetime(2026, 3, 2, 7, tzinfo=UTC)
HOUR = timedelta(hours=1)
PATIENTS = 30

DISPATCHER = """
import sys
import time
from datetime import datetime

import django

django.setup()
from reminders.dispatch import dispatch
from reminders.tellings import Outcome, Result

stop, now = sys.argv[1], datetime.fromisoformat(sys.argv[2])


class Printing:
    def send(self, messages, *, now):
        if stop == "claimed":
            print("claimed", flush=True)
            time.sleep(600)
        for message in messages:
            print(message.id, flush=True)
        if stop == "told":
            print("told", flush=True)
            time.sleep(600)
        return [Outcome(Result.SENT)] * len(messages)


print("ready", flush=True)
sys.stdin.readline()
while dispatch({"live": Printing()}, now=now, limit=50):
    pass
"""


@contextmanager
def dispatcher(stop: str):
    """A dispatcher of its own that goes on until it is done, or stops where it is told; killed at the end."""
    command = [sys.executable, "-c", DISPATCHER, stop, NOW.isoformat()]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=os.environ, **pipes) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.send_signal(signal.SIGKILL)


def begin(process):
    process.stdin.write("\n")
    process.stdin.flush()


def told_until(process, end: str) -> list[str]:
    """What it told before it stopped."""
    return [line.strip() for line in iter(process.stdout.readline, f"{end}\n" if end else "")]


def fill(count: int) -> None:
    make_reminders([make.make_patient() for _ in range(count)], NOW)


def stands() -> Counter:
    with acting_for_all():
        return Counter(Delivery.objects.values_list("status", "attempts"))


@pytest.mark.parametrize(("stop", "tellings"), [("claimed", 1), ("told", 2)])
def test_dispatcher_killed_by_nine_has_another_tell_everything_under_the_same_ids(
    transactional_db, stop, tellings
):
    fill(PATIENTS)
    with dispatcher(stop) as process:
        begin(process)
        told = told_until(process, stop)
    box = Box()
    assert dispatch({"live": box}, now=NOW + LEASE / 2) == 0
    assert dispatch({"live": box}, now=NOW + LEASE) == PATIENTS
    counts = Counter([*told, *(str(one.id) for one in box.messages)])
    assert (len(counts), set(counts.values())) == (PATIENTS, {tellings})
    assert stands() == {("sent", 1): PATIENTS}


def test_two_dispatchers_at_once_tell_each_reminder_once(transactional_db):
    fill(200)
    with dispatcher("") as one, dispatcher("") as other:
        begin(one)
        begin(other)
        told = [told_until(process, "") for process in (one, other)]
    counts = Counter(told[0] + told[1])
    assert (len(counts), set(counts.values())) == (200, {1})
    assert all(told)
    assert stands() == {("sent", 1): 200}


def test_database_that_goes_away_in_the_midst_of_a_sweep_costs_a_second_telling_and_no_reminder(
    transactional_db,
):
    fill(PATIENTS)

    def cut_off(_):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            mine = cursor.fetchone()[0]
        beside = connection.copy()
        with beside.cursor() as other:
            other.execute("SELECT pg_terminate_backend(%s)", [mine])
        beside.close()
        return Outcome(Result.SENT)

    box = Box(cut_off)
    with pytest.raises(OperationalError):
        dispatch({"live": box}, now=NOW)
    connection.close()
    box.answer = lambda _: Outcome(Result.SENT)
    assert dispatch({"live": box}, now=NOW + LEASE) == PATIENTS
    assert len({one.id for one in box.messages}) == PATIENTS
    assert stands() == {("sent", 1): PATIENTS}


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_clock_that_jumps_an_hour_tells_nobody_twice_and_leaves_nobody_out(transactional_db, jump):
    fill(PATIENTS)
    box = Box()
    for now in (NOW, NOW + jump, NOW + jump + timedelta(seconds=20), NOW + timedelta(seconds=30)):
        dispatch({"live": box}, now=now)
    repeats = 2 if jump > timedelta(0) else 1  # an hour later the next round is due
    told = Counter(one.reminder for one in box.messages)
    assert (len(told), set(told.values())) == (PATIENTS, {repeats})
    while dispatch({"live": box}, now=NOW + 5 * HOUR):
        pass
    with acting_for_all():
        assert set(Reminder.objects.values_list("status", flat=True)) == {"unanswered"}
