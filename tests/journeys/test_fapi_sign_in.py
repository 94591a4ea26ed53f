"""Whole sign-ins under FAPI 2.0, through Flask's test client, against a provider that demands all of it.

Each refusal (N41 to N43) is followed by the same sign-in without the tampering, which must succeed.
"""

from __future__ import annotations

import base64
import json
from contextlib import contextmanager

import pytest
from tests.journeys.fapi_site import Site, query

from flask_oauth import ConfigurationError, OAuthException
from flask_oauth.testing.misbehaving.keys import new_key, unsigned, with_header
from flask_oauth.testing.misbehaving.web import json_answer
from flask_oauth.testing.strict import StrictProvider
from flask_oauth.testing.strict.authorization import encrypted_for_client

PROFILES = ("fapi2", "fapi2-message-signing")


@contextmanager
def running(profile=None, *, authentication=None, **options):
    with StrictProvider(profile=profile, authentication=authentication) as provider:
        yield Site(provider, **({"profile": profile} if profile else {}), **options)


def claims_of(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def refused_at_once(site, error=OAuthException):
    """The button is pressed, and the user is sent nowhere."""
    with site.app.test_request_context("/login", base_url="http://127.0.0.1:5000"), pytest.raises(error) as caught:
        site._login()
    return caught.value


@pytest.mark.parametrize("profile", PROFILES)
def test_sign_in_and_call(profile):
    with running(profile) as site:
        url = site.begin()
        assert set(query(url)) == {"client_id", "request_uri"}
        assert site.come_back(*site.at_provider(url)).json == {"sub": "alice"}
        assert site.call()["data"]["scope"] == "openid accounts"
        assert site.provider.complaints == []
        assert site.provider.asked.count("metadata") == 1
        assert site.answer.token.token_type == "DPoP"


@pytest.mark.parametrize("profile", PROFILES)
def test_N43_each_server_is_given_its_own_nonce_once(profile):
    with running(profile) as site:
        site.provider.nonces = True
        assert site.sign_in().json == {"sub": "alice"}
        assert site.call()["status"] == 200
        assert site.call()["status"] == 200
        # One repetition for the authorization server, one for the API; then both nonces are known.
        assert site.provider.asked.count("pushed") == 2
        assert site.provider.asked.count("token") == 1
        assert site.provider.asked.count("api") == 3
        assert all("use_dpop_nonce" in complaint for complaint in site.provider.complaints)


def test_N43_nonce_storm_stops_after_one_repetition():
    with running("fapi2") as site:
        site.provider.nonce_storm = True
        error = refused_at_once(site)
        assert (error.code, error.error) == ("server_error", "use_dpop_nonce")
        assert site.provider.asked.count("pushed") == 2
        site.provider.nonce_storm = False
        assert site.sign_in().json == {"sub": "alice"}
        site.provider.nonce_storm = True
        assert site.call()["status"] == 401
        assert site.provider.asked.count("api") == 2


def test_N43_a_repeated_request_holds_a_new_client_assertion_and_a_new_proof():
    with running("fapi2") as site:
        site.provider.nonces = True
        site.sign_in()
        first, second = site.provider.requests_to("pushed")
        for read in (lambda asked: asked.value("client_assertion"), lambda asked: asked.headers["dpop"]):
            assert claims_of(read(first))["jti"] != claims_of(read(second))["jti"]
        assert claims_of(second.headers["dpop"])["nonce"] == site.provider.current_nonces["server"]


def test_N43_each_sign_in_has_its_own_key_and_the_code_is_bound_to_it():
    with running("fapi2") as site:
        for _ in range(2):
            site.sign_in()
        first, second = site.provider.sought
        assert first.jkt != second.jkt
        assert all(one.parameters["dpop_jkt"] == one.jkt for one in site.provider.sought)


def test_N43_the_proof_at_the_api_names_the_token_and_each_is_new():
    with running("fapi2") as site:
        site.sign_in()
        site.call()
        site.call()
        first, second = (claims_of(asked.headers["dpop"]) for asked in site.provider.requests_to("api"))
        assert first["ath"] == second["ath"]
        assert first["jti"] != second["jti"]
        assert first["htu"] == f"{site.provider.url}/api/accounts"


def test_N16_bearer_token_where_dpop_was_asked_for():
    with running("fapi2") as site:
        site.provider.tampering["token"] = lambda members: {**members, "token_type": "Bearer"}
        assert site.sign_in().status_code == 400
        assert site.failure.code == "token_response_type"
        assert site.answer is None
        site.provider.tampering.clear()
        assert site.sign_in().json == {"sub": "alice"}


def test_refresh_keeps_the_key():
    with running("fapi2") as site:
        site.provider.token_seconds = 1
        site.sign_in()
        before = site.provider.issued[-1]
        site.provider.token_seconds = 300
        before.expires_at = 0  # ended at the provider; the stored token is due, too, within a second
        assert site.call()["status"] == 200
        assert site.provider.issued[-1].jkt == before.jkt
        assert site.provider.asked.count("token") == 2


def test_sealed_session_does_not_show_the_key():
    with running("fapi2") as site:
        site.sign_in()
        key = json.loads(site.answer.token.dpop_key)
        with site.browser.session_transaction() as session:
            text = json.dumps(dict(session))
        assert key["d"] not in text
        assert key["d"] not in repr(site.answer.token)
        assert key["d"] not in str(site.answer)


# -- N42: pushed requests -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (json_answer({"expires_in": 60}, 201), "response_member"),
        (json_answer({"request_uri": "", "expires_in": 60}, 201), "response_member"),
        (json_answer({"request_uri": "urn:x"}, 201), "response_member"),
        (json_answer({"request_uri": "urn:x", "expires_in": 0}, 201), "response_member"),
        (json_answer({"request_uri": "urn:x", "expires_in": 60}, 200), "response_status"),
        (json_answer({"error": "invalid_request"}, 400), "server_error"),
        (json_answer({}, 500), "response_status"),
    ],
)
def test_N42_a_failed_push_ends_the_sign_in(answer, code):
    with running("fapi2") as site:
        site.provider.tampering["pushed"] = lambda value: answer
        assert refused_at_once(site).code == code
        assert site.provider.asked == ["metadata", "pushed"]
        site.provider.tampering.clear()
        assert site.sign_in().json == {"sub": "alice"}


