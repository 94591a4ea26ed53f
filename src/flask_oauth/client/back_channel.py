"""Requests from the application straight to the authorization server, and the tokens in its answers.

Every request is made anew each time it is sent, so that a client assertion, its ``jti`` and a DPoP proof are used
once (RFC 7523 §3, RFC 9449 §11.1), even where a new nonce makes it go out twice.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypedDict

from ..protocol.http import HTTPRequest, HTTPResponse
from ..protocol.jose import SigningKey
from ..protocol.oauth2.client_authentication import Client
from ..protocol.oauth2.token import read_token_answer, token_from_answer
from ..protocol.token import Token
from ..providers import adapt_token_request, adapt_token_response
from ..transport import Transport
from .proofs import Prover, proof_key
from .settings import OAuth2Settings

Clock = Callable[[], float]
NewSecret = Callable[[], str]


class Once(TypedDict):
    """What a request holds that no other request holds.

    :param now: seconds since the epoch.
    :param jti: a new unpredictable identifier.
    """

    now: float
    jti: str


def new_secret() -> str:
    """256 unpredictable bits as 43 characters: fit for a nonce, a ``jti`` and a code verifier (RFC 7636 §4.1)."""
    return secrets.token_urlsafe(32)


class BackChannel:
    """Sends a client's requests to its authorization server.

    :param settings: the client's settings.
    :param transport: sends requests.
    :param clock: seconds since the epoch.
    :param new_secret: a new unpredictable text, at least 43 characters from ``[A-Za-z0-9_-]``.
    """

    def __init__(self, settings: OAuth2Settings, transport: Transport, clock: Clock, new_secret: NewSecret) -> None:
        self.settings = settings
        self.clock = clock
        self.new_secret = new_secret
        self.transport = transport
        self.prover = Prover(transport.send, clock, new_secret)

    @property
    def client(self) -> Client:
        """Who we are, with a client secret that is good now."""
        if self.settings.secret is None:
            return self.settings.client
        return replace(self.settings.client, client_secret=self.settings.secret.secret(self.clock()))

    def once(self) -> Once:
        """What the next request holds that no other does."""
        return {"now": self.clock(), "jti": self.new_secret()}

    def send(self, make: Callable[[Once], HTTPRequest], key: SigningKey | None = None) -> HTTPResponse:
        """Send a request, with a proof if there is a key to prove.

        :param make: makes the request.
        """
        if key is None:
            return self.transport.send(make(self.once()))
        return self.prover.send_to_server(lambda: make(self.once()), key)

    def send_token_request(
        self,
        make: Callable[[Once], HTTPRequest],
        key: SigningKey | None = None,
        callback: Mapping[str, Any] | None = None,
    ) -> HTTPResponse:
        """Send a request to the token endpoint; the answer is as the standard has it.

        :param callback: what came through the browser before it.
        """
        provider = self.settings.provider
        if provider is None:
            return self.send(make, key)
        client_id = self.settings.client.client_id

        def adapted(once: Once) -> HTTPRequest:
            return adapt_token_request(provider, make(once), client_id=client_id, callback=callback)

        return adapt_token_response(provider, self.send(adapted, key), callback=callback)

    def read_answer(self, response: HTTPResponse) -> dict[str, Any]:
        """Everything that the token endpoint sent with a status of success."""
        return read_token_answer(response, lenient_format=self.settings.lenient)

    def token_of(
        self, answer: Mapping[str, Any], *, scope: str, dpop_key: str = "", resource: tuple[str, ...] = ()
    ) -> Token:
        """The token in an answer.

        :param scope: the scope that is granted where the answer names none.
        :param dpop_key: the key that it must be bound to; a bearer token is then refused (RFC 9449 §5).
        :param resource: the APIs it was asked for by name (RFC 8707).
        """
        token = token_from_answer(
            answer,
            now=self.clock(),
            requested_scope=scope,
            expected_type="DPoP" if dpop_key else "Bearer",
            default_type=self.default_type(dpop_key),
            lenient_format=self.settings.lenient,
        )
        return replace(token, dpop_key=dpop_key or None, resource=resource) if dpop_key or resource else token

    def default_type(self, dpop_key: str | None) -> str | None:
        """The type of a token whose answer names none, as servers of 2010 do; never of one that must be bound."""
        return "Bearer" if self.settings.lenient and not dpop_key else None


def key_from(text: str | None) -> SigningKey | None:
    """The key in a sign-in or a token, if there is one."""
    return proof_key(text) if text else None
