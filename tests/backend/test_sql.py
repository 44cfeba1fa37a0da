"""SQL beside the ORM: what a cursor and a pipeline promise."""

import pytest
from django.db import DataError, ProgrammingError, transaction

from backend import sql

BUSY = "SELECT current_setting('test.busy', true)"


@pytest.mark.parametrize("opened", [sql.cursor, sql.pipeline])
def test_sql_outside_a_transaction_raises(transactional_db, opened):
    with pytest.raises(transaction.TransactionManagementError), opened():
        pass


def test_cursor_gives_bytes_as_they_are(db):
    with sql.cursor() as cursor:
        assert cursor.execute("SELECT %b", [b"\x00\xff"]).fetchone() == (b"\x00\xff",)


def test_cursor_raises_djangos_errors(db):
    with pytest.raises(DataError), transaction.atomic(), sql.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")


def test_pipeline_gives_its_rows_also_afterwards(db):
    with sql.pipeline() as cursor:
        cursor.execute("SELECT generate_series(1, 3)")
    assert [number for (number,) in cursor] == [1, 2, 3]


def test_statements_of_nested_pipelines_run_in_their_order_and_are_not_waited_for(db):
    with sql.pipeline() as outer:
        outer.execute("SELECT set_config('test.busy', 'outer', true)")
        with sql.pipeline() as inner:
            inner.execute(BUSY)
        outer.execute("SELECT set_config('test.busy', 'later', true)")
        # Nothing has come back so far: psycopg knows no rows of what is still on its way.
        assert (inner.description, outer.description) == (None, None)
    assert inner.fetchone() == ("outer",)


def test_error_in_a_nested_pipeline_is_raised_at_the_end_and_undoes_the_transaction(db):
    def climb_the_wall() -> None:
        with transaction.atomic(), sql.pipeline() as outer:
            with sql.pipeline() as inner:
                inner.execute("INSERT INTO backend_changestream (stream) VALUES (gen_random_uuid())")
            outer.execute("SELECT set_config('test.busy', 'never', true)")

    with pytest.raises(ProgrammingError):
        climb_the_wall()
    with sql.cursor() as cursor:
        assert cursor.execute(BUSY).fetchone()[0] in (None, "")
