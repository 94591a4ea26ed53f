"""The settings: defaults, environment, what is refused, what is warned about, and remote apps by configuration."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import pytest
from flask import Flask

from flask_oauth import ConfigurationError, OAuth, OAuthException, Token
from flask_oauth.extension import members
from flask_oauth.extension.config import SETTING_NAMES, SETTINGS, config_key, origin_of
from flask_oauth.extension.options import EQUIVALENTS
from flask_oauth.extension.unknown_keys import foreign_keys, orphans, unknown_keys
from flask_oauth.providers import get, names
from flask_oauth.testing import ScriptedTransport, json_response


def site(**config: Any) -> Flask:
    app = Flask("site")
    app.config.update(SECRET_KEY="a key of this test", **config)
    return app


def bound(**config: Any) -> OAuth:
    oauth = OAuth()
    oauth.app = site(**config)  # type: ignore[attr-defined] # alive as long as the object is
    oauth.init_app(oauth.app)  # type: ignore[arg-type]
    return oauth


# -- the settings of the application ------------------------------------------------------------------------------


def test_every_setting_gets_its_default_and_is_named_properly() -> None:
    app = site()
    OAuth(app)
    for setting in SETTINGS:
        assert app.config[setting.name] == setting.default
        assert setting.name.startswith("OAUTH_")
        assert setting.meaning.endswith(".")
        assert "\n" not in setting.meaning


def test_the_environment_speaks_where_the_configuration_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTH_READ_TIMEOUT", "7.5")
    monkeypatch.setenv("OAUTH_START_BY_GET", "yes")
    monkeypatch.setenv("OAUTH_EXTERNAL_URL", "https://env.example")
    app = site(OAUTH_EXTERNAL_URL="https://config.example")
    OAuth(app)
    assert app.config["OAUTH_READ_TIMEOUT"] == 7.5
    assert app.config["OAUTH_START_BY_GET"] is True
    assert app.config["OAUTH_EXTERNAL_URL"] == "https://config.example"
    assert origin_of(app, "OAUTH_READ_TIMEOUT") == "environment (OAUTH_READ_TIMEOUT)"
    assert origin_of(app, "OAUTH_EXTERNAL_URL") == "config"
    assert origin_of(app, "OAUTH_REFRESH_EARLY") == "default"
    app.config["OAUTH_REFRESH_EARLY"] = 5.0
    assert origin_of(app, "OAUTH_REFRESH_EARLY") == "config"


def test_a_prefixed_variable_is_named_as_the_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_OAUTH_READ_TIMEOUT", "9")
    app = site()
    app.config.from_prefixed_env()
    OAuth(app)
    assert app.config["OAUTH_READ_TIMEOUT"] == 9
    assert origin_of(app, "OAUTH_READ_TIMEOUT") == "environment (FLASK_OAUTH_READ_TIMEOUT)"


@pytest.mark.parametrize(
    ("name", "value"), [("OAUTH_READ_TIMEOUT", "soon"), ("OAUTH_START_BY_GET", "maybe"), ("OAUTH_EXTERNAL_URL", 5)]
)
def test_a_value_of_the_wrong_kind_is_refused(name: str, value: object, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError) as caught:
        bound(**{name: value})
    assert caught.value.code == "config_setting"
    assert name in str(caught.value)
    if isinstance(value, str):
        monkeypatch.setenv(name, value)
        with pytest.raises(ConfigurationError) as caught:
            bound()
        assert caught.value.code == "config_setting"


# -- keys that nobody reads ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("OAUTH_EXTERNL_URL", "OAUTH_EXTERNAL_URL"),
        ("OAUTH_TOKENSTORE", "OAUTH_TOKEN_STORE"),
        ("OAUTH_GITHUB_CLIENTID", "OAUTH_GITHUB_CLIENT_ID"),
        ("OAUTH_GITHUB_CLIENT_SECRT", "OAUTH_GITHUB_CLIENT_SECRET"),
        ("OAUTH_KEYCLOAK_ISUER", "OAUTH_KEYCLOAK_ISSUER"),
    ],
)
def test_a_misspelt_key_is_warned_about(key: str, meant: str) -> None:
    with pytest.warns(UserWarning, match=f"^{key} is not a setting of Flask-OAuth. Did you mean {meant}\\?$"):
        bound(**{key: "x"})


def test_keys_of_others_are_left_alone() -> None:
    """Other extensions may use the prefix; what could be a remote app's is known too late to speak of it here."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bound(
            OAUTH_SERVER_ROUTE_TABLE={},
            OAUTH_CORP_CLIENT_ID="x",
            OAUTH_GITHUB_CONSUMER_KEY="x",
            OAUTH_KEYCLOAK_HOST="h",
        )


