"""Builders of rows with plain defaults. Each writes as the sweep, which every wall lets through."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from itertools import count

from django.utils import timezone

from backend.access import access_patient
from backend.actor import acting_for, acting_for_all
from backend.models import CareGrant, CareTeam, Clinic, Clinician, Patient, User
from backend.rules import Level, Need, Topic
from twin.models import Upload
from twin.services.uploads import receive_upload

_numbers = count(1)
PASSWORD = "a sound passphrase of tests"


@dataclass(frozen=True)
class Cast:
    """The people of the tests; those with `_patient` are patients' rows."""

    pia: User
    paul: User
    dora: User
    cleo: User
    carl: User
    rita: User
    ada: User
    pia_patient: Patient
    paul_patient: Patient
    clinic: Clinic
    team: CareTeam


def make_user(name: str = "", *, password: str | None = None) -> User:
    number = next(_numbers)
    (user,) = make_users(name or f"person{number}", password=password)
    return user


def make_users(*names: str, password: str | None = None) -> list[User]:
    """Accounts with verified addresses, all written at once."""
    from allauth.account.models import EmailAddress

    users = [User(email=f"{name}@pollux.example", name=name.title()) for name in names]
    for user in users:
        user.set_password(password)
    User.objects.bulk_create(users)
    EmailAddress.objects.bulk_create(
        EmailAddress(user=user, email=user.email, verified=True, primary=True) for user in users
    )
    return users


def make_patient(
    user: User | None = None, *, clinic: Clinic | None = None, time_zone: str = "Europe/Berlin"
) -> Patient:
    patient = _patient(user or make_user(), clinic, time_zone)
    with acting_for_all():
        patient.save(force_insert=True)
    return patient


def _patient(user: User, clinic: Clinic | None, time_zone: str = "Europe/Berlin") -> Patient:
    return Patient(
        user=user,
        clinic=clinic,
        name=user.name,
        birth_date=date(1963, 4, 5),
        sex="female",
        time_zone=time_zone,
    )


def make_clinic(name: str = "") -> Clinic:
    return Clinic.objects.create(name=name or f"Clinic {next(_numbers)}", time_zone="Europe/Berlin")


def make_clinician(user: User, clinic: Clinic, profession: str = "physician", **fields: object) -> Clinician:
    return Clinician.objects.create(user=user, clinic=clinic, profession=profession, **fields)


def make_grant(
    patient: Patient,
    *,
    person: User | None = None,
    team: CareTeam | None = None,
    topics: dict[Topic, Level] | None = None,
    **fields: object,
) -> CareGrant:
    grant = _grant(patient, topics or dict.fromkeys(Topic, Level.READ), person=person, team=team, **fields)
    with acting_for_all():
        grant.save(force_insert=True)
    return grant


def _grant(patient: Patient, topics: dict[Topic, Level], **fields: object) -> CareGrant:
    return CareGrant(
        patient=patient,
        read=sorted(topics),
        act=sorted(topic for topic, level in topics.items() if level is Level.ACT),
        granted_by=patient.user,
        **{"starts_at": timezone.now() - timedelta(days=1), **fields},
    )


def make_cast() -> Cast:
    """The named cast.

    pia and paul are patients, paul a stranger to all. cleo, by her team, reads all of pia's topics and acts
    in vitals; dora, a caregiver, acts in vitals and reads glucose; rita's grant was taken back; carl is of
    pia's clinic without a grant; ada administers it.
    """
    names = ("pia", "paul", "dora", "cleo", "carl", "rita", "ada")
    users = dict(zip(names, make_users(*names), strict=True))
    clinic = make_clinic("Harbour Clinic")
    team = CareTeam.objects.create(clinic=clinic, name="Heart team")
    staff = {"cleo": "physician", "carl": "nurse", "rita": "physician", "ada": "other"}
    cleo, *_ = Clinician.objects.bulk_create(
        Clinician(user=users[name], clinic=clinic, profession=profession, administers_clinic=name == "ada")
        for name, profession in staff.items()
    )
    team.members.add(cleo)
    pia, paul = _patient(users["pia"], clinic), _patient(users["paul"], None)
    of_team = {**dict.fromkeys(Topic, Level.READ), Topic.VITALS: Level.ACT}
    of_dora = {Topic.VITALS: Level.ACT, Topic.GLUCOSE: Level.READ}
    taken_back = {"revoked_at": timezone.now(), "revoked_by": users["pia"]}
    with acting_for_all():
        Patient.objects.bulk_create([pia, paul])
        CareGrant.objects.bulk_create(
            [
                _grant(pia, of_team, team=team),
                _grant(pia, of_dora, person=users["dora"]),
                _grant(pia, dict.fromkeys(Topic, Level.READ), person=users["rita"], **taken_back),
            ]
        )
    return Cast(**users, pia_patient=pia, paul_patient=paul, clinic=clinic, team=team)


def at(text: str) -> datetime:
    """A UTC instant from ISO 8601."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def make_upload(patient: Patient, content: bytes, name: str = "export.csv") -> Upload:
    """A file that its owner has handed over, in line to be read."""
    with acting_for(patient.user_id):
        access = access_patient(patient.user, patient.id, Need.ACT, what="upload")
        return receive_upload(access=access, stream=BytesIO(content), name=name, now=timezone.now())[0]


def minutes_csv(count: int, *, start: str = "2026-03-01T08:00:00+00:00", kind: str = "heart_rate") -> bytes:
    """A plain table of one value a minute."""
    first = datetime.fromisoformat(start)
    rows = ((first + timedelta(minutes=number), 60 + number % 40) for number in range(count))
    lines = (f"{at.isoformat()},{kind},{value},count/min,Watch" for at, value in rows)
    return "\n".join(["start,kind,value,unit,source", *lines]).encode()
