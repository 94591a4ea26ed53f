"""Refresh at an OpenID provider: N38, N39 and, for the token answer, N14, N16; and what must be accepted (A09)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.negative.openid_site import Site, assert_refused_as

from flask_oauth import OAuthException
from flask_oauth.errors import ReauthorizationRequired, RefreshFailed, TokenMissing
from flask_oauth.testing.misbehaving import MISBEHAVIOURS, ODDITIES, MisbehavingProvider, Misbehaviour


@pytest.fixture(scope="module")
def running() -> Iterator[MisbehavingProvider]:
    with MisbehavingProvider() as provider:
        yield provider


@pytest.fixture
def provider(running: MisbehavingProvider) -> Iterator[MisbehavingProvider]:
    running.complaints.clear()
    running.flows.clear()
    yield running
    running.behave(None)


@pytest.fixture
def site(provider: MisbehavingProvider) -> Site:
    """An application whose user has signed in with an access token that has ended."""
    site = Site(provider)
    provider.access_token_seconds = 0
    site.sign_in()
    provider.access_token_seconds = 3600
    provider.forget_requests()
    return site


def rows(table: dict[str, Misbehaviour], *, dropping: bool | None = None) -> Any:
    chosen = [row for row in table.values() if row.noticed == "refresh"]
    if dropping is not None:
        chosen = [row for row in chosen if (row.error is ReauthorizationRequired) is dropping]
    return pytest.mark.parametrize("row", chosen, ids=str)


def test_refresh_of_an_honest_provider(site: Site, provider: MisbehavingProvider) -> None:
    before = site.stored()
    assert site.go("/call")["sub"] == "alice"
    assert provider.asked == ["token", "api"]
    assert site.stored() != before
    assert site.go("/call")["sub"] == "alice"
    assert provider.asked == ["token", "api", "api"]
    assert provider.complaints == []


@rows(dict(MISBEHAVIOURS), dropping=False)
def test_refreshed(site: Site, provider: MisbehavingProvider, row: Misbehaviour) -> None:
    provider.behave(row.name)
    with site.refused() as caught:
        site.go("/call")
    assert isinstance(caught.value, RefreshFailed)
    assert_refused_as(caught.value, row)
    assert set(provider.asked) <= {"token", "jwks"}
    assert provider.asked.count("token") == 1
    # nor is it asked again at once
    with site.refused():
        site.go("/call")
    assert provider.asked.count("token") == 1


@rows(dict(MISBEHAVIOURS), dropping=True)
def test_refresh(site: Site, provider: MisbehavingProvider, row: Misbehaviour) -> None:
    provider.behave(row.name)
    with pytest.raises(OAuthException) as caught:
        site.go("/call")
    assert_refused_as(caught.value, row)
    assert site.stored() == []
    assert provider.asked == ["token"]
    with pytest.raises(TokenMissing):
        site.go("/call")
    assert provider.asked == ["token"]
    provider.behave(None)
    site.sign_in()
    assert site.go("/call")["sub"] == "alice"


def test_N38_after_a_refused_refresh_a_new_sign_in_helps(site: Site, provider: MisbehavingProvider) -> None:
    provider.behave("refreshed_sub_differs")
    with site.refused():
        site.go("/call")
    provider.behave(None)
    site.sign_in()
    assert site.go("/call")["sub"] == "alice"


def test_N39_the_newer_token_of_another_worker_is_used(site: Site, provider: MisbehavingProvider) -> None:
    """The refresh token was rotated by another worker, which has saved its answer: read again, and go on with that."""
    other = Site(provider, transport=site.oauth.transport)
    other.app.config["OAUTH_TOKEN_STORE"] = site.store
    assert other.go("/call")["sub"] == "alice"
    provider.forget_requests()
    assert site.go("/call")["sub"] == "alice"
    assert provider.asked == ["api"]


def test_N39_a_refusal_while_another_worker_saves_uses_what_it_saved(site: Site, provider: MisbehavingProvider) -> None:
    [record] = site.store.keys().records
    with site.app.test_request_context("/"):
        held = site.remote.load_token()
        assert held is not None

        def refuse(token: Any) -> Any:
            newer = site.remote._refresh(token)
            site.remote.save_token(newer)
            return site.remote._refresh(token)  # the rotated one: invalid_grant

        from flask_oauth.extension import stored_tokens

        newer = stored_tokens.coordinator().fresh(stored_tokens.record_key(site.remote), refuse)
    assert newer.access_token not in ("", held.access_token)
    assert provider.asked == ["token", "token"]
    assert [kept.key for kept in site.store.keys().records] == [record.key]


@rows(dict(ODDITIES))
def test_accepted(site: Site, provider: MisbehavingProvider, row: Misbehaviour) -> None:
    provider.behave(row.name)
    assert site.go("/call")["sub"] == "alice"
    assert provider.asked == ["token", "api"]
    with site.app.test_request_context("/"):
        token = site.remote.load_token()
    assert token is not None
    assert token.refresh_token
    assert token.id_token
    assert token.scope == "openid email"
    assert provider.complaints == []


def test_A09_the_old_refresh_token_stays(site: Site, provider: MisbehavingProvider) -> None:
    provider.behave("refresh_without_refresh_token")
    with site.app.test_request_context("/"):
        before = site.remote.load_token()
        site.go("/call")
        after = site.remote.load_token()
    assert before is not None
    assert after is not None
    assert after.refresh_token == before.refresh_token
    assert after.access_token != before.access_token
