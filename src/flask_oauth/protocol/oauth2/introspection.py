"""Token introspection: asking the server what an access token stands for.

Sections enforced here: RFC 7662 §2.1, §2.2, §4; RFC 9701 §4 (asking for a signed answer),
§5 (its ``typ``, ``iss``, ``aud`` and ``token_introspection`` claim), §8.1.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ...errors import InvalidResponseError
from ..http import HTTPRequest, HTTPResponse
from ..jose import DecryptionKey, KeySet, decrypt_jwt, is_encrypted, verify_jwt
from .answers import failure, member_error, one_line, read_answer
from .client_authentication import Client, endpoint_request
from .jwt_claims import check_audience, check_issuer
from .metadata import ServerMetadata
from .parameters import joined

#: The media type and ``typ`` of a signed answer (RFC 9701 §4, §5).
JWT_TYPE: Final = "token-introspection+jwt"


@dataclass(frozen=True, slots=True, repr=False)
class Introspection:
    """What the server says about a token.

    :param active: whether the token can be used now.
    :param claims: everything else it says: ``scope``, ``client_id``, ``sub``, ``aud``, ``exp``, ``cnf`` …;
        empty for a token that is not active (RFC 7662 §2.2).
    """

    active: bool
    claims: Mapping[str, Any] = field(default_factory=dict)

    @property
    def scopes(self) -> frozenset[str]:
        """The token's scope, as a set."""
        scope = self.claims.get("scope")
        return frozenset(scope.split()) if isinstance(scope, str) else frozenset()

    def __repr__(self) -> str:
        return f"<Introspection active={self.active} {sorted(self.claims)}>"


def introspection_request(
    metadata: ServerMetadata,
    client: Client,
    token: str,
    *,
    now: float,
    jti: str,
    token_type_hint: str | None = None,
    signed: bool = False,
    parameters: Mapping[str, Any] | None = None,
) -> HTTPRequest:
    """The request for what a token stands for.

    :param token: the token that was presented.
    :param now: the time, in seconds since the epoch.
    :param jti: a new unpredictable identifier, for a client assertion.
    :param token_type_hint: ``access_token`` or ``refresh_token``.
    :param signed: ask for a signed answer (RFC 9701 §4).
    :param parameters: further parameters.
    :raises ConfigurationError: the server has no such endpoint, or the client cannot authenticate.
    """
    own = {"token": token, "token_type_hint": token_type_hint}
    pairs = joined(own, parameters or {}, ("token",))
    headers = {"Accept": f"application/{JWT_TYPE}"} if signed else {}
    return endpoint_request(client, metadata, "introspection_endpoint", pairs, now=now, jti=jti, headers=headers)


def process_introspection_response(response: HTTPResponse, *, audience: str | None = None) -> Introspection:
    """What an answer in JSON says.

    :param audience: the identifier of the API that the token was presented to; a token whose
        ``aud`` names others only is refused (RFC 7662 §4).
    :raises ServerError: the server answered with an error.
    :raises InvalidResponseError: the answer does not hold, or the token is for others (``introspection_audience``).
    """
    return _introspection(read_answer(response), audience)


def process_signed_introspection_response(
    response: HTTPResponse,
    *,
    issuer: str,
    client_id: str,
    keys: KeySet,
    algorithms: Collection[str],
    audience: str | None = None,
    decryption_keys: Sequence[DecryptionKey] = (),
    decryption_algorithms: Collection[str] = (),
    decryption_encodings: Collection[str] = (),
    secret: str | None = None,
) -> Introspection:
    """What a signed answer says (RFC 9701 §5).

    :param issuer: the authorization server.
    :param client_id: what it knows us by; the answer must be for us.
    :param keys: the server's public keys.
    :param algorithms: the signature algorithms that we take.
    :param audience: as for :func:`process_introspection_response`.
    :param decryption_keys: our keys, if we registered for encrypted answers; a plain one is then refused.
    :param decryption_algorithms: the key management algorithms that we take.
    :param decryption_encodings: the content encryption algorithms that we take.
    :param secret: the client secret, if answers are signed with it.
    :raises ServerError: the server answered with an error.
    :raises InvalidResponseError: the answer does not hold; codes of a JWT begin with ``id_token_``.
    """
    if response.status != 200:
        raise failure(response)
    if response.media_type != f"application/{JWT_TYPE}":
        # An answer that anybody on the way could have written does not stand in for a signed one.
        raise InvalidResponseError(
            "The introspection answer is not signed",
            code="response_content_type",
            expected=f"application/{JWT_TYPE}",
            got=one_line(response.media_type),
        )
    token = response.body.decode("ascii", "replace").strip()
    if decryption_keys or any(decryption_algorithms) or is_encrypted(token):
        token = decrypt_jwt(token, decryption_keys, decryption_algorithms, decryption_encodings, secret=secret)
    claims = verify_jwt(token, keys, algorithms, secret=secret, types=(JWT_TYPE,)).claims
    check_issuer(claims, issuer)
    check_audience(claims, client_id)
    return _introspection(_object(claims, "token_introspection"), audience)


def _object(claims: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = claims.get(name)
    if not isinstance(value, Mapping):
        raise member_error(name, "an object", value, InvalidResponseError)
    return value


def _introspection(answer: Mapping[str, Any], audience: str | None) -> Introspection:
    active = answer.get("active")
    if not isinstance(active, bool):  # RFC 7662 §2.2: REQUIRED
        raise member_error("active", "true or false", active, InvalidResponseError)
    if not active:
        return Introspection(False)
    claims = {name: value for name, value in answer.items() if name != "active"}
    if audience is not None:
        _check_token_audience(claims.get("aud"), audience)
    return Introspection(True, claims)


def _check_token_audience(stated: object, audience: str) -> None:
    if audience not in (stated if isinstance(stated, list) else [stated]):
        raise InvalidResponseError(
            "The token is for another audience",
            code="introspection_audience",
            expected=audience,
            got=one_line(stated),
        )
