"""Arrays come back from PostgreSQL as they were sent, to the bit."""

import numpy as np
import pytest

from backend import arrays
from backend.actor import acting_for_all

TINY, HUGE = 5e-324, 1.7976931348623157e308


def echo(values: np.ndarray) -> np.ndarray:
    with acting_for_all(), arrays.cursor() as cursor:
        cursor.execute("SELECT %b::float8[]", [values], binary=True)
        return cursor.fetchone()[0]


@pytest.mark.parametrize("values", [[], [0.0], [-0.0, TINY, HUGE, np.inf, np.nan], list(range(1_000))])
def test_array_of_doubles_comes_back_to_the_bit(db, values):
    sent = np.array(values, np.float64)
    assert echo(sent).tobytes() == sent.tobytes()


@pytest.mark.usefixtures("db")
def test_array_with_rows_is_sent_row_after_row():
    sent = np.arange(6.0).reshape(2, 3)
    with acting_for_all(), arrays.cursor() as cursor:
        cursor.execute("SELECT (%b::float8[])[4:6]", [sent], binary=True)
        assert cursor.fetchone()[0].tolist() == [3.0, 4.0, 5.0]
        cursor.execute("SELECT (%b::float8[])[4:6]", [sent.T], binary=True)
        assert cursor.fetchone()[0].tolist() == [4.0, 2.0, 5.0]


def test_array_of_integers_is_read_as_one(db):
    with acting_for_all(), arrays.cursor() as cursor:
        cursor.execute("SELECT '{1,-2,2147483647}'::int4[], '{}'::int4[], NULL::int4[]", binary=True)
        some, none, null = cursor.fetchone()
    assert (some.tolist(), none.tolist(), null) == ([1, -2, 2147483647], [], None)
