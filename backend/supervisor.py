"""Keeps a whole installation running on one machine: servers, then steps, then services, until told to stop.

Makes the environment that Django's settings read, and therefore never imports them.
"""

import base64
import http.client
import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from cryptography.hazmat.primitives.asymmetric import ec

from backend import children, embedded, env

CHECKOUT = Path(__file__).resolve().parent.parent
WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 compared with, not bound to
LOOPBACKS = {"127.0.0.1", "::1"}
LONGEST_PAUSE = 30.0  # seconds between restarts
STEADY = 60.0  # seconds of life after which a service's earlier failures are forgotten

Report = Callable[[str], None]


class CannotRun(Exception):
    """Pollux cannot start or go on; the message is for the person who runs it."""


class Stopped(BaseException):
    """A signal asks for the end. Not an Exception, so that nothing on the way handles it."""


@dataclass(frozen=True, slots=True)
class Step:
    """A command that must succeed before the services start."""

    name: str
    title: str
    argv: tuple[str, ...]
    as_owner: bool = False  # may change the database's tables
    shown: bool = False  # the last paragraph that it printed is shown once all runs


@dataclass(frozen=True, slots=True)
class Service:
    """A program that is kept running; SIGTERM ends it within `grace` seconds, or it is killed."""

    name: str
    argv: tuple[str, ...]
    grace: float = 10.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where this run listens and keeps its data."""

    host: str
    port: int
    data_dir: Path

    @property
    def address(self) -> str:
        # By name: browsers give no passkeys to a bare number.
        host = "localhost" if self.host in {*LOOPBACKS, *WILDCARDS} else self.host
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def logs(self) -> Path:
        return self.data_dir / "logs"


@dataclass(slots=True)
class Run:
    """A service's present process, or the time at which the next one starts."""

    service: Service
    process: subprocess.Popen[bytes]
    began: float
    failures: int = 0
    resumes: float | None = None


def up(
    steps: Callable[[Place], Sequence[Step]], services: Callable[[Place], Sequence[Service]], report: Report
) -> int:
    """Run until a signal comes (0) or something cannot go on (1). Nothing is left running, even on kill -9.

    The services stop in the order given, the servers after them. A `report` that fails, as when the terminal
    is gone, disturbs nothing.
    """
    report = _unbreakable(report)
    try:
        with _stop_signals():
            place = place_from_environment()
            _refuse_busy_port(place)
            _run(place, steps(place), services(place), report)
    except Stopped:
        report("Stopped.")
    except (CannotRun, embedded.CannotStart, env.BadEnvironment) as reason:
        report(str(reason))
        return 1
    return 0


def place_from_environment() -> Place:
    """HOST, PORT and DATA_DIR, a relative one seen from the working directory; raises BadEnvironment."""
    return Place(
        host=env.text("HOST", "127.0.0.1"),
        port=env.integer("PORT", 8000, low=1, high=65535),
        data_dir=Path(env.text("DATA_DIR", str(CHECKOUT / ".data"))).absolute(),
    )


@contextmanager
def connected(*, as_owner: bool) -> Iterator[None]:
    """Name in the environment, for one command, the servers and the secret that it does not name yet.

    They are those of an `up` that runs on the same DATA_DIR, or else start now and end with the block. Where
    DATABASE_URL and REDIS_URL are both given, nothing is touched. `as_owner`: the command may change tables.
    """
    if os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"):
        yield
        return
    place = place_from_environment()
    with ExitStack() as stack:
        servers = embedded.environment_of_another_run(place.data_dir)
        if servers is None:
            servers = stack.enter_context(_servers(place)).environment
        given = {name: value for name, value in os.environ.items() if value}
        owner, plain = _environments(place, {**servers, **given})
        os.environ.update(owner if as_owner else plain)
        yield


def keep_running(
    services: Sequence[Service],
    *,
    environment: Mapping[str, str],
    logs: Path,
    servers: Mapping[str, subprocess.Popen[bytes]],
    ready: Callable[[], bool],
    when_ready: Callable[[], None],
    report: Report,
) -> None:
    """Start the services and restart what ends; leaves only by an exception, having stopped them in order.

    Until `ready` says so the first time, and whenever one of `servers` ends, an end is final: CannotRun.
    """
    runs: list[Run] = []
    try:
        for service in services:
            runs.append(Run(service, _start(service, environment, logs), time.monotonic()))  # noqa: PERF401 stopped one by one
        for _ in embedded.patiently("the first page", report):
            for run in runs:
                _expect_alive(run.service.name, run.process, logs)
            if ready():
                break
        when_ready()
        while True:
            for name, process in servers.items():
                _expect_alive(name, process, logs)
            for run in runs:
                _revive(run, environment, logs, report)
            time.sleep(0.2)
    finally:
        _end(runs)


def _end(runs: Sequence[Run]) -> None:
    for run in runs:
        if run.process.poll() is None:
            run.process.terminate()  # all at once, so that the graces overlap
    for run in runs:
        children.stop(run.process, (signal.SIGTERM,), grace=run.service.grace)


def _run(place: Place, steps: Sequence[Step], services: Sequence[Service], report: Report) -> None:
    report("Starting the servers")
    with _servers(place, report) as running:
        as_owner, environment = _environments(place, {**os.environ, **running.environment})
        printed = [_finish(step, as_owner if step.as_owner else environment, place, report) for step in steps]
        report("Starting " + ", ".join(service.name for service in services))
        keep_running(
            services,
            environment=environment,
            logs=place.logs,
            servers=running.processes,
            ready=lambda: _answers(place),
            when_ready=lambda: report(
                "".join(f"\n{text}" for step, text in zip(steps, printed, strict=True) if step.shown)
                + f"\n\nPollux is at {place.address}/\nLogs are in {place.logs}. Ctrl-C stops everything."
            ),
            report=report,
        )


