"""Wire shapes of the twin; no queries, no writes."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from backend.rules import Topic
from backend.serializers import ClinicOut, PatientRef
from twin.edits import Outcome
from twin.forecast import WINDOW, Backtest
from twin.forecast.explanation import PROPHET, SHOWN_AT_LEAST, SHOWN_AT_MOST, Explanation
from twin.forecast.glucose import NoGlucoseForecast
from twin.forecast.limits import guideline_limit
from twin.forecast.record import Said, TrackRecord
from twin.forecast.sentences import sentences
from twin.forecast.windows import week
from twin.intake.items import RecordType
from twin.kinds import KINDS, Kind
from twin.models import (
    FINISHED,
    Alert,
    AlertDelivery,
    AlertStep,
    Basis,
    Crossing,
    DaySummary,
    Direction,
    Event,
    EventType,
    Export,
    ExportStatus,
    Forecast,
    GlucoseForecast,
    Goal,
    Record,
    RecordVersion,
    Snooze,
    SuggestionDismissal,
    Threshold,
    Upload,
)
from twin.models.records import RECORD_TYPES
from twin.services.events import Entered
from twin.services.observations import Measurement
from twin.services.records import Written
from twin.state.habit import Voice
from twin.state.repeats import Repeat
from twin.warnings.actions import Action, actions
from twin.warnings.finding import Severity
from twin.warnings.suggestions import Suggestion

EARLIEST, LATEST = datetime(1880, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Between these lies the date of any record of a living person."""


class DaysField(serializers.ListField):
    """An array of days."""

    child = serializers.DateField()

    def to_representation(self, days: Any) -> list[str]:
        return [str(day) for day in days]


class UploadIn(serializers.Serializer[Any]):
    """A file, for oneself or for somebody in whose records one may act."""

    file = serializers.FileField(allow_empty_file=True)
    patient = PatientRef()


class UploadsIn(serializers.Serializer[Any]):
    """Whose uploads are wanted."""

    patient = PatientRef()


class UploadOut(serializers.ModelSerializer[Upload]):
    finished = serializers.SerializerMethodField()

    class Meta:
        model = Upload
        fields = [
            "id",
            "patient",
            "name",
            "size",
            "format",
            "status",
            "finished",
            "received_at",
            "finished_at",
            "report",
        ]

    def get_finished(self, upload: Upload) -> bool:
        return upload.status in FINISHED


class ExportOut(serializers.ModelSerializer[Export]):
    """`file` is where a ready one is fetched until `expires_at`; all is null where none was asked for."""

    status = serializers.ChoiceField(choices=["none", *ExportStatus.values])
    file = serializers.SerializerMethodField(allow_null=True)

    class Meta:
        model = Export
        fields = ["id", "status", "requested_at", "finished_at", "expires_at", "size", "file"]

    def get_file(self, export: Export) -> str | None:
        ready = export.status == ExportStatus.READY
        return reverse("api:export-file", args=[export.patient_id]) if ready else None


NO_EXPORT = {**dict.fromkeys(ExportOut.Meta.fields), "status": "none"}


class RecordOut(serializers.ModelSerializer[Record]):
    """`conflicts` counts versions that lost and are not settled; only what is `typed_in` can be edited."""

    start = serializers.DateTimeField(source="starts_at")
    end = serializers.DateTimeField(source="ends_at")
    note = serializers.SerializerMethodField()
    typed_in = serializers.SerializerMethodField()
    edited_by = serializers.CharField(allow_null=True)
    edited_at = serializers.SerializerMethodField()
    conflicts = serializers.IntegerField()

    class Meta:
        model = Record
        fields = [
            "id",
            "type",
            "text",
            "code",
            "system",
            "status",
            "start",
            "end",
            "note",
            "source",
            "topic",
            "typed_in",
            "version",
            "edited_by",
            "edited_at",
            "conflicts",
        ]

    def get_note(self, record: Record) -> str:
        return str(record.body.get("note", "")) if self.get_typed_in(record) else ""

    def get_edited_at(self, record: Record) -> datetime:
        return min(record.edited_at or record.updated_at, record.updated_at)

    def get_typed_in(self, record: Record) -> bool:
        return record.edited_by_id is not None


