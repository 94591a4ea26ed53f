"""What the 2010 face must refuse of the provider's answers, in a sign-in and in a call: N12, N14, N16, N17, N45, N52.

After each refusal the view was not called, nothing is stored, nobody else was
called, and the right answer is accepted in the next sign-in.
"""

from __future__ import annotations

import gzip
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.compat.servers.base import Answer, Server
from tests.compat.servers.oauth1 import S1
from tests.compat.servers.oauth2 import CLIENT_ID, S2
from tests.compat.servers.raw import RawServer, plain
from tests.compat.support import Site, oauth1_settings, oauth2_settings, query_of

from flask_oauth import OAuth, OAuthException, TransportError
from flask_oauth.errors import ConfigurationError, InvalidResponseError, ServerError, TokenResponseError
from flask_oauth.testing.transport import ScriptedTransport, json_response

DOORS = pytest.mark.parametrize("door", ["/cb", "/strict"])
TOKEN = {"access_token": "t", "token_type": "Bearer"}


@pytest.fixture
def two(s2: S2) -> Site:
    return Site(**oauth2_settings(s2))


@pytest.fixture
def one(s1: S1) -> Site:
    return Site(**oauth1_settings(s1))


def refused(site: Site, path: str | None = None) -> OAuthException:
    """The error a sign-in ends in; the view was not called and nothing was stored."""
    with pytest.raises(OAuthException) as caught:
        site.browser.get(path or site.browser.callback_for("/login"))
    assert site.given == []
    assert site.browser.session() == {}
    return caught.value


def accepted(site: Site) -> None:
    assert site.sign_in()
    assert "token" in site.browser.session()


# N12: where nothing may be sent


@pytest.mark.parametrize(
    "settings",
    [
        {"request_token_url": "http://api.example.com/request"},
        {"authorize_url": "http://api.example.com/authorize"},
        {"access_token_url": "http://api.example.com/token"},
    ],
)
def test_N12_http_endpoint_on_another_machine(settings: dict[str, str]) -> None:
    transport = ScriptedTransport()
    right = {
        "authorize_url": "https://api.example.com/authorize",
        "access_token_url": "https://api.example.com/token",
        "consumer_key": "k",
        "consumer_secret": "s",
    }
    site = Site(OAuth().remote_app("x", transport=transport, **{**right, **settings}))
    if "access_token_url" in settings:
        with site.app.test_request_context("/"):
            site.remote.authorize("http://localhost/cb")
        error = _callback_error(site)
    else:
        error = refused(site, "/login")
    assert error.code in {"config_insecure_url", "transport_insecure_url"}
    assert "allow_http_hosts" in error.hint
    assert transport.requests == []


def _callback_error(site: Site) -> OAuthException:
    state = dict(query_of(site.browser.start("/login")))["state"]
    return refused(site, f"/cb?{urlencode({'code': 'c', 'state': state})}")


def test_N12_http_where_the_host_was_allowed_by_name() -> None:
    site = Site(
        OAuth().remote_app(
            "x",
            authorize_url="http://intranet.example/authorize",
            access_token_url="http://intranet.example/token",
            consumer_key="k",
            consumer_secret="s",
            allow_http_hosts=["intranet.example"],
        )
    )
    assert site.browser.start("/login").startswith("http://intranet.example/authorize?")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_N12_token_request_is_never_redirected(s1: S1, s2: S2, stranger: Server, status: int) -> None:
    for site, server, path in (
        (Site(**oauth2_settings(s2)), s2, "/o2/token"),
        (Site(**oauth1_settings(s1)), s1, "/o1/access_token"),
    ):
        for target in (stranger.url + "/token", server.url + "/elsewhere", "http://api.example.com/token"):
            server.instead[path] = Answer("", status, "text/plain", {"Location": target})
            error = refused(site)
            assert isinstance(error, (TransportError, InvalidResponseError))
        assert server.requests_to("/elsewhere") == []
        server.instead.clear()
        accepted(site)
    assert stranger.seen == []


def test_N12_request_token_request_is_never_redirected(one: Site, s1: S1, stranger: Server) -> None:
    s1.instead["/o1/request_token"] = Answer("", 302, "text/plain", {"Location": stranger.url + "/request_token"})
    assert refused(one, "/login").type == "token_generation_failed"
    assert stranger.seen == []
    s1.instead.clear()
    accepted(one)


# N14: answers that are none

