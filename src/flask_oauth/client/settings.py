"""What an OAuth 2 client knows before anything happens."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..protocol.jose import DecryptionKey, KeySet
from ..protocol.oauth2.client_authentication import Client
from ..protocol.oauth2.fapi import Profile
from ..protocol.oauth2.metadata import ServerMetadata
from ..protocol.openid.id_token import IDTokenExpectation
from ..protocol.openid.userinfo import UserinfoExpectation
from ..providers import Provider
from .cache import Source
from .secret_minter import SecretMinter


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
    :param userinfo: what every userinfo answer must fulfil.
    :param decryption_keys: for encrypted answers.
    :param provider: the preset, resolved, if the remote app has one.
    :param offline: whether a refresh token is wanted where the preset says that it must be asked for.
    :param secret: makes the client secret where it is a JWT that we sign ourselves (Apple).
    :param default_max_age: seconds, sent as ``max_age`` where the sign-in names none.
    :param profile: FAPI 2.0, checked before the user is sent anywhere.
    :param dpop: tokens are bound to a key that is made for each sign-in (RFC 9449).
    :param pushed: authorization requests are pushed (RFC 9126), also where the server does not demand it.
    :param signed_request: they are signed (RFC 9101), likewise.
    :param request_encryption: algorithm and encoding, where signed requests are encrypted too.
    :param answer_algorithms: the signature algorithms that signed answers (JARM) may have.
    :param answer_encryption: algorithm and encoding, where they are encrypted.
    :param introspection_algorithms: those of signed introspection answers; empty takes plain ones.
    :param introspection_encryption: algorithm and encoding, where they are encrypted.
    :param clock_skew: seconds by which the clocks may differ.
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
    userinfo: UserinfoExpectation | None = None
    decryption_keys: tuple[DecryptionKey, ...] = ()
    provider: Provider | None = None
    offline: bool = False
    secret: SecretMinter | None = None
    default_max_age: int | None = None
    profile: Profile | None = None
    dpop: bool = False
    pushed: bool = False
    signed_request: bool = False
    request_encryption: tuple[str, str] | None = None
    answer_algorithms: tuple[str, ...] = ("RS256",)
    answer_encryption: tuple[str, str] | None = None
    introspection_algorithms: tuple[str, ...] = ()
    introspection_encryption: tuple[str, str] | None = None
    clock_skew: float = 60
