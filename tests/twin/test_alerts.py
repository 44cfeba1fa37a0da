"""Alerts as rules and people move them: raised once, worsened, answered, resolved, escalated, expired."""

import make
import pytest
from alerts import DAY, HOUR, MINUTE, NOON, act, alert_of, clear, finding, found, log_of, planned, steps, told
from django.http import Http404

from backend.actor import acting_for_all, acting_on
from backend.models import DutyShift
from backend.queries import zone_history_of
from backend.rules import Need, Topic
from backend.services import NotPossible
from twin.models import AlertDelivery, Snooze
from twin.services.alerts import acknowledge, escalate_due, expire, open_alerts, resolve, snooze
from twin.warnings.finding import Clearing, Open, Severity


def test_finding_raises_one_alert_and_twice_is_the_same_as_once(cast):
    pia = cast.pia_patient
    for minutes in range(2):
        found(pia, finding(), now=NOON + minutes * MINUTE)
    alert = alert_of(pia)
    assert (alert.status, alert.severity, alert.raised_at) == ("raised", "urgent", NOON)
    assert (alert.escalate_at, alert.expires_at) == (NOON + 30 * MINUTE, NOON + 14 * DAY)
    assert alert.evidence == [
        {
            "kind": "sbp",
            "value": 191.0,
            "unit": "mm[Hg]",
            "at": (NOON - MINUTE).isoformat(),
            "source": "Cuff",
            "flags": 0,
        }
    ]
    assert steps(pia) == ["raised"]
    assert log_of(pia) == [f"alert/{alert.id}"]
    with acting_on(pia.id):
        assert open_alerts(pia.id) == [Open("bp_severe", "sbp", Severity.URGENT, NOON - MINUTE)]


def test_patient_and_everybody_who_reads_the_topic_is_told(cast):
    pia = cast.pia_patient
    found(pia, finding())
    # No rota: every member of the team.
    assert planned(pia) == [
        (name, channel, 0) for name in ("Cleo", "Dora", "Pia") for channel in ("email", "live")
    ]
    found(pia, finding(rule="ldl", topic=Topic.RECORDS, severity=Severity.CAUTION))
    with acting_for_all():
        rows = AlertDelivery.objects.filter(alert__rule="ldl").select_related("recipient")
        assert sorted({row.recipient.name for row in rows}) == ["Cleo", "Pia"]


def test_information_is_the_patients_own_and_comes_by_no_mail(cast):
    found(cast.pia_patient, finding(severity=Severity.INFORMATION))
    assert planned(cast.pia_patient) == [("Pia", "live", 0)]


@pytest.mark.parametrize(
    "fields",
    [
        {"severity": Severity.CRITICAL},
        {"direction": "low"},
    ],
)
def test_worse_state_raises_the_same_alert(cast, fields):
    pia = cast.pia_patient
    found(pia, finding())
    first = alert_of(pia)
    act(acknowledge, cast.cleo, pia, note="", now=NOON + MINUTE)
    found(pia, finding(**fields), now=NOON + HOUR)
    alert = alert_of(pia)
    assert (alert.id, alert.status, alert.acknowledged_at, alert.round) == (first.id, "raised", None, 1)
    assert alert.escalate_at > NOON + HOUR
    assert steps(pia) == ["raised", "acknowledged", "worsened"]
    assert told(pia, 1) == ["Cleo", "Dora", "Pia"]


def test_milder_state_eases_the_same_alert_and_tells_nobody(cast):
    pia = cast.pia_patient
    found(pia, finding())
    found(pia, finding(severity=Severity.CAUTION, text="172 mmHg."), now=NOON + HOUR)
    alert = alert_of(pia)
    assert (alert.severity, alert.text, alert.round) == ("caution", "172 mmHg.", 0)
    assert alert.escalate_at == NOON + HOUR + 2 * DAY
    assert steps(pia) == ["raised", "eased"]


@pytest.mark.parametrize(
    ("clearing", "status", "last"),
    [
        (Clearing.RECOVERED, "resolved", "resolved"),
        (Clearing.CORRECTED, "resolved", "resolved"),
        (Clearing.RETIRED, "resolved", "resolved"),
        (Clearing.OUTDATED, "expired", "expired"),
    ],
)
def test_cleared_alert_is_over_with_the_reason(cast, clearing, status, last):
    pia = cast.pia_patient
    found(pia, finding())
    clear(pia, clearing, now=NOON + HOUR)
    alert = alert_of(pia)
    assert (alert.status, alert.ending, alert.ended_at, alert.ended_by) == (
        status,
        clearing.value,
        NOON + HOUR,
        None,
    )
    assert alert.escalate_at is None
    assert steps(pia) == ["raised", last]
    with acting_on(pia.id):
        assert open_alerts(pia.id) == []
    # What holds again is a new alert, also on the same data: a correction may bring it back.
    found(pia, finding(), now=NOON + 2 * HOUR)
    assert alert_of(pia).id != alert.id