def test_unknown_keys_of_every_form() -> None:
    config = {"OAUTH_ZZZ": 1, "OAUTH": {"github": {"client_id": "x", "clientsecret": "y"}}, "OTHER": 1}
    assert list(unknown_keys(config, ["github"])) == [
        ("OAUTH_ZZZ", ""),
        ("OAUTH['github']['clientsecret']", "OAUTH['github']['client_secret']"),
    ]
    config = {"OAUTH_GITHB_CLIENT_ID": "x", "OAUTH_GITHUB_SCOPE": "y", "OAUTH_CORP_ISSUER": "z"}
    assert list(orphans(config, ["github"])) == [
        ("OAUTH_CORP_ISSUER", ""),
        ("OAUTH_GITHB_CLIENT_ID", "OAUTH_GITHUB_CLIENT_ID"),
    ]


def test_names_of_other_libraries_are_recognised() -> None:
    keys = {"GITHUB_OAUTH_CLIENT_ID", "GITHUB_CLIENT_SECRET", "OAUTHLIB_INSECURE_TRANSPORT", "GOOGLE_CLIENT_ID"}
    found = dict(foreign_keys(keys, ["github", "mail.ru"]))
    assert found["GITHUB_OAUTH_CLIENT_ID"] == "OAUTH_GITHUB_CLIENT_ID"
    assert found["GITHUB_CLIENT_SECRET"] == "OAUTH_GITHUB_CLIENT_SECRET"
    assert "allow_http_hosts" in found["OAUTHLIB_INSECURE_TRANSPORT"]
    assert "GOOGLE_CLIENT_ID" not in found, "there is no such remote app"
    assert not list(foreign_keys({"GITHUB_CLIENT_ID", "OAUTH_GITHUB_CLIENT_ID"}, ["github"]))


def test_no_key_of_a_preset_is_a_setting() -> None:
    """OAUTH_<PRESET>_<KEYWORD> never means two things."""
    keywords = {*members.kinds(), *EQUIVALENTS}
    for name in names():
        own = {*keywords, *get(name).parameters, *get(name).credentials}
        clash = {f"OAUTH_{config_key(name)}_{keyword.upper()}" for keyword in own} & SETTING_NAMES
        assert not clash
    assert len({config_key(name) for name in names()}) == len(names())


# -- remote apps by configuration ---------------------------------------------------------------------------------


def test_every_keyword_has_one_line() -> None:
    assert set(members.MEANINGS) == set(members.kinds())
    assert all(meaning.endswith(".") and "\n" not in meaning for meaning in members.MEANINGS.values())


def test_a_remote_app_without_a_line_of_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTH_CORP_ISSUER", "https://id.corp.example")
    oauth = bound(
        OAUTH_PROVIDERS="github, keycloak,corp",
        OAUTH_KEYCLOAK_HOST="id.example.com",
        OAUTH_KEYCLOAK_REALM="staff",
        OAUTH_CORP_SCOPE="openid email",
        OAUTH_CORP_CLIENT_ID=12345,
    )
    assert sorted(oauth.remote_apps) == ["corp", "github", "keycloak"]
    assert oauth.github.base_url == "https://api.github.com/"
    assert oauth.keycloak.issuer == "https://id.example.com/realms/staff"
    assert (oauth.corp.issuer, oauth.corp.scope, oauth.corp.client_id) == (
        "https://id.corp.example",
        "openid email",
        "12345",
    )
    assert oauth.corp._facts.origins == {"issuer": "OAUTH_CORP_ISSUER (environment)", "scope": "OAUTH_CORP_SCOPE"}


def test_a_preset_under_another_name() -> None:
    oauth = bound(OAUTH_PROVIDERS=["work"], OAUTH_WORK_PRESET="google")
    assert oauth.work.issuer == "https://accounts.google.com"


@pytest.mark.parametrize("value", ["githb", ["githb"], "nobody-knows-this"])
def test_a_name_that_means_nothing(value: object) -> None:
    with pytest.raises(ConfigurationError) as caught:
        bound(OAUTH_PROVIDERS=value)
    assert caught.value.code == "config_unknown_preset"
    assert ("github" in caught.value.hint) == ("githb" in value)  # type: ignore[operator]


