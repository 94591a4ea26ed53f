"""A sign-in belongs to the application's user who began it: another user's account never gets their token."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask, session

from flask_oauth import AuthorizationResponseError, OAuth, Token
from flask_oauth.storage import MemoryTokenStore
from flask_oauth.testing import ScriptedTransport, json_response


@pytest.fixture
def app() -> Flask:
    app = Flask(__name__)
    app.config.update(SECRET_KEY="x" * 32, TESTING=True, OAUTH_TOKEN_STORE=MemoryTokenStore())
    transport = ScriptedTransport()
    answer = json_response({"access_token": "a", "token_type": "Bearer", "id_token": "nobody.has.looked"})
    transport.always("POST", "https://as.example/token", answer)
    oauth = OAuth(app, transport=transport)
    shop = oauth.remote_app(
        "shop",
        authorization_endpoint="https://as.example/authorize",
        token_endpoint="https://as.example/token",
        client_id="me",
    )
    oauth.owner_loader(lambda: session.get("user"))

    @app.get("/as/<user>")
    def become(user: str) -> str:
        session["user"] = user
        return user

    @app.get("/nobody")
    def sign_out() -> str:
        session.clear()
        return ""

    @app.get("/connect")
    def connect() -> Any:
        return shop.authorize("/callback")

    @app.get("/callback")
    def callback() -> str:
        shop.authorized_response()
        return "connected"

    return app


def come_back(client: Any) -> str:
    state = parse_qs(urlsplit(client.get("/connect").headers["Location"]).query)["state"][0]
    return f"/callback?code=c&state={state}"


def kept_for(app: Flask, owner: str) -> Token | None:
    with app.app_context():
        token: Token | None = app.extensions["oauth"].shop.load_token(owner=owner)
        return token


def test_N01_a_sign_in_that_another_user_began_is_refused(app: Flask) -> None:
    client = app.test_client()
    client.get("/as/alice")
    callback = come_back(client)
    client.get("/nobody")
    client.get("/as/bob")
    with pytest.raises(AuthorizationResponseError) as caught:
        client.get(callback)
    assert caught.value.code == "state_mismatch"
    assert kept_for(app, "bob") is None
    client.get("/as/alice")
    assert client.get(callback).text == "connected"  # it is still hers


@pytest.mark.parametrize("before", ["/as/alice", "/nobody"])
def test_the_same_user_and_one_who_signed_in_meanwhile_go_on(app: Flask, before: str) -> None:
    client = app.test_client()
    client.get(before)
    callback = come_back(client)
    client.get("/as/alice")
    assert client.get(callback).text == "connected"
    kept = kept_for(app, "alice")
    assert kept is not None
    assert kept.access_token == "a"
    assert kept.id_token is None  # openid was not asked for
