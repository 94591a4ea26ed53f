"""FAPI 2.0 as data: what a profile turns on, and what a server or client must have for it.

Sections enforced here: FAPI 2.0 Security Profile §5.3.2.1, §5.3.2.2, §5.3.3 (pushed requests, S256, sender-constrained
tokens, private_key_jwt or mutual TLS, ``iss``), §5.4 (PS256, ES256, Ed25519);
FAPI 2.0 Message Signing §5.3 (request objects), §5.4 (JARM).
All that lacks is named at once and before the user is sent anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

from ...errors import ConfigurationError
from ..jose import SigningKey
from .client_authentication import Client, choose_method
from .metadata import ServerMetadata

#: FAPI 2.0 Security Profile §5.4.1; both names of Ed25519 (RFC 9864).
ALGORITHMS: Final = ("PS256", "ES256", "EdDSA", "Ed25519")
AUTHENTICATION_METHODS: Final = ("private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth")

Check = Callable[[ServerMetadata, Client, "SigningKey | None"], bool]


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing that a profile demands.

    :param lack: what is wrong where it is not met, as part of a sentence.
    :param section: where it is demanded.
    :param met: whether server, client and DPoP key meet it.
    """

    lack: str
    section: str
    met: Check


@dataclass(frozen=True, slots=True)
class Profile:
    """What one word turns on.

    :param name: the word.
    :param requirements: what server and client must have.
    :param algorithms: the signature algorithms that are used and taken.
    :param pushed: authorization requests are pushed.
    :param iss_required: an authorization response names its issuer.
    :param signed_request: authorization requests are request objects.
    :param response_mode: the response mode, if it is not the plain one.
    """

    name: str
    requirements: tuple[Requirement, ...]
    algorithms: tuple[str, ...] = ALGORITHMS
    pushed: bool = True
    iss_required: bool = True
    signed_request: bool = False
    response_mode: str | None = None


def lacking(
    profile: Profile, metadata: ServerMetadata, client: Client, *, dpop_key: SigningKey | None = None
) -> tuple[str, ...]:
    """Everything that is missing for a profile, each as part of a sentence; empty if nothing is.

    :param dpop_key: the key that tokens would be bound to, if DPoP is used.
    """
    return tuple(
        f"{requirement.lack} ({requirement.section})"
        for requirement in profile.requirements
        if not requirement.met(metadata, client, dpop_key)
    )


def check_profile(
    profile: Profile, metadata: ServerMetadata, client: Client, *, dpop_key: SigningKey | None = None
) -> None:
    """Stop before the user is sent anywhere if something is missing for a profile.

    :raises ConfigurationError: ``config_profile``; all that lacks is in ``data``.
    """
    lacks = lacking(profile, metadata, client, dpop_key=dpop_key)
    if lacks:
        raise ConfigurationError(
            f"The profile {profile.name} cannot be used: {'; '.join(lacks)}", data=list(lacks), code="config_profile"
        )


def _any_of(listed: Collection[str] | None, wanted: Collection[str]) -> bool:
    """Whether a list of the metadata has one of these; a list that was not sent has none."""
    return not set(wanted).isdisjoint(listed or ())


def _silent_or_any(listed: Collection[str] | None, wanted: Collection[str]) -> bool:
    """The same, for lists that a server may leave out."""
    return listed is None or _any_of(listed, wanted)


def _authenticates(metadata: ServerMetadata, client: Client, dpop_key: SigningKey | None) -> bool:
    try:
        return choose_method(client, metadata) in AUTHENTICATION_METHODS
    except ConfigurationError:
        return False


def _own_key(metadata: ServerMetadata, client: Client, dpop_key: SigningKey | None) -> bool:
    keys = [key for key in (client.signing_key, dpop_key) if key is not None]
    return all(key.algorithm in ALGORITHMS for key in keys)


def _constrains(metadata: ServerMetadata, client: Client, dpop_key: SigningKey | None) -> bool:
    if dpop_key is not None:
        return _any_of(metadata.dpop_signing_alg_values_supported, (dpop_key.algorithm,))
    return client.certificate is not None and metadata.tls_client_certificate_bound_access_tokens


def _signs_requests(metadata: ServerMetadata, client: Client, dpop_key: SigningKey | None) -> bool:
    key = client.signing_key
    return key is not None and _any_of(metadata.request_object_signing_alg_values_supported, (key.algorithm,))


SECURITY_PROFILE: Final = (
    Requirement("the issuer is not known", "FAPI 2.0 §5.3.3.1", lambda server, *_: bool(server.issuer)),
    Requirement(
        "the server has no pushed_authorization_request_endpoint",
        "FAPI 2.0 §5.3.2.2",
        lambda server, *_: bool(server.pushed_authorization_request_endpoint),
    ),
    Requirement(
        "the server does not list S256 in code_challenge_methods_supported",
        "FAPI 2.0 §5.3.2.2",
        lambda server, *_: _any_of(server.code_challenge_methods_supported, ("S256",)),
    ),
    Requirement(
        "the server does not answer for the response type code",
        "FAPI 2.0 §5.3.2.2",
        lambda server, *_: _silent_or_any(server.response_types_supported, ("code",)),
    ),
    Requirement(
        "client authentication is not private_key_jwt or mutual TLS on both sides",
        "FAPI 2.0 §5.3.2.1",
        _authenticates,
    ),
    Requirement(
        "the server takes client assertions with neither PS256, ES256 nor Ed25519",
        "FAPI 2.0 §5.4.1",
        lambda server, *_: _silent_or_any(server.token_endpoint_auth_signing_alg_values_supported, ALGORITHMS),
    ),
    Requirement("a key of the client is for another algorithm than PS256, ES256, Ed25519", "FAPI 2.0 §5.4.1", _own_key),
    Requirement(
        "tokens are not bound to a DPoP key or a client certificate on both sides", "FAPI 2.0 §5.3.2.1", _constrains
    ),
    Requirement(
        "the server signs ID Tokens with neither PS256, ES256 nor Ed25519",
        "FAPI 2.0 §5.4.1",
        lambda server, *_: _silent_or_any(server.id_token_signing_alg_values_supported, ALGORITHMS),
    ),
)
_ISS = Requirement(
    "the server does not name itself in its answers (authorization_response_iss_parameter_supported)",
    "FAPI 2.0 §5.3.2.2",
    lambda server, *_: server.authorization_response_iss_parameter_supported,
)
MESSAGE_SIGNING: Final = (
    Requirement("the server takes no request objects of this client's key", "FAPI 2.0 MS §5.3.1", _signs_requests),
    Requirement(
        "the server does not list jwt or query.jwt in response_modes_supported",
        "FAPI 2.0 MS §5.4.1",
        lambda server, *_: _any_of(server.response_modes_supported, ("jwt", "query.jwt")),
    ),
    Requirement(
        "the server signs its answers with neither PS256, ES256 nor Ed25519",
        "FAPI 2.0 MS §5.4.1",
        lambda server, *_: _any_of(server.authorization_signing_alg_values_supported, ALGORITHMS),
    ),
)

#: The profiles by the word that turns them on.
PROFILES: Final[Mapping[str, Profile]] = {
    "fapi2": Profile("fapi2", (*SECURITY_PROFILE, _ISS)),
    # In a signed answer (JARM) iss is a claim that is always checked, so the parameter is not needed.
    "fapi2-message-signing": Profile(
        "fapi2-message-signing",
        (*SECURITY_PROFILE, *MESSAGE_SIGNING),
        signed_request=True,
        response_mode="jwt",
    ),
}
