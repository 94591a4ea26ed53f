"""The documented answers of each provider, from `shapes/`, and a provider that gives them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from flask_oauth.protocol.http import Headers, HTTPResponse
from flask_oauth.providers import Provider, get, names

SHAPES = Path(__file__).parent / "shapes"


@dataclass(frozen=True)
class Shape:
    """What one provider's documentation says that it sends.

    ``token`` (JSON) or ``form`` is the token answer, ``userinfo``, ``emails`` and ``documents`` what the API
    answers, ``id_token`` the claims in the ID Token, ``callback`` what the callback holds beside code and state;
    ``error`` is one answer that is an error, and ``claims`` what is to come out of it all.
    """

    provider: Provider
    data: Mapping[str, Any]
    parameters: Mapping[str, str]

    def answer(self, name: str) -> Any:
        """What the API answers to the request for a document."""
        if name in ("userinfo", "emails"):
            return self.data[name]
        return self.data["documents"][name]

    def token_response(self) -> HTTPResponse:
        if "form" in self.data:
            return response(self.data["form"], content_type="text/html")
        return response(self.data["token"])

    def error_response(self) -> HTTPResponse:
        error = self.data["error"]
        return response(error.get("json", error.get("text")), error["status"])


def response(content: Any, status: int = 200, *, content_type: str = "application/json") -> HTTPResponse:
    body = content if isinstance(content, str) else json.dumps(content)
    return HTTPResponse(status, Headers({"Content-Type": content_type}), body.encode())


def load_shape(name: str) -> Shape:
    data = json.loads((SHAPES / f"{name}.json").read_text(encoding="utf-8"))
    provider = get(name)
    values = dict.fromkeys(provider.missing_parameters, "example") | data.get("parameters", {})
    return Shape(provider.resolve(**values), data, values)


@pytest.fixture
def respond() -> Callable[..., HTTPResponse]:
    return response


@pytest.fixture(params=names())
def shape(request: pytest.FixtureRequest) -> Shape:
    """The answers of one provider; a test that takes it runs once for each preset."""
    return load_shape(request.param)


@pytest.fixture(params=[name for name in names() if get(name).protocol != "oauth1"])
def oauth2_shape(request: pytest.FixtureRequest) -> Shape:
    """The same for presets of OAuth 2 and OpenID Connect alone."""
    return load_shape(request.param)
