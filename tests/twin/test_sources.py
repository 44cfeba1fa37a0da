"""Devices and apps: what is known of each, which fall silent, and whose samples count."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from backend.access import access_patient
from backend.actor import acting_for, acting_on
from backend.models import Change, Patient
from backend.rules import Need, Topic
from twin.intake.items import Samples
from twin.intake.phone import read_batch
from twin.models import Source
from twin.report import Report
from twin.series.columns import Columns, Flag
from twin.services.intake import take_in
from twin.services.samples import receive_samples
from twin.services.sources import notice_silence
from twin.tasks import notice_silent_sources

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)
MINUTE = 60_000


def ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def sync(
    patient: Patient, now: datetime, *, of: datetime | None = None, source: str = "Watch", **more
) -> None:
    """The phone hands one reading of the watch over, taken at `of`."""
    start = ms(of or now)
    series = {"kind": "heart_rate", "unit": "/min", "source": source, "start": [start], "value": [61]} | more
    batch = {"batch_id": f"{now.isoformat()} {start} {source} {series['kind']}", "series": [series]}
    with acting_for(patient.user_id):
        access = access_patient(patient.user, patient.id, Need.ACT, what="samples")
        receive_samples(access=access, batch=read_batch(batch), now=now)


def row(patient: Patient, name: str = "Watch") -> Source:
    with acting_on(patient.id):
        return Source.objects.get(name=name)


def changes(patient: Patient) -> list[tuple[str, str]]:
    with acting_on(patient.id):
        found = Change.objects.filter(ref__startswith="source/").order_by("seq")
        return list(found.values_list("topic", "ref"))


def speak_daily(patient: Patient, days: int = 10) -> None:
    for ago in range(days - 1, -1, -1):
        sync(patient, NOW - ago * DAY)


def test_source_remembers_the_days_on_which_it_had_news(cast):
    sync(cast.pia_patient, NOW - DAY)
    sync(cast.pia_patient, NOW)
    sync(cast.pia_patient, NOW + timedelta(hours=1))
    watch = row(cast.pia_patient)
    assert watch.spoke_on == [NOW.date(), NOW.date() - DAY]
    assert watch.last_sync_at == NOW + timedelta(hours=1)


def test_source_that_says_the_same_again_has_no_news(cast):
    sync(cast.pia_patient, NOW)
    sync(cast.pia_patient, NOW + DAY, of=NOW)
    watch = row(cast.pia_patient)
    assert (watch.spoke_on, watch.last_sync_at) == ([NOW.date()], NOW + DAY)


def test_source_quiet_for_longer_than_its_habit_is_noticed_once(cast):
    speak_daily(cast.pia_patient)
    assert notice_silence(now=NOW + 2 * DAY) == 0
    assert notice_silence(now=NOW + 3 * DAY) == 1
    assert notice_silence(now=NOW + 4 * DAY) == 0
    watch = row(cast.pia_patient)
    assert watch.silent_since == datetime(2026, 3, 13, tzinfo=UTC)
    assert changes(cast.pia_patient) == [(Topic.VITALS, f"source/{watch.id}")]


def test_source_that_speaks_again_is_silent_no_more(cast):
    speak_daily(cast.pia_patient)
    notice_silence(now=NOW + 5 * DAY)
    sync(cast.pia_patient, NOW + 6 * DAY, of=NOW)
    assert row(cast.pia_patient).silent_since is not None
    sync(cast.pia_patient, NOW + 6 * DAY)
    assert row(cast.pia_patient).silent_since is None
    assert len(changes(cast.pia_patient)) == 2


def test_source_that_was_put_away_is_silent_no_more(cast):
    speak_daily(cast.pia_patient)
    notice_silence(now=NOW + 5 * DAY)
    assert notice_silence(now=NOW + 364 * DAY) == 0
    assert notice_silence(now=NOW + 365 * DAY) == 1
    assert row(cast.pia_patient).silent_since is None
    assert notice_silence(now=NOW + 366 * DAY) == 0


def test_silence_is_not_judged_without_enough_history(cast):
    speak_daily(cast.pia_patient, days=5)
    assert notice_silence(now=NOW + 30 * DAY) == 0


def test_silence_is_told_in_the_topics_that_the_source_measures(cast):
    for ago in range(9, -1, -1):
        sync(cast.pia_patient, NOW - ago * DAY)
        sync(cast.pia_patient, NOW - ago * DAY, of=NOW - ago * DAY, kind="glucose", unit="mg/dL")
    notice_silence(now=NOW + 5 * DAY)
    watch = f"source/{row(cast.pia_patient).id}"
    assert changes(cast.pia_patient) == [(Topic.GLUCOSE, watch), (Topic.VITALS, watch)]


def test_silence_task_goes_by_the_clock(cast):
    for ago in range(19, 9, -1):
        sync(cast.pia_patient, timezone.now() - ago * DAY)
    notice_silent_sources()
    assert row(cast.pia_patient).silent_since is not None


def test_devices_are_listed_with_what_is_known_of_each(cast, client_of):
    speak_daily(cast.pia_patient)
    sync(cast.pia_patient, NOW, source="Phone")
    answer = client_of("pia").get("/api/v1/patients/me/sources").json()
    phone, watch = sorted(answer["results"], key=lambda device: device["name"])
    assert watch == {
        "id": str(row(cast.pia_patient).id),
        "name": "Watch",
        "last_sync_at": "2026-03-10T12:00:00Z",
        "clock_skew_ms": None,
        "silent_since": None,
        "voice": watch["voice"],
        "spoke_on": "2026-03-10",
        "habit": {"usual": 1, "patience": 2},
        "kinds": [
            {
                "kind": "heart_rate",
                "place": 1,
                "count": 10,
                "first": ms(NOW - 9 * DAY),
                "last": ms(NOW),
                "priority": None,
            }
        ],
    }
    assert (phone["habit"], phone["kinds"][0]["place"]) == (None, 2)


def test_devices_of_topics_that_are_not_shared_stay_hidden(cast, client_of):
    sync(cast.pia_patient, NOW)
    sync(cast.pia_patient, NOW, source="Lab", kind="creatinine", unit="umol/L", value=[80])
    path = f"/api/v1/patients/{cast.pia_patient.id}/sources"
    names = [device["name"] for device in client_of("dora").get(path).json()["results"]]
    assert names == ["Watch"]
    assert len(client_of("pia").get(path).json()["results"]) == 2


def test_devices_cost_the_same_number_of_queries_however_many(cast, client_of):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client_of("pia").get("/api/v1/patients/me/sources")
        return len(captured)

    sync(cast.pia_patient, NOW)
    few = queries()
    for number in range(5):
        sync(cast.pia_patient, NOW, source=f"Device {number}")
    assert queries() == few


def wear(patient: Patient, **sensors: tuple[int, int, float]) -> None:
    """For each sensor its first and last hour, and its readings, one in five minutes."""
    items = []
    for name, (first, last, value) in sensors.items():
        start = ms(NOW.replace(hour=0)) + np.arange(first * 60, last * 60, 5, dtype=np.int64) * MINUTE
        columns = Columns(start, np.zeros_like(start), np.full(len(start), value))
        items.append(Samples("glucose_cgm", name, "mg/dL", columns))
    with acting_on(patient.id):
        take_in(patient.id, items, report=Report(), touched={}, now=NOW + DAY)


@pytest.mark.parametrize(("first", "until"), [(0, 24), (8, 10)])
def test_series_marks_which_source_counts_also_in_a_part_of_a_day(cast, client_of, first, until):
    wear(cast.pia_patient, a=(0, 24, 100.0), b=(8, 11, 150.0))
    midnight = NOW.replace(hour=0)
    edges = [(midnight + timedelta(hours=hour)).strftime("%Y-%m-%dT%H:%M:%SZ") for hour in (first, until)]
    query = "kind=glucose_cgm&from={}&to={}".format(*edges)
    body = client_of("pia").get(f"/api/v1/patients/me/series?{query}").json()
    names = [body["sources"][at]["name"] for at in body["source"]]
    assert {name for name, does in zip(names, body["counts"], strict=True) if does} == {"a"}
    assert set(names) == {"a", "b"}


def test_series_keeps_a_typed_in_reading_among_thousands(cast, client_of):
    start = ms(NOW - DAY) + np.arange(1440, dtype=np.int64) * MINUTE
    flags = np.zeros(1440, np.uint8)
    flags[700] = Flag.MANUAL
    columns = Columns(start, np.zeros_like(start), 70 + np.sin(np.arange(1440.0)), flags=flags)
    with acting_on(cast.pia_patient.id):
        samples = [Samples("heart_rate", "Watch", "/min", columns)]
        take_in(cast.pia_patient.id, samples, report=Report(), touched={}, now=NOW)
    body = client_of("pia").get("/api/v1/patients/me/series?kind=heart_rate&points=40").json()
    assert body["thinned"]
    assert [at for at, flag in zip(body["start"], body["flags"], strict=True) if flag] == [int(start[700])]
