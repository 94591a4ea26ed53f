"""Signed JWTs: to make them, and to believe them only after every check.

Sections enforced here: RFC 7515 §4.1.9, §4.1.11, §5.2; RFC 7518 §3.2; RFC 7519 §7.2;
RFC 8725 §3.1 (algorithms by the client's list), §3.2, §3.3, §3.10, §3.11 (explicit typing).
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ...errors import ConfigurationError, IDTokenError
from .algorithms import SIGNATURE_ALGORITHMS, SignatureAlgorithm, check_algorithms
from .coding import b64url_decode, b64url_encode, decode_json, encode_json
from .key_set import KeySet
from .private_keys import SigningKey

#: The longest JWT that is looked at, in characters.
JWT_LIMIT: Final = 256 * 1024
#: The longest JOSE header, in base64url characters; room for a certificate chain, which is then ignored.
HEADER_LIMIT: Final = 16 * 1024
#: A ``typ`` that says no more than that this is a JWT, or no ``typ`` at all.
PLAIN_TYPES: Final = ("", "jwt")

_HMAC_KEY_BYTES: Final = {"HS256": 32, "HS384": 48, "HS512": 64}


@dataclass(frozen=True, slots=True, repr=False)
class JWT:
    """A JWT whose signature was verified.

    :param header: the JOSE header.
    :param claims: the claims, as they were sent.
    """

    header: Mapping[str, Any]
    claims: Mapping[str, Any]

    @property
    def algorithm(self) -> SignatureAlgorithm:
        """The algorithm it was signed with."""
        return SIGNATURE_ALGORITHMS[self.header["alg"]]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.header.get('alg')} {', '.join(sorted(self.claims))}>"


def sign_jwt(
    claims: Mapping[str, Any], key: SigningKey, *, typ: str | None = None, headers: Mapping[str, Any] | None = None
) -> str:
    """A JWT signed with a private key.

    :param claims: the claims.
    :param typ: the ``typ`` of the header, for example ``dpop+jwt``.
    :param headers: further header members, for example ``jwk``; one that is
        ``None`` is left out, so ``{"kid": None}`` makes a header without ``kid``.
    """
    return sign_under(encoded_header(key, typ=typ, headers=headers), claims, key)


def encoded_header(key: SigningKey, *, typ: str | None = None, headers: Mapping[str, Any] | None = None) -> bytes:
    """The first part of a JWT that :func:`sign_jwt` would make, for those who sign many under one header."""
    header = {"alg": key.algorithm, "typ": typ, "kid": key.kid, **(headers or {})}
    return encode_json({name: value for name, value in header.items() if value is not None})


def sign_under(header: bytes, claims: Mapping[str, Any], key: SigningKey) -> str:
    """A JWT under a header that :func:`encoded_header` made for the same key."""
    signing_input = header + b"." + encode_json(claims)
    return (signing_input + b"." + b64url_encode(key.sign(signing_input))).decode("ascii")


def sign_jwt_with_secret(claims: Mapping[str, Any], secret: str, algorithm: str, *, typ: str | None = None) -> str:
    """A JWT signed with the client secret.

    :param claims: the claims.
    :param secret: the client secret; its UTF-8 bytes are the key (OpenID Connect Core §10.1).
    :param algorithm: ``HS256``, ``HS384`` or ``HS512``.
    :param typ: the ``typ`` of the header.
    :raises ConfigurationError: the secret is shorter than the algorithm demands.
    """
    check_algorithms([algorithm], _HMAC_KEY_BYTES)
    signing_input = _signing_input({"alg": algorithm, "typ": typ}, claims)
    return (signing_input + b"." + b64url_encode(_mac(secret, algorithm, signing_input))).decode("ascii")


def verify_jwt(
    token: str,
    keys: KeySet,
    algorithms: Collection[str],
    *,
    secret: str | None = None,
    types: Collection[str] | None = PLAIN_TYPES,
) -> JWT:
    """Believe a signed JWT.  Looks at the signature and the header, not at the claims.

    :param token: a JWS in compact form.
    :param keys: the public keys of the server that should have signed it.
    :param algorithms: the algorithms that this client takes, always named.
    :param secret: the client secret; HS256, HS384 and HS512 are verified with it and nothing else.
    :param types: the ``typ`` values to accept, in lower case without
        ``application/``; the empty text stands for a header without ``typ``; ``None`` for any.
    :raises IDTokenError: with a code that begins with ``id_token_``.
    :raises ConfigurationError: an HMAC algorithm is in the list and there is no secret.
    """
    header, signing_input, payload, signature = _split(token)
    algorithm = _accepted_algorithm(header, algorithms)
    _check_type(header, types)
    if "crit" in header:
        # RFC 7515 §4.1.11: no extension is understood here, so none may be critical.
        raise IDTokenError("The JWT demands an extension", code="id_token_critical", got=shown(header["crit"]))
    if algorithm.symmetric:
        # RFC 8725 §3.1: never with a public key, and never with a symmetric key out of a JWK Set.
        valid = hmac.compare_digest(_mac(secret, algorithm.name, signing_input), signature)
    else:
        valid = keys.verifier(_key_id(header), algorithm.name)(signing_input, signature)
    if not valid:
        raise IDTokenError("The signature does not verify", code="id_token_signature", got=algorithm.name)
    return JWT(header, _decoded(payload, "claims"))


def unverified_jwt(token: str) -> JWT:
    """Header and claims of a JWT of which nothing was verified.

    For choosing whose keys to verify it with, and for reading back what was
    verified before it was stored.

    :raises IDTokenError: ``id_token_malformed``, or ``id_token_encryption`` for an encrypted one.
    """
    header, _, payload, _ = _split(token)
    return JWT(header, _decoded(payload, "claims"))


def shown(value: object) -> str:
    """A value of a JWT as an error may show it: short, on one line."""
    return repr(value)[:80]


def _signing_input(header: Mapping[str, Any], claims: Mapping[str, Any]) -> bytes:
    return (
        encode_json({name: value for name, value in header.items() if value is not None}) + b"." + encode_json(claims)
    )


def _mac(secret: str | None, algorithm: str, signing_input: bytes) -> bytes:
    key = (secret or "").encode("utf-8")
    if not key:
        raise ConfigurationError(f"{algorithm} needs the client secret", code="config_client_secret_missing")
    # RFC 7518 §3.2: a key of the same size as the hash output or larger MUST be used.
    if len(key) < _HMAC_KEY_BYTES[algorithm]:
        raise ConfigurationError(
            f"The client secret is too short for {algorithm}",
            code="config_key_invalid",
            expected=f"at least {_HMAC_KEY_BYTES[algorithm]} bytes",
            got=f"{len(key)} bytes",
        )
    return hmac.digest(key, signing_input, SIGNATURE_ALGORITHMS[algorithm].digest)


def _split(token: str) -> tuple[dict[str, Any], bytes, bytes, bytes]:
    """Header, signing input, payload (still encoded) and signature."""
    if not isinstance(token, str) or len(token) > JWT_LIMIT:
        raise _malformed("is not a text of reasonable length")
    segments = token.split(".")
    if len(segments) == 5:
        raise IDTokenError("The JWT is encrypted, which is not expected", code="id_token_encryption")
    if len(segments) != 3 or len(segments[0]) > HEADER_LIMIT:
        raise _malformed("does not have three parts")
    try:
        signing_input, _, signature = token.encode("ascii").rpartition(b".")
        header, _, payload = signing_input.partition(b".")
        return _decoded(header, "header"), signing_input, payload, b64url_decode(signature)
    except ValueError as error:
        raise _malformed("is not base64url") from error


def _decoded(segment: bytes, name: str) -> dict[str, Any]:
    try:
        return decode_json(b64url_decode(segment))
    except ValueError as error:
        raise _malformed(f"has no proper {name} ({error})") from error


def _malformed(reason: str) -> IDTokenError:
    return IDTokenError(f"The JWT {reason}", code="id_token_malformed")


def _accepted_algorithm(header: Mapping[str, Any], algorithms: Collection[str]) -> SignatureAlgorithm:
    name = header.get("alg")
    algorithm = SIGNATURE_ALGORITHMS.get(name) if isinstance(name, str) else None
    if algorithm is None or isinstance(algorithms, str) or algorithm.name not in algorithms:
        raise IDTokenError(
            "The JWT is not signed with an algorithm that this client takes",
            code="id_token_algorithm",
            expected=" ".join(algorithms),
            got=shown(name),
        )
    return algorithm


def _check_type(header: Mapping[str, Any], types: Collection[str] | None) -> None:
    if types is None:
        return
    typ = header.get("typ", "")
    # RFC 7515 §4.1.9: "application/" may be left out; RFC 2045 §5.1: media types have no letter case.
    if not isinstance(typ, str) or typ.lower().removeprefix("application/") not in types:
        raise IDTokenError(
            "The JWT is of another kind",
            code="id_token_type",
            expected=" or ".join(filter(None, types)),
            got=shown(typ),
        )


def _key_id(header: Mapping[str, Any]) -> str | None:
    kid = header.get("kid")
    if kid is not None and not isinstance(kid, str):
        raise _malformed("has a kid that is not text")
    return kid
