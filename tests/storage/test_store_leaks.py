"""N56: looks for tokens, secrets and keys in every log line, repr, exception and database dump."""

from __future__ import annotations

import base64
import json
import logging
import traceback
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
import sqlalchemy as sa
from tests.storage.workers import close

from flask_oauth.client.refresh import RefreshCoordinator
from flask_oauth.client.token_keeper import TokenKeeper
from flask_oauth.errors import OAuthException, ServerError, StoreError, TransportError
from flask_oauth.protocol.token import Token
from flask_oauth.storage import KeyRing, RecordKey, SQLAlchemyTokenStore, TokenStore, store_from_url

KEYS = [KeyRing.new_key(), KeyRing.new_key()]
SECRET_KEY = "app-secret-5e1b9c"
MALFORMED = "malformed-key-8badf00d"
TOKEN = Token(
    "access-3f9c1aee",
    token_secret="tokensecret-77aa01",
    refresh_token="refresh-c0ffee42",
    expires_at=1.0,
    id_token="idtoken.90210beef.sig",
    extra={"team_key": "extra-d15ea5e"},
)
NEWER = Token("access-newer-b01d", refresh_token="refresh-newer-ace0", expires_at=2.0)
SECRETS = [
    *(TOKEN.access_token, TOKEN.token_secret, "refresh-c0ffee42", "idtoken.90210beef.sig", "extra-d15ea5e"),
    *(NEWER.access_token, "refresh-newer-ace0", SECRET_KEY, "hunter2", *KEYS),
]


def forms(secret: str) -> list[bytes]:
    """A secret as it may stand somewhere: as it is, hexadecimal, base64 at each offset, in a URL, as JSON."""
    raw = secret.encode()
    encoded = [base64.b64encode(b"x" * offset + raw)[4 if offset else 0 : -4] for offset in range(3)]
    found = [raw, raw.hex().encode(), *encoded, urllib.parse.quote(secret).encode(), json.dumps(secret)[1:-1].encode()]
    if secret in KEYS:
        key = base64.urlsafe_b64decode(secret)
        found += [key, key.hex().encode(), repr(key).encode()]
    return found


def leaks(heap: bytes) -> list[str]:
    return [secret for secret in SECRETS if any(form in heap for form in forms(secret))]


@pytest.mark.parametrize("secret", SECRETS, ids=range(len(SECRETS)))
def test_the_search_finds_what_it_should(secret: str) -> None:
    for form in forms(secret):
        assert secret in leaks(b"before " + form + b" after")
    assert leaks(b"access refresh hunter") == []


def everything(store: TokenStore, name: str) -> Iterator[object]:
    """A life of a token with all that may go wrong; yields whatever an application might print or log."""
    ring = KeyRing(KEYS).with_fallbacks(KeyRing.derive([SECRET_KEY], "tokens"))
    keeper = TokenKeeper(store, ring)
    coordinator = RefreshCoordinator(keeper, cooldown=0.001)
    key = RecordKey(name, "https://id.example", name)
    yield from (store, ring, keeper, coordinator, key, TOKEN)
    keeper.save(key, TOKEN)
    yield from (keeper.load(key), store.load(key), keeper.list(), keeper.describe(key), store.keys(owner=name))
    for error in (
        TransportError("no answer"),
        ServerError("no", error="temporarily_unavailable"),
        ZeroDivisionError("bug"),
    ):
        yield raised(lambda error=error: coordinator.fresh(key, lambda token: throw(error)))
    acquired = keeper.acquire(key, seconds=9)
    assert acquired is not None
    yield from acquired
    keeper.save(key, NEWER)
    yield raised(lambda: keeper.save(key, TOKEN, lease=acquired[0]))
    yield raised(lambda: TokenKeeper(store, KeyRing.derive(["another"], "tokens")).load(key))
    record = store.load(key)
    assert record is not None
    moved = RecordKey(name, "https://id.example", f"{name}-mallory")
    store.save(moved, record.sealed)
    yield raised(lambda: keeper.load(moved))
    store.save(moved, b"\x01garbage")
    yield raised(lambda: keeper.load(moved))
    yield list(keeper.rekey())
    yield keeper.list(owner=moved.owner)
    yield raised(lambda: coordinator.fresh(key, lambda token: throw(ServerError("no", error="invalid_grant"))))
    yield raised(lambda: coordinator.fresh(key, lambda token: token))
    yield raised(lambda: KeyRing([MALFORMED, *KEYS]))
    keeper.save(key, TOKEN)  # so that the dump has something to hide


