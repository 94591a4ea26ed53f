"""The development provider's API: formats, limits, challenges."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

import pytest
from defusedxml import ElementTree
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_oauth.development import PEOPLE, create_provider, provider_of
from flask_oauth.development.models import DEFAULT_SCOPE, IssuedToken


@pytest.fixture
def client() -> FlaskClient:
    """A client whose requests carry an access token of Alice's."""
    app = create_provider()
    store = provider_of(app).store
    demo = store.client("demo")
    assert demo is not None
    store.add_token(IssuedToken("at", None, demo, PEOPLE[0], DEFAULT_SCOPE, 2**31, 60, "f", 0, "s"))
    browser = app.test_client()
    browser.environ_base["HTTP_AUTHORIZATION"] = "Bearer at"
    return browser


def read(answer: TestResponse) -> Any:
    """The answer as nested or flat data, by its media type."""
    if answer.mimetype == "application/json":
        return json.loads(answer.text)
    if answer.mimetype == "application/xml":
        return {child.tag: child.text for child in ElementTree.fromstring(answer.text)}
    assert answer.mimetype == "application/x-www-form-urlencoded"
    return dict(parse_qsl(answer.text))


ME = {"id": "1001", "screen_name": "alice", "name": "Alice Moreau", "email": "alice@example.com"}


@pytest.mark.parametrize("suffix", ["json", "xml", "form"])
def test_the_suffix_decides_the_format(client: FlaskClient, suffix: str) -> None:
    answer = client.get(f"/api/me.{suffix}", headers={"Accept": "text/html"})
    assert suffix in answer.mimetype
    assert read(answer) == ME


@pytest.mark.parametrize(
    ("accept", "mimetype"),
    [
        ("application/json", "application/json"),
        ("application/xml", "application/xml"),
        ("text/xml;q=0.9, application/json;q=0.1", "application/xml"),
        ("application/x-www-form-urlencoded", "application/x-www-form-urlencoded"),
        ("text/html", "application/json"),
        ("*/*", "application/json"),
    ],
)
def test_without_a_suffix_accept_decides(client: FlaskClient, accept: str, mimetype: str) -> None:
    answer = client.get("/api/me", headers={"Accept": accept})
    assert answer.mimetype == mimetype
    assert read(answer) == ME


@pytest.mark.parametrize("path", ["/api/statuses", "/api/statuses.json", "/api/statuses/home_timeline.json"])
def test_the_timeline_is_a_list_newest_first(client: FlaskClient, path: str) -> None:
    statuses = read(client.get(path))
    assert [status["user"]["screen_name"] for status in statuses] == ["alice", "carol", "bob"]
    assert [status["id"] for status in statuses] == [3, 2, 1]


def test_the_timeline_in_xml_and_as_a_form(client: FlaskClient) -> None:
    tree = ElementTree.fromstring(client.get("/api/statuses.xml").text)
    assert (tree.tag, tree[0].tag) == ("statuses", "status")
    assert tree.findtext("status/user/screen_name") == "alice"
    flat = read(client.get("/api/statuses.form"))
    assert flat["statuses.0.user.screen_name"] == "alice"


@pytest.mark.parametrize("suffix", ["json", "xml", "form"])
def test_a_status_is_posted_and_comes_back(client: FlaskClient, suffix: str) -> None:
    answer = client.post(f"/api/statuses.{suffix}", data={"status": "Grüße & <more>"})
    assert answer.status_code == 200
    assert read(answer)["text"] == "Grüße & <more>"
    assert read(client.get("/api/statuses"))[0]["text"] == "Grüße & <more>"


@pytest.mark.parametrize(("length", "status"), [(140, 200), (141, 403), (0, 400)])
def test_the_length_of_a_status(client: FlaskClient, length: int, status: int) -> None:
    answer = client.post("/api/statuses/update.json", json={"status": "ü" * length})
    assert answer.status_code == status
    assert ("error" in read(answer)) == (status != 200)


def test_an_overlong_status_says_so_in_the_wanted_format(client: FlaskClient) -> None:
    answer = client.post("/api/statuses.xml", data={"status": "x" * 141})
    assert (answer.status_code, read(answer)) == (
        403,
        {"error": "Your status is 141 characters long. At most 140 fit."},
    )


@pytest.mark.parametrize("body", ["", "[1]", "null", '{"status": null}', "nonsense"])
def test_an_unreadable_json_body_is_an_error_of_the_client(client: FlaskClient, body: str) -> None:
    answer = client.post("/api/statuses", data=body, content_type="application/json")
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("authorization", "challenges"),
    [("", 2), ("Bearer other", 1), ("Basic abc", 2), ("Bearer", 2)],
)
def test_without_a_valid_credential_the_answer_is_a_challenge(
    client: FlaskClient, authorization: str, challenges: int
) -> None:
    client.environ_base["HTTP_AUTHORIZATION"] = authorization
    answer = client.get("/api/me")
    assert answer.status_code == 401
    assert len(answer.headers.getlist("WWW-Authenticate")) >= challenges
    assert read(answer)["error"]


def test_an_unknown_path_is_not_found(client: FlaskClient) -> None:
    assert client.get("/api/nothing").status_code == 404
    assert client.delete("/api/me").status_code == 405
