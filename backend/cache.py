"""Django's Redis cache with one pool of connections a process."""

from typing import Any, ClassVar

from django.core.cache.backends import redis
from redis import Redis


class SharedClient(redis.RedisCacheClient):
    """A client that leaves its connections to the next one.

    Django makes a cache for each thread, and under ASGI a thread for each request: with its own pool each
    would connect anew.
    """

    _clients_of: ClassVar[dict[tuple[str, ...], dict[bool, Redis]]] = {}

    def __init__(self, servers: list[str], **options: Any) -> None:
        super().__init__(servers, **options)
        self._clients = self._clients_of.setdefault(tuple(servers), {})

    def get_client(self, key: Any = None, *, write: bool = False) -> Redis:
        # Two threads may both be the first; then one's client goes again with its connections.
        if write not in self._clients:
            self._clients[write] = super().get_client(key, write=write)
        return self._clients[write]


class RedisCache(redis.RedisCache):
    """The cache of such clients."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = SharedClient
