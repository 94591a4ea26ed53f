"""What old programs rely on of the objects: items 21, 24, 25, 27, 29 and 30 of the list, and its decisions."""

from __future__ import annotations

import importlib
import socket
import ssl
import subprocess
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import trustme
from flask import session
from tests.compat.servers.base import Answer, Server
from tests.compat.servers.oauth1 import CONSUMER_KEY, CONSUMER_SECRET, S1
from tests.compat.servers.oauth2 import CLIENT_ID, S2
from tests.compat.support import Site, oauth1_settings, oauth2_settings, query_of

import flask_oauth
from flask_oauth import ConfigurationError, OAuth, OAuthException, OAuthRemoteApp, TransportError


def test_compat_21_the_exception() -> None:
    error = OAuthException("went wröng", "kind", {"a": "1"})
    assert isinstance(error, RuntimeError)
    assert (error.message, error.type, error.data) == ("went wröng", "kind", {"a": "1"})
    assert str(error) == "went wröng"
    plain = OAuthException("m")
    assert (plain.message, plain.data) == ("m", None)
    two = OAuthException("m", {"error": "x"})  # type: ignore[arg-type]  # as one program did
    assert two.type == {"error": "x"}


def test_compat_24_a_name_twice() -> None:
    oauth = OAuth()
    first = oauth.remote_app("x", base_url="http://127.0.0.1/")
    with pytest.raises(AssertionError):
        oauth.remote_app("x", base_url="http://127.0.0.1/")
    assert oauth.remote_apps == {"x": first}


@pytest.mark.parametrize("name", ["passaporte web", "mail.ru", "é", "a-b"])
def test_compat_24_names_of_every_kind_sign_in(s1: S1, s2: S2, name: str) -> None:
    for settings in (oauth1_settings(s1), oauth2_settings(s2)):
        site = Site(OAuth().remote_app(name, **settings))
        assert site.sign_in()
        site.browser.assert_nothing_pending()


def test_compat_24_remote_apps_is_a_plain_dict() -> None:
    oauth, other = OAuth(), OAuth()
    assert type(oauth.remote_apps) is dict
    oauth.remote_apps["mine"] = other.remote_app("x", base_url="http://127.0.0.1/")
    assert oauth.remote_apps["mine"].name == "x"
    oauth.remote_app("x", base_url="http://127.0.0.1/")
    del oauth.remote_apps["x"]
    oauth.remote_app("x", base_url="http://127.0.0.1/")


def test_compat_25_positional_and_keyword_arguments(s1: S1) -> None:
    values = {
        "base_url": s1.url + "/o1/api/",
        "request_token_url": s1.url + "/o1/request_token",
        "access_token_url": s1.url + "/o1/access_token",
        "authorize_url": s1.url + "/o1/authorize",
        "consumer_key": CONSUMER_KEY,
        "consumer_secret": CONSUMER_SECRET,
        "request_token_params": {"title": "t"},
        "access_token_params": {"a": "1"},
        "access_token_method": "POST",
    }
    for remote in (OAuthRemoteApp(None, "x", *values.values()), OAuthRemoteApp(oauth=None, name="x", **values)):
        assert {name: getattr(remote, name) for name in values} == values
        assert Site(remote).sign_in()["screen_name"] == "mitsuhiko"


@pytest.mark.parametrize(
    "odd",
    [
        {"base_url": "api.example.com/1/"},
        {"base_url": " https://api.example.com/"},
        {"access_token_url": " https://api.example.com/token"},
        {"consumer_key": None, "consumer_secret": None},
        {"consumer_secret": b"bytes"},
        {"request_token_params": None, "access_token_params": None},
        {"request_token_url": ""},
        {"base_url": None, "authorize_url": None},
    ],
)
def test_compat_25_odd_values_do_not_raise_at_construction(s1: S1, odd: dict[str, Any]) -> None:
    remote = OAuthRemoteApp(None, "odd", **oauth1_settings(s1, **odd))
    assert remote.name == "odd"


def test_compat_25_leading_space_in_a_url(s2: S2) -> None:
    settings = oauth2_settings(s2, access_token_url=f" {s2.url}/o2/token", authorize_url=f" {s2.url}/o2/authorize ")
    assert Site(**settings).sign_in()["access_token"] in s2.tokens


def test_compat_25_bytes_as_secret(s1: S1) -> None:
    assert Site(**oauth1_settings(s1, consumer_secret=CONSUMER_SECRET.encode())).sign_in()


def test_compat_25_missing_keys_are_reported_when_needed(s1: S1, s2: S2) -> None:
    for settings in (oauth1_settings(s1, consumer_key=None), oauth2_settings(s2, consumer_key=None)):
        site = Site(**settings)
        with pytest.raises(ConfigurationError, match=r"(?i)client.id"):
            site.browser.get("/login")
    assert s1.seen == s2.seen == []