def test_late_data_raises_a_late_alert_that_wakes_nobody(cast):
    pia = cast.pia_patient
    night = NOON.replace(hour=23)
    found(pia, finding(severity=Severity.CRITICAL, is_late=True, at=NOON - 3 * DAY), now=night)
    alert = alert_of(pia)
    assert (alert.is_late, alert.escalate_at, alert.data_at) == (True, None, NOON - 3 * DAY)
    with acting_for_all():
        due = set(AlertDelivery.objects.values_list("due_at", flat=True))
    assert min(due) > night + 5 * HOUR
    # New data makes it one of now.
    found(pia, finding(severity=Severity.CRITICAL), now=night + HOUR)
    assert steps(pia) == ["raised", "worsened"]
    assert alert_of(pia).escalate_at == night + HOUR + 5 * MINUTE


# Answers


def test_clinicians_acknowledgement_ends_the_search(cast):
    pia = cast.pia_patient
    found(pia, finding())
    alert = alert_of(pia)
    for _ in range(2):
        act(acknowledge, cast.cleo, pia, note="Calling.", now=NOON + MINUTE)
    alert = alert_of(pia)
    assert (alert.status, alert.acknowledged_by_id, alert.escalate_at) == (
        "acknowledged",
        cast.cleo.id,
        None,
    )
    assert steps(pia) == ["raised", "acknowledged"]


@pytest.mark.parametrize(
    ("who", "severity", "status", "step"),
    [
        ("pia", Severity.URGENT, "raised", "noted"),
        ("dora", Severity.CRITICAL, "raised", "noted"),
        ("pia", Severity.CAUTION, "acknowledged", "acknowledged"),
        ("dora", Severity.CAUTION, "acknowledged", "acknowledged"),
    ],
)
def test_patient_and_caregiver_do_not_call_off_clinicians(cast, who, severity, status, step):
    pia = cast.pia_patient
    found(pia, finding(severity=severity))
    for _ in range(2):
        act(acknowledge, getattr(cast, who), pia, note="", now=NOON + MINUTE)
    assert alert_of(pia).status == status
    assert steps(pia) == ["raised", step]


def test_patient_without_clinicians_answers_alone(cast):
    found(cast.paul_patient, finding(severity=Severity.CRITICAL))
    act(acknowledge, cast.paul, cast.paul_patient, note="", now=NOON + MINUTE)
    assert alert_of(cast.paul_patient).status == "acknowledged"


def test_resolving_says_what_was_done_and_the_same_data_does_not_raise_it_again(cast):
    pia = cast.pia_patient
    found(pia, finding())
    done = "Took her tablet, 150/90 later."
    with pytest.raises(NotPossible):
        act(resolve, cast.cleo, pia, need=Need.ACT, done=" ", now=NOON)
    for _ in range(2):
        act(resolve, cast.cleo, pia, need=Need.ACT, done=done, now=NOON + HOUR)
    alert = alert_of(pia)
    assert (alert.status, alert.ending, alert.ended_by_id) == ("resolved", "handled", cast.cleo.id)
    assert alert.done == done
    assert steps(pia) == ["raised", "resolved"]
    # The same data, and new data before the rest is over.
    found(pia, finding(), now=NOON + 6 * HOUR)
    found(pia, finding(at=NOON + 2 * HOUR), now=NOON + 2 * HOUR)
    assert steps(pia) == ["raised", "resolved"]
    # What is worse does not wait, nor what comes after the rest.
    found(pia, finding(at=NOON + 2 * HOUR, severity=Severity.CRITICAL), now=NOON + 2 * HOUR)
    assert alert_of(pia).severity == "critical"
    clear(pia, Clearing.RECOVERED, now=NOON + 3 * HOUR)
    found(pia, finding(at=NOON + 5 * HOUR + MINUTE), now=NOON + 5 * HOUR + MINUTE)
    assert alert_of(pia).status == "raised"


def test_over_is_over(cast):
    pia = cast.pia_patient
    found(pia, finding())
    clear(pia, Clearing.RECOVERED)
    with pytest.raises(NotPossible):
        act(acknowledge, cast.cleo, pia, note="", now=NOON)
    with pytest.raises(NotPossible):
        act(snooze, cast.cleo, pia, until=NOON + HOUR, now=NOON)


def test_alert_of_a_topic_that_is_not_shared_is_not_there(cast):
    pia = cast.pia_patient
    found(pia, finding(topic=Topic.MENTAL_HEALTH))
    with pytest.raises(Http404):
        act(acknowledge, cast.dora, pia, note="", now=NOON)
    with pytest.raises(Http404):
        act(resolve, cast.cleo, pia, need=Need.ACT, done="Talked.", now=NOON)


# Snoozing


