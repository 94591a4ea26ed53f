"""No preset lacks a field, names a field that means nothing, or leads anywhere but to https."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest

import flask_oauth.providers as package
from flask_oauth.errors import ConfigurationError
from flask_oauth.providers import Parameter, Provider, ProviderName, Quirks, get, names
from flask_oauth.providers.index import GROUPS, OTHER_NAMES
from flask_oauth.providers.model import PLACEHOLDER, RUNTIME_PLACEHOLDERS
from flask_oauth.providers.profile import CLAIMS, COMMON_DOCUMENTS, AllOf, Constant, Entry

ALL = [get(name) for name in names()]
each = pytest.mark.parametrize("provider", ALL, ids=lambda provider: provider.name)
DATA = Path(package.__file__).parent / "data"
SHAPES = Path(__file__).parent / "shapes"
ADDRESSES = [entry.name for entry in fields(Provider) if entry.name.endswith(("_endpoint", "_url", "issuer"))]


def test_there_are_more_than_a_hundred_and_twenty() -> None:
    assert len(names()) >= 120
    assert len(set(names())) == len(names())


def test_the_names_are_a_type() -> None:
    assert get_args(ProviderName) == names()


def test_the_index_is_what_the_modules_hold() -> None:
    held = {path.stem: _names_in(path) for path in DATA.glob("*.py") if path.stem != "__init__"}
    assert {group: list(members) for group, members in GROUPS.items()} == held


def _names_in(path: Path) -> list[str]:
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    presets = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "Provider"]
    return [ast.literal_eval(word.value) for call in presets for word in call.keywords if word.arg == "name"]


def test_importing_loads_no_preset() -> None:
    program = (
        "import sys, flask_oauth, flask_oauth.providers as p; p.names();"
        "print([m for m in sys.modules if 'providers.data' in m])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_one_preset_loads_one_module() -> None:
    program = (
        "import sys; from flask_oauth.providers import get; get('github');"
        "print([m for m in sys.modules if 'providers.data.' in m])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['flask_oauth.providers.data.developer']"


@pytest.mark.parametrize(
    ("tried", "meant"),
    [
        ("gihub", "github"),
        ("Entra ID", "microsoft"),
        ("GOOGLE", "google"),
        ("mail.ru", "mailru"),
        ("osm", "openstreetmap"),
    ],
)
def test_did_you_mean(tried: str, meant: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        get(tried)
    assert caught.value.code == "config_unknown_preset"
    assert f'"{meant}"' in caught.value.hint


def test_an_unlike_name_has_no_suggestion() -> None:
    with pytest.raises(ConfigurationError) as caught:
        get("zzzzzzzz")
    assert "flask oauth providers" in caught.value.hint


def test_other_names_lead_to_presets_and_are_none() -> None:
    assert set(OTHER_NAMES.values()) <= set(names())
    assert not set(OTHER_NAMES) & set(names())


def test_names_make_different_settings() -> None:
    keys = {re.sub(r"[^A-Z0-9]+", "_", name.upper()) for name in names()}
    assert len(keys) == len(names())


@each
def test_required_fields(provider: Provider) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", provider.name)
    assert provider.title
    assert provider.documentation_url.startswith("https://")
    assert date(2026, 1, 1) <= date.fromisoformat(provider.checked)
    assert "sub" in provider.profile
    assert provider.credentials[0] == "client_id"
    assert not provider.notes or provider.notes.endswith(".")


@each
def test_endpoints_of_its_protocol(provider: Provider) -> None:
    if provider.protocol == "oauth1":
        assert provider.request_token_url
        assert provider.authorization_endpoint
        assert provider.token_endpoint
        assert not provider.client_authentication
    elif provider.protocol == "openid":
        assert provider.issuer
        assert not provider.token_endpoint, "the metadata says it, and says it better"
        assert "openid" in provider.scopes or provider.name == "apple"
    else:
        assert provider.authorization_endpoint
        assert provider.token_endpoint
        assert provider.client_authentication


@each
def test_addresses_are_https_and_whole(provider: Provider) -> None:
    for name in ADDRESSES:
        address = getattr(provider, name)
        assert address == "" or address.startswith(("https://", "{token:")), name
        assert " " not in address


@each
def test_where_the_subject_comes_from_is_asked_for(provider: Provider) -> None:
    source = provider.profile["sub"]
    assert isinstance(source, str), "one place alone: a second one could make one person two, or two people one"
    document, colon, _ = source.partition(":")
    document = document if colon else "userinfo"
    has_userinfo = bool(provider.userinfo_endpoint) or provider.protocol == "openid"
    assert document == "token" or document in provider.documents or (document == "userinfo" and has_userinfo)
    assert document != "callback", "the callback is not signed"


@each
def test_profile_names_claims_and_documents_that_exist(provider: Provider) -> None:
    assert set(provider.profile) <= set(CLAIMS)
    for source in provider.profile.values():
        for path in _paths(source):
            document, colon, _ = path.partition(":")
            known = document in COMMON_DOCUMENTS or document in provider.documents
            assert not colon or known or path.startswith("https:"), path
            assert not colon or document != "emails" or provider.email_endpoint


@each
def test_email_is_never_said_to_be_verified_by_us(provider: Provider) -> None:
    verified = provider.profile.get("email_verified")
    assert not isinstance(verified, Constant)
    email = provider.profile.get("email")
    if isinstance(verified, Entry):
        first = email[0] if isinstance(email, tuple) else email
        assert isinstance(first, Entry)
        assert (first.path, first.primary) == (verified.path, verified.primary), "both from one and the same address"


def _paths(source: Any) -> Iterator[str]:
    if isinstance(source, str):
        yield from re.findall(r"\{([^{}]+)\}", source) if "{" in source else [source]
    elif isinstance(source, tuple):
        for one in source:
            yield from _paths(one)
    elif isinstance(source, AllOf):
        yield from source.paths
    elif isinstance(source, Entry):
        yield source.path


@each
def test_placeholders_are_declared_and_used(provider: Provider) -> None:
    used = {found for text in _texts(provider) for found in PLACEHOLDER.findall(text)}
    documents = {"token", "userinfo", *provider.documents}
    runtime = {name for name in used if name in RUNTIME_PLACEHOLDERS or name.partition(":")[0] in documents}
    assert used - runtime == set(provider.parameters)


def _texts(provider: Provider) -> Iterator[str]:
    for entry in fields(provider):
        if entry.name not in ("profile", "notes", "parameters", "quirks"):
            yield from _texts_in(getattr(provider, entry.name))
    yield from _texts_in(provider.quirks.userinfo_form)


def _texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value.replace("{tenantid}", "")
    elif hasattr(value, "values"):
        for element in value.values():
            yield from _texts_in(element)
    elif is_dataclass(value):
        yield from _texts_in(getattr(value, "url", ""))


@each
def test_resolved_addresses_hold_no_placeholder_of_the_configuration(provider: Provider) -> None:
    resolved = provider.resolve(**dict.fromkeys(provider.missing_parameters, "example"))
    assert not resolved.parameters
    left = {found for text in _texts(resolved) for found in PLACEHOLDER.findall(text)}
    assert all(name in RUNTIME_PLACEHOLDERS or ":" in name for name in left)


def test_every_quirk_is_some_providers() -> None:
    used = {name for provider in ALL for name in provider.quirks.changed()}
    # basic_raw is for applications to set: which servers want it differs from installation to installation.
    assert {entry.name for entry in fields(Quirks)} - used == {"basic_raw"}


def test_every_quirk_is_documented() -> None:
    documented = set(re.findall(r":param (\w+):", Quirks.__doc__ or ""))
    assert {entry.name for entry in fields(Quirks)} == documented


def test_every_preset_has_a_shape() -> None:
    assert {path.stem for path in SHAPES.glob("*.json")} == set(names())


def test_presets_cannot_be_changed() -> None:
    provider = get("github")
    with pytest.raises(AttributeError):
        provider.title = "x"  # type: ignore[misc]
    with pytest.raises(TypeError):
        provider.profile["sub"] = "x"  # type: ignore[index]
    with pytest.raises(TypeError):
        get("tiktok").quirks.authorization_names["a"] = "b"  # type: ignore[index]


def test_repr_holds_no_parameter() -> None:
    provider = get("bungie").resolve(api_key="do-not-show")
    assert provider.headers["X-API-Key"] == "do-not-show"
    assert "do-not-show" not in repr(provider)


def test_as_dict_is_plain() -> None:
    import json

    for provider in ALL:
        plain = json.loads(json.dumps(provider.as_dict()))
        assert plain["name"] == provider.name
    assert "quirks" not in get("google").as_dict() or get("google").quirks.changed()


class TestResolve:
    """Placeholders are filled in, and a value cannot lead a request to another host."""

    def test_fills_in(self) -> None:
        provider = get("keycloak").resolve(host="sso.example.org", realm="main")
        assert provider.issuer == "https://sso.example.org/realms/main"

    def test_defaults(self) -> None:
        assert get("gitlab").resolve().issuer == "https://gitlab.com"

    def test_a_host_may_have_a_path_and_a_scheme_before_it(self) -> None:
        provider = get("nextcloud").resolve(host="https://example.org/cloud/")
        assert provider.token_endpoint == "https://example.org/cloud/apps/oauth2/api/v1/token"

    def test_http_is_kept_for_servers_on_this_machine(self) -> None:
        provider = get("keycloak").resolve(host="http://localhost:8080", realm="main")
        assert provider.issuer == "http://localhost:8080/realms/main"

    def test_documents_and_templates_too(self) -> None:
        assert get("microsoft").resolve().quirks.issuer_template == "https://login.microsoftonline.com/{tenantid}/v2.0"
        assert get("discogs").resolve() is get("discogs")

    def test_missing_ones_are_named(self) -> None:
        with pytest.raises(ConfigurationError) as caught:
            get("keycloak").resolve(host="sso.example.org")
        assert "realm" in caught.value.message
        assert "host" not in caught.value.message

    def test_unknown_ones_are_named(self) -> None:
        with pytest.raises(ConfigurationError) as caught:
            get("keycloak").resolve(hots="x")
        assert caught.value.code == "config_unknown_keyword"
        assert "host, realm" in caught.value.hint

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("shop", "evil.example/"),
            ("shop", "evil.example#"),
            ("shop", "a@evil.example"),
            ("shop", "a.b"),
            ("shop", "-a"),
        ],
    )
    def test_a_label_cannot_leave_its_host(self, name: str, value: str) -> None:
        with pytest.raises(ConfigurationError):
            get("shopify").resolve(**{name: value})

    @pytest.mark.parametrize("value", ["", "..", "a/b", "a?b", "a#b", "a b", "a%2fb", "a\n"])
    def test_a_segment_stays_one(self, value: str) -> None:
        with pytest.raises(ConfigurationError):
            get("keycloak").resolve(host="sso.example.org", realm=value)

    @pytest.mark.parametrize(
        "value",
        [
            "user@evil.example",
            "a b",
            "a?b",
            "a#b",
            "ftp://a.example",
            "a.example/../b?",
            "a.example:port",
            "a\\b",
            "a.example\n",
        ],
    )
    def test_a_host_is_one(self, value: str) -> None:
        with pytest.raises(ConfigurationError):
            get("forgejo").resolve(host=value)

    def test_parameters_say_what_they_mean(self) -> None:
        for provider in ALL:
            for parameter in provider.parameters.values():
                assert isinstance(parameter, Parameter)
                assert parameter.meaning
