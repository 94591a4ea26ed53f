"""A token store in any database that SQLAlchemy 2 speaks to, tried with SQLite, PostgreSQL and MariaDB.

Every operation is one statement in the usual case, each statement its own transaction, and all SQL is common to
PostgreSQL, CockroachDB, YugabyteDB, MySQL, MariaDB and SQLite.  Leases and marks are measured by the database's clock.
"""

from __future__ import annotations

import functools
import hashlib
import operator
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError

from ..errors import ConfigurationError
from .memory import lease_lost, new_version
from .records import OWNER_BYTES, Lease, Page, Record, RecordKey, owner_prefix
from .sql_connections import Connections, Prepared, QuickWayFailed, engine_from_url, explain
from .sql_schema import database_now, marks, metadata, tokens

T = TypeVar("T")

_PRUNE_BATCH = 1000
#: How often tables are tried to be made while another worker makes them too, and seconds between two tries.
_SCHEMA_TRIES, _SCHEMA_PAUSE = 20, 0.1

# All statements are made once: making one takes SQLAlchemy longer than PostgreSQL takes to run it.
_own_version = sa.bindparam("own_version", type_=sa.BigInteger)
_this = tokens.c.id == sa.bindparam("record_id")
_load = sa.select(tokens.c.sealed, tokens.c.version, tokens.c.expires_at).where(_this)
_held = tokens.c.holder == sa.bindparam("lease_holder")
_unchanged = sa.or_(
    tokens.c.version == sa.bindparam("lease_version"),
    tokens.c.version == _own_version,  # the same write again, after a lost connection
)
_save = (
    tokens.update()
    .where(_this)
    .values(sealed=sa.bindparam("new_sealed"), version=_own_version, expires_at=sa.bindparam("new_expires_at"))
)
_save_anyway = _save.values(holder=sa.null())
_save_leased = _save.where(sa.or_(_held, _unchanged)).values(holder=sa.case((_held, sa.null()), else_=tokens.c.holder))
_save_versioned = _save.where(_unchanged)
_delete = tokens.delete().where(_this)
_delete_leased = _delete.where(sa.or_(_held, _unchanged))
_lease_end = database_now() + sa.bindparam("seconds", type_=sa.Double)
_acquire = (
    tokens.update()
    .where(_this, sa.or_(tokens.c.holder.is_(None), tokens.c.lease_until <= database_now(), _held))
    .values(holder=sa.bindparam("lease_holder"), fence=tokens.c.fence + sa.literal_column("1"), lease_until=_lease_end)
)
_extend = tokens.update().where(_this, _held).values(lease_until=_lease_end)
_release = tokens.update().where(_this, _held).values(holder=sa.null())
_leased = (tokens.c.fence, tokens.c.sealed, tokens.c.version, tokens.c.expires_at)
_acquire_returning = _acquire.returning(*_leased)
_acquired = sa.select(*_leased).where(_this, _held)
_exists = sa.select(tokens.c.id).where(_this)
_get_mark = sa.select(marks.c.value).where(marks.c.id == sa.bindparam("mark_id"), marks.c.ends_at > database_now())


