"""The pass over everybody: shared out, safe to break off, and the same as making each forecast by itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from threading import Thread
from time import monotonic, sleep
from uuid import UUID

import make
import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from forecasts import forecasts, make_days, refresh, said, stale, states
from locks import is_waited_for

from backend.actor import acting_for, acting_for_all, acting_on
from backend.changes import record_change
from backend.models import Change, Patient
from backend.rules import Topic
from twin import tasks
from twin.models import DaySummary, FleetChunk, FleetRun, FleetTask, Forecast, SeriesState, StaleForecast
from twin.queries.forecasts import newest_forecasts
from twin.series.store import lock
from twin.services import fleet
from twin.services.fleet import ATTEMPTS, CHUNK, HANDS, KEPT, LEASE, resume_runs, start_run, take_chunk
from twin.services.forecasts import SETTLE, due_patients, outdate_states, refresh_forecasts, show_forecasts

DAY = date(2026, 6, 29)
VITALS = {Topic.VITALS}
NIGHT = datetime(2026, 6, 30, 2, tzinfo=UTC)


@pytest.fixture
def people(db) -> list[Patient]:
    """Three patients with a month of two kinds each, in the order of their ids."""
    patients = [make.make_patient() for _ in range(3)]
    for patient in patients:
        make_days(patient, "sbp", 30, last=DAY)
        make_days(patient, "steps", 30, last=DAY)
    return patients


@pytest.fixture
def one_by_one(monkeypatch) -> None:
    """Chunks of a single patient."""
    monkeypatch.setattr(fleet, "CHUNK", 1)


def run(task: FleetTask = FleetTask.NIGHTLY, now: datetime = NIGHT) -> None:
    assert start_run(task, now=now)
    while take_chunk(now=now):
        pass


def chunks() -> list[FleetChunk]:
    with acting_for_all():
        return list(FleetChunk.objects.select_related("run").order_by("run", "first"))


def told(patient: Patient) -> list[str]:
    with acting_on(patient.id):
        return list(Change.objects.order_by("seq").values_list("ref", flat=True))


def test_run_is_one_an_hour_and_cut_into_chunks_of_those_with_data(people):
    make.make_patient()
    assert start_run(FleetTask.NIGHTLY, now=NIGHT)
    assert not start_run(FleetTask.NIGHTLY, now=NIGHT + timedelta(minutes=9))
    (chunk,) = chunks()
    assert (chunk.first, chunk.last) == (people[0].id, people[-1].id)
    assert start_run(FleetTask.WEEKLY, now=NIGHT)
    assert start_run(FleetTask.NIGHTLY, now=NIGHT + timedelta(hours=6))


def test_run_is_cut_by_the_number_of_patients(people, monkeypatch):
    monkeypatch.setattr(fleet, "CHUNK", 2)
    start_run(FleetTask.NIGHTLY, now=NIGHT)
    edges = [(chunk.first, chunk.last) for chunk in chunks()]
    assert edges == [(people[0].id, people[1].id), (people[2].id, people[2].id)]
    assert CHUNK > 2


def test_run_over_nobody_is_finished_at_once(db):
    run()
    with acting_for_all():
        assert FleetRun.objects.get().finished_at == NIGHT


def test_runs_of_long_ago_are_forgotten(people):
    for before in (KEPT + timedelta(days=1), KEPT, timedelta()):
        start_run(FleetTask.NIGHTLY, now=NIGHT - before)
    with acting_for_all():
        assert sorted(FleetRun.objects.values_list("started_at", flat=True)) == [NIGHT - KEPT, NIGHT]
        assert FleetChunk.objects.count() == 2


def test_run_makes_what_a_refresh_of_each_patient_makes(people):
    refreshed = people[0]
    refresh(refreshed, "sbp", "steps", now=NIGHT)
    expected = [said(one) for one in forecasts(refreshed)]
    assert len(expected) == 2
    run()
    for patient in people:
        assert [said(one) for one in forecasts(patient)] == expected
        assert {kind: bytes(one.state) for kind, one in states(patient).items()} == {
            kind: bytes(one.state) for kind, one in states(refreshed).items()
        }
        # The refreshed one's came out as they were, and that is nothing to tell.
        assert told(patient) == ["forecast/sbp", "forecast/steps"]
    (chunk,) = chunks()
    assert (chunk.series, chunk.attempts, chunk.lease_token) == (6, 1, None)
    assert chunk.done_at == chunk.run.finished_at == NIGHT


@pytest.mark.parametrize("task", [FleetTask.NIGHTLY, FleetTask.WEEKLY])
def test_chunk_takes_the_same_few_statements_however_many_patients_it_holds(db, monkeypatch, task):
    execute, asked = psycopg.Cursor.execute, []

    def counted(cursor, *given, **options):
        asked.append(given)
        return execute(cursor, *given, **options)

    statements = []
    for hour, more in enumerate((1, 4)):
        for _ in range(more):
            patient = make.make_patient()
            make_days(patient, "sbp", 30, last=DAY)
            make_days(patient, "steps", 30, last=DAY)
        start_run(task, now=NIGHT + timedelta(hours=hour))
        with monkeypatch.context() as patch:
            patch.setattr(psycopg.Cursor, "execute", counted)
            assert take_chunk(now=NIGHT + timedelta(hours=hour))
        statements.append(len(asked))
        asked.clear()
    assert statements[0] == statements[1] <= 32


def test_nightly_takes_each_series_a_day_on_and_weekly_estimates_it_anew(people):
    run()
    for patient in people:
        make_days(patient, "sbp", 1, last=DAY + timedelta(days=1))
    run(now=NIGHT + timedelta(days=1))
    state = states(people[0])["sbp"]
    assert (state.through, state.estimated_on) == (DAY + timedelta(days=1), DAY)
    # Steps had none that day, and stand a day later all the same.
    assert states(people[0])["steps"].through == DAY + timedelta(days=1)
    run(FleetTask.WEEKLY, now=NIGHT + timedelta(days=1))
    state = states(people[0])["sbp"]
    assert (state.through, state.estimated_on) == (DAY + timedelta(days=1), DAY + timedelta(days=1))
    assert [one.through for one in forecasts(people[0])] == [DAY + timedelta(days=1)] * 2


def test_run_of_each_patients_own_day_takes_none_that_is_not_over(db):
    through = {}
    for zone in ("Pacific/Auckland", "Europe/Berlin", "America/Los_Angeles"):
        patient = make.make_patient(time_zone=zone)
        make_days(patient, "steps", 30, last=date(2026, 7, 1))
        through[zone] = patient
    run()
    # At two in the morning, UTC, it is the 30th in Auckland and Berlin, and still the 29th in Los Angeles.
    assert {zone: forecasts(patient)[0].through.day for zone, patient in through.items()} == {
        "Pacific/Auckland": 29,
        "Europe/Berlin": 29,
        "America/Los_Angeles": 28,
    }
    assert [states(patient)["steps"].through.day for patient in through.values()] == [29, 29, 28]


def test_run_keeps_what_was_shown_and_replaces_what_nobody_saw(people):
    run()
    with acting_for(people[0].user_id):
        show_forecasts(people[0], newest_forecasts(people[0], VITALS, "sbp"), now=NIGHT)
    run(now=NIGHT + timedelta(days=1))
    kept = [(one.kind, one.through.day, one.superseded_at) for one in forecasts(people[0])]
    after = NIGHT + timedelta(days=1)
    assert kept == [("sbp", 29, after), ("sbp", 30, None), ("steps", 30, None)]
    assert len(forecasts(people[1])) == 2
    assert told(people[0]) == ["forecast/sbp", "forecast/steps"] * 2


def test_run_ends_the_forecasts_of_a_series_that_has_stopped(people):
    run()
    run(now=NIGHT + timedelta(days=28))
    assert [one.kind for one in forecasts(people[0])] == []
    with acting_on(people[0].id):
        ops = list(Change.objects.order_by("seq").values_list("ref", "op"))
    assert ops[2:] == [("forecast/sbp", "delete"), ("forecast/steps", "delete")]
    run(now=NIGHT + timedelta(days=29))
    assert len(told(people[0])) == 4


@contextmanager
def worker_about_to_settle(patient: Patient, now: datetime) -> Iterator[None]:
    """In a transaction that holds the lock which a worker with a chunk's forecasts waits for."""

    def work() -> None:
        try:
            take_chunk(now=now)
        finally:
            connection.close()

    worker = Thread(target=work)
    with acting_for_all():
        lock(patient.id)
        worker.start()
        deadline = monotonic() + 120
        while not is_waited_for():
            assert monotonic() < deadline
            sleep(0.02)
        yield
    worker.join()


