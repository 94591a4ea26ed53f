"""Who signed in, by the standard claims, whatever the provider calls them (:mod:`flask_oauth.providers.profile`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..protocol.http import HTTPRequest, HTTPResponse
from ..protocol.token import Token
from ..providers import Provider, callback_document, claims, next_request, read_document


@dataclass(frozen=True, slots=True, repr=False)
class Profile:
    """Who signed in.

    :param claims: by their names of OpenID Connect Core §5.1; what the provider did not say is absent.
    :param raw: every answer this was read from, untouched: ``userinfo``, ``id_token``, …
    """

    claims: Mapping[str, Any]
    raw: Mapping[str, Any]

    def __repr__(self) -> str:
        return f"<Profile {sorted(self.claims)}>"


def preset_profile(
    provider: Provider,
    token: Token,
    call: Callable[[HTTPRequest], HTTPResponse],
    *,
    known: Mapping[str, Any],
    callback: Mapping[str, str],
    client_id: str,
    client_secret: str,
    now: float,
) -> Profile:
    """The profile of a person at a provider that has a preset: its answers, one after another.

    :param call: sends a request of the API; for OAuth 1.0a it signs it.
    :param known: answers that are there already: ``id_token``, validated, and ``userinfo``.
    :param callback: what came through the browser.
    :param now: seconds since the epoch.
    :raises ServerError: the provider answered with an error.
    :raises UserinfoError: the answers do not say who signed in.
    """
    documents: dict[str, Any] = {
        "token": dict(token.extra),
        "callback": callback_document(provider, callback),
        **known,
    }
    while step := next_request(provider, token, documents, client_id=client_id, client_secret=client_secret):
        name, request = step
        documents[name] = read_document(
            provider, name, call(request), client_id=client_id, client_secret=client_secret, now=now
        )
    found = claims(provider, documents)
    raw = {name: value for name, value in documents.items() if name not in ("token", "callback")}
    return Profile(found, raw)
