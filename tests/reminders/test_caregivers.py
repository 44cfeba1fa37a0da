"""Caregivers: who is told of what, as the patient agreed, and who takes care of it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import make
import pytest
from django.http import Http404
from reminding import Box, make_plan, make_reminder

from backend.access import access_patient
from backend.actor import acting_for, acting_for_all
from backend.models import CareGrant
from backend.rules import Level, Need, Topic
from reminders.dispatch import dispatch
from reminders.models import Dose, MedicationPlan, Reminder, StockEntry
from reminders.services.caregivers import agree, caregivers_of, disagree, take_care
from reminders.services.planning import plan_on

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def as_pia(cast, service, **given):
    with acting_for(cast.pia.id):
        access = access_patient(cast.pia, cast.pia_patient.id, Need.SHARE, what="caregivers")
        return service(access=access, now=NOW, **given)


@pytest.fixture
def helpers(cast):
    people = make.make_users("elena", "felix")
    for person in people:
        grant = {"person": person, "topics": {Topic.MEDICATION: Level.READ}, "starts_at": NOW - DAY}
        make.make_grant(cast.pia_patient, **grant)
    return people


def names(caregivers):
    return [(one.person.name, one.agreed_at) for one in caregivers]


def test_patient_agrees_to_who_is_told_and_takes_it_back(cast, helpers):
    elena, _ = helpers
    assert names(as_pia(cast, caregivers_of)) == [("Elena", None), ("Felix", None)]
    for _ in range(2):
        found = as_pia(cast, agree, person_id=elena.id)
    assert names(found) == [("Elena", NOW), ("Felix", None)]
    assert names(as_pia(cast, disagree, person_id=elena.id)) == [("Elena", None), ("Felix", None)]
    with pytest.raises(Http404):
        as_pia(cast, agree, person_id=cast.dora.id)


def test_one_takes_care_and_the_others_see_it_and_are_told_no_more(cast, helpers):
    elena, felix = helpers
    for person in helpers:
        as_pia(cast, agree, person_id=person.id)
    reminder = make_reminder(cast.pia_patient, NOW, kind="missed_critical", key="one", is_critical=True)
    box = Box()
    dispatch({"live": box}, now=NOW)
    assert {one.person for one in box.messages} == {elena.id, felix.id}
    for person in (elena, felix):
        with acting_for(person.id):
            found = take_care(person=person, reminder_id=reminder.id, now=NOW + DAY / 24)
        assert (found.taken_care_by, found.status) == (elena, "answered")
    with acting_for(cast.dora.id), pytest.raises(Http404):
        take_care(person=cast.dora, reminder_id=reminder.id, now=NOW)
    assert dispatch({"live": box}, now=NOW + DAY / 12) == 0


def test_who_may_not_read_medication_any_more_takes_care_of_nothing(cast, helpers):
    elena, _ = helpers
    as_pia(cast, agree, person_id=elena.id)
    reminder = make_reminder(cast.pia_patient, NOW, kind="missed_critical", key="one")
    dispatch({"live": Box()}, now=NOW)
    with acting_for_all():
        CareGrant.objects.filter(person=elena).update(revoked_at=NOW, revoked_by=cast.pia)
    with acting_for(elena.id), pytest.raises(Http404):
        take_care(person=elena, reminder_id=reminder.id, now=NOW)


def test_low_stock_is_told_once_until_more_is_fetched(cast):
    plan = make_plan(cast.pia_patient, now=NOW)
    with acting_for_all():
        MedicationPlan.objects.update(refill_below=Decimal(5))

    def fetch(amount, at):
        with acting_for_all():
            StockEntry.objects.create(
                patient=cast.pia_patient, plan=plan, move="count", amount=amount, at=at,
                recorded_by=cast.pia, recorded_at=at,
            )  # fmt: skip

    def told(now):
        plan_on(cast.pia_patient.id, now=now)
        with acting_for_all():
            return Reminder.objects.filter(kind="low_stock").count()

    fetch(6, NOW)
    assert told(NOW) == 0
    fetch(4, NOW + DAY)
    assert [told(NOW + DAY), told(NOW + 2 * DAY)] == [1, 1]
    fetch(30, NOW + 3 * DAY)
    fetch(3, NOW + 4 * DAY)
    assert told(NOW + 4 * DAY) == 2
    with acting_for_all():
        assert Dose.objects.exists()
