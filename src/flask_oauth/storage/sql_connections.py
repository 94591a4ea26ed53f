"""Connections for the SQL store: kept open, safe after a fork, and back by themselves after the database was away."""

from __future__ import annotations

import os
import queue
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ..errors import ConfigurationError, StoreError

T = TypeVar("T")

_QUEUE_SECONDS = 30.0
# So that a server that is gone without a word is noticed; what the URL says counts more.  (ms for tcp_user_timeout)
_LIMITS: dict[str, dict[str, int]] = {
    "psycopg": {"connect_timeout": 5, "keepalives_idle": 10, "keepalives_interval": 5, "tcp_user_timeout": 10_000},
    "pymysql": {"connect_timeout": 5, "read_timeout": 10, "write_timeout": 10},
}
_SQLITE_BUSY_MILLISECONDS = 15_000
_connections: weakref.WeakSet[Connections] = weakref.WeakSet()
_left_to_parent: list[object] = []


class Connections:
    """The connections of one engine.

    An engine made here from a URL belongs to the store: its connections are in autocommit mode and idle ones are kept
    at hand, which spares the 30 µs that a pool of SQLAlchemy takes for a check-out.  An engine of the application
    is used as it is, one check-out for each operation.

    :param engine: the engine.
    :param keep: for an engine that belongs to the store alone, how many connections there may be; else 0.
    """

    def __init__(self, engine: sa.Engine, *, keep: int = 0) -> None:
        self.engine = engine
        self._keep = keep
        # In SQLite a change of the isolation level costs more than the transaction that it saves.
        plain = keep or engine.dialect.name == "sqlite"
        self._begin_on = engine if plain else engine.execution_options(isolation_level="AUTOCOMMIT")
        self._start()
        _connections.add(self)

    @property
    def keeps(self) -> bool:
        """Whether connections are kept at hand."""
        return self._keep > 0

    def _start(self) -> None:
        self._lock = threading.Lock()
        # SQLite lets one write at a time and makes the others try again at random: threads had better queue up here.
        self.writing = threading.Lock() if self.engine.dialect.name == "sqlite" else nullcontext()
        self._made = 0
        # Connections at hand, and None for each that was given up and may be made anew.
        self._idle: queue.SimpleQueue[Kept | None] = queue.SimpleQueue()

    @contextmanager
    def connection(self) -> Iterator[sa.Connection]:
        """A connection in which each statement is (as good as) a transaction of its own."""
        if not self._keep:
            with self._begin_on.begin() as connection:
                yield connection
            return
        kept = self.take()
        try:
            yield kept.connection
        except BaseException:
            self.give_up(kept)
            raise
        self.give_back(kept)

    def take(self) -> Kept:
        """A kept connection, for :meth:`give_back` or :meth:`give_up`."""
        try:
            kept = self._idle.get_nowait()
        except queue.Empty:
            kept = None if self._may_make() else self._wait()
        if kept is not None:
            return kept
        try:
            return Kept(self.engine.connect())
        except BaseException as error:
            self._idle.put(None)
            if isinstance(error, SQLAlchemyError):
                raise explain(error) from error
            raise

    def _may_make(self) -> bool:
        with self._lock:
            if self._made >= self._keep:
                return False
            self._made += 1
            return True

    def _wait(self) -> Kept | None:
        try:
            return self._idle.get(timeout=_QUEUE_SECONDS)
        except queue.Empty:
            raise StoreError(
                "All connections to the token store were busy for too long.", got=f"{self._keep} in use"
            ) from None

    def give_back(self, kept: Kept) -> None:
        """The connection was used and is as good as before."""
        self._idle.put(kept)

    def give_up(self, kept: Kept) -> None:
        """What state the connection is in cannot be known, as after a timeout of gevent: close it."""
        kept.discard()
        self._idle.put(None)

    def run(self, work: Callable[[sa.Connection], T]) -> T:
        """Do some work, once more if the connection had gone stale.  The work must bear being done twice.

        :raises StoreError: ``store_failed`` or ``store_schema``.
        """
        try:
            try:
                with self.writing, self.connection() as connection:
                    return work(connection)
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
                self.drop_idle()
                with self.writing, self.connection() as connection:
                    return work(connection)
        except SQLAlchemyError as error:
            raise explain(error) from error

    def quick(self, statement: Prepared, names: dict[str, Any], read: Callable[[Any], T]) -> T:
        """Run a prepared statement by the driver itself, which spares the 100 µs that SQLAlchemy takes.

        What differs from :meth:`run` is time alone.

        :param read: takes the result from the driver's cursor.
        :raises QuickWayFailed: something went wrong; do it again by :meth:`run`, which knows what an error means.
        """
        kept = self.take()
        try:
            kept.cursor.execute(statement.sql, statement.parameters(names))
            result = read(kept.cursor)
        except BaseException as error:
            self.give_up(kept)
            if isinstance(error, Exception):
                self.drop_idle()
                raise QuickWayFailed from error
            raise
        self.give_back(kept)
        return result

    def drop_idle(self) -> None:
        """Close what is kept at hand."""
        given_up = 0
        with suppress(queue.Empty):
            while True:
                kept = self._idle.get_nowait()
                given_up += 1
                if kept is not None:
                    kept.discard()
        for _ in range(given_up):
            self._idle.put(None)

    def close(self) -> None:
        """Close all idle connections of the engine."""
        self.drop_idle()
        self.engine.dispose()

    def _after_fork(self) -> None:
        # Kept alive, not closed: closing would speak on the parent's sockets.
        _left_to_parent.extend((self._idle, self.engine.pool))
        self._start()
        self.engine.dispose(close=False)


