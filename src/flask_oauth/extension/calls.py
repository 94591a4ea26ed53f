"""The half of a remote app that calls the provider's API: whose token, where it may go, and the call itself."""

from __future__ import annotations

import functools
import time
import warnings
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import urljoin

from ..errors import ConfigurationError
from ..protocol.http import Headers, HTTPResponse, origin, parse_form
from ..protocol.token import Token
from . import signals, stand_in, stored_tokens
from .answers import as_token
from .config import config_key, credential, text_of
from .facts import Fact, Facts, KnownFacts
from .for_user import UserApi
from .legacy_client import LegacyClient, plain_request
from .options import as_scope
from .response import OAuthResponse, add_query, encode_request_data, joined
from .state import app_in_reach, cache_for, config_in_reach, transport_in_reach
from .verbs import Verbs

if TYPE_CHECKING:
    from ..client.oauth1 import OAuth1Client
    from ..client.oauth2 import OAuth2Client
    from ..providers import Provider
    from ..transport import Transport
    from .oauth import OAuth

F = TypeVar("F", bound=Callable[..., Any])

#: Scheme, host and port.
Origin = tuple[str, str, int | None]

#: Attributes that a program may assign to at any time; until it does they are what the facts say.
ASSIGNABLE = ("base_url", "request_token_url", "access_token_url", "authorize_url", "_token_method")
CREDENTIALS = ("consumer_key", "consumer_secret")
NO_FIELDS = Headers()
#: Methods whose data goes into the query.
WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS"})


