"""What may be said about a remote app in the configuration or the environment, beside its credentials.

Every keyword of ``remote_app()`` may: ``OAUTH_CORP_ISSUER`` is ``issuer=`` of
``remote_app("corp")``, ``OAUTH_KEYCLOAK_HOST`` fills in a placeholder of the
preset ``keycloak``, and ``OAUTH["corp"]["issuer"]`` is the same, nested.
"""

from __future__ import annotations

import functools
import json
import os
import types
import typing
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, Final

from ..errors import ConfigurationError
from .config import config_key, nested_group, text_of, truth_of
from .options import EQUIVALENTS, RemoteAppOptions

#: Read when they are needed, each time: see :func:`.config.credential`.
CREDENTIALS: Final = frozenset({"client_id", "client_secret"})
#: What only the code says: it changes what is sent, or is read by programs at any time.
NOT_FROM_CONFIG: Final = frozenset({"authorization_params", "token_params", "token_endpoint_method"})
#: What must not be shown.
SECRETS: Final = frozenset({"client_secret", "signing_key", "decryption_key", "rsa_key", "client_certificate"})

#: One line for each keyword, by its name of today.
MEANINGS: Final[dict[str, str]] = {
    "client_id": "What the provider calls this application.",
    "client_secret": "The secret the provider gave to this application.",
    "preset": "The preset to take everything else from, where the name is not that of the preset.",
    "issuer": "The provider's issuer: everything else is looked up from it, and its ID Tokens are checked against it.",
    "discovery_url": "Where the provider's metadata is, if it is not where the issuer says.",
    "scope": "What is asked for, separated by spaces.",
    "title": "What the sign-in page calls it, where the preset's title will not do.",
    "offline": "Whether a refresh token is asked for, in the way that the provider wants it.",
    "api_base_url": "The address that relative URLs of API calls are joined with.",
    "authorization_endpoint": "Where the user is sent.",
    "token_endpoint": "Where tokens come from.",
    "temporary_credentials_endpoint": "OAuth 1.0a: where temporary credentials come from.",
    "userinfo_endpoint": "Where it says who signed in.",
    "jwks_uri": "Where the provider's keys are.",
    "jwks": "The provider's keys themselves, as JSON.",
    "revocation_endpoint": "Where tokens are revoked (RFC 7009).",
    "introspection_endpoint": "Where tokens are looked up (RFC 7662).",
    "end_session_endpoint": "Where a sign-out goes on at the provider.",
    "registration_endpoint": "Where clients are registered (RFC 7591).",
    "pushed_authorization_request_endpoint": "Where authorization requests are pushed (RFC 9126).",
    "device_authorization_endpoint": "Where a device asks for its code (RFC 8628).",
    "backchannel_authentication_endpoint": "Where a sign-in without a browser begins (CIBA).",
    "token_endpoint_auth_method": "How the client proves itself: client_secret_basic, client_secret_post or others.",
    "token_endpoint_auth_signing_alg": "What a client assertion is signed with.",
    "signing_key": "The key this client signs with: a PEM, a JWK, or the path of a file.",
    "key_id": "The id of that key at the provider (Apple).",
    "team_id": "The team the client belongs to (Apple).",
    "decryption_key": "The key that opens encrypted answers: a PEM, a JWK, or the path of a file.",
    "client_certificate": "Paths of the client's certificate and its key, for mutual TLS.",
    "basic_raw": "Whether id and secret go into the Basic header as they are, against RFC 6749 §2.3.1.",
    "profile": "A security profile that is demanded of both sides: fapi2 or fapi2-message-signing.",
    "response_type": "code, or `code id_token` for the hybrid flow.",
    "response_mode": "How the answer comes back: query, form_post, jwt and others.",
    "max_age": "Seconds since the user last proved who they are, at most.",
    "require_pushed_authorization_requests": "Whether authorization requests must be pushed (RFC 9126).",
    "require_signed_request_object": "Whether authorization requests are signed (RFC 9101).",
    "request_object_encryption_alg": "How signed requests are encrypted: the key algorithm.",
    "request_object_encryption_enc": "How signed requests are encrypted: the content algorithm.",
    "id_token_signed_response_alg": "What ID Tokens are signed with; RS256 if nothing is said.",
    "id_token_encrypted_response_alg": "How ID Tokens are encrypted: the key algorithm.",
    "id_token_encrypted_response_enc": "How ID Tokens are encrypted: the content algorithm.",
    "userinfo_signed_response_alg": "What userinfo answers are signed with.",
    "userinfo_encrypted_response_alg": "How userinfo answers are encrypted: the key algorithm.",
    "userinfo_encrypted_response_enc": "How userinfo answers are encrypted: the content algorithm.",
    "authorization_signed_response_alg": "What authorization responses are signed with (JARM).",
    "authorization_encrypted_response_alg": "How authorization responses are encrypted: the key algorithm.",
    "authorization_encrypted_response_enc": "How authorization responses are encrypted: the content algorithm.",
    "introspection_signed_response_alg": "What introspection answers are signed with (RFC 9701).",
    "introspection_encrypted_response_alg": "How introspection answers are encrypted: the key algorithm.",
    "introspection_encrypted_response_enc": "How introspection answers are encrypted: the content algorithm.",
    "trusted_audiences": "Further audiences that an ID Token may name, separated by commas.",
    "allowed_tenants": "Tenants whose users may sign in, separated by commas.",
    "clock_skew": "Seconds by which clocks may differ; 60 if nothing is said.",
    "allow_hosts": "Further hosts that the token may be sent to, separated by commas.",
    "allow_http_hosts": "Hosts that may be reached without TLS, separated by commas; this machine always may.",
    "public_hosts_only": "Whether addresses of this network are refused, for an issuer that a stranger named.",
    "token_scheme": "The scheme in the Authorization header where it is not the token's type.",
    "token_parameter": "The query parameter that carries the token, for a server that knows nothing else.",
    "user_agent": "The User-Agent of API calls, where the provider wants one.",
    "dpop": "Whether tokens are bound to a key (RFC 9449).",
    "signature_method": "OAuth 1.0a: how requests are signed; HMAC-SHA1 if nothing is said.",
    "rsa_key": "OAuth 1.0a: the key for RSA signatures: a PEM, or the path of a file.",
    "realm": "OAuth 1.0a: the realm in the Authorization header.",
    "signature_placement": "OAuth 1.0a: where the signature goes: header, body or query.",
    "body_hash": "OAuth 1.0a: whether bodies that are no form are signed by their hash.",
}  # fmt: skip

