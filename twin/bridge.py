"""From an MQTT broker's topics to the store. What the broker is told to forget is in the store."""

import json
import logging
import secrets
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from backend.env import Broker
from twin.intake.devices import BATCHES, LARGEST, ROOT, Message, address
from twin.services.devices import LeftOut, receive_messages

log = logging.getLogger(__name__)

GATHERED = 1_000
"""Messages that are stored together."""
GATHERED_BYTES = 4 * 1024 * 1024
GATHERED_FOR = 0.2  # seconds
MOST_WAITING = 2 * GATHERED
"""Messages that are here and not in the store yet; the broker keeps the others."""
MOST_WAITING_BYTES = 64 * 1024 * 1024
SESSION_KEPT = timedelta(days=30)
"""How long the broker keeps what comes while no bridge is there."""
LARGEST_PACKET = 16 * 1024 * 1024
MOST_LEFT_OUT = 100
"""Parts of one message of which its sender is told."""
LONGEST_PAUSE = 30.0  # seconds between tries
COUNTED_EVERY = 60.0  # seconds between lines of the log

# Not shared by several bridges: mosquitto forgets shared subscriptions when it restarts, and what comes then.
FILTERS = (f"{ROOT}/+/{BATCHES}", f"{ROOT}/+/+/+")
CLIENT_ID = "pollux-bridge"
ECHO = f"{ROOT}/bridge"
FAILED = LeftOut("", "failed")


@dataclass(slots=True)
class Arrival:
    """A message that is here; `mid` is by what the broker wants it acknowledged, None where it does not."""

    message: Message | None
    mid: int | None
    is_settled: bool = False


@dataclass(slots=True)
class Pause:
    """When to try again: after twice as long with each failure."""

    until: float = 0.0
    length: float = 0.0

    def fail(self) -> None:
        self.length = min(max(1.0, 2 * self.length), LONGEST_PAUSE)
        self.until = time.monotonic() + self.length

    def end(self) -> None:
        self.length = self.until = 0.0


