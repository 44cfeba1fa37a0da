"""A worker's hold on a row of work: taken, prolonged from beside, and lost to another when it goes silent."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event, Thread
from uuid import UUID, uuid4

from django.db import DatabaseError, connection
from django.db.models import QuerySet
from django.utils import timezone

from backend.actor import acting_for_all, acting_on
from twin.models import Export, Upload

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)
"""How long a worker that has died keeps its work; a living one prolongs it."""
RETRY = timedelta(seconds=10)
"""After a failure that left the worker alive."""
ATTEMPTS = 5
"""Workers that may fail at one place before the work is given up."""


class LeaseLost(Exception):
    """Another worker has taken the row over."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A hold on one row, for as long as nobody else's token stands in it."""

    model: type[Upload] | type[Export]
    row: UUID
    patient: UUID
    token: UUID
    lease: timedelta

    def hold(self, **columns: object) -> None:
        """Writes to the row as its holder and prolongs the lease; raises LeaseLost when another has it."""
        columns.setdefault("lease_until", timezone.now() + self.lease)
        if self.model.objects.filter(id=self.row, lease_token=self.token).update(**columns) != 1:
            raise LeaseLost

    @contextmanager
    def kept_alive(self) -> Iterator[None]:
        """The lease is prolonged meanwhile, from beside: the work may be long about its next step."""
        finished = Event()
        keeper = Thread(target=self._keep_alive, args=(finished,), name=f"lease of {self.row}", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            finished.set()
            keeper.join()

    def _keep_alive(self, finished: Event) -> None:
        while not finished.wait(self.lease.total_seconds() / 4):
            try:
                with acting_on(self.patient):
                    self.hold()
            except LeaseLost:
                # The worker learns it too, at its next write.
                return
            except DatabaseError as error:
                log.warning("action=lease_not_prolonged row=%s error=%s", self.row, type(error).__name__)
            finally:
                connection.close()


def claim(
    due: QuerySet[Upload] | QuerySet[Export], row_id: UUID, *, status: str, now: datetime, lease: timedelta
) -> Claim | None:
    """Takes a due row for this worker and gives it the status; None where it is not due, or held."""
    with acting_for_all():
        row = due.filter(id=row_id).select_for_update(skip_locked=True).first()
        if row is None:
            return None
        row.status = status
        row.attempts += 1
        row.lease_until = now + lease
        row.lease_token = uuid4()
        row.save(update_fields=["status", "attempts", "lease_until", "lease_token"])
        return Claim(type(row), row.id, row.patient_id, row.lease_token, lease)


def place_of(error: BaseException) -> str:
    """The file and line that raised: what a log may say of an error whose message may quote a patient."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    return "" if frame is None else f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}"
