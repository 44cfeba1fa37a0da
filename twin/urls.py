"""The twin's edges, hung into the API and the console by the ground floor."""

from django.urls import path

from twin import alerts_panel, api, pages, patient_list, score_api, scores_panel

PATIENT = "patients/<patient:patient>"

api_urls = [
    path("kinds", api.Kinds.as_view(), name="kinds"),
    path("uploads", api.Uploads.as_view(), name="uploads"),
    path("uploads/<uuid:upload>", api.UploadDetail.as_view(), name="upload"),
    path("samples", api.Samples.as_view(), name="samples"),
    path(f"{PATIENT}/series", api.Series.as_view(), name="series"),
    path(f"{PATIENT}/summary", api.Summary.as_view(), name="summary"),
    path(f"{PATIENT}/snapshot", api.SnapshotView.as_view(), name="snapshot"),
    path(f"{PATIENT}/forecasts", api.Forecasts.as_view(), name="forecasts"),
    path(
        f"{PATIENT}/forecasts/<str:kind>/explanation",
        api.ForecastExplanation.as_view(),
        name="forecast-explanation",
    ),
    path(f"{PATIENT}/forecasts/<str:kind>/record", api.ForecastRecord.as_view(), name="forecast-record"),
    path(f"{PATIENT}/glucose-forecast", api.GlucoseAhead.as_view(), name="glucose-forecast"),
    path(f"{PATIENT}/glucose-forecast/record", api.GlucoseRecord.as_view(), name="glucose-forecast-record"),
    path(f"{PATIENT}/glucose-profile", score_api.GlucoseProfile.as_view(), name="glucose-profile"),
    path(f"{PATIENT}/scores", score_api.Scores.as_view(), name="scores"),
    path(f"{PATIENT}/scores/<str:code>/history", score_api.ScoreHistory.as_view(), name="score-history"),
    path(f"{PATIENT}/answers", score_api.Answers.as_view(), name="answers"),
    path("questionnaires", score_api.Questionnaires.as_view(), name="questionnaires"),
    path(
        "questionnaires/<str:questionnaire>",
        score_api.QuestionnaireDetail.as_view(),
        name="questionnaire",
    ),
    path(
        f"{PATIENT}/questionnaires/<str:questionnaire>",
        score_api.Responses.as_view(),
        name="questionnaire-responses",
    ),
    path(f"{PATIENT}/gene-notices", score_api.GeneNotices.as_view(), name="gene-notices"),
    path(f"{PATIENT}/sick-days", score_api.SickDays.as_view(), name="sick-days"),
    path(f"{PATIENT}/goals", api.Goals.as_view(), name="goals"),
    path(f"{PATIENT}/goals/<uuid:goal>/agree", api.AgreeToGoal.as_view(), name="goal-agree"),
    path(f"{PATIENT}/goals/<uuid:goal>/end", api.EndGoal.as_view(), name="goal-end"),
    path(f"{PATIENT}/suggestions", api.Suggestions.as_view(), name="suggestions"),
    path(
        f"{PATIENT}/suggestions/<str:rule>/dismiss",
        api.DismissSuggestion.as_view(),
        name="suggestion-dismiss",
    ),
    path(f"{PATIENT}/thresholds", api.Thresholds.as_view(), name="thresholds"),
    path(f"{PATIENT}/thresholds/<uuid:threshold>/end", api.EndThreshold.as_view(), name="threshold-end"),
    path(f"{PATIENT}/events", api.Events.as_view(), name="events"),
    path(f"{PATIENT}/events/<uuid:event>", api.EventDetail.as_view(), name="event"),
    path(f"{PATIENT}/records", api.Records.as_view(), name="records"),
    path(f"{PATIENT}/records/<uuid:record>", api.RecordDetail.as_view(), name="record"),
    path(f"{PATIENT}/records/<uuid:record>/versions", api.RecordVersions.as_view(), name="record-versions"),
    path(f"{PATIENT}/sources", api.Sources.as_view(), name="sources"),
    path(f"{PATIENT}/repeats", api.Repeats.as_view(), name="repeats"),
    path(f"{PATIENT}/export", api.Export.as_view(), name="export"),
    path(f"{PATIENT}/export/file", api.ExportFile.as_view(), name="export-file"),
    path("alerts", api.MyAlerts.as_view(), name="my-alerts"),
    path("alerts/<uuid:alert>/displayed", api.AlertDisplayed.as_view(), name="alert-displayed"),
    path(f"{PATIENT}/alerts", api.Alerts.as_view(), name="alerts"),
    path(f"{PATIENT}/alerts/<uuid:alert>", api.AlertDetail.as_view(), name="alert"),
    path(
        f"{PATIENT}/alerts/<uuid:alert>/acknowledge", api.AcknowledgeAlert.as_view(), name="alert-acknowledge"
    ),
    path(f"{PATIENT}/alerts/<uuid:alert>/resolve", api.ResolveAlert.as_view(), name="alert-resolve"),
    path(f"{PATIENT}/alerts/<uuid:alert>/snooze", api.SnoozeAlert.as_view(), name="alert-snooze"),
    path(f"{PATIENT}/observations", api.Observations.as_view(), name="observations"),
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
