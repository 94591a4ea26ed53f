"""The ID Token: who signed in, believed only after every check.

Sections enforced here: OpenID Connect Core §2, §3.1.3.6, §3.1.3.7, §3.1.3.8, §3.3.2.11,
§3.3.3.6, §11, §12.2, §15.5.2; RFC 7519 §4.1; RFC 8725 §3.8 to §3.11;
FAPI 1.0 Part 2 §5.2.2.1 (``s_hash``); Microsoft Entra ID's issuer template.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ...error_codes import ErrorCode
from ...errors import IDTokenError
from ..jose import JWT, DecryptionKey, KeySet, b64url_encode, decrypt_jwt, shown, verify_jwt
from ..oauth2.metadata import TENANT_PLACEHOLDER
from .times import check_expiry, check_issued_at, check_not_before, number

#: Core §2: sub MUST NOT exceed 255 characters.
SUBJECT_LIMIT: Final = 255
_TENANT: Final = re.compile(r"[0-9A-Za-z.-]{1,255}")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class IDTokenExpectation:
    """What the ID Token of one sign-in must say.

    :param issuer: the issuer; may hold ``{tenantid}``, which stands for the token's own ``tid``.
    :param client_id: this client.
    :param nonce: the nonce that was sent; ``None`` if none was, and then the token must not hold one either.
    :param algorithms: the signature algorithms this client takes
        (``id_token_signed_response_alg``; RS256 if nothing was registered).
    :param encryption_algorithms: ``id_token_encrypted_response_alg``; if there are any, a plain ID Token is refused.
    :param encryption_encodings: ``id_token_encrypted_response_enc``.
    :param trusted_audiences: further members of ``aud`` that are acceptable.
    :param tenants: the tenants whose users may sign in; empty for all.
    :param access_token: the access token that came with it, for ``at_hash``.
    :param code: the authorization code that came with it, for ``c_hash``.
    :param state: the state, for ``s_hash``.
    :param front_channel: it came through the browser (hybrid flow), where the
        hashes of what came with it are REQUIRED (Core §3.3.2.11).
    :param require_s_hash: ``s_hash`` must be there (FAPI 1.0 Part 2).
    :param max_age: seconds since the user last authenticated, as it was asked for.
    :param acr_values: the authentication contexts of which one is required; empty for any.
    :param clock_skew: seconds by which the clocks may differ.
    """

    issuer: str
    client_id: str
    nonce: str | None = None
    algorithms: Collection[str] = ("RS256",)
    encryption_algorithms: Collection[str] = ()
    encryption_encodings: Collection[str] = ("A128CBC-HS256",)
    trusted_audiences: Collection[str] = ()
    tenants: Collection[str] = ()
    access_token: str | None = None
    code: str | None = None
    state: str | None = None
    front_channel: bool = False
    require_s_hash: bool = False
    max_age: float | None = None
    acr_values: Collection[str] = ()
    clock_skew: float = 60

    def __repr__(self) -> str:
        return f"<IDTokenExpectation {self.issuer} {self.client_id}>"


class IDToken(JWT):
    """An ID Token that holds in every respect.  Only :func:`validate_id_token` and its kin make one."""

    __slots__ = ()

    @property
    def issuer(self) -> str:
        return str(self.claims["iss"])

    @property
    def subject(self) -> str:
        """Who signed in; unique at the issuer, never given to another person (Core §2)."""
        return str(self.claims["sub"])


def validate_id_token(
    token: str,
    keys: KeySet,
    expected: IDTokenExpectation,
    *,
    now: float,
    secret: str | None = None,
    decryption_keys: Sequence[DecryptionKey] = (),
) -> IDToken:
    """Validate the ID Token of a sign-in (Core §3.1.3.7, §3.3.3.6).

    :param token: as it was received.
    :param keys: the issuer's keys.
    :param expected: what it must say.
    :param now: seconds since the epoch.
    :param secret: the client secret, for a client registered with an HMAC algorithm or symmetric encryption.
    :param decryption_keys: our private keys, for a client registered for encryption.
    :raises IDTokenError: with the code of the check that failed.  With
        ``id_token_key_unknown`` the keys may have been rotated: fetch them once again.
    """
    id_token = _verified(token, keys, expected, now, secret, decryption_keys)
    _check_nonce(id_token.claims, expected.nonce)
    return id_token


def validate_refreshed_id_token(
    token: str,
    keys: KeySet,
    expected: IDTokenExpectation,
    previous: Mapping[str, Any],
    *,
    now: float,
    secret: str | None = None,
    decryption_keys: Sequence[DecryptionKey] = (),
) -> IDToken:
    """Validate an ID Token that came with a refreshed access token (Core §12.2).

    :param previous: the claims of the ID Token of the sign-in, or, if that is no longer at hand, of the last refresh.
    :raises IDTokenError: as :func:`validate_id_token`, and ``id_token_changed``
        if it speaks of another person or another sign-in.
    """
    id_token = _verified(token, keys, expected, now, secret, decryption_keys)
    claims = id_token.claims
    for name in ("iss", "sub", "azp"):
        if claims.get(name) != previous.get(name):
            raise _changed(name, previous, claims)
    # Core §12.2: aud MUST include the value of the ID Token of the original authentication.
    if not set(_audiences(previous)) <= set(_audiences(claims)):
        raise _changed("aud", previous, claims)
    # May be left out on refresh; if they are there, they speak of the original authentication.
    for name in ("auth_time", "nonce"):
        if name in claims and name in previous and claims[name] != previous[name]:
            raise _changed(name, previous, claims)
    return id_token


def _verified(
    token: str,
    keys: KeySet,
    expected: IDTokenExpectation,
    now: float,
    secret: str | None,
    decryption_keys: Sequence[DecryptionKey],
) -> IDToken:
    """Every check but the one of the nonce."""
    if expected.encryption_algorithms:
        token = decrypt_jwt(
            token, decryption_keys, expected.encryption_algorithms, expected.encryption_encodings, secret=secret
        )
    jwt = verify_jwt(token, keys, expected.algorithms, secret=secret)
    claims = jwt.claims
    check_issuer(claims, expected.issuer, expected.tenants)
    check_audience(claims, expected.client_id, expected.trusted_audiences)
    _check_authorized_party(claims, expected.client_id)
    check_subject(claims)
    check_expiry(claims, now, expected.clock_skew)
    check_issued_at(claims, now, expected.clock_skew)
    check_not_before(claims, now, expected.clock_skew)
    _check_hashes(jwt, expected)
    _check_authentication(claims, expected, now)
    return IDToken(jwt.header, claims)


def check_issuer(claims: Mapping[str, Any], issuer: str, tenants: Collection[str] = ()) -> None:
    """``iss`` is exactly the issuer (Core §3.1.3.7 item 2); a template is filled with the token's own tenant."""
    tenant = claims.get("tid")
    if TENANT_PLACEHOLDER in issuer:
        # Only what a tenant id is made of, so that it cannot reshape the issuer.
        if not isinstance(tenant, str) or not _TENANT.fullmatch(tenant):
            raise _refused("The token names no tenant", "id_token_tenant", "a tenant id in tid", tenant)
        issuer = issuer.replace(TENANT_PLACEHOLDER, tenant)
    if claims.get("iss") != issuer:
        raise _refused("The token is of another issuer", "id_token_issuer", issuer, claims.get("iss"))
    if tenants and (not isinstance(tenant, str) or tenant.lower() not in {name.lower() for name in tenants}):
        raise _refused("The tenant may not sign in", "id_token_tenant", " ".join(sorted(tenants)), tenant)


