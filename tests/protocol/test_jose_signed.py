"""Signed JWTs: the RFCs' examples, every algorithm, and what must be refused (N26 to N32, A04)."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.protocol.openid_samples import SECRET, forged, key, key_set, resigned, right_claims, segment, vectors

from flask_oauth.errors import ConfigurationError, IDTokenError
from flask_oauth.protocol.jose import (
    ASYMMETRIC_ALGORITHMS,
    PLAIN_TYPES,
    KeySet,
    b64url_decode,
    b64url_encode,
    check_algorithms,
    sign_jwt,
    sign_jwt_with_secret,
    unverified_jwt,
    verify_jwt,
)

JOSE = vectors("jose.json")
CLAIMS = right_claims()


def refused(token: str, code: str, keys: KeySet | None = None, algorithms: object = ("ES256",), **more: object):
    with pytest.raises(IDTokenError) as caught:
        verify_jwt(token, key_set() if keys is None else keys, algorithms, **more)
    assert caught.value.code == code
    return caught.value


# -- what must be accepted ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", JOSE["signed"], ids=lambda vector: vector["source"])
def test_signature_of_the_rfc(vector):
    signing_input, _, signature = vector["compact"].encode().rpartition(b".")
    keys = KeySet.from_jwks({"keys": [vector["key"]]})
    verify = keys.verifier(vector["key"].get("kid"), vector["alg"])
    assert verify(signing_input, b64url_decode(signature))
    assert not verify(signing_input + b"x", b64url_decode(signature))


@pytest.mark.parametrize("vector", [v for v in JOSE["signed"] if "claims" in v], ids=lambda vector: vector["source"])
def test_jwt_of_the_rfc(vector):
    jwt = verify_jwt(vector["compact"], KeySet.from_jwks({"keys": [vector["key"]]}), [vector["alg"]])
    assert jwt.claims == vector["claims"]


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"])
def test_each_algorithm_there_and_back(algorithm):
    signing_key = key(algorithm)
    jwt = verify_jwt(sign_jwt(CLAIMS, signing_key, typ="JWT"), key_set(signing_key), [algorithm])
    assert jwt.claims == CLAIMS
    assert jwt.header == {"alg": algorithm, "typ": "JWT", "kid": "k1"}
    assert jwt.algorithm.name == algorithm


@pytest.mark.parametrize(("algorithm", "digest"), [("HS256", "sha256"), ("HS384", "sha384"), ("HS512", "sha512")])
def test_hmac_there_and_back(algorithm, digest):
    token = sign_jwt_with_secret(CLAIMS, SECRET, algorithm, typ="JWT")
    signing_input, _, signature = token.encode().rpartition(b".")
    assert b64url_decode(signature) == hmac.new(SECRET.encode(), signing_input, digest).digest()
    assert verify_jwt(token, KeySet(), [algorithm], secret=SECRET).claims == CLAIMS


def test_header_members_that_are_none_are_left_out():
    token = sign_jwt({}, key(), headers={"kid": None, "jwk": key().public_jwk(bare=True)})
    assert set(unverified_jwt(token).header) == {"alg", "jwk"}


def test_a_jwt_shows_no_values():
    assert repr(unverified_jwt(sign_jwt({"email": "jane@example.com"}, key()))) == "<JWT ES256 email>"


def test_what_is_parsed_is_kept():
    keys = key_set()
    assert keys.verifier("k1", "ES256") is keys.verifier("k1", "ES256")


# -- algorithms --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE", "", None, 7, ["ES256"], "es256", "HS999"])
def test_N26_no_signature_and_no_unknown_algorithm(name):
    refused(forged({"alg": name}, CLAIMS), "id_token_algorithm")
    refused(forged({"alg": name}, CLAIMS), "id_token_algorithm", algorithms=["none", "ES256", str(name)])


def test_N26_none_cannot_be_configured():
    for wrong in (["none"], ["ES256", "None"], [], "ES256"):
        with pytest.raises(ConfigurationError) as caught:
            check_algorithms(wrong)
        assert caught.value.code == "config_algorithm"
    assert check_algorithms(["ES256", "HS256"]) == ("ES256", "HS256")


def test_N27_another_algorithm_than_the_pinned_one():
    other = key("ES384", "k2")
    token = sign_jwt(CLAIMS, other)
    error = refused(token, "id_token_algorithm", key_set(key(), other))
    assert (error.expected, error.got) == ("ES256", "'ES384'")
    assert verify_jwt(token, key_set(key(), other), ["ES384"]).claims == CLAIMS


def test_N27_a_list_given_as_text_takes_nothing():
    refused(sign_jwt(CLAIMS, key()), "id_token_algorithm", algorithms="ES256")


def test_N28_hmac_with_the_public_key():
    rsa = key("RS256")
    pem = rsa.native.as_pem(private=False).decode()
    token = sign_jwt_with_secret(CLAIMS, pem, "HS256")
    refused(token, "id_token_algorithm", key_set(rsa), ["RS256"])
    # Even a client that takes both verifies HS256 with its own secret only.
    refused(token, "id_token_signature", key_set(rsa), ["RS256", "HS256"], secret=SECRET)


def test_N28_hmac_with_an_oct_key_of_the_jwk_set():
    symmetric = {"kty": "oct", "kid": "k1", "k": b64url_encode(SECRET.encode()).decode()}
    token = sign_jwt_with_secret(CLAIMS, SECRET, "HS256")
    refused(token, "id_token_signature", key_set(symmetric), ["HS256"], secret=SECRET + "!")
    with pytest.raises(ConfigurationError) as caught:
        verify_jwt(token, key_set(symmetric), ["HS256"])
    assert caught.value.code == "config_client_secret_missing"
    assert verify_jwt(token, key_set(symmetric), ["HS256"], secret=SECRET).claims == CLAIMS


@pytest.mark.parametrize(("algorithm", "length"), [("HS256", 32), ("HS384", 48), ("HS512", 64)])
def test_hmac_needs_a_long_secret(algorithm, length):
    with pytest.raises(ConfigurationError) as caught:
        sign_jwt_with_secret({}, "s" * (length - 1), algorithm)
    assert caught.value.code == "config_key_invalid"
    assert sign_jwt_with_secret({}, "s" * length, algorithm)


def test_sign_with_secret_takes_hmac_only():
    with pytest.raises(ConfigurationError):
        sign_jwt_with_secret({}, SECRET, "RS256")


# -- signatures --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "ES512", "EdDSA"])
def test_N29_wrong_truncated_and_missing_signature(algorithm):
    signing_key = key(algorithm)
    keys = key_set(signing_key)
    token = sign_jwt(CLAIMS, signing_key)
    head, _, signature = token.rpartition(".")
    raw = b64url_decode(signature.encode())
    wrong = [
        bytes([raw[0] ^ 1]) + raw[1:],
        raw[:-1],
        raw[:-1] + bytes([raw[-1] ^ 1]),
        raw[: len(raw) // 2],
        b"",
        raw + b"\0",
    ]
    for bad in wrong:
        refused(f"{head}.{b64url_encode(bad).decode()}", "id_token_signature", keys, [algorithm])
    assert verify_jwt(token, keys, [algorithm])


def test_N29_wrong_hmac():
    token = sign_jwt_with_secret(CLAIMS, SECRET, "HS256")
    refused(token[:-8] + "AAAAAAAA", "id_token_signature", algorithms=["HS256"], secret=SECRET)
    refused(token[: token.rindex(".") + 1], "id_token_signature", algorithms=["HS256"], secret=SECRET)


def test_N29_ecdsa_in_der_form():
    head, _, signature = sign_jwt(CLAIMS, key()).rpartition(".")
    raw = b64url_decode(signature.encode())
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    refused(f"{head}.{b64url_encode(der).decode()}", "id_token_signature")


@pytest.mark.parametrize(
    "signature",
    [bytes(64), bytes(63) + b"\1", bytes(31) + b"\1" + bytes(32), b"\xff" * 64],
    ids=["0,0", "0,1", "1,0", "max"],
)
def test_N29_ecdsa_r_or_s_out_of_range(signature):
    head = sign_jwt(CLAIMS, key()).rpartition(".")[0]
    refused(f"{head}.{b64url_encode(signature).decode()}", "id_token_signature")


def test_N29_signature_of_another_key():
    other = key("ES256", "other")
    token = sign_jwt(CLAIMS, other, headers={"kid": "k1"})
    refused(token, "id_token_signature")


def test_N29_claims_changed_after_signing():
    header, _, signature = sign_jwt(CLAIMS, key()).split(".")
    refused(f"{header}.{segment({**CLAIMS, 'sub': 'mallory'})}.{signature}", "id_token_signature")


# -- headers -----------------------------------------------------------------------------------------------------


def test_N30_keys_in_the_header_are_ignored():
    mallory = key("ES256", "mallory")
    for extra in (
        {"jwk": mallory.public_jwk(bare=True)},
        {"jku": "https://attacker.example/jwks"},
        {"x5u": "https://attacker.example/x5u"},
        {"x5c": ["MIIB"]},
    ):
        refused(sign_jwt(CLAIMS, mallory, headers={"kid": "k1", **extra}), "id_token_signature")
        refused(sign_jwt(CLAIMS, mallory, headers=extra), "id_token_key_unknown")
        # And they do no harm where the signature is right.
        assert verify_jwt(sign_jwt(CLAIMS, key(), headers=extra), key_set(), ["ES256"])


@pytest.mark.parametrize("critical", [["exp"], ["b64"], [], "b64", None])
def test_N30_nothing_may_be_critical(critical):
    header = {"alg": "ES256", "kid": "k1", "crit": critical, "exp": 1, "b64": True}
    refused(resigned(header, CLAIMS), "id_token_critical")
    del header["crit"]
    assert verify_jwt(resigned(header, CLAIMS), key_set(), ["ES256"])


@pytest.mark.parametrize(
    "typ", ["at+jwt", "logout+jwt", "application/at+jwt", "dpop+jwt", "secevent+jwt", 5, None, "jwt2"]
)
def test_N30_jwt_of_another_kind(typ):
    refused(resigned({"alg": "ES256", "kid": "k1", "typ": typ}, CLAIMS), "id_token_type")


@pytest.mark.parametrize("typ", ["JWT", "jwt", "application/jwt", "Application/JWT"])
def test_type_in_any_spelling(typ):
    assert verify_jwt(sign_jwt(CLAIMS, key(), typ=typ), key_set(), ["ES256"])


def test_types_as_asked():
    access_token, plain = sign_jwt(CLAIMS, key(), typ="at+jwt"), sign_jwt(CLAIMS, key())
    assert verify_jwt(access_token, key_set(), ["ES256"], types=["at+jwt"])
    refused(plain, "id_token_type", types=["at+jwt"])
    refused(plain, "id_token_type", types=["jwt"])
    assert verify_jwt(access_token, key_set(), ["ES256"], types=None)
    assert PLAIN_TYPES == ("", "jwt")


@pytest.mark.parametrize("kid", [1, ["k1"], {}, True])
def test_key_id_that_is_not_text(kid):
    refused(resigned({"alg": "ES256", "kid": kid}, CLAIMS), "id_token_malformed")


# -- keys --------------------------------------------------------------------------------------------------------


def test_N31_key_id_unknown():
    token = sign_jwt(CLAIMS, key(), headers={"kid": "new"})
    error = refused(token, "id_token_key_unknown")
    assert "'new'" in str(error.expected)
    assert "k1" in str(error.got)
    # After the rotation was noticed (N33, A05).
    assert verify_jwt(token, key_set(key(), key().public_jwk() | {"kid": "new"}), ["ES256"])


@pytest.mark.parametrize(
    "change",
    [
        {"use": "enc"},
        {"use": 7},
        {"key_ops": ["encrypt"]},
        {"key_ops": []},
        {"key_ops": "verify"},
        {"key_ops": None},
        {"key_ops": [["verify"], {}]},
        {"alg": "ES384"},
        {"alg": 7},
        {"crv": "P-384"},
        {"kty": "RSA"},
        {"kty": "OKP"},
        {"kty": "oct", "k": "AAAA"},
        {"kty": None},
        {"x": "AAAA"},
        {"x": 7},
        {"y": None},
        {"y": "###"},
    ],
    ids=str,
)
def test_N31_key_for_another_use(change):
    jwk = key().public_jwk() | change
    refused(sign_jwt(CLAIMS, key()), "id_token_key_weak", key_set(jwk))


@pytest.mark.parametrize(
    "change", [{"key_ops": ["verify"]}, {"key_ops": ["sign", "verify"]}, {"x5c": ["MII"]}, {"use": "sig"}]
)
def test_key_for_this_use(change):
    jwk = key().public_jwk(bare=True) | {"kid": "k1"} | change
    assert verify_jwt(sign_jwt(CLAIMS, key()), key_set(jwk), ["ES256"])


def test_N31_rsa_key_too_small_or_too_large():
    jwk = key("RS256").public_jwk()
    token = sign_jwt(CLAIMS, key("RS256"))
    small = b64url_encode(b"\xff" * 255).decode()
    large = b64url_encode(b"\xff" * 1025).decode()
    for modulus in (small, large, "###", None):
        error = refused(token, "id_token_key_weak", key_set(jwk | {"n": modulus}), ["RS256"])
        assert "bits" in str(error.got) or "modulus" in str(error.got)
    assert verify_jwt(token, key_set(jwk), ["RS256"])


def test_ed25519_under_both_its_names():
    for name, other in (("EdDSA", "Ed25519"), ("Ed25519", "EdDSA")):
        jwk = key(name).public_jwk() | {"alg": other}
        assert verify_jwt(sign_jwt(CLAIMS, key(name)), key_set(jwk), [name])
        # The list of the client is taken by the letter all the same.
        refused(sign_jwt(CLAIMS, key(name)), "id_token_algorithm", key_set(jwk), [other])


def test_A04_no_key_id_and_one_key_that_fits():
    token = sign_jwt(CLAIMS, key(), headers={"kid": None})
    encryption = key("ES256", "enc").public_jwk() | {"use": "enc"}
    assert verify_jwt(token, key_set(), ["ES256"])
    assert verify_jwt(token, key_set(key("RS256"), encryption, key(), {"kty": "unknown"}), ["ES256"])


def test_N32_no_key_id_and_several_keys_that_fit():
    token = sign_jwt(CLAIMS, key(), headers={"kid": None})
    error = refused(token, "id_token_key_ambiguous", key_set(key(), key("ES256", "k2")))
    assert error.got == "2 keys"
    assert verify_jwt(sign_jwt(CLAIMS, key()), key_set(key(), key("ES256", "k2")), ["ES256"])


def test_N32_one_key_id_for_two_keys():
    refused(
        sign_jwt(CLAIMS, key()),
        "id_token_key_ambiguous",
        key_set(key(), key("ES256", "k2").public_jwk() | {"kid": "k1"}),
    )
    # RFC 7517 §4.5: keys of different types may share one.
    assert verify_jwt(sign_jwt(CLAIMS, key()), key_set(key(), key("RS256", "k1")), ["ES256"])


@pytest.mark.parametrize("keys", [KeySet(), KeySet.from_jwks({"keys": []}), KeySet.from_jwks({"keys": [1, "x", None]})])
def test_no_keys_at_all(keys):
    for header in ({"kid": "k1"}, {"kid": None}):
        refused(sign_jwt(CLAIMS, key(), headers=header), "id_token_key_unknown", keys)


def test_no_key_id_and_no_key_that_fits():
    error = refused(sign_jwt(CLAIMS, key(), headers={"kid": None}), "id_token_key_unknown", key_set(key("RS256")))
    assert "type EC" in str(error.got)


# -- form --------------------------------------------------------------------------------------------------------

GOOD = sign_jwt(CLAIMS, key())


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a",
        "a.b",
        "..",
        "a.b.c.d",
        None,
        b"a.b.c",
        GOOD + "=",
        GOOD + " ",
        GOOD + "\n",
        " " + GOOD,
        GOOD + "é",
        "+" + GOOD,
        GOOD[:-1] + "/",
        "A" * 16385 + ".e30.AAAA",
        "e30." + "A" * 262144 + ".AAAA",
        f"{segment([])}.e30.AAAA",
        f"{segment('{')}.e30.AAAA",
        f"{segment(chr(0xFEFF) + '{}')}.e30.AAAA",
        f"{b64url_encode(bytes([0xFF, 0xFE])).decode()}.e30.AAAA",
    ],
    ids=range(20),
)
def test_not_a_jwt(token):
    refused(token, "id_token_malformed")


@pytest.mark.parametrize(
    "claims",
    [
        "[]",
        "null",
        "7",
        '"sub"',
        "",
        "{",
        '{"a":NaN}',
        '{"a":Infinity}',
        '{"sub":"a","sub":"b"}',
        '{"a":{"b":1,"b":2}}',
        "[" * 40 + "]" * 40,
        '{"a":' * 40 + "1" + "}" * 40,
    ],
)
def test_claims_that_are_not_claims(claims):
    refused(resigned({"alg": "ES256", "kid": "k1"}, claims), "id_token_malformed")


def test_a_signed_payload_with_a_line_break():
    signing_input = f"{segment({'alg': 'ES256', 'kid': 'k1'})}.\n{segment(CLAIMS)}"
    refused(f"{signing_input}.{b64url_encode(key().sign(signing_input.encode())).decode()}", "id_token_malformed")


def test_a_header_member_named_twice():
    refused(resigned('{"alg":"ES256","kid":"k1","alg":"none"}', CLAIMS), "id_token_malformed")
    assert verify_jwt(resigned('{"alg":"ES256","kid":"k1"}', CLAIMS), key_set(), ["ES256"])


def test_one_signature_has_one_spelling():
    # The last character of 64 bytes carries four bits that must be zero.
    last = GOOD[-1]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = alphabet[alphabet.index(last) + 1]
    refused(GOOD[:-1] + other, "id_token_malformed")


def test_encrypted_where_it_is_not_expected():
    refused("a.b.c.d.e", "id_token_encryption")


def test_unverified_says_what_it_is():
    assert unverified_jwt(GOOD).claims == CLAIMS
    with pytest.raises(IDTokenError):
        unverified_jwt("a.b.c")


@settings(deadline=None)
@given(st.binary(max_size=80))
def test_base64url_there_and_back(data):
    assert b64url_decode(b64url_encode(data)) == data


@settings(deadline=None)
@given(st.text(alphabet="AQgwEZ-_+/=. \n\x00é", max_size=9))
def test_base64url_has_one_spelling(text):
    try:
        data = b64url_decode(text.encode())
    except ValueError:
        return
    assert b64url_encode(data) == text.encode()


@settings(deadline=None)
@given(st.text(max_size=60), st.sampled_from(ASYMMETRIC_ALGORITHMS))
def test_anything_else_is_a_refusal_and_no_crash(text, algorithm):
    with pytest.raises(IDTokenError):
        verify_jwt(f"{segment({'alg': algorithm})}.{text}.AAAA", key_set(), [algorithm])


def test_hash_names_exist():
    from flask_oauth.protocol.jose import SIGNATURE_ALGORITHMS

    assert {row.digest for row in SIGNATURE_ALGORITHMS.values()} <= hashlib.algorithms_guaranteed
