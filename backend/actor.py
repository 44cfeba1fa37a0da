"""Who is acting, told to PostgreSQL: row-level security shows nothing to nobody.

Everything that touches patient tables runs in a transaction that names its actor. The names last
until that transaction ends, so a pooled connection carries nothing over to the next one.
"""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Func, TextField

_NAMES = ("pollux.person", "pollux.patient", "pollux.scope", "pollux.among")
_BECOME = "SELECT {}, {}".format(
    ", ".join(f"current_setting('{name}', true)" for name in _NAMES),
    ", ".join(f"set_config('{name}', %s, true)" for name in _NAMES),
)
_NARROW = "SELECT set_config('pollux.among', %s, true)"
NARROWED = Func(
    "id",
    # Said as it stands: every request would put it together anew from its parts.
    template="set_config('pollux.among', '{' || %(expressions)s::text || '}', true)",
    output_field=TextField(),
)
"""As a column of a query for one patient: narrows to whom it finds, without a trip of its own."""


def become(person: UUID, patient: UUID | str | None = None) -> None:
    """Names the person for the rest of the open transaction; raises when none is open.

    With a patient's id she sees no patient but this one, as narrow() has it.
    """
    _become(str(person), "", "", _among([patient]) if isinstance(patient, UUID) else "")


def narrow(patients: Collection[UUID] | None) -> None:
    """From here on the transaction's person sees no patients but these, and of them no more than before.

    What the wall has to work out then takes as long as these take, not as all of a clinic's patients do. It
    can only hide: whoever sees none of them still sees none. Again replaces it, None ends it.
    """
    with connection.cursor() as cursor:
        cursor.execute(_NARROW, ["" if patients is None else _among(patients)])


@contextmanager
def acting_for(person: UUID) -> Iterator[None]:
    """A transaction that sees what this person may see."""
    with _acting(str(person), "", "", ""):
        yield


@contextmanager
def acting_on(patient: UUID) -> Iterator[None]:
    """A worker's transaction that sees this one patient and no other."""
    with _acting("", str(patient), "", ""):
        yield


@contextmanager
def acting_for_all() -> Iterator[None]:
    """A sweep's transaction that sees every patient: for finding work, never for answering a person."""
    with _acting("", "", "all", ""):
        yield


@contextmanager
def _acting(*names: str) -> Iterator[None]:
    is_inner = connection.in_atomic_block
    with transaction.atomic():
        before = _become(*names)
        yield
        if is_inner:
            # An outer transaction goes on as whoever it was. After an error the rollback restores it.
            _become(*before)


def _become(*names: str) -> tuple[str, ...]:
    """Sets _NAMES in their order; answers what they were."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("an actor is named inside a transaction only")
    with connection.cursor() as cursor:
        cursor.execute(_BECOME, names)
        row = cursor.fetchone()
    return tuple(name or "" for name in row[: len(_NAMES)])


def _among(patients: Iterable[UUID]) -> str:
    return "{" + ",".join(map(str, patients)) + "}"