class SQLAlchemyTokenStore:
    """Keeps sealed records in a SQL database.

    :param source: a URL (``sqlite:///tokens.db``, ``postgresql+psycopg://…``), an :class:`sqlalchemy.Engine`, or a
        Flask-SQLAlchemy object (then the tables join its metadata, for ``db.create_all()`` and Flask-Migrate).
    :param max_connections: for a URL, how many connections a process may have open; an engine has its own limits.
    :raises ConfigurationError: ``config_store_url``, it is none of these; ``config_extra_missing``, no driver.
    """

    def __init__(self, source: Any, *, max_connections: int = 15) -> None:
        self._database: Any = None
        self._by_engine: dict[sa.Engine, Connections] = {}
        if isinstance(source, (str, sa.URL)):
            self._own = Connections(engine_from_url(source), keep=max_connections)
        elif isinstance(source, sa.Engine):
            self._own = Connections(source)
        elif hasattr(source, "metadata") and hasattr(type(source), "engine"):
            self._database = source
            add_tables(source.metadata)
        else:
            raise ConfigurationError(
                "The token store is neither a URL, an Engine nor a Flask-SQLAlchemy object.",
                code="config_store_url",
                got=type(source).__name__,
            )

    @property
    def _connections(self) -> Connections:
        if self._database is None:
            return self._own
        try:
            engine = self._database.engine
        except RuntimeError as error:
            raise ConfigurationError("The token store's database needs an app.", code="config_no_app") from error
        if engine not in self._by_engine:
            self._by_engine[engine] = Connections(engine)
        return self._by_engine[engine]

    def _run(self, work: Callable[[sa.Connection], T]) -> T:
        return self._connections.run(work)

    def create_schema(self) -> None:
        engine = self._connections.engine
        for left in reversed(range(_SCHEMA_TRIES)):
            try:
                metadata.create_all(engine)
                return
            except DBAPIError as error:
                # Another worker may have been quicker, or be in the middle of it.
                if self._has_tables():
                    return
                if not left:
                    raise explain(error) from error
            time.sleep(_SCHEMA_PAUSE)

    def _has_tables(self) -> bool:
        try:
            return all(sa.inspect(self._connections.engine).has_table(name) for name in metadata.tables)
        except DBAPIError as error:
            raise explain(error) from error

    @functools.cached_property
    def _prepared(self) -> Callable[[sa.Executable], Prepared]:
        dialect = self._own.engine.dialect
        return functools.lru_cache(lambda statement: Prepared(statement, dialect))

    def load(self, key: RecordKey) -> Record | None:
        connections, id_ = self._connections, key.id
        row = self._quick_row(connections, id_) if connections.keeps else _row(connections, id_)
        if row is None or row[0] is None:
            return None
        return Record(key, bytes(row[0]), row[1], row[2])

    def _quick_row(self, connections: Connections, id_: bytes) -> Any:
        """The row by the driver itself (:meth:`.Connections.quick`, spelt out): this runs with every call of an API."""
        kept = connections.take()
        statement = self._load
        try:
            kept.cursor.execute(statement.sql, statement.one(id_))
            rows = kept.cursor.fetchall()
        except BaseException as error:
            connections.give_up(kept)
            if not isinstance(error, Exception):
                raise
            connections.drop_idle()
            return _row(connections, id_)
        connections.give_back(kept)
        return rows[0] if rows else None

    @functools.cached_property
    def _load(self) -> Prepared:
        return self._prepared(_load)

    def save(
        self,
        key: RecordKey,
        sealed: bytes,
        *,
        expires_at: float | None = None,
        lease: Lease | None = None,
        version: int | None = None,
    ) -> Record:
        record = Record(key, sealed, new_version(), expires_at)
        names: dict[str, Any] = {"record_id": key.id, "own_version": record.version}
        names |= {"new_sealed": sealed, "new_expires_at": expires_at}
        if lease is None and version is None:
            if not self._update(_save_anyway, names):
                self._run(lambda connection: _insert(connection, record, names))
            return record
        statement = _save_versioned if lease is None else _save_leased
        if not self._update(statement, names | ({"lease_version": version} if lease is None else _condition(lease))):
            raise lease_lost()
        return record

    def _update(self, statement: sa.Executable, names: dict[str, Any]) -> int:
        """How many rows a statement has changed."""
        connections = self._connections
        if connections.keeps:
            with suppress(QuickWayFailed), connections.writing:
                return connections.quick(self._prepared(statement), names, _row_count)
        return connections.run(lambda connection: connection.execute(statement, names).rowcount)

    def _first(self, statement: sa.Executable, names: dict[str, Any]) -> Any:
        """The first row that a statement gives, or ``None``."""
        connections = self._connections
        if connections.keeps:
            with suppress(QuickWayFailed), connections.writing:
                return connections.quick(self._prepared(statement), names, _first_row)
        return connections.run(lambda connection: connection.execute(statement, names).first())

    def delete(self, key: RecordKey, *, lease: Lease | None = None) -> bool:
        statement, names = _delete, {"record_id": key.id}
        if lease is not None:
            statement, names = _delete_leased, names | _condition(lease) | {"own_version": -1}
        return self._run(lambda connection: _remove(connection, statement, names))

    def acquire(self, key: RecordKey, *, seconds: float) -> Lease | None:
        holder = secrets.token_hex(16)
        row = self._take_lease(key, {"record_id": key.id, "lease_holder": holder, "seconds": seconds})
        if row is None:
            return None
        fence, sealed, version, expires_at = row
        record = Record(key, bytes(sealed), version, expires_at) if sealed is not None else None
        return Lease(key, holder, fence, record)

    def _take_lease(self, key: RecordKey, names: dict[str, Any]) -> Any:
        if self._connections.engine.dialect.update_returning:
            row = self._first(_acquire_returning, names)
        else:
            row = self._first(_acquired, names) if self._update(_acquire, names) else None
        if row is not None or self._first(_exists, names) is not None:
            return row
        return self._run(lambda connection: _insert_lease(connection, key, names))

    def extend(self, lease: Lease, *, seconds: float) -> bool:
        names = {"record_id": lease.key.id, "lease_holder": lease.holder, "seconds": seconds}
        return self._update(_extend, names) > 0

    def release(self, lease: Lease) -> None:
        self._update(_release, {"record_id": lease.key.id, "lease_holder": lease.holder})

    def keys(
        self, *, remote_app: str | None = None, owner: str | None = None, after: str | None = None, limit: int = 1000
    ) -> Page:
        query = sa.select(tokens).where(tokens.c.sealed.is_not(None)).order_by(tokens.c.id).limit(limit)
        if owner is not None:
            first = owner_prefix(owner)
            last = first + b"\xff" * (24 - OWNER_BYTES)
            query = query.where(tokens.c.id.between(first, last), tokens.c.owner == owner)
        if remote_app is not None:
            query = query.where(tokens.c.remote_app == remote_app)
        if after is not None:
            query = query.where(tokens.c.id > bytes.fromhex(after))
        rows = self._run(lambda connection: connection.execute(query).all())
        records = (_record(row) for row in rows)
        # Once more in Python: MySQL may have compared without regard to letter case.
        wanted = (r for r in records if owner in (None, r.key.owner) and remote_app in (None, r.key.remote_app))
        return Page(tuple(wanted), rows[-1].id.hex() if len(rows) == limit else None)

    def prune(self, *, expired_for: float = 0.0) -> int:
        self._run(lambda connection: connection.execute(marks.delete().where(marks.c.ends_at <= database_now())))
        left_over = sa.and_(tokens.c.sealed.is_(None), tokens.c.lease_until <= database_now())
        self._run(lambda connection: connection.execute(tokens.delete().where(left_over)))
        spent = tokens.c.expires_at < database_now() - expired_for
        removed = 0
        while batch := self._run(lambda connection: _delete_batch(connection, spent)):
            removed += batch
        return removed

    def add_mark(self, name: str, value: str = "", *, seconds: float) -> bool:
        return self._run(lambda connection: _add_mark(connection, name, value, seconds))

    def put_mark(self, name: str, value: str = "", *, seconds: float) -> None:
        self._run(lambda connection: _put_mark(connection, name, value, seconds))

    def get_mark(self, name: str) -> str | None:
        row = self._first(_get_mark, {"mark_id": _mark_id(name)})
        return row[0] if row is not None else None

    def close(self) -> None:
        """Close idle connections of an engine that belongs to the store; the store can still be used afterwards."""
        if self._database is None:
            self._own.close()

    def __repr__(self) -> str:
        # Not the URL: it may hold a password, and a host name is nobody's business.
        dialect = "Flask-SQLAlchemy" if self._database is not None else self._own.engine.dialect.name
        return f"<SQLAlchemyTokenStore {dialect}>"


