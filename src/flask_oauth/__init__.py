"""Flask-OAuth: sign users in with OAuth and OpenID Connect, and call those services' APIs for them."""

from __future__ import annotations

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
from .extension.response import OAuthResponse, add_query, encode_request_data, parse_response
from .protocol.token import Token

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