def test_run_leaves_patients_of_whom_something_came_meanwhile_to_a_refresh(transactional_db):
    busy, quiet = people = [make.make_patient() for _ in range(2)]
    for patient in people:
        make_days(patient, "sbp", 30, last=DAY)
        make_days(patient, "steps", 30, last=DAY)
    run()
    later = NIGHT + timedelta(days=1)
    start_run(FleetTask.NIGHTLY, now=later)
    with worker_about_to_settle(busy, later):
        DaySummary.objects.filter(patient=busy, kind="sbp", day=DAY).update(value=190.0)
        outdate_states(busy.id, {"sbp": DAY})
        record_change(busy.id, topic=Topic.VITALS, ref="series/sbp")
    assert [one.through for one in forecasts(quiet)] == [DAY + timedelta(days=1)] * 2
    assert [one.through for one in forecasts(busy)] == [DAY] * 2
    assert list(states(busy)) == ["steps"]
    assert stale(busy) == dict.fromkeys(("sbp", "steps"), (later, later + SETTLE))
    assert due_patients(now=later + SETTLE, limit=5) == [busy.id]
    refresh_forecasts(busy.id, now=later + SETTLE)
    assert [(one.through, one.last_value > 180) for one in forecasts(busy)] == [
        (DAY + timedelta(days=1), True),
        (DAY + timedelta(days=1), False),
    ]


