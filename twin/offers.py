"""What the twin offers the other rooms through the ports."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from uuid import UUID

from django.utils import timezone

from backend.models import Patient, User
from backend.ports import Panel, Synced, ports
from backend.queries import zone_history_of
from backend.rules import Need, Topic
from twin.kinds import KINDS
from twin.models import Export, Source, SuggestionDismissal, Upload
from twin.queries.alerts import alerts_of
from twin.queries.answers import answers_of
from twin.queries.days import days_in
from twin.queries.events import events_of
from twin.queries.forecasts import crossings_of, newest_forecasts
from twin.queries.goals import goals_of
from twin.queries.questionnaires import responses_of
from twin.queries.records import records_of
from twin.queries.scores import scores_of
from twin.queries.snapshots import snapshot_tiles
from twin.queries.sources import sources_of
from twin.queries.thresholds import thresholds_of
from twin.serializers.alerts import AlertOut
from twin.serializers.answers import answer_out
from twin.serializers.days import days_out
from twin.serializers.events import EventOut
from twin.serializers.exports import ExportOut
from twin.serializers.forecasts import CrossingOut, ForecastOut
from twin.serializers.goals import GoalOut
from twin.serializers.questionnaires import ResponseOut
from twin.serializers.records import RecordOut
from twin.serializers.scores import ScoreOut
from twin.serializers.sources import DeviceOut
from twin.serializers.suggestions import DismissalOut
from twin.serializers.thresholds import ThresholdOut
from twin.serializers.uploads import UploadOut
from twin.services.alert_delivery import displayed
from twin.services.demo import seed
from twin.services.forecasts import show_forecasts
from twin.services.goals import progress_of
from twin.services.score_inputs import response_score
from twin.services.stale_days import mark_moved_days_stale


def register() -> None:
    """Fills the ports; runs once, when the app is ready."""
    ports.panels += [
        Panel("alerts", "Alerts", "console:alerts", 5),
        Panel("systems", "Systems", "console:systems", 8),
        Panel("tiles", "Now", "console:tiles", 10),
        Panel("chart", "Trends", "console:chart", 20),
        Panel("scores", "Scores", "console:scores", 25),
        Panel("records", "Records", "console:records", 30),
        Panel("sources", "Devices and apps", "console:sources", 35),
        Panel("uploads", "Uploads", "console:uploads", 40),
    ]
    ports.live_views["upload"] = upload_view
    ports.seeders.append(seed)
    ports.zone_followers.append(follow_zone)
    ports.synced |= {
        "series": Synced(tiles_now),
        "days": Synced(days_now),
        "forecast": Synced(forecasts_now),
        "crossing": Synced(crossings_now),
        "record": Synced(records_now),
        "goal": Synced(goals_now),
        "threshold": Synced(thresholds_now),
        "dismissal": Synced(dismissals_now),
        "event": Synced(events_now),
        "source": Synced(sources_now),
        "upload": Synced(uploads_now),
        "export": Synced(exports_now, Need.EXPORT),
        "alert": Synced(alerts_now),
        "score": Synced(scores_now),
        "answer": Synced(answers_now),
        "questionnaire": Synced(responses_now),
    }
    ports.displayed["alert"] = alert_displayed


def follow_zone(patient: UUID, since: datetime, now: datetime) -> None:
    """The patient's days begin at other instants from `since` on; a worker sums them up."""
    mark_moved_days_stale(patient, since, now=now)


def upload_view(user: User, upload: UUID) -> Mapping[str, object] | None:
    """An upload as its owner's socket shows it while it is read."""
    row = Upload.objects.visible_to(user, Need.READ).filter(id=upload).first()
    return None if row is None else UploadOut(row).data


def tiles_now(patient: Patient, refs: Collection[str], topics: Collection[Topic]) -> Mapping[str, object]:
    """Of `series/<kind>` the kind's tile: its newest value and how the days have been."""
    tiles, _ = snapshot_tiles(patient, topics)
    return {ref: tile for tile in tiles if (ref := f"series/{tile['kind']}") in refs}


def days_now(patient: Patient, refs: Collection[str], topics: Collection[Topic]) -> Mapping[str, object]:
    """Of `days/<kind>/<first>/<last>` all days there are in that range, which may be none."""
    spans = {}
    for ref in refs:
        _, kind, first, last = ref.split("/")
        if kind in KINDS:
            spans[ref] = (kind, date.fromisoformat(first), date.fromisoformat(last))
    found = days_in(patient, set(spans.values()), topics)
    names = dict(Source.objects.filter(patient=patient).values_list("id", "name"))
    return {ref: days_out(span, found[span], names) for ref, span in spans.items()}


def forecasts_now(patient: Patient, refs: Collection[str], topics: Collection[Topic]) -> Mapping[str, object]:
    """Of `forecast/<kind>` the kind's newest forecast, which a copy then shows."""
    found = newest_forecasts(patient, topics).filter(kind__in=_names(refs))
    shown = show_forecasts(patient, found, now=timezone.now())
    crossings = crossings_of(patient, topics, [one.kind for one in shown])
    return {f"forecast/{one.kind}": ForecastOut(one, context={"crossings": crossings}).data for one in shown}


