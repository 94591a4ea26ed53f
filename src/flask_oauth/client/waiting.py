"""Grants that wait for a user who answers elsewhere: device authorization (RFC 8628) and CIBA (poll and ping).

A :class:`PendingSignIn` can be asked from time to time (a page that polls) or waited for (a command line).  However
often it is asked, the server is asked no more often than it wants (RFC 8628 §3.5, CIBA §7.3).  What must be known
again later is in its ``state``, which can be sealed and kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from ..errors import ConfigurationError, OAuthException, ReauthorizationRequired
from ..protocol.http import HTTPRequest
from ..protocol.oauth2.ciba import (
    BackchannelAuthentication,
    backchannel_authentication_request,
    ciba_token_request,
    process_backchannel_authentication_response,
    validate_ping,
)
from ..protocol.oauth2.device import (
    DeviceAuthorization,
    device_authorization_request,
    device_token_request,
    process_device_authorization_response,
)
from ..protocol.oauth2.metadata import ServerMetadata
from ..protocol.oauth2.polling import next_interval
from .back_channel import BackChannel, Once, key_from
from .openid import OpenIDClient
from .server import Server
from .sign_in import SignIn


@dataclass(frozen=True, slots=True, repr=False)
class WaitingState:
    """All that must be known to go on waiting: a secret, to be sealed where it is kept.

    :param kind: ``device`` or ``ciba``.
    :param secret: ``device_code`` or ``auth_req_id``.
    :param scope: the scope as requested.
    :param expires_at: when the request ends, in seconds since the epoch.
    :param interval: how long to wait between two requests, in seconds.
    :param next_at: when the server may be asked next, in seconds since the epoch.
    :param dpop_key: the key that the token will be bound to.
    :param notification_token: what a ping must show.
    """

    kind: Literal["device", "ciba"]
    secret: str
    scope: str
    expires_at: float
    interval: float
    next_at: float
    user_code: str = ""
    verification_uri: str = ""
    verification_uri_complete: str = ""
    dpop_key: str = ""
    notification_token: str = ""

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able mapping that :meth:`from_dict` takes back; empty fields are left out."""
        return {name: value for name, value in asdict(self).items() if value != ""}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> WaitingState:
        return cls(**{name: value for name, value in values.items() if name in cls.__slots__})

    def __repr__(self) -> str:
        return f"<WaitingState {self.kind} expires_at={self.expires_at}>"


class PendingSignIn:
    """A sign-in whose user answers elsewhere.

    :param grants: asks the server.
    :param state: what is known of it.

    :ivar pinged: whether the server has notified somebody else of us (CIBA §10.2); asked at each :meth:`poll`.
    """

    def __init__(self, grants: WaitingGrants, state: WaitingState) -> None:
        self._grants = grants
        self.state = state
        self.pinged: Callable[[], bool] = _never
        self._signed_in: SignIn | None = None

    @property
    def user_code(self) -> str:
        """What the user types in (RFC 8628 §3.2); empty for CIBA."""
        return self.state.user_code

    @property
    def verification_uri(self) -> str:
        """Where the user types it in."""
        return self.state.verification_uri

    @property
    def verification_uri_complete(self) -> str:
        """The same with the code in it, for a QR code; empty if the server gives none."""
        return self.state.verification_uri_complete

    @property
    def expires_at(self) -> float:
        """When the request ends, in seconds since the epoch."""
        return self.state.expires_at

    @property
    def interval(self) -> float:
        """How long to wait between two requests, in seconds."""
        return self.state.interval

    def poll(self) -> SignIn | None:
        """The sign-in, if the user has answered; ``None`` if not, or if it is too early to ask again.

        :raises AccessDenied: the user said no.
        :raises ReauthorizationRequired: the request has expired; begin anew.
        :raises OAuthException: anything else: do not ask again (RFC 8628 §3.5).
        """
        if self._signed_in is not None:
            return self._signed_in  # the code is good once; a page that asks again gets the same
        now = self._grants.clock()
        self._check_life(now)
        return self._ask() if now >= self.state.next_at or self.pinged() else None

    def wait(self, timeout: float | None = None) -> SignIn | None:
        """Wait until the user has answered.

        :param timeout: seconds after which ``None`` is returned; by default until the request expires.
        :raises OAuthException: as :meth:`poll`.
        """
        clock = self._grants.clock
        until = self.state.expires_at if timeout is None else min(self.state.expires_at, clock() + timeout)
        while True:
            signed_in = self.poll()
            if signed_in is not None:
                return signed_in
            now = clock()
            if timeout is not None and now >= until:
                return None
            self._grants.sleep(max(0.0, min(self.state.next_at, until) - now))

    def notified(self, headers: Mapping[str, str], body: bytes) -> SignIn | None:
        """Take a ping: the user has answered, so the server is asked at once (CIBA §10.2).

        :param headers: the header fields of the notification.
        :param body: its content.
        :raises InvalidResponseError: ``notification_invalid``: it is not the server's; answer with 401.
        """
        state = self.state
        validate_ping(headers, body, client_notification_token=state.notification_token, auth_req_id=state.secret)
        self._check_life(self._grants.clock())
        return self._ask()

    def _check_life(self, now: float) -> None:
        if now >= self.state.expires_at:
            raise ReauthorizationRequired("The request expired before the user answered")

    def _ask(self) -> SignIn | None:
        try:
            self._signed_in = self._grants.ask(self.state)
            return self._signed_in
        except OAuthException as error:
            interval = next_interval(error, self.state.interval)
            self.state = replace(self.state, interval=interval, next_at=self._grants.clock() + interval)
            return None

    def __repr__(self) -> str:
        return f"<PendingSignIn {self.state.kind} expires_at={self.state.expires_at}>"