class RecordVersionOut(serializers.ModelSerializer[RecordVersion]):
    """What a record said before, or, where `lost_at` is set, what somebody would have made of it."""

    text = serializers.CharField(source="said.text")
    status = serializers.CharField(source="said.status")
    system = serializers.CharField(source="said.system")
    code = serializers.CharField(source="said.code")
    start = serializers.DateTimeField(source="said.start")
    end = serializers.DateTimeField(source="said.end")
    note = serializers.SerializerMethodField()
    edited_by = serializers.CharField(allow_null=True)

    class Meta:
        model = RecordVersion
        fields = [
            "id",
            "number",
            "text",
            "code",
            "system",
            "status",
            "start",
            "end",
            "note",
            "edited_by",
            "edited_at",
            "received_at",
            "lost_at",
            "settled_at",
        ]

    def get_note(self, version: RecordVersion) -> str:
        return str(version.said["body"].get("note", "")) if version.edited_by_id else ""


class RecordIn(serializers.Serializer[Any]):
    """A record as a person writes it; `topic` is the type's own when it is left out."""

    type = serializers.ChoiceField(choices=RECORD_TYPES)
    text = serializers.CharField(max_length=2_000)
    status = serializers.CharField(max_length=40, default="", allow_blank=True)
    system = serializers.CharField(max_length=200, default="", allow_blank=True)
    code = serializers.CharField(max_length=100, default="", allow_blank=True)
    start = serializers.DateTimeField(default=None, allow_null=True)
    end = serializers.DateTimeField(default=None, allow_null=True)
    note = serializers.CharField(max_length=10_000, default="", allow_blank=True)
    topic = serializers.ChoiceField(choices=[topic.value for topic in Topic], default=None, allow_null=True)

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        for edge in ("start", "end"):
            if given[edge] and not EARLIEST <= given[edge] <= LATEST:
                raise serializers.ValidationError({edge: "This is too far back or in the future."})
        if given["start"] and given["end"] and given["end"] < given["start"]:
            raise serializers.ValidationError({"end": "The end does not come after the start."})
        return given

    @property
    def written(self) -> Written:
        """What was written; for valid data."""
        given = self.validated_data
        return Written(
            type=RecordType(given["type"]),
            text=given["text"],
            status=given["status"],
            system=given["system"],
            code=given["code"],
            start=given["start"],
            end=given["end"],
            note=given["note"],
            topic=given["topic"] and Topic(given["topic"]),
        )


class NewRecordIn(RecordIn):
    """`id` is the writer's own, so that sending it again is safe; `edited_at` is when it was written."""

    id = serializers.UUIDField(default=None, allow_null=True)
    edited_at = serializers.DateTimeField(required=False)

    def validate_id(self, given: UUID | None) -> UUID | None:
        if given is not None and given.version != 7:
            raise serializers.ValidationError("This is not a UUID of version 7.")
        return given


class RecordEditIn(RecordIn):
    """`version` is the one that the edit was made on, `edited_at` when, by the editor's own clock."""

    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)
    edited_at = serializers.DateTimeField()
    settles = serializers.ListField(child=serializers.UUIDField(), max_length=100, default=list)


class RecordRef(serializers.Serializer[Any]):
    """The version of a record that is to be deleted."""

    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)


class RecordEditOut(serializers.Serializer[Any]):
    """`outcome`: what became of the edit. `clock_ahead`: by how many seconds the editor's clock was ahead."""

    outcome = serializers.ChoiceField(choices=[outcome.value for outcome in Outcome])
    clock_ahead = serializers.IntegerField()
    record = RecordOut()


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


