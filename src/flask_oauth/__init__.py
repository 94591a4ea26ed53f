"""Flask-OAuth: sign users in with OAuth and OpenID Connect, and call those services' APIs for them.

The names are loaded when they are first used, so that naming the package costs nothing: the command line and the
pytest plugin do so in every project that has it installed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .errors import (
        AccessDenied,
        AccountLinkError,
        AuthorizationResponseError,
        ConfigurationError,
        DuplicateRemoteAppError,
        IDTokenError,
        InvalidResponseError,
        LogoutTokenError,
        MetadataError,
        OAuthException,
        ReauthorizationRequired,
        RefreshFailed,
        ServerError,
        SignInRequired,
        StoreError,
        TokenMissing,
        TokenResponseError,
        TransportError,
        UserinfoError,
    )
    from .extension.answers import TokenAnswer
    from .extension.identity import Identity
    from .extension.oauth import OAuth
    from .extension.remote_app import OAuthRemoteApp
    from .extension.response import (
        OAuthResponse,
        add_query,
        encode_request_data,
        parse_response,
    )
    from .protocol.token import Token

_HOMES = {
    "AccessDenied": ".errors",
    "AccountLinkError": ".errors",
    "AuthorizationResponseError": ".errors",
    "ConfigurationError": ".errors",
    "DuplicateRemoteAppError": ".errors",
    "IDTokenError": ".errors",
    "Identity": ".extension.identity",
    "InvalidResponseError": ".errors",
    "LogoutTokenError": ".errors",
    "MetadataError": ".errors",
    "OAuth": ".extension.oauth",
    "OAuthException": ".errors",
    "OAuthRemoteApp": ".extension.remote_app",
    "OAuthResponse": ".extension.response",
    "ReauthorizationRequired": ".errors",
    "RefreshFailed": ".errors",
    "ServerError": ".errors",
    "SignInRequired": ".errors",
    "StoreError": ".errors",
    "Token": ".protocol.token",
    "TokenAnswer": ".extension.answers",
    "TokenMissing": ".errors",
    "TokenResponseError": ".errors",
    "TransportError": ".errors",
    "UserinfoError": ".errors",
    "add_query": ".extension.response",
    "encode_request_data": ".extension.response",
    "parse_response": ".extension.response",
}

__all__ = [
    "AccessDenied",
    "AccountLinkError",
    "AuthorizationResponseError",
    "ConfigurationError",
    "DuplicateRemoteAppError",
    "IDTokenError",
    "Identity",
    "InvalidResponseError",
    "LogoutTokenError",
    "MetadataError",
    "OAuth",
    "OAuthException",
    "OAuthRemoteApp",
    "OAuthResponse",
    "ReauthorizationRequired",
    "RefreshFailed",
    "ServerError",
    "SignInRequired",
    "StoreError",
    "Token",
    "TokenAnswer",
    "TokenMissing",
    "TokenResponseError",
    "TransportError",
    "UserinfoError",
    "add_query",
    "encode_request_data",
    "parse_response",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOMES[name], __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
