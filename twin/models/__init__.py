"""Rows of the twin: uploads, series in blocks, records, and what is derived from them."""

from twin.models.alerts import AlarmTest, Alert, AlertDelivery, AlertStep, DeliveryStatus, Snooze
from twin.models.days import Baseline, DaySummary, Snapshot, SnapshotVersion
from twin.models.events import Direction, Event, EventType, Goal, Threshold
from twin.models.exports import Export, ExportStatus
from twin.models.fleet import ChallengerScore, FleetChunk, FleetRun, FleetTask
from twin.models.forecasts import Basis, Crossing, Forecast, GlucoseForecast, SeriesState, StaleForecast
from twin.models.population import Concern
from twin.models.records import Record, RecordVersion
from twin.models.scores import Answer, QuestionnaireResponse, ScoreResult, StaleScores
from twin.models.series import SampleBatch, SeriesBlock, StaleDays
from twin.models.sources import Source, SourcePriority
from twin.models.suggestions import SuggestionDismissal
from twin.models.topics import TOPICS
from twin.models.uploads import FINISHED, Upload, UploadStatus
from twin.models.warnings import StaleWarnings

__all__ = [
    "FINISHED",
    "TOPICS",
    "AlarmTest",
    "Alert",
    "AlertDelivery",
    "AlertStep",
    "Answer",
    "Baseline",
    "Basis",
    "ChallengerScore",
    "Concern",
    "Crossing",
    "DaySummary",
    "DeliveryStatus",
    "Direction",
    "Event",
    "EventType",
    "Export",
    "ExportStatus",
    "FleetChunk",
    "FleetRun",
    "FleetTask",
    "Forecast",
    "GlucoseForecast",
    "Goal",
    "QuestionnaireResponse",
    "Record",
    "RecordVersion",
    "SampleBatch",
    "ScoreResult",
    "SeriesBlock",
    "SeriesState",
    "Snapshot",
    "SnapshotVersion",
    "Snooze",
    "Source",
    "SourcePriority",
    "StaleDays",
    "StaleForecast",
    "StaleScores",
    "StaleWarnings",
    "SuggestionDismissal",
    "Threshold",
    "Upload",
    "UploadStatus",
]
