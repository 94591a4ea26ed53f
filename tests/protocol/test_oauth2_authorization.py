"""The authorization request and its answer: RFC 6749 §4.1, RFC 7636, RFC 9207; N02, N06–N09, N15, A08."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from flask_oauth.errors import AccessDenied, AuthorizationResponseError, ConfigurationError, ServerError
from flask_oauth.protocol.oauth2.authorization import (
    AuthorizationRequest,
    AuthorizationResponse,
    authorization_request,
    code_challenge,
    validate_authorization_response,
)
from flask_oauth.protocol.oauth2.client_authentication import Client
from flask_oauth.protocol.oauth2.metadata import ServerMetadata

ISSUER = "https://id.example"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # RFC 7636 appendix B
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
METADATA = ServerMetadata(issuer=ISSUER, authorization_endpoint="https://id.example/authorize")


def ask(endpoint: str | None = None, **more: Any) -> AuthorizationRequest:
    metadata = METADATA if endpoint is None else ServerMetadata(authorization_endpoint=endpoint)
    arguments = {"redirect_uri": "https://app.example/cb?a=b", "state": "s1", "code_verifier": VERIFIER, **more}
    return authorization_request(metadata, Client("me"), **arguments)


def query(request: AuthorizationRequest) -> dict[str, list[str]]:
    return parse_qs(urlsplit(request.url).query, keep_blank_values=True, strict_parsing=True)


def test_N15_pkce_is_always_sent() -> None:
    assert code_challenge(VERIFIER) == CHALLENGE
    request = ask(scope="openid email", nonce="n1")
    assert request.url.startswith("https://id.example/authorize?")
    assert query(request) == {
        "response_type": ["code"],
        "client_id": ["me"],
        "redirect_uri": ["https://app.example/cb?a=b"],
        "scope": ["openid email"],
        "state": ["s1"],
        "nonce": ["n1"],
        "code_challenge": [CHALLENGE],
        "code_challenge_method": ["S256"],
    }
    assert request.value("state") == "s1"
    assert request.value("missing") is None
    assert VERIFIER not in request.url


def test_N15_an_application_cannot_weaken_pkce() -> None:
    for parameters in ({"code_challenge_method": "plain"}, {"code_challenge": "x"}):
        with pytest.raises(ConfigurationError) as caught:
            ask(parameters=parameters)
        assert caught.value.code == "config_parameter_reserved"


@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "state", "nonce", "dpop_jkt", "request", "request_uri"])
def test_what_ties_the_answer_to_the_browser_is_reserved(name: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        ask(parameters={name: "x"})
    assert caught.value.code == "config_parameter_reserved"
    assert name in str(caught.value)


def test_the_same_value_again_is_no_harm() -> None:
    assert query(ask(parameters={"client_id": "me", "state": "s1"}))["state"] == ["s1"]


def test_the_programs_own_parameters_win_and_are_sent_once() -> None:
    request = ask(
        scope="a", parameters={"response_type": "code id_token", "scope": "b c", "response_mode": "form_post"}
    )
    values = query(request)
    assert values["response_type"] == ["code id_token"]
    assert values["scope"] == ["b c"]
    assert values["response_mode"] == ["form_post"]
    assert len(request.parameters) == len({name for name, _ in request.parameters})


def test_parameters_of_every_kind() -> None:
    claims = {"userinfo": {"email": None, "näme": {"essential": True}}}
    details = [{"type": "payment", "amount": 1}]
    values = query(
        ask(
            parameters={
                "claims": claims,
                "authorization_details": details,
                "resource": ["https://a.example/", "https://b.example/"],
                "acr_values": ["urn:1", "urn:2"],
                "prompt": "login consent",
                "max_age": 0,
                "hd": True,
                "flag": False,
                "login_hint": "ü@example.com",
                "ui_locales": ("de", "en"),
                "bytes": b"x",
                "left_out": None,
                "empty": "",
            }
        )
    )
    assert json.loads(values["claims"][0]) == claims
    assert json.loads(values["authorization_details"][0]) == details
    assert values["resource"] == ["https://a.example/", "https://b.example/"]
    assert values["acr_values"] == ["urn:1 urn:2"]
    assert values["max_age"] == ["0"]
    assert values["hd"] == ["true"]
    assert values["flag"] == ["false"]
    assert values["login_hint"] == ["ü@example.com"]
    assert values["ui_locales"] == ["de en"]
    assert values["bytes"] == ["x"]
    assert values["empty"] == [""]
    assert "left_out" not in values


def test_the_endpoints_own_query_is_kept() -> None:
    request = ask("https://id.example/index.php?title=Special:OAuth&flag")
    assert request.url.startswith("https://id.example/index.php?title=Special:OAuth&flag&response_type=code&")
    assert "title" not in dict(request.parameters)


def test_a_parameter_of_the_endpoints_query_is_sent_once() -> None:
    request = ask("https://id.example/a?response_type=code&x=1", parameters={"x": "2"})
    pairs = parse_qsl(urlsplit(request.url).query)
    assert sorted(name for name, _ in pairs) == sorted({name for name, _ in pairs})
    assert dict(pairs)["x"] == "2"
    with pytest.raises(ConfigurationError):
        ask("https://id.example/a?state=fixed")


def test_no_scope_sends_none() -> None:
    assert "scope" not in query(ask(scope=""))
    assert query(ask(response_mode="form_post"))["response_mode"] == ["form_post"]


def test_a_missing_or_insecure_endpoint() -> None:
    for endpoint, code in (("", "config_endpoint_missing"), ("http://id.example/a", "config_insecure_url")):
        with pytest.raises(ConfigurationError) as caught:
            ask(endpoint)
        assert caught.value.code == code


def test_N56_repr_holds_names_only() -> None:
    assert "s1" not in repr(ask())
    assert "c1" not in repr(AuthorizationResponse("c1", parameters={"code": "c1"}))


def validate(*pairs: tuple[str, str], **more: Any) -> AuthorizationResponse:
    return validate_authorization_response(pairs, state="s1", **more)


def refused(*pairs: tuple[str, str], **more: Any) -> str:
    with pytest.raises(AuthorizationResponseError) as caught:
        validate(*pairs, **more)
    for secret in ("c1", "s1"):
        assert secret not in str(caught.value)
        assert secret not in "".join(caught.value.__notes__)
    return caught.value.code


def test_A08_a_right_answer_with_unknown_parameters() -> None:
    response = validate(("code", "c1"), ("state", "s1"), ("session_state", "x"), ("id_token", "unasked"))
    assert response.code == "c1"
    assert response.id_token is None
    assert response.issuer is None
    assert response.parameters["session_state"] == "x"


@pytest.mark.parametrize("state", ["s2", "S1", "s1 ", "s", "s11", "ś1", "s1\ud800"])
def test_N02_state_wrong(state: str) -> None:
    assert refused(("code", "c1"), ("state", state)) == "state_mismatch"


def test_N02_state_missing_or_repeated() -> None:
    assert refused(("code", "c1")) == "state_missing"
    assert refused(("code", "c1"), ("state", "")) == "state_missing"
    assert refused(("code", "c1"), ("state", "s1"), ("state", "s1")) == "authorization_response_repeated"


def test_N02_an_empty_expected_state_matches_nothing() -> None:
    with pytest.raises(AuthorizationResponseError) as caught:
        validate_authorization_response([("code", "c1"), ("state", "x")], state="")
    assert caught.value.code == "state_mismatch"


@pytest.mark.parametrize("iss", ["https://evil.example", ISSUER + "/", "", "HTTPS://id.example"])
def test_N06_iss_differs(iss: str) -> None:
    pairs = (("code", "c1"), ("state", "s1"), ("iss", iss))
    assert refused(*pairs, issuer=ISSUER) == "issuer_mismatch"
    assert refused(*pairs, issuer=ISSUER, iss_required=True) == "issuer_mismatch"
    error = (("error", "access_denied"), ("state", "s1"), ("iss", iss))
    assert refused(*error, issuer=ISSUER) == "issuer_mismatch"


def test_N06_iss_right() -> None:
    response = validate(("code", "c1"), ("state", "s1"), ("iss", ISSUER), issuer=ISSUER, iss_required=True)
    assert response.issuer == ISSUER
    tenant = "https://login.example/0d1f/v2.0"
    template = "https://login.example/{tenantid}/v2.0"
    assert validate(("code", "c1"), ("state", "s1"), ("iss", tenant), issuer=template).issuer == tenant
    assert validate(("code", "c1"), ("state", "s1"), ("iss", "anything"), issuer=None).code == "c1"


def test_N07_iss_missing_although_announced() -> None:
    assert refused(("code", "c1"), ("state", "s1"), issuer=ISSUER, iss_required=True) == "issuer_missing"
    assert refused(("error", "server_error"), ("state", "s1"), issuer=ISSUER, iss_required=True) == "issuer_missing"
    assert validate(("code", "c1"), ("state", "s1"), issuer=ISSUER).code == "c1"


def test_N07_iss_may_be_missing_beside_an_id_token_that_was_asked_for() -> None:
    """RFC 9207 §4: the ID Token names the issuer; without one, or unasked, the parameter is due."""
    answer = (("code", "c1"), ("state", "s1"), ("id_token", "a.b.c"))
    hybrid = {"issuer": ISSUER, "iss_required": True, "response_type": "code id_token"}
    assert validate(*answer, **hybrid).id_token == "a.b.c"
    assert refused(*answer, ("iss", "https://evil.example"), **hybrid) == "issuer_mismatch"
    assert refused(*answer, issuer=ISSUER, iss_required=True) == "issuer_missing"
    for pairs in (answer[:2], (*answer[:2], ("id_token", "")), (("error", "server_error"), ("state", "s1"))):
        assert refused(*pairs, **hybrid) == "issuer_missing"


@pytest.mark.parametrize("name", ["code", "error", "iss", "error_description", "id_token", "response"])
def test_N08_repeated_parameters(name: str) -> None:
    pairs = {"code": "c1", "state": "s1", name: "c1"}
    assert refused(*pairs.items(), (name, "c1")) == "authorization_response_repeated"


def test_A08_the_redirect_uris_own_query_may_repeat_names() -> None:
    assert validate(("next", "a"), ("next", "b"), ("code", "c1"), ("state", "s1")).code == "c1"


def test_N08_code_and_error_together() -> None:
    pairs = (("code", "c1"), ("state", "s1"), ("error", "access_denied"))
    assert refused(*pairs) == "authorization_response_repeated"


def test_N08_no_code() -> None:
    assert refused(("state", "s1")) == "authorization_response_no_code"
    assert refused(("state", "s1"), ("code", "")) == "authorization_response_no_code"
    # A response in the fragment never reaches the server: the request arrives empty.
    assert refused() == "state_missing"
    # The answer of the implicit grant is no answer.
    assert refused(("state", "s1"), ("access_token", "c1")) == "authorization_response_no_code"


@pytest.mark.parametrize("state", [(), (("state", "other"),)])
def test_N09_an_error_without_this_browsers_state_is_not_trusted(state: tuple[tuple[str, str], ...]) -> None:
    assert refused(("error", "access_denied"), ("error_description", "<b>"), *state).startswith("state_")


def test_access_denied_is_the_users_answer() -> None:
    with pytest.raises(AccessDenied) as caught:
        validate(("error", "access_denied"), ("error_description", "no\x1b[31m"), ("state", "s1"))
    assert caught.value.data["error_description"] == "no\x1b[31m"


def test_N09_an_error_is_one_short_line() -> None:
    words = "line\r\nSet-Cookie: a\u202e" + "x" * 5000
    with pytest.raises(ServerError) as caught:
        validate(("error", "server_error"), ("error_description", words), ("error_uri", "https://x"), ("state", "s1"))
    error = caught.value
    assert error.code == "authorization_response_error"
    assert error.error == "server_error"
    assert error.error_description == words
    assert error.error_uri == "https://x"
    assert str(error).isprintable()
    assert len(str(error)) < 500


def test_an_empty_error_is_an_error() -> None:
    with pytest.raises(ServerError):
        validate(("error", ""), ("state", "s1"))


def test_hybrid_answers_hold_an_id_token() -> None:
    pairs = (("code", "c1"), ("state", "s1"))
    assert refused(*pairs, response_type="code id_token") == "id_token_missing"
    assert refused(*pairs, ("id_token", ""), response_type="code id_token") == "id_token_missing"
    assert validate(*pairs, ("id_token", "a.b.c"), response_type="id_token code").id_token == "a.b.c"
