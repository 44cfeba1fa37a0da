"""What was known when: the snapshot's versions, how many are kept, and that nothing later shows in them."""

from datetime import UTC, datetime, timedelta

import make
import pytest
from django.db.models import CASCADE
from django.utils import timezone

from backend.actor import acting_for, acting_on
from backend.rules import Topic
from twin.kinds import KINDS
from twin.models import Baseline, Crossing, Forecast, Snapshot, SnapshotVersion
from twin.queries.snapshots import findings_of, snapshot_as_known
from twin.series.store import lock
from twin.services.alerts import open_alerts, settle
from twin.services.reading import read_upload
from twin.services.rebuild import digest_all
from twin.services.snapshots import HOURLY_FOR, KEPT, drop_snapshots, keep_tiles, note_facts, thin_versions
from twin.state.facts import Facts
from twin.state.versions import pack, unpack
from twin.warnings.finding import Clearing, Evaluation, Evidence, Finding, Severity

DAY = datetime(2026, 11, 20, tzinfo=UTC)
ALL = frozenset(Topic)


def tile(value, kind="weight"):
    one = KINDS[kind]
    return {
        "kind": kind,
        "title": one.title,
        "system": one.system.value,
        "topic": one.topic,
        "unit": one.unit,
        "decimals": one.decimals,
        "value": value,
        "at": "2026-11-20T08:00:00Z",
        "source": "Scale",
        "flag": None,
        "bound": None,
        "manual": False,
        "day": "2026-11-20",
        "growing": False,
        "mean_28": None,
        "usual": None,
        "sparkline": [("2026-11-19", 80.123)],
    }


def say(patient, value, hour, *, topic=Topic.VITALS, kind="weight"):
    """The topic's only tile has this value from that hour of the day on."""
    with acting_on(patient.id):
        keep_tiles(patient.id, topic, [tile(value, kind)], None, now=DAY + timedelta(hours=hour))


def known(patient, hour, topics=ALL):
    """The value that was known at that hour, and since which hour."""
    with acting_on(patient.id):
        tiles, _, since = snapshot_as_known(patient, topics, DAY + timedelta(hours=hour))
    return [one["value"] for one in tiles], None if since is None else (since - DAY) / timedelta(hours=1)


def versions(patient, **wanted):
    with acting_on(patient.id):
        found = SnapshotVersion.objects.filter(**wanted).order_by("known_at")
        return [(row.known_at - DAY) / timedelta(hours=1) for row in found]


def limit(patient, code="weight", topic=Topic.VITALS):
    return Crossing.objects.create(
        patient=patient,
        kind=code,
        topic=topic,
        basis="threshold",
        rule="r",
        side="above",
        limit=90.0,
        probability=1.0,
        through=DAY.date(),
        made_at=DAY,
    )


def test_snapshot_is_answered_as_it_was_known(cast):
    pia = cast.pia_patient
    for hour, value in ((1.2, 80.0), (3.5, 81.0), (9.9, 82.0)):
        say(pia, value, hour)
    assert versions(pia) == [1.2, 3.5]
    assert known(pia, 1.1) == ([], None)
    assert known(pia, 1.2) == known(pia, 3.4) == ([80.0], 1.2)
    assert known(pia, 3.5) == known(pia, 9.8) == ([81.0], 3.5)
    assert known(pia, 9.9) == known(pia, 99) == ([82.0], 9.9)


def test_snapshot_keeps_what_stood_when_an_hour_ended_and_never_shows_what_came_later(cast):
    pia = cast.pia_patient
    for hour, value in ((1.1, 80.0), (2.2, 81.0), (2.4, 82.0), (2.9, 83.0), (5.0, 84.0)):
        say(pia, value, hour)
    assert versions(pia) == [1.1, 2.9]
    assert known(pia, 2.5) == ([80.0], 1.1)
    assert known(pia, 3.0) == ([83.0], 2.9)


def test_snapshot_that_says_the_same_makes_no_version(cast):
    pia = cast.pia_patient
    for hour in range(1, 9):
        say(pia, 80.0, hour)
    assert versions(pia) == []
    with acting_on(pia.id):
        row = Snapshot.objects.get()
    assert (row.known_at, row.built_at) == (DAY + timedelta(hours=1), DAY + timedelta(hours=8))


