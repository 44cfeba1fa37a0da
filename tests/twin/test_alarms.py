"""The self-test of the alarms, against a real web process and a worker; and the dead man's switch."""

import re
import threading
import time
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone
from served import served, socket_of

from backend import clock, live
from backend.actor import acting_for_all
from backend.models import ClockBeat, Patient
from backend.queries import teams_to_grant
from backend.tasks import beat
from twin.models import AlarmTest, Alert
from twin.services.alarms import PATIENT_ADDRESS, alarm_faults, self_test
from twin.services.alert_delivery import deliver
from twin.services.warnings import check_patient

MINUTE = timedelta(minutes=1)


@contextmanager
def worker(*, delivers: bool = True):
    """Looks at the reading by the rules, and tells people, as workers do, beside the test."""
    ended = threading.Event()

    def work():
        while not ended.wait(0.05):
            with acting_for_all():
                patient = Patient.objects.filter(user__email=PATIENT_ADDRESS).first()
            if patient is not None:
                check_patient(patient.id, now=timezone.now())
                if delivers:
                    deliver(patient.id, now=timezone.now())
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@pytest.fixture
def operators(settings):
    settings.OPERATORS = ["ops@pollux.example"]


def test_reading_goes_the_whole_way_and_leaves_nothing(transactional_db, operators):
    with served() as address, worker():
        test = self_test(address=f"http://{address}", patience=30)
    assert test.fault == ""
    legs = [test.raised_after, test.noticed_after, test.mailed_after, test.displayed_after]
    assert all(0 < leg < 15 for leg in legs)
    with acting_for_all():
        assert [alert.status for alert in Alert.objects.all()] == ["resolved"]
    assert "ops@pollux.example" not in [address for one in mail.outbox for address in one.to]
    assert list(teams_to_grant()) == []


def test_operators_learn_that_nobody_was_told(transactional_db, operators, capsys):
    with served() as address, worker(delivers=False), pytest.raises(CommandError, match="not noticed"):
        call_command("alarms", "selftest", address=f"http://{address}", patience=2)
    assert "never" in capsys.readouterr().out
    (told,) = [one for one in mail.outbox if one.to == ["ops@pollux.example"]]
    assert "not noticed, not mailed, not displayed" in told.body
    with acting_for_all():
        assert {alert.status for alert in Alert.objects.all()} == {"resolved"}
    fault = AlarmTest.objects.get().fault
    assert alarm_faults(now=timezone.now()) == [f"The last self-test failed: {fault}."]


def test_operators_learn_that_the_web_process_is_gone(transactional_db, operators):
    test = self_test(address="http://127.0.0.1:9", patience=1)
    assert test.fault.startswith("no socket at http://127.0.0.1:9: ConnectionRefusedError")
    assert [one.to for one in mail.outbox] == [["ops@pollux.example"]]


# The dead man's switch


@pytest.fixture
def old_process(monkeypatch):
    """A web process that is old enough to say that the clock has stopped."""
    monkeypatch.setattr(clock, "_started", time.monotonic() - 3600)
    monkeypatch.setattr(clock, "_seen", clock.Seen())


def test_health_is_public_and_tells_of_the_clock(db, old_process):
    client = Client()
    assert (client.get("/health").status_code, client.get("/health").json()) == (503, {"clock": "stopped"})
    beat()
    assert (client.get("/health").status_code, client.get("/health").json()) == (200, {"clock": "goes"})
    ClockBeat.objects.update(at=timezone.now() - 4 * MINUTE)
    assert client.get("/health").status_code == 503
    assert client.post("/health").status_code == 405


def test_young_process_does_not_cry_wolf(db, monkeypatch):
    monkeypatch.setattr(clock, "_started", time.monotonic())
    answer = Client().get("/health")
    assert (answer.status_code, answer.json()) == (200, {"clock": "starting"})


@pytest.mark.parametrize(("who", "path"), [("cleo", "/console/"), ("pia", "/app/")])
def test_pages_say_that_the_clock_has_stopped(client_of, old_process, who, path):
    line = re.compile(r'<div id="clock-stopped"[^>]*\shidden>')
    assert not line.search(client_of(who).get(path).content.decode())
    beat()
    clock._seen.at = -clock.LOOKS_EVERY
    assert line.search(client_of(who).get(path).content.decode())


def test_sockets_say_that_the_clock_has_stopped_and_goes_again(transactional_db, cast, old_process):
    with served(live.Limits(heartbeat=0.2)) as address, socket_of(address, cast.pia) as opened:
        assert opened.hear("heartbeat")["clock"] == "stopped"
        beat()
        clock._seen.at = -clock.LOOKS_EVERY
        assert "goes" in [opened.hear("heartbeat")["clock"] for _ in range(3)]


def test_check_ends_with_an_error_while_the_clock_stands(db, capsys):
    with pytest.raises(CommandError, match="The clock: stopped"):
        call_command("alarms", "check")
    beat()
    call_command("alarms", "check")
    assert "All is well." in capsys.readouterr().out
    AlarmTest.objects.create(
        started_at=timezone.now() - timedelta(days=2), finished_at=timezone.now(), fault="not mailed"
    )
    with pytest.raises(CommandError, match="There has been no self-test for over a day"):
        call_command("alarms", "check")