class ProgressOut(serializers.Serializer[Any]):
    """How far a goal has come, by the week: what is null cannot be said, and `reason` says why."""

    value_now = serializers.FloatField(allow_null=True)
    pace_per_week = serializers.FloatField(allow_null=True)
    needed_per_week = serializers.FloatField(allow_null=True)
    probability = serializers.FloatField(allow_null=True)
    expected_on = serializers.DateField(allow_null=True)
    reached = serializers.BooleanField()
    reason = serializers.CharField()


class GoalOut(serializers.ModelSerializer[Goal]):
    """A goal in the kind's own unit; `progress` of one that has not ended, where the context has it."""

    title = serializers.SerializerMethodField()
    unit = serializers.SerializerMethodField()
    set_by = serializers.CharField()
    agreed_by = serializers.CharField(allow_null=True)
    progress = serializers.SerializerMethodField()

    class Meta:
        model = Goal
        fields = [
            "id",
            "kind",
            "title",
            "unit",
            "direction",
            "target",
            "starts_on",
            "start_value",
            "by_day",
            "set_by",
            "set_at",
            "agreed_by",
            "agreed_at",
            "ended_at",
            "progress",
        ]

    def get_title(self, goal: Goal) -> str:
        return KINDS[goal.kind].title

    def get_unit(self, goal: Goal) -> str:
        return KINDS[goal.kind].unit

    @extend_schema_field(ProgressOut(allow_null=True))
    def get_progress(self, goal: Goal) -> dict[str, Any] | None:
        found = self.context.get("progress", {}).get(goal.id)
        return None if found is None else dict(ProgressOut(found).data)


class GoalIn(serializers.Serializer[Any]):
    """`unit` is any of the kind's, its own when left out; without `by_day` the goal has no end."""

    kind = serializers.CharField(max_length=40)
    direction = serializers.ChoiceField(choices=Direction.values)
    target = serializers.FloatField()
    unit = serializers.CharField(max_length=40, default="", allow_blank=True)
    by_day = serializers.DateField(default=None, allow_null=True)


class SuggestionEffectOut(serializers.Serializer[Any]):
    """What came on average in trials, with the 95 % interval where the source has one; in `unit`."""

    text = serializers.CharField()
    mean = serializers.FloatField()
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    unit = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment] # its name on the wire
    verification = serializers.CharField()


class SuggestionEvidenceOut(serializers.Serializer[Any]):
    """A value that a suggestion is made of; true where it is a record that says so."""

    name = serializers.CharField()
    value = serializers.JSONField()
    unit = serializers.CharField()
    on = serializers.DateField(allow_null=True)
    source = serializers.CharField()  # type: ignore[assignment] # its name on the wire


class SuggestionOut(serializers.Serializer[Any]):
    """`because` is what in the person's own data it is made of, `text` what to do.

    `topics` are those of all that was looked at: who may act in each of them may send it away.
    """

    rule = serializers.CharField()
    title = serializers.CharField()
    because = serializers.CharField()
    text = serializers.CharField()
    effect = SuggestionEffectOut(allow_null=True)
    topic = serializers.CharField()
    topics = serializers.SerializerMethodField()
    evidence = SuggestionEvidenceOut(many=True)
    source = serializers.CharField()  # type: ignore[assignment] # its name on the wire
    verification = serializers.CharField()

    def get_topics(self, suggestion: Suggestion) -> list[str]:
        return sorted(suggestion.topics)


class SuggestionsOut(serializers.Serializer[Any]):
    """Three at most, the first before the others; `caution` is to be shown with them."""

    results = SuggestionOut(many=True)
    caution = serializers.CharField()


class DismissalIn(serializers.Serializer[Any]):
    """For how many days; null is for ever."""

    days = serializers.IntegerField(min_value=1, max_value=366, default=30, allow_null=True)


class DismissalOut(serializers.ModelSerializer[SuggestionDismissal]):
    """Until when a rule suggests nothing; null is for ever."""

    class Meta:
        model = SuggestionDismissal
        fields = ["rule", "until", "dismissed_at"]


