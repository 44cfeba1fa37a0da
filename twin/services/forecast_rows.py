"""How forecasts and the states of their models are kept: many at once, in a few statements."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

import numpy as np

from backend import arrays
from backend.changes import Entry
from backend.identifiers import new_id
from backend.models import ChangeOp
from backend.rules import Topic
from twin import forecast
from twin.kinds import kind
from twin.services.crossings import Key, keep_crossings
from twin.services.forecast_batch import Made

_SAID = (
    *("through", "model", "version", "reason", "last_value", "mean", "low80", "high80", "low95", "high95"),
    *("backtest_points", "backtest_error", "backtest_error_of_last_value", "backtest_held80"),
)
# The five lines come as one long array each, of which a forecast's own `width` numbers are cut. Such arrays
# hold no NULL: a missing number comes as nan.
_MADE = f"""
    SELECT id, patient_id, kind, topic, through, model, version, reason, last_value,
        {", ".join(f"(%({line})b::float8[])[first : last] AS {line}" for line in _SAID[5:10])},
        backtest_points, nullif(backtest_error, 'NaN') AS backtest_error,
        nullif(backtest_error_of_last_value, 'NaN') AS backtest_error_of_last_value,
        nullif(backtest_held80, 'NaN') AS backtest_held80
    FROM unnest(
        %(id)b::uuid[], %(patient_id)b::uuid[], %(kind)b::text[], %(topic)b::text[], %(through)b::date[],
        %(model)b::text[], %(version)b::text[], %(reason)b::text[], %(last_value)b::float8[],
        %(backtest_points)b::int4[], %(backtest_error)b::float8[],
        %(backtest_error_of_last_value)b::float8[], %(backtest_held80)b::float8[]
    ) WITH ORDINALITY AS row (
        id, patient_id, kind, topic, through, model, version, reason, last_value,
        backtest_points, backtest_error, backtest_error_of_last_value, backtest_held80, place
    ), LATERAL (SELECT (place - 1) * %(width)s + 1, place * %(width)s) AS own (first, last)
"""  # noqa: S608 - the names of our own columns
# Whoever marks a forecast as shown waits: what has been shown is not written over.
_COMPARE = f"""
    SELECT current.patient_id, current.kind, current.shown_at IS NOT NULL,
        ({", ".join(f"current.{column}" for column in _SAID)})
        IS NOT DISTINCT FROM ({", ".join(f"made.{column}" for column in _SAID)})
    FROM ({_MADE}) AS made JOIN twin_forecast AS current USING (patient_id, kind)
    WHERE current.superseded_at IS NULL
    ORDER BY current.patient_id, current.kind FOR UPDATE OF current
"""  # noqa: S608 - the names of our own columns
# Of several that were shown after the same last day the newest is kept: a phone may look every few minutes.
_OUTLAST = """
    DELETE FROM twin_forecast AS kept
    USING twin_forecast AS current, unnest(%b::uuid[], %b::text[]) AS made (patient_id, kind)
    WHERE current.patient_id = made.patient_id AND current.kind = made.kind
        AND current.superseded_at IS NULL AND current.shown_at IS NOT NULL
        AND kept.patient_id = current.patient_id AND kept.kind = current.kind
        AND kept.through = current.through AND kept.superseded_at IS NOT NULL
"""
_SUPERSEDE = """
    UPDATE twin_forecast AS current SET superseded_at = %s
    FROM unnest(%b::uuid[], %b::text[]) AS made (patient_id, kind)
    WHERE current.patient_id = made.patient_id AND current.kind = made.kind AND current.superseded_at IS NULL
"""
_WRITE = f"""
    INSERT INTO twin_forecast (id, patient_id, kind, topic, made_at, {", ".join(_SAID)})
    SELECT id, patient_id, kind, topic, %(now)s, {", ".join(_SAID)} FROM ({_MADE}) AS made
    ON CONFLICT (patient_id, kind) WHERE superseded_at IS NULL DO UPDATE SET
        made_at = excluded.made_at, {", ".join(f"{column} = excluded.{column}" for column in _SAID)}
"""  # noqa: S608 - the names of our own columns
_WITHDRAW = """
    WITH gone AS (SELECT * FROM unnest(%(patients)b::uuid[], %(kinds)b::text[]) AS gone (patient_id, kind)),
    kept AS (
        UPDATE twin_forecast AS current SET superseded_at = %(now)s FROM gone
        WHERE current.patient_id = gone.patient_id AND current.kind = gone.kind
            AND current.superseded_at IS NULL AND current.shown_at IS NOT NULL
        RETURNING current.patient_id, current.kind
    ), dropped AS (
        DELETE FROM twin_forecast AS current USING gone
        WHERE current.patient_id = gone.patient_id AND current.kind = gone.kind
            AND current.superseded_at IS NULL AND current.shown_at IS NULL
        RETURNING current.patient_id, current.kind
    )
    SELECT * FROM kept UNION ALL SELECT * FROM dropped
