"""One-line sign-ins: every protocol, every preset, denial and failure, and that nothing is left behind."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, request, session, url_for

from flask_oauth import AccessDenied, OAuth, OAuthException
from flask_oauth.error_codes import EXPLANATIONS
from flask_oauth.extension import signals
from flask_oauth.protocol.jose import generate_signing_key
from flask_oauth.providers import get, names
from flask_oauth.testing.failures import ANSWERS, CALLBACKS, CLAIMS, error_of
from flask_oauth.testing.sign_in import Outcome, SignInFailedError, Stage, oauth_stage
from flask_oauth.testing.transport import json_response

ALICE = {"name": "Alice Moreau", "email": "alice@example.com", "email_verified": True}


@pytest.fixture
def stage() -> Iterator[Stage]:
    with oauth_stage() as made:
        yield made


def site(**config: Any) -> tuple[Flask, OAuth]:
    """The eleven lines; a second page for what is known of the user."""
    app = Flask("site")
    app.config.update(SECRET_KEY="a key of this test", TESTING=True, **config)
    oauth = OAuth(app)
    app.register_blueprint(oauth.blueprint, url_prefix="/auth")

    @app.get("/")
    @oauth.login_required
    def home() -> str:
        return f"Hello {oauth.require_user().name}"

    @app.get("/who")
    def who() -> dict[str, Any]:
        user = oauth.user
        return {} if user is None else {"issuer": user.issuer, "sub": user.subject, **user.claims}

    return app, oauth


# -- signing in ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "options", "issuer"),
    [
        ("github", {}, "https://github.com:443"),
        ("google", {}, "https://accounts.google.com"),
        ("twitter", {}, "https://api.x.com:443"),
        ("corp", {"issuer": "https://id.corp.example"}, "https://id.corp.example"),
        ("corp", {"issuer": "http://127.0.0.1:9", "scope": "openid"}, "http://127.0.0.1:9"),
        (
            "plain",
            {
                "authorization_endpoint": "https://as.example/a",
                "token_endpoint": "https://as.example/t",
                "userinfo_endpoint": "https://as.example/me",
            },
            "https://as.example:443",
        ),
    ],
)
def test_one_line(stage: Stage, name: str, options: dict[str, Any], issuer: str) -> None:
    app, oauth = site()
    oauth.remote_app(name, **options)
    client = app.test_client()
    stage.sign_in(client, name, sub="42", **ALICE)
    who = client.get("/who").json
    assert (who["sub"], who["name"]) == ("42", "Alice Moreau")
    assert who["issuer"] == issuer or name == "twitter"
    assert client.get("/").text == "Hello Alice Moreau"
    assert app.test_client().get("/who").json == {}, "only this browser is signed in"


OPENID: dict[str, Any] = {"issuer": "https://id.corp.example", "scope": "openid"}
ES256 = generate_signing_key("ES256", kid="own").private_pem()


@pytest.mark.parametrize(
    "options",
    [
        {"response_mode": "form_post"},
        {"response_type": "code id_token", "response_mode": "form_post"},
        {"response_mode": "jwt"},
        {"id_token_signed_response_alg": "HS256"},
        {"id_token_signed_response_alg": "ES256"},
        {"require_pushed_authorization_requests": True},
        {"dpop": True},
        {"token_endpoint_auth_method": "private_key_jwt", "signing_key": ES256},
        {"profile": "fapi2", "token_endpoint_auth_method": "private_key_jwt", "signing_key": ES256},
        {"profile": "fapi2-message-signing", "token_endpoint_auth_method": "private_key_jwt", "signing_key": ES256},
    ],
    ids=lambda options: " ".join(f"{name}={value}"[:40] for name, value in options.items() if name != "signing_key"),
)
def test_every_way_of_openid_connect(stage: Stage, options: dict[str, Any]) -> None:
    app, oauth = site()
    oauth.remote_app("corp", **{**OPENID, **options})
    client = app.test_client()
    outcome = stage.sign_in(client, "corp", sub="42", next="/who")
    assert outcome.response.location == "/who"
    assert outcome.asked["code_challenge_method"] == "S256"
    assert client.get("/who").json["sub"] == "42"


#: What some presets need beside a client id.
SPECIAL: dict[str, dict[str, Any]] = {
    "apple": {"team_id": "T", "key_id": "K", "signing_key": ES256},
    "jira-server": {"rsa_key": generate_signing_key("RS256", kid="r").private_pem()},
    "logingov": {"signing_key": ES256},
    "bluesky": {"signing_key": ES256},
}


NOT_YET = pytest.mark.xfail(reason="the preset names no pushed authorization request endpoint", strict=True)


@pytest.mark.parametrize("name", [pytest.param(n, marks=NOT_YET) if n == "bluesky" else n for n in names()])
def test_every_preset(stage: Stage, name: str) -> None:
    app, oauth = site()
    preset = get(name)
    placeholders = dict.fromkeys(preset.missing_parameters, "example1")
    oauth.remote_app(name, **placeholders, **SPECIAL.get(name, {}))
    client = app.test_client()
    stage.sign_in(client, name, sub="42", **ALICE)
    who = client.get("/who").json
    assert who["sub"] == "42"
    if "email" in preset.profile:
        assert who.get("email") == "alice@example.com"


def test_further_members_of_the_token_answer(stage: Stage) -> None:
    app, oauth = site(OAUTH_TOKEN_STORE="memory://")
    oauth.remote_app("github")
    seen: list[Any] = []

    def note(_: Flask, *, token: Any, **__: Any) -> None:
        seen.append(token)

    with signals.signed_in.connected_to(note, app):
        stage.sign_in(app.test_client(), "github", token={"scope": "repo,gist", "note": "x"})
    assert seen[0].scope == "repo gist"
    assert seen[0].extra["note"] == "x"


def test_the_api_is_scripted_through_the_outcome(stage: Stage) -> None:
    app, oauth = site(OAUTH_TOKEN_STORE="memory://")
    github = oauth.remote_app("github")
    app.add_url_rule("/repos", view_func=lambda: github.get("user/repos").data)
    client = app.test_client()
    outcome = stage.sign_in(client, "github")
    outcome.transport.always("GET", "https://api.github.com/user/repos", json_response([{"id": 7}]))
    assert client.get("/repos").json == [{"id": 7}]
    assert outcome.transport.requests[-1].headers["authorization"].startswith("Bearer ")


def test_two_people_at_two_providers(stage: Stage) -> None:
    app, oauth = site()
    for name in ("github", "google"):
        oauth.remote_app(name)
    one, two = app.test_client(), app.test_client()
    stage.sign_in(one, "github", sub="1")
    stage.sign_in(two, "google", sub="2")
    stage.sign_in(two, "github", sub="3")
    assert one.get("/who").json["sub"] == "1"
    assert two.get("/who").json["sub"] == "3"


def test_what_on_sign_in_says_counts(stage: Stage) -> None:
    app, oauth = site()
    oauth.remote_app("github")

    @oauth.on_sign_in
    def judge(identity: Any, token: Any) -> Any:
        if identity.subject == "13":
            raise AccessDenied("not you")
        return "/welcome" if identity.subject == "1" else app.make_response("tell me more")

    assert stage.sign_in(app.test_client(), "github", sub="1").response.location == "/welcome"
    assert stage.sign_in(app.test_client(), "github", sub="2").response.text == "tell me more"
    with pytest.raises(SignInFailedError, match="Nobody is signed in after the callback: 403"):
        stage.sign_in(app.test_client(), "github", sub="13")


@pytest.mark.parametrize(
    "config",
    [
        {"OAUTH_EXTERNAL_URL": "https://app.example.com"},
        {"APPLICATION_ROOT": "/sub"},
        {"SERVER_NAME": "shop.example:8000"},
        {"SESSION_COOKIE_SAMESITE": "Strict", "SESSION_COOKIE_SECURE": True},
        {"OAUTH_START_BY_GET": True},
        {"OAUTH_START_RESPONSE": "page"},
    ],
    ids=str,
)
def test_in_applications_of_every_kind(stage: Stage, config: dict[str, Any]) -> None:
    app, oauth = site(**config)
    oauth.remote_app("github", client_id="own", client_secret="secret")
    client = app.test_client()
    outcome = stage.sign_in(client, "github", sub="42")
    assert outcome.asked["client_id"] == "own"
    assert client.get("/who").json["sub"] == "42"


def test_views_of_2010(stage: Stage) -> None:
    app = Flask("old")
    app.secret_key = "a key of this test"
    oauth = OAuth(app)
    twitter = oauth.remote_app(
        "twitter",
        base_url="https://api.twitter.com/1/",
        request_token_url="https://api.twitter.com/oauth/request_token",
        access_token_url="https://api.twitter.com/oauth/access_token",
        authorize_url="https://api.twitter.com/oauth/authenticate",
        consumer_key="k",
        consumer_secret="s",
    )
    app.add_url_rule("/login", view_func=lambda: twitter.authorize(callback=url_for("done", next="/x")))

    @app.get("/done")
    @twitter.authorized_handler
    def done(resp: Any) -> str:
        if resp is None:
            return "denied"
        session["user"] = resp["screen_name"]
        return f"{resp['screen_name']} {request.args['next']}"

    client = app.test_client()
    outcome = stage.sign_in(client, "twitter", start="/login", token={"screen_name": "alice", "user_id": "42"})
    assert outcome.response.text == "alice /x"
    assert stage.deny(client, "twitter", start="/login").response.text == "denied"
    with pytest.raises(SignInFailedError, match=r"register oauth\.blueprint, or give start="):
        stage.sign_in(client, "twitter")


# -- saying no, and failing ---------------------------------------------------------------------------------------


def test_deny(stage: Stage) -> None:
    app, oauth = site()
    oauth.remote_app("github")
    client = app.test_client()
    outcome = stage.deny(client, "github")
    assert outcome.response.status_code == 302
    assert "You did not sign in" in client.get(outcome.response.location).text
    assert client.get("/who").json == {}


@pytest.mark.parametrize("code", sorted({*CALLBACKS, *ANSWERS, *CLAIMS, "state_cookie_missing"} - {"access_denied"}))
def test_failures_that_answers_bring_about(stage: Stage, code: Any) -> None:
    app, oauth = site()
    oauth.remote_app("corp", **OPENID)
    failed: list[str] = []

    def note(_: Flask, *, error: OAuthException, **__: Any) -> None:
        failed.append(error.code)

    client = app.test_client()
    with signals.sign_in_failed.connected_to(note, app):
        outcome = stage.fail(client, "corp", code)
    assert failed == [code]
    assert outcome.response.status_code >= 400
    assert client.get("/who").json == {}


def test_every_other_code_can_be_asked_for(stage: Stage) -> None:
    app, oauth = site()
    oauth.remote_app("corp", **OPENID)
    seen: list[OAuthException] = []

    @app.errorhandler(OAuthException)
    def own(error: OAuthException) -> tuple[str, int]:
        seen.append(error)
        return "own page", 502

    others = sorted({*EXPLANATIONS} - {*CALLBACKS, *ANSWERS, *CLAIMS, "state_cookie_missing"})
    for code in others:
        assert stage.fail(app.test_client(), "corp", code).response.text == "own page"
    assert [error.code for error in seen] == others
    assert [type(error) for error in seen] == [type(error_of(code)) for code in others]


def test_a_code_that_does_not_exist(stage: Stage) -> None:
    app, oauth = site()
    oauth.remote_app("github")
    with pytest.raises(ValueError, match="no error code 'nonsense'"):
        stage.fail(app.test_client(), "github", "nonsense")  # type: ignore[arg-type]


def test_mistakes_of_the_test_are_explained(stage: Stage) -> None:
    app, oauth = site()
    oauth.remote_app("github")
    with pytest.raises(SignInFailedError, match="no remote app 'gitlab'; there are: github"):
        stage.sign_in(app.test_client(), "gitlab")
    with pytest.raises(SignInFailedError, match="No OAuth object is bound"):
        stage.sign_in(Flask("plain").test_client(), "github")
    with pytest.raises(SignInFailedError, match="/nowhere did not lead to the provider: 404"):
        stage.sign_in(app.test_client(), "github", start="/nowhere")


# -- nothing is left ----------------------------------------------------------------------------------------------


def test_everything_is_undone() -> None:
    app, oauth = site()
    github = oauth.remote_app("github")
    before = (github._transport, github.client_id, github.client_secret, github._hub())
    with oauth_stage() as stage:
        stage.sign_in(app.test_client(), "github")
        stage.sign_in(app.test_client(), "github", sub="2")
        assert github.client_id
    assert (github._transport, github.client_id, github.client_secret) == before[:3]


def test_no_request_leaves_the_process(stage: Stage) -> None:
    app, oauth = site()
    oauth.remote_app("google")
    outcome: Outcome = stage.sign_in(app.test_client(), "google")
    assert outcome.transport.unexpected == []
    assert {request.url.partition("?")[0] for request in outcome.transport.requests} >= {
        "https://accounts.google.com/.well-known/openid-configuration"
    }


# -- the plugin ---------------------------------------------------------------------------------------------------

PROGRAM = """
from flask import Flask
from flask_oauth import OAuth
import pytest

