"""Device authorization and CIBA through the hub: how often the server is asked, and when not again (N50)."""

from __future__ import annotations

import json

import pytest
from tests.client.oauth2_sites import ISSUER, Site, failure, proof_of, token_answer, wants_nonce
from tests.protocol.openid_samples import CLIENT_ID, SUBJECT, id_token

from flask_oauth.client.waiting import WaitingState
from flask_oauth.errors import (
    AccessDenied,
    ConfigurationError,
    IDTokenError,
    InvalidResponseError,
    ReauthorizationRequired,
    ServerError,
    TransportError,
)
from flask_oauth.protocol.oauth2.client_authentication import Client
from flask_oauth.protocol.openid.id_token import IDTokenExpectation
from flask_oauth.testing.transport import json_response

DEVICE = {
    "device_code": "the-secret",
    "user_code": "WDJB-MJHT",
    "verification_uri": "https://id.example.com/device",
    "verification_uri_complete": "https://id.example.com/device?user_code=WDJB-MJHT",
    "expires_in": 600,
    "interval": 5,
}
CIBA = {"auth_req_id": "the-request", "expires_in": 120, "interval": 2}
PENDING, SLOW_DOWN = failure("authorization_pending"), failure("slow_down")


def device(site=None, answers=(), **members):
    site = site or Site()
    site.script("device", json_response({**DEVICE, **members}))
    if answers:
        site.script("token", *answers)
    return site, site.grants.waiting.start_device(scope="profile")


def ciba(site=None, answers=(), **options):
    site = site or Site()
    site.script("backchannel", json_response(CIBA))
    if answers:
        site.script("token", *answers)
    pending = site.grants.waiting.start_backchannel(scope="openid", parameters={"login_hint": "alice"}, **options)
    return site, pending


def test_device_what_is_shown_and_what_is_not():
    _, pending = device()
    assert (pending.user_code, pending.verification_uri) == ("WDJB-MJHT", "https://id.example.com/device")
    assert pending.verification_uri_complete.endswith("user_code=WDJB-MJHT")
    assert pending.interval == 5
    assert "the-secret" not in repr(pending) + repr(pending.state)


def test_device_sign_in():
    site, pending = device(answers=[PENDING, PENDING, token_answer(scope="profile")])
    signed_in = pending.wait()
    assert signed_in.token.access_token == "at"
    assert site.slept == [5, 5, 5]
    assert pending.poll() is signed_in
    assert site.forms("token")[0]["grant_type"] == "urn:ietf:params:oauth:grant-type:device_code"
    assert site.forms("token")[0]["device_code"] == "the-secret"
    site.transport.assert_all_used()


def test_N50_slow_down_adds_five_seconds_for_good():
    site, pending = device(answers=[SLOW_DOWN, PENDING, SLOW_DOWN, token_answer()])
    pending.wait()
    assert site.slept == [5, 10, 10, 15]


def test_N50_the_interval_is_kept_however_often_a_page_asks():
    site, pending = device(answers=[PENDING, token_answer()])
    for _ in range(4):
        assert pending.poll() is None
    assert site.sent("token") == []
    site.now += 5
    for _ in range(4):
        assert pending.poll() is None
    assert len(site.sent("token")) == 1
    site.now += 5
    assert pending.poll() is not None


def test_N50_the_interval_without_a_word_of_the_server_is_five_seconds():
    members = {name: value for name, value in DEVICE.items() if name != "interval"}
    site = Site()
    site.script("device", json_response(members))
    site.script("token", token_answer())
    site.grants.waiting.start_device().wait()
    assert site.slept == [5]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (failure("access_denied"), AccessDenied),
        (failure("expired_token"), ReauthorizationRequired),
        (failure("invalid_request"), ServerError),
        (failure("invalid_grant"), ServerError),
        (failure("something_new"), ServerError),
        (json_response({}, 500), InvalidResponseError),
        (json_response({"error": "access_denied"}, 200), AccessDenied),
    ],
)
def test_N50_everything_else_ends_it(answer, error):
    site, pending = device(answers=[PENDING, answer])
    with pytest.raises(error):
        pending.wait()
    assert len(site.sent("token")) == 2


def test_N50_nobody_is_asked_after_the_end():
    site, pending = device(answers=[PENDING] * 2, expires_in=12)
    with pytest.raises(ReauthorizationRequired):
        pending.wait()
    assert site.slept == [5, 5, 2]
    assert len(site.sent("token")) == 2
    with pytest.raises(ReauthorizationRequired):
        pending.poll()


def test_N50_a_server_that_is_away_is_asked_less_often():
    away = TransportError("gone", code="transport_timeout")
    site, pending = device(answers=[away, away, token_answer()])
    pending.wait()
    assert site.slept == [5, 10, 20]


