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
from ..protocol.jose import (
    CONTENT_ENCRYPTION_ALGORITHMS,
    KEY_MANAGEMENT_ALGORITHMS,
    SIGNATURE_ALGORITHMS,
    DecryptionKey,
    KeySet,
    SigningKey,
    load_decryption_key,
    load_signing_key,
)
from ..protocol.oauth1.signature import ClientCredentials
from ..protocol.oauth2.client_authentication import Client
from ..protocol.oauth2.fapi import PROFILES, Profile
from ..protocol.oauth2.metadata import ServerMetadata
from ..protocol.openid.id_token import IDTokenExpectation
from ..protocol.openid.userinfo import UserinfoExpectation
from ..providers import Provider

#: The algorithm a client is registered with if it says nothing (OpenID Connect Registration §2).
DEFAULT_ID_TOKEN_ALGORITHM = "RS256"  # noqa: S105 - the name of an algorithm
#: The options that name the signature algorithm of an answer.
SIGNED_ANSWERS = (
    "id_token_signed_response_alg",
    "userinfo_signed_response_alg",
    "authorization_signed_response_alg",
    "introspection_signed_response_alg",
    "token_endpoint_auth_signing_alg",
)


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
    _check_algorithms(options)
    issuer = options.get("issuer")
    insecure_hosts = frozenset(options.get("allow_http_hosts", ()))
    public_only = bool(options.get("public_hosts_only"))
    named: dict[str, Any] = {name: urls.get(name) for name in ENDPOINTS}
    by_hand = ServerMetadata(**named, insecure_hosts=insecure_hosts, public_hosts_only=public_only)
    jwks, profile = options.get("jwks"), _profile(options, method)
    client = _client(options, client_id, client_secret, profile)
    return OAuth2Settings(
        client,
        by_hand,
        issuer,
        Source(public_only, insecure_hosts, options.get("discovery_url")),
        None if jwks is None else KeySet.from_jwks(jwks),
        response_type=options.get("response_type", "code"),
        response_mode=options.get("response_mode") or (profile.response_mode if profile else None),
        token_method=method,
        token_scheme=options.get("token_scheme"),
        token_parameter=options.get("token_parameter"),
        lenient=issuer is None and provider is None and profile is None,
        id_token=None if issuer is None else _id_token(options, issuer, client_id, profile, provider),
        userinfo=_userinfo(options, issuer or "", client_id),
        decryption_keys=decryption_keys(options.get("decryption_key")),
        provider=provider,
        offline=bool(options.get("offline")),
        secret=_secret_minter(options, client_id, provider),
        default_max_age=options.get("max_age"),
        profile=profile,
        # FAPI 2.0 §5.3.2.1 binds tokens to a DPoP key or a client certificate: to the certificate where there is one.
        dpop=bool(options.get("dpop", profile is not None and client.certificate is None)),
        pushed=bool(options.get("require_pushed_authorization_requests"))
        or (provider is not None and provider.quirks.par_required),
        signed_request=bool(options.get("require_signed_request_object")),
        request_encryption=_encryption(options, "request_object_encryption_alg", "request_object_encryption_enc"),
        answer_algorithms=_algorithms(options, "authorization_signed_response_alg", profile),
        answer_encryption=_encryption(
            options, "authorization_encrypted_response_alg", "authorization_encrypted_response_enc"
        ),
        introspection_algorithms=_introspection_algorithms(options),
        introspection_encryption=_encryption(
            options, "introspection_encrypted_response_alg", "introspection_encrypted_response_enc"
        ),
        clock_skew=options.get("clock_skew", 60),
    )


def _profile(options: Mapping[str, Any], method: str) -> Profile | None:
    """The profile, and that nothing the application asks for contradicts it.

    :raises ConfigurationError: there is no such profile, or something does (``config_profile``).
    """
    name = options.get("profile")
    if name is None:
        return None
    if name not in PROFILES:
        raise ConfigurationError(
            f"There is no profile {name!r}", code="config_profile", expected=" or ".join(PROFILES), got=name
        )
    profile = PROFILES[name]
    contradicting = [
        option for option in SIGNED_ANSWERS if options.get(option) and options[option] not in profile.algorithms
    ]
    contradicting += [option for option in ("token_parameter", "token_scheme") if options.get(option)]
    contradicting += ["access_token_method"] if method != "POST" else []
    if contradicting:
        raise ConfigurationError(
            f"The profile {name} cannot be used with {', '.join(contradicting)} as given",
            data=contradicting,
            code="config_profile",
        )
    return profile