def test_versions_go_by_topic_and_show_to_whom_the_topic_is_shared(cast):
    pia = cast.pia_patient
    say(pia, 80.0, 1)
    say(pia, 5.5, 2, topic=Topic.RECORDS, kind="creatinine")
    say(pia, 81.0, 3)
    say(pia, 5.6, 4, topic=Topic.RECORDS, kind="creatinine")
    assert known(pia, 2.5) == ([80.0, 5.5], 2)
    assert known(pia, 3.5) == ([81.0, 5.5], 3)
    assert known(pia, 2.5, {Topic.VITALS}) == ([80.0], 1)
    for who, seen in ((cast.pia, 2), (cast.cleo, 2), (cast.dora, 1), (cast.rita, 0), (cast.paul, 0)):
        with acting_for(who.id):
            assert SnapshotVersion.objects.count() == seen


def test_facts_are_kept_beside_the_tiles(cast):
    pia = cast.pia_patient
    say(pia, 80.0, 1)
    with acting_on(pia.id):
        note_facts(pia.id, {Topic.VITALS}, now=DAY + timedelta(hours=2))
        assert Snapshot.objects.get().known_at == DAY + timedelta(hours=1)
        limit(pia)
        for _ in range(2):
            note_facts(pia.id, {Topic.VITALS}, now=DAY + timedelta(hours=3))
        Crossing.objects.all().delete()
        note_facts(pia.id, {Topic.VITALS}, now=DAY + timedelta(hours=6))
        found = [snapshot_as_known(pia, ALL, DAY + timedelta(hours=hour))[1] for hour in (2, 4, 7)]
    assert versions(pia) == [1, 3]
    assert [len(facts.limits) for facts in found] == [0, 1, 0]
    (only,) = found[1].limits
    assert (only.kind, only.basis, only.passed, only.limit) == ("weight", "threshold", True, 90.0)


def test_facts_of_a_topic_without_tiles_make_a_snapshot_and_none_make_none(cast):
    pia = cast.pia_patient
    with acting_on(pia.id):
        limit(pia, "ldl", Topic.RECORDS)
        note_facts(pia.id, {Topic.RECORDS, Topic.GENES}, now=DAY)
        assert [row.topic for row in Snapshot.objects.all()] == ["records"]
        assert snapshot_as_known(pia, ALL, DAY)[1] != Facts()


def test_trends_are_read_off_the_current_forecasts(cast):
    pia = cast.pia_patient
    band = {name: [80.0 + day for day in range(28)] for name in ("mean", "low95", "high95")}
    with acting_on(pia.id):
        Forecast.objects.create(
            patient=pia,
            kind="weight",
            topic="vitals",
            through=DAY.date(),
            made_at=DAY,
            model="m",
            version="1",
            last_value=80.0,
            low80=[70.0] * 28,
            high80=[90.0] * 28,
            **band,
        )
        say(pia, 80.0, 1)
        note_facts(pia.id, {Topic.VITALS}, now=DAY + timedelta(hours=1.5))
        (trend,) = snapshot_as_known(pia, ALL, DAY + timedelta(hours=2))[1].trends
    assert (trend.kind, trend.direction, trend.matters) == ("weight", "rising", True)
    assert (trend.first_week, trend.last_week) == (83.0, 104.0)


def test_versions_are_thinned_to_one_a_day_after_two_days_and_none_after_two_years(cast):
    pia = cast.pia_patient
    now = DAY + timedelta(days=5)
    hours = [1, 5, 23, 25, 26, 5 * 24 - 47, 5 * 24 - 30, 5 * 24 - 1]
    with acting_on(pia.id):
        for hour in [*hours, -24 * 732, -24 * 725]:
            for topic in (Topic.VITALS, Topic.GLUCOSE):
                SnapshotVersion.objects.create(
                    patient=pia, topic=topic, known_at=DAY + timedelta(hours=hour), said=b"x"
                )
    assert now - HOURLY_FOR == DAY + timedelta(hours=72)
    assert thin_versions(now=now) == 2 * 4
    for topic in ("vitals", "glucose"):
        assert versions(pia, topic=topic) == [-24 * 725, 23, 26, 73, 90, 119]
    assert thin_versions(now=now) == 0
    assert thin_versions(now=now + KEPT) == 2 * 6


