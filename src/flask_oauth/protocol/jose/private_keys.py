"""Our own keys: to sign with (client assertions, request objects, DPoP) and to decrypt with.

A key is read once, checked once, and bound to one algorithm.

Sections enforced here: RFC 7517 §4, §9.2; RFC 7638; RFC 8725 §3.1 and §3.5.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from ...errors import ConfigurationError
from ..http import json_object
from .algorithms import ASYMMETRIC_ALGORITHMS, KEY_MANAGEMENT_ALGORITHMS, SIGNATURE_ALGORITHMS, check_algorithms
from .fitness import DECRYPT, PUBLIC_MEMBERS, SIGN, Purpose, unfit, wrong_size

if TYPE_CHECKING:
    from joserfc.jwk import Key

KeySource = str | bytes | Mapping[str, Any]

_PRIVATE_MEMBERS: Final = ("d", "p", "q", "dp", "dq", "qi")
_CURVE_ALGORITHMS: Final = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "Ed25519": "EdDSA"}
_DECRYPTION_ALGORITHMS: Final = tuple(name for name, types in KEY_MANAGEMENT_ALGORITHMS.items() if "oct" not in types)
#: The size of a new RSA key; NIST SP 800-57 wants this much beyond 2030.
_NEW_RSA_BITS: Final = 3072


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class PrivateKey:
    """A private key of ours, parsed.

    :param algorithm: the one algorithm it is used with.
    :param kid: its key id.
    :param native: the key as joserfc holds it.
    """

    algorithm: str
    kid: str
    native: Key

    @property
    def key_type(self) -> str:
        """``RSA``, ``EC`` or ``OKP``."""
        return self.native.key_type

    def thumbprint(self) -> str:
        """The SHA-256 thumbprint of the public key (RFC 7638), base64url."""
        return self.native.thumbprint()

    def public_jwk(self, *, bare: bool = False) -> dict[str, str]:
        """The public key as a JWK.

        :param bare: only the members that make up the key, as DPoP's ``jwk`` header wants it (RFC 9449 §4.2).
        """
        members = public_members(self.native)
        return members if bare else {**members, **self._labels()}

    def private_jwk(self) -> dict[str, Any]:
        """The private key itself as a JWK: for a file that only its owner can read, never for a log."""
        return {**self.native.as_dict(private=True), **self._labels()}

    def private_pem(self) -> str:
        """The private key itself as PEM (PKCS #8): for a file that only its owner can read, never for a log."""
        from joserfc.jwk import OctKey

        assert not isinstance(self.native, OctKey)
        return self.native.as_pem(private=True).decode("ascii")

    def _labels(self) -> dict[str, str]:
        use = "sig" if self.algorithm in SIGNATURE_ALGORITHMS else "enc"
        return {"kid": self.kid, "use": use, "alg": self.algorithm}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.key_type} {self.algorithm} kid={self.kid!r}>"


class SigningKey(PrivateKey):
    """A private key to sign with."""

    __slots__ = ()

    def sign(self, signing_input: bytes) -> bytes:
        """The signature as JWS has it (for EC: r and s one after the other, RFC 7518 §3.4)."""
        if self.native.key_type == "EC":
            return _ecdsa_signer(self)(signing_input)
        from joserfc.jws import JWSRegistry

        return JWSRegistry.algorithms[self.algorithm].sign(signing_input, self.native)


