"""Every code block of the 2010 documentation runs, and does what its text says."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
from tests.compat.servers.base import Answer, Seen
from tests.compat.servers.oauth1 import S1
from tests.compat.servers.oauth2 import CLIENT_ID, S2
from tests.compat.support import Browser

from flask_oauth import OAuthException

Load = Callable[..., ModuleType]
TWITTER_PATHS = {
    "/oauth/request_token": "/o1/request_token",
    "/oauth/access_token": "/o1/access_token",
    "/oauth/authenticate": "/o1/authorize",
}
FACEBOOK_PATHS = {"/oauth/access_token": "/o2/token", "/dialog/oauth": "/o2/authorize", "/me": "/o2/api/me"}


class Twitter(S1):
    """S1 at the paths of Twitter; signatures cover the path that was asked."""

    def answer(self, seen: Seen) -> Answer:
        path = seen.path.replace("/1/", "/o1/api/", 1) if seen.path.startswith("/1/") else TWITTER_PATHS[seen.path]
        return super().answer(replace(seen, path=path))


class Facebook(S2):
    """S2 at the paths of Facebook."""

    def answer(self, seen: Seen) -> Answer:
        return super().answer(replace(seen, path=FACEBOOK_PATHS[seen.path]))


@pytest.fixture
def twitter() -> Any:
    with Twitter() as server:
        server.reply = lambda seen: {"id": 17}
        yield server


@pytest.fixture
def facebook() -> Any:
    with Facebook() as server:
        yield server


@pytest.fixture
def browser(load: Load, twitter: Twitter, facebook: Facebook) -> Browser:
    program = load("seed", TWITTER=twitter.url, FACEBOOK=facebook.url + "/", FACEBOOK_LOGIN=facebook.url)
    return Browser(program.app)


def test_seed_blocks_run_with_the_addresses_as_they_were_written(load: Load) -> None:
    # plain http on another machine: no error where the app is only declared
    program = load(
        "seed",
        TWITTER="http://api.twitter.com",
        FACEBOOK="https://graph.facebook.com/",
        FACEBOOK_LOGIN="https://www.facebook.com",
    )
    assert set(program.oauth.remote_apps) == {"the remote app", "twitter", "facebook"}
    program.app.testing = True
    with pytest.raises(OAuthException) as caught:
        Browser(program.app).get("/login")
    assert "api.twitter.com" in f"{caught.value} {caught.value.got}"
    assert "allow_http_hosts" in caught.value.hint
    location = Browser(program.app).start("/facebook")
    assert location.startswith("https://www.facebook.com/dialog/oauth?")
    assert f"client_id={CLIENT_ID}" in location


def test_seed_sign_in_with_twitter(twitter: Twitter, browser: Browser) -> None:
    done = browser.sign_in("/login?next=/home")
    assert (done.status_code, done.headers["Location"]) == (302, "/home")
    session = browser.session()
    assert dict([session["twitter_token"]]) == twitter.tokens
    assert session["twitter_user"] == "mitsuhiko"
    assert browser.get("/").text == "You were signed in as mitsuhiko"


def test_seed_denied(twitter: Twitter, browser: Browser) -> None:
    twitter.user_says_no = True
    assert browser.sign_in("/login").headers["Location"] == "/"
    assert browser.get("/").text == "You denied the request to sign in."
    assert set(browser.session()) == set()


def test_seed_temporary_tokens_are_destroyed_when_the_handler_is_called(browser: Browser, load: Load) -> None:
    twitter = sys.modules[browser.app.import_name].twitter
    held: list[Any] = []

    @twitter.authorized_handler
    def view(resp: Any) -> str:
        with pytest.raises(OAuthException):  # no token of the user's yet, and no request token any more
            twitter.get("statuses/home_timeline.json")
        held.append(resp["oauth_token"])
        return "seen"

    browser.app.view_functions["oauth_authorized"] = view
    assert browser.sign_in("/login").text == "seen"
    assert len(held) == 1


def test_seed_tweet(twitter: Twitter, browser: Browser) -> None:
    browser.sign_in("/login")
    browser.get("/")
    browser.get("/tweet")
    assert browser.get("/").text == "Successfully tweeted your tweet (ID: #17)"
    assert twitter.last("/1/statuses/update.json").form == [("status", "The text we want to tweet")]


def test_seed_tweet_too_long(twitter: Twitter, browser: Browser) -> None:
    browser.sign_in("/login")
    browser.get("/")
    twitter.instead["/1/statuses/update.json"] = Answer("{}", 403, "application/json")
    browser.get("/tweet")
    assert browser.get("/").text == "Your tweet was too long."


def test_seed_timeline(twitter: Twitter, browser: Browser) -> None:
    browser.sign_in("/login")
    tweets = browser.get("/timeline").get_json()["tweets"]
    assert (tweets["method"], tweets["id"]) == ("GET", 17)


def test_seed_timeline_when_twitter_is_overloaded(twitter: Twitter, browser: Browser) -> None:
    browser.sign_in("/login")
    browser.get("/")
    twitter.instead["/1/statuses/home_timeline.json"] = Answer("over capacity", 503, "text/html")
    assert browser.get("/timeline").get_json() == {"tweets": None}
    assert browser.get("/").text.startswith("Unable to load tweets from Twitter.")


def test_seed_facebook(facebook: Facebook, browser: Browser) -> None:
    assert browser.sign_in("/facebook").text == "signed in"
    token = browser.session()["facebook_token"][0]
    assert browser.get("/facebook-me").get_json()["credential"] == ["Bearer", token]
    assert facebook.last("/dialog/oauth").values("scope") == ["email"]


def test_seed_the_formats_of_outgoing_data(twitter: Twitter, load: Load) -> None:
    program = load("seed", TWITTER=twitter.url, FACEBOOK="http://127.0.0.1/", FACEBOOK_LOGIN="http://127.0.0.1")
    twitter.tokens["k"] = "s"
    program.twitter.tokengetter(lambda: ("k", "s"))
    post = program.twitter.post
    assert post("x", data={"a": "1"}, format="urlencode").data["form"] == [["a", "1"]]
    assert post("x", data={"a": "1"}, format="urlencoded").data["form"] == [["a", "1"]]
    assert post("x", data={"a": "1"}, format="json").data["body"] == '{"a": "1"}'
    assert post("x", data="<a/>", content_type="text/xml").data["body"] == "<a/>"
    with pytest.raises(OAuthException):
        post("x", data={"a": "1"}, format="yaml")
