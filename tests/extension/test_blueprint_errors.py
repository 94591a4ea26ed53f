"""When a sign-in fails: the visitor's page, the developer's text, one log record, and who else gets the exception."""

from __future__ import annotations

import logging
import re
from typing import Any

import pytest
from flask import Blueprint, Flask
from tests.extension.sign_in_site import HOME, Visitor, make_app, query_of

from flask_oauth import AccessDenied, OAuth, OAuthException
from flask_oauth.error_codes import EXPLANATIONS
from flask_oauth.errors import (
    AuthorizationResponseError,
    ConfigurationError,
    IDTokenError,
    ReauthorizationRequired,
    StoreError,
    TransportError,
)
from flask_oauth.extension import signals
from flask_oauth.extension.error_pages import words_for

FLOW = re.compile(r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{2}")


def flow_records(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name == "flask_oauth.flow" and record.levelno >= 40]


def test_a_forged_answer(dev_provider: str, caplog: pytest.LogCaptureFixture) -> None:
    app = make_app(dev_provider)
    failures: list[Any] = []
    alice = Visitor(app)
    callback = alice.consent(alice.begin("/members"), "forged")
    with signals.sign_in_failed.connected_to(lambda sender, **info: failures.append(info), sender=app):
        page = alice.get(callback)
    assert page.status_code == 400
    assert "<h1>We could not sign you in</h1>" in page.text
    assert "another browser window" in page.text
    (record,) = flow_records(caplog)
    flow = FLOW.search(page.text)
    assert flow is not None
    assert record.message.startswith(f"state_mismatch  corp  flow {flow[0]}")
    assert (vars(record)["oauth_code"], vars(record)["oauth_flow"]) == ("state_mismatch", flow[0])
    assert [(info["remote_app"], info["flow"], info["error"].code) for info in failures] == [
        ("corp", flow[0], "state_mismatch")
    ]


def test_the_page_keeps_where_the_visitor_wanted_to_go(dev_provider: str) -> None:
    alice = Visitor(make_app(dev_provider))
    page = alice.get(alice.consent(alice.begin("/members"), "broken"))
    assert page.status_code == 502
    assert "The answer of Corp was not right" in page.text
    assert 'name="next" value="/members"' in page.text
    answer = alice.press(page, "Try again")
    alice.at_provider.cookies.clear()
    assert alice.open(alice.consent(answer.headers["Location"])).text == "Hello Alice Moreau"


def test_no_developer_text_in_production(dev_provider: str, caplog: pytest.LogCaptureFixture) -> None:
    page = Visitor(make_app(dev_provider)).get("/auth/callback/corp?code=x&state=y")
    assert "state_cookie_missing" not in page.text
    assert "oauth-developer" not in page.text
    (record,) = flow_records(caplog)
    assert record.message.startswith("state_cookie_missing  corp")


def test_developer_text_in_debug(dev_provider: str) -> None:
    page = Visitor(make_app(dev_provider, DEBUG=True)).get("/auth/callback/corp?code=x&state=y")
    for words in ("state_cookie_missing", "saw", "cause", "change", "flask oauth explain state_cookie_missing"):
        assert words in page.text


def test_another_host_name_is_measured(dev_provider: str) -> None:
    app = make_app(dev_provider, DEBUG=True)
    address = Visitor(app).begin()
    state = query_of(address)["state"]
    other = Visitor(app, home="http://127.0.0.1:5000")
    page = other.get(f"/auth/callback/corp?code=x&state={state}")
    assert "state_other_host" in page.text
    assert "OAUTH_EXTERNAL_URL" in page.text


def test_nothing_of_the_query_is_shown(dev_provider: str, caplog: pytest.LogCaptureFixture) -> None:
    evil = "Your-account-is-locked-call-555"
    query = f"error=server_error&error_description={evil}&error_uri=https://{evil}.example&state={evil}&code={evil}"
    for path in ("/auth/callback/corp", "/auth/login", "/auth/logout", "/auth/login/corp", "/auth/initiate"):
        page = Visitor(make_app(dev_provider)).get(
            f"{path}?{query}&next=https://{evil}.example&notice={evil}&step={evil}"
        )
        assert evil not in page.text
        assert page.headers["Cache-Control"] == "no-store"
    assert evil not in caplog.text


def test_N56_no_secret_in_the_log(dev_provider: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    app = make_app(dev_provider)
    tokens: list[Any] = []
    app.extensions["oauth"].on_sign_in(lambda identity, token: tokens.append(token))
    alice = Visitor(app)
    address = alice.begin()
    callback = alice.consent(address)
    alice.get(callback)
    alice.get(alice.consent(alice.begin(), "broken"))
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("flask_oauth"))
    secrets = [query_of(address)["state"], query_of(callback)["code"], tokens[0].access_token, tokens[0].id_token]
    assert "signed in with corp" in ours
    assert not [secret for secret in [*secrets, "demo-secret"] if secret in ours]


def test_N56_no_referrer_on_the_callback(dev_provider: str) -> None:
    alice = Visitor(make_app(dev_provider))
    failed = alice.get("/auth/callback/corp?code=x&state=y")
    signed_in = alice.sign_in()
    assert failed.headers["Referrer-Policy"] == signed_in.headers["Referrer-Policy"] == "no-referrer"
    assert alice.get("/auth/login").headers["Referrer-Policy"] == "same-origin"  # or its forms have Origin: null


@pytest.mark.parametrize("headers", [{"Accept": "application/json"}, {"Sec-Fetch-Dest": "empty"}])
def test_programs_get_json(dev_provider: str, headers: dict[str, str]) -> None:
    answer = Visitor(make_app(dev_provider)).get("/auth/callback/corp?code=x&state=y", **headers)
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["error"] == "state_cookie_missing"
    assert answer.json["message"].startswith("The sign-in was started in another browser window")
    assert FLOW.fullmatch(answer.json["flow"])
    assert answer.json["login_url"] == "/auth/login"


def test_a_provider_that_is_not_there(caplog: pytest.LogCaptureFixture) -> None:
    page = Visitor(make_app("http://127.0.0.1:9")).post("/auth/login/corp", {"next": "/members"}, Origin=HOME)
    assert page.status_code == 503
    assert "Corp does not answer at the moment." in page.text
    assert "Try again" in page.text
    assert len(flow_records(caplog)) == 1


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (AuthorizationResponseError("x", code="state_expired"), 400),
        (AccessDenied("x"), 403),
        (TransportError("x"), 503),
        (StoreError("x"), 503),
        (IDTokenError("x"), 502),
        (ConfigurationError("x"), 500),
        (OAuthException("x", code="sign_in_loop"), 400),
    ],
)
def test_each_kind_of_error_has_its_words_and_status(error: OAuthException, status: int) -> None:
    words, found = words_for(error)
    assert found == status
    assert words[-1] == "."


