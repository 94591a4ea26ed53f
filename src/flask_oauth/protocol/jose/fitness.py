"""Whether a key may be used for a purpose, by what the key says about itself.

Sections enforced here: RFC 7517 §4.1 to §4.4; RFC 7518 §3.3 to §3.5, §4.3, §6;
RFC 8037 §2; RFC 8725 §3.1 (a key is used with one algorithm), §3.5 (key sizes).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from .algorithms import KEY_MANAGEMENT_ALGORITHMS, SIGNATURE_ALGORITHMS
from .coding import b64url_decode

#: RFC 7518 §3.3: 2048 bits or larger MUST be used.  The upper bound keeps a hostile key from costing seconds.
RSA_BITS: Final = range(2048, 8193)
#: The members that make up a public key; the ones RFC 7638 §3.2 hashes.
PUBLIC_MEMBERS: Final = {"RSA": ("kty", "n", "e"), "EC": ("kty", "crv", "x", "y"), "OKP": ("kty", "crv", "x")}
_AGREEMENT_CURVES: Final = ("P-256", "P-384", "P-521", "X25519")


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a key is wanted for.

    :param use: the JWK ``use`` that allows it.
    :param operations: the JWK ``key_ops`` of which one must be there.
    """

    use: str
    operations: frozenset[str]


VERIFY: Final = Purpose("sig", frozenset({"verify"}))
SIGN: Final = Purpose("sig", frozenset({"sign"}))
ENCRYPT: Final = Purpose("enc", frozenset({"encrypt", "wrapKey", "deriveKey", "deriveBits"}))
DECRYPT: Final = Purpose("enc", frozenset({"decrypt", "unwrapKey", "deriveKey", "deriveBits"}))


def unfit(jwk: Mapping[str, Any], algorithm: str, purpose: Purpose) -> str | None:
    """Why a key may not be used with an algorithm for a purpose; ``None`` if it may.

    :param jwk: the key's members.
    :param algorithm: the name of an algorithm in one of the tables.
    """
    return _wrong_kind(jwk, algorithm) or _wrong_label(jwk, algorithm, purpose) or wrong_size(jwk)


def _wrong_kind(jwk: Mapping[str, Any], algorithm: str) -> str | None:
    signature = SIGNATURE_ALGORITHMS.get(algorithm)
    types = (signature.key_type,) if signature else KEY_MANAGEMENT_ALGORITHMS[algorithm]
    if jwk.get("kty") not in types:
        return f"is not of type {' or '.join(types)}"
    curves = (signature.curve,) if signature else _AGREEMENT_CURVES
    if jwk["kty"] in ("EC", "OKP") and jwk.get("crv") not in curves:
        return f"is not on a curve of {algorithm}"
    return None


def _wrong_label(jwk: Mapping[str, Any], algorithm: str, purpose: Purpose) -> str | None:
    if jwk.get("use", purpose.use) != purpose.use:
        return f"is not for use={purpose.use}"
    operations = jwk.get("key_ops", list(purpose.operations))
    if not isinstance(operations, list) or not any(one in operations for one in purpose.operations):
        return f"is not for key_ops {', '.join(sorted(purpose.operations))}"
    # RFC 9864 §2.2: EdDSA on the curve Ed25519 and Ed25519 are one algorithm under two names.
    alike = ("EdDSA", "Ed25519") if algorithm in ("EdDSA", "Ed25519") else (algorithm,)
    if jwk.get("alg", algorithm) not in alike:
        return f"is not for the algorithm {algorithm}"
    return None


def wrong_size(jwk: Mapping[str, Any]) -> str | None:
    """Why an RSA key's size is wrong; ``None`` for a right one and for every other kind of key."""
    if jwk.get("kty") != "RSA":
        return None
    try:
        bits = int.from_bytes(b64url_decode(jwk["n"].encode("ascii")), "big").bit_length()
    except (ValueError, KeyError, AttributeError):
        return "has no readable modulus"
    return None if bits in RSA_BITS else f"has {bits} bits, not {RSA_BITS.start} to {RSA_BITS.stop - 1}"
