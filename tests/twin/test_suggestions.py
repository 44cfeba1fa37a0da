"""Suggestions and early signs of a patient: out of stored data, who sees them, and what dismissing does."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from backend.actor import acting_for_all, acting_on
from backend.models import Change
from twin.intake.items import RecordType
from twin.kinds import KINDS
from twin.models import Concern, DaySummary, Record, Source, SuggestionDismissal
from twin.services.early_signs import early_signs_of
from twin.services.stale_warnings import mark_warnings_stale
from twin.services.warnings import check_patient

JSON = "application/json"
SELECTS = 12
"""Who asks and who may; then the patient, her clock, days, devices, records, sensor and dismissals."""


def today() -> date:
    """Pia's, in Berlin."""
    return timezone.now().astimezone(ZoneInfo("Europe/Berlin")).date()


def make_days(patient, kind, *values, first=1):
    """Days in a row, two readings each, the newest first and so many days ago."""
    with acting_for_all():
        source, _ = Source.objects.get_or_create(patient=patient, name="Cuff")
        DaySummary.objects.bulk_create(
            DaySummary(
                patient=patient,
                kind=kind,
                topic=KINDS[kind].topic,
                day=today() - timedelta(days=first + ago),
                value=value,
                minimum=value,
                maximum=value,
                count=2,
                sources=1,
                source_id=source.id,
            )
            for ago, value in enumerate(values)
        )


def make_condition(patient, text):
    with acting_for_all():
        Record.objects.create(
            patient=patient,
            topic="records",
            type=RecordType.CONDITION,
            identity=text,
            text=text,
            status="active",
            starts_at=timezone.now() - timedelta(days=900),
            body={},
            updated_at=timezone.now(),
        )


@pytest.fixture
def ask(cast, client_of):
    """A function: who, path below pia's suggestions, body → (status, JSON); without a body it reads."""

    def asking(who, path="", sent=None):
        url = f"/api/v1/patients/{cast.pia_patient.id}/suggestions{path}"
        client = client_of(who)
        answer = client.get(url) if sent is None else client.post(url, sent, content_type=JSON)
        return answer.status_code, answer.json()

    return asking


@pytest.fixture
def pressure(cast):
    """Pia's week of high blood pressure, and that she has diabetes and little movement."""
    make_days(cast.pia_patient, "sbp", *[138] * 7, first=0)
    make_days(cast.pia_patient, "dbp", *[87] * 7, first=0)
    make_days(cast.pia_patient, "exercise_minutes", *[12] * 20)
    make_days(cast.pia_patient, "hba1c", 6.9, first=400)
    make_condition(cast.pia_patient, "Type 2 diabetes mellitus")


def rules(answer):
    status, body = answer
    assert status == 200
    return [one["rule"] for one in body["results"]]


@pytest.mark.usefixtures("pressure")
def test_suggestions_are_made_of_the_patients_own_data(ask):
    status, body = ask("pia")
    assert (status, [one["rule"] for one in body["results"]]) == (200, ["pressure_activity", "hba1c_due"])
    assert body["caution"].startswith("These are suggestions")
    first = body["results"][0]
    assert first["because"] == (
        "Your mean blood pressure of the last week was 138/87 mmHg, 14 readings; you were active for 12 min "
        "a day in the last four weeks."
    )
    assert first["effect"] == {
        "text": "In 270 trials of exercise, aerobic training went with a systolic blood pressure lower by "
        "4.49 mmHg (no interval is given here).",
        "mean": -4.49,
        "low": None,
        "high": None,
        "unit": "mm[Hg]",
        "source": "Edwards JJ et al. Br J Sports Med 2023;57:1317 (270 trials)",
        "verification": "one source",
    }
    day = str(today())
    assert first["evidence"][0] == {
        "name": "Systolic blood pressure",
        "value": 138.0,
        "unit": "mm[Hg]",
        "on": day,
        "source": "Cuff",
    }
    assert body["results"][1]["effect"] is None
    assert body["results"][1]["evidence"][0]["value"] is True
    assert ask("pia") == (status, body)


@pytest.mark.usefixtures("pressure")
def test_others_see_those_of_the_same_that_look_at_what_is_shared(ask):
    assert rules(ask("pia")) == rules(ask("cleo")) == ["pressure_activity", "hba1c_due"]
    assert rules(ask("dora")) == ["pressure_activity"]
    assert ask("dora", "/hba1c_due/dismiss", {})[0] == 404
    assert rules(ask("pia")) == ["pressure_activity", "hba1c_due"]


@pytest.mark.usefixtures("pressure")
def test_dismissed_rule_stays_away_as_long_as_was_said_and_the_next_moves_up(ask, cast):
    status, body = ask("pia", "/pressure_activity/dismiss", {})
    until = timezone.now() + timedelta(days=30)
    assert (status, body["rule"]) == (200, "pressure_activity")
    assert abs(timezone.datetime.fromisoformat(body["until"]) - until) < timedelta(minutes=1)
    assert rules(ask("pia")) == ["pressure_diet", "activity_daily", "hba1c_due"]
    with acting_on(cast.pia_patient.id):
        row = SuggestionDismissal.objects.get()
        assert (row.topic, row.dismissed_by_id) == ("vitals", cast.pia.id)
        assert list(Change.objects.values_list("topic", "ref")) == [("vitals", "dismissal/pressure_activity")]
        row.dismissed_at, row.until = timezone.now() - timedelta(days=30), timezone.now()
        row.save()
    assert rules(ask("pia")) == ["pressure_activity", "hba1c_due"]


