"""Everybody who can log in to the demo: patients, a daughter, and the clinic. Pure; creates nobody."""

from dataclasses import dataclass

from backend.rules import Level, Topic
from twin.demo import patient, story
from twin.demo.people import CARE, PEOPLE, TEAM
from twin.demo.person import Answered, Grant, Person

PASSWORD = "twin-stars-over-the-sea"  # noqa: S105 printed by the demo for everybody to read
CLINIC = "Demo clinic at the river"
CLINIC_TIME_ZONE = story.TIME_ZONE
EMERGENCY_TEXT = "In an emergency call 112. Do not wait for this clinic."


@dataclass(frozen=True, slots=True)
class Login:
    """Somebody who logs in without being a patient."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Clinician(Login):
    """A member of the clinic and of its team `TEAM`; `profession` as backend names it."""

    profession: str


DAUGHTER = Login("Elena Sommerfeld", "elena.sommerfeld@pollux.example")
CAREGIVERS = (DAUGHTER,)

PHYSICIAN = Clinician("Dr. Jonas Aldenhoven", "jonas.aldenhoven@pollux.example", "physician")
NURSE = Clinician("Birgit Aydın", "birgit.aydin@pollux.example", "nurse")
CLINICIANS = (PHYSICIAN, NURSE)

MARIA = Person(
    story.NAME,
    "maria.sommerfeld@pollux.example",
    story.BIRTH_DATE,
    "female",
    story.TIME_ZONE,
    "en-GB",
    patient.items,
    grants=(
        Grant(CARE, to_team=TEAM),
        Grant(
            {Topic.VITALS: Level.ACT, Topic.GLUCOSE: Level.READ, Topic.MEDICATION: Level.READ},
            to_email=DAUGHTER.email,
        ),
    ),
    # A low winter, and better since.
    answered=(
        Answered("phq9", 96, (1, 2, 2, 2, 1, 1, 1, 1, 0)),
        Answered("gad7", 96, (1, 1, 1, 2, 1, 1, 0)),
        Answered("phq9", 12, (1, 1, 1, 1, 0, 1, 0, 0, 0)),
        Answered("gad7", 12, (1, 0, 1, 1, 0, 0, 0)),
    ),
)
PATIENTS: tuple[Person, ...] = (MARIA, *PEOPLE)
