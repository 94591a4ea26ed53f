"""Client authentication: how the client proves who it is at the token endpoint and its kin.

Sections enforced here: RFC 6749 §2.3 (one method a request), §2.3.1 (Basic is form-encoded),
§3.2.1; RFC 7521 §4.2, RFC 7523 §2.2, §3 (assertions); OpenID Connect Core §9; RFC 8705 §2 (mutual TLS);
RFC 9700 and the FAPI 2.0 Security Profile (the audience of an assertion is the issuer, as one text).
The client's own choice rules; the server's metadata can only narrow it.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from ...errors import ConfigurationError
from ..http import ClientCertificate, Headers, HTTPRequest, add_query, form_encoded, form_request
from ..jose import SigningKey, sign_jwt, sign_jwt_with_secret
from .metadata import TENANT_PLACEHOLDER, ServerMetadata
from .parameters import REPEATABLE

#: How long a client assertion lives, in seconds; FAPI and RFC 7523 want it short.
ASSERTION_SECONDS: Final = 60
ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True, slots=True, repr=False)
class Client:
    """The client as it is registered at one authorization server.

    :param client_id: its identifier.
    :param client_secret: its secret, if it has one.
    :param authentication_method: one of :data:`METHODS`; ``None`` lets the metadata decide.
    :param signing_key: for ``private_key_jwt``.
    :param certificate: for mutual TLS, as authentication or to bind tokens to (RFC 8705 §3).
    :param basic_raw: id and secret go into Basic as they are, for servers that do not decode them.
    :param secret_algorithm: the algorithm of ``client_secret_jwt``: HS256, HS384 or HS512.
    :param assertion_audience: what an assertion names as its audience, for a server that wants
        something else than its issuer.
    """

    client_id: str
    client_secret: str | None = None
    authentication_method: str | None = None
    signing_key: SigningKey | None = None
    certificate: ClientCertificate | None = None
    basic_raw: bool = False
    secret_algorithm: str = "HS256"  # noqa: S105 - the name of an algorithm
    assertion_audience: str | None = None

    def __repr__(self) -> str:
        return f"<Client {self.client_id} {self.authentication_method}>"


@dataclass(frozen=True, slots=True, repr=False)
class ClientAuthentication:
    """What a request carries to authenticate the client: form parameters, header fields, a certificate."""

    parameters: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    certificate: ClientCertificate | None = None

    def __repr__(self) -> str:
        return f"<ClientAuthentication {[name for name, _ in self.parameters]} {list(self.headers)}>"


def choose_method(client: Client, metadata: ServerMetadata) -> str:
    """The way this client authenticates at this server.

    :raises ConfigurationError: the method is unknown, or the server does not
        list it, or none of those listed fits what the client holds (``config_client_authentication``).
    """
    listed = metadata.token_endpoint_auth_methods_supported
    if client.authentication_method is not None:
        return _named_method(client.authentication_method, listed)
    fitting = _fitting_methods(client, metadata)
    for method in fitting:
        if listed is None or method in listed or method == "none":
            return method
    raise ConfigurationError(
        "The server takes none of the ways in which this client can authenticate",
        code="config_client_authentication",
        expected=", ".join(listed or ()),
        got=", ".join(fitting),
    )


def _named_method(method: str, listed: tuple[str, ...] | None) -> str:
    if method not in METHODS:
        raise ConfigurationError(
            f"Unknown token_endpoint_auth_method {method!r}",
            code="config_client_authentication",
            expected=", ".join(METHODS),
            got=method,
        )
    # "none" sends nothing, so it needs no leave; many servers take public clients without listing it.
    if listed is not None and method not in listed and method != "none":
        raise ConfigurationError(
            f"The server does not list {method} among its ways of client authentication",
            code="config_client_authentication",
            expected=", ".join(listed),
            got=method,
        )
    return method


def _fitting_methods(client: Client, metadata: ServerMetadata) -> tuple[str, ...]:
    """The methods that fit what the client holds, the preferred one first."""
    if client.signing_key is not None:
        return ("private_key_jwt",)
    if client.client_secret:
        return _secret_methods(client, metadata)
    if client.certificate is not None:
        return ("tls_client_auth", "self_signed_tls_client_auth")
    return ("none",)


def _secret_methods(client: Client, metadata: ServerMetadata) -> tuple[str, ...]:
    # Endpoints named by hand, without a document: programs of 2010 sent the secret in the form.
    by_hand = not metadata.raw
    # Servers disagree about reserved characters in Basic (RFC 6749 §2.3.1); in a form they do not.
    reserved = form_encoded(client.client_id) != client.client_id or form_encoded(_secret(client)) != _secret(client)
    if by_hand or (reserved and metadata.token_endpoint_auth_methods_supported):
        return ("client_secret_post", "client_secret_basic", "client_secret_jwt")
    # RFC 8414 §2: where the list is left out, the default is client_secret_basic.
    return ("client_secret_basic", "client_secret_post", "client_secret_jwt")


def uses_mutual_tls(client: Client) -> bool:
    """Whether the client's requests go over mutual TLS, to authenticate or to bind tokens (RFC 8705)."""
    return client.certificate is not None


def authenticate(client: Client, metadata: ServerMetadata, *, now: float, jti: str) -> ClientAuthentication:
    """What a request to the authorization server must carry to authenticate the client.

    :param now: the time, in seconds since the epoch.
    :param jti: a new unpredictable identifier, used for this one request only.
    :raises ConfigurationError: the method does not fit, or what it needs is missing.
    """
    method = choose_method(client, metadata)
    return METHODS[method](client, metadata, now, jti)


