"""Tokens that the extension keeps: in the session, in a store, refreshed before their end and after a refusal."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask, session

from flask_oauth import (
    ConfigurationError,
    OAuth,
    OAuthRemoteApp,
    ReauthorizationRequired,
    StoreError,
    Token,
    TokenMissing,
)
from flask_oauth.protocol.http import HTTPRequest, HTTPResponse
from flask_oauth.storage import MemoryTokenStore
from flask_oauth.testing import ScriptedTransport, form_of, json_response

TOKEN_URL = "https://as.example/token"
REVOKE_URL = "https://as.example/revoke"
API = "https://api.example/"
INVALID = json_response({}, 401, {"WWW-Authenticate": 'bearer realm="x", error="invalid_token"'})


def bearer(request: HTTPRequest) -> str:
    return request.headers.get("authorization", "")


@pytest.fixture
def transport() -> ScriptedTransport:
    return ScriptedTransport()


@pytest.fixture(params=["session", "store"])
def app(request: pytest.FixtureRequest) -> Flask:
    app = Flask(__name__)
    app.config.update(SECRET_KEY="x" * 32, TESTING=True)
    if request.param == "store":
        app.config["OAUTH_TOKEN_STORE"] = MemoryTokenStore()
    return app


@pytest.fixture
def oauth(app: Flask, transport: ScriptedTransport) -> OAuth:
    oauth = OAuth(app, transport=transport)
    oauth.remote_app(
        "shop",
        base_url=API,
        token_endpoint=TOKEN_URL,
        authorization_endpoint="https://as.example/authorize",
        revocation_endpoint=REVOKE_URL,
        client_id="me",
        client_secret="s",
    )

    @oauth.owner_loader
    def owner() -> Any:
        return session.get("user")

    return oauth


@pytest.fixture
def shop(oauth: OAuth) -> OAuthRemoteApp:
    return oauth.shop


@pytest.fixture
def as_alice(app: Flask, oauth: OAuth) -> Iterator[None]:
    with app.test_request_context():
        session["user"] = "alice"
        yield


@pytest.mark.usefixtures("as_alice")
def test_a_kept_token_goes_with_calls(shop: OAuthRemoteApp, transport: ScriptedTransport) -> None:
    transport.always("GET", API + "me", json_response({"name": "Alice"}))
    shop.save_token({"access_token": "a-1", "token_type": "bearer", "expires_in": 3600, "shop": "x"})
    assert shop.get("me").data == {"name": "Alice"}
    assert bearer(transport.requests[-1]) == "Bearer a-1"
    kept = shop.load_token()
    assert kept is not None
    assert kept.extra == {"shop": "x"}
    assert kept.expires_at == pytest.approx(time.time() + 3600, abs=5)


@pytest.mark.usefixtures("as_alice")
@pytest.mark.parametrize("shape", ["a-1", ("a-1", ""), {"access_token": "a-1"}, Token("a-1")])
def test_any_shape_of_a_tokengetter_can_be_kept(shop: OAuthRemoteApp, shape: Any) -> None:
    shop.save_token(shape)
    kept = shop.load_token()
    assert kept is not None
    assert kept.access_token == "a-1"


@pytest.mark.usefixtures("as_alice")
def test_without_a_token_a_call_says_so(shop: OAuthRemoteApp, transport: ScriptedTransport) -> None:
    assert shop.load_token() is None
    with pytest.raises(TokenMissing) as caught:
        shop.get("me")
    assert (caught.value.type, caught.value.code) == ("token_missing", "token_missing")
    assert transport.requests == []


@pytest.mark.usefixtures("as_alice")
def test_labels_tell_accounts_apart(shop: OAuthRemoteApp) -> None:
    shop.save_token("a-work", label="work")
    shop.save_token("a-home", label="home")
    assert [shop.load_token(label=label) for label in ("work", "home", "")] == [Token("a-work"), Token("a-home"), None]


def test_one_users_token_is_not_anothers(app: Flask, shop: OAuthRemoteApp) -> None:
    with app.test_request_context():
        session["user"] = "alice"
        shop.save_token("a-alice")
    with app.test_request_context():
        session["user"] = "bob"
        assert shop.load_token() is None
        with pytest.raises(TokenMissing):
            shop.get("me")


@pytest.mark.usefixtures("as_alice")
def test_a_token_that_ends_soon_is_refreshed_before_the_call(
    shop: OAuthRemoteApp, transport: ScriptedTransport
) -> None:
    shop.save_token({"access_token": "a-1", "refresh_token": "r-1", "expires_at": time.time() - 1, "scope": "read"})
    transport.once(
        "POST",
        TOKEN_URL,
        json_response({"access_token": "a-2", "token_type": "Bearer", "refresh_token": "r-2", "expires_in": 3600}),
    )
    transport.always("GET", API + "me", json_response({}))
    shop.get("me")
    shop.get("me")
    assert form_of(transport.requests[0])["refresh_token"] == "r-1"
    assert [bearer(request) for request in transport.sent("GET")] == ["Bearer a-2", "Bearer a-2"]
    kept = shop.load_token()
    assert kept is not None
    assert (kept.refresh_token, kept.scope) == ("r-2", "read")


@pytest.mark.usefixtures("as_alice")
def test_A09_a_refresh_answer_without_a_refresh_token_keeps_the_old_one(
    shop: OAuthRemoteApp, transport: ScriptedTransport
) -> None:
    shop.save_token({"access_token": "a-1", "refresh_token": "r-1", "expires_at": time.time() - 1})
    transport.once("POST", TOKEN_URL, json_response({"access_token": "a-2", "token_type": "Bearer"}))
    transport.always("GET", API + "me", json_response({}))
    shop.get("me")
    kept = shop.load_token()
    assert kept is not None
    assert (kept.access_token, kept.refresh_token) == ("a-2", "r-1")


@pytest.mark.usefixtures("as_alice")
def test_a_refused_token_is_refreshed_once(shop: OAuthRemoteApp, transport: ScriptedTransport) -> None:
    shop.save_token({"access_token": "a-1", "refresh_token": "r-1", "expires_in": 3600})
    transport.once("GET", API + "me", INVALID, INVALID)
    transport.once("POST", TOKEN_URL, json_response({"access_token": "a-2", "token_type": "Bearer"}))
    assert shop.get("me").status == 401  # the second refusal is the answer; no loop
    assert [request.method for request in transport.requests] == ["GET", "POST", "GET"]


@pytest.mark.usefixtures("as_alice")
def test_a_401_that_does_not_speak_of_the_token_is_the_answer(
    shop: OAuthRemoteApp, transport: ScriptedTransport
) -> None:
    shop.save_token({"access_token": "a-1", "refresh_token": "r-1", "expires_in": 3600})
    transport.always(
        "GET", API + "me", json_response({}, 401, {"WWW-Authenticate": 'Bearer error="insufficient_scope"'})
    )
    assert shop.get("me").status == 401
    assert len(transport.requests) == 1


@pytest.mark.usefixtures("as_alice")
def test_N39_invalid_grant_drops_the_token_and_asks_to_sign_in(
    shop: OAuthRemoteApp, transport: ScriptedTransport
) -> None:
    shop.save_token({"access_token": "a-1", "refresh_token": "r-1", "expires_at": time.time() - 1})
    transport.once("POST", TOKEN_URL, json_response({"error": "invalid_grant"}, 400))
    with pytest.raises(ReauthorizationRequired) as caught:
        shop.get("me")
    assert caught.value.code == "token_expired"
    assert shop.load_token() is None
    with pytest.raises(TokenMissing):
        shop.get("me")
    assert len(transport.requests) == 1


@pytest.mark.usefixtures("as_alice")
def test_disconnect_forgets_and_revokes_both(shop: OAuthRemoteApp, transport: ScriptedTransport) -> None:
    shop.save_token({"access_token": "a-1", "refresh_token": "r-1"})
    transport.once(
        "POST", REVOKE_URL, HTTPResponse(200, json_response({}).headers, b""), json_response({"error": "x"}, 503)
    )
    outcome = shop.disconnect()
    assert outcome["refresh_token"] == "revoked"
    assert "revoked" not in outcome["access_token"]
    assert [form_of(request)["token"] for request in transport.requests] == ["r-1", "a-1"]
    assert shop.load_token() is None
    assert shop.disconnect() == {}


@pytest.mark.usefixtures("as_alice")
def test_missing_scopes(shop: OAuthRemoteApp) -> None:
    assert shop.missing_scopes("read write") == {"read", "write"}
    shop.save_token({"access_token": "a", "scope": "read"})
    assert shop.missing_scopes("read", "write") == {"write"}


def test_a_tokengetter_always_wins(app: Flask, shop: OAuthRemoteApp, transport: ScriptedTransport) -> None:
    transport.always("GET", API + "me", json_response({}))
    with app.test_request_context():
        session["user"] = "alice"
        shop.save_token("kept")
        shop.tokengetter(lambda: ("own", ""))
        shop.get("me")
    assert bearer(transport.requests[-1]) == "Bearer own"


def test_a_tokensetter_keeps_what_a_refresh_brings(shop: OAuthRemoteApp, transport: ScriptedTransport) -> None:
    kept: dict[str, Any] = {"alice": {"access_token": "a-1", "refresh_token": "r-1", "expires_at": time.time() - 1}}
    shop.tokengetter(lambda who: kept[who])

    @shop.tokensetter
    def keep(token: Token, who: str) -> None:
        kept[who] = token.to_dict()

    def answer(request: HTTPRequest) -> HTTPResponse:
        time.sleep(0.05)
        return json_response({"access_token": "a-2", "token_type": "Bearer", "expires_in": 3600})

    transport.always("POST", TOKEN_URL, answer)
    transport.always("GET", API + "me", json_response({}))
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: shop.get("me", token="alice"), range(8)))
    assert len(transport.sent("POST")) == 1
    assert {bearer(request) for request in transport.sent("GET")} == {"Bearer a-2"}
    assert kept["alice"]["refresh_token"] == "r-1"


# -- the session ----------------------------------------------------------------------------------------------


def test_tokens_in_the_session_are_sealed_and_bounded(transport: ScriptedTransport) -> None:
    app = Flask(__name__)
    app.config.update(SECRET_KEY="x" * 32)
    shop = OAuth(app, transport=transport).remote_app("shop", base_url=API)
    with app.test_request_context():
        shop.save_token("a-secret-token")
        assert "a-secret-token" not in str(dict(session))
        with pytest.raises(StoreError) as caught:
            shop.save_token("a" * 4000)
        assert caught.value.code == "store_session_full"
        assert "OAUTH_TOKEN_STORE" in caught.value.hint
        assert shop.load_token() == Token("a-secret-token")


def test_two_browsers_do_not_share_what_is_refreshed(transport: ScriptedTransport) -> None:
    app = Flask(__name__)
    app.config.update(SECRET_KEY="x" * 32)
    shop = OAuth(app, transport=transport).remote_app("shop", base_url=API, token_endpoint=TOKEN_URL, client_id="me")
    arrived = threading.Barrier(2, timeout=5)

    def refresh(request: HTTPRequest) -> HTTPResponse:
        arrived.wait()  # both are under way at once, so neither waited for the other
        return json_response({"access_token": "for-" + form_of(request)["refresh_token"], "token_type": "Bearer"})

    transport.always("POST", TOKEN_URL, refresh)
    transport.always("GET", API + "me", lambda request: json_response({"as": bearer(request)}))

    def browser(name: str) -> Any:
        with app.test_request_context():
            shop.save_token({"access_token": "old", "refresh_token": name, "expires_at": time.time() - 1})
            return shop.get("me").data["as"]

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(browser, ["alice", "bob"])) == ["Bearer for-alice", "Bearer for-bob"]


# -- work without a request -------------------------------------------------------------------------------------


@pytest.mark.parametrize("app", ["store"], indirect=True)
def test_for_user_works_without_any_context(app: Flask, shop: OAuthRemoteApp, transport: ScriptedTransport) -> None:
    transport.always("GET", API + "me", lambda request: json_response({"as": bearer(request)}))
    with app.app_context():
        shop.save_token("a-alice", owner="alice")
        shop.save_token("a-7", owner=7, label="work")
    with shop.for_user("alice") as api:
        assert api.get("me").data == {"as": "Bearer a-alice"}
    with shop.for_user(7, label="work") as api:
        assert api.get("me").data == {"as": "Bearer a-7"}
        assert api.token == Token("a-7")
    with shop.for_user("nobody") as api, pytest.raises(TokenMissing):
        api.get("me")


@pytest.mark.parametrize("app", ["session"], indirect=True)
def test_for_user_without_a_store_says_what_to_set(shop: OAuthRemoteApp) -> None:
    with pytest.raises(ConfigurationError) as caught, shop.for_user("alice"):
        pass
    assert "OAUTH_TOKEN_STORE" in caught.value.hint


@pytest.mark.parametrize("app", ["store"], indirect=True)
def test_it_must_be_known_whose_token_it_is(app: Flask, shop: OAuthRemoteApp) -> None:
    with app.test_request_context(), pytest.raises(StoreError) as caught:
        shop.save_token("a")
    assert caught.value.code == "store_no_owner"


@pytest.mark.parametrize("app", ["store"], indirect=True)
def test_fifty_threads_each_with_their_own_token(
    app: Flask, shop: OAuthRemoteApp, transport: ScriptedTransport
) -> None:
    transport.always("GET", API + "me", lambda request: json_response({"as": bearer(request)}))
    with app.app_context():
        for user in range(50):
            shop.save_token(f"token-of-{user}", owner=user)
    together = threading.Barrier(50, timeout=10)

    def call(user: int) -> Any:
        together.wait()
        with shop.for_user(user) as api:
            return [api.get("me").data["as"] for _ in range(5)]

    with ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(call, range(50)))
    assert answers == [[f"Bearer token-of-{user}"] * 5 for user in range(50)]
