"""What a few providers need beside data: Apple's secret, Shopify's callback, MediaWiki's JWT, Mastodon's servers.

Pure functions; signing goes through ``protocol.jose``.  Sections: RFC 7523 §3
(the claims of Apple's client secret), RFC 6749 §2 (registration, which
Mastodon has in a form of its own).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlsplit

from ..errors import AuthorizationResponseError, IDTokenError, InvalidResponseError
from ..protocol.http import HTTPRequest, HTTPResponse, form_request, parse_json_object
from ..protocol.jose import KeySet, verify_jwt
from ..protocol.oauth2.jwt_claims import check_audience, check_expiry
from .model import Provider

APPLE_AUDIENCE: Final = "https://appleid.apple.com"
#: The longest life that Apple allows a client secret, in seconds (six months).
APPLE_SECRET_LIMIT: Final = 15_777_000


def apple_client_secret_claims(*, team_id: str, client_id: str, now: float, lifetime: int = 3600) -> dict[str, Any]:
    """The claims of Apple's client secret, to be signed with ES256 and the key's id as ``kid``.

    :param team_id: the developer team's id, ten characters.
    :param client_id: the Services ID.
    :param now: seconds since the epoch.
    :param lifetime: seconds; a short one costs nothing, since the secret is made when it is needed.
    :raises ValueError: a lifetime that Apple refuses.
    """
    if not 0 < lifetime <= APPLE_SECRET_LIMIT:
        raise ValueError(f"lifetime must be between 1 and {APPLE_SECRET_LIMIT} seconds")
    issued = int(now)
    return {"iss": team_id, "iat": issued, "exp": issued + lifetime, "aud": APPLE_AUDIENCE, "sub": client_id}


def identity_jwt_claims(
    provider: Provider, token: str, *, client_id: str, client_secret: str, now: float, clock_skew: float = 60
) -> dict[str, Any]:
    """The claims of a JWT that tells who signed in, signed with the consumer secret (MediaWiki's ``identify``).

    :param token: the JWT.
    :param client_id: the consumer key, which must be its audience.
    :param client_secret: the consumer secret.
    :param now: seconds since the epoch.
    :param clock_skew: how far the two clocks may be apart, in seconds.
    :raises IDTokenError: it does not hold (RFC 7519 §4.1, RFC 8725 §3.1).
    """
    claims = dict(verify_jwt(token, KeySet(), ("HS256",), secret=client_secret).claims)
    issuer = claims.get("iss")
    if not isinstance(issuer, str) or urlsplit(issuer).hostname != urlsplit(provider.userinfo_endpoint).hostname:
        raise IDTokenError(
            "The JWT is of another wiki", code="id_token_issuer", expected=urlsplit(provider.userinfo_endpoint).hostname
        )
    check_audience(claims, client_id)
    check_expiry(claims, now, clock_skew)
    return claims


def check_callback_hmac(parameters: Iterable[tuple[str, str]], client_secret: str) -> None:
    """Check the signature that Shopify puts on a callback.

    :param parameters: the parameters of the callback, decoded.
    :param client_secret: the client secret.
    :raises AuthorizationResponseError: the signature is missing or does not hold.
    """
    pairs = list(parameters)
    given = [value for name, value in pairs if name == "hmac"]
    signed = "&".join(
        f"{_escaped(name, '=')}={_escaped(value)}" for name, value in sorted(pairs) if name not in ("hmac", "signature")
    )
    expected = hmac.new(client_secret.encode(), signed.encode(), hashlib.sha256).hexdigest()
    if len(given) != 1 or not hmac.compare_digest(given[0].encode(), expected.encode()):
        raise AuthorizationResponseError("The signature of the callback (hmac) does not hold")


def _escaped(text: str, further: str = "") -> str:
    # Shopify escapes only what would make the joined text ambiguous.
    for character in f"%&{further}":
        text = text.replace(character, quote(character, safe=""))
    return text


@dataclass(frozen=True, slots=True, repr=False)
class RegisteredApplication:
    """What a Mastodon server gives a new application.

    :param client_id: the client id on that server.
    :param client_secret: its secret.
    """

    client_id: str
    client_secret: str

    def __repr__(self) -> str:
        return f"<RegisteredApplication {self.client_id}>"


def mastodon_registration_request(
    provider: Provider, *, client_name: str, redirect_uri: str, website: str = ""
) -> HTTPRequest:
    """Register an application with one Mastodon server (it needs no account there).

    :param provider: the preset ``mastodon``, resolved for the server.
    :param client_name: the name that people see when they are asked.
    :param redirect_uri: the callback URL.
    :param website: a page about the application.
    """
    pairs = [("client_name", client_name), ("redirect_uris", redirect_uri), ("scopes", " ".join(provider.scopes))]
    return form_request(provider.registration_endpoint, [*pairs, *([("website", website)] if website else [])])


def process_mastodon_registration_response(response: HTTPResponse) -> RegisteredApplication:
    """The client id and secret from a Mastodon server's answer.

    :raises InvalidResponseError: it is an error, or holds none.
    """
    members = parse_json_object(response) if response.ok else {}
    client_id, client_secret = members.get("client_id"), members.get("client_secret")
    if not (isinstance(client_id, str) and isinstance(client_secret, str) and client_id and client_secret):
        raise InvalidResponseError(
            "The server did not register the application",
            code="response_member",
            expected="client_id and client_secret",
            got=f"HTTP status {response.status}",
        )
    return RegisteredApplication(client_id, client_secret)
