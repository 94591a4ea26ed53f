"""What the development provider remembers: clients, authorization codes, tokens, credentials, statuses.

The mixins are the faces that Authlib's server classes ask for (RFC 5849, RFC 6749, OpenID Connect Core).
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from authlib import oauth1
from authlib.oauth1 import TokenCredentialMixin
from authlib.oauth2.rfc6749 import ClientMixin, TokenMixin
from authlib.oidc.core import AuthorizationCodeMixin

from .people import Failure, Person

SCOPES: Mapping[str, str] = {
    "openid": "Know that it is you",
    "profile": "See your name and language",
    "email": "See your e-mail address",
    "read": "Read your timeline",
    "write": "Post in your name",
    "offline_access": "Stay connected while you are away",
}
DEFAULT_SCOPE = "read write"


def is_loopback_uri(uri: str) -> bool:
    """Whether ``uri`` is a plain http(s) URI on this machine (RFC 8252 §7.3), without fragment or user information."""
    try:
        parts = urlsplit(uri)
        host = parts.hostname or ""
        return parts.scheme in ("http", "https") and "@" not in parts.netloc and "#" not in uri and _is_loopback(host)
    except ValueError:
        return False


def _is_loopback(host: str) -> bool:
    return host == "localhost" or ip_address(host).is_loopback


@dataclass(frozen=True)
class RegisteredClient(oauth1.ClientMixin, ClientMixin):
    """An application that may use the development provider, over OAuth 1.0a, OAuth 2 and OpenID Connect alike.

    With ``any_loopback`` every redirect URI on this machine is accepted beside those listed. A client without a secret
    is a public one (``token_endpoint_auth_methods=("none",)``). ``rsa_public_key`` is PEM text, for RSA-SHA1 and
    RSA-SHA256. ``backchannel_logout_uri`` is told when a person signs out at the provider.
    """

    client_id: str
    client_secret: str = field(default="", repr=False)
    name: str = "An application"
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    any_loopback: bool = False
    scope: str = " ".join(SCOPES)
    token_endpoint_auth_methods: tuple[str, ...] = ("client_secret_basic", "client_secret_post")
    id_token_signed_response_alg: str = "RS256"  # noqa: S105 -- an algorithm
    userinfo_signed_response_alg: str | None = None
    rsa_public_key: str | None = None
    backchannel_logout_uri: str | None = None

    @property
    def client_metadata(self) -> dict[str, Any]:
        signed = self.userinfo_signed_response_alg
        return {"userinfo_signed_response_alg": signed} if signed else {}

    def get_client_id(self) -> str:
        return self.client_id

    def get_client_secret(self) -> str:
        return self.client_secret

    def get_rsa_public_key(self) -> str | None:
        return self.rsa_public_key

    def get_default_redirect_uri(self) -> str | None:
        return self.redirect_uris[0] if len(self.redirect_uris) == 1 else None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri in self.redirect_uris or (self.any_loopback and is_loopback_uri(redirect_uri))

    def check_post_logout_redirect_uri(self, uri: str) -> bool:
        return uri in self.post_logout_redirect_uris or (self.any_loopback and is_loopback_uri(uri))

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """The part of ``scope`` that this client may have; ``None`` (an error) if nothing is left (RFC 6749 §3.3)."""
        allowed = [name for name in (scope or DEFAULT_SCOPE).split() if name in self.scope.split()]
        return " ".join(allowed) or None

    def check_client_secret(self, client_secret: str) -> bool:
        return hmac.compare_digest(self.client_secret.encode(), client_secret.encode())

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method in self.token_endpoint_auth_methods

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in ("authorization_code", "refresh_token")


@dataclass(frozen=True)
class AuthorizationCode(AuthorizationCodeMixin):
    """A code, good once and for a minute, with everything that the token answer must agree with."""

    code: str = field(repr=False)
    client_id: str
    redirect_uri: str | None
    scope: str
    person: Person
    code_challenge: str
    code_challenge_method: str
    nonce: str | None
    auth_time: int
    acr: str | None
    session_id: str
    expires_at: float
    failure: Failure | None = None

    def get_redirect_uri(self) -> str | None:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str | None:
        return self.nonce

    def get_auth_time(self) -> int:
        return self.auth_time

    def get_acr(self) -> str | None:
        return self.acr

    def get_amr(self) -> list[str]:
        return ["user"]


@dataclass
class IssuedToken(TokenMixin):
    """An access token with its refresh token. All tokens that stem from one sign-in share a ``family``."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    client: RegisteredClient
    person: Person
    scope: str
    issued_at: int
    expires_in: int
    family: str = field(repr=False)
    auth_time: int
    session_id: str
    revoked: bool = False
    refreshed: bool = False

    def check_client(self, client: RegisteredClient) -> bool:
        return self.client.client_id == client.client_id

    def get_scope(self) -> str:
        return self.scope

    def get_expires_in(self) -> int:
        return self.expires_in

    def is_expired(self) -> bool:
        return time.time() >= self.issued_at + self.expires_in

    def is_revoked(self) -> bool:
        return self.revoked

    def get_user(self) -> Person:
        return self.person

    def get_client(self) -> RegisteredClient:
        return self.client


@dataclass
class Credentials(TokenCredentialMixin):
    """OAuth 1.0a credentials: temporary ones until ``verifier`` is redeemed, token credentials afterwards."""

    token: str = field(repr=False)
    secret: str = field(repr=False)
    client_id: str
    callback: str | None = None
    person: Person | None = None
    verifier: str | None = field(default=None, repr=False)
    failure: Failure | None = None

    def get_oauth_token(self) -> str:
        return self.token

    def get_oauth_token_secret(self) -> str:
        return self.secret

    def get_client_id(self) -> str:
        return self.client_id

    def get_redirect_uri(self) -> str | None:
        return self.callback

    def check_verifier(self, verifier: str) -> bool:
        return self.verifier is not None and hmac.compare_digest(self.verifier.encode(), verifier.encode())


@dataclass(frozen=True, slots=True)
class Status:
    """One line of the timeline. ``created_at`` is in seconds since 1970."""

    id: int
    person: Person
    text: str
    created_at: float