def check_audience(claims: Mapping[str, Any], client_id: str, trusted: Collection[str] = ()) -> None:
    """``aud`` names this client and nobody who is not trusted (Core §3.1.3.7 item 3)."""
    audiences = _audiences(claims)
    if client_id not in audiences:
        raise _refused("The token is for another client", "id_token_audience", client_id, claims.get("aud"))
    if len(audiences) > 1 and (foreign := [one for one in audiences if one != client_id and one not in trusted]):
        raise _refused("The token is also for others", "id_token_audience", " ".join([client_id, *trusted]), foreign)


def check_subject(claims: Mapping[str, Any]) -> str:
    """``sub`` is an identifier: a printable text, not empty, not longer than 255 characters (Core §2)."""
    subject = claims.get("sub")
    if isinstance(subject, str) and 0 < len(subject) <= SUBJECT_LIMIT and subject.isprintable():
        return subject
    got = f"{len(subject)} characters" if isinstance(subject, str) else type(subject).__name__
    raise IDTokenError(
        "sub is not a proper identifier", code="id_token_subject", expected="1 to 255 printable characters", got=got
    )


def half_hash(value: str, digest: str) -> str:
    """The left half of a hash, as ``at_hash``, ``c_hash`` and ``s_hash`` hold it (Core §3.1.3.6).

    :param value: access token, code or state; ASCII.
    :param digest: the hash of the ID Token's signature algorithm, by its :mod:`hashlib` name.
    """
    whole = hashlib.new(digest, value.encode("utf-8")).digest()
    return b64url_encode(whole[: len(whole) // 2]).decode("ascii")


def _audiences(claims: Mapping[str, Any]) -> list[str]:
    """``aud`` as a list; empty if it is neither a text nor a list of texts (RFC 7519 §4.1.3)."""
    value = claims.get("aud")
    audiences = value if isinstance(value, list) else [value]
    texts = [one for one in audiences if isinstance(one, str)]
    return texts if len(texts) == len(audiences) else []


def _check_authorized_party(claims: Mapping[str, Any], client_id: str) -> None:
    # Core §3.1.3.7 items 4 and 5: azp with several audiences, and always this client.
    party = claims.get("azp")
    if party is None and len(_audiences(claims)) > 1:
        raise _refused("Several audiences and no azp", "id_token_authorized_party", client_id, None)
    if party is not None and party != client_id:
        raise _refused("The token was asked for by another client", "id_token_authorized_party", client_id, party)


def _check_nonce(claims: Mapping[str, Any], nonce: str | None) -> None:
    # Core §3.1.3.7 item 11.  The values stay out of the error: a nonce binds a browser session.
    got = claims.get("nonce")
    if got is None and nonce is None:
        return
    if nonce is None or not _same(got, nonce):
        raise IDTokenError(
            "The token belongs to another sign-in",
            code="id_token_nonce",
            expected="no nonce" if nonce is None else "the nonce that was sent",
            got="no nonce" if got is None else "another nonce",
        )


def _same(got: object, wanted: str) -> bool:
    """Whether a claim is a text and the one wanted; takes as long for every wrong one."""
    return isinstance(got, str) and hmac.compare_digest(got.encode("utf-8"), wanted.encode("utf-8"))


def _check_hashes(jwt: JWT, expected: IDTokenExpectation) -> None:
    front, digest = expected.front_channel, jwt.algorithm.digest
    _check_hash(jwt.claims, "at_hash", expected.access_token, front, digest, "id_token_at_hash")
    _check_hash(jwt.claims, "c_hash", expected.code, front, digest, "id_token_c_hash")
    _check_hash(jwt.claims, "s_hash", expected.state, expected.require_s_hash, digest, "id_token_s_hash")


def _check_hash(
    claims: Mapping[str, Any], name: str, value: str | None, required: bool, digest: str, code: ErrorCode
) -> None:
    """A hash that binds the token to what came with it: right if it is there, and there if it is required."""
    got = claims.get(name)
    if value is None or (got is None and not required):
        return
    if not _same(got, half_hash(value, digest)):
        raise IDTokenError(
            f"{name} does not fit",
            code=code,
            expected=f"{name} of what came with it",
            got=None if got is None else "another",
        )


def _check_authentication(claims: Mapping[str, Any], expected: IDTokenExpectation, now: float) -> None:
    if expected.max_age is not None:
        # Core §3.1.3.7 item 13: auth_time is REQUIRED when max_age was asked for.
        authenticated = number(claims, "auth_time", "id_token_auth_time")
        age = now - authenticated
        if not -expected.clock_skew <= age <= expected.max_age + expected.clock_skew:
            raise _refused(
                "The user authenticated too long ago",
                "id_token_auth_time",
                f"at most {expected.max_age} seconds ago",
                age,
            )
    if expected.acr_values and claims.get("acr") not in tuple(expected.acr_values):
        # Core §3.1.3.7 item 12.
        raise _refused(
            "The user authenticated in another way", "id_token_acr", " ".join(expected.acr_values), claims.get("acr")
        )


def _changed(name: str, previous: Mapping[str, Any], claims: Mapping[str, Any]) -> IDTokenError:
    message = f"{name} of the refreshed ID Token differs from the one before"
    if name == "nonce":
        return IDTokenError(message, code="id_token_changed", expected="the same nonce or none", got="another nonce")
    return _refused(message, "id_token_changed", shown(previous.get(name)), claims.get(name))


def _refused(message: str, code: ErrorCode, expected: object, got: object) -> IDTokenError:
    return IDTokenError(message, code=code, expected=expected, got=None if got is None else shown(got))
