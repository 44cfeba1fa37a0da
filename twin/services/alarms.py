"""The self-test of the alarms: a made-up critical reading goes the whole way to a socket and a mailbox."""

import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from importlib import import_module
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.core.mail import send_mail
from django.db import transaction
from django.utils import timezone
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from backend.access import access_patient
from backend.actor import acting_for, acting_for_all, acting_on
from backend.models import CareGrant, CareTeam, Clinic, Clinician, DutyShift, Patient, User
from backend.queries import readers_of
from backend.rota import take_shift
from backend.rules import Need, Topic
from backend.services import NotPossible
from twin.kinds import kind
from twin.models import AlarmTest, Alert, AlertDelivery, DeliveryStatus
from twin.services.alerts import resolve
from twin.services.observations import Measurement, delete_measurement, record_measurements
from twin.warnings.finding import Severity

log = logging.getLogger(__name__)

READING = ("ketones", 5.0, "mmol/L")
"""What a rule calls critical, whatever else is known of a person."""
TOPIC = Topic(kind(READING[0]).topic)
CLINIC = "Self-test of the alarms"
PATIENT_ADDRESS = "alarm-selftest-patient@localhost"
BOUNDS = {"raised": 10.0, "noticed": 15.0, "mailed": 60.0, "displayed": 15.0}
"""Seconds from the reading on, beyond which a leg that came is called slow. Working choices."""
KEPT = timedelta(days=90)
DUE_AGAIN = timedelta(hours=26)
"""A day, and time to be late in, after which a test is missing."""
LATE_AFTER = timedelta(minutes=5)
"""What should have gone out by then, and waits, is late."""
_PAUSE = 0.1


@dataclass(slots=True)
class Legs:
    """Seconds from the reading until each leg's end, as far as they came."""

    began: float
    seconds: dict[str, float] = field(default_factory=dict)

    def come(self, leg: str) -> None:
        """The leg has come, just now; it comes once."""
        self.seconds.setdefault(leg, round(time.monotonic() - self.began, 3))

    @property
    def fault(self) -> str:
        """What is missing or slow, in words; empty when nothing is."""
        missing = [leg for leg in BOUNDS if leg not in self.seconds]
        slow = [leg for leg, bound in BOUNDS.items() if self.seconds.get(leg, 0) > bound]
        said = [f"not {leg}" for leg in missing]
        said += [f"{leg} only after {self.seconds[leg]:.1f} s" for leg in slow]
        return ", ".join(said)


def self_test(*, address: str, patience: float = 60.0) -> AlarmTest:
    """Sends a made-up patient's critical reading the whole way, measured; operators learn of a fault.

    The reading is stored as any that is typed in. Workers evaluate it and tell the made-up clinician who is
    on duty: on the socket of the web process at `address`, as whom this listens, and by mail to
    ALARM_MAILBOX, until the mail server has taken it. Then the alert is displayed, answered and resolved,
    and the reading taken back. Waits `patience` seconds at most. Needs a worker beside the one that runs it.
    """
    started_at = timezone.now()
    test = AlarmTest.objects.create(started_at=started_at)
    legs, fault = Legs(time.monotonic()), ""
    people = _people(now=started_at)
    _answer_what_is_open(people)
    try:
        with _socket(people.clinician, address) as socket:
            legs.began = time.monotonic()
            _read(people, started_at)
            _wait(people, socket, legs, started_at, patience)
    except (OSError, WebSocketException) as error:
        fault = f"no socket at {address}: {type(error).__name__}"
    fault = ", ".join(part for part in (fault, legs.fault) if part)
    _clean_up(people, started_at)
    test.finished_at, test.fault = timezone.now(), fault
    for leg in BOUNDS:
        setattr(test, f"{leg}_after", legs.seconds.get(leg))
    test.save()
    AlarmTest.objects.filter(started_at__lt=started_at - KEPT).delete()
    if fault:
        log.error("action=alarms_broken fault=%s", fault)
        tell_operators(f"The self-test of the alarms failed: {fault}.")
    else:
        log.info("action=alarms_tested seconds=%s", json.dumps(legs.seconds))
    return test


def tell_operators(what: str) -> None:
    """Mails the operators; that the mail itself fails is logged, for then nothing else can be done."""
    log.error("action=operators_told count=%s", len(settings.OPERATORS))
    if settings.OPERATORS:
        try:
            send_mail("Pollux: the alarms need you", what, None, settings.OPERATORS)
        except OSError as error:
            log.error("action=operators_not_told error=%s", type(error).__name__)  # noqa: TRY400 - may quote


@dataclass(frozen=True, slots=True)
class People:
    """Nobody who lives."""

    patient: Patient
    clinician: User
    member: Clinician
    team: CareTeam


