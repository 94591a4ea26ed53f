"""Flask-Session and Flask-Login beside ready-made sign-in, and Flask-WTF's CSRF protection if it is there."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from flask import Flask, session
from tests.extension.sign_in_site import HOME, Visitor, add_pages, corp, make_app

from flask_oauth import OAuth
from flask_oauth.extension.identity import Identity
from flask_oauth.storage import MemoryTokenStore

# -- Flask-Session -----------------------------------------------------------------------------------------------


def on_the_server(provider: str, **config: Any) -> Flask:
    """An application whose sessions are kept on the server."""
    flask_session = pytest.importorskip("flask_session", reason="Flask-Session is not installed")
    from cachelib import SimpleCache

    app = Flask("site")
    app.config.update(SECRET_KEY="a key for tests", TESTING=True, **config)
    app.config.update(SESSION_TYPE="cachelib", SESSION_CACHELIB=SimpleCache(), SESSION_SERIALIZATION_FORMAT="json")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Flask-Session warns of its own options
        flask_session.Session(app)
    oauth = OAuth(app)
    oauth.remote_app("corp", **corp(provider))
    app.register_blueprint(oauth.blueprint, url_prefix="/auth")
    add_pages(app, oauth)
    app.add_url_rule("/raw", view_func=lambda: dict(oauth.require_user().raw), endpoint="raw")
    app.add_url_rule("/api", view_func=lambda: oauth.corp.get("me").data, endpoint="api")

    @app.get("/cart")
    def cart() -> str:
        session["cart"] = "full"
        return "ok"

    return app


def session_id(visitor: Visitor) -> str:
    cookie = visitor.client.get_cookie("session", domain="localhost")
    assert cookie is not None
    return cookie.value


def test_N47_the_session_gets_a_new_id(dev_provider: str) -> None:
    alice = Visitor(on_the_server(dev_provider))
    alice.get("/cart")
    before = session_id(alice)
    alice.sign_in()
    assert session_id(alice) != before
    thief = Visitor(alice.client.application)
    thief.client.set_cookie("session", before, domain="localhost")
    assert thief.name_at() == "Hello stranger"
    assert alice.follow(alice.get("/members")).text == "Hello Alice Moreau"


def test_N47_also_one_that_somebody_planted(dev_provider: str) -> None:
    alice = Visitor(on_the_server(dev_provider))
    alice.client.set_cookie("session", "planted", domain="localhost")
    alice.sign_in()
    assert session_id(alice) != "planted"
    alice_before = session_id(alice)
    alice.post("/auth/logout", Origin=HOME)
    assert session_id(alice) != alice_before


def test_a_session_on_the_server_keeps_every_answer_and_the_token(dev_provider: str) -> None:
    alice = Visitor(on_the_server(dev_provider))
    assert alice.follow(alice.sign_in("/members")).text == "Hello Alice Moreau"
    answer = alice.get("/raw")
    assert answer.json is not None
    assert answer.json["userinfo"]["preferred_username"] == "alice"
    assert alice.get("/api").status_code == 200


# -- Flask-Login -------------------------------------------------------------------------------------------------

flask_login = pytest.importorskip("flask_login", reason="Flask-Login is not installed")


def with_login_manager(provider: str, **config: Any) -> tuple[Flask, OAuth, Any]:
    app = make_app(provider, **config)
    oauth, manager = app.extensions["oauth"], flask_login.LoginManager(app)
    oauth.init_login_manager(manager)

    @app.get("/theirs")
    @flask_login.login_required
    def theirs() -> dict[str, Any]:
        user = flask_login.current_user
        return {"id": user.get_id(), "name": user.name, "email": user.email}

    @app.get("/leave")
    def leave() -> str:
        flask_login.logout_user()
        return "bye"

    return app, oauth, manager


def test_flask_login_in_one_line(dev_provider: str) -> None:
    app, _, _ = with_login_manager(dev_provider)
    alice = Visitor(app)
    assert alice.get("/theirs").headers["Location"] == "/auth/login?next=/theirs"
    assert alice.get("/theirs", Accept="application/json").status_code == 401
    answer = alice.follow(alice.sign_in("/theirs"))
    assert answer.json == {"id": "corp:1001", "name": "Alice Moreau", "email": "alice@example.com"}
    alice.post("/auth/logout", Origin=HOME)
    assert alice.get("/theirs").status_code == 302


def test_signing_out_of_flask_login_signs_out_here(dev_provider: str) -> None:
    app, _, _ = with_login_manager(dev_provider)
    alice = Visitor(app)
    alice.sign_in()
    assert alice.get("/leave").text == "bye"
    assert alice.name_at() == "Hello stranger"


def test_what_the_application_has_set_stays(dev_provider: str) -> None:
    app = make_app(dev_provider)
    manager = flask_login.LoginManager(app)
    manager.login_view = "everybody"
    manager.login_message = None
    loaded = object()
    manager.request_loader(lambda request: loaded)
    app.extensions["oauth"].init_login_manager(manager)
    with app.test_request_context("/"):
        assert flask_login.current_user._get_current_object() is loaded
    assert manager.unauthorized_callback is None


def test_users_of_the_application_are_logged_in_by_on_sign_in_and_end_with_their_session(dev_provider: str) -> None:
    class User(flask_login.UserMixin):
        def __init__(self, id: str) -> None:
            self.id = id

    app = make_app(dev_provider, OAUTH_TOKEN_STORE=MemoryTokenStore(), OAUTH_SESSION_CHECK_SECONDS=0)
    oauth, manager = app.extensions["oauth"], flask_login.LoginManager(app)
    manager.user_loader(User)
    oauth.init_login_manager(manager)

    @oauth.on_sign_in
    def map_user(identity: Identity, token: Any) -> None:
        flask_login.login_user(User(f"user-{identity.subject}"))

    def who() -> str:
        return str(flask_login.current_user.get_id())

    app.add_url_rule("/who", view_func=who, endpoint="who")
    alice = Visitor(app)
    alice.sign_in()
    assert alice.get("/who").text == "user-1001"
    assert [record.key.owner for record in app.config["OAUTH_TOKEN_STORE"].keys().records] == ["user-1001"]
    from flask_oauth.extension import ended_sessions

    with app.app_context():
        ended_sessions.end(dev_provider, sid=None, subject="1001")
    assert alice.get("/who").text == "None"
    assert alice.session == {}


def test_the_user_of_flask_login_is_comparable(dev_provider: str) -> None:
    from flask_oauth.extension.login_manager import SignedInUser

    who = Identity("corp", "https://i", "7", name="Alice")
    one, same, other = SignedInUser(who, "corp:7"), SignedInUser(who, "corp:7"), SignedInUser(who, "corp:8")
    assert (one == same, one == other, len({one, same, other})) == (True, False, 2)
    assert (one.is_authenticated, one.is_active, one.is_anonymous, one.name) == (True, True, False, "Alice")
    assert repr(one) == "<SignedInUser corp:7>"
    with pytest.raises(AttributeError):
        _ = one.shoe_size
    with pytest.raises(AttributeError):
        _ = one._private


# -- Flask-WTF's CSRFProtect -------------------------------------------------------------------------------------


class Protect:
    """Does what CSRFProtect does: refuses a POST without the token, but for views that are exempt."""

    def __init__(self, app: Flask) -> None:
        self._exempt: set[str] = set()
        app.extensions["csrf"] = self
        app.before_request(self.check)
        app.jinja_env.globals["csrf_token"] = lambda: "the-token"

    def exempt(self, view: str) -> None:
        self._exempt.add(view)

    def check(self) -> Any:
        from flask import current_app, request

        view = current_app.view_functions.get(request.endpoint or "")
        exempt = view is None or f"{view.__module__}.{view.__name__}" in self._exempt
        if request.method == "POST" and not exempt and request.form.get("csrf_token") != "the-token":
            return "csrf", 400
        return None


def test_csrf_protection_of_the_application(dev_provider: str) -> None:
    app = Flask("site")
    app.config.update(SECRET_KEY="k", TESTING=True)
    Protect(app)
    make = OAuth(app)
    make.remote_app("corp", **corp(dev_provider))
    app.register_blueprint(make.blueprint, url_prefix="/auth")
    add_pages(app, make)
    alice = Visitor(app)
    assert alice.post("/auth/login/corp", Origin=HOME).text == "csrf"
    answer = alice.press(alice.get("/auth/login"), "Continue with Corp")
    assert answer.status_code == 303
    alice.get(alice.consent(answer.headers["Location"]))
    assert alice.press(alice.get("/auth/logout"), "Sign out").status_code == 303
    assert alice.post("/auth/backchannel-logout/corp", {"logout_token": "x"}).json is not None
    assert alice.post("/auth/callback/corp", {"code": "x", "state": "y"}).text != "csrf"
