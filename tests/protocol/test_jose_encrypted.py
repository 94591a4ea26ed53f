"""Encrypted JWTs: the RFCs' examples, every algorithm, and what must be refused (N36)."""

from __future__ import annotations

import hashlib
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwe
from joserfc.jwk import JWKRegistry, OctKey
from tests.protocol.openid_samples import SECRET, key, key_set, right_claims, segment, vectors

from flask_oauth.errors import ConfigurationError, IDTokenError, MetadataError
from flask_oauth.protocol.jose import (
    CONTENT_ENCRYPTION_ALGORITHMS,
    KEY_MANAGEMENT_ALGORITHMS,
    DecryptionKey,
    KeySet,
    decrypt_jwt,
    encrypt_jwt,
    is_encrypted,
    load_decryption_key,
    sign_jwt,
)

JOSE = vectors("jose.json")
ENCODINGS = list(CONTENT_ENCRYPTION_ALGORITHMS)
SIGNED = sign_jwt(right_claims(), key())


@cache
def decryption_key(algorithm: str, kid: str = "enc") -> DecryptionKey:
    source = key("RS256") if algorithm.startswith("RSA") else key()
    return load_decryption_key(source.private_pem(), algorithm=algorithm, kid=kid)


def refused(token, keys=(), algorithms=("RSA-OAEP", "ECDH-ES"), encodings=tuple(ENCODINGS), **more):
    with pytest.raises(IDTokenError) as caught:
        decrypt_jwt(token, keys, algorithms, encodings, **more)
    assert caught.value.code == "id_token_encryption"
    return caught.value


@pytest.mark.parametrize("vector", JOSE["encrypted"], ids=lambda vector: vector["source"])
def test_encryption_of_the_rfc(vector):
    own = load_decryption_key(vector["key"], algorithm=vector["alg"])
    assert decrypt_jwt(vector["compact"], [own], [vector["alg"]], [vector["enc"]]) == vector["plaintext"]


@pytest.mark.parametrize("vector", JOSE["refused"], ids=lambda vector: vector["why"])
def test_N36_rsa1_5_and_compression_are_refused(vector):
    algorithms = [*KEY_MANAGEMENT_ALGORITHMS, "RSA1_5"]  # even a list that names it does not let it in
    error = refused(vector["compact"], [decryption_key("RSA-OAEP")], algorithms, secret=SECRET)
    assert vector["why"] in f"{error} {error.got}"


def test_N36_a_compression_bomb_is_not_inflated():
    own = decryption_key("RSA-OAEP")
    public = JWKRegistry.import_key(own.public_jwk(bare=True))
    header = {"alg": "RSA-OAEP", "enc": "A128GCM", "zip": "DEF"}
    bomb = jwe.encrypt_compact(header, b"0" * 200_000, public, algorithms=["RSA-OAEP", "A128GCM", "DEF"])
    assert len(bomb) < 2_000
    assert "zip" in str(refused(bomb, [own]))


@pytest.mark.parametrize("algorithm", [name for name, kinds in KEY_MANAGEMENT_ALGORITHMS.items() if "oct" not in kinds])
@pytest.mark.parametrize("encoding", ["A128CBC-HS256", "A256GCM"])
def test_each_algorithm_there_and_back(algorithm, encoding):
    own = decryption_key(algorithm)
    token = encrypt_jwt(SIGNED, KeySet.from_jwks({"keys": [own.public_jwk()]}), algorithm, encoding)
    assert is_encrypted(token)
    assert decrypt_jwt(token, [own], [algorithm], [encoding]) == SIGNED


