"""Who is acting, told to PostgreSQL: row-level security shows nothing to nobody.

Everything that touches patient tables runs in a transaction that names its actor. The names last
until that transaction ends, so a pooled connection carries nothing over to the next one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import connection, transaction

_BECOME = """
    SELECT current_setting('pollux.person', true), current_setting('pollux.patient', true),
           current_setting('pollux.scope', true),
           set_config('pollux.person', %s, true), set_config('pollux.patient', %s, true),
           set_config('pollux.scope', %s, true)
"""


def become(person: UUID) -> None:
    """Names the person for the rest of the open transaction; raises when none is open."""
    _become(str(person), "", "")


@contextmanager
def acting_for(person: UUID) -> Iterator[None]:
    """A transaction that sees what this person may see."""
    with _acting(str(person), "", ""):
        yield


@contextmanager
def acting_on(patient: UUID) -> Iterator[None]:
    """A worker's transaction that sees this one patient and no other."""
    with _acting("", str(patient), ""):
        yield


@contextmanager
def acting_for_all() -> Iterator[None]:
    """A sweep's transaction that sees every patient: for finding work, never for answering a person."""
    with _acting("", "", "all"):
        yield


@contextmanager
def _acting(person: str, patient: str, scope: str) -> Iterator[None]:
    with transaction.atomic():
        before = _become(person, patient, scope)
        yield
        # An outer transaction goes on as whoever it was. After an error the rollback restores it.
        _become(*before)


def _become(person: str, patient: str, scope: str) -> tuple[str, str, str]:
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("an actor is named inside a transaction only")
    with connection.cursor() as cursor:
        cursor.execute(_BECOME, [person, patient, scope])
        row = cursor.fetchone()
    return row[0] or "", row[1] or "", row[2] or ""
