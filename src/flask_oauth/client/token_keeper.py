"""Joins a token store and a key ring: tokens go in, sealed records are kept.

A token is written as JSON and sealed with the key of its record bound in, so a row that somebody copied to another
user's row does not open.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..errors import StoreError
from ..protocol.token import Token
from ..storage import KeyRing, Lease, Record, RecordKey, TokenStore

_SWAP_TRIES = 3


@dataclass(frozen=True, slots=True)
class Held:
    """A token as it was found in the store.

    :param token: the token.
    :param saved_at: when it was obtained, in seconds since the epoch, by the clock of the worker that saved it.
    """

    token: Token
    saved_at: float


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """What may be shown of a stored token: nothing that could be used in its place.

    :param key: whose token it is.
    :param opens: whether a key of the ring opens it; if not, the fields below say nothing.
    :param sealed_with: ``current`` or ``older``: which key of the ring seals it.
    :param token_type: for example ``Bearer``.
    :param scope: as granted.
    :param expires_at: when the access token ends, in seconds since the epoch, if that is known.
    :param refreshable: whether there is a refresh token.
    :param saved_at: when it was obtained, in seconds since the epoch.
    """

    key: RecordKey
    opens: bool
    sealed_with: str
    token_type: str = ""
    scope: str = ""
    expires_at: float | None = None
    refreshable: bool = False
    saved_at: float | None = None


@dataclass(frozen=True, slots=True)
class RekeyStep:
    """One batch of a rekeying.

    :param seen: records looked at in this batch.
    :param rewritten: records sealed anew in this batch.
    :param unopened: keys of records that no key of the ring opens; they were left as they are.
    :param after: give this to :meth:`TokenKeeper.rekey` to go on after this batch; ``None`` after the last.
    """

    seen: int
    rewritten: int
    unopened: tuple[RecordKey, ...]
    after: str | None


class TokenKeeper:
    """Loads and saves tokens.  Immutable and safe to share between threads.

    :param store: where the sealed records live.
    :param keys: the key ring; its first key seals.
    :param clock: seconds since the epoch.
    """

    def __init__(self, store: TokenStore, keys: KeyRing, *, clock: Callable[[], float] = time.time) -> None:
        self.store = store
        self.keys = keys
        self._clock = clock

    def load(self, key: RecordKey) -> Held | None:
        """The token of a record, or ``None``.

        :raises StoreError: the store does not answer, or (``store_sealed``) the record does not open.
        """
        record = self.store.load(key)
        return self._open(record) if record is not None else None

    def save(self, key: RecordKey, token: Token, *, lease: Lease | None = None) -> None:
        """Write a token; with a lease only if nobody else has written meanwhile (see :meth:`.TokenStore.save`)."""
        # A token that can be refreshed never becomes useless by itself; one that cannot does when it expires.
        expires_at = None if token.refresh_token else token.expires_at
        self.store.save(key, self._seal(key, token), expires_at=expires_at, lease=lease)

    def delete(self, key: RecordKey, *, lease: Lease | None = None) -> bool:
        """Remove a record; whether there was one."""
        return self.store.delete(key, lease=lease)

    def acquire(self, key: RecordKey, *, seconds: float) -> tuple[Lease, Held | None] | None:
        """The lease of a record together with its token of that moment; ``None`` while another holds the lease."""
        lease = self.store.acquire(key, seconds=seconds)
        if lease is None:
            return None
        try:
            return lease, self._open(lease.record) if lease.record is not None else None
        except StoreError:
            self.store.release(lease)
            raise

    def list(
        self, *, remote_app: str | None = None, owner: str | None = None, after: str | None = None, limit: int = 1000
    ) -> tuple[tuple[TokenInfo, ...], str | None]:
        """What may be shown of some records, and where to go on (``None``: that was all)."""
        page = self.store.keys(remote_app=remote_app, owner=owner, after=after, limit=limit)
        return tuple(self._describe(record) for record in page.records), page.after

    def describe(self, key: RecordKey) -> TokenInfo | None:
        """What may be shown of one record."""
        record = self.store.load(key)
        return self._describe(record) if record is not None else None

    def rekey(self, *, after: str | None = None, limit: int = 500) -> Iterator[RekeyStep]:
        """Seal every record with the current key, batch by batch, while the application runs.

        A record that is written meanwhile is not overwritten.  Can be stopped at any time and resumed with the
        ``after`` of the last step, or simply started again: what is sealed with the current key is skipped.
        """
        while True:
            page = self.store.keys(after=after, limit=limit)
            outcomes = [(record.key, self._reseal(record)) for record in page.records]
            unopened = tuple(key for key, rewritten in outcomes if rewritten is None)
            yield RekeyStep(len(outcomes), sum(bool(done) for _, done in outcomes), unopened, page.after)
            after = page.after
            if after is None:
                return

    def prune(self, *, expired_for: float = 0.0) -> int:
        """Remove records whose token expired so many seconds ago and cannot be refreshed; how many there were."""
        return self.store.prune(expired_for=expired_for)

    def _seal(self, key: RecordKey, token: Token) -> bytes:
        written = {"at": self._clock(), "token": token.to_dict()}
        return self.keys.seal(json.dumps(written, separators=(",", ":")).encode(), key.associated())

    def _open(self, record: Record) -> Held:
        written = json.loads(self.keys.open(record.sealed, record.key.associated()).decode())
        return Held(Token.from_dict(written["token"]), written["at"])

    def _describe(self, record: Record) -> TokenInfo:
        sealed_with = "current" if self.keys.is_current(record.sealed) else "older"
        try:
            held = self._open(record)
        except StoreError:
            return TokenInfo(record.key, False, sealed_with)
        token = held.token
        return TokenInfo(
            record.key,
            True,
            sealed_with,
            token_type=token.token_type,
            scope=token.scope,
            expires_at=token.expires_at,
            refreshable=bool(token.refresh_token),
            saved_at=held.saved_at,
        )

    def _reseal(self, record: Record | None) -> bool | None:
        """Whether this call has sealed the record anew; ``None`` if it does not open."""
        for _ in range(_SWAP_TRIES):
            if record is None or self.keys.is_current(record.sealed):
                return False
            associated = record.key.associated()
            try:
                sealed = self.keys.seal(self.keys.open(record.sealed, associated), associated)
                self.store.save(record.key, sealed, expires_at=record.expires_at, version=record.version)
            except StoreError as error:
                if error.code == "store_sealed":
                    return None
                if error.code != "store_lease_lost":
                    raise
                record = self.store.load(record.key)
            else:
                return True
        return False
