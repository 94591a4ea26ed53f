"""From a remote app's options to the client of the hub: the one place where keywords become typed settings."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from ..client.cache import Source
from ..client.oauth1 import OAuth1Settings
from ..client.secret_minter import SecretMinter
from ..client.server import ENDPOINTS
from ..client.settings import OAuth2Settings
from ..errors import ConfigurationError
from ..protocol.http import ClientCertificate
from ..protocol.jose import DecryptionKey, KeySet, SigningKey, load_decryption_key, load_signing_key
from ..protocol.oauth1.signature import ClientCredentials
from ..protocol.oauth2.client_authentication import Client
from ..protocol.oauth2.metadata import ServerMetadata
from ..protocol.openid.id_token import IDTokenExpectation
from ..protocol.openid.userinfo import UserinfoExpectation
from ..providers import Provider

#: The algorithm a client is registered with if it says nothing (OpenID Connect Registration §2).
DEFAULT_ID_TOKEN_ALGORITHM = "RS256"  # noqa: S105 - the name of an algorithm


def oauth1_settings(
    options: Mapping[str, Any],
    urls: Mapping[str, str | None],
    client_id: str,
    client_secret: str,
    method: str,
    provider: Provider | None = None,
) -> OAuth1Settings:
    """The settings of an OAuth 1.0a client.

    :param options: the remote app's options beside those of 2010.
    :param urls: ``temporary_credentials_endpoint``, ``authorization_endpoint``, ``token_endpoint``, absolute.
    :param method: the method of the token request.
    :param provider: the preset, resolved.
    """
    key = options.get("rsa_key")
    credentials = ClientCredentials(
        client_id,
        client_secret,
        options.get("signature_method", "HMAC-SHA1"),
        None if key is None else _key_text(key),
        options.get("realm"),
    )
    return OAuth1Settings(
        credentials,
        urls["temporary_credentials_endpoint"] or "",
        urls["authorization_endpoint"],
        urls["token_endpoint"],
        method,
        options.get("signature_placement", "header"),
        bool(options.get("body_hash")),
        frozenset(options.get("allow_http_hosts", ())),
        provider,
    )


def oauth2_settings(
    options: Mapping[str, Any],
    urls: Mapping[str, str | None],
    client_id: str,
    client_secret: str | None,
    method: str,
    provider: Provider | None = None,
) -> OAuth2Settings:
    """The settings of an OAuth 2 client.

    :param options: the remote app's options beside those of 2010.
    :param urls: the endpoints that are named by hand, absolute.
    :param method: the method of the token request.
    :param provider: the preset, resolved.
    """
    issuer = options.get("issuer")
    insecure_hosts = frozenset(options.get("allow_http_hosts", ()))
    public_only = bool(options.get("public_hosts_only"))
    named: dict[str, Any] = {name: urls.get(name) for name in ENDPOINTS}
    by_hand = ServerMetadata(**named, insecure_hosts=insecure_hosts, public_hosts_only=public_only)
    jwks = options.get("jwks")
    return OAuth2Settings(
        _client(options, client_id, client_secret),
        by_hand,
        issuer,
        Source(public_only, insecure_hosts, options.get("discovery_url")),
        None if jwks is None else KeySet.from_jwks(jwks),
        response_type=options.get("response_type", "code"),
        response_mode=options.get("response_mode"),
        token_method=method,
        token_scheme=options.get("token_scheme"),
        token_parameter=options.get("token_parameter"),
        lenient=issuer is None and provider is None and options.get("profile") is None,
        id_token=None if issuer is None else _id_token(options, issuer, client_id),
        userinfo=_userinfo(options, issuer or "", client_id),
        decryption_keys=_decryption_keys(options.get("decryption_key")),
        provider=provider,
        secret=_secret_minter(options, client_id, provider),
        default_max_age=options.get("max_age"),
    )


def _client(options: Mapping[str, Any], client_id: str, client_secret: str | None) -> Client:
    certificate = options.get("client_certificate")
    key = None if options.get("team_id") else options.get("signing_key")
    return Client(
        client_id,
        client_secret,
        options.get("token_endpoint_auth_method"),
        None if key is None else signing_key(key),
        None if certificate is None else ClientCertificate(*certificate),
        bool(options.get("basic_raw")),
    )


def _secret_minter(options: Mapping[str, Any], client_id: str, provider: Provider | None) -> SecretMinter | None:
    """What makes the client secret of a provider that wants a JWT there (Apple)."""
    if provider is None or not provider.quirks.secret_is_jwt or not client_id:
        return None
    missing = [name for name in ("team_id", "key_id", "signing_key") if not options.get(name)]
    if missing:
        raise ConfigurationError(
            f"{provider.title} needs {', '.join(missing)} to make its client secret",
            code="config_client_secret_missing",
        )
    key = load_signing_key(_key_source(options["signing_key"]), algorithm="ES256", kid=options["key_id"])
    return SecretMinter(options["team_id"], client_id, key)


def _id_token(options: Mapping[str, Any], issuer: str, client_id: str) -> IDTokenExpectation:
    encryption = options.get("id_token_encrypted_response_alg")
    return IDTokenExpectation(
        issuer=issuer,
        client_id=client_id,
        algorithms=(options.get("id_token_signed_response_alg") or DEFAULT_ID_TOKEN_ALGORITHM,),
        encryption_algorithms=(encryption,) if encryption else (),
        encryption_encodings=(options.get("id_token_encrypted_response_enc") or "A128CBC-HS256",),
        trusted_audiences=tuple(options.get("trusted_audiences", ())),
        tenants=tuple(options.get("allowed_tenants", ())),
        clock_skew=options.get("clock_skew", 60),
    )


def _userinfo(options: Mapping[str, Any], issuer: str, client_id: str) -> UserinfoExpectation:
    signature, encryption = (
        options.get("userinfo_signed_response_alg"),
        options.get("userinfo_encrypted_response_alg"),
    )
    return UserinfoExpectation(
        subject=None,
        issuer=issuer,
        client_id=client_id,
        algorithms=(signature,) if signature else (),
        encryption_algorithms=(encryption,) if encryption else (),
        encryption_encodings=(options.get("userinfo_encrypted_response_enc") or "A128CBC-HS256",),
        clock_skew=options.get("clock_skew", 60),
    )


def signing_key(source: Any) -> SigningKey:
    """A key to sign with, from a PEM, a JWK, or the path of a file that holds one."""
    return source if isinstance(source, SigningKey) else load_signing_key(_key_source(source))


def _decryption_keys(source: Any) -> tuple[DecryptionKey, ...]:
    if source is None:
        return ()
    several: Collection[Any] = source if isinstance(source, (list, tuple)) else (source,)
    return tuple(key if isinstance(key, DecryptionKey) else load_decryption_key(_key_source(key)) for key in several)


def _key_source(source: Any) -> Any:
    return source if isinstance(source, Mapping) else _key_text(source)


def _key_text(source: Any) -> str:
    """The text of a key: as it is given, or out of the file that the text names."""
    text = source.decode() if isinstance(source, bytes) else str(source)
    if "-----BEGIN" in text or text.lstrip().startswith("{"):
        return text
    try:
        return Path(text).read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"The key file cannot be read: {error.strerror}", code="config_key_invalid") from error
