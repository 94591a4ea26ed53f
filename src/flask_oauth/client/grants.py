"""The grants that need no browser and are answered at once, and what a token stands for.

client credentials (RFC 6749 §4.4), token exchange (RFC 8693), JWT bearer (RFC 7523), introspection (RFC 7662, RFC
9701).  Tokens are bound to a key or a certificate where those of a sign-in are.  Grants that wait for a user are in
:mod:`.waiting`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ..errors import ConfigurationError
from ..protocol.http import HTTPRequest
from ..protocol.oauth2.client_credentials import client_credentials_request
from ..protocol.oauth2.fapi import check_profile
from ..protocol.oauth2.introspection import (
    Introspection,
    introspection_request,
    process_introspection_response,
    process_signed_introspection_response,
)
from ..protocol.oauth2.jwt_bearer import jwt_bearer_assertion, jwt_bearer_request
from ..protocol.oauth2.token_exchange import (
    ACCESS_TOKEN,
    process_token_exchange_response,
    token_exchange_request,
)
from ..protocol.token import Token
from .application_tokens import ApplicationTokens
from .back_channel import BackChannel, Once, key_from
from .openid import OpenIDClient
from .proofs import new_proof_key, written
from .server import Server
from .waiting import WaitingGrants


class Grants:
    """The grants of one client at one server.

    :param server: the server's metadata and keys.
    :param back_channel: sends the requests.
    :param openid: validates ID Tokens.

    :ivar application_tokens: the application's own tokens, kept until shortly before their end.
    :ivar waiting: the grants that wait for a user.
    """

    def __init__(self, server: Server, back_channel: BackChannel, openid: OpenIDClient) -> None:
        self._server = server
        self._back_channel = back_channel
        self._settings = back_channel.settings
        self.application_tokens = ApplicationTokens(back_channel.clock)
        self.waiting = WaitingGrants(server, back_channel, openid, self.new_key)

    def new_key(self) -> str:
        """A key for new tokens, where they are bound to one; empty otherwise.

        :raises ConfigurationError: something is missing for the profile of this client (``config_profile``).
        """
        settings, metadata = self._settings, self._server.metadata()
        key = new_proof_key(metadata) if settings.dpop else None
        if settings.profile is not None:
            check_profile(settings.profile, metadata, settings.client, dpop_key=key)
        return written(key) if key is not None else ""

    def client_credentials(self, *, scope: str = "", parameters: Mapping[str, Any] | None = None) -> Token:
        """A token for the application itself.

        :param scope: space separated.
        :param parameters: ``resource``, ``audience``, …
        :raises ConfigurationError: the client does not authenticate.
        :raises ServerError: the server refused.
        """
        metadata, client = self._server.metadata(), self._back_channel.client

        def make(once: Once) -> HTTPRequest:
            return client_credentials_request(metadata, client, scope=scope, parameters=parameters, **once)

        # RFC 6749 §4.4.3: a refresh token SHOULD NOT be included, and is of no use.
        return replace(self._token(make, scope), refresh_token=None)

    def jwt_bearer(
        self,
        *,
        assertion: str | None = None,
        subject: str | None = None,
        claims: Mapping[str, Any] | None = None,
        scope: str = "",
        parameters: Mapping[str, Any] | None = None,
    ) -> Token:
        """A token for a signed statement of who is meant.

        :param assertion: another's statement; without it one is made and signed with the client's key.
        :param subject: who is meant; by default the client itself.
        :param claims: further claims of the statement that is made.
        """
        metadata, client = self._server.metadata(), self._back_channel.client
        stated = assertion

        def make(once: Once) -> HTTPRequest:
            text = stated or self._assertion(subject, claims, once)
            return jwt_bearer_request(metadata, client, text, scope=scope, parameters=parameters, **once)

        return self._token(make, scope)

    def _assertion(self, subject: str | None, claims: Mapping[str, Any] | None, once: Once) -> str:
        client, metadata = self._settings.client, self._server.metadata()
        key = client.signing_key
        if key is None:
            raise ConfigurationError("A statement of our own needs signing_key=", code="config_client_authentication")
        return jwt_bearer_assertion(
            key,
            issuer=client.client_id,
            subject=subject or client.client_id,
            audience=metadata.issuer or metadata.endpoint("token_endpoint"),
            now=once["now"],
            jti=f"{once['jti']}.assertion",
            claims=claims,
        )

    def exchange(
        self,
        subject_token: str,
        *,
        subject_token_type: str = ACCESS_TOKEN,
        actor_token: str | None = None,
        actor_token_type: str | None = None,
        requested_token_type: str | None = None,
        scope: str = "",
        parameters: Mapping[str, Any] | None = None,
    ) -> Token:
        """One token for another, for another audience or on behalf of somebody (RFC 8693 §2).

        :param subject_token: the token of the one on whose behalf is asked.
        :param actor_token: the token of the one who acts.
        :param parameters: ``resource``, ``audience``, …
        """
        metadata, client, dpop_key = self._server.metadata(), self._back_channel.client, self.new_key()

        def make(once: Once) -> HTTPRequest:
            return token_exchange_request(
                metadata,
                client,
                subject_token=subject_token,
                subject_token_type=subject_token_type,
                actor_token=actor_token,
                actor_token_type=actor_token_type,
                requested_token_type=requested_token_type,
                scope=scope,
                parameters=parameters,
                **once,
            )

        token = process_token_exchange_response(
            self._back_channel.send_token_request(make, key_from(dpop_key)),
            now=self._back_channel.clock(),
            requested_scope=scope,
            expected_type="DPoP" if dpop_key else "Bearer",
            requested_token_type=requested_token_type,
        )
        return replace(token, dpop_key=dpop_key) if token.token_type == "DPoP" else token  # noqa: S105 - a type

    def introspect(
        self, token: str, *, token_type_hint: str | None = None, audience: str | None = None
    ) -> Introspection:
        """What a token stands for, as the server says.

        :param token: the token that was presented.
        :param audience: the API that it was presented to; a token for others only is refused.
        :raises InvalidResponseError: the answer does not hold, or the token is for others (``introspection_audience``).
        """
        settings, metadata, client = self._settings, self._server.metadata(), self._back_channel.client
        signed = bool(settings.introspection_algorithms)
        response = self._back_channel.send(
            lambda once: introspection_request(
                metadata, client, token, token_type_hint=token_type_hint, signed=signed, **once
            )
        )
        if not signed:
            return process_introspection_response(response, audience=audience)
        algorithm, encoding = settings.introspection_encryption or ("", "")
        return self._server.with_current_keys(
            lambda keys: process_signed_introspection_response(
                response,
                issuer=metadata.issuer or "",
                client_id=client.client_id,
                keys=keys,
                algorithms=settings.introspection_algorithms,
                audience=audience,
                decryption_keys=settings.decryption_keys if algorithm else (),
                decryption_algorithms=(algorithm,),
                decryption_encodings=(encoding,),
                secret=client.client_secret,
            ),
            settings.introspection_algorithms,
        )

    def _token(self, make: Callable[[Once], HTTPRequest], scope: str) -> Token:
        dpop_key = self.new_key()
        response = self._back_channel.send_token_request(make, key_from(dpop_key))
        return self._back_channel.token_of(self._back_channel.read_answer(response), scope=scope, dpop_key=dpop_key)