"""
_KEEP_STATES = """
    INSERT INTO twin_seriesstate AS known (patient_id, kind, topic, version, through, estimated_on, state)
    SELECT * FROM unnest(
        %b::uuid[], %b::text[], %b::text[], %b::text[], %b::date[], %b::date[], %b::bytea[]
    )
    ON CONFLICT (patient_id, kind) DO UPDATE SET
        version = excluded.version, through = excluded.through, estimated_on = excluded.estimated_on,
        state = excluded.state
    WHERE (known.version, known.through, known.estimated_on, known.state)
        IS DISTINCT FROM (excluded.version, excluded.through, excluded.estimated_on, excluded.state)
"""
_FORGET_STATES = """
    DELETE FROM twin_seriesstate AS known USING unnest(%b::uuid[], %b::text[]) AS gone (patient_id, kind)
    WHERE known.patient_id = gone.patient_id AND known.kind = gone.kind
"""


def keep(made: Sequence[Made], *, now: datetime) -> dict[UUID, list[Entry]]:
    """These are the current forecasts, states and crossings; answers what the log has to say of each patient.

    The caller's transaction holds the patients' locks. A forecast that says what the current one says changes
    nothing. Of those that are replaced, or have lost their ground, the last shown of each `through` is kept.
    """
    told: defaultdict[UUID, list[Entry]] = defaultdict(list)
    ordered = sorted(made, key=attrgetter("key"))
    for key in _replace(ordered, now):
        told[key[0]].append(_entry(key, ChangeOp.SET))
    for key in _withdraw([one.key for one in ordered if not _is_forecast(one)], now):
        told[key[0]].append(_entry(key, ChangeOp.DELETE))
    _keep_states(ordered)
    through = {one.key: one.outcome.through for one in ordered if isinstance(one.outcome, forecast.Forecast)}
    found = {one.key: (through.get(one.key), one.crossings) for one in ordered}
    for patient, entries in keep_crossings(found, now=now).items():
        told[patient] += entries
    return dict(told)


def _entry(key: Key, op: ChangeOp) -> Entry:
    return Entry(Topic(kind(key[1]).topic), f"forecast/{key[1]}", op)


def _is_forecast(made: Made) -> bool:
    return isinstance(made.outcome, forecast.Forecast)


def _replace(made: Sequence[Made], now: datetime) -> list[Key]:
    """The forecasts among these that say something else than the current ones take their places."""
    new = {one.key: one.outcome for one in made if isinstance(one.outcome, forecast.Forecast)}
    if not new:
        return []
    with arrays.cursor() as cursor:
        shown = []
        for patient, code, was_shown, is_same in cursor.execute(_COMPARE, _columns(new)).fetchall():
            if is_same:
                del new[patient, code]
            elif was_shown:
                shown.append((patient, code))
        if shown:
            cursor.execute(_OUTLAST, _transposed(shown))
            cursor.execute(_SUPERSEDE, [now, *_transposed(shown)])
        if new:
            cursor.execute(_WRITE, {"now": now, **_columns(new)})
    return list(new)


def _columns(new: Mapping[Key, forecast.Forecast]) -> dict[str, Any]:
    """The parameters of _MADE."""
    several = list(new.values())
    tests = [one.backtest for one in several]
    return {
        "id": [new_id() for _ in new],
        "patient_id": [patient for patient, _ in new],
        "kind": [code for _, code in new],
        "topic": [kind(code).topic for _, code in new],
        **{column: [getattr(one, column) for one in several] for column in _SAID[:4]},
        "last_value": np.array([one.last_value for one in several]),
        **{line: np.concatenate([getattr(one, line) for one in several]) for line in _SAID[5:10]},
        "width": len(several[0].mean),
        "backtest_points": [test.points if test else 0 for test in tests],
        "backtest_error": np.array([test.mae if test else np.nan for test in tests]),
        "backtest_error_of_last_value": np.array([test.mae_last_value if test else np.nan for test in tests]),
        "backtest_held80": np.array([test.held80 if test else np.nan for test in tests]),
    }


def _withdraw(keys: Sequence[Key], now: datetime) -> list[Key]:
    """These series have no current forecast any more; answers those that had one."""
    if not keys:
        return []
    patients, kinds = _transposed(keys)
    with arrays.cursor() as cursor:
        cursor.execute(_OUTLAST, [patients, kinds])
        cursor.execute(_WITHDRAW, {"patients": patients, "kinds": kinds, "now": now})
        return sorted(cursor.fetchall())


def _keep_states(made: Sequence[Made]) -> None:
    rows = [
        (
            *one.key,
            kind(one.key[1]).topic,
            one.state.version,
            one.state.through,
            one.state.estimated_on,
            one.state.blob,
        )
        for one in made
        if one.state is not None
    ]
    gone = [one.key for one in made if one.state is None]
    with arrays.cursor() as cursor:
        if rows:
            cursor.execute(_KEEP_STATES, _transposed(rows))
        if gone:
            cursor.execute(_FORGET_STATES, _transposed(gone))


def _transposed(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