def test_chunk_that_another_has_taken_over_is_stored_once(transactional_db, caplog):
    patient = make.make_patient()
    make_days(patient, "sbp", 30, last=DAY)
    start_run(FleetTask.NIGHTLY, now=NIGHT)
    with worker_about_to_settle(patient, NIGHT):
        assert not take_chunk(now=NIGHT + LEASE - timedelta(seconds=1))
        assert take_chunk(now=NIGHT + LEASE)
    (chunk,) = chunks()
    assert (chunk.attempts, chunk.done_at) == (2, NIGHT + LEASE)
    assert [one.made_at for one in forecasts(patient)] == [NIGHT + LEASE]
    assert told(patient) == ["forecast/sbp"]
    assert [record.message.split()[0] for record in caplog.records] == ["action=fleet_chunk_lost"]


@pytest.mark.usefixtures("one_by_one")
def test_chunk_that_fails_is_tried_again_and_given_up_without_stopping_the_others(people, caplog):
    with acting_for_all():
        Patient.objects.filter(id=people[1].id).update(time_zone="Atlantis/Nowhere")
    start_run(FleetTask.NIGHTLY, now=NIGHT)
    for attempt in range(ATTEMPTS + 1):
        while take_chunk(now=NIGHT + attempt * LEASE):
            pass
    assert [chunk.done_at is None for chunk in chunks()] == [False, True, False]
    assert [len(forecasts(patient)) for patient in people] == [2, 0, 2]
    assert chunks()[0].run.finished_at == NIGHT + ATTEMPTS * LEASE
    words = [record.message.split() for record in caplog.records]
    assert [said[0] for said in words] == [
        *["action=fleet_chunk_failed"] * (ATTEMPTS - 1),
        "action=fleet_chunk_given_up",
    ]
    assert "Atlantis" not in caplog.text