def throw(error: Exception) -> Token:
    raise error


def raised(call: object) -> str:
    """The whole traceback of what a call raises, with notes and causes, and what the error holds."""
    with pytest.raises((OAuthException, ZeroDivisionError)) as caught:
        call()  # type: ignore[operator]
    return "".join(traceback.format_exception(caught.value)) + repr(caught.value) + repr(vars(caught.value))


def dump(url: str) -> bytes:
    """All that the store holds, as the server shows it."""
    if url.startswith("redis"):
        cluster = url.startswith("redis+cluster")
        client = redis.RedisCluster.from_url(url.replace("+cluster", "")) if cluster else redis.Redis.from_url(url)
        read = {b"string": client.get, b"set": lambda key: b" ".join(client.smembers(key))}
        heap = b"\n".join(part for key in client.scan_iter() for part in (key, read[client.type(key)](key) or b""))
        client.close()
        return heap
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        rows = [
            row
            for name in ("tokens", "marks")
            for row in connection.exec_driver_sql(f"SELECT * FROM flask_oauth_{name}")
        ]
    cells = (cell if isinstance(cell, bytes) else str(cell).encode() for row in rows for cell in row)
    return b"\n".join(cells)


def test_N56_nothing_leaks(shared_url: str, name: str, caplog: pytest.LogCaptureFixture, capfd: object) -> None:
    caplog.set_level(logging.DEBUG)
    store = store_from_url(shared_url)
    shown = "\n".join(f"{thing!r} {thing!s}" for thing in everything(store, name))
    assert "store_sealed" in shown
    assert "Traceback" in shown
    assert leaks(shown.encode()) == []
    assert caplog.records
    assert leaks(caplog.text.encode()) == []
    printed = capfd.readouterr()  # type: ignore[attr-defined]
    assert leaks((printed.out + printed.err).encode()) == []
    heap = dump(shared_url)
    assert name.encode() in heap
    assert leaks(heap) == []
    close(store)


def test_N56_the_file_of_sqlite_holds_no_token(tmp_path: Path, name: str) -> None:
    store = store_from_url(f"sqlite:///{tmp_path / 'tokens.db'}")
    store.create_schema()
    list(everything(store, name))
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert any(name.encode() in content for content in files.values())
    assert {file: leaks(content) for file, content in files.items()} == {file: [] for file in files}
    close(store)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://user:hunter2@127.0.0.1:1/db",
        "mysql+pymysql://user:hunter2@127.0.0.1:1/db",
        "redis://user:hunter2@127.0.0.1:1/0",
        "redis+cluster://user:hunter2@127.0.0.1:1",
    ],
)
def test_N56_no_password_in_the_error_of_a_store_that_is_away(url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    keeper = TokenKeeper(store_from_url(url), KeyRing(KEYS))
    key = RecordKey("corp", "i", "alice")
    for call in (lambda: keeper.load(key), lambda: keeper.save(key, TOKEN), lambda: keeper.store.create_schema()):
        try:
            call()
        except StoreError as error:
            text = "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))
            assert leaks(text.encode()) == []
    assert leaks(caplog.text.encode()) == []


def test_N56_nor_in_the_error_of_the_applications_engine(postgresql_url: str) -> None:
    """Such an engine may show the parameters of a statement: they are sealed already."""
    engine = sa.create_engine(
        postgresql_url, poolclass=sa.NullPool, execution_options={"schema_translate_map": {None: "no"}}
    )
    keeper = TokenKeeper(store_from_url("memory://"), KeyRing(KEYS))

    keeper = TokenKeeper(SQLAlchemyTokenStore(engine), KeyRing(KEYS))
    shown = raised(lambda: keeper.save(RecordKey("corp", "i", "alice"), TOKEN))
    assert "parameters" in shown
    assert leaks(shown.encode()) == []
