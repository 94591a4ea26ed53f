"""The key ring: AES-256-GCM, HKDF, rotation, and errors that tell a wrong key from a broken seal."""

from __future__ import annotations

import base64
import hmac
import os
import threading

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from flask_oauth.errors import ConfigurationError, StoreError
from flask_oauth.storage import KeyNotInRingError, KeyRing, SealBrokenError
from flask_oauth.storage import encryption as module

OLD, NEW = KeyRing.new_key(), KeyRing.new_key()
SAMPLE = KeyRing([NEW]).seal(b"a secret", b"record")


@given(st.binary(max_size=3000), st.binary(max_size=200))
def test_opens_what_it_sealed(plaintext: bytes, associated: bytes) -> None:
    ring = KeyRing([NEW])
    sealed = ring.seal(plaintext, associated)
    assert ring.open(sealed, associated) == plaintext
    assert len(sealed) == len(plaintext) + 45


def test_is_aes_256_gcm_as_documented() -> None:
    layout, salt, nonce, body = SAMPLE[:1], SAMPLE[5:17], SAMPLE[17:29], SAMPLE[29:]
    assert layout == b"\x01"
    key = hmac.digest(base64.urlsafe_b64decode(NEW), layout + salt, "sha256")
    assert AESGCM(key).decrypt(nonce, body, b"record") == b"a secret"


@pytest.mark.parametrize("place", range(len(SAMPLE)))
def test_every_changed_byte_is_seen(place: int) -> None:
    changed = bytearray(SAMPLE)
    changed[place] ^= 1
    expected = KeyNotInRingError if 1 <= place < 5 else SealBrokenError
    with pytest.raises(expected):
        KeyRing([NEW]).open(bytes(changed), b"record")


@pytest.mark.parametrize("length", [0, 1, 44, len(SAMPLE) - 1])
def test_cut_data_is_broken(length: int) -> None:
    with pytest.raises(SealBrokenError):
        KeyRing([NEW]).open(SAMPLE[:length], b"record")


def test_moved_data_does_not_open() -> None:
    with pytest.raises(SealBrokenError) as caught:
        KeyRing([NEW]).open(SAMPLE, b"another record")
    assert caught.value.code == "store_sealed"
    assert isinstance(caught.value, StoreError)


def test_another_ring_is_named_as_the_reason() -> None:
    with pytest.raises(KeyNotInRingError) as caught:
        KeyRing([OLD]).open(SAMPLE, b"record")
    assert caught.value.code == "store_sealed"
    assert caught.value.got == KeyRing([NEW]).key_ids[0]


def test_the_first_key_seals_and_all_open() -> None:
    rotated = KeyRing([NEW, OLD])
    by_old = KeyRing([OLD]).seal(b"x", b"")
    assert rotated.open(by_old, b"") == b"x"
    assert not rotated.is_current(by_old)
    by_new = rotated.seal(b"x", b"")
    assert rotated.is_current(by_new)
    assert KeyRing([NEW]).open(by_new, b"") == b"x"
    with pytest.raises(KeyNotInRingError):
        KeyRing([OLD]).open(by_new, b"")


def test_with_fallbacks() -> None:
    ring = KeyRing([NEW]).with_fallbacks(KeyRing([OLD]))
    assert ring.key_ids == KeyRing([NEW, OLD]).key_ids
    assert ring.open(KeyRing([OLD]).seal(b"x", b""), b"") == b"x"
    assert ring.is_current(ring.seal(b"x", b""))
    assert ring.is_current(KeyRing([NEW]).seal(b"x", b""))


def test_equal_plaintexts_look_different() -> None:
    ring = KeyRing([NEW])
    assert len({ring.seal(b"x", b"") for _ in range(100)}) == 100


def test_each_ring_seals_under_a_salt_of_its_own() -> None:
    first, second = KeyRing([NEW]), KeyRing([NEW])
    assert first.seal(b"", b"")[5:17] == first.seal(b"", b"")[5:17] != second.seal(b"", b"")[5:17]


def test_the_salt_is_renewed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MESSAGES_A_SALT", 3)
    ring = KeyRing([NEW])
    sealed = [ring.seal(b"x", b"") for _ in range(9)]
    assert len({one[5:17] for one in sealed}) == 3
    assert {ring.open(one, b"") for one in sealed} == {b"x"}


def test_threads_share_a_ring() -> None:
    ring = KeyRing([NEW, OLD])
    wrong: list[bytes] = []

    def work(name: bytes) -> None:
        wrong.extend(name for _ in range(300) if ring.open(ring.seal(name, name), name) != name)

    threads = [threading.Thread(target=work, args=(os.urandom(8),)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_derive_is_hkdf() -> None:
    key = HKDF(hashes.SHA256(), 32, salt=None, info=b"flask-oauth tokens").derive(b"secret")
    assert KeyRing.derive(["secret"], "tokens").key_ids == KeyRing([key]).key_ids
    assert KeyRing([key]).open(KeyRing.derive([b"secret"], "tokens").seal(b"x", b""), b"") == b"x"


def test_derived_rings_differ_by_secret_and_purpose() -> None:
    rings = [KeyRing.derive([secret], purpose) for secret in ("a", "b") for purpose in ("tokens", "cookies")]
    assert len({ring.key_ids for ring in rings}) == 4


def test_derive_takes_fallbacks() -> None:
    before = KeyRing.derive(["old"], "tokens").seal(b"x", b"")
    assert KeyRing.derive(["new", "old", ""], "tokens").open(before, b"") == b"x"


def test_no_secret_key() -> None:
    with pytest.raises(ConfigurationError) as caught:
        KeyRing.derive(["", b""], "tokens")
    assert caught.value.code == "config_no_secret_key"


@pytest.mark.parametrize("keys", [[], ["short"], [b"x" * 31], ["é" * 43], [NEW, "A" * 42], [NEW[:-3] + "!!"], [""]])
def test_malformed_keys(keys: list[str | bytes]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        KeyRing(keys)
    assert caught.value.code == "config_encryption_key"
    assert not any(str(key) in f"{caught.value} {caught.value.__notes__}" for key in keys if len(key) > 5)


def test_keys_as_bytes_or_text_with_or_without_padding() -> None:
    raw = base64.urlsafe_b64decode(NEW)
    assert KeyRing([raw]).key_ids == KeyRing([NEW]).key_ids == KeyRing([NEW.rstrip("=")]).key_ids


def test_repr_shows_ids_only() -> None:
    ring = KeyRing([NEW, OLD])
    assert repr(ring) == f"<KeyRing {ring.key_ids[0]} {ring.key_ids[1]}>"
