"""The twin's JSON edges: uploads, series, days, snapshot, forecasts, records, measurements."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

import numpy as np
from django.conf import settings
from django.http import Http404, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, PolymorphicProxySerializer, extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ListSerializer

from backend.access import ME, Access, access_listed, access_patient, access_row
from backend.api import PatientView, PersonView
from backend.changes import last_seq
from backend.queries import zone_history_of
from backend.rest import BulkBody, BulkJSONParser, Pages, file_response, page_schema
from backend.rules import Need, Topic
from backend.services import NotPossible
from twin.forecast.glucose import NoGlucoseForecast
from twin.forecast.glucose_band import MINUTES
from twin.forecast.outcome import NotEnoughData
from twin.intake.phone import KEY, Malformed, batch_name, read_batch
from twin.kinds import EDITION, KINDS, kind
from twin.models import Direction, ExportStatus, Goal, Record, Source, Upload
from twin.queries import (
    alerts_for,
    alerts_of,
    crossings_of,
    days_of,
    events_of,
    explanation_of,
    exports_of,
    forecast_record,
    glucose_record,
    goals_of,
    kinds_waiting,
    newest_forecasts,
    ranked_sources,
    records_of,
    repeats_of,
    samples_between,
    snapshot_as_known,
    snapshot_tiles,
    sources_of,
    standing_facts,
    thresholds_of,
    uploads_of,
    versions_of,
    with_course,
)
from twin.serializers import (
    NO_EXPORT,
    AcknowledgeIn,
    AlertDetailOut,
    AlertOut,
    DevicesOut,
    DismissalIn,
    DismissalOut,
    EventIn,
    EventOut,
    ExplanationIn,
    ExplanationOut,
    ExportOut,
    ForecastRecordIn,
    ForecastRecordOut,
    ForecastsIn,
    ForecastsOut,
    GlucoseAheadOut,
    GlucoseRecordIn,
    GlucoseRecordOut,
    GoalIn,
    GoalOut,
    KindOut,
    MeasurementIn,
    MeasurementRef,
    MyAlertsIn,
    NewRecordIn,
    NoGlucoseAheadOut,
    NotEnoughDataOut,
    PatientAlertsIn,
    RecordEditIn,
    RecordEditOut,
    RecordOut,
    RecordRef,
    RecordsIn,
    RecordVersionOut,
    RepeatsOut,
    ReportOut,
    ResolveIn,
    SamplesIn,
    SamplesOut,
    SeriesIn,
    SeriesOut,
    SnoozeIn,
    SnoozeOut,
    SourcePriorityIn,
    SourcesIn,
    SourcesOut,
    SuggestionsOut,
    SummaryIn,
    SummaryOut,
    ThresholdIn,
    ThresholdOut,
    UploadIn,
    UploadOut,
    UploadsIn,
    day_row,
)
from twin.series import store
from twin.series.columns import Flag
from twin.series.thin import thin
from twin.services.alert_delivery import displayed
from twin.services.alerts import acknowledge, resolve, snooze
from twin.services.events import delete_event, edit_event, enter_event
from twin.services.exports import file_of, request_export
from twin.services.forecasts import show_forecasts
from twin.services.glucose import show_glucose
from twin.services.goals import agree_to_goal, end_goal, progress_of, set_goal
from twin.services.observations import delete_measurement, record_measurements
from twin.services.priorities import set_source_priority
from twin.services.records import add_record, delete_record, edit_record
from twin.services.samples import receive_same_body, receive_samples, whose_body
from twin.services.snapshots import KEPT
from twin.services.suggestions import dismiss, suggestions_of
from twin.services.thresholds import end_threshold, set_threshold
from twin.services.uploads import receive_upload
from twin.state import Tile, systems
from twin.state_serializers import SnapshotIn, SnapshotOut
from twin.warnings.finding import Severity
from twin.warnings.suggestions import suggestions_file

ALL_TIME = (store.EARLIEST_MS, store.LATEST_MS)
DRAWN_APART = np.uint8(sum(Flag) - Flag.SOFT_RANGE)
"""The marks that a sample may bear without being its neighbourhood's lowest or highest."""
MEASUREMENTS = PolymorphicProxySerializer(
    component_name="Measurements",
    serializers=[MeasurementIn, MeasurementIn(many=True)],
    resource_type_field_name=None,
    many=False,
)