def _servers(place: Place, report: Report = lambda _: None) -> AbstractContextManager[embedded.Servers]:
    """The servers that the environment leaves to us."""
    return embedded.servers(
        place.data_dir,
        postgres=not os.environ.get("DATABASE_URL"),
        redis=not os.environ.get("REDIS_URL"),
        report=report,
    )


def _environments(place: Place, given: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """What migrations see, and what everything else sees: only the former may own tables."""
    shared = {**given, "DATA_DIR": str(place.data_dir), "SITE_URL": given.get("SITE_URL") or place.address}
    if not (shared.get("SECRET_KEY") or shared.get("SECRET_KEY_FILE")):
        shared["SECRET_KEY"] = _kept_secret(place.data_dir / "secret.key", _new_secret)
    if not (shared.get("VAPID_PRIVATE_KEY") or shared.get("VAPID_PRIVATE_KEY_FILE")):
        shared["VAPID_PRIVATE_KEY"] = _kept_secret(place.data_dir / "vapid.key", _new_signing_key)
    owner_url = shared.pop("DATABASE_OWNER_URL", "") or shared["DATABASE_URL"]
    return {**shared, "DATABASE_URL": owner_url}, shared


def _new_secret() -> str:
    return secrets.token_urlsafe(64)


def _new_signing_key() -> str:
    number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return base64.urlsafe_b64encode(number.to_bytes(32, "big")).rstrip(b"=").decode()


def _kept_secret(path: Path, make: Callable[[], str]) -> str:
    """The secret in the file, made at the first call; the file appears whole or not at all."""
    if not path.exists():
        unfinished = path.with_suffix(".new")
        unfinished.touch(mode=0o600)
        unfinished.write_text(make())
        unfinished.rename(path)
    return path.read_text()


def _refuse_busy_port(place: Place) -> None:
    family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((place.host, place.port))
        except OSError as error:
            raise CannotRun(
                f"Cannot listen on {place.host}:{place.port}, set PORT: {error.strerror}"
            ) from None


def _finish(step: Step, environment: Mapping[str, str], place: Place, report: Report) -> str:
    """Run the step to its end and return its last paragraph; a failure is CannotRun with its last lines."""
    report(step.title)
    log = place.logs / f"{step.name}.log"
    log.unlink(missing_ok=True)
    process = children.start(step.argv, log=log, env=environment, cwd=CHECKOUT)
    try:
        for _ in embedded.patiently(f"{step.name} to finish", report):
            if process.poll() is not None:
                break
    finally:
        children.stop(process, (signal.SIGTERM,), grace=5)
    if process.returncode != 0:
        raise CannotRun(f"{step.title} failed:\n{children.last_lines(log)}")
    return log.read_text(errors="replace").strip("\n").rpartition("\n\n")[-1]


def _start(service: Service, environment: Mapping[str, str], logs: Path) -> subprocess.Popen[bytes]:
    return children.start(service.argv, log=logs / f"{service.name}.log", env=environment, cwd=CHECKOUT)


def _expect_alive(name: str, process: subprocess.Popen[bytes], logs: Path) -> None:
    if process.poll() is not None:
        lines = children.last_lines(logs / f"{name}.log")
        raise CannotRun(f"{name} ended unexpectedly. Its last lines:\n{lines}")


def _revive(run: Run, environment: Mapping[str, str], logs: Path, report: Report) -> None:
    """Start an ended service again, after a pause that doubles with each quick failure."""
    now = time.monotonic()
    if run.resumes is not None:
        if now >= run.resumes:
            run.process, run.began, run.resumes = _start(run.service, environment, logs), now, None
    elif run.process.poll() is not None:
        children.stop(run.process, (), grace=0)  # what it left of its group
        run.failures = 0 if now - run.began > STEADY else run.failures + 1
        pause = min(LONGEST_PAUSE, 2.0 ** max(0, run.failures - 1))
        run.resumes = now + pause
        name = run.service.name
        report(f"{name} ended unexpectedly and starts again in {pause:.0f} s. Its last lines:")
        report(children.last_lines(logs / f"{name}.log"))


def _answers(place: Place) -> bool:
    """Whether the first page comes; raises CannotRun when it comes as an error."""
    connection = http.client.HTTPConnection(WILDCARDS.get(place.host, place.host), place.port, timeout=30)
    try:
        connection.request("GET", "/", headers={"Host": f"localhost:{place.port}"})
        status = connection.getresponse().status
    except OSError:
        return False
    finally:
        connection.close()
    if status >= 500:
        raise CannotRun(f"The first page answers {status}:\n{children.last_lines(place.logs / 'web.log')}")
    return True


def _unbreakable(report: Report) -> Report:
    def told(line: str) -> None:
        with suppress(OSError):
            report(line)

    return told


@contextmanager
def _stop_signals() -> Iterator[None]:
    """Inside the block the first stop signal raises Stopped; later ones are ignored, the end is under way."""
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # nohup means it
        numbers.append(signal.SIGHUP)

    def stop(_number: int, _frame: FrameType | None) -> None:
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)
        raise Stopped

    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
