"""The web process as a server loads it."""

import gc


def test_what_is_loaded_at_the_start_is_not_looked_through_for_garbage(transactional_db):
    import backend.asgi  # noqa: F401 - it sets up Django, and asks the database for the role

    assert gc.get_freeze_count() > 50_000
