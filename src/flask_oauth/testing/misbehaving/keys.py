"""The provider's keys, and signatures that no honest provider makes.

A right signature is made with :mod:`flask_oauth.protocol.jose`; what that
refuses to make (``none``, DER, RSA1_5, small keys …) is made by hand here.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Final

from ...protocol.jose import DecryptionKey, SigningKey, load_decryption_key, load_signing_key

Claims = Mapping[str, Any]


def encode(data: bytes) -> str:
    """base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes:
    """The reverse of :func:`encode`."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def half_hash(value: str, algorithm: str) -> str:
    """``at_hash`` and its kin (OpenID Connect Core §3.1.3.6)."""
    digest = {"256": "sha256", "384": "sha384"}.get(algorithm[-3:], "sha512")
    whole = hashlib.new(digest, value.encode()).digest()
    return encode(whole[: len(whole) // 2])


class Keys:
    """One generation of the provider's keys, each made when it is first needed.

    :param generation: tells the key ids of one generation from those of the next.
    """

    def __init__(self, generation: int = 1) -> None:
        self.generation = generation

    @cached_property
    def rsa(self) -> SigningKey:
        """For RS256; the one that is used unless another algorithm is registered."""
        return new_key("RS256", f"rsa-{self.generation}")

    @cached_property
    def ec(self) -> SigningKey:
        """For ES256."""
        return new_key("ES256", f"ec-{self.generation}")

    @cached_property
    def stranger(self) -> SigningKey:
        """A key that is not the provider's, under the key id of the one that is."""
        return new_key("RS256", self.rsa.kid)

    def for_algorithm(self, algorithm: str) -> SigningKey:
        """The key for an algorithm that has a key pair."""
        if algorithm.startswith("ES"):
            return self.ec
        if algorithm == self.rsa.algorithm:
            return self.rsa
        return load_signing_key(self.rsa.private_jwk() | {"alg": algorithm}, algorithm=algorithm)

    def jwks(self) -> dict[str, Any]:
        """The public keys, without ``alg``, so that only the client's own choice of algorithm counts."""
        return {"keys": [published(self.rsa), published(self.ec)]}


def published(key: SigningKey, **changes: Any) -> dict[str, Any]:
    """A public key as a JWK Set shows it."""
    jwk = {**key.public_jwk(bare=True), "kid": key.kid, "use": "sig", **changes}
    return {name: value for name, value in jwk.items() if value is not None}


def new_key(algorithm: str, kid: str) -> SigningKey:
    """A new private key; RSA with 2048 bits, as tests want it quickly."""
    return load_signing_key(_generate(algorithm), algorithm=algorithm, kid=kid)


def new_client_key() -> DecryptionKey:
    """A new private key for the client to decrypt with."""
    return load_decryption_key(_generate("RS256"), algorithm="RSA-OAEP-256", kid="client-1")


def _generate(algorithm: str) -> dict[str, Any]:
    from joserfc.jwk import JWKRegistry

    kind, size = ("EC", "P-256") if algorithm.startswith("ES") else ("RSA", 2048)
    return dict(JWKRegistry.generate_key(kind, size).as_dict(private=True))


# -- by hand --------------------------------------------------------------------------------------------------


def by_hand(header: Mapping[str, Any], claims: Claims, sign: Callable[[bytes], bytes]) -> str:
    """A JWS in compact form with any header and any signature."""
    signing_input = ".".join(encode(json.dumps(part).encode()) for part in (dict(header), dict(claims)))
    return f"{signing_input}.{encode(sign(signing_input.encode()))}"


def with_header(key: SigningKey, claims: Claims, **header: Any) -> str:
    """A right signature under a header with further or other members; ``None`` leaves one out."""
    members = {"alg": key.algorithm, "kid": key.kid, **header}
    return by_hand({name: value for name, value in members.items() if value is not None}, claims, key.sign)


def unsigned(claims: Claims, algorithm: str) -> str:
    """A JWT that says ``none`` and has no signature."""
    return by_hand({"alg": algorithm}, claims, lambda signing_input: b"")


