"""The page on which a link in mail is answered."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from reminding import Box, make_reminder

from backend.actor import acting_for_all
from reminders.answer_links import Answer, address
from reminders.dispatch import dispatch
from reminders.models import Delivery, Dose, DoseAnswer, Reminder


@pytest.fixture
def delivery(cast):
    now = timezone.now()
    make_reminder(cast.pia_patient, now, "Ramipril", "Metformin")
    dispatch({"email": Box()}, now=now)
    with acting_for_all():
        return Delivery.objects.get()


def link(delivery, answer=Answer.TAKEN, *, hours=1):
    whole = address(delivery.id, answer, until=timezone.now() + timedelta(hours=hours))
    return whole[whole.index("/reminders/") :]


def statuses():
    with acting_for_all():
        return sorted(Dose.objects.values_list("status", flat=True))


def test_link_alone_answers_nothing_and_its_button_everything_once(delivery):
    client, path = Client(), link(delivery)
    assert "Yes, taken" in client.get(path).content.decode()
    assert statuses() == ["due", "due"]
    assert "2 doses noted as taken" in client.post(path).content.decode()
    assert "Nothing left to say" in client.post(path).content.decode()
    assert statuses() == ["taken", "taken"]
    with acting_for_all():
        assert DoseAnswer.objects.count() == 2
        assert Reminder.objects.get().status == "answered"
        assert Delivery.objects.get().answered_at is not None


def test_skipped_is_an_answer_too(delivery):
    Client().post(link(delivery, Answer.SKIPPED))
    assert statuses() == ["skipped", "skipped"]


def test_forged_and_expired_links_answer_nothing(delivery):
    path = link(delivery)
    for wrong in (path[:-1] + ("a" if path[-1] != "a" else "b"), path.replace("answer/", "answer/x")):
        assert Client().post(wrong).status_code == 404
    assert Client().post(link(delivery, hours=-1)).status_code == 410
    assert statuses() == ["due", "due"]


def test_form_from_elsewhere_answers_nothing(delivery):
    assert Client(enforce_csrf_checks=True).post(link(delivery)).status_code == 403
    assert statuses() == ["due", "due"]


def test_page_names_no_medicine(delivery):
    assert "Ramipril" not in Client().get(link(delivery)).content.decode()
