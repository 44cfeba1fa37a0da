"""Base classes of the HTML edges, and the shells: landing page, console, patients' app.

A page that does not declare what it needs cannot be defined.
"""

from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache

from backend.actor import become
from backend.declared import AboutPatient
from backend.models import Patient, User
from backend.ports import ports
from backend.queries import clinician_of
from backend.rules import Need, Role


@method_decorator(never_cache, name="dispatch")
class PersonPage(LoginRequiredMixin, View):
    """A page about the person who is logged in."""

    http_method_names = ["get", "post", "head"]
    person: User

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if isinstance(request.user, User):
            self.person = request.user
            become(self.person.id, kwargs.get("patient"))
            self.enter(request, **kwargs)
        return super().dispatch(request, *args, **kwargs)

    def enter(self, request: HttpRequest, **kwargs: Any) -> None:
        """What must hold before the method runs."""


class PatientPage(AboutPatient, PersonPage):
    """A page about one patient."""

    def enter(self, request: HttpRequest, **kwargs: Any) -> None:
        self.open(self.person, kwargs["patient"], request.method)


def home(request: HttpRequest) -> HttpResponse:
    """What Pollux is, for a stranger; the way in, for whoever is logged in."""
    if not isinstance(request.user, User):
        return render(request, "home.html")
    become(request.user.id)
    return redirect("console:patients" if clinician_of(request.user) else "app:home")


class App(PersonPage):
    """The patients' app: one shell, filled by its scripts over the public API and the socket."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return render(request, "app/shell.html")


class ConsolePage(PersonPage):
    """A console page; whoever is no clinician goes to the app."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if isinstance(request.user, User) and clinician_of(request.user) is None:
            return redirect("app:home")
        return super().dispatch(request, *args, **kwargs)


class ConsolePatient(ConsolePage, PatientPage):
    """One patient's page: a shell whose panels each room serves itself."""

    needs = {"get": Need.SEE}
    what = "patient page"

    def get(self, request: HttpRequest, patient: Any) -> HttpResponse:  # noqa: ARG002 - in the URL
        person: Patient = self.access.patient
        panels = [
            {
                "slug": panel.slug,
                "title": panel.title,
                "url": reverse(panel.url_name, kwargs={"patient": person.id}),
            }
            for panel in sorted(ports.panels, key=lambda panel: panel.order)
        ]
        context = {
            "patient": person,
            "age": person.age_at(timezone.now()),
            "access": self.access,
            "emergency": self.access.standing.role is Role.EMERGENCY,
            "panels": panels,
        }
        return render(request, "console/patient.html", context)
