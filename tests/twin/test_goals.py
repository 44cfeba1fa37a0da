"""Goals and clinicians' limits: who sets, agrees to and ends them, and what follows."""

from datetime import date, timedelta

import make
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from forecasts import make_days, stale

from backend.actor import acting_for_all, acting_on
from backend.models import AuditEvent, Change
from backend.rules import Level, Topic
from twin.models import Goal, Threshold
from twin.services.forecasts import SETTLE, refresh_forecasts

JSON = "application/json"
SELECTS = 8
"""For a page of goals: who asks and who may, the goals, their days, and where their models stand."""
WEIGHT = {"kind": "weight", "direction": "at_most", "target": 75}


@pytest.fixture
def ask(cast, client_of):
    """A function: who, method, path below pia, body → (status, JSON)."""

    def asking(who, method, path, sent=None):
        body = {} if sent is None else {"data": sent, "content_type": JSON}
        url = f"/api/v1/patients/{cast.pia_patient.id}/{path}"
        answer = getattr(client_of(who), method)(url, **body)
        return answer.status_code, answer.json() if answer.content else None

    return asking


def today() -> date:
    """Pia's, in Berlin."""
    from zoneinfo import ZoneInfo

    return timezone.now().astimezone(ZoneInfo("Europe/Berlin")).date()


def refs(patient) -> list[str]:
    with acting_on(patient.id):
        return list(Change.objects.order_by("seq").values_list("ref", flat=True))


def test_goal_is_kept_in_the_kinds_unit_from_today_and_where_it_stood(cast, ask):
    make_days(cast.pia_patient, "weight", 9, last=today() - timedelta(days=1))
    sent = WEIGHT | {"target": 165.3, "unit": "lb", "by_day": str(today() + timedelta(days=30))}
    status, goal = ask("pia", "post", "goals", sent)
    assert status == 201
    assert (goal["unit"], goal["title"], goal["set_by"]) == ("kg", "Weight", "Pia")
    assert goal["target"] == pytest.approx(74.98, abs=0.01)
    assert (goal["starts_on"], goal["agreed_at"], goal["ended_at"]) == (str(today()), None, None)
    assert goal["start_value"] == goal["progress"]["value_now"] > 100
    assert stale(cast.pia_patient).keys() == {"weight"}
    assert refs(cast.pia_patient) == [f"goal/{goal['id']}"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"kind": "luck"}, "kind"),
        ({"target": 900}, "target"),
        ({"unit": "mmol/L"}, "unit"),
        ({"by_day": "2020-01-01"}, "by_day"),
        ({"by_day": str(today())}, "by_day"),
    ],
)
def test_goal_that_cannot_be_is_refused(ask, wrong, field):
    status, problem = ask("pia", "post", "goals", WEIGHT | wrong)
    assert status == 422
    assert [error["field"] for error in problem["errors"]] == [field]
    assert ask("pia", "get", "goals")[1]["results"] == []


def test_goal_takes_the_place_of_the_kinds_last_one(cast, ask):
    first = ask("pia", "post", "goals", WEIGHT)[1]
    other = ask("pia", "post", "goals", WEIGHT | {"kind": "steps", "target": 8_000, "direction": "at_least"})[
        1
    ]
    second = ask("dora", "post", "goals", WEIGHT | {"target": 74})[1]
    found = ask("cleo", "get", "goals")[1]["results"]
    assert [goal["id"] for goal in found] == [second["id"], other["id"], first["id"]]
    assert [goal["ended_at"] is None for goal in found] == [True, True, False]
    assert [goal["progress"] is None for goal in found] == [False, False, True]
    assert found[0]["set_by"] == "Dora"
    assert refs(cast.pia_patient)[-2:] == [f"goal/{first['id']}", f"goal/{second['id']}"]


