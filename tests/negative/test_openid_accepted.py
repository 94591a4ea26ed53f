"""What is odd and right is accepted: A01, A02, A04 to A08, and the right thing next to N06 to N36.

The table is ``MisbehavingProvider.oddities``; what is noticed at a refresh is in ``test_openid_refresh.py``.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.negative.openid_site import Site

from flask_oauth.testing.misbehaving import ODDITIES, MisbehavingProvider, Misbehaviour

ELSEWHERE = {"refresh", "logout", "signed_out", "webfinger", "registration"}
ROWS = [row for row in ODDITIES.values() if row.noticed not in ELSEWHERE]


@pytest.fixture(scope="module")
def running() -> Iterator[MisbehavingProvider]:
    with MisbehavingProvider() as provider:
        yield provider


@pytest.fixture
def provider(running: MisbehavingProvider) -> Iterator[MisbehavingProvider]:
    running.complaints.clear()
    yield running
    running.behave(None)


@pytest.mark.parametrize("odd", ROWS, ids=str)
def test_accepted(provider: MisbehavingProvider, odd: Misbehaviour) -> None:
    provider.behave(odd.name)
    site = Site(provider, ask=odd.ask)
    if odd.second:
        with provider.behaving(None):
            site.sign_in()
    provider.forget_requests()
    answer = site.sign_in()
    assert answer.claims["iss"] == provider.issuer
    assert answer.token.scope == "openid email"
    assert len(site.stored()) == 1
    if odd.noticed == "userinfo":
        claims = site.go("/userinfo")
        assert (claims["sub"], claims["weather"]) == ("alice", ["rain"])
    assert provider.complaints == []


@pytest.mark.parametrize("userinfo", ["RS256", "ES256"])
def test_A07_userinfo_signed_with_another_algorithm_than_the_id_token(
    provider: MisbehavingProvider, userinfo: str
) -> None:
    agreed = {"id_token_signed_response_alg": "HS256", "userinfo_signed_response_alg": userinfo}
    with provider.agreeing(agreed):
        site = Site(provider)
        site.sign_in()
        assert site.go("/userinfo")["email"] == "alice@example.com"


def test_A07_userinfo_signed_with_the_client_secret(provider: MisbehavingProvider) -> None:
    with provider.agreeing({"userinfo_signed_response_alg": "HS256"}):
        site = Site(provider)
        site.sign_in()
        assert site.go("/userinfo")["email"] == "alice@example.com"
    assert provider.complaints == []


def test_A07_keys_rotated_before_userinfo_is_signed(provider: MisbehavingProvider) -> None:
    with provider.agreeing({"userinfo_signed_response_alg": "RS256"}):
        site = Site(provider)
        site.sign_in()
        provider.rotate_keys()
        provider.forget_requests()
        assert site.go("/userinfo")["email"] == "alice@example.com"
        assert provider.asked == ["userinfo", "jwks"]


def test_A02_a_token_without_lifetime_is_used_as_it_is(provider: MisbehavingProvider) -> None:
    provider.behave("expires_in_missing")
    site = Site(provider)
    token = site.sign_in().token
    assert token.expires_at is None
    assert site.go("/call")["sub"] == "alice"


@pytest.mark.parametrize("times", [1, 3])
def test_A05_one_look_at_the_new_keys_then_accepted(provider: MisbehavingProvider, times: int) -> None:
    site = Site(provider)
    site.sign_in()
    for _ in range(times):
        provider.rotate_keys()
    provider.forget_requests()
    site.sign_in()
    assert provider.asked == ["authorization", "token", "jwks"]
    provider.forget_requests()
    site.sign_in()
    assert provider.asked == ["authorization", "token"]  # the new keys are kept


def test_N33_rotated_between_code_and_token(provider: MisbehavingProvider) -> None:
    site = Site(provider)
    site.sign_in()
    address = site.begin()
    provider.rotate_keys()
    provider.forget_requests()
    assert site.come_back(address).text == "signed in"
    assert provider.asked.count("jwks") == 1


def test_N33_rotated_in_the_hybrid_flow(provider: MisbehavingProvider) -> None:
    with provider.agreeing({"response_type": "code id_token"}):
        site = Site(provider)
        site.sign_in()
        provider.rotate_keys()
        provider.forget_requests()
        site.sign_in()
        assert provider.asked == ["authorization", "jwks", "token"]


def test_N31_an_unknown_key_costs_one_request_in_thirty_seconds(provider: MisbehavingProvider) -> None:
    site = Site(provider)
    site.sign_in()
    provider.behave("kid_unknown")
    provider.forget_requests()
    for _ in range(3):
        with site.refused() as caught:
            site.come_back(site.begin())
        assert caught.value.code == "id_token_key_unknown"
    assert provider.asked.count("jwks") == 1
    provider.behave(None)
    site.sign_in()


def test_N29_a_wrong_signature_costs_one_request_in_thirty_seconds(provider: MisbehavingProvider) -> None:
    site = Site(provider)
    site.sign_in()
    provider.behave("signature_wrong")
    provider.forget_requests()
    for _ in range(3):
        with site.refused():
            site.come_back(site.begin())
    assert provider.asked.count("jwks") == 1


def test_N30_addresses_in_the_header_are_never_asked(provider: MisbehavingProvider) -> None:
    for name in ("header_jku", "header_x5u"):
        provider.behave(name)
        site = Site(provider)
        provider.forget_requests()
        with site.refused():
            site.come_back(site.begin())
        assert not [path for path in provider.asked if path.startswith("/")]
