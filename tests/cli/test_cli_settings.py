"""``flask oauth settings`` and ``flask oauth providers``."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from tests.cli.cli_support import NEW, OLD, Flasked

from flask_oauth import OAuth
from flask_oauth.extension.config import SETTINGS
from flask_oauth.providers import names


@pytest.fixture
def shop(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The application of the other tests, with GitHub from the environment and Keycloak from the configuration."""
    monkeypatch.setenv("OAUTH_GITHUB_CLIENT_ID", "github-id")
    monkeypatch.setenv("OAUTH_GITHUB_CLIENT_SECRET", "g1thub-s3cret")
    app.config.update(OAUTH_KEYCLOAK_HOST="id.example.com", OAUTH_KEYCLOAK_REALM="staff")
    oauth = app.extensions["oauth"]
    oauth.remote_app("github", scope="repo")
    oauth.remote_app("keycloak")
    return app


def test_settings_of_the_application(app: Flask, flask: Flasked) -> None:
    app.config["OAUTH_READ_TIMEOUT"] = 9
    rows = {row["name"]: row for row in flask.json("settings")}
    assert list(rows)[: len(SETTINGS)] == [setting.name for setting in SETTINGS]
    assert (rows["OAUTH_READ_TIMEOUT"]["value"], rows["OAUTH_READ_TIMEOUT"]["from"]) == ("9", "config")
    assert (rows["OAUTH_CONNECT_TIMEOUT"]["value"], rows["OAUTH_CONNECT_TIMEOUT"]["from"]) == ("5.0", "default")
    assert rows["OAUTH_EXTERNAL_URL"]["value"] is None
    output = flask("settings").output
    for setting in SETTINGS:
        assert f"{setting.name} = " in output
        assert setting.meaning in output


def test_settings_of_remote_apps(shop: Flask, flask: Flasked) -> None:
    rows = {row["name"]: (row["value"], row["from"]) for row in flask.json("settings")}
    assert rows["OAUTH_GITHUB_CLIENT_ID"] == ("github-id", "environment")
    assert rows["OAUTH_GITHUB_CLIENT_SECRET"] == ("(hidden)", "environment")
    assert rows["OAUTH_GITHUB_SCOPE"] == ("repo", "code")
    assert rows["OAUTH_GITHUB_TOKEN_ENDPOINT"] == ("https://github.com/login/oauth/access_token", "preset")
    assert rows["OAUTH_KEYCLOAK_REALM"] == ("staff", "config")
    assert rows["OAUTH_KEYCLOAK_CLIENT_ID"] == (None, "")
    assert rows["OAUTH_CORP_CLIENT_SECRET"] == ("(hidden)", "code")
    of_one = {row["name"]: row for row in flask.json("settings", "keycloak")}
    assert of_one["OAUTH_KEYCLOAK_HOST"]["meaning"].startswith("The server, for example")
    assert len([row for row in flask.json("settings") if row["name"] == "OAUTH_KEYCLOAK_REALM"]) == 1


@pytest.mark.parametrize("name", ["OAUTH_TOKEN_STORE", "token_store", "Token_Store", "FLASK_OAUTH_TOKEN_STORE"])
def test_one_setting_by_any_spelling(flask: Flasked, name: str) -> None:
    row = flask.json("settings", name)
    assert row["name"] == "OAUTH_TOKEN_STORE"
    assert row["value"].startswith("sqlite:////")
    assert row["from"] == "config"


def test_one_setting_of_a_remote_app_also_if_it_is_not_set(shop: Flask, flask: Flasked) -> None:
    assert flask.json("settings", "OAUTH_GITHUB_CLOCK_SKEW") == {
        "name": "OAUTH_GITHUB_CLOCK_SKEW",
        "value": None,
        "from": "",
        "meaning": "Seconds by which clocks may differ; 60 if nothing is said.",
        "remote app": "github",
    }
    assert "OAUTH_GITHUB_CLOCK_SKEW = not set\n" in flask("settings", "OAUTH_GITHUB_CLOCK_SKEW").output


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("githb", "github"),
        ("TOKEN_STOR", "OAUTH_TOKEN_STORE"),
        ("OAUTH_GITHUB_CLIENT_SECRT", "OAUTH_GITHUB_CLIENT_SECRET"),
    ],
)
def test_a_setting_that_does_not_exist(shop: Flask, flask: Flasked, name: str, meant: str) -> None:
    assert f"Did you mean {meant!r}?" in flask("settings", name, status=1).output


def test_a_value_that_cannot_be_used_is_shown_as_such(app: Flask, flask: Flasked) -> None:
    app.config["OAUTH_CORP_CLOCK_SKEW"] = "long"
    row = flask.json("settings", "OAUTH_CORP_CLOCK_SKEW")
    assert row["from"] == "config_setting"
    assert "wrong kind" in row["value"]


def test_no_secret_is_shown(shop: Flask, flask: Flasked) -> None:
    shop.config["OAUTH_TOKEN_STORE"] = "postgresql+psycopg://user:p4ssw0rd@db.example/tokens?password=p4ssw0rd"
    shop.config["OAUTH_KEYCLOAK_SIGNING_KEY"] = "-----BEGIN PRIVATE KEY-----\nMIIB"
    for arguments in ((), ("--json",), ("OAUTH_TOKEN_STORE",), ("github",), ("OAUTH_ENCRYPTION_KEYS",), ("keycloak",)):
        output = flask("settings", *arguments).output
        for secret in ("g1thub-s3cret", "shop-secret", "p4ssw0rd", NEW, OLD, "MIIB", "a long secret key"):
            assert secret not in output
    assert flask.json("settings", "token_store")["value"] == "postgresql+psycopg://user:…@db.example/tokens"


