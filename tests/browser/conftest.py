"""Web and worker as real processes over the test database, and a real browser, Chromium without a screen."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import make
import pytest
from django.contrib.auth.hashers import ScryptPasswordHasher, make_password
from django.db import connection
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from backend import children
from backend.actor import acting_on
from backend.models import Patient, User
from twin.intake.items import Samples
from twin.report import Report
from twin.services.digest import digest
from twin.services.forecasts import SETTLE, mark_stale, refresh_forecasts
from twin.services.intake import Touched, take_in

# Playwright's loop runs in this thread, but the ORM is used only between its turns.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

STARTS_WITHIN = 180.0
PATIENCE_MS = 60_000  # a busy machine is slow, not broken
expect.set_options(timeout=PATIENCE_MS)
SCREENS = {"phone": {"width": 390, "height": 844}, "desk": {"width": 1280, "height": 900}}
WEB = "-m uvicorn backend.asgi:application --lifespan off --ws websockets-sansio --port"
CHROMIUMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
WORKER = "-m celery --app backend.celery:app worker --concurrency 1 --without-mingle --without-gossip"


# The last list counts, so Playwright's own is in this one too. New are the two pop-ups of the address bar:
# no test sees them, and each window would start a process for them that costs as much as the test.
SWITCHED_OFF = (
    "WebUIOmniboxPopup,WebUIOmniboxAimPopup,"
    "AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,HttpsUpgrades,LensOverlay,MediaRouter,"
    "HttpsFirstBalancedModeAutoEnable,PaintHolding,ThirdPartyStoragePartitioning,TcpPortRandomizationWin,"
    "AvoidCorsURLLoaderRestartOnRedirect,OptimizationHints,NetworkTimeServiceQuerying,AimEnabled,"
    "PreconnectToSearch"
)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < end and process.poll() is None:
        with suppress(urllib.error.URLError, ConnectionError), urllib.request.urlopen(address, timeout=5):
            return
        time.sleep(0.2)
    raise RuntimeError(f"The server did not come up:\n{log.read_text()[-2000:]}")


@dataclass(frozen=True)
class Site:
    """A running Pollux: its address, and the processes of web and worker."""

    address: str
    processes: list[subprocess.Popen[bytes]]
    log: Path

    def last_error(self) -> str:
        """What the web server last said of an error, for whoever reads why a test failed."""
        _, found, said = self.log.read_text().rpartition("Traceback")
        return found + said[:4000]

    def signal(self, number: signal.Signals) -> None:
        """Sends it to both, the worker's pool included."""
        for process in self.processes:
            os.killpg(process.pid, number)

    def stop_between_transactions(self) -> None:
        """Stops both at an instant in which neither has a transaction open."""
        for _ in range(400):
            self.signal(signal.SIGSTOP)
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT count(*) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'"
                )
                if cursor.fetchone() == (0,):
                    return
            self.signal(signal.SIGCONT)
            time.sleep(0.05)
        raise RuntimeError("The servers never came to rest.")


@pytest.fixture(scope="package")
def site(django_db_setup, tmp_path_factory) -> Iterator[Site]:
    """The servers of this folder's tests; they end with it, for they would do the work of other tests."""
    logs = tmp_path_factory.mktemp("site")
    port = _free_port()
    address = f"http://localhost:{port}"  # by name: browsers give no passkeys to a bare number
    env = os.environ | {"SITE_URL": address}
    processes = [
        children.start([sys.executable, *argv.split()], log=logs / f"{name}.log", env=env)
        for name, argv in (("web", f"{WEB} {port}"), ("worker", WORKER))
    ]
    running = Site(address, processes, logs / "web.log")
    try:
        _wait_for(f"{address}/accounts/login/", processes[0], logs / "web.log")
        yield running
    finally:
        running.signal(signal.SIGTERM)
        for process in processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@pytest.fixture(autouse=True)
def awake(site) -> Iterator[None]:
    """Lets the servers go on once the database has been emptied; autouse, so that it ends after that."""
    yield
    site.signal(signal.SIGCONT)


