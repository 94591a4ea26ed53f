"""One suite for every store: what `flask_oauth.storage.records` promises, with real servers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest

from flask_oauth.errors import StoreError
from flask_oauth.storage import Lease, Record, RecordKey, TokenStore

T = TypeVar("T")


def acquire(store: TokenStore, key: RecordKey, seconds: float = 30) -> Lease:
    lease = store.acquire(key, seconds=seconds)
    assert lease is not None
    return lease


def save_is_lost(store: TokenStore, key: RecordKey, **condition: object) -> bool:
    with pytest.raises(StoreError) as caught:
        store.save(key, b"late", **condition)  # type: ignore[arg-type]
    return caught.value.code == "store_lease_lost"


def all_records(store: TokenStore, **filters: str) -> list[Record]:
    found: list[Record] = []
    after = None
    while True:
        page = store.keys(**filters, after=after, limit=7)  # type: ignore[arg-type]
        found += page.records
        after = page.after
        if after is None:
            return found


def test_is_a_token_store(store: TokenStore) -> None:
    assert isinstance(store, TokenStore)


def test_create_schema_can_be_repeated(store: TokenStore) -> None:
    store.create_schema()
    store.create_schema()


def test_nothing_is_there_at_first(store: TokenStore, key: RecordKey) -> None:
    assert store.load(key) is None
    assert store.delete(key) is False


@pytest.mark.parametrize("sealed", [b"", b"\x00\xff'\"\\%s\n" * 9, bytes(range(256)) * 300])
def test_load_gives_what_was_saved(store: TokenStore, key: RecordKey, sealed: bytes) -> None:
    saved = store.save(key, sealed, expires_at=1_700_000_000.25)
    assert store.load(key) == saved == Record(key, sealed, saved.version, 1_700_000_000.25)


def test_each_write_has_another_version(store: TokenStore, key: RecordKey) -> None:
    versions = {store.save(key, b"x").version for _ in range(3)}
    assert len(versions) == 3
    assert store.load(key) is not None


def test_a_later_write_replaces_all(store: TokenStore, key: RecordKey) -> None:
    store.save(key, b"first", expires_at=1.0)
    second = store.save(key, b"second")
    assert store.load(key) == Record(key, b"second", second.version, None)


@pytest.mark.parametrize(
    "other",
    [
        lambda key: RecordKey(key.remote_app.upper(), key.issuer, key.owner, key.label),
        lambda key: RecordKey(key.remote_app, key.issuer.upper(), key.owner, key.label),
        lambda key: RecordKey(key.remote_app, key.issuer, key.owner.upper(), key.label),
        lambda key: RecordKey(key.remote_app, key.issuer, key.owner, "Work"),
        lambda key: RecordKey(key.remote_app, key.issuer, key.owner, "work "),
        lambda key: RecordKey(key.remote_app, key.issuer, key.owner + key.label, ""),
        lambda key: RecordKey(key.issuer, key.remote_app, key.owner, key.label),
    ],
)
def test_keys_that_look_alike_are_apart(
    store: TokenStore, key: RecordKey, other: Callable[[RecordKey], RecordKey]
) -> None:
    store.save(key, b"mine")
    assert store.load(other(key)) is None
    store.save(other(key), b"theirs")
    mine = store.load(key)
    assert mine is not None
    assert mine.sealed == b"mine"
    assert [record.sealed for record in all_records(store, owner=key.owner, remote_app=key.remote_app)].count(
        b"mine"
    ) == 1
    store.delete(other(key))
    assert store.load(key) == mine


def test_any_text_is_a_name(store: TokenStore, name: str) -> None:
    key = RecordKey(f"{name} é", "https://пример.example/?a=%s&b={}", "Ωwner 🙂 {x}:y *?[z]' \" \\", "Etikett\n")
    saved = store.save(key, b"x")
    assert store.load(key) == saved
    assert all_records(store, remote_app=key.remote_app) == [saved]
    assert saved in all_records(store, owner=key.owner)


def test_the_longest_names_fit(store: TokenStore, name: str) -> None:
    key = RecordKey((name * 8)[:255], "https://" + "i" * 1016, (name + "ü" * 512)[:512], "l" * 255)
    saved = store.save(key, b"x")
    assert store.load(key) == saved
    assert all_records(store, owner=key.owner) == [saved]


def test_deleted_is_gone(store: TokenStore, key: RecordKey) -> None:
    store.save(key, b"x")
    assert store.delete(key) is True
    assert store.load(key) is None
    assert all_records(store, owner=key.owner) == []


# Leases


def test_a_lease_is_held_by_one(store: TokenStore, key: RecordKey) -> None:
    saved = store.save(key, b"x")
    lease = acquire(store, key)
    assert lease.record == saved
    assert store.acquire(key, seconds=30) is None
    store.release(lease)
    assert acquire(store, key).fence > lease.fence


def test_a_lease_ends_by_itself(store: TokenStore, key: RecordKey) -> None:
    store.save(key, b"x")
    first = acquire(store, key, seconds=0.5)
    assert store.acquire(key, seconds=30) is None
    time.sleep(0.55)
    assert acquire(store, key).fence > first.fence


@pytest.mark.parametrize("jump", [3600, -3600])
def test_a_lease_does_not_depend_on_the_clock_of_the_worker(
    store: TokenStore, key: RecordKey, jump: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.save(key, b"x")
    lease = acquire(store, key, seconds=5)
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + jump)
    assert store.acquire(key, seconds=30) is None
    store.save(key, b"y", lease=lease)
    second = acquire(store, key, seconds=0.1)
    monkeypatch.undo()
    time.sleep(0.15)
    assert acquire(store, key).fence > second.fence


def test_one_of_many_threads_gets_the_lease(store: TokenStore, key: RecordKey) -> None:
    store.save(key, b"x")
    assert sum(lease is not None for lease in together(8, lambda: store.acquire(key, seconds=30))) == 1


def test_one_of_many_threads_gets_the_lease_of_what_is_not_there(store: TokenStore, key: RecordKey) -> None:
    leases = together(8, lambda: store.acquire(key, seconds=30))
    (lease,) = (lease for lease in leases if lease is not None)
    assert lease.record is None
    assert store.load(key) is None
    assert all_records(store, owner=key.owner) == []
    assert store.delete(key) is False


def test_leases_of_different_records_do_not_meet(store: TokenStore, key: RecordKey) -> None:
    acquire(store, key)
    acquire(store, RecordKey(key.remote_app, key.issuer, key.owner, "other"))


def test_saving_with_a_lease_ends_it(store: TokenStore, key: RecordKey) -> None:
    store.save(key, b"old")
    saved = store.save(key, b"new", lease=acquire(store, key))
    assert store.load(key) == saved
    acquire(store, key)


def test_the_first_save_can_be_leased(store: TokenStore, key: RecordKey) -> None:
    saved = store.save(key, b"first", lease=acquire(store, key))
    assert store.load(key) == saved
    assert all_records(store, owner=key.owner) == [saved]


def test_a_late_writer_does_not_overwrite(store: TokenStore, key: RecordKey) -> None:
    store.save(key, b"old")
    late = acquire(store, key, seconds=0.05)
    time.sleep(0.1)
    newer = store.save(key, b"newer", lease=acquire(store, key))
    assert save_is_lost(store, key, lease=late)
    assert store.load(key) == newer


def test_a_late_writer_is_kept_if_nobody_has_written(store: TokenStore, key: RecordKey) -> None:
    store.save(key, b"old")
    late = acquire(store, key, seconds=0.05)
    time.sleep(0.1)
    in_between = acquire(store, key)
    store.save(key, b"late", lease=late)
    # and the newer lease still is one: others stay out, its holder can write
    assert store.acquire(key, seconds=30) is None
    newest = store.save(key, b"newest", lease=in_between)
    assert store.load(key) == newest


def test_a_sign_in_wins_over_a_refresh_under_way(store: TokenStore, key: RecordKey) -> None:
    store.save(key, b"old")
    lease = acquire(store, key)
    signed_in = store.save(key, b"signed in again")
    assert save_is_lost(store, key, lease=lease)
    assert store.delete(key, lease=lease) is False
    assert store.load(key) == signed_in


def test_a_deleted_record_does_not_come_back(store: TokenStore, key: RecordKey) -> None:
    store.save(key, b"old")
    lease = acquire(store, key)
    store.delete(key)
    assert save_is_lost(store, key, lease=lease)
    assert store.load(key) is None
    signed_in = store.save(key, b"signed in again")
    assert save_is_lost(store, key, lease=lease)
    assert store.load(key) == signed_in


def test_delete_with_a_lease(store: TokenStore, key: RecordKey) -> None:
    store.save(key, b"old")
    assert store.delete(key, lease=acquire(store, key)) is True
    assert store.load(key) is None


def test_an_old_release_does_not_end_a_newer_lease(store: TokenStore, key: RecordKey) -> None:
    store.save(key, b"x")
    old = acquire(store, key, seconds=0.05)
    time.sleep(0.1)
    acquire(store, key)
    store.release(old)
    assert store.acquire(key, seconds=30) is None


def test_a_lease_can_be_extended(store: TokenStore, key: RecordKey) -> None:
    store.save(key, b"x")
    lease = acquire(store, key, seconds=0.5)
    assert store.extend(lease, seconds=30) is True
    time.sleep(0.55)
    assert store.acquire(key, seconds=30) is None
    assert store.extend(lease, seconds=0.05) is True
    time.sleep(0.1)
    newer = acquire(store, key)
    assert store.extend(lease, seconds=30) is False
    assert store.extend(newer, seconds=30) is True
    store.release(newer)
    assert store.extend(newer, seconds=30) is False
    acquire(store, key)


def test_compare_and_swap(store: TokenStore, key: RecordKey) -> None:
    first = store.save(key, b"first", expires_at=5.0)
    lease = acquire(store, key)
    second = store.save(key, b"second", expires_at=5.0, version=first.version)
    assert save_is_lost(store, key, version=first.version)
    assert store.load(key) == second
    # it leaves leases alone
    assert store.acquire(key, seconds=30) is None
    third = store.save(key, b"third", lease=lease)
    assert store.load(key) == third
    store.delete(key)
    assert save_is_lost(store, key, version=third.version)
    assert store.load(key) is None


def test_saves_from_many_threads_leave_one_whole_record(store: TokenStore, key: RecordKey) -> None:
    saved = together(8, lambda: store.save(key, str(threading.get_ident()).encode() * 50))
    assert store.load(key) in saved
    assert len(all_records(store, owner=key.owner)) == 1


# Lists


def test_pages_hold_every_record_once(store: TokenStore, name: str) -> None:
    keys = [RecordKey(name, "https://id.example", f"{name}-{number % 5}", str(number)) for number in range(40)]
    for one in keys:
        store.save(one, b"x")
    found = [record.key for record in all_records(store, remote_app=name)]
    assert sorted(found, key=repr) == sorted(keys, key=repr)
    mine = [record.key for record in all_records(store, owner=f"{name}-3")]
    assert sorted(mine, key=repr) == sorted((one for one in keys if one.owner == f"{name}-3"), key=repr)
    assert all_records(store, owner=f"{name}-3", remote_app="another") == []
    assert all_records(store, owner=f"{name}-9") == []


def test_a_page_gives_keys(store: TokenStore, key: RecordKey) -> None:
    store.save(key, b"x")
    page = store.keys(owner=key.owner)
    assert list(page) == [key]
    assert len(page) == 1
    assert page.after is None


# Pruning: times far from now, as the clock is the store's


def test_prune_removes_what_expired(store: TokenStore, name: str) -> None:
    now = time.time()
    keys = {what: RecordKey(name, "i", name, what) for what in ("old", "recent", "future", "forever")}
    for what, expires_at in {"old": now - 7200, "recent": now - 600, "future": now + 600, "forever": None}.items():
        store.save(keys[what], b"x", expires_at=expires_at)
    assert store.prune(expired_for=3600) >= 1
    assert {record.key.label for record in all_records(store, owner=name)} == {"recent", "future", "forever"}
    assert store.prune() >= 1
    assert {record.key.label for record in all_records(store, owner=name)} == {"future", "forever"}
    assert store.prune() == 0


def test_prune_leaves_leases_that_are_held(store: TokenStore, key: RecordKey) -> None:
    lease = acquire(store, key)
    store.prune()
    assert store.acquire(key, seconds=30) is None
    store.save(key, b"x", lease=lease)


def test_prune_clears_left_over_leases_and_marks(store: TokenStore, key: RecordKey, name: str) -> None:
    acquire(store, key, seconds=0.05)
    store.put_mark(name, "x", seconds=0.05)
    time.sleep(0.1)
    assert store.prune() == 0
    assert acquire(store, key).record is None
    assert store.get_mark(name) is None


# Marks


def test_a_mark_is_set_once(store: TokenStore, name: str) -> None:
    assert store.get_mark(name) is None
    assert sum(together(8, lambda: store.add_mark(name, "é🙂", seconds=30))) == 1
    assert store.get_mark(name) == "é🙂"
    assert store.add_mark(name, "other", seconds=30) is False
    assert store.get_mark(name) == "é🙂"
    assert store.get_mark(name + "x") is None


def test_a_mark_ends_by_itself(store: TokenStore, name: str) -> None:
    assert store.add_mark(name, seconds=0.1)
    time.sleep(0.15)
    assert store.get_mark(name) is None
    assert store.add_mark(name, "again", seconds=30)
    assert store.get_mark(name) == "again"


def test_put_mark_replaces(store: TokenStore, name: str) -> None:
    store.put_mark(name, "first", seconds=0.1)
    store.put_mark(name, "second", seconds=30)
    time.sleep(0.15)
    assert store.get_mark(name) == "second"


def test_repr_tells_no_address(store: TokenStore) -> None:
    assert not any(word in repr(store) for word in ("127.0.0.1", "localhost", "/tmp", "root", "postgres:"))


def together(count: int, work: Callable[[], T]) -> list[T]:
    """Call from so many threads at the same moment."""
    barrier = threading.Barrier(count)

    def start() -> T:
        barrier.wait()
        return work()

    with ThreadPoolExecutor(count) as pool:
        return [future.result() for future in [pool.submit(start) for _ in range(count)]]
