"""Background work: named, thin, found again by its sweeps, and silent about what it works on."""

import ast
import logging
from datetime import timedelta
from pathlib import Path

import make
import pytest
from asgiref.sync import async_to_sync, sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings
from django.utils import timezone
from redis import Redis

from backend import celery
from backend.actor import acting_for_all
from backend.changes import group_of
from twin import tasks
from twin.models import Forecast, StaleForecast, Upload
from twin.services.reading import read_upload

CHECKOUT = Path(__file__).parents[2]
CANARY = b"start,kind,value,unit,source\n2026-03-01T08:00:00Z,weight,87.654321,kg,Canary scale\n"
SECRETS = ("87.654321", "Canary", "canary", "pia@", "Pia", "weight")


def nudged_names() -> set[str]:
    """The first argument of every call of nudge() in the code."""
    names = set()
    for path in [*CHECKOUT.glob("backend/**/*.py"), *CHECKOUT.glob("twin/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "nudge":
                assert isinstance(node.args[0], ast.Constant)
                names.add(node.args[0].value)
    return names


def test_nudge_names_only_tasks_that_are_registered():
    celery.app.loader.import_default_modules()
    names = nudged_names()
    assert {"twin.read_upload", "twin.refresh_forecasts"} <= names
    assert names <= set(celery.app.tasks)


def test_schedule_names_only_tasks_that_are_registered():
    celery.app.loader.import_default_modules()
    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= set(celery.app.tasks)


def finished(upload: Upload) -> bool:
    with acting_for_all():
        return Upload.objects.get(id=upload.id).finished_at is not None


@pytest.mark.parametrize("sweep", [False, True])
def test_read_upload_by_nudge_or_sweep_and_twice_is_one_reading(cast, sweep):
    upload = make.make_upload(cast.pia_patient, CANARY)
    for _ in range(2):
        tasks.read_due_uploads() if sweep else tasks.read_upload(str(upload.id))
        assert finished(upload)
    with acting_for_all():
        assert Upload.objects.get(id=upload.id).report["samples"]["weight"]["stored"] == 1


@pytest.mark.parametrize("sweep", [False, True])
def test_refresh_forecasts_by_nudge_or_sweep_and_twice_is_one_forecast(cast, sweep):
    days = [timezone.now() - timedelta(days=ago) for ago in range(1, 29)]
    lines = [f"{day.isoformat()},weight,{80 + day.day % 3},kg" for day in days]
    table = "\n".join(["start,kind,value,unit", *lines]).encode()
    read_upload(make.make_upload(cast.pia_patient, table).id, now=timezone.now())
    with acting_for_all():
        StaleForecast.objects.update(stale_since=timezone.now(), due_at=timezone.now())
    for _ in range(2):
        tasks.refresh_stale() if sweep else tasks.refresh_patient_forecasts(str(cast.pia_patient.id))
    with acting_for_all():
        assert (Forecast.objects.count(), StaleForecast.objects.count()) == (1, 0)


def everything_in(redis: Redis) -> str:
    """All that lies in this Redis database, as text."""
    found = []
    for key in redis.scan_iter():
        value = redis.lrange(key, 0, -1) if redis.type(key) == b"list" else redis.dump(key)
        found.append(f"{key!r} {value!r}")
    return "\n".join(found)


def test_upload_leaves_nothing_clinical_in_broker_or_log(transactional_db, caplog):
    caplog.set_level(logging.DEBUG)
    redis = Redis.from_url(settings.REDIS.url)
    redis.flushdb()
    patient = make.make_patient(make.make_user("pia"))
    upload = make.make_upload(patient, CANARY, "Pia's canary.csv")
    read_upload(upload.id, now=timezone.now())
    queued = everything_in(redis)
    redis.flushdb()
    assert str(upload.id) in queued
    assert str(patient.id) in queued
    assert f"action=upload_finished upload={upload.id}" in caplog.text
    for secret in SECRETS:
        assert secret not in queued
        assert secret not in caplog.text


def test_read_upload_hints_at_its_progress_with_ids_only(transactional_db):
    patient = make.make_patient()
    upload = make.make_upload(patient, make.minutes_csv(30))
    layer = get_channel_layer()

    async def hints() -> list[dict]:
        channel = await layer.new_channel()
        await layer.group_add(group_of(patient.id), channel)
        await sync_to_async(read_upload)(upload.id, now=timezone.now())
        return [await layer.receive(channel) for _ in range(2)]

    assert async_to_sync(hints)() == [
        {"type": "view.moved", "view": "upload", "ref": str(upload.id)},
        {"type": "stream.moved", "stream": str(patient.id), "seq": 2},
    ]
