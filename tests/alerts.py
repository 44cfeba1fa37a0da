"""What rules would find, and people would do about it, in few words."""

from datetime import timedelta

from django.utils import timezone

from backend.access import access_patient
from backend.actor import acting_for, acting_for_all, acting_on
from backend.models import Change
from backend.rules import Need, Topic
from twin.models import Alert, AlertDelivery, AlertStep
from twin.services.alerts import open_alerts, settle
from twin.warnings.finding import Evaluation, Evidence, Finding, Severity

NOON = timezone.now().replace(hour=12, minute=0, second=0, microsecond=0)
HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)


def finding(**fields) -> Finding:
    given = {
        "rule": "bp_severe",
        "key": "sbp",
        "severity": Severity.URGENT,
        "topic": Topic.VITALS,
        "direction": "high",
        "title": "Severely high blood pressure",
        "text": "191 mmHg is above 180 mmHg.",
        "at": NOON - MINUTE,
        "is_late": False,
        "evidence": (Evidence("sbp", 191.0, "mm[Hg]", NOON - MINUTE, "Cuff"),),
        "source": "American Heart Association",
        "verification": "named by two sources",
        "action": "bp_severe",
    }
    return Finding(**given | fields)


def found(patient, *findings, cleared=(), now=NOON):
    with acting_on(patient.id):
        settle(patient.id, Evaluation(findings, cleared), now=now)


def clear(patient, clearing, now=NOON):
    with acting_on(patient.id):
        found(patient, cleared=[(one, clearing) for one in open_alerts(patient.id)], now=now)


def alert_of(patient) -> Alert:
    with acting_for_all():
        return Alert.objects.filter(patient=patient).latest("id")


def steps(patient) -> list[str]:
    with acting_for_all():
        return list(AlertStep.objects.filter(patient=patient).order_by("id").values_list("step", flat=True))


def planned(patient) -> list[tuple[str, str, int]]:
    with acting_for_all():
        rows = AlertDelivery.objects.filter(patient=patient).order_by("round", "recipient__name", "channel")
        return [(row.recipient.name, row.channel, row.round) for row in rows.select_related("recipient")]


def told(patient, number=0) -> list[str]:
    return sorted({name for name, _, round_ in planned(patient) if round_ == number})


def log_of(patient) -> list[str]:
    with acting_for_all():
        return list(Change.objects.filter(stream=patient.id).order_by("seq").values_list("ref", flat=True))


def act(service, user, patient, *, need=Need.READ, **given):
    with acting_for(user.id):
        access = access_patient(user, patient.id, need, what="alert")
        return service(access=access, alert_id=alert_of(patient).id, **given)