GLUCOSE_AHEAD = PolymorphicProxySerializer(
    component_name="GlucoseForecast",
    serializers=[GlucoseAheadOut, NoGlucoseAheadOut],
    resource_type_field_name=None,
    many=False,
)

EXPLANATION = PolymorphicProxySerializer(
    component_name="ForecastExplanation",
    serializers=[ExplanationOut, NotEnoughDataOut],
    resource_type_field_name=None,
    many=False,
)

SOURCES = PolymorphicProxySerializer(
    component_name="SourcesOrDevices",
    serializers=[DevicesOut, SourcesOut],
    resource_type_field_name=None,
    many=False,
)


class Kinds(PersonView):
    """The catalogue of observation kinds."""

    @extend_schema(responses=KindOut(many=True))
    def get(self, request: Request) -> Response:  # noqa: ARG002 - DRF's signature
        return Response(KindOut(list(KINDS.values()), many=True).data)


class Uploads(PersonView):
    """Files that were handed over, and their reports."""

    parser_classes = [MultiPartParser]

    @extend_schema(parameters=[UploadsIn], operation_id="uploads_list", responses=page_schema(UploadOut))
    def get(self, request: Request) -> Response:
        wanted = UploadsIn(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        access = access_patient(self.person, wanted.validated_data["patient"], Need.READ, what="uploads")
        access.topic(Upload.TOPIC)
        return self.page_of(uploads_of(self.person, access.patient), UploadOut)

    @extend_schema(
        request={"multipart/form-data": UploadIn},
        parameters=[OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER)],
        responses={202: UploadOut, 200: UploadOut},
    )
    def post(self, request: Request) -> Response:
        given = UploadIn(data=request.data)
        given.is_valid(raise_exception=True)
        file = given.validated_data["file"]
        access = access_patient(self.person, given.validated_data["patient"], Need.ACT, what="upload")
        access.topic(Upload.TOPIC)
        if file.size > settings.UPLOAD_MAX_BYTES:
            raise NotPossible("file", "This file is larger than what can be taken here.")
        upload, made = receive_upload(
            access=access,
            stream=file,
            name=file.name,
            now=timezone.now(),
            idempotency_key=request.headers.get("Idempotency-Key"),
        )
        return Response(UploadOut(upload).data, status=202 if made else 200)


class UploadDetail(PersonView):
    """One upload and its report, as far as it has got."""

    @extend_schema(responses=UploadOut)
    def get(self, request: Request, upload: UUID) -> Response:  # noqa: ARG002 - in the URL
        row = access_row(Upload.objects.all(), self.person, Need.READ, id=upload)
        access_patient(self.person, row.patient_id, Need.READ, what="upload")
        return Response(UploadOut(row).data)


class Samples(PersonView):
    """Takes what a phone hands over: many series in one batch, which is safe to send again."""

    parser_classes = [BulkJSONParser]

    @extend_schema(
        request=SamplesIn,
        parameters=[OpenApiParameter(KEY, str, OpenApiParameter.HEADER)],
        responses=SamplesOut,
    )
    def post(self, request: Request) -> Response:
        body = cast("BulkBody", request.data)
        key, digest, access = request.headers.get(KEY), None, None
        try:
            if key is not None:
                key, digest = batch_name(key, KEY), body.digest(self.person.id.bytes, EDITION)
                # What one person's same bytes say they say of the same patient.
                if (patient := whose_body(digest)) is not None:
                    access = access_patient(self.person, patient, Need.ACT, what="samples")
                    answer = receive_same_body(
                        access=access, batch_id=key, body_digest=digest, now=timezone.now()
                    )
                    if answer is not None:
                        return Response(answer)
            batch = read_batch(body.read(), key, digest)
        except Malformed as malformed:
            raise NotPossible(malformed.place, malformed.message) from None
        access = access or access_patient(self.person, batch.patient or ME, Need.ACT, what="samples")
        return Response(receive_samples(access=access, batch=batch, now=timezone.now()))


