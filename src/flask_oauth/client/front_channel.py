"""What goes out and comes back through the browser, where it is more than plain parameters.

::

    outgoing   plain request → signed, encrypted (JAR) → pushed (PAR)     → the URL
    incoming   signed, perhaps encrypted answer (JARM) → its parameters   → validated like any other

Sections enforced here: RFC 9126 §5 (``require_pushed_authorization_requests``), RFC 9101 §10.5
(``require_signed_request_object``), JARM §2.3 (response modes).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ..errors import OAuthException
from ..protocol.http import HTTPRequest
from ..protocol.jose import SigningKey, decrypt_jwt, is_encrypted, unverified_jwt
from ..protocol.oauth2.authorization import AuthorizationRequest
from ..protocol.oauth2.jarm import RESPONSE_MODES, process_jwt_authorization_response
from ..protocol.oauth2.metadata import ServerMetadata
from ..protocol.oauth2.parameters import Pairs
from ..protocol.oauth2.pushed import (
    process_pushed_authorization_response,
    pushed_authorization_request,
    pushed_authorization_url,
)
from ..protocol.oauth2.request_object import encrypted_request_object, request_object, signed_authorization_request
from ..providers import adapt_authorization_url
from .back_channel import BackChannel, Once
from .server import Server
from .transaction import Transaction


class FrontChannel:
    """Prepares authorization requests and opens their answers.

    :param server: the server's metadata and keys.
    :param back_channel: for what is pushed.
    """

    def __init__(self, server: Server, back_channel: BackChannel) -> None:
        self._server = server
        self._back_channel = back_channel
        self._settings = back_channel.settings

    # -- out --------------------------------------------------------------------------------------------------

    def dispatch(self, plain: AuthorizationRequest, key: SigningKey | None) -> AuthorizationRequest:
        """The request as it goes out, pushed and signed where the server or the application wants it so.

        :param plain: the plain request.
        :param key: what its token will be bound to.
        :raises OAuthException: it could not be pushed; there is no falling back to a plain request (RFC 9126, N42).
        """
        metadata = self._server.metadata()
        if self._pushes(metadata):
            return self._pushed(metadata, plain, key)
        if self._signs(metadata):
            signed = self._signed(metadata, plain, self._back_channel.once())
            return replace(signed, parameters=plain.parameters)
        if self._settings.provider is not None:
            return replace(plain, url=adapt_authorization_url(self._settings.provider, plain.url))
        return plain

    def _pushes(self, metadata: ServerMetadata) -> bool:
        profile = self._settings.profile
        wanted = self._settings.pushed or (profile is not None and profile.pushed)
        return wanted or metadata.require_pushed_authorization_requests

    def _signs(self, metadata: ServerMetadata) -> bool:
        profile = self._settings.profile
        wanted = self._settings.signed_request or (profile is not None and profile.signed_request)
        return wanted or metadata.require_signed_request_object

    def _pushed(
        self, metadata: ServerMetadata, plain: AuthorizationRequest, key: SigningKey | None
    ) -> AuthorizationRequest:
        client = self._back_channel.client

        def make(once: Once) -> HTTPRequest:
            request = self._signed(metadata, plain, once) if self._signs(metadata) else plain
            return pushed_authorization_request(metadata, client, request, **once)

        answer = self._back_channel.send(make, key)
        pushed = process_pushed_authorization_response(answer, now=self._back_channel.clock())
        return pushed_authorization_url(metadata, client, plain, pushed)

    def _signed(self, metadata: ServerMetadata, plain: AuthorizationRequest, once: Once) -> AuthorizationRequest:
        client, encryption = self._settings.client, self._settings.request_encryption
        # Its jti is not that of the client assertion which may go beside it.
        token = request_object(metadata, client, plain, now=once["now"], jti=f"{once['jti']}.request")
        if encryption is not None:
            algorithm, encoding = encryption
            token = encrypted_request_object(token, self._server.keys(), algorithm=algorithm, encoding=encoding)
        return signed_authorization_request(metadata, client, plain, token)

    # -- back -------------------------------------------------------------------------------------------------

    def opened(self, parameters: Iterable[tuple[str, str]], transaction: Transaction) -> Pairs:
        """The parameters within a signed answer, whose signature, issuer, audience and end hold.

        :raises AuthorizationResponseError: there is none, or it does not hold.
        """
        settings, pairs = self._settings, tuple(parameters)
        now = self._back_channel.clock()
        issuer = transaction.issuer or self._server.metadata().issuer or ""
        return self._server.with_current_keys(
            lambda keys: process_jwt_authorization_response(
                pairs,
                issuer=issuer,
                client_id=settings.client.client_id,
                keys=keys,
                algorithms=settings.answer_algorithms,
                now=now,
                clock_skew=settings.clock_skew,
                secret=settings.client.client_secret,
                **self._decryption(),
            ),
            settings.answer_algorithms,
        )

    def state_within(self, response: str) -> str | None:
        """The state that a signed answer claims to hold, nothing verified: to find the sign-in that it is checked for.

        :param response: the ``response`` parameter.
        """
        try:
            if is_encrypted(response):
                own = self._decryption()
                response = decrypt_jwt(
                    response,
                    own.get("decryption_keys", ()),
                    own.get("decryption_algorithms", ()),
                    own.get("decryption_encodings", ()),
                    secret=self._settings.client.client_secret,
                )
            state = unverified_jwt(response).claims.get("state")
        except OAuthException:
            return None
        return state if isinstance(state, str) else None

    def _decryption(self) -> dict[str, Any]:
        encryption = self._settings.answer_encryption
        if encryption is None:
            return {}
        algorithm, encoding = encryption
        return {
            "decryption_keys": self._settings.decryption_keys,
            "decryption_algorithms": (algorithm,),
            "decryption_encodings": (encoding,),
        }


def is_signed(response_mode: str) -> bool:
    """Whether answers of a response mode are JWTs (JARM §2.3)."""
    return response_mode in RESPONSE_MODES
