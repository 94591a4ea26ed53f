"""What a remote app is made of, and the hub's client that is made from it.

Both protocols are loaded when the client is first needed: most of what importing
this package would take.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, cast

from ..errors import ConfigurationError
from ..protocol.http import origin
from . import stand_in
from .config import config_key, credential, text_of
from .facts import Fact, Facts, KnownFacts
from .options import as_scope
from .response import joined
from .state import cache_for, config_in_reach, transport_in_reach
from .verbs import Verbs

if TYPE_CHECKING:
    from ..client.oauth1 import OAuth1Client
    from ..client.oauth2 import OAuth2Client
    from ..providers import Provider
    from ..transport import Transport
    from .oauth import OAuth

#: Scheme, host and port.
Origin = tuple[str, str, int | None]

#: Attributes that a program may assign to at any time; until it does they are what the facts say.
ASSIGNABLE = ("base_url", "request_token_url", "access_token_url", "authorize_url", "_token_method")
CREDENTIALS = ("consumer_key", "consumer_secret")


class Remote(Verbs):
    """The attributes of a remote app, and its client in the hub."""

    oauth: OAuth | None
    name: str
    # As remote_app() was given them, or as the configuration, the environment or the preset says.
    base_url = Fact[str | None](None)
    request_token_url = Fact[str | None](None)
    access_token_url = Fact[str | None](None)
    authorize_url = Fact[str | None](None)
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
        cls._computes = any(getattr(cls, name) is not getattr(Remote, name) for name in names)

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

    def expand_url(self, url: str) -> str:
        """A URL joined with :attr:`base_url` if it is relative."""
        return joined(self.base_url or "", url.strip())

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
            from ..client.oauth1 import OAuth1Client

            signing = oauth1_settings(self._options, urls, client_id, secret or "", method, self._provider)
            return OAuth1Client(signing, transport)
        from ..client.oauth2 import OAuth2Client

        settings = oauth2_settings(self._options, urls, client_id, secret, method, self._provider)
        return OAuth2Client(settings, transport, cache_for(transport))

    def _trust(self, ca_certs: str) -> None:
        """Trust the certificate authorities in a file, for this remote app alone."""
        from ..transport import Urllib3Transport

        self._transport = Urllib3Transport(ca_certs=ca_certs)


def token_method(value: str | None) -> str | None:
    """GET or POST, or ``None`` where nothing is said."""
    if value is None or value.upper() in ("GET", "POST"):
        return value.upper() if value else None
    raise ConfigurationError(f"access_token_method {value!r} is neither GET nor POST", code="config_http_method")
