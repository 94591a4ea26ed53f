"""Every wrong thing that the misbehaving provider can do is refused as its table says, and the right thing accepted.

The table is ``MisbehavingProvider.misbehaviours``; each row is a test of its own, named by its case.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.negative.openid_site import Site, assert_refused_as

from flask_oauth.testing.misbehaving import MISBEHAVIOURS, MisbehavingProvider, Misbehaviour


@pytest.fixture(scope="module")
def running() -> Iterator[MisbehavingProvider]:
    with MisbehavingProvider() as provider:
        yield provider


@pytest.fixture
def provider(running: MisbehavingProvider) -> Iterator[MisbehavingProvider]:
    running.complaints.clear()
    yield running
    running.behave(None)


def rows(*noticed: str) -> Any:
    """A test for each row that is noticed at these times."""
    chosen = [row for row in MISBEHAVIOURS.values() if row.noticed in noticed]
    return pytest.mark.parametrize("wrong", chosen, ids=str)


def begun(provider: MisbehavingProvider, wrong: Misbehaviour) -> Site:
    """An application that agreed with the provider on what the row needs, while all is right yet."""
    provider.behave(wrong.name)
    site = Site(provider, ask=wrong.ask)
    provider.forget_requests()
    return site


def accepted_next_to_it(provider: MisbehavingProvider, wrong: Misbehaviour) -> None:
    """The same application, and a provider that has done nothing wrong."""
    provider.behave(wrong.name)
    site = Site(provider, ask=wrong.ask)
    provider.behave(None)
    with provider.agreeing(wrong.agreed):
        answer = site.sign_in()
        assert answer.claims["sub"] == "alice"
        assert site.go("/userinfo")["email"] == "alice@example.com"
        assert len(site.stored()) == 1


@rows("login")
def test_document(provider: MisbehavingProvider, wrong: Misbehaviour) -> None:
    site = begun(provider, wrong)
    with site.refused() as caught:
        site.browser.get("/login")
    assert_refused_as(caught.value, wrong)
    assert set(provider.asked) == {"metadata"}
    assert site.browser.pending_cookies() == {}
    accepted_next_to_it(provider, wrong)


@rows("par")
def test_pushed_request(provider: MisbehavingProvider, wrong: Misbehaviour) -> None:
    site = begun(provider, wrong)
    with site.refused() as caught:
        site.browser.get("/login")
    assert_refused_as(caught.value, wrong)
    # nor is the user sent out with a plain request instead
    assert provider.asked == ["metadata", "par"]
    assert site.browser.pending_cookies() == {}
    accepted_next_to_it(provider, wrong)


@rows("callback", "front", "jarm", "token", "token_twice", "hybrid", "id_token")
def test_sign_in(provider: MisbehavingProvider, wrong: Misbehaviour) -> None:
    site = begun(provider, wrong)
    address = site.begin()
    with site.refused() as caught:
        site.come_back(address)
    assert_refused_as(caught.value, wrong)
    assert provider.asked == list(wrong.asked)
    assert site.stored() == []
    accepted_next_to_it(provider, wrong)


@rows("userinfo")
def test_userinfo(provider: MisbehavingProvider, wrong: Misbehaviour) -> None:
    site = begun(provider, wrong)
    site.sign_in()
    with site.refused() as caught:
        site.browser.get("/userinfo")
    assert_refused_as(caught.value, wrong)
    assert provider.asked[:5] == list(wrong.asked)
    # a change of keys would explain a wrong signature, a new nonce is answered once
    assert provider.asked[5:] in ([], ["jwks"], ["userinfo"] if "resource_nonce" in wrong.changes else [])
    accepted_next_to_it(provider, wrong)


def test_every_row_of_the_table_is_tested() -> None:
    here = {"login", "par", "callback", "front", "jarm", "token", "token_twice", "hybrid", "id_token", "userinfo"}
    elsewhere = {"refresh", "logout", "webfinger", "registration"}
    assert {row.noticed for row in MISBEHAVIOURS.values()} == here | elsewhere