class Series(PatientView):
    """A kind's samples between two instants, thinned out to a number of points that keeps the extremes."""

    needs = {"get": Need.READ}
    what = "series"

    @extend_schema(parameters=[SeriesIn], responses=SeriesOut)
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        wanted = SeriesIn(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        one = kind(wanted.validated_data["kind"])
        self.access.topic(one.topic)
        edges = [wanted.validated_data.get(edge) for edge in ("from", "to")]
        start, end = (
            round(given.timestamp() * 1000) if given else limit
            for given, limit in zip(edges, ALL_TIME, strict=True)
        )
        found, counts = samples_between(self.access.patient, one, start, end)
        marked = None if found.columns.flags is None else found.columns.flags & DRAWN_APART > 0
        kept = thin(found.columns.start, found.columns.value, wanted.validated_data["points"], marked)
        columns = found.columns.take(kept)
        flags = np.zeros(len(columns), np.uint8) if columns.flags is None else columns.flags
        names = dict(Source.objects.filter(patient=self.access.patient).values_list("id", "name"))
        return Response(
            {
                "kind": one.code,
                "unit": one.unit,
                "total": len(found.columns),
                "shown": len(columns),
                "thinned": len(columns) < len(found.columns),
                "start": columns.start.tolist(),
                "end": (columns.start + columns.duration).tolist(),
                "value": columns.value.tolist(),
                "flags": flags.tolist(),
                "counts": counts[kept].tolist(),
                "source": found.source[kept].tolist(),
                "sources": [{"id": str(source), "name": names[source]} for source in found.sources],
            }
        )


class Summary(PatientView):
    """A kind's days, in the patient's own days."""

    needs = {"get": Need.READ}
    what = "day summaries"

    @extend_schema(parameters=[SummaryIn], responses=SummaryOut)
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        wanted = SummaryIn(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        one = kind(wanted.validated_data["kind"])
        self.access.topic(one.topic)
        names = dict(Source.objects.filter(patient=self.access.patient).values_list("id", "name"))
        days = days_of(
            self.access.patient, one.code, wanted.validated_data.get("from"), wanted.validated_data.get("to")
        )
        rows = [day_row(day, names) for day in days]
        return Response({"kind": one.code, "unit": one.unit, "days": rows})


class SnapshotView(PatientView):
    """The twin at a glance, in the topics that are shared: now, or as it was known at an instant."""

    needs = {"get": Need.READ}
    what = "snapshot"

    @extend_schema(parameters=[SnapshotIn], responses=SnapshotOut)
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        wanted = SnapshotIn(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        person, topics, at = self.access.patient, self.access.topics, wanted.validated_data["at"]
        now = timezone.now()
        if at is None:
            tiles, built_at = snapshot_tiles(person, topics)
            facts = standing_facts(person, topics)
        elif now - KEPT <= at <= now:
            tiles, facts, built_at = snapshot_as_known(person, topics, at)
        else:
            raise NotPossible("at", f"What was known is kept for {KEPT.days} days.")
        today = (at or now).astimezone(zone_history_of(person.id)).date()
        body = {
            "patient": {"id": str(person.id), "name": person.name},
            "at": at,
            "built_at": built_at,
            "seq": last_seq(person.id) if at is None else None,
            "tiles": tiles,
            "systems": systems(cast("list[Tile]", tiles), facts, today=today),
        }
        return Response(SnapshotOut(body).data)


class Forecasts(PatientView):
    """The newest forecast of each kind, and what the kinds wait for that have none."""

    needs = {"get": Need.READ}
    what = "forecasts"

    @extend_schema(parameters=[ForecastsIn], responses=ForecastsOut)
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        wanted = ForecastsIn(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        now, code = timezone.now(), wanted.validated_data["kind"]
        person, topics = self.access.patient, self.access.topics
        shown = show_forecasts(person, newest_forecasts(person, topics, code), now=now)
        today = now.astimezone(zone_history_of(person.id)).date()
        forecast = [one.kind for one in shown]
        waiting = kinds_waiting(person, topics, today, forecast, code)
        crossings = crossings_of(person, topics, forecast)
        body = {"results": shown, "waiting": waiting}
        return Response(ForecastsOut(body, context={"crossings": crossings}).data)


class ForecastRecord(PatientView):
    """How a kind's forecasts went that were shown: their errors, their bands, and a few of them to draw."""

    needs = {"get": Need.READ}
    what = "record of forecasts"

    @extend_schema(parameters=[ForecastRecordIn], responses=ForecastRecordOut)
    def get(self, request: Request, patient: str, kind: str) -> Response:  # noqa: ARG002 - in the URL
        one = KINDS.get(kind)
        if one is None or not one.forecast:
            raise Http404
        self.access.topic(one.topic)
        wanted = ForecastRecordIn(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        person = self.access.patient
        today = timezone.now().astimezone(zone_history_of(person.id)).date()
        record, past = forecast_record(person, one, today=today, days_back=wanted.validated_data["days"])
        body = {"kind": one.code, "unit": one.unit, "record": record, "past": past}
        return Response(ForecastRecordOut(body).data)


class GlucoseAhead(PatientView):
    """Glucose in the next two hours, from the sensor's newest reading, or why nothing is said of it."""

    needs = {"get": Need.READ}
    what = "glucose forecast"

    @extend_schema(responses=GLUCOSE_AHEAD)
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        self.access.topic(Topic.GLUCOSE)
        shown = show_glucose(self.access.patient, now=timezone.now())
        if isinstance(shown, NoGlucoseForecast):
            return Response(NoGlucoseAheadOut(shown).data)
        return Response(GlucoseAheadOut(shown).data)


class GlucoseRecord(PatientView):
    """How the glucose forecasts that were shown have gone."""

    needs = {"get": Need.READ}
    what = "record of glucose forecasts"

    @extend_schema(parameters=[GlucoseRecordIn], responses=GlucoseRecordOut)
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        self.access.topic(Topic.GLUCOSE)
        wanted = GlucoseRecordIn(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        now = timezone.now()
        since = now - timedelta(days=wanted.validated_data["days"])
        horizons, shown = glucose_record(self.access.patient, since, now)
        lately = [row for row in shown if row.at > now - timedelta(days=1)]
        body = {"minutes": MINUTES, "horizons": horizons, "past": lately}
        return Response(GlucoseRecordOut(body).data)


class ForecastExplanation(PatientView):
    """What a kind has done of late, as Prophet reads it: trend, week and events, and how it would go on."""

    needs = {"get": Need.READ}
    what = "explanation of a forecast"

    @extend_schema(parameters=[ExplanationIn], responses=EXPLANATION)
    def get(self, request: Request, patient: str, kind: str) -> Response:  # noqa: ARG002 - in the URL
        one = KINDS.get(kind)
        if one is None or not one.forecast:
            raise Http404
        self.access.topic(one.topic)
        wanted = ExplanationIn(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        explained = explanation_of(
            self.access.patient,
            one,
            self.access.topics,
            today=timezone.now().astimezone(zone_history_of(self.access.patient.id)).date(),
            days_back=wanted.validated_data["days"],
        )
        if isinstance(explained, NotEnoughData):
            return Response(NotEnoughDataOut(explained).data)
        return Response(ExplanationOut(explained, context={"kind": one}).data)


class Goals(PatientView):
    """What a patient wants kinds to come to, and how far they have; a new one ends the kind's last."""

    needs = {"get": Need.READ, "post": Need.ACT}
    what = "goals"

    @extend_schema(operation_id="goals_list", responses=page_schema(GoalOut))
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        pages = Pages()
        found = goals_of(self.access.patient, self.access.topics)
        page = pages.paginate_queryset(found, self.request, view=self) or []
        return pages.get_paginated_response(_goals_out(self.access, page))

    @extend_schema(request=GoalIn, responses={201: GoalOut})
    def post(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        given = GoalIn(data=request.data)
        given.is_valid(raise_exception=True)
        wanted = given.validated_data
        goal = set_goal(
            access=self.access,
            kind_code=wanted["kind"],
            direction=Direction(wanted["direction"]),
            target=wanted["target"],
            unit=wanted["unit"],
            by_day=wanted["by_day"],
            now=timezone.now(),
        )
        return Response(_goals_out(self.access, [goal])[0], status=201)


class AgreeToGoal(PatientView):
    """A clinician agrees to a goal."""

    needs = {"post": Need.ACT}
    what = "goals"

    @extend_schema(request=None, responses=GoalOut)
    def post(self, request: Request, patient: str, goal: UUID) -> Response:  # noqa: ARG002 - in the URL
        agreed = agree_to_goal(access=self.access, goal_id=goal, now=timezone.now())
        return Response(_goals_out(self.access, [agreed])[0])


class EndGoal(PatientView):
    """Ends a goal, which stays on record."""

    needs = {"post": Need.ACT}
    what = "goals"

    @extend_schema(request=None, responses=GoalOut)
    def post(self, request: Request, patient: str, goal: UUID) -> Response:  # noqa: ARG002 - in the URL
        ended = end_goal(access=self.access, goal_id=goal, now=timezone.now())
        return Response(_goals_out(self.access, [ended])[0])


def _goals_out(access: Access, goals: Sequence[Goal]) -> list[dict[str, Any]]:
    progress = progress_of(access.patient, goals, now=timezone.now())
    return list(GoalOut(goals, many=True, context={"progress": progress}).data)


class Suggestions(PatientView):
    """What the patient's own data suggests today, three things at most."""

    needs = {"get": Need.READ}
    what = "suggestions"

    @extend_schema(operation_id="suggestions", responses=SuggestionsOut)
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        found = suggestions_of(access=self.access, now=timezone.now())
        return Response(SuggestionsOut({"results": found, "caution": suggestions_file()["caution"]}).data)


class DismissSuggestion(PatientView):
    """A rule is to suggest nothing for so many days, or never again."""

    needs = {"post": Need.ACT}
    what = "suggestions"

    @extend_schema(request=DismissalIn, responses=DismissalOut)
    def post(self, request: Request, patient: str, rule: str) -> Response:  # noqa: ARG002 - in the URL
        given = DismissalIn(data=request.data)
        given.is_valid(raise_exception=True)
        row = dismiss(access=self.access, rule=rule, days=given.validated_data["days"], now=timezone.now())
        return Response(DismissalOut(row).data)


class Thresholds(PatientView):
    """The limits in which clinicians want kinds to stay; new ones end the kind's last."""

    needs = {"get": Need.READ, "post": Need.ACT}
    what = "thresholds"

    @extend_schema(operation_id="thresholds_list", responses=page_schema(ThresholdOut))
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        return self.page_of(thresholds_of(self.access.patient, self.access.topics), ThresholdOut)

    @extend_schema(request=ThresholdIn, responses={201: ThresholdOut})
    def post(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        given = ThresholdIn(data=request.data)
        given.is_valid(raise_exception=True)
        wanted = given.validated_data
        threshold = set_threshold(
            access=self.access,
            kind_code=wanted["kind"],
            low=wanted["low"],
            high=wanted["high"],
            unit=wanted["unit"],
            reason=wanted["reason"],
            now=timezone.now(),
        )
        return Response(ThresholdOut(threshold).data, status=201)


class EndThreshold(PatientView):
    """Ends limits, which stay on record."""

    needs = {"post": Need.ACT}
    what = "thresholds"

    @extend_schema(request=None, responses=ThresholdOut)
    def post(self, request: Request, patient: str, threshold: UUID) -> Response:  # noqa: ARG002 - in the URL
        ended = end_threshold(access=self.access, threshold_id=threshold, now=timezone.now())
        return Response(ThresholdOut(ended).data)


class Events(PatientView):
    """What happened in a patient's life that measurements may show; entered, or lifted from records."""

    needs = {"get": Need.READ, "post": Need.ACT}
    what = "events"

    @extend_schema(operation_id="events_list", responses=page_schema(EventOut))
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        found = events_of(self.access.patient, self.access.topics)
        return self.page_of(found.select_related("entered_by"), EventOut)

    @extend_schema(request=EventIn, responses={201: EventOut})
    def post(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        given = EventIn(data=request.data)
        given.is_valid(raise_exception=True)
        event = enter_event(access=self.access, entered=given.entered, now=timezone.now())
        return Response(EventOut(event).data, status=201)


class EventDetail(PatientView):
    """Editing and taking back what a person told of."""

    needs = {"put": Need.ACT, "delete": Need.ACT}
    what = "event"

    @extend_schema(request=EventIn, responses=EventOut)
    def put(self, request: Request, patient: str, event: UUID) -> Response:  # noqa: ARG002 - in the URL
        given = EventIn(data=request.data)
        given.is_valid(raise_exception=True)
        edited = edit_event(access=self.access, event_id=event, entered=given.entered, now=timezone.now())
        return Response(EventOut(edited).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, patient: str, event: UUID) -> Response:  # noqa: ARG002 - in the URL
        delete_event(access=self.access, event_id=event, now=timezone.now())
        return Response(status=204)


class Records(PatientView):
    """Clinical facts, and writing one by hand."""

    needs = {"get": Need.READ, "post": Need.ACT}
    what = "records"

    @extend_schema(parameters=[RecordsIn], operation_id="records_list", responses=page_schema(RecordOut))
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        wanted = RecordsIn(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        given = wanted.validated_data
        found = records_of(
            self.access.patient, self.access.topics, given["type"], conflicts=given["conflicts"]
        )
        return self.page_of(found, RecordOut)

    @extend_schema(request=NewRecordIn, responses={201: RecordOut, 200: RecordOut})
    def post(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        given = NewRecordIn(data=request.data)
        given.is_valid(raise_exception=True)
        now = timezone.now()
        record, made = add_record(
            access=self.access,
            record_id=given.validated_data["id"],
            written=given.written,
            edited_at=given.validated_data.get("edited_at", now),
            now=now,
        )
        return Response(_record_out(self.access, record), status=201 if made else 200)


class RecordDetail(PatientView):
    """One record; editing and deleting what a person wrote, also offline."""

    needs = {"get": Need.READ, "put": Need.ACT, "delete": Need.ACT}
    what = "record"

    @extend_schema(responses=RecordOut)
    def get(self, request: Request, patient: str, record: UUID) -> Response:  # noqa: ARG002 - in the URL
        return Response(_record_out(self.access, record))

    @extend_schema(request=RecordEditIn, responses=RecordEditOut)
    def put(self, request: Request, patient: str, record: UUID) -> Response:  # noqa: ARG002 - in the URL
        given = RecordEditIn(data=request.data)
        given.is_valid(raise_exception=True)
        wanted, now = given.validated_data, timezone.now()
        outcome = edit_record(
            access=self.access,
            record_id=record,
            base=wanted["version"],
            written=given.written,
            edited_at=wanted["edited_at"],
            settles=wanted["settles"],
            now=now,
        )
        ahead = max(wanted["edited_at"] - now, timedelta())
        return Response(
            {
                "outcome": outcome.value,
                "clock_ahead": int(ahead.total_seconds()),
                "record": _record_out(self.access, record),
            }
        )

    @extend_schema(parameters=[RecordRef], responses={204: None})
    def delete(self, request: Request, patient: str, record: UUID) -> Response:  # noqa: ARG002 - in the URL
        given = RecordRef(data=request.query_params)
        given.is_valid(raise_exception=True)
        delete_record(
            access=self.access,
            record_id=record,
            version=given.validated_data["version"],
            now=timezone.now(),
        )
        return Response(status=204)


class RecordVersions(PatientView):
    """What a record said before, and what lost against what it says."""

    needs = {"get": Need.READ}
    what = "record"

    @extend_schema(operation_id="record_versions_list", responses=page_schema(RecordVersionOut))
    def get(self, request: Request, patient: str, record: UUID) -> Response:  # noqa: ARG002 - in the URL
        return self.page_of(versions_of(_record(self.access, record)), RecordVersionOut)


def _record(access: Access, record: UUID) -> Record:
    return get_object_or_404(records_of(access.patient, access.topics), id=record)


def _record_out(access: Access, record: UUID) -> dict[str, Any]:
    return dict(RecordOut(_record(access, record)).data)


class Repeats(PatientView):
    """Laboratory tests that look as if they had been done twice; a hint, and nothing is held back for it."""

    needs = {"get": Need.READ}
    what = "repeated tests"

    @extend_schema(responses=RepeatsOut)
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        found = repeats_of(self.access.patient, self.access.topics, timezone.now())
        return Response(RepeatsOut({"results": found}).data)


class Sources(PatientView):
    """The devices and apps: every one, or those that measure a kind; and which of them counts first."""

    needs = {"get": Need.READ, "put": Need.ACT}
    what = "sources"

    @extend_schema(parameters=[SourcesIn], responses=SOURCES)
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        wanted = SourcesIn(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        if wanted.validated_data["kind"]:
            return self._answer(wanted.validated_data["kind"])
        today = timezone.now().date()
        devices = sources_of(self.access.patient, self.access.topics, today)
        return Response(DevicesOut({"results": devices}).data)

    @extend_schema(request=SourcePriorityIn, responses=SourcesOut)
    def put(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        given = SourcePriorityIn(data=request.data)
        given.is_valid(raise_exception=True)
        wanted = given.validated_data
        set_source_priority(
            access=self.access, kind_code=wanted["kind"], sources=wanted["sources"], now=timezone.now()
        )
        return self._answer(wanted["kind"])

    def _answer(self, code: str) -> Response:
        self.access.topic(kind(code).topic)
        sources = ranked_sources(self.access.patient, code)
        return Response(SourcesOut({"kind": code, "sources": sources}).data)


class Export(PatientView):
    """Everything of a patient in one file: asking for it, and what has become of it."""

    needs = {"get": Need.EXPORT, "post": Need.EXPORT}
    what = "export"

    @extend_schema(responses=ExportOut)
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        found = exports_of(self.access.patient, timezone.now()).first()
        return Response(ExportOut(found).data if found else NO_EXPORT)

    @extend_schema(request=None, responses={202: ExportOut, 200: ExportOut})
    def post(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        export, made = request_export(access=self.access, now=timezone.now())
        return Response(ExportOut(export).data, status=202 if made else 200)


class ExportFile(PatientView):
    """The file itself, while it is there."""

    needs = {"get": Need.EXPORT}
    what = "export"

    @extend_schema(responses={(200, "application/zip"): OpenApiTypes.BINARY})
    def get(self, request: Request, patient: str) -> StreamingHttpResponse:  # noqa: ARG002 - in the URL
        ready = exports_of(self.access.patient, timezone.now()).filter(status=ExportStatus.READY)
        found = ready.first()
        if found is None:
            raise Http404
        name = f"pollux-{found.requested_at:%Y-%m-%d}.zip"
        return file_response(file_of(found), name=name, content_type="application/zip")


class Observations(PatientView):
    """Measurements typed in: one, or a list of which all are kept or none; and taking one back."""

    needs = {"post": Need.ACT, "delete": Need.ACT}
    what = "measurement typed in"

    @extend_schema(request=MEASUREMENTS, responses={201: ReportOut})
    def post(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        data: Any = request.data if isinstance(request.data, list) else [request.data]
        given: ListSerializer[Any] = ListSerializer(
            child=MeasurementIn(), data=data, allow_empty=False, max_length=50
        )
        given.is_valid(raise_exception=True)
        report = record_measurements(
            access=self.access, measurements=given.validated_data, now=timezone.now()
        )
        return Response(report.to_json(), status=201)

    @extend_schema(parameters=[MeasurementRef], responses={204: None})
    def delete(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        given = MeasurementRef(data=request.query_params)
        given.is_valid(raise_exception=True)
        wanted = given.validated_data
        delete_measurement(
            access=self.access, kind_code=wanted["kind"], at=wanted["start"], now=timezone.now()
        )
        return Response(status=204)


class MyAlerts(PersonView):
    """The open alerts of everybody whom the person may see: what waits for her, first of all."""

    @extend_schema(parameters=[MyAlertsIn], operation_id="alerts_mine_list", responses=page_schema(AlertOut))
    def get(self, request: Request) -> Response:
        wanted = MyAlertsIn(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        given = wanted.validated_data
        found = alerts_for(
            self.person,
            at_least=Severity(given["severity"]),
            waiting=given["waiting"],
            told_since=given["told_since"],
        )
        pages = Pages()
        page = pages.paginate_queryset(found, request, view=self) or []
        access_listed(
            self.person, list({row.patient_id: row.patient for row in page}.values()), what="list of alerts"
        )
        return pages.get_paginated_response(AlertOut(page, many=True).data)


class AlertDisplayed(PersonView):
    """A device has shown the alert to the person."""

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request, alert: UUID) -> Response:  # noqa: ARG002 - DRF's signature
        if displayed(person=self.person, alert_id=alert, now=timezone.now()) is None:
            raise Http404
        return Response(status=204)


class Alerts(PatientView):
    """A patient's alerts, also those that are over."""

    needs = {"get": Need.READ}
    what = "alerts"

    @extend_schema(parameters=[PatientAlertsIn], operation_id="alerts_list", responses=page_schema(AlertOut))
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        wanted = PatientAlertsIn(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        given = wanted.validated_data
        found = alerts_of(
            self.access.patient,
            self.access.topics,
            at_least=Severity(given["severity"]),
            waiting=given["waiting"],
            open_only=given["open"],
        )
        return self.page_of(found, AlertOut)


class AlertDetail(PatientView):
    """One alert, what happened to it, and who was told."""

    needs = {"get": Need.READ}
    what = "alert"

    @extend_schema(responses=AlertDetailOut)
    def get(self, request: Request, patient: str, alert: UUID) -> Response:  # noqa: ARG002 - in the URL
        found = get_object_or_404(with_course(alerts_of(self.access.patient, self.access.topics)), id=alert)
        return Response(AlertDetailOut(found).data)


class AcknowledgeAlert(PatientView):
    """The person takes care of it."""

    needs = {"post": Need.READ}
    what = "acknowledging an alert"

    @extend_schema(request=AcknowledgeIn, responses=AlertOut)
    def post(self, request: Request, patient: str, alert: UUID) -> Response:  # noqa: ARG002 - in the URL
        given = AcknowledgeIn(data=request.data)
        given.is_valid(raise_exception=True)
        answered = acknowledge(
            access=self.access, alert_id=alert, note=given.validated_data["note"], now=timezone.now()
        )
        return Response(AlertOut(answered).data)


class ResolveAlert(PatientView):
    """The person has done something about it."""

    needs = {"post": Need.ACT}
    what = "resolving an alert"

    @extend_schema(request=ResolveIn, responses=AlertOut)
    def post(self, request: Request, patient: str, alert: UUID) -> Response:  # noqa: ARG002 - in the URL
        given = ResolveIn(data=request.data)
        given.is_valid(raise_exception=True)
        done = given.validated_data["done"]
        resolved = resolve(access=self.access, alert_id=alert, done=done, now=timezone.now())
        return Response(AlertOut(resolved).data)


class SnoozeAlert(PatientView):
    """The person wants to hear of it later."""

    needs = {"post": Need.READ}
    what = "snoozing an alert"

    @extend_schema(request=SnoozeIn, responses={201: SnoozeOut})
    def post(self, request: Request, patient: str, alert: UUID) -> Response:  # noqa: ARG002 - in the URL
        given = SnoozeIn(data=request.data)
        given.is_valid(raise_exception=True)
        until = given.validated_data["until"]
        made = snooze(access=self.access, alert_id=alert, until=until, now=timezone.now())
        return Response(SnoozeOut(made).data, status=201)
