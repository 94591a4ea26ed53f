"""The refresh coordinator by itself: when it asks the provider, and what it makes of the answer."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from flask_oauth.client.refresh import Refresh, RefreshCoordinator
from flask_oauth.client.token_keeper import TokenKeeper
from flask_oauth.errors import (
    OAuthException,
    ReauthorizationRequired,
    RefreshFailed,
    ServerError,
    StoreError,
    TokenMissing,
    TransportError,
)
from flask_oauth.protocol.token import Token
from flask_oauth.storage import KeyRing, Lease, MemoryTokenStore, Record, RecordKey

KEY = RecordKey("corp", "https://id.example", "alice")
RING = KeyRing([KeyRing.new_key()])
START = 1_000_000.0


class Provider:
    """Rotates refresh tokens and takes each once, as RFC 9700 §4.14.2 has it."""

    def __init__(self, *, life: float = 3600, now: Callable[[], float] = lambda: START) -> None:
        self.current = "refresh-0"
        self.asked = 0
        self.fails_with: Exception | None = None
        self._life = life
        self._now = now

    def __call__(self, token: Token) -> Token:
        self.asked += 1
        if self.fails_with is not None:
            raise self.fails_with
        if token.refresh_token != self.current:
            raise ServerError("no", error="invalid_grant")
        self.current = f"refresh-{self.asked}"
        expires_at = self._now() + self._life
        return Token(f"access-{self.asked}", refresh_token=self.current, expires_at=expires_at, scope="a")


class World:
    """One store and one provider, a clock that only `sleep` moves, and as many workers as wanted."""

    def __init__(self) -> None:
        self.now = START
        self.on_sleep: list[Callable[[], object]] = []
        self.store = MemoryTokenStore(clock=lambda: self.now, wall_clock=lambda: self.now)
        self.provider = Provider(now=lambda: self.now)

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds
        if self.on_sleep:
            self.on_sleep.pop(0)()

    def keeper(self, *, skew: float = 0.0, ring: KeyRing = RING) -> TokenKeeper:
        return TokenKeeper(self.store, ring, clock=lambda: self.now + skew)

    def worker(
        self,
        *,
        skew: float = 0.0,
        ring: KeyRing = RING,
        random: Callable[[], float] = lambda: 1.0,
        patience: float = 30.0,
    ) -> RefreshCoordinator:
        return RefreshCoordinator(
            self.keeper(skew=skew, ring=ring),
            patience=patience,
            clock=lambda: self.now + skew,
            monotonic=lambda: self.now,
            sleep=self.sleep,
            random=random,
        )

    def save(self, seconds_left: float | None, *, refresh_token: str | None = "refresh-0", life: float = 3600) -> Token:
        """A token of an hour, obtained so long ago that it has so many seconds left."""
        now, self.now = self.now, self.now + (seconds_left or 0) - life
        token = Token(
            "access-0",
            refresh_token=refresh_token,
            expires_at=None if seconds_left is None else now + seconds_left,
            scope="a b",
            id_token="the.id.token",
            extra={"team": "x", "kept": 1},
        )
        self.keeper().save(KEY, token)
        self.now = now
        return token

    def stored(self) -> Token | None:
        held = self.keeper().load(KEY)
        return held.token if held else None


@pytest.fixture
def world() -> World:
    return World()


# When


@pytest.mark.parametrize(
    ("left", "random", "asked"), [(61, 1.0, 0), (59, 1.0, 1), (59, 0.0, 0), (46, 0.0, 0), (44, 0.0, 1)]
)
def test_refreshes_a_minute_early_with_jitter(world: World, left: float, random: float, asked: int) -> None:
    world.save(left)
    token = world.worker(random=lambda: random).fresh(KEY, world.provider)
    assert world.provider.asked == asked
    assert token.access_token == f"access-{asked}"
    assert world.stored() == token


@pytest.mark.parametrize(("life", "left", "asked"), [(50, 11, 0), (50, 9, 1), (5, 2, 0), (5, 0.9, 1), (-5, -9, 1)])
def test_short_lives_are_not_refreshed_at_every_call(world: World, life: float, left: float, asked: int) -> None:
    world.save(left, life=life)
    world.worker().fresh(KEY, world.provider)
    assert world.provider.asked == asked


@pytest.mark.parametrize("refresh_token", [None, "refresh-0"])
def test_a_token_without_known_end_is_used(world: World, refresh_token: str | None) -> None:
    token = world.save(None, refresh_token=refresh_token)
    assert world.worker().fresh(KEY, world.provider) == token
    assert world.provider.asked == 0


def test_without_refresh_token_it_is_used_to_the_end(world: World) -> None:
    token = world.save(1, refresh_token=None)
    assert world.worker().fresh(KEY, world.provider) == token
    world.now += 2
    with pytest.raises(ReauthorizationRequired) as caught:
        world.worker().fresh(KEY, world.provider)
    assert caught.value.code == "token_expired"
    with pytest.raises(ReauthorizationRequired):
        world.worker().after_refusal(KEY, token, world.provider)
    assert world.provider.asked == 0


def test_no_token(world: World) -> None:
    for call in (world.worker().fresh, lambda key, ask: world.worker().after_refusal(key, Token("x"), ask)):
        with pytest.raises(TokenMissing) as caught:
            call(KEY, world.provider)
        assert caught.value.code == "token_missing"


def test_after_a_refusal_it_asks_though_the_token_looks_good(world: World) -> None:
    refused = world.save(3000)
    token = world.worker().after_refusal(KEY, refused, world.provider)
    assert (token.access_token, world.provider.asked) == ("access-1", 1)
    # a second call that was under way with the old token takes the new one
    assert world.worker().after_refusal(KEY, refused, world.provider) == token
    assert world.provider.asked == 1


# What the answer leaves out


def test_A09_an_answer_without_refresh_token_keeps_the_old_one(world: World) -> None:
    world.save(-1)
    token = world.worker().fresh(KEY, lambda old: Token("new", extra={"team": "y"}))
    assert token == Token(
        "new",
        refresh_token="refresh-0",
        scope="a b",
        id_token="the.id.token",
        extra={"team": "y", "kept": 1},
    )
    assert world.stored() == token


def test_what_the_answer_says_counts(world: World) -> None:
    world.save(-1)
    answer = Token(
        "new", refresh_token="r", expires_at=START + 9, scope="c", id_token="i", extra={"kept": 2, "team": 0}
    )
    assert world.worker().fresh(KEY, lambda old: answer) == answer


# Failures


def test_N39_invalid_grant_drops_the_token(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    world.save(30)
    world.provider.current = "another"
    with pytest.raises(ReauthorizationRequired) as caught:
        world.worker().fresh(KEY, world.provider)
    assert isinstance(caught.value.__cause__, ServerError)
    assert world.stored() is None
    assert world.provider.asked == 1
    with pytest.raises(TokenMissing):
        world.worker().fresh(KEY, world.provider)
    assert world.provider.asked == 1
    assert "refresh-0" not in caplog.text


def test_N39_invalid_grant_reads_once_more(world: World) -> None:
    world.save(-1)
    rotated = Token("by another", refresh_token="r")

    def ask(old: Token) -> Token:
        world.keeper().save(KEY, rotated)  # another worker, one that knows no lease
        raise ServerError("no", error="invalid_grant")

    assert world.worker().fresh(KEY, ask) == rotated
    assert world.stored() == rotated


@pytest.mark.parametrize(
    "error",
    [
        TransportError("no answer"),
        ServerError("busy", error="temporarily_unavailable"),
        ServerError("who are you", error="invalid_client"),
        OAuthException("anything"),
    ],
)
def test_another_failure_keeps_the_refresh_token(world: World, error: OAuthException) -> None:
    kept = world.save(-1)
    world.provider.fails_with = error
    with pytest.raises(RefreshFailed) as caught:
        world.worker().fresh(KEY, world.provider)
    assert caught.value.code == "refresh_failed"
    assert caught.value.__cause__ is error
    assert world.stored() == kept
    world.now += 5
    world.provider.fails_with = None
    assert world.worker().fresh(KEY, world.provider).access_token == "access-2"


def test_a_failure_does_not_matter_while_the_token_works(world: World) -> None:
    kept = world.save(30)
    world.provider.fails_with = TransportError("no answer")
    assert world.worker().fresh(KEY, world.provider) == kept
    with pytest.raises(RefreshFailed):
        world.worker().after_refusal(KEY, kept, world.provider)


def test_after_a_failure_nobody_asks_for_a_moment(world: World) -> None:
    world.save(-1)
    world.provider.fails_with = TransportError("no answer")
    for _ in range(5):
        with pytest.raises(RefreshFailed):
            world.worker().fresh(KEY, world.provider)
    assert world.provider.asked == 1
    world.now += 3.1
    with pytest.raises(RefreshFailed):
        world.worker().fresh(KEY, world.provider)
    assert world.provider.asked == 2


def test_an_unexpected_error_frees_the_lease(world: World) -> None:
    kept = world.save(-1)

    def ask(token: Token) -> Token:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        world.worker().fresh(KEY, ask)
    assert world.stored() == kept
    assert world.worker().fresh(KEY, world.provider).access_token == "access-1"


# Other workers


def test_another_worker_was_quicker(world: World) -> None:
    world.save(-1)
    worker = world.worker()
    load = worker.keeper.load

    def load_then_be_overtaken(key: RecordKey) -> object:
        held = load(key)
        world.worker().fresh(KEY, world.provider)
        return held

    worker.keeper.load = load_then_be_overtaken  # type: ignore[method-assign, assignment]
    assert worker.fresh(KEY, world.provider).access_token == "access-1"
    assert world.provider.asked == 1
    assert world.keeper().acquire(KEY, seconds=1) is not None  # the lease was given back


def busy(world: World) -> Lease:
    """Another worker refreshes."""
    acquired = world.keeper().acquire(KEY, seconds=10)
    assert acquired is not None
    return acquired[0]


def test_waits_for_another_worker(world: World) -> None:
    world.save(-1)
    lease = busy(world)
    new = Token("by another", refresh_token="r", expires_at=START + 3600)
    world.on_sleep = [lambda: None] * 30 + [lambda: world.keeper().save(KEY, new, lease=lease)]
    assert world.worker().fresh(KEY, world.provider) == new
    assert world.provider.asked == 0
    assert world.on_sleep == []
    assert world.now - START < 31 * 0.0251


def test_does_not_wait_while_the_token_works(world: World) -> None:
    kept = world.save(30)
    busy(world)
    assert world.worker().fresh(KEY, world.provider) == kept
    assert world.now == START


def test_waits_after_a_refusal_even_if_the_token_looks_good(world: World) -> None:
    kept = world.save(3000)
    lease = busy(world)
    new = Token("by another", refresh_token="r", expires_at=START + 3600)
    world.on_sleep = [lambda: world.keeper().save(KEY, new, lease=lease)]
    assert world.worker().after_refusal(KEY, kept, world.provider) == new


def test_takes_over_from_a_worker_that_died(world: World) -> None:
    world.save(-1)
    busy(world)
    assert world.worker().fresh(KEY, world.provider).access_token == "access-1"
    assert 10 <= world.now - START < 10.7


def test_takes_over_when_another_gave_up(world: World) -> None:
    world.save(-1)
    lease = busy(world)
    world.on_sleep = [lambda: world.store.release(lease)]
    assert world.worker().fresh(KEY, world.provider).access_token == "access-1"
    assert world.now - START < 0.2


def test_one_failure_serves_all_who_wait(world: World) -> None:
    world.save(-1)
    lease = busy(world)

    def fail() -> None:
        world.store.put_mark(f"refresh-failed:{KEY.id.hex()}", "transport_failed", seconds=3)
        world.store.release(lease)

    world.on_sleep = [fail]
    with pytest.raises(RefreshFailed) as caught:
        world.worker().fresh(KEY, world.provider)
    assert caught.value.got == "transport_failed"
    assert world.provider.asked == 0


def test_the_token_was_dropped_by_another(world: World) -> None:
    world.save(-1)
    busy(world)
    world.on_sleep = [lambda: world.keeper().delete(KEY)]
    with pytest.raises(ReauthorizationRequired):
        world.worker().fresh(KEY, world.provider)
    assert world.provider.asked == 0


def test_patience_ends(world: World) -> None:
    world.save(-1)
    worker = world.worker(patience=5)
    busy(world)
    with pytest.raises(RefreshFailed):
        worker.fresh(KEY, world.provider)
    assert 5 <= world.now - START < 5.2


def test_a_disconnect_just_before_the_lease(world: World) -> None:
    world.save(-1)
    worker = world.worker()
    acquire = world.store.acquire

    def disconnect_then_acquire(key: RecordKey, *, seconds: float) -> Lease | None:
        world.store.delete(key)
        return acquire(key, seconds=seconds)

    world.store.acquire = disconnect_then_acquire  # type: ignore[method-assign]
    with pytest.raises(ReauthorizationRequired):
        worker.fresh(KEY, world.provider)
    assert world.provider.asked == 0
    assert world.stored() is None


def test_a_disconnect_during_the_refresh_wins(world: World) -> None:
    world.save(-1)

    def ask(token: Token) -> Token:
        world.keeper().delete(KEY)
        return world.provider(token)

    with pytest.raises(ReauthorizationRequired):
        world.worker().fresh(KEY, ask)
    assert world.stored() is None


def test_a_sign_in_during_the_refresh_wins(world: World) -> None:
    world.save(-1)
    signed_in = Token("signed in", refresh_token="s", expires_at=START + 3600)

    def ask(token: Token) -> Token:
        world.keeper().save(KEY, signed_in)
        return world.provider(token)

    assert world.worker().fresh(KEY, ask) == signed_in
    assert world.stored() == signed_in


def test_an_answer_after_the_lease_ran_out_does_not_overwrite(world: World) -> None:
    world.save(-1)
    grace = Provider(now=lambda: world.now)  # a provider that takes a refresh token twice within a grace period

    def ask_slowly(token: Token) -> Token:
        world.now += 11
        world.worker().fresh(KEY, grace)
        return Token("late", refresh_token="late")

    token = world.worker().fresh(KEY, ask_slowly)
    assert token.access_token == "access-1"
    assert world.stored() == token


def test_an_answer_after_the_lease_ran_out_is_kept_if_nobody_wrote(world: World) -> None:
    world.save(-1)

    def ask_slowly(token: Token) -> Token:
        world.now += 11
        busy(world)
        return world.provider(token)

    token = world.worker().fresh(KEY, ask_slowly)
    assert token.access_token == "access-1"
    assert world.stored() == token


@pytest.mark.parametrize("skews", [(0, 3600), (3600, 0), (0, -3600), (-3600, 0), (3600, -3600), (0, 0, 3600, -3600)])
def test_clocks_an_hour_apart(world: World, skews: tuple[float, ...]) -> None:
    """They disagree about when a token ends, yet neither loses it nor asks again and again."""
    world.save(-1)
    ends: dict[str, float] = {}  # when the API stops taking an access token, by the true clock

    def call(skew: float) -> str:
        """One call of the API, as the hub makes it; how it ended."""

        def ask(token: Token) -> Token:
            new = world.provider(token)
            ends[new.access_token] = world.now + 3600
            # The answer says "in 3600 s"; when that is depends on the worker's clock.
            return replace(new, expires_at=world.now + skew + 3600)

        worker = world.worker(skew=skew)
        token = worker.fresh(KEY, ask)
        if world.now < ends.get(token.access_token, 0):
            return "at once"
        token = worker.after_refusal(KEY, token, ask)
        return "at the second try" if world.now < ends.get(token.access_token, 0) else "refused"

    outcomes: list[str] = []
    for _ in range(240):  # four hours, a call of each worker every minute
        world.now += 60
        outcomes += [call(skew) for skew in skews]
    assert outcomes.count("refused") == 0
    assert outcomes.count("at the second try") <= 4
    assert world.provider.asked <= 12


def test_a_lease_is_held_though_the_other_clock_is_an_hour_ahead(world: World) -> None:
    world.save(-1)
    lease = busy(world)
    new = Token("by another", refresh_token="r", expires_at=START + 9000)
    world.on_sleep = [lambda: None, lambda: world.keeper().save(KEY, new, lease=lease)]
    assert world.worker(skew=3600).fresh(KEY, world.provider) == new
    assert world.provider.asked == 0


def test_another_key_ring_neither_refreshes_nor_overwrites(world: World) -> None:
    kept = world.save(-1)
    stranger = world.worker(ring=KeyRing([KeyRing.new_key()]))
    for call in (stranger.fresh, lambda key, ask: stranger.after_refusal(key, kept, ask)):
        with pytest.raises(StoreError) as caught:
            call(KEY, world.provider)
        assert caught.value.code == "store_sealed"
    assert world.provider.asked == 0
    assert world.stored() == kept
    assert world.worker().fresh(KEY, world.provider).access_token == "access-1"


# The store goes away


class Flaky(MemoryTokenStore):
    """Fails while it is away."""

    away = False

    def _check(self) -> None:
        if self.away:
            raise StoreError("gone")

    def load(self, key: RecordKey) -> Record | None:
        self._check()
        return super().load(key)

    def save(
        self,
        key: RecordKey,
        sealed: bytes,
        *,
        expires_at: float | None = None,
        lease: Lease | None = None,
        version: int | None = None,
    ) -> Record:
        self._check()
        return super().save(key, sealed, expires_at=expires_at, lease=lease, version=version)

    def release(self, lease: Lease) -> None:
        self._check()
        super().release(lease)

    def put_mark(self, name: str, value: str = "", *, seconds: float) -> None:
        self._check()
        super().put_mark(name, value, seconds=seconds)


@pytest.fixture
def flaky() -> World:
    world = World()
    world.store = Flaky(clock=lambda: world.now, wall_clock=lambda: world.now)
    return world


def asking(world: World, then: Callable[[Flaky], None]) -> Refresh:
    def ask(token: Token) -> Token:
        assert isinstance(world.store, Flaky)
        then(world.store)
        return world.provider(token)

    return ask


def set_away(world: World, away: bool) -> None:
    assert isinstance(world.store, Flaky)
    world.store.away = away


def test_a_new_token_survives_a_store_that_is_away_for_seconds(flaky: World) -> None:
    flaky.save(-1)
    flaky.on_sleep = [lambda: None] * 6 + [lambda: set_away(flaky, False)]
    token = flaky.worker().fresh(KEY, asking(flaky, lambda store: set_away(flaky, True)))
    assert token.access_token == "access-1"
    assert flaky.stored() == token
    assert flaky.now - START < 10


def test_a_new_token_survives_a_store_that_is_away_for_longer(flaky: World, caplog: pytest.LogCaptureFixture) -> None:
    flaky.save(-1)
    worker = flaky.worker()
    token = worker.fresh(KEY, asking(flaky, lambda store: set_away(flaky, True)))
    assert token.access_token == "access-1"
    assert 8 < flaky.now - START <= 10.1
    assert "could not be stored" in caplog.text
    with pytest.raises(StoreError):
        worker.fresh(KEY, flaky.provider)
    flaky.now += 600
    set_away(flaky, False)
    assert worker.fresh(KEY, flaky.provider) == token
    assert flaky.stored() == token
    assert flaky.provider.asked == 1


def test_a_kept_token_does_not_overwrite_a_newer_one(flaky: World) -> None:
    flaky.save(-1)
    worker = flaky.worker()
    worker.fresh(KEY, asking(flaky, lambda store: set_away(flaky, True)))
    set_away(flaky, False)
    newer = Token("signed in", refresh_token="s", expires_at=flaky.now + 3600)
    flaky.keeper().save(KEY, newer)
    assert worker.fresh(KEY, flaky.provider) == newer
    assert flaky.stored() == newer


def test_a_failed_refresh_and_a_store_that_is_away(flaky: World) -> None:
    flaky.save(-1)
    flaky.provider.fails_with = TransportError("no answer")
    with pytest.raises(RefreshFailed):
        flaky.worker().fresh(KEY, asking(flaky, lambda store: set_away(flaky, True)))
    set_away(flaky, False)
    flaky.now += 11
    flaky.provider.fails_with = None
    assert flaky.worker().fresh(KEY, flaky.provider).access_token == "access-2"


def test_a_store_that_goes_away_does_not_matter_while_the_token_works(flaky: World) -> None:
    kept = flaky.save(30)
    store = flaky.store

    def acquire(key: RecordKey, *, seconds: float) -> Lease | None:
        raise StoreError("gone")

    store.acquire = acquire  # type: ignore[method-assign]
    assert flaky.worker().fresh(KEY, flaky.provider) == kept
    with pytest.raises(StoreError):
        flaky.worker().after_refusal(KEY, kept, flaky.provider)
    assert flaky.provider.asked == 0


def test_not_more_than_a_thousand_unsaved_tokens_are_kept(flaky: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flask_oauth.client.refresh._UNSAVED_KEPT", 2)
    worker = flaky.worker()
    for number in range(3):
        set_away(flaky, False)
        key = RecordKey("corp", "i", str(number))
        worker.keeper.save(key, Token("old", refresh_token="r", expires_at=flaky.now - 1))

        def ask(token: Token) -> Token:
            set_away(flaky, True)
            return Token("new")

        worker.fresh(key, ask)
    assert [key.owner for key in worker._unsaved] == ["1", "2"]


# Threads, in real time


def real_worker(store: MemoryTokenStore, **options: float) -> RefreshCoordinator:
    worker = RefreshCoordinator(TokenKeeper(store, RING), **options)  # type: ignore[arg-type]
    worker.keeper.save(KEY, Token("access-0", refresh_token="refresh-0", expires_at=time.time() - 1))
    return worker


def in_threads(count: int, call: Callable[[], Token]) -> list[Token | Exception]:
    barrier = threading.Barrier(count)

    def start() -> Token | Exception:
        barrier.wait()
        try:
            return call()
        except Exception as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return [future.result() for future in [pool.submit(start) for _ in range(count)]]


class Counting(MemoryTokenStore):
    acquired = 0

    def acquire(self, key: RecordKey, *, seconds: float) -> Lease | None:
        self.acquired += 1
        return super().acquire(key, seconds=seconds)


def test_threads_share_one_refresh() -> None:
    store = Counting()
    provider = Provider(now=time.time)
    worker = real_worker(store)

    def ask(token: Token) -> Token:
        time.sleep(0.2)
        return provider(token)

    tokens = in_threads(32, lambda: worker.fresh(KEY, ask))
    assert {token.access_token for token in tokens if isinstance(token, Token)} == {"access-1"}
    assert len([token for token in tokens if isinstance(token, Token)]) == 32
    assert provider.asked == store.acquired == 1
    assert worker._flights == {}


def test_threads_share_one_failure() -> None:
    worker = real_worker(MemoryTokenStore())
    asked = []

    def ask(token: Token) -> Token:
        asked.append(1)
        time.sleep(0.2)
        raise ServerError("no", error="invalid_grant")

    errors = in_threads(16, lambda: worker.fresh(KEY, ask))
    assert {type(error) for error in errors} == {ReauthorizationRequired}
    assert {error.code for error in errors if isinstance(error, OAuthException)} == {"token_expired"}
    assert len({id(error) for error in errors}) == 16
    assert len(asked) == 1


def test_threads_hear_of_an_unexpected_error() -> None:
    worker = real_worker(MemoryTokenStore())

    def ask(token: Token) -> Token:
        time.sleep(0.2)
        raise ZeroDivisionError

    kinds = [type(error) for error in in_threads(4, lambda: worker.fresh(KEY, ask))]
    assert kinds.count(ZeroDivisionError) == 1
    assert kinds.count(RefreshFailed) == 3


def test_another_thread_takes_over_when_the_first_is_torn_down() -> None:
    """As by a timeout of gevent or a SystemExit: neither a token nor an error comes of it."""
    provider = Provider(now=time.time)
    worker = real_worker(MemoryTokenStore())
    first = threading.Event()

    class Torn(BaseException):
        pass

    def ask(token: Token) -> Token:
        if not first.is_set():
            first.set()
            time.sleep(0.1)
            raise Torn
        return provider(token)

    def call() -> Token:
        try:
            return worker.fresh(KEY, ask)
        except Torn:
            return Token("torn")

    tokens = in_threads(4, call)
    assert sorted(token.access_token for token in tokens if isinstance(token, Token)) == ["access-1"] * 3 + ["torn"]


def test_a_refused_thread_does_not_take_the_token_that_a_lucky_one_still_uses() -> None:
    """The lucky one refreshes early, finds the lease taken and goes on with its token; the refused one must wait."""
    store = MemoryTokenStore()
    worker = real_worker(store)
    usable = Token("access-0", refresh_token="refresh-0", expires_at=time.time() + 5)
    worker.keeper.save(KEY, usable)
    acquired = worker.keeper.acquire(KEY, seconds=10)
    assert acquired is not None
    provider = Provider(now=time.time)
    timer = threading.Timer(0.3, lambda: worker.keeper.save(KEY, provider(usable), lease=acquired[0]))
    timer.start()
    calls = iter([lambda: worker.fresh(KEY, provider)] * 6 + [lambda: worker.after_refusal(KEY, usable, provider)] * 2)
    lock = threading.Lock()

    def call() -> Token:
        with lock:
            mine = next(calls)
        return mine()

    tokens = [token.access_token for token in in_threads(8, call) if isinstance(token, Token)]
    timer.join()
    assert sorted(tokens) == ["access-0"] * 6 + ["access-1"] * 2
    assert provider.asked == 1


def test_threads_do_not_wait_for_one_that_hangs() -> None:
    """Longer than their patience, or at all if their token still works."""
    worker = real_worker(MemoryTokenStore(), patience=0.2)
    held = worker.keeper.load(KEY)
    assert held is not None
    asked, end = threading.Event(), threading.Event()

    def hang(token: Token) -> Token:
        asked.set()
        end.wait(10)
        return Token("at last")

    thread = threading.Thread(target=lambda: worker.fresh(KEY, hang))
    thread.start()
    asked.wait(10)
    started = time.monotonic()
    with pytest.raises(RefreshFailed):
        worker.after_refusal(KEY, held.token, hang)
    assert 0.2 <= time.monotonic() - started < 2
    assert worker._renew(KEY, held, hang, usable=True) == held.token
    end.set()
    thread.join()


def test_a_slow_provider_is_not_asked_a_second_time() -> None:
    """The lease is extended while the refreshing worker lives, also when the store fails now and then."""

    class Shaky(MemoryTokenStore):
        extended = 0

        def extend(self, lease: Lease, *, seconds: float) -> bool:
            self.extended += 1
            if self.extended == 2:
                raise StoreError("gone")
            return super().extend(lease, seconds=seconds)

    store = Shaky()
    provider = Provider(now=time.time)
    first = real_worker(store, lease_seconds=0.2)
    second = RefreshCoordinator(first.keeper, lease_seconds=0.2)

    def ask(token: Token) -> Token:
        time.sleep(0.9)
        return provider(token)

    workers = iter([first, second])
    tokens = in_threads(2, lambda: next(workers).fresh(KEY, ask))
    assert [token.access_token for token in tokens if isinstance(token, Token)] == ["access-1", "access-1"]
    assert provider.asked == 1
    time.sleep(0.25)
    assert not [thread for thread in threading.enumerate() if thread.name == "flask-oauth-lease"]


def test_no_lock_is_held_while_a_provider_is_asked() -> None:
    """A thousand users at once, 50 ms each: as many at a time as there are threads."""
    store = MemoryTokenStore()
    keeper = TokenKeeper(store, RING)
    workers = [RefreshCoordinator(keeper) for _ in range(4)]
    keys = [RecordKey("corp", "i", str(number)) for number in range(1000)]
    for key in keys:
        keeper.save(key, Token("old", refresh_token=key.owner, expires_at=time.time() - 1))
    asked: list[str | None] = []

    def ask(token: Token) -> Token:
        asked.append(token.refresh_token)
        time.sleep(0.05)
        return Token(f"new-{token.refresh_token}", refresh_token="r", expires_at=time.time() + 3600)

    started = time.monotonic()
    with ThreadPoolExecutor(64) as pool:
        tokens = list(pool.map(lambda pair: workers[pair[0] % 4].fresh(pair[1], ask), enumerate(keys)))
    assert [token.access_token for token in tokens] == [f"new-{key.owner}" for key in keys]
    assert len(asked) == 1000
    assert time.monotonic() - started < 10  # one after the other would take 50 s


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # Python 3.12: threads of pytest-xdist
def test_a_lock_held_at_a_fork_does_not_block_the_child() -> None:
    worker = real_worker(MemoryTokenStore())
    with worker._lock:
        child = os.fork()
        if child == 0:
            try:
                token = worker.fresh(KEY, lambda old: Token("in the child"))
                os._exit(0 if token.access_token == "in the child" else 1)
            except BaseException:
                os._exit(2)
    ends = time.monotonic() + 10
    while (status := os.waitpid(child, os.WNOHANG))[0] == 0 and time.monotonic() < ends:
        time.sleep(0.01)
    if status[0] == 0:
        os.kill(child, 9)
        os.waitpid(child, 0)
    assert status == (child, 0)
