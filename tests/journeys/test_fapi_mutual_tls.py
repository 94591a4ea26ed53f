"""Mutual TLS over real TLS (RFC 8705): the client known by its certificate, tokens bound to it, endpoint aliases."""

from __future__ import annotations

import ssl
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
import trustme
from tests.journeys.fapi_site import Site

from flask_oauth.testing.strict import StrictProvider
from flask_oauth.transport import Urllib3Transport

ALIASED = ("token_endpoint", "pushed_authorization_request_endpoint", "userinfo_endpoint")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """A certificate authority, the server's context, and the files of two clients."""
    place = tmp_path_factory.mktemp("certificates")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(place / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_OPTIONAL
    clients = []
    for name in ("client", "stranger"):
        issued = authority.issue_cert(f"{name}.example.com")
        certificate, key = place / f"{name}.pem", place / f"{name}-key.pem"
        certificate.write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(key)
        clients.append((str(certificate), str(key)))
    return context, str(place / "ca.pem"), *clients


@contextmanager
def running(certificates, profile="fapi2", **options):
    context, authority, client, _ = certificates
    transport = Urllib3Transport(ca_certs=authority)
    with StrictProvider(profile=profile, authentication="tls_client_auth", ssl_context=context) as provider:
        options = {"client_certificate": client, "profile": profile, **options}
        yield Site(provider, transport, authority, **options)
    transport.close()


@pytest.mark.parametrize("profile", ["fapi2", "fapi2-message-signing"])
def test_sign_in_and_call_with_a_certificate(certificates, profile):
    with running(certificates, profile) as site:
        assert site.sign_in().json == {"sub": "alice"}
        assert site.call()["status"] == 200
        assert site.answer.token.token_type == "Bearer"
        assert site.provider.complaints == []
        for endpoint in ("pushed", "token", "api"):
            assert all(asked.certificate for asked in site.provider.requests_to(endpoint))


def test_a_token_bound_to_a_certificate_is_of_no_use_without_it(certificates):
    stranger = certificates[3]
    with running(certificates) as site:
        site.sign_in()
        thief = site.oauth.remote_app("thief", **{**site.provider.settings, "client_certificate": stranger})
        with site.app.app_context():
            assert thief.with_token(site.answer.token).get("accounts").status == 401
            assert site.remote.with_token(site.answer.token).get("accounts").status == 200


def test_endpoint_aliases_are_used_by_those_with_a_certificate(certificates):
    with running(certificates) as site:

        def aliases(document):
            host = f"https://localhost:{urlsplit(document['issuer']).port}"
            named = {name: host + urlsplit(document[name]).path for name in ALIASED}
            return {**document, "mtls_endpoint_aliases": named}

        site.provider.tampering["metadata"] = aliases
        assert site.sign_in().json == {"sub": "alice"}
        with site.app.app_context():
            assert site.remote.userinfo(site.answer)["sub"] == "alice"
        for endpoint in ("pushed", "token", "userinfo"):
            hosts = {asked.headers["host"].partition(":")[0] for asked in site.provider.requests_to(endpoint)}
            assert hosts == {"localhost"}, endpoint
        # The browser shows no certificate, so it is sent to the usual place.
        assert site.provider.requests_to("authorization")[0].headers["host"].startswith("127.0.0.1")


def test_the_application_itself_is_known_by_its_certificate(certificates):
    with running(certificates) as site, site.app.app_context():
        api = site.remote.as_client(scope="accounts")
        assert api.get("rates").data["sub"] == site.provider.client_id
        assert api.token.token_type == "Bearer"
        assert site.provider.issued[-1].thumbprint


def test_certificate_to_authenticate_and_dpop_to_bind(certificates):
    with running(certificates, dpop=True) as site:
        site.provider.require_mtls, site.provider.require_dpop = False, True
        assert site.sign_in().json == {"sub": "alice"}
        assert site.answer.token.token_type == "DPoP"
        assert site.call()["status"] == 200


def test_a_certificate_that_the_server_does_not_bind_tokens_to_does_not_fit_the_profile(certificates):
    with running(certificates) as site:
        site.provider.require_mtls = False
        response = site.app.test_client()
        site.app.config["TESTING"] = False
        site.app.config["PROPAGATE_EXCEPTIONS"] = False
        assert response.get("/login", base_url="http://127.0.0.1:5000").status_code == 500
        assert site.provider.asked == ["metadata"]
