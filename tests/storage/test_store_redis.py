"""What only the Redis store has: clients of the application, slots, scripts that the server has forgotten, forks."""

from __future__ import annotations

import os
import time

import pytest
import redis
from redis.crc import key_slot

from flask_oauth.errors import ConfigurationError, StoreError
from flask_oauth.storage import RecordKey, RedisTokenStore, store_from_url


@pytest.fixture
def client(redis_url: str) -> redis.Redis:
    client = redis.Redis.from_url(redis_url)
    yield client
    client.close()


def test_a_client_of_the_application(client: redis.Redis, key: RecordKey) -> None:
    store = RedisTokenStore(client, prefix="my-app:")
    saved = store.save(key, b"x")
    assert store.load(key) == saved
    assert all(name.startswith(b"my-app:") for name in client.scan_iter(match="my-app*"))
    # the same server with another prefix is another store
    other = RedisTokenStore(client, prefix="other:")
    assert other.load(key) is None
    assert key not in list(other.keys())
    store.delete(key)
    assert list(client.scan_iter(match="my-app*")) == []


def test_a_client_that_decodes_is_refused(redis_url: str) -> None:
    for wrong in (redis.Redis.from_url(redis_url, decode_responses=True), redis_url, None, object()):
        with pytest.raises(ConfigurationError) as caught:
            RedisTokenStore(wrong)
        assert caught.value.code == "config_store_url"


@pytest.mark.parametrize("prefix", ["a{b}", "a*", "a b", "é"])
def test_a_prefix_that_would_move_keys_is_refused(client: redis.Redis, prefix: str) -> None:
    with pytest.raises(ConfigurationError):
        RedisTokenStore(client, prefix=prefix)


def test_the_keys_of_one_owner_share_a_slot(client: redis.Redis) -> None:
    store = RedisTokenStore(client)
    names = [name for label in ("a", "b") for name in store._names(RecordKey("app", "i", "owner", label))]
    assert len({key_slot(name.encode()) for name in names}) == 1
    owners = {key_slot(store._names(RecordKey("app", "i", str(owner)))[0].encode()) for owner in range(100)}
    assert len(owners) > 90


def test_a_server_that_forgot_the_scripts(client: redis.Redis, key: RecordKey) -> None:
    store = RedisTokenStore(client)
    store.save(key, b"x")
    client.script_flush()
    lease = store.acquire(key, seconds=9)
    assert lease is not None
    client.script_flush()
    store.save(key, b"y", lease=lease)
    client.script_flush()
    assert store.delete(key)


def test_a_lease_leaves_nothing_behind(client: redis.Redis, key: RecordKey) -> None:
    store = RedisTokenStore(client)
    assert store.acquire(key, seconds=0.1) is not None
    names = store._names(key)
    assert client.exists(*names) == 1
    assert 0 < client.pttl(names[1]) <= 100
    time.sleep(0.15)
    assert client.exists(*names) == 0


def test_what_stays_in_redis(client: redis.Redis, key: RecordKey) -> None:
    store = RedisTokenStore(client)
    store.save(key, b"x")
    record, lease, index = store._names(key)
    assert client.ttl(record) == -1
    assert client.exists(lease) == 0
    assert client.scard(index) == 1
    store.delete(key)
    assert client.exists(record, lease, index) == 0


def test_no_server() -> None:
    store = store_from_url("redis://127.0.0.1:1/0?socket_connect_timeout=0.2")
    started = time.monotonic()
    for call in (
        lambda: store.load(RecordKey("a", "i", "o")),
        lambda: store.save(RecordKey("a", "i", "o"), b"x"),
        lambda: store.acquire(RecordKey("a", "i", "o"), seconds=1),
        lambda: store.keys(),
        lambda: store.prune(),
        lambda: store.get_mark("m"),
        lambda: store.put_mark("m", seconds=1),
        lambda: store.add_mark("m", seconds=1),
    ):
        with pytest.raises(StoreError) as caught:
            call()
        assert caught.value.code == "store_failed"
    assert time.monotonic() - started < 5


def test_no_cluster() -> None:
    store = store_from_url("redis+cluster://127.0.0.1:1?socket_connect_timeout=0.2")
    with pytest.raises(StoreError) as caught:
        store.load(RecordKey("a", "i", "o"))
    assert caught.value.code == "store_failed"


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # Python 3.12: threads of pytest-xdist
def test_a_fork_leaves_the_connections_to_the_parent(redis_url: str, cluster_url: str) -> None:
    key = RecordKey("fork", "i", "o")
    for url in (redis_url, cluster_url):
        store = store_from_url(url)
        saved = store.save(key, b"x" * 1000)
        children = []
        for _ in range(3):
            child = os.fork()
            if child == 0:
                try:
                    os._exit(0 if [store.load(key) for _ in range(50)] == [saved] * 50 else 1)
                except BaseException:
                    os._exit(2)
            children.append(child)
        assert [store.load(key) for _ in range(200)] == [saved] * 200
        assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
        store.close()  # type: ignore[attr-defined]
