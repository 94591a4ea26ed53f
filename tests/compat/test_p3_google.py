"""P3: Google by hand; every parameter is the program's, no tokengetter, its own Authorization header."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest
from tests.compat.servers.oauth2 import S2
from tests.compat.support import Browser

Load = Callable[..., ModuleType]


@pytest.fixture
def browser(load: Load, s2: S2) -> Browser:
    return Browser(load("p3_google", BASE_URL=s2.url + "/accounts/").app)


def test_p3_each_parameter_once_and_the_programs_value_wins(s2: S2, browser: Browser) -> None:
    browser.sign_in("/login")
    sent, exchange = s2.last("/o2/authorize"), s2.last("/o2/token")
    assert sent.repeated() == exchange.repeated() == []
    assert sent.values("response_type") == ["code"]
    assert exchange.method == "POST"
    assert exchange.values("grant_type") == ["authorization_code"]


def test_p3_signs_in_without_a_tokengetter(s2: S2, browser: Browser) -> None:
    done = browser.sign_in("/login")
    assert (done.status_code, done.text) == (200, "signed in")
    assert browser.session()["bare"] in s2.tokens


@pytest.mark.parametrize("base_url", [None, "https://www.google.com/accounts/"])
def test_p3_the_callers_header_is_the_only_credential(load: Load, s2: S2, base_url: str | None) -> None:
    # With Google the API lived on another host than base_url; the caller's own header may go there.
    browser = Browser(load("p3_google", BASE_URL=base_url or s2.url + "/accounts/").app)
    assert browser.sign_in("/login2").status_code == 200
    token = browser.session()["access_token"][0]
    answer = browser.get("/me").get_json()
    assert answer["status"] == 200
    assert answer["data"]["credential"] == ["OAuth", token]
    assert s2.last("/o2/api/userinfo").authorization == "OAuth " + token
