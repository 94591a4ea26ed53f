"""The half of a remote app that calls the provider's API: whose token, where it may go, and the call itself."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urljoin

from ..errors import ConfigurationError
from ..protocol.http import Headers, HTTPResponse, origin, parse_form
from ..protocol.token import Token
from . import signals, stored_tokens
from .answers import as_token
from .for_user import UserApi
from .legacy_client import LegacyClient, plain_request
from .remote import Origin, Remote
from .response import OAuthResponse, add_query, encode_request_data
from .state import app_in_reach

F = TypeVar("F", bound=Callable[..., Any])

NO_FIELDS = Headers()
#: Methods whose data goes into the query.
WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS"})


class ApiCalls(Remote):
    """How a remote app's API is called; the sign-in is :class:`.OAuthRemoteApp`'s."""

    #: A function that gives the token for a call, or ``None``.
    tokengetter_func: Callable[..., Any] | None
    #: A function that keeps a token, or ``None``.
    tokensetter_func: Callable[..., Any] | None

    # -- calls ------------------------------------------------------------------------------------------------

    def request(
        self,
        url: str,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
        format: str | None = "urlencode",
        method: str = "GET",
        content_type: str | None = None,
        token: Any = None,
    ) -> OAuthResponse:
        """Call the provider's API with the user's token.

        :param url: joined with :attr:`base_url` if it is relative.  The token goes to the API's own hosts only, and
            to those in ``allow_hosts``.
        :param data: the query of a GET, the form or JSON of other methods; with ``content_type`` the body itself.
        :param headers: header fields; an ``Authorization`` among them is kept, and no token is added.
        :param format: ``'urlencode'`` or ``'json'``.
        :param method: the HTTP method.
        :param content_type: the type of a body that is encoded already.
        :param token: given to the tokengetter, which then decides whose token it is; without a tokengetter the
            token itself.
        :returns: the answer, whatever its status.
        :raises TokenMissing: there is no token (``type='token_missing'``).
        :raises ConfigurationError: the token may not go to that host (``token_host``).
        :raises TransportError: no answer came.
        """
        method, url, fields, body = self._prepare(url, data, headers, format, method, content_type)
        if type(self).make_client is not ApiCalls.make_client:
            client = self.make_client(token)
            return OAuthResponse(*client.request(url, method=method, body=body or "", headers=dict(fields)))
        return OAuthResponse.of(self._call_as_user(method, url, fields, body, token))

    def _prepare(
        self,
        url: str,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
        format: str | None = "urlencode",
        method: str = "GET",
        content_type: str | None = None,
    ) -> tuple[str, str, Headers, bytes | None]:
        """Method, URL, header fields and body of a call, as its arguments say."""
        method = method.upper()
        url = self.expand_url(url)
        if method in WITHOUT_BODY:
            return method, add_query(url, data) if data else url, Headers(headers) if headers else NO_FIELDS, None
        fields = {str(name): str(value) for name, value in (headers or {}).items()}
        body = data or b""
        if content_type is None:
            body, content_type = encode_request_data(data, format)
        if content_type is not None:
            fields["Content-Type"] = content_type
        return method, url, Headers(fields), body.encode() if isinstance(body, str) else body

    # -- whose token ------------------------------------------------------------------------------------------

    def tokengetter(self, f: F) -> F:
        """Register the function that gives the token for a call.

        It is called without an argument, or with the ``token`` that the call was given.  It returns ``None``,
        ``(token, secret)``, ``(access_token, '')``, a text, or a mapping with ``access_token``.
        """
        self.tokengetter_func = f
        return f

    def tokensetter(self, f: F) -> F:
        """Register the function that keeps a token: after a sign-in, and after a refresh.

        It is called with the :class:`~flask_oauth.Token`, and with what the call's ``token`` was, if it had one.
        """
        self.tokensetter_func = f
        return f

    def _ask_tokengetter(self, token: Any = None) -> Any:
        if self.tokengetter_func is None:
            return None
        return self.tokengetter_func(*((token,) if token else ()))

    def get_request_token(self, token: Any = None) -> Any:
        """An object with ``key`` and ``secret``: the token that a call is signed with."""
        raise NotImplementedError

    def _call_as_user(
        self, method: str, url: str, headers: Headers, body: bytes | None, token: Any = None
    ) -> HTTPResponse:
        """The call with the token that counts: the caller's own, the tokengetter's, or a stored one."""
        if "authorization" in headers or (_carries_token(url) and not self.request_token_url):
            return self._call(method, url, headers, body, None)
        if self.tokengetter_func is None and token is not None:
            return self._call(method, url, headers, body, as_token(token, now=time.time()))
        if self._keeps_tokens():
            key = stored_tokens.record_key(self)
            return stored_tokens.call_with_stored_token(self, key, method, url, headers, body)
        return self._call(method, url, headers, body, self._token_of_program(token))

    def _keeps_tokens(self) -> bool:
        """Whether the extension keeps this remote app's tokens, and not the program."""
        own = type(self).get_request_token is _own_get_request_token()
        return own and self.tokengetter_func is None and app_in_reach(self.oauth) is not None

    def _token_of_program(self, token: Any) -> Token | None:
        """What the tokengetter gives, or whatever an override of ``get_request_token`` does."""

        def ask() -> Token | None:
            return as_token(self._ask_tokengetter(token), now=time.time())

        value = ask() if type(self).get_request_token is _own_get_request_token() else None
        if value is None:
            return as_token(self.get_request_token(token), now=time.time())
        if self.tokensetter_func is None:
            return value
        return stored_tokens.refreshed_by_program(self, value, ask, *((token,) if token else ()))

    def _refresh(self, token: Token) -> Token:
        """Ask the provider for a new token."""
        new = self._oauth1().refresh(token) if self.request_token_url else self._oauth2(required=True).refresh(token)
        signals.send(signals.token_refreshed, remote_app=self.name, token=new)
        return new

    # -- tokens that the extension keeps ----------------------------------------------------------------------

    def save_token(self, token: Any, owner: Any = None, label: str = "") -> None:
        """Keep a token for a user.

        :param token: any shape that a tokengetter may return, or a token answer (a mapping with ``access_token``,
            ``refresh_token``, ``expires_in`` or ``expires_at`` in seconds, …).
        :param owner: the application's user; by default that of this request.
        :param label: tells several accounts of one user at this provider apart.
        :raises StoreError: the store does not answer (``store_failed``), the session is full
            (``store_session_full``), or it is not known whose token it is (``store_no_owner``).
        """
        stored_tokens.save(self, token, owner, label)

    def load_token(self, owner: Any = None, label: str = "") -> Token | None:
        """The token that is kept for a user, not refreshed; ``None`` if there is none.

        :param owner: the application's user; by default that of this request.
        :raises StoreError: as :meth:`save_token`, and ``store_sealed`` where no key opens the record.
        """
        return stored_tokens.load(self, owner, label)

    def disconnect(self, owner: Any = None, label: str = "") -> dict[str, str]:
        """Forget a user's token, and revoke both tokens at the provider (RFC 7009), best effort.

        :returns: for each kind of token ``revoked``, ``unsupported``, or what went wrong; empty if there was none.
        :raises StoreError: the store does not answer; nothing is revoked then.
        """
        return stored_tokens.disconnect(self, owner, label)

    def missing_scopes(self, *wanted: str, owner: Any = None, label: str = "") -> frozenset[str]:
        """Those of the wanted scopes that a user has not granted (all of them without a token)."""
        token = stored_tokens.load(self, owner, label)
        return frozenset(" ".join(wanted).split()) if token is None else token.missing_scopes(*wanted)

    def for_user(self, owner: Any, label: str = "") -> UserApi:
        """This API on behalf of a user, also outside of a request.

        ::

            with oauth.github.for_user(user.id) as api:
                api.get("user/repos")
        """
        return UserApi(self, owner, label)

    # -- the client of 2010 -----------------------------------------------------------------------------------

    def make_client(self, token: Any = None) -> LegacyClient:
        """A client with the token attached; usually :meth:`request` is all one needs.

        :param token: given to the tokengetter.
        """
        return LegacyClient(self, as_token(self.get_request_token(token), now=time.time()))

    @functools.cached_property
    def _client(self) -> LegacyClient:
        return LegacyClient(self)

    def status_okay(self, resp: Any) -> bool:
        """Whether a client's answer says success, as programs of 2010 ask."""
        status = resp["status"] if isinstance(resp, Mapping) else resp.status
        return int(status) in (200, 201)

    # -- the call ---------------------------------------------------------------------------------------------

    def _call(self, method: str, url: str, headers: Headers, body: bytes | None, token: Token | None) -> HTTPResponse:
        facts = self._facts
        hub, home = self._hub_and_home(facts)
        options, provider = facts.options, facts.provider
        if provider is not None and token is not None and "{" in provider.api_base_url:
            # This provider says with the token where its user's API is.
            from ..providers import api_base_url

            base_url = api_base_url(provider, token)
            url, home = urljoin(base_url, url), home | {origin(base_url)}
        if token is not None and "authorization" not in headers:
            self._check_host(url, home)
        if options.get("user_agent") and "user-agent" not in headers:
            headers = Headers([*headers.items_as_sent(), ("User-Agent", options["user_agent"])])
        request = plain_request(method, url, headers, body, frozenset(options.get("allow_http_hosts", ())))
        return hub.call(request, token)

    def _check_host(self, url: str, home: frozenset[Origin]) -> None:
        """Stop a token on its way to a stranger (RFC 9700 §4.9): it goes to the API and the named endpoints only."""
        target = origin(url)
        if not target[1]:
            raise ConfigurationError("The URL of this call is ambiguous", code="token_host", got=url.partition("?")[0])
        if target in home or target[1] in self._options.get("allow_hosts", ()):
            return
        raise ConfigurationError(
            f"The token of {self.name!r} may not go to {target[1]}",
            code="token_host",
            expected=", ".join(sorted({host for _, host, _ in home})),
            got=target[1],
        )


def _carries_token(url: str) -> bool:
    """Whether a program has put an access token into the query itself; RFC 6750 §2: one way of sending it a request."""
    query = url.partition("?")[2]
    return "access_token=" in query and any(name == "access_token" for name, _ in parse_form(query))


@functools.cache
def _own_get_request_token() -> Any:
    from .remote_app import OAuthRemoteApp

    return OAuthRemoteApp.get_request_token