def add_tables(other: sa.MetaData) -> None:
    """Add the store's tables to another metadata, so that its ``create_all()`` and Alembic see them."""
    for table in metadata.tables.values():
        if table.name not in other.tables:
            table.to_metadata(other)


_row_count: Callable[[Any], int] = operator.attrgetter("rowcount")


def _first_row(cursor: Any) -> Any:
    rows = cursor.fetchall()
    return rows[0] if rows else None


def _row(connections: Connections, id_: bytes) -> Any:
    return connections.run(lambda connection: connection.execute(_load, {"record_id": id_}).first())


def _condition(lease: Lease) -> dict[str, Any]:
    # A lease on a record that did not exist yet has no version to go by: -1 equals none.
    return {"lease_holder": lease.holder, "lease_version": lease.version or -1}


def _new_row(key: RecordKey, **values: Any) -> dict[str, Any]:
    names = {"remote_app": key.remote_app, "issuer": key.issuer, "owner": key.owner, "label": key.label}
    return {"id": key.id, **names, "expires_at": None, "fence": 0, "lease_until": 0.0, "holder": None, **values}


def _record(row: Any) -> Record:
    key = RecordKey(row.remote_app, row.issuer, row.owner, row.label)
    return Record(key, bytes(row.sealed), row.version, row.expires_at)


