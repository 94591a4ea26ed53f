"""Keys: reading, refusing, printing, and keeping them to their purpose."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from tests.protocol.openid_samples import key, key_set, vectors

from flask_oauth.errors import ConfigurationError, MetadataError
from flask_oauth.protocol.jose import (
    DecryptionKey,
    KeySet,
    SigningKey,
    generate_signing_key,
    load_decryption_key,
    load_signing_key,
    sign_jwt,
    verify_jwt,
)

PEM, PKCS8 = Encoding.PEM, PrivateFormat.PKCS8
P256, P384, P521 = ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()


def pem_of(native, password: bytes | None = None) -> str:
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    return native.private_bytes(PEM, PKCS8, encryption).decode()


def refused(source, loader=load_signing_key, code="config_key_invalid", **more):
    with pytest.raises(ConfigurationError) as caught:
        loader(source, **more)
    assert caught.value.code == code
    assert caught.value.__cause__ is None  # a parser's exception may hold the key
    return str(caught.value)


@pytest.mark.parametrize("vector", vectors("jose.json")["thumbprints"], ids=lambda vector: vector["source"])
def test_thumbprint_of_the_rfc(vector):
    from joserfc.jwk import JWKRegistry

    assert SigningKey("RS256", "x", JWKRegistry.import_key(vector["key"])).thumbprint() == vector["thumbprint"]


@pytest.mark.parametrize(
    ("curve", "algorithm"), [(P256, "ES256"), (P384, "ES384"), (P521, "ES512")], ids=["P-256", "P-384", "P-521"]
)
def test_ec_pem(curve, algorithm):
    loaded = load_signing_key(pem_of(ec.generate_private_key(curve)))
    assert (loaded.algorithm, loaded.key_type) == (algorithm, "EC")
    assert verify_jwt(sign_jwt({"a": 1}, loaded), key_set(loaded), [algorithm]).claims == {"a": 1}


def test_rsa_pem_for_each_of_its_algorithms():
    pem = key("RS256").private_pem()
    assert load_signing_key(pem).algorithm == "RS256"
    for algorithm in ("RS384", "RS512", "PS256", "PS384", "PS512"):
        loaded = load_signing_key(pem.encode(), algorithm=algorithm)
        assert verify_jwt(sign_jwt({}, loaded), key_set(loaded), [algorithm]).claims == {}


def test_ed25519_pem_with_blank_lines_around():
    loaded = load_signing_key(f"\n\n{pem_of(ed25519.Ed25519PrivateKey.generate())}\n")
    assert (loaded.algorithm, loaded.key_type) == ("EdDSA", "OKP")


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_jwk_there_and_back(algorithm):
    made = key(algorithm)
    for source in (made.private_jwk(), json.dumps(made.private_jwk()), f" {json.dumps(made.private_jwk())}\n".encode()):
        loaded = load_signing_key(source)
        assert loaded.public_jwk() == made.public_jwk()
        assert loaded.private_jwk() == made.private_jwk()
    assert load_signing_key(made.private_pem(), algorithm=algorithm, kid="k1").private_jwk() == made.private_jwk()


def test_kid_is_given_or_the_jwks_or_the_thumbprint():
    jwk = key().private_jwk()
    assert load_signing_key(jwk).kid == "k1"
    assert load_signing_key(jwk, kid="mine").kid == "mine"
    del jwk["kid"]
    assert load_signing_key(jwk).kid == key().thumbprint()


def test_public_jwk_holds_nothing_private():
    for algorithm in ("RS256", "ES256", "EdDSA"):
        assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & set(key(algorithm).public_jwk())
    assert set(key().public_jwk(bare=True)) == {"kty", "crv", "x", "y"}
    assert set(key().public_jwk()) == {"kty", "crv", "x", "y", "kid", "use", "alg"}


def test_N56_a_key_does_not_show_itself():
    made = key("RS256")
    private = made.private_jwk()
    for text in (repr(made), str(made), f"{made}"):
        assert text == "<SigningKey RSA RS256 kid='k1'>"
        assert private["d"] not in text


def test_jwk_with_only_n_e_d():
    jwk = {
        name: value for name, value in key("RS256").private_jwk().items() if name not in ("p", "q", "dp", "dq", "qi")
    }
    assert load_signing_key(jwk).thumbprint() == key("RS256").thumbprint()


def test_each_generated_key_is_another():
    assert generate_signing_key().thumbprint() != generate_signing_key().thumbprint()
    assert generate_signing_key(kid="x").kid == "x"
    assert key("RS256").native.public_key.key_size == 3072


@pytest.mark.parametrize("algorithm", ["HS256", "none", "", "RSA-OAEP"])
def test_no_key_is_made_for_other_algorithms(algorithm):
    with pytest.raises(ConfigurationError) as caught:
        generate_signing_key(algorithm)
    assert caught.value.code == "config_algorithm"


def test_no_small_rsa_key():
    small = rsa.generate_private_key(65537, 1024)
    assert "1024" in refused(pem_of(small))
    from joserfc.util import int_to_base64

    numbers = small.private_numbers()
    jwk = {"kty": "RSA", "n": int_to_base64(numbers.public_numbers.n), "e": "AQAB", "d": int_to_base64(numbers.d)}
    assert "1024" in refused(jwk)


@pytest.mark.parametrize(
    "source",
    [
        "",
        "secret",
        "{",
        "{}",
        '{"kty":"oct","k":"c2VjcmV0"}',
        '{"kty":"EC","kty":"EC"}',
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        b"\xff\xfe",
        {},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "d": "AA"},
        {"kty": "EC", "d": "AA"},
        {"kty": "EC", "crv": "P-999", "x": "AA", "y": "AA", "d": "AA"},
        {"kty": "EC", "crv": 7, "x": 7, "y": 7, "d": 7},
        {"kty": "RSA", "d": "AA"},
        {"kty": ["EC"], "d": "AA"},
    ],
    ids=range(15),
)
def test_not_a_key(source):
    message = refused(source)
    assert "c2VjcmV0" not in message
    assert "secret" not in message


def test_public_key_is_not_enough():
    refused(key().public_jwk())
    refused(key().native.public_key.public_bytes(PEM, PublicFormat.SubjectPublicKeyInfo))


def test_encrypted_pem_is_named():
    assert "TypeError" in refused(pem_of(ec.generate_private_key(P256), b"password"))


def test_kinds_of_key_that_jose_has_no_use_for():
    assert "DSA" in refused(pem_of(dsa.generate_private_key(2048)))
    refused(pem_of(ed448.Ed448PrivateKey.generate()), code="config_algorithm")
    refused(pem_of(x25519.X25519PrivateKey.generate()), code="config_algorithm")


def test_key_and_algorithm_must_fit():
    refused(key().private_jwk(), code="config_key_invalid", algorithm="ES384")
    refused(key().private_pem(), algorithm="RS256")
    refused(key().private_pem(), algorithm="HS256", code="config_algorithm")
    refused({**key().private_jwk(), "use": "enc"})
    refused({**key().private_jwk(), "key_ops": ["verify"]})
    refused({**key().private_jwk(), "kid": 7})
    assert load_signing_key({**key().private_jwk(), "key_ops": ["sign"], "x5u": 7})


def test_decryption_keys():
    assert load_decryption_key(key("RS256").private_pem()).algorithm == "RSA-OAEP-256"
    assert load_decryption_key(key().private_pem()).algorithm == "ECDH-ES"
    loaded = load_decryption_key(pem_of(x25519.X25519PrivateKey.generate()), algorithm="ECDH-ES+A256KW", kid="e")
    assert isinstance(loaded, DecryptionKey)
    assert loaded.public_jwk()["use"] == "enc"
    assert repr(loaded) == "<DecryptionKey OKP ECDH-ES+A256KW kid='e'>"
    refused(pem_of(ed25519.Ed25519PrivateKey.generate()), load_decryption_key)
    refused(key().private_jwk(), load_decryption_key, code="config_algorithm")  # its alg is ES256
    refused(key().private_pem(), load_decryption_key, algorithm="RSA-OAEP")
    refused(key().private_pem(), load_decryption_key, algorithm="RSA1_5", code="config_algorithm")
    refused(key().private_pem(), load_decryption_key, algorithm="dir", code="config_algorithm")


@pytest.mark.parametrize("document", [{}, {"keys": None}, {"keys": {}}, {"keys": [{}] * 257}])
def test_not_a_jwk_set(document):
    with pytest.raises(MetadataError) as caught:
        KeySet.from_jwks(document)
    assert caught.value.code == "jwks_invalid"


def test_a_jwk_set_shows_key_ids_only():
    keys = key_set(key(), {"kty": "EC"}, {"kty": "oct", "k": "c2VjcmV0", "kid": "s"})
    assert repr(keys) == "<KeySet k1, None, s>"
    assert [repr(one) for one in keys.candidates({}, "ES256")] == ["<PublicKey EC kid='k1'>"]


def test_jwk_set_of_the_rfc():
    keys = KeySet.from_jwks(vectors("jose.json")["jwks"])
    assert [one.kid for one in keys.candidates({}, "RS256")] == ["2011-04-29"]
    assert keys.candidates({"kid": "1"}, "ES256") == ()  # its use is enc
    assert keys.encryption_key("ECDH-ES").kid == "1"


def test_joserfc_is_not_imported_before_a_key_is_used():
    program = "import sys, flask_oauth.protocol.openid.userinfo; sys.exit('joserfc' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_private_key_in_a_jwk_set_counts_as_its_public_half():
    keys = KeySet.from_jwks({"keys": [key().private_jwk()]})
    assert verify_jwt(sign_jwt({}, key()), keys, ["ES256"])
    assert not keys.candidates({}, "ES256")[0].parsed().is_private


def test_keys_are_not_pickled_by_accident():
    with pytest.raises(TypeError):
        pickle.dumps(key())
