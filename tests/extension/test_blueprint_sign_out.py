"""Signing out: here, at the provider, and because the provider says so (N48, N49)."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from joserfc import jwt
from joserfc.jwk import RSAKey
from tests.extension.sign_in_site import HOME, Visitor, corp, led_to, make_app, query_of

from flask_oauth import OAuth
from flask_oauth.development import DEMO_CLIENT, create_provider, provider_of, running_provider
from flask_oauth.extension import ended_sessions, signals
from flask_oauth.storage import MemoryTokenStore
from flask_oauth.transport import Urllib3Transport

EVENT = "http://schemas.openid.net/event/backchannel-logout"


@pytest.fixture
def provider() -> Iterator[tuple[Any, str]]:
    """A provider of this test's own: its keys are at hand."""
    app = create_provider()
    with running_provider(app) as url:
        yield app, url


def signed_in_site(url: str, **config: Any) -> tuple[Flask, Visitor]:
    app = make_app(url, oauth=OAuth(transport=Urllib3Transport()), **{"OAUTH_SESSION_CHECK_SECONDS": 0, **config})
    alice = Visitor(app)
    alice.sign_in()
    assert alice.name_at() == "Hello Alice Moreau"
    return app, alice


# -- here and at the provider ------------------------------------------------------------------------------------


def test_signing_out_here(dev_provider: str) -> None:
    _, alice = signed_in_site(dev_provider, OAUTH_SIGN_OUT_AT_PROVIDER=False, OAUTH_AFTER_SIGN_OUT="/bye")
    page = alice.get("/auth/logout")
    assert "You are signed in as Alice Moreau." in page.text
    answer = alice.press(page, "Sign out")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/bye")
    assert alice.session == {}
    assert alice.name_at() == "Hello stranger"
    assert "You are signed out." in alice.get("/auth/logout").text
    assert alice.post("/auth/logout", Origin=HOME).status_code == 303  # once more does no harm


def test_signing_out_at_the_provider_and_coming_back(dev_provider: str) -> None:
    _, alice = signed_in_site(dev_provider)
    answer = alice.post("/auth/logout", {"next": "/bye"}, Origin=HOME)
    address = led_to(answer)
    assert address is not None
    assert address.startswith(f"{dev_provider}/end_session?")
    asked = query_of(address)
    assert (asked["client_id"], asked["post_logout_redirect_uri"]) == ("demo", f"{HOME}/auth/logout")
    assert asked["id_token_hint"].count(".") == 2
    assert alice.name_at() == "Hello stranger"
    back = alice.at_provider.open(address).url
    assert query_of(back) == {"state": asked["state"]}
    assert alice.get(back).headers["Location"] == "/bye"


@pytest.mark.parametrize("query", ["", "?state=other", "?state=a&state=b", "?state=", "?x=1"])
def test_N49_coming_back_with_another_state_or_none(dev_provider: str, query: str) -> None:
    _, alice = signed_in_site(dev_provider)
    alice.post("/auth/logout", Origin=HOME)
    page = alice.get(f"/auth/logout{query}")
    assert page.status_code == 200
    assert "You are signed out." in page.text


def test_N49_a_return_signs_nobody_out(dev_provider: str) -> None:
    _, alice = signed_in_site(dev_provider)
    page = alice.get("/auth/logout?state=forged")
    assert "You are signed in as" in page.text
    assert alice.name_at() == "Hello Alice Moreau"


def test_a_provider_that_is_away_keeps_nobody_signed_in(caplog: pytest.LogCaptureFixture) -> None:
    with running_provider() as url:
        app, alice = signed_in_site(url)
    app.extensions["oauth"].transport = Urllib3Transport(connect_timeout=0.5)  # asks for the metadata anew
    answer = alice.post("/auth/logout", Origin=HOME)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert alice.name_at() == "Hello stranger"
    assert "No sign-out at corp" in caplog.text