def test_providers_must_be_names() -> None:
    with pytest.raises(ConfigurationError) as caught:
        bound(OAUTH_PROVIDERS=[{"name": "github"}])
    assert caught.value.code == "config_setting"


def test_what_the_code_says_counts_before_and_after_init_app() -> None:
    oauth = OAuth()
    before = oauth.remote_app("github", scope="repo")
    app = site(OAUTH_PROVIDERS="github,google", OAUTH_GITHUB_SCOPE="gist", OAUTH_GOOGLE_SCOPE="openid")
    oauth.init_app(app)
    assert oauth.github is before
    assert before.scope == "repo"
    assert oauth.google.scope == "openid"
    after = oauth.remote_app("google", scope="email")
    assert oauth.google is after
    assert after.scope == "email"
    with pytest.raises(AssertionError):
        oauth.remote_app("google")


def test_one_remote_app_in_two_applications() -> None:
    oauth = OAuth()
    corp = oauth.remote_app("corp", base_url="https://api.example/")
    one, two = site(OAUTH_CORP_ISSUER="https://one.example"), site(OAUTH_CORP_ISSUER="https://two.example")
    oauth.init_app(one)
    oauth.init_app(two)
    for app, issuer in ((one, "https://one.example"), (two, "https://two.example"), (one, "https://one.example")):
        with app.app_context():
            assert corp.issuer == issuer
            assert corp._oauth2().settings.issuer == issuer
    assert corp.issuer is None, "outside of both it is not known which is meant"


def test_settings_that_come_after_the_remote_app_are_seen() -> None:
    app = site()
    oauth = OAuth(app)
    corp = oauth.remote_app("corp", base_url="https://api.example/")
    assert corp.issuer is None
    app.config["OAUTH_CORP_ISSUER"] = "https://corp.example"
    assert corp.issuer == "https://corp.example"


def test_a_remote_app_whose_address_comes_with_the_application() -> None:
    oauth = OAuth()
    corp = oauth.remote_app("corp")
    keycloak = oauth.remote_app("keycloak")
    config = {
        "OAUTH_CORP_ISSUER": "https://corp.example",
        "OAUTH_KEYCLOAK_HOST": "h.example",
        "OAUTH_KEYCLOAK_REALM": "r",
    }
    app = site(**config)
    oauth.init_app(app)
    assert corp.issuer == "https://corp.example"
    assert keycloak.issuer == "https://h.example/realms/r"


@pytest.mark.parametrize(("name", "code"), [("corp", "config_unknown_preset"), ("keycloak", "config_endpoint_missing")])
def test_an_address_that_does_not_come_is_missed_at_init_app(name: str, code: str) -> None:
    oauth = OAuth()
    oauth.remote_app(name)
    app = site()
    with pytest.raises(ConfigurationError) as caught:
        oauth.init_app(app)
    assert caught.value.code == code
    if name == "keycloak":
        assert "OAUTH_KEYCLOAK_HOST" in caught.value.hint
    with pytest.raises(ConfigurationError) as caught:
        bound().remote_app(name)  # and at once where there is one
    assert caught.value.code == code


def test_a_misspelt_preset_is_told_at_once_even_without_an_application() -> None:
    with pytest.raises(ConfigurationError, match="There is no preset 'githb'"):
        OAuth().remote_app("githb")


NESTED = {"corp": {"issuer": "https://corp.example", "allowed_tenants": "a, b", "clock_skew": "30", "dpop": "true"}}


def test_nested_settings_and_their_kinds() -> None:
    corp = bound(OAUTH=NESTED).remote_app("corp")
    options = corp._options
    assert options == {"issuer": "https://corp.example", "allowed_tenants": ("a", "b"), "clock_skew": 30, "dpop": True}
    assert corp._facts.origins["issuer"] == "OAUTH['corp']['issuer']"


