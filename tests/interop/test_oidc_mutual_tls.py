"""oidc-provider: mutual TLS (RFC 8705), for client authentication and for tokens that are bound to a certificate."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc.jwk import ECKey
from tests.interop.registered import as_jwk, public, site_at

from flask_oauth import ConfigurationError, ServerError
from flask_oauth.storage import MemoryTokenStore
from flask_oauth.transport import Urllib3Transport

METHODS = ["tls_client_auth", "self_signed_tls_client_auth"]


def with_certificate(path):
    """The public key of a certificate as a JWK that holds the certificate, as it is registered (RFC 8705 §2.2.2)."""
    certificate = x509.load_pem_x509_certificate(Path(path).read_bytes())
    key = ECKey.import_key(certificate.public_key())
    der = certificate.public_bytes(Encoding.DER)
    return {**key.as_dict(private=False), "kid": "tls", "x5c": [b64encode(der).decode()]}


@pytest.fixture
def both(provider, certificates):
    """A provider and a site that agree on mutual TLS."""

    def make(method, *, mine=None, client=None, there=None, **options):
        registered = certificates.issued("app.example")
        ways = {
            "tls_client_auth": {"tls_client_auth_san_dns": "app.example"},
            "self_signed_tls_client_auth": {"jwks": {"keys": [with_certificate(registered[0])]}},
            "private_key_jwt": {},
        }
        known = {
            "client_secret": None,
            "token_endpoint_auth_method": method,
            "tls_client_certificate_bound_access_tokens": True,
        }
        settings = {"mtls": True, "clientAuthMethods": [method], "features": {"revocation": {"enabled": True}}}
        settings["clientDefaults"] = {"token_endpoint_auth_method": method}
        counterparty = provider({**known, **ways[method], **(client or {})}, **{**settings, **(there or {})})
        certificate = registered if mine is None else mine
        wanted = {
            "client_secret": None,
            "token_endpoint_auth_method": method,
            "client_certificate": certificate or None,
            "config": {"OAUTH_TOKEN_STORE": MemoryTokenStore()},
            "transport": Urllib3Transport(ca_certs=certificates.authority),
        }
        site = site_at(counterparty, **{**wanted, **options})
        with site.app.app_context():
            home = site.corp._oauth2().metadata().mtls_endpoint_aliases["token_endpoint"]
        site.corp.base_url = home.removesuffix("token")
        site.owner = "7"
        return counterparty, site

    return make


@pytest.mark.parametrize("method", METHODS)
def test_a_whole_life(both, method):
    there, site = both(method)
    assert site.userinfo_of_a_sign_in()["email"] == "ada@example.com"
    with site.corp.for_user("7") as api:
        first = api.token
        assert api.get("me").status == 200
        site.corp.save_token(replace(first, expires_at=1.0), owner="7")
        assert api.get("me").status == 200
        assert api.token.access_token != first.access_token
        assert site.corp.disconnect("7") == {"refresh_token": "revoked", "access_token": "revoked"}
    assert there.grants() == ["authorization_code", "refresh_token"]


@pytest.mark.parametrize("method", METHODS)
def test_the_certificate_of_somebody_else(both, certificates, method):
    _, site = both(method, mine=certificates.issued("else.example"))
    with pytest.raises(ServerError) as caught:
        site.sign_in()
    assert caught.value.error == "invalid_client"


def test_a_certificate_that_nobody_trusts(both, certificates):
    _, site = both("tls_client_auth", mine=certificates.issued("app.example", by=trustme.CA()))
    with pytest.raises(ServerError) as caught:
        site.sign_in()
    assert caught.value.error == "invalid_client"


def test_no_certificate(both):
    _, site = both("tls_client_auth", mine=())
    with pytest.raises(ConfigurationError) as caught:
        site.sign_in()
    assert caught.value.code == "config_client_authentication"


def test_a_stolen_token_is_worth_nothing(both, certificates):
    there, site = both("tls_client_auth")
    token = site.sign_in().token
    thief = site_at(
        there,
        client_certificate=certificates.issued("app.example"),
        transport=Urllib3Transport(ca_certs=certificates.authority),
        base_url=site.corp.base_url,
    )
    with site.app.app_context():
        assert site.corp.get("me", token=token).status == 200
    with thief.app.app_context():
        assert thief.corp.get("me", token=token).status == 401


@pytest.mark.parametrize("method", ["tls_client_auth", "private_key_jwt"])
def test_fapi_with_mutual_tls(both, method):
    """FAPI 2.0 §5.3.2.1: tokens are bound to the certificate, and the client may still authenticate with a key."""
    key = {**as_jwk(ECKey.generate_key("P-256"), "client-ec"), "alg": "ES256"}
    client = {"id_token_signed_response_alg": "PS256", "jwks": {"keys": [public(key)]}}
    options = {"profile": "fapi2", "signing_key": key if method == "private_key_jwt" else None}
    _, site = both(method, client=client, there={"fapi": "2.0"}, **options)
    answer = site.sign_in()
    assert (answer.claims["sub"], answer.token.token_type) == ("ada", "Bearer")
    with site.corp.for_user("7") as api:
        assert api.get("me").status == 200