def endpoint_request(
    client: Client,
    metadata: ServerMetadata,
    endpoint: str,
    parameters: Iterable[tuple[str, str]],
    *,
    now: float,
    jti: str,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
) -> HTTPRequest:
    """An authenticated request to one of the server's endpoints.

    :param endpoint: the registered name, for example ``token_endpoint``.
    :param parameters: what the request says, beside the client authentication.
    :param now: the time, in seconds since the epoch.
    :param jti: a new unpredictable identifier.
    :param method: ``POST``; ``GET`` puts everything into the query, which only old servers need.
    :param headers: further header fields.
    :raises ConfigurationError: no such endpoint, a method that is neither, or a parameter that is given twice.
    """
    if method not in ("GET", "POST"):
        raise ConfigurationError(f"The method {method!r} is neither GET nor POST", code="config_http_method")
    authentication = authenticate(client, metadata, now=now, jti=jti)
    own = dict(authentication.parameters)
    pairs = [(name, value) for name, value in parameters if own.get(name) != value]
    url = metadata.endpoint(endpoint, mutual_tls=uses_mutual_tls(client))
    fields = {**authentication.headers, **(headers or {})}
    request = form_request(url, [*pairs, *authentication.parameters], fields, may_repeat=REPEATABLE)
    if method == "GET":
        query = add_query(url, [*pairs, *authentication.parameters])
        # A code or a refresh token is good for one use: the request must not go out twice, though it is a GET.
        request = HTTPRequest("GET", query, Headers({"Accept": "application/json", **fields}), repeatable=False)
    request = metadata.request(request)
    certificate = authentication.certificate
    return request if certificate is None else replace(request, client_certificate=certificate)


def _secret(client: Client) -> str:
    if not client.client_secret:
        raise ConfigurationError(
            f"Client authentication needs a client secret: {client!r}", code="config_client_secret_missing"
        )
    return client.client_secret


def _basic(client: Client, metadata: ServerMetadata, now: float, jti: str) -> ClientAuthentication:
    pair = (client.client_id, _secret(client))
    name, secret = pair if client.basic_raw else map(form_encoded, pair)  # RFC 6749 §2.3.1
    credentials = b64encode(f"{name}:{secret}".encode()).decode("ascii")
    return ClientAuthentication(headers={"Authorization": f"Basic {credentials}"}, certificate=client.certificate)


def _post(client: Client, metadata: ServerMetadata, now: float, jti: str) -> ClientAuthentication:
    return ClientAuthentication(
        (("client_id", client.client_id), ("client_secret", _secret(client))), certificate=client.certificate
    )


def _identified(client: Client, metadata: ServerMetadata, now: float, jti: str) -> ClientAuthentication:
    # RFC 6749 §3.2.1: a client that does not authenticate names itself.
    return ClientAuthentication((("client_id", client.client_id),), certificate=client.certificate)


def _mutual_tls(client: Client, metadata: ServerMetadata, now: float, jti: str) -> ClientAuthentication:
    if client.certificate is None:
        raise ConfigurationError("Mutual TLS needs a certificate and its key", code="config_client_authentication")
    # RFC 8705 §2: every request includes client_id.
    return _identified(client, metadata, now, jti)


def _secret_jwt(client: Client, metadata: ServerMetadata, now: float, jti: str) -> ClientAuthentication:
    algorithm = _narrowed(client.secret_algorithm, metadata)
    claims = assertion_claims(client, metadata, now=now, jti=jti)
    return _assertion(client, sign_jwt_with_secret(claims, _secret(client), algorithm))


def _private_key_jwt(client: Client, metadata: ServerMetadata, now: float, jti: str) -> ClientAuthentication:
    if client.signing_key is None:
        raise ConfigurationError("private_key_jwt needs signing_key=", code="config_client_authentication")
    _narrowed(client.signing_key.algorithm, metadata)
    return _assertion(client, sign_jwt(assertion_claims(client, metadata, now=now, jti=jti), client.signing_key))


def _narrowed(algorithm: str, metadata: ServerMetadata) -> str:
    listed = metadata.token_endpoint_auth_signing_alg_values_supported
    if listed is not None and algorithm not in listed:
        raise ConfigurationError(
            f"The server does not take client assertions signed with {algorithm}",
            code="config_algorithm",
            expected=", ".join(listed),
            got=algorithm,
        )
    return algorithm


def assertion_claims(client: Client, metadata: ServerMetadata, *, now: float, jti: str) -> dict[str, str | int]:
    """The claims of a client assertion (RFC 7523 §3): for this server alone, once, and for a minute."""
    return {
        "iss": client.client_id,
        "sub": client.client_id,
        "aud": _audience(client, metadata),
        "jti": jti,
        "iat": int(now),
        "exp": int(now) + ASSERTION_SECONDS,
    }


def _audience(client: Client, metadata: ServerMetadata) -> str:
    if client.assertion_audience:
        return client.assertion_audience
    # The issuer as one text: an audience that another server could be made to share is open to
    # replay (the audience injection attacks of 2025 on private_key_jwt).
    if metadata.issuer and TENANT_PLACEHOLDER not in metadata.issuer:
        return metadata.issuer
    return metadata.endpoint("token_endpoint")


def _assertion(client: Client, assertion: str) -> ClientAuthentication:
    return ClientAuthentication(
        (
            ("client_id", client.client_id),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", assertion),
        ),
        certificate=client.certificate,
    )


#: The registered methods (IANA, "OAuth Token Endpoint Authentication Methods") and what does them.
METHODS: Final[Mapping[str, Callable[[Client, ServerMetadata, float, str], ClientAuthentication]]] = {
    "client_secret_basic": _basic,
    "client_secret_post": _post,
    "client_secret_jwt": _secret_jwt,
    "private_key_jwt": _private_key_jwt,
    "tls_client_auth": _mutual_tls,
    "self_signed_tls_client_auth": _mutual_tls,
    "none": _identified,
}