@pytest.fixture
def still(site, awake, transactional_db) -> Iterator[None]:
    """Emptying the tables would meet the servers' transactions in a deadlock: they stop for it."""
    yield
    site.stop_between_transactions()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium from PATH; Playwright's loop ends with this folder, as others want loops of their own.

    Best the one without any window of its own: the same pages for half the work.
    """
    found = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    assert found, "the browser tests need chromium on PATH"
    with sync_playwright() as playwright:
        args = ["--no-sandbox", f"--disable-features={SWITCHED_OFF}"]
        chromium = playwright.chromium.launch(executable_path=found, args=args)
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def shared_page(site, browser) -> Iterator[Page]:
    page = browser.new_page(locale="en-GB", timezone_id="Europe/Berlin")
    page.goto(f"{site.address}/accounts/login/")
    yield page
    page.close()


@pytest.fixture
def complaints(site) -> Iterator[list[str]]:
    """What the test's pages wrote to their consoles as errors, broken policies included; must stay empty."""
    heard: list[str] = []
    yield heard
    assert heard == [], site.last_error()


@pytest.fixture
def module_page(shared_page, still, complaints) -> Iterator[Page]:
    """A page for calling modules by themselves: one for all tests, as these touch no data; listened to."""
    listened = {
        "pageerror": lambda error: complaints.append(str(error)),
        "console": lambda message: message.type == "error" and complaints.append(message.text),
    }
    for event, hear in listened.items():
        shared_page.on(event, hear)
    yield shared_page
    for event, hear in listened.items():
        shared_page.remove_listener(event, hear)


@pytest.fixture
def new_context(site, still, browser, complaints) -> Iterator[Callable[..., BrowserContext]]:
    """A function: a fresh browser profile on a "phone" or a "desk", listened to."""
    made: list[BrowserContext] = []

    def make(screen: str = "desk", **options: Any) -> BrowserContext:
        context = browser.new_context(
            base_url=site.address,
            viewport=SCREENS[screen],
            locale="en-GB",
            timezone_id="Europe/Berlin",
            reduced_motion="reduce",
            **options,
        )
        context.set_default_timeout(PATIENCE_MS)
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        context.on("console", lambda message: message.type == "error" and complaints.append(message.text))
        made.append(context)
        return context

    yield make
    for context in made:
        context.close()


@pytest.fixture
def visit(site, new_context) -> Callable[..., Page]:
    """A function: a page of the site in which this user is logged in."""

    def log_in(user: User, path: str, **options: Any) -> Page:
        context = new_context(**options)
        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        session = client.cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": session, "url": site.address}])
        page = context.new_page()
        page.goto(path)
        return page

    return log_in


@pytest.fixture
def hand_over() -> Callable[..., None]:
    """A function: a patient's samples into the twin, with their days and forecasts as a worker makes them.

    Aside, for Playwright's loop runs in this thread.
    """

    def run(patient: Patient, *samples: Samples) -> None:
        with ThreadPoolExecutor(1) as aside:
            aside.submit(_hand_over, patient, samples).result()

    return run


def _hand_over(patient: Patient, samples: tuple[Samples, ...]) -> None:
    now, touched = timezone.now(), Touched()
    try:
        with acting_on(patient.id):
            take_in(patient.id, samples, report=Report(), touched=touched, now=now)
            digest(patient.id, touched, now=now)
            mark_stale(patient.id, list(touched), now=now)
        refresh_forecasts(patient.id, now=now + SETTLE)
    finally:
        connection.close()


@pytest.fixture
def aside() -> Callable[..., None]:
    """A function: runs what opens transactions in a thread of its own, for Playwright's loop runs in this."""

    def run(work: Callable[..., object], *given: object, **named: object) -> None:
        def alone() -> None:
            try:
                work(*given, **named)
            finally:
                connection.close()

        with ThreadPoolExecutor(1) as thread:
            thread.submit(alone).result()

    return run


@pytest.fixture
def lena(still) -> User:
    """A patient with a password as the real servers hash it; the tests' own hash is one they do not know."""
    user = make.make_user("lena")
    user.password = make_password(make.PASSWORD, hasher=ScryptPasswordHasher())
    user.save(update_fields=["password"])
    make.make_patient(user)
    return user
