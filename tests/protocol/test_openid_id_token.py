"""The ID Token: Core's examples, a right one, and each way of being wrong.

N19 to N25, N34 to N36, N38; A01, A06, A08, A09.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.protocol.openid_samples import (
    CLIENT_ID,
    ISSUER,
    NONCE,
    NOW,
    SECRET,
    SUBJECT,
    expectation,
    id_token,
    key,
    key_set,
    right_claims,
    vectors,
)

from flask_oauth.errors import IDTokenError
from flask_oauth.protocol.jose import KeySet, encrypt_jwt, load_decryption_key, sign_jwt_with_secret
from flask_oauth.protocol.openid.id_token import (
    IDTokenExpectation,
    half_hash,
    validate_id_token,
    validate_refreshed_id_token,
)

CORE = vectors("openid_core.json")
SECRETS = ("access-token-value", "code-value", "state-value", NONCE)


def accepted(token: str, **expected):
    return validate_id_token(token, key_set(), expectation(**expected), now=NOW)


def refused(error_code: str, token: str, **expected) -> IDTokenError:
    with pytest.raises(IDTokenError) as caught:
        accepted(token, **expected)
    error = caught.value
    assert error.code == error_code
    assert error.hint
    shown = f"{error} {error.expected} {error.got} {error.data} {error.__notes__}"
    assert not [secret for secret in (*SECRETS, token) if secret in shown]
    return error


# -- right ones --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", CORE["tokens"], ids=lambda vector: vector["source"])
def test_example_of_core(vector):
    expected = IDTokenExpectation(
        issuer=CORE["issuer"],
        client_id=CORE["client_id"],
        nonce=CORE["nonce"],
        access_token=vector.get("access_token"),
        code=vector.get("code"),
        front_channel=True,
    )
    token = validate_id_token(vector["id_token"], KeySet.from_jwks(CORE["jwks"]), expected, now=CORE["now"])
    assert (token.issuer, token.subject) == (CORE["issuer"], CORE["sub"])


def test_A06_the_least_an_id_token_may_hold():
    token = accepted(id_token(), access_token="access-token-value", code="code-value", state="state-value")
    assert token.claims == right_claims()
    assert token.header["kid"] == "k1"
    assert repr(token) == "<IDToken ES256 aud, exp, iat, iss, nonce, sub>"


def test_A01_aud_as_a_list_of_one():
    assert accepted(id_token(aud=[CLIENT_ID]))


def test_A08_unknown_members():
    assert accepted(id_token(foo={"bar": [1]}, header={"foo": "bar"})).claims["foo"] == {"bar": [1]}


def test_expectations_show_no_secret():
    text = repr(expectation(access_token="access-token-value", code="code-value"))
    assert text == f"<IDTokenExpectation {ISSUER} {CLIENT_ID}>"


# -- who and for whom --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "iss", [None, "", ISSUER + "/", "https://evil.example.com", "HTTPS://ID.EXAMPLE.COM", 7, [ISSUER]]
)
def test_N19_issuer(iss):
    assert refused("id_token_issuer", id_token(iss=iss)).expected == ISSUER


TEMPLATE = "https://login.example.com/{tenantid}/v2.0"
TENANT = "8eaef023-2b34-4da1-9baa-8bc8c9d6a490"


def test_N19_issuer_with_a_tenant():
    right = id_token(iss=TEMPLATE.replace("{tenantid}", TENANT), tid=TENANT)
    assert accepted(right, issuer=TEMPLATE)
    assert accepted(right, issuer=TEMPLATE, tenants=[TENANT.upper()])
    error = refused("id_token_tenant", right, issuer=TEMPLATE, tenants=["other"])
    assert error.expected == "other"
    refused("id_token_issuer", id_token(iss=TEMPLATE, tid=TENANT), issuer=TEMPLATE)
    refused("id_token_issuer", id_token(iss="https://evil.example.com", tid=TENANT), issuer=TEMPLATE)
    refused("id_token_issuer", id_token(iss=TEMPLATE.replace("{tenantid}", "other"), tid=TENANT), issuer=TEMPLATE)


@pytest.mark.parametrize("tid", [None, "", 7, "a/b", "a?b", "a#b", "a b", "ä", "{tenantid}"])
def test_N19_tenant_that_is_none(tid):
    refused("id_token_tenant", id_token(iss=TEMPLATE.replace("{tenantid}", str(tid)), tid=tid), issuer=TEMPLATE)


def test_allowed_tenants_count_without_a_template_too():
    assert accepted(id_token(tid=TENANT), tenants=[TENANT])
    refused("id_token_tenant", id_token(), tenants=[TENANT])
    refused("id_token_tenant", id_token(tid=7), tenants=[TENANT])


@pytest.mark.parametrize(
    "aud", [None, "", "other", [], ["other"], [CLIENT_ID, 7], 7, {"a": CLIENT_ID}, [[CLIENT_ID]], [None]]
)
def test_N20_audience(aud):
    refused("id_token_audience", id_token(aud=aud))
    refused("id_token_audience", id_token(aud=aud, azp=CLIENT_ID))


def test_N21_further_audiences():
    token = id_token(aud=[CLIENT_ID, "api"], azp=CLIENT_ID)
    assert "api" in str(refused("id_token_audience", token).got)
    refused("id_token_audience", token, trusted_audiences=["other"])
    assert accepted(token, trusted_audiences=["api"])
    refused("id_token_audience", id_token(aud=["api"], azp=CLIENT_ID), trusted_audiences=["api"])


def test_N21_several_audiences_and_no_azp():
    token = id_token(aud=["api", CLIENT_ID])
    refused("id_token_authorized_party", token, trusted_audiences=["api"])


@pytest.mark.parametrize("azp", ["other", "", 7, [CLIENT_ID]])
def test_N21_azp_is_another(azp):
    refused("id_token_authorized_party", id_token(azp=azp))
    assert accepted(id_token(azp=CLIENT_ID))


@pytest.mark.parametrize("sub", [None, "", 7, [SUBJECT], "x" * 256, "a\nb", "a\x00", True])
def test_N22_subject(sub):
    refused("id_token_subject", id_token(sub=sub))


@pytest.mark.parametrize("sub", ["x", "x" * 255, "auth0|5f7c8ec7c33c6c004bbafe82", "user name"])
def test_subjects_that_are_right(sub):
    assert accepted(id_token(sub=sub)).subject == sub


# -- times -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("exp", [None, NOW - 61, NOW - 60, 0, -1, str(NOW + 600), True, [NOW], 1e300, float("1e15")])
def test_N23_expiry(exp):
    refused("id_token_expired", id_token(exp=exp))


@pytest.mark.parametrize("exp", [NOW - 59, NOW + 1, NOW + 0.5, 9_999_999_999])
def test_expiry_within_the_skew(exp):
    assert accepted(id_token(exp=exp))


@pytest.mark.parametrize("iat", [None, NOW + 61, NOW - 7 * 86400 - 61, "now", False, {}])
def test_N24_issued_at(iat):
    refused("id_token_issued_at", id_token(iat=iat))


@pytest.mark.parametrize("iat", [NOW + 60, NOW - 86400, NOW - 7 * 86400])
def test_issued_at_that_is_right(iat):
    assert accepted(id_token(iat=iat))


def test_N24_not_before():
    for nbf in (NOW + 61, "now", [], True):
        refused("id_token_not_yet_valid", id_token(nbf=nbf))
    assert accepted(id_token(nbf=NOW + 60))


def test_one_skew_for_all():
    late = id_token(exp=NOW - 100, iat=NOW + 100, nbf=NOW + 100)
    assert accepted(late, clock_skew=101)
    refused("id_token_expired", late, clock_skew=100)
    refused("id_token_issued_at", id_token(iat=NOW + 1), clock_skew=0)


def test_N23_numbers_that_json_can_write_but_time_cannot_be():
    from tests.protocol.openid_samples import resigned

    for number, code in (("1e999", "id_token_malformed"), ("1" + "0" * 400, "id_token_expired")):
        claims = f'{{"iss":"{ISSUER}","sub":"s","aud":"{CLIENT_ID}","exp":{number},"iat":{NOW},"nonce":"{NONCE}"}}'
        refused(code, resigned({"alg": "ES256", "kid": "k1"}, claims))


# -- binding to the sign-in --------------------------------------------------------------------------------------


@pytest.mark.parametrize("nonce", [None, "", "another", NONCE + " ", 7, [NONCE], "ä"])
def test_N25_nonce(nonce):
    refused("id_token_nonce", id_token(nonce=nonce))


def test_N25_nonce_where_none_was_sent():
    refused("id_token_nonce", id_token(), nonce=None)
    assert accepted(id_token(nonce=None), nonce=None)


HASHES = [
    ("at_hash", "access_token", "access-token-value", "id_token_at_hash"),
    ("c_hash", "code", "code-value", "id_token_c_hash"),
]


@pytest.mark.parametrize(("claim", "field", "value", "error"), HASHES)
def test_N34_hashes(claim, field, value, error):
    right = half_hash(value, "sha256")
    for wrong in (half_hash("another", "sha256"), half_hash(value, "sha512"), "", right + "=", 7, [right], "ä"):
        refused(error, id_token(**{claim: wrong}), **{field: value})
    assert accepted(id_token(**{claim: right}), **{field: value})
    # In the hybrid flow it must be there.
    refused(error, id_token(), **{field: value}, front_channel=True)
    assert accepted(id_token(**{claim: right}), **{field: value}, front_channel=True)
    # A hash of something that did not come along says nothing.
    assert accepted(id_token(**{claim: right}), front_channel=True)


def test_N34_s_hash():
    right = half_hash("state-value", "sha256")
    refused("id_token_s_hash", id_token(s_hash="wrong"), state="state-value")
    refused("id_token_s_hash", id_token(), state="state-value", require_s_hash=True)
    assert accepted(id_token(s_hash=right), state="state-value", require_s_hash=True)
    assert accepted(id_token(), state="state-value", front_channel=True)


@pytest.mark.parametrize(
    ("algorithm", "digest"), [("RS256", "sha256"), ("ES384", "sha384"), ("ES512", "sha512"), ("EdDSA", "sha512")]
)
def test_hash_follows_the_signature(algorithm, digest):
    at_hash = half_hash("access-token-value", digest)
    token = id_token(signed_with=key(algorithm), at_hash=at_hash)
    expected = expectation(algorithms=[algorithm], access_token="access-token-value")
    assert validate_id_token(token, key_set(key(algorithm)), expected, now=NOW)


# -- how the user authenticated ----------------------------------------------------------------------------------


@pytest.mark.parametrize("auth_time", [None, NOW - 361, NOW + 61, "now", True])
def test_N35_max_age(auth_time):
    refused("id_token_auth_time", id_token(auth_time=auth_time), max_age=300)


@pytest.mark.parametrize("auth_time", [NOW, NOW - 300, NOW - 360, NOW + 60])
def test_max_age_that_is_kept(auth_time):
    assert accepted(id_token(auth_time=auth_time), max_age=300)


def test_N35_max_age_of_zero_is_a_limit_too():
    refused("id_token_auth_time", id_token(auth_time=NOW - 61), max_age=0)
    refused("id_token_auth_time", id_token(), max_age=0)
    assert accepted(id_token(auth_time=NOW - 86400))


@pytest.mark.parametrize("acr", [None, "", "urn:low", 7, ["urn:high"], {}])
@pytest.mark.parametrize("kind", [list, frozenset])
def test_N35_acr(acr, kind):
    refused("id_token_acr", id_token(acr=acr), acr_values=kind(["urn:high", "urn:higher"]))


def test_acr_that_is_one_of_those_required():
    assert accepted(id_token(acr="urn:high"), acr_values=["urn:high", "urn:higher"])
    assert accepted(id_token(acr="urn:low"))


# -- the symmetric and the encrypted -----------------------------------------------------------------------------


def test_client_registered_for_hmac():
    token = sign_jwt_with_secret(right_claims(), SECRET, "HS256")
    expected = expectation(algorithms=["HS256"])
    assert validate_id_token(token, KeySet(), expected, now=NOW, secret=SECRET)
    with pytest.raises(IDTokenError) as caught:
        validate_id_token(id_token(), key_set(), expected, now=NOW, secret=SECRET)
    assert caught.value.code == "id_token_algorithm"


def test_N36_encrypted_id_token():
    own = load_decryption_key(key("ES256", "enc").private_pem(), kid="enc")
    keys = KeySet.from_jwks({"keys": [own.public_jwk()]})
    expected = expectation(encryption_algorithms=["ECDH-ES"], encryption_encodings=["A256GCM"])

    def validate(token):
        return validate_id_token(token, key_set(), expected, now=NOW, decryption_keys=[own])

    assert validate(encrypt_jwt(id_token(), keys, "ECDH-ES", "A256GCM")).subject == SUBJECT
    for token, code in (
        (id_token(), "id_token_encryption"),
        (encrypt_jwt(id_token(), keys, "ECDH-ES", "A128GCM"), "id_token_encryption"),
        (encrypt_jwt(id_token(nonce="other"), keys, "ECDH-ES", "A256GCM"), "id_token_nonce"),
        # Encryption alone proves nothing: everyone has the public key.
        (encrypt_jwt('{"sub":"248289761001"}', keys, "ECDH-ES", "A256GCM"), "id_token_malformed"),
    ):
        with pytest.raises(IDTokenError) as caught:
            validate(token)
        assert caught.value.code == code


def test_N36_encrypted_although_plain_is_registered():
    own = load_decryption_key(key("ES256", "enc").private_pem(), kid="enc")
    token = encrypt_jwt(id_token(), KeySet.from_jwks({"keys": [own.public_jwk()]}), "ECDH-ES", "A256GCM")
    refused("id_token_encryption", token)


# -- on refresh --------------------------------------------------------------------------------------------------


def refreshed(previous, **changes):
    return validate_refreshed_id_token(id_token(**changes), key_set(), expectation(), previous, now=NOW)


FIRST = right_claims(auth_time=NOW - 5000, iat=NOW - 5000, exp=NOW - 4400)


def test_A09_refreshed_id_token_without_nonce():
    assert refreshed(FIRST, nonce=None).subject == SUBJECT
    assert refreshed(FIRST, auth_time=NOW - 5000).subject == SUBJECT
    assert refreshed(right_claims(nonce=None)).subject == SUBJECT


@pytest.mark.parametrize(
    "changes",
    [{"sub": "mallory"}, {"auth_time": NOW}, {"nonce": "another"}, {"azp": CLIENT_ID}, {"auth_time": "then"}],
    ids=str,
)
def test_N38_refreshed_id_token_that_differs(changes):
    with pytest.raises(IDTokenError) as caught:
        refreshed(FIRST, **changes)
    assert caught.value.code == "id_token_changed"
    assert NONCE not in f"{caught.value.expected} {caught.value.got}"


def test_N38_refreshed_id_token_of_another_issuer_or_audience():
    for previous in (FIRST | {"iss": "https://other.example.com"}, FIRST | {"aud": [CLIENT_ID, "api"]}):
        with pytest.raises(IDTokenError) as caught:
            refreshed(previous)
        assert caught.value.code == "id_token_changed"
    with pytest.raises(IDTokenError) as caught:
        refreshed(FIRST, iss="https://other.example.com")
    assert caught.value.code == "id_token_issuer"


def test_N38_refreshed_id_token_passes_all_other_checks_too():
    with pytest.raises(IDTokenError) as caught:
        refreshed(FIRST, exp=NOW - 61)
    assert caught.value.code == "id_token_expired"


# -- anything ----------------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
NAMES = [
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "nbf",
    "nonce",
    "azp",
    "at_hash",
    "c_hash",
    "s_hash",
    "auth_time",
    "acr",
    "tid",
]


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), JSON, max_size=6))
def test_any_claims_are_accepted_or_refused_and_never_a_crash(changes):
    strict = {"access_token": "a", "code": "c", "state": "s", "max_age": 10, "acr_values": {"x"}, "tenants": ["t"]}
    for expected in ({}, strict):
        try:
            accepted(id_token(**changes), **expected)
        except IDTokenError as error:
            assert error.code.startswith("id_token_")  # noqa: PT017
