"""Who waits for whom in the test's own database; others share its server."""

from django.db import connection

WAITING = """
    SELECT count(*) FROM pg_locks AS lock JOIN pg_stat_activity AS process USING (pid)
    WHERE process.datname = current_database() AND NOT lock.granted
"""


def is_waited_for() -> bool:
    """Whether somebody waits for a patient's lock, or for a row's."""
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        return bool(cursor.fetchone()[0])