def test_every_code_has_an_explanation_that_ends() -> None:
    assert all(text.cause.endswith(".") and text.cure for text in EXPLANATIONS.values())


# -- whose handler ------------------------------------------------------------------------------------------------


def with_views(app: Flask, error: Exception) -> Flask:
    @app.get("/boom")
    def boom() -> None:
        raise error

    return app


FAILED = "/auth/callback/corp?code=x&state=y"


@pytest.mark.parametrize("early", [True, False])
def test_the_handler_of_the_application_wins(dev_provider: str, early: bool) -> None:
    app = Flask("site")
    app.config.update(SECRET_KEY="k", TESTING=True)
    oauth = OAuth(app)
    oauth.remote_app("corp", issuer=dev_provider, client_id="demo", client_secret="demo-secret")
    if not early:
        app.register_blueprint(oauth.blueprint, url_prefix="/auth")
    app.register_error_handler(OAuthException, lambda error: (f"own: {error.code}", 418))
    if early:
        app.register_blueprint(oauth.blueprint, url_prefix="/auth")
    answer = Visitor(app).get(FAILED)
    assert (answer.status_code, answer.text) == (418, "own: state_cookie_missing")


def test_a_more_exact_handler_of_the_application_wins(dev_provider: str) -> None:
    app = make_app(dev_provider)
    app.register_error_handler(AuthorizationResponseError, lambda error: ("exact", 418))
    assert Visitor(app).get(FAILED).text == "exact"


def test_outside_of_our_views_every_exception_passes(dev_provider: str) -> None:
    app = with_views(make_app(dev_provider), AccessDenied("said no"))
    with pytest.raises(AccessDenied):
        Visitor(app).get("/boom")


def test_a_broad_handler_of_the_application_gets_what_is_not_ours(dev_provider: str) -> None:
    app = with_views(make_app(dev_provider), TransportError("away"))
    app.register_error_handler(Exception, lambda error: (f"broad: {type(error).__name__}", 500))
    assert Visitor(app).get("/boom").text == "broad: TransportError"
    assert "We could not sign you in" in Visitor(app).get(FAILED).text


def test_a_blueprint_of_the_application_has_its_own_handler(dev_provider: str) -> None:
    app = make_app(dev_provider)
    other = Blueprint("other", "other")

    @other.get("/other")
    def view() -> None:
        raise AccessDenied("no")

    other.register_error_handler(OAuthException, lambda error: "of the blueprint")
    app.register_blueprint(other)
    assert Visitor(app).get("/other").text == "of the blueprint"


def test_a_spent_token_leads_to_the_sign_in_page(dev_provider: str) -> None:
    app = with_views(make_app(dev_provider), ReauthorizationRequired("spent"))
    answer = Visitor(app).get("/boom?x=1")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/auth/login?next=/boom?x%3D1")
    answer = Visitor(app).get("/boom", Accept="application/json")
    assert answer.status_code == 401


def test_without_the_blueprint_nothing_changes() -> None:
    app = Flask("site")
    app.config.update(SECRET_KEY="k", TESTING=True)
    OAuth(app)
    with_views(app, ReauthorizationRequired("spent"))
    with pytest.raises(ReauthorizationRequired):
        app.test_client().get("/boom")


def test_a_provider_cannot_write_lines_into_the_log(dev_provider: str, caplog: pytest.LogCaptureFixture) -> None:
    from flask_oauth.extension.flows import developer_text

    error = IDTokenError("bad", expected="a\nERROR forged", got="b\x1b[31m\u202e")
    text = developer_text(error, "corp", "7Q2M-K4")
    assert "\nERROR" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text
