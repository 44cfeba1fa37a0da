"""`manage.py up`: what it starts, what it says, and that nothing is left when it ends, however it ends."""

import base64
import fcntl
import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from backend import embedded, env, supervisor
from backend.management.commands import up as command

CHECKOUT = Path(supervisor.__file__).parent.parent
TINY = (str(Path(__file__).with_name("tiny.py")),)
REAL = (str(CHECKOUT / "manage.py"), "up")


@dataclass
class Up:
    """A running `up`, and what it has said so far."""

    process: subprocess.Popen[bytes]
    data_dir: Path
    port: int
    output: Path

    def said(self) -> str:
        return self.output.read_text()

    def wait_for(self, text: str, seconds: float = 120) -> str:
        """Everything said once `text` is among it."""
        deadline = time.monotonic() + seconds
        while text not in self.said():
            assert time.monotonic() < deadline, self.said()
            assert self.process.poll() is None or text in self.said(), self.said()
            time.sleep(0.05)
        return self.said()

    def running(self) -> list[str]:
        """The command lines of all that carries this run's environment or works in its data."""
        marker = f"DATA_DIR={self.data_dir}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and (
                    marker in (entry / "environ").read_bytes().split(b"\0")
                    or (entry / "cwd").readlink().is_relative_to(self.data_dir)
                ):
                    found.append((entry / "cmdline").read_text().replace("\0", " "))
            except OSError:
                continue
        return found

    def end(self, number: signal.Signals, seconds: float = 60) -> int:
        self.process.send_signal(number)
        return self.process.wait(seconds)

    def left(self, seconds: float = 30) -> list[str]:
        """What still runs once there was time to end."""
        deadline = time.monotonic() + seconds
        while (left := self.running()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return left


class Starter:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: list[Up] = []

    def __call__(
        self,
        *arguments: str,
        data: str = "data",
        port: int | None = None,
        output: int | None = None,
        **environment: str,
    ) -> Up:
        """Start `up`, as its own process group, away from the test run's servers."""
        port = port or free_port()
        given = {name: value for name, value in os.environ.items() if name not in NAMES_OF_THE_TEST_RUN}
        given |= {"DATA_DIR": str(self.folder / data), "PORT": str(port), "PYTHONPATH": str(CHECKOUT)}
        given |= environment
        said = self.folder / f"output-{port}"
        with said.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, *(arguments or TINY)],
                env=given,
                stdout=output or file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.started.append(Up(process, self.folder / data, port, said))
        return self.started[-1]


NAMES_OF_THE_TEST_RUN = {
    *(
        "DATABASE_URL",
        "DATABASE_OWNER_URL",
        "DATABASE_POOL",
        "REDIS_URL",
        "DATA_DIR",
        "SECRET_KEY",
        "SITE_URL",
        "VAPID_PRIVATE_KEY",
    ),
    *("PORT", "HOST", "LOG_LEVEL", "XDG_RUNTIME_DIR", "DJANGO_SETTINGS_MODULE"),
}


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Shared by the tests, so that only the first run on the usual data has to create a database."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.fixture
def start(folder: Path) -> Iterator[Starter]:
    starter = Starter(folder)
    try:
        yield starter
    finally:
        for up in starter.started:
            up.process.kill()
            up.process.wait()
        for up in starter.started:
            up.left()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def page(port: int) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status
    finally:
        connection.close()


def environment_of(up: Up, program: str) -> Mapping[str, str]:
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and program in (entry / "cmdline").read_text().replace("\0", " "):
                pairs = (pair.partition("=") for pair in (entry / "environ").read_text().split("\0"))
                environment = {name: value for name, _, value in pairs}
                if environment.get("DATA_DIR") == str(up.data_dir):
                    return environment
        except OSError:
            continue
    raise AssertionError(f"{program} does not run")


