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


@rows("callback", "front", "token", "hybrid", "id_token")
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
    assert set(provider.asked[5:]) <= {"jwks"}
    accepted_next_to_it(provider, wrong)


def test_N39_and_every_other_answer_to_a_refresh_is_tested_elsewhere() -> None:
    # test_openid_refresh.py; so every row of the table has a test
    noticed = {row.noticed for row in MISBEHAVIOURS.values()}
    assert noticed <= {"login", "callback", "front", "token", "hybrid", "id_token", "userinfo", "refresh", "logout"}
