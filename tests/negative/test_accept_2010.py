"""What a sign-in through the 2010 face must accept: A02, A08, A10–A13, N40; and what it never shows: N51, N56."""

from __future__ import annotations

import gzip
import json
import logging
import traceback
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import redirect
from tests.compat.servers.base import Answer, Seen
from tests.compat.servers.oauth1 import CONSUMER_KEY, CONSUMER_SECRET, S1
from tests.compat.servers.oauth2 import CLIENT_ID, CLIENT_SECRET, S2
from tests.compat.servers.raw import RawServer, chunked
from tests.compat.support import Browser, Site, oauth1_settings, oauth2_settings, query_of

from flask_oauth import OAuth, OAuthException


@pytest.fixture
def two(s2: S2) -> Site:
    return Site(**oauth2_settings(s2))


@pytest.fixture
def one(s1: S1) -> Site:
    return Site(**oauth1_settings(s1))


@pytest.fixture(params=["oauth1", "oauth2"])
def site(request: pytest.FixtureRequest, s1: S1, s2: S2) -> Site:
    return Site(**(oauth1_settings(s1) if request.param == "oauth1" else oauth2_settings(s2)))


def test_A02_N40_answer_without_expiry_and_scope(s2: S2) -> None:
    s2.drop = {"expires_in", "scope", "refresh_token"}
    site = Site(**oauth2_settings(s2, scope="email profile"))
    site.callback = "/strict"
    answer = site.sign_in()
    assert (answer.token.expires_at, answer.token.scope) == (None, "email profile")
    assert set(answer) == {"access_token", "token_type"}


def test_A02_N40_scope_as_granted_wins(s2: S2) -> None:
    s2.extra = {"scope": "email"}
    site = Site(**oauth2_settings(s2, scope="email profile"))
    site.callback = "/strict"
    assert site.sign_in().token.scopes == {"email"}


@pytest.mark.parametrize("kind", ["bearer", "BEARER", "Bearer", "bEaReR"])
def test_A02_token_type_in_any_letter_case(two: Site, s2: S2, kind: str) -> None:
    s2.extra = {"token_type": kind}
    two.sign_in()
    two.remote.tokengetter(lambda: two.given[-1])
    assert two.remote.get("me").status == 200


def test_A08_unknown_members_everywhere(two: Site, s2: S2) -> None:
    s2.extra = {"x": {"deep": [1, None]}, "user": {"id": "7"}, "é": "ü"}
    callback = two.browser.callback_for("/login")
    extra = urlencode([("session_state", "abc"), ("scope", "a"), ("authuser", "0"), ("hd", "x"), ("hd", "y")])
    assert two.browser.get(f"{callback}&{extra}").text == "done"
    assert two.given[-1]["x"] == {"deep": [1, None]}
    assert two.given[-1]["user"] == {"id": "7"}


def test_A08_A13_unknown_members_oauth1(one: Site, s1: S1) -> None:
    s1.extra = {"screen_name": "mañana", "user_id": "42", "x_auth_expires": "0", "empty": ""}
    callback = one.browser.callback_for("/login")
    assert one.browser.get(callback + "&locale=de&x=1&x=2").text == "done"
    assert {name: one.given[-1][name] for name in s1.extra} == s1.extra


def test_A10_second_tab(site: Site) -> None:
    first, second = site.browser.start("/login"), site.browser.start("/login")
    for url in (second, first):
        assert site.browser.get(site.browser.consent(url)).text == "done"
    assert len(site.given) == 2


def test_A10_eight_tabs_and_no_more(two: Site) -> None:
    urls = [two.browser.start("/login") for _ in range(10)]
    assert len(two.browser.pending_cookies()) == 8
    assert two.browser.get(two.browser.consent(urls[-1])).text == "done"
    assert len(two.given) == 1


def test_A10_back_button_lands_where_the_sign_in_went(site: Site, s1: S1, s2: S2) -> None:
    view = site._done
    site.app.view_functions["cb"] = site.remote.authorized_handler(lambda resp: (view(resp), redirect("/home?x=1"))[1])
    callback = site.browser.callback_for("/login")
    assert site.browser.get(callback).headers["Location"] == "/home?x=1"
    before = site.browser.session()
    again = site.browser.get(callback)
    assert (again.status_code, again.headers["Location"]) == (302, "/home?x=1")
    assert site.browser.session() == before
    assert len(site.given) == 1
    exchanges = [
        seen for server in (s1, s2) for seen in server.seen if "token" in seen.path and "request" not in seen.path
    ]
    assert len(exchanges) == 1


def test_A10_two_providers_at_once(s1: S1, s2: S2) -> None:
    site = Site(**oauth1_settings(s1))
    other = site.oauth.remote_app("other", **oauth2_settings(s2))
    site.app.add_url_rule("/other", "other", lambda: other.authorize("http://localhost/other/cb"))
    site.app.add_url_rule("/other/cb", "other_cb", other.authorized_handler(site._done))
    first, second = site.browser.start("/login"), site.browser.start("/other")
    assert site.browser.get(site.browser.consent(first)).text == "done"
    assert site.browser.get(site.browser.consent(second)).text == "done"
    assert [sorted(answer)[0] for answer in site.given] == ["oauth_authorized_realms", "access_token"]


