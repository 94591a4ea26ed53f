"""The servers of these tests, tried with clients we did not write: requests-oauthlib and requests.

What S1 and S2 refuse is as important as what they take: a test against a
server that takes everything proves nothing.
"""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from requests_oauthlib import OAuth1, OAuth1Session, OAuth2Session
from requests_oauthlib.oauth1_session import TokenRequestDenied
from tests.compat.servers.base import Answer
from tests.compat.servers.oauth1 import CONSUMER_KEY, CONSUMER_SECRET, S1
from tests.compat.servers.oauth2 import CLIENT_ID, CLIENT_SECRET, S2
from tests.compat.support import fetch

CALLBACK = "http://localhost/cb?next=/home%3Fx%3D1"


def oauth1_session(s1: S1, **kwargs: str) -> OAuth1Session:
    return OAuth1Session(CONSUMER_KEY, kwargs.pop("client_secret", CONSUMER_SECRET), **kwargs)


def oauth1_sign_in(s1: S1, **kwargs: str) -> OAuth1Session:
    with oauth1_session(s1, callback_uri=CALLBACK, **kwargs) as session:
        session.fetch_request_token(s1.url + "/o1/request_token")
        status, headers, _ = fetch(session.authorization_url(s1.url + "/o1/authorize"))
        assert status == 302
        session.parse_authorization_response(headers["location"])
        session.fetch_access_token(s1.url + "/o1/access_token")
        return session


@pytest.mark.parametrize("placement", ["AUTH_HEADER", "BODY"])
def test_s1_signs_in_and_checks_api_calls(s1: S1, placement: str) -> None:
    session = oauth1_sign_in(s1, signature_type=placement)
    body = {"status": "é @you & more"}
    answer = session.post(s1.url + "/o1/api/update.json?x=1", data=body).json()
    session.close()
    assert ["status", "é @you & more"] in answer["form"]
    assert answer["args"] == [["x", "1"]]
    assert answer["token"] in s1.tokens


def test_s1_takes_credentials_in_the_query(s1: S1) -> None:
    with oauth1_sign_in(s1, signature_type="QUERY") as session:
        assert session.get(s1.url + "/o1/api/me").status_code == 200


def test_s1_refuses_a_wrong_secret(s1: S1) -> None:
    with oauth1_session(s1, client_secret="wrong", callback_uri=CALLBACK) as session, pytest.raises(TokenRequestDenied):
        session.fetch_request_token(s1.url + "/o1/request_token")


def test_s1_refuses_a_request_without_callback(s1: S1) -> None:
    with oauth1_session(s1) as session, pytest.raises(TokenRequestDenied, match="400"):
        session.fetch_request_token(s1.url + "/o1/request_token")


def test_s1_refuses_an_exchange_signed_with_another_token(s1: S1) -> None:
    s1.tokens["old"] = "old secret"
    with oauth1_session(s1, callback_uri=CALLBACK) as session:
        token = session.fetch_request_token(s1.url + "/o1/request_token")["oauth_token"]
        fetch(session.authorization_url(s1.url + "/o1/authorize"))
        verifier = s1.memory.pending[token]["verifier"]
    with OAuth1Session(CONSUMER_KEY, CONSUMER_SECRET, "old", "old secret", verifier=verifier) as other:
        assert other.post(s1.url + "/o1/access_token").status_code == 401


def test_s1_refuses_credentials_in_two_places(s1: S1) -> None:
    with oauth1_sign_in(s1) as session:
        assert session.get(s1.url + "/o1/api/me?oauth_token=x").status_code == 401


def test_s1_lets_the_user_say_no(s1: S1) -> None:
    s1.user_says_no = True
    with oauth1_session(s1, callback_uri=CALLBACK) as session:
        token = session.fetch_request_token(s1.url + "/o1/request_token")["oauth_token"]
        _, headers, _ = fetch(session.authorization_url(s1.url + "/o1/authorize"))
    assert parse_qs(urlsplit(headers["location"]).query) == {"next": ["/home?x=1"], "denied": [token]}


@pytest.mark.parametrize("content_type", ["text/html; charset=utf-8", None])
def test_s1_answers_with_the_content_type_asked_for(s1: S1, content_type: str | None) -> None:
    s1.token_content_type = content_type
    auth = OAuth1(CONSUMER_KEY, CONSUMER_SECRET, callback_uri=CALLBACK)
    answer = requests.post(s1.url + "/o1/request_token", auth=auth, timeout=5)
    assert answer.status_code == 200
    assert "oauth_token" in parse_qs(answer.text)
    assert answer.headers.get("Content-Type") == content_type


