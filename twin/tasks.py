"""Background work of the twin: ids in, one service call, safe to run twice."""

from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from backend.celery import nudge
from twin.models import FleetTask
from twin.services.alarms import self_test
from twin.services.alert_delivery import deliver
from twin.services.alert_delivery import due_patients as patients_to_tell_of
from twin.services.alerts import escalate_due, expire
from twin.services.challenger import challenge
from twin.services.exports import build_export as build
from twin.services.exports import due_exports, expire_exports
from twin.services.fleet import resume_runs, start_run, take_chunk
from twin.services.forecasts import due_patients, refresh_forecasts
from twin.services.reading import due_uploads
from twin.services.reading import read_upload as read
from twin.services.samples import forget_batches
from twin.services.scores import refresh_scores
from twin.services.snapshots import thin_versions
from twin.services.sources import notice_silence
from twin.services.stale_days import digest_stale, stale_patients
from twin.services.stale_scores import due_scores
from twin.services.stale_warnings import due_checks, mark_everybody
from twin.services.uploads import clear_incoming
from twin.services.warnings import check_patient

BATCH = 20
MANY = 200
MOST_CHECKS = 500
"""Of the rules of early warning in one sweep: a few seconds' work."""


@shared_task(name="twin.read_upload")
def read_upload(upload_id: str) -> None:
    """Reads one upload, unless another worker does."""
    read(UUID(upload_id), now=timezone.now())


@shared_task(name="twin.read_due_uploads")
def read_due_uploads() -> None:
    """Reads what waits, or was left by a worker that died, and clears away what never came whole."""
    clear_incoming(now=timezone.now())
    for upload_id in due_uploads(now=timezone.now(), limit=BATCH):
        read(upload_id, now=timezone.now())


@shared_task(name="twin.build_export")
def build_export(export_id: str) -> None:
    """Builds one export, unless another worker does."""
    build(UUID(export_id), now=timezone.now())


@shared_task(name="twin.build_due_exports")
def build_due_exports() -> None:
    """Builds what waits, or was left by a worker that died."""
    for export_id in due_exports(now=timezone.now(), limit=BATCH):
        build(export_id, now=timezone.now())


@shared_task(name="twin.expire_exports")
def expire_old_exports() -> None:
    """Removes the exports whose time is up."""
    expire_exports(now=timezone.now())


@shared_task(name="twin.digest_days")
def digest_days(patient_id: str) -> None:
    """Sums up one patient's stale days."""
    digest_stale(UUID(patient_id), now=timezone.now())


@shared_task(name="twin.digest_stale_days")
def digest_stale_days() -> None:
    """Sums up every stale day."""
    for patient_id in stale_patients(now=timezone.now(), limit=BATCH):
        digest_stale(patient_id, now=timezone.now())


@shared_task(name="twin.forget_batches")
def forget_old_batches() -> None:
    """Forgets the batches of phones that are too old to come again."""
    forget_batches(now=timezone.now())


@shared_task(name="twin.thin_versions")
def thin_old_versions() -> None:
    """Leaves one version a day of what snapshots said, and none of years ago."""
    thin_versions(now=timezone.now())


@shared_task(name="twin.notice_silence")
def notice_silent_sources() -> None:
    """Marks the devices and apps that have been quiet for longer than is their habit."""
    notice_silence(now=timezone.now())


@shared_task(name="twin.refresh_forecasts")
def refresh_patient_forecasts(patient_id: str) -> None:
    """Makes one patient's due forecasts."""
    refresh_forecasts(UUID(patient_id), now=timezone.now())


@shared_task(name="twin.refresh_stale")
def refresh_stale() -> None:
    """Makes every due forecast."""
    for patient_id in due_patients(now=timezone.now(), limit=BATCH):
        refresh_forecasts(patient_id, now=timezone.now())


@shared_task(name="twin.refresh_scores")
def refresh_patient_scores(patient_id: str) -> None:
    """Works out one patient's scores, if they are due."""
    refresh_scores(UUID(patient_id), now=timezone.now())


@shared_task(name="twin.refresh_due_scores")
def refresh_due_scores() -> None:
    """Works out all scores that are due."""
    for patient_id in due_scores(now=timezone.now(), limit=BATCH):
        refresh_scores(patient_id, now=timezone.now())


@shared_task(name="twin.forecast_new_day")
def forecast_new_day() -> None:
    """Begins the pass over everybody that takes a day on each series whose night is over."""
    start_run(FleetTask.NIGHTLY, now=timezone.now())


@shared_task(name="twin.forecast_anew")
def forecast_anew() -> None:
    """Begins the week's pass over everybody that estimates each series anew."""
    start_run(FleetTask.WEEKLY, now=timezone.now())


@shared_task(name="twin.challenge")
def challenge_forecasts() -> None:
    """Holds Prophet against our forecasts on this night's sample."""
    challenge(day=timezone.now().date())


@shared_task(name="twin.take_fleet_chunk")
def take_fleet_chunk() -> None:
    """Does one chunk of a pass, and asks for the next: whatever has waited meanwhile comes in between."""
    if take_chunk(now=timezone.now()):
        nudge("twin.take_fleet_chunk")


@shared_task(name="twin.resume_fleet")
def resume_fleet() -> None:
    """Goes on with a pass that no worker works at any more."""
    resume_runs(now=timezone.now())


@shared_task(name="twin.deliver_alerts")
def deliver_alerts(patient_id: str) -> None:
    """Tells everybody who is to be told of one patient's alerts by now."""
    deliver(UUID(patient_id), now=timezone.now())


@shared_task(name="twin.watch_alerts")
def watch_alerts() -> None:
    """Asks the next ones where nobody answered, and tells whoever waits to be told."""
    escalate_due(now=timezone.now(), limit=MANY)
    for patient_id in patients_to_tell_of(now=timezone.now(), limit=BATCH):
        deliver(patient_id, now=timezone.now())


@shared_task(name="twin.test_alarms")
def test_alarms() -> None:
    """Sends a made-up critical reading the whole way, and tells the operators when it does not arrive."""
    self_test(address=settings.SITE_URL)


@shared_task(name="twin.expire_alerts")
def expire_alerts() -> None:
    """Ends the alerts that nobody attended to for too long."""
    expire(now=timezone.now(), limit=MANY)


@shared_task(name="twin.check_warnings")
def check_warnings(patient_id: str) -> None:
    """Looks at one patient's rules of early warning, where there is anything to look at."""
    check_patient(UUID(patient_id), now=timezone.now())


@shared_task(name="twin.check_due_warnings")
def check_due_warnings() -> None:
    """Looks at the rules of whoever is due: left by a worker that died, or because of the time."""
    for patient_id in due_checks(now=timezone.now(), limit=MOST_CHECKS):
        check_patient(patient_id, now=timezone.now())


@shared_task(name="twin.check_everybody")
def check_everybody() -> None:
    """Asks for a look at everybody's rules."""
    mark_everybody(now=timezone.now())