def _insert(connection: sa.Connection, record: Record, names: dict[str, Any]) -> None:
    # Update first, insert if there was nothing: the same in every database, and a later save takes one statement.
    values = {"sealed": record.sealed, "version": record.version, "expires_at": record.expires_at}
    try:
        connection.execute(tokens.insert(), _new_row(record.key, **values))
    except IntegrityError:
        connection.execute(_save_anyway, names)


def _remove(connection: sa.Connection, statement: sa.Delete, names: dict[str, Any]) -> bool:
    if connection.execute(statement.where(tokens.c.sealed.is_not(None)), names).rowcount:
        return True
    connection.execute(statement, names)  # there may be a lease without a record
    return False


def _insert_lease(connection: sa.Connection, key: RecordKey, names: dict[str, Any]) -> Any:
    """The lease of a record that does not exist yet; ``None`` if another was quicker."""
    values = _new_row(key, sealed=None, version=0, holder=names["lease_holder"], fence=1)
    insert = tokens.insert().values(values | {"lease_until": database_now() + names["seconds"]})
    try:
        connection.execute(insert)
    except IntegrityError:
        return None
    return 1, None, 0, None


def _delete_batch(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> int:
    ids = connection.execute(sa.select(tokens.c.id).where(condition).limit(_PRUNE_BATCH)).scalars().all()
    if not ids:
        return 0
    # The condition again: a record may have been written since.
    return connection.execute(tokens.delete().where(tokens.c.id.in_(ids), condition)).rowcount


def _mark_id(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()[:24]


def _mark_values(value: str, seconds: float) -> dict[str, Any]:
    return {"value": value, "ends_at": database_now() + seconds}


def _add_mark(connection: sa.Connection, name: str, value: str, seconds: float) -> bool:
    try:
        connection.execute(marks.insert().values(id=_mark_id(name), **_mark_values(value, seconds)))
    except IntegrityError:
        over = marks.update().where(marks.c.id == _mark_id(name), marks.c.ends_at <= database_now())
        return bool(connection.execute(over.values(**_mark_values(value, seconds))).rowcount)
    return True


def _put_mark(connection: sa.Connection, name: str, value: str, seconds: float) -> None:
    update = marks.update().where(marks.c.id == _mark_id(name)).values(**_mark_values(value, seconds))
    if not connection.execute(update).rowcount and not _add_mark(connection, name, value, seconds):
        connection.execute(update)
