"""Signing a request with OAuth 1.0a.

Sections enforced here: RFC 5849 §3.1 (protocol parameters, each once),
§3.4.1 (base string), §3.4.2 to §3.4.4 (signature methods), §3.5 (where the
parameters travel), §3.6 (percent encoding).  Beyond the RFC: HMAC and RSA with
SHA-2, and the body hash of the extension "OAuth Request Body Hash 1.0".

Written for speed, since it runs once per API call: text is encoded by one table
look-up, what was encoded before is escaped by replacing three characters, and
addresses and keys are parsed once.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from binascii import b2a_base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import unquote_to_bytes, urlsplit

from ...errors import ConfigurationError
from ..http import FORM_CONTENT_TYPE, Headers, HTTPRequest, origin
from ..token import Token

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import rsa

Placement = Literal["header", "body", "query"]
#: Encoded names and values; what they stand for was percent-encoded by §3.6.
Pairs = list[tuple[str, str]]

SIGNATURE_METHODS: Final = ("HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512", "RSA-SHA1", "RSA-SHA256", "PLAINTEXT")
_RSA_METHODS: Final = frozenset({"RSA-SHA1", "RSA-SHA256"})
_HASH_NAMES: Final = {name: name.partition("-")[2].lower() for name in SIGNATURE_METHODS if name != "PLAINTEXT"}
_RSA_MINIMUM_BITS: Final = 2048

# §3.6: letters, digits, "-", ".", "_" and "~" stay; every other octet becomes %XX in upper case.
_UNRESERVED: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_ENCODED: Final = tuple(chr(octet) if octet in _UNRESERVED else f"%{octet:02X}" for octet in range(256))
# What a path may hold as it stands (RFC 3986 §3.3, pchar and "/"), and "%" of what is encoded already.
_PATH_ENCODED: Final = tuple(chr(octet) if chr(octet) in "!$&'()*+,;=:@/%" else _ENCODED[octet] for octet in range(256))
_PERCENT_TRIPLE: Final = re.compile("%[0-9a-fA-F]{2}")
_NOT_IN_A_QUOTED_STRING: Final = re.compile(r"[^ !#-\[\]-~]")


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """The client's identifier and shared secret (RFC 5849 §1.1): the consumer key and secret of 2010.

    :param identifier: the consumer key.
    :param secret: the shared secret; empty with an RSA method.
    :param signature_method: one of :data:`SIGNATURE_METHODS`.
    :param rsa_key: the private key in PEM, for the RSA methods.
    :param realm: sent in the ``Authorization`` header, never signed (§3.5.1).
    :raises ConfigurationError: the identifier is empty, the method is unknown or lacks its key, or the realm
        holds a character that a header field cannot.
    """

    identifier: str
    secret: str = field(default="", repr=False)
    signature_method: str = "HMAC-SHA1"
    rsa_key: str | None = field(default=None, repr=False)
    realm: str | None = None

    def __post_init__(self) -> None:
        if not self.identifier:
            raise ConfigurationError("The client has no consumer key", code="config_client_id_missing")
        if self.signature_method not in SIGNATURE_METHODS:
            raise ConfigurationError(
                f"Unknown signature method {self.signature_method!r}",
                code="oauth1_signature_method",
                expected=", ".join(SIGNATURE_METHODS),
            )
        if self.signature_method in _RSA_METHODS and not self.rsa_key:
            raise ConfigurationError(
                f"{self.signature_method} needs rsa_key, a private key in PEM", code="oauth1_signature_method"
            )
        if self.realm is not None and _NOT_IN_A_QUOTED_STRING.search(self.realm):
            raise ConfigurationError("realm may hold printable ASCII only, without quotes and backslashes")


def sign_request(
    request: HTTPRequest,
    client: ClientCredentials,
    token: Token | None,
    *,
    timestamp: int,
    nonce: str,
    placement: Placement = "header",
    parameters: Mapping[str, str] | None = None,
    body_hash: bool = False,
) -> HTTPRequest:
    """The same request with OAuth 1.0a credentials.

    A request that has an ``Authorization`` header already is given back as it is.

    :param request: what to sign; its query and a form body are part of what is signed (RFC 5849 §3.4.1.3.1).
    :param client: the client's credentials.
    :param token: temporary or token credentials; ``None`` for a two-legged request, which names no token.
    :param timestamp: seconds since the epoch.
    :param nonce: a value never used before with this timestamp, client and token.
    :param placement: where the parameters go.  ``body`` needs a form; without one they go into the header,
        which the RFC prefers anyway (§3.5).
    :param parameters: further protocol parameters, such as ``oauth_callback``; they win over those made here.
    :param body_hash: add ``oauth_body_hash`` where the body is not a form, as its content is not signed otherwise.
    :raises ConfigurationError: a query or form parameter has the name of a protocol parameter, a key cannot be
        used, or PLAINTEXT would go over plain http.
    """
    headers = request.headers
    if "authorization" in headers:
        return request
    protocol = {
        "oauth_consumer_key": client.identifier,
        "oauth_nonce": nonce,
        "oauth_signature_method": client.signature_method,
        "oauth_timestamp": str(timestamp),
        "oauth_version": "1.0",
    }
    if token is not None:
        protocol["oauth_token"] = token.access_token
    # The extension forbids the hash beside a form (§4.1.1), and it would be worth nothing under PLAINTEXT.
    if body_hash and not is_form(request) and client.signature_method in _HASH_NAMES:
        protocol["oauth_body_hash"] = _body_hash(request.body or b"", _HASH_NAMES[client.signature_method])
    if parameters:
        protocol.update(parameters)
    pairs = signed_parameters(request, client, token.token_secret if token is not None else "", protocol)
    if placement == "query":
        return replace(request, url=_with_query(request.url, pairs))
    if placement == "body" and _takes_form(request):
        return _with_form(request, pairs)
    return request.with_headers({"Authorization": authorization_header(pairs, client.realm)})


def signed_parameters(
    request: HTTPRequest, client: ClientCredentials, token_secret: str, protocol: Mapping[str, str]
) -> Pairs:
    """Protocol parameters with their signature, percent-encoded, in the order they were given.

    :param request: the request that is signed.
    :param client: the client's credentials.
    :param token_secret: the token's shared secret, which may be empty.
    :param protocol: the ``oauth_`` parameters as plain text, without ``oauth_signature``.
    :raises ConfigurationError: see :func:`sign_request`.
    """
    pairs = [(percent_encode(name), percent_encode(value)) for name, value in protocol.items()]
    found = request_parameters(request)
    if found:
        _refuse_repeated(found, protocol)
    if client.signature_method == "PLAINTEXT" and not request.url.lower().startswith("https:"):
        # §3.4.4: the secret itself travels, so TLS is required; loopback is no exception, an HMAC costs nothing.
        raise ConfigurationError("PLAINTEXT needs https: the signature is the secret", code="oauth1_plaintext_insecure")
    base_string = signature_base_string(request.method, request.url, found + pairs)
    signature = make_signature(client, token_secret, base_string)
    pairs.append(("oauth_signature", percent_encode(signature)))
    return pairs


def request_parameters(request: HTTPRequest) -> Pairs:
    """The parameters of the query and of a form body, decoded and encoded again by §3.6, repeated ones repeated.

    A body of any other kind is not signed (RFC 5849 §3.4.1.3.1).
    """
    query = request.url.partition("#")[0].partition("?")[2]
    pairs = _read_form(query) if query else []
    if request.body and is_form(request):
        pairs += _read_form(request.body.decode("utf-8", "surrogateescape"))
    return pairs


def signature_base_string(method: str, url: str, pairs: Iterable[tuple[str, str]]) -> str:
    """What is signed (RFC 5849 §3.4.1.1): method, address and the sorted parameters.

    :param method: the HTTP method, in any letter case.
    :param url: the absolute URL; query and fragment are left aside.
    :param pairs: all parameters, encoded.
    """
    # §3.4.1.3.2: sorted by encoded name, then by encoded value.
    parameters = "&".join([f"{name}={value}" for name, value in sorted(pairs)])
    # Of the characters that are left only these three are reserved.
    escaped = parameters.replace("%", "%25").replace("&", "%26").replace("=", "%3D")
    address = url.partition("?")[0].partition("#")[0]
    return f"{method.upper()}&{_encoded_base_uri(address)}&{escaped}"


def make_signature(client: ClientCredentials, token_secret: str, base_string: str) -> str:
    """The signature by the client's method, as plain text (RFC 5849 §3.4.2, §3.4.3, §3.4.4)."""
    method = client.signature_method
    if method in _RSA_METHODS:
        return _base64(_rsa_signature(client.rsa_key or "", method, base_string.encode("ascii")))
    secrets = f"{percent_encode(client.secret)}&{percent_encode(token_secret)}"
    if method == "PLAINTEXT":
        return secrets
    return _base64(hmac.digest(secrets.encode("ascii"), base_string.encode("ascii"), _HASH_NAMES[method]))


