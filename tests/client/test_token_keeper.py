"""The token keeper: sealing tokens into a store, showing nothing of them, and changing keys while work goes on."""

from __future__ import annotations

import pytest

from flask_oauth.client.token_keeper import Held, RekeyStep, TokenInfo, TokenKeeper
from flask_oauth.error_codes import ErrorCode
from flask_oauth.errors import StoreError
from flask_oauth.protocol.token import Token
from flask_oauth.storage import KeyRing, Lease, MemoryTokenStore, Record, RecordKey

OLD, NEW = KeyRing.new_key(), KeyRing.new_key()
KEY = RecordKey("corp", "https://id.example", "alice")
TOKEN = Token(
    "access-ä",
    refresh_token="refresh",
    expires_at=2000.5,
    scope="a b",
    id_token="e30.e30.e30",
    extra={"team": {"id": 7}, "list": [1, None, True]},
)


def keeper(*keys: str, store: MemoryTokenStore | None = None) -> TokenKeeper:
    return TokenKeeper(store or MemoryTokenStore(), KeyRing(keys or [NEW]), clock=lambda: 1000.0)


@pytest.mark.parametrize("token", [TOKEN, Token("a"), Token("t", token_secret="s", token_type="OAuth1")])
def test_load_gives_what_was_saved(token: Token) -> None:
    kept = keeper()
    assert kept.load(KEY) is None
    kept.save(KEY, token)
    assert kept.load(KEY) == Held(token, 1000.0)
    assert kept.delete(KEY)
    assert kept.load(KEY) is None


def test_the_store_sees_sealed_bytes_only() -> None:
    kept = keeper()
    kept.save(KEY, TOKEN)
    record = kept.store.load(KEY)
    assert record is not None
    assert not any(part in record.sealed for part in (b"access", b"refresh", b"a b", b"token"))


def test_a_copied_row_does_not_open() -> None:
    kept = keeper()
    kept.save(KEY, TOKEN)
    record = kept.store.load(KEY)
    assert record is not None
    mallory = RecordKey("corp", "https://id.example", "mallory")
    kept.store.save(mallory, record.sealed)
    with pytest.raises(StoreError) as caught:
        kept.load(mallory)
    assert caught.value.code == "store_sealed"
    assert kept.acquire(KEY, seconds=9) is not None


def test_acquire_gives_lease_and_token_and_no_lease_if_it_does_not_open() -> None:
    store = MemoryTokenStore()
    keeper(OLD, store=store).save(KEY, TOKEN)
    with pytest.raises(StoreError) as caught:
        keeper(NEW, store=store).acquire(KEY, seconds=9)
    assert caught.value.code == "store_sealed"
    acquired = keeper(OLD, store=store).acquire(KEY, seconds=9)
    assert acquired is not None
    assert acquired[1] == Held(TOKEN, 1000.0)
    assert keeper(OLD, store=store).acquire(KEY, seconds=9) is None


def test_only_tokens_that_cannot_be_refreshed_expire() -> None:
    kept = keeper()
    for token, expires_at in ((TOKEN, None), (Token("a", expires_at=5.0), 5.0), (Token("a"), None)):
        kept.save(KEY, token)
        record = kept.store.load(KEY)
        assert record is not None
        assert record.expires_at == expires_at


def test_prune_removes_spent_tokens() -> None:
    kept = keeper()
    kept.save(KEY, Token("a", expires_at=5.0))
    kept.save(RecordKey("corp", "https://id.example", "bob"), TOKEN)
    assert kept.prune(expired_for=3600) == 1
    assert [info.key.owner for info in kept.list()[0]] == ["bob"]


def test_list_and_describe_show_no_token() -> None:
    store = MemoryTokenStore()
    keeper(OLD, store=store).save(KEY, TOKEN)
    other = RecordKey("corp", "https://id.example", "bob")
    keeper(NEW, store=store).save(other, Token("access2"))
    kept = keeper(NEW, OLD, store=store)
    infos, after = kept.list()
    assert after is None
    assert {info.key.owner: info for info in infos} == {
        "alice": TokenInfo(KEY, True, "older", "Bearer", "a b", 2000.5, True, 1000.0),
        "bob": TokenInfo(other, True, "current", "Bearer", "", None, False, 1000.0),
    }
    assert kept.describe(KEY) in infos
    assert kept.describe(RecordKey("corp", "i", "nobody")) is None
    assert keeper(NEW, store=store).describe(KEY) == TokenInfo(KEY, False, "older")
    assert not any(secret in repr(infos) for secret in ("access", "refresh'", "e30"))
    assert [info.key for info in kept.list(owner="bob", remote_app="corp")[0]] == [other]
    first, after = kept.list(limit=1)
    assert len(first) == 1
    assert {info.key for info in first + kept.list(after=after)[0]} == {KEY, other}


