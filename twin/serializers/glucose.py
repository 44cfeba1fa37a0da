"""Wire shapes of glucose: the next two hours, how such forecasts went, the profile of a sensor's weeks."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
from rest_framework import serializers

from twin.forecast.glucose import NoGlucoseForecast
from twin.instants import instant
from twin.kinds import KINDS
from twin.models import GlucoseForecast
from twin.scores import cgm
from twin.scores.glucose_profile import PERCENTILES, Profile


class GlucoseAheadOut(serializers.ModelSerializer[GlucoseForecast]):
    """mg/dL at each of `minutes` after the reading of `at`."""

    unit = serializers.CharField(default=KINDS["glucose_cgm"].unit, read_only=True)
    reason = serializers.CharField(default=None, allow_null=True, read_only=True)

    class Meta:
        model = GlucoseForecast
        fields = [
            "at",
            "made_at",
            "last_value",
            "unit",
            "minutes",
            "mean",
            "low80",
            "high80",
            "low95",
            "high95",
            "version",
            "reason",
        ]


class NoGlucoseAheadOut(serializers.Serializer[Any]):
    """Why nothing is forecast, and when the last reading was, if there is one."""

    reason = serializers.CharField()
    at = serializers.SerializerMethodField()

    def get_at(self, refused: NoGlucoseForecast) -> datetime | None:
        return None if refused.at is None else instant(refused.at)


class GlucoseRecordIn(serializers.Serializer[Any]):
    """How many days back."""

    days = serializers.IntegerField(min_value=1, max_value=90, default=14)


class GlucoseHorizonOut(serializers.Serializer[Any]):
    minutes = serializers.IntegerField()
    points = serializers.IntegerField()
    mae = serializers.FloatField(allow_null=True)
    mae_last_value = serializers.FloatField(allow_null=True)
    mae_ar2 = serializers.FloatField(allow_null=True)
    held80 = serializers.FloatField(allow_null=True)
    held95 = serializers.FloatField(allow_null=True)


class PastGlucoseOut(serializers.ModelSerializer[GlucoseForecast]):
    class Meta:
        model = GlucoseForecast
        fields = ["at", "mean", "low80", "high80"]


class GlucoseRecordOut(serializers.Serializer[Any]):
    """`past`: the forecasts that were shown in the last day."""

    minutes = serializers.ListField(child=serializers.IntegerField())
    horizons = GlucoseHorizonOut(many=True)
    past = PastGlucoseOut(many=True)


class GlucoseProfileIn(serializers.Serializer[Any]):
    """So many `days` back from now, in rows of `width` minutes; `group` is whom the targets are for."""

    days = serializers.IntegerField(default=14, min_value=1, max_value=90)
    width = serializers.ChoiceField(choices=[15, 30], default=30)
    group = serializers.ChoiceField(
        choices=[group.value for group in cgm.Group], default=cgm.Group.ADULT.value
    )


class GlucoseMetricsOut(serializers.Serializer[cgm.Metrics]):
    """Shares in percent of the readings, the mean and its spread in mg/dL."""

    count = serializers.IntegerField()
    days = serializers.IntegerField()
    interval_minutes = serializers.IntegerField(allow_null=True)
    coverage = serializers.FloatField(allow_null=True)
    is_sufficient = serializers.BooleanField()
    mean = serializers.FloatField()
    sd = serializers.FloatField(allow_null=True)
    cv = serializers.FloatField(allow_null=True)
    gmi = serializers.FloatField()
    gmi_mmol_mol = serializers.FloatField()
    gri = serializers.FloatField()
    tbr2 = serializers.FloatField()
    tbr1 = serializers.FloatField()
    tir = serializers.FloatField()
    tar1 = serializers.FloatField()
    tar2 = serializers.FloatField()
    titr = serializers.FloatField()
    tbr70 = serializers.FloatField()
    tar180 = serializers.FloatField()
    below63 = serializers.FloatField()
    from63to140 = serializers.FloatField()
    above140 = serializers.FloatField()


class GlucoseTargetOut(serializers.Serializer[cgm.Target]):
    metric = serializers.CharField()
    title = serializers.CharField()
    side = serializers.ChoiceField(choices=["above", "below", "at_most"])
    limit = serializers.FloatField()
    value = serializers.FloatField(allow_null=True)
    is_met = serializers.BooleanField(allow_null=True)
    source = serializers.CharField()  # type: ignore[assignment] # its name on the wire
    verification = serializers.CharField()


class DailyProfileOut(serializers.Serializer[Any]):
    """mg/dL by the time of day, in minutes from midnight on the patient's clock; null where nothing is."""

    minutes = serializers.ListField(child=serializers.IntegerField())
    percentiles = serializers.DictField(
        child=serializers.ListField(child=serializers.FloatField(allow_null=True))
    )
    days = serializers.ListField(child=serializers.IntegerField())
    counts = serializers.ListField(child=serializers.IntegerField())


class GlucoseProfileOut(serializers.Serializer[Any]):
    """What the sensor read from `start` to `end`; `metrics` and `profile` are null where that is nothing."""

    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    unit = serializers.CharField()
    metrics = GlucoseMetricsOut(allow_null=True)
    targets = GlucoseTargetOut(many=True)
    profile = DailyProfileOut(allow_null=True)


def profile_out(profile: Profile) -> Mapping[str, Any]:
    """A typical day as lists, to a tenth of a mg/dL."""
    return {
        "minutes": profile.minutes.tolist(),
        "percentiles": {
            str(percentile): [
                None if np.isnan(value) else round(value, 1)
                for value in profile.percentiles[:, place].tolist()
            ]
            for place, percentile in enumerate(PERCENTILES)
        },
        "days": profile.days.tolist(),
        "counts": profile.counts.tolist(),
    }
