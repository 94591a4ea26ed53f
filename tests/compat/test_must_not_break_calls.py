"""What old programs rely on when they call an API: items 3 to 6, 13, 15 to 18, 26 and 28 of the list, by number."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from tests.compat.servers.base import Answer
from tests.compat.servers.oauth1 import S1
from tests.compat.servers.oauth2 import CLIENT_ID, S2
from tests.compat.support import Site, oauth1_settings, oauth2_settings
from werkzeug.datastructures import MultiDict

from flask_oauth import OAuth, OAuthException, OAuthRemoteApp, OAuthResponse


@pytest.fixture
def r1(s1: S1) -> OAuthRemoteApp:
    """A remote app at S1 whose getter always has the pair."""
    s1.tokens["k"] = "s"
    remote = OAuth().remote_app("one", **oauth1_settings(s1))
    remote.tokengetter(lambda: ("k", "s"))
    return remote


@pytest.fixture
def r2(s2: S2) -> OAuthRemoteApp:
    """A remote app at S2 whose getter always has the pair."""
    s2.tokens["t"] = CLIENT_ID
    remote = OAuth().remote_app("two", **oauth2_settings(s2))
    remote.tokengetter(lambda: ("t", ""))
    return remote


def test_compat_03_an_empty_secret_is_normal(s1: S1, r2: OAuthRemoteApp) -> None:
    assert r2.get("me").data["credential"] == ["Bearer", "t"]
    s1.tokens["no-secret"] = ""
    remote = OAuth().remote_app("x", **oauth1_settings(s1))
    remote.tokengetter(lambda: ("no-secret", ""))
    assert remote.get("me").status == 200


@pytest.mark.parametrize("value", ["OAuth t", "Bearer t", "token t"])
@pytest.mark.parametrize("name", ["Authorization", "authorization", "AUTHORIZATION"])
def test_compat_04_the_callers_authorization_header_stays_alone(
    s2: S2, r2: OAuthRemoteApp, value: str, name: str
) -> None:
    headers = {name: value}
    assert r2.get("me", headers=headers).data["credential"] == value.split()
    assert headers == {name: value}
    assert s2.last("/o2/api/me").authorization == value


def test_compat_04_also_for_other_methods(s2: S2, r2: OAuthRemoteApp) -> None:
    for call in (r2.post, r2.put, r2.delete):
        assert call("me", data={"a": "1"}, headers={"Authorization": "OAuth t"}).status == 200
        assert s2.last("/o2/api/me").authorization == "OAuth t"


def test_compat_04_the_getter_is_not_needed_then(s2: S2, r2: OAuthRemoteApp) -> None:
    r2.tokengetter(lambda: None)
    assert r2.get("me", headers={"Authorization": "OAuth t"}).status == 200


def test_compat_04_vendor_headers_pass(s2: S2, r2: OAuthRemoteApp) -> None:
    r2.get("me", headers={"X-Shopify-Access-Token": "v", "Accept": "application/xml"})
    seen = s2.last("/o2/api/me").headers
    assert (seen["x-shopify-access-token"], seen["accept"]) == ("v", "application/xml")


@pytest.mark.parametrize("method", ["get", "post", "put", "delete", "patch"])
def test_compat_05_the_library_sends_the_token_by_itself(s2: S2, r2: OAuthRemoteApp, method: str) -> None:
    answer = getattr(r2, method)("me", data={"a": "é"})
    assert answer.data["credential"] == ["Bearer", "t"]
    assert answer.data["method"] == method.upper()
    assert answer.data["args" if method == "get" else "form"] == [["a", "é"]]


@pytest.mark.parametrize("method", ["head", "options"])
def test_compat_05_head_and_options(s2: S2, r2: OAuthRemoteApp, method: str) -> None:
    assert getattr(r2, method)("me").status == 200
    assert (s2.last("/o2/api/me").method, s2.last("/o2/api/me").authorization) == (method.upper(), "Bearer t")


def test_compat_06_a_token_put_into_the_url_by_hand(s2: S2, r2: OAuthRemoteApp) -> None:
    answer = r2.get("me?access_token=t")
    assert answer.status == 200
    assert s2.last("/o2/api/me").query == [("access_token", "t")]
    assert s2.last("/o2/api/me").authorization == ""


def test_compat_13_client_returns_mapping_and_content(r1: OAuthRemoteApp, r2: OAuthRemoteApp) -> None:
    for remote in (r1, r2):
        resp, content = remote.make_client().request(remote.expand_url("me?x=1"))
        assert resp["status"] == "200"
        assert resp["content-type"] == "application/json"
        assert resp.get("nothing") is None
        assert json.loads(content)["args"] == [["x", "1"]]
        built = OAuthResponse(resp, content)
        assert (built.status, built.data["method"]) == (200, "GET")


def test_compat_13_method_and_body_by_position(r1: OAuthRemoteApp, r2: OAuthRemoteApp) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for remote in (r1, r2):
        _, content = remote.make_client().request(remote.expand_url("me"), "POST", "a=1&b=%C3%A9", form)
        assert json.loads(content)["form"] == [["a", "1"], ["b", "é"]]
        _, content = remote.make_client().request(remote.expand_url("me"), method="PUT", body=b"a=1", headers=form)
        assert json.loads(content)["method"] == "PUT"


def test_compat_13_make_client_with_a_token_of_the_call(s1: S1, r1: OAuthRemoteApp) -> None:
    s1.tokens["other"] = "o"
    r1.tokengetter(lambda token=None: token or ("k", "s"))
    _, content = r1.make_client(("other", "o")).request(r1.expand_url("me"))
    assert json.loads(content)["token"] == "other"


def test_compat_13_the_private_client_has_no_token(s1: S1, s2: S2, r1: OAuthRemoteApp, r2: OAuthRemoteApp) -> None:
    resp, _ = r1._client.request(s1.url + "/o1/api/me")
    assert resp["status"] == "401"
    assert s1.last("/o1/api/me").values("oauth_token") == []
    resp, _ = r2._client.request(s2.url + "/o2/api/me", "POST", "a=1")
    assert resp["status"] == "401"
    assert s2.credentials(s2.last("/o2/api/me")) == []


def test_compat_13_a_body_without_content_type_is_a_form(s2: S2, r2: OAuthRemoteApp) -> None:
    r2._client.request(s2.url + "/o2/api/me", "POST", "a=1")
    assert s2.last("/o2/api/me").headers["content-type"] == "application/x-www-form-urlencoded"


@pytest.mark.parametrize("data", [None, ""])
def test_compat_15_empty_text_body(s1: S1, r1: OAuthRemoteApp, data: str | None) -> None:
    assert r1.post("api.php?action=q", data=data, content_type="text/plain").status == 200
    call = s1.last("/o1/api/api.php")
    assert (call.body, call.headers["content-type"]) == (b"", "text/plain")
    assert call.authorization.startswith("OAuth ")


@pytest.mark.parametrize("content_type", ["multipart/form-data; boundary=b", "application/octet-stream", "text/plain"])
def test_compat_15_bytes_arrive_unchanged_and_unsigned(s1: S1, r1: OAuthRemoteApp, content_type: str) -> None:
    body = b"--b\r\na=1&a=2\x00\xff%zz\r\n--b--"
    assert r1.post("upload", data=body, content_type=content_type).status == 200
    call = s1.last("/o1/api/upload")
    assert (call.body, call.headers["content-type"]) == (body, content_type)
    assert call.values("oauth_body_hash") == []
    assert call.authorization.startswith("OAuth ")


def test_compat_15_json(s1: S1, r1: OAuthRemoteApp) -> None:
    answer = r1.post("me", data={"a": ["é", 1, None]}, format="json")
    assert json.loads(answer.data["body"]) == {"a": ["é", 1, None]}
    assert s1.last("/o1/api/me").headers["content-type"] == "application/json"


@pytest.mark.parametrize("remote_name", ["r1", "r2"])
def test_compat_16_get_ignores_a_content_type(request: pytest.FixtureRequest, remote_name: str) -> None:
    remote: OAuthRemoteApp = request.getfixturevalue(remote_name)
    answer = remote.get("me", data=None, content_type="application/json")
    assert (answer.status, answer.data["args"]) == (200, [])


@pytest.mark.parametrize("remote_name", ["r1", "r2"])
@pytest.mark.parametrize(
    ("url", "data", "args"),
    [
        ("me", {}, []),
        ("me?", {}, []),
        ("me?x=1", {}, [["x", "1"]]),
        ("me?x=1", {"y": 2, "z": True, "n": False}, [["x", "1"], ["y", "2"], ["z", "True"], ["n", "False"]]),
        ("me", MultiDict([("a", "1"), ("a", "2")]), [["a", "1"], ["a", "2"]]),
        ("me", {"k=v": "@é ü & =+~"}, [["k=v", "@é ü & =+~"]]),
        ("me?q=%40%C3%A9+x%2By", {"empty": ""}, [["q", "@é x+y"], ["empty", ""]]),
    ],
)
def test_compat_16_data_of_every_kind_in_the_query(
    request: pytest.FixtureRequest, remote_name: str, url: str, data: Any, args: list[list[str]]
) -> None:
    remote: OAuthRemoteApp = request.getfixturevalue(remote_name)
    answer = remote.get(url, data=data)
    assert (answer.status, answer.data["args"]) == (200, args)


@pytest.mark.parametrize("remote_name", ["r1", "r2"])
@pytest.mark.parametrize(
    ("data", "form"),
    [
        ({}, []),
        ({"i": 7, "b": True}, [["i", "7"], ["b", "True"]]),
        (MultiDict([("a", "1"), ("a", "")]), [["a", "1"], ["a", ""]]),
        ({"k=v&": "@é ü & =+~%"}, [["k=v&", "@é ü & =+~%"]]),
    ],
)
def test_compat_16_data_of_every_kind_in_a_form(
    request: pytest.FixtureRequest, remote_name: str, data: Any, form: list[list[str]]
) -> None:
    remote: OAuthRemoteApp = request.getfixturevalue(remote_name)
    answer = remote.post("me?x=1", data=data)
    assert (answer.status, answer.data["form"], answer.data["args"]) == (200, form, [["x", "1"]])


def test_compat_17_status_as_text_and_as_number(s2: S2, r2: OAuthRemoteApp) -> None:
    s2.instead["/o2/api/me"] = Answer("no", 403, "text/plain")
    answer = r2.get("me")
    assert (answer.headers["status"], answer.status) == ("403", 403)
    assert answer.headers["Content-Type"].startswith("text/plain")
    built = OAuthResponse({"status": "201", "content-type": "text/plain"}, b"x")
    assert (built.headers["status"], built.status, built.data) == ("201", 201, "x")


@pytest.mark.parametrize(
    ("content_type", "body", "data"),
    [
        ("application/json", '{"a": [1, "é"]}', {"a": [1, "é"]}),
        ("application/json; charset=utf-8", "[1, 2]", [1, 2]),
        ("text/javascript", "true", True),
        ("application/json", "null", None),
        ("application/json", "<html>oops</html>", "<html>oops</html>"),
        ("application/x-www-form-urlencoded", "a=1&b=%C3%A9&e=", {"a": "1", "b": "é", "e": ""}),
        ("text/plain", "a=1&b=2", "a=1&b=2"),
        ("text/html; charset=latin-1", "é".encode("latin-1"), "é"),
        (None, "a=1", "a=1"),
        ("image/png", b"\x89PNG\xff", b"\x89PNG\xff"),
    ],
)
def test_compat_18_data_by_content_type(
    s2: S2, r2: OAuthRemoteApp, content_type: str | None, body: str | bytes, data: object
) -> None:
    s2.instead["/o2/api/me"] = Answer(body, 200, content_type)
    answer = r2.get("me")
    assert answer.data == data
    assert answer.raw_data == (body if isinstance(body, bytes) else body.encode())


@pytest.mark.parametrize("content_type", ["application/xml", "text/xml", "text/xml; charset=utf-8"])
def test_compat_18_xml_is_an_element(s2: S2, r2: OAuthRemoteApp, content_type: str) -> None:
    s2.instead["/o2/api/me"] = Answer("<user><name>é</name></user>", 200, content_type)
    assert r2.get("me").data.findtext("name") == "é"


@pytest.mark.parametrize("content_type", ["text/plain", "text/html; charset=utf-8", None, "application/octet-stream"])
def test_compat_18_token_answers_as_text_are_still_dicts(s1: S1, s2: S2, content_type: str | None) -> None:
    s1.token_content_type = s2.token_content_type = content_type
    s2.as_form = True
    assert Site(**oauth1_settings(s1)).sign_in()["screen_name"] == "mitsuhiko"
    assert Site(**oauth2_settings(s2)).sign_in()["expires"] == "3600"


def test_compat_18_a_refusal_without_content_type_is_no_key_error(s1: S1, s2: S2) -> None:
    for server, path, settings in (
        (s1, "/o1/request_token", oauth1_settings(s1)),
        (s2, "/o2/token", oauth2_settings(s2)),
    ):
        server.instead[path] = Answer("error=no", 401, None)
        site = Site(**settings)
        with pytest.raises(OAuthException):
            site.browser.sign_in("/login")


def test_compat_26_the_session_is_touched_only_when_the_getter_has_nothing(s1: S1, r1: OAuthRemoteApp) -> None:
    assert r1.get("me").status == 200  # no application, no request
    assert r1.post("me", data={"a": "1"}).status == 200
    r1.tokengetter(lambda: None)
    with pytest.raises(OAuthException) as caught:
        r1.get("me")
    assert caught.value.type == "token_missing"
    assert len(s1.seen) == 2


class Biffy(OAuthRemoteApp):
    """An override that returned python-oauth2's token object."""

    def get_request_token(self, token: Any = None) -> Any:
        return SimpleNamespace(key="k", secret="s")


def test_compat_28_any_object_with_key_and_secret_is_a_token(s1: S1) -> None:
    s1.tokens["k"] = "s"
    remote = Biffy(None, "biffy", **oauth1_settings(s1))
    assert remote.get("me").data["token"] == "k"
    assert json.loads(remote.make_client().request(remote.expand_url("me"))[1])["token"] == "k"


def test_compat_28_the_library_returns_such_an_object_itself(r1: OAuthRemoteApp) -> None:
    token = r1.get_request_token()
    assert (token.key, token.secret) == ("k", "s")
    assert "'s'" not in repr(token)
