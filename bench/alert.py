"""From the digest of an upload to the alert on a clinician's open socket, 200 patients uploading at once.

Each patient hands over one small table with one critical reading. One web process takes the files in, one
worker service of two processes reads, digests and looks at the rules, as `manage.py up` starts them; the
clinician on duty has one socket open. Beside it stands what the same socket needs for as many bare notices,
put straight into the channel layer all at once.
"""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import numpy as np
from harness import CHECKOUT, Row, arguments, at_most, product, say, verdict
from sync import people, web

from backend import children
from backend.management.commands.up import services
from backend.supervisor import Place

PATIENTS = 200
HANDS = 20
PATIENCE = 180
TABLE = "start,kind,value,unit,source\n{at},ketones,5.0,mmol/L,Meter\n"


@contextmanager
def worker(log: Path) -> Iterator[None]:
    """The worker service, gone afterwards."""
    service = next(one for one in services(Place("127.0.0.1", 0, log.parent)) if one.name == "worker")
    environment = os.environ | {"DATABASE_POOL": "0"}
    process = children.start(service.argv, log=log, env=environment, cwd=CHECKOUT)
    try:
        yield
    finally:
        children.stop(process, (signal.SIGTERM,), grace=10)


def on_duty(patients: list[UUID]) -> tuple[UUID, str]:
    """A clinician on duty in a team with which all patients share: her id and session."""
    from backend.actor import acting_for_all  # noqa: PLC0415
    from backend.models import CareGrant, CareTeam, Clinic, Clinician, Patient, User  # noqa: PLC0415
    from backend.rota import take_shift  # noqa: PLC0415
    from backend.rules import Topic  # noqa: PLC0415

    ((session, own),) = people(1)
    now = datetime.now(UTC)
    with acting_for_all():
        user = User.objects.get(patient__id=own)
        clinic = Clinic.objects.create(name="Bench")
        member = Clinician.objects.create(user=user, clinic=clinic, profession="nurse")
        team = CareTeam.objects.create(clinic=clinic, name="Bench")
        team.members.add(member)
        topics = [topic.value for topic in Topic]
        CareGrant.objects.bulk_create(
            CareGrant(patient=one, team=team, read=topics, act=topics, starts_at=now, granted_by=one.user)
            for one in Patient.objects.filter(id__in=patients).select_related("user")
        )
        take_shift(actor=member, team=team, ends_at=now + timedelta(hours=8), now=now)
    return user.id, session


class Listener(threading.Thread):
    """A clinician's open socket: when the first notice about each patient came."""

    def __init__(self, port: int, session: str) -> None:
        super().__init__(daemon=True)
        from websockets.sync.client import connect  # noqa: PLC0415

        headers = {"X-Session-Token": session}
        self.socket = connect(f"ws://127.0.0.1:{port}/live/", additional_headers=headers, compression=None)
        self.socket.recv(timeout=10)
        self.came: dict[str, float] = {}

    def run(self) -> None:
        for message in self.socket:
            said: dict[str, Any] = json.loads(message)
            if said["type"] == "notice":
                self.came.setdefault(said["patient"], time.time())

    def wait(self, count: int) -> None:
        """Until that many patients were told of; raises when they are not in time."""
        until = time.monotonic() + PATIENCE
        while len(self.came) < count:
            if time.monotonic() > until:
                raise RuntimeError(f"{len(self.came)} of {count} alerts came")
            time.sleep(0.05)


def upload(port: int, session: str) -> float:
    """Hands the table over; when that was answered."""
    table = TABLE.format(at=datetime.now(UTC).isoformat())
    answer = httpx.post(
        f"http://127.0.0.1:{port}/api/v1/uploads",
        headers={"X-Session-Token": session, "Host": "localhost"},
        data={"patient": "me"},
        files={"file": ("meter.csv", table.encode(), "text/csv")},
        timeout=60,
    )
    if answer.status_code != 202:
        raise RuntimeError(f"{answer.status_code}: {answer.text[:300]}")
    return time.time()


def bare(listener: Listener, clinician: UUID) -> list[float]:
    """Milliseconds of as many notices that nothing stands behind."""
    from backend.changes import notify  # noqa: PLC0415

    listener.came.clear()
    sent = {}
    for _ in range(PATIENTS):
        one = str(uuid4())
        sent[one] = time.time()
        notify(clinician, {"notice": "alert", "delivery": one, "patient": one})
    listener.wait(PATIENTS)
    return [1e3 * (listener.came[one] - at) for one, at in sent.items()]


def measure(port: int, log: Path) -> list[Row]:
    """Every row of the table."""
    from backend.actor import acting_for_all  # noqa: PLC0415
    from twin.models import Upload  # noqa: PLC0415

    say(f"Making {PATIENTS} patients")
    patients = people(PATIENTS)
    clinician, session = on_duty([UUID(patient) for _, patient in patients])
    listener = Listener(port, session)
    listener.start()
    with worker(log):
        say("All hand over at once")
        with ThreadPoolExecutor(HANDS) as threads:
            sent = threads.map(lambda one: upload(port, one[0]), patients)
            answered = dict(zip((patient for _, patient in patients), sent, strict=True))
        listener.wait(PATIENTS)
    came = dict(listener.came)
    with acting_for_all():
        digested = {
            str(row.patient_id): row.finished_at.timestamp()
            for row in Upload.objects.filter(finished_at__isnull=False)
        }
    after_digest = [1e3 * (came[one] - digested[one]) for one in came]
    whole = [1e3 * (came[one] - answered[one]) for one in came]
    alone = bare(listener, clinician)
    listener.socket.close()
    p50, p95 = (float(np.percentile(after_digest, share)) for share in (50, 95))
    return [
        at_most(None, "digest to socket, median; bare notice", p50, float(np.median(alone)), "ms"),
        at_most(1_000, "digest to socket, p95; bare notice", p95, float(np.percentile(alone, 95)), "ms"),
        at_most(None, "upload answered to socket, p95", float(np.percentile(whole, 95)), None, "ms"),
    ]


def main() -> int:
    """Runs the bench; the exit code says whether every bar holds."""
    options = arguments(__doc__).parse_args()
    with product(redis=True):
        folder = Path(os.environ["DATA_DIR"])
        with web(folder / "web.log") as port:
            rows = measure(port, folder / "worker.log")
    return verdict("alert", rows, as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
