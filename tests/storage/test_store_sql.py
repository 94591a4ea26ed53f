"""What only the SQL store has: engines of the application, Flask-SQLAlchemy, missing tables, Alembic, forks."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.dialects import mysql, postgresql, sqlite

from flask_oauth.errors import ConfigurationError, StoreError
from flask_oauth.storage import RecordKey, SQLAlchemyTokenStore, TokenStore
from flask_oauth.storage.sql_connections import Connections
from flask_oauth.storage.sql_schema import database_now, metadata, tokens


def exercise(store: TokenStore, key: RecordKey) -> None:
    """Every operation once, each seen by the next."""
    store.save(key, b"one")
    lease = store.acquire(key, seconds=30)
    assert lease is not None
    assert store.acquire(key, seconds=30) is None
    saved = store.save(key, b"two", lease=lease)
    assert store.load(key) == saved
    assert list(store.keys(owner=key.owner)) == [key]
    assert store.add_mark(key.owner, "v", seconds=30)
    assert not store.add_mark(key.owner, "w", seconds=30)
    assert store.get_mark(key.owner) == "v"
    first = store.acquire(RecordKey("other", "i", key.owner), seconds=30)
    assert first is not None
    store.release(first)
    assert store.delete(key)
    assert store.load(key) is None


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
def test_an_engine_of_the_application(request: pytest.FixtureRequest, kind: str, key: RecordKey) -> None:
    url = request.getfixturevalue(f"{kind}_url")
    engine = sa.create_engine(url)
    exercise(SQLAlchemyTokenStore(engine), key)
    with engine.connect() as connection:  # its own settings are as they were
        connection.execute(sa.text("SELECT 1"))
        assert connection.in_transaction()
    engine.dispose()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
def test_the_quick_way_is_taken(
    request: pytest.FixtureRequest, kind: str, key: RecordKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A statement that the driver does not take would be done again the slow way, and nobody would notice."""
    store = SQLAlchemyTokenStore(request.getfixturevalue(f"{kind}_url"))
    store.save(key, b"x")
    run: list[object] = []
    monkeypatch.setattr(store._own, "run", lambda work: run.append(work))
    assert store.load(key) is not None
    assert store.get_mark(key.owner) is None
    lease = store.acquire(key, seconds=9)
    assert lease is not None
    assert store.acquire(key, seconds=9) is None
    assert store.extend(lease, seconds=9)
    saved = store.save(key, b"y", lease=lease)
    assert store.save(key, b"z", version=saved.version)
    store.release(lease)
    assert store.save(key, b"x")
    assert run == []
    store.close()


def test_an_engine_with_open_transactions_elsewhere(postgresql_url: str, key: RecordKey) -> None:
    engine = sa.create_engine(postgresql_url)
    with engine.begin() as connection:
        connection.execute(sa.text("SELECT 1"))
        store = SQLAlchemyTokenStore(engine)
        store.save(key, b"x")
    assert store.load(key) is not None
    engine.dispose()


def app_with_database(uri: str) -> tuple[Flask, SQLAlchemy]:
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = uri
    return app, SQLAlchemy(app)


def test_flask_sqlalchemy(tmp_path: Path, key: RecordKey) -> None:
    app, db = app_with_database(f"sqlite:///{tmp_path / 'app.db'}")
    store = SQLAlchemyTokenStore(db)
    assert repr(store) == "<SQLAlchemyTokenStore Flask-SQLAlchemy>"
    with app.app_context():
        db.create_all()
        exercise(store, key)
        store.create_schema()
        db.engine.dispose()
    store.close()
    with pytest.raises(ConfigurationError) as caught:
        store.load(key)
    assert caught.value.code == "config_no_app"


def test_one_store_for_the_databases_of_two_apps(tmp_path: Path, key: RecordKey) -> None:
    db = SQLAlchemy()
    store = SQLAlchemyTokenStore(db)
    apps = []
    for name in ("one", "two"):
        app = Flask(__name__)
        app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{tmp_path / name}"
        db.init_app(app)
        apps.append(app)
        with app.app_context():
            db.create_all()
            store.save(key, name.encode())
    for app, sealed in zip(apps, (b"one", b"two"), strict=True):
        with app.app_context():
            record = store.load(key)
            assert record is not None
            assert record.sealed == sealed
            db.engine.dispose()


