"""SQL beside the ORM: prepared statements, bytes as they are, and many statements in one trip."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection
from django.db.transaction import TransactionManagementError
from psycopg.pq import PipelineStatus


@contextmanager
def cursor() -> Iterator[psycopg.Cursor[Any]]:
    """A cursor of the open transaction; raises TransactionManagementError where none is open.

    Django's own spells bytes in hexadecimal, and has PostgreSQL plan each statement anew.
    """
    if not connection.in_atomic_block:
        raise TransactionManagementError("SQL is sent inside a transaction only")
    with connection.wrap_database_errors:
        yield psycopg.Cursor(connection.connection)


@contextmanager
def pipeline() -> Iterator[psycopg.Cursor[Any]]:
    """The same, but what is sent is waited for only where rows are read, or at the end: a trip for many.

    A pipeline inside another is part of it. An error is raised where its statement is waited for. Rows may be
    read afterwards. The ORM must not write in it: it asks how many rows there were before that is known.
    """
    with cursor() as one:
        if one.connection.pgconn.pipeline_status != PipelineStatus.OFF:
            yield one
        else:
            with one.connection.pipeline():
                yield one