ODD = [("id:with colon", "s:e%c+r&e=t"), ("é%2F", "ü %20"), ("a+b", "~!@#$^*()")]


@pytest.mark.parametrize(("name", "secret"), ODD)
@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", None])
def test_A11_reserved_characters_in_client_credentials(s2: S2, name: str, secret: str, method: str | None) -> None:
    s2.memory.clients[name] = secret
    more = {"token_endpoint_auth_method": method} if method else {}
    site = Site(**oauth2_settings(s2, consumer_key=name, consumer_secret=secret, **more))
    assert site.sign_in()["access_token"] in s2.tokens
    if method:
        assert s2.memory.authenticated_by == ["basic" if method == "client_secret_basic" else "parameters"]


@pytest.mark.parametrize(("name", "secret"), ODD)
def test_A11_reserved_characters_in_consumer_credentials(s1: S1, name: str, secret: str) -> None:
    s1.memory.clients[name] = secret
    site = Site(**oauth1_settings(s1, consumer_key=name, consumer_secret=secret))
    assert site.sign_in()["oauth_token"] in s1.tokens


def test_A12_gzip(two: Site, s2: S2) -> None:
    body = gzip.compress(json.dumps({"access_token": "t", "token_type": "Bearer"}).encode())
    s2.instead["/o2/token"] = Answer(body, 200, "application/json", {"Content-Encoding": "gzip"})
    assert two.sign_in()["access_token"] == "t"
    s2.instead["/o2/api/me"] = Answer(gzip.compress(b"hello"), 200, "text/plain", {"Content-Encoding": "gzip"})
    two.remote.tokengetter(lambda: "t")
    assert two.remote.get("me").data == "hello"


def test_A12_chunked(s2: S2) -> None:
    with RawServer(chunked(b'{"access_token": "t", "token_type": "Bearer"}')) as raw:
        assert Site(**oauth2_settings(s2, access_token_url=raw.url + "/token")).sign_in()["access_token"] == "t"


def test_A12_byte_order_mark(two: Site, s2: S2, one: Site, s1: S1) -> None:
    body = b'\xef\xbb\xbf{"access_token": "t", "token_type": "Bearer"}'
    s2.instead["/o2/token"] = Answer(body, 200, "application/json")
    assert two.sign_in()["access_token"] == "t"
    s2.instead["/o2/api/me"] = Answer(b'\xef\xbb\xbf{"a": 1}', 200, "application/json")
    two.remote.tokengetter(lambda: "t")
    assert two.remote.get("me").data == {"a": 1}


def test_A12_form_text_under_another_content_type(two: Site, s2: S2, one: Site, s1: S1) -> None:
    s1.token_content_type = s2.token_content_type = "text/html; charset=utf-8"
    s2.as_form = True
    assert two.sign_in()["access_token"] in s2.tokens
    assert one.sign_in()["oauth_token"] in s1.tokens


def test_A12_json_under_another_content_type(two: Site, s2: S2) -> None:
    s2.token_content_type = "text/plain"
    assert two.sign_in()["access_token"] in s2.tokens


def test_A13_empty_token_secret(one: Site, s1: S1) -> None:
    s1.instead["/o1/access_token"] = Answer("oauth_token=t&oauth_token_secret=&user_id=7")
    assert one.sign_in() == {"oauth_token": "t", "oauth_token_secret": "", "user_id": "7"}
    s1.tokens["t"] = ""
    one.remote.tokengetter(lambda: ("t", ""))
    assert one.remote.get("me").status == 200


def test_A13_realm(s1: S1) -> None:
    site = Site(**oauth1_settings(s1, realm="photos"))
    site.sign_in()
    assert 'realm="photos"' in s1.last("/o1/request_token").authorization
    s1.tokens["k"] = "s"
    site.remote.tokengetter(lambda: ("k", "s"))
    assert site.remote.get("me").status == 200
    assert s1.last("/o1/api/me").authorization.startswith('OAuth realm="photos"')


@pytest.mark.parametrize(
    ("url", "data", "args"),
    [
        ("me?a=1&a=2&b=", {"a": "0"}, [["a", "1"], ["a", "2"], ["b", ""], ["a", "0"]]),
        ("me?z=%C3%A9&y=%20+%2B", {}, [["z", "é"], ["y", "  +"]]),
        ("me?%E2%82%AC=%F0%9F%98%80", {"日本": "語"}, [["€", "😀"], ["日本", "語"]]),
        ("p%20a%2Fth/é?x=~", {}, [["x", "~"]]),
    ],
)
def test_A13_queries_of_every_kind_are_signed_right(
    s1: S1, url: str, data: dict[str, str], args: list[list[str]]
) -> None:
    s1.tokens["k"] = "s"
    remote = OAuth().remote_app("x", **oauth1_settings(s1))
    remote.tokengetter(lambda: ("k", "s"))
    answer = remote.get(url, data=data)
    assert (answer.status, answer.data["args"]) == (200, args)