def test_N42_pushed_because_the_server_demands_it():
    with running() as site:
        site.provider.require_par = True
        assert set(query(site.begin())) == {"client_id", "request_uri"}
        assert site.sign_in().json == {"sub": "alice"}


def test_pushed_because_the_application_wants_it():
    with running(require_pushed_authorization_requests=True) as site:
        assert "request_uri" in query(site.begin())


def test_N42_pushing_is_wanted_and_the_server_cannot():
    with running(require_pushed_authorization_requests=True) as site:
        site.provider.tampering["metadata"] = without("pushed_authorization_request_endpoint")
        assert refused_at_once(site).code == "config_endpoint_missing"


def test_plain_where_nobody_wants_it_pushed():
    with running() as site:
        assert query(site.begin())["code_challenge_method"] == "S256"
        assert "pushed" not in site.provider.asked
        assert site.sign_in().json == {"sub": "alice"}


# -- signed requests ----------------------------------------------------------------------------------------------

SIGNED = {"authentication": "private_key_jwt", "require_signed_request_object": True}


def test_request_signed_by_value():
    with running(**SIGNED) as site:
        site.provider.require_jar = True
        url = site.begin()
        assert set(query(url)) == {"client_id", "request", "response_type", "scope"}
        assert site.come_back(*site.at_provider(url)).json == {"sub": "alice"}


def test_request_signed_because_the_server_demands_it():
    with running(authentication="private_key_jwt") as site:
        site.provider.require_jar = True
        assert site.sign_in().json == {"sub": "alice"}


@pytest.mark.parametrize("pushed", [False, True])
def test_request_signed_and_encrypted(pushed):
    encryption = {"request_object_encryption_alg": "RSA-OAEP-256", "request_object_encryption_enc": "A256GCM"}
    with running(**SIGNED, **encryption, require_pushed_authorization_requests=pushed) as site:
        site.provider.require_jar = True
        assert site.sign_in().json == {"sub": "alice"}
        carried = site.provider.requests_to("pushed" if pushed else "authorization")[0].value("request")
        assert carried.count(".") == 4


def test_the_signed_request_is_pushed():
    with running("fapi2-message-signing") as site:
        assert site.sign_in().json == {"sub": "alice"}
        pushed = site.provider.requests_to("pushed")[0]
        assert pushed.value("code_challenge") is None
        assert claims_of(pushed.value("request"))["response_mode"] == "jwt"


# -- N41: signed answers ------------------------------------------------------------------------------------------


@contextmanager
def signed_answers(mode="jwt", **options):
    with running(response_mode=mode, authorization_signed_response_alg="ES256", **options) as site:
        yield site


@pytest.mark.parametrize("mode", ["jwt", "query.jwt", "form_post.jwt"])
def test_signed_answer_in_each_mode(mode):
    with signed_answers(mode) as site:
        method, location, form = site.at_provider(site.begin())
        assert method == ("POST" if mode == "form_post.jwt" else "GET")
        assert set(query(location) or form) == {"response"}
        assert site.come_back(method, location, form).json == {"sub": "alice"}


