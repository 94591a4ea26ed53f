"""A whole OAuth 2 sign-in, with OpenID Connect: authorize, complete, refresh, call, revoke.

::

    authorize  1 metadata  2 authorization_request  3 pushed or signed, where the server or the profile wants it
               4 Transaction  → the URL
    complete   6 validate_authorization_response  7 authorization_code_request  8 send
               9 process_token_response  10 validate_id_token  → SignIn

(Step 5, taking the transaction once, and 11, storing the token, are the
extension's.)  Nothing in a client changes from one request to the next.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from ..errors import ConfigurationError, OAuthException, UserinfoError
from ..protocol.http import HTTPRequest, HTTPResponse
from ..protocol.jose import SigningKey
from ..protocol.oauth2.authorization import (
    AuthorizationRequest,
    AuthorizationResponse,
    authorization_request,
    validate_authorization_response,
)
from ..protocol.oauth2.client_authentication import Client
from ..protocol.oauth2.fapi import check_profile
from ..protocol.oauth2.metadata import ServerMetadata
from ..protocol.oauth2.resource import resource_request
from ..protocol.oauth2.revocation import process_revocation_response, revocation_request
from ..protocol.oauth2.token import (
    authorization_code_request,
    process_refresh_response,
    refresh_request,
)
from ..protocol.token import Token
from ..providers import (
    adapt_api_request,
    adapt_callback,
    authorization_parameters,
    scope_text,
)
from ..providers.profile import CLAIMS
from ..providers.special import check_callback_hmac
from ..transport import Transport
from .api import call_api
from .asking import what_is_asked
from .back_channel import BackChannel, Clock, NewSecret, Once, key_from, new_secret
from .cache import ServerCache
from .front_channel import FrontChannel, is_signed
from .grants import Grants
from .openid import OpenIDClient
from .profile import Profile, preset_profile
from .proofs import key_of, new_proof_key, written
from .server import Server
from .settings import OAuth2Settings
from .sign_in import SignIn
from .transaction import Transaction


class OAuth2Client:
    """The verbs of OAuth 2 and OpenID Connect for one client at one server.

    :param settings: what does not change.
    :param transport: sends requests.
    :param cache: the servers' metadata and keys.
    :param clock: seconds since the epoch.
    :param new_secret: a new unpredictable text, at least 43 characters from ``[A-Za-z0-9_-]``.
    """

    def __init__(
        self,
        settings: OAuth2Settings,
        transport: Transport,
        cache: ServerCache,
        *,
        clock: Clock = time.time,
        new_secret: NewSecret = new_secret,
    ) -> None:
        self.settings = settings
        self.server = Server(settings, cache, clock)
        self.openid = OpenIDClient(settings, self.server, clock)
        self.back_channel = BackChannel(settings, transport, clock, new_secret)
        self.front_channel = FrontChannel(self.server, self.back_channel)
        self.grants = Grants(self.server, self.back_channel, self.openid)
        self._transport = transport
        self._clock = clock
        self._new_secret = new_secret

    # -- sign-in ----------------------------------------------------------------------------------------------

    def authorize(
        self,
        remote_app: str,
        *,
        redirect_uri: str,
        state: str,
        scope: str = "",
        parameters: Mapping[str, Any] | None = None,
        acr: Iterable[str] = (),
        next_url: str = "",
        purpose: str = "",
    ) -> tuple[AuthorizationRequest, Transaction]:
        """Begin a sign-in: where to send the user, and what to know when they come back.

        :param redirect_uri: the callback, absolute.
        :param state: unpredictable, new for each sign-in.
        :param scope: space separated.
        :param parameters: further parameters of the authorization request.
        :param acr: authentication contexts, one of which the ID Token must name.
        :param next_url: where the user goes afterwards.
        :param purpose: what the sign-in is for, for the extension.
        """
        metadata = self.metadata()
        asked = what_is_asked(self.settings, metadata, scope, parameters, acr)
        key = self.new_proof_key()
        self.check_profile(metadata, key, asked.response_type)
        # Core §3.1.2.1: the nonce ties the ID Token to this sign-in; sent wherever an ID Token is checked.
        has_nonce = self.openid.applies(asked.scope) and self.openid.sends_nonce()
        transaction = Transaction(
            remote_app,
            state,
            int(self._clock()),
            redirect_uri=redirect_uri,
            issuer=metadata.issuer or "",
            nonce=self._new_secret() if has_nonce else "",
            code_verifier=self._new_secret(),
            scope=asked.scope,
            response_type=asked.response_type,
            response_mode=asked.response_mode,
            max_age=asked.max_age,
            acr_values=asked.acr_values,
            next_url=next_url,
            resource=asked.resource,
            dpop_key=written(key) if key else "",
            purpose=purpose,
        )
        plain = self._plain_request(metadata, transaction, key, asked.parameters)
        return self.front_channel.dispatch(plain, key), transaction

    def _plain_request(
        self, metadata: ServerMetadata, transaction: Transaction, key: SigningKey | None, parameters: Mapping[str, Any]
    ) -> AuthorizationRequest:
        return authorization_request(
            metadata,
            self.settings.client,
            redirect_uri=transaction.redirect_uri,
            state=transaction.key,
            code_verifier=transaction.code_verifier,
            scope=self._scope_as_sent(transaction.scope),
            nonce=transaction.nonce or None,
            response_type=transaction.response_type,
            response_mode=transaction.response_mode or None,
            dpop_jkt=key.thumbprint() if key else None,
            parameters={**self._preset_parameters(), **parameters},
        )

    def new_proof_key(self) -> SigningKey | None:
        """A key for one sign-in and its tokens, where they are bound to one."""
        return new_proof_key(self.metadata()) if self.settings.dpop else None

    def check_profile(self, metadata: ServerMetadata, key: SigningKey | None, response_type: str) -> None:
        """Stop before the user is sent anywhere if something is missing for the profile of this client.

        :raises ConfigurationError: ``config_profile``; all that lacks is in ``data``.
        """
        profile = self.settings.profile
        if profile is None:
            return
        check_profile(profile, metadata, self.settings.client, dpop_key=key)
        if response_type != "code":
            raise ConfigurationError(
                f"The profile {profile.name} cannot be used with the response type {response_type!r}",
                code="config_profile",
            )

    def complete(self, parameters: Iterable[tuple[str, str]], transaction: Transaction) -> SignIn:
        """Finish a sign-in with the answer that the browser brought.

        :param parameters: names and values as they came, repeated ones repeated.
        :param transaction: what this browser was sent out with.
        :raises AccessDenied: the user said no.
        :raises InvalidResponseError: any answer that does not hold; nothing of it is kept.
        :raises TransportError: the server did not answer.
        """
        response = self.receive(parameters, transaction)
        return self.accept(self.exchange(response, transaction), response, transaction)

    def receive(self, parameters: Iterable[tuple[str, str]], transaction: Transaction) -> AuthorizationResponse:
        """Check the answer that the browser brought; no request is sent (but for keys, in the hybrid flow)."""
        settings, provider = self.settings, self.settings.provider
        if is_signed(transaction.response_mode):
            parameters = self.front_channel.opened(parameters, transaction)
        elif provider is not None:
            parameters = adapt_callback(provider, parameters)
            if provider.quirks.callback_hmac:
                check_callback_hmac(parameters, settings.client.client_secret or "")
        profile = settings.profile
        # RFC 9207 §2.4: the issuer is the one this user was sent to, not the one that is configured by now.
        response = validate_authorization_response(
            parameters,
            state=transaction.key,
            issuer=transaction.issuer or None,
            iss_required=self.metadata().authorization_response_iss_parameter_supported
            or (profile is not None and profile.iss_required),
            response_type=transaction.response_type,
        )
        self.openid.check_front_channel(response, transaction)
        return response

    def exchange(self, response: AuthorizationResponse, transaction: Transaction, **parameters: Any) -> dict[str, Any]:
        """Exchange the code; everything the token endpoint sent with a status of success.

        :param parameters: further parameters of the token request.
        """
        metadata, client = self.metadata(), self.client

        def make(once: Once) -> HTTPRequest:
            return authorization_code_request(
                metadata,
                client,
                response,
                redirect_uri=transaction.redirect_uri,
                code_verifier=transaction.code_verifier,
                parameters={"resource": list(transaction.resource) or None, **parameters},
                method=self.settings.token_method,
                **once,
            )

        key = key_from(transaction.dpop_key)
        return self.back_channel.read_answer(self.back_channel.send_token_request(make, key, response.parameters))

    def accept(self, answer: Mapping[str, Any], response: AuthorizationResponse, transaction: Transaction) -> SignIn:
        """Check what the token endpoint sent, the ID Token included."""
        token = self.back_channel.token_of(
            answer, scope=transaction.scope, dpop_key=transaction.dpop_key, resource=transaction.resource
        )
        id_token = self.openid.id_token_of(token, response, transaction)
        if id_token is None:
            token = replace(token, id_token=None)  # it was not asked for, so nobody has looked at it
        return SignIn(token, answer, id_token, response.parameters)

    # -- tokens -----------------------------------------------------------------------------------------------

    def refresh(self, token: Token, *, scope: str | None = None) -> Token:
        """A new token for an old one's refresh token.

        :raises ServerError: the server refused; ``error`` is ``invalid_grant`` when the refresh token is spent.
        :raises IDTokenError: the ID Token beside it speaks of another person.
        """
        metadata, client, settings = self.metadata(), self.client, self.settings
        answer = self.back_channel.send_token_request(
            lambda once: refresh_request(metadata, client, token, scope=scope, **once), key_of(token), token.extra
        )
        new = process_refresh_response(
            answer,
            token,
            now=self._clock(),
            scope=scope,
            default_type=self.back_channel.default_type(token.dpop_key),
            lenient_format=self.settings.lenient,
        )
        self.openid.check_refreshed(new, token)
        if token.id_token is None and settings.id_token is not None:
            # Without the one before it was not checked, so nobody may take it for one that was.
            new = replace(new, id_token=None)
        return new

    def revoke(self, token: Token) -> dict[str, str]:
        """Revoke both tokens (RFC 7009), the refresh token first; best effort.

        :returns: for each kind of token ``revoked``, ``unsupported``, or what went wrong.
        """
        outcome: dict[str, str] = {}
        for kind, value in (("refresh_token", token.refresh_token), ("access_token", token.access_token)):
            if value:
                outcome[kind] = self._revoke(value, kind)
        return outcome

    def _revoke(self, value: str, kind: str) -> str:
        try:
            metadata = self.metadata()
            if not metadata.revocation_endpoint:
                return "unsupported"
            client = self.client
            answer = self.back_channel.send(
                lambda once: revocation_request(metadata, client, value, token_type_hint=kind, **once)
            )
            process_revocation_response(answer)
        except OAuthException as error:
            return str(error)
        return "revoked"

    # -- calls ------------------------------------------------------------------------------------------------

    def call(self, request: HTTPRequest, token: Token | None, *, at_home: bool = False) -> HTTPResponse:
        """Call the provider's API.

        :param request: the call without credentials.
        :param token: ``None`` sends it as it is.
        :param at_home: the answer of another origin, where a redirect leads to, will not do.
        """
        key = key_of(token) if token is not None and "authorization" not in request.headers else None

        def deliver(hop: HTTPRequest) -> HTTPResponse:
            if key is None or token is None:
                return self._transport.send(self._authorized(hop, token))
            return self.back_channel.prover.send_to_resource(
                hop, lambda proof: self._authorized(hop, token, proof), key, token.access_token
            )

        return call_api(self._transport, request, deliver, at_home=at_home)

    def _authorized(self, request: HTTPRequest, token: Token | None, proof: str | None = None) -> HTTPRequest:
        """A call with the token on it, and with a proof where it is bound to a key."""
        settings = self.settings
        standard = resource_request(
            request.method,
            request.url,
            token,
            headers=request.headers,
            body=request.body,
            scheme=settings.token_scheme,
            query_parameter=settings.token_parameter,
            dpop_proof=proof,
            insecure_hosts=request.insecure_hosts,
            client_certificate=settings.client.certificate,
            max_response_bytes=request.max_response_bytes,
        )
        if request.public_hosts_only:
            standard = replace(standard, public_hosts_only=True)
        if settings.provider is None or token is None:
            return standard
        return adapt_api_request(
            settings.provider,
            standard,
            token,
            client_id=settings.client.client_id,
            client_secret=settings.client.client_secret or "",
        )

    # -- the server -------------------------------------------------------------------------------------------

    def userinfo(self, token: Token, subject: str | None) -> dict[str, Any]:
        """What the userinfo endpoint says; see :meth:`.OpenIDClient.userinfo`."""
        return self.openid.userinfo(token, subject, partial(self.call, at_home=True))

    def sourced_claims(self, claims: Mapping[str, Any], trusted: Collection[str]) -> dict[str, Any]:
        """The claims that others vouch for; see :meth:`.OpenIDClient.sourced_claims`."""
        return self.openid.sourced_claims(claims, trusted, self._transport.send)

    def profile(self, result: SignIn) -> Profile:
        """Who signed in, by the standard claims.

        :raises UserinfoError: the answers do not say, or speak of another person.
        """
        settings, known = self.settings, dict[str, Any]()
        if result.id_token is not None:
            known["id_token"] = dict(result.id_token.claims)
        if self.metadata().userinfo_endpoint and (settings.provider is None or settings.provider.protocol == "openid"):
            subject = result.id_token.subject if result.id_token else None
            known["userinfo"] = self.userinfo(result.token, subject)
        if settings.provider is None:
            merged = {**known.get("id_token", {}), **known.get("userinfo", {})}
            if not merged.get("sub"):
                raise UserinfoError("The answers do not say who signed in", expected="sub")
            return Profile({name: merged[name] for name in CLAIMS if name in merged}, known)
        return preset_profile(
            settings.provider,
            result.token,
            self._transport.send,
            known=known,
            callback=result.parameters,
            client_id=settings.client.client_id,
            client_secret=settings.client.client_secret or "",
            now=self._clock(),
        )

    @property
    def client(self) -> Client:
        """Who we are, with a client secret that is good now."""
        return self.back_channel.client

    def _preset_parameters(self) -> dict[str, str]:
        provider = self.settings.provider
        if provider is None:
            return {}
        return authorization_parameters(
            provider, client_id=self.settings.client.client_id, offline=self.settings.offline
        )

    def _scope_as_sent(self, scope: str) -> str:
        provider = self.settings.provider
        if provider is None:
            return scope
        return scope_text(provider, scope.split(), offline=self.settings.offline)

    def metadata(self) -> ServerMetadata:
        """What is known about the server."""
        return self.server.metadata()