@pytest.mark.usefixtures("pressure")
def test_last_dismissal_of_a_rule_holds(ask, cast):
    assert ask("dora", "/pressure_activity/dismiss", {"days": None})[1]["until"] is None
    assert "pressure_activity" not in rules(ask("pia"))
    assert ask("pia", "/pressure_activity/dismiss", {"days": 1})[1]["until"] is not None
    with acting_on(cast.pia_patient.id):
        row = SuggestionDismissal.objects.get()
        assert (row.dismissed_by_id, row.until - row.dismissed_at) == (cast.pia.id, timedelta(days=1))


@pytest.mark.usefixtures("pressure")
def test_suggestion_goes_with_its_cause_and_a_dismissal_outlives_that(ask, cast):
    ask("pia", "/activity_daily/dismiss", {"days": 366})
    with acting_for_all():
        DaySummary.objects.filter(kind__in=["sbp", "exercise_minutes"]).delete()
    assert rules(ask("pia")) == ["hba1c_due"]
    make_days(cast.pia_patient, "exercise_minutes", *[12] * 20)
    assert rules(ask("pia")) == ["hba1c_due"]


@pytest.mark.parametrize("days", [0, 367, "soon"])
def test_dismissal_for_a_time_that_cannot_be_is_refused(ask, days):
    status, problem = ask("pia", "/activity_daily/dismiss", {"days": days})
    assert (status, [error["field"] for error in problem["errors"]]) == (400, ["days"])


def test_unknown_rule_is_not_there(ask):
    assert ask("pia", "/luck/dismiss", {})[0] == 404


def test_sync_tells_until_when_a_rule_is_dismissed(cast, ask, client_of):
    ask("pia", "/activity_daily/dismiss", {"days": None})
    query = {"patient": str(cast.pia_patient.id)}
    (change,) = client_of("pia").get("/api/v1/sync", query_params=query).json()["changes"]
    assert (change["type"], change["ref"]) == ("dismissal", "dismissal/activity_daily")
    assert (change["body"]["rule"], change["body"]["until"]) == ("activity_daily", None)


def test_sync_tells_nobody_of_a_dismissal_whose_records_she_may_not_read(cast, ask, client_of):
    ask("pia", "/hba1c_due/dismiss", {})
    ask("pia", "/glucose_lows_meter/dismiss", {})
    query = {"patient": str(cast.pia_patient.id)}
    told = {
        who: [one["ref"] for one in client_of(who).get("/api/v1/sync", query_params=query).json()["changes"]]
        for who in ("pia", "dora")
    }
    assert told == {
        "pia": ["dismissal/hba1c_due", "dismissal/glucose_lows_meter"],
        "dora": ["dismissal/glucose_lows_meter"],
    }


@pytest.mark.usefixtures("pressure")
def test_suggestions_take_as_many_queries_however_much_data(ask, cast):
    with CaptureQueriesContext(
        connection,
    ) as few:
        ask("pia")
    make_days(cast.pia_patient, "weight", *[90] * 300)
    make_condition(cast.pia_patient, "Hay fever")
    ask("pia", "/pressure_activity/dismiss", {})
    with CaptureQueriesContext(connection) as many:
        ask("pia")
    counts = [
        sum(query["sql"].lstrip().upper().startswith("SELECT") for query in found.captured_queries)
        for found in (few, many)
    ]
    assert counts == [SELECTS, SELECTS]


def signs_on_lists(patient):
    with acting_on(patient.id):
        return dict(Concern.objects.values_list("topic", "early_signs"))


def test_lists_name_early_signs_at_once_for_results_and_by_the_day_for_readings(cast):
    pia, now = cast.pia_patient, timezone.now()
    with acting_for_all():
        for topic in ("glucose", "vitals"):
            Concern.objects.create(patient=pia, part=topic, topic=topic, topics=[topic], rank=0, made_at=now)
    make_days(pia, "sbp", *[140] * 28, first=0)
    with acting_for_all():
        mark_warnings_stale([pia.id], due_at=now, arrived={"sbp": [0, 1]})
    assert check_patient(pia.id, now=now)
    assert signs_on_lists(pia) == {"glucose": [], "vitals": []}
    make_days(pia, "hba1c", 6.6)
    with acting_for_all():
        mark_warnings_stale([pia.id], due_at=now, arrived={"hba1c": [0, 1]})
    assert check_patient(pia.id, now=now)
    found = {"glucose": ["hba1c_diabetes_range"], "vitals": ["blood_pressure_above_target"]}
    assert signs_on_lists(pia) == found
    assert not check_patient(pia.id, now=now - timedelta(minutes=1))
    make_condition(pia, "Type 2 diabetes mellitus")
    with acting_for_all():
        mark_warnings_stale([pia.id], due_at=now)
    assert check_patient(pia.id, now=now)
    assert signs_on_lists(pia) == found | {"glucose": []}


def test_early_signs_are_found_in_stored_days_and_records(cast):
    now = timezone.now()
    make_days(cast.pia_patient, "hba1c", 6.6)
    for ago, value in ((0, 1.3), (40, 1.3), (100, 1.35)):
        make_days(cast.pia_patient, "creatinine", value, first=ago)
    with acting_on(cast.pia_patient.id):
        silent = early_signs_of(cast.pia_patient.id, now=now)
    assert [(sign.code, sign.is_silent) for sign in silent] == [
        ("hba1c_diabetes_range", True),
        ("egfr_below_60", True),
    ]
    make_condition(cast.pia_patient, "Type 2 diabetes mellitus")
    with acting_on(cast.pia_patient.id):
        known = early_signs_of(cast.pia_patient.id, now=now)
    assert [(sign.code, sign.is_silent) for sign in known] == [("egfr_below_60", False)]