def test_up_shows_each_step_and_last_the_logins_and_the_address(start):
    up = start(data="fresh")
    said = up.wait_for("Ctrl-C stops everything.")
    assert said.splitlines() == [
        "Starting the servers",
        "Creating the database",
        "Migrating",
        "Loading",
        "Starting web, stubborn, parent",
        "",
        "pia@pollux.example sees None",
        "",
        f"Pollux is at http://localhost:{up.port}/",
        f"Logs are in {up.data_dir}/logs. Ctrl-C stops everything.",
    ]
    assert page(up.port) == 200
    assert (up.data_dir / "logs" / "migrate.log").read_text() == "migrated as postgresql://pollux_owner\n"
    environment = environment_of(up, "http.server")
    assert environment["DATABASE_URL"].startswith("postgresql://pollux_app@")
    assert environment["SITE_URL"] == f"http://localhost:{up.port}"
    secret = up.data_dir / "secret.key"
    assert environment["SECRET_KEY"] == secret.read_text()
    assert len(secret.read_text()) > 50
    assert secret.stat().st_mode & 0o777 == 0o600
    signing = up.data_dir / "vapid.key"
    assert environment["VAPID_PRIVATE_KEY"] == signing.read_text()
    assert len(base64.urlsafe_b64decode(signing.read_text() + "=")) == 32
    assert signing.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stop_signal_ends_every_child(start, number):
    up = start()
    up.wait_for("Ctrl-C stops everything.")
    assert len(up.running()) > 6
    assert up.end(number) == 0
    assert up.running() == []
    assert up.said().endswith("Stopped.\n")
    assert [path.name for path in up.data_dir.iterdir() if path.name == "sockets"] == []


def test_ctrl_c_in_the_terminal_is_not_doubled_for_the_children(start):
    up = start()
    up.wait_for("Ctrl-C stops everything.")
    os.killpg(up.process.pid, signal.SIGINT)
    assert up.process.wait(120) == 0
    assert up.running() == []
    assert "ended unexpectedly" not in up.said()


@pytest.mark.parametrize("moment", ["Starting the servers", "Starting web"])
def test_ctrl_c_while_starting_ends_every_child(start, moment):
    up = start()
    up.wait_for(moment)
    assert up.end(signal.SIGINT) == 0
    assert up.running() == []


def test_kill_minus_nine_leaves_nothing_and_the_next_start_keeps_the_data(start):
    up = start()
    up.wait_for("Ctrl-C stops everything.")
    kept = [(up.data_dir / name).read_text() for name in ("secret.key", "vapid.key")]
    up.end(signal.SIGKILL)
    assert up.left() == []
    again = start(SECRET_KEY="", VAPID_PRIVATE_KEY="")
    assert "Creating the database" not in again.wait_for("Ctrl-C stops everything.")
    assert [(up.data_dir / name).read_text() for name in ("secret.key", "vapid.key")] == kept


def test_two_runs_on_one_machine_need_only_their_own_port_and_data(start):
    first, second = start(data="first"), start(data="second")
    first.wait_for("Ctrl-C stops everything.")
    second.wait_for("Ctrl-C stops everything.")
    assert first.end(signal.SIGINT) == 0
    assert page(second.port) == 200


def test_second_run_on_the_same_data_is_refused_in_one_line(start):
    first = start()
    first.wait_for("Starting web")
    second = start()
    assert second.process.wait(120) == 1
    assert second.said().splitlines()[1:] == [
        f"{first.data_dir} is in use by another run; set DATA_DIR to another folder."
    ]


def test_busy_port_is_refused_before_anything_starts(start):
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        up = start(port=port, data="never")
        assert up.process.wait(120) == 1
    assert up.said() == f"Cannot listen on 127.0.0.1:{port}, set PORT: Address already in use\n"
    assert not (up.data_dir / "logs").exists()


@pytest.mark.parametrize(
    ("name", "value", "refusal"),
    [
        ("PORT", "http", "PORT must be a whole number, not 'http'\n"),
        ("PORT", "70000", "PORT must be from 1 to 65535, not 70000\n"),
    ],
)
def test_bad_value_is_refused_by_name(start, name, value, refusal):
    up = start(**{name: value})
    assert up.process.wait(120) == 1
    assert up.said() == refusal


def test_failing_step_ends_the_run_with_its_last_lines(start):
    up = start(*TINY, "failing-step")
    assert up.process.wait(120) == 1
    assert up.said().endswith("Migrating failed:\nmigrated as postgresql://pollux_owner\n")
    assert up.running() == []


def test_nothing_embedded_starts_when_both_urls_are_given(start):
    with embedded.servers(start.folder / "elsewhere", durable=False) as others:
        up = start(data="uploads", SECRET_KEY="g" * 50, **others.environment)
        up.wait_for("Ctrl-C stops everything.")
        assert not (up.data_dir / "postgres").exists()
        assert not (up.data_dir / "redis").exists()
        assert environment_of(up, "http.server")["DATABASE_URL"] == others.environment["DATABASE_URL"]
        assert environment_of(up, "http.server")["SECRET_KEY"] == "g" * 50
        assert not (up.data_dir / "secret.key").exists()
        assert "pollux_owner" in (up.data_dir / "logs" / "migrate.log").read_text()
        assert up.end(signal.SIGINT) == 0
        assert others.processes["postgres"].poll() is None


