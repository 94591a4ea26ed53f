"""Signing out: at the provider, by the back channel (N48), by the front channel (N49)."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from tests.protocol.openid_samples import (
    CLIENT_ID,
    ISSUER,
    NOW,
    SECRET,
    SUBJECT,
    expectation,
    forged,
    id_token,
    key,
    key_set,
)

from flask_oauth.errors import ConfigurationError, IDTokenError, LogoutTokenError
from flask_oauth.protocol.jose import (
    KeySet,
    encrypt_jwt,
    load_decryption_key,
    sign_jwt,
    sign_jwt_with_secret,
)
from flask_oauth.protocol.oauth2.metadata import ServerMetadata
from flask_oauth.protocol.openid.logout import (
    LOGOUT_EVENT,
    LogoutToken,
    end_session_url,
    is_frontchannel_logout,
    is_logout_return,
    validate_logout_token,
)

SID = "08a5019c-17e1-4977-8f42-65a12843ea02"


def claims(**changes):
    values = {
        "iss": ISSUER,
        "sub": SUBJECT,
        "aud": CLIENT_ID,
        "iat": NOW,
        "exp": NOW + 120,
        "jti": "bWJq",
        "sid": SID,
        "events": {LOGOUT_EVENT: {}},
        **changes,
    }
    return {name: value for name, value in values.items() if value is not None}


def validate(token, **expected):
    return validate_logout_token(token, key_set(), expectation(**expected), now=NOW)


def refused(token, code, error=IDTokenError, **expected):
    with pytest.raises(error) as caught:
        validate(token, **expected)
    assert caught.value.code == code


# -- at the provider ---------------------------------------------------------------------------------------------


def test_end_session_url():
    metadata = ServerMetadata(end_session_endpoint=f"{ISSUER}/logout?tenant=1")
    url = end_session_url(
        metadata,
        client_id=CLIENT_ID,
        id_token_hint="a.b.c",
        post_logout_redirect_uri="https://app.example.com/bye",
        state="s",
        logout_hint="jane",
        ui_locales="de",
    )
    assert url.startswith(f"{ISSUER}/logout?tenant=1&")
    assert dict(parse_qsl(urlsplit(url).query)) == {
        "tenant": "1",
        "id_token_hint": "a.b.c",
        "client_id": CLIENT_ID,
        "post_logout_redirect_uri": "https://app.example.com/bye",
        "state": "s",
        "logout_hint": "jane",
        "ui_locales": "de",
    }
    assert (
        end_session_url(metadata, client_id=CLIENT_ID, state="s") == f"{ISSUER}/logout?tenant=1&client_id={CLIENT_ID}"
    )


def test_no_end_session_endpoint():
    with pytest.raises(ConfigurationError) as caught:
        end_session_url(ServerMetadata(), client_id=CLIENT_ID)
    assert caught.value.code == "config_endpoint_missing"


@pytest.mark.parametrize(
    ("parameters", "state", "expected"),
    [
        ([("state", "s")], "s", True),
        ([("state", "s"), ("foo", "bar")], "s", True),
        ([("state", "other")], "s", False),
        ([], "s", False),
        ([("state", "s"), ("state", "s")], "s", False),
        ([], None, False),
        ([("state", "s")], None, False),
    ],
)
def test_N49_return_with_other_or_no_state(parameters, state, expected):
    assert is_logout_return(parameters, state) is expected


# -- the back channel --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typ", ["logout+jwt", "JWT", None])
def test_logout_token(typ):
    assert validate(sign_jwt(claims(), key(), typ=typ)) == LogoutToken(ISSUER, "bWJq", SUBJECT, SID)


def test_logout_token_of_one_session_or_of_all():
    assert validate(sign_jwt(claims(sub=None), key())).subject is None
    assert validate(sign_jwt(claims(sid=None), key())).sid is None
    assert validate(sign_jwt(claims(aud=[CLIENT_ID], exp=None, foo=1, events={LOGOUT_EVENT: {"a": 1}, "b": {}}), key()))


def test_N48_without_signature():
    refused(forged({"alg": "none"}, claims()), "id_token_algorithm")
    refused(forged({"alg": "None"}, claims()), "id_token_algorithm")


def test_N48_wrong_algorithm_or_signature():
    refused(sign_jwt(claims(), key("ES384", "k1")), "id_token_algorithm")
    refused(sign_jwt_with_secret(claims(), SECRET, "HS256"), "id_token_algorithm")
    refused(sign_jwt(claims(), key("ES256", "x"), headers={"kid": "k1"}), "id_token_signature")
    refused(sign_jwt(claims(), key(), typ="at+jwt"), "id_token_type")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"iss": "https://evil.example.com"}, "id_token_issuer"),
        ({"iss": None}, "id_token_issuer"),
        ({"aud": "other"}, "id_token_audience"),
        ({"aud": None}, "id_token_audience"),
        ({"aud": [CLIENT_ID, "other"]}, "id_token_audience"),
        ({"iat": NOW - 361}, "id_token_issued_at"),
        ({"iat": NOW + 61}, "id_token_issued_at"),
        ({"iat": None}, "id_token_issued_at"),
        ({"exp": NOW - 61}, "id_token_expired"),
        ({"nbf": NOW + 61}, "id_token_not_yet_valid"),
        ({"sub": ""}, "id_token_subject"),
        ({"sub": 7}, "id_token_subject"),
    ],
    ids=str,
)
def test_N48_as_for_id_tokens(change, code):
    refused(sign_jwt(claims(**change), key()), code)


@pytest.mark.parametrize(
    "change",
    [
        {"events": None},
        {"events": {}},
        {"events": []},
        {"events": [LOGOUT_EVENT]},
        {"events": LOGOUT_EVENT},
        {"events": {"http://schemas.openid.net/event/other": {}}},
        {"events": {LOGOUT_EVENT: None}},
        {"events": {LOGOUT_EVENT: "yes"}},
        {"nonce": "n"},
        {"nonce": ""},
        {"sub": None, "sid": None},
        {"sid": 7},
        {"sid": ""},
        {"jti": None},
        {"jti": 7},
        {"jti": ""},
    ],
    ids=str,
)
def test_N48_not_a_logout_token(change):
    refused(sign_jwt(claims(**change), key()), "logout_token_invalid", LogoutTokenError)


def test_N48_an_id_token_is_no_logout_token():
    refused(id_token(sid=SID, jti="j"), "logout_token_invalid", LogoutTokenError)


def test_logout_token_of_a_tenant():
    template = "https://login.example.com/{tenantid}/v2.0"
    token = sign_jwt(claims(iss=template.replace("{tenantid}", "t1"), tid="t1"), key())
    assert validate(token, issuer=template, tenants=["t1"]).issuer == "https://login.example.com/t1/v2.0"
    refused(token, "id_token_tenant", issuer=template, tenants=["t2"])


def test_encrypted_logout_token():
    own = load_decryption_key(key("ES256", "enc").private_pem(), kid="enc")
    registered = {"encryption_algorithms": ["ECDH-ES"], "encryption_encodings": ["A256GCM"]}
    token = encrypt_jwt(sign_jwt(claims(), key()), KeySet.from_jwks({"keys": [own.public_jwk()]}), "ECDH-ES", "A256GCM")
    expected = expectation(**registered)
    assert validate_logout_token(token, key_set(), expected, now=NOW, decryption_keys=[own]).sid == SID
    refused(sign_jwt(claims(), key()), "id_token_encryption", **registered)


# -- the front channel -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "issuer", "sid", "expected"),
    [
        ([("iss", ISSUER), ("sid", SID)], ISSUER, SID, True),
        ([("iss", ISSUER), ("sid", SID), ("foo", "bar")], ISSUER, SID, True),
        ([("iss", ISSUER), ("sid", "other")], ISSUER, SID, False),
        ([("iss", "https://evil.example.com"), ("sid", SID)], ISSUER, SID, False),
        ([("iss", ISSUER)], ISSUER, SID, False),
        ([("sid", SID)], ISSUER, SID, False),
        ([], ISSUER, SID, False),
        ([("iss", ISSUER), ("sid", SID), ("sid", SID)], ISSUER, SID, False),
        ([("iss", ISSUER), ("sid", SID)], None, None, False),
        ([("iss", ISSUER), ("sid", "")], ISSUER, None, False),
        ([("iss", ISSUER)], ISSUER, None, False),
    ],
)
def test_N49_front_channel(parameters, issuer, sid, expected):
    assert is_frontchannel_logout(parameters, issuer=issuer, sid=sid) is expected


def test_front_channel_where_the_provider_names_no_session():
    assert is_frontchannel_logout([], issuer=ISSUER, sid=None, session_required=False)
    assert not is_frontchannel_logout([], issuer=None, sid=None, session_required=False)
    assert not is_frontchannel_logout([("iss", ISSUER)], issuer=ISSUER, sid=SID, session_required=False)