def test_nested_settings_out_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_OAUTH__corp__issuer", "https://corp.example")
    monkeypatch.setenv("FLASK_OAUTH__corp__client_id", "77")
    app = site()
    app.config.from_prefixed_env()
    corp = OAuth(app).remote_app("corp")
    assert (corp.issuer, corp.client_id) == ("https://corp.example", "77")


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("OAUTH_CORP_CLOCK_SKEW", "long", "config_setting"),
        ("OAUTH_CORP_CLOCK_SKEW", True, "config_setting"),
        ("OAUTH_CORP_DPOP", "perhaps", "config_setting"),
        ("OAUTH_CORP_JWKS", "[]", "config_setting"),
        ("OAUTH_CORP_JWKS", "{", "config_setting"),
        ("OAUTH_CORP_ALLOW_HOSTS", 5, "config_setting"),
        ("OAUTH_CORP_SCOPE", 1.5, "config_secret_not_text"),
        ("OAUTH_CORP_CLIENT_SECRET", 1.2345e71, "config_secret_not_text"),
    ],
)
def test_values_of_the_wrong_kind(key: str, value: object, code: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        bound(**{key: value}).remote_app("corp", issuer="https://corp.example").client_secret  # noqa: B018
    assert caught.value.code == code
    assert key in str(caught.value)
    assert str(value) not in str(caught.value) or value is True


def test_jwks_by_configuration() -> None:
    corp = bound(OAUTH_CORP_JWKS='{"keys": []}').remote_app("corp", issuer="https://corp.example")
    assert corp._options["jwks"] == {"keys": []}


def test_the_names_of_2010_work_too() -> None:
    corp = bound(
        OAUTH_CORP_BASE_URL="https://api.example/",
        OAUTH_CORP_AUTHORIZE_URL="https://example/a",
        OAUTH_CORP_TOKEN_ENDPOINT="https://example/t",
    ).remote_app("corp")
    assert (corp.base_url, corp.authorize_url, corp.access_token_url) == (
        "https://api.example/",
        "https://example/a",
        "https://example/t",
    )


def test_a_program_of_2010_that_names_a_scope_itself_is_not_contradicted() -> None:
    remote = bound(OAUTH_CORP_SCOPE="from config").remote_app(
        "corp", authorize_url="https://example/a", request_token_params={"scope": "email"}
    )
    assert remote.scope == ""


def test_an_attribute_that_a_program_assigns_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    corp = bound(OAUTH_CORP_BASE_URL="https://api.example/").remote_app("corp")
    with monkeypatch.context() as patched:
        patched.setattr(corp, "base_url", "https://other.example/")
        assert corp.base_url == "https://other.example/"
        patched.setattr(corp, "scope", ["a", "b"])
        assert corp.scope == "a b"
    assert corp.base_url == "https://api.example/"
    del corp.base_url
    assert corp.base_url == "https://api.example/"


@pytest.mark.parametrize("member", ["token_endpoint_method", "access_token_method", "authorization_params"])
@pytest.mark.filterwarnings("ignore:.*is not a setting")
def test_what_only_the_code_may_say(member: str) -> None:
    oauth = bound(**{f"OAUTH_CORP_{member.upper()}": "GET"})
    assert oauth.remote_app("corp", issuer="https://corp.example")._options == {"issuer": "https://corp.example"}


def test_without_an_application_the_environment_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTH_CORP_ISSUER", "https://corp.example")
    assert OAuth().remote_app("corp").issuer == "https://corp.example"


def test_errors_show_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    config: Mapping[str, Any] = {"OAUTH_CORP_CLIENT_SECRET": 1.2345e71}
    try:
        bound(**config).remote_app("corp", issuer="https://corp.example").client_secret  # noqa: B018
    except OAuthException as error:
        shown = f"{error!r} {error.__notes__} {error.data} {error.got}"
        assert "1.2345e+71" not in shown
    else:
        pytest.fail("it was accepted")


@pytest.mark.parametrize(
    "written", ["uploads.shop.example, cdn.shop.example", ["uploads.shop.example", "cdn.shop.example"]]
)
def test_N45_a_list_of_hosts_in_one_text_is_a_list(written: Any) -> None:
    token, calls = Token("at"), ScriptedTransport()
    for host in ("uploads.shop.example", "cdn.shop.example"):
        calls.always("GET", f"https://{host}/x", json_response({}))
    shop = OAuth(transport=calls).remote_app("shop", base_url="https://api.example/", allow_hosts=written)
    assert shop.get("https://uploads.shop.example/x", token=token).status == 200
    assert shop.get("https://cdn.shop.example/x", token=token).status == 200
    for host in ("shop.exam", "shop.example", "e"):
        with pytest.raises(ConfigurationError) as caught:
            shop.get(f"https://{host}/x", token=token)
        assert caught.value.code == "token_host"