# N51, N56: what is never shown


class Everything(logging.Handler):
    """Keeps whatever anybody logs, at every level; but for the providers, which run in this process too."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if not record.name.startswith("oauthlib"):
            self.lines.append(self.format(record) + repr(record.args))


@pytest.fixture
def log() -> Any:
    handler, root = Everything(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler.lines
    root.removeHandler(handler)
    root.setLevel(level)


def secrets_of(seen: list[Seen], *more: str) -> set[str]:
    """Every credential that was in a request."""
    names = {"code", "code_verifier", "state", "client_secret", "oauth_verifier", "oauth_token_secret", "access_token"}
    found = {value for one in seen for name, value in one.parameters if name in names}
    return {value for value in found | set(more) if len(value) > 3}


def test_N51_N56_nothing_secret_in_the_log(site: Site, s1: S1, s2: S2, log: list[str]) -> None:
    answer = site.sign_in()
    site.call(lambda: site.remote.get("me"), tuple(site.browser.session()["token"]))
    site.browser.app.testing = False
    site.browser.get("/cb?code=x&state=y&oauth_verifier=z&oauth_token=w")  # a failure, logged by Flask
    text = "\n".join(log)
    assert text  # Flask logs the failure
    held = secrets_of(s1.seen + s2.seen, CONSUMER_SECRET, CLIENT_SECRET, *(str(value) for value in answer.values()))
    held -= {"mitsuhiko", "3600", "Bearer", "all", "42"}
    assert len(held) >= 3
    assert not [secret for secret in held if secret in text]


def test_N56_nothing_secret_in_errors_and_reprs(site: Site, s1: S1, s2: S2) -> None:
    shown: list[str] = [repr(site.remote), repr(site.oauth), repr(site.remote._client), repr(vars(site.oauth))]
    for body in ('{"error": "invalid_grant"}', "boom", "", '{"access_token": "leaky-token", "token_type": "mac"}'):
        callback = site.browser.callback_for("/login")
        s2.instead["/o2/token"] = Answer(body, 200 if "leaky" in body else 400, "application/json")
        s1.instead["/o1/access_token"] = Answer("oauth_token=leaky-token", 200 if "leaky" in body else 401)
        with pytest.raises(OAuthException) as caught:
            site.browser.get(callback)
        error: BaseException | None = caught.value
        while error is not None:
            shown += [str(error), repr(error), repr(vars(error)), repr(error.__cause__)]
            error = error.__cause__ or error.__context__
        shown += traceback.format_exception(caught.value)
    text = "\n".join(shown)
    held = secrets_of(s1.seen + s2.seen, CONSUMER_SECRET, CLIENT_SECRET, "leaky-token")
    assert len(held) >= 6
    assert not [secret for secret in held if secret in text]
    answer = Site(**oauth2_settings(s2)).remote
    assert CLIENT_SECRET not in repr(answer)


def test_N56_the_answer_shows_names_only(site: Site, s1: S1, s2: S2) -> None:
    answer = site.sign_in()
    token = answer.get("access_token") or answer["oauth_token"]
    assert token not in f"{answer!r} {answer} {answer.token!r}"


def test_N56_no_referrer_from_the_callback(site: Site, s1: S1, s2: S2) -> None:
    callback = site.browser.callback_for("/login")
    assert site.browser.get(callback).headers["Referrer-Policy"] == "no-referrer"
    assert site.browser.get("/cb?denied=x&error=access_denied").headers["Referrer-Policy"] == "no-referrer"
    site.callback = "/strict"
    assert site.browser.get(site.browser.callback_for("/login")).headers["Referrer-Policy"] == "no-referrer"


def test_N56_cookies_show_nothing_and_are_not_for_scripts(site: Site, s1: S1, s2: S2) -> None:
    response = site.browser.get("/login")
    [cookie] = [line for line in response.headers.getlist("Set-Cookie") if line.startswith("oauth_")]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Max-Age=600" in cookie
    value = dict(query_of(response.headers["Location"]))
    assert (value.get("state") or value["oauth_token"]) not in cookie
    secure = Browser(site.app, "https://localhost")
    [cookie] = [line for line in secure.get("/login").headers.getlist("Set-Cookie") if "oauth_" in line]
    assert cookie.startswith("__Host-oauth_")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


def test_the_credentials_of_these_tests_are_real(s1: S1, s2: S2) -> None:
    assert s1.memory.clients == {CONSUMER_KEY: CONSUMER_SECRET}
    assert s2.memory.clients == {CLIENT_ID: CLIENT_SECRET}