class Bridge:
    """The one session at the broker, which goes on where the last bridge's ended."""

    def __init__(self, broker: Broker, *, ca_file: Path | None) -> None:
        self._waiting: deque[Arrival] = deque()
        self._waiting_bytes = 0
        self._first_at = 0.0
        self._counts: Counter[str] = Counter()
        self._counted_at = time.monotonic()
        self._broker, self._database = Pause(), Pause()
        # What the bridge says to itself comes behind all that waited for it at the broker.
        self._now_live, self._is_live = b"", False
        self._client = Client(
            CallbackAPIVersion.VERSION2, CLIENT_ID, protocol=MQTTProtocolVersion.MQTTv5, manual_ack=True
        )
        if broker.tls:
            self._client.tls_set(ca_certs=None if ca_file is None else str(ca_file))
        if broker.user:
            self._client.username_pw_set(broker.user, broker.password)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._client.on_disconnect = self._on_disconnect
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # it has none
        properties.SessionExpiryInterval = int(SESSION_KEPT.total_seconds())
        properties.ReceiveMaximum = MOST_WAITING
        properties.MaximumPacketSize = LARGEST_PACKET
        self._client.connect_async(broker.host, broker.port, clean_start=False, properties=properties)

    def run(self, is_wanted: Callable[[], bool]) -> None:
        """Stores what comes, through any failure of broker or database, for as long as it is wanted."""
        while is_wanted():
            if self._client.socket() is None:
                self._connect()
            if self._client.socket() is None:
                time.sleep(GATHERED_FOR)
                continue
            if self._waiting_bytes < MOST_WAITING_BYTES:
                self._client.loop(self._seconds_left())
            else:
                # What is not read waits at the broker.
                time.sleep(GATHERED_FOR)
            if self._is_due():
                self._store()
            self._tell_counts()
        self._store()
        self._client.disconnect()
        self._tell_counts(at_once=True)

    def _connect(self) -> None:
        # It comes again, but what says no time of its own was measured as it came now.
        self._store()
        self._waiting.clear()
        self._waiting_bytes = 0
        if time.monotonic() < self._broker.until:
            return
        self._broker.fail()
        try:
            self._client.reconnect()
        except OSError as error:
            log.warning("action=connect_failed error=%s", type(error).__name__)

    def _on_connect(
        self, client: Client, _: Any, flags: ConnectFlags, reason: ReasonCode, __: Properties | None
    ) -> None:
        if reason.is_failure:
            log.warning("action=connect_refused reason=%s", reason)
            return
        self._broker.end()
        log.info("action=connected session=%s", "resumed" if flags.session_present else "new")
        options = SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_DO_NOT_SEND)
        client.subscribe([(topic, options) for topic in (*FILTERS, ECHO)])

    def _on_subscribe(
        self, client: Client, _: Any, __: int, reasons: list[ReasonCode], ___: Properties | None
    ) -> None:
        for reason in reasons:
            if reason.is_failure:
                log.error("action=subscribe_refused reason=%s", reason)
        self._now_live = secrets.token_bytes(16)
        client.publish(ECHO, self._now_live, qos=1)

    def _on_disconnect(
        self, _: Client, __: Any, ___: DisconnectFlags, reason: ReasonCode, ____: Properties | None
    ) -> None:
        log.warning("action=disconnected reason=%s", reason)
        self._is_live = False
        # In the next connection these numbers are other messages'.
        for arrival in self._waiting:
            arrival.mid = None

    def _on_message(self, _: Client, __: Any, received: MQTTMessage) -> None:
        mid = received.mid if received.qos else None
        if mid is None and len(self._waiting) >= MOST_WAITING:
            # The broker waits with all others, and would have with this one had its sender wished so.
            self._counts["dropped"] += 1
            return
        if not self._waiting:
            self._first_at = time.monotonic()
        to = address(received.topic)
        if to is None:
            if received.topic == ECHO and received.payload == self._now_live:
                self._is_live = True
                log.info("action=listening")
            elif received.topic != ECHO:
                self._counts["misaddressed"] += 1
            self._waiting.append(Arrival(None, mid, is_settled=True))
            return
        is_news = self._is_live and not received.dup and not received.retain
        arrived = time.time_ns() // 1_000_000 if is_news else None
        # A byte too many is enough to be refused.
        payload = bytes(received.payload[: LARGEST + 1])
        self._waiting.append(Arrival(Message(to, payload, arrived), mid))
        self._waiting_bytes += len(payload)

    def _seconds_left(self) -> float:
        if not self._waiting or self._database.length:
            return GATHERED_FOR
        return max(0.0, self._first_at + GATHERED_FOR - time.monotonic())

    def _is_due(self) -> bool:
        now = time.monotonic()
        if not self._waiting or now < self._database.until:
            return False
        return len(self._waiting) >= GATHERED or now >= self._first_at + GATHERED_FOR

    def _store(self) -> None:
        together: defaultdict[UUID, list[tuple[Arrival, Message]]] = defaultdict(list)
        size = 0
        for arrival in islice(self._waiting, GATHERED):
            if arrival.message is not None and not arrival.is_settled and size < GATHERED_BYTES:
                together[arrival.message.address.patient].append((arrival, arrival.message))
                size += len(arrival.message.payload)
        for patient, those in together.items():
            try:
                answers = _receive(patient, [message for _, message in those])
            except (OperationalError, InterfaceError) as error:
                log.warning("action=database_failed error=%s", type(error).__name__)
                connection.close()
                self._database.fail()
                break
            self._database.end()
            for (arrival, message), left_out in zip(those, answers, strict=True):
                arrival.is_settled = True
                self._answer(message, left_out)
        self._acknowledge()

    def _answer(self, message: Message, left_out: Sequence[LeftOut]) -> None:
        self._counts["messages"] += 1
        self._counts.update(one.code for one in left_out)
        if left_out:
            told = {
                "topic": message.address.below,
                "left_out": [asdict(one) for one in left_out[:MOST_LEFT_OUT]],
            }
            self._client.publish(f"{ROOT}/{message.address.patient}/refused", json.dumps(told))

    def _acknowledge(self) -> None:
        # In the order in which they came, as MQTT wants it.
        while self._waiting and self._waiting[0].is_settled:
            done = self._waiting.popleft()
            self._waiting_bytes -= len(done.message.payload) if done.message else 0
            if done.mid is not None:
                self._client.ack(done.mid, qos=1)

    def _tell_counts(self, *, at_once: bool = False) -> None:
        now = time.monotonic()
        if self._counts and (at_once or now >= self._counted_at + COUNTED_EVERY):
            log.info("action=bridged %s", " ".join(f"{what}={n}" for what, n in sorted(self._counts.items())))
            self._counts.clear()
            self._counted_at = now


def _receive(patient: UUID, messages: Sequence[Message]) -> list[list[LeftOut]]:
    """What receive_messages() answers; a message that breaks it takes no other one along."""
    try:
        return receive_messages(patient, messages, now=timezone.now())
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:  # noqa: BLE001 - it would come again and again, and nothing behind it
        if len(messages) > 1:
            return [_receive(patient, [message])[0] for message in messages]
        # Its text may hold what the message held.
        log.error("action=message_failed patient=%s error=%s", patient, type(error).__name__)  # noqa: TRY400
        return [[FAILED]]
