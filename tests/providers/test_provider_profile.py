"""The language of profiles, and the claims it yields."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_oauth.errors import UserinfoError
from flask_oauth.providers import AllOf, Constant, Entry, Provider, claims, get
from flask_oauth.providers.profile import CLAIMS, FLAG_CLAIMS, find, openid_profile, read

PLAIN = Provider(name="plain", title="Plain", protocol="openid", checked="2026-11-24", issuer="https://op.example")


def claims_with(profile: dict[str, Any], **documents: Any) -> dict[str, Any]:
    return claims(replace(PLAIN, profile={"sub": "sub", **profile}), {"userinfo": {"sub": "1"}, **documents})


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a", {"b": [10, {"c": 11}], "d.e": 12}),
        ("a.b.0", 10),
        ("a.b.1.c", 11),
        ("a.b.2", None),
        ("a.b.x", None),
        ("a.d.e", 12),
        ("x", None),
        ("a.b.0.c", None),
        ("https://slack.com/user_id", "U1"),
    ],
)
def test_paths(path: str, value: Any) -> None:
    document = {"a": {"b": [10, {"c": 11}], "d.e": 12}, "https://slack.com/user_id": "U1"}
    assert find(document, path) == value


def test_a_path_without_prefix_is_the_userinfos_and_then_the_id_tokens() -> None:
    documents = {"userinfo": {"a": 1}, "id_token": {"a": 2, "b": 3}}
    assert read("a", documents) == 1
    assert read("b", documents) == 3
    assert read("id_token:a", documents) == 2
    assert read("token:a", documents) is None


def test_the_first_that_is_there() -> None:
    assert read(("a", "b"), {"userinfo": {"a": "", "b": "x"}}) == "x"
    assert read((), {"userinfo": {"a": "x"}}) is None
    assert read(("a",), {"userinfo": {"a": False}}) is False


def test_a_url_is_made_only_if_all_its_parts_are_there() -> None:
    template = "https://cdn.example/{id}/{avatar}.png"
    assert read(template, {"userinfo": {"id": 7, "avatar": "x"}}) == "https://cdn.example/7/x.png"
    assert read(template, {"userinfo": {"id": 7, "avatar": None}}) is None


def test_parts_of_a_url_cannot_change_its_host() -> None:
    made = read("https://cdn.example/{id}.png", {"userinfo": {"id": "x@evil.example?#"}})
    assert made == "https://cdn.example/x%40evil.example%3F%23.png"


def test_constant() -> None:
    assert read(Constant("x"), {}) == "x"


@pytest.mark.parametrize(
    ("a", "b", "both"),
    [(True, True, True), (True, False, False), (False, None, False), (True, None, None), (None, None, None)],
)
def test_all_of(a: bool | None, b: bool | None, both: bool | None) -> None:
    assert read(AllOf(("a", "b")), {"userinfo": {"a": a, "b": b}}) is both


class TestEntry:
    EMAILS = ({"email": "a@x.example"}, {"email": "b@x.example", "primary": True})

    def test_the_primary_one(self) -> None:
        assert read(Entry("emails", "email"), {"userinfo": {"emails": list(self.EMAILS)}}) == "b@x.example"

    def test_a_whole_document(self) -> None:
        assert read(Entry("emails:", "email"), {"emails": list(self.EMAILS)}) == "b@x.example"

    def test_the_first_if_none_is_marked(self) -> None:
        assert read(Entry("emails", "email"), {"userinfo": {"emails": [self.EMAILS[0]]}}) == "a@x.example"

    @pytest.mark.parametrize("emails", [None, {}, [], "x", [1, 2]])
    def test_nothing(self, emails: Any) -> None:
        assert read(Entry("emails", "email"), {"userinfo": {"emails": emails}}) is None


class TestEmailVerified:
    """``email_verified`` is only what the provider said."""

    @pytest.mark.parametrize(
        ("said", "found"),
        [(True, True), (False, False), ("true", True), ("false", False), (1, True), (0, False)],
    )
    def test_said(self, said: Any, found: bool) -> None:
        assert claims_with({"email_verified": "v"}, userinfo={"sub": "1", "v": said})["email_verified"] is found

    @pytest.mark.parametrize("said", [None, "yes", "TRUE", 2, 1.5, [True], {"a": True}, "2026-01-01T00:00:00Z"])
    def test_not_said(self, said: Any) -> None:
        assert "email_verified" not in claims_with({"email_verified": "v"}, userinfo={"sub": "1", "v": said})

    def test_github_without_permission_for_addresses(self) -> None:
        documents = {"userinfo": {"id": 1, "email": "public@example.com"}, "emails": {}}
        found = claims(get("github"), documents)
        assert found["email"] == "public@example.com"
        assert "email_verified" not in found

    def test_kakao_needs_both_flags(self) -> None:
        account = {"email": "a@x.example", "is_email_valid": False, "is_email_verified": True}
        assert claims(get("kakao"), {"userinfo": {"id": 1, "kakao_account": account}})["email_verified"] is False


class TestName:
    """name, else given and family name, else nickname, preferred_username, email."""

    @pytest.mark.parametrize(
        ("userinfo", "name"),
        [
            ({"name": "N", "given_name": "G"}, "N"),
            ({"name": " ", "given_name": "G", "family_name": "F", "nickname": "K"}, "G F"),
            ({"family_name": "F", "nickname": "K"}, "F"),
            ({"nickname": "K", "preferred_username": "P"}, "K"),
            ({"preferred_username": "P", "email": "e@x.example"}, "P"),
            ({"email": "e@x.example"}, "e@x.example"),
            ({}, None),
        ],
    )
    def test_order(self, userinfo: dict[str, str], name: str | None) -> None:
        assert claims(PLAIN, {"userinfo": {"sub": "1", **userinfo}}).get("name") == name


class TestSubject:
    @pytest.mark.parametrize(
        ("value", "subject"), [(7, "7"), ("x", "x"), (0, "0"), (12345678901234567890, "1" + "2345678901234567890")]
    )
    def test_becomes_text(self, value: Any, subject: str) -> None:
        assert claims(PLAIN, {"userinfo": {"sub": value}})["sub"] == subject

    @pytest.mark.parametrize("value", [None, "", " ", True, 1.5, [1], {}])
    def test_must_be_there(self, value: Any) -> None:
        with pytest.raises(UserinfoError) as caught:
            claims(PLAIN, {"userinfo": {"sub": value}})
        assert "Plain" in caught.value.message


def test_addresses_and_pictures_are_what_they_should_be() -> None:
    userinfo = {"sub": "1", "email": "none", "picture": "javascript:alert(1)", "locale": {"country": "US"}}
    assert claims(PLAIN, {"userinfo": userinfo}) == {"sub": "1"}


def test_other_claims_stay_as_they_are() -> None:
    userinfo = {"sub": "1", "address": {"country": "US"}, "updated_at": 5}
    assert claims(PLAIN, {"userinfo": userinfo}) == userinfo
    assert claims(PLAIN, {"userinfo": {"sub": "1", "updated_at": True}}) == {"sub": "1"}


def test_apple_takes_the_name_from_the_callback_and_nothing_else() -> None:
    documents = {
        "id_token": {"sub": "1", "email": "mine@example.com"},
        "callback": {"user": {"name": {"firstName": "J"}, "email": "other@example.com", "sub": "2"}},
    }
    assert claims(get("apple"), documents) == {"sub": "1", "email": "mine@example.com", "given_name": "J", "name": "J"}


def test_microsofts_picture_is_none() -> None:
    userinfo = {"sub": "1", "picture": "https://graph.microsoft.com/v1.0/me/photo/$value"}
    assert "picture" not in claims(get("microsoft").resolve(), {"userinfo": userinfo})


def test_openid_profile_changes_only_what_is_named() -> None:
    profile = openid_profile(picture="avatar")
    assert profile["picture"] == "avatar"
    assert profile["name"] == "name"
    assert set(profile) == set(CLAIMS)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*CLAIMS, "a", "0"]), inner, max_size=5)
    ),
    max_leaves=12,
)


@given(
    userinfo=st.dictionaries(st.sampled_from(CLAIMS), JSON),
    name=st.sampled_from(["github", "google", "patreon", "kakao"]),
)
def test_whatever_comes_claims_have_their_types(userinfo: dict[str, Any], name: str) -> None:
    try:
        found = claims(get(name), {"userinfo": userinfo, "id_token": userinfo, "emails": userinfo.get("address")})
    except UserinfoError:
        return
    assert found["sub"]
    for claim, value in found.items():
        assert claim in CLAIMS
        if claim in FLAG_CLAIMS:
            assert isinstance(value, bool)
        elif claim not in ("address", "updated_at"):
            assert isinstance(value, str)
            assert value.strip()
