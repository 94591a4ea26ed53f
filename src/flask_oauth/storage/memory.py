"""A token store in the memory of this process: for development and tests, and to show the contract at its simplest."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import StoreError
from .records import Lease, Page, Record, RecordKey

#: How many marks may gather before those that have ended are thrown out.
_FIRST_SWEEP = 1000


@dataclass(slots=True)
class _Slot:
    record: Record | None = None
    holder: str | None = None
    fence: int = 0
    lease_ends: float = 0.0


class MemoryTokenStore:
    """Keeps sealed records in a dictionary.  Nothing survives the process, and no other process sees it.

    :param clock: seconds that only go forward; the store's own clock.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, wall_clock: Callable[[], float] = time.time):
        self._clock = clock
        self._wall_clock = wall_clock
        self._lock = threading.Lock()
        self._slots: dict[RecordKey, _Slot] = {}
        self._marks: dict[str, tuple[str, float]] = {}
        self._sweep_at = _FIRST_SWEEP

    def create_schema(self) -> None:
        """Nothing to make."""

    def load(self, key: RecordKey) -> Record | None:
        slot = self._slots.get(key)
        return slot.record if slot else None

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
        with self._lock:
            slot = self._slots.setdefault(key, _Slot())
            if not _may_write(slot, lease, version):
                raise lease_lost()
            slot.record = record
            if version is None and (lease is None or slot.holder == lease.holder):
                slot.holder = None
        return record

    def delete(self, key: RecordKey, *, lease: Lease | None = None) -> bool:
        with self._lock:
            slot = self._slots.get(key)
            if slot is None or not _may_write(slot, lease, None):
                return False
            del self._slots[key]
            return slot.record is not None

    def acquire(self, key: RecordKey, *, seconds: float) -> Lease | None:
        with self._lock:
            slot = self._slots.setdefault(key, _Slot())
            if slot.holder is not None and self._clock() < slot.lease_ends:
                return None
            slot.holder, slot.fence = secrets.token_hex(16), slot.fence + 1
            slot.lease_ends = self._clock() + seconds
            return Lease(key, slot.holder, slot.fence, slot.record)

    def extend(self, lease: Lease, *, seconds: float) -> bool:
        with self._lock:
            slot = self._slots.get(lease.key)
            if slot is None or slot.holder != lease.holder:
                return False
            slot.lease_ends = self._clock() + seconds
            return True

    def release(self, lease: Lease) -> None:
        with self._lock:
            slot = self._slots.get(lease.key)
            if slot is not None and slot.holder == lease.holder:
                slot.holder = None

    def keys(
        self, *, remote_app: str | None = None, owner: str | None = None, after: str | None = None, limit: int = 1000
    ) -> Page:
        with self._lock:
            records = [slot.record for slot in self._slots.values() if slot.record]
        wanted = (
            record
            for record in sorted(records, key=lambda record: record.key.id)
            if remote_app in (None, record.key.remote_app)
            and owner in (None, record.key.owner)
            and (after is None or record.key.id.hex() > after)
        )
        page = [record for record, _ in zip(wanted, range(limit), strict=False)]
        return Page(tuple(page), page[-1].key.id.hex() if len(page) == limit else None)

    def prune(self, *, expired_for: float = 0.0) -> int:
        before = self._wall_clock() - expired_for
        with self._lock:
            self._sweep()
            spent = [
                key
                for key, slot in self._slots.items()
                if (slot.record and slot.record.expires_at is not None and slot.record.expires_at < before)
                or (slot.record is None and slot.lease_ends < self._clock())
            ]
            removed = [self._slots.pop(key) for key in spent]
        return sum(slot.record is not None for slot in removed)

    def add_mark(self, name: str, value: str = "", *, seconds: float) -> bool:
        with self._lock:
            if self._live_mark(name) is not None:
                return False
            self._put(name, value, seconds)
            return True

    def put_mark(self, name: str, value: str = "", *, seconds: float) -> None:
        with self._lock:
            self._put(name, value, seconds)

    def get_mark(self, name: str) -> str | None:
        with self._lock:
            return self._live_mark(name)

    def _put(self, name: str, value: str, seconds: float) -> None:
        # Nobody may ever call prune(): where there is no token store, the application has none to prune.
        if len(self._marks) >= self._sweep_at:
            self._sweep()
        self._marks[name] = (value, self._clock() + seconds)

    def _sweep(self) -> None:
        now = self._clock()
        self._marks = {name: mark for name, mark in self._marks.items() if mark[1] > now}
        self._sweep_at = max(_FIRST_SWEEP, 2 * len(self._marks))

    def _live_mark(self, name: str) -> str | None:
        value, ends = self._marks.get(name, ("", 0.0))
        return value if ends > self._clock() else None

    def __repr__(self) -> str:
        return f"<MemoryTokenStore with {len(self._slots)} records>"


def new_version() -> int:
    """A random version: unlike a counter it never comes again after a record was deleted and made anew."""
    return secrets.randbits(62) | 1


def lease_lost() -> StoreError:
    """The error of a write whose condition does not hold."""
    return StoreError("The record was written or deleted by another worker meanwhile.", code="store_lease_lost")


def _may_write(slot: _Slot, lease: Lease | None, version: int | None) -> bool:
    current = slot.record.version if slot.record else 0
    if lease is not None:
        return slot.holder == lease.holder or (slot.record is not None and current == lease.version)
    return version is None or current == version
