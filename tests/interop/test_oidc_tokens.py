"""oidc-provider: refresh tokens that rotate, a herd of threads, revocation."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
from tests.interop.registered import site_at

from flask_oauth import OAuthException, ReauthorizationRequired, TokenMissing
from flask_oauth.storage import MemoryTokenStore

REVOCATION = {"revocation": {"enabled": True}}
THREADS = 8


def stored(there, **options):
    """A site with a store, and user 7 signed in there."""
    site = site_at(there, config={"OAUTH_TOKEN_STORE": MemoryTokenStore()}, **options)
    site.owner = "7"
    site.sign_in()
    return site


def expire(site):
    """The token ends a second ago, as far as the site knows."""
    with site.corp.for_user("7") as api:
        token = api.token
        site.corp.save_token(replace(token, expires_at=time.time() - 1), owner="7")
    return token


def call(site):
    with site.corp.for_user("7") as api:
        return api.get("me")


def test_a_sign_in_is_kept_and_used(provider):
    there = provider()
    answer = call(stored(there))
    assert (answer.status, answer.data["email"]) == (200, "ada@example.com")
    assert there.grants() == ["authorization_code"]


def test_a_token_that_ends_is_refreshed_and_rotates(provider):
    there = provider()
    site = stored(there)
    seen = [expire(site)]
    for _ in range(3):
        assert call(site).status == 200
        seen.append(expire(site))
    assert len({token.refresh_token for token in seen}) == len({token.access_token for token in seen}) == 4
    assert there.grants() == ["authorization_code", *["refresh_token"] * 3]


def test_a_token_that_the_provider_calls_invalid_is_refreshed_once(provider):
    there = provider()
    site = stored(there)
    there.forget("AccessToken")
    assert call(site).status == 200
    assert there.grants() == ["authorization_code", "refresh_token"]


def test_a_herd_refreshes_once(provider):
    """Rotation makes a second refresh fatal: the provider would revoke everything."""
    there = provider()
    site = stored(there)
    old = expire(site)
    start = Barrier(THREADS)

    def one(_):
        start.wait(10)
        return call(site).status

    with ThreadPoolExecutor(THREADS) as herd:
        assert list(herd.map(one, range(THREADS))) == [200] * THREADS
    assert there.grants() == ["authorization_code", "refresh_token"]
    assert expire(site).refresh_token != old.refresh_token
    assert call(site).status == 200


def test_a_herd_of_two_applications_with_one_store_refreshes_once(provider):
    """As two workers: each has its own coordinator, and what they share is the store."""
    there = provider()
    first = stored(there)
    expire(first)
    second = site_at(there, config={"OAUTH_TOKEN_STORE": first.app.config["OAUTH_TOKEN_STORE"]})
    start = Barrier(THREADS)

    def one(number):
        start.wait(10)
        return call((first, second)[number % 2]).status

    with ThreadPoolExecutor(THREADS) as herd:
        assert list(herd.map(one, range(THREADS))) == [200] * THREADS
    assert there.grants() == ["authorization_code", "refresh_token"]


def test_a_spent_refresh_token_ends_it(provider):
    """Somebody else has used the refresh token: the provider revokes the grant, and the user must sign in again."""
    there = provider()
    site = stored(there)
    with site.corp.for_user("7") as api:
        site.corp._refresh(api.token)
    expire(site)
    with pytest.raises(ReauthorizationRequired):
        call(site)
    assert there.log("grant.error")[-1]["error"] == "invalid_grant"
    with pytest.raises(TokenMissing):
        call(site)


def test_disconnect_revokes_both(provider):
    there = provider(features=REVOCATION)
    site = stored(there)
    with site.corp.for_user("7") as api:
        token = api.token
        assert site.corp.disconnect("7") == {"refresh_token": "revoked", "access_token": "revoked"}
        assert api.token is None
        with pytest.raises(OAuthException):
            site.corp._refresh(token)
        assert site.corp.get("me", token=token).status == 401


def test_disconnect_where_nothing_can_be_revoked(provider):
    site = stored(provider())
    with site.app.app_context():
        assert site.corp.disconnect("7") == {"refresh_token": "unsupported", "access_token": "unsupported"}


def test_a_token_for_one_provider_is_not_sent_to_another(provider):
    site = stored(provider())
    other = provider()
    with site.corp.for_user("7") as api, pytest.raises(OAuthException) as caught:
        api.get(other.issuer.replace("127.0.0.1", "localhost"))
    assert caught.value.code == "token_host"