def test_waiting_for_so_long_and_no_longer():
    site, pending = device(answers=[PENDING])
    assert pending.wait(timeout=7) is None
    assert site.slept == [5, 2]
    site.script("token", token_answer())
    assert pending.wait(timeout=30) is not None


def test_going_on_in_another_process():
    site, pending = device(answers=[SLOW_DOWN, token_answer()])
    site.now += 5
    assert pending.poll() is None
    kept = json.loads(json.dumps(pending.state.to_dict()))
    other = site.grants.waiting.resume(WaitingState.from_dict(kept))
    assert other.state == pending.state
    assert other.wait().token.access_token == "at"
    assert site.slept == [10]


def test_device_tokens_are_bound_where_those_of_a_sign_in_are():
    site = Site(dpop=True)
    site, pending = device(site, answers=[wants_nonce("n"), PENDING, token_answer(token_type="DPoP")])
    token = pending.wait().token
    assert token.dpop_key == pending.state.dpop_key
    assert [proof_of(request).get("nonce") for request in site.sent("token")] == [None, "n", "n"]
    assert "the-key" not in repr(pending)


def test_device_endpoint_missing():
    site = Site({"device_authorization_endpoint": None})
    with pytest.raises(ConfigurationError) as caught:
        site.grants.waiting.start_device()
    assert caught.value.code == "config_endpoint_missing"


def open_id():
    expected = IDTokenExpectation(issuer=ISSUER, client_id=CLIENT_ID, algorithms=("ES256",))
    return Site(client=Client(CLIENT_ID, "secret", "client_secret_post"), id_token=expected)


def test_ciba_poll_with_an_id_token():
    token = id_token(nonce=None)
    site, pending = ciba(open_id(), answers=[PENDING, token_answer(id_token=token)])
    signed_in = pending.wait()
    assert signed_in.id_token.subject == SUBJECT
    assert site.slept == [2, 2]
    form = site.forms("backchannel")[0]
    assert (form["scope"], form["login_hint"]) == ("openid", "alice")
    assert "client_notification_token" not in form
    assert site.forms("token")[0]["auth_req_id"] == "the-request"


@pytest.mark.parametrize(
    ("token", "code"),
    [
        (None, "id_token_missing"),
        ({"aud": "another"}, "id_token_audience"),
        ({"iss": "https://evil.example.com"}, "id_token_issuer"),
        ({"nonce": "unasked"}, "id_token_nonce"),
    ],
)
def test_N50_the_id_token_is_checked(token, code):
    members = {} if token is None else {"id_token": id_token(**{"nonce": None, **token})}
    _, pending = ciba(open_id(), answers=[token_answer(**members)])
    with pytest.raises(IDTokenError) as caught:
        pending.wait()
    assert caught.value.code == code


@pytest.mark.parametrize("hints", [{}, {"login_hint": "a", "id_token_hint": "b"}])
def test_ciba_wants_exactly_one_hint(hints):
    with pytest.raises(ConfigurationError):
        Site().grants.waiting.start_backchannel(scope="openid", parameters=hints)


def notification(token, request="the-request"):
    return {"authorization": f"Bearer {token}"}, json.dumps({"auth_req_id": request}).encode()


def test_ciba_ping_asks_at_once():
    site, pending = ciba(answers=[token_answer()], ping=True)
    token = site.forms("backchannel")[0]["client_notification_token"]
    assert pending.poll() is None
    assert pending.notified(*notification(token)).token.access_token == "at"
    assert site.slept == []


@pytest.mark.parametrize(
    "arguments", [("wrong",), ("",), ("TOKEN", "another-request"), ("TOKEN", "")], ids=["token", "empty", "id", "no id"]
)
def test_N50_a_ping_of_somebody_else_asks_nobody(arguments):
    site, pending = ciba(ping=True)
    token, *request = (pending.state.notification_token if part == "TOKEN" else part for part in arguments)
    with pytest.raises(InvalidResponseError) as caught:
        pending.notified(*notification(token, *request))
    assert caught.value.code == "notification_invalid"
    assert site.sent("token") == []


def test_N50_a_ping_to_one_who_polls_is_nobodys():
    _, pending = ciba()
    with pytest.raises(InvalidResponseError):
        pending.notified(*notification(""))


def test_a_ping_that_another_process_took():
    site, pending = ciba(answers=[PENDING, token_answer()], ping=True)
    pinged = [True]
    pending.pinged = lambda: bool(pinged and pinged.pop())
    assert pending.poll() is None
    assert pending.poll() is None
    assert len(site.sent("token")) == 1
    site.now += 2
    assert pending.poll() is not None


def test_ciba_ping_where_the_server_only_lets_itself_be_asked():
    site = Site({"backchannel_token_delivery_modes_supported": ["poll"]})
    with pytest.raises(ConfigurationError):
        site.grants.waiting.start_backchannel(ping=True, parameters={"login_hint": "a"})
    assert site.sent("backchannel") == []
