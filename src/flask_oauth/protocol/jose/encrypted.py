"""Encrypted JWTs: opened with our private keys or with keys made from the client secret; made for the server's keys.

Sections enforced here: RFC 7516 §5.2; RFC 7518 §4; OpenID Connect Core §10.2, §16.14;
RFC 8725 §3.2 (no RSA1_5), §3.6 (no compression).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from ...errors import ConfigurationError, IDTokenError
from .algorithms import CONTENT_ENCRYPTION_ALGORITHMS, KEY_MANAGEMENT_ALGORITHMS, check_algorithms
from .coding import b64url_decode, b64url_encode, decode_json
from .fitness import DECRYPT, unfit
from .key_set import KeySet
from .private_keys import DecryptionKey, public_members
from .signed import HEADER_LIMIT, JWT_LIMIT, shown

if TYPE_CHECKING:
    from joserfc.jwe import JWERegistry
    from joserfc.jwk import Key, OctKey

_WRAPPING_KEY_BITS: Final = {"A128KW": 128, "A192KW": 192, "A256KW": 256}


def is_encrypted(token: str) -> bool:
    """Whether a token has the five parts of an encrypted JWT."""
    return token.count(".") == 4


def decrypt_jwt(
    token: str,
    keys: Sequence[DecryptionKey],
    algorithms: Collection[str],
    encodings: Collection[str],
    *,
    secret: str | None = None,
) -> str:
    """The text inside an encrypted JWT; most often a signed JWT that is yet to be verified.

    :param token: a JWE in compact form.
    :param keys: our private keys; the header's ``kid`` chooses, else those that fit are tried in order.
    :param algorithms: the key management algorithms that this client takes (``alg``).
    :param encodings: the content encryption algorithms that this client takes (``enc``).
    :param secret: the client secret, from which the symmetric algorithms make their key (Core §10.2).
    :raises IDTokenError: ``id_token_encryption``.
    """
    header = _header(token)
    algorithm, encoding = _accepted(header, algorithms, encodings)
    for key in _decryption_keys(header, algorithm, encoding, keys, secret):
        plaintext = _opened(token, key, algorithm, encoding)
        if plaintext is not None:
            return plaintext
    raise _refused("cannot be opened with any of our keys", got=shown(header.get("kid")))


def encrypt_jwt(
    text: str, keys: KeySet, algorithm: str, encoding: str, *, secret: str | None = None, nested: bool = True
) -> str:
    """Encrypt a text, most often a signed JWT, for the server.

    :param text: what to encrypt.
    :param keys: the server's public keys, of which the first that fits is used.
    :param algorithm: a key management algorithm (``alg``).
    :param encoding: a content encryption algorithm (``enc``).
    :param secret: the client secret, for the symmetric algorithms (Core §10.2).
    :param nested: whether the text is a JWT itself (``cty``, RFC 7519 §5.2).
    :raises ConfigurationError: an unknown algorithm, or the secret it needs is missing.
    :raises MetadataError: the server publishes no key that fits.
    """
    from joserfc.jwe import encrypt_compact

    check_algorithms([algorithm], KEY_MANAGEMENT_ALGORITHMS)
    check_algorithms([encoding], CONTENT_ENCRYPTION_ALGORITHMS)
    header: dict[str, Any] = {"alg": algorithm, "enc": encoding, **({"cty": "JWT"} if nested else {})}
    key: Key
    if "oct" in KEY_MANAGEMENT_ALGORITHMS[algorithm]:
        key = _secret_key(secret, algorithm, encoding)
    else:
        chosen = keys.encryption_key(algorithm)
        key = chosen.parsed()
        if isinstance(chosen.kid, str):
            header["kid"] = chosen.kid
    return encrypt_compact(header, text, key, registry=_registry(algorithm, encoding))


def _header(token: str) -> dict[str, Any]:
    first = token.partition(".")[0]
    if not is_encrypted(token):
        # OpenID Connect Core §3.1.3.7: encryption was negotiated, so a plain token SHOULD be rejected.
        raise _refused("is not encrypted")
    if len(token) > JWT_LIMIT or len(first) > HEADER_LIMIT:
        raise _refused("is too long")
    try:
        return decode_json(b64url_decode(first.encode("ascii")))
    except ValueError as error:
        raise _refused(f"has no proper header ({error})") from error


def _accepted(header: Mapping[str, Any], algorithms: Collection[str], encodings: Collection[str]) -> tuple[str, str]:
    algorithm = _known(header, "alg", KEY_MANAGEMENT_ALGORITHMS, algorithms)
    encoding = _known(header, "enc", CONTENT_ENCRYPTION_ALGORITHMS, encodings)
    # RFC 8725 §3.6: compressed plaintext leaks, and may be a bomb.
    for member in ("zip", "crit"):
        if member in header:
            raise _refused(f"has a header with {member}", got=shown(header[member]))
    return algorithm, encoding


def _known(header: Mapping[str, Any], member: str, table: Collection[str], wanted: Collection[str]) -> str:
    name = header.get(member)
    if not isinstance(name, str) or name not in table or name not in wanted:
        raise _refused(f"has an {member} that this client does not take", expected=" ".join(wanted), got=shown(name))
    return name


def _decryption_keys(
    header: Mapping[str, Any], algorithm: str, encoding: str, keys: Sequence[DecryptionKey], secret: str | None
) -> list[Key]:
    if "oct" in KEY_MANAGEMENT_ALGORITHMS[algorithm]:
        return [_secret_key(secret, algorithm, encoding)]
    named = [key for key in keys if key.kid == header.get("kid")] or list(keys)
    return [key.native for key in named if not unfit(public_members(key.native), algorithm, DECRYPT)]


def _opened(token: str, key: Key, algorithm: str, encoding: str) -> str | None:
    from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
    from joserfc.errors import JoseError
    from joserfc.jwe import decrypt_compact

    try:
        plaintext = decrypt_compact(token, key, registry=_registry(algorithm, encoding)).plaintext
    except (
        JoseError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        AssertionError,
        InvalidTag,
        UnsupportedAlgorithm,
    ):
        # Which step failed is nobody's business (RFC 7516 §11.5).
        return None
    return None if plaintext is None else plaintext.decode("utf-8", "replace")


def _registry(algorithm: str, encoding: str) -> JWERegistry:
    from joserfc.jwe import JWERegistry

    registry = JWERegistry(algorithms=[algorithm, encoding], strict_check_header=False)
    registry.max_protected_header_length = HEADER_LIMIT
    registry.max_ciphertext_length = JWT_LIMIT
    return registry


def _secret_key(secret: str | None, algorithm: str, encoding: str) -> OctKey:
    """The symmetric key that Core §10.2 makes from the client secret."""
    from joserfc.jwk import OctKey

    if not secret:
        raise ConfigurationError(f"{algorithm} needs the client secret", code="config_client_secret_missing")
    bits = _WRAPPING_KEY_BITS.get(algorithm) or CONTENT_ENCRYPTION_ALGORITHMS[encoding]
    digest = "sha256" if bits <= 256 else "sha384" if bits <= 384 else "sha512"
    key = hashlib.new(digest, secret.encode("utf-8")).digest()[: bits // 8]
    return OctKey.import_key({"kty": "oct", "k": b64url_encode(key).decode("ascii")})


def _refused(reason: str, *, expected: object = None, got: object = None) -> IDTokenError:
    return IDTokenError(f"The JWT {reason}", code="id_token_encryption", expected=expected, got=got)
