"""The development provider's pages: what protects them, and that a person can use them without a script."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from flask_oauth.development import create_provider

APP = create_provider()
PAGES = ["/", "/sign-in", "/oauth2/authorize", "/oauth1/authorize?oauth_token=unknown", "/end_session", "/nowhere"]


@pytest.fixture
def client() -> FlaskClient:
    return APP.test_client()


def form_token(client: FlaskClient) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', client.get("/sign-in").text)
    assert found
    return found[1]


@pytest.mark.parametrize("path", PAGES)
def test_each_page_has_one_heading_a_language_and_a_title_and_no_script_or_inline_style(
    client: FlaskClient, path: str
) -> None:
    text = client.get(path).text
    assert '<html lang="en">' in text
    assert len(re.findall(r"<h1[ >]", text)) == 1
    assert re.search(r"<title>[^<]+</title>", text)
    assert "<script" not in text
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:", text)


@pytest.mark.parametrize("path", PAGES)
def test_each_page_is_kept_from_frames_caches_and_foreign_content(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_the_provider_has_a_session_cookie_of_its_own_name(client: FlaskClient) -> None:
    cookie = client.get("/sign-in").headers["Set-Cookie"]
    assert cookie.startswith("provider_session=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_a_form_of_another_site_is_refused(client: FlaskClient) -> None:
    assert client.post("/sign-in", data={"choice": "alice"}).status_code == 403
    form_token(client)
    assert client.post("/sign-in", data={"choice": "alice", "form_token": "guessed"}).status_code == 403
    assert client.post("/switch", data={"form_token": ""}).status_code == 403


@pytest.mark.parametrize(
    "destination", ["https://evil.example/", "//evil.example/", "/\\evil.example", "evil", "", "http:evil"]
)
def test_sign_in_leads_to_no_other_site(client: FlaskClient, destination: str) -> None:
    answer = client.post("/sign-in", data={"choice": "bob", "next": destination, "form_token": form_token(client)})
    assert (answer.status_code, answer.location) == (303, "/")


def test_an_unknown_choice_signs_nobody_in(client: FlaskClient) -> None:
    client.post("/sign-in", data={"choice": "mallory", "form_token": form_token(client)})
    assert "Signed in as" not in client.get("/").text


def test_what_an_app_sends_is_shown_as_text(client: FlaskClient) -> None:
    client.post("/sign-in", data={"choice": "bob", "form_token": form_token(client)})
    query = {
        "client_id": "demo",
        "redirect_uri": "http://127.0.0.1/cb",
        "response_type": "code",
        "code_challenge": "x" * 43,
        "code_challenge_method": "S256",
        "state": "<script>alert(1)</script>",
    }
    text = client.get("/oauth2/authorize", query_string=query).text
    assert "Hello Bob" in text
    assert "<script" not in text
    assert "&lt;script&gt;" in text