def percent_encode(text: str) -> str:
    """Text as RFC 5849 §3.6 encodes it, stricter than a form: UTF-8, only unreserved characters as they are."""
    if text.isascii():
        return text.translate(_ENCODED)
    return _octets(text).decode("latin-1").translate(_ENCODED)


def base_string_uri(url: str) -> str:
    """The address that is signed (RFC 5849 §3.4.1.2).

    Scheme and host in lower case, the port only if it is not the scheme's own, the path as it goes over the wire.

    :raises ConfigurationError: the URL is malformed or not absolute.
    """
    if not origin(url)[1]:
        raise ConfigurationError("The URL to sign is malformed or not absolute; does the remote app lack a base_url?")
    parts = urlsplit(url)
    # §3.4.1.2 asks for the Host header's value, which never holds user information.
    host = parts.netloc.rpartition("@")[2].lower()
    host = host.removesuffix({"http": ":80", "https": ":443"}.get(parts.scheme, ":"))
    path = _octets(parts.path).decode("latin-1").translate(_PATH_ENCODED)
    if "%" in path:
        path = _PERCENT_TRIPLE.sub(lambda triple: triple[0].upper(), path)
    return f"{parts.scheme}://{host}{path or '/'}"


def authorization_header(pairs: Iterable[tuple[str, str]], realm: str | None = None) -> str:
    """The value of the ``Authorization`` header (RFC 5849 §3.5.1)."""
    fields = ", ".join([f'{name}="{value}"' for name, value in pairs])
    return f"OAuth {fields}" if realm is None else f'OAuth realm="{realm}", {fields}'