DEEP = "[" * 2000 + "]" * 2000
BAD_TOKEN_ANSWERS = {
    "oversize": Answer(json.dumps({**TOKEN, "x": "y" * (1024 * 1024)}), 200, "application/json"),
    "oversize-gzip": Answer(
        gzip.compress(json.dumps({**TOKEN, "x": "y" * (2 * 1024 * 1024)}).encode()),
        200,
        "application/json",
        {"Content-Encoding": "gzip"},
    ),
    "not-json": Answer('{"access_token": "t", ', 200, "application/json"),
    "html": Answer("<html><body>Sign in to the hotel's wifi</body></html>", 200, "text/html"),
    "html-as-json": Answer("<html>oops</html>", 200, "application/json"),
    "nothing": Answer("", 200, "application/json"),
    "no-content": Answer("", 204, None),
    "list": Answer('[{"access_token": "t", "token_type": "Bearer"}]', 200, "application/json"),
    "text": Answer('"access_token"', 200, "application/json"),
    "null": Answer("null", 200, "application/json"),
    "duplicate": Answer('{"access_token": "a", "access_token": "b", "token_type": "Bearer"}', 200, "application/json"),
    "deep": Answer(f'{{"access_token": "t", "token_type": "Bearer", "x": {DEEP}}}', 200, "application/json"),
    "nan": Answer('{"access_token": "t", "token_type": "Bearer", "expires_in": NaN}', 200, "application/json"),
    "repeated-form": Answer("access_token=a&access_token=b&token_type=bearer"),
    "token-is-a-list": Answer('{"access_token": ["t"], "token_type": "Bearer"}', 200, "application/json"),
    "token-is-empty": Answer('{"access_token": "", "token_type": "Bearer"}', 200, "application/json"),
    "image": Answer(b"\x89PNG\r\n\x1a\n\x00\xff", 200, "image/png"),
    "server-error": Answer("boom", 500, "text/html"),
    "xml-bomb": Answer(
        '<!DOCTYPE b [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><access_token>&b;</access_token>', 200, "text/xml"
    ),
}


@DOORS
@pytest.mark.parametrize("kind", BAD_TOKEN_ANSWERS)
def test_N14_oauth2_token_answer(two: Site, s2: S2, kind: str, door: str) -> None:
    two.callback = door
    s2.instead["/o2/token"] = BAD_TOKEN_ANSWERS[kind]
    error = refused(two)
    assert isinstance(error, (InvalidResponseError, TransportError))
    assert error.code not in {"oauth_error", "access_denied"}
    assert len(s2.requests_to("/o2/token")) == 1
    s2.instead.clear()
    accepted(two)


def oauth1_form(**members: str) -> str:
    return urlencode({"oauth_token": "t", "oauth_token_secret": "s", "oauth_callback_confirmed": "true", **members})


BAD_OAUTH1_ANSWERS = {
    "oversize": Answer(oauth1_form(x="y" * (1024 * 1024))),
    "html": Answer("<html><body>hello</body></html>", 200, "text/html"),
    "nothing": Answer(""),
    "no-token": Answer("oauth_token_secret=s&oauth_callback_confirmed=true"),
    "no-secret": Answer("oauth_token=t&oauth_callback_confirmed=true"),
    "empty-token": Answer("oauth_token=&oauth_token_secret=s&oauth_callback_confirmed=true"),
    "repeated": Answer(oauth1_form() + "&oauth_token=other"),
    "image": Answer(b"\x89PNG\r\n\x1a\n\x00\xff", 200, "image/png"),
    "server-error": Answer("boom", 500, "text/html"),
    "xml": Answer('<!DOCTYPE b [<!ENTITY a "ha">]><oauth_token>&a;</oauth_token>', 200, "text/xml"),
}


@pytest.mark.parametrize("kind", BAD_OAUTH1_ANSWERS)
def test_N14_oauth1_request_token_answer(one: Site, s1: S1, kind: str) -> None:
    s1.instead["/o1/request_token"] = BAD_OAUTH1_ANSWERS[kind]
    error = refused(one, "/login")
    assert isinstance(error, (InvalidResponseError, TransportError))
    assert one.browser.pending_cookies() == {}
    s1.instead.clear()
    accepted(one)


@DOORS
@pytest.mark.parametrize("kind", BAD_OAUTH1_ANSWERS)
def test_N14_N52_oauth1_token_answer(one: Site, s1: S1, kind: str, door: str) -> None:
    one.callback = door
    s1.instead["/o1/access_token"] = BAD_OAUTH1_ANSWERS[kind]
    error = refused(one)
    assert isinstance(error, (InvalidResponseError, TransportError))
    assert len(s1.requests_to("/o1/access_token")) == 1
    s1.instead.clear()
    accepted(one)


@pytest.mark.parametrize(
    ("pieces", "hang"),
    [
        ([], True),
        (plain(b'{"access_token": "t"', length=1000), False),
        (plain(b'{"access_token": "t"', length=1000), True),
        ([b"not http at all\r\n\r\n"], False),
        ([], False),
    ],
    ids=["hangs", "cut-short", "stalls", "no-http", "closes"],
)
def test_N14_provider_that_does_not_finish(s2: S2, pieces: list[bytes], hang: bool) -> None:
    with RawServer(pieces, hang=hang) as raw:
        site = Site(**oauth2_settings(s2, access_token_url=raw.url + "/token"))
        site.app.config["OAUTH_READ_TIMEOUT"] = 0.3
        error = refused(site)
        assert isinstance(error, TransportError)
        # a code is good for one use, so the request is not sent again
        assert len(raw.requests) == 1


