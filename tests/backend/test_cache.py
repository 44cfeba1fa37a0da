"""Whoever asks the cache, from whatever thread, asks over connections that are there."""

from threading import Thread

from django.core.cache import caches


def test_cache_of_each_thread_uses_the_same_connections():
    seen = []

    def connections() -> int:
        return len(caches["default"]._cache.get_client(write=True).connection_pool._available_connections)

    def ask() -> None:
        caches["default"].set("thing", 7)
        seen.append((caches["default"].get("thing"), caches["default"]._cache.get_client(write=True)))

    ask()
    before = connections()
    for _ in range(3):
        thread = Thread(target=ask)
        thread.start()
        thread.join()
    assert [value for value, _ in seen] == [7] * 4
    assert len({id(client.connection_pool) for _, client in seen}) == 1
    assert connections() == before
