"""What ready-made sign-in refuses: foreign targets, foreign forms, answers in the wrong way; and the two browser traps.

N10, N46, N53 by their ids.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from flask import Flask
from tests.compat.support import fetch
from tests.extension.sign_in_site import HOME, Visitor, led_to, make_app, query_of
from tests.negative.openid_site import ACTION, FIELD
from werkzeug.middleware.proxy_fix import ProxyFix

from flask_oauth import OAuth
from flask_oauth.extension.addresses import is_own_path
from flask_oauth.extension.leaving import form_may_lead_to
from flask_oauth.testing.misbehaving import MisbehavingProvider
from flask_oauth.transport import Urllib3Transport

FOREIGN = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example/",
    "\\\\evil.example/",
    "/\t/evil.example/",
    "/\n/evil.example/",
    "/.//evil.example/",
    "/a/..//evil.example/",
    "/..//evil.example",
    "/%2e//evil.example",
    "/a/%2E%2e//evil.example",
    "/..",
    "javascript:alert(1)",
    "JavaScript://%0aalert(1)",
    "data:text/html,x",
    "evil.example",
    " /members",
    "/members\x00",
    "http:///evil.example",
    "/" + "a" * 3000,
    "",
]
OWN = [
    "/",
    "/members",
    "/members?next=https://evil.example/",
    "/a//b",
    "/%2F%2Fevil.example",
    "/ü",
    "/?//x",
    "/@evil.example",
]


@pytest.mark.parametrize("target", FOREIGN)
def test_N46_foreign_targets_are_no_own_paths(target: str) -> None:
    assert not is_own_path(target)


@pytest.mark.parametrize("target", OWN)
def test_N46_own_paths_are(target: str) -> None:
    assert is_own_path(target)


@pytest.mark.parametrize("target", FOREIGN)
def test_N46_after_a_sign_in(dev_provider: str, target: str) -> None:
    alice = Visitor(make_app(dev_provider, OAUTH_AFTER_SIGN_IN="/start"))
    page = alice.get("/auth/login?" + "next=" + quote(target))
    assert 'name="next" value="/start"' in page.text
    assert alice.sign_in(target).headers["Location"] == "/start"
    signed_in = alice.get("/auth/login?next=" + quote(target))  # leads on at once, if there is a next
    assert signed_in.headers.get("Location", "/start") == "/start"


@pytest.mark.parametrize("target", FOREIGN)
def test_N46_after_a_sign_out(dev_provider: str, target: str) -> None:
    alice = Visitor(make_app(dev_provider, OAUTH_SIGN_OUT_AT_PROVIDER=False))
    alice.sign_in()
    answer = alice.post("/auth/logout", {"next": target}, Origin=HOME)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


def test_N46_what_was_sealed_lands_on_this_site_also_when_it_comes_again(dev_provider: str) -> None:
    alice = Visitor(make_app(dev_provider))
    callback = alice.consent(alice.begin("/a//b"))
    assert alice.get(callback).headers["Location"] == "/a//b"
    assert alice.get(callback).headers["Location"] == "/a//b"


# -- who may start -----------------------------------------------------------------------------------------------

FROM_US = [
    {},
    {"Origin": HOME},
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
]
FROM_OTHERS = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "https://localhost"},
    {"Origin": "http://localhost:8080"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": HOME},
]


@pytest.mark.parametrize("headers", FROM_US)
def test_a_form_of_ours_starts(dev_provider: str, headers: dict[str, str]) -> None:
    answer = Visitor(make_app(dev_provider)).post("/auth/login/corp", **headers)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(dev_provider)


@pytest.mark.parametrize("headers", FROM_OTHERS)
def test_a_form_of_others_shows_a_button(dev_provider: str, headers: dict[str, str]) -> None:
    alice = Visitor(make_app(dev_provider))
    page = alice.post("/auth/login/corp", {"next": "/members"}, **headers)
    assert page.status_code == 403
    assert 'name="next" value="/members"' in page.text
    assert not [name for name in page.headers.getlist("Set-Cookie") if name.startswith("oauth_")]
    assert alice.press(page, "Continue with Corp").status_code == 303


@pytest.mark.parametrize("headers", FROM_OTHERS)
def test_a_form_of_others_signs_nobody_out(dev_provider: str, headers: dict[str, str]) -> None:
    alice = Visitor(make_app(dev_provider))
    alice.sign_in()
    page = alice.post("/auth/logout", **headers)
    assert page.status_code == 403
    assert alice.name_at() == "Hello Alice Moreau"


def test_the_external_url_is_ours_too(dev_provider: str) -> None:
    app = make_app(dev_provider, OAUTH_EXTERNAL_URL="https://www.example.com")
    assert Visitor(app).post("/auth/login/corp", Origin="https://www.example.com").status_code == 303


def test_a_link_starts_only_where_that_was_chosen(dev_provider: str) -> None:
    page = Visitor(make_app(dev_provider)).get("/auth/login/corp?next=/members")
    assert page.status_code == 200
    assert "Continue with Corp" in page.text
    answer = Visitor(make_app(dev_provider, OAUTH_START_BY_GET=True)).get("/auth/login/corp?next=/members")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(dev_provider)


# -- N10: response modes -----------------------------------------------------------------------------------------


@pytest.fixture
def wrongdoer() -> Iterator[MisbehavingProvider]:
    with MisbehavingProvider() as provider:
        yield provider


def site_of(provider: MisbehavingProvider, **changes: Any) -> Flask:
    oauth = OAuth(transport=Urllib3Transport())
    oauth.remote_app("corp", **{**provider.settings, **changes})
    return make_app(provider.issuer, oauth=oauth)


def answer_of(address: str) -> tuple[str, list[tuple[str, str]]]:
    """What the provider answers: a redirect, or a form that its page posts."""
    status, headers, text = fetch(address)
    if status == 302:
        return headers["location"], []
    action = ACTION.search(text)
    assert action is not None, text
    return action[1], FIELD.findall(text)


def test_N10_form_post_signs_in(wrongdoer: MisbehavingProvider) -> None:
    alice = Visitor(site_of(wrongdoer, response_mode="form_post"))
    url, fields = answer_of(alice.begin("/members"))
    answer = alice.post(url, dict(fields), Origin=wrongdoer.issuer, **{"Sec-Fetch-Site": "cross-site"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/members")
    assert alice.name_at() == "Hello Alice Example"


def test_N10_an_error_by_form_post_is_an_error(wrongdoer: MisbehavingProvider) -> None:
    alice = Visitor(site_of(wrongdoer, response_mode="form_post"))
    address = alice.begin("/members")
    fields = {"error": "access_denied", "state": query_of(address)["state"], "iss": wrongdoer.issuer}
    answer = alice.post("/auth/callback/corp", fields, Origin=wrongdoer.issuer)
    assert answer.status_code == 303
    assert "You did not sign in with Corp." in alice.follow(answer).text
    assert alice.name_at() == "Hello stranger"
    address = alice.begin()
    fields = {"error": "server_error", "error_description": "<b>boo</b>", "state": query_of(address)["state"]}
    answer = alice.post("/auth/callback/corp", {**fields, "iss": wrongdoer.issuer})
    assert answer.status_code == 502
    assert "boo" not in answer.text


@pytest.mark.parametrize(("mode", "method"), [("form_post", "GET"), (None, "POST")])
def test_N10_the_other_way_is_refused(
    wrongdoer: MisbehavingProvider, caplog: pytest.LogCaptureFixture, mode: str | None, method: str
) -> None:
    alice = Visitor(site_of(wrongdoer, **({"response_mode": mode} if mode else {})))
    url, fields = answer_of(alice.begin())
    if method == "GET":
        query = "&".join(f"{name}={value}" for name, value in fields)
        answer = alice.get(f"{url}?{query}")
    else:
        answer = alice.post(url.partition("?")[0], query_of(url))
    assert answer.status_code == 400
    assert "authorization_response_mode" in caplog.text
    assert wrongdoer.used_codes == []
    assert alice.name_at() == "Hello stranger"


# -- N53: third-party initiated login ----------------------------------------------------------------------------


def test_N53_begins_at_a_known_issuer_and_ends_here(dev_provider: str) -> None:
    alice = Visitor(make_app(dev_provider))
    query = {"iss": dev_provider, "login_hint": "alice", "target_link_uri": f"{HOME}/members?x=1"}
    answer = alice.client.get("/auth/initiate", query_string=query, base_url=HOME)
    assert answer.status_code == 302
    address = answer.headers["Location"]
    assert query_of(address)["login_hint"] == "alice"
    assert alice.get(alice.consent(address)).headers["Location"] == "/members?x=1"
    assert alice.client.post("/auth/initiate", data=query, base_url=HOME).status_code == 303


@pytest.mark.parametrize(
    "query",
    [
        {"iss": "https://evil.example"},
        {},
        {"target_link_uri": "/members"},
        {"iss": "ISSUER", "target_link_uri": "https://evil.example/"},
        {"iss": "ISSUER", "target_link_uri": "//evil.example/"},
        {"iss": "ISSUER", "target_link_uri": "http://localhost@evil.example/"},
        {"iss": "ISSUER", "target_link_uri": "javascript:alert(1)"},
    ],
)
def test_N53_refuses_all_else(dev_provider: str, query: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    alice = Visitor(make_app(dev_provider))
    query = {name: value.replace("ISSUER", dev_provider) for name, value in query.items()}
    answer = alice.client.get("/auth/initiate", query_string=query, base_url=HOME)
    assert answer.status_code == 400
    assert "The link that led here is not valid." in answer.text
    assert "evil" not in answer.text
    assert "login_initiation_invalid" in caplog.text


def test_N53_a_target_whose_path_reads_as_a_host_goes_nowhere(dev_provider: str) -> None:
    alice = Visitor(make_app(dev_provider))
    query = {"iss": dev_provider, "target_link_uri": f"{HOME}//evil.example/"}
    answer = alice.client.get("/auth/initiate", query_string=query, base_url=HOME)
    assert alice.get(alice.consent(answer.headers["Location"])).headers["Location"] == "/"


# -- the trap of form-action -------------------------------------------------------------------------------------

AT = "https://id.example.com/authorize?x=1"


@pytest.mark.parametrize(
    ("policies", "may"),
    [
        ([], True),
        (["default-src 'none'"], True),
        (["form-action 'self'"], False),
        (["form-action"], False),
        (["form-action 'none'; default-src *"], False),
        (["default-src 'self'; FORM-ACTION 'self' https://id.example.com"], True),
        (["form-action https://id.example.com/other"], True),
        (["form-action https://*.example.com"], True),
        (["form-action https://*.id.example.com"], False),
        (["form-action https:"], True),
        (["form-action http:"], False),
        (["form-action *"], True),
        (["form-action id.example.com:443"], True),
        (["form-action id.example.com:8443"], False),
        (["form-action id.example.com:*"], True),
        (["form-action http://id.example.com"], False),
        (["form-action *", "form-action 'self'"], False),
        (["form-action *, form-action 'self'"], False),
        (["form-action example.com"], False),
    ],
)
def test_what_form_action_allows(policies: list[str], may: bool) -> None:
    assert form_may_lead_to(AT, policies) is may


def with_policy(dev_provider: str, policy: str, **config: Any) -> Flask:
    app = make_app(dev_provider, **config)

    @app.after_request
    def harden(response: Any) -> Any:
        response.headers["Content-Security-Policy"] = policy
        return response

    return app


@pytest.mark.parametrize(
    ("wish", "policy", "page"),
    [
        ("auto", "form-action 'self'", True),
        ("auto", "default-src 'self'", False),
        ("redirect", "form-action 'self'", False),
        ("page", "default-src 'self'", True),
    ],
)
def test_a_start_is_a_page_where_a_redirect_would_be_stopped(
    dev_provider: str, wish: str, policy: str, page: bool
) -> None:
    alice = Visitor(with_policy(dev_provider, policy, OAUTH_START_RESPONSE=wish))
    answer = alice.post("/auth/login/corp", Origin=HOME)
    assert answer.status_code == (200 if page else 303)
    assert ("Location" in answer.headers) is not page
    target = led_to(answer)
    assert target is not None
    assert target.startswith(dev_provider)
    if page:
        assert "<script" not in answer.text
        assert "style=" not in answer.text
        assert int(answer.headers["Content-Length"]) == len(answer.data)
    assert alice.get(alice.consent(target)).status_code == 302


def test_our_own_pages_do_not_set_the_trap(dev_provider: str) -> None:
    page = Visitor(make_app(dev_provider)).get("/auth/login")
    policy = page.headers["Content-Security-Policy"]
    assert "form-action" not in policy
    assert "'unsafe-inline'" not in policy
    assert page.headers["X-Frame-Options"] == "DENY"
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert page.headers["Cache-Control"] == "no-store"


# -- the trap of SameSite=Strict ---------------------------------------------------------------------------------


def test_with_a_strict_session_the_answer_is_a_page_that_leads_on(dev_provider: str) -> None:
    alice = Visitor(make_app(dev_provider, SESSION_COOKIE_SAMESITE="Strict"))
    callback = alice.consent(alice.begin("/members"))
    answer = alice.get(callback)
    assert answer.status_code == 200
    assert led_to(answer) == "/members"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert alice.open("/members").text == "Hello Alice Moreau"
    again = alice.get(callback)  # A10
    assert (again.status_code, led_to(again)) == (200, "/members")


def test_with_a_strict_session_the_browser_first_comes_again(dev_provider: str) -> None:
    alice = Visitor(make_app(dev_provider, SESSION_COOKIE_SAMESITE="Strict"))
    callback = alice.consent(alice.begin("/members"))
    answer = alice.get(callback, **{"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200
    assert led_to(answer) == callback.removeprefix(HOME)
    assert "_oauth_user" not in alice.session
    # however the browser calls the second request, it is answered
    answer = alice.get(callback, **{"Sec-Fetch-Site": "cross-site"})
    assert led_to(answer) == "/members"
    assert alice.name_at() == "Hello Alice Moreau"


# -- loops -------------------------------------------------------------------------------------------------------


def lose_the_session(visitor: Visitor) -> None:
    visitor.client.delete_cookie("session", domain="localhost")


def test_three_sign_ins_in_a_minute_are_a_loop(dev_provider: str, caplog: pytest.LogCaptureFixture) -> None:
    alice = Visitor(make_app(dev_provider))
    for _ in range(2):
        assert alice.sign_in("/members").status_code == 302
        lose_the_session(alice)
    answer = alice.sign_in("/members")
    assert answer.status_code == 400
    assert "did not keep the cookie" in answer.text
    assert "sign_in_loop" in caplog.text
    assert "no cookie 'session'" in caplog.text
    assert alice.name_at() == "Hello stranger"


def test_the_loop_names_the_setting_that_makes_it(dev_provider: str, caplog: pytest.LogCaptureFixture) -> None:
    alice = Visitor(make_app(dev_provider, SESSION_COOKIE_SECURE=True))
    for _ in range(3):
        answer = alice.sign_in()
        lose_the_session(alice)
    assert answer.status_code == 400
    assert "SESSION_COOKIE_SECURE keeps 'session' from http://localhost/" in caplog.text


def test_signing_in_and_out_by_hand_is_no_loop(dev_provider: str) -> None:
    alice = Visitor(make_app(dev_provider, OAUTH_SIGN_OUT_AT_PROVIDER=False))
    for _ in range(4):
        assert alice.sign_in().status_code == 302
        alice.post("/auth/logout", Origin=HOME)


def test_failures_are_no_loop(dev_provider: str) -> None:
    alice = Visitor(make_app(dev_provider))
    for _ in range(4):
        assert alice.get(alice.consent(alice.begin(), "deny")).status_code == 302
    assert alice.sign_in().status_code == 302


# -- proxies -----------------------------------------------------------------------------------------------------


def test_a_proxy_that_the_application_does_not_know_is_named_once(
    dev_provider: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app(dev_provider)
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "www.example.com"}
    for _ in range(2):
        Visitor(app).get("/auth/login", **forwarded)
    messages = [record.message for record in caplog.records if "ProxyFix" in record.message]
    assert len(messages) == 1
    assert "app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)" in messages[0]
    answer = Visitor(app).post("/auth/login/corp", **forwarded)
    assert urlsplit(query_of(answer.headers["Location"])["redirect_uri"]).netloc == "localhost"  # it is not believed


@pytest.mark.parametrize("cure", ["ProxyFix", "OAUTH_EXTERNAL_URL"])
def test_a_proxy_that_the_application_knows(dev_provider: str, caplog: pytest.LogCaptureFixture, cure: str) -> None:
    app = make_app(dev_provider)
    if cure == "ProxyFix":
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)  # type: ignore[method-assign]
    else:
        app.config["OAUTH_EXTERNAL_URL"] = "https://www.example.com"
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "www.example.com"}
    answer = Visitor(app).post("/auth/login/corp", **forwarded)
    assert query_of(answer.headers["Location"])["redirect_uri"] == "https://www.example.com/auth/callback/corp"
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
