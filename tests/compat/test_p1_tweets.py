"""P1: the tweet tutorial signs in over OAuth 1.0a, reads and posts, denies, and signs in again over an old token."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest
from tests.compat.servers.oauth1 import S1
from tests.compat.support import Browser, query_of

Load = Callable[..., ModuleType]


@pytest.fixture
def browser(load: Load) -> Browser:
    return Browser(load("p1_tweets").app)


def test_p1_callback_reaches_the_provider_absolute_and_whole(s1: S1, browser: Browser) -> None:
    browser.start("/login")
    [callback] = s1.last("/o1/request_token").values("oauth_callback")
    assert callback.startswith("http://localhost/oauth-authorized?")
    assert query_of(callback) == [("next", "/home?x=1&y=é")]


def test_p1_signs_in_and_stores_the_pair(s1: S1, browser: Browser) -> None:
    done = browser.sign_in("/login")
    assert done.status_code == 302
    assert done.headers["Location"] in {"/home?x=1&y=é", "/home?x=1&y=%C3%A9"}
    session = browser.session()
    assert dict([session["tw"]]) == s1.tokens
    assert session["screen_name"] == "mitsuhiko"
    assert browser.get("/").text == "You were signed in as mitsuhiko"


def test_p1_nothing_temporary_is_left(browser: Browser) -> None:
    browser.sign_in("/login")
    assert set(browser.session()) == {"tw", "screen_name", "_flashes"}
    browser.assert_nothing_pending()


def test_p1_session_is_untouched_while_the_sign_in_is_pending(browser: Browser) -> None:
    browser.start("/login")
    assert browser.session() == {}
    assert len(browser.pending_cookies()) == 1


def test_p1_reads_the_timeline(s1: S1, browser: Browser) -> None:
    browser.sign_in("/login")
    answer = browser.get("/timeline").get_json()
    assert answer["type"] == "dict"
    assert [answer["tweets"]["token"]] == list(s1.tokens)
    assert s1.last("/o1/api/statuses.json").authorization.startswith("OAuth ")


def test_p1_posts_a_status_with_every_kind_of_character(s1: S1, browser: Browser) -> None:
    browser.sign_in("/login")
    answer = browser.get("/post").get_json()
    assert (answer["status"], answer["type"]) == (200, "dict")
    assert answer["answer"]["form"] == [["status", "é @you & more"]]
    assert answer["answer"]["method"] == "POST"


def test_p1_denial_gives_none(s1: S1, browser: Browser) -> None:
    s1.user_says_no = True
    done = browser.sign_in("/login")
    assert done.headers["Location"] == "/"
    assert browser.get("/").text == "You denied the request to sign in."
    assert "tw" not in browser.session()
    assert s1.requests_to("/o1/access_token") == []
    browser.assert_nothing_pending()


def test_p1_second_sign_in_while_the_old_pair_is_in_the_session(s1: S1, browser: Browser) -> None:
    browser.sign_in("/login")
    first = browser.session()["tw"]
    done = browser.sign_in("/login")
    assert done.status_code == 302
    second = browser.session()["tw"]
    assert second != first
    assert second[0] in s1.tokens
    # the exchange was signed with the request token of this sign-in, not with last month's pair
    assert s1.last("/o1/access_token").values("oauth_token") == s1.last("/o1/authorize").values("oauth_token")


def test_p1_sign_in_with_a_pair_that_the_provider_has_forgotten(s1: S1, browser: Browser) -> None:
    with browser.client.session_transaction() as session:
        session["tw"] = ("forgotten", "secret")
    assert browser.sign_in("/login").status_code == 302
    assert browser.session()["tw"][0] in s1.tokens