@pytest.mark.parametrize("source", [None, 5, object(), sa.MetaData()])
def test_anything_else_is_refused(source: object) -> None:
    with pytest.raises(ConfigurationError) as caught:
        SQLAlchemyTokenStore(source)
    assert caught.value.code == "config_store_url"


CALLS: dict[str, Callable[[TokenStore, RecordKey], object]] = {
    "load": lambda store, key: store.load(key),
    "save": lambda store, key: store.save(key, b"x"),
    "delete": lambda store, key: store.delete(key),
    "acquire": lambda store, key: store.acquire(key, seconds=1),
    "keys": lambda store, key: store.keys(),
    "prune": lambda store, key: store.prune(),
    "add_mark": lambda store, key: store.add_mark("m", seconds=1),
    "get_mark": lambda store, key: store.get_mark("m"),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
def test_missing_tables_are_named(request: pytest.FixtureRequest, kind: str, call: str, tmp_path: Path) -> None:
    if kind == "sqlite":
        url = f"sqlite:///{tmp_path / 'empty.db'}"
    else:
        url = request.getfixturevalue(f"empty_{kind}_url")
    store = SQLAlchemyTokenStore(url)
    with pytest.raises(StoreError) as caught:
        CALLS[call](store, RecordKey("a", "i", "o"))
    assert caught.value.code == "store_schema"
    assert "flask oauth init-db" in caught.value.hint
    store.close()


@pytest.fixture(scope="session")
def empty_postgresql_url(postgresql_url: str) -> str:
    return _another_database(postgresql_url)


@pytest.fixture(scope="session")
def empty_mariadb_url(mariadb_url: str) -> str:
    return _another_database(mariadb_url)


def _another_database(url: str) -> str:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text("CREATE DATABASE oauth_empty"))
    return engine.url.set(database="oauth_empty").render_as_string(hide_password=False)


@pytest.mark.parametrize("call", CALLS)
def test_a_database_that_cannot_be_reached(call: str, tmp_path: Path) -> None:
    store = SQLAlchemyTokenStore(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.db'}")
    with pytest.raises(StoreError) as caught:
        CALLS[call](store, RecordKey("a", "i", "o"))
    assert caught.value.code == "store_failed"
    with pytest.raises(StoreError):
        store.create_schema()


def test_create_schema_by_many_at_once(tmp_path: Path) -> None:
    stores = [SQLAlchemyTokenStore(f"sqlite:///{tmp_path / 'new.db'}") for _ in range(8)]
    barrier = threading.Barrier(8)

    def create(store: SQLAlchemyTokenStore) -> None:
        barrier.wait()
        store.create_schema()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(create, stores))
    exercise(stores[0], RecordKey("a", "i", "o"))
    for store in stores:
        store.close()


def test_sqlite_settings(sqlite_url: str) -> None:
    store = SQLAlchemyTokenStore(sqlite_url)
    with store._own.connection() as connection:
        settings = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "busy_timeout")]
    assert settings == ["wal", 15000]
    store.close()


def test_more_threads_than_connections(sqlite_url: str, key: RecordKey) -> None:
    store = SQLAlchemyTokenStore(sqlite_url, max_connections=3)
    store.save(key, b"x")
    with ThreadPoolExecutor(12) as pool:
        records = list(pool.map(lambda _: store.load(key), range(200)))
    assert {record.sealed for record in records if record} == {b"x"}
    assert len(records) == 200
    assert 1 <= len(kept(store._own)) <= 3
    store.close()
    assert kept(store._own) == []
    assert store.load(key) is not None
    store.close()


