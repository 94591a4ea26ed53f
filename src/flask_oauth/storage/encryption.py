"""Sealing with a key ring: AES-256-GCM (NIST SP 800-38D), keys derived with HKDF (RFC 5869).

The layout of sealed bytes, 45 more than what is sealed::

    1 byte   1, the layout
    4 bytes  key id: which key of the ring opens it
    12 bytes salt: HMAC-SHA-256(key, layout ‖ salt) is the key this was sealed with
    12 bytes nonce
    …        ciphertext
    16 bytes tag

Each process picks its own salt, and another one after some million messages.  SP 800-38D §8.3 sets a limit of 2³²
messages for random nonces under one key; a hundred million users with hourly refreshes would pass it in two days.
"""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
import hmac
import itertools
import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from ..error_codes import ErrorCode
from ..errors import ConfigurationError, StoreError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_LAYOUT = b"\x01"
_KEY_ID, _SALT, _NONCE, _TAG = 4, 12, 12, 16
_HEAD = 1 + _KEY_ID
_BODY = _HEAD + _SALT + _NONCE
KEY_BYTES = 32
_MESSAGES_A_SALT = 2**24  # so that 256 workers forked from one process still stay under 2³²
_SALTS_KEPT = 256


class KeyNotInRingError(StoreError):
    """Sealed with a key that is not in the ring."""

    default_code: ErrorCode = "store_sealed"


class SealBrokenError(StoreError):
    """The key is right, but the sealed bytes or what was bound to them differ from what was sealed."""

    default_code: ErrorCode = "store_sealed"


class KeyRing:
    """Keys for sealing: the first one seals, all of them open.  Immutable and safe to share between threads.

    :param keys: 32 bytes each, or the same as base64url text.
    :raises ConfigurationError: ``config_encryption_key``; there is no key, or one is malformed.
    """

    __slots__ = ("_cipher", "_current", "_keys", "_sealer")

    def __init__(self, keys: Iterable[bytes | str]) -> None:
        parsed = [_parse_key(key, place) for place, key in enumerate(keys)]
        if not parsed:
            raise ConfigurationError("There is no encryption key.", code="config_encryption_key")
        # The first of two keys with one id wins; equal keys are the only likely case.
        self._keys = {_key_id(key): key for key in reversed(parsed)}
        self._current = _key_id(parsed[0])
        self._cipher: Callable[[bytes, bytes], AESGCM] = functools.lru_cache(_SALTS_KEPT)(_derived_cipher)
        self._sealer: _Sealer | None = None

    @classmethod
    def derive(cls, secret_keys: Iterable[str | bytes], purpose: str) -> KeyRing:
        """A ring whose keys are derived from an application's secret keys, with HKDF-SHA-256 (RFC 5869).

        :param secret_keys: ``SECRET_KEY`` first, then ``SECRET_KEY_FALLBACKS``; empty ones are left out.
        :param purpose: a label, so that rings for different uses have different keys.
        :raises ConfigurationError: ``config_no_secret_key``; there is none.
        """
        secrets = [key.encode() if isinstance(key, str) else bytes(key) for key in secret_keys if key]
        if not secrets:
            raise ConfigurationError("The application has no SECRET_KEY.", code="config_no_secret_key")
        return cls(_hkdf(secret, f"flask-oauth {purpose}".encode()) for secret in secrets)

    @staticmethod
    def new_key() -> str:
        """A new random key as base64url text, as ``OAUTH_ENCRYPTION_KEYS`` takes it."""
        return base64.urlsafe_b64encode(os.urandom(KEY_BYTES)).decode()

    def with_fallbacks(self, other: KeyRing) -> KeyRing:
        """A ring that seals as this one does and opens what either opens."""
        own = [self._keys[self._current]] + [key for name, key in self._keys.items() if name != self._current]
        return KeyRing([*own, *other._keys.values()])

    @property
    def key_ids(self) -> tuple[str, ...]:
        """Short names of the keys (a part of a hash, no secret); the one that seals comes first."""
        return tuple(sorted((name.hex() for name in self._keys), key=lambda name: name != self._current.hex()))

    def seal(self, plaintext: bytes, associated: bytes) -> bytes:
        """Encrypt and authenticate; ``associated`` is authenticated too and must be the same when opening."""
        sealer = self._sealer
        if sealer is None or next(sealer.count) >= _MESSAGES_A_SALT:
            sealer = self._sealer = self._new_sealer()
        nonce = os.urandom(_NONCE)
        return sealer.head + nonce + sealer.cipher.encrypt(nonce, plaintext, associated)

    def open(self, sealed: bytes, associated: bytes) -> bytes:
        """What was sealed.

        :raises KeyNotInRingError: no key of the ring has sealed it.
        :raises SealBrokenError: it was changed, cut, or belongs to something else than ``associated``.
        """
        if len(sealed) < _BODY + _TAG or sealed[:1] != _LAYOUT:
            raise SealBrokenError("These bytes are not sealed data.")
        key = self._keys.get(sealed[1:_HEAD])
        if key is None:
            raise KeyNotInRingError(
                "Sealed with a key that is not in the key ring.",
                expected=", ".join(self.key_ids),
                got=sealed[1:_HEAD].hex(),
            )
        try:
            cipher = self._cipher(key, sealed[_HEAD : _HEAD + _SALT])
            return cipher.decrypt(sealed[_HEAD + _SALT : _BODY], sealed[_BODY:], associated)
        except _invalid_tag():
            raise SealBrokenError("Sealed data was changed, or moved from where it belongs.") from None

    def is_current(self, sealed: bytes) -> bool:
        """Whether these bytes name the key that seals now; if not, they are to be sealed anew."""
        return sealed[:_HEAD] == _LAYOUT + self._current

    def _new_sealer(self) -> _Sealer:
        salt = os.urandom(_SALT)
        return _Sealer(_LAYOUT + self._current + salt, self._cipher(self._keys[self._current], salt))

    def __repr__(self) -> str:
        return f"<KeyRing {' '.join(self.key_ids)}>"


def _parse_key(key: bytes | str, place: int) -> bytes:
    try:
        value = base64.urlsafe_b64decode(key + "=" * (-len(key) % 4)) if isinstance(key, str) else bytes(key)
    except (ValueError, binascii.Error):
        value = b""
    if len(value) != KEY_BYTES:
        raise ConfigurationError(
            f"Encryption key {place + 1} is malformed.",
            code="config_encryption_key",
            expected="32 bytes, or the same as base64url text",
            got=f"{type(key).__name__} of length {len(key)}",
        )
    return value


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"flask-oauth key id" + key).digest()[:_KEY_ID]


def _hkdf(secret: bytes, info: bytes) -> bytes:
    """HKDF with SHA-256, no salt, one block of output (RFC 5869 §2.2, §2.3)."""
    pseudorandom_key = hmac.digest(bytes(32), secret, "sha256")
    return hmac.digest(pseudorandom_key, info + b"\x01", "sha256")


class _Sealer:
    """The key that this process seals with at present."""

    __slots__ = ("cipher", "count", "head")

    def __init__(self, head: bytes, cipher: AESGCM) -> None:
        self.head = head
        self.cipher = cipher
        self.count = itertools.count()


def _derived_cipher(key: bytes, salt: bytes) -> AESGCM:
    return _aesgcm()(hmac.digest(key, _LAYOUT + salt, "sha256"))


# Imported at the first use: `import flask_oauth` must stay quick.
@functools.cache
def _aesgcm() -> type[AESGCM]:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM


@functools.cache
def _invalid_tag() -> type[Exception]:
    from cryptography.exceptions import InvalidTag

    return InvalidTag