class TLSServer(Server):
    """A server with a certificate of an authority that nobody knows."""

    def __init__(self) -> None:
        super().__init__()
        self.authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert("127.0.0.1").configure_cert(context)
        self._listener.socket = context.wrap_socket(self._listener.socket, server_side=True)
        self.url = self.url.replace("http:", "https:")

    def answer(self, seen: Any) -> Answer:
        return Answer('{"hello": "tls"}', 200, "application/json")


@pytest.fixture
def tls() -> Iterator[TLSServer]:
    with TLSServer() as server:
        yield server


def test_compat_27_a_certificate_file_on_the_private_client(tls: TLSServer, tmp_path: Any) -> None:
    remote = OAuth().remote_app("x", base_url=tls.url)
    remote.tokengetter(lambda: ("t", ""))
    with pytest.raises(TransportError):
        remote.get("/")
    certificates = tmp_path / "ca.pem"
    tls.authority.cert_pem.write_to_path(str(certificates))
    remote._client.ca_certs = str(certificates)
    assert remote.get("/").data == {"hello": "tls"}


def test_compat_27_tls_is_never_weakened_in_silence(tls: TLSServer) -> None:
    remote = OAuth().remote_app("x", base_url=tls.url)
    remote.tokengetter(lambda: ("t", ""))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        remote._client.disable_ssl_certificate_validation = True
        with pytest.raises(TransportError):
            remote.get("/")
    assert [warning for warning in caught if "ertificate" in str(warning.message)]
    assert tls.seen == []


def test_compat_29_network_failures_are_os_errors() -> None:
    with Server() as server:
        url = server.url
    remote = OAuth().remote_app("down", base_url=url + "/")
    remote.tokengetter(lambda: ("k", "s"))
    with pytest.raises(TransportError) as caught:
        remote.get("me")
    assert isinstance(caught.value, socket.error)
    assert isinstance(caught.value, OAuthException)


def test_compat_29_a_name_that_does_not_resolve() -> None:
    remote = OAuth().remote_app("gone", base_url="https://nobody.invalid/")
    remote.tokengetter(lambda: ("k", "s"))
    with pytest.raises(TransportError) as caught:
        remote.get("me")
    assert isinstance(caught.value, OSError)


