"""What is known of one patient by days and records, read for early signs and suggestions."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta, tzinfo
from uuid import UUID

from django.db.models import Q, QuerySet

from backend.models import Patient
from backend.queries import zone_history_of
from twin.instants import milliseconds
from twin.intake.items import RecordType
from twin.models import Record
from twin.queries.days import known_days
from twin.queries.glucose import glucose_readings
from twin.risk.facts import Said, facts, said_of
from twin.risk.inputs import Measured, kidney_results
from twin.risk.result import Input
from twin.scores.cgm import Metrics, NoReadings, metrics
from twin.state.summary import DaySummary
from twin.warnings.known import Known

SENSOR_DAYS = 14
"""The days of a glucose sensor that its targets are for."""
SAID_WITHIN = timedelta(days=366)
"""Observations that are older say nothing of now: none of the facts that are read of them lasts longer."""
_LASTING = (RecordType.CONDITION, RecordType.MEDICATION)


def read_known(
    patient_id: UUID, look_backs: Mapping[str, int], *, with_sensor: bool, now: datetime
) -> tuple[Known, date]:
    """What is known of the patient now, in a fixed number of reads, and which day it is for her.

    `look_backs` are the kinds, and how many days back each. Inside a transaction that acts on the patient.
    """
    patient = Patient.objects.get(id=patient_id)
    zone = zone_history_of(patient_id)
    today = now.astimezone(zone).date()
    days = known_days(patient_id, look_backs, today)
    known = Known(
        age=patient.age_at(now),
        days=days,
        egfr=kidney_results(
            _measured(days, "creatinine"), _measured(days, "egfr"), patient.birth_date, patient.sex
        ),
        on_file=facts_of_rows(_records(patient_id, now), zone, today),
        sensor=_sensor(patient, now) if with_sensor else None,
    )
    return known, today


def facts_of_rows(rows: Iterable[Record], zone: tzinfo, today: date) -> Mapping[str, Input]:
    """What these records of one patient say, by fact of the file of facts."""
    return facts([said_of_row(row, zone) for row in rows], today)


def said_of_row(row: Record, zone: tzinfo) -> Said:
    """One record as the file of facts reads it, by the patient's own days."""
    return said_of(
        record_type=row.type,
        system=row.system,
        code=row.code,
        text=row.text,
        status=row.status,
        body=row.body if isinstance(row.body, dict) else {},
        starts_on=_day(row.starts_at, zone),
        ends_on=_day(row.ends_at, zone),
    )


def _records(patient_id: UUID, now: datetime) -> QuerySet[Record]:
    wanted = Q(type__in=_LASTING) | Q(type=RecordType.OBSERVATION, starts_at__gte=now - SAID_WITHIN)
    return Record.objects.filter(wanted, patient=patient_id).order_by("id")


def _measured(days: Mapping[str, list[DaySummary]], code: str) -> list[Measured]:
    return [Measured(one.value, one.day, one.source) for one in days.get(code, ())]


def _sensor(patient: Patient, now: datetime) -> Metrics | None:
    end = milliseconds(now)
    start = end - SENSOR_DAYS * 86_400_000
    try:
        return metrics(glucose_readings(patient, start, end), start=start, end=end)
    except NoReadings:
        return None


def _day(at: datetime | None, zone: tzinfo) -> date | None:
    return None if at is None else at.astimezone(zone).date()