def make_read(patient, *lines):
    row = make.make_upload(patient, "\n".join(["start,kind,value,unit,end,source", *lines]).encode())
    assert read_upload(row.id, now=timezone.now()) is not None


def test_rebuild_leaves_versions_as_they_are(cast):
    pia = cast.pia_patient
    line = "2026-03-01T08:00:00Z,weight,80,kg,,Scale"
    make_read(pia, line)
    say(pia, 1.0, 1, topic=Topic.RECORDS, kind="ldl")
    with acting_on(pia.id):
        (before,) = Snapshot.objects.filter(topic="vitals")
        digest_all(pia.id, now=before.known_at + timedelta(hours=3))
        assert [row.topic for row in Snapshot.objects.all()] == ["vitals"]
        assert SnapshotVersion.objects.values_list("topic", flat=True).get() == "records"
        assert Snapshot.objects.get().known_at == before.known_at


def test_snapshots_that_are_dropped_stay_as_versions_until_the_patient_goes(cast):
    pia = cast.pia_patient
    say(pia, 80.0, 1)
    say(pia, 81.0, 3)
    with acting_on(pia.id):
        drop_snapshots(pia.id, ALL, now=DAY + timedelta(hours=9))
        assert (Snapshot.objects.count(), SnapshotVersion.objects.count()) == (0, 2)
    for model in (SnapshotVersion, Baseline):
        assert model._meta.get_field("patient").remote_field.on_delete is CASCADE


def found(patient, hour=None):
    """The open warnings as they stand, or as they stood at that hour."""
    at = None if hour is None else DAY + timedelta(hours=hour)
    with acting_on(patient.id):
        rows = findings_of(patient, ALL, at)
    return [(row.title, row.severity, [one.value for one in row.systems]) for row in rows]


def settled(patient, severity, title, hour, *, cleared=()):
    at = DAY + timedelta(hours=hour)
    evidence = (Evidence("sbp", 190.0, "mm[Hg]", at), Evidence("spo2", 88.0, "%", at))
    holds = [
        Finding(
            "pressure",
            "",
            severity,
            Topic.VITALS,
            "high",
            title,
            "Look.",
            at,
            False,
            evidence,
            "A source",
            "none",
        )
    ]
    with acting_on(patient.id):
        lock(patient.id)
        evaluation = Evaluation([], cleared) if cleared else Evaluation(holds, [])
        settle(patient.id, evaluation, now=at)


def test_warnings_are_known_with_the_severity_that_they_had(cast):
    pia = cast.pia_patient
    settled(pia, Severity.CAUTION, "Pressure is high", 1)
    settled(pia, Severity.CRITICAL, "Pressure is very high", 3)
    systems = ["heart", "lungs"]
    assert found(pia) == found(pia, 4) == [("Pressure is very high", "critical", systems)]
    assert found(pia, 2) == [("An early warning that has changed since", "caution", systems)]
    assert found(pia, 0.5) == []
    with acting_on(pia.id):
        (only,) = open_alerts(pia.id)
    settled(pia, Severity.CRITICAL, "", 6, cleared=[(only, Clearing.RECOVERED)])
    assert found(pia) == found(pia, 6) == []
    assert found(pia, 5) == [("Pressure is very high", "critical", systems)]
    with acting_on(pia.id):
        assert [
            one.severity for one in snapshot_as_known(pia, ALL, DAY + timedelta(hours=5))[1].findings
        ] == ["critical"]
        assert findings_of(pia, {Topic.GLUCOSE}, DAY + timedelta(hours=5)) == ()


@pytest.mark.parametrize("kind", ["weight", "fev1"])
def test_pack_keeps_everything_but_what_is_behind_shown_decimals_of_past_days(kind):
    said = {"tiles": [tile(80.123456789, kind)], "facts": Facts().as_json()}
    found = unpack(pack(said))
    digits = {"weight": 80.12, "fev1": 80.123}[kind]
    assert found["tiles"] == [{**tile(80.123456789, kind), "sparkline": [["2026-11-19", digits]]}]
    assert found["facts"] == said["facts"]
