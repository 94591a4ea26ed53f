"""The half of a remote app that gets tokens without sending a browser away.

===============================  ==============================================================
``as_client()``                  the API for the application itself (client credentials; OAuth 1.0a: two-legged)
``exchange_token()``             the API with a token for another audience, or on behalf of somebody (RFC 8693)
``token_for()``                  the API with a token for a signed statement (RFC 7523)
``start_device_sign_in()``       the user signs in on another device (RFC 8628)
``start_backchannel_sign_in()``  the server finds the user (CIBA)
``introspect()``                 what a token stands for (RFC 7662, RFC 9701)
``step_up()``                    what a refused call wants of the next sign-in (RFC 9470)
``find_authorization_server()``  whom an API trusts (RFC 9728)
===============================  ==============================================================
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Final

from flask import request

from ..errors import InvalidResponseError, StoreError
from ..protocol.http import json_object
from ..protocol.token import Token
from .calls import ApiCalls
from .options import as_scope
from .response import OAuthResponse
from .state import cache_for, current_state, transport_in_reach
from .token_api import ClientApi, TokenApi

if TYPE_CHECKING:
    from ..client.protected_resource import FoundServer
    from ..client.waiting import PendingSignIn
    from ..protocol.oauth2.introspection import Introspection
    from ..storage import TokenStore

Scope = str | Collection[str] | None
#: RFC 8693 §3.
ACCESS_TOKEN: Final = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a type
_SEALED = b"waiting sign-in"


class Grants(ApiCalls):
    """Tokens without a browser."""

    def as_client(self, scope: Scope = None, **parameters: Any) -> ClientApi:
        """This API for the application itself.

        ::

            oauth.bank.as_client(scope="rates").get("rates/EUR").data

        The token is obtained at the first call, kept until 60 seconds before its end, and shared by all threads, and
        by all workers where there is a token store.  For OAuth 1.0a the calls are signed without a token.

        :param scope: by default none is asked for, which lets the server choose.
        :param parameters: further parameters of the token request: ``resource``, ``audience``, …
        """
        return ClientApi(self, as_scope(scope), parameters)

    def with_token(self, token: Token) -> TokenApi:
        """This API with a token at hand.

        :param token: what a sign-in or a grant gave.
        """
        return TokenApi(self, token)

    def exchange_token(
        self,
        subject_token: str | Token,
        *,
        subject_token_type: str = ACCESS_TOKEN,
        actor_token: str | None = None,
        actor_token_type: str | None = None,
        requested_token_type: str | None = None,
        scope: Scope = None,
        **parameters: Any,
    ) -> TokenApi:
        """This API with a token that was exchanged for another (RFC 8693 §2.1).

        :param subject_token: the token of the one on whose behalf calls are made, such as the one this API was called
            with.
        :param subject_token_type: what it is (RFC 8693 §3).
        :param actor_token: the token of the one who acts, with its type.
        :param requested_token_type: what is wanted, by default an access token.
        :param parameters: ``audience``, ``resource``, …
        :returns: its ``token`` is the new one.
        """
        token = self._oauth2(required=True).grants.exchange(
            subject_token.access_token if isinstance(subject_token, Token) else subject_token,
            subject_token_type=subject_token_type,
            actor_token=actor_token,
            actor_token_type=actor_token_type,
            requested_token_type=requested_token_type,
            scope=as_scope(scope),
            parameters=parameters,
        )
        return TokenApi(self, token)

    def token_for(
        self,
        subject: str | None = None,
        *,
        assertion: str | None = None,
        claims: Mapping[str, Any] | None = None,
        scope: Scope = None,
        **parameters: Any,
    ) -> TokenApi:
        """This API with a token for a signed statement of who is meant (RFC 7523 §2.1).

        :param subject: who is meant; the statement is signed with ``signing_key``.  By default the client itself.
        :param assertion: a statement that another issuer has signed, instead.
        :param claims: further claims of our statement.
        """
        token = self._oauth2(required=True).grants.jwt_bearer(
            assertion=assertion, subject=subject, claims=claims, scope=as_scope(scope), parameters=parameters
        )
        return TokenApi(self, token)

    def introspect(
        self, token: str | Token, *, token_type_hint: str | None = None, audience: str | None = None
    ) -> Introspection:
        """What a token stands for, as the server says (RFC 7662).

        With ``introspection_signed_response_alg`` the answer must be signed (RFC 9701).

        :param token: the token that was presented.
        :param audience: the API that it was presented to; a token for others only is refused.
        :returns: ``active``, ``scopes``, ``claims``.
        :raises InvalidResponseError: the answer does not hold, or ``introspection_audience``.
        """
        text = token.access_token if isinstance(token, Token) else token
        grants = self._oauth2(required=True).grants
        return grants.introspect(text, token_type_hint=token_type_hint, audience=audience)

    # -- users who answer elsewhere -------------------------------------------------------------------------------

    def start_device_sign_in(self, scope: Scope = None, **parameters: Any) -> PendingSignIn:
        """Begin a sign-in on another device (RFC 8628).

        ::

            pending = oauth.tv.start_device_sign_in()
            print(f"Go to {pending.verification_uri} and enter {pending.user_code}")
            signed_in = pending.wait()

        :param scope: by default the remote app's own.
        :returns: ``user_code``, ``verification_uri``, ``verification_uri_complete``; ``poll()`` and ``wait()``.
        :raises ConfigurationError: the server has no such endpoint.
        """
        wanted = self.scope if scope is None else as_scope(scope)
        return self._oauth2(required=True).grants.waiting.start_device(scope=wanted, parameters=parameters)

    def start_backchannel_sign_in(
        self,
        *,
        login_hint: str | None = None,
        scope: Scope = None,
        binding_message: str | None = None,
        ping: bool = False,
        **parameters: Any,
    ) -> PendingSignIn:
        """Have the server find the user on a channel of its own (CIBA).

        :param login_hint: who is meant; or give ``id_token_hint`` or ``login_hint_token``.
        :param scope: by default the remote app's own; ``openid`` must be in it.
        :param binding_message: what both devices show.
        :param ping: the server notifies the application at a view that calls :meth:`take_ping`.
        :returns: ``poll()`` and ``wait()``.
        """
        waiting = self._oauth2(required=True).grants.waiting
        pending = waiting.start_backchannel(
            scope=self.scope if scope is None else as_scope(scope),
            binding_message=binding_message,
            ping=ping,
            parameters={"login_hint": login_hint, **parameters},
        )
        if ping:
            state = pending.state
            sealed = _text(current_state().flow_keys.seal(state.notification_token.encode(), _SEALED))
            seconds = state.expires_at - waiting.clock()
            _marks().put_mark(_mark("token", state.secret), sealed, seconds=seconds)
        return self._listening(pending)

    def take_ping(self) -> None:
        """Take the server's notification in the view that it is sent to (CIBA §10.2); answer it with 204.

        The pending sign-in, in whatever request or process, then asks at its next ``poll()``.

        :raises InvalidResponseError: ``notification_invalid``: not the server's; answer with 401.
        """
        from ..protocol.oauth2.ciba import validate_ping

        body = request.get_data()
        stated = json_object(body).get("auth_req_id")
        secret = stated if isinstance(stated, str) else ""
        sealed = _marks().get_mark(_mark("token", secret))
        if sealed is None:
            raise InvalidResponseError("The notification is about no request of ours", code="notification_invalid")
        token = current_state().flow_keys.open(_bytes(sealed), _SEALED).decode()
        validate_ping(dict(request.headers), body, client_notification_token=token, auth_req_id=secret)
        _marks().put_mark(_mark("ready", secret), "", seconds=600)

    def sealed_sign_in(self, pending: PendingSignIn) -> str:
        """A pending sign-in as a text that only this application can read: for a cookie, a session, a hidden field."""
        content = json.dumps({"app": self.name, **pending.state.to_dict()}).encode()
        return _text(current_state().flow_keys.seal(content, _SEALED))

    def resume_sign_in(self, sealed: str) -> PendingSignIn:
        """A pending sign-in in another request; see :meth:`sealed_sign_in`.

        :raises StoreError: the text is not one of ours (``store_sealed``).
        """
        try:
            values: dict[str, Any] = json.loads(current_state().flow_keys.open(_bytes(sealed), _SEALED))
        except ValueError:
            values = {}
        if values.get("app") != self.name:
            raise StoreError("This is no pending sign-in of this remote app", code="store_sealed")
        from ..client.waiting import WaitingState

        waiting = self._oauth2(required=True).grants.waiting
        return self._listening(waiting.resume(WaitingState.from_dict(values)))

    def _listening(self, pending: PendingSignIn) -> PendingSignIn:
        """A pending sign-in that hears of a ping which another request has taken."""
        if pending.state.notification_token:
            secret = pending.state.secret

            def pinged() -> bool:
                store = _marks()
                # Only once: afterwards the interval counts again.
                ready = store.get_mark(_mark("ready", secret)) is not None
                return ready and store.add_mark(_mark("asked", secret), seconds=600)

            pending.pinged = pinged
        return pending

    # -- what APIs say ------------------------------------------------------------------------------------------

    def step_up(self, response: OAuthResponse) -> dict[str, Any]:
        """What the next sign-in must ask for, so that a refused call is accepted then (RFC 9470 §4, RFC 6750 §3.1).

        ::

            if wanted := oauth.bank.step_up(response):
                return oauth.bank.authorize(callback=..., **wanted)

        :param response: the answer of the refused call.
        :returns: parameters for ``authorize()``; empty if the API asks for nothing of the kind.
        """
        from ..protocol.oauth2.resource import find_challenge, step_up_parameters

        challenge = find_challenge(_fields(response), "bearer", "dpop")
        wanted: dict[str, Any] = dict(step_up_parameters(challenge)) if challenge is not None else {}
        if "acr_values" in wanted:
            wanted["acr"] = wanted.pop("acr_values")  # demanded of the ID Token, not only asked for
        if "max_age" in wanted:
            wanted["max_age"] = int(wanted["max_age"])
        if "scope" in wanted:
            # What was granted before would otherwise be lost with the new token.
            wanted["scope"] = " ".join(dict.fromkeys([*self.scope.split(), *wanted["scope"].split()]))
        return wanted

    def find_authorization_server(
        self, url: str = "", response: OAuthResponse | None = None, *, trusted: Collection[str] | None = None
    ) -> FoundServer:
        """The authorization server that an API trusts (RFC 9728): from a 401 to whom to ask for a token.

        :param url: the API's identifier, joined with :attr:`base_url`: the URL that was asked.
        :param response: its 401, whose challenge may say where its metadata is.
        :param trusted: the issuers that may be used; by default any that has a public address.
        :returns: its ``issuer`` is for ``remote_app(issuer=…)``, its ``resource.resource`` for ``resource=``.
        :raises MetadataError: a document does not hold, or names no server that is trusted.
        """
        from ..client.protected_resource import find_authorization_server, find_resource

        transport = self._transport or transport_in_reach(self.oauth)
        hosts = frozenset(self._options.get("allow_http_hosts", ()))
        headers = _fields(response) if response is not None else None
        resource = find_resource(self.expand_url(url), transport, headers=headers, insecure_hosts=hosts)
        return find_authorization_server(resource, cache_for(transport), trusted=trusted, insecure_hosts=hosts)


def _fields(response: OAuthResponse) -> dict[str, str]:
    """The header fields of an answer, their names in lower case."""
    return {name.lower(): value for name, value in response.headers.items()}


def _marks() -> TokenStore:
    """Where notes are kept that all workers read: the token store, or this process where there is none."""
    return current_state().coordinator.keeper.store


def _mark(kind: str, secret: str) -> str:
    return f"ciba-{kind}:{hashlib.sha256(secret.encode()).hexdigest()}"


def _text(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text)