#: The algorithms that an option may name, by how the option's name ends.
TABLES: tuple[tuple[tuple[str, ...], Collection[str]], ...] = (
    (("_signed_response_alg", "_auth_signing_alg"), SIGNATURE_ALGORITHMS),
    (("_encrypted_response_alg", "_encryption_alg"), KEY_MANAGEMENT_ALGORITHMS),
    (("_encrypted_response_enc", "_encryption_enc"), CONTENT_ENCRYPTION_ALGORITHMS),
)


def _check_algorithms(options: Mapping[str, Any]) -> None:
    """Nothing is registered that is never taken: ``none`` in whatever spelling, RSA1_5 (RFC 8725 §3.2).

    :raises ConfigurationError: an option names such an algorithm (``config_algorithm``).
    """
    for endings, known in TABLES:
        for option, value in options.items():
            if option.endswith(endings) and value and value not in known:
                raise ConfigurationError(
                    f"{option} is {value!r}, which is never used",
                    code="config_algorithm",
                    expected=", ".join(known),
                    got=value,
                )


def _algorithms(options: Mapping[str, Any], name: str, profile: Profile | None) -> tuple[str, ...]:
    """The signature algorithms of one kind of answer: the one that is registered, else those of the profile."""
    if options.get(name):
        return (options[name],)
    return profile.algorithms if profile else (DEFAULT_ID_TOKEN_ALGORITHM,)


def _introspection_algorithms(options: Mapping[str, Any]) -> tuple[str, ...]:
    algorithm = options.get("introspection_signed_response_alg")
    return (algorithm,) if algorithm else ()


def _encryption(options: Mapping[str, Any], algorithm: str, encoding: str) -> tuple[str, str] | None:
    """Algorithm and encoding, where the application asks for encryption."""
    if not options.get(algorithm):
        return None
    return options[algorithm], options.get(encoding) or "A128CBC-HS256"


def _client(options: Mapping[str, Any], client_id: str, client_secret: str | None, profile: Profile | None) -> Client:
    certificate = options.get("client_certificate")
    key = None if options.get("team_id") else options.get("signing_key")
    algorithm = options.get("token_endpoint_auth_signing_alg")
    return Client(
        client_id,
        client_secret,
        options.get("token_endpoint_auth_method"),
        None if key is None else signing_key(key, algorithm, profile),
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


def _id_token(
    options: Mapping[str, Any], issuer: str, client_id: str, profile: Profile | None, provider: Provider | None
) -> IDTokenExpectation:
    encryption = options.get("id_token_encrypted_response_alg")
    algorithms = _algorithms(options, "id_token_signed_response_alg", profile)
    if provider is not None and not options.get("id_token_signed_response_alg"):
        algorithms = provider.quirks.id_token_algorithms or algorithms
    return IDTokenExpectation(
        issuer=issuer,
        client_id=client_id,
        algorithms=algorithms,
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


def signing_key(source: Any, algorithm: str | None = None, profile: Profile | None = None) -> SigningKey:
    """A key to sign with, from a PEM, a JWK, or the path of a file that holds one.

    :param algorithm: what it signs with; by default what the key says, or what keys of its kind usually do.
    :param profile: FAPI 2.0, where an RSA key that says nothing signs with PS256.
    """
    if isinstance(source, SigningKey):
        return source
    text = _key_source(source)
    key = load_signing_key(text, algorithm=algorithm)
    if profile is not None and key.key_type == "RSA" and algorithm is None and '"alg"' not in _shown(text):
        return load_signing_key(text, algorithm="PS256")
    return key


def _shown(source: Any) -> str:
    return " ".join(f'"{name}"' for name in source) if isinstance(source, Mapping) else str(source)


def decryption_keys(source: Any) -> tuple[DecryptionKey, ...]:
    """Keys to decrypt with, from one source of a key or several."""
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
