"""The edges of reminders, hung into the API and the console by the ground floor."""

from django.urls import path

from reminders import api, pages
from reminders.answer_links import PATH

PATIENT = "patients/<patient:patient>"

api_urls = [
    path(f"{PATIENT}/plans", api.Plans.as_view(), name="plans"),
    path(f"{PATIENT}/plans/preview", api.PreviewPlan.as_view(), name="plan-preview"),
    path(f"{PATIENT}/plans/check", api.CheckMedicine.as_view(), name="plan-check"),
    path(f"{PATIENT}/plans/<uuid:plan>", api.PlanDetail.as_view(), name="plan"),
    path(f"{PATIENT}/plans/<uuid:plan>/confirm", api.ConfirmPlan.as_view(), name="plan-confirm"),
    path(f"{PATIENT}/plans/<uuid:plan>/end", api.EndPlan.as_view(), name="plan-end"),
    path(f"{PATIENT}/plans/<uuid:plan>/pause", api.PausePlan.as_view(), name="plan-pause"),
    path(f"{PATIENT}/plans/<uuid:plan>/stock", api.PlanStock.as_view(), name="plan-stock"),
    path(f"{PATIENT}/doses", api.Doses.as_view(), name="doses"),
    path(f"{PATIENT}/doses/answers", api.AnswerDoses.as_view(), name="dose-answers"),
    path(f"{PATIENT}/doses/<uuid:dose>", api.DoseDetail.as_view(), name="dose"),
    path(f"{PATIENT}/adherence", api.AdherenceReport.as_view(), name="adherence"),
    path(f"{PATIENT}/reminders/unheard", api.Unheard.as_view(), name="reminders-unheard"),
    path(f"{PATIENT}/routine", api.RoutineOfPatient.as_view(), name="routine"),
    path(f"{PATIENT}/caregivers-told", api.Caregivers.as_view(), name="caregivers-told"),
    path(
        f"{PATIENT}/caregivers-told/<uuid:person>",
        api.CaregiverAgreed.as_view(),
        name="caregiver-told",
    ),
    path("reminders/<uuid:reminder>/displayed", api.ReminderDisplayed.as_view(), name="reminder-displayed"),
    path("reminders/<uuid:reminder>/later", api.ReminderLater.as_view(), name="reminder-later"),
    path("reminders/<uuid:reminder>/take-care", api.TakeCare.as_view(), name="reminder-take-care"),
    path("reminders/preferences", api.Preferences.as_view(), name="reminder-preferences"),
]

console_urls = [
    path(f"{PATIENT}/panels/medication", pages.MedicationPanel.as_view(), name="medication"),
]

page_urls = [
    path(f"{PATH}<str:token>", pages.answer_link, name="answer-link"),
]
