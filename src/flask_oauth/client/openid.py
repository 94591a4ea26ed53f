"""OpenID Connect on top of OAuth 2: who signed in, and what the provider says about them.

Every check stands in :mod:`flask_oauth.protocol.openid`; here they get the keys,
the clock, and the sign-in they belong to.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from ..errors import ConfigurationError, IDTokenError
from ..protocol.http import HTTPRequest, HTTPResponse
from ..protocol.jose import KeySet, decrypt_jwt, unverified_jwt
from ..protocol.oauth2.authorization import AuthorizationResponse
from ..protocol.openid.claims import (
    ClaimSource,
    claim_sources,
    distributed_claims_request,
    process_distributed_claims_response,
    validate_source_claims,
)
from ..protocol.openid.id_token import IDToken, IDTokenExpectation, validate_id_token, validate_refreshed_id_token
from ..protocol.openid.logout import LogoutToken, validate_logout_token
from ..protocol.openid.userinfo import UserinfoExpectation, process_userinfo_response, userinfo_request
from ..protocol.token import Token
from .server import Server
from .settings import OAuth2Settings
from .transaction import Transaction

#: Sends a request for a protected resource with the token on it.
Call = Callable[[HTTPRequest, Token], HTTPResponse]
Send = Callable[[HTTPRequest], HTTPResponse]


class OpenIDClient:
    """The checks of OpenID Connect for one client at one server.

    :param settings: the client's settings.
    :param server: the server's metadata and keys.
    :param clock: seconds since the epoch.
    """

    def __init__(self, settings: OAuth2Settings, server: Server, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._server = server
        self._clock = clock

    # -- ID Tokens --------------------------------------------------------------------------------------------

    def applies(self, scope: str) -> bool:
        """Whether an answer must hold an ID Token: ``openid`` is asked for, and we know of whom."""
        provider = self._settings.provider
        asked = "openid" in scope.split() or (provider is not None and provider.protocol == "openid")
        return self._settings.id_token is not None and asked

    def sends_nonce(self) -> bool:
        """Whether ID Tokens carry a nonce; a provider that is known not to send one back gets none."""
        return self._settings.provider is None or not self._settings.provider.quirks.nonce_missing_ok

    def check_front_channel(self, response: AuthorizationResponse, transaction: Transaction) -> None:
        """Core §3.3.2.10: in the hybrid flow the code is bound to the ID Token beside it, before it is used."""
        if response.id_token is not None:
            binding = {"code": response.code, "state": transaction.key, "front_channel": True}
            if response.parameters.get("access_token"):
                binding["access_token"] = response.parameters["access_token"]
            self._validated(response.id_token, self._expected(transaction, **binding))

    def id_token_of(self, token: Token, response: AuthorizationResponse, transaction: Transaction) -> IDToken | None:
        """The validated ID Token of a sign-in; ``None`` where none was asked for.

        :raises IDTokenError: it is missing, or does not hold.
        """
        if not self.applies(transaction.scope):
            return None
        if token.id_token is None:  # Core §3.1.3.3: REQUIRED in the answer to an OpenID request
            raise IDTokenError("openid was asked for and the answer holds no ID Token", code="id_token_missing")
        id_token = self._validated(token.id_token, self._expected(transaction, access_token=token.access_token))
        if response.id_token is not None:
            # Core §3.3.3.6: iss and sub of both ID Tokens MUST be identical.
            front = self.claims_of(response.id_token)
            if any(front.get(name) != id_token.claims[name] for name in ("iss", "sub")):
                raise IDTokenError("The two ID Tokens of this sign-in differ", code="id_token_changed")
        return id_token

    def id_token_beside(self, token: Token, scope: str) -> IDToken | None:
        """The validated ID Token of a sign-in without a browser, which has no nonce; ``None`` where none was asked for.

        :raises IDTokenError: it is missing, or does not hold.
        """
        if not self.applies(scope):
            return None
        if token.id_token is None:
            raise IDTokenError("openid was asked for and the answer holds no ID Token", code="id_token_missing")
        return self._validated(token.id_token, replace(self._expectation(), access_token=token.access_token))

    def check_refreshed(self, new: Token, old: Token) -> None:
        """Core §12.2: an ID Token that comes with a refreshed token speaks of the same person and sign-in."""
        fresh, known = new.id_token, old.id_token
        if self._settings.id_token is None or not fresh or not known or fresh == known:
            return
        previous, expected = self.claims_of(known), self._expectation()
        self._server.with_current_keys(
            lambda keys: validate_refreshed_id_token(
                fresh, keys, expected, previous, now=self._clock(), **self._own_keys()
            )
        )

    def claims_of(self, id_token: str) -> Mapping[str, Any]:
        """What an ID Token says that was validated before."""
        expected = self._settings.id_token
        if expected and expected.encryption_algorithms:
            id_token = decrypt_jwt(
                id_token,
                self._settings.decryption_keys,
                expected.encryption_algorithms,
                expected.encryption_encodings,
                secret=self._settings.client.client_secret,
            )
        return unverified_jwt(id_token).claims

    def _expectation(self, issuer: str = "", **binding: Any) -> IDTokenExpectation:
        """What every ID Token must fulfil, of the issuer that the metadata names (it may be a template)."""
        expected = self._settings.id_token
        if expected is None:
            raise ConfigurationError("OpenID Connect needs issuer=", code="config_endpoint_missing")
        return replace(expected, issuer=issuer or self._server.metadata().issuer or expected.issuer, **binding)

    def _expected(self, transaction: Transaction, **binding: Any) -> IDTokenExpectation:
        """What an ID Token of this sign-in must fulfil."""
        return self._expectation(
            transaction.issuer,
            nonce=transaction.nonce or None,
            max_age=transaction.max_age,
            acr_values=transaction.acr_values,
            **binding,
        )

    def _validated(self, id_token: str, expected: IDTokenExpectation) -> IDToken:
        return self._server.with_current_keys(
            lambda keys: validate_id_token(id_token, keys, expected, now=self._clock(), **self._own_keys())
        )

    def _own_keys(self) -> dict[str, Any]:
        return {"secret": self._settings.client.client_secret, "decryption_keys": self._settings.decryption_keys}

    # -- userinfo ---------------------------------------------------------------------------------------------

    def userinfo(self, token: Token, subject: str | None, call: Call) -> dict[str, Any]:
        """What the userinfo endpoint says about the person who signed in.

        :param subject: ``sub`` of their ID Token; ``None`` only where the server is no OpenID provider.
        :param call: sends the request with the token.
        :raises UserinfoError: it speaks of another person, or does not hold.
        """
        metadata = self._server.metadata()
        # RFC 8705 §5: a client with a certificate is known at the alias.
        endpoint = metadata.endpoint("userinfo_endpoint", mutual_tls=self._settings.client.certificate is not None)
        expected = self._settings.userinfo or UserinfoExpectation(
            subject=None, issuer="", client_id=self._settings.client.client_id
        )
        expected = replace(expected, subject=subject, issuer=metadata.issuer or expected.issuer)
        # Without the token: whoever sends the request adds it, with the proof of a bound one.
        request = metadata.request(userinfo_request(endpoint, None, expected, insecure_hosts=metadata.insecure_hosts))
        response = call(request, token)

        def process(keys: KeySet | None) -> dict[str, Any]:
            return process_userinfo_response(response, expected, now=self._clock(), keys=keys, **self._own_keys())

        # The algorithm registered for userinfo need not be that of ID Tokens.
        return self._server.with_current_keys(process, expected.algorithms) if expected.algorithms else process(None)

    def sourced_claims(self, claims: Mapping[str, Any], trusted: Collection[str], send: Send) -> dict[str, Any]:
        """The claims that others vouch for: aggregated, and distributed (Core §5.6.2).

        :param claims: a userinfo answer, or the claims of an ID Token.
        :param trusted: the claims providers, by issuer, whom the application chose to believe; others are left out.
        :param send: sends the request to a distributed source.
        :raises IDTokenError: the JWT of a trusted provider does not hold.
        """
        found: dict[str, Any] = {}
        for source in claim_sources(claims):
            jwt = source.jwt or self._fetched(source, send)
            issuer = unverified_jwt(jwt).claims.get("iss")
            if isinstance(issuer, str) and issuer in trusted:
                keys = self._server.keys_of(issuer)
                now, client_id = self._clock(), self._settings.client.client_id
                found |= validate_source_claims(
                    jwt, source, keys, CLAIMS_ALGORITHMS, issuer=issuer, now=now, audience=client_id
                )
        return found

    def _fetched(self, source: ClaimSource, send: Send) -> str:
        request = distributed_claims_request(source, insecure_hosts=self._settings.source.insecure_hosts)
        return process_distributed_claims_response(send(request))

    # -- sign-out ---------------------------------------------------------------------------------------------

    def logout_token(self, token: str) -> LogoutToken:
        """A logout token that holds (Back-Channel Logout §2.6); whether its ``jti`` is new is for the caller to ask.

        :raises LogoutTokenError: it is no logout token; :class:`IDTokenError`: its signature or claims do not hold.
        """
        expected = self._expectation()
        return self._server.with_current_keys(
            lambda keys: validate_logout_token(token, keys, expected, now=self._clock(), **self._own_keys())
        )


#: The algorithms in which a claims provider may sign.
CLAIMS_ALGORITHMS = ("RS256", "PS256", "ES256", "Ed25519", "EdDSA")
