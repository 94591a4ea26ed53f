"""The provider: what it demands, what it remembers, and where its endpoints are."""

from __future__ import annotations

import functools
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Self

from werkzeug.wrappers import Request

from ...protocol.jose import DecryptionKey, SigningKey
from ..misbehaving.keys import new_client_key, new_key
from ..misbehaving.web import Answer, Asked, LoopbackServer, json_answer, text_answer
from .authorization import authorization, pushed
from .documents import jwks, metadata, resource_metadata
from .grants import token
from .memory import Issued, Sought, Waiting
from .refusal import RefusalError
from .resources import api, introspection, revocation, userinfo
from .waiting import backchannel, device

if TYPE_CHECKING:
    from ssl import SSLContext

Endpoint = Callable[["StrictProvider", Asked], Answer]

#: Path, name and function of each endpoint.
ENDPOINTS: Final[Mapping[str, tuple[str, Endpoint]]] = {
    "/.well-known/openid-configuration": ("metadata", metadata),
    "/.well-known/oauth-protected-resource/api": ("resource_metadata", resource_metadata),
    "/jwks": ("jwks", jwks),
    "/par": ("pushed", pushed),
    "/authorize": ("authorization", authorization),
    "/token": ("token", token),
    "/device": ("device", device),
    "/backchannel": ("backchannel", backchannel),
    "/introspect": ("introspection", introspection),
    "/revoke": ("revocation", revocation),
    "/userinfo": ("userinfo", userinfo),
}
#: What an algorithm's key is called.
SIGNING_ALGORITHM: Final = "ES256"


@functools.cache
def _decryption_key(whose: str) -> DecryptionKey:
    """RSA keys take long to make: one for each side serves all providers of a process."""
    return new_client_key()


class StrictProvider:
    """An authorization server on a loopback port, for the time of a ``with`` block.

    :param profile: ``fapi2`` or ``fapi2-message-signing``: what they demand of the client is demanded.
    :param authentication: how its one client authenticates: ``client_secret_basic``, ``private_key_jwt``,
        ``tls_client_auth``, or ``none``.
    :param ssl_context: to speak TLS, and to know clients by their certificates.

    :ivar require_par: authorization requests must be pushed.
    :ivar require_jar: they must be signed.
    :ivar require_dpop: tokens are bound to a DPoP key.
    :ivar require_mtls: tokens are bound to the client's certificate.
    :ivar nonces: DPoP proofs must hold a nonce of this server's, one for each of its two roles.
    :ivar nonce_storm: no nonce is ever good enough.
    :ivar tampering: by stage (``pushed``, ``answer``, ``jarm``, ``jarm_text``, ``token``, ``device``, ``backchannel``,
        ``introspection``, ``metadata``, ``resource_metadata``), what turns a right value into a wrong one.
    :ivar delays: what a waiting client is told before the user's answer: ``authorization_pending``, ``slow_down``.
    :ivar token_seconds: the lifetime of access tokens.
    :ivar interval: what a waiting client is told to wait, in seconds.
    :ivar decision: the user's answer: ``approve``, ``access_denied``, ``expired_token``.
    :ivar complaints: what was wrong with the requests of the client.
    """

    def __init__(
        self,
        *,
        profile: str | None = None,
        authentication: str | None = None,
        ssl_context: SSLContext | None = None,
    ) -> None:
        self.client_id = "the-client"
        self.client_secret = secrets.token_urlsafe(48)
        self.authentication = authentication or ("private_key_jwt" if profile else "client_secret_basic")
        self.client_key: SigningKey = new_key(SIGNING_ALGORITHM, "client-1")
        self.client_decryption_key: DecryptionKey = _decryption_key("client")
        self.key: SigningKey = new_key(SIGNING_ALGORITHM, "server-1")
        self.decryption_key: DecryptionKey = _decryption_key("server")
        self.subject = "alice"
        self.profile = profile
        self.require_par = profile is not None
        self.require_jar = profile == "fapi2-message-signing"
        self.require_dpop = profile is not None and self.authentication != "tls_client_auth"
        self.require_mtls = profile is not None and self.authentication == "tls_client_auth"
        self.nonces = False
        self.nonce_storm = False
        self.token_seconds = 300
        self.interval = 1
        self.tampering: dict[str, Callable[[Any], Any]] = {}
        self.delays: list[str] = []
        self.decision = "approve"
        self.requests: list[Asked] = []
        self.complaints: list[str] = []
        self.used: set[str] = set()
        self.current_nonces: dict[str, str] = {}
        self.pushed_requests: dict[str, dict[str, str]] = {}
        self.sought: list[Sought] = []
        self.waiting: list[Waiting] = []
        self.issued: list[Issued] = []
        self._lock = threading.RLock()
        self._server = LoopbackServer(self._answer, ssl_context)

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.stop()

    @property
    def url(self) -> str:
        """Its address and its issuer identifier."""
        return self._server.url

    @property
    def settings(self) -> dict[str, Any]:
        """Keywords of ``remote_app()`` for the registered client."""
        by_key = {"signing_key": self.client_key.private_jwk()}
        by_method: dict[str, dict[str, Any]] = {
            "client_secret_basic": {"client_secret": self.client_secret},
            "private_key_jwt": by_key,
            "tls_client_auth": by_key if self.require_jar else {},
            "none": {},
        }
        return {
            "issuer": self.url,
            "client_id": self.client_id,
            "base_url": f"{self.url}/api/",
            "scope": "openid accounts",
            "id_token_signed_response_alg": SIGNING_ALGORITHM,
            "token_endpoint_auth_method": self.authentication,
            **by_method[self.authentication],
        }

    @property
    def asked(self) -> list[str]:
        """The names of the endpoints that were asked, in order."""
        return [request.endpoint for request in self.requests]

    def requests_to(self, endpoint: str) -> list[Asked]:
        """The requests to one endpoint, in order."""
        return [request for request in self.requests if request.endpoint == endpoint]

    # -- for the endpoints -------------------------------------------------------------------------------------

    def said(self, stage: str, value: Any) -> Any:
        """A value as it goes out: tampered with, where a test asks for it."""
        change = self.tampering.get(stage)
        return value if change is None else change(value)

    def first_use(self, identifier: str) -> bool:
        """Whether an identifier that is good once has not been used yet; it is then."""
        if identifier in self.used:
            return False
        self.used.add(identifier)
        return True

    def now(self) -> int:
        """Seconds since the epoch."""
        return int(time.time())

    def _answer(self, request: Request) -> Answer:
        name, endpoint = ENDPOINTS.get(request.path, ("", None))
        if request.path.startswith("/api"):
            name, endpoint = "api", api
        asked = Asked.of(request, name)
        with self._lock:
            self.requests.append(asked)
            if endpoint is None:
                return text_answer(f"nothing at {asked.path}", 404)
            try:
                return endpoint(self, asked)
            except RefusalError as refusal:
                self.complaints.append(f"{name}: {refusal}")
                return json_answer(refusal.members, refusal.status, refusal.headers)
