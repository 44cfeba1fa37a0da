"""The explanation of a kind at the edge: what is read for it, and who gets word of which event."""

from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from backend.actor import acting_for_all
from backend.rules import Topic
from twin.kinds import KINDS
from twin.models import DaySummary, Event, EventType, Source

PATH = "/api/v1/patients/me/forecasts/{}/explanation"


def today():
    return timezone.now().date()


def make_values(patient, values, kind="sbp"):
    """Day summaries up to today."""
    with acting_for_all():
        source = Source.objects.create(patient=patient, name="Cuff")
        DaySummary.objects.bulk_create(
            DaySummary(
                patient=patient,
                kind=kind,
                topic=KINDS[kind].topic,
                day=today() - timedelta(days=back),
                value=value,
                minimum=value,
                maximum=value,
                count=1,
                sources=1,
                source_id=source.id,
            )
            for back, value in enumerate(reversed(values))
        )


def make_event(patient, days_ago, type_=EventType.MEDICINE_STARTED, topic=Topic.MEDICATION, **fields):
    with acting_for_all():
        return Event.objects.create(
            patient=patient,
            topic=topic,
            type=type_,
            starts_on=today() - timedelta(days=days_ago),
            entered_by=patient.user,
            entered_at=timezone.now(),
            **fields,
        )


def stepped(count=200, at=45):
    pressure = 145 + np.random.default_rng(1).normal(0, 5, count)
    pressure[-at:] -= 10
    return pressure.tolist()


def test_explanation_tells_of_days_events_and_what_would_follow(client_of, cast):
    make_values(cast.pia_patient, stepped())
    event = make_event(cast.pia_patient, 44, text="Ramipril")
    said = client_of("pia").get(PATH.format("sbp"), {"days": 60}).json()
    assert (said["kind"], said["title"], said["unit"], said["model"]) == (
        *("sbp", "Systolic blood pressure", "mm[Hg]"),
        "prophet",
    )
    assert len(said["days"]) == len(said["trend"]) == len(said["fitted"]) == 60
    assert said["days"][-1] == today().isoformat()
    assert said["ahead"]["days"][0] == (today() + timedelta(days=1)).isoformat()
    assert {len(column) for column in said["ahead"].values()} == {28}
    (effect,) = said["events"]
    assert (effect["id"], effect["type"], effect["text"]) == (str(event.id), "medicine_started", "Ramipril")
    assert effect["low"] < -10 < effect["high"] < 0
    assert any("Ramipril" in told for told in said["sentences"])
    assert said["weekly"] is None
    assert said["slope"]["low"] <= said["slope"]["value"] <= said["slope"]["high"]


def test_explanation_has_no_word_of_events_that_the_reader_may_not_read(client_of, cast):
    make_values(cast.pia_patient, stepped())
    make_event(cast.pia_patient, 44, text="Ramipril")
    path = f"/api/v1/patients/{cast.pia_patient.id}/forecasts/sbp/explanation"
    to_daughter = client_of("dora").get(path)
    assert to_daughter.json()["events"] == []
    assert b"Ramipril" not in to_daughter.content
    assert [event["text"] for event in client_of("cleo").get(path).json()["events"]] == ["Ramipril"]


def test_explanation_of_too_few_days_says_how_many_more(client_of, cast):
    make_values(cast.pia_patient, stepped(5))
    assert client_of("pia").get(PATH.format("sbp")).json() == {
        "more_days": 9,
        "reason": "5 days with a value in the last 365: an explanation needs 14.",
    }


@pytest.mark.parametrize(("kind", "status"), [("sbp", 200), ("height", 404), ("nonsense", 404)])
def test_explanation_is_there_for_kinds_that_are_forecast(client_of, cast, kind, status):
    assert client_of("pia").get(PATH.format(kind)).status_code == status


def test_explanation_of_a_kind_of_a_hidden_topic_is_not_there(client_of, cast):
    path = "/api/v1/patients/{}/forecasts/{}/explanation"
    answers = [client_of("rita").get(path.format(cast.pia_patient.id, kind)) for kind in ("sbp", "glucose")]
    assert [answer.status_code for answer in answers] == [404, 404]


@pytest.mark.parametrize("days", [27, 91, "all"])
def test_explanation_of_days_out_of_bounds_is_refused(client_of, cast, days):
    assert client_of("pia").get(PATH.format("sbp"), {"days": days}).status_code == 400


def test_explanation_asks_the_same_few_questions_however_much_there_is(
    client_of, cast, django_assert_max_num_queries
):
    make_values(cast.pia_patient, stepped())
    for days_ago in (20, 40, 60):
        make_event(cast.pia_patient, days_ago)
    client = client_of("pia")
    client.get(PATH.format("sbp"))
    with django_assert_max_num_queries(12):
        client.get(PATH.format("sbp"))