def test_only_the_server_without_a_url_is_started(start):
    with embedded.servers(start.folder / "elsewhere", durable=False) as others:
        up = start(data="half", DATABASE_URL=others.environment["DATABASE_URL"])
        up.wait_for("Ctrl-C stops everything.")
        assert not (up.data_dir / "postgres").exists()
        assert (up.data_dir / "redis").exists()


def test_service_that_ends_while_starting_ends_the_run_with_its_last_lines(start):
    up = start(*TINY, "brittle")
    assert up.process.wait(120) == 1
    assert "brittle ended unexpectedly. Its last lines:\nit broke\n" in up.said()
    assert up.running() == []


def test_service_that_ends_later_is_started_again_after_a_growing_pause(start):
    calm = start.folder / "data" / "calm"
    calm.parent.mkdir(exist_ok=True)
    calm.touch()
    up = start(*TINY, "brittle")
    up.wait_for("Ctrl-C stops everything.")
    calm.unlink()
    subprocess.run(["pkill", "-P", str(up.process.pid), "-x", "sleep"], check=True)
    said = up.wait_for("starts again in 2 s. Its last lines:\nit broke\n")
    assert "brittle ended unexpectedly and starts again in 1 s." in said
    calm.touch()
    deadline = time.monotonic() + 60
    while not any("sleep 600" in line for line in up.running()):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_run_ends_when_postgres_ends(start):
    up = start()
    up.wait_for("Ctrl-C stops everything.")
    pid = int((up.data_dir / "postgres" / "postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGQUIT)
    assert up.process.wait(120) == 1
    assert "postgres ended unexpectedly. Its last lines:" in up.said()
    assert up.left() == []


def test_closed_terminal_does_not_disturb_the_stopping(start):
    """Nobody reads the output any more, as when the terminal's window is closed."""
    up = start(output=subprocess.PIPE)
    lines = iter(up.process.stdout.readline, b"")
    assert any(b"Ctrl-C stops everything." in line for line in lines)
    up.process.stdout.close()
    assert up.end(signal.SIGHUP) == 0
    assert up.running() == []


def test_pollux_itself_comes_up_and_goes(start):
    """The one run of the real steps and services: pages answer, and a killed run leaves no pool process."""
    up = start(*REAL)
    said = up.wait_for("Ctrl-C stops everything.", seconds=600)
    assert "@pollux.example" in said
    assert page(up.port) in {200, 302}
    assert any("celery" in line for line in up.running())
    beside = subprocess.run(
        [sys.executable, str(CHECKOUT / "manage.py"), "migrate", "--check"],
        env=environment_of(up, "uvicorn") | {"DATABASE_URL": "", "REDIS_URL": ""},
        check=False,
    )
    assert beside.returncode == 0
    up.end(signal.SIGKILL)
    assert up.left() == []


def test_command_without_servers_brings_its_own_for_as_long_as_it_takes(start):
    environment = {name: value for name, value in os.environ.items() if name not in NAMES_OF_THE_TEST_RUN}
    environment["DATA_DIR"] = str(start.folder / "data")
    made = subprocess.run(
        [sys.executable, str(CHECKOUT / "manage.py"), "showmigrations", "--plan", "backend"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "backend.0001_initial" in made.stdout, made.stderr
    with (start.folder / "data" / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_services_are_pollux_and_stop_in_order(monkeypatch):
    monkeypatch.delenv("MQTT_URL", raising=False)
    place = supervisor.Place(host="127.0.0.1", port=8000, data_dir=Path("/nowhere"))
    assert [service.name for service in command.services(place)] == ["web", "worker", "scheduler"]
    web = " ".join(command.services(place)[0].argv)
    assert "--ws websockets-sansio --ws-per-message-deflate false" in web


def test_bridge_is_among_the_services_when_a_broker_is_named(monkeypatch):
    place = supervisor.Place(host="127.0.0.1", port=8000, data_dir=Path("/nowhere"))
    monkeypatch.setenv("MQTT_URL", "mqtt://broker.example")
    assert [service.name for service in command.services(place)][3:] == ["bridge"]
    monkeypatch.setenv("MQTT_URL", "broker.example")
    with pytest.raises(env.BadEnvironment, match=r"^MQTT_URL must be"):
        command.services(place)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://localhost:8000"),
        ("0.0.0.0", "http://localhost:8000"),
        ("::", "http://localhost:8000"),
        ("pollux.example", "http://pollux.example:8000"),
    ],
)
def test_address_can_be_opened_on_this_machine(host, address):
    assert supervisor.Place(host=host, port=8000, data_dir=Path("/nowhere")).address == address
