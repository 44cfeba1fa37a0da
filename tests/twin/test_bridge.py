"""The bridge at a real broker: every message is stored once, whatever dies, or its sender is told why not."""

import getpass
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import make
import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from django.db import connection
from django.utils import timezone
from paho.mqtt import publish
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from backend import checks
from backend.actor import acting_on
from backend.models import Patient
from twin.bridge import MOST_WAITING_BYTES
from twin.intake.devices import LARGEST, Address, Message
from twin.models import SampleBatch, Source
from twin.series import store
from twin.services.devices import receive_messages

CHECKOUT = Path(checks.__file__).parent.parent
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MS = int(NOON.timestamp() * 1000)
PATIENCE = 120.0
PASSWORD = "of tests"
BRIDGE = ("manage.py", "bridge")
# As it is, but it dies when all is in the store and nothing acknowledged.
DYING = (
    "-c",
    """
import os, signal
import django
django.setup()
from django.conf import settings
from twin.bridge import Bridge

class Dying(Bridge):
    def _acknowledge(self):
        if any(arrival.message and arrival.is_settled for arrival in self._waiting):
            os.kill(os.getpid(), signal.SIGKILL)
        super()._acknowledge()

Dying(settings.MQTT, ca_file=None).run(lambda: True)
""",
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(reached: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not (is_reached := reached()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return is_reached


def sign_oneself(certificate: Path, key_file: Path) -> None:
    """A certificate for localhost that nobody but itself vouches for, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate.write_bytes(signed.public_bytes(Encoding.PEM))
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


class Broker:
    """Debian's mosquitto on a port of its own, set up as docs/devices.md has it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.tls_port = free_port()
        self.certificate = folder / "broker.pem"
        folder.mkdir()
        sign_oneself(self.certificate, folder / "broker.key")
        (folder / "mosquitto.conf").write_text(
            f"listener {self.port} 127.0.0.1\n"
            f"user {getpass.getuser()}\n"
            "allow_anonymous false\n"
            f"password_file {folder}/passwords\n"
            f"acl_file {folder}/access\n"
            "persistence true\n"
            f"persistence_location {folder}/\n"
            "max_queued_messages 0\n"
            f"listener {self.tls_port} 127.0.0.1\n"
            f"certfile {self.certificate}\n"
            f"keyfile {folder}/broker.key\n"
        )
        (folder / "passwords").touch(mode=0o600)
        (folder / "access").write_text("user bridge\ntopic readwrite pollux/#\n")
        (folder / "access").chmod(0o600)
        self.add_user("bridge")

    def add_user(self, name: str) -> None:
        passwords = self.folder / "passwords"
        subprocess.run(
            ["mosquitto_passwd", "-b", passwords, name, PASSWORD], check=True, stderr=subprocess.DEVNULL
        )

    def admit(self, name: str, patient: Patient) -> None:
        """A device that may speak of this patient only."""
        with (self.folder / "access").open("a") as file:
            file.write(
                f"user {name}\ntopic write pollux/{patient.id}/#\ntopic read pollux/{patient.id}/refused\n"
            )
        self.add_user(name)

    def start(self) -> None:
        program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
        assert program, "the package mosquitto is missing: sh .ci/package mosquitto bridge mosquitto"
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [program, "-c", self.folder / "mosquitto.conf"],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        assert eventually(self._answers), (self.folder / "log").read_text()

    def _answers(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(PATIENCE)


class Bridge:
    """A process of `manage.py bridge`, and what it logged."""

    def __init__(self, broker: Broker, program: tuple[str, ...], **environment: str) -> None:
        self.log = broker.folder / f"bridge-{random.randbytes(4).hex()}.log"
        given = {
            "MQTT_URL": f"mqtt://bridge:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{broker.port}",
            "DATABASE_URL": os.environ["DATABASE_URL"] + "&application_name=bridge",
            "PYTHONPATH": str(CHECKOUT),
            "LOG_LEVEL": "INFO",
        }
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, *program],
                env=os.environ | given | environment,
                cwd=CHECKOUT,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def said(self) -> str:
        return self.log.read_text()

    def says(self, text: str, times: int = 1) -> "Bridge":
        """Goes on once it has logged the text so often."""
        assert eventually(lambda: self.said().count(text) >= times), self.said()
        return self

    def end(self, number: signal.Signals = signal.SIGTERM) -> str:
        """Everything that it said, once it has ended."""
        self.process.send_signal(number)
        self.process.wait(PATIENCE)
        return self.said()


@pytest.fixture
def broker(tmp_path) -> Iterator[Broker]:
    broker = Broker(tmp_path / "broker")
    yield broker
    broker.stop()


@pytest.fixture
def bridge(broker) -> Iterator[Callable[..., Bridge]]:
    """A function that starts a bridge; it ends with the test."""
    started: list[Bridge] = []

    def start(program: tuple[str, ...] = BRIDGE, **environment: str) -> Bridge:
        started.append(Bridge(broker, program, **environment))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.wait()


@pytest.fixture
def pia(transactional_db, broker) -> Patient:
    """A patient with a device called hub; the broker runs."""
    patient = make.make_patient()
    broker.admit("hub", patient)
    broker.start()
    return patient


def send(
    broker: Broker, *messages: tuple[str, Any], user: str = "hub", retain: bool = False, qos: int = 1
) -> None:
    """Publishes payloads to topics; the broker has them all when this is done."""
    publish.multiple(
        [
            {
                "topic": topic,
                "payload": payload if isinstance(payload, bytes) else json.dumps(payload),
                "qos": qos,
                "retain": retain,
            }
            for topic, payload in messages
        ],
        hostname="127.0.0.1",
        port=broker.port,
        auth={"username": user, "password": PASSWORD},
        protocol=MQTTProtocolVersion.MQTTv5,
    )


@contextmanager
def hearing(broker: Broker, topic: str) -> Iterator[list[dict[str, Any]]]:
    """What the hub hears on a topic meanwhile."""
    heard: list[dict[str, Any]] = []
    subscribed: list[int] = []
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    client.username_pw_set("hub", PASSWORD)
    client.on_message = lambda _, __, message: heard.append(json.loads(message.payload))
    client.on_connect = lambda *_: client.subscribe(topic)
    client.on_subscribe = lambda *_: subscribed.append(1)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    try:
        assert eventually(lambda: bool(subscribed))
        yield heard
    finally:
        client.disconnect()
        client.loop_stop()


def batch(batch_id: str, *values: float, minute: int = 0, **fields: Any) -> dict[str, Any]:
    series = {
        "kind": "heart_rate",
        "unit": "/min",
        "source": "Monitor",
        "start": [MS + 60_000 * (minute + place) for place in range(len(values))],
        "value": list(values),
    }
    return {"batch_id": batch_id, "series": [series | fields]}


def reading(value: float, *, second: int) -> dict[str, Any]:
    return {"value": value, "at": (NOON + timedelta(seconds=second)).isoformat()}


def values(patient: Patient, kind: str = "heart_rate") -> list[float]:
    with acting_on(patient.id):
        return store.read(patient.id, kind, 0, store.LATEST_MS).columns.value.tolist()


def holds(patient: Patient, expected: list[float], kind: str = "heart_rate") -> bool:
    eventually(lambda: len(values(patient, kind)) >= len(expected))
    assert values(patient, kind) == expected
    return True


def test_batches_and_readings_are_stored(pia, broker, bridge):
    bridge().says("action=listening")
    before = time.time_ns() // 1_000_000
    send(
        broker,
        (f"pollux/{pia.id}/samples", batch("a", 60, 61)),
        (
            f"pollux/{pia.id}/Sensor/glucose",
            {"value": 5.5, "unit": "mmol/L", "at": "2026-03-01T13:00:00+01:00"},
        ),
        (f"pollux/{pia.id}/Scale/weight", b"72.5"),
    )
    send(broker, (f"pollux/{pia.id}/Thermometer/temperature", b"36.6"), qos=0)
    assert holds(pia, [60, 61])
    assert holds(pia, [36.6], "temperature")
    with acting_on(pia.id):
        weight = store.read(pia.id, "weight", 0, store.LATEST_MS).columns
        glucose = store.read(pia.id, "glucose", 0, store.LATEST_MS).columns
        sources = set(Source.objects.exclude(last_sync_at=None).values_list("name", flat=True))
    assert weight.value.tolist() == [72.5]
    assert before <= weight.start[0] <= time.time_ns() // 1_000_000
    assert (glucose.start.tolist(), glucose.offset.tolist()) == ([MS], [60])
    assert glucose.value[0] == pytest.approx(99.1, abs=0.1)
    assert sources == {"Monitor", "Sensor", "Scale", "Thermometer"}


def test_sender_is_told_of_what_is_not_stored_and_the_log_is_not(pia, broker, bridge):
    started = bridge().says("action=listening")
    samples = f"pollux/{pia.id}/samples"
    with hearing(broker, f"pollux/{pia.id}/refused") as heard:
        send(
            broker,
            (samples, batch("a", 60, 4321)),
            (samples, batch("a", 61)),
            (samples, b"{hunter2"),
            (samples, b"[" * 50_000),
            (samples, b"7" * (LARGEST + 500)),
            (samples, batch("b", 60) | {"patient": "0198c0de-0000-7000-8000-000000000001"}),
            (f"pollux/{pia.id}/Scale/weight", b"4321"),
            (f"pollux/{pia.id}/Scale/luck", b"7"),
            (f"pollux/{pia.id}/Scale/weight", {"value": "hunter2"}),
            (f"pollux/{pia.id}/Scale/weight", b"72"),
        )
        assert eventually(lambda: len(heard) == 9)
    assert [(one["topic"], part["place"], part["code"]) for one in heard for part in one["left_out"]] == [
        ("samples", "series.0.1", "out_of_range"),
        ("samples", "batch_id", "malformed"),
        ("samples", "", "malformed"),
        ("samples", "", "malformed"),
        ("samples", "", "malformed"),
        ("samples", "patient", "malformed"),
        ("Scale/weight", "", "out_of_range"),
        ("Scale/luck", "", "unknown_kind"),
        ("Scale/weight", "value", "malformed"),
    ]
    assert holds(pia, [60])
    assert holds(pia, [72], "weight")
    said = started.end()
    assert "action=bridged malformed=6 messages=10 out_of_range=2 unknown_kind=1" in said
    assert not any(word in said for word in ("4321", "hunter2", pia.name, "Scale", "weight"))


def test_nobodys_messages_are_counted(pia, broker, bridge):
    started = bridge().says("action=listening")
    stranger = "0198c0de-0000-7000-8000-000000000001"
    send(
        broker,
        (f"pollux/{stranger}/samples", batch("a", 60)),
        (f"pollux/{stranger}/Scale/weight", b"72"),
        ("pollux/somebody/samples", batch("a", 60)),
        ("pollux/somebody/Scale/weight", b"72"),
        (f"pollux/{pia.id}/Scale/weight", b"72"),
        user="bridge",
    )
    assert holds(pia, [72], "weight")
    assert "action=bridged messages=3 misaddressed=2 unknown_patient=2" in started.end()


def test_device_reaches_its_own_patient_only(pia, broker, bridge):
    paul = make.make_patient()
    bridge().says("action=listening")
    send(
        broker,
        (f"pollux/{paul.id}/samples", batch("a", 60)),
        (f"pollux/{paul.id}/Scale/weight", b"72"),
        (f"pollux/{pia.id}/samples", batch("a", 60)),
    )
    assert holds(pia, [60])
    assert values(paul) == values(paul, "weight") == []


def test_retained_value_is_not_news_when_the_bridge_comes(pia, broker, bridge):
    topic = f"pollux/{pia.id}/Scale/weight"
    send(broker, (topic, b"70"), retain=True)
    first = bridge().says("action=listening")
    send(broker, (topic, b"71"), retain=True)
    assert holds(pia, [71], "weight")
    first.end()
    bridge().says("action=listening")
    send(broker, (f"pollux/{pia.id}/samples", batch("a", 60)))
    assert holds(pia, [60])
    assert values(pia, "weight") == [71]


def test_what_waits_at_the_broker_is_stored_later_if_it_says_when_it_was_measured(pia, broker, bridge):
    bridge().says("action=listening").end()
    send(
        broker,
        (f"pollux/{pia.id}/samples", batch("a", 60, 61)),
        (f"pollux/{pia.id}/Scale/weight", {"value": 72, "at": "2026-03-01T12:00:00Z"}),
        (f"pollux/{pia.id}/Thermometer/temperature", b"36.6"),
    )
    with hearing(broker, f"pollux/{pia.id}/refused") as heard:
        bridge().says("session=resumed").says("action=listening")
        assert holds(pia, [60, 61])
        assert eventually(lambda: bool(heard))
    assert values(pia, "weight") == [72]
    assert values(pia, "temperature") == []
    assert [(one["topic"], one["left_out"][0]["place"]) for one in heard] == [
        ("Thermometer/temperature", "at")
    ]


def test_bridge_killed_after_the_commit_stores_what_comes_again_once(pia, broker, bridge):
    dying = bridge(DYING).says("action=listening")
    send(
        broker,
        (f"pollux/{pia.id}/samples", batch("a", 60, 61)),
        (f"pollux/{pia.id}/Monitor/spo2", reading(97, second=0)),
        (f"pollux/{pia.id}/Scale/weight", b"72"),
    )
    assert dying.process.wait(PATIENCE) == -signal.SIGKILL
    assert (values(pia), values(pia, "spo2"), values(pia, "weight")) == ([60, 61], [97], [72])

    again = bridge().says("session=resumed").says("action=listening")
    send(broker, (f"pollux/{pia.id}/Monitor/spo2", reading(98, second=1)))
    assert holds(pia, [97, 98], "spo2")
    assert (values(pia), values(pia, "weight")) == ([60, 61], [72])
    assert "messages=4" in again.end()
    with acting_on(pia.id):
        assert SampleBatch.objects.count() == 1


def test_bridges_killed_at_any_moment_lose_nothing(pia, broker, bridge):
    chance = random.Random(3)
    running = bridge().says("action=listening")
    expected = []
    for _ in range(4):
        more = [float(40 + (len(expected) + place) % 90) for place in range(150)]
        send(
            broker,
            *(
                (f"pollux/{pia.id}/Monitor/heart_rate", reading(value, second=len(expected) + place))
                for place, value in enumerate(more)
            ),
        )
        expected += more
        time.sleep(chance.random() * 0.4)
        running.end(signal.SIGKILL)
        running = bridge()
    assert holds(pia, expected)


@contextmanager
def database_gone() -> Iterator[None]:
    """The bridge has no database meanwhile; this process keeps its own connection."""
    name = connection.settings_dict["NAME"]
    url = (
        os.environ["DATABASE_URL"].replace("//pollux_app@", "//postgres@").replace(f"/{name}?", "/postgres?")
    )
    with psycopg.connect(url, autocommit=True) as server:
        try:
            server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'bridge'"
            )
            yield
        finally:
            server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


def test_messages_wait_while_the_database_is_gone(pia, broker, bridge):
    running = bridge().says("action=listening")
    with database_gone():
        send(
            broker,
            *((f"pollux/{pia.id}/Monitor/heart_rate", reading(60, second=second)) for second in range(2_500)),
            (f"pollux/{pia.id}/Scale/weight", b"72"),
        )
        running.says("action=database_failed", times=2)
    assert holds(pia, [60.0] * 2_500)
    assert running.process.poll() is None
    assert "disconnected" not in running.said()


def test_bridge_returns_to_a_broker_that_was_gone(pia, broker, bridge):
    running = bridge().says("action=listening")
    send(broker, (f"pollux/{pia.id}/Monitor/heart_rate", reading(60, second=0)))
    broker.stop()
    running.says("action=disconnected")
    broker.start()
    send(broker, (f"pollux/{pia.id}/Monitor/heart_rate", reading(61, second=1)))
    running.says("session=resumed")
    assert holds(pia, [60, 61])


def test_bridge_starts_before_its_broker(pia, broker, bridge):
    broker.stop()
    running = bridge().says("action=connect_failed")
    broker.start()
    running.says("action=listening")


def test_bridge_needs_no_redis(pia, broker, bridge):
    bridge(REDIS_URL="redis://127.0.0.1:1/0").says("action=listening")
    send(broker, (f"pollux/{pia.id}/samples", batch("a", 60, 61)))
    assert holds(pia, [60, 61])


def test_message_that_breaks_the_store_takes_no_other_along(pia, broker, bridge):
    running = bridge().says("action=listening")
    owner = os.environ["DATABASE_URL"].replace("//pollux_app@", "//pollux_owner@")
    with psycopg.connect(owner, autocommit=True) as server:
        server.execute("ALTER TABLE twin_samplebatch ADD CONSTRAINT breaks CHECK (batch_id <> 'b')")
        try:
            send(
                broker,
                *((f"pollux/{pia.id}/samples", batch(name, 60, minute=ord(name))) for name in "abc"),
            )
            assert holds(pia, [60, 60])
        finally:
            server.execute("ALTER TABLE twin_samplebatch DROP CONSTRAINT breaks")
    said = running.says("action=message_failed").end()
    assert f"patient={pia.id} error=IntegrityError" in said
    assert "failed=1 messages=3" in said


def test_memory_stays_flat_while_the_database_is_gone(pia, broker, bridge):
    def resident() -> int:
        status = Path(f"/proc/{running.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) * 1024

    running = bridge().says("action=listening")
    large = batch("a", *[60.0] * 10_000)
    assert 600 * len(json.dumps(large)) > 1.5 * MOST_WAITING_BYTES
    before = resident()
    with database_gone():
        for qos in (0, 1):
            send(broker, *((f"pollux/{pia.id}/samples", large) for _ in range(600)), qos=qos)
        running.says("action=database_failed", times=2)
        assert resident() - before < 1.25 * MOST_WAITING_BYTES
    assert holds(pia, [60.0] * 10_000)


def test_broker_over_tls_is_known_by_its_certificate(pia, broker, bridge):
    url = f"mqtts://bridge:{PASSWORD.replace(' ', '%20')}@localhost:{broker.tls_port}"
    bridge(MQTT_URL=url).says("action=connect_failed error=SSLCertVerificationError")
    bridge(MQTT_URL=url, MQTT_CA_FILE=str(broker.certificate)).says("action=listening")
    send(broker, (f"pollux/{pia.id}/samples", batch("a", 60)))
    assert holds(pia, [60])


def test_broker_that_refuses_the_bridge_is_asked_again_later(pia, broker, bridge):
    running = bridge(MQTT_URL=f"mqtt://bridge:wrong@127.0.0.1:{broker.port}")
    said = running.says("action=connect_refused", times=2).end()
    assert "wrong" not in said


def test_bridge_without_a_broker_is_refused(transactional_db, broker, bridge):
    refused = bridge(MQTT_URL="")
    assert refused.process.wait(PATIENCE) == 1
    assert "MQTT_URL is not set." in refused.said()


def test_messages_of_one_gathering_count_as_if_they_came_one_by_one(transactional_db):
    patient = make.make_patient()

    def receive(*bodies: dict[str, Any]) -> list[list[tuple[str, str]]]:
        messages = [Message(Address(patient.id), json.dumps(body).encode(), None) for body in bodies]
        left_out = receive_messages(patient.id, messages, now=timezone.now())
        return [[(one.place, one.code) for one in of_one] for of_one in left_out]

    sent_at = {"sent_at": timezone.now().isoformat()}
    assert receive(batch("a", 60, 61), batch("b", 62) | sent_at, batch("a", 60, 61), batch("a", 63)) == [
        *([], [], []),
        [("batch_id", "malformed")],
    ]
    assert values(patient) == [62, 61]
    assert receive(batch("a", 60, 61), batch("c", 4321, minute=5), batch("d", 64, minute=1)) == [
        [],
        [("series.0.0", "out_of_range")],
        [],
    ]
    assert values(patient) == [62, 64]
    with acting_on(patient.id):
        told = dict(SampleBatch.objects.values_list("batch_id", "answer"))
    assert [told[name]["series"][0]["stored"] for name in "abcd"] == [2, 0, 0, 0]
    assert [told[name]["series"][0]["replaced"] for name in "abcd"] == [0, 1, 0, 1]
    assert {answer["repeated"] for answer in told.values()} == {False}