def _people(*, now: datetime) -> People:
    """The made-up people, made at the first call, and the clinician on duty for an hour."""
    with transaction.atomic(), acting_for_all():
        clinic, _ = Clinic.objects.get_or_create(name=CLINIC, defaults={"is_synthetic": True})
        user = _nobody(settings.ALARM_MAILBOX.lower(), "Self-test clinician")
        member, _ = Clinician.objects.get_or_create(
            user=user, defaults={"clinic": clinic, "profession": "other"}
        )
        team, made = CareTeam.objects.get_or_create(clinic=clinic, name=CLINIC)
        if made or not team.members.filter(id=member.id).exists():
            team.members.set([member])
        patient, _ = Patient.objects.get_or_create(
            user=_nobody(PATIENT_ADDRESS, "Self-test patient"),
            defaults={
                "clinic": clinic,
                "name": "Self-test patient",
                "birth_date": date(1970, 1, 1),
                "sex": "unknown",
                "time_zone": "UTC",
            },
        )
        if team.id not in readers_of(patient.id, TOPIC, now=now).teams:
            CareGrant.objects.create(
                patient=patient,
                team=team,
                read=[TOPIC],
                act=[TOPIC],
                starts_at=now,
                granted_by=patient.user,
            )
        DutyShift.objects.filter(team=team).delete()
        take_shift(actor=member, team=team, ends_at=now + timedelta(hours=1), now=now)
    return People(patient, user, member, team)


def _nobody(email: str, name: str) -> User:
    """An account in which nobody can log in: it has no password, and its address is not confirmed."""
    user = User.objects.filter(email=email).first()
    return user or User.objects.create_user(email, None, name=name)


def _answer_what_is_open(people: People) -> None:
    """What an earlier test left that was broken off."""
    with acting_for_all():
        left = list(Alert.objects.filter(patient=people.patient, ended_at=None).values_list("id", flat=True))
    for alert in left:
        _resolve(people, alert)


def _resolve(people: People, alert: UUID) -> None:
    with acting_for(people.clinician.id):
        access = access_patient(people.clinician, people.patient.id, Need.ACT, what="self-test of the alarms")
        resolve(access=access, alert_id=alert, done="Self-test: nothing to do.", now=timezone.now())


@contextmanager
def _socket(person: User, address: str) -> Iterator[ClientConnection]:
    """The person's open socket at the running web process, by a session of her own that ends with it."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(person.id)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.set_expiry(300)
    session.create()
    parts = urlsplit(address)
    url = f"{'wss' if parts.scheme == 'https' else 'ws'}://{parts.netloc}/live/"
    try:
        with connect(
            url,
            additional_headers={"X-Session-Token": session.session_key},
            open_timeout=10,
            close_timeout=2,
            compression=None,
        ) as socket:
            socket.recv(timeout=10)
            yield socket
    finally:
        session.delete()


def _read(people: People, at: datetime) -> None:
    code, value, unit = READING
    with acting_for(people.patient.user_id):
        access = access_patient(
            people.patient.user, people.patient.id, Need.ACT, what="self-test of the alarms"
        )
        record_measurements(access=access, measurements=[Measurement(code, value, unit, at)], now=at)


def _wait(people: People, socket: ClientConnection, legs: Legs, since: datetime, patience: float) -> None:
    """Listens and looks until every leg has come, or patience is at its end."""
    while len(legs.seconds) < len(BOUNDS) and time.monotonic() - legs.began < patience:
        message = _heard(socket)
        if message.get("type") == "notice" and message.get("patient") == str(people.patient.id):
            legs.come("noticed")
            socket.send(json.dumps({"type": "displayed", "notice": "alert", "alert": message["alert"]}))
        with acting_on(people.patient.id):
            raised = Alert.objects.filter(raised_at__gte=since, severity=Severity.CRITICAL.value)
            told = AlertDelivery.objects.filter(alert__in=raised, recipient=people.clinician)
            if raised.exists():
                legs.come("raised")
            if told.filter(channel="email", status=DeliveryStatus.SENT).exists():
                legs.come("mailed")
            if told.filter(channel="live", displayed_at__isnull=False).exists():
                legs.come("displayed")


def _heard(socket: ClientConnection) -> dict[str, object]:
    """The socket's next message, if one comes soon."""
    try:
        message = json.loads(socket.recv(timeout=_PAUSE))
    except TimeoutError:
        return {}
    return message if isinstance(message, dict) else {}


def _clean_up(people: People, at: datetime) -> None:
    """Nothing stays open, and the reading is taken back."""
    _answer_what_is_open(people)
    with acting_for_all():
        DutyShift.objects.filter(team=people.team).delete()
    # There is none where the test ended before it.
    with suppress(NotPossible), acting_for(people.patient.user_id):
        access = access_patient(
            people.patient.user, people.patient.id, Need.ACT, what="self-test of the alarms"
        )
        delete_measurement(access=access, kind_code=READING[0], at=at, now=timezone.now())


def alarm_faults(*, now: datetime) -> list[str]:
    """What is wrong with the chain of alarms by what is written down: the last self-test, and what waits."""
    faults = []
    last = AlarmTest.objects.filter(finished_at__isnull=False).order_by("-started_at").first()
    if last is not None and last.fault:
        faults.append(f"The last self-test failed: {last.fault}.")
    if last is not None and now - last.started_at > DUE_AGAIN:
        faults.append("There has been no self-test for over a day.")
    with acting_for_all():
        late = AlertDelivery.objects.filter(
            status=DeliveryStatus.WAITING, due_at__lt=now - LATE_AFTER
        ).count()
        unasked = Alert.objects.filter(escalate_at__lt=now - LATE_AFTER).count()
    if late:
        faults.append(f"{late} tellings wait for longer than {LATE_AFTER.seconds // 60} minutes.")
    if unasked:
        faults.append(f"{unasked} alerts were to be escalated over {LATE_AFTER.seconds // 60} minutes ago.")
    return faults
