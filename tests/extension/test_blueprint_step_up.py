"""oauth.require(): scopes, authentication contexts and a recent sign-in, and the way back to the page."""

from __future__ import annotations

import time
from typing import Any

import pytest
from flask import Flask, session
from tests.extension.sign_in_site import HOME, Visitor, led_to, make_app, query_of

from flask_oauth import OAuth

TWO_TAPS = "urn:example:acr:two-taps"


def strict_site(provider: str, **demands: Any) -> tuple[Flask, Visitor]:
    app = make_app(provider)
    oauth = app.extensions["oauth"]

    @app.get("/vault")
    @oauth.require(**demands)
    def vault() -> str:
        return "gold"

    alice = Visitor(app)
    alice.sign_in()
    return app, alice


def step_up(alice: Visitor, path: str = "/vault?x=1") -> dict[str, str]:
    """Ask for the page, press the button; what the provider is asked for."""
    page = alice.open(path)
    assert page.request.path == "/auth/login"
    assert "Please confirm that it is you" in page.text
    address = led_to(alice.press(page, "Continue with Corp"))
    assert address is not None
    return {**query_of(address), "address": address}


def test_scopes_are_asked_for_and_the_user_comes_back(dev_provider: str) -> None:
    _, alice = strict_site(dev_provider, scopes="read write")
    asked = step_up(alice)
    assert asked["scope"].split() == ["openid", "email", "profile", "read", "write"]
    answer = alice.get(alice.consent(asked["address"]))
    assert answer.headers["Location"] == "/vault?x=1"
    assert alice.get("/vault").text == "gold"


def test_acr_and_max_age_are_asked_for(dev_provider: str) -> None:
    _, alice = strict_site(dev_provider, acr=[TWO_TAPS], max_age=300)
    asked = step_up(alice)
    assert asked["acr_values"] == TWO_TAPS
    assert "max_age" not in asked  # they have authenticated just now
    assert alice.get(alice.consent(asked["address"])).headers["Location"] == "/vault?x=1"
    assert alice.get("/vault").text == "gold"
    assert alice.session["_oauth_user"]["acr"] == TWO_TAPS


def test_a_stale_sign_in_is_renewed(dev_provider: str) -> None:
    app = make_app(dev_provider)
    oauth = app.extensions["oauth"]

    @app.get("/vault")
    @oauth.require(max_age=60)
    def vault() -> str:
        return "gold"

    @app.get("/age")
    def age() -> str:
        session["_oauth_user"] = {**session["_oauth_user"], "auth_time": int(time.time()) - 3600}
        return "aged"

    alice = Visitor(app)
    alice.sign_in()
    assert alice.get("/vault").text == "gold"
    alice.get("/age")
    asked = step_up(alice)
    assert asked["max_age"] == "60"
    alice.at_provider.cookies.clear()
    answer = alice.get(alice.consent(asked["address"]))
    assert answer.headers["Location"] == "/vault?x=1"
    assert alice.get("/vault").text == "gold"


def test_scopes_that_were_not_granted_end_in_a_page_not_in_a_circle(dev_provider: str) -> None:
    app = make_app(dev_provider)
    oauth = app.extensions["oauth"]

    @app.get("/vault")
    @oauth.require(scopes="gold")
    def vault() -> str:
        return "gold"

    @app.get("/granted-less")
    def granted_less() -> str:
        session["_oauth_user"] = {**session["_oauth_user"], "scope": "openid", "asked": "openid gold"}
        return "ok"

    alice = Visitor(app)
    alice.sign_in()
    alice.get("/granted-less")
    page = alice.get("/vault")
    assert page.status_code == 403
    assert "This page needs more than you allowed at Corp." in page.text
    answer = alice.get("/vault", Accept="application/json")
    assert (answer.status_code, answer.json["error"] if answer.json else "") == (403, "scope_not_granted")


def test_a_provider_without_id_tokens_cannot_say_how(dev_provider: str) -> None:
    app = Flask("site")
    app.config.update(SECRET_KEY="k", TESTING=True)
    oauth = OAuth(app)
    oauth.remote_app(
        "plain",
        authorization_endpoint=f"{dev_provider}/oauth2/authorize",
        token_endpoint=f"{dev_provider}/oauth2/token",
        userinfo_endpoint=f"{dev_provider}/userinfo",
        client_id="demo",
        client_secret="demo-secret",
        scope="profile openid",
    )
    app.register_blueprint(oauth.blueprint, url_prefix="/auth")
    app.add_url_rule("/vault", view_func=oauth.require(acr=TWO_TAPS)(lambda: "gold"), endpoint="vault")
    alice = Visitor(app)
    alice.sign_in(name="plain")
    page = alice.get("/vault")
    assert page.status_code == 403
    assert "cannot be opened with an account of Plain" in page.text


def test_strangers_sign_in_first(dev_provider: str) -> None:
    app, _ = strict_site(dev_provider, scopes=["read"])
    stranger = Visitor(app)
    assert stranger.get("/vault").headers["Location"] == "/auth/login?next=/vault"
    assert stranger.get("/vault", Accept="application/json").status_code == 401


def test_demands_cannot_be_made_by_a_link(dev_provider: str) -> None:
    _, alice = strict_site(dev_provider, scopes="read")
    answer = alice.post("/auth/login/corp", {"step": '{"scope": "everything"}'}, Origin=HOME)
    assert query_of(answer.headers["Location"])["scope"] == "openid email profile"


@pytest.mark.parametrize("demands", [{}, {"scopes": "openid"}, {"scopes": ("email", "profile")}, {"max_age": 3600}])
def test_who_has_done_enough_gets_in(dev_provider: str, demands: dict[str, Any]) -> None:
    _, alice = strict_site(dev_provider, **demands)
    assert alice.get("/vault").text == "gold"