class QuickWayFailed(Exception):
    """The driver has raised something."""


class Prepared:
    """A statement as its driver takes it: text, and where each value goes."""

    __slots__ = ("_order", "one", "sql")

    def __init__(self, statement: Any, dialect: sa.Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect)
        self.sql = str(compiled)
        self._order: list[str] | None = compiled.positiontup
        name = next(iter(compiled.params), "")
        #: The parameters of a statement that has but one.
        self.one: Callable[[Any], Any] = (
            (lambda value: {name: value}) if self._order is None else (lambda value: (value,))
        )

    def parameters(self, names: dict[str, Any]) -> Any:
        return names if self._order is None else tuple(map(names.__getitem__, self._order))


class Kept:
    """A connection that stays open between operations, and a cursor of its driver for the one hot statement."""

    __slots__ = ("connection", "cursor")

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self.cursor: Any = connection.connection.cursor()

    def discard(self) -> None:
        with suppress(Exception):
            self.cursor.close()
        with suppress(Exception):
            self.connection.invalidate()
        with suppress(Exception):
            self.connection.close()


def _after_fork_in_child() -> None:
    for connections in list(_connections):
        connections._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)


def engine_from_url(url: str | sa.URL) -> sa.Engine:
    """An engine for the store alone, nothing connected yet.

    :raises ConfigurationError: ``config_store_url`` or ``config_extra_missing``.
    """
    try:
        parsed = sa.make_url(url)
        options: dict[str, Any] = {
            "isolation_level": "AUTOCOMMIT",
            "hide_parameters": True,
            "poolclass": sa.NullPool,
            "pool_reset_on_return": None,  # there is never a transaction to end
        }
        limits = _LIMITS.get(parsed.get_driver_name(), {})
        options["connect_args"] = {name: value for name, value in limits.items() if name not in parsed.query}
        engine = sa.create_engine(parsed, **options)
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"The driver of the token store is not installed: {error.name}.", code="config_extra_missing"
        ) from error
    except (SQLAlchemyError, ValueError, TypeError) as error:
        # Without the cause: it may quote the URL, and with it a password.
        raise ConfigurationError(
            "The token store's URL is not one that SQLAlchemy takes.", code="config_store_url", got=type(error).__name__
        ) from None
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine, parsed)
    return engine


def _prepare_sqlite(engine: sa.Engine, url: sa.URL) -> None:
    if url.database in (None, "", ":memory:"):
        raise ConfigurationError(
            "A SQLite database in memory would be another one for each connection.",
            code="config_store_url",
            hint='Name a file (sqlite:///tokens.db), or use "memory://".',
        )

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {_SQLITE_BUSY_MILLISECONDS}")
        cursor.execute("PRAGMA journal_mode = WAL")
        # FULL, not NORMAL: a rotated refresh token must be on the disk before the lease ends.
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.close()


def explain(error: Exception) -> StoreError:
    """The store's error for one of SQLAlchemy."""
    cause = getattr(error, "orig", None) or error
    if _table_is_missing(cause):
        return StoreError("The token store has no tables.", code="store_schema", got=type(cause).__name__)
    return StoreError("The token store did not answer.", code="store_failed", got=type(cause).__name__)


def _table_is_missing(cause: BaseException) -> bool:
    state = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    return state == "42P01" or cause.args[:1] == (1146,) or "no such table" in str(cause)
