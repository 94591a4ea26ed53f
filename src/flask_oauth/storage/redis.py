"""A token store in Redis or Valkey, alone or as a cluster.

Keys, all of one owner in one slot by their hash tag (the braces):

``flask-oauth:{owner}:record``         a record, one string
``flask-oauth:{owner}:record:lease``   its lease while there is one; ends by itself (PX)
``flask-oauth:{owner}``                the records of the owner, a set
``flask-oauth:mark:name``              a mark; ends by itself

*owner*, *record* and *name* are hashes.  Records have no time to live: run the server with the ``noeviction`` policy.
Redis copies to its replicas after it has answered, so a failover may forget the last writes; a SQL store does not.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import redis
from redis.backoff import ExponentialBackoff
from redis.connection import parse_url
from redis.exceptions import NoScriptError, RedisClusterException, RedisError
from redis.retry import Retry

from ..errors import ConfigurationError, StoreError
from .memory import lease_lost, new_version
from .records import OWNER_BYTES, Lease, Page, Record, RecordKey, owner_prefix
from .redis_scripts import ACQUIRE, DELETE, EXTEND, RELEASE, SAVE, SAVE_ANYWAY, Script, pack, pack_version, unpack

_ERRORS = (RedisError, RedisClusterException, OSError)
_OPTIONS: dict[str, Any] = {"socket_connect_timeout": 2.0, "socket_timeout": 2.0, "socket_keepalive": True}
_RETRIES = 1
_OWNER_CHARACTERS = OWNER_BYTES * 4 // 3
_CLUSTER_RETRIES = 3  # a failover takes the cluster a moment


class RedisTokenStore:
    """Keeps sealed records in Redis or Valkey.

    :param client: a :class:`redis.Redis` or :class:`redis.RedisCluster` that gives bytes (``decode_responses=False``).
    :param prefix: what every key begins with; letters, digits and ``:_.-``.
    :raises ConfigurationError: ``config_store_url``; the client decodes, or the prefix holds other characters.
    """

    def __init__(self, client: Any, *, prefix: str = "flask-oauth:") -> None:
        if not hasattr(client, "evalsha") or client.get_encoder().decode_responses:
            raise ConfigurationError(
                "The Redis client must give bytes.",
                code="config_store_url",
                hint="Make it with decode_responses=False.",
                got=type(client).__name__,
            )
        self._set_up(lambda: client, prefix)

    @classmethod
    def from_url(cls, url: str, *, prefix: str = "flask-oauth:") -> RedisTokenStore:
        """A store by URL: ``redis://``, ``rediss://`` (TLS), ``redis+cluster://``, ``rediss+cluster://``, ``unix://``.

        Nothing is connected before the first use.

        :raises ConfigurationError: ``config_store_url``.
        """
        scheme, _, rest = url.partition("://")
        cluster = scheme.endswith("+cluster")
        plain = f"{scheme.removesuffix('+cluster').replace('valkey', 'redis')}://{rest}"
        _check_url(plain)
        store = cls.__new__(cls)
        store._set_up(lambda: _connect_cluster(plain) if cluster else _connect(plain), prefix)
        return store

    def _set_up(self, connect: Callable[[], Any], prefix: str) -> None:
        if not re.fullmatch(r"[A-Za-z0-9:_.-]*", prefix):
            raise ConfigurationError("The prefix of the Redis keys is malformed.", code="config_store_url", got=prefix)
        self._prefix = prefix
        self._connect = connect
        self._connected: Any = None
        self._lock = threading.Lock()

    @property
    def _client(self) -> Any:
        if self._connected is None:
            with self._lock:
                if self._connected is None:
                    self._connected = self._connect()
        return self._connected

    def create_schema(self) -> None:
        """Nothing to make."""

    def load(self, key: RecordKey) -> Record | None:
        try:
            value = self._client.get(self._record(key))
        except _ERRORS as error:
            raise _no_answer(error) from error
        return unpack(value, key) if value is not None else None

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
        if lease is None and version is None:
            self._run(SAVE_ANYWAY, key, pack(record))
        elif not self._run(SAVE, key, *_condition(lease, version, record.version), pack(record)):
            raise lease_lost()
        return record

    def delete(self, key: RecordKey, *, lease: Lease | None = None) -> bool:
        return self._delete(key, lease, None)

    def _delete(self, key: RecordKey, lease: Lease | None, version: int | None) -> bool:
        return bool(self._run(DELETE, key, *_condition(lease, version, None)))

    def acquire(self, key: RecordKey, *, seconds: float) -> Lease | None:
        holder = secrets.token_hex(16)
        answer = self._run(ACQUIRE, key, holder, max(1, round(seconds * 1000)))
        if answer is None:
            return None
        fence, value = answer
        return Lease(key, holder, int(fence), unpack(value, key) if value is not None else None)

    def extend(self, lease: Lease, *, seconds: float) -> bool:
        return bool(self._run(EXTEND, lease.key, lease.holder, max(1, round(seconds * 1000))))

    def release(self, lease: Lease) -> None:
        self._run(RELEASE, lease.key, lease.holder)

    def keys(
        self, *, remote_app: str | None = None, owner: str | None = None, after: str | None = None, limit: int = 1000
    ) -> Page:
        with _store_errors():
            if owner is None:
                records, following = self._scan(after, limit)
            else:
                records, following = self._of_owner(owner, after, limit)
        wanted = (r for r in records if owner in (None, r.key.owner) and remote_app in (None, r.key.remote_app))
        return Page(tuple(wanted), following)

    def _of_owner(self, owner: str, after: str | None, limit: int) -> tuple[list[Record], str | None]:
        index = self._index(owner)
        members = sorted(member.decode() for member in self._client.smembers(index))
        page = [member for member in members if after is None or member > after][:limit]
        values = self._client.mget([f"{index}:{member}" for member in page]) if page else []
        return _unpack_all(values), page[-1] if len(page) == limit else None

    def _scan(self, after: str | None, limit: int) -> tuple[list[Record], str | None]:
        """One step of SCAN on one node; the cursor is the node's place and Redis' own cursor."""
        place, _, cursor = (after or "0:0").partition(":")
        nodes = self._nodes()
        node = nodes[int(place)] if int(place) < len(nodes) else nodes[-1]
        next_cursor, found = self._scan_node(node, int(cursor), limit)
        records = self._get_all(sorted(key for key in set(found) if self._is_record(key)))
        if next_cursor:
            return records, f"{place}:{next_cursor}"
        return records, f"{int(place) + 1}:0" if int(place) + 1 < len(nodes) else None

    def _scan_node(self, node: Any, cursor: int, count: int) -> tuple[int, list[bytes]]:
        target = {"target_nodes": node} if node is not None else {}
        next_cursor, found = self._client.scan(cursor, match=f"{self._prefix}{{*", count=count, **target)
        return (next_cursor[node.name] if node is not None else next_cursor), found

    def _nodes(self) -> list[Any]:
        if not hasattr(self._client, "get_primaries"):
            return [None]
        return sorted(self._client.get_primaries(), key=lambda node: str(node.name))

    def _is_record(self, key: bytes) -> bool:
        return re.fullmatch(rb"\{[^}]*\}:[^:]*", key[len(self._prefix) :]) is not None

    def _get_all(self, keys: list[bytes]) -> list[Record]:
        if not keys:
            return []
        pipeline = self._client.pipeline(transaction=False)
        for key in keys:
            pipeline.get(key)
        return _unpack_all(pipeline.execute())

    def prune(self, *, expired_for: float = 0.0) -> int:
        """Remove records that expired so many seconds ago; marks and leases end by themselves."""
        before = self._server_time() - expired_for
        removed = 0
        after: str | None = None
        while True:
            page = self.keys(after=after)
            for record in page.records:
                if record.expires_at is not None and record.expires_at < before:
                    removed += self._delete(record.key, None, record.version)
            after = page.after
            if after is None:
                return removed

    def _server_time(self) -> float:
        with _store_errors():
            node = self._nodes()[0]
            seconds, microseconds = self._client.time(**({"target_nodes": node} if node is not None else {}))
        return float(seconds + microseconds / 1e6)

    def add_mark(self, name: str, value: str = "", *, seconds: float) -> bool:
        with _store_errors():
            return bool(self._client.set(self._mark(name), value, px=max(1, round(seconds * 1000)), nx=True))

    def put_mark(self, name: str, value: str = "", *, seconds: float) -> None:
        with _store_errors():
            self._client.set(self._mark(name), value, px=max(1, round(seconds * 1000)))

    def get_mark(self, name: str) -> str | None:
        with _store_errors():
            value = self._client.get(self._mark(name))
        return value.decode() if value is not None else None

    def close(self) -> None:
        """Close the connections; the store can still be used afterwards."""
        if self._connected is not None:
            self._connected.close()

    def _run(self, script: Script, key: RecordKey, *arguments: Any) -> Any:
        names = self._names(key)
        try:
            return self._client.evalsha(script.sha, len(names), *names, *arguments)
        except NoScriptError:
            # The server has been started anew; this sends the script to it again.
            with _store_errors():
                return self._client.eval(script.text, len(names), *names, *arguments)
        except _ERRORS as error:
            raise _no_answer(error) from error

    def _record(self, key: RecordKey) -> str:
        name = _short(key.id)
        return f"{self._prefix}{{{name[:_OWNER_CHARACTERS]}}}:{name[_OWNER_CHARACTERS:]}"

    def _names(self, key: RecordKey) -> tuple[str, str, str]:
        record = self._record(key)
        return record, f"{record}:lease", record.rpartition(":")[0]

    def _index(self, owner: str) -> str:
        return f"{self._prefix}{{{_short(owner_prefix(owner))}}}"

    def _mark(self, name: str) -> str:
        return f"{self._prefix}mark:{_short(hashlib.sha256(name.encode()).digest()[:18])}"

    def __repr__(self) -> str:
        return f"<RedisTokenStore prefix={self._prefix!r}>"


@contextmanager
def _store_errors() -> Iterator[None]:
    try:
        yield
    except _ERRORS as error:
        raise _no_answer(error) from error


def _no_answer(error: Exception) -> StoreError:
    return StoreError("The token store did not answer.", code="store_failed", got=type(error).__name__)


def _short(value: bytes) -> str:
    """Base64url text of bytes whose number is a multiple of three."""
    return base64.urlsafe_b64encode(value).decode()


def _condition(lease: Lease | None, version: int | None, own_version: int | None) -> tuple[Any, ...]:
    """ARGV 1 to 4 of the scripts that write."""
    if lease is not None:
        return lease.holder, pack_version(lease.version), pack_version(own_version), b"1"
    return b"", pack_version(version), pack_version(own_version), b"0" if version is None else b"1"


def _unpack_all(values: Iterable[bytes | None]) -> list[Record]:
    return [unpack(value) for value in values if value is not None]


def _check_url(url: str) -> None:
    try:
        parse_url(url)  # type: ignore[no-untyped-call]
        good = bool(urlsplit(url).hostname or urlsplit(url).path)
    except ValueError:
        good = False
    if not good:
        raise ConfigurationError("The token store's URL is not one that redis-py takes.", code="config_store_url")


def _connect(url: str) -> Any:
    return redis.Redis.from_url(url, retry=Retry(ExponentialBackoff(cap=0.2, base=0.02), _RETRIES), **_OPTIONS)


def _connect_cluster(url: str) -> Any:
    retry = Retry(ExponentialBackoff(cap=0.5, base=0.05), _CLUSTER_RETRIES)
    return redis.RedisCluster.from_url(url, retry=retry, **_OPTIONS)