def test_sign_out_by_code(dev_provider: str) -> None:
    app = make_app(dev_provider)
    app.add_url_rule("/close", view_func=lambda: str(app.extensions["oauth"].sign_out()), endpoint="close")
    alice = Visitor(app)
    alice.sign_in()
    assert alice.get("/close").text == "None"
    assert alice.name_at() == "Hello stranger"


# -- back channel ------------------------------------------------------------------------------------------------


def token_of(provider: Any, url: str, *, key: Any = None, header: dict[str, Any] | None = None, **changes: Any) -> str:
    """A logout token that is right but for the changes; ``None`` drops a claim."""
    signer = key or provider_of(provider).keys.key("RS256")
    now = int(time.time())
    claims = {
        "iss": url,
        "aud": "demo",
        "iat": now,
        "exp": now + 120,
        "jti": f"jti-{time.time_ns()}",
        "events": {EVENT: {}},
        "sub": "1001",
        **changes,
    }
    headers = {"alg": "RS256", "kid": getattr(signer, "kid", None), "typ": "logout+jwt", **(header or {})}
    return jwt.encode(
        {name: value for name, value in headers.items() if value is not None},
        {name: value for name, value in claims.items() if value is not None},
        signer,
        ["RS256", "HS256", "none"],
    )


def tell(app: Flask, token: str | None, name: str = "corp") -> Any:
    data = {} if token is None else {"logout_token": token}
    return app.test_client().post(f"/auth/backchannel-logout/{name}", data=data, base_url=HOME)


def test_back_channel_logout_ends_all_sessions_of_a_person(provider: tuple[Any, str]) -> None:
    made, url = provider
    store = MemoryTokenStore()
    app, alice = signed_in_site(url, OAUTH_TOKEN_STORE=store)
    other, bob = Visitor(app), Visitor(app, "bob")
    other.sign_in()
    bob.sign_in()
    ended: list[Any] = []
    answer = tell(app, token_of(made, url))
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    with signals.signed_out.connected_to(lambda sender, **info: ended.append(info), sender=app):
        assert alice.name_at() == "Hello stranger"
        assert alice.session == {}
    assert [(info["identity"].subject, info["reason"]) for info in ended] == [("1001", "back-channel")]
    assert other.name_at() == "Hello stranger"
    assert bob.name_at() == "Hello Bob Lindqvist"
    assert alice.follow(alice.sign_in()).text == "Hello Alice Moreau"  # a new session is another one


def test_back_channel_logout_of_one_session(provider: tuple[Any, str]) -> None:
    made, url = provider
    app, alice = signed_in_site(url, OAUTH_TOKEN_STORE=MemoryTokenStore())
    other = Visitor(app)
    other.sign_in()
    assert tell(app, token_of(made, url, sid=alice.session["_oauth_user"]["sid"])).status_code == 200
    assert alice.name_at() == "Hello stranger"
    assert other.name_at() == "Hello Alice Moreau"


def test_the_provider_tells_by_itself(caplog: pytest.LogCaptureFixture) -> None:
    from flask_oauth.development import running_app

    app = Flask("site")
    app.config.update(SECRET_KEY="a key for tests", TESTING=True, OAUTH_SESSION_CHECK_SECONDS=0)
    app.config["OAUTH_TOKEN_STORE"] = MemoryTokenStore()
    oauth = OAuth(app, transport=Urllib3Transport())
    app.register_blueprint(oauth.blueprint, url_prefix="/auth")
    app.add_url_rule("/", view_func=lambda: f"Hello {oauth.user}", endpoint="home")
    with running_app(app) as site:
        client = replace(DEMO_CLIENT, backchannel_logout_uri=f"{site}/auth/backchannel-logout/corp")
        with running_provider(clients=[client]) as url:
            oauth.remote_app("corp", **corp(url))
            alice = Visitor(app, home=site)
            alice.sign_in()
            assert "1001" in alice.name_at()
            page = alice.at_provider.open(f"{url}/end_session?client_id=demo")
            alice.at_provider.press(page, "Sign out")
            assert alice.name_at() == "Hello None"


