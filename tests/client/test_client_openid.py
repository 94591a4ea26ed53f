"""A whole OpenID Connect sign-in through the hub, the transport scripted.

What only the hub can do: remember the nonce and the issuer, insist on the ID
Token (N18), fetch keys once more (N31, N33, A05), and stop before anything is
sent to the wrong party (N06).
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.protocol.openid_samples import CLIENT_ID, ISSUER, NOW, SUBJECT, id_token, key

from flask_oauth.client.cache import ServerCache
from flask_oauth.client.oauth2 import OAuth2Client, OAuth2Settings
from flask_oauth.errors import AuthorizationResponseError, IDTokenError, InvalidResponseError
from flask_oauth.protocol.oauth2.client_authentication import Client
from flask_oauth.protocol.openid.id_token import IDTokenExpectation, half_hash
from flask_oauth.testing.transport import ScriptedTransport, json_response

CALLBACK = "https://app.example.com/callback"
METADATA = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/jwks",
    "authorization_response_iss_parameter_supported": True,
}


class Site:
    """One client at one issuer, with a clock and a script."""

    def __init__(self, **settings):
        self.now = float(NOW)
        self.transport = ScriptedTransport()
        self.transport.always("GET", f"{ISSUER}/.well-known/openid-configuration", json_response(METADATA))
        expected = IDTokenExpectation(issuer=ISSUER, client_id=CLIENT_ID, algorithms=("ES256",))
        values = {
            "client": Client(CLIENT_ID, "secret"),
            "issuer": ISSUER,
            "lenient": False,
            "id_token": expected,
            **settings,
        }
        cache = ServerCache(self.transport, clock=lambda: self.now)
        numbers = iter(range(1000))
        self.client = OAuth2Client(
            OAuth2Settings(**values),
            self.transport,
            cache,
            clock=lambda: self.now,
            new_secret=lambda: f"unpredictable-{next(numbers):030}",
        )

    def publish(self, *keys):
        self.transport.always("GET", f"{ISSUER}/jwks", json_response({"keys": [one.public_jwk() for one in keys]}))

    def rotate(self, *sets):
        answers = [json_response({"keys": [one.public_jwk() for one in keys]}) for keys in sets]
        self.transport.once("GET", f"{ISSUER}/jwks", *answers)

    def start(self, **more):
        return self.client.authorize("corp", redirect_uri=CALLBACK, state="s", scope="openid email", **more)

    def answer(self, transaction, signed_with=None, **claims):
        """Script the token answer with an ID Token for that sign-in."""
        claims.setdefault("nonce", transaction.nonce)
        token = id_token(signed_with=signed_with, **claims)
        self.script(id_token=token)
        return token

    def script(self, **members):
        answer = {"access_token": "at", "token_type": "Bearer", **members}
        self.transport.once("POST", f"{ISSUER}/token", json_response(answer))

    def complete(self, transaction, **parameters):
        values = {"code": "c", "state": "s", "iss": ISSUER, **parameters}
        return self.client.complete(values.items(), transaction)

    def jwks_fetches(self):
        return len(self.transport.sent("GET", f"{ISSUER}/jwks"))

    def token_requests(self):
        return len(self.transport.sent("POST", f"{ISSUER}/token"))


@pytest.fixture
def site():
    site = Site()
    yield site
    site.transport.assert_all_used()


def refused(site, transaction, code, error=InvalidResponseError, **parameters):
    with pytest.raises(error) as caught:
        site.complete(transaction, **parameters)
    assert caught.value.code == code


def test_sign_in(site):
    site.publish(key())
    request, transaction = site.start()
    assert request.value("nonce") == transaction.nonce
    assert len(transaction.nonce) >= 32
    site.answer(transaction)
    signed_in = site.complete(transaction)
    assert (signed_in.id_token.subject, signed_in.id_token.issuer) == (SUBJECT, ISSUER)
    assert signed_in.token.access_token == "at"


def test_each_sign_in_has_its_own_nonce(site):
    nonces = [site.start()[1].nonce for _ in range(3)]
    assert len(set(nonces)) == 3


def test_N18_no_id_token_though_openid_was_asked_for(site):
    _, transaction = site.start()
    site.script()
    refused(site, transaction, "id_token_missing", IDTokenError)
    assert site.jwks_fetches() == 0


def test_N25_nonce_of_another_sign_in(site):
    site.publish(key())
    _, other = site.start()
    _, transaction = site.start()
    site.answer(transaction, nonce=other.nonce)
    refused(site, transaction, "id_token_nonce", IDTokenError)


def test_N06_answer_of_another_issuer_goes_no_further(site):
    _, transaction = site.start()
    refused(site, transaction, "issuer_mismatch", AuthorizationResponseError, iss="https://evil.example.com")
    assert site.token_requests() == 0


def test_N06_an_error_of_another_issuer_is_not_believed(site):
    _, transaction = site.start()
    with pytest.raises(AuthorizationResponseError) as caught:
        site.client.complete(
            [("error", "access_denied"), ("state", "s"), ("iss", "https://evil.example.com")], transaction
        )
    assert caught.value.code == "issuer_mismatch"


def test_N07_answer_without_issuer_although_the_server_names_itself(site):
    _, transaction = site.start()
    with pytest.raises(AuthorizationResponseError) as caught:
        site.client.complete([("code", "c"), ("state", "s")], transaction)
    assert caught.value.code == "issuer_missing"
    assert site.token_requests() == 0


def test_N33_A05_keys_rotated_just_before_signing(site):
    site.rotate([key("ES256", "old")], [key("ES256", "old"), key("ES256", "new")])
    _, first = site.start()
    site.answer(first, signed_with=key("ES256", "old"))
    assert site.complete(first)
    _, transaction = site.start()
    site.answer(transaction, signed_with=key("ES256", "new"))
    assert site.complete(transaction).id_token.subject == SUBJECT
    assert site.jwks_fetches() == 2


def test_N31_key_still_unknown_after_one_refetch(site):
    site.publish(key())
    _, first = site.start()
    site.answer(first)
    site.complete(first)
    for _ in range(5):
        _, transaction = site.start()
        site.answer(transaction, signed_with=key("ES256", "unknown"))
        site.now += 1
        refused(site, transaction, "id_token_key_unknown", IDTokenError)
    # One fetch for the first sign-in, one more for the unknown key, and no others within the cool-down.
    assert site.jwks_fetches() == 2


def test_N35_what_was_asked_for_is_checked(site):
    site.publish(key())
    for parameters, claims, code in (
        ({"max_age": 60}, {"auth_time": NOW - 600}, "id_token_auth_time"),
        ({"max_age": 60}, {}, "id_token_auth_time"),
        ({"claims": {"id_token": {"acr": {"essential": True, "values": ["high"]}}}}, {"acr": "low"}, "id_token_acr"),
    ):
        _, transaction = site.start(parameters=parameters)
        site.answer(transaction, **claims)
        refused(site, transaction, code, IDTokenError)
    _, transaction = site.start(parameters={"max_age": 60})
    site.answer(transaction, auth_time=NOW - 30)
    assert site.complete(transaction)


def hybrid() -> Site:
    site = Site(response_type="code id_token")
    site.publish(key())
    return site


def test_N34_hybrid_sign_in():
    site = hybrid()
    request, transaction = site.start()
    assert request.value("response_mode") == "form_post"
    front = id_token(nonce=transaction.nonce, c_hash=half_hash("c", "sha256"))
    site.answer(transaction)
    assert site.complete(transaction, id_token=front).id_token.subject == SUBJECT


@pytest.mark.parametrize("claims", [{}, {"c_hash": half_hash("another", "sha256")}], ids=["missing", "wrong"])
def test_N34_hybrid_code_that_is_not_bound_is_not_exchanged(claims):
    site = hybrid()
    _, transaction = site.start()
    refused(site, transaction, "id_token_c_hash", IDTokenError, id_token=id_token(nonce=transaction.nonce, **claims))
    assert site.token_requests() == 0


def test_hybrid_id_tokens_of_two_people():
    site = hybrid()
    _, transaction = site.start()
    front = id_token(nonce=transaction.nonce, c_hash=half_hash("c", "sha256"))
    site.answer(transaction, sub="mallory")
    refused(site, transaction, "id_token_changed", IDTokenError, id_token=front)


def test_N38_A09_refresh(site):
    site.publish(key())
    _, transaction = site.start()
    first = site.answer(transaction)
    token = replace(site.complete(transaction).token, refresh_token="rt", id_token=first)
    site.script(id_token=id_token(nonce=None, iat=NOW + 1))
    assert site.client.refresh(token).access_token == "at"
    site.script(id_token=id_token(nonce=None, iat=NOW + 1))
    # Where the one before is gone, the new one could not be compared, and is not kept.
    assert site.client.refresh(replace(token, id_token=None)).id_token is None
    site.script(id_token=id_token(nonce=None, sub="mallory"))
    with pytest.raises(IDTokenError) as caught:
        site.client.refresh(token)
    assert caught.value.code == "id_token_changed"
