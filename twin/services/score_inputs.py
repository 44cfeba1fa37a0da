"""What is known of one patient as scores want it: readings, records, answers, glucose. Reads only."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import cast
from uuid import UUID

from django.db.models import Q

from backend.models import Patient
from backend.queries import zone_history_of
from backend.rules import Role, Topic
from backend.zones import ZoneHistory
from twin.instants import instant, milliseconds
from twin.intake.items import RecordType
from twin.models import Answer, DaySummary, QuestionnaireResponse, Record, Source
from twin.queries.glucose import glucose_readings
from twin.risk import questionnaires
from twin.risk.data import load
from twin.risk.facts import facts
from twin.risk.given import Given
from twin.risk.inputs import Answered, Measured, gather, kidney_results
from twin.risk.kidney_course import Course, course
from twin.risk.result import Input, Score
from twin.scores import cgm
from twin.scores.asked import of_the_moment
from twin.scores.news2 import News2, kinds
from twin.services.known import said_of_row
from twin.services.readings import activities_of, read_readings
from twin.services.records import usual_topic
from twin.state.clock import LocalClock
from twin.warnings.moments import MOVEMENT
from twin.warnings.vital_score import VITALS_SINCE, vital_score

SAID_BY = {
    Role.SELF: "said by the patient",
    Role.CAREGIVER: "said by a caregiver",
    Role.CLINICIAN: "said by a clinician",
}
"""The source of an answer, by whose word it is."""
HOME_MEAN = timedelta(days=7)
"""A blood pressure is the mean of the days of a week that ends with the newest; guidelines ask for 7 days."""
CGM_SPAN = timedelta(days=14)
_ASKS = frozenset(load("handling")["inputs"])


@dataclass(frozen=True, slots=True)
class Person:
    """Whom scores are about, at an instant: her clocks, her day and her age in completed years."""

    patient: Patient
    zone: ZoneHistory
    now: datetime
    today: date
    age: int


@dataclass(frozen=True, slots=True)
class Known:
    """What equations may go by. `beside`: topics that an input stands on beyond those of its question."""

    given: Given
    beside: Mapping[str, frozenset[Topic]]


def person(patient_id: UUID, *, now: datetime) -> Person:
    """The patient as of now."""
    patient = Patient.objects.get(id=patient_id)
    zone = zone_history_of(patient_id)
    today, born = now.astimezone(zone).date(), patient.birth_date
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    return Person(patient, zone, now, today, age)


def known(who: Person, answers: Mapping[str, Answer]) -> Known:
    """The newest readings, what records say, and what was answered."""
    said, beside = _facts(who)
    given = gather(
        age=who.age,
        sex=who.patient.sex,
        readings=_measured(who),
        facts=said,
        answers={
            code: Answered(row.value, row.answered_at.astimezone(who.zone).date(), SAID_BY[Role(row.word)])
            for code, row in answers.items()
            if code in _ASKS
        },
        today=who.today,
    )
    return Known(given, beside)


def kidneys(who: Person) -> Course:
    """The course of eGFR over the last years."""
    since = who.today - timedelta(days=load("handling")["kidney_course"]["look_back_days"])
    rows = DaySummary.objects.filter(
        patient=who.patient, kind__in=["creatinine", "egfr"], day__range=(since, who.today)
    )
    names = _names(who.patient)
    found: defaultdict[str, list[Measured]] = defaultdict(list)
    for row in rows.order_by("day"):
        found[row.kind].append(Measured(row.value, row.day, names[row.source_id]))
    results = kidney_results(found["creatinine"], found["egfr"], who.patient.birth_date, who.patient.sex)
    return course(results, who.today)


def vital_signs(who: Person, answers: Mapping[str, Answer]) -> News2:
    """NEWS2 of the newest measurements, with what was answered and is not too old."""
    since, until = milliseconds(who.now - VITALS_SINCE), milliseconds(who.now)
    return vital_score(
        read_readings(
            who.patient.id,
            dict.fromkeys((*kinds(), *MOVEMENT), until - since),
            _names(who.patient),
            LocalClock.over(who.zone, since, until),
            until,
        ),
        activities_of(who.patient.id, who.now - VITALS_SINCE, who.now),
        now=who.now.astimezone(who.zone),
        age=who.age,
        said=of_the_moment({code: (row.value, row.answered_at) for code, row in answers.items()}, who.now),
    )


def glucose_scores(who: Person) -> list[Score]:
    """What the glucose sensor's last weeks come to; none where nothing was read."""
    end = milliseconds(who.now)
    start = end - CGM_SPAN // timedelta(milliseconds=1)
    readings = glucose_readings(who.patient, start, end)
    try:
        found = cgm.metrics(readings, start=start, end=end)
    except cgm.NoReadings:
        return []
    on = instant(int(readings.at.max())).astimezone(who.zone).date()
    return cgm.scores(found, on=on, source="glucose sensor")


def response_score(row: QuestionnaireResponse, zone: tzinfo) -> Score:
    """The total of a questionnaire."""
    code = cast("questionnaires.Code", row.code)
    on = row.answered_at.astimezone(zone).date()
    return questionnaires.score(code, row.answers, on, SAID_BY[Role(row.word)])


def _measured(who: Person) -> dict[str, Measured]:
    """The newest day of each kind, of blood pressure the mean of a week."""
    codes = [row["kind"] for row in load("handling")["inputs"].values() if "kind" in row]
    days = DaySummary.objects.filter(patient=who.patient, day__lte=who.today)
    newest = list(days.filter(kind__in=codes).order_by("kind", "-day").distinct("kind"))
    names = _names(who.patient)
    found = {row.kind: Measured(row.value, row.day, names[row.source_id]) for row in newest}
    if "sbp" in found:
        last = found["sbp"].on
        week = list(days.filter(kind="sbp", day__gt=last - HOME_MEAN).order_by("day"))
        if len(week) > 1:
            mean = sum(row.value for row in week) / len(week)
            sources = ", ".join(dict.fromkeys(names[row.source_id] for row in week))
            found["sbp"] = Measured(round(mean, 1), last, f"mean of {len(week)} days: {sources}")
    return found


def _facts(who: Person) -> tuple[Mapping[str, Input], dict[str, frozenset[Topic]]]:
    """What records say, and which of it hangs on records that somebody put under an unusual topic."""
    rows = Record.objects.filter(patient=who.patient).filter(
        Q(type__in=[RecordType.CONDITION, RecordType.MEDICATION])
        | Q(type=RecordType.OBSERVATION, body__has_key="valueCodeableConcept")
    )
    every = [(Topic(row.topic), said_of_row(row, who.zone)) for row in rows.order_by("id")]
    whole = facts((said for _, said in every), who.today)
    usual = [said for topic, said in every if topic == usual_topic(RecordType(said.type))]
    if len(usual) == len(every):
        return whole, {}
    elsewhere = frozenset(topic for topic, said in every if topic != usual_topic(RecordType(said.type)))
    without = facts(usual, who.today)
    return whole, {code: elsewhere for code, found in whole.items() if found != without.get(code)}


def _names(patient: Patient) -> Mapping[UUID, str]:
    return dict(Source.objects.filter(patient=patient).values_list("id", "name"))


def tomorrow(who: Person) -> datetime:
    """When the patient's next day begins, by the clock by which she lives now."""
    return _first_of(who.today + timedelta(days=1), who.zone)


def _first_of(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, datetime.min.time(), zone).astimezone(UTC)