def test_compat_30_flaskext_oauth_imports_with_a_warning() -> None:
    # in a process of its own: a module warns once only
    code = "import flaskext.oauth as old, flask_oauth as new; print(old.OAuth is new.OAuth)"
    run = subprocess.run([sys.executable, "-W", "always", "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "True"
    assert "DeprecationWarning" in run.stderr
    assert "flask_oauth" in run.stderr


def test_compat_30_flaskext_oauth_has_every_name_of_2010() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old = importlib.import_module("flaskext.oauth")
    for name in (
        "OAuth",
        "OAuthRemoteApp",
        "OAuthResponse",
        "OAuthException",
        "add_query",
        "parse_response",
        "encode_request_data",
    ):
        assert getattr(old, name) is getattr(flask_oauth, name)


# The decisions


def test_compat_decided_text_is_str_and_raw_data_bytes(s2: S2) -> None:
    remote = OAuth().remote_app("x", **oauth2_settings(s2))
    remote.tokengetter(lambda: "t")
    for content_type, body, data in (
        ("text/plain; charset=iso-8859-15", "10 €".encode("iso-8859-15"), "10 €"),
        ("text/plain", "é".encode(), "é"),
        ("application/octet-stream", b"\xff\xfe\x00", b"\xff\xfe\x00"),
    ):
        s2.instead["/o2/api/me"] = Answer(body, 200, content_type)
        answer = remote.get("me")
        assert (answer.data, answer.raw_data) == (data, body)


@pytest.mark.parametrize(
    ("method", "kwargs"), [("get", {}), ("post", {"data": {"a": "1"}}), ("put", {"data": {"a": "1"}})]
)
def test_compat_decided_oauth1_credentials_go_in_the_header(s1: S1, method: str, kwargs: dict[str, Any]) -> None:
    s1.tokens["k"] = "s"
    remote = OAuth().remote_app("x", **oauth1_settings(s1))
    remote.tokengetter(lambda: ("k", "s"))
    assert getattr(remote, method)("me", **kwargs).status == 200
    call = s1.last("/o1/api/me")
    assert dict(call.header_parameters)["oauth_token"] == "k"
    assert not [name for name, _ in call.query + call.form if name.startswith("oauth_")]


def test_compat_decided_oauth1_keeps_the_callers_header(s1: S1) -> None:
    remote = OAuth().remote_app("x", **oauth1_settings(s1))
    remote.tokengetter(lambda: ("k", "s"))
    for call in (remote.get, remote.post):
        call("me", headers={"Authorization": "Custom abc"})
        assert s1.last("/o1/api/me").authorization == "Custom abc"


@pytest.mark.parametrize("placement", ["query", "body"])
def test_compat_decided_oauth1_placement_as_asked(s1: S1, placement: str) -> None:
    site = Site(**oauth1_settings(s1, signature_placement=placement))
    pair = site.sign_in()
    site.remote.tokengetter(lambda: (pair["oauth_token"], pair["oauth_token_secret"]))
    assert site.remote.post("me", data={"a": "é"}).status == 200
    call = s1.last("/o1/api/me")
    pairs = call.query if placement == "query" else call.form
    assert dict(pairs)["oauth_token"] == pair["oauth_token"]
    assert call.authorization == ""


def test_compat_decided_oauth2_scheme_as_asked(s2: S2) -> None:
    s2.tokens["t"] = CLIENT_ID
    remote = OAuth().remote_app("x", **oauth2_settings(s2, token_scheme="OAuth"))
    remote.tokengetter(lambda: "t")
    assert remote.get("me").data["credential"] == ["OAuth", "t"]


def test_compat_decided_oauth2_query_parameter_as_asked(s2: S2) -> None:
    s2.tokens["t"] = CLIENT_ID
    remote = OAuth().remote_app("x", **oauth2_settings(s2, token_parameter="oauth_token"))
    remote.tokengetter(lambda: "t")
    assert remote.get("me", data={"a": "1"}).data["credential"] == ["oauth_token", "t"]
    assert s2.last("/o2/api/me").authorization == ""


def test_compat_decided_a_name_twice_is_both_errors() -> None:
    oauth = OAuth()
    oauth.remote_app("x", base_url="http://127.0.0.1/")
    with pytest.raises(ConfigurationError) as caught:
        oauth.remote_app("x", base_url="http://127.0.0.1/")
    assert isinstance(caught.value, AssertionError)
    assert isinstance(caught.value, RuntimeError)
    assert issubclass(TransportError, OSError)


class Looking(OAuthRemoteApp):
    """Looks at the session keys of 2010 while a sign-in is pending."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.found: list[Any] = []

    def handle_oauth1_response(self) -> Any:
        self.found.append(session.get(self.name + "_oauthtok"))
        return super().handle_oauth1_response()

    def handle_oauth2_response(self) -> Any:
        self.found.append(session.get(self.name + "_oauthredir"))
        return super().handle_oauth2_response()


def test_compat_decided_overrides_find_the_session_keys_of_2010(s1: S1, s2: S2) -> None:
    one = Looking(None, "looking", **oauth1_settings(s1))
    site = Site(one)
    url = site.browser.start("/login")
    assert set(site.browser.session()) == {"looking_oauthtok"}
    site.browser.get(site.browser.consent(url))
    [(token, secret)] = one.found
    assert s1.last("/o1/authorize").values("oauth_token") == [token]
    assert secret
    assert set(site.browser.session()) == {"token"}

    two = Looking(None, "looking", **oauth2_settings(s2))
    site = Site(two)
    site.sign_in()
    assert two.found == ["http://localhost/cb"]
    assert set(site.browser.session()) == {"token"}


def test_compat_decided_for_all_others_the_session_is_untouched(s1: S1, s2: S2) -> None:
    for settings in (oauth1_settings(s1), oauth2_settings(s2)):
        site = Site(**settings)
        site.browser.start("/login")
        assert site.browser.session() == {}


def test_compat_decided_authorize_takes_further_parameters(s1: S1, s2: S2) -> None:
    site = Site(**oauth2_settings(s2, request_token_params={"scope": "a"}))
    with site.app.test_request_context("/"):
        location = site.remote.authorize("http://localhost/cb", perms="read", prompt="consent").headers["Location"]
    sent = dict(query_of(location))
    assert (sent["perms"], sent["prompt"], sent["scope"]) == ("read", "consent", "a")
    site = Site(**oauth1_settings(s1))
    with site.app.test_request_context("/"):
        location = site.remote.authorize("/cb", perms="read").headers["Location"]
    assert dict(query_of(location))["perms"] == "read"


def test_compat_decided_authorize_takes_a_mapping_of_parameters(s2: S2) -> None:
    site = Site(**oauth2_settings(s2))
    with site.app.test_request_context("/"):
        response = site.remote.authorize("http://localhost/cb", params={"force_reapprove": "true"})
    assert dict(query_of(response.headers["Location"]))["force_reapprove"] == "true"