def test_signed_answer_asked_for_by_one_sign_in_alone():
    with running(authorization_signed_response_alg="ES256") as site:
        site.parameters = {"response_mode": "query.jwt"}
        assert site.sign_in().json == {"sub": "alice"}


def without(*names):
    return lambda claims: {name: value for name, value in claims.items() if name not in names}


def changed(**members):
    return lambda claims: {**claims, **members}


WRONG_CLAIMS = {
    "iss missing": (without("iss"), "issuer_mismatch"),
    "iss wrong": (changed(iss="https://evil.example.com"), "issuer_mismatch"),
    "aud missing": (without("aud"), "id_token_audience"),
    "aud wrong": (changed(aud="another-client"), "id_token_audience"),
    "exp missing": (without("exp"), "id_token_expired"),
    "expired": (changed(exp=1), "id_token_expired"),
    "code missing": (without("code"), "authorization_response_no_code"),
}


@pytest.mark.parametrize("wrong", WRONG_CLAIMS)
def test_N41_signed_answer_with_wrong_claims(wrong):
    change, code = WRONG_CLAIMS[wrong]
    with signed_answers() as site:
        site.provider.tampering["jarm"] = change
        assert site.sign_in().status_code == 400
        assert site.failure.code == code
        assert "token" not in site.provider.asked
        site.provider.tampering.clear()
        assert site.sign_in().json == {"sub": "alice"}


WRONG_SIGNATURES = {
    "bad signature": (lambda text, claims: text[:-8] + "AAAAAAAA", "id_token_signature"),
    "another's key": (lambda text, claims: with_header(new_key("ES256", "server-1"), claims), "id_token_signature"),
    "alg none": (lambda text, claims: unsigned(claims, "none"), "id_token_algorithm"),
    "alg None": (lambda text, claims: unsigned(claims, "None"), "id_token_algorithm"),
}


@pytest.mark.parametrize("wrong", WRONG_SIGNATURES)
def test_N41_signed_answer_with_a_wrong_signature(wrong):
    change, code = WRONG_SIGNATURES[wrong]
    with signed_answers() as site:
        site.provider.tampering["jarm_text"] = lambda text: change(text, claims_of(text))
        assert site.sign_in().status_code == 400
        assert site.failure.code == code
        assert "token" not in site.provider.asked
        site.provider.tampering.clear()
        assert site.sign_in().json == {"sub": "alice"}


def test_N41_plain_parameters_beside_the_signed_answer_have_no_say():
    with signed_answers() as site:
        site.provider.tampering["answer"] = lambda pairs: [
            ("code", "evil"), ("state", "evil"), ("error", "access_denied"), *pairs, ("iss", "https://evil.example.com")
        ]  # fmt: skip
        assert site.sign_in().json == {"sub": "alice"}


def test_N41_plain_answer_where_a_signed_one_was_asked_for():
    with signed_answers() as site:
        method, location, _ = site.at_provider(site.begin())
        claims = claims_of(query(location)["response"])
        plain = f"/callback?code={claims['code']}&state={claims['state']}&iss={site.provider.url}"
        assert site.come_back(method, plain).status_code == 400
        assert site.failure.code == "authorization_response_invalid"
        assert "token" not in site.provider.asked


def test_N41_two_signed_answers():
    with signed_answers() as site:
        site.provider.tampering["answer"] = lambda pairs: pairs * 2
        assert site.sign_in().status_code == 400
        assert site.failure.code == "authorization_response_repeated"


def test_N03_a_signed_answer_is_good_once():
    with signed_answers() as site:
        answer = site.at_provider(site.begin())
        assert site.come_back(*answer).json == {"sub": "alice"}
        assert site.come_back(*answer).status_code == 400
        assert site.failure.code == "state_used"
        assert site.provider.asked.count("token") == 1


def test_the_decorated_view_of_2010_takes_a_signed_answer():
    with signed_answers() as site:
        given = []

        @site.remote.authorized_handler
        def handler(answer):
            given.append(answer)
            return "seen"

        site.app.view_functions["_callback"] = handler
        site.sign_in()
        site.provider.decision = "access_denied"
        site.sign_in()
        assert [answer and answer["scope"] for answer in given] == ["openid accounts", None]


def test_the_user_says_no_within_a_signed_answer():
    with signed_answers() as site:
        site.provider.decision = "access_denied"
        assert site.sign_in().status_code == 400
        assert site.failure.code == "access_denied"