class ThresholdOut(serializers.ModelSerializer[Threshold]):
    """Limits in the kind's own unit."""

    title = serializers.SerializerMethodField()
    unit = serializers.SerializerMethodField()
    set_by = serializers.CharField()

    class Meta:
        model = Threshold
        fields = ["id", "kind", "title", "unit", "low", "high", "reason", "set_by", "set_at", "ended_at"]

    def get_title(self, threshold: Threshold) -> str:
        return KINDS[threshold.kind].title

    def get_unit(self, threshold: Threshold) -> str:
        return KINDS[threshold.kind].unit


class ThresholdIn(serializers.Serializer[Any]):
    """One limit or both; `unit` is any of the kind's, its own when left out."""

    kind = serializers.CharField(max_length=40)
    low = serializers.FloatField(default=None, allow_null=True)
    high = serializers.FloatField(default=None, allow_null=True)
    unit = serializers.CharField(max_length=40, default="", allow_blank=True)
    reason = serializers.CharField(max_length=2_000, default="", allow_blank=True)


class EventOut(serializers.ModelSerializer[Event]):
    """Something in a patient's life; only what is not `lifted` from a record can be edited."""

    lifted = serializers.SerializerMethodField()
    entered_by = serializers.CharField(allow_null=True)

    class Meta:
        model = Event
        fields = ["id", "type", "starts_on", "ends_on", "text", "lifted", "record", "entered_by"]

    def get_lifted(self, event: Event) -> bool:
        return event.record_id is not None


class EventIn(serializers.Serializer[Any]):
    """An event as a person tells it, by the patient's own days."""

    type = serializers.ChoiceField(choices=EventType.choices)
    starts_on = serializers.DateField()
    ends_on = serializers.DateField(default=None, allow_null=True)
    text = serializers.CharField(max_length=200, default="", allow_blank=True)

    @property
    def entered(self) -> Entered:
        """What was told; for valid data."""
        given = self.validated_data
        return Entered(EventType(given["type"]), given["starts_on"], given["ends_on"], given["text"])


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
        return None if refused.at is None else datetime.fromtimestamp(refused.at / 1000, UTC)


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


class ExplanationIn(serializers.Serializer[Any]):
    """How many days back are shown."""

    days = serializers.IntegerField(min_value=SHOWN_AT_LEAST, max_value=SHOWN_AT_MOST, default=SHOWN_AT_MOST)


class SlopeOut(serializers.Serializer[Any]):
    """The trend's rise a week since that day, with a 95 % range."""

    since = serializers.DateField()
    value = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()


class TurnOut(serializers.Serializer[Any]):
    day = serializers.DateField()
    slope_before = serializers.FloatField()
    slope_after = serializers.FloatField()


class EffectOut(serializers.Serializer[Any]):
    """How much higher the values were in the event's days, with a 95 % range, or in `reason` why not."""

    id = serializers.UUIDField(source="event.id")
    day = serializers.DateField(source="event.starts_on")
    ends = serializers.DateField(source="event.ends_on", allow_null=True)
    type = serializers.CharField(source="event.type")
    text = serializers.CharField(source="event.text")
    effect = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    reason = serializers.CharField()


class AheadOut(serializers.Serializer[Any]):
    """Prophet's own view of the days ahead, with its own band."""

    days = DaysField(source="ahead")
    mean = serializers.ListField(child=serializers.FloatField())
    low80 = serializers.ListField(child=serializers.FloatField())
    high80 = serializers.ListField(child=serializers.FloatField())