@pytest.fixture
def oauth2_session(s2: S2, monkeypatch: pytest.MonkeyPatch) -> OAuth2Session:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # oauthlib knows no loopback
    return OAuth2Session(CLIENT_ID, redirect_uri=CALLBACK, pkce="S256")


def oauth2_sign_in(session: OAuth2Session, s2: S2, **kwargs: str | bool) -> dict[str, object]:
    url, _ = session.authorization_url(s2.url + "/o2/authorize")
    status, headers, text = fetch(url)
    assert status == 302, text
    return dict(
        session.fetch_token(
            s2.url + "/o2/token", authorization_response=headers["location"], client_secret=CLIENT_SECRET, **kwargs
        )
    )


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_s2_signs_in_and_checks_api_calls(s2: S2, oauth2_session: OAuth2Session, method: str) -> None:
    with oauth2_session as session:
        token = oauth2_sign_in(session, s2, method=method, include_client_id=True)
        answer = session.get(s2.url + "/o2/api/me?x=1").json()
    assert answer["credential"] == ["Bearer", token["access_token"]]
    assert answer["args"] == [["x", "1"]]


def test_s2_refuses_a_wrong_verifier_redirect_uri_or_used_code(s2: S2, oauth2_session: OAuth2Session) -> None:
    right = {"grant_type": "authorization_code", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}

    def exchange(**changes: str) -> int:
        with oauth2_session as session:
            url, _ = session.authorization_url(s2.url + "/o2/authorize")
            code = parse_qs(urlsplit(fetch(url)[1]["location"]).query)["code"][0]
            form = {**right, "code": code, "redirect_uri": CALLBACK, "code_verifier": session._code_verifier, **changes}
        status = requests.post(s2.url + "/o2/token", form, timeout=5).status_code
        assert status != 200 or requests.post(s2.url + "/o2/token", form, timeout=5).status_code == 400
        return status

    assert exchange() == 200
    assert exchange(code_verifier="x" * 43) == 400
    assert exchange(redirect_uri=CALLBACK + "&y=2") == 400
    assert exchange(client_secret="wrong") == 401
    assert exchange(code="made up") == 400


def test_s2_refuses_a_repeated_parameter(s2: S2) -> None:
    assert "more than once: ['code']" in requests.post(s2.url + "/o2/token?code=1", {"code": "2"}, timeout=5).text


@pytest.mark.parametrize(
    ("headers", "query", "status"),
    [
        ({"Authorization": "OAuth tok"}, "", 200),
        ({"Authorization": "token tok"}, "", 200),
        ({"Authorization": "Bearer tok"}, "", 200),
        ({}, "?access_token=tok", 200),
        ({}, "?oauth_token=tok", 200),
        ({"Authorization": "Bearer tok"}, "?access_token=tok", 401),
        ({"Authorization": "Bearer other"}, "", 401),
        ({}, "", 401),
    ],
)
def test_s2_takes_exactly_one_credential(s2: S2, headers: dict[str, str], query: str, status: int) -> None:
    s2.tokens["tok"] = CLIENT_ID
    assert requests.get(s2.url + "/o2/api/me" + query, headers=headers, timeout=5).status_code == status


def test_s2_lets_the_user_say_no_in_the_words_asked_for(s2: S2, oauth2_session: OAuth2Session) -> None:
    s2.denial = {"error_reason": "user_denied", "error_description": "d"}
    with oauth2_session as session:
        url, state = session.authorization_url(s2.url + "/o2/authorize")
    back = parse_qs(urlsplit(fetch(url)[1]["location"]).query)
    assert back == {
        "next": ["/home?x=1"],
        "error_reason": ["user_denied"],
        "error_description": ["d"],
        "state": [state],
    }


def test_a_server_gives_another_answer_when_told(s1: S1) -> None:
    s1.instead["/x"] = Answer("boom", 500, None, {"X-Y": "z"})
    answer = requests.get(s1.url + "/x", timeout=5)
    assert (answer.status_code, answer.text, answer.headers["X-Y"]) == (500, "boom", "z")
    assert "Content-Type" not in answer.headers