def many(store: MemoryTokenStore, ring: str, count: int) -> list[RecordKey]:
    keys = [RecordKey("corp", "https://id.example", f"user-{number}") for number in range(count)]
    for key in keys:
        keeper(ring, store=store).save(key, Token(f"access-{key.owner}"))
    return keys


def test_rekey_in_batches() -> None:
    store = MemoryTokenStore()
    keys = many(store, OLD, 25)
    steps = list(keeper(NEW, OLD, store=store).rekey(limit=10))
    assert [(step.seen, step.rewritten, step.unopened) for step in steps] == [(10, 10, ()), (10, 10, ()), (5, 5, ())]
    now = keeper(NEW, store=store)
    assert [held.token.access_token for held in map(now.load, keys) if held] == [f"access-{key.owner}" for key in keys]
    assert [step.rewritten for step in now.rekey()] == [0]


def test_rekey_can_be_resumed() -> None:
    store = MemoryTokenStore()
    many(store, OLD, 25)
    first = next(keeper(NEW, OLD, store=store).rekey(limit=10))
    rest = list(keeper(NEW, OLD, store=store).rekey(after=first.after, limit=10))
    assert sum(step.rewritten for step in rest) == 15
    assert all(info.sealed_with == "current" for info in keeper(NEW, store=store).list()[0])


def test_rekey_leaves_what_does_not_open() -> None:
    store = MemoryTokenStore()
    many(store, OLD, 2)
    lost = RecordKey("corp", "https://id.example", "lost")
    keeper(KeyRing.new_key(), store=store).save(lost, TOKEN)
    before = store.load(lost)
    (step,) = keeper(NEW, OLD, store=store).rekey()
    assert step == RekeyStep(3, 2, (lost,), None)
    assert store.load(lost) == before


def test_rekey_does_not_overwrite_what_is_written_meanwhile() -> None:
    class Busy(MemoryTokenStore):
        """Another worker saves just before each compare-and-swap."""

        writes = 0

        def save(
            self,
            key: RecordKey,
            sealed: bytes,
            *,
            expires_at: float | None = None,
            lease: Lease | None = None,
            version: int | None = None,
        ) -> Record:
            if version is not None and self.writes < 2:
                self.writes += 1
                keeper(OLD, store=self).save(key, Token(f"newer-{self.writes}"))
            return super().save(key, sealed, expires_at=expires_at, lease=lease, version=version)

    store = Busy()
    keeper(OLD, store=store).save(KEY, TOKEN)
    (step,) = keeper(NEW, OLD, store=store).rekey()
    assert step.rewritten == 1
    held = keeper(NEW, store=store).load(KEY)
    assert held is not None
    assert held.token.access_token == "newer-2"


def test_rekey_goes_on_when_a_record_was_deleted_meanwhile() -> None:
    class Busy(MemoryTokenStore):
        def save(
            self,
            key: RecordKey,
            sealed: bytes,
            *,
            expires_at: float | None = None,
            lease: Lease | None = None,
            version: int | None = None,
        ) -> Record:
            if version is not None:
                self.delete(key)
            return super().save(key, sealed, expires_at=expires_at, lease=lease, version=version)

    store = Busy()
    keeper(OLD, store=store).save(KEY, TOKEN)
    (step,) = keeper(NEW, OLD, store=store).rekey()
    assert step == RekeyStep(1, 0, (), None)
    assert store.load(KEY) is None


def test_rekey_keeps_a_refresh_under_way() -> None:
    store = MemoryTokenStore()
    kept = keeper(OLD, store=store)
    kept.save(KEY, TOKEN)
    acquired = kept.acquire(KEY, seconds=9)
    assert acquired is not None
    list(keeper(NEW, OLD, store=store).rekey())
    kept.save(KEY, Token("refreshed"), lease=acquired[0])
    held = kept.load(KEY)
    assert held is not None
    assert held.token.access_token == "refreshed"


def failing_save(code: ErrorCode) -> type[MemoryTokenStore]:
    class Failing(MemoryTokenStore):
        def save(
            self,
            key: RecordKey,
            sealed: bytes,
            *,
            expires_at: float | None = None,
            lease: Lease | None = None,
            version: int | None = None,
        ) -> Record:
            if version is not None:
                raise StoreError("no", code=code)
            return super().save(key, sealed, expires_at=expires_at, lease=lease, version=version)

    return Failing


def test_rekey_stops_when_the_store_is_away() -> None:
    store = failing_save("store_failed")()
    keeper(OLD, store=store).save(KEY, TOKEN)
    with pytest.raises(StoreError):
        next(keeper(NEW, OLD, store=store).rekey())


def test_rekey_gives_up_on_a_record_that_never_stands_still() -> None:
    store = failing_save("store_lease_lost")()
    keeper(OLD, store=store).save(KEY, TOKEN)
    (step,) = keeper(NEW, OLD, store=store).rekey()
    assert step == RekeyStep(1, 0, (), None)