def with_hmac(claims: Claims, secret: bytes, **header: Any) -> str:
    """HS256 under any bytes as the key."""
    return by_hand({"alg": "HS256", **header}, claims, lambda data: hmac.digest(secret, data, "sha256"))


def public_pem(key: SigningKey) -> bytes:
    """The public key as PEM: what a careless client would take for a shared secret."""
    pem: bytes = key.native.as_pem(private=False)  # type: ignore[union-attr]
    return pem


def spoilt(token: str) -> str:
    """The token with one bit of its signature turned over."""
    head, _, signature = token.rpartition(".")
    raw = bytearray(decode(signature))
    raw[len(raw) // 2] ^= 1
    return f"{head}.{encode(bytes(raw))}"


def with_payload_of(token: str, claims: Claims) -> str:
    """The token's header and signature around other claims."""
    header, _, signature = token.split(".")
    return f"{header}.{encode(json.dumps(dict(claims)).encode())}.{signature}"


def der_signature(key: SigningKey, data: bytes) -> bytes:
    """An ECDSA signature in the form of X.509, which JWS does not use (RFC 7518 §3.4)."""
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    raw = key.sign(data)
    half = len(raw) // 2
    return encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))


class WeakKey:
    """An RSA key of 1024 bits (RFC 7518 §3.3 wants 2048)."""

    kid: Final = "weak-1"

    def __init__(self) -> None:
        from cryptography.hazmat.primitives.asymmetric import rsa

        self._key = rsa.generate_private_key(65537, 1024)  # noqa: S505 - weak is the point

    def jwk(self) -> dict[str, Any]:
        """The public key."""
        numbers = self._key.public_key().public_numbers()
        modulus, exponent = numbers.n.to_bytes(128, "big"), numbers.e.to_bytes(3, "big")
        return {"kty": "RSA", "kid": self.kid, "use": "sig", "n": encode(modulus), "e": encode(exponent)}

    def sign(self, data: bytes) -> bytes:
        """RS256."""
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        return self._key.sign(data, PKCS1v15(), SHA256())


def encrypted(text: str, key: DecryptionKey, **header: Any) -> str:
    """A JWE of RSA-OAEP-256 and A128CBC-HS256 under a header with further or other members.

    ``zip`` compresses, and ``alg="RSA1_5"`` uses that padding.
    """
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.padding import PKCS7

    members = {"alg": "RSA-OAEP-256", "enc": "A128CBC-HS256", "cty": "JWT", "kid": key.kid, **header}
    protected = encode(json.dumps(members).encode())
    content_key, vector = os.urandom(32), os.urandom(16)
    padder = PKCS7(128).padder()
    padded = padder.update(_compressed(text.encode()) if "zip" in members else text.encode()) + padder.finalize()
    cipher = Cipher(algorithms.AES(content_key[16:]), modes.CBC(vector)).encryptor()
    content = cipher.update(padded) + cipher.finalize()
    length = (len(protected) * 8).to_bytes(8, "big")
    tag = hmac.digest(content_key[:16], protected.encode() + vector + content + length, "sha256")[:16]
    wrapped = _wrapped(content_key, key, members["alg"])
    return ".".join([protected, *(encode(part) for part in (wrapped, vector, content, tag))])


def _compressed(data: bytes) -> bytes:
    import zlib

    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return deflate.compress(data) + deflate.flush()


def _wrapped(content_key: bytes, key: DecryptionKey, algorithm: str) -> bytes:
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    from cryptography.hazmat.primitives.hashes import SHA256

    jwk = key.public_jwk(bare=True)
    numbers = rsa.RSAPublicNumbers(*(int.from_bytes(decode(jwk[name]), "big") for name in ("e", "n")))
    public = numbers.public_key()
    if algorithm == "RSA1_5":
        return public.encrypt(content_key, padding.PKCS1v15())
    return public.encrypt(content_key, padding.OAEP(padding.MGF1(SHA256()), SHA256(), None))
