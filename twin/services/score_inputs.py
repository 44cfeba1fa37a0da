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
from twin.intake.items import RecordType
from twin.models import Answer, DaySummary, QuestionnaireResponse, Record, Source
from twin.queries import glucose_readings
from twin.risk import questionnaires
from twin.risk.data import load
from twin.risk.facts import Said, facts, said_of
from twin.risk.given import Given
from twin.risk.inputs import Answered, Measured, gather, kidney_results
from twin.risk.kidney_course import Course, course
from twin.risk.result import Input, Score
from twin.scores import cgm
from twin.scores.asked import of_the_moment
from twin.scores.news2 import News2, Reading, at_rest, kinds, news2
from twin.series import store
from twin.services.records import usual_topic
from twin.services.stale_scores import MOVES

SAID_BY = {
    Role.SELF: "said by the patient",
    Role.CAREGIVER: "said by a caregiver",
    Role.CLINICIAN: "said by a clinician",
}
"""The source of an answer, by whose word it is."""
HOME_MEAN = timedelta(days=7)
"""A blood pressure is the mean of the days of a week that ends with the newest; guidelines ask for 7 days."""
A_MOMENT = timedelta(hours=1)
"""What lasts longer is the mean of a night or a day, and says nothing of a moment; a working choice."""
VITALS_SINCE = timedelta(hours=14)
"""No measurement of NEWS2 counts for longer than 12 hours, and a rest comes before it."""
CGM_SPAN = timedelta(days=14)
_ASKS = frozenset(load("handling")["inputs"])
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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


def vital_score(who: Person, answers: Mapping[str, Answer]) -> News2:
    """NEWS2 of the newest measurements, with what was answered and is not too old."""
    said = of_the_moment({code: (row.value, row.answered_at) for code, row in answers.items()}, who.now)
    return news2(
        at_rest(_vital_signs(who), _moves(who)),
        now=who.now.astimezone(who.zone),
        age=who.age,
        pregnant=said.pregnant,
        on_oxygen=said.on_oxygen,
        scale=said.scale,
        consciousness=said.consciousness,
    )


def glucose_scores(who: Person) -> list[Score]:
    """What the glucose sensor's last weeks come to; none where nothing was read."""
    end = _milliseconds(who.now)
    start = end - _milliseconds_of(CGM_SPAN)
    readings = glucose_readings(who.patient, start, end)
    try:
        found = cgm.metrics(readings, start=start, end=end)
    except cgm.NoReadings:
        return []
    on = _instant(int(readings.at.max())).astimezone(who.zone).date()
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
    every = [(Topic(row.topic), _said(row, who.zone)) for row in rows.order_by("id")]
    whole = facts((said for _, said in every), who.today)
    usual = [said for topic, said in every if topic == usual_topic(RecordType(said.type))]
    if len(usual) == len(every):
        return whole, {}
    elsewhere = frozenset(topic for topic, said in every if topic != usual_topic(RecordType(said.type)))
    without = facts(usual, who.today)
    return whole, {code: elsewhere for code, found in whole.items() if found != without.get(code)}


def _said(row: Record, zone: tzinfo) -> Said:
    return said_of(
        record_type=row.type,
        system=row.system,
        code=row.code,
        text=row.text,
        status=row.status,
        body=row.body if isinstance(row.body, dict) else {},
        starts_on=row.starts_at.astimezone(zone).date() if row.starts_at else None,
        ends_on=row.ends_at.astimezone(zone).date() if row.ends_at else None,
    )


def _vital_signs(who: Person) -> list[Reading]:
    until = _milliseconds(who.now)
    names = _names(who.patient)
    readings = []
    for code in kinds():
        found = store.read(who.patient.id, code, until - _milliseconds_of(VITALS_SINCE), until + 1)
        columns = found.columns
        of_a_moment = columns.duration <= _milliseconds_of(A_MOMENT)
        ends = columns.start + columns.duration
        readings += [
            Reading(code, value, _instant(end), names[found.sources[source]])
            for end, value, source in zip(
                ends[of_a_moment].tolist(),
                columns.value[of_a_moment].tolist(),
                found.source[of_a_moment].tolist(),
                strict=True,
            )
        ]
    return readings


def _moves(who: Person) -> list[tuple[datetime, datetime]]:
    """When the person moved: by what counts it, and by the activities on record."""
    until = _milliseconds(who.now)
    since = until - _milliseconds_of(VITALS_SINCE)
    spans = []
    for code in MOVES:
        columns = store.read(who.patient.id, code, since, until + 1).columns
        moved = (columns.value > 0) & (columns.duration <= _milliseconds_of(A_MOMENT))
        start, end = columns.start[moved], (columns.start + columns.duration)[moved]
        spans += list(zip(map(_instant, start.tolist()), map(_instant, end.tolist()), strict=True))
    activities = Record.objects.filter(
        patient=who.patient, type=RecordType.ACTIVITY, ends_at__gt=_instant(since), starts_at__lte=who.now
    )
    rows = activities.values_list("starts_at", "ends_at")
    return [*spans, *((start, end) for start, end in rows if start is not None and end is not None)]


def _names(patient: Patient) -> Mapping[UUID, str]:
    return dict(Source.objects.filter(patient=patient).values_list("id", "name"))


def tomorrow(who: Person) -> datetime:
    """When the patient's next day begins, by the clock by which she lives now."""
    return _first_of(who.today + timedelta(days=1), who.zone)


def _first_of(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, datetime.min.time(), zone).astimezone(UTC)


def _milliseconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(milliseconds=1)


def _milliseconds_of(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)


def _instant(milliseconds: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=milliseconds)
