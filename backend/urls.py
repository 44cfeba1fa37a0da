"""Where everything is. Wires only."""

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_update
from django.urls import include, path
from drf_spectacular.views import SpectacularSwaggerSplitView

import reminders.urls
import twin.urls
from backend import api, health, pages
from backend.schema import Schema

handler400 = "backend.problems.bad_request"
handler403 = "backend.problems.permission_denied"
handler404 = "backend.problems.not_found"
handler500 = "backend.problems.server_error"

# Swagger's page carries a style sheet of its own inline.
docs = csp_update({"style-src": [SELF, UNSAFE_INLINE]})(
    SpectacularSwaggerSplitView.as_view(url_name="api:schema")
)

api_urls = [
    path("schema/", Schema.as_view(), name="schema"),
    path("docs/", docs, name="docs"),
    path("me", api.Me.as_view(), name="me"),
    path("me/patient", api.MyPatient.as_view(), name="my-patient"),
    path("patients/", api.Patients.as_view(), name="patients"),
    path("teams", api.Teams.as_view(), name="teams"),
    path("teams/<uuid:team>/duty", api.Duty.as_view(), name="duty"),
    path("teams/<uuid:team>/duty/<uuid:shift>/hand-over", api.HandOver.as_view(), name="hand-over"),
    path("teams/<uuid:team>/lead", api.Lead.as_view(), name="team-lead"),
    path("clinic", api.OwnClinic.as_view(), name="clinic"),
    path("break-glass", api.BreakGlass.as_view(), name="break-glass"),
    path("sync", api.Sync.as_view(), name="sync"),
    path("live/ticket", api.LiveTicket.as_view(), name="live-ticket"),
    path("patients/<patient:patient>/zones", api.Zones.as_view(), name="zones"),
    path("patients/<patient:patient>/grants", api.Grants.as_view(), name="grants"),
    path(
        "patients/<patient:patient>/grants/<uuid:grant>/revoke",
        api.RevokeGrant.as_view(),
        name="revoke-grant",
    ),
    path("patients/<patient:patient>/audit", api.Audit.as_view(), name="audit"),
    *twin.urls.api_urls,
    *reminders.urls.api_urls,
]

console_urls = [
    path("patients/<patient:patient>/", pages.ConsolePatient.as_view(), name="patient"),
    *twin.urls.console_urls,
    *reminders.urls.console_urls,
]

urlpatterns = [
    path("", pages.home, name="home"),
    path("health", health.health, name="health"),
    *reminders.urls.page_urls,
    path("accounts/", include("allauth.urls")),
    path("_allauth/", include("allauth.headless.urls")),
    path("app/", include(([path("", pages.App.as_view(), name="home")], "app"))),
    path("console/", include((console_urls, "console"))),
    path("api/v1/", include((api_urls, "api"))),
]
