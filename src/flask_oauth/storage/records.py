"""What a token store holds and how it is spoken to: the contract that every store keeps.

A store sees sealed bytes only; sealing is the business of :mod:`.encryption`, and joining both that of
``client/token_keeper.py``.  Rules that every store must keep (one contract suite runs against each of them):

* A write is whole or not at all, and gets a new :attr:`Record.version`.
* A lease is measured by the clock of the store, so workers whose clocks disagree still agree about it.
* A writer that holds a lease never overwrites what was written after that lease was handed out.
* A mark set by ``add_mark`` is set by one caller only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from ..errors import ConfigurationError

_LIMITS = {"remote_app": 255, "issuer": 1024, "owner": 512, "label": 255}

OWNER_BYTES = 9
"""How many of the leading bytes of :attr:`RecordKey.id` speak of the owner alone."""


@dataclass(frozen=True, slots=True)
class RecordKey:
    """Whose token of which provider: the name of one record.

    :param remote_app: the name of the remote app, at most 255 characters.
    :param issuer: the issuer (or another name of the provider), at most 1024 characters.
    :param owner: the application's user, at most 512 characters; empty for the application's own tokens.
    :param label: tells several accounts of one owner at one provider apart, at most 255 characters.
    :raises ConfigurationError: a part is no text, too long, or holds a NUL character or half a surrogate pair.
    """

    remote_app: str
    issuer: str
    owner: str
    label: str = ""

    def __post_init__(self) -> None:
        for name, limit in _LIMITS.items():
            part = getattr(self, name)
            if not isinstance(part, str):
                raise ConfigurationError(f"{name} of a token record must be text.", expected="str", got=type(part))
            if len(part) > limit or "\0" in part or not (part.isascii() or _encodable(part)):
                raise ConfigurationError(
                    f"{name} of a token record is too long or not clean text.",
                    expected=f"at most {limit} characters, none of them NUL",
                    got=f"{len(part)} characters",
                )

    def associated(self) -> bytes:
        """The key as bytes that no other key has; bound into the seal, so that a row copied elsewhere does not open."""
        return "\0".join((self.remote_app, self.issuer, self.owner, self.label)).encode()

    @classmethod
    def from_associated(cls, value: bytes) -> RecordKey:
        """The key that :meth:`associated` wrote."""
        return cls(*value.decode().split("\0"))

    @property
    def id(self) -> bytes:
        """24 bytes: 9 of a hash of the owner, then 15 of a hash of the whole key.

        Records of one owner so stand side by side, and can be listed without a second index.  A hash, because some
        databases compare text without regard to letter case.
        """
        return owner_prefix(self.owner) + hashlib.sha256(self.associated()).digest()[:15]


def owner_prefix(owner: str) -> bytes:
    """The bytes with which the ids of all records of an owner begin (rarely also those of another owner)."""
    return hashlib.sha256(owner.encode()).digest()[:OWNER_BYTES]


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Record:
    """One record as the store holds it.

    :param key: its name.
    :param sealed: the sealed token.
    :param version: changes with every write; only equality means something.
    :param expires_at: after this time (seconds since the epoch) the record is of no use and may be pruned;
        ``None``: keep it.
    """

    key: RecordKey
    sealed: bytes = field(repr=False)
    version: int
    expires_at: float | None = None


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write a record for some seconds.

    :param key: the record.
    :param holder: a random name of this lease.
    :param fence: counts the leases of a record; a later lease has a higher number.
    :param record: the record as it was when the lease was handed out; ``None`` if there was none.
    """

    key: RecordKey
    holder: str = field(repr=False)
    fence: int
    record: Record | None = None

    @property
    def version(self) -> int:
        """The version of the record when the lease was handed out; 0 if there was no record."""
        return self.record.version if self.record else 0


@dataclass(frozen=True, slots=True)
class Page:
    """Some records out of many; iterating gives their keys.

    :param records: the records of this page, in the order of the store.
    :param after: give this back to get the next page; ``None`` after the last one.
    """

    records: tuple[Record, ...]
    after: str | None = None

    def __iter__(self) -> Iterator[RecordKey]:
        return (record.key for record in self.records)

    def __len__(self) -> int:
        return len(self.records)


@runtime_checkable
class TokenStore(Protocol):
    """Where records live.  Every method may raise :class:`~flask_oauth.errors.StoreError`.

    Codes: ``store_failed`` (no answer), ``store_schema`` (no tables), ``store_lease_lost`` (:meth:`save` only).
    A store can be used by many threads at once and after a fork.
    """

    def create_schema(self) -> None:
        """Make what the store needs (tables); does nothing where it is there already or none is needed."""
        ...

    def load(self, key: RecordKey) -> Record | None:
        """The record, or ``None``."""
        ...

    def save(
        self,
        key: RecordKey,
        sealed: bytes,
        *,
        expires_at: float | None = None,
        lease: Lease | None = None,
        version: int | None = None,
    ) -> Record:
        """Write the record.

        Without ``lease`` and ``version`` it is written in any case, and every lease on it becomes void: a new
        sign-in wins over a refresh that is under way.

        :param lease: write only if this lease still is the newest, or nobody has written since it was handed out;
            the lease ends with the write.  So an answer that comes after the lease ran out is still kept, unless
            another worker has written meanwhile.  (For a record that did not exist: while the lease lasts.)
        :param version: write only if the record still has this version (compare and swap); leases stay.
        :raises StoreError: ``store_lease_lost``, the condition does not hold (also: the record was deleted).
        """
        ...

    def delete(self, key: RecordKey, *, lease: Lease | None = None) -> bool:
        """Remove the record and void its leases; with ``lease`` under the same condition as :meth:`save`.

        :return: whether a record was removed.
        """
        ...

    def acquire(self, key: RecordKey, *, seconds: float) -> Lease | None:
        """Ask for the lease of a record (which need not exist); ``None`` while another holder has it.

        :param seconds: when the lease ends by itself, by the clock of the store.
        """
        ...

    def extend(self, lease: Lease, *, seconds: float) -> bool:
        """Let a lease end so many seconds from now; whether it still was the newest (else nothing happens)."""
        ...

    def release(self, lease: Lease) -> None:
        """End a lease early; does nothing if it is not the newest."""
        ...

    def keys(
        self, *, remote_app: str | None = None, owner: str | None = None, after: str | None = None, limit: int = 1000
    ) -> Page:
        """Some of the records; over all pages each one that stays is seen at least once (Redis may show one twice).

        :param remote_app: only those of this remote app.
        :param owner: only those of this owner; quick in every store.
        :param after: :attr:`Page.after` of the page before.
        :param limit: about how many a page may hold.
        """
        ...

    def prune(self, *, expired_for: float = 0.0) -> int:
        """Remove records that expired so many seconds ago, run-out marks and left-over leases.

        :return: how many records were removed.
        """
        ...

    def add_mark(self, name: str, value: str = "", *, seconds: float) -> bool:
        """Set a mark that lives so many seconds, only if it is absent.

        :return: whether this call has set it.
        """
        ...

    def put_mark(self, name: str, value: str = "", *, seconds: float) -> None:
        """Set a mark that lives so many seconds, replacing one that is there."""
        ...

    def get_mark(self, name: str) -> str | None:
        """The value of a mark that still lives, or ``None``."""
        ...