_SPELLED_TODAY: Final = {new: old for old, new in EQUIVALENTS.items()}


def read(name: str, config: Mapping[str, Any], others: Iterable[str] = ()) -> dict[str, tuple[Any, str]]:
    """What configuration and environment say about a remote app, beside its credentials.

    :param name: the remote app's.
    :param config: the application's configuration.
    :param others: placeholders of its preset.
    :returns: for each keyword, under its name of 2010 where it has one, the value and the key it was found under.
    :raises ConfigurationError: a value is of the wrong kind (``config_setting``).
    """
    found = {}
    for member in (*kinds(), *others):
        value, key = look_up(name, member, config)
        if value is not None and member not in CREDENTIALS:
            found[_SPELLED_TODAY.get(member, member)] = (_converted(value, kinds().get(member, text_of), key), key)
    return found


def look_up(name: str, member: str, config: Mapping[str, Any]) -> tuple[Any, str]:
    """One member as it is written: its value and its key; ``(None, "")`` where nobody says anything."""
    spellings = (member, _SPELLED_TODAY.get(member, member))
    keys = [f"OAUTH_{config_key(name)}_{spelling.upper()}" for spelling in dict.fromkeys(spellings)]
    for key in keys:
        if config.get(key) is not None:
            return config[key], key
    group = nested_group(config, name)
    for spelling in spellings:
        if group.get(spelling) is not None:
            return group[spelling], f"OAUTH[{name!r}][{spelling!r}]"
    for key in keys:
        if os.environ.get(key):
            return os.environ[key], f"{key} (environment)"
    return None, ""


@functools.cache
def kinds() -> dict[str, Callable[[Any, str], Any]]:
    """The keywords of a remote app by their names of today, and how each is read out of text."""
    hints = typing.get_type_hints(RemoteAppOptions)
    return {name: _reader(hint) for name, hint in hints.items() if name not in {*EQUIVALENTS, *NOT_FROM_CONFIG}}


def spellings() -> Iterator[str]:
    """The last parts of configuration keys: every keyword in capitals, those of 2010 too."""
    return (spelling.upper() for name in kinds() for spelling in {name, _SPELLED_TODAY.get(name, name)})


def _converted(value: Any, reader: Callable[[Any, str], Any], key: str) -> Any:
    try:
        return reader(value, key)
    except ValueError as error:
        raise ConfigurationError(
            f"{key} has a value of the wrong kind", code="config_setting", expected=str(error)
        ) from error


def _reader(hint: Any) -> Callable[[Any, str], Any]:
    options = typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)
    shapes = {typing.get_origin(option) or option for option in options}
    if bool in shapes:
        return truth_of
    if shapes & {int, float}:
        return _number_of
    if Mapping in shapes:
        return _mapping_of
    if shapes & {Collection, tuple} and str not in shapes:
        return _list_of
    return _any_of if (str in shapes and Collection in shapes) or Any in shapes else text_of


def _any_of(value: Any, key: str) -> Any:
    return text_of(value, key) if isinstance(value, (int, float)) else value


def _number_of(value: Any, key: str) -> float:
    if isinstance(value, bool):
        raise ValueError("a number")
    try:
        return int(value) if str(value).strip().lstrip("-").isdigit() else float(value)
    except (TypeError, ValueError):
        raise ValueError("a number") from None


def _mapping_of(value: Any, key: str) -> Mapping[str, Any]:
    try:
        mapping = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        mapping = None
    if not isinstance(mapping, Mapping):
        raise ValueError("an object in JSON")
    return mapping


def _list_of(value: Any, key: str) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(part for part in value.replace(",", " ").split() if part)
    if isinstance(value, Iterable):
        return tuple(text_of(part, key) for part in value)
    raise ValueError("a list, or text separated by commas")
