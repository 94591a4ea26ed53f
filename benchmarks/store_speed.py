"""B8: loading and saving a token in SQLite, PostgreSQL and Redis, with a thousand, 100 thousand and a million records.

Run it with ``python -m benchmarks.store_speed [--quick]``.  The bound of a load is the bare SELECT or GET of the
driver on a connection that is open already, plus one AES-GCM open with a key that is set up already; that of a save
the bare UPDATE or SET, plus one AES-GCM seal.  All sizes and all variants take turns, so that what else the machine
does meets all of them alike.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import redis
import sqlalchemy as sa
from tests.storage import servers, workers

from flask_oauth.client.token_keeper import TokenKeeper
from flask_oauth.protocol.token import Token
from flask_oauth.storage import KeyRing, Record, RecordKey, TokenStore, store_from_url
from flask_oauth.storage.redis_scripts import pack
from flask_oauth.storage.sql_schema import tokens

RING = KeyRing([KeyRing.new_key()])
TOKEN = Token(
    "a" * 220,
    refresh_token="r" * 103,
    expires_at=1_900_000_000.0,
    scope="openid email profile https://www.googleapis.com/auth/calendar",
)
SAMPLE = 2000
Call = Callable[[RecordKey], object]


@dataclass
class Subject:
    """One store of one size, with the calls to time."""

    store: TokenStore
    sample: list[RecordKey]
    bytes_a_record: float
    calls: dict[str, Call]
    times: dict[str, list[float]] = field(default_factory=dict)

    def round(self, number: int) -> None:
        """Time each call on some random records."""
        for name, call in self.calls.items():
            keys = random.choices(self.sample, k=number)
            started = time.perf_counter()
            for key in keys:
                call(key)
            self.times.setdefault(name, []).append((time.perf_counter() - started) / number * 1e6)

    def median(self, name: str) -> float:
        return statistics.median(self.times[name])

    def ratio(self, name: str, other: list[float]) -> float:
        """How many times as long as others, by the median of the rounds: both of a round ran side by side."""
        return statistics.median(mine / theirs for mine, theirs in zip(self.times[name], other, strict=True))


def keys(count: int) -> Iterator[RecordKey]:
    return (RecordKey("google", "https://accounts.google.com", f"user-{number:08}") for number in range(count))


def records(count: int) -> Iterator[Record]:
    """So many records, all with one token, which is really sealed for a sample of them only."""
    keeper = TokenKeeper(store_from_url("memory://"), RING)
    some = set(random.Random(count).sample(range(count), min(SAMPLE, count)))
    filler = os.urandom(len(keeper._seal(RecordKey("google", "i", "user-00000000"), TOKEN)))
    for number, key in enumerate(keys(count)):
        yield Record(key, keeper._seal(key, TOKEN) if number in some else filler, number + 1)


def sample(count: int) -> list[RecordKey]:
    some = set(random.Random(count).sample(range(count), min(SAMPLE, count)))
    return [key for number, key in enumerate(keys(count)) if number in some]


def row(record: Record) -> tuple[Any, ...]:
    key = record.key
    names = (key.remote_app, key.issuer, key.owner, key.label)
    return (key.id, *names, record.sealed, record.version, None, None, 0, 0.0)


COLUMNS = ", ".join(column.name for column in tokens.columns)


PLAIN = b"x" * 480


def aes_gcm() -> tuple[Callable[[], bytes], Callable[[], bytes]]:
    """One open and one seal of AES-GCM alone, with everything set up."""
    cipher = RING._cipher(next(iter(RING._keys.values())), bytes(12))
    associated = b"x" * 60
    sealed = cipher.encrypt(bytes(12), PLAIN, associated)
    return (
        lambda: cipher.decrypt(bytes(12), sealed, associated),
        lambda: cipher.encrypt(os.urandom(12), PLAIN, associated),
    )


@dataclass
class Driver:
    """The bare calls of a driver: how it names a record, reads and writes it."""

    name: Callable[[RecordKey], Any]
    value: Callable[[Record], bytes]
    get: Callable[[Any], Any]
    put: Callable[[Any, bytes], Any]


def subject(url: str, count: int, size: float, driver: Driver) -> Subject:
    """The calls on a filled store, beside the bare calls of its driver."""
    store = store_from_url(url)
    keeper = TokenKeeper(store, RING)
    some = sample(count)
    names = {key: driver.name(key) for key in some}
    values = {key: driver.value(Record(key, keeper._seal(key, TOKEN), 1)) for key in some}
    open_, seal = aes_gcm()
    plain = RING.open(keeper._seal(some[0], TOKEN), some[0].associated())

    def load(key: RecordKey) -> None:
        record = store.load(key)
        assert record is not None
        RING.open(record.sealed, key.associated())

    calls: dict[str, Call] = {
        "bare load": lambda key: (driver.get(names[key]), open_()),
        "load": load,
        "load as a Token": keeper.load,
        "bare save": lambda key: (seal(), driver.put(names[key], values[key])),
        "save": lambda key: store.save(key, RING.seal(plain, key.associated())),
    }
    return Subject(store, some, size / count, calls)


def sql_driver(connection: Any, mark: str) -> Driver:
    select = f"SELECT sealed FROM {tokens.name} WHERE id = {mark}"
    update = f"UPDATE {tokens.name} SET sealed = {mark}, version = {mark} WHERE id = {mark}"
    version = itertools.count()  # SQLite writes nothing if nothing changes
    return Driver(
        name=lambda key: key.id,
        value=lambda record: record.sealed,
        get=lambda name: connection.execute(select, (name,)).fetchone(),
        put=lambda name, value: connection.execute(update, (value, next(version), name)),
    )


def sqlite_subject(folder: Path, count: int) -> Subject:
    path = folder / f"{count}.db"
    url = f"sqlite:///{path}"
    store = store_from_url(url)
    store.create_schema()
    workers.close(store)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("BEGIN")
    marks = ", ".join("?" * len(tokens.columns))
    connection.executemany(f"INSERT INTO {tokens.name} ({COLUMNS}) VALUES ({marks})", map(row, records(count)))
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.execute("PRAGMA synchronous = FULL")
    return subject(url, count, path.stat().st_size, sql_driver(connection, "?"))


def postgresql_subject(server: servers.PostgreSQL, count: int) -> Subject:
    admin = sa.create_engine(server.url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with admin.connect() as made:
        made.execute(sa.text(f"CREATE DATABASE records_{count}"))
    url = admin.url.set(database=f"records_{count}").render_as_string(hide_password=False)
    store = store_from_url(url)
    store.create_schema()
    workers.close(store)
    connection = psycopg.connect(url.replace("+psycopg", ""), autocommit=True)
    with connection.cursor().copy(f"COPY {tokens.name} ({COLUMNS}) FROM STDIN") as copy:
        for record in records(count):
            copy.write_row(row(record))
    connection.execute("VACUUM ANALYZE")
    size = connection.execute(f"SELECT pg_total_relation_size('{tokens.name}')").fetchone()
    return subject(url, count, size[0] if size else 0, sql_driver(connection, "%s"))


def redis_subject(server: servers.Server, count: int, number: int) -> Subject:
    url = f"{server.url.rpartition('/')[0]}/{number}"
    client = redis.Redis.from_url(url)
    before = client.info("memory")["used_memory"]
    store: Any = store_from_url(url)
    every = records(count)
    while batch := list(itertools.islice(every, 1000)):
        pipeline = client.pipeline(transaction=False)
        for record in batch:
            name, _, index = store._names(record.key)
            pipeline.set(name, pack(record))
            pipeline.sadd(index, name.rpartition(":")[2])
        pipeline.execute()
    size = client.info("memory")["used_memory"] - before
    return subject(url, count, size, Driver(store._record, pack, client.get, client.set))


def rows(kind: str, subjects: dict[int, Subject]) -> Iterator[dict[str, Any]]:
    smallest = subjects[min(subjects)]
    for count, one in subjects.items():
        for what in ("load", "save"):
            ratio, flat = one.ratio(what, one.times[f"bare {what}"]), one.ratio(what, smallest.times[what])
            peers = {"load as a Token": round(one.median("load as a Token"), 1)} if what == "load" else {}
            yield {
                "id": "B8",
                "what": f"{kind}, {count:,} records: {what}, µs",
                "ours": round(one.median(what), 1),
                "spread": [round(part, 1) for part in statistics.quantiles(one.times[what], n=4)[::2]],
                "peers": peers,
                "bound": round(one.median(f"bare {what}"), 1),
                "ratio": round(ratio, 2),
                "flat": round(flat, 2),
                "bytes a record": round(one.bytes_a_record),
                "must": "≤ 1.3 × bare; within 20 % of the smallest",
                "reached": ratio <= 1.3 and flat <= 1.2,
            }


def run(*, quick: bool = False) -> list[dict[str, Any]]:
    """The rows of B8."""
    sizes = (1_000, 20_000) if quick else (1_000, 100_000, 1_000_000)
    rounds, number = (30, 20) if quick else (150, 25)
    found: list[dict[str, Any]] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        postgresql = stack.enter_context(servers.postgresql(durable=True))
        redis_server = stack.enter_context(servers.redis_server())
        kinds = {
            "SQLite": {count: sqlite_subject(folder, count) for count in sizes},
            "PostgreSQL": {count: postgresql_subject(postgresql, count) for count in sizes},
            "Redis": {count: redis_subject(redis_server, count, number) for number, count in enumerate(sizes)},
        }
        for kind, subjects in kinds.items():
            for _ in range(rounds):
                for one in subjects.values():
                    one.round(number)
            found += rows(kind, subjects)
            for one in subjects.values():
                workers.close(one.store)
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", default=bool(os.environ.get("QUICK")))
    for one in run(quick=parser.parse_args().quick):
        print(json.dumps(one, ensure_ascii=False))