WRONG: dict[str, dict[str, Any]] = {
    "iss wrong": {"iss": "https://elsewhere.example"},
    "aud wrong": {"aud": "another-client"},
    "aud missing": {"aud": None},
    "no events": {"events": None},
    "wrong event": {"events": {"http://schemas.openid.net/event/other": {}}},
    "event no object": {"events": {EVENT: True}},
    "nonce": {"nonce": "n"},
    "no sub and sid": {"sub": None},
    "iat old": {"iat": 1_000_000_000},
    "iat missing": {"iat": None},
    "expired": {"exp": 1_000_000_000},
    "no jti": {"jti": None},
    "alg none": {"header": {"alg": "none"}, "key": None},
    "typ of another kind": {"header": {"typ": "at+jwt"}},
    "wrong key": {"key": "stranger"},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_N48_a_logout_token_that_does_not_hold(
    provider: tuple[Any, str], wrong: str, caplog: pytest.LogCaptureFixture
) -> None:
    made, url = provider
    changes = dict(WRONG[wrong])
    if changes.get("key") == "stranger":
        changes["key"] = RSAKey.generate_key(2048)
        changes["header"] = {"kid": provider_of(made).keys.key("RS256").kid}
    app, alice = signed_in_site(url, OAUTH_TOKEN_STORE=MemoryTokenStore())
    if wrong == "alg none":
        head, body, _ = token_of(made, url).split(".")
        token = f"eyJhbGciOiJub25lIn0.{body}."
        assert head
    else:
        token = token_of(made, url, **changes)
    answer = tell(app, token)
    assert answer.status_code == 400
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json["error"] == "invalid_request"
    assert alice.name_at() == "Hello Alice Moreau"
    assert tell(app, token_of(made, url)).status_code == 200


def test_N48_a_logout_token_works_once(provider: tuple[Any, str]) -> None:
    made, url = provider
    app, alice = signed_in_site(url, OAUTH_TOKEN_STORE=MemoryTokenStore())
    token = token_of(made, url)
    assert tell(app, token).status_code == 200
    alice.sign_in()
    assert tell(app, token).status_code == 400
    assert alice.name_at() == "Hello Alice Moreau"


def test_N48_not_one_token(provider: tuple[Any, str]) -> None:
    made, url = provider
    app, _ = signed_in_site(url, OAUTH_TOKEN_STORE=MemoryTokenStore())
    assert tell(app, None).status_code == 400
    two = {"logout_token": [token_of(made, url), token_of(made, url)]}
    assert app.test_client().post("/auth/backchannel-logout/corp", data=two).status_code == 400
    assert app.test_client().get("/auth/backchannel-logout/corp").status_code == 405
    assert tell(app, "x", name="other").status_code == 404


def test_a_logout_that_could_not_be_noted_may_come_again(provider: tuple[Any, str]) -> None:
    from flask_oauth.errors import StoreError

    class Recovering(MemoryTokenStore):
        down = True

        def put_mark(self, name: str, value: str = "", *, seconds: float) -> None:
            if Recovering.down:
                raise StoreError("away")
            super().put_mark(name, value, seconds=seconds)

    made, url = provider
    app, alice = signed_in_site(url, OAUTH_TOKEN_STORE=Recovering())
    token = token_of(made, url)
    assert tell(app, token).status_code == 503
    Recovering.down = False
    assert tell(app, token).status_code == 200
    assert alice.name_at() == "Hello stranger"


def test_without_a_store_it_says_that_other_workers_do_not_know(
    provider: tuple[Any, str], caplog: pytest.LogCaptureFixture
) -> None:
    made, url = provider
    app, alice = signed_in_site(url)
    with caplog.at_level(logging.WARNING, "flask_oauth.flow"):
        assert tell(app, token_of(made, url)).status_code == 200
    assert "OAUTH_TOKEN_STORE" in caplog.text
    assert alice.name_at() == "Hello stranger"


def test_a_session_is_asked_about_now_and_then_only(provider: tuple[Any, str]) -> None:
    _, url = provider

    class Counting(MemoryTokenStore):
        asked = 0

        def get_mark(self, name: str) -> str | None:
            Counting.asked += name.startswith("ended:")
            return super().get_mark(name)

    _, alice = signed_in_site(url, OAUTH_TOKEN_STORE=Counting(), OAUTH_SESSION_CHECK_SECONDS=60)
    for _ in range(5):
        alice.name_at()
    assert Counting.asked == 2  # by sub and by sid, once


def test_a_store_that_is_down_signs_nobody_out(provider: tuple[Any, str], caplog: pytest.LogCaptureFixture) -> None:
    from flask_oauth.errors import StoreError

    class Failing(MemoryTokenStore):
        def get_mark(self, name: str) -> str | None:
            raise StoreError("away")

    _, alice = signed_in_site(provider[1], OAUTH_TOKEN_STORE=Failing())
    assert alice.name_at() == "Hello Alice Moreau"
    assert "cannot be seen which sessions have ended" in caplog.text


def test_what_is_remembered_of_the_store_is_bounded() -> None:
    answers = ended_sessions._Answers()
    for number in range(ended_sessions.MOST_REMEMBERED + 50):
        answers.put(str(number), 1.0, 0.0)
    assert answers.get("0", 0.0) is None
    assert answers.get(str(ended_sessions.MOST_REMEMBERED + 49), 0.0) == 0.0


# -- front channel -----------------------------------------------------------------------------------------------


def test_front_channel_logout_of_this_session(dev_provider: str) -> None:
    _, alice = signed_in_site(dev_provider)
    sid = alice.session["_oauth_user"]["sid"]
    answer = alice.client.get("/auth/frontchannel-logout/corp", query_string={"iss": dev_provider, "sid": sid})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert "X-Frame-Options" not in answer.headers
    assert "frame-ancestors" not in answer.headers["Content-Security-Policy"]
    assert alice.name_at() == "Hello stranger"


@pytest.mark.parametrize(
    "query",
    [{}, {"iss": "ISSUER"}, {"sid": "SID"}, {"iss": "ISSUER", "sid": "other"}, {"iss": "https://x", "sid": "SID"}],
)
def test_N49_front_channel_logout_of_another_session_does_nothing(dev_provider: str, query: dict[str, str]) -> None:
    _, alice = signed_in_site(dev_provider)
    sid = alice.session["_oauth_user"]["sid"]
    given = {name: value.replace("ISSUER", dev_provider).replace("SID", sid) for name, value in query.items()}
    answer = alice.client.get("/auth/frontchannel-logout/corp", query_string=given)
    assert answer.status_code == 200
    assert alice.name_at() == "Hello Alice Moreau"


def test_keys_of_the_client(tmp_path: Path) -> None:
    from flask_oauth.protocol.jose import generate_signing_key

    app = Flask("site")
    app.config.update(SECRET_KEY="k", TESTING=True)
    oauth = OAuth(app)
    app.register_blueprint(oauth.blueprint)
    key = generate_signing_key("ES256", kid="one")
    file = tmp_path / "key.pem"
    file.write_text(RSAKey.generate_key(2048).as_pem(private=True).decode())
    oauth.remote_app("a", issuer="https://a.example", client_id="a", signing_key=key)
    oauth.remote_app("b", issuer="https://b.example", client_id="b", signing_key=key, decryption_key=str(file))
    answer = app.test_client().get("/jwks")
    assert answer.json is not None
    keys = answer.json["keys"]
    assert [(jwk["kty"], jwk["use"]) for jwk in keys] == [("EC", "sig"), ("RSA", "enc")]
    assert not [name for jwk in keys for name in ("d", "p", "q", "k") if name in jwk]
    assert "public" in answer.headers["Cache-Control"]