class ApiCalls(Verbs):
    """What a remote app is made of, and how its API is called; the sign-in is :class:`.OAuthRemoteApp`'s."""

    oauth: OAuth | None
    name: str
    # As remote_app() was given them, or as the configuration, the environment or the preset says.
    base_url = Fact[str | None](None)
    request_token_url = Fact[str | None](None)
    access_token_url = Fact[str | None](None)
    authorize_url = Fact[str | None](None)
    #: A function that gives the token for a call, or ``None``.
    tokengetter_func: Callable[..., Any] | None
    #: A function that keeps a token, or ``None``.
    tokensetter_func: Callable[..., Any] | None
    _consumer_key: str | bytes | None
    _consumer_secret: str | bytes | None
    _transport: Transport | None
    #: The hub's client and the origins that belong to the provider, with what they were made from.
    _made: tuple[Any, OAuth1Client | OAuth2Client, frozenset[Origin]] | None
    _known: KnownFacts
    #: Whether a subclass has its own way to one of these, and so may say something else each time.
    _computes = False

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        names = (*CREDENTIALS, *ASSIGNABLE)
        cls._computes = any(getattr(cls, name) is not getattr(ApiCalls, name) for name in names)

    # -- what it is -------------------------------------------------------------------------------------------

    @property
    def _facts(self) -> Facts:
        """What is known about the remote app in the application at work."""
        return self._known.in_reach(self)

    @property
    def _options(self) -> Mapping[str, Any]:
        return self._facts.options

    @property
    def _provider(self) -> Provider | None:
        return self._facts.provider

    @property
    def scope(self) -> str:
        """What is asked for, separated by spaces."""
        return as_scope(self._scope)

    @scope.setter
    def scope(self, value: str | Collection[str] | None) -> None:
        self._scope = value

    _scope = Fact[str | Collection[str] | None](None, option="scope")
    _token_method = Fact[str | None](None, option="access_token_method")

    @property
    def consumer_key(self) -> str | None:
        """The client id: as given, or from the configuration or the environment."""
        return self._credential(self._consumer_key, "client_id")

    @consumer_key.setter
    def consumer_key(self, value: str | bytes | None) -> None:
        self._consumer_key = value

    @property
    def consumer_secret(self) -> str | None:
        """The client secret: as given, or from the configuration or the environment."""
        return self._credential(self._consumer_secret, "client_secret")

    @consumer_secret.setter
    def consumer_secret(self, value: str | bytes | None) -> None:
        self._consumer_secret = value

    client_id = consumer_key
    client_secret = consumer_secret

    @property
    def access_token_method(self) -> str:
        """The method of the token request as programs of 2010 read it: ``GET`` where they named none."""
        return self._token_method or "GET"

    @access_token_method.setter
    def access_token_method(self, value: str | None) -> None:
        self._token_method = token_method(value)

    @property
    def issuer(self) -> str | None:
        """The issuer, where the remote app is known by one."""
        return cast("str | None", self._options.get("issuer"))

    @property
    def _is_oauth1(self) -> bool:
        return bool(self.request_token_url)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"

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

    def expand_url(self, url: str) -> str:
        """A URL joined with :attr:`base_url` if it is relative."""
        return joined(self.base_url or "", url.strip())

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

    # -- the hub ----------------------------------------------------------------------------------------------

    def _credential(self, given: str | bytes | None, member: str) -> str | None:
        if self._facts.stand_in is not None:
            return stand_in.CLIENT[member]
        if given is not None:
            return text_of(given, member)
        return credential(config_in_reach(self.oauth), self.name, member)

    def _endpoint(self, url: str | None) -> str | None:
        return self.expand_url(url) if url else None

    def _oauth1(self) -> OAuth1Client:
        """The hub's client for OAuth 1.0a, made anew when an attribute it was made from has changed."""
        return cast("OAuth1Client", self._hub())

    def _oauth2(self, *, required: bool = False) -> OAuth2Client:
        """The hub's client for OAuth 2.

        :param required: whether a client id must be there; an API call needs none.
        """
        if self.request_token_url:
            raise ConfigurationError(f"The remote app {self.name!r} speaks OAuth 1.0a")
        client = cast("OAuth2Client", self._hub())
        if required and not client.settings.client.client_id:
            key = f"OAUTH_{config_key(self.name)}_CLIENT_ID"
            raise ConfigurationError(
                f"The remote app {self.name!r} has no client id",
                code="config_client_id_missing",
                hint=f"Set {key} in the configuration or the environment, or pass client_id=.",
            )
        return client

    def _hub(self) -> OAuth1Client | OAuth2Client:
        return self._hub_and_home(self._facts)[0]

    def _hub_and_home(self, facts: Facts) -> tuple[OAuth1Client | OAuth2Client, frozenset[Origin]]:
        """The hub's client, and the origins that belong to the provider."""
        transport = self._transport or transport_in_reach(self.oauth)
        live = (facts, transport, *self._said())
        made = self._made
        if made is None or made[0] != live:
            named = [self.base_url, self.request_token_url, self.access_token_url, self.authorize_url]
            named.append(facts.options.get("userinfo_endpoint"))
            home = frozenset(origin(self.expand_url(url)) for url in named if url)
            made = self._made = (live, self._make_hub(transport), home)
        return made[1:]

    def _said(self) -> list[Any]:
        """Everything beside the facts that the hub's client is made from, as cheaply as it can be asked for."""
        if self._computes:
            return [getattr(self, name) for name in (*CREDENTIALS, *ASSIGNABLE)]
        assigned, given = self.__dict__, (self._consumer_key, self._consumer_secret)
        credentials = given if None not in given else (self.consumer_key, self.consumer_secret)
        return [*credentials, *[assigned.get(name) for name in ASSIGNABLE]]

    def _make_hub(self, transport: Transport) -> OAuth1Client | OAuth2Client:
        # The protocol is loaded here, when it is first needed: most of what importing this package would take.
        from ..client.server import ENDPOINTS
        from .clients import oauth1_settings, oauth2_settings

        client_id, secret = self.consumer_key or "", self.consumer_secret
        if self._token_method == "GET":  # noqa: S105 - an HTTP method
            warnings.warn(f"{self.name}: access_token_method='GET' puts the client secret into a URL", stacklevel=2)
        method = self._token_method or "POST"
        urls: dict[str, str | None] = {name: self._endpoint(self._options.get(name)) for name in ENDPOINTS}
        urls["authorization_endpoint"] = self._endpoint(self.authorize_url)
        urls["token_endpoint"] = self._endpoint(self.access_token_url)
        if self.request_token_url:
            urls["temporary_credentials_endpoint"] = self._endpoint(self.request_token_url)
            signing = oauth1_settings(self._options, urls, client_id, secret or "", method, self._provider)
            from ..client.oauth1 import OAuth1Client

            return OAuth1Client(signing, transport)
        settings = oauth2_settings(self._options, urls, client_id, secret, method, self._provider)
        from ..client.oauth2 import OAuth2Client

        return OAuth2Client(settings, transport, cache_for(transport))

    def _trust(self, ca_certs: str) -> None:
        """Trust the certificate authorities in a file, for this remote app alone."""
        from ..transport import Urllib3Transport

        self._transport = Urllib3Transport(ca_certs=ca_certs)


def _carries_token(url: str) -> bool:
    """Whether a program has put an access token into the query itself; RFC 6750 §2: one way of sending it a request."""
    query = url.partition("?")[2]
    return "access_token=" in query and any(name == "access_token" for name, _ in parse_form(query))


@functools.cache
def _own_get_request_token() -> Any:
    from .remote_app import OAuthRemoteApp

    return OAuthRemoteApp.get_request_token


def token_method(value: str | None) -> str | None:
    """GET or POST, or ``None`` where nothing is said."""
    if value is None or value.upper() in ("GET", "POST"):
        return value.upper() if value else None
    raise ConfigurationError(f"access_token_method {value!r} is neither GET nor POST", code="config_http_method")
