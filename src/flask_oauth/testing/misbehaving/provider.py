"""An OpenID provider that is strict and right, but for one thing at a time that it is told to do wrong.

::

    with MisbehavingProvider() as provider:
        app = create_app(provider.settings)
        for wrong in provider.misbehaviours.values():
            provider.behave(wrong.name)
            ...  # sign in; the application must raise wrong.error with wrong.code

What it demands of the client (PKCE, one use of a code, rotation of refresh
tokens …) it demands always; what was wrong with a request is in ``complaints``.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Final, Self

from werkzeug.wrappers import Request

from ...protocol.jose import DecryptionKey, SigningKey
from .back_channel import api, revocation, token, userinfo
from .cases import Misbehaviour, Scene
from .documents import jwks, metadata
from .flow import Flow
from .front_channel import authorization, pushed
from .keys import Keys, new_client_key, new_key
from .logout import end_session, logout_token
from .registration import management, registration, webfinger
from .table import MISBEHAVIOURS, ODDITIES
from .web import Answer, Asked, LoopbackServer, text_answer

Endpoint = Callable[["MisbehavingProvider", Asked], Answer]

#: Path, name and function of each endpoint.
ENDPOINTS: Final[Mapping[str, tuple[str, Endpoint]]] = {
    "/.well-known/openid-configuration": ("metadata", metadata),
    "/.well-known/oauth-authorization-server": ("metadata", metadata),
    "/jwks": ("jwks", jwks),
    "/authorize": ("authorization", authorization),
    "/token": ("token", token),
    "/userinfo": ("userinfo", userinfo),
    "/revoke": ("revocation", revocation),
    "/logout": ("end_session", end_session),
    "/par": ("par", pushed),
    "/register": ("registration", registration),
    "/.well-known/webfinger": ("webfinger", webfinger),
}
#: The same for endpoints with something variable in their path.
BEGINNINGS: Final[Mapping[str, tuple[str, Endpoint]]] = {
    "/api/": ("api", api),
    "/register/": ("management", management),
}


class MisbehavingProvider:
    """An OpenID provider on a loopback port, for the time of a ``with`` block.

    :param misbehaviour: what to do wrong from the beginning; see :meth:`behave`.
    :param public_url: the address it is known by, if that is not its own, without a slash at the end.
    :param registered: what client and provider have agreed on, under the names of ``remote_app()``:
        ``id_token_signed_response_alg``, ``userinfo_signed_response_alg``, ``id_token_encrypted_response_alg``, …

    :ivar client_id: of the one client that is registered.
    :ivar client_secret: its secret.
    :ivar person: what the ID Token (``sub`` alone) and the userinfo answer say.
    :ivar requests: every request, in order.
    :ivar complaints: what was wrong with the requests of the client; empty if nothing was.
    :ivar access_token_seconds: the lifetime of access tokens.
    :ivar registered_metadata: what a client registered itself with (RFC 7591), if one did.
    """

    #: Every wrong thing it can do, by name.
    misbehaviours: Final[Mapping[str, Misbehaviour]] = MISBEHAVIOURS
    #: Every odd thing it can do that an application must accept, by name.
    oddities: Final[Mapping[str, Misbehaviour]] = ODDITIES

    def __init__(
        self, misbehaviour: str | Misbehaviour | None = None, *, public_url: str | None = None, **registered: Any
    ) -> None:
        self.client_id: str = "the-client"
        self.client_secret: str = secrets.token_urlsafe(48)
        self.person: dict[str, Any] = {
            "sub": "alice",
            "name": "Alice Example",
            "email": "alice@example.com",
            "email_verified": True,
        }
        self.requests: list[Asked] = []
        self.complaints: list[str] = []
        self.access_token_seconds = 3600
        self.keys = Keys()
        self.flows: list[Flow] = []
        self.pushed: dict[str, dict[str, str]] = {}
        self.registered_metadata: dict[str, Any] | None = None
        self.registration_token: str = secrets.token_urlsafe(24)
        self._public_url = public_url
        self._registered = registered
        self._used: set[str] = set()
        self._lock = threading.RLock()
        self._server = LoopbackServer(self._answer)
        self._misbehaviour: Misbehaviour | None = None
        self.behave(misbehaviour)

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.stop()

    # -- for the test ------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return self._server.url

    @property
    def issuer(self) -> str:
        """The issuer identifier, with which every address in the metadata begins."""
        return self._public_url or self.url

    @property
    def misbehaviour(self) -> Misbehaviour | None:
        """What it does wrong now; ``None`` if nothing."""
        return self._misbehaviour

    def behave(self, what: str | Misbehaviour | None = None) -> Misbehaviour | None:
        """Do one thing wrong from now on, or everything right.

        :param what: a key of :attr:`misbehaviours` or :attr:`oddities`, or a misbehaviour of your own; ``None`` for
            everything right.
        :raises KeyError: there is no such thing.
        """
        self._misbehaviour = {**MISBEHAVIOURS, **ODDITIES}[what] if isinstance(what, str) else what
        return self._misbehaviour

    @property
    def agreed(self) -> dict[str, Any]:
        """What client and provider have agreed on, with what the misbehaviour of now needs."""
        return {**self._registered, **(self._misbehaviour.agreed if self._misbehaviour else {})}

    @contextmanager
    def behaving(self, what: str | Misbehaviour | None) -> Iterator[None]:
        """As :meth:`behave`, while the block lasts; what was agreed on before stays agreed on."""
        before, agreed = self._misbehaviour, self.agreed
        try:
            with self.agreeing(agreed):
                self.behave(what)
                yield
        finally:
            self._misbehaviour = before

    @contextmanager
    def agreeing(self, agreed: Mapping[str, Any]) -> Iterator[None]:
        """Client and provider agree on something more while the block lasts.

        :param agreed: as ``registered``; most often :attr:`Misbehaviour.agreed` of what is no longer done wrong.
        """
        before = self._registered
        self._registered = {**before, **agreed}
        try:
            yield
        finally:
            self._registered = before

    @property
    def settings(self) -> dict[str, Any]:
        """Keywords of ``remote_app()`` for the registered client."""
        signs = "private_key_jwt" in self.agreed.values() or self.agreed.get("require_signed_request_object")
        encrypts = any(name.endswith("_encrypted_response_alg") for name in self.agreed)
        return {
            "issuer": self.issuer,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "scope": "openid email",
            "base_url": f"{self.issuer}/api/",
            **({"decryption_key": self.client_key.private_jwk()} if encrypts else {}),
            **({"signing_key": self.client_signing_key.private_jwk()} if signs else {}),
            **self.agreed,
        }

    @cached_property
    def client_key(self) -> DecryptionKey:
        """The client's key for what is encrypted to it."""
        return new_client_key()

    @cached_property
    def client_signing_key(self) -> SigningKey:
        """The client's key for what it signs: client assertions and request objects."""
        return new_key("ES256", "client-es256")

    @property
    def asked(self) -> list[str]:
        """The names of the endpoints that were asked, in order; the path for a request to none of them."""
        return [request.endpoint or request.path for request in self.requests]

    @property
    def used_codes(self) -> list[str]:
        """The codes that were redeemed, in order."""
        return [flow.code for flow in self.flows if flow.used]

    def forget_requests(self) -> None:
        """Begin :attr:`requests` anew."""
        self.requests.clear()

    def rotate_keys(self) -> None:
        """Sign with new keys from now on, and publish no others."""
        self.keys = Keys(self.keys.generation + 1)

    def end_access_tokens(self) -> None:
        """Take no access token of before any more; refresh tokens stay."""
        for flow in self.flows:
            flow.access_token = ""

    def logout_token(self, *, sid: str | None = None) -> str:
        """A logout token about :attr:`person`, to be posted to the application (Back-Channel Logout §2.4).

        :param sid: names one of their sessions; ``None`` for all of them.
        """
        return logout_token(self, sid)

    # -- for the endpoints -------------------------------------------------------------------------------------

    def bend(self, stage: str, value: Any, flow: Flow | None = None, *, otherwise: Any = None) -> Any:
        """What is said at a stage: the value itself, unless the misbehaviour of now changes it.

        :param otherwise: makes what is said out of the value, where nothing changes it.
        """
        change = self._misbehaviour.changes.get(stage) if self._misbehaviour else None
        if change is not None:
            return change(value, Scene(self, flow, int(time.time())))
        return value if otherwise is None else otherwise(value)

    def first_use(self, what: str) -> bool:
        """Whether something that may be used once is used for the first time."""
        known = what in self._used
        self._used.add(what)
        return not known

    def complain(self, reason: str) -> None:
        """Note what was wrong with a request."""
        self.complaints.append(reason)

    def _answer(self, request: Request) -> Answer:
        name, endpoint = _endpoint_at(request.path)
        asked = Asked.of(request, name)
        with self._lock:
            self.requests.append(asked)
            if endpoint is None:
                return text_answer(f"nothing at {asked.path}", 404)
            return endpoint(self, asked)


def _endpoint_at(path: str) -> tuple[str, Endpoint | None]:
    if path.endswith("/.well-known/openid-configuration"):  # also below a path, which makes another issuer
        return "metadata", metadata
    longer = (row for beginning, row in BEGINNINGS.items() if path.startswith(beginning))
    return ENDPOINTS.get(path) or next(longer, ("", None))