def test_goal_is_agreed_by_a_clinician_alone_and_once(cast, ask):
    goal = ask("pia", "post", "goals", WEIGHT)[1]
    for who in ("pia", "dora"):
        status, problem = ask(who, "post", f"goals/{goal['id']}/agree")
        assert (status, problem["errors"][0]["message"]) == (422, "Only a clinician agrees to a goal.")
    status, agreed = ask("cleo", "post", f"goals/{goal['id']}/agree")
    assert (status, agreed["agreed_by"]) == (200, "Cleo")
    assert ask("cleo", "post", f"goals/{goal['id']}/agree")[1]["agreed_at"] == agreed["agreed_at"]
    assert refs(cast.pia_patient) == [f"goal/{goal['id']}"] * 2
    assert ask("cleo", "post", "goals", WEIGHT)[0] == 422
    assert ask("cleo", "post", f"goals/{goal['id']}/end")[1]["ended_at"] is not None
    assert ask("cleo", "post", f"goals/{goal['id']}/agree")[0] == 422


def test_goal_ended_twice_ended_once(cast, ask):
    goal = ask("pia", "post", "goals", WEIGHT)[1]
    ended = ask("cleo", "post", f"goals/{goal['id']}/end")[1]
    assert ask("pia", "post", f"goals/{goal['id']}/end")[1]["ended_at"] == ended["ended_at"]
    assert len(refs(cast.pia_patient)) == 2
    with acting_for_all():
        assert Goal.objects.get().ended_by == cast.cleo


def test_goal_of_a_topic_that_is_not_shared_is_not_there(cast, ask):
    goal = ask("pia", "post", "goals", {"kind": "hba1c", "direction": "at_most", "target": 6.5})[1]
    assert goal["progress"]["reason"] == "There is no value of the last 28 days."
    for path in ("agree", "end"):
        assert ask("cleo", "post", f"goals/{goal['id']}/{path}")[0] == 404  # reads glucose, may not act
    other = ask("pia", "post", "goals", {"kind": "egfr", "direction": "at_least", "target": 60})[1]
    shown = {who: {row["id"] for row in ask(who, "get", "goals")[1]["results"]} for who in ("dora", "cleo")}
    assert shown == {"dora": {goal["id"]}, "cleo": {goal["id"], other["id"]}}


def test_goals_progress_leans_on_days_and_forecast(cast, ask):
    make_days(cast.pia_patient, "weight", 60, last=today() - timedelta(days=1))
    now = WEIGHT | {"target": 112, "by_day": str(today() + timedelta(days=20))}
    progress = ask("pia", "post", "goals", now)[1]["progress"]
    assert (progress["reached"], progress["reason"], progress["probability"]) == (
        True,
        "It stands reached.",
        1.0,
    )
    progress = ask("pia", "post", "goals", now | {"target": 107})[1]["progress"]
    assert progress["reason"] == ""
    assert 0 <= progress["probability"] < 0.2
    assert progress["needed_per_week"] < 0
    # The same before and after the forecast is stored.
    assert refresh_forecasts(cast.pia_patient.id, now=timezone.now() + SETTLE) == 1
    assert ask("pia", "get", "goals")[1]["results"][0]["progress"] == progress


@pytest.mark.parametrize("kinds", [["weight"], ["weight", "steps", "sbp", "hba1c"]])
def test_goals_cost_the_same_number_of_queries_however_many_there_are(cast, ask, client_of, kinds):
    for code in kinds:
        make_days(cast.pia_patient, code, 30, last=today() - timedelta(days=1))
        target = {"hba1c": 6.0, "steps": 9_000}.get(code, 70)
        assert ask("pia", "post", "goals", {"kind": code, "direction": "at_most", "target": target})[0] == 201
    client = client_of("pia")
    with CaptureQueriesContext(connection) as queries:
        assert len(client.get("/api/v1/patients/me/goals").json()["results"]) == len(kinds)
    statements = [one["sql"].lstrip() for one in queries.captured_queries]
    selects = [one for one in statements if one.startswith("SELECT") and "current_setting" not in one]
    assert len(selects) == SELECTS