app = Flask(__name__)
app.config.update(SECRET_KEY="x" * 20, TESTING=True)
oauth = OAuth(app)
github = oauth.remote_app("github")
app.register_blueprint(oauth.blueprint, url_prefix="/auth")

@app.get("/")
@oauth.login_required
def home():
    return f"Hello {oauth.user.name}"

@pytest.fixture
def client():
    return app.test_client()

def test_in(client, oauth_sign_in):
    oauth_sign_in(client, "github", sub="42", name="Alice")
    assert client.get("/").text == "Hello Alice"

def test_undone(client):
    assert github._transport is None
    assert github.client_id is None
    assert client.get("/").status_code == 302

def test_denied(client, oauth_deny):
    oauth_deny(client, "github")
    assert client.get("/").status_code == 302

def test_failed(client, oauth_fail):
    assert oauth_fail(client, "github", "transport_timeout").response.status_code == 503
"""


def test_the_fixtures(tmp_path: Path) -> None:
    (tmp_path / "test_shop.py").write_text(PROGRAM)
    line = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout


PLUGIN = "flask_oauth.testing.pytest_plugin"


def test_the_plugin_names_and_imports() -> None:
    """Names begin with oauth_, and the module itself imports nothing of ours but the package."""
    code = (
        "import sys, json, flask_oauth, flask_oauth.testing; before = set(sys.modules); import pytest\n"
        f"import {PLUGIN} as plugin\n"
        "names = [n for n, v in vars(plugin).items() if type(v).__name__ == 'FixtureFunctionDefinition']\n"
        "print(json.dumps([names, sorted(n for n in set(sys.modules) - before if n.startswith('flask_oauth'))]))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout
    fixtures, modules = json.loads(out)
    assert fixtures == ["oauth_stage", "oauth_sign_in", "oauth_deny", "oauth_fail"]
    assert modules == [PLUGIN]


def test_the_names_of_the_package() -> None:
    from flask_oauth import testing

    assert testing.oauth_stage is oauth_stage
    assert testing.SignInFailedError is SignInFailedError
    used: Callable[..., Any] = testing.oauth_stage
    assert used