def test_N14_answer_without_end(s2: S2) -> None:
    def endless() -> Any:
        yield b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{"
        for _ in range(2000):
            yield b" " * 65536

    raw = RawServer()
    raw.pieces = endless()
    with raw:
        site = Site(**oauth2_settings(s2, access_token_url=raw.url + "/token"))
        assert refused(site).code == "transport_too_large"


def test_N14_api_answers_leave_the_app_standing(two: Site, s2: S2) -> None:
    two.sign_in()
    bomb = '<!DOCTYPE b [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><x>&b;</x>'
    s2.instead["/o2/api/bomb"] = Answer(bomb, 200, "text/xml")
    s2.instead["/o2/api/deep"] = Answer("[" * 100_000, 200, "application/json")
    two.remote.tokengetter(lambda: ("t", ""))
    for path in ("bomb", "deep"):
        answer = two.remote.get(path)
        assert answer.status == 200
        try:
            data = answer.data
        except OAuthException:
            continue
        assert isinstance(data, str)
    s2.instead["/o2/api/huge"] = Answer(b" " * (10 * 1024 * 1024 + 1), 200, "text/plain")
    with pytest.raises(TransportError) as caught:
        two.remote.get("huge")
    assert caught.value.code == "transport_too_large"


def test_N14_api_that_redirects_in_a_circle(two: Site, s2: S2) -> None:
    s2.instead["/o2/api/a"] = Answer("", 302, None, {"Location": s2.url + "/o2/api/b"})
    s2.instead["/o2/api/b"] = Answer("", 302, None, {"Location": s2.url + "/o2/api/a"})
    two.remote.tokengetter(lambda: ("t", ""))
    with pytest.raises(TransportError) as caught:
        two.remote.get("a")
    assert caught.value.code == "transport_redirect"
    assert len(s2.seen) < 20


# N16, N17: answers that are no token


@DOORS
@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"token_type": "Bearer"}, "token_response_no_token"),
        ({"access_token": None, "token_type": "Bearer"}, "token_response_no_token"),
        ({"access_token": "t", "token_type": "mac"}, "token_response_type"),
        ({"access_token": "t", "token_type": "DPoP"}, "token_response_type"),
        ({"access_token": "t", "token_type": 7}, "token_response_type"),
        ({"access_token": "t", "token_type": "N_A"}, "token_response_type"),
    ],
)
def test_N16_answer_without_a_token_or_of_another_type(
    two: Site, s2: S2, door: str, members: dict[str, Any], code: str
) -> None:
    two.callback = door
    s2.instead["/o2/token"] = Answer(json.dumps(members), 200, "application/json")
    error = refused(two)
    assert isinstance(error, TokenResponseError)
    assert error.code in {code, "token_response_no_type"}
    s2.instead.clear()
    accepted(two)


def test_N16_no_type_counts_as_bearer_for_endpoints_named_by_hand(two: Site, s2: S2) -> None:
    s2.drop = {"token_type"}
    two.callback = "/strict"
    assert two.sign_in().token.token_type == "Bearer"


def test_N16_no_type_is_refused_where_an_issuer_is_named() -> None:
    issuer = "https://as.example"
    metadata = {
        "issuer": issuer,
        "authorization_endpoint": issuer + "/authorize",
        "token_endpoint": issuer + "/token",
        "response_types_supported": ["code"],
        "jwks_uri": issuer + "/jwks",
    }
    transport = ScriptedTransport()
    transport.always("GET", issuer + "/.well-known/*", json_response(metadata))
    transport.once("POST", issuer + "/token", json_response({"access_token": "t"}))
    transport.once("POST", issuer + "/token", json_response(TOKEN))
    site = Site(
        OAuth().remote_app(
            "corp", issuer=issuer, client_id="id", client_secret="secret", scope="x", transport=transport
        )
    )
    assert _callback_error(site).code == "token_response_no_type"
    state = dict(query_of(site.browser.start("/login")))["state"]
    assert site.browser.get(f"/cb?{urlencode({'code': 'c', 'state': state})}").text == "done"


@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded", "text/html"])
def test_N17_error_with_200_raises_at_the_strict_door(two: Site, s2: S2, content_type: str) -> None:
    words = {"error": "bad_verification_code", "error_description": "<b>no</b>"}
    body = json.dumps(words) if "json" in content_type else urlencode(words)
    s2.instead["/o2/token"] = Answer(body, 200, content_type)
    two.callback = "/strict"
    error = refused(two)
    assert isinstance(error, ServerError)
    assert (error.error, error.data) == ("bad_verification_code", words)
    # as in 2010, a decorated view looks at it itself
    two.callback = "/cb"
    assert two.sign_in() == words
    assert two.browser.session() == {}