def test_kind_that_fails_is_left_to_a_refresh_of_each_patient(people, caplog):
    run()
    with acting_for_all():
        SeriesState.objects.filter(patient=people[0], kind="sbp").update(state=b"?")
    later = NIGHT + timedelta(days=1)
    run(now=later)
    for patient in people:
        assert [(one.kind, one.through.day) for one in forecasts(patient)] == [("sbp", 29), ("steps", 30)]
        assert list(stale(patient)) == ["sbp"]
    for wait in (SETTLE, SETTLE + timedelta(minutes=2)):
        for patient in people:
            refresh_forecasts(patient.id, now=later + wait)
    assert {one.through.day for patient in people for one in forecasts(patient)} == {30}
    assert {record.message.split()[0] for record in caplog.records} == {"action=forecast_failed"}


@pytest.mark.usefixtures("one_by_one")
def test_chunks_are_shared_by_workers_and_done_once(transactional_db):
    patients = [make.make_patient() for _ in range(6)]
    for patient in patients:
        make_days(patient, "sbp", 20, last=DAY)
    start_run(FleetTask.NIGHTLY, now=NIGHT)
    taken: list[int] = []

    def work() -> None:
        count = 0
        try:
            while take_chunk(now=NIGHT):
                count += 1
        finally:
            taken.append(count)
            connection.close()

    workers = [Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert (sum(taken), min(taken) > 0) == (6, True)
    assert [chunk.attempts for chunk in chunks()] == [1] * 6
    assert [told(patient) for patient in patients] == [["forecast/sbp"]] * 6


def test_tasks_of_the_night_make_every_forecast_and_twice_is_once(cast):
    make_days(cast.pia_patient, "weight", 20, last=timezone.now().date() - timedelta(days=1))
    for _ in range(2):
        for begin in (tasks.forecast_new_day, tasks.forecast_anew):
            begin()
            tasks.take_fleet_chunk()
            tasks.resume_fleet()
    assert told(cast.pia_patient) == ["forecast/weight"]
    with acting_for_all():
        assert Forecast.objects.count() == 1
        assert FleetRun.objects.filter(finished_at__isnull=False).count() == 2
        assert StaleForecast.objects.count() == 0


@pytest.mark.usefixtures("one_by_one")
def test_pass_that_nobody_works_at_is_resumed_and_one_in_work_is_left_alone(
    people, django_capture_on_commit_callbacks
):
    def calls(now: datetime) -> int:
        with django_capture_on_commit_callbacks() as callbacks:
            resume_runs(now=now)
        return len(callbacks)

    start_run(FleetTask.NIGHTLY, now=NIGHT)
    assert calls(NIGHT) == HANDS
    with acting_for_all():
        FleetChunk.objects.filter(first=people[0].id).update(
            attempts=1, lease_until=NIGHT + LEASE, lease_token=UUID(int=1)
        )
    assert calls(NIGHT) == 0
    assert calls(NIGHT + LEASE) == HANDS
    while take_chunk(now=NIGHT + LEASE):
        pass
    assert calls(NIGHT + 2 * LEASE) == 0


IMPOSSIBLE = {
    "fleet_task_is_known": (FleetRun, {"task": "hourly"}),
    "fleet_run_is_one_an_hour": (FleetRun, {"hour": NIGHT - LEASE}),
    "fleet_run_finishes_after_it_started": (FleetRun, {"finished_at": NIGHT - timedelta(days=1)}),
    "fleet_chunk_is_in_order": (FleetChunk, {"first": UUID(int=2), "last": UUID(int=1)}),
    "fleet_chunk_in_work_has_lease": (FleetChunk, {"lease_until": NIGHT}),
}


@pytest.mark.parametrize("constraint", IMPOSSIBLE)
def test_row_of_a_run_cannot_be_impossible(db, constraint):
    model, wrong = IMPOSSIBLE[constraint]
    with acting_for_all():
        before = FleetRun.objects.create(task="nightly", hour=NIGHT - LEASE, started_at=NIGHT)
        possible = {
            FleetRun: {"task": "nightly", "hour": NIGHT, "started_at": NIGHT},
            FleetChunk: {"run": before, "first": UUID(int=1), "last": UUID(int=2)},
        }[model]
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            model.objects.create(**possible | wrong)
        model.objects.create(**possible)
