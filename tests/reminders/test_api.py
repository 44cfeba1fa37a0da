"""Plans, doses and reminders over the API."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from reminding import Box, make_reminder

from backend.actor import acting_for, acting_for_all
from backend.identifiers import new_id
from reminders.dispatch import dispatch
from reminders.models import Delivery, Dose, Reminder
from reminders.offers import reminder_displayed
from reminders.services.doses import mark_missed

ME = "/api/v1/patients/me"
JSON = "application/json"
HOURLY = {"code": "Q4H"}
DOSE_QUERIES = 6
"""Of a day's doses, beyond those of the session."""


@pytest.fixture
def pia(client_of):
    return client_of("pia")


def plan(client, medicine="Ramipril", **given):
    says = {"medicine": medicine, "starts_on": f"{timezone.now():%Y-%m-%d}", "timing": HOURLY, "amount": 1}
    answer = client.post(f"{ME}/plans", says | given, content_type=JSON)
    assert answer.status_code == 201, answer.content
    return answer.json()


def fields(refusal):
    return [one["field"] for one in refusal.json()["errors"]]


def all_doses(client):
    first, last = (timezone.now() + timedelta(days=days) for days in (-1, 3))
    span = {"since": f"{first:%Y-%m-%d}", "until": f"{last:%Y-%m-%d}"}
    return client.get(f"{ME}/doses", span).json()["doses"]


def test_plan_is_made_looked_at_changed_and_ended(pia):
    made = plan(pia, codes=[{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "35296"}])
    assert (made["status"], made["origin"], made["now"]["medicine"]) == ("active", "own", "Ramipril")
    assert made["now"]["amount"] == 1
    one = f"{ME}/plans/{made['id']}"
    says = {**made["now"], "number": 1, "amount": 2}
    changed = pia.put(one, says, content_type=JSON).json()
    assert [(version["number"], version["amount"]) for version in changed["versions"]] == [(2, 2), (1, 1)]
    ended = pia.post(f"{one}/end", {"why": "Cough"}, content_type=JSON).json()
    assert (ended["status"], ended["ending"], ended["ended_by"]) == ("ended", "Cough", "Pia")
    assert [row["id"] for row in pia.get(f"{ME}/plans").json()["results"]] == [made["id"]]


def test_plan_that_cannot_be_is_refused_by_field(pia):
    says = {"medicine": "Iron", "starts_on": f"{timezone.now():%Y-%m-%d}"}
    every_zero_hours = {"repeat": {"frequency": 1, "period": 0, "periodUnit": "h"}}
    answer = pia.post(f"{ME}/plans", says | {"timing": every_zero_hours}, content_type=JSON)
    assert answer.status_code == 422
    assert fields(answer) == ["timing.repeat.period"]


def test_preview_has_the_week(pia):
    says = {"medicine": "Iron", "starts_on": f"{timezone.now():%Y-%m-%d}", "timing": HOURLY, "days": 7}
    found = pia.post(f"{ME}/plans/preview", says, content_type=JSON).json()
    assert len(found) == 42
    assert found[0]["local"] < found[-1]["local"]
    too_many = pia.post(f"{ME}/plans/preview", says | {"days": 1_000_000}, content_type=JSON)
    assert (too_many.status_code, fields(too_many)) == (422, ["days"])


def test_stock_says_how_long_it_lasts(pia):
    made = plan(pia, refill_below=None)
    filled = pia.post(
        f"{ME}/plans/{made['id']}/stock", {"move": "fill", "amount": 12, "days": 2}, content_type=JSON
    ).json()
    assert filled["stock"]["usable"] == 12
    runs_out = filled["stock"]["by_plan"]["on"]
    assert timedelta(days=1) <= timezone.datetime.fromisoformat(runs_out).date() - timezone.now().date()


def test_doses_are_answered_together_and_again_is_known(pia):
    plan(pia)
    first, second, *_ = all_doses(pia)
    now = timezone.now().isoformat()
    said = [
        {"key": str(new_id()), "dose": first["id"], "status": "taken", "taken_at": now, "said_at": now},
        {"key": str(new_id()), "dose": second["id"], "status": "skipped", "reason": "Nausea", "said_at": now},
    ]
    for _ in range(2):
        answer = pia.post(f"{ME}/doses/answers", {"answers": said}, content_type=JSON)
        assert answer.status_code == 200, answer.content
    assert [one["dose"]["status"] for one in answer.json()] == ["taken", "skipped"]
    detail = pia.get(f"{ME}/doses/{second['id']}").json()
    assert [(one["status"], one["reason"], one["said_by"]) for one in detail["answers"]] == [
        ("skipped", "Nausea", "Pia")
    ]
    assert detail["advice"] is None


