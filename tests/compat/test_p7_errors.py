"""P7: whatever goes wrong is an OAuthException that a program's error page can print."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from tests.compat.servers.base import Answer, Server
from tests.compat.servers.oauth1 import S1
from tests.compat.servers.oauth2 import S2
from tests.compat.support import Browser

from flask_oauth import OAuthException

Load = Callable[..., ModuleType]


@pytest.fixture
def nobody() -> str:
    """An address at which nothing listens."""
    with Server() as server:
        return server.url


@pytest.fixture
def browser(load: Load, nobody: str) -> Browser:
    return Browser(load("p7_errors", NOBODY=nobody).app)


def raised(browser: Browser, path: str) -> BaseException:
    """What a page raises when the program has no error page."""
    browser.app.error_handler_spec[None][None].clear()
    browser.app.testing = True
    with pytest.raises(OAuthException) as caught:
        browser.get(path)
    return caught.value


REQUEST_TOKEN = "/o1/request_token"
ACCESS_TOKEN = "/o1/access_token"


@pytest.mark.parametrize(
    ("answer", "type_"),
    [
        (Answer("boom", 500, "text/html"), "token_generation_failed"),
        (Answer("x=1"), None),
        (Answer(""), None),
        (Answer("<html>hello</html>", 200, "text/html"), None),
        (Answer("nothing said", 200, None), None),
    ],
)
def test_p7_request_token_answers_that_are_none(s1: S1, browser: Browser, answer: Answer, type_: str | None) -> None:
    s1.instead[REQUEST_TOKEN] = answer
    error = raised(browser, "/login/twitter")
    assert isinstance(error, OAuthException)
    assert isinstance(str(error), str)
    assert str(error)
    if type_:
        assert error.type == type_


def test_p7_page_printing_the_error(s1: S1, browser: Browser) -> None:
    s1.instead[REQUEST_TOKEN] = Answer("boom", 500, "text/html")
    page = browser.get("/login/twitter")
    assert page.status_code == 400
    assert page.text
    assert not page.text.startswith("b'")


def test_p7_page_reading_the_attributes(s1: S1, browser: Browser) -> None:
    browser.app.config["VARIANT"] = 2
    s1.instead[REQUEST_TOKEN] = Answer("boom", 500, "text/html")
    page = browser.get("/login/twitter").get_json()
    assert page["type"] == "token_generation_failed"
    assert isinstance(page["message"], str)


def test_p7_except_round_authorize(s1: S1, browser: Browser) -> None:
    browser.app.config["VARIANT"] = 3
    s1.instead[REQUEST_TOKEN] = Answer("boom", 500, "text/html")
    assert browser.get("/login/twitter").text.startswith("caught: ")


def test_p7_access_token_refused_in_html(s1: S1, browser: Browser) -> None:
    callback = browser.callback_for("/login/twitter")
    s1.instead[ACCESS_TOKEN] = Answer("<h1>401</h1>", 401, "text/html")
    error = raised(browser, callback)
    assert isinstance(error, OAuthException)
    assert error.type == "invalid_response"


def test_p7_oauth2_token_refused_with_words(s2: S2, browser: Browser) -> None:
    callback = browser.callback_for("/login/github")
    s2.instead["/o2/token"] = Answer('{"error": "invalid_client"}', 401, "application/json")
    error = raised(browser, callback)
    assert isinstance(error, OAuthException)
    assert (error.type, error.data) == ("invalid_response", {"error": "invalid_client"})


def test_p7_no_token_at_all(s1: S1, s2: S2, browser: Browser) -> None:
    for name in ("twitter", "github"):
        browser.app.config["VARIANT"] = 2
        assert browser.get(f"/api/{name}").get_json()["type"] == "token_missing"
    assert s1.seen == s2.seen == []


def test_p7_nobody_listens_oauth1(browser: Browser) -> None:
    error: Any = raised(browser, "/login/down")
    assert isinstance(error, OSError)


def test_p7_nobody_listens_oauth2(s2: S2, browser: Browser) -> None:
    error: Any = raised(browser, browser.callback_for("/login/down2"))
    assert isinstance(error, OSError)


def test_p7_token_answer_without_content_type(s1: S1, s2: S2, browser: Browser) -> None:
    s1.token_content_type = s2.token_content_type = None
    assert browser.sign_in("/login/twitter").text == "signed in"
    assert browser.sign_in("/login/github").text == "signed in"


def test_p7_api_answer_without_content_type(s2: S2, browser: Browser) -> None:
    with browser.client.session_transaction() as session:
        session["token"] = ("t", "")
    s2.instead["/o2/api/me"] = Answer("text", 200, None)
    assert browser.get("/api/github").text == "200"


@pytest.mark.parametrize("query", ["code=hello", "oauth_verifier=hello", "oauth_verifier=v&oauth_token=t"])
def test_p7_made_up_callback_on_an_empty_session(s1: S1, s2: S2, browser: Browser, query: str) -> None:
    name = "github" if "code" in query else "twitter"
    error = raised(browser, f"/cb/{name}?{query}")
    assert isinstance(error, OAuthException)
    assert s1.seen == s2.seen == []


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "text/html", "application/json"])
def test_p7_github_says_error_with_200(s2: S2, browser: Browser, content_type: str) -> None:
    callback = browser.callback_for("/login/github")
    body = '{"error": "bad_verification_code"}' if "json" in content_type else "error=bad_verification_code"
    s2.instead["/o2/token"] = Answer(body, 200, content_type)
    assert browser.get(callback).text == "error in the answer: bad_verification_code"
