"""Names of records, and stores by URL."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_oauth.errors import ConfigurationError
from flask_oauth.storage import MemoryTokenStore, Record, RecordKey, store_from_url
from flask_oauth.storage.records import owner_prefix
from flask_oauth.storage.redis_scripts import pack, pack_version, unpack

part = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60)
keys = st.builds(RecordKey, part, part, part, part)


@given(keys, keys)
def test_different_keys_have_different_bytes_and_ids(one: RecordKey, other: RecordKey) -> None:
    assert (one == other) == (one.associated() == other.associated()) == (one.id == other.id)
    assert RecordKey.from_associated(one.associated()) == one
    assert len(one.id) == 24
    assert one.id.startswith(owner_prefix(one.owner))


@pytest.mark.parametrize(
    "parts",
    [
        ("a\0b", "i", "o", ""),
        ("a", "i", "o\ud800", ""),
        ("a" * 256, "i", "o", ""),
        ("a", "i" * 1025, "o", ""),
        ("a", "i", "o" * 513, ""),
        ("a", "i", "o", "l" * 256),
        ("a", "i", 42, ""),
        ("a", None, "o", ""),
    ],
)
def test_unclean_names_are_refused(parts: tuple[str, str, str, str]) -> None:
    with pytest.raises(ConfigurationError):
        RecordKey(*parts)


versions = st.integers(1, 2**62)


@given(keys, st.binary(max_size=300), versions, st.none() | st.floats(0, 1e11))
def test_redis_bytes(key: RecordKey, sealed: bytes, version: int, expires_at: float | None) -> None:
    record = Record(key, sealed, version, expires_at)
    assert unpack(pack(record)) == unpack(pack(record), key) == record
    assert pack(record)[1:9] == pack_version(version)  # where the scripts look for it


def test_the_sealed_bytes_are_not_in_the_repr() -> None:
    assert "sealed" not in repr(Record(RecordKey("a", "i", "o"), b"sealed", 1))


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("tokens.db", "config_store_url"),
        ("", "config_store_url"),
        (None, "config_store_url"),
        ("sqlite://", "config_store_url"),
        ("sqlite:///:memory:", "config_store_url"),
        ("nosuch://user:hunter2@host/db", "config_store_url"),
        ("postgresql+nosuch://user:hunter2@host/db", "config_store_url"),
        ("postgresql+asyncpg://user:hunter2@host/db", "config_extra_missing"),
        ("postgresql+psycopg://user:hunter2@host:port/db", "config_store_url"),
        ("redis://user:hunter2@host:port/0", "config_store_url"),
        ("redis://", "config_store_url"),
    ],
)
def test_urls_that_are_none(url: str, code: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        store_from_url(url)
    assert caught.value.code == code
    assert "hunter2" not in f"{caught.value!r} {caught.value.__notes__} {caught.value.__cause__!r}"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("memory://", "<MemoryTokenStore with 0 records>"),
        ("postgresql+psycopg://u:hunter2@db.example/x", "<SQLAlchemyTokenStore postgresql>"),
        ("mysql+pymysql://u:hunter2@db.example/x", "<SQLAlchemyTokenStore mysql>"),
        ("redis://:hunter2@db.example:6380/3", "<RedisTokenStore prefix='flask-oauth:'>"),
        ("rediss://:hunter2@db.example", "<RedisTokenStore prefix='flask-oauth:'>"),
        ("valkey://:hunter2@db.example", "<RedisTokenStore prefix='flask-oauth:'>"),
        ("redis+cluster://:hunter2@db.example:7000", "<RedisTokenStore prefix='flask-oauth:'>"),
        ("unix:///run/redis.sock?db=2", "<RedisTokenStore prefix='flask-oauth:'>"),
    ],
)
def test_urls_connect_to_nothing_yet(url: str, shown: str) -> None:
    assert repr(store_from_url(url)) == shown


@pytest.mark.parametrize(("url", "package"), [("redis://127.0.0.1", "redis"), ("sqlite:///x.db", "sqlalchemy")])
def test_a_missing_package_is_named(url: str, package: str) -> None:
    code = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "from flask_oauth.errors import ConfigurationError\n"
        "from flask_oauth.storage import store_from_url\n"
        f"try: store_from_url({url!r})\n"
        "except ConfigurationError as error: print(error.code, error)\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.startswith("config_extra_missing")
    assert f"'flask-oauth[{package}]'" in said


def test_the_contract_imports_no_extra() -> None:
    code = (
        "import sys, flask_oauth.storage\n"
        "print([name for name in ('sqlalchemy', 'redis', 'psycopg', 'pymysql') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "[]"


def test_marks_in_memory_go_when_they_have_ended_though_nobody_prunes() -> None:
    now = 0.0
    store = MemoryTokenStore(clock=lambda: now)
    for number in range(5000):
        now += 1
        store.put_mark(f"logout:{number}", seconds=600)
    assert len(store._marks) <= 1300
    assert store.get_mark("logout:4990") is not None