def test_late_dose_comes_with_what_is_known_about_it(pia):
    made = plan(pia)
    with acting_for_all():
        dose = Dose.objects.filter(plan=made["id"]).order_by("due_at").first()
        Dose.objects.filter(id=dose.id).update(due_at=timezone.now() - timedelta(hours=1))
    advice = pia.get(f"{ME}/doses/{dose.id}").json()["advice"]
    assert advice["advice"] in {"take", "skip", "ask"}
    assert advice["caution"]


def test_a_days_doses_take_few_queries_however_many_they_are(pia):
    def queries():
        with CaptureQueriesContext(connection) as found:
            pia.get(f"{ME}/doses")
        return [one["sql"] for one in found if "SAVEPOINT" not in one["sql"]]

    plan(pia)
    few = queries()
    for number in range(4):
        plan(pia, f"Medicine {number}")
    many = queries()
    assert len(few) == len(many) <= DOSE_QUERIES


def test_adherence_counts_what_is_over(pia):
    made = plan(pia)
    with acting_for_all():
        doses = list(Dose.objects.filter(plan=made["id"]).order_by("due_at"))
        late = timezone.now() - timedelta(hours=6)
        Dose.objects.filter(id=doses[0].id).update(due_at=late, missed_after=late)
    mark_missed(now=timezone.now(), limit=9)
    report = pia.get(f"{ME}/adherence", {"weeks": 1}).json()
    assert (report["overall"]["due"], report["overall"]["missed"], report["overall"]["share"]) == (1, 1, 0)
    assert [(one["medicine"], one["pdc"]) for one in report["plans"]] == [("Ramipril", None)]


def test_what_nobody_was_reminded_of_in_time_is_said(pia, cast):
    plan(pia)
    now = timezone.now()
    with acting_for_all():
        Reminder.objects.filter(patient=cast.pia_patient).update(
            status="too_late", ended_at=now, due_at=None, at=now, too_late_at=now
        )
    found = pia.get(f"{ME}/reminders/unheard").json()
    assert {one["status"] for one in found} == {"too_late"}


def test_phone_gets_plans_and_doses_with_its_sync(pia, cast):
    made = plan(pia)
    page = pia.get("/api/v1/sync", {"patient": "me", "after": 0}).json()
    refs = {one["ref"].split("/")[0] for one in page["changes"]}
    assert {"plan", "dose"} <= refs
    bodies = {one["ref"]: one["body"] for one in page["changes"] if one["ref"] == f"plan/{made['id']}"}
    assert [one["now"]["medicine"] for one in bodies.values()] == ["Ramipril"]


def test_routine_moves_doses_at_meals(pia):
    made = plan(pia, timing={"repeat": {"frequency": 1, "period": 1, "periodUnit": "d", "when": ["CM"]}})
    day = {"wake": "05:00", "breakfast": "05:30", "lunch": "12:00", "dinner": "18:00", "bed": "21:00"}
    assert pia.put(f"{ME}/routine", day, content_type=JSON).json() == day
    assert {one["slot"][11:] for one in all_doses(pia) if one["plan"] == made["id"]} == {"05:30"}
    wrong = pia.put(f"{ME}/routine", day | {"lunch": "04:00"}, content_type=JSON)
    assert wrong.status_code == 422


def test_preferences_are_kept_and_half_of_quiet_hours_refused(pia):
    usual = pia.get("/api/v1/reminders/preferences").json()
    assert usual["channels"] == ["live", "web_push", "push_gateway", "email"]
    given = usual | {"channels": ["email"], "quiet_from": "22:00", "quiet_until": "07:00"}
    assert pia.put("/api/v1/reminders/preferences", given, content_type=JSON).json() == given
    assert pia.get("/api/v1/reminders/preferences").json() == given
    for wrong, status in (
        ({"quiet_until": None}, 422),
        ({"channels": ["email", "email"]}, 422),
        ({"time_zone": "Europe/Atlantis"}, 400),
    ):
        answer = pia.put("/api/v1/reminders/preferences", given | wrong, content_type=JSON)
        assert (answer.status_code, fields(answer)) == (status, [next(iter(wrong))])


def test_open_page_tells_what_it_has_shown(cast):
    now = timezone.now()
    reminder = make_reminder(cast.pia_patient, now)
    dispatch({"live": Box()}, now=now)
    with acting_for(cast.paul.id):
        assert not reminder_displayed(cast.paul, reminder.id, now)
    with acting_for(cast.pia.id):
        assert reminder_displayed(cast.pia, reminder.id, now)
    with acting_for_all():
        assert Delivery.objects.get(reminder=reminder).displayed_at == now
