"""What is refused at boot and at import: undeclared views, and a database role that no wall holds."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection
from django.http import HttpResponse
from django.urls import clear_url_caches, path, set_urlconf
from django.views import View

from backend import checks
from backend.api import PatientView
from backend.pages import PatientPage
from backend.rules import Need

CHECKOUT = Path(checks.__file__).parent.parent
CELERY = ("-m", "celery", "--app", "backend.celery:app")


class Undeclared(View):
    """A view that says nothing about who may use it."""

    def get(self, _request):
        return HttpResponse()


class Stray:
    """A URLconf with one such view."""

    urlpatterns = [path("stray/", Undeclared.as_view())]


@pytest.mark.parametrize("base", [PatientView, PatientPage])
def test_patient_view_without_a_need_cannot_be_defined(base):
    with pytest.raises(TypeError, match=r"Open declares no need for \['post'\]"):
        type("Open", (base,), {"needs": {"get": Need.READ}, "what": "x", "get": print, "post": print})
    with pytest.raises(TypeError, match="Open declares no need for its audit name"):
        type("Open", (base,), {"needs": {"get": Need.READ}, "get": print})


def test_every_view_is_declared():
    assert checks.every_view_declares_its_need(None) == []


def test_undeclared_view_is_an_error(settings):
    settings.ROOT_URLCONF = Stray
    clear_url_caches()
    set_urlconf(None)
    try:
        assert [found.id for found in checks.every_view_declares_its_need(None)] == ["pollux.E001"]
    finally:
        clear_url_caches()


def test_role_of_the_tests_is_held(db):
    assert checks.the_wall_holds_this_role(None, databases=["default"]) == []
    assert checks.the_wall_holds_this_role(None, databases=None) == []


def run(program: tuple[str, ...], role: str, **environment: str) -> subprocess.CompletedProcess[str]:
    url = os.environ["DATABASE_URL"].replace("//pollux_app@", f"//{role}@")
    return subprocess.run(
        [sys.executable, *program],
        env=os.environ
        | {"DATABASE_URL": url, "PYTHONPATH": str(CHECKOUT), "C_FORCE_ROOT": "1"}
        | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
        cwd=CHECKOUT,
    )


@pytest.fixture
def unheld(db):
    """The superuser, and a plain role that row-level security passes by."""
    import psycopg

    url = os.environ["DATABASE_URL"].replace("//pollux_app@", "//postgres@")
    with psycopg.connect(url, autocommit=True) as server:
        server.execute("DROP ROLE IF EXISTS pollux_unheld")
        server.execute("CREATE ROLE pollux_unheld LOGIN NOSUPERUSER BYPASSRLS")
        yield "postgres", "pollux_unheld"
        server.execute("DROP ROLE pollux_unheld")


def test_web_worker_scheduler_and_bridge_refuse_a_role_that_no_wall_holds(unheld, tmp_path):
    superuser, bypasses = unheld
    for program, role in [
        (("-m", "uvicorn", "backend.asgi:application", "--port", "0", "--lifespan", "off"), superuser),
        ((*CELERY, "worker", "--pool=solo"), superuser),
        ((*CELERY, "beat", f"--schedule={tmp_path / 'beat'}", "--pidfile="), superuser),
        (("manage.py", "bridge"), superuser),
        (("-c", "import backend.asgi"), bypasses),
    ]:
        ended = run(program, role, MQTT_URL="mqtt://broker.example")
        assert ended.returncode != 0, program
        assert f"Pollux does not start: ?: (pollux.E002) DATABASE_URL: the role '{role}'" in ended.stderr, (
            ended.stderr
        )


def test_web_starts_beside_a_role_that_the_wall_holds(db):
    ended = run(("-c", "import backend.asgi"), connection.settings_dict["USER"])
    assert (ended.returncode, ended.stderr) == (0, "")