@lru_cache(maxsize=1024)
def _ecdsa_signer(key: SigningKey) -> Callable[[bytes], bytes]:
    """Signs by cryptography directly, as each DPoP call waits for it; joserfc takes half as long again."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    native: Any = key.native
    in_der, size = native.private_key.sign, (native.curve_key_size + 7) // 8
    algorithm = ECDSA(getattr(hashes, SIGNATURE_ALGORITHMS[key.algorithm].digest.upper())())

    def sign(signing_input: bytes) -> bytes:
        r, s = decode_dss_signature(in_der(signing_input, algorithm))
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")

    return sign


class DecryptionKey(PrivateKey):
    """A private key to decrypt with."""

    __slots__ = ()


def load_signing_key(source: KeySource, *, algorithm: str | None = None, kid: str | None = None) -> SigningKey:
    """Read a private key for signatures.

    :param source: PEM text, a JWK as a mapping, or a JWK as JSON text.
    :param algorithm: a JWS algorithm; by default the JWK's ``alg``, else RS256 for RSA, else the curve's.
    :param kid: the key id; by default the JWK's ``kid``, else the thumbprint (RFC 7638).
    :raises ConfigurationError: not a private key, too small, or not for that algorithm.
    """
    labels, key = _read(source)
    name = algorithm or labels.get("alg") or _signature_algorithm(key)
    check_algorithms([name], ASYMMETRIC_ALGORITHMS)
    return SigningKey(name, _checked_kid(kid, labels, key, name, SIGN), key)


def load_decryption_key(source: KeySource, *, algorithm: str | None = None, kid: str | None = None) -> DecryptionKey:
    """Read a private key for decryption.

    :param source: PEM text, a JWK as a mapping, or a JWK as JSON text.
    :param algorithm: a JWE algorithm; by default the JWK's ``alg``, else RSA-OAEP-256 for RSA and ECDH-ES otherwise.
    :param kid: the key id; by default the JWK's ``kid``, else the thumbprint (RFC 7638).
    :raises ConfigurationError: not a private key, too small, or not for that algorithm.
    """
    labels, key = _read(source)
    name = algorithm or labels.get("alg") or ("RSA-OAEP-256" if key.key_type == "RSA" else "ECDH-ES")
    check_algorithms([name], _DECRYPTION_ALGORITHMS)
    return DecryptionKey(name, _checked_kid(kid, labels, key, name, DECRYPT), key)


def generate_signing_key(algorithm: str = "ES256", *, kid: str | None = None) -> SigningKey:
    """A new private key.

    :param algorithm: the JWS algorithm it is for.
    :param kid: the key id; by default the thumbprint (RFC 7638).
    :raises ConfigurationError: no such algorithm, or one that has no key pair.
    """
    from joserfc.jwk import JWKRegistry

    check_algorithms([algorithm], ASYMMETRIC_ALGORITHMS)
    row = SIGNATURE_ALGORITHMS[algorithm]
    key = JWKRegistry.generate_key(row.key_type, row.curve or _NEW_RSA_BITS)
    return SigningKey(algorithm, kid or key.thumbprint(), key)


def public_members(key: Key) -> dict[str, str]:
    """The members that make up a public key, and no others."""
    jwk = key.as_dict(private=False)
    return {name: str(jwk[name]) for name in PUBLIC_MEMBERS[key.key_type]}


def import_members(jwk: Mapping[str, Any], names: tuple[str, ...]) -> Key:
    """A key parsed from some of a JWK's members, so that the others cannot matter.

    :raises ValueError: they do not make up a key (a point off its curve, say).
    """
    from joserfc.errors import JoseError
    from joserfc.jwk import JWKRegistry

    try:
        return JWKRegistry.import_key({name: jwk[name] for name in names if name in jwk})
    except (JoseError, ValueError, TypeError, KeyError, OverflowError) as error:
        # Without its cause: the exception of a parser may hold what it parsed.
        raise ValueError(f"not a key ({type(error).__name__})") from None


def _read(source: KeySource) -> tuple[dict[str, Any], Key]:
    """What a key says about itself (nothing, if it is a PEM), and the key."""
    if isinstance(source, Mapping):
        return dict(source), _from_jwk(source)
    text = (source.decode("utf-8", "replace") if isinstance(source, bytes) else source).strip()
    if not text.startswith("{"):
        return {}, _from_pem(text)
    try:
        jwk = json_object(text)
    except Exception:
        # Without its cause: the exception of a JSON parser holds the whole text, which is the key.
        raise _refused("is not a JWK") from None
    return jwk, _from_jwk(jwk)


def _from_jwk(jwk: Mapping[str, Any]) -> Key:
    kind = jwk.get("kty")
    if not isinstance(kind, str) or kind not in PUBLIC_MEMBERS or "d" not in jwk:
        raise _refused("is not a private key")
    if reason := wrong_size(jwk):
        raise _refused(reason)
    try:
        return import_members(jwk, PUBLIC_MEMBERS[kind] + _PRIVATE_MEMBERS)
    except ValueError as error:
        raise _refused(f"cannot be read: {error}") from None


def _from_pem(text: str) -> Key:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from joserfc.jwk import ECKey, OKPKey, RSAKey

    try:
        native = load_pem_private_key(text.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        # TypeError is how cryptography says that a password is needed.
        raise _refused(f"cannot be read as a PEM private key ({type(error).__name__})") from None
    if isinstance(native, RSAPrivateKey) and native.key_size < 2048:
        # Before joserfc sees it, which would only warn.
        raise _refused(f"has {native.key_size} bits, not 2048 or more")
    for family in (RSAKey, ECKey, OKPKey):
        if family.binding.check_cryptography_key(native):  # pyright: ignore[reportAttributeAccessIssue]
            return family.import_key(native)  # type: ignore[arg-type]
    raise _refused(f"is neither RSA, EC nor OKP but {type(native).__name__}")


def _signature_algorithm(key: Key) -> str:
    return "RS256" if key.key_type == "RSA" else _CURVE_ALGORITHMS.get(public_members(key)["crv"], "")


def _checked_kid(kid: str | None, labels: Mapping[str, Any], key: Key, algorithm: str, purpose: Purpose) -> str:
    if reason := unfit({**labels, **public_members(key)}, algorithm, purpose):
        raise _refused(reason)
    name = kid or labels.get("kid") or key.thumbprint()
    if not isinstance(name, str):
        raise _refused("has a kid that is not text")
    return name


def _refused(reason: str) -> ConfigurationError:
    return ConfigurationError(f"The key {reason}", code="config_key_invalid")
