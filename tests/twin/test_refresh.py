"""Forecasts are asked for when data arrives, and made once it has settled, once."""

from datetime import UTC, date, datetime, timedelta
from threading import Thread
from time import monotonic, sleep

import make
import pytest
from django.db import connection

from backend.actor import acting_for_all, acting_on
from backend.models import Change, Patient
from twin.models import DaySummary, Forecast, Source, StaleForecast
from twin.queries import newest_forecasts
from twin.series.store import lock
from twin.services.forecasts import AT_MOST, LEASE, SEED, SETTLE, due_patients, mark_stale, refresh_forecasts

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
VITALS = frozenset({"vitals", "glucose"})


def make_days(patient: Patient, kind: str, count: int, last: date = date(2026, 6, 29)) -> None:
    """Day summaries that rise and fall with the week."""
    with acting_for_all():
        source, _ = Source.objects.get_or_create(patient=patient, name="Watch")
        for number in range(count):
            day = last - timedelta(days=number)
            value = 100.0 + 3 * day.weekday() + number % 5
            figures = {"value": value, "minimum": value, "maximum": value, "count": 1, "sources": 1}
            DaySummary.objects.create(
                patient=patient, kind=kind, day=day, topic="vitals", source_id=source.id, **figures
            )


def stale(patient: Patient) -> dict[str, tuple[datetime, datetime]]:
    with acting_on(patient.id):
        return {mark.kind: (mark.stale_since, mark.due_at) for mark in StaleForecast.objects.all()}


def mark(patient: Patient, *kinds: str, now: datetime = NOW) -> None:
    with acting_on(patient.id):
        mark_stale(patient.id, kinds, now=now)


def forecasts(patient: Patient) -> list[Forecast]:
    with acting_on(patient.id):
        return list(Forecast.objects.order_by("kind", "through"))


def test_mark_stale_waits_while_data_keeps_coming_but_not_for_ever(cast):
    mark(cast.pia_patient, "sbp")
    assert stale(cast.pia_patient) == {"sbp": (NOW, NOW + SETTLE)}
    later = NOW + timedelta(seconds=2)
    mark(cast.pia_patient, "sbp", now=later)
    assert stale(cast.pia_patient) == {"sbp": (NOW, later + SETTLE)}
    for seconds in range(3, 300, 3):
        mark(cast.pia_patient, "sbp", now=NOW + timedelta(seconds=seconds))
    assert stale(cast.pia_patient) == {"sbp": (NOW, NOW + AT_MOST)}


def test_mark_stale_of_kinds_without_forecasts_marks_nothing(cast):
    mark(cast.pia_patient, "height", "hba1c")
    assert stale(cast.pia_patient) == {}


def test_refresh_forecasts_before_the_data_has_settled_makes_none(cast):
    make_days(cast.pia_patient, "sbp", 20)
    mark(cast.pia_patient, "sbp")
    assert due_patients(now=NOW, limit=5) == []
    assert refresh_forecasts(cast.pia_patient.id, now=NOW) == 0
    assert due_patients(now=NOW + SETTLE, limit=5) == [cast.pia_patient.id]
    assert refresh_forecasts(cast.pia_patient.id, now=NOW + SETTLE) == 1
    assert due_patients(now=NOW + timedelta(days=1), limit=5) == []
    assert refresh_forecasts(cast.pia_patient.id, now=NOW + timedelta(days=1)) == 0


def test_refresh_forecasts_says_what_they_were_made_of(cast):
    make_days(cast.pia_patient, "sbp", 60)
    mark(cast.pia_patient, "sbp")
    refresh_forecasts(cast.pia_patient.id, now=NOW + SETTLE)
    (made,) = forecasts(cast.pia_patient)
    assert (made.kind, made.through, made.model, made.seed) == (
        "sbp",
        date(2026, 6, 29),
        "prophet_weekly",
        SEED,
    )
    assert (len(made.mean), made.made_at, made.topic) == (14, NOW + SETTLE, "vitals")
    assert made.backtest_origins > 0
    with acting_on(cast.pia_patient.id):
        assert list(Change.objects.values_list("ref", flat=True)) == ["forecast/sbp"]


def test_refresh_forecasts_of_the_same_data_gives_the_same_numbers(cast):
    made = []
    for patient in (cast.pia_patient, cast.paul_patient):
        make_days(patient, "sbp", 60)
        mark(patient, "sbp")
        refresh_forecasts(patient.id, now=NOW + SETTLE)
        (forecast,) = forecasts(patient)
        made.append((forecast.mean, forecast.low80, forecast.high80, forecast.low95, forecast.high95))
    assert made[0] == made[1]


