"""``flask oauth doctor``: each check with what it is for, and a healthy application beside it."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response
from tests.cli.cli_support import NEW, OLD, Flasked
from werkzeug.middleware.proxy_fix import ProxyFix

from flask_oauth import OAuth
from flask_oauth.cli import checks
from flask_oauth.cli.findings import EXPLANATIONS
from flask_oauth.error_codes import EXPLANATIONS as OF_ERRORS
from flask_oauth.extension.state import state_of
from flask_oauth.protocol.http import Headers, HTTPResponse
from flask_oauth.testing import ScriptedTransport, json_response

ISSUER = "https://id.corp.example"
KEY = secrets.token_hex()
METADATA = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/jwks",
}


@pytest.fixture(autouse=True)
def clean_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory without .env, and no settings from outside."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if "OAUTH" in name or name.startswith("FLASK_"):
            monkeypatch.delenv(name)


def healthy(transport: ScriptedTransport | None = None, **config: Any) -> Flask:
    """An application with nothing wrong."""
    app = Flask("healthy")
    usual = {
        "SECRET_KEY": KEY,
        "SESSION_COOKIE_SECURE": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "OAUTH_EXTERNAL_URL": "https://app.example.com",
        "OAUTH_TOKEN_STORE": "memory://",
        "OAUTH_CORP_CLIENT_ID": "corp-id",
        "OAUTH_CORP_CLIENT_SECRET": "c0rp-s3cret",
        "OAUTH_GITHUB_CLIENT_ID": "github-id",
        "OAUTH_GITHUB_CLIENT_SECRET": "g1thub-s3cret",
    }
    app.config.update({**usual, **config})
    app.wsgi_app = ProxyFix(app.wsgi_app)  # type: ignore[method-assign]
    oauth = OAuth(app, transport=transport)
    oauth.remote_app("github")
    oauth.remote_app("corp", issuer=ISSUER)
    app.register_blueprint(oauth.blueprint, url_prefix="/auth")
    return app


def examine(app: Flask | None, *options: str, healthy: bool = False) -> dict[str, dict[str, Any]]:
    """The findings by code."""
    report = Flasked(app).json("doctor", *options, status=0 if healthy else 1)
    assert report["ok"] is healthy
    return {finding["code"]: finding for finding in report["findings"]}


# -- the whole ----------------------------------------------------------------------------------------------------


def test_a_healthy_application() -> None:
    report = Flasked(healthy()).json("doctor")
    assert report["findings"] == []
    assert report["passed"] == [
        "application",
        *checks.CHECKS,
        "SECRET_KEY after a restart",
        "callback",
        "cookies",
        "sign-in page",
    ]
    output = Flasked(healthy())("doctor").output
    assert output.startswith("fine  application, SECRET_KEY,")
    assert output.endswith("0 errors, 0 warnings, 0 notes.\n")


def test_findings_say_what_was_seen_and_what_to_change() -> None:
    app = healthy(OAUTH_GITHUB_CLIENT_ID=None)
    output = Flasked(app)("doctor", status=1).output
    assert output.splitlines()[:3] == [
        "error  config_client_id_missing  github",
        "  saw     neither client_id= nor OAUTH_GITHUB_CLIENT_ID has a value",
        "  change  Set OAUTH_GITHUB_CLIENT_ID; `flask oauth providers github` says where it comes from.",
    ]
    assert "1 errors, 0 warnings, 0 notes." in output


def test_every_code_of_the_doctor_can_be_explained() -> None:
    assert not set(EXPLANATIONS) & set(OF_ERRORS)
    for code in EXPLANATIONS:
        assert EXPLANATIONS[code][1] in Flasked(None)("explain", code).output


def test_no_secret_is_shown() -> None:
    app = healthy(
        OAUTH_GITHUB_CLIENT_SECRET=" g1thub-s3cret",
        OAUTH_TOKEN_STORE="redis://user:p4ssw0rd@127.0.0.1:1/0",
        OAUTH_ENCRYPTION_KEYS=[NEW, OLD],
        OAUTH_NOBODY_CLIENT_SECRET="n0body-s3cret",
    )
    for options in ((), ("--json",)):
        output = Flasked(app)("doctor", *options, status=1).output
        for secret in (KEY, "g1thub-s3cret", "c0rp-s3cret", "p4ssw0rd", NEW, OLD, "n0body-s3cret"):
            assert secret not in output


# -- the application ----------------------------------------------------------------------------------------------


def test_an_application_that_does_not_load() -> None:
    assert "no module named 'shop'" in examine(None)["doctor_app_not_loading"]["saw"]


def test_an_application_without_oauth() -> None:
    assert examine(Flask("plain")).keys() == {"doctor_no_oauth"}


PROGRAM = """
import secrets
from flask import Flask
from flask_oauth import OAuth

