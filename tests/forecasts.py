"""What tests of forecasts share: days to forecast from, and what stands afterwards."""

from datetime import UTC, date, datetime, timedelta

from backend.actor import acting_for_all, acting_on
from backend.models import Patient
from twin.kinds import KINDS
from twin.models import DaySummary, Forecast, SeriesState, Source, StaleForecast
from twin.services.forecasts import SETTLE, mark_stale, refresh_forecasts

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)


def make_days(patient: Patient, kind: str, count: int, last: date = date(2026, 6, 29)) -> None:
    """Day summaries that rise and fall with the week."""
    topic = KINDS[kind].topic if kind in KINDS else "vitals"
    with acting_for_all():
        source, _ = Source.objects.get_or_create(patient=patient, name="Watch")
        for number in range(count):
            day = last - timedelta(days=number)
            value = 100.0 + 3 * day.weekday() + day.toordinal() % 5
            figures = {"value": value, "minimum": value, "maximum": value, "count": 1, "sources": 1}
            DaySummary.objects.create(
                patient=patient, kind=kind, day=day, topic=topic, source_id=source.id, **figures
            )


def stale(patient: Patient) -> dict[str, tuple[datetime, datetime]]:
    """Since when each stale kind is so, and when it is due."""
    with acting_on(patient.id):
        return {mark.kind: (mark.stale_since, mark.due_at) for mark in StaleForecast.objects.all()}


def mark(patient: Patient, *kinds: str, now: datetime = NOW) -> None:
    """As if data had come."""
    with acting_on(patient.id):
        mark_stale(patient.id, kinds, now=now)


def forecasts(patient: Patient) -> list[Forecast]:
    """Those that stand and those that are kept."""
    with acting_on(patient.id):
        return list(Forecast.objects.order_by("kind", "through"))


def refresh(patient: Patient, *kinds: str, now: datetime = NOW) -> None:
    """As if data had come, and has settled."""
    mark(patient, *kinds, now=now)
    assert refresh_forecasts(patient.id, now=now + SETTLE) == len(kinds)


def said(one: Forecast) -> tuple[object, ...]:
    """Everything that a forecast says."""
    bands = (one.mean, one.low80, one.high80, one.low95, one.high95)
    test = (one.backtest_points, one.backtest_error, one.backtest_error_of_last_value, one.backtest_held80)
    return (one.kind, one.through, one.model, one.version, one.reason, one.last_value, *bands, *test)


def states(patient: Patient) -> dict[str, SeriesState]:
    """Where the model of each kind stands."""
    with acting_on(patient.id):
        return {state.kind: state for state in SeriesState.objects.all()}