class ExplanationOut(serializers.Serializer[Any]):
    """`weekly` has seven differences from the trend, Monday's first; null where chance would show as much."""

    kind = serializers.SerializerMethodField()
    title = serializers.SerializerMethodField()
    unit = serializers.SerializerMethodField()
    model = serializers.CharField(default=PROPHET, read_only=True)
    days = DaysField()
    trend = serializers.ListField(child=serializers.FloatField())
    fitted = serializers.ListField(child=serializers.FloatField())
    slope = SlopeOut(allow_null=True)
    weekly = serializers.ListField(child=serializers.FloatField(), allow_null=True)
    changes = TurnOut(many=True)
    events = EffectOut(many=True)
    ahead = AheadOut(source="*")
    sentences = serializers.SerializerMethodField()
    reason = serializers.CharField()

    def get_kind(self, _explanation: Explanation) -> str:
        return self._kind.code

    def get_title(self, _explanation: Explanation) -> str:
        return self._kind.title

    def get_unit(self, _explanation: Explanation) -> str:
        return self._kind.unit

    def get_sentences(self, explanation: Explanation) -> list[str]:
        return sentences(self._kind, explanation)

    @property
    def _kind(self) -> Kind:
        kind: Kind = self.context["kind"]
        return kind


class NotEnoughDataOut(serializers.Serializer[Any]):
    """How many more days with a value it takes."""

    more_days = serializers.IntegerField()
    reason = serializers.CharField()


class MeasurementIn(serializers.Serializer[Any]):
    """`start` is an instant; now, when it is left out."""

    kind = serializers.CharField(max_length=40)
    value = serializers.FloatField()
    unit = serializers.CharField(max_length=40)
    start = serializers.DateTimeField(required=False)

    def to_internal_value(self, data: Any) -> Measurement:
        given = super().to_internal_value(data)
        return Measurement(given["kind"], given["value"], given["unit"], given.get("start") or timezone.now())


class MeasurementRef(serializers.Serializer[Any]):
    """Which typed-in measurement is meant."""

    kind = serializers.ChoiceField(choices=sorted(KINDS))
    start = serializers.DateTimeField()


class ReferenceOut(serializers.Serializer[Any]):
    title = serializers.CharField()
    url = serializers.CharField()
    said = serializers.CharField()


class RepeatOut(serializers.Serializer[Any]):
    """Two results closer together than their interval, or `same_result`: one that two sources told of."""

    group = serializers.CharField(source="interval.group")
    title = serializers.CharField(source="interval.title")
    tests = serializers.ListField(child=serializers.CharField())
    first = serializers.DateTimeField()
    second = serializers.DateTimeField()
    same_result = serializers.BooleanField()
    sources = serializers.ListField(child=serializers.CharField())
    interval_hours = serializers.SerializerMethodField()
    references = ReferenceOut(source="interval.references", many=True)

    def get_interval_hours(self, repeat: Repeat) -> int:
        return repeat.interval.length // timedelta(hours=1)


class RepeatsOut(serializers.Serializer[Any]):
    results = RepeatOut(many=True)


class ReportOut(serializers.Serializer[Any]):
    samples = serializers.DictField()
    records = serializers.DictField()
    problems = serializers.ListField()
    remarks = serializers.ListField()


class PhoneSeriesIn(serializers.Serializer[Any]):
    """What one source says of one kind, in columns of equal length; instants in ms since the epoch.

    `offset` is minutes east of UTC; where `deleted`, the source takes the sample back: its value may be null.
    """

    kind = serializers.CharField()
    unit = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment] # its name on the wire
    start = serializers.ListField(child=serializers.IntegerField())
    end = serializers.ListField(child=serializers.IntegerField(), required=False)
    value = serializers.ListField(child=serializers.FloatField(allow_null=True))
    offset = serializers.ListField(child=serializers.IntegerField(allow_null=True), required=False)
    flags = serializers.ListField(child=serializers.IntegerField(), required=False)
    deleted = serializers.ListField(child=serializers.BooleanField(), required=False)


class SamplesIn(serializers.Serializer[Any]):
    """What a phone hands over at once; `batch_id` is its own name for it, unless `Idempotency-Key` is."""

    batch_id = serializers.CharField(max_length=100, required=False)
    patient = PatientRef()
    sent_at = serializers.DateTimeField(required=False)
    time_zone = serializers.CharField(required=False)
    series = PhoneSeriesIn(many=True)


