"""Real processes at one store: a herd that needs one token, and workers that are killed in the middle of a refresh."""

from __future__ import annotations

import time

import pytest
from tests.storage import workers
from tests.storage.workers import close

from flask_oauth.client.refresh import RefreshCoordinator
from flask_oauth.errors import ReauthorizationRequired, TokenMissing
from flask_oauth.protocol.token import Token
from flask_oauth.storage import RecordKey

LEASE = 1.0


def test_a_herd_refreshes_once(shared_url: str, key: RecordKey) -> None:
    keeper = workers.save_expired(shared_url, key)
    with workers.Provider(seconds=0.2).listening() as provider:
        outcomes = workers.run_herd(shared_url, key, provider, workers=3, threads=4)
    assert [outcome for outcome, _ in outcomes] == ["access-1"] * 12
    assert provider.requests == 1
    assert max(seconds for _, seconds in outcomes) < 5
    held = keeper.load(key)
    assert held is not None
    assert held.token.refresh_token == provider.current
    close(keeper.store)


@pytest.fixture(params=["sqlite", "postgresql", "redis"])
def url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


def test_many_users_refresh_at_once_on_four_workers(url: str, name: str) -> None:
    """Each user meets two of the workers: one request for each user, and nobody's token is lost or mixed."""
    count = 200 if url.startswith("sqlite") else 1000
    keys = [RecordKey("crowd", "https://id.example", f"{name}-{number}") for number in range(count)]
    keeper = workers.keeper_of(url)
    for key in keys:
        keeper.save(key, Token("old", refresh_token=f"{key.owner}.0", expires_at=time.time() - 1))
    with workers.ProviderOfMany(seconds=0.02).listening() as provider:
        right = workers.run_crowd(url, keys, provider, workers=4, threads=8)
    assert right == [count // 2] * 4
    assert provider.requests == count
    held = [keeper.load(key) for key in keys]
    assert [one.token.refresh_token for one in held if one] == [f"{key.owner}.1" for key in keys]
    close(keeper.store)


@pytest.mark.parametrize(
    ("phase", "grace", "requests", "waits"),
    [
        ("before the request", False, 1, True),
        ("before the answer", True, 2, True),
        ("before the save", True, 2, True),
        ("after the save", False, 1, False),
    ],
)
def test_a_killed_worker_blocks_nobody_longer_than_the_lease(
    url: str, key: RecordKey, phase: str, grace: bool, requests: int, waits: bool
) -> None:
    keeper = workers.save_expired(url, key)
    coordinator = RefreshCoordinator(keeper)
    with (
        workers.Provider(seconds=0.3, grace=grace).listening() as provider,
        workers.killed_worker(url, key, provider.port, phase, LEASE),
    ):
        started = time.monotonic()
        token = coordinator.fresh(key, lambda token: workers.ask(provider.port, token))
        took = time.monotonic() - started
    assert token.access_token == f"access-{requests}"
    assert provider.requests == requests
    assert took < (LEASE + 4 if waits else LEASE * 0.9)  # the usual lease would be 10 s
    held = keeper.load(key)
    assert held is not None
    assert held.token.refresh_token == provider.current
    close(keeper.store)


@pytest.mark.parametrize("phase", ["before the answer", "before the save"])
def test_N39_what_only_the_dead_worker_knew_is_asked_for_once(url: str, key: RecordKey, phase: str) -> None:
    """A strict provider has rotated, and the new refresh token died with the worker: one try, then sign in again."""
    keeper = workers.save_expired(url, key)
    coordinator = RefreshCoordinator(keeper)
    with (
        workers.Provider(seconds=0.2).listening() as provider,
        workers.killed_worker(url, key, provider.port, phase, LEASE),
    ):
        with pytest.raises(ReauthorizationRequired):
            coordinator.fresh(key, lambda token: workers.ask(provider.port, token))
        with pytest.raises(TokenMissing):
            coordinator.fresh(key, lambda token: workers.ask(provider.port, token))
    assert provider.requests == 2
    assert keeper.load(key) is None
    close(keeper.store)
