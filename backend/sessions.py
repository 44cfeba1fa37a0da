"""Where logins are kept: in the database, read from the cache while there is one."""

from typing import Any

from django.contrib.sessions.backends import cached_db, db
from redis.exceptions import RedisError


class SessionStore(cached_db.SessionStore):
    """Django's cached database sessions, read from the database alone while Redis is away.

    Ending a session still fails without Redis: its copy there would otherwise come back with it.
    """

    def load(self) -> dict[str, Any]:
        try:
            return super().load()
        except RedisError:
            return db.SessionStore.load(self)