class LeftOutOut(serializers.Serializer[Any]):
    index = serializers.IntegerField()
    code = serializers.CharField()


class PhoneSeriesOut(serializers.Serializer[Any]):
    """What became of a series' samples: the six counts add up to their number."""

    kind = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment] # its name on the wire
    stored = serializers.IntegerField()
    known = serializers.IntegerField()
    replaced = serializers.IntegerField()
    suppressed = serializers.IntegerField()
    deleted = serializers.IntegerField()
    refused = serializers.IntegerField()
    refused_at = LeftOutOut(many=True)


class SamplesOut(serializers.Serializer[Any]):
    """What became of a batch, series by series; `repeated` where it was answered before."""

    repeated = serializers.BooleanField()
    series = PhoneSeriesOut(many=True)


class RangeIn(serializers.Serializer[Any]):
    """A kind from one edge to another; subclasses say what an edge is."""

    edge: ClassVar[type[serializers.Field[Any, Any, Any, Any]]]

    kind = serializers.ChoiceField(choices=sorted(KINDS))

    def get_fields(self) -> dict[str, Any]:
        # `from` is a word of the language and cannot be an attribute.
        edges = {name: self.edge(required=False) for name in ("from", "to")}
        return super().get_fields() | edges

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if "from" in given and "to" in given and given["from"] > given["to"]:
            raise serializers.ValidationError({"to": "The end does not come after the start."})
        return given


class SeriesIn(RangeIn):
    """What part of a series is wanted, and in how many points at most."""

    edge = serializers.DateTimeField

    points = serializers.IntegerField(min_value=4, max_value=20_000, default=2_000)


class SourceOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()


class SourcesIn(serializers.Serializer[Any]):
    """Whose sources: one kind's; every device and app when left out."""

    kind = serializers.ChoiceField(choices=sorted(KINDS), default="")


class SourcePriorityIn(serializers.Serializer[Any]):
    """A kind's sources in the order in which they count; an empty list leaves it to what covers most."""

    kind = serializers.ChoiceField(choices=sorted(KINDS))
    sources = serializers.ListField(child=serializers.UUIDField(), max_length=100)


class ExtentOut(serializers.Serializer[Any]):
    """What a source has of one kind; `priority` is its place from 1, null where the patient named none."""

    count = serializers.IntegerField()
    first = serializers.IntegerField()
    last = serializers.IntegerField()
    priority = serializers.IntegerField(allow_null=True)


class RankedSourceOut(ExtentOut, SourceOut):
    """A source of one kind."""


class SourcesOut(serializers.Serializer[Any]):
    """Where a kind's samples come from; instants in ms since the epoch."""

    kind = serializers.CharField()
    sources = RankedSourceOut(many=True)


class MeasuredKindOut(ExtentOut):
    """A kind that a source measures; `place` is that of the source among all that measure it."""

    kind = serializers.CharField()
    place = serializers.IntegerField()


class HabitOut(serializers.Serializer[Any]):
    """How many days usually pass between two with news, and how many may."""

    usual = serializers.IntegerField()
    patience = serializers.IntegerField()


class DeviceOut(SourceOut):
    """A device or app; `spoke_on` is the last day, UTC, on which something new of it came."""

    last_sync_at = serializers.DateTimeField(allow_null=True)
    clock_skew_ms = serializers.IntegerField(allow_null=True)
    silent_since = serializers.DateTimeField(allow_null=True)
    voice = serializers.ChoiceField(choices=[voice.value for voice in Voice])
    spoke_on = serializers.DateField(allow_null=True)
    habit = HabitOut(allow_null=True)
    kinds = MeasuredKindOut(many=True)


class DevicesOut(serializers.Serializer[Any]):
    """Every device and app of a patient, the last heard of first."""

    results = DeviceOut(many=True)


