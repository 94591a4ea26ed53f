"""DPoP in the hub: keys, the newest nonce of each server, and the one repetition that a new nonce is worth.

Sections enforced here: RFC 9449 §8, §9 (nonces of authorization servers and of resources, kept apart), §8.2 (the
newest counts), §11.1 (a new ``jti`` each time); a server that asks for a new nonce each time gets one repetition.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache
from typing import Final, Literal

from ..errors import ConfigurationError
from ..protocol.http import HTTPRequest, HTTPResponse, origin
from ..protocol.jose import SigningKey, generate_signing_key, load_signing_key
from ..protocol.oauth2.dpop import check_proof_algorithm, dpop_proof, new_nonce, nonce_to_retry_with
from ..protocol.oauth2.metadata import ServerMetadata
from ..protocol.token import Token

Role = Literal["authorization server", "resource"]
Origin = tuple[str, str, int | None]

#: The algorithms of new keys, the preferred one first; RSA takes too long to make for each sign-in.
KEY_ALGORITHMS: Final = ("ES256", "Ed25519", "EdDSA", "ES384", "ES512")
#: How many servers' nonces are remembered.
MOST_NONCES: Final = 1024


def new_proof_key(metadata: ServerMetadata) -> SigningKey:
    """A new key for one sign-in and its tokens, of an algorithm that the server takes.

    :raises ConfigurationError: it takes none of ours (``config_algorithm``).
    """
    listed = metadata.dpop_signing_alg_values_supported
    algorithm = next((name for name in KEY_ALGORITHMS if listed is None or name in listed), KEY_ALGORITHMS[0])
    key = generate_signing_key(algorithm)
    check_proof_algorithm(key, metadata)
    return key


def written(key: SigningKey) -> str:
    """A private key as it is kept with a sign-in and a token; :func:`proof_key` reads it."""
    members = {name: value for name, value in key.private_jwk().items() if name not in ("kid", "use")}
    return json.dumps(members, separators=(",", ":"))


@lru_cache(maxsize=1024)
def proof_key(jwk: str) -> SigningKey:
    """A private key that :func:`written` wrote; parsing takes longer than signing, so it is done once."""
    return load_signing_key(jwk)


def key_of(token: Token) -> SigningKey | None:
    """The key that a token is bound to; ``None`` for a bearer token.

    :raises ConfigurationError: the token is bound to a key and comes without it.
    """
    if token.token_type != "DPoP":  # noqa: S105 - a type
        return None
    if not token.dpop_key:
        raise ConfigurationError(
            "A DPoP token came without the key that it is bound to",
            code="config_key_invalid",
            hint="Let the extension keep the token, or return the whole Token from the tokengetter.",
        )
    return proof_key(token.dpop_key)


class Nonces:
    """The newest nonce of each server; of so many servers, those that spoke last."""

    def __init__(self, most: int = MOST_NONCES) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._values: OrderedDict[tuple[Role, Origin], str] = OrderedDict()

    def get(self, role: Role, server: Origin) -> str | None:
        return self._values.get((role, server))

    def keep(self, role: Role, server: Origin, nonce: str) -> None:
        name = (role, server)
        if self._values.get(name) == nonce:
            return
        with self._lock:
            self._values[name] = nonce
            self._values.move_to_end(name)
            while len(self._values) > self._most:
                self._values.popitem(last=False)

    def __len__(self) -> int:
        return len(self._values)


class Prover:
    """Sends requests with a proof.

    :param send: sends one request.
    :param clock: seconds since the epoch.
    :param new_secret: a new unpredictable text.
    """

    def __init__(
        self, send: Callable[[HTTPRequest], HTTPResponse], clock: Callable[[], float], new_secret: Callable[[], str]
    ) -> None:
        self.nonces = Nonces()
        self._send = send
        self._clock = clock
        self._new_secret = new_secret

    def send_to_server(self, make: Callable[[], HTTPRequest], key: SigningKey) -> HTTPResponse:
        """Send a request to an authorization server with a proof, and once more if it asks for a newer nonce.

        :param make: makes the request, anew each time: what must be used once (a client assertion) is.
        :param key: what the proof is signed with.
        """
        request = make()
        again = [request]

        def proved(proof: str) -> HTTPRequest:
            return (again.pop() if again else make()).with_headers({"DPoP": proof})

        return self._send_proved(request, proved, key, "authorization server", None)

    def send_to_resource(
        self, request: HTTPRequest, proved: Callable[[str], HTTPRequest], key: SigningKey, access_token: str
    ) -> HTTPResponse:
        """Send a request to a resource with a proof, and once more if it asks for a newer nonce.

        :param request: the request without credentials.
        :param proved: puts the credentials on it, given a proof.
        :param access_token: the token among them.
        """
        return self._send_proved(request, proved, key, "resource", access_token)

    def _send_proved(
        self,
        request: HTTPRequest,
        proved: Callable[[str], HTTPRequest],
        key: SigningKey,
        role: Role,
        access_token: str | None,
    ) -> HTTPResponse:
        server = origin(request.url)

        def sent_with(nonce: str | None) -> tuple[HTTPResponse, str | None]:
            proof = dpop_proof(
                key,
                method=request.method,
                url=request.url,
                now=self._clock(),
                jti=self._new_secret(),
                access_token=access_token,
                nonce=nonce,
            )
            response = self._send(proved(proof))
            return response, self._learn(role, server, response)

        used = self.nonces.get(role, server)
        response, newest = sent_with(used)
        asked_for = nonce_to_retry_with(response, used=used) if newest is not None else None
        # RFC 9449 §8: once more with the nonce it asks for; a server that asks again is answered no more.
        return response if asked_for is None else sent_with(asked_for)[0]

    def _learn(self, role: Role, server: Origin, response: HTTPResponse) -> str | None:
        nonce = new_nonce(response)
        if nonce is not None:
            self.nonces.keep(role, server, nonce)
        return nonce
