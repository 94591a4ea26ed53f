"""Flask-OAuth: sign users in with OAuth and OpenID Connect, and call those services' APIs for them."""

from __future__ import annotations

from .errors import (
    AccessDenied,
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
    StoreError,
    TokenMissing,
    TokenResponseError,
    TransportError,
    UserinfoError,
)
from .extension.answers import TokenAnswer
from .extension.oauth import OAuth
from .extension.remote_app import OAuthRemoteApp
from .extension.response import OAuthResponse, add_query, encode_request_data, parse_response
from .protocol.token import Token

__all__ = [
    "AccessDenied",
    "AuthorizationResponseError",
    "ConfigurationError",
    "DuplicateRemoteAppError",
    "IDTokenError",
    "InvalidResponseError",
    "LogoutTokenError",
    "MetadataError",
    "OAuth",
    "OAuthException",
    "OAuthRemoteApp",
    "OAuthResponse",
    "ReauthorizationRequired",
    "ServerError",
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