class SeriesOut(serializers.Serializer[Any]):
    """Parallel columns; instants in ms since the epoch, `source` an index into `sources`.

    `flags` are bits: 1 outside the usual range, 2 typed in, 4 and 8 a device's lower and upper limit, 16
    interpolated. `counts` is false where another source counts in the day instead.
    """

    kind = serializers.CharField()
    unit = serializers.CharField()
    total = serializers.IntegerField()
    shown = serializers.IntegerField()
    thinned = serializers.BooleanField()
    start = serializers.ListField(child=serializers.IntegerField())
    end = serializers.ListField(child=serializers.IntegerField())
    value = serializers.ListField(child=serializers.FloatField())
    flags = serializers.ListField(child=serializers.IntegerField())
    counts = serializers.ListField(child=serializers.BooleanField())
    source = serializers.ListField(child=serializers.IntegerField())  # type: ignore[assignment] # its name on the wire
    sources = SourceOut(many=True)


class SummaryIn(RangeIn):
    """Which days of a kind are wanted."""

    edge = serializers.DateField


class ForecastsIn(serializers.Serializer[Any]):
    """Which kind's forecast is wanted; every kind's when left out."""

    kind = serializers.ChoiceField(choices=sorted(KINDS), default="")


class RecordsIn(serializers.Serializer[Any]):
    """Which type of records is wanted; every type when left out."""

    type = serializers.ChoiceField(choices=RECORD_TYPES, default="")
    conflicts = serializers.BooleanField(default=False, help_text="Only those that wait to be settled.")


class DayOut(serializers.Serializer[Any]):
    """`flags` as in a series: 4 or 8 where `min` or `max` is a device's limit, 2 or 16 where all of it is."""

    day = serializers.DateField()
    value = serializers.FloatField()
    min = serializers.FloatField()
    max = serializers.FloatField()
    count = serializers.IntegerField()
    source = serializers.CharField()  # type: ignore[assignment] # its name on the wire
    sources = serializers.IntegerField()
    flags = serializers.IntegerField()


def day_row(day: DaySummary, names: Mapping[UUID, str]) -> dict[str, Any]:
    """A day as DayOut describes it; by hand, for there are thousands of them in an answer."""
    return {
        "day": day.day,
        "value": day.value,
        "min": day.minimum,
        "max": day.maximum,
        "count": day.count,
        "source": names[day.source_id],
        "sources": day.sources,
        "flags": day.flags,
    }


class SummaryOut(serializers.Serializer[Any]):
    kind = serializers.CharField()
    unit = serializers.CharField()
    days = DayOut(many=True)


class DaysOut(SummaryOut):
    """All days of a kind from the first to the last: one that is missing among them is no more."""

    first = serializers.DateField()
    last = serializers.DateField()


def days_out(
    span: tuple[str, date, date], days: Iterable[DaySummary], names: Mapping[UUID, str]
) -> dict[str, Any]:
    """The days of a span as DaysOut has them."""
    kind, first, last = span
    rows = [day_row(day, names) for day in days]
    return {"kind": kind, "unit": KINDS[kind].unit, "first": first, "last": last, "days": rows}


class KindOut(serializers.Serializer[Any]):
    """A kind of the catalogue, with the units in which it can be typed in."""

    code = serializers.CharField()
    title = serializers.CharField()
    unit = serializers.CharField()
    units = serializers.SerializerMethodField()
    topic = serializers.CharField()
    daily = serializers.CharField()
    overlap = serializers.CharField()
    decimals = serializers.IntegerField()
    forecast = serializers.BooleanField()
    hard = serializers.ListField(child=serializers.FloatField())
    soft = serializers.ListField(child=serializers.FloatField())
    loinc = serializers.CharField(allow_null=True)
    verification = serializers.CharField()

    def get_units(self, kind: Any) -> list[str]:
        return [kind.unit, *sorted(kind.conversions)]


