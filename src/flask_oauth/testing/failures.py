"""How a sign-in is made to fail with a certain code."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from .. import errors
from ..error_codes import EXPLANATIONS, ErrorCode
from ..errors import OAuthException
from ..protocol.http import Headers, HTTPResponse
from .transport import json_response

if TYPE_CHECKING:
    from .counterpart import Counterpart

#: What the callback holds instead; an empty value stands for a parameter that is missing.
CALLBACKS: Final[Mapping[str, Mapping[str, str]]] = {
    "access_denied": {"error": "access_denied"},
    "authorization_response_error": {"error": "server_error"},
    "state_missing": {"state": ""},
    "issuer_mismatch": {"iss": "https://another.example"},
    "issuer_missing": {"iss": ""},
}
#: What the token endpoint answers instead.
ANSWERS: Final[Mapping[str, Callable[[], Any]]] = {
    "server_error": lambda: json_response({"error": "invalid_grant"}, 400),
    "response_not_json": lambda: HTTPResponse(200, Headers({"Content-Type": "application/json"}), b"<html>"),
    "token_response_no_token": lambda: {"access_token": None},
    "token_response_type": lambda: {"token_type": "mac"},
    "id_token_missing": lambda: {"id_token": None},
    "id_token_malformed": lambda: {"id_token": "not a JWT"},
}
#: What the ID Token says instead.
CLAIMS: Final[Mapping[str, Callable[[], Mapping[str, Any]]]] = {
    "id_token_issuer": lambda: {"iss": "https://another.example"},
    "id_token_audience": lambda: {"aud": "another client"},
    "id_token_nonce": lambda: {"nonce": "another nonce"},
    "id_token_subject": lambda: {"sub": ""},
    "id_token_expired": lambda: {"exp": int(time.time()) - 3600},
    "id_token_issued_at": lambda: {"iat": int(time.time()) + 3600},
}
#: The class of each code's error, by what the code begins with.
CLASSES: Final[tuple[tuple[str, type[OAuthException]], ...]] = (
    ("access_denied", errors.AccessDenied),
    ("sign_in_required", errors.SignInRequired),
    ("server_error", errors.ServerError),
    ("token_expired", errors.ReauthorizationRequired),
    ("token_missing", errors.TokenMissing),
    ("refresh_failed", errors.RefreshFailed),
    ("config_", errors.ConfigurationError),
    ("transport_", errors.TransportError),
    ("metadata_", errors.MetadataError),
    ("jwks_", errors.MetadataError),
    ("state_", errors.AuthorizationResponseError),
    ("authorization_response_", errors.AuthorizationResponseError),
    ("issuer_", errors.AuthorizationResponseError),
    ("token_response_", errors.TokenResponseError),
    ("id_token_", errors.IDTokenError),
    ("userinfo_", errors.UserinfoError),
    ("logout_token_", errors.LogoutTokenError),
    ("store_", errors.StoreError),
)


def error_of(code: ErrorCode) -> OAuthException:
    """An error with that code, of the class that usually has it."""
    kind = next((kind for beginning, kind in CLASSES if code.startswith(beginning)), errors.InvalidResponseError)
    return kind(f"The test asked for {code}: {EXPLANATIONS[code].cause}", code=code)


@dataclass(frozen=True, slots=True)
class Spoilt:
    """What is done wrong on the way back.

    :param callback: parameters of the callback; an empty value stands for one that is missing.
    :param other_browser: whether the user comes back in another browser.
    """

    callback: Mapping[str, str] = field(default_factory=dict)
    other_browser: bool = False


def provoke(code: ErrorCode, counterpart: Counterpart) -> Spoilt:
    """Make the next sign-in fail."""
    if code in CALLBACKS:
        return Spoilt(CALLBACKS[code])
    if code == "state_cookie_missing":
        return Spoilt(other_browser=True)
    if code in ANSWERS:
        counterpart.spoilt_token = ANSWERS[code]()
    elif code in CLAIMS:
        counterpart.spoilt_claims = CLAIMS[code]()
    else:
        counterpart.failure = error_of(code)
    return Spoilt()