def test_connections_that_stay_busy(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flask_oauth.storage.sql_connections._QUEUE_SECONDS", 0.05)
    store = SQLAlchemyTokenStore(sqlite_url, max_connections=1)
    with store._own.connection(), pytest.raises(StoreError) as caught:
        store.save(RecordKey("a", "i", "o"), b"x")
    assert caught.value.code == "store_failed"
    store.close()


def test_a_waiting_thread_gets_the_place_of_a_connection_that_broke(sqlite_url: str, key: RecordKey) -> None:
    store = SQLAlchemyTokenStore(sqlite_url, max_connections=1)
    broken = store._own.take()
    thread = threading.Thread(target=lambda: store.save(key, b"x"))
    thread.start()
    time.sleep(0.05)
    store._own.give_up(broken)
    thread.join()
    assert store.load(key) is not None
    store.close()


def test_a_torn_down_thread_leaves_no_half_used_connection(sqlite_url: str, key: RecordKey) -> None:
    store = SQLAlchemyTokenStore(sqlite_url)

    def torn(connection: sa.Connection) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store._own.run(torn)
    assert kept(store._own) == []
    exercise(store, key)
    store.close()


def test_the_database_has_its_own_clock(request: pytest.FixtureRequest) -> None:
    for kind in ("sqlite", "postgresql", "mariadb"):
        engine = sa.create_engine(request.getfixturevalue(f"{kind}_url"), poolclass=sa.NullPool)
        with engine.connect() as connection:
            if kind == "mariadb":
                connection.exec_driver_sql("SET time_zone = '+05:00'")
            if kind == "postgresql":
                connection.exec_driver_sql("SET TIME ZONE 'Asia/Kolkata'")
            now = connection.execute(sa.select(database_now())).scalar()
        assert isinstance(now, float)
        assert abs(now - time.time()) < 2, kind


@pytest.mark.parametrize("dialect", [sqlite.dialect(), postgresql.dialect(), mysql.dialect()])
def test_the_primary_key_is_a_short_hash(dialect: sa.Dialect) -> None:
    made = str(sa.schema.CreateTable(tokens).compile(dialect=dialect))
    assert "PRIMARY KEY (id)" in made
    assert len(RecordKey("a" * 255, "i" * 1024, "o" * 512, "l" * 255).id) == 24


def test_the_tables_join_a_metadata_once() -> None:
    _, db = app_with_database("sqlite://")
    SQLAlchemyTokenStore(db)
    SQLAlchemyTokenStore(db)
    assert set(metadata.tables) <= set(db.metadata.tables)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # Python 3.12: threads of pytest-xdist
def test_a_fork_leaves_the_connections_to_the_parent(sqlite_url: str, postgresql_url: str, mariadb_url: str) -> None:
    """As with gunicorn --preload: the store was used before the fork, then both sides use it."""
    key = RecordKey("fork", "i", "o")
    for url in (postgresql_url, mariadb_url, sqlite_url):
        engine = sa.create_engine(url)
        for store in (SQLAlchemyTokenStore(url), SQLAlchemyTokenStore(engine)):
            saved = store.save(key, b"x" * 1000)
            children = [_fork(lambda: [store.load(key) for _ in range(50)] == [saved] * 50) for _ in range(3)]  # noqa: B023
            assert [store.load(key) for _ in range(200)] == [saved] * 200
            assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
            assert store.load(key) == saved
            store.close()
        engine.dispose()


def _fork(work: Callable[[], bool]) -> int:
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if work() else 1)
        except BaseException:
            os._exit(2)
    return child


def test_the_store_that_was_closed_can_be_used_again(postgresql_url: str, key: RecordKey) -> None:
    store = SQLAlchemyTokenStore(postgresql_url)
    exercise(store, key)
    store.close()
    exercise(store, RecordKey("again", "i", f"{key.owner} again"))
    store.close()


def test_connections_are_kept_for_own_engines_only(sqlite_url: str) -> None:
    engine = sa.create_engine(sqlite_url)
    connections = Connections(engine)
    with connections.connection():
        pass
    assert kept(connections) == []
    connections.close()


def kept(connections: Connections) -> list[object]:
    """The connections at hand; takes them."""
    found = [connections._idle.get_nowait() for _ in range(connections._idle.qsize())]
    for one in found:
        if one is not None:
            one.discard()
        connections._idle.put(None)
    return [one for one in found if one is not None]