def test_N17_error_beside_a_token(two: Site, s2: S2) -> None:
    s2.extra = {"error": "invalid_scope"}
    two.callback = "/strict"
    assert isinstance(refused(two), ServerError)


# N45: where a token may go


@pytest.fixture(params=["oauth1", "oauth2"])
def signed_in(request: pytest.FixtureRequest, s1: S1, s2: S2) -> tuple[Site, Server]:
    if request.param == "oauth1":
        s1.tokens["k"] = "s"
        server: Server = s1
        site = Site(**oauth1_settings(s1))
    else:
        s2.tokens["k"] = CLIENT_ID
        server = s2
        site = Site(**oauth2_settings(s2))
    site.remote.tokengetter(lambda: ("k", "s"))
    return site, server


def test_N45_token_does_not_go_to_another_host(signed_in: tuple[Site, Server], stranger: Server) -> None:
    site, server = signed_in
    for url in (stranger.url + "/me", stranger.url.replace("http:", "") + "/me", "https://evil.example/me"):
        with pytest.raises(ConfigurationError) as caught:
            site.remote.get(url)
        assert caught.value.code == "token_host"
    assert server.seen == stranger.seen == []
    assert site.remote.get("me").status == 200


def test_N45_nor_by_the_client_of_2010(signed_in: tuple[Site, Server], stranger: Server) -> None:
    site, _ = signed_in
    with pytest.raises(ConfigurationError) as caught:
        site.remote.make_client().request(stranger.url + "/me")
    assert caught.value.code == "token_host"
    assert stranger.seen == []


def test_N45_allowed_host(s2: S2) -> None:
    s2.tokens["k"] = CLIENT_ID
    remote = OAuth().remote_app("x", base_url="https://api.example/", allow_hosts=["127.0.0.1"])
    remote.tokengetter(lambda: "k")
    assert remote.get(s2.url + "/o2/api/me").status == 200


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_N45_redirect_to_another_host_takes_nothing_along(
    signed_in: tuple[Site, Server], stranger: Server, status: int
) -> None:
    site, server = signed_in
    api = "/o1/api" if isinstance(server, S1) else "/o2/api"
    server.instead[api + "/moved"] = Answer("", status, None, {"Location": stranger.url + "/landed"})
    for call in (site.remote.get, site.remote.post):
        call("moved", headers={"X-Api-Key": "private", "Cookie": "a=b"})
    for seen in stranger.seen:
        assert seen.authorization == ""
        assert "x-api-key" not in seen.headers
        assert "cookie" not in seen.headers
        assert not [name for name, _ in seen.query + seen.form if "token" in name or name.startswith("oauth_")]


def test_N45_redirect_within_the_host_is_authorized_anew(signed_in: tuple[Site, Server]) -> None:
    site, server = signed_in
    api = "/o1/api" if isinstance(server, S1) else "/o2/api"
    server.instead[api + "/moved"] = Answer("", 302, None, {"Location": api + "/me?x=1"})
    answer = site.remote.get("moved")
    assert (answer.status, answer.data["args"]) == (200, [["x", "1"]])


def test_N45_token_is_never_in_the_query(signed_in: tuple[Site, Server]) -> None:
    site, server = signed_in
    for call in (site.remote.get, site.remote.post, site.remote.put, site.remote.delete):
        call("me?x=1", data={"a": "1"})
    assert all("k" not in dict(seen.query).values() for seen in server.seen)
    assert len(server.seen) == 4


# N52: what the provider says went wrong


def test_N52_oauth_problem_is_shown(one: Site, s1: S1) -> None:
    s1.instead["/o1/access_token"] = Answer("oauth_problem=token_rejected&oauth_problem_advice=try+again", 401)
    error = refused(one)
    assert error.code == "oauth1_problem"
    assert "token_rejected" in f"{error.message} {error.data}"
    s1.instead["/o1/request_token"] = Answer("oauth_problem=timestamp_refused", 400)
    error = refused(one, "/login")
    assert error.code == "oauth1_problem"
    assert "timestamp_refused" in f"{error.message} {error.data}"
    s1.instead.clear()
    accepted(one)


def test_N52_oauth_problem_in_the_callback(one: Site, s1: S1) -> None:
    one.callback = "/strict"
    callback = one.browser.callback_for("/login").partition("&oauth_verifier=")[0]
    error = refused(one, callback + "&oauth_problem=user_refused")
    assert error.code == "access_denied"
    assert s1.requests_to("/o1/access_token") == []
