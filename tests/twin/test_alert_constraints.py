"""Each named constraint of alerts refuses what it names."""

from datetime import timedelta
from re import fullmatch

import pytest
from alerts import HOUR, NOON
from django.apps import apps
from django.db import IntegrityError, transaction

from backend.actor import acting_for_all
from twin.models import AlarmTest, Alert, AlertDelivery, AlertStep, Snooze

NAMES = {
    constraint.name
    for model in (Alert, AlertStep, AlertDelivery, Snooze, AlarmTest)
    for constraint in apps.get_model("twin", model.__name__)._meta.constraints
}


def alert(cast, **fields):
    given = {
        "patient": cast.pia_patient, "topic": "vitals", "rule": "bp", "severity": "urgent",
        "direction": "high", "data_at": NOON, "raised_at": NOON, "expires_at": NOON + timedelta(days=14),
    }  # fmt: skip
    return Alert.objects.create(**given | fields)


def step(cast, **fields):
    given = {"topic": "vitals", "step": "raised", "severity": "urgent", "at": NOON}
    AlertStep.objects.create(alert=alert(cast), patient=cast.pia_patient, **given | fields)


def delivery(cast, **fields):
    given = {"topic": "vitals", "recipient": cast.pia, "channel": "live", "round": 0, "due_at": NOON}
    given = {"alert": None} | given | fields
    given["alert"] = given["alert"] or alert(cast)
    AlertDelivery.objects.create(patient=cast.pia_patient, **given)
    return given["alert"]


def snooze(cast, **fields):
    given = {
        "topic": "vitals", "rule": "bp", "direction": "high", "severity": "urgent", "starts_at": NOON,
        "ends_at": NOON + HOUR,
    }  # fmt: skip
    Snooze.objects.create(patient=cast.pia_patient, person=cast.pia, **given | fields)


def over(cast, **fields):
    return alert(cast, **{"status": "resolved", "ended_at": NOON, "ending": "recovered"} | fields)


BREAKS = [
    ("alert_is_open_once_for_each_rule_and_key", lambda cast: (alert(cast), alert(cast))),
    ("alert_topic_is_known", lambda cast: alert(cast, topic="dreams")),
    ("alert_severity_is_known", lambda cast: alert(cast, severity="dire")),
    ("alert_direction_is_known", lambda cast: alert(cast, direction="up")),
    ("alert_status_is_known", lambda cast: alert(cast, status="lost")),
    (
        "alert_acknowledged_has_who_and_when",
        lambda cast: alert(cast, status="acknowledged", acknowledged_at=NOON),
    ),
    ("alert_waits_until_it_is_acknowledged", lambda cast: alert(cast, status="acknowledged")),
    (
        "alert_waits_until_it_is_acknowledged",
        lambda cast: alert(cast, status="escalated", acknowledged_at=NOON, acknowledged_by=cast.cleo),
    ),
    ("alert_that_is_over_says_when_and_why", lambda cast: alert(cast, status="resolved")),
    ("alert_that_is_over_says_when_and_why", lambda cast: over(cast, ending="bored")),
    ("alert_that_is_over_says_when_and_why", lambda cast: alert(cast, ended_at=NOON)),
    ("alert_handled_has_who_and_what_was_done", lambda cast: over(cast, ending="handled")),
    (
        "alert_handled_has_who_and_what_was_done",
        lambda cast: over(cast, ending="handled", ended_by=cast.cleo),
    ),
    ("alert_handled_has_who_and_what_was_done", lambda cast: over(cast, ended_by=cast.cleo)),
    ("alert_escalates_only_while_it_waits", lambda cast: over(cast, escalate_at=NOON)),
    ("alert_escalations_are_rounds", lambda cast: alert(cast, escalations=1)),
    ("alert_step_is_known", lambda cast: step(cast, step="lost")),
    ("alert_step_severity_is_known", lambda cast: step(cast, severity="dire")),
    ("alert_step_topic_is_known", lambda cast: step(cast, topic="dreams")),
    ("alert_step_of_a_person_has_actor", lambda cast: step(cast, step="acknowledged")),
    (
        "alert_delivery_is_one_for_each_person_channel_and_round",
        lambda cast: delivery(cast, alert=delivery(cast)),
    ),
    # Whatever says nothing of when it was given up is no status either; that one is looked at first.
    ("alert_delivery_(status_is_known|given_up)", lambda cast: delivery(cast, status="lost")),
    ("alert_delivery_sent_has_sent_at", lambda cast: delivery(cast, status="sent")),
    ("alert_delivery_sent_has_sent_at", lambda cast: delivery(cast, sent_at=NOON)),
    (
        "alert_delivery_given_up_says_when_and_why",
        lambda cast: delivery(cast, status="failed", given_up_at=NOON),
    ),
    ("alert_delivery_given_up_says_when_and_why", lambda cast: delivery(cast, reason="over")),
    (
        "alert_delivery_in_hand_is_waiting",
        lambda cast: delivery(cast, status="sent", sent_at=NOON, lease_token=cast.pia.id),
    ),
    ("alert_delivery_topic_is_known", lambda cast: delivery(cast, topic="dreams")),
    ("snooze_ends_after_its_start", lambda cast: snooze(cast, ends_at=NOON)),
    ("snooze_direction_is_known", lambda cast: snooze(cast, direction="up")),
    ("snooze_severity_is_known", lambda cast: snooze(cast, severity="dire")),
    ("snooze_topic_is_known", lambda cast: snooze(cast, topic="dreams")),
    (
        "alarm_test_without_fault_has_every_leg",
        lambda _: AlarmTest.objects.create(started_at=NOON, finished_at=NOON),
    ),
]


@pytest.mark.parametrize(("name", "breach"), BREAKS)
def test_constraint_refuses(cast, name, breach):
    with pytest.raises(IntegrityError, match=name), transaction.atomic(), acting_for_all():
        breach(cast)


def test_every_constraint_is_broken_by_a_row():
    tried = {name for name, _ in BREAKS}
    assert [name for name in NAMES if not any(fullmatch(f"{one}.*", name) for one in tried)] == []
