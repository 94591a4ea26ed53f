"""What a sign-in asks for: an authentication context that is demanded, not only wished for."""

from __future__ import annotations

from typing import Any

import pytest

from flask_oauth.client.asking import what_is_asked
from flask_oauth.client.settings import OAuth2Settings
from flask_oauth.protocol.oauth2.client_authentication import Client
from flask_oauth.protocol.oauth2.metadata import ServerMetadata

SETTINGS = OAuth2Settings(Client("me"))


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        (None, {"id_token": {"acr": {"essential": True, "values": ["mfa", "hw"]}}}),
        (
            {"userinfo": {"email": None}, "id_token": {"auth_time": None}},
            {
                "userinfo": {"email": None},
                "id_token": {"auth_time": None, "acr": {"essential": True, "values": ["mfa", "hw"]}},
            },
        ),
    ],
)
def test_a_demanded_context_is_an_essential_claim_where_the_server_knows_them(claims: Any, expected: Any) -> None:
    metadata = ServerMetadata(raw={"claims_parameter_supported": True})
    asked = what_is_asked(SETTINGS, metadata, "openid", {"claims": claims} if claims else {}, ["mfa", "hw"])
    assert asked.parameters["claims"] == expected
    assert asked.parameters["acr_values"] == "mfa hw"
    assert asked.acr_values == ("mfa", "hw")


def test_other_servers_get_the_wish_alone_and_the_answer_is_checked_all_the_same() -> None:
    asked = what_is_asked(SETTINGS, ServerMetadata(), "openid", {}, ["mfa"])
    assert asked.parameters == {"acr_values": "mfa"}
    assert asked.acr_values == ("mfa",)


def test_nothing_is_demanded_where_nothing_is_asked_for() -> None:
    metadata = ServerMetadata(raw={"claims_parameter_supported": True})
    asked = what_is_asked(SETTINGS, metadata, "openid", {"acr_values": "mfa"}, [])
    assert (asked.parameters, asked.acr_values) == ({"acr_values": "mfa"}, ())