def test_threshold_is_set_by_a_clinician_in_any_unit_and_its_history_is_kept(cast, ask):
    status, first = ask("cleo", "post", "thresholds", {"kind": "temperature", "high": 100.4, "unit": "degF"})
    assert status == 201
    assert (first["unit"], first["high"], first["low"]) == ("Cel", pytest.approx(38), None)
    second = ask(
        "cleo", "post", "thresholds", {"kind": "temperature", "low": 35, "high": 38.5, "reason": "Chemo"}
    )[1]
    found = ask("pia", "get", "thresholds")[1]["results"]
    assert [(row["id"], row["reason"], row["ended_at"] is None) for row in found] == [
        (second["id"], "Chemo", True),
        (first["id"], "", False),
    ]
    assert refs(cast.pia_patient) == [
        f"threshold/{first['id']}",
        f"threshold/{first['id']}",
        f"threshold/{second['id']}",
    ]
    assert stale(cast.pia_patient).keys() == {"temperature"}
    ended = ask("cleo", "post", f"thresholds/{second['id']}/end")[1]["ended_at"]
    assert ask("cleo", "post", f"thresholds/{second['id']}/end")[1]["ended_at"] == ended
    with acting_for_all():
        assert Threshold.objects.filter(ended_by=cast.cleo).count() == 2
        audited = AuditEvent.objects.filter(patient=cast.pia_patient, what="thresholds", action="act")
        assert {event.actor for event in audited} == {cast.cleo}


@pytest.mark.parametrize("who", ["pia", "dora"])
def test_threshold_is_nobody_elses_to_set_or_end_and_the_answer_says_why(cast, ask, who):
    limits = ask("cleo", "post", "thresholds", {"kind": "weight", "high": 90})[1]
    for path, sent in (
        ("thresholds", {"kind": "weight", "high": 80}),
        (f"thresholds/{limits['id']}/end", None),
    ):
        status, problem = ask(who, "post", path, sent)
        assert (status, problem["errors"][0]["field"]) == (422, "role")
        assert problem["errors"][0]["message"] == "Only a clinician sets and ends limits."
    assert [row["ended_at"] for row in ask(who, "get", "thresholds")[1]["results"]] == [None]


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"kind": "weight"}, "high"),
        ({"kind": "weight", "low": 80, "high": 80}, "high"),
        ({"kind": "weight", "low": 0}, "low"),
        ({"kind": "weight", "high": 82, "unit": "bpm"}, "unit"),
        ({"kind": "luck", "high": 82}, "kind"),
    ],
)
def test_threshold_that_cannot_be_is_refused(ask, sent, field):
    status, problem = ask("cleo", "post", "thresholds", sent)
    assert (status, [error["field"] for error in problem["errors"]]) == (422, [field])


def test_threshold_of_a_topic_in_which_the_clinician_may_not_act_is_not_there(cast, ask):
    assert ask("cleo", "post", "thresholds", {"kind": "glucose", "high": 180})[0] == 404
    make.make_grant(cast.pia_patient, person=cast.carl, topics={Topic.GLUCOSE: Level.ACT})
    limits = ask("carl", "post", "thresholds", {"kind": "glucose", "high": 180})[1]
    assert ask("cleo", "post", f"thresholds/{limits['id']}/end")[0] == 404
    assert ask("carl", "post", f"thresholds/{limits['id']}/end")[0] == 200


def test_goals_limits_and_events_go_to_a_phones_copy(cast, ask, client_of):
    goal = ask("pia", "post", "goals", WEIGHT)[1]
    limits = ask("cleo", "post", "thresholds", {"kind": "weight", "high": 90})[1]
    event = ask("pia", "post", "events", {"type": "travel", "starts_on": "2026-03-01"})[1]
    changes = client_of("pia").get("/api/v1/sync", {"patient": "me", "cursor": ""}).json()["changes"]
    bodies = {change["ref"]: change["body"] for change in changes}
    assert bodies[f"goal/{goal['id']}"] == goal
    assert bodies[f"threshold/{limits['id']}"] == limits
    assert bodies[f"event/{event['id']}"] == event
    ask("pia", "delete", f"events/{event['id']}")
    changes = client_of("pia").get("/api/v1/sync", {"patient": "me", "cursor": ""}).json()["changes"]
    assert {change["ref"]: change["op"] for change in changes}[f"event/{event['id']}"] == "delete"
