"""A whole OAuth 1.0a sign-in: the same verbs as :mod:`.oauth2`.

::

    authorize  temporary_credentials_request  send  process_temporary_credentials_response  → the URL
    complete   validate_authorization_response  token_credentials_request  send
               process_token_credentials_response  → Token

Sections: RFC 5849 §2; each check stands in :mod:`flask_oauth.protocol.oauth1`.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..errors import AccessDenied, ConfigurationError, OAuthException, ServerError
from ..protocol.http import HTTPRequest, HTTPResponse, add_query, is_secure_url, parse_form
from ..protocol.oauth1.answers import SPENT_TOKEN_PROBLEMS
from ..protocol.oauth1.credentials import (
    TemporaryCredentials,
    authorization_url,
    process_renewal_response,
    process_temporary_credentials_response,
    process_token_credentials_response,
    renewal_request,
    temporary_credentials_request,
    token_credentials_request,
    validate_authorization_response,
)
from ..protocol.oauth1.signature import ClientCredentials, Placement, sign_request
from ..protocol.token import Token
from ..providers import Provider
from ..transport import Transport
from .api import call_api
from .profile import Profile, preset_profile
from .transaction import Transaction


def new_nonce() -> str:
    """An unpredictable text of 16 characters."""
    return secrets.token_hex(8)


@dataclass(frozen=True, slots=True)
class OAuth1Settings:
    """What a client knows before anything happens.

    :param client: the consumer key, its secret, the signature method.
    :param temporary_credentials_endpoint: the request token URL of 2010.
    :param authorization_endpoint: where the user is sent.
    :param token_endpoint: the access token URL of 2010.
    :param token_method: ``POST``, or ``GET``.
    :param placement: where the credentials go: ``header``, ``body``, or ``query``.
    :param body_hash: whether the hash of a body that is no form is signed (``oauth_body_hash``).
    :param insecure_hosts: hosts for which plain http was allowed by name.
    :param provider: the preset, resolved, if the remote app has one.
    """

    client: ClientCredentials
    temporary_credentials_endpoint: str
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None
    token_method: str = "POST"  # noqa: S105 - an HTTP method
    placement: Placement = "header"
    body_hash: bool = False
    insecure_hosts: frozenset[str] = frozenset()
    provider: Provider | None = None


class OAuth1Client:
    """The verbs of OAuth 1.0a for one client at one server.

    :param settings: what does not change.
    :param transport: sends requests.
    :param clock: seconds since the epoch.
    :param new_nonce: a new unpredictable text.
    """

    def __init__(
        self,
        settings: OAuth1Settings,
        transport: Transport,
        *,
        clock: Callable[[], float] = time.time,
        new_nonce: Callable[[], str] = new_nonce,
    ) -> None:
        self.settings = settings
        self._transport = transport
        self._clock = clock
        self._new_nonce = new_nonce

    def authorize(
        self,
        remote_app: str,
        *,
        callback: str | None,
        parameters: Mapping[str, Any] | None = None,
        authorization_parameters: Mapping[str, Any] | None = None,
        next_url: str = "",
        purpose: str = "",
    ) -> tuple[str, Transaction]:
        """Begin a sign-in: the URL to send the user to, and what to know when they come back.

        :param callback: absolute URL, or ``None`` for out of band (PIN).
        :param parameters: further parameters of the request for temporary credentials.
        :param authorization_parameters: further parameters of the URL.
        """
        temporary = self.temporary_credentials(callback, parameters)
        transaction = Transaction(
            remote_app,
            temporary.token,
            int(self._clock()),
            redirect_uri=callback or "",
            token_secret=temporary.secret,
            next_url=next_url,
            purpose=purpose,
        )
        return self.authorization_url(temporary, authorization_parameters), transaction

    def temporary_credentials(
        self, callback: str | None, parameters: Mapping[str, Any] | None = None
    ) -> TemporaryCredentials:
        """Ask for temporary credentials: the request token of 2010."""
        request = temporary_credentials_request(
            self._endpoint("temporary_credentials_endpoint"),
            self.settings.client,
            callback=callback,
            timestamp=int(self._clock()),
            nonce=self._new_nonce(),
            parameters=parameters,
            placement=self.settings.placement,
        )
        return process_temporary_credentials_response(self._send(request))

    def authorization_url(self, temporary: TemporaryCredentials, parameters: Mapping[str, Any] | None = None) -> str:
        """Where to send the user."""
        return authorization_url(self._endpoint("authorization_endpoint"), temporary, parameters)

    def complete(
        self,
        parameters: Iterable[tuple[str, str]],
        transaction: Transaction,
        token_parameters: Mapping[str, Any] | None = None,
    ) -> Token:
        """Finish a sign-in with the answer that the browser brought.

        :param parameters: names and values as they came.
        :param transaction: what this browser was sent out with.
        :param token_parameters: further parameters of the token request.
        :raises AccessDenied: the user said no.
        :raises InvalidResponseError: any answer that does not hold.
        """
        temporary = TemporaryCredentials(transaction.key, transaction.token_secret)
        pairs = list(parameters)
        if not transaction.redirect_uri and all(name != "oauth_token" for name, _ in pairs):
            pairs.append(("oauth_token", transaction.key))  # out of band: the user typed nothing but the PIN
        verifier = validate_authorization_response(pairs, temporary)
        request = token_credentials_request(
            self._endpoint("token_endpoint"),
            self.settings.client,
            temporary,
            verifier=verifier,
            timestamp=int(self._clock()),
            nonce=self._new_nonce(),
            method=self.settings.token_method,
            parameters=token_parameters,
            placement=self.settings.placement,
        )
        return process_token_credentials_response(self._send(request), now=self._clock())

    def profile(self, token: Token) -> Profile:
        """Who signed in, by the standard claims; only a provider with a preset says so.

        :raises ConfigurationError: there is no preset.
        """
        provider = self.settings.provider
        if provider is None:
            raise ConfigurationError(
                "OAuth 1.0a does not say who signed in: give preset=", code="config_endpoint_missing"
            )
        return preset_profile(
            provider,
            token,
            lambda request: self.call(request, token),
            known={},
            callback={},
            client_id=self.settings.client.identifier,
            client_secret=self.settings.client.secret,
            now=self._clock(),
        )

    def refresh(self, token: Token) -> Token:
        """New token credentials for a session handle (``oauth_session_handle``).

        :raises ServerError: the server refused; ``error`` is ``invalid_grant``, as OAuth 2 has it, when the handle is
            spent and the user must sign in again.
        """
        request = renewal_request(
            self._endpoint("token_endpoint"),
            self.settings.client,
            token,
            timestamp=int(self._clock()),
            nonce=self._new_nonce(),
            placement=self.settings.placement,
        )
        try:
            return process_renewal_response(self._send(request), token, now=self._clock())
        except AccessDenied as error:
            raise _spent(error) from error
        except ServerError as error:
            if error.error in SPENT_TOKEN_PROBLEMS:
                raise _spent(error) from error
            raise

    def call(self, request: HTTPRequest, token: Token | None) -> HTTPResponse:
        """Call the provider's API.

        :param request: the call without credentials; an ``Authorization`` field of the caller's is kept.
        :param token: ``None`` for a two-legged request.
        """
        return call_api(self._transport, request, lambda hop: self._transport.send(self.signed(hop, token)))

    def signed(self, request: HTTPRequest, token: Token | None) -> HTTPRequest:
        """A request with its signature."""
        request, parameters = _protocol_parameters(request)
        return sign_request(
            request,
            self.settings.client,
            token,
            timestamp=int(self._clock()),
            nonce=self._new_nonce(),
            placement=self.settings.placement,
            parameters=parameters,
            body_hash=self.settings.body_hash,
        )

    def _send(self, request: HTTPRequest) -> HTTPResponse:
        return self._transport.send(replace(request, insecure_hosts=self.settings.insecure_hosts))

    def _endpoint(self, name: str) -> str:
        url: str | None = getattr(self.settings, name)
        if not url:
            raise ConfigurationError(f"There is no {name}", code="config_endpoint_missing")
        # The user's browser and the credentials cross TLS only (RFC 5849 §4.2).
        if not is_secure_url(url, self.settings.insecure_hosts):
            raise ConfigurationError(f"The {name} is not https", code="config_insecure_url", got=url.partition("?")[0])
        return url


def _spent(error: OAuthException) -> ServerError:
    return ServerError(str(error), data=error.data, error="invalid_grant", code=error.code)


def _protocol_parameters(request: HTTPRequest) -> tuple[HTTPRequest, dict[str, str] | None]:
    """Protocol parameters that a program wrote into the query, taken out of it.

    RFC 5849 §3.5: they travel in one place.  Programs of 2010 append ``oauth_verifier`` to the token URL themselves.
    """
    address, _, query = request.url.partition("?")
    if "oauth_" not in query:
        return request, None
    pairs = parse_form(query)
    protocol = {name: value for name, value in pairs if name.startswith("oauth_") and name != "oauth_token"}
    rest = [(name, value) for name, value in pairs if name not in protocol]
    return replace(request, url=add_query(address, rest)), protocol