def is_form(request: HTTPRequest) -> bool:
    """Whether the body is said to be form-encoded, so that its parameters are signed (RFC 5849 §3.4.1.3.1)."""
    if "content-type" not in request.headers:
        return False
    return request.headers["content-type"].partition(";")[0].strip().lower() == FORM_CONTENT_TYPE


def _takes_form(request: HTTPRequest) -> bool:
    # §3.5.2: a single-part form; what has no body yet can become one, except where a body has no meaning.
    return is_form(request) or (request.body is None and request.method.upper() not in {"GET", "HEAD"})


def _with_form(request: HTTPRequest, pairs: Pairs) -> HTTPRequest:
    form = _as_form(pairs).encode("ascii")
    body = request.body + b"&" + form if request.body else form
    fields = request.headers.items_as_sent()
    if not is_form(request):
        kept = (item for item in fields if item[0].lower() != "content-type")
        return replace(request, body=body, headers=Headers([*kept, ("Content-Type", FORM_CONTENT_TYPE)]))
    return replace(request, body=body)


def _with_query(url: str, pairs: Pairs) -> str:
    address, hash_mark, fragment = url.partition("#")
    glue = "?" if "?" not in address else "" if address.endswith(("?", "&")) else "&"
    return f"{address}{glue}{_as_form(pairs)}{hash_mark}{fragment}"


def _as_form(pairs: Pairs) -> str:
    return "&".join([f"{name}={value}" for name, value in pairs])


def _read_form(text: str) -> Pairs:
    pairs = []
    for part in text.split("&"):
        if part:
            name, _, value = part.partition("=")
            pairs.append((_recode(name), _recode(value)))
    return pairs


def _recode(text: str) -> str:
    """One name or value of a form, decoded and encoded by §3.6; octets that are not UTF-8 stay the octets they are."""
    if "%" in text or "+" in text:
        return unquote_to_bytes(_octets(text.replace("+", " "))).decode("latin-1").translate(_ENCODED)
    return percent_encode(text)


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


@lru_cache(maxsize=512)
def _encoded_base_uri(address: str) -> str:
    return percent_encode(base_string_uri(address))


def _refuse_repeated(found: Pairs, protocol: Mapping[str, str]) -> None:
    # §3.1: protocol parameters MUST NOT appear more than once per request, wherever they are.
    repeated = sorted({name for name, _ in found if name in protocol or name == "oauth_signature"})
    if repeated:
        raise ConfigurationError(
            f"The request holds protocol parameters already: {', '.join(repeated)}", code="config_parameter_reserved"
        )


def _body_hash(body: bytes, hash_name: str) -> str:
    """The hash of a body that is not a form; of no body, the hash of no octets (Request Body Hash §3.2)."""
    return _base64(hashlib.new(hash_name, body, usedforsecurity=False).digest())


def _base64(octets: bytes) -> str:
    return b2a_base64(octets, newline=False).decode("ascii")


def _rsa_signature(pem: str, method: str, octets: bytes) -> bytes:
    # Imported at the first use: most applications sign with HMAC and need not pay for this.
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    # SHA-1 is what the RFC prescribes for RSA-SHA1 (§3.4.3).
    digest = hashes.SHA1() if method == "RSA-SHA1" else hashes.SHA256()  # noqa: S303
    return _load_rsa_key(pem).sign(octets, padding.PKCS1v15(), digest)


@lru_cache(maxsize=32)
def _load_rsa_key(pem: str) -> rsa.RSAPrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # Without the cause: its text may quote what was read.
        raise ConfigurationError("rsa_key is not a private key in PEM", code="config_key_invalid") from None
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < _RSA_MINIMUM_BITS:
        raise ConfigurationError(
            "rsa_key must be an RSA key", code="config_key_invalid", expected=f"RSA, {_RSA_MINIMUM_BITS} bits or more"
        )
    return key
