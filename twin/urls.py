"""The twin's edges, hung into the API and the console by the ground floor."""

from django.urls import path

from twin import alerts_panel, pages, patient_list, scores_panel
from twin.api import (
    alerts,
    answers,
    days,
    events,
    explanations,
    exports,
    forecasts,
    gene_notices,
    glucose,
    goals,
    kinds,
    observations,
    questionnaires,
    records,
    repeats,
    samples,
    scores,
    series,
    sick_days,
    snapshots,
    sources,
    suggestions,
    thresholds,
    uploads,
)

PATIENT = "patients/<patient:patient>"

api_urls = [
    path("kinds", kinds.Kinds.as_view(), name="kinds"),
    path("uploads", uploads.Uploads.as_view(), name="uploads"),
    path("uploads/<uuid:upload>", uploads.UploadDetail.as_view(), name="upload"),
    path("samples", samples.Samples.as_view(), name="samples"),
    path(f"{PATIENT}/series", series.Series.as_view(), name="series"),
    path(f"{PATIENT}/summary", days.Summary.as_view(), name="summary"),
    path(f"{PATIENT}/snapshot", snapshots.SnapshotView.as_view(), name="snapshot"),
    path(f"{PATIENT}/forecasts", forecasts.Forecasts.as_view(), name="forecasts"),
    path(
        f"{PATIENT}/forecasts/<str:kind>/explanation",
        explanations.ForecastExplanation.as_view(),
        name="forecast-explanation",
    ),
    path(
        f"{PATIENT}/forecasts/<str:kind>/record", forecasts.ForecastRecord.as_view(), name="forecast-record"
    ),
    path(f"{PATIENT}/glucose-forecast", glucose.GlucoseAhead.as_view(), name="glucose-forecast"),
    path(
        f"{PATIENT}/glucose-forecast/record", glucose.GlucoseRecord.as_view(), name="glucose-forecast-record"
    ),
    path(f"{PATIENT}/glucose-profile", glucose.GlucoseProfile.as_view(), name="glucose-profile"),
    path(f"{PATIENT}/scores", scores.Scores.as_view(), name="scores"),
    path(f"{PATIENT}/scores/<str:code>/history", scores.ScoreHistory.as_view(), name="score-history"),
    path(f"{PATIENT}/answers", answers.Answers.as_view(), name="answers"),
    path("questionnaires", questionnaires.Questionnaires.as_view(), name="questionnaires"),
    path(
        "questionnaires/<str:questionnaire>",
        questionnaires.QuestionnaireDetail.as_view(),
        name="questionnaire",
    ),
    path(
        f"{PATIENT}/questionnaires/<str:questionnaire>",
        questionnaires.Responses.as_view(),
        name="questionnaire-responses",
    ),
    path(f"{PATIENT}/gene-notices", gene_notices.GeneNotices.as_view(), name="gene-notices"),
    path(f"{PATIENT}/sick-days", sick_days.SickDays.as_view(), name="sick-days"),
    path(f"{PATIENT}/goals", goals.Goals.as_view(), name="goals"),
    path(f"{PATIENT}/goals/<uuid:goal>/agree", goals.AgreeToGoal.as_view(), name="goal-agree"),
    path(f"{PATIENT}/goals/<uuid:goal>/end", goals.EndGoal.as_view(), name="goal-end"),
    path(f"{PATIENT}/suggestions", suggestions.Suggestions.as_view(), name="suggestions"),
    path(
        f"{PATIENT}/suggestions/<str:rule>/dismiss",
        suggestions.DismissSuggestion.as_view(),
        name="suggestion-dismiss",
    ),
    path(f"{PATIENT}/thresholds", thresholds.Thresholds.as_view(), name="thresholds"),
    path(
        f"{PATIENT}/thresholds/<uuid:threshold>/end", thresholds.EndThreshold.as_view(), name="threshold-end"
    ),
    path(f"{PATIENT}/events", events.Events.as_view(), name="events"),
    path(f"{PATIENT}/events/<uuid:event>", events.EventDetail.as_view(), name="event"),
    path(f"{PATIENT}/records", records.Records.as_view(), name="records"),
    path(f"{PATIENT}/records/<uuid:record>", records.RecordDetail.as_view(), name="record"),
    path(
        f"{PATIENT}/records/<uuid:record>/versions", records.RecordVersions.as_view(), name="record-versions"
    ),
    path(f"{PATIENT}/sources", sources.Sources.as_view(), name="sources"),
    path(f"{PATIENT}/repeats", repeats.Repeats.as_view(), name="repeats"),
    path(f"{PATIENT}/export", exports.Export.as_view(), name="export"),
    path(f"{PATIENT}/export/file", exports.ExportFile.as_view(), name="export-file"),
    path("alerts", alerts.MyAlerts.as_view(), name="my-alerts"),
    path("alerts/<uuid:alert>/displayed", alerts.AlertDisplayed.as_view(), name="alert-displayed"),
    path(f"{PATIENT}/alerts", alerts.Alerts.as_view(), name="alerts"),
    path(f"{PATIENT}/alerts/<uuid:alert>", alerts.AlertDetail.as_view(), name="alert"),
    path(
        f"{PATIENT}/alerts/<uuid:alert>/acknowledge",
        alerts.AcknowledgeAlert.as_view(),
        name="alert-acknowledge",
    ),
    path(f"{PATIENT}/alerts/<uuid:alert>/resolve", alerts.ResolveAlert.as_view(), name="alert-resolve"),
    path(f"{PATIENT}/alerts/<uuid:alert>/snooze", alerts.SnoozeAlert.as_view(), name="alert-snooze"),
    path(f"{PATIENT}/observations", observations.Observations.as_view(), name="observations"),
]

console_urls = [
    path("", patient_list.ConsolePatients.as_view(), name="patients"),
    path("forecasts/", pages.ForecastQuality.as_view(), name="forecasts"),
    path(f"{PATIENT}/panels/alerts", alerts_panel.AlertsPanel.as_view(), name="alerts"),
    path(f"{PATIENT}/panels/systems", pages.SystemsPanel.as_view(), name="systems"),
    path(f"{PATIENT}/panels/scores", scores_panel.ScoresPanel.as_view(), name="scores"),
    path(f"{PATIENT}/panels/tiles", pages.TilesPanel.as_view(), name="tiles"),
    path(f"{PATIENT}/panels/chart", pages.ChartPanel.as_view(), name="chart"),
    path(f"{PATIENT}/panels/records", pages.RecordsPanel.as_view(), name="records"),
    path(f"{PATIENT}/panels/sources", pages.SourcesPanel.as_view(), name="sources"),
    path(f"{PATIENT}/panels/uploads", pages.UploadsPanel.as_view(), name="uploads"),
]
