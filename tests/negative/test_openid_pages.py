"""The ready-made pages at the misbehaving provider: N48, N49 (signing out), N53 (a sign-in that others begin)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from flask import Flask
from tests.compat.support import Browser, fetch
from werkzeug.test import TestResponse

from flask_oauth import OAuth
from flask_oauth.storage import MemoryTokenStore
from flask_oauth.testing.misbehaving import MISBEHAVIOURS, ODDITIES, MisbehavingProvider, Misbehaviour
from flask_oauth.transport import Urllib3Transport


@pytest.fixture(scope="module")
def running() -> Iterator[MisbehavingProvider]:
    with MisbehavingProvider() as provider:
        yield provider


@pytest.fixture
def provider(running: MisbehavingProvider) -> Iterator[MisbehavingProvider]:
    running.complaints.clear()
    running.forget_requests()
    yield running
    running.behave(None)


class Pages:
    """An application of the blueprint alone, and browsers."""

    def __init__(self, provider: MisbehavingProvider) -> None:
        self.app = Flask("pages")
        self.app.config.update(SECRET_KEY="development key", OAUTH_TOKEN_STORE=MemoryTokenStore())
        self.app.config["OAUTH_SESSION_CHECK_SECONDS"] = 0
        self.oauth = OAuth(self.app, transport=Urllib3Transport())
        self.oauth.remote_app("corp", **provider.settings)
        self.app.register_blueprint(self.oauth.blueprint, url_prefix="/auth")
        self.app.add_url_rule("/me", "me", lambda: {"sub": self.oauth.user.subject if self.oauth.user else None})
        self.browser = Browser(self.app)

    def who(self, browser: Browser | None = None) -> Any:
        response = (browser or self.browser).get("/me")
        assert response.json is not None
        return response.json["sub"]

    def post(self, path: str, browser: Browser | None = None, **form: str) -> TestResponse:
        return (browser or self.browser).client.post(path, base_url="http://localhost", data=form)

    def sign_in(self, browser: Browser | None = None) -> TestResponse:
        browser = browser or self.browser
        return self.come_back(self.post("/auth/login/corp", browser, next="/me"), browser)

    def come_back(self, leaving: TestResponse, browser: Browser | None = None) -> TestResponse:
        status, headers, text = fetch(leaving.headers["Location"])
        assert status == 302, (status, text)
        return (browser or self.browser).get(headers["location"])


@pytest.fixture
def pages(provider: MisbehavingProvider) -> Pages:
    return Pages(provider)


@pytest.fixture
def signed_in(pages: Pages, provider: MisbehavingProvider) -> Pages:
    assert pages.sign_in().headers["Location"] == "/me"
    assert pages.who() == "alice"
    provider.forget_requests()
    return pages


def rows(table: Any, noticed: str) -> Any:
    return pytest.mark.parametrize("row", [row for row in table.values() if row.noticed == noticed], ids=str)


# -- N48 ------------------------------------------------------------------------------------------------------

BACK_CHANNEL = "/auth/backchannel-logout/corp"


def told(pages: Pages, token: str) -> TestResponse:
    """The provider posts a logout token; it has no cookies."""
    response = Browser(pages.app).client.post(BACK_CHANNEL, base_url="http://localhost", data={"logout_token": token})
    assert response.headers["Cache-Control"] == "no-store"
    return response


@rows(MISBEHAVIOURS, "logout")
def test_logout_token(
    signed_in: Pages, provider: MisbehavingProvider, row: Misbehaviour, caplog: pytest.LogCaptureFixture
) -> None:
    provider.behave(row.name)
    token = provider.logout_token()
    with caplog.at_level(logging.INFO):
        response = told(signed_in, token)
    assert response.status_code == 400
    assert signed_in.who() == "alice"
    assert f"{row.code}:" in caplog.text
    assert token not in caplog.text + response.text
    assert set(provider.asked) <= {"jwks"}
    provider.behave(None)
    assert told(signed_in, provider.logout_token()).status_code == 200
    assert signed_in.who() is None


@rows(ODDITIES, "logout")
def test_logout_token_accepted(signed_in: Pages, provider: MisbehavingProvider, row: Misbehaviour) -> None:
    provider.behave(row.name)
    assert told(signed_in, provider.logout_token()).status_code == 200
    assert signed_in.who() is None


def test_N48_used_twice(signed_in: Pages, provider: MisbehavingProvider) -> None:
    token = provider.logout_token()
    assert told(signed_in, token).status_code == 200
    signed_in.sign_in()
    assert signed_in.who() == "alice"
    assert told(signed_in, token).status_code == 400
    assert signed_in.who() == "alice"


def test_N48_missing_or_sent_twice_or_in_the_query(signed_in: Pages, provider: MisbehavingProvider) -> None:
    client = Browser(signed_in.app).client
    for query, data in (("", {}), ("", {"logout_token": [provider.logout_token(), "x"]}), ("?logout_token=x", {})):
        response = client.post(BACK_CHANNEL + query, base_url="http://localhost", data=data)
        assert response.status_code == 400
        assert response.headers["Cache-Control"] == "no-store"
    assert client.get(BACK_CHANNEL, base_url="http://localhost").status_code == 405
    assert signed_in.who() == "alice"


def test_N48_an_id_token_is_no_logout_token(signed_in: Pages, provider: MisbehavingProvider) -> None:
    with signed_in.app.test_request_context("/"):
        from flask import session

        with signed_in.browser.client.session_transaction() as held:
            session.update(held)
        token = signed_in.oauth.corp.load_token()
    assert token is not None
    assert token.id_token is not None
    assert told(signed_in, token.id_token).status_code == 400
    assert signed_in.who() == "alice"


def test_N48_a_logout_token_is_no_id_token(pages: Pages, provider: MisbehavingProvider) -> None:
    from flask_oauth.testing.misbehaving.cases import case

    provider.behave(
        case("logout_token_as_id_token", "N30", "", "id_token_type", sign=lambda claims, scene: provider.logout_token())
    )
    assert pages.sign_in().status_code == 502
    assert pages.who() is None


def test_N48_a_session_by_its_sid(signed_in: Pages, provider: MisbehavingProvider) -> None:
    other = Browser(signed_in.app)
    signed_in.sign_in(other)
    first, second = provider.flows[-2].sid, provider.flows[-1].sid
    assert told(signed_in, provider.logout_token(sid="another-session")).status_code == 200
    assert (signed_in.who(), signed_in.who(other)) == ("alice", "alice")
    assert told(signed_in, provider.logout_token(sid=first)).status_code == 200
    assert (signed_in.who(), signed_in.who(other)) == (None, "alice")
    assert told(signed_in, provider.logout_token(sid=second)).status_code == 200
    assert signed_in.who(other) is None


def test_N48_all_sessions_of_a_person(signed_in: Pages, provider: MisbehavingProvider) -> None:
    other = Browser(signed_in.app)
    signed_in.sign_in(other)
    assert told(signed_in, provider.logout_token()).status_code == 200
    assert (signed_in.who(), signed_in.who(other)) == (None, None)
    signed_in.sign_in()
    assert signed_in.who() == "alice"  # whoever signs in afterwards is signed in


def test_N48_of_another_person(signed_in: Pages, provider: MisbehavingProvider) -> None:
    person = provider.person
    provider.person = {**person, "sub": "bob"}
    try:
        assert told(signed_in, provider.logout_token()).status_code == 200
    finally:
        provider.person = person
    assert signed_in.who() == "alice"


def test_N48_keys_rotated_before_it_was_signed(signed_in: Pages, provider: MisbehavingProvider) -> None:
    provider.rotate_keys()
    assert told(signed_in, provider.logout_token()).status_code == 200
    assert provider.asked == ["jwks"]
    assert signed_in.who() is None


# -- N49 ------------------------------------------------------------------------------------------------------


def test_N49_signed_out_here_and_there(signed_in: Pages, provider: MisbehavingProvider) -> None:
    leaving = signed_in.post("/auth/logout", next="/me")
    assert signed_in.who() is None
    assert urlsplit(leaving.headers["Location"]).path == "/logout"
    back = signed_in.come_back(leaving)
    assert back.headers["Location"] == "/me"
    assert provider.asked == ["end_session"]
    assert provider.complaints == []


@rows(ODDITIES, "signed_out")
def test_signed_out(signed_in: Pages, provider: MisbehavingProvider, row: Misbehaviour) -> None:
    provider.behave(row.name)
    back = signed_in.come_back(signed_in.post("/auth/logout", next="/me"))
    assert back.status_code in (200, 302)
    assert "<script>alert" not in back.text
    assert signed_in.who() is None
    signed_in.sign_in()
    assert signed_in.who() == "alice"


@pytest.mark.parametrize("named", ["nobody", "other_issuer", "other_sid", "issuer_alone", "sid_alone", "sid_twice"])
def test_N49_front_channel_of_another_session(signed_in: Pages, provider: MisbehavingProvider, named: str) -> None:
    issuer, sid = ("iss", provider.issuer), ("sid", provider.flows[-1].sid)
    query = {
        "nobody": [],
        "other_issuer": [("iss", "https://elsewhere.example"), sid],
        "other_sid": [issuer, ("sid", "another-session")],
        "issuer_alone": [issuer],
        "sid_alone": [sid],
        "sid_twice": [issuer, sid, sid],
    }[named]
    response = signed_in.browser.get(f"/auth/frontchannel-logout/corp?{urlencode(query)}")
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert signed_in.who() == "alice"


def test_N49_front_channel_of_this_session(signed_in: Pages, provider: MisbehavingProvider) -> None:
    query = urlencode({"iss": provider.issuer, "sid": provider.flows[-1].sid})
    assert signed_in.browser.get(f"/auth/frontchannel-logout/corp?{query}").status_code == 200
    assert signed_in.who() is None


# -- N53 ------------------------------------------------------------------------------------------------------


def initiate(pages: Pages, method: str = "GET", **given: Any) -> TestResponse:
    pairs = urlencode(given, doseq=True)
    if method == "GET":
        return pages.browser.get(f"/auth/initiate?{pairs}")
    form = {"data": pairs, "content_type": "application/x-www-form-urlencoded"}
    return pages.browser.client.post("/auth/initiate", base_url="http://localhost", **form)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_N53_begun_by_the_provider(pages: Pages, provider: MisbehavingProvider, method: str) -> None:
    leaving = initiate(
        pages, method, iss=provider.issuer, login_hint="alice@example.com", target_link_uri="http://localhost/me?tab=2"
    )
    asked = parse_qs(urlsplit(leaving.headers["Location"]).query)
    assert asked["login_hint"] == ["alice@example.com"]
    assert pages.come_back(leaving).headers["Location"] == "/me?tab=2"
    assert pages.who() == "alice"
    assert provider.complaints == []


def test_N53_without_a_target(pages: Pages, provider: MisbehavingProvider) -> None:
    assert pages.come_back(initiate(pages, iss=provider.issuer)).headers["Location"] == "/"
    assert pages.who() == "alice"


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("issuer", ["unknown", "with_slash", "empty", "missing", "twice", "other_port"])
def test_N53_issuer_of_nobody_we_use(pages: Pages, provider: MisbehavingProvider, issuer: str, method: str) -> None:
    given: dict[str, Any] = {
        "unknown": {"iss": "https://elsewhere.example"},
        "with_slash": {"iss": provider.issuer + "/"},
        "empty": {"iss": ""},
        "missing": {},
        "twice": {"iss": [provider.issuer, provider.issuer]},
        "other_port": {"iss": "http://127.0.0.1:1"},
    }[issuer]
    response = initiate(pages, method, **given)
    assert response.status_code >= 400
    assert "Location" not in response.headers
    assert provider.requests == []
    assert pages.browser.pending_cookies() == {}


TARGETS = [
    "https://elsewhere.example/",
    "//elsewhere.example/",
    "/\\elsewhere.example",
    "http://localhost@elsewhere.example/",
    "http://localhost.elsewhere.example/",
    "http://localhost:8080/me",
    "https://localhost/me",
    "javascript:alert(1)",
    "http://localhost\\@elsewhere.example/",
    "http://localhost\n.elsewhere.example/",
    "data:text/html,x",
    " http://elsewhere.example",
    "/me",
    "me",
    "http:///me",
    "http://",
]


@pytest.mark.parametrize("target", TARGETS, ids=repr)
def test_N53_target_that_is_not_ours(pages: Pages, provider: MisbehavingProvider, target: str) -> None:
    response = initiate(pages, iss=provider.issuer, target_link_uri=target)
    assert response.status_code >= 400
    assert "Location" not in response.headers
    assert "elsewhere.example" not in response.text
    assert "alert(1)" not in response.text
    assert provider.requests == []
    assert pages.browser.pending_cookies() == {}


@pytest.mark.parametrize("path", ["//elsewhere.example", "/\\elsewhere.example", "/.//elsewhere.example"])
def test_N53_target_of_ours_whose_path_leads_away(pages: Pages, provider: MisbehavingProvider, path: str) -> None:
    response = initiate(pages, iss=provider.issuer, target_link_uri=f"http://localhost{path}")
    if response.status_code < 400:
        landed = pages.come_back(response).headers["Location"]
        assert landed == "/"


def test_N53_what_others_ask_for_beside_it_has_no_say(pages: Pages, provider: MisbehavingProvider) -> None:
    leaving = initiate(
        pages, iss=provider.issuer, scope="admin", redirect_uri="https://elsewhere.example", state="s", prompt="none",
        client_id="another-client", step="x", next="https://elsewhere.example",
    )  # fmt: skip
    asked = parse_qs(urlsplit(leaving.headers["Location"]).query)
    assert asked["scope"] == ["openid email"]
    assert asked["client_id"] == [provider.client_id]
    assert asked["redirect_uri"] == ["http://localhost/auth/callback/corp"]
    assert "prompt" not in asked
    assert pages.come_back(leaving).headers["Location"] == "/"


# -- the ready-made callback refuses what the methods refuse ----------------------------------------------------

SOME = [
    "iss_parameter_wrong", "iss_parameter_missing", "state_wrong", "code_and_error", "access_token_missing",
    "error_with_200", "id_token_missing", "nonce_wrong", "aud_wrong", "alg_none", "signature_wrong", "exp_past",
    "userinfo_sub_differs", "issuer_wrong",
]  # fmt: skip


@pytest.mark.parametrize("row", [MISBEHAVIOURS[name] for name in SOME], ids=str)
def test_ready_made(
    pages: Pages, provider: MisbehavingProvider, row: Misbehaviour, caplog: pytest.LogCaptureFixture
) -> None:
    provider.behave(row.name)
    with caplog.at_level(logging.INFO):
        response = pages.post("/auth/login/corp", next="/me")
        if response.status_code == 303:
            response = pages.come_back(response)
    assert response.status_code >= 400
    assert str(row.code) in caplog.text
    assert pages.who() is None
    provider.behave(None)
    again = Pages(provider)
    again.sign_in()
    assert again.who() == "alice"
