"""Forecasts of many series at once: what they need in two reads, and making them, kind by kind."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from uuid import UUID

import numpy as np

from backend import arrays
from twin import forecast
from twin.forecast.crossing import DRAWS, SEED, Crossing, crossings
from twin.kinds import kind
from twin.models import Event
from twin.services.crossings import Key, Watched, watched

# What is materialized is so for the planner. Of everybody's states and forecasts, which are many, only those
# of these patients are looked at. And days are compared with a plain column: under row-level security an
# index is searched by what cannot leak, which expressions are not known to be.
_READ = """
    WITH state AS MATERIALIZED (
        SELECT patient_id, kind, through, estimated_on, state FROM twin_seriesstate
        WHERE patient_id = ANY(%(patients)b::uuid[]) AND version = %(version)s
    ), current AS MATERIALIZED (
        SELECT patient_id, kind FROM twin_forecast
        WHERE patient_id = ANY(%(patients)b::uuid[]) AND superseded_at IS NULL
    ), series AS MATERIALIZED (
        SELECT one.patient_id, code.kind, one.today, coalesce(state.through, one.today - %(reach)s) AS after,
            state.through, state.estimated_on, state.state, current.kind IS NOT NULL AS is_forecast
        FROM unnest(%(patients)b::uuid[], %(todays)b::date[]) AS one (patient_id, today)
        CROSS JOIN unnest(%(codes)b::text[]) AS code (kind)
        LEFT JOIN state ON state.patient_id = one.patient_id AND state.kind = code.kind
            AND state.through < one.today
        LEFT JOIN current ON current.patient_id = one.patient_id AND current.kind = code.kind
    )
    SELECT series.patient_id, series.kind, today, through, estimated_on, state, days.day, days.value
    FROM series CROSS JOIN LATERAL (
        SELECT array_agg(found.day - date '1970-01-01'), array_agg(found.value)
        FROM (
            SELECT day, value FROM twin_daysummary AS summary
            WHERE summary.patient_id = series.patient_id AND summary.kind = series.kind
                AND summary.day > series.after AND summary.day <= series.today
            ORDER BY day
        ) AS found
    ) AS days (day, value)
    WHERE through IS NOT NULL OR is_forecast OR days.day IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one series: where its model stands and the days since, or else the days of a year; and
    what it is not to pass, if anything.
    """

    key: Key
    state: forecast.State | None
    series: forecast.Series
    watched: Watched | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """What comes of one series, where its model stands after the last closed day, and limits it may pass."""

    key: Key
    outcome: forecast.Outcome
    state: forecast.State | None
    crossings: Sequence[Crossing] = ()


def read(todays: Mapping[UUID, date], codes: Collection[str], *, anew: bool = False) -> list[Known]:
    """What the forecasts of these kinds need, for each patient as of that patient's own today.

    Days after today are left out, and series of which there is nothing. `anew`: states are not looked at.
    """
    jumps = _jumps(todays)
    given = {
        "patients": list(todays),
        "todays": list(todays.values()),
        "codes": sorted(codes),
        "version": None if anew else forecast.VERSION,
        "reach": forecast.WINDOW + 1,
    }
    known = []
    with arrays.cursor() as cursor:
        for patient, code, today, through, estimated_on, blob, days, values in cursor.execute(
            _READ, given, binary=True
        ):
            series = forecast.Series(
                days=_NO_DAYS if days is None else days.astype("datetime64[D]"),
                values=_NO_VALUES if values is None else values,
                jumps=jumps.get(patient, ()),
                today=today,
            )
            state = forecast.State(forecast.VERSION, through, estimated_on, blob) if through else None
            known.append(Known((patient, code), state, series))
    watching = watched([one.key for one in known], todays)
    return [replace(one, watched=watching[one.key]) if one.key in watching else one for one in known]


_NO_DAYS = np.empty(0, "datetime64[D]")
_NO_VALUES = np.empty(0, np.float64)


def _jumps(todays: Mapping[UUID, date]) -> dict[UUID, tuple[forecast.Jump, ...]]:
    events = Event.objects.filter(patient__in=todays).order_by("starts_on", "id")
    found: defaultdict[UUID, list[forecast.Jump]] = defaultdict(list)
    for patient, starts_on, ends_on, type_ in events.values_list(
        "patient_id", "starts_on", "ends_on", "type"
    ):
        found[patient].append(forecast.Jump(starts_on, ends_on, type_))
    return {patient: tuple(several) for patient, several in found.items()}


def make(known: Sequence[Known]) -> tuple[list[Made], dict[str, Exception]]:
    """The forecasts of every series, all of them together; and of each kind that failed, why."""
    try:
        return _make_together(known), {}
    except Exception:  # noqa: BLE001 - which kind it was shows when each is made for itself
        made: list[Made] = []
        failures: dict[str, Exception] = {}
        for code in sorted({one.key[1] for one in known}):
            try:
                made += _make_together([one for one in known if one.key[1] == code])
            except Exception as error:  # noqa: BLE001 - one kind that cannot be forecast must not stop the others
                failures[code] = error
        return made, failures


def _make_together(known: Sequence[Known]) -> list[Made]:
    going_on = [(one, one.state) for one in known if one.state is not None]
    anew = [one for one in known if one.state is None]
    ordered = [*(one for one, _ in going_on), *anew]
    kinds = [kind(one.key[1]) for one in ordered]
    outcomes = [
        *forecast.continue_many(
            kinds[: len(going_on)], [state for _, state in going_on], [one.series for one, _ in going_on]
        ),
        *forecast.forecast_many(kinds[len(going_on) :], [one.series for one in anew]),
    ]
    return [
        Made(one.key, outcome, state, _crossings(one, outcome, state))
        for one, (outcome, state) in zip(ordered, outcomes, strict=True)
    ]


def _crossings(known: Known, outcome: forecast.Outcome, state: forecast.State | None) -> Sequence[Crossing]:
    if known.watched is None or isinstance(outcome, forecast.NotEnoughData):
        return ()
    code = known.key[1]
    draw = None
    if state is not None:
        draw = partial(forecast.paths, kind(code), state, known.series, draws=DRAWS, seed=SEED)
    return crossings(known.watched.limits, known.watched.past(code, outcome.through), outcome, draw)