@pytest.mark.parametrize("algorithm", ["dir", "A128KW", "A192KW", "A256KW"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_key_from_the_client_secret(algorithm, encoding):
    token = encrypt_jwt(SIGNED, KeySet(), algorithm, encoding, secret=SECRET)
    assert decrypt_jwt(token, [], [algorithm], [encoding], secret=SECRET) == SIGNED
    refused(token, [], [algorithm], [encoding], secret=SECRET + "!")


def test_key_from_the_client_secret_is_the_left_part_of_a_hash():
    # Core §10.2, against joserfc with the key worked out by hand.
    for encoding, digest, size in (
        ("A128GCM", "sha256", 16),
        ("A192CBC-HS384", "sha384", 48),
        ("A256CBC-HS512", "sha512", 64),
    ):
        raw = hashlib.new(digest, SECRET.encode()).digest()[:size]
        header = {"alg": "dir", "enc": encoding}
        token = jwe.encrypt_compact(header, "text", OctKey.import_key(raw), algorithms=["dir", encoding])
        assert decrypt_jwt(token, [], ["dir"], [encoding], secret=SECRET) == "text"


def test_symmetric_algorithms_need_the_secret():
    for call in (
        lambda: encrypt_jwt(SIGNED, KeySet(), "dir", "A128GCM"),
        lambda: decrypt_jwt(encrypt_jwt(SIGNED, KeySet(), "dir", "A128GCM", secret=SECRET), [], ["dir"], ["A128GCM"]),
    ):
        with pytest.raises(ConfigurationError) as caught:
            call()
        assert caught.value.code == "config_client_secret_missing"


def test_N36_plain_where_encryption_is_registered():
    refused(SIGNED, [decryption_key("RSA-OAEP")])
    refused("text")


def test_N36_other_algorithms_than_registered():
    own = decryption_key("ECDH-ES")
    token = encrypt_jwt(SIGNED, KeySet.from_jwks({"keys": [own.public_jwk()]}), "ECDH-ES", "A128GCM")
    assert refused(token, [own], ["RSA-OAEP"]).got == "'ECDH-ES'"
    assert refused(token, [own], ["ECDH-ES"], ["A256GCM"]).got == "'A128GCM'"
    refused(f"{segment({'alg': ['dir'], 'enc': 'A128GCM'})}....")
    refused(f"{segment({'alg': 'RSA-OAEP', 'enc': None})}....")


@pytest.mark.parametrize(
    "token",
    [
        "....",
        "!....",
        f"{segment('[]')}....",
        f"{segment('{')}....",
        "é....",
        "A" * 20_000 + "....",
        "...." + "A" * 300_000,
    ],
    ids=range(7),
)
def test_not_a_jwe(token):
    refused(token)


def test_nothing_may_be_critical():
    header = {"alg": "RSA-OAEP", "enc": "A128GCM", "crit": ["exp"], "exp": 1}
    assert "crit" in str(refused(f"{segment(header)}....", [decryption_key("RSA-OAEP")]))


@pytest.mark.parametrize("place", range(5))
def test_one_bit_changed(place):
    own = decryption_key("ECDH-ES+A256KW")
    token = encrypt_jwt(SIGNED, KeySet.from_jwks({"keys": [own.public_jwk()]}), own.algorithm, "A256GCM")
    segments = token.split(".")
    segments[place] = ("B" if segments[place][0] != "B" else "C") + segments[place][1:]
    refused(".".join(segments), [own], [own.algorithm])


@pytest.mark.parametrize(
    "epk",
    [None, 7, {}, {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}, {"kty": "OKP", "crv": "X25519", "x": "AA"}],
)
def test_a_wrong_ephemeral_key_is_a_refusal_and_no_crash(epk):
    header = {"alg": "ECDH-ES", "enc": "A128GCM", "epk": epk}
    refused(f"{segment(header)}..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA", [decryption_key("ECDH-ES")])


def test_key_id_chooses_and_else_all_are_tried():
    first, second = decryption_key("ECDH-ES", "one"), load_decryption_key(key("ES256", "k2").private_pem(), kid="two")
    for jwk in (second.public_jwk(), second.public_jwk(bare=True), second.public_jwk() | {"kid": "unheard of"}):
        token = encrypt_jwt(SIGNED, KeySet.from_jwks({"keys": [jwk]}), "ECDH-ES", "A128GCM")
        assert decrypt_jwt(token, [decryption_key("RSA-OAEP"), first, second], ["ECDH-ES"], ["A128GCM"]) == SIGNED
        refused(token, [first, decryption_key("RSA-OAEP")])
        refused(token, [])


def test_encrypt_only_to_a_key_that_is_meant_for_it():
    own = decryption_key("RSA-OAEP-256")
    keys = key_set(key("RS256"), own.public_jwk())
    assert decrypt_jwt(
        encrypt_jwt("text", keys, "RSA-OAEP-256", "A128GCM", nested=False), [own], ["RSA-OAEP-256"], ["A128GCM"]
    )
    with pytest.raises(MetadataError) as caught:
        encrypt_jwt("text", key_set(key("RS256")), "RSA-OAEP-256", "A128GCM")
    assert caught.value.code == "jwks_invalid"


@pytest.mark.parametrize(
    ("algorithm", "encoding"), [("RSA1_5", "A128GCM"), ("dir", "A128"), ("PBES2-HS256+A128KW", "A128GCM")]
)
def test_encrypt_takes_known_algorithms_only(algorithm, encoding):
    with pytest.raises(ConfigurationError) as caught:
        encrypt_jwt("text", KeySet(), algorithm, encoding, secret=SECRET)
    assert caught.value.code == "config_algorithm"


JUNK = st.none() | st.integers() | st.text(max_size=4) | st.lists(st.none(), max_size=1) | st.just({})
MEMBER = JUNK | st.sampled_from(["EC", "OKP", "P-256", "AA"])
EPK = JUNK | st.fixed_dictionaries({}, optional=dict.fromkeys(("kty", "crv", "x", "y"), MEMBER))
HEADER = st.fixed_dictionaries({}, optional={"epk": EPK, **dict.fromkeys(("apu", "apv", "kid", "iv", "b64"), JUNK)})


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(["ECDH-ES", "ECDH-ES+A128KW", "RSA-OAEP"]),
    st.sampled_from(["A128GCM", "A128CBC-HS256"]),
    HEADER,
    st.lists(st.text("AQ_-=.", max_size=30), min_size=4, max_size=4),
)
def test_anything_else_is_a_refusal_and_no_crash(algorithm, encoding, header, segments):
    token = ".".join([segment({**header, "alg": algorithm, "enc": encoding}), *segments])
    refused(token, [decryption_key(algorithm)], [algorithm], [encoding])
