"""Plans that come with prescriptions in files."""

import json
from datetime import timedelta

import make
import pytest
from django.utils import timezone

from backend.access import access_patient
from backend.actor import acting_for, acting_for_all
from backend.rules import Need
from backend.services import NotPossible
from reminders.models import Dose, MedicationPlan
from reminders.queries import current_of
from reminders.services.plans import confirm_plan, end_plan
from twin.services.reading import read_upload

RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"


def prescription(text="1 tablet twice daily", *, days_ago=3, name="Ramipril", code="35296", id_="1", **given):
    authored = timezone.now() - timedelta(days=days_ago)
    coding = [{"system": RXNORM, "code": code}] if code else []
    return {
        "resourceType": "MedicationRequest",
        "id": id_,
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": {"text": name, "coding": coding},
        "subject": {"reference": "Patient/1"},
        "authoredOn": f"{authored:%Y-%m-%d}",
        "requester": {"display": "Dr Jonas Aldenhoven"},
        "dosageInstruction": [{"text": text}] if text else [],
    } | given


def hand_over(cast, *resources):
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": resource} for resource in resources],
    }
    upload = make.make_upload(cast.pia_patient, json.dumps(bundle).encode(), "bundle.json")
    read_upload(upload.id, now=timezone.now())
    with acting_for_all():
        plans = list(MedicationPlan.objects.filter(patient=cast.pia_patient).order_by("id"))
        return [(plan, current_of(plan)) for plan in plans]


def act(cast, service, **given):
    with acting_for(cast.pia.id):
        access = access_patient(cast.pia, cast.pia_patient.id, Need.ACT, what="plan")
        return service(access=access, now=timezone.now(), **given)


def count_doses(plan):
    with acting_for_all():
        return Dose.objects.filter(plan=plan).count()


def test_fresh_prescription_that_is_understood_has_doses(cast):
    ((plan, says),) = hand_over(cast, prescription())
    assert (plan.origin, plan.status, plan.confirmed_at) == ("record", "active", None)
    assert (says.medicine, says.amount, says.unit, says.prescriber) == (
        "Ramipril", 1, "tablet", "Dr Jonas Aldenhoven",
    )  # fmt: skip
    assert says.dosage_text == "1 tablet twice daily"
    assert count_doses(plan) >= 5


def test_words_that_nobody_understands_wait_for_a_person(cast):
    ((plan, says),) = hand_over(cast, prescription("as your doctor told you"))
    assert (plan.status, says.timing, says.dosage_text) == ("waiting", None, "as your doctor told you")
    assert count_doses(plan) == 0
    with pytest.raises(NotPossible) as error:
        act(cast, confirm_plan, plan_id=plan.id, override="")
    assert error.value.field == "timing"


def test_prescription_without_words_waits_too(cast):
    ((plan, says),) = hand_over(cast, prescription(""))
    assert (plan.status, says.timing) == ("waiting", None)


def test_old_prescription_waits_until_somebody_says_that_it_still_holds(cast):
    ((plan, says),) = hand_over(cast, prescription(days_ago=400))
    assert (plan.status, says.timing is not None) == ("waiting", True)
    for _ in range(2):
        plan = act(cast, confirm_plan, plan_id=plan.id, override="")
    assert (plan.status, plan.confirmed_by) == ("active", cast.pia)
    assert count_doses(plan) >= 5


def test_what_something_speaks_against_waits_and_wants_a_reason(cast):
    allergy = {
        "resourceType": "AllergyIntolerance",
        "id": "2",
        "code": {"text": "Penicillin"},
        "patient": {"reference": "Patient/1"},
    }
    hand_over(cast, allergy)
    ((plan, says),) = hand_over(cast, prescription(name="Amoxicillin", code="723"))
    assert (plan.status, [one["check"] for one in says.findings]) == ("waiting", ["allergies"])
    with pytest.raises(NotPossible) as error:
        act(cast, confirm_plan, plan_id=plan.id, override="")
    assert error.value.field == "override"
    assert act(cast, confirm_plan, plan_id=plan.id, override="Tolerated in 2024.").status == "active"


@pytest.mark.parametrize(
    "given",
    [
        {"status": "stopped"},
        {"status": "entered-in-error"},
        {"text": "1 tablet twice daily for 7 days", "days_ago": 30},
    ],
)
def test_prescription_that_is_over_makes_no_plan(cast, given):
    assert hand_over(cast, prescription(**given)) == []


def test_same_medicine_again_makes_no_second_plan_and_an_ended_one_stays_ended(cast):
    renewed = prescription(id_="2", days_ago=1)
    ((plan, says),) = hand_over(cast, prescription(days_ago=60), renewed)
    assert says.starts_on == timezone.now().date() - timedelta(days=1)
    act(cast, end_plan, plan_id=plan.id, why="Cough")
    assert [one.status for one, _ in hand_over(cast, prescription(days_ago=60), renewed)] == ["ended"]