def crossings_now(patient: Patient, refs: Collection[str], topics: Collection[Topic]) -> Mapping[str, object]:
    """Of `crossing/<kind>` the limits that the kind may pass or has passed."""
    found = crossings_of(patient, topics, _names(refs))
    return {
        f"crossing/{kind}": {"kind": kind, "crossings": CrossingOut(rows, many=True).data}
        for kind, rows in found.items()
    }


def records_now(patient: Patient, refs: Collection[str], topics: Collection[Topic]) -> Mapping[str, object]:
    """Of `record/<id>` the record."""
    found = records_of(patient, topics).filter(id__in=_names(refs))
    return {f"record/{one.id}": RecordOut(one).data for one in found}


def goals_now(patient: Patient, refs: Collection[str], topics: Collection[Topic]) -> Mapping[str, object]:
    """Of `goal/<id>` the goal and how far it has come by now."""
    found = list(goals_of(patient, topics).filter(id__in=_names(refs)))
    progress = progress_of(patient, found, now=timezone.now())
    return {f"goal/{one.id}": GoalOut(one, context={"progress": progress}).data for one in found}


def thresholds_now(
    patient: Patient, refs: Collection[str], topics: Collection[Topic]
) -> Mapping[str, object]:
    """Of `threshold/<id>` the limits."""
    found = thresholds_of(patient, topics).filter(id__in=_names(refs))
    return {f"threshold/{one.id}": ThresholdOut(one).data for one in found}


def dismissals_now(
    patient: Patient, refs: Collection[str], topics: Collection[Topic]
) -> Mapping[str, object]:
    """Of `dismissal/<rule>` until when the rule suggests nothing, or did."""
    found = SuggestionDismissal.objects.filter(patient=patient, topic__in=topics, rule__in=_names(refs))
    return {f"dismissal/{one.rule}": DismissalOut(one).data for one in found}


def events_now(patient: Patient, refs: Collection[str], topics: Collection[Topic]) -> Mapping[str, object]:
    """Of `event/<id>` the event."""
    found = events_of(patient, topics).filter(id__in=_names(refs)).select_related("entered_by")
    return {f"event/{one.id}": EventOut(one).data for one in found}


def sources_now(patient: Patient, refs: Collection[str], topics: Collection[Topic]) -> Mapping[str, object]:
    """Of `source/<id>` the device or app."""
    devices = sources_of(patient, topics, timezone.now().date())
    return {ref: DeviceOut(one).data for one in devices if (ref := f"source/{one['id']}") in refs}


def uploads_now(patient: Patient, refs: Collection[str], topics: Collection[Topic]) -> Mapping[str, object]:
    """Of `upload/<id>` the upload and its report."""
    found = Upload.objects.filter(patient=patient, topic__in=topics, id__in=_names(refs))
    return {f"upload/{one.id}": UploadOut(one).data for one in found}


def exports_now(
    patient: Patient,
    refs: Collection[str],
    topics: Collection[Topic],  # noqa: ARG001 - the port's signature
) -> Mapping[str, object]:
    """Of `export/<id>` how far it is; the patient's alone, and of no topic."""
    found = Export.objects.filter(patient=patient, id__in=_names(refs))
    return {f"export/{one.id}": ExportOut(one).data for one in found}


def alerts_now(patient: Patient, refs: Collection[str], topics: Collection[Topic]) -> Mapping[str, object]:
    """Of `alert/<id>` the alert as it stands."""
    found = alerts_of(patient, topics).filter(id__in=_names(refs))
    return {f"alert/{one.id}": AlertOut(one).data for one in found}


def scores_now(patient: Patient, refs: Collection[str], topics: Collection[Topic]) -> Mapping[str, object]:
    """Of `score/<code>` the score as it stands, for who may read every topic that it stands on."""
    found = scores_of(patient, topics).filter(code__in=_names(refs))
    return {f"score/{one.code}": ScoreOut(one).data for one in found}


def answers_now(patient: Patient, refs: Collection[str], topics: Collection[Topic]) -> Mapping[str, object]:
    """Of `answer/<code>` what stands of what was asked."""
    found = answers_of(patient, topics).filter(code__in=_names(refs))
    return {f"answer/{one.code}": {"code": one.code} | answer_out(one) for one in found}


def responses_now(patient: Patient, refs: Collection[str], topics: Collection[Topic]) -> Mapping[str, object]:
    """Of `questionnaire/<id>` the questionnaire as it was answered."""
    found = list(responses_of(patient, topics).filter(id__in=_names(refs)))
    zone = zone_history_of(patient.id)
    scoring = {"score_of": lambda row: response_score(row, zone)}
    return {f"questionnaire/{one.id}": ResponseOut(one, context=scoring).data for one in found}


def alert_displayed(person: User, alert: UUID, now: datetime) -> bool:
    """The person's device has shown her the alert; whether she may see it."""
    return displayed(person=person, alert_id=alert, now=now) is not None


def _names(refs: Collection[str]) -> list[str]:
    return [ref.partition("/")[2] for ref in refs]
