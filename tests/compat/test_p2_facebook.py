"""P2: the Facebook tutorial over OAuth 2: a form-encoded token answer, and an API call inside the handler."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from tests.compat.servers.oauth2 import CLIENT_ID, S2
from tests.compat.support import Browser, query_of

Load = Callable[..., ModuleType]
LOGIN = "/login?next=/home%3Fx%3D1%26y%3D%C3%A9"


@pytest.fixture
def browser(load: Load, s2: S2) -> Browser:
    s2.as_form, s2.token_content_type = True, "text/plain; charset=UTF-8"
    return Browser(load("p2_facebook", MORE={}).app)


def sign_in_by_get(load: Load) -> tuple[dict[str, Any], list[str]]:
    """The program with access_token_method='GET': the view's answer and the warnings on the way."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        answer = Browser(load("p2_facebook", MORE={"access_token_method": "GET"}).app).sign_in(LOGIN).get_json()
    return answer, [str(warning.message) for warning in caught]


def test_p2_token_request_is_a_post(s2: S2, browser: Browser) -> None:
    assert browser.sign_in(LOGIN).get_json()["status"] == 200
    [exchange] = s2.requests_to("/o2/token")
    assert exchange.method == "POST"
    assert exchange.query == []
    assert exchange.values("grant_type") == ["authorization_code"]


def test_p2_token_request_is_a_get_when_the_program_asks(s2: S2, load: Load) -> None:
    s2.as_form, s2.token_content_type = True, "text/plain; charset=UTF-8"
    answer, messages = sign_in_by_get(load)
    assert answer["status"] == 200
    [exchange] = s2.requests_to("/o2/token")
    assert (exchange.method, exchange.body) == ("GET", b"")
    assert any("GET" in message for message in messages)


def test_p2_redirect_uri_is_the_same_string_twice(s2: S2, browser: Browser) -> None:
    browser.sign_in(LOGIN)
    [asked], [exchanged] = s2.last("/o2/authorize").values("redirect_uri"), s2.last("/o2/token").values("redirect_uri")
    assert asked == exchanged
    assert query_of(asked) == [("next", "/home?x=1&y=é")]


def test_p2_every_parameter_once_with_state_and_pkce(s2: S2, browser: Browser) -> None:
    browser.sign_in(LOGIN)
    sent = s2.last("/o2/authorize")
    assert sent.repeated() == []
    assert sent.values("scope") == ["email, "]
    assert sent.values("client_id") == [CLIENT_ID]
    assert sent.values("response_type") == ["code"]
    assert sent.values("code_challenge_method") == ["S256"]
    assert len(sent.values("state")[0]) >= 20
    assert s2.last("/o2/token").repeated() == []


def test_p2_calls_the_api_in_the_same_request_with_one_credential(s2: S2, browser: Browser) -> None:
    answer = browser.sign_in(LOGIN).get_json()
    assert answer["me"]["args"] == [["fields", "id,name"], ["height", "130"], ["redirect", "False"]]
    assert answer["me"]["credential"] == ["Bearer", answer["resp"]["access_token"]]
    assert [answer["resp"]["access_token"]] == list(s2.tokens)


def test_p2_the_view_sees_all_that_the_provider_sent(browser: Browser) -> None:
    answer = browser.sign_in(LOGIN).get_json()
    assert answer["resp"]["expires"] == "3600"
    assert {"access_token", "refresh_token", "scope"} <= set(answer["resp"])


def test_p2_nothing_temporary_is_left(browser: Browser) -> None:
    browser.sign_in(LOGIN)
    assert set(browser.session()) == {"oauth_token"}
    browser.assert_nothing_pending()


@pytest.mark.parametrize("keep_state", [True, False])
def test_p2_denial_gives_none_and_leaves_the_words_in_the_query(s2: S2, browser: Browser, keep_state: bool) -> None:
    s2.denial = {"error_reason": "user_denied", "error_description": "d"}
    callback = browser.callback_for(LOGIN)
    if not keep_state:
        callback = callback.partition("&state=")[0]  # Facebook of 2010 knew no state
    assert browser.get(callback).text == "Access denied: reason=user_denied error=d"
    assert browser.session() == {}
    assert s2.requests_to("/o2/token") == []