def test_settings_without_an_application(flask_without_app: Flasked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTH_READ_TIMEOUT", "3")
    result = flask_without_app("settings")
    assert "There is no application to ask: ImportError" in result.stderr
    assert "OAUTH_READ_TIMEOUT = 3.0" in result.stdout
    assert len(flask_without_app.json("settings")) == len(SETTINGS)


def test_settings_while_the_development_provider_acts() -> None:
    app = Flask("tried")
    app.config.update(SECRET_KEY="x", TESTING=True, OAUTH_DEVELOPMENT_PROVIDER="http://127.0.0.1:5001")
    OAuth(app).remote_app("github")
    row = Flasked(app).json("settings", "OAUTH_GITHUB_ISSUER")
    assert (row["value"], row["from"]) == ("http://127.0.0.1:5001", "OAUTH_DEVELOPMENT_PROVIDER")


# -- providers ----------------------------------------------------------------------------------------------------


def test_all_providers(flask_without_app: Flasked) -> None:
    rows = flask_without_app.json("providers")
    assert [row["name"] for row in rows] == list(names())
    assert {row["protocol"] for row in rows} == {"OAuth 1.0a", "OAuth 2.0", "OpenID Connect"}
    assert len(flask_without_app("providers").stdout.splitlines()) == len(names()) + 1


def test_one_provider_without_an_application(flask_without_app: Flasked) -> None:
    facts = flask_without_app.json("providers", "keycloak")
    assert facts["callback_url"] == "https://YOUR-APP/auth/callback/keycloak"
    assert [setting["name"] for setting in facts["settings"]] == [
        "OAUTH_KEYCLOAK_CLIENT_ID",
        "OAUTH_KEYCLOAK_CLIENT_SECRET",
        "OAUTH_KEYCLOAK_HOST",
        "OAUTH_KEYCLOAK_REALM",
    ]
    output = flask_without_app("providers", "github").output
    assert "https://github.com/settings/developers" in output
    assert 'oauth.remote_app("github")   or   OAUTH_PROVIDERS=github' in output
    apple = flask_without_app.json("providers", "apple")
    assert "OAUTH_APPLE_TEAM_ID" in [setting["name"] for setting in apple["settings"]]
    assert 'Did you mean "github"?' in flask_without_app("providers", "githb", status=1).output


def test_every_provider_can_be_shown(flask_without_app: Flasked) -> None:
    for name in names():
        assert f"/callback/{name}" in flask_without_app("providers", name).output


def pages(**config: object) -> Flask:
    app = Flask("pages")
    app.config.update(SECRET_KEY="x" * 20, **config)
    oauth = OAuth(app)
    oauth.remote_app("github")
    oauth.remote_app("work", preset="google")
    oauth.remote_app("corp", issuer="https://corp.example")
    app.register_blueprint(oauth.blueprint, url_prefix="/signin", name="door")
    return app


@pytest.mark.parametrize(
    ("config", "address"),
    [
        ({}, "http://127.0.0.1:5000/signin"),
        ({"OAUTH_EXTERNAL_URL": "https://app.example.com"}, "https://app.example.com/signin"),
        ({"SERVER_NAME": "shop.example:8000", "APPLICATION_ROOT": "/sub"}, "http://shop.example:8000/sub/signin"),
        ({"SERVER_NAME": "shop.example", "PREFERRED_URL_SCHEME": "https"}, "https://shop.example/signin"),
    ],
)
def test_the_exact_callback_url_of_the_application(config: dict[str, object], address: str) -> None:
    flask = Flasked(pages(**config))
    for name in ("github", "work", "corp", "google"):
        assert flask.json("providers", name)["callback_url"] == f"{address}/callback/{name}"
    assert flask.json("providers", "work")["title"] == "Google"
    assert flask.json("providers", "work")["settings"][0]["name"] == "OAUTH_WORK_CLIENT_ID"
    assert flask.json("providers", "corp")["title"] == "corp"
    assert "use it" not in flask("providers", "github").output


def test_the_callback_url_is_the_one_that_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the command says to register is what the provider gets to see."""
    monkeypatch.setenv("OAUTH_GITHUB_CLIENT_ID", "x")
    monkeypatch.setenv("OAUTH_GITHUB_CLIENT_SECRET", "y")
    app = pages(OAUTH_EXTERNAL_URL="https://app.example.com")
    answer = app.test_client().post("/signin/login/github", base_url="https://app.example.com")
    assert answer.status_code == 303
    said = Flasked(app).json("providers", "github")["callback_url"]
    assert parse_qs(urlsplit(answer.headers["Location"]).query)["redirect_uri"] == [said]


def test_without_the_blueprint_it_is_the_programs_own_view(app: Flask, flask: Flasked) -> None:
    assert flask.json("providers", "github")["callback_url"] is None
    assert "that of your own view" in flask("providers", "github").output