class WhatToDoOut(serializers.Serializer[Action]):
    """Words for the patient; `emergency` where they name the emergency number."""

    text = serializers.CharField()
    emergency = serializers.BooleanField()
    source = serializers.CharField()  # type: ignore[assignment] # its name on the wire
    verification = serializers.CharField()


class AlertOut(serializers.ModelSerializer[Alert]):
    """An alert as it stands; `ending` says why it is over, `done` what somebody did about it.

    `what_to_do` are the words of its `action`, if it has one.
    """

    what_to_do = serializers.SerializerMethodField()
    patient_name = serializers.CharField(source="patient.name")
    open = serializers.BooleanField(source="is_open")
    acknowledged_by = serializers.CharField(allow_null=True)
    ended_by = serializers.CharField(allow_null=True)
    source = serializers.CharField()  # type: ignore[assignment] # its name on the wire

    class Meta:
        model = Alert
        fields = [
            "id",
            "patient",
            "patient_name",
            "topic",
            "rule",
            "key",
            "severity",
            "direction",
            "title",
            "text",
            "evidence",
            "action",
            "what_to_do",
            "source",
            "verification",
            "is_late",
            "data_at",
            "raised_at",
            "status",
            "open",
            "escalations",
            "escalate_at",
            "expires_at",
            "acknowledged_by",
            "acknowledged_at",
            "ended_by",
            "ended_at",
            "ending",
            "done",
        ]

    @extend_schema_field(WhatToDoOut(allow_null=True))
    def get_what_to_do(self, alert: Alert) -> Mapping[str, Any] | None:
        action = actions().get(alert.action)
        return None if action is None else WhatToDoOut(action).data


class AlertStepOut(serializers.ModelSerializer[AlertStep]):
    actor = serializers.CharField(allow_null=True)

    class Meta:
        model = AlertStep
        fields = ["id", "step", "severity", "at", "actor", "note"]


class AlertDeliveryOut(serializers.ModelSerializer[AlertDelivery]):
    """`due_at` is when a waiting one is to be sent, or, while a worker has it, taken over."""

    recipient = serializers.CharField()

    class Meta:
        model = AlertDelivery
        fields = [
            "id",
            "recipient",
            "channel",
            "round",
            "status",
            "due_at",
            "attempts",
            "sent_at",
            "given_up_at",
            "reason",
            "displayed_at",
        ]


class AlertsIn(serializers.Serializer[Any]):
    """Which alerts are wanted: all, or those of some severity at least, or that nobody has answered."""

    severity = serializers.ChoiceField(choices=[one.value for one in Severity], default="information")
    waiting = serializers.BooleanField(default=False)


class MyAlertsIn(AlertsIn):
    """Or only those of which her sockets were told since then, and which no device has shown her."""

    told_since = serializers.DateTimeField(default=None, allow_null=True)


class PatientAlertsIn(AlertsIn):
    """Of one patient also those that are over, unless only `open` ones are wanted."""

    open = serializers.BooleanField(default=False)


class AlertDetailOut(AlertOut):
    """An alert, what happened to it, who was told, and what the patient's clinic says of emergencies."""

    steps = AlertStepOut(many=True)
    deliveries = AlertDeliveryOut(many=True)
    clinic = ClinicOut(source="patient.clinic", allow_null=True)

    class Meta(AlertOut.Meta):
        fields = [*AlertOut.Meta.fields, "steps", "deliveries", "clinic"]


class AcknowledgeIn(serializers.Serializer[Any]):
    note = serializers.CharField(max_length=2_000, default="", allow_blank=True)


class ResolveIn(serializers.Serializer[Any]):
    """What was done."""

    done = serializers.CharField(max_length=2_000)


class SnoozeIn(serializers.Serializer[Any]):
    until = serializers.DateTimeField()


class SnoozeOut(serializers.ModelSerializer[Snooze]):
    """`ends_at` is as early as the severity demands, whatever was asked for."""

    class Meta:
        model = Snooze
        fields = ["id", "patient", "rule", "direction", "severity", "starts_at", "ends_at"]
