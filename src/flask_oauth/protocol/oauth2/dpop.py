"""DPoP: a proof with each request that the client holds the key that its token is bound to.

Sections enforced here: RFC 9449 §4.2 (the proof), §5 (token request), §7.1 (``ath``), §8, §9 (nonces of the
authorization server and of the resource, kept apart), §10 (``dpop_jkt``), §11.1 (a new ``jti`` each time);
RFC 9110 §4.2.3 (which URLs are the same).
Nothing is kept here: whoever sends the requests keeps the newest nonce of each server.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlsplit

from ...errors import ConfigurationError, InvalidResponseError
from ..http import HTTPResponse
from ..jose import SigningKey, encoded_header, sign_under
from .answers import read_json
from .metadata import ServerMetadata
from .resource import find_challenge

PROOF_TYPE: Final = "dpop+jwt"
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
# RFC 9449 §8.1: NQCHAR, printable without space, quote and backslash; a nonce is not a page.
_NONCE: Final = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]{1,2048}")


def dpop_proof(
    key: SigningKey,
    *,
    method: str,
    url: str,
    now: float,
    jti: str,
    access_token: str | None = None,
    nonce: str | None = None,
) -> str:
    """The value of the ``DPoP`` field for one request.

    :param key: the key that the flow and its tokens are bound to.
    :param method: the method of the request.
    :param url: its URL; query and fragment are left out of the proof.
    :param now: the time, in seconds since the epoch.
    :param jti: a new unpredictable identifier.
    :param access_token: the token that goes with the request to a resource.
    :param nonce: the newest nonce of the server that is asked.
    """
    claims: dict[str, Any] = {"jti": jti, "htm": method.upper(), "htu": proof_url(url), "iat": int(now)}
    if access_token is not None:
        claims["ath"] = access_token_hash(access_token)
    if nonce is not None:
        claims["nonce"] = nonce
    return sign_under(_proof_header(key), claims, key)


@lru_cache(maxsize=1024)
def _proof_header(key: SigningKey) -> bytes:
    """The header of every proof of a key: made once, as it takes as long as all of a proof but its signature."""
    return encoded_header(key, typ=PROOF_TYPE, headers={"kid": None, "jwk": key.public_jwk(bare=True)})


@lru_cache(maxsize=1024)
def proof_url(url: str) -> str:
    """``htu``: the URL without query and fragment, in the spelling that a server compares (RFC 9449 §4.3)."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    port = "" if parts.port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}{parts.path or '/'}"


def access_token_hash(access_token: str) -> str:
    """``ath``: the hash of an access token (RFC 9449 §4.2)."""
    return urlsafe_b64encode(sha256(access_token.encode()).digest()).rstrip(b"=").decode("ascii")


def check_proof_algorithm(key: SigningKey, metadata: ServerMetadata) -> None:
    """Whether the server takes proofs of this key (RFC 9449 §5.1).

    :raises ConfigurationError: its metadata lists other algorithms only (``config_algorithm``).
    """
    listed = metadata.dpop_signing_alg_values_supported
    if listed is not None and key.algorithm not in listed:
        raise ConfigurationError(
            f"The server does not take DPoP proofs signed with {key.algorithm}",
            code="config_algorithm",
            expected=", ".join(listed),
            got=key.algorithm,
        )


def new_nonce(response: HTTPResponse) -> str | None:
    """The nonce for the next request to the server that answered, if the answer holds one (RFC 9449 §8.2, §9)."""
    value = response.headers.get("dpop-nonce")
    return value if value is not None and _NONCE.fullmatch(value) else None


def nonce_to_retry_with(response: HTTPResponse, *, used: str | None) -> str | None:
    """The nonce to repeat a request with, which is done once; ``None`` if repeating it would not help.

    :param response: an answer of an authorization server (RFC 9449 §8) or of a resource (§9).
    :param used: the nonce that the request held.
    """
    nonce = new_nonce(response)
    if nonce is None or nonce == used:
        return None
    return nonce if _asked_for_nonce(response) else None


def _asked_for_nonce(response: HTTPResponse) -> bool:
    if response.status == 401:
        challenge = find_challenge(response.headers, "dpop")
        if challenge is not None and challenge.error == "use_dpop_nonce":
            return True
    # RFC 9449 §8: 400 with a JSON error; some servers say 401 there too.
    if response.status not in (400, 401):
        return False
    try:
        return read_json(response).get("error") == "use_dpop_nonce"
    except InvalidResponseError:
        return False


def bound_key_matches(confirmation: object, key: SigningKey) -> bool:
    """Whether a ``cnf`` claim (RFC 9449 §6) binds a token to this key."""
    return isinstance(confirmation, dict) and confirmation.get("jkt") == key.thumbprint()