def test_snooze_holds_back_one_person_one_rule_and_one_side(cast):
    pia = cast.pia_patient
    found(pia, finding(rule="glucose", key="high"))
    until = NOON + 2 * HOUR
    made = act(snooze, cast.pia, pia, until=until, now=NOON)
    assert (made.ends_at, made.direction) == (until, "high")
    found(
        pia,
        finding(rule="glucose", key="high2"),
        finding(rule="glucose", key="low", direction="low"),
        finding(rule="glucose", key="worse", severity=Severity.CRITICAL),
        now=NOON + MINUTE,
    )
    with acting_for_all():
        rows = AlertDelivery.objects.filter(channel="live").select_related("alert", "recipient")
        late = sorted((row.alert.key, row.recipient.name) for row in rows if row.due_at == until)
    assert late == [("high", "Pia"), ("high2", "Pia")]
    assert steps(pia)[:2] == ["raised", "snoozed"]


@pytest.mark.parametrize(
    ("who", "severity", "longest"),
    [
        ("pia", Severity.CRITICAL, 15 * MINUTE),
        ("dora", Severity.CRITICAL, 15 * MINUTE),
        ("cleo", Severity.CRITICAL, HOUR),
        ("pia", Severity.URGENT, 4 * HOUR),
        ("pia", Severity.INFORMATION, 30 * DAY),
    ],
)
def test_snooze_ends_within_what_the_severity_allows(cast, who, severity, longest):
    pia = cast.pia_patient
    found(pia, finding(severity=severity))
    made = act(snooze, getattr(cast, who), pia, until=NOON + 90 * DAY, now=NOON)
    assert made.ends_at == NOON + longest
    with acting_for_all():
        assert Snooze.objects.get().person == getattr(cast, who)


# The clock


def test_nobody_answers_and_the_next_on_duty_the_lead_and_all_are_asked(cast):
    pia = cast.pia_patient
    clinicians = [make.make_clinician(make.make_user(name), cast.clinic) for name in ("eve", "fay", "gus")]
    cast.team.members.add(*clinicians)
    eve, fay, gus = clinicians
    cast.team.lead = gus
    cast.team.save()
    for clinician, hours in ((eve, (-4, 4)), (fay, (4, 12))):
        start, end = (NOON + hour * HOUR for hour in hours)
        DutyShift.objects.create(
            team=cast.team,
            clinician=clinician,
            starts_at=start,
            ends_at=end,
            entered_by=cast.ada,
            entered_at=NOON,
        )
    found(pia, finding(severity=Severity.CRITICAL))
    assert told(pia) == ["Dora", "Eve", "Pia"]
    assert escalate_due(now=NOON + 4 * MINUTE, limit=10) == 0
    for number, (minutes, names) in enumerate(
        [(5, ["Fay"]), (10, ["Gus"]), (20, ["Cleo", "Eve", "Fay", "Gus"])], 1
    ):
        assert escalate_due(now=NOON + minutes * MINUTE, limit=10) == 1
        assert escalate_due(now=NOON + minutes * MINUTE, limit=10) == 0
        assert told(pia, number) == names
    alert = alert_of(pia)
    assert (alert.status, alert.escalations) == ("escalated", 3)
    assert escalate_due(now=NOON + 29 * MINUTE, limit=10) == 0
    assert escalate_due(now=NOON + 30 * MINUTE, limit=10) == 1
    assert escalate_due(now=NOON + DAY, limit=10) == 0
    assert alert_of(pia).escalate_at is None
    assert steps(pia) == ["raised", *["escalated"] * 3, "unanswered"]


def test_alert_that_is_answered_is_not_escalated(cast):
    pia = cast.pia_patient
    found(pia, finding())
    act(acknowledge, cast.cleo, pia, note="", now=NOON + MINUTE)
    assert escalate_due(now=NOON + DAY, limit=10) == 0


def test_nobody_in_line_means_the_patient_and_those_with_a_grant_again(cast):
    found(cast.paul_patient, finding())
    assert told(cast.paul_patient) == ["Paul"]
    escalate_due(now=NOON + HOUR, limit=10)
    assert told(cast.paul_patient, 1) == ["Paul"]


def test_alert_that_nobody_attends_to_expires(cast):
    pia = cast.pia_patient
    found(pia, finding())
    assert expire(now=NOON + 13 * DAY, limit=10) == 0
    assert expire(now=NOON + 14 * DAY, limit=10) == 1
    assert expire(now=NOON + 14 * DAY, limit=10) == 0
    alert = alert_of(pia)
    assert (alert.status, alert.ending, steps(pia)) == ("expired", "unattended", ["raised", "expired"])
    # The same data says nothing new.
    found(pia, finding(), now=NOON + 15 * DAY)
    assert alert_of(pia).id == alert.id


def test_caution_waits_for_the_morning_by_the_patients_own_clock(cast):
    pia = cast.pia_patient
    night = NOON.replace(hour=23)
    found(pia, finding(severity=Severity.CAUTION), finding(key="dbp"), now=night)
    with acting_for_all():
        due = {row.alert.key: row.due_at for row in AlertDelivery.objects.select_related("alert")}
        morning = due["sbp"].astimezone(zone_history_of(pia.id))
    assert (morning.hour, morning.minute, due["sbp"] > night) == (7, 0, True)
    assert due["dbp"] == night
