"""A whole OAuth 2 sign-in, with OpenID Connect: authorize, complete, refresh, call, revoke.

::

    authorize  1 metadata  2 authorization_request  3 pushed or signed, where the server or the profile wants it
               4 Transaction  → the URL
    complete   6 validate_authorization_response  7 authorization_code_request  8 send
               9 process_token_response  10 validate_id_token  → SignIn

(Step 5, taking the transaction once, and 11, storing the token, are the
extension's.)  Nothing in a client changes from one request to the next.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import ConfigurationError, IDTokenError, InvalidResponseError, OAuthException
from ..protocol.http import HTTPRequest, HTTPResponse
from ..protocol.jose import DecryptionKey, KeySet, decrypt_jwt, unverified_jwt
from ..protocol.oauth2.authorization import (
    AuthorizationRequest,
    AuthorizationResponse,
    authorization_request,
    validate_authorization_response,
)
from ..protocol.oauth2.client_authentication import Client
from ..protocol.oauth2.metadata import ServerMetadata
from ..protocol.oauth2.resource import resource_request
from ..protocol.oauth2.revocation import process_revocation_response, revocation_request
from ..protocol.oauth2.token import (
    authorization_code_request,
    process_refresh_response,
    read_token_answer,
    refresh_request,
    token_from_answer,
)
from ..protocol.openid.id_token import IDToken, IDTokenExpectation, validate_id_token, validate_refreshed_id_token
from ..protocol.token import Token
from ..transport import Transport
from .api import call_api
from .cache import ServerCache, Source
from .transaction import Transaction

Clock = Callable[[], float]
NewSecret = Callable[[], str]

#: ID Token failures that a change of the server's keys explains; the keys are then fetched once more.
KEY_FAILURES = frozenset({"id_token_key_unknown", "id_token_signature"})


def new_secret() -> str:
    """256 unpredictable bits as 43 characters: fit for a nonce, a ``jti`` and a code verifier (RFC 7636 §4.1)."""
    return secrets.token_urlsafe(32)


@dataclass(frozen=True, slots=True)
class OAuth2Settings:
    """What a client knows before anything happens.

    :param client: who we are.
    :param by_hand: endpoints that the application names itself; they win over the server's metadata.
    :param issuer: the issuer, if the server is known by one.
    :param source: under which rules the server's documents are fetched.
    :param jwks: the server's keys, if they are given by hand.
    :param response_type: ``code``, or ``code id_token``.
    :param response_mode: ``query`` (default), ``form_post``, …
    :param token_method: ``POST``; ``GET`` only for servers that know nothing else.
    :param token_scheme: the scheme of the ``Authorization`` field where it differs from the token's type.
    :param token_parameter: the query parameter that carries the token, for servers that know nothing else.
    :param lenient: endpoints are named by hand, as in 2010: forms are read, a missing ``token_type`` is Bearer.
    :param id_token: what every ID Token must fulfil; the sign-in adds the rest.
    :param decryption_keys: for encrypted answers.
    :param default_max_age: seconds, sent as ``max_age`` where the sign-in names none.
    """

    client: Client
    by_hand: ServerMetadata = field(default_factory=ServerMetadata)
    issuer: str | None = None
    source: Source = field(default_factory=Source)
    jwks: KeySet | None = None
    response_type: str = "code"
    response_mode: str | None = None
    token_method: str = "POST"  # noqa: S105 - an HTTP method
    token_scheme: str | None = None
    token_parameter: str | None = None
    lenient: bool = True
    id_token: IDTokenExpectation | None = None
    decryption_keys: tuple[DecryptionKey, ...] = ()
    default_max_age: int | None = None


@dataclass(frozen=True, slots=True, repr=False)
class SignIn:
    """What a completed sign-in gives.

    :param token: the access token with what came beside it.
    :param answer: everything the token endpoint sent.
    :param id_token: the validated ID Token, with OpenID Connect.
    :param parameters: everything the authorization response held.
    """

    token: Token
    answer: Mapping[str, Any]
    id_token: IDToken | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<SignIn {self.token!r}>"


class OAuth2Client:
    """The verbs of OAuth 2 and OpenID Connect for one client at one server.

    :param settings: what does not change.
    :param transport: sends requests.
    :param cache: the servers' metadata and keys.
    :param clock: seconds since the epoch.
    :param new_secret: a new unpredictable text, at least 43 characters from ``[A-Za-z0-9_-]``.
    """

    def __init__(
        self,
        settings: OAuth2Settings,
        transport: Transport,
        cache: ServerCache,
        *,
        clock: Clock = time.time,
        new_secret: NewSecret = new_secret,
    ) -> None:
        self.settings = settings
        self._transport = transport
        self._cache = cache
        self._clock = clock
        self._new_secret = new_secret

    # -- sign-in ----------------------------------------------------------------------------------------------

    def authorize(
        self,
        remote_app: str,
        *,
        redirect_uri: str,
        state: str,
        scope: str = "",
        parameters: Mapping[str, Any] | None = None,
        acr: Iterable[str] = (),
        next_url: str = "",
        purpose: str = "",
    ) -> tuple[AuthorizationRequest, Transaction]:
        """Begin a sign-in: where to send the user, and what to know when they come back.

        :param redirect_uri: the callback, absolute.
        :param state: unpredictable, new for each sign-in.
        :param scope: space separated.
        :param parameters: further parameters of the authorization request.
        :param acr: authentication contexts, one of which the ID Token must name.
        :param next_url: where the user goes afterwards.
        :param purpose: what the sign-in is for, for the extension.
        """
        settings, metadata = self.settings, self.metadata()
        extra = dict(parameters or {})
        scope = str(extra.pop("scope", None) or scope)
        demanded = tuple(acr)
        if demanded:
            extra.setdefault("acr_values", " ".join(demanded))
        if settings.default_max_age is not None:
            extra.setdefault("max_age", settings.default_max_age)
        response_type = str(extra.pop("response_type", None) or settings.response_type)
        response_mode = extra.pop("response_mode", None) or settings.response_mode or _mode_for(response_type)
        # Core §3.1.2.1: the nonce ties the ID Token to this sign-in; sent wherever an ID Token is checked.
        nonce = self._new_secret() if self._checks_id_token(scope) else None
        code_verifier = self._new_secret()
        request = authorization_request(
            metadata,
            settings.client,
            redirect_uri=redirect_uri,
            state=state,
            code_verifier=code_verifier,
            scope=scope,
            nonce=nonce,
            response_type=response_type,
            response_mode=response_mode,
            parameters=extra,
        )
        transaction = Transaction(
            remote_app,
            state,
            int(self._clock()),
            redirect_uri=redirect_uri,
            issuer=metadata.issuer or "",
            nonce=nonce or "",
            code_verifier=code_verifier,
            scope=scope,
            response_type=response_type,
            response_mode=response_mode or "",
            max_age=_whole(extra.get("max_age")),
            acr_values=demanded or _essential_acr(extra.get("claims")),
            next_url=next_url,
            resource=_texts(extra.get("resource")),
            purpose=purpose,
        )
        return request, transaction

    def complete(self, parameters: Iterable[tuple[str, str]], transaction: Transaction) -> SignIn:
        """Finish a sign-in with the answer that the browser brought.

        :param parameters: names and values as they came, repeated ones repeated.
        :param transaction: what this browser was sent out with.
        :raises AccessDenied: the user said no.
        :raises InvalidResponseError: any answer that does not hold; nothing of it is kept.
        :raises TransportError: the server did not answer.
        """
        response = self.receive(parameters, transaction)
        return self.accept(self.exchange(response, transaction), response, transaction)

    def receive(self, parameters: Iterable[tuple[str, str]], transaction: Transaction) -> AuthorizationResponse:
        """Check the answer that the browser brought; no request is sent (but for keys, in the hybrid flow)."""
        metadata = self.metadata()
        # RFC 9207 §2.4: the issuer is the one this user was sent to, not the one that is configured by now.
        response = validate_authorization_response(
            parameters,
            state=transaction.key,
            issuer=transaction.issuer or None,
            iss_required=metadata.authorization_response_iss_parameter_supported,
            response_type=transaction.response_type,
        )
        if response.id_token is not None:
            # Core §3.3.2.10: in the hybrid flow the code is bound to the ID Token beside it, before it is used.
            self._validated(
                response.id_token,
                self._expected(transaction, code=response.code, state=transaction.key, front_channel=True),
            )
        return response

    def exchange(self, response: AuthorizationResponse, transaction: Transaction, **parameters: Any) -> dict[str, Any]:
        """Exchange the code; everything the token endpoint sent with a status of success.

        :param parameters: further parameters of the token request.
        """
        request = authorization_code_request(
            self.metadata(),
            self.settings.client,
            response,
            redirect_uri=transaction.redirect_uri,
            code_verifier=transaction.code_verifier,
            now=self._clock(),
            jti=self._new_secret(),
            parameters={"resource": list(transaction.resource) or None, **parameters},
            method=self.settings.token_method,
        )
        return read_token_answer(self._transport.send(request), lenient_format=self.settings.lenient)

    def accept(self, answer: Mapping[str, Any], response: AuthorizationResponse, transaction: Transaction) -> SignIn:
        """Check what the token endpoint sent, the ID Token included."""
        token = token_from_answer(
            answer,
            now=self._clock(),
            requested_scope=transaction.scope,
            default_type="Bearer" if self.settings.lenient else None,
            lenient_format=self.settings.lenient,
        )
        return SignIn(token, answer, self._id_token_of(token, response, transaction), response.parameters)

    # -- tokens -----------------------------------------------------------------------------------------------

    def refresh(self, token: Token, *, scope: str | None = None) -> Token:
        """A new token for an old one's refresh token.

        :raises ServerError: the server refused; ``error`` is ``invalid_grant`` when the refresh token is spent.
        :raises IDTokenError: the ID Token beside it speaks of another person.
        """
        request = refresh_request(
            self.metadata(), self.settings.client, token, now=self._clock(), jti=self._new_secret(), scope=scope
        )
        new = process_refresh_response(
            self._transport.send(request),
            token,
            now=self._clock(),
            scope=scope,
            default_type="Bearer" if self.settings.lenient else None,
            lenient_format=self.settings.lenient,
        )
        if self.settings.id_token and token.id_token and new.id_token and new.id_token != token.id_token:
            self._check_refreshed(new.id_token, token.id_token)
        return new

    def revoke(self, token: Token) -> dict[str, str]:
        """Revoke both tokens (RFC 7009), the refresh token first; best effort.

        :returns: for each kind of token ``revoked``, ``unsupported``, or what went wrong.
        """
        outcome: dict[str, str] = {}
        for kind, value in (("refresh_token", token.refresh_token), ("access_token", token.access_token)):
            if value:
                outcome[kind] = self._revoke(value, kind)
        return outcome

    def _revoke(self, value: str, kind: str) -> str:
        try:
            metadata = self.metadata()
            if not metadata.revocation_endpoint:
                return "unsupported"
            request = revocation_request(
                metadata,
                self.settings.client,
                value,
                token_type_hint=kind,
                now=self._clock(),
                jti=self._new_secret(),
            )
            process_revocation_response(self._transport.send(request))
        except OAuthException as error:
            return str(error)
        return "revoked"

    # -- calls ------------------------------------------------------------------------------------------------

    def call(self, request: HTTPRequest, token: Token | None) -> HTTPResponse:
        """Call the provider's API.

        :param request: the call without credentials.
        :param token: ``None`` sends it as it is.
        """
        settings = self.settings

        def authorized(hop: HTTPRequest) -> HTTPRequest:
            return resource_request(
                hop.method,
                hop.url,
                token,
                headers=hop.headers,
                body=hop.body,
                scheme=settings.token_scheme,
                query_parameter=settings.token_parameter,
                insecure_hosts=hop.insecure_hosts,
                client_certificate=settings.client.certificate,
                max_response_bytes=hop.max_response_bytes,
            )

        return call_api(self._transport, request, authorized)

    # -- the server -------------------------------------------------------------------------------------------

    def metadata(self) -> ServerMetadata:
        """What is known about the server: its metadata, with the endpoints named by hand on top."""
        settings = self.settings
        if settings.issuer is None:
            return settings.by_hand
        return with_overrides(self._cache.metadata(settings.issuer, settings.source), settings.by_hand)

    def keys(self, *, newer_than: float | None = None) -> KeySet:
        """The server's keys."""
        if self.settings.jwks is not None:
            return self.settings.jwks
        jwks_uri = self.metadata().jwks_uri
        if not jwks_uri:
            raise ConfigurationError("There is no jwks_uri: give jwks_uri= or issuer=", code="config_endpoint_missing")
        return self._cache.keys(jwks_uri, self.settings.source, newer_than=newer_than)

    # -- ID Tokens --------------------------------------------------------------------------------------------

    def _checks_id_token(self, scope: str) -> bool:
        return self.settings.id_token is not None and "openid" in scope.split()

    def _id_token_of(self, token: Token, response: AuthorizationResponse, transaction: Transaction) -> IDToken | None:
        if not self._checks_id_token(transaction.scope):
            return None
        if token.id_token is None:  # Core §3.1.3.3: REQUIRED in the answer to an OpenID request
            raise IDTokenError("openid was asked for and the answer holds no ID Token", code="id_token_missing")
        expected = self._expected(transaction, access_token=token.access_token)
        id_token = self._validated(token.id_token, expected)
        if response.id_token is not None:
            # Core §3.3.3.6: iss and sub of both ID Tokens MUST be identical.
            front = self._claims(response.id_token)
            if any(front.get(name) != id_token.claims[name] for name in ("iss", "sub")):
                raise IDTokenError(
                    "The two ID Tokens of this sign-in speak of different people", code="id_token_changed"
                )
        return id_token

    def _expected(self, transaction: Transaction, **binding: Any) -> IDTokenExpectation:
        """What an ID Token of this sign-in must fulfil."""
        assert self.settings.id_token is not None
        return replace(
            self.settings.id_token,
            issuer=transaction.issuer or self.settings.id_token.issuer,
            nonce=transaction.nonce or None,
            max_age=transaction.max_age,
            acr_values=transaction.acr_values,
            **binding,
        )

    def _validated(self, id_token: str, expected: IDTokenExpectation) -> IDToken:
        return self._with_current_keys(lambda keys: self._validate(id_token, keys, expected))

    def _validate(self, id_token: str, keys: KeySet, expected: IDTokenExpectation) -> IDToken:
        return validate_id_token(
            id_token,
            keys,
            expected,
            now=self._clock(),
            secret=self.settings.client.client_secret,
            decryption_keys=self.settings.decryption_keys,
        )

    def _check_refreshed(self, new: str, old: str) -> None:
        """Core §12.2: an ID Token that comes with a refreshed token speaks of the same person and sign-in."""
        assert self.settings.id_token is not None
        previous = self._claims(old)
        expected = replace(self.settings.id_token, issuer=self.metadata().issuer or self.settings.id_token.issuer)
        self._with_current_keys(
            lambda keys: validate_refreshed_id_token(
                new,
                keys,
                expected,
                previous,
                now=self._clock(),
                secret=self.settings.client.client_secret,
                decryption_keys=self.settings.decryption_keys,
            )
        )

    def _claims(self, id_token: str) -> Mapping[str, Any]:
        """What an ID Token says that was validated before."""
        expected = self.settings.id_token
        if expected and expected.encryption_algorithms:
            id_token = decrypt_jwt(
                id_token,
                self.settings.decryption_keys,
                expected.encryption_algorithms,
                expected.encryption_encodings,
                secret=self.settings.client.client_secret,
            )
        return unverified_jwt(id_token).claims

    def _with_current_keys(self, validate: Callable[[KeySet], IDToken]) -> IDToken:
        """Validate; where a change of keys explains the failure, fetch them and validate once more (Core §10.1.1)."""
        began = self._clock()
        keys = self.keys()
        try:
            return validate(keys)
        except InvalidResponseError as error:
            if error.code not in KEY_FAILURES or self.settings.jwks is not None:
                raise
            newer = self.keys(newer_than=began)
            if newer is keys:
                raise
            return validate(newer)


def with_overrides(server: ServerMetadata, by_hand: ServerMetadata) -> ServerMetadata:
    """The server's metadata with the endpoints that the application names itself."""
    named = {name: value for name in ENDPOINTS if (value := getattr(by_hand, name))}
    return replace(server, **named) if named else server


ENDPOINTS = (
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "jwks_uri",
    "revocation_endpoint",
    "introspection_endpoint",
    "end_session_endpoint",
    "registration_endpoint",
    "pushed_authorization_request_endpoint",
    "device_authorization_endpoint",
    "backchannel_authentication_endpoint",
)


def _mode_for(response_type: str) -> str | None:
    """Hybrid answers come in the fragment by default, which a server never sees; so they are asked for by form."""
    return "form_post" if response_type != "code" else None


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)


def _texts(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(str(item) for item in value)


def _essential_acr(claims: Any) -> tuple[str, ...]:
    """The authentication contexts that a ``claims`` parameter demands (Core §5.5.1.1)."""
    wanted = (claims.get("id_token") or {}).get("acr") if isinstance(claims, Mapping) else None
    if not isinstance(wanted, Mapping) or wanted.get("essential") is not True:
        return ()
    return _texts(wanted.get("values") or wanted.get("value"))
