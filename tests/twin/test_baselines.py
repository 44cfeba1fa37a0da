"""Baselines follow the days, and are made anew no oftener than that needs."""

from datetime import timedelta

import make
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from backend.actor import acting_for, acting_on
from backend.queries import zone_history_of
from twin.models import Baseline, DaySummary, Snapshot
from twin.queries.baselines import baselines_of
from twin.services.baselines import refresh_baselines
from twin.services.digest import digest
from twin.services.intake import Touched, widen
from twin.services.reading import read_upload
from twin.services.rebuild import rebuild

HEADER = "start,kind,value,unit,end,source\n"
NOW = timezone.now().replace(hour=12, minute=0)


def upload(patient, *lines):
    row = make.make_upload(patient, (HEADER + "\n".join(lines) + "\n").encode())
    assert read_upload(row.id, now=timezone.now()) is not None


def weights(patient, values, *, last=1):
    """A weight a day, the newest `last` days ago, by one file."""
    at = [NOW - timedelta(days=last + ago) for ago in range(len(values))]
    lines = (f"{one.isoformat()},weight,{value},kg,,Scale" for one, value in zip(at, values, strict=True))
    upload(patient, *lines)


def kept(patient):
    with acting_on(patient.id):
        return {row.kind: row for row in Baseline.objects.all()}


def usual(patient, kind="weight"):
    with acting_on(patient.id):
        return next(tile["usual"] for tile in Snapshot.objects.get().tiles if tile["kind"] == kind)


def test_baseline_comes_with_its_tenth_day_and_goes_with_it(cast):
    pia = cast.pia_patient
    weights(pia, [80.0, 80.4] * 4 + [80.2])
    assert kept(pia) == {}
    assert usual(pia) is None
    weights(pia, [80.2], last=20)
    row = kept(pia)["weight"]
    today = NOW.date()
    assert (row.topic, row.days, row.by_weekday) == ("vitals", 10, None)
    assert (row.first_on, row.last_on) == (today - timedelta(days=20), today - timedelta(days=1))
    assert (usual(pia)["days"], usual(pia)["day"]) == (10, row.last_on.isoformat())
    assert usual(pia)["low"] < row.centre < usual(pia)["high"]


def test_baseline_is_as_a_rebuild_makes_it(cast):
    pia = cast.pia_patient
    weights(pia, [80.0, 80.4, 79.8, 81.2] * 10)
    weights(pia, [83.0, 79.1], last=5)
    before = kept(pia)["weight"]
    with acting_on(pia.id):
        Baseline.objects.update(centre=1.0)
    rebuild(pia.id, now=timezone.now())
    after = kept(pia)["weight"]
    assert [getattr(after, name) for name in ("centre", "spread", "by_weekday", "days")] == [
        getattr(before, name) for name in ("centre", "spread", "by_weekday", "days")
    ]


def test_rebuild_takes_a_baseline_of_which_the_days_are_gone(cast):
    pia = cast.pia_patient
    weights(pia, [80.0, 80.4] * 6)
    with acting_on(pia.id):
        Baseline.objects.update(kind="bmi")
        Baseline.objects.create(
            patient=pia, kind="weight", topic="vitals", centre=1, spread=1, days=9,
            first_on=NOW.date(), last_on=NOW.date(), made_at=NOW,
        )  # fmt: skip
    rebuild(pia.id, now=timezone.now())
    assert kept(pia).keys() == {"weight"}
    assert kept(pia)["weight"].centre > 79


@pytest.mark.parametrize(
    ("day", "later", "made_anew"),
    [(0, 0, False), (1, 0, True), (60, 0, True), (120, 0, False), (None, 0, False), (None, 1, True)],
)
def test_baseline_is_made_anew_for_its_own_days_and_once_a_day(cast, day, later, made_anew):
    pia = cast.pia_patient
    weights(pia, [80.0, 80.4] * 6)
    with acting_on(pia.id):
        Baseline.objects.update(centre=1.0, made_at=NOW)
        changed = [] if day is None else [NOW.date() - timedelta(days=day)]
        now = NOW + timedelta(days=later)
        refresh_baselines(pia.id, {"weight": changed}, zone=zone_history_of(pia.id), now=now)
        assert (Baseline.objects.get().centre != 1.0) is made_anew


def make_days(patient, kinds):
    for kind in kinds:
        DaySummary.objects.bulk_create(
            DaySummary(
                patient=patient,
                kind=kind,
                topic="vitals",
                day=NOW.date() - timedelta(days=ago),
                value=36 + ago % 3,
                minimum=1,
                maximum=1,
                count=1,
                source_id=patient.id,
                sources=1,
            )
            for ago in range(1, 30)
        )


def test_baselines_of_many_kinds_take_as_many_queries_as_of_one(cast):
    pia, kinds = cast.pia_patient, ("temperature", "body_fat", "heart_rate")
    counts = []
    with acting_on(pia.id):
        make_days(pia, kinds)
        for codes in (kinds[:1], kinds):
            Baseline.objects.all().delete()
            changed = {code: [] for code in codes}
            with CaptureQueriesContext(connection) as seen:
                refresh_baselines(pia.id, changed, zone=zone_history_of(pia.id), now=NOW)
            counts.append(len(seen))
            assert Baseline.objects.count() == len(codes)
    assert counts[0] == counts[1]


def test_digest_of_what_is_known_touches_no_baseline(cast):
    pia = cast.pia_patient
    weights(pia, [80.0, 80.4] * 6)
    before = kept(pia)["weight"].made_at
    touched = Touched()
    at = round((NOW - timedelta(days=2)).timestamp() * 1000)
    widen(touched, "weight", at, at)
    with acting_on(pia.id):
        digest(pia.id, touched, now=before)
    assert kept(pia)["weight"].made_at == before


def test_baselines_are_shown_by_topic(cast):
    weights(cast.pia_patient, [80.0, 80.4] * 6)
    for who, seen in ((cast.pia, 1), (cast.dora, 1), (cast.rita, 0), (cast.paul, 0)):
        with acting_for(who.id):
            assert Baseline.objects.count() == seen
    with acting_on(cast.pia_patient.id):
        (only,) = baselines_of(cast.pia_patient.id, ["vitals"]).values()
        assert (only.kind, only.days, only.last) == ("weight", 12, NOW.date() - timedelta(days=1))
        assert baselines_of(cast.pia_patient.id, ["glucose"]) == {}
