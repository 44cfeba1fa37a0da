"""The JSON edges of reminders: plans, doses, adherence, and how people want to be reminded."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from backend.access import Access
from backend.api import PatientView, PersonView
from backend.queries import zone_history_of
from backend.rest import Pages, page_schema
from backend.rules import Need, Topic
from backend.services import NotPossible
from reminders.models import Dose, DoseStatus, MedicationPlan, ReminderPreference, StockMove
from reminders.queries import (
    UNHEARD_FOR,
    adherence_of,
    advice_on,
    answers_of,
    doses_between,
    doses_named,
    medicine_named,
    plans_of,
    routine_of,
    stock_outlooks,
    unheard_of,
    versions_of,
)
from reminders.serializers import (
    AdherenceIn,
    AdherenceReportOut,
    AnsweredOut,
    CaregiverOut,
    ChangeIn,
    CheckedOut,
    CheckIn,
    ConfirmIn,
    DoseAnswersIn,
    DoseDetailOut,
    DosesIn,
    DosesOut,
    DueOut,
    EndIn,
    LaterIn,
    PauseIn,
    PlanDetailOut,
    PlanOut,
    PreferencesIO,
    PreviewIn,
    ReminderOut,
    RoutineIO,
    StockIn,
    WrittenIn,
)
from reminders.services.caregivers import agree, caregivers_of, disagree, take_care
from reminders.services.deliveries import displayed, put_off
from reminders.services.doses import Said, answer_doses
from reminders.services.plans import (
    Written,
    change_plan,
    confirm_plan,
    end_plan,
    make_plan,
    pause_plan,
    preview_plan,
    record_stock,
    resume_plan,
)
from reminders.services.preferences import set_preferences, set_routine
from reminders.services.prescribing import check_medicine

MOST_DAYS = 92
"""So many days of doses are answered at once."""


class Plans(PatientView):
    """A patient's medication plans, the newest first; a new one has doses from now on."""

    needs = {"get": Need.READ, "post": Need.ACT}
    what = "medication plans"

    @extend_schema(operation_id="plans_list", responses=page_schema(PlanOut))
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        pages = Pages()
        found = plans_of(self.access.patient, self.access.topics)
        page = pages.paginate_queryset(found, self.request, view=self) or []
        return pages.get_paginated_response(_plans_out(self.access, page))

    @extend_schema(request=WrittenIn, responses={201: PlanOut})
    def post(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        given = WrittenIn(data=request.data)
        given.is_valid(raise_exception=True)
        plan = make_plan(access=self.access, written=Written(**given.validated_data), now=timezone.now())
        return Response(_plans_out(self.access, [plan])[0], status=201)


class PreviewPlan(PatientView):
    """The doses that a plan would have, before it is made."""

    needs = {"post": Need.ACT}
    what = "medication plans"

    @extend_schema(request=PreviewIn, responses=DueOut(many=True))
    def post(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        given = PreviewIn(data=request.data)
        given.is_valid(raise_exception=True)
        says = dict(given.validated_data)
        days = says.pop("days")
        found = preview_plan(access=self.access, written=Written(**says), days=days, now=timezone.now())
        return Response(DueOut(found, many=True).data)


class CheckMedicine(PatientView):
    """What speaks against a medicine for this patient, as far as the person may know it."""

    needs = {"post": Need.READ}
    what = "medication plans"

    @extend_schema(request=CheckIn, responses=CheckedOut)
    def post(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        given = CheckIn(data=request.data)
        given.is_valid(raise_exception=True)
        asked = given.validated_data
        medicine = medicine_named(asked["medicine"], asked["codes"])
        found = check_medicine(access=self.access, medicine=medicine, plan=asked["plan"], now=timezone.now())
        return Response(CheckedOut(found).data)


class PlanDetail(PatientView):
    """One plan with everything that it has said; a change is a new version."""

    needs = {"get": Need.READ, "put": Need.ACT}
    what = "medication plans"

    @extend_schema(responses=PlanDetailOut)
    def get(self, request: Request, patient: str, plan: UUID) -> Response:  # noqa: ARG002 - in the URL
        found = plans_of(self.access.patient, self.access.topics).filter(id=plan).first()
        if found is None:
            raise Http404
        return Response(PlanDetailOut(_with_versions(found), context=_stocks(self.access, [found])).data)

    @extend_schema(request=ChangeIn, responses=PlanDetailOut)
    def put(self, request: Request, patient: str, plan: UUID) -> Response:
        given = ChangeIn(data=request.data)
        given.is_valid(raise_exception=True)
        says = dict(given.validated_data)
        number = says.pop("number")
        change_plan(
            access=self.access, plan_id=plan, number=number, written=Written(**says), now=timezone.now()
        )
        return self.get(request, patient, plan)


class ConfirmPlan(PatientView):
    """Says that a plan that waited is right as it stands."""

    needs = {"post": Need.ACT}
    what = "medication plans"

    @extend_schema(request=ConfirmIn, responses=PlanOut)
    def post(self, request: Request, patient: str, plan: UUID) -> Response:  # noqa: ARG002 - in the URL
        given = ConfirmIn(data=request.data)
        given.is_valid(raise_exception=True)
        found = confirm_plan(access=self.access, plan_id=plan, **given.validated_data, now=timezone.now())
        return Response(_plans_out(self.access, [found])[0])


class EndPlan(PatientView):
    """Ends a plan, which stays on record."""

    needs = {"post": Need.ACT}
    what = "medication plans"

    @extend_schema(request=EndIn, responses=PlanOut)
    def post(self, request: Request, patient: str, plan: UUID) -> Response:  # noqa: ARG002 - in the URL
        given = EndIn(data=request.data)
        given.is_valid(raise_exception=True)
        ended = end_plan(access=self.access, plan_id=plan, **given.validated_data, now=timezone.now())
        return Response(_plans_out(self.access, [ended])[0])


class PausePlan(PatientView):
    """Days on which a plan has no doses; taking the pause back brings them again."""

    needs = {"post": Need.ACT, "delete": Need.ACT}
    what = "medication plans"

    @extend_schema(request=PauseIn, responses=PlanOut)
    def post(self, request: Request, patient: str, plan: UUID) -> Response:  # noqa: ARG002 - in the URL
        given = PauseIn(data=request.data)
        given.is_valid(raise_exception=True)
        pause = pause_plan(access=self.access, plan_id=plan, **given.validated_data, now=timezone.now())
        return Response(_plans_out(self.access, [pause.plan])[0])

    @extend_schema(responses=PlanOut)
    def delete(self, request: Request, patient: str, plan: UUID) -> Response:  # noqa: ARG002 - in the URL
        resumed = resume_plan(access=self.access, plan_id=plan, now=timezone.now())
        return Response(_plans_out(self.access, [resumed])[0])


class PlanStock(PatientView):
    """What was fetched, lost or counted of a plan's medicine."""

    needs = {"post": Need.ACT}
    what = "medication plans"

    @extend_schema(request=StockIn, responses={201: PlanOut})
    def post(self, request: Request, patient: str, plan: UUID) -> Response:  # noqa: ARG002 - in the URL
        given = StockIn(data=request.data)
        given.is_valid(raise_exception=True)
        now = timezone.now()
        says = {"at": now, **given.validated_data}
        says["move"] = StockMove(says["move"])
        entry = record_stock(access=self.access, plan_id=plan, **says, now=now)
        return Response(_plans_out(self.access, [entry.plan])[0], status=201)


class Doses(PatientView):
    """The doses of today, or of days asked for, by the patient's own clock."""

    needs = {"get": Need.READ}
    what = "doses"

    @extend_schema(parameters=[DosesIn], operation_id="doses_of_days", responses=DosesOut)
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        asked = DosesIn(data=request.query_params)
        asked.is_valid(raise_exception=True)
        self.access.topic(Topic.MEDICATION)
        zone = zone_history_of(self.access.patient.id)
        today = timezone.now().astimezone(zone).date()
        first = asked.validated_data.get("since") or asked.validated_data.get("until") or today
        last = asked.validated_data.get("until") or first
        if not timedelta(0) <= last - first < timedelta(days=MOST_DAYS):
            raise NotPossible("until", f"From one day to {MOST_DAYS} days are possible.")
        since, until = (_begins(day, zone) for day in (first, last + timedelta(days=1)))
        found = doses_between(self.access.patient, self.access.topics, since, until)
        days = {"since": first, "until": last, "time_zone": self.access.patient.time_zone}
        return Response(DosesOut({**days, "doses": list(found)}).data)


class DoseDetail(PatientView):
    """One dose with all that was said of it, and with advice while it is late."""

    needs = {"get": Need.READ}
    what = "doses"

    @extend_schema(responses=DoseDetailOut)
    def get(self, request: Request, patient: str, dose: UUID) -> Response:  # noqa: ARG002 - in the URL
        found = doses_named(self.access.patient, self.access.topics, [str(dose)]).first()
        if found is None:
            raise Http404
        return Response(DoseDetailOut(_with_answers(found, timezone.now())).data)


class AnswerDoses(PatientView):
    """What became of doses, one or many, as they were answered without a network."""

    needs = {"post": Need.ACT}
    what = "doses"

    @extend_schema(request=DoseAnswersIn, responses=AnsweredOut(many=True))
    def post(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        given = DoseAnswersIn(data=request.data)
        given.is_valid(raise_exception=True)
        said = [
            Said(**one | {"status": DoseStatus(one["status"])}) for one in given.validated_data["answers"]
        ]
        found = answer_doses(access=self.access, said=said, now=timezone.now())
        return Response(AnsweredOut(found, many=True).data)


class AdherenceReport(PatientView):
    """How what was due was taken, by week and by plan."""

    needs = {"get": Need.READ}
    what = "adherence"

    @extend_schema(parameters=[AdherenceIn], responses=AdherenceReportOut)
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        asked = AdherenceIn(data=request.query_params)
        asked.is_valid(raise_exception=True)
        self.access.topic(Topic.MEDICATION)
        found = adherence_of(
            self.access.patient,
            self.access.topics,
            weeks=asked.validated_data["weeks"],
            now=timezone.now(),
        )
        return Response(AdherenceReportOut(found).data)


class Unheard(PatientView):
    """Reminders of the last days that nobody answered, or that could not be told in time."""

    needs = {"get": Need.READ}
    what = "reminders"

    @extend_schema(operation_id="reminders_unheard", responses=ReminderOut(many=True))
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        found = unheard_of(self.access.patient, self.access.topics, timezone.now() - UNHEARD_FOR)
        return Response(ReminderOut(found[:100], many=True).data)


class Caregivers(PatientView):
    """With whom medication is shared, and who of them is told of missed critical doses and low stock."""

    needs = {"get": Need.SHARE}
    what = "caregivers told"

    @extend_schema(responses=CaregiverOut(many=True))
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        found = caregivers_of(self.access, now=timezone.now())
        return Response(CaregiverOut(found, many=True).data)


class CaregiverAgreed(PatientView):
    """The patient agrees that somebody is told, or takes it back."""

    needs = {"put": Need.SHARE, "delete": Need.SHARE}
    what = "caregivers told"

    @extend_schema(request=None, responses=CaregiverOut(many=True))
    def put(self, request: Request, patient: str, person: UUID) -> Response:  # noqa: ARG002 - in the URL
        found = agree(access=self.access, person_id=person, now=timezone.now())
        return Response(CaregiverOut(found, many=True).data)

    @extend_schema(responses=CaregiverOut(many=True))
    def delete(self, request: Request, patient: str, person: UUID) -> Response:  # noqa: ARG002 - in the URL
        found = disagree(access=self.access, person_id=person, now=timezone.now())
        return Response(CaregiverOut(found, many=True).data)


class ReminderDisplayed(PersonView):
    """An open page has shown the person what she was reminded of."""

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request, reminder: UUID) -> Response:  # noqa: ARG002 - DRF's signature
        if not displayed(person=self.person, reminder_id=reminder, channel="live", now=timezone.now()):
            raise Http404
        return Response(status=204)


class ReminderLater(PersonView):
    """The person wants to be reminded again at an instant."""

    @extend_schema(request=LaterIn, responses=ReminderOut)
    def post(self, request: Request, reminder: UUID) -> Response:
        given = LaterIn(data=request.data)
        given.is_valid(raise_exception=True)
        until = given.validated_data["until"]
        found = put_off(person=self.person, reminder_id=reminder, until=until, now=timezone.now())
        if found is None:
            raise Http404
        return Response(ReminderOut(found).data)


class TakeCare(PersonView):
    """Somebody who was told says that she takes care of it; the others see it."""

    @extend_schema(request=None, responses=ReminderOut)
    def post(self, request: Request, reminder: UUID) -> Response:  # noqa: ARG002 - DRF's signature
        found = take_care(person=self.person, reminder_id=reminder, now=timezone.now())
        return Response(ReminderOut(found).data)


class RoutineOfPatient(PatientView):
    """When the patient gets up, eats and goes to bed."""

    needs = {"get": Need.READ, "put": Need.ACT}
    what = "daily routine"

    @extend_schema(responses=RoutineIO)
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        self.access.topic(Topic.MEDICATION)
        return Response(RoutineIO(asdict(routine_of(self.access.patient.id))).data)

    @extend_schema(request=RoutineIO, responses=RoutineIO)
    def put(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        given = RoutineIO(data=request.data)
        given.is_valid(raise_exception=True)
        routine = set_routine(access=self.access, times=given.validated_data, now=timezone.now())
        return Response(RoutineIO(asdict(routine)).data)


class Preferences(PersonView):
    """How the person wants to be reminded, of whomever."""

    @extend_schema(responses=PreferencesIO)
    def get(self, request: Request) -> Response:  # noqa: ARG002 - DRF's signature
        found = ReminderPreference.objects.filter(person=self.person).first()
        return Response(PreferencesIO(found or ReminderPreference(person=self.person)).data)

    @extend_schema(request=PreferencesIO, responses=PreferencesIO)
    def put(self, request: Request) -> Response:
        given = PreferencesIO(data=request.data)
        given.is_valid(raise_exception=True)
        return Response(PreferencesIO(set_preferences(person=self.person, given=given.validated_data)).data)


def _plans_out(access: Access, plans: Sequence[MedicationPlan]) -> list[dict[str, Any]]:
    return list(PlanOut(plans, many=True, context=_stocks(access, plans)).data)


def _stocks(access: Access, plans: Sequence[MedicationPlan]) -> dict[str, Any]:
    zone = zone_history_of(access.patient.id)
    return {"stocks": stock_outlooks(access.patient, plans, zone, now=timezone.now())}


def _with_versions(plan: MedicationPlan) -> MedicationPlan:
    plan.said = list(versions_of(plan))  # type: ignore[attr-defined] # read by PlanDetailOut
    return plan


def _with_answers(dose: Dose, now: datetime) -> Dose:
    dose.said = list(answers_of(dose))  # type: ignore[attr-defined] # read by DoseDetailOut
    dose.advice = advice_on(dose, now)  # type: ignore[attr-defined] # read by DoseDetailOut
    return dose


def _begins(day: date, zone: Any) -> datetime:
    return datetime.combine(day, datetime.min.time(), zone)
