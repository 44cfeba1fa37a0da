"""Wire shapes of forecasts by the day, of limits they may cross, and of how they went."""

from datetime import date, timedelta
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from twin.forecast import WINDOW, Backtest
from twin.forecast.limits import guideline_limit
from twin.forecast.record import Said, TrackRecord
from twin.forecast.windows import week
from twin.kinds import KINDS
from twin.models import Basis, Crossing, Forecast


class BacktestOut(serializers.Serializer[Any]):
    points = serializers.IntegerField(source="backtest_points")
    mae = serializers.FloatField(source="backtest_error")
    mae_last_value = serializers.FloatField(source="backtest_error_of_last_value")
    held80 = serializers.FloatField(source="backtest_held80")


class CrossingOut(serializers.ModelSerializer[Crossing]):
    """A limit that may be passed, or is `passed` already, in the kind's unit; a guideline has a `source`."""

    title = serializers.SerializerMethodField()
    window_days = serializers.SerializerMethodField(help_text="Days that count together; 1: each by itself.")
    passed = serializers.BooleanField(source="is_passed")
    source = serializers.SerializerMethodField()  # type: ignore[assignment] # its name on the wire
    verification = serializers.SerializerMethodField()

    class Meta:
        model = Crossing
        fields = [
            "basis",
            "rule",
            "title",
            "side",
            "limit",
            "window_days",
            "probability",
            "expected_on",
            "passed",
            "source",
            "verification",
        ]

    def get_title(self, crossing: Crossing) -> str:
        guideline = guideline_limit(crossing.rule)
        return guideline.title if guideline else {"goal": "Goal", "threshold": "Limit"}[crossing.basis]

    def get_window_days(self, crossing: Crossing) -> int:
        guideline = guideline_limit(crossing.rule)
        if guideline:
            return guideline.window.days
        return week(KINDS[crossing.kind]).days if crossing.basis == Basis.GOAL else 1

    def get_source(self, crossing: Crossing) -> str:
        guideline = guideline_limit(crossing.rule)
        return guideline.source if guideline else ""

    def get_verification(self, crossing: Crossing) -> str:
        guideline = guideline_limit(crossing.rule)
        return guideline.verification if guideline else ""


class ForecastsIn(serializers.Serializer[Any]):
    """Which kind's forecast is wanted; every kind's when left out."""

    kind = serializers.ChoiceField(choices=sorted(KINDS), default="")


class ForecastOut(serializers.ModelSerializer[Forecast]):
    """`crossings` are those that the context has of the kind."""

    title = serializers.SerializerMethodField()
    unit = serializers.SerializerMethodField()
    simpler = serializers.SerializerMethodField(help_text="Whether the last value has come closer lately.")
    days = serializers.SerializerMethodField()
    backtest = serializers.SerializerMethodField()
    crossings = serializers.SerializerMethodField()

    class Meta:
        model = Forecast
        fields = [
            "kind",
            "title",
            "unit",
            "made_at",
            "through",
            "model",
            "version",
            "reason",
            "last_value",
            "simpler",
            "days",
            "mean",
            "low80",
            "high80",
            "low95",
            "high95",
            "backtest",
            "crossings",
        ]

    def get_title(self, forecast: Forecast) -> str:
        return KINDS[forecast.kind].title

    def get_unit(self, forecast: Forecast) -> str:
        return KINDS[forecast.kind].unit

    def get_simpler(self, forecast: Forecast) -> bool:
        ours, others = forecast.backtest_error, forecast.backtest_error_of_last_value
        if ours is None or others is None or forecast.backtest_held80 is None:
            return False
        test = Backtest(forecast.backtest_points, ours, others, forecast.backtest_held80)
        return test.last_value_is_better

    def get_days(self, forecast: Forecast) -> list[str]:
        return [(forecast.through + timedelta(days=1 + day)).isoformat() for day in range(len(forecast.mean))]

    def get_backtest(self, forecast: Forecast) -> dict[str, Any] | None:
        return dict(BacktestOut(forecast).data) if forecast.backtest_points else None

    @extend_schema_field(CrossingOut(many=True))
    def get_crossings(self, forecast: Forecast) -> list[dict[str, Any]]:
        return list(CrossingOut(self.context["crossings"].get(forecast.kind, []), many=True).data)


class WaitingOut(serializers.Serializer[Any]):
    """A kind that has no forecast yet, and what it has too little of."""

    kind = serializers.CharField()
    title = serializers.CharField()
    more_days = serializers.IntegerField()
    reason = serializers.CharField()


class ForecastsOut(serializers.Serializer[Any]):
    results = ForecastOut(many=True)
    waiting = WaitingOut(many=True)


class ForecastRecordIn(serializers.Serializer[Any]):
    """How many days back."""

    days = serializers.IntegerField(min_value=7, max_value=WINDOW, default=90)


class ForecastScoreOut(serializers.Serializer[Any]):
    """Mean absolute errors in the kind's unit, and the shares of truths that lay in the bands."""

    points = serializers.IntegerField()
    mae = serializers.FloatField()
    mae_last_value = serializers.FloatField()
    held80 = serializers.FloatField()
    held95 = serializers.FloatField()


class HorizonScoreOut(serializers.Serializer[Any]):
    """The score of the days `from_day` to `to_day` ahead."""

    from_day = serializers.IntegerField()
    to_day = serializers.IntegerField()
    points = serializers.IntegerField(source="score.points")
    mae = serializers.FloatField(source="score.mae")
    mae_last_value = serializers.FloatField(source="score.mae_last_value")
    held80 = serializers.FloatField(source="score.held80")
    held95 = serializers.FloatField(source="score.held95")


class PastForecastOut(serializers.Serializer[Any]):
    made_at = serializers.DateTimeField()
    through = serializers.DateField()
    days = serializers.SerializerMethodField()
    mean = serializers.ListField(child=serializers.FloatField(), source="band.mean")
    low80 = serializers.ListField(child=serializers.FloatField(), source="band.low80")
    high80 = serializers.ListField(child=serializers.FloatField(), source="band.high80")

    def get_days(self, said: Said) -> list[date]:
        days: list[date] = said.days.tolist()
        return days


class TruthOut(serializers.Serializer[Any]):
    days = serializers.SerializerMethodField()
    values = serializers.ListField(child=serializers.FloatField())

    def get_days(self, record: TrackRecord) -> list[date]:
        days: list[date] = record.days.tolist()
        return days


class ForecastRecordOut(serializers.Serializer[Any]):
    """`points` counts a day once for each forecast of it; `past` has at most one forecast a week."""

    kind = serializers.CharField()
    unit = serializers.CharField()
    shown = serializers.IntegerField(source="record.shown")
    points = serializers.IntegerField(source="record.points")
    overall = ForecastScoreOut(source="record.overall", allow_null=True)
    horizons = HorizonScoreOut(source="record.horizons", many=True)
    better_than_last_value = serializers.BooleanField(source="record.better_than_last_value", allow_null=True)
    past = PastForecastOut(many=True)
    truth = TruthOut(source="record")