def test_encrypted_answer():
    encryption = {
        "authorization_encrypted_response_alg": "RSA-OAEP-256",
        "authorization_encrypted_response_enc": "A256GCM",
    }
    with StrictProvider() as provider:
        key = provider.client_decryption_key.private_jwk()
        site = Site(
            provider,
            response_mode="jwt",
            authorization_signed_response_alg="ES256",
            decryption_key=key,
            **encryption,
        )
        provider.tampering["jarm_text"] = lambda text: encrypted_for_client(provider, text)
        assert site.sign_in().json == {"sub": "alice"}
        provider.tampering.clear()
        assert site.sign_in().status_code == 400
        assert site.failure.code == "id_token_encryption"


# -- the profile --------------------------------------------------------------------------------------------------

LACKING = {
    "pushed_authorization_request_endpoint": "FAPI 2.0 §5.3.2.2",
    "code_challenge_methods_supported": "S256",
    "dpop_signing_alg_values_supported": "DPoP",
    "authorization_response_iss_parameter_supported": "iss",
}


@pytest.mark.parametrize("member", LACKING)
def test_what_the_server_lacks_is_named_before_the_user_is_sent_anywhere(member):
    with running("fapi2") as site:
        site.provider.tampering["metadata"] = without(member)
        error = refused_at_once(site, ConfigurationError)
        assert error.code == "config_profile"
        assert any(LACKING[member] in lack for lack in error.data)
        assert site.provider.asked == ["metadata"]


def test_message_signing_lacks_signed_answers():
    with running("fapi2-message-signing") as site:
        site.provider.tampering["metadata"] = changed(response_modes_supported=["query"])
        assert refused_at_once(site, ConfigurationError).code == "config_profile"


@pytest.mark.parametrize(
    "options",
    [
        {"id_token_signed_response_alg": "RS256"},
        {"token_parameter": "access_token"},
        {"token_endpoint_auth_signing_alg": "RS256"},
        {"access_token_method": "GET"},
    ],
)
@pytest.mark.filterwarnings("ignore:.*puts the client secret into a URL")
def test_an_option_that_contradicts_the_profile(options):
    with running("fapi2", **options) as site:
        error = refused_at_once(site, ConfigurationError)
        assert (error.code, error.data) == ("config_profile", list(options))
        assert site.provider.asked == []


def test_unknown_profile():
    with running("fapi3") as site:
        assert refused_at_once(site, ConfigurationError).code == "config_profile"


def test_hybrid_flow_does_not_fit_the_profile():
    with running("fapi2", response_type="code id_token") as site:
        assert refused_at_once(site, ConfigurationError).code == "config_profile"


def test_a_client_secret_does_not_fit_the_profile():
    with running("fapi2", authentication="client_secret_basic") as site:
        error = refused_at_once(site, ConfigurationError)
        assert any("client authentication" in lack for lack in error.data)


def test_N27_id_token_of_an_algorithm_outside_the_profile():
    with StrictProvider(profile="fapi2") as provider:
        provider.key = new_key("RS256", "server-1")
        site = Site(provider, profile="fapi2", id_token_signed_response_alg=None)
        assert site.sign_in().status_code == 400
        assert site.failure.code == "id_token_algorithm"


@pytest.mark.parametrize("algorithm", ["ES256", "PS256"])
def test_id_tokens_of_the_profile_need_no_option(algorithm):
    with StrictProvider(profile="fapi2") as provider:
        provider.key = new_key(algorithm, "server-1")
        site = Site(provider, profile="fapi2", id_token_signed_response_alg=None)
        assert site.sign_in().json == {"sub": "alice"}


def test_an_rsa_key_signs_with_PS256_under_the_profile():
    from flask_oauth.extension.clients import signing_key
    from flask_oauth.protocol.oauth2.fapi import PROFILES as known

    pem = new_key("PS256", "k").private_pem()
    assert signing_key(pem).algorithm == "RS256"
    assert signing_key(pem, None, known["fapi2"]).algorithm == "PS256"
    assert signing_key(pem, "PS384").algorithm == "PS384"


def test_N44_client_assertions_are_for_the_issuer_once_and_shortly():
    with running("fapi2") as site:
        site.sign_in()
        assertions = [
            claims_of(asked.value("client_assertion"))
            for asked in (*site.provider.requests_to("pushed"), *site.provider.requests_to("token"))
        ]
        assert len({claims["jti"] for claims in assertions}) == 2
        assert all(claims["aud"] == site.provider.url for claims in assertions)
        assert all(claims["exp"] - claims["iat"] <= 300 for claims in assertions)
