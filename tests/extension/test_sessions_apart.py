"""What one browser, or one user of a browser, leaves behind is nobody else's (N01, N47)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask, request
from tests.extension.sign_in_site import HOME, Visitor, make_app

from flask_oauth import AccessDenied, OAuth, Token

flask_login = pytest.importorskip("flask_login", reason="Flask-Login is not installed")


def test_N01_under_one_application_context_browsers_stay_apart(dev_provider: str) -> None:
    app = make_app(dev_provider)
    alice, mallory = Visitor(app), Visitor(app)
    with app.app_context():  # as around a server with one thread: every request then has the same g
        callback = alice.consent(alice.begin())
        parts = urlsplit(callback)
        stolen = mallory.get(f"{parts.path}?{parts.query}")
        assert stolen.status_code == 400
        assert mallory.name_at() == "Hello stranger"
        assert alice.follow(alice.get(callback)).text == "Hello Alice Moreau"
        assert mallory.name_at() == "Hello stranger"


class Person(flask_login.UserMixin):  # type: ignore[misc]
    def __init__(self, id: str) -> None:
        self.id = id


def site_of_2010() -> Flask:
    """Users of its own by Flask-Login, tokens in the session."""
    app = Flask("site")
    app.config.update(SECRET_KEY="a key for tests", TESTING=True)
    oauth, manager = OAuth(app), flask_login.LoginManager(app)
    manager.user_loader(Person)
    shop = oauth.remote_app("shop", base_url="https://api.example/", access_token_url="https://as.example/token")

    @app.post("/connect")
    def connect() -> str:
        shop.save_token(Token(request.form["token"]))
        if "user" in request.form:
            flask_login.login_user(Person(request.form["user"]))
        return ""

    @app.post("/login/<name>")
    def login(name: str) -> str:
        flask_login.login_user(Person(name))
        return ""

    @app.get("/logout")
    def logout() -> str:
        flask_login.logout_user()
        return ""

    @app.get("/token")
    def token() -> str:
        held = shop.load_token()
        return held.access_token if held else "none"

    return app


@pytest.mark.parametrize("together", [True, False])
def test_the_next_user_of_flask_login_has_not_the_tokens_of_the_one_before(together: bool) -> None:
    client = site_of_2010().test_client()
    if together:  # the callback takes the answer, then logs in
        client.post("/connect", data={"token": "of alice", "user": "alice"})
    else:
        client.post("/login/alice")
        client.post("/connect", data={"token": "of alice"})
        assert client.get("/token").text == "of alice"
    client.get("/logout")
    client.post("/login/bob")
    assert client.get("/token").text == "none"
    client.post("/connect", data={"token": "of bob"})
    assert client.get("/token").text == "of bob"


def test_tokens_stay_while_flask_logins_user_stays() -> None:
    client = site_of_2010().test_client()
    client.post("/connect", data={"token": "of alice"})
    client.post("/login/alice")
    assert [client.get("/token").text for _ in range(3)] == ["of alice"] * 3
    client.post("/login/alice")
    assert client.get("/token").text == "of alice"
    client.get("/logout")
    assert client.get("/token").text == "none"


def test_a_sign_out_of_flask_login_takes_the_tokens_along(dev_provider: str) -> None:
    app = make_app(dev_provider)
    app.extensions["oauth"].init_login_manager(flask_login.LoginManager(app))

    @app.get("/leave")
    def leave() -> str:
        flask_login.logout_user()
        return ""

    alice = Visitor(app)
    alice.sign_in()
    assert "_oauth_tokens" in alice.session
    alice.get("/leave")
    assert "_oauth_tokens" not in alice.session


def test_N47_who_is_refused_leaves_nothing_to_the_next(dev_provider: str) -> None:
    app = make_app(dev_provider)
    refused: list[str] = []

    @app.extensions["oauth"].on_sign_in
    def check(identity: Any, token: Any) -> None:
        if identity.subject in refused:
            raise AccessDenied("no more")

    alice = Visitor(app)
    alice.sign_in()
    with alice.client.session_transaction(base_url=HOME) as held:
        held["diary"] = "of alice"
    refused.append("1001")
    assert alice.sign_in().status_code == 403
    assert not {"diary", "_oauth_tokens", "_oauth_user"} & alice.session.keys()


def test_N47_who_waits_leaves_nothing_to_the_next(dev_provider: str) -> None:
    app = make_app(dev_provider)
    app.extensions["oauth"].on_sign_in(
        lambda identity, token: app.redirect("/terms") if identity.subject == "1001" else None
    )
    browser = Visitor(app)
    browser.sign_in()
    with browser.client.session_transaction(base_url=HOME) as held:
        held["form"] = "of alice"
    browser.person = "bob"
    browser.at_provider.cookies.clear()
    assert browser.follow(browser.sign_in()).text == "Hello Bob Lindqvist"
    assert not {"form", "_oauth_held"} & browser.session.keys()