def test_refresh_forecasts_of_too_few_days_clears_the_mark(cast):
    make_days(cast.pia_patient, "sbp", 3)
    mark(cast.pia_patient, "sbp")
    assert refresh_forecasts(cast.pia_patient.id, now=NOW + SETTLE) == 1
    assert (stale(cast.pia_patient), forecasts(cast.pia_patient)) == ({}, [])


@pytest.mark.parametrize(
    ("zone", "through"), [("Pacific/Auckland", date(2026, 6, 30)), ("Europe/Berlin", date(2026, 6, 29))]
)
def test_refresh_forecasts_goes_by_the_patients_own_today(db, zone, through):
    patient = make.make_patient(time_zone=zone)
    make_days(patient, "steps", 20, last=date(2026, 7, 1))
    mark(patient, "steps")
    # Noon UTC is already the first of July in Auckland; a day that still grows is left out.
    refresh_forecasts(patient.id, now=NOW + SETTLE)
    (made,) = forecasts(patient)
    assert made.through == through


def test_refresh_forecasts_after_the_newest_days_were_deleted_drops_what_stood_on_them(cast):
    make_days(cast.pia_patient, "sbp", 20)
    for last in (date(2026, 6, 29), date(2026, 6, 25), None):
        with acting_on(cast.pia_patient.id):
            gone = DaySummary.objects.filter(kind="sbp")
            (gone.filter(day__gt=last) if last else gone).delete()
        mark(cast.pia_patient, "sbp")
        refresh_forecasts(cast.pia_patient.id, now=NOW + SETTLE)
        with acting_on(cast.pia_patient.id):
            shown = [made.through for made in newest_forecasts(cast.pia_patient, VITALS)]
        assert shown == ([last] if last else [])


def test_refresh_forecasts_with_one_kind_that_fails_makes_the_others(cast, caplog):
    make_days(cast.pia_patient, "sbp", 20)
    with acting_for_all():
        # A kind that an older catalogue had.
        StaleForecast.objects.create(
            patient=cast.pia_patient, kind="aura", topic="vitals", stale_since=NOW, due_at=NOW
        )
    mark(cast.pia_patient, "sbp")
    assert refresh_forecasts(cast.pia_patient.id, now=NOW + SETTLE) == 1
    assert [made.kind for made in forecasts(cast.pia_patient)] == ["sbp"]
    assert list(stale(cast.pia_patient)) == ["aura"]
    assert due_patients(now=NOW + SETTLE, limit=5) == []
    assert [record.message.split()[0] for record in caplog.records] == ["action=forecast_failed"]


def test_refresh_forecasts_of_older_data_does_not_win(cast):
    make_days(cast.pia_patient, "sbp", 20)
    mark(cast.pia_patient, "sbp")
    refresh_forecasts(cast.pia_patient.id, now=NOW + timedelta(minutes=5))
    (made,) = forecasts(cast.pia_patient)
    mark(cast.pia_patient, "sbp")
    refresh_forecasts(cast.pia_patient.id, now=NOW + SETTLE)
    (still,) = forecasts(cast.pia_patient)
    assert (still.id, still.made_at) == (made.id, NOW + timedelta(minutes=5))


def test_refresh_forecasts_by_two_workers_shares_the_kinds(transactional_db):
    patient = make.make_patient()
    kinds = ["sbp", "dbp", "weight", "steps", "heart_rate", "glucose"]
    for kind in kinds:
        make_days(patient, kind, 15)
    mark(patient, *kinds)
    made: list[int] = []

    def work() -> None:
        try:
            made.append(refresh_forecasts(patient.id, now=NOW + SETTLE))
        finally:
            connection.close()

    workers = [Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert (sum(made), min(made) > 0) == (len(kinds), True)
    assert [one.kind for one in forecasts(patient)] == sorted(kinds)
    assert stale(patient) == {}


def test_refresh_forecasts_while_newer_data_comes_stays_stale(transactional_db):
    patient = make.make_patient()
    make_days(patient, "sbp", 15)
    mark(patient, "sbp")
    began = NOW + SETTLE

    def work() -> None:
        try:
            refresh_forecasts(patient.id, now=began)
        finally:
            connection.close()

    worker = Thread(target=work)
    with acting_on(patient.id):
        # The worker can claim and compute, but not settle while somebody else writes to this patient.
        lock(patient.id)
        worker.start()
        deadline = monotonic() + 20
        while stale(patient) != {"sbp": (began, began + LEASE)} and monotonic() < deadline:
            sleep(0.02)
        mark_stale(patient.id, ["sbp"], now=began + timedelta(seconds=1))
    worker.join()
    assert stale(patient) == {"sbp": (began, began + timedelta(seconds=1) + SETTLE)}
    assert len(forecasts(patient)) == 1
