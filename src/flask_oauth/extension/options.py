"""What a remote app can be told: the keywords of today, and the names of 2010 that mean the same.

:class:`RemoteAppOptions` is the one list; type checkers and editors read it, and
so does the code that refuses a keyword it does not know.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from typing import Any, Final, Literal, TypedDict

from ..errors import ConfigurationError
from ..providers import ProviderName

#: The names of 2010, and those of the registries that mean the same.
EQUIVALENTS: Final = {
    "base_url": "api_base_url",
    "request_token_url": "temporary_credentials_endpoint",
    "access_token_url": "token_endpoint",
    "authorize_url": "authorization_endpoint",
    "consumer_key": "client_id",
    "consumer_secret": "client_secret",
    "request_token_params": "authorization_params",
    "access_token_params": "token_params",
    "access_token_method": "token_endpoint_method",
}


class TodaysOptions(TypedDict, total=False):
    """The keywords of a remote app beside those of 2010.

    Endpoints may be relative to ``base_url``.  Times are in seconds.  Keys are a
    PEM text, a JWK (mapping or JSON text), or the path of a file that holds one.
    """

    # their names of today
    api_base_url: str | None
    temporary_credentials_endpoint: str | None
    token_endpoint: str | None
    authorization_endpoint: str | None
    client_id: str | bytes | None
    client_secret: str | bytes | None
    authorization_params: Mapping[str, Any] | None
    token_params: Mapping[str, Any] | None
    token_endpoint_method: str | None
    # what visitors call it
    title: str | None
    # where the server is
    preset: ProviderName
    issuer: str | None
    discovery_url: str | None
    userinfo_endpoint: str | None
    jwks_uri: str | None
    jwks: Mapping[str, Any] | None
    revocation_endpoint: str | None
    introspection_endpoint: str | None
    end_session_endpoint: str | None
    registration_endpoint: str | None
    pushed_authorization_request_endpoint: str | None
    device_authorization_endpoint: str | None
    backchannel_authentication_endpoint: str | None
    allow_http_hosts: Collection[str]
    allow_hosts: Collection[str]
    public_hosts_only: bool
    # what is asked for
    scope: str | Collection[str] | None
    offline: bool
    profile: Literal["fapi2", "fapi2-message-signing"] | None
    response_type: Literal["code", "code id_token"]
    response_mode: str | None
    max_age: int | None
    require_pushed_authorization_requests: bool
    require_signed_request_object: bool
    request_object_encryption_alg: str | None
    request_object_encryption_enc: str | None
    # who we are
    token_endpoint_auth_method: str | None
    token_endpoint_auth_signing_alg: str | None
    signing_key: Any
    key_id: str | None
    team_id: str | None
    decryption_key: Any
    client_certificate: tuple[str, str] | None
    basic_raw: bool
    # what we accept
    id_token_signed_response_alg: str | None
    id_token_encrypted_response_alg: str | None
    id_token_encrypted_response_enc: str | None
    userinfo_signed_response_alg: str | None
    userinfo_encrypted_response_alg: str | None
    userinfo_encrypted_response_enc: str | None
    authorization_signed_response_alg: str | None
    authorization_encrypted_response_alg: str | None
    authorization_encrypted_response_enc: str | None
    introspection_signed_response_alg: str | None
    introspection_encrypted_response_alg: str | None
    introspection_encrypted_response_enc: str | None
    trusted_audiences: Collection[str]
    allowed_tenants: Collection[str]
    clock_skew: float
    # how calls are made
    token_scheme: str
    token_parameter: str | None
    user_agent: str | None
    dpop: bool
    # OAuth 1.0a
    signature_method: str
    rsa_key: Any
    realm: str | None
    signature_placement: Literal["header", "body", "query"]
    body_hash: bool


class RemoteAppOptions(TodaysOptions, total=False):
    """Every keyword of ``remote_app()``: today's, and those of 2010."""

    base_url: str | None
    request_token_url: str | None
    access_token_url: str | None
    authorize_url: str | None
    consumer_key: str | bytes | None
    consumer_secret: str | bytes | None
    request_token_params: Mapping[str, Any] | None
    access_token_params: Mapping[str, Any] | None
    access_token_method: str | None


KNOWN: Final = RemoteAppOptions.__optional_keys__
#: Lists of names.  A text is a collection to Python, too, and every part of it is "in" it: ``uploads.github.com`` would
#: let ``github.co`` pass.
LISTS: Final = ("allow_http_hosts", "allow_hosts", "trusted_audiences", "allowed_tenants")


def one_spelling(given: Mapping[str, Any], name: str, *, others: Collection[str] = ()) -> dict[str, Any]:
    """The options under their names of 2010, each once.

    :param given: keywords as they came; ``None`` counts as not given.
    :param name: the remote app's, for messages.
    :param others: further keywords that are allowed (a preset's placeholders).
    :raises ConfigurationError: a keyword is unknown, or both spellings of one were given.
    """
    options = {key: value for key, value in given.items() if value is not None}
    for key in options:
        if key not in KNOWN and key not in others:
            raise _unknown(key, name, [*KNOWN, *others])
    for old, new in EQUIVALENTS.items():
        if old in options and new in options:
            raise ConfigurationError(
                f"The remote app {name!r} was given both {old} and {new}; they mean the same",
                code="config_both_spellings",
            )
        if new in options:
            options[old] = options.pop(new)
    for key in LISTS:
        if isinstance(options.get(key), str):  # as in a setting: separated by commas
            options[key] = tuple(options[key].replace(",", " ").split())
    if "scope" in options and "scope" in (options.get("request_token_params") or {}):
        raise ConfigurationError(
            f"The remote app {name!r} was given both scope and request_token_params['scope']",
            code="config_both_spellings",
        )
    return options


def _unknown(key: str, name: str, known: Collection[str]) -> ConfigurationError:
    near = difflib.get_close_matches(key, known, 1)
    hint = f"Did you mean {near[0]!r}?" if near else None
    return ConfigurationError(
        f"The remote app {name!r} was given the unknown keyword {key!r}", code="config_unknown_keyword", hint=hint
    )


def as_scope(scope: str | Collection[str] | None) -> str:
    """A scope as the protocol writes it: space separated."""
    if scope is None:
        return ""
    return scope if isinstance(scope, str) else " ".join(scope)
