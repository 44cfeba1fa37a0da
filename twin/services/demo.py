"""Seeds the demo's people through the same road that uploads take."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, time, timedelta
from functools import cache
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.db import transaction

from backend.access import access_patient
from backend.actor import acting_for_all
from backend.changes import record_change
from backend.models import ALWAYS, CareGrant, CareTeam, Clinic, Clinician, DutyShift, Patient, User
from backend.ports import Login
from backend.queries import zone_history_of
from backend.rules import Level, Need, Topic
from backend.services import replace_zones
from twin.demo import cast
from twin.demo.delivery import syncs
from twin.demo.people import TEAM
from twin.demo.person import Person
from twin.forecast.glucose_band import KIND as SENSOR_GLUCOSE
from twin.intake.items import Item, Samples
from twin.kinds import KINDS, kind
from twin.queries.forecasts import newest_forecasts
from twin.report import Report
from twin.services.digest import digest
from twin.services.forecast_batch import make, read
from twin.services.forecast_rows import keep
from twin.services.forecasts import mark_stale, show_forecasts
from twin.services.glucose import show_glucose
from twin.services.intake import Touched, heard_from, sources_by_name, take_in
from twin.services.questionnaires import answer_questionnaire

LOOKED_AGO = sorted({*range(7, 85, 7), *range(4, 85, 7)}, reverse=True)
"""How many days ago somebody looked at the forecasts: twice a week, for twelve weeks."""


ROTA_DAYS = 14
"""So far ahead the demo's team knows who is on duty."""
GLANCES_AGO, GLANCED_EVERY = 24, 3
"""For how many hours, and at which of them, who wears a glucose sensor looked at the next two."""


def seed(now: datetime, say: Callable[[str], None]) -> list[Login]:
    """Makes whoever of the demo is missing, each whole or not at all; answers the accounts to try."""
    if not Clinic.objects.filter(name=cast.CLINIC).exists():
        with transaction.atomic():
            _make_clinic()
    _fill_rota(now)
    for patient in cast.PATIENTS:
        if not User.objects.filter(email=patient.email).exists():
            say(f"Adding {patient.name}")
            with acting_for_all():
                _make_patient(patient, now)
    shown = (
        (cast.MARIA, "patient"),
        (cast.DAUGHTER, "her daughter, who looks after her"),
        (cast.PHYSICIAN, "physician"),
        (cast.NURSE, "nurse"),
    )
    return [Login(person.email, cast.PASSWORD, person.name, what) for person, what in shown]


def _make_clinic() -> None:
    clinic = Clinic.objects.create(
        name=cast.CLINIC,
        time_zone=cast.CLINIC_TIME_ZONE,
        emergency_text=cast.EMERGENCY_TEXT,
        reads_from=time(7),
        reads_until=time(19),
    )
    team = CareTeam.objects.create(clinic=clinic, name=TEAM)
    for member in cast.CLINICIANS:
        user = _make_user(member.name, member.email)
        clinician = Clinician.objects.create(user=user, clinic=clinic, profession=member.profession)
        team.members.add(clinician)
        if member is cast.PHYSICIAN:
            team.lead = clinician
            team.save(update_fields=["lead"])
    for caregiver in cast.CAREGIVERS:
        _make_user(caregiver.name, caregiver.email)


def _fill_rota(now: datetime) -> None:
    """Physician and nurse take turns of twelve hours, from where the rota ends until two weeks from now."""
    team = CareTeam.objects.select_related("clinic").get(clinic__name=cast.CLINIC, name=TEAM)
    members = list(team.members.select_related("user").order_by("id"))
    last = DutyShift.objects.filter(team=team).order_by("-ends_at").first()
    zone = ZoneInfo(team.clinic.time_zone)
    morning = datetime.combine(now.astimezone(zone).date(), time(7), tzinfo=zone)
    turns = [morning + timedelta(hours=12 * turn) for turn in range(-2, 2 * ROTA_DAYS)]
    for number, (begin, end) in enumerate(pairwise(turns)):
        if end > now and (last is None or begin >= last.ends_at):
            member = members[number % len(members)]
            DutyShift.objects.create(
                team=team,
                clinician=member,
                starts_at=begin,
                ends_at=end,
                entered_by=member.user,
                entered_at=now,
            )


@cache
def _password() -> str:
    """The demo's one password, hashed once: everybody may know it, and a hash takes a tenth of a second."""
    return make_password(cast.PASSWORD)


def _make_user(name: str, email: str) -> User:
    user = User.objects.create(email=email, name=name, password=_password())
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def _make_patient(person: Person, now: datetime) -> None:
    user = _make_user(person.name, person.email)
    patient = Patient.objects.create(
        user=user,
        clinic=Clinic.objects.get(name=cast.CLINIC),
        name=person.name,
        birth_date=person.birth_date,
        sex=person.sex,
        time_zone=person.time_zone,
        locale=person.locale,
        units=dict(person.units),
    )
    if person.zones is not None:
        lived = person.zones(now)
        access = access_patient(user, patient.id, Need.PROFILE, what="time zones")
        replace_zones(access=access, stays=[(ALWAYS, lived.first), *lived.moves], now=now)
    for grant in person.grants:
        CareGrant.objects.create(
            patient=patient,
            person=User.objects.get(email=grant.to_email) if grant.to_email else None,
            team=CareTeam.objects.get(name=grant.to_team) if grant.to_team else None,
            read=sorted(grant.topics),
            act=sorted(topic for topic, level in grant.topics.items() if level is Level.ACT),
            starts_at=now,
            granted_by=user,
        )
    _load(patient, person, now)
    access = access_patient(user, patient.id, Need.ACT, what="questionnaire")
    for one in person.answered:
        at = now - timedelta(days=one.days_ago)
        answer_questionnaire(access=access, code=one.code, answers=one.points, answered_at=at, now=now)


def _load(patient: Patient, person: Person, now: datetime) -> None:
    report, touched = Report(), Touched()
    for at, items in syncs(person.items(now), now):
        take_in(patient.id, items, report=report, touched=touched, now=at)
        _hear(patient.id, items, at)
    digest(patient.id, touched, now=now)
    _look_back(patient, touched, now)
    mark_stale(patient.id, list(touched), now=now)
    for code in sorted(touched):
        record_change(patient.id, topic=Topic(kind(code).topic), ref=f"series/{code}")


def _hear(patient: UUID, items: Sequence[Item], now: datetime) -> None:
    """The devices whose samples these are were in touch; all that they say is new."""
    names = {item.source for item in items if isinstance(item, Samples)}
    sources = sources_by_name(patient, names).values()
    heard_from(patient, sources, with_news={source.id for source in sources}, now=now)


def _look_back(patient: Patient, codes: Collection[str], now: datetime) -> None:
    """Forecasts made of what was known by some evenings before, and looked at then: they have a record."""
    zone = zone_history_of(patient.id)
    forecast = [code for code in codes if KINDS[code].forecast]
    for ago in LOOKED_AGO:
        day = now.astimezone(zone).date() - timedelta(days=ago)
        # By midnight the day's summary is what it was to stay: nothing is known too early.
        evening = datetime.combine(day, time(23, 59), tzinfo=zone)
        made, _ = make(read({patient.id: day}, forecast))
        keep(made, now=evening)
        show_forecasts(patient, newest_forecasts(patient, list(Topic)), now=evening)
    if SENSOR_GLUCOSE.code in codes:
        for ago in range(GLANCES_AGO, 0, -GLANCED_EVERY):
            show_glucose(patient, now=now - timedelta(hours=ago))