class WaitingGrants:
    """Begins and finishes sign-ins whose user answers elsewhere.

    :param server: the server's metadata and keys.
    :param back_channel: sends the requests.
    :param openid: validates ID Tokens.
    :param new_key: makes a key for new tokens; gives an empty text where they are not bound to one.
    :param sleep: waits so many seconds.
    """

    def __init__(
        self,
        server: Server,
        back_channel: BackChannel,
        openid: OpenIDClient,
        new_key: Callable[[], str],
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._server = server
        self._back_channel = back_channel
        self._openid = openid
        self._new_key = new_key
        self.sleep = sleep
        self.clock = back_channel.clock

    def start_device(self, *, scope: str = "", parameters: Mapping[str, Any] | None = None) -> PendingSignIn:
        """Begin a sign-in on another device (RFC 8628 §3.1).

        :param scope: space separated.
        :param parameters: further parameters, ``resource`` for example.
        """
        metadata, client, dpop_key = self._server.metadata(), self._back_channel.client, self._new_key()
        response = self._back_channel.send(
            lambda once: device_authorization_request(metadata, client, scope=scope, parameters=parameters, **once)
        )
        now = self.clock()
        device = process_device_authorization_response(response, now=now, metadata=metadata)
        state = WaitingState(
            "device",
            device.device_code,
            scope,
            device.expires_at,
            device.interval,
            now + device.interval,
            user_code=device.user_code,
            verification_uri=device.verification_uri,
            verification_uri_complete=device.verification_uri_complete or "",
            dpop_key=dpop_key,
        )
        return PendingSignIn(self, state)

    def start_backchannel(
        self,
        *,
        scope: str = "openid",
        binding_message: str | None = None,
        ping: bool = False,
        parameters: Mapping[str, Any] | None = None,
    ) -> PendingSignIn:
        """Have the server find the user on another channel (CIBA §7.1).

        :param binding_message: what both devices show.
        :param ping: the server notifies us; else it is asked from time to time.
        :param parameters: exactly one of ``login_hint``, ``id_token_hint``, ``login_hint_token``; ``acr_values``, …
        """
        metadata, client, settings = self._server.metadata(), self._back_channel.client, self._back_channel.settings
        dpop_key = self._new_key()
        notification_token = self._notification_token(metadata) if ping else None
        signs = settings.signed_request or (settings.profile is not None and settings.profile.signed_request)

        def make(once: Once) -> HTTPRequest:
            return backchannel_authentication_request(
                metadata,
                client,
                scope=scope,
                binding_message=binding_message,
                client_notification_token=notification_token,
                parameters=parameters,
                key=client.signing_key if signs else None,
                **once,
            )

        response = self._back_channel.send(make)
        now = self.clock()
        waiting = process_backchannel_authentication_response(response, now=now)
        state = WaitingState(
            "ciba",
            waiting.auth_req_id,
            scope,
            waiting.expires_at,
            waiting.interval,
            now + waiting.interval,
            dpop_key=dpop_key,
            notification_token=notification_token or "",
        )
        return PendingSignIn(self, state)

    def _notification_token(self, metadata: ServerMetadata) -> str:
        listed = metadata.backchannel_token_delivery_modes_supported
        if listed is not None and "ping" not in listed:
            raise ConfigurationError(
                "The server does not notify: leave out ping=True", expected=", ".join(listed), got="ping"
            )
        return self._back_channel.new_secret()

    def resume(self, state: WaitingState) -> PendingSignIn:
        """Go on with what was begun in another request or process."""
        return PendingSignIn(self, state)

    def ask(self, state: WaitingState) -> SignIn:
        """Ask the token endpoint once.

        :raises ServerError: ``authorization_pending``, ``slow_down``, or the end.
        """
        back_channel = self._back_channel
        response = back_channel.send_token_request(self._token_request(state), key_from(state.dpop_key))
        answer = back_channel.read_answer(response)
        token = back_channel.token_of(answer, scope=state.scope, dpop_key=state.dpop_key)
        id_token = self._openid.id_token_beside(token, state.scope)
        if id_token is None:
            token = replace(token, id_token=None)  # it was not asked for, so nobody has looked at it
        return SignIn(token, answer, id_token)

    def _token_request(self, state: WaitingState) -> Callable[[Once], HTTPRequest]:
        metadata, client = self._server.metadata(), self._back_channel.client
        if state.kind == "ciba":
            waiting = BackchannelAuthentication(state.secret, state.expires_at, state.interval)
            return lambda once: ciba_token_request(metadata, client, waiting, **once)
        device = DeviceAuthorization(state.secret, "", "", None, state.expires_at, state.interval)
        return lambda once: device_token_request(metadata, client, device, **once)


def _never() -> bool:
    return False