app = Flask(__name__)
app.config.update(SECRET_KEY={key}, OAUTH_GITHUB_CLIENT_ID="id", OAUTH_GITHUB_CLIENT_SECRET="it")
OAuth(app).remote_app("github")
"""


@pytest.mark.parametrize(("key", "status"), [("secrets.token_hex()", 1), (repr(KEY), 0)], ids=["changes", "stays"])
def test_a_secret_key_that_is_made_at_each_start(tmp_path: Path, key: str, status: int) -> None:
    (tmp_path / "shop.py").write_text(PROGRAM.format(key=key))
    line = [sys.executable, "-m", "flask", "--app", "shop", "oauth", "doctor"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert ("doctor_secret_key_changes" in done.stdout) == bool(status), done.stdout + done.stderr
    assert done.returncode == status
    assert KEY not in done.stdout


def test_a_factory_that_makes_another_key_each_time() -> None:
    class Fresh(Flasked):
        def _create(self) -> Flask:
            return healthy(SECRET_KEY=secrets.token_hex())

    assert "doctor_secret_key_changes" in Fresh(None)("doctor", status=1).output


@pytest.mark.parametrize(
    ("key", "code", "level"),
    [
        (None, "config_no_secret_key", "error"),
        ("dev", "doctor_secret_key_weak", "error"),
        (b"development key", "doctor_secret_key_weak", "error"),
        ("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "doctor_secret_key_weak", "error"),
        ("short but mine", "doctor_secret_key_weak", "warning"),
    ],
)
def test_secret_keys(key: str | bytes | None, code: str, level: str) -> None:
    found = examine(healthy(SECRET_KEY=key), healthy=level == "warning")
    assert found[code]["level"] == level


# -- credentials and settings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "code"),
    [
        ({"OAUTH_GITHUB_CLIENT_ID": None}, "config_client_id_missing"),
        ({"OAUTH_GITHUB_CLIENT_SECRET": None}, "config_client_secret_missing"),
        ({"OAUTH_GITHUB_CLIENT_SECRET": 1.5e9}, "config_secret_not_text"),
        ({"OAUTH_GITHUB_CLIENT_SECRET": "pasted "}, "doctor_credential_blank"),
        ({"OAUTH_GITHUB_CLIENT_ID": "…"}, "doctor_credential_blank"),
        ({"OAUTH_CORP_SIGNING_KEY": "/there/is/no/such.pem"}, "config_key_invalid"),
        ({"OAUTH_CORP_PROFILE": "fapi3"}, "config_profile"),
        ({"OAUTH_CORP_CLOCK_SKEW": "long"}, "config_setting"),
    ],
)
def test_credentials(config: dict[str, Any], code: str) -> None:
    app = healthy()
    app.config.update(config)  # after the remote apps were made, which refuse some of it at once
    finding = examine(app)[code]
    assert (finding["level"], finding["about"]) == ("error", next(iter(config)).split("_")[1].lower())


@pytest.mark.parametrize(
    "option", [{"token_endpoint_auth_method": "none"}, {"rsa_key": "x", "request_token_url": "/r"}]
)
def test_clients_that_need_no_secret(option: dict[str, Any]) -> None:
    app = healthy()
    remote = app.extensions["oauth"].remote_app("public", base_url="https://x.example/", client_id="id", **option)
    assert not checks._needs_secret(remote)
    assert checks._needs_secret(app.extensions["oauth"].github)


@pytest.mark.filterwarnings("ignore:.* is not a setting")
def test_names_of_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITLAB_OAUTH_CLIENT_ID", "x")
    monkeypatch.setenv("OAUTH_EXTERNL_URL", "x")
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    app = healthy(OAUTH_GITHB_SCOPE="x", OAUTH_OTHER="x", OAUTH={"github": {"scop": "x"}})
    app.extensions["oauth"].remote_app("gitlab", client_id="a", client_secret="b")
    report = Flasked(app).json("doctor")
    found = {finding["about"]: (finding["level"], finding["change"]) for finding in report["findings"]}
    assert found == {
        "OAUTH_EXTERNL_URL": ("warning", "Did you mean OAUTH_EXTERNAL_URL?"),
        "OAUTH_GITHB_SCOPE": ("warning", "Did you mean OAUTH_GITHUB_SCOPE?"),
        "OAUTH['github']['scop']": ("warning", "Did you mean OAUTH['github']['scope']?"),
        "OAUTH_OTHER": ("note", EXPLANATIONS["doctor_key_unknown"][1]),
        "GITLAB_OAUTH_CLIENT_ID": ("warning", "Here it is OAUTH_GITLAB_CLIENT_ID."),
        "OAUTHLIB_INSECURE_TRANSPORT": (
            "warning",
            "Here it is allow_http_hosts=[…], for one remote app; this machine needs nothing.",
        ),
    }


def test_dotenv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = healthy()
    (tmp_path / ".env").write_text("A=1\n")
    assert examine(app, healthy=True) == {}, "python-dotenv is installed here"
    monkeypatch.setattr(checks, "_has_dotenv", lambda: False)
    found = examine(app, healthy=True)["doctor_dotenv"]
    assert found["change"] == "pip install python-dotenv"
    (tmp_path / ".env").unlink()
    assert examine(app, healthy=True) == {}


# -- the token store ----------------------------------------------------------------------------------------------


def test_no_token_store() -> None:
    app = healthy(OAUTH_TOKEN_STORE=None)
    assert examine(app, healthy=True)["doctor_no_store"]["level"] == "note"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("redis://127.0.0.1:1/0", "store_failed"),
        ("sqlite:///{}/tokens.db", "store_schema"),
        ("nosql://x", "config_store_url"),
    ],
)
def test_a_token_store_that_cannot_be_used(tmp_path: Path, url: str, code: str) -> None:
    app = healthy(OAUTH_TOKEN_STORE=url.format(tmp_path))
    assert examine(app)[code]["level"] == "error"
    if code == "store_schema":
        assert "flask oauth init-db" in examine(app)[code]["change"]
        state_of(app).token_store.close()  # type: ignore[union-attr]


def test_a_token_store_whose_records_do_not_open() -> None:
    app = healthy(OAUTH_ENCRYPTION_KEYS=[OLD])
    with app.app_context():
        app.extensions["oauth"].corp.save_token("secret-token", owner="alice")
    assert examine(app, healthy=True) == {}
    app.config["OAUTH_ENCRYPTION_KEYS"] = [NEW]
    assert examine(app)["store_sealed"]["saw"] == "no key opens 1 of the first 1 records"


# -- what browsers see --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "code", "level"),
    [
        ({"OAUTH_EXTERNAL_URL": "app.example.com"}, "doctor_external_url", "error"),
        ({"OAUTH_EXTERNAL_URL": "ftp://app.example.com"}, "doctor_external_url", "error"),
        ({"OAUTH_EXTERNAL_URL": "http://app.example.com"}, "doctor_callback_http", "error"),
        ({"OAUTH_EXTERNAL_URL": None, "SERVER_NAME": "app.example.com"}, "doctor_callback_http", "error"),
        ({"SESSION_COOKIE_SAMESITE": "Strict"}, "doctor_cookie_strict", "note"),
        ({"SESSION_COOKIE_SAMESITE": "None"}, "doctor_cookie_none", "warning"),
        ({"SESSION_COOKIE_SECURE": False}, "doctor_cookie_insecure", "warning"),
    ],
)
def test_addresses_and_cookies(config: dict[str, Any], code: str, level: str) -> None:
    assert examine(healthy(**config), healthy=level != "error")[code]["level"] == level


def test_strict_cookies_without_the_blueprint_are_worse() -> None:
    app = Flask("own views")
    app.config.update(SECRET_KEY=KEY, SESSION_COOKIE_SAMESITE="Strict")
    OAuth(app)
    assert examine(app, healthy=True)["doctor_cookie_strict"]["level"] == "warning"


def test_no_proxy_fix() -> None:
    app = healthy()
    app.wsgi_app = app.wsgi_app.app  # type: ignore[attr-defined]
    assert "ProxyFix(app.wsgi_app" in examine(app, healthy=True)["doctor_proxy"]["change"]


@pytest.mark.parametrize("external", ["http://localhost:5000", "http://127.0.0.1:5000", None])
def test_this_machine_needs_no_https(external: str | None) -> None:
    assert examine(healthy(OAUTH_EXTERNAL_URL=external, SESSION_COOKIE_SECURE=False), healthy=True) == {}


def with_policy(policy: str, **config: Any) -> Flask:
    app = healthy(**config)

    @app.after_request
    def harden(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = policy
        return response

    return app


def test_form_action_that_stops_the_button() -> None:
    policy = "default-src 'self'; form-action 'self'"
    found = examine(with_policy(policy, OAUTH_START_RESPONSE="redirect"))["doctor_form_action"]
    assert "form-action 'self'" in found["saw"]
    assert examine(with_policy(policy), healthy=True) == {}, "auto answers with a page that leads on"
    wide = "form-action 'self' https://github.com https://id.corp.example"
    assert examine(with_policy(wide, OAUTH_START_RESPONSE="redirect"), healthy=True) == {}


def test_a_sign_in_page_that_fails() -> None:
    app = healthy(OAUTH_BASE_TEMPLATE="there/is/none.html")
    assert "TemplateNotFound" in examine(app)["doctor_login_page"]["saw"]
    app = healthy()
    app.before_request(lambda: ("closed", 503))
    assert examine(app)["doctor_login_page"]["saw"] == "/auth/login answers 503"


# -- online -------------------------------------------------------------------------------------------------------


def answering(metadata: dict[str, Any], ahead: float = 0.0) -> ScriptedTransport:
    date = {"Date": formatdate(time.time() + ahead, usegmt=True)}
    transport = ScriptedTransport()
    transport.always("GET", f"{ISSUER}/.well-known/openid-configuration", json_response(metadata, headers=date))
    transport.always("GET", f"{ISSUER}/jwks", json_response({"keys": []}))
    return transport


def test_online_asks_the_providers_and_offline_does_not() -> None:
    transport = answering(METADATA)
    assert examine(healthy(transport), healthy=True) == {}
    assert transport.requests == []
    report = Flasked(healthy(transport)).json("doctor", "--online")
    assert report["findings"] == []
    assert report["passed"][-1] == "providers"
    assert {request.url.rpartition("/")[2] for request in transport.requests} == {"openid-configuration", "jwks"}


def test_online_findings() -> None:
    found = examine(healthy(answering({**METADATA, "issuer": "https://other.example"})), "--online")
    assert (found["metadata_issuer"]["about"], found["metadata_issuer"]["level"]) == ("corp", "error")
    silent = ScriptedTransport().always("GET", "*", HTTPResponse(404, Headers(), b""))
    assert "metadata_unavailable" in examine(healthy(silent), "--online")


@pytest.mark.parametrize(("ahead", "saw"), [(600, "behind"), (-600, "ahead of")])
def test_a_clock_that_differs(ahead: float, saw: str) -> None:
    found = examine(healthy(answering(METADATA, ahead)), "--online")["doctor_clock"]
    assert saw in found["saw"]
    assert examine(healthy(answering(METADATA, ahead / 20)), "--online", healthy=True) == {}
