"""The provider of one remote app, on no network at all: it answers as that provider would, about a person of a test.

It is for tests of applications: it answers rightly, so that what is tested is
the application.  What it is asked it does not judge; for that there are
``MisbehavingProvider`` and the project's own tests.
"""

# ruff: noqa: S105 - words, not secrets
from __future__ import annotations

import base64
import functools
import hmac
import json
import re
import secrets
import time
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from ..client.oauth2 import OAuth2Client
from ..protocol.http import Headers, HTTPRequest, HTTPResponse
from ..protocol.jose import SigningKey, generate_signing_key, sign_jwt, sign_jwt_with_secret
from ..protocol.oauth2.metadata import well_known_urls
from ..protocol.openid.id_token import half_hash
from ..protocol.token import Token
from ..providers import next_request
from .shapes import documents_for, token_answer_for
from .transport import ScriptedTransport, form_of, form_response, json_response

if TYPE_CHECKING:
    from ..extension.remote_app import OAuthRemoteApp

CODE: Final = "code-of-the-test"
ACCESS_TOKEN: Final = "access-token-of-the-test"
REFRESH_TOKEN: Final = "refresh-token-of-the-test"
#: A tenant for providers that speak for many.
TENANT: Final = "00000000-0000-4000-8000-000000000042"
ENDPOINTS: Final = (
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "jwks_uri",
    "revocation_endpoint",
    "pushed_authorization_request_endpoint",
)
#: The hash of each signature algorithm, for ``c_hash``; ``Ed25519`` has a longer one.
HASHES: Final = {"256": "sha256", "384": "sha384", "512": "sha512"}


@functools.cache
def key_of(algorithm: str) -> SigningKey:
    """A key of the test provider; one for a process, since RSA keys take long to make."""
    return generate_signing_key(algorithm, kid=f"test-{algorithm}")


class Counterpart:
    """What answers the requests of one remote app.

    :param remote: the remote app; an application context must be at hand.
    :param claims: the person, by the standard claims; ``sub`` among them.
    :param token: further members of the token answer.
    :param client_id: what the remote app says it is.
    :param client_secret: its secret, for ID Tokens that are signed with it.

    :ivar transport: what the remote app's requests go through; a test may script further answers.
    :ivar asked: the parameters of the authorization request, once it is known.
    :ivar failure: an error to raise where the provider is asked for the token.
    :ivar spoilt_token: members of the token answer that are wrong, or a whole answer instead.
    :ivar spoilt_claims: claims of the ID Token that are wrong.
    """

    def __init__(
        self,
        remote: OAuthRemoteApp,
        claims: Mapping[str, Any],
        token: Mapping[str, Any],
        *,
        client_id: str,
        client_secret: str,
    ) -> None:
        self.transport = ScriptedTransport()
        self.asked: dict[str, str] = {}
        self.failure: BaseException | None = None
        self.spoilt_token: Mapping[str, Any] | HTTPResponse | None = None
        self.spoilt_claims: Mapping[str, Any] = {}
        self._remote = remote
        self._claims = dict(claims)
        self._client_id, self._secret = client_id, client_secret
        self._preset = remote._provider
        self._options = remote._options
        self.documents = documents_for(self._preset, claims) if self._preset is not None else {"userinfo": dict(claims)}
        self._token = {**self.documents.get("token", {}), **token}
        self.endpoints: dict[str, str] = {}
        self._temporary = {"oauth_token": secrets.token_hex(8), "oauth_token_secret": secrets.token_hex(8)}

    # -- what is there -----------------------------------------------------------------------------------------

    def open(self) -> None:
        """Answer from now on; the remote app's own transport must be :attr:`transport` by now."""
        remote = self._remote
        if remote._is_oauth1:
            for url in {remote.request_token_url, remote.access_token_url}:
                self._answer(url, self._credentials)
        else:
            if remote.issuer:
                self._script_metadata(remote.issuer)
            self._answer(remote.access_token_url or self.endpoints.get("token_endpoint"), self._token_answer)
            named = self._options.get("pushed_authorization_request_endpoint")
            self._answer(named or self.endpoints.get("pushed_authorization_request_endpoint"), self._pushed)
        self._script_api()

    def _answer(self, url: str | None, answer: Any) -> None:
        if url:
            address = self._remote.expand_url(url)
            self.transport.always("*", f"{address}*" if "?" in address else address, answer)

    def _script_metadata(self, issuer: str) -> None:
        place = urlsplit(issuer)
        base = f"{place.scheme}://{place.netloc}/of-the-test"
        self.endpoints = {name: f"{base}/{name}" for name in ENDPOINTS}
        algorithm = self._algorithm
        document = {
            "issuer": self._issuer_template or issuer,
            **self.endpoints,
            "response_types_supported": ["code", "code id_token"],
            "response_modes_supported": ["query", "form_post", "jwt", "query.jwt"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [algorithm],
            "authorization_signing_alg_values_supported": [algorithm],
            "request_object_signing_alg_values_supported": ["ES256", "PS256", "Ed25519", "RS256"],
            "dpop_signing_alg_values_supported": ["ES256", "PS256", "Ed25519"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            "tls_client_certificate_bound_access_tokens": True,
        }
        for address in {self._options.get("discovery_url") or well_known_urls(issuer)[0]}:
            self._answer(address, json_response(document))
        keys = [] if algorithm.startswith("HS") else [key_of(algorithm).public_jwk()]
        self._answer(self._options.get("jwks_uri") or self.endpoints["jwks_uri"], json_response({"keys": keys}))

    @property
    def _issuer_template(self) -> str:
        return self._preset.quirks.issuer_template if self._preset is not None else ""

    @property
    def issuer(self) -> str:
        """What the ID Token and the answer name as issuer."""
        template = self._issuer_template
        return re.sub(r"\{tenantid\}", self._tenant, template) if template else (self._remote.issuer or "")

    @property
    def _tenant(self) -> str:
        allowed = self._options.get("allowed_tenants") or (TENANT,)
        return str(self._claims.get("tid") or next(iter(allowed)))

    @property
    def _algorithm(self) -> str:
        hub = self._remote._hub()
        expected = hub.settings.id_token if isinstance(hub, OAuth2Client) else None
        return next(iter(expected.algorithms)) if expected is not None else "RS256"

    def _script_api(self) -> None:
        """The answers that say who signed in, at the addresses where they will be asked for."""
        url = self._options.get("userinfo_endpoint") or self.endpoints.get("userinfo_endpoint")
        if url and (self._preset is None or self.endpoints):
            self._answer(url, json_response(self.documents.get("userinfo") or {}))
        if self._preset is None:
            return
        token = Token(self._token.get("access_token", ACCESS_TOKEN), extra=self._token)
        known: dict[str, Any] = {"token": self._token, "callback": {}, "id_token": {}}
        if self.endpoints:
            known["userinfo"] = self.documents["userinfo"]
        while step := next_request(self._preset, token, known, client_id=self._client_id, client_secret=self._secret):
            name, request = step
            known[name] = self.documents.get(name, {})
            self._answer(request.url.partition("?")[0], self._document(name))

    def _document(self, name: str) -> HTTPResponse:
        document = self.documents.get(name, {})
        if name != "userinfo" or self._preset is None or not self._preset.quirks.userinfo_is_jwt:
            return json_response(document)
        place, now = urlsplit(self._preset.userinfo_endpoint), int(time.time())
        claims = {**document, "iss": f"https://{place.netloc}", "aud": self._client_id, "iat": now, "exp": now + 600}
        return HTTPResponse(200, Headers(), sign_jwt_with_secret(claims, self._secret, "HS256").encode())

    # -- what it answers ---------------------------------------------------------------------------------------

    def _raised(self) -> None:
        if self.failure is not None:
            raise self.failure

    def _credentials(self, request: HTTPRequest) -> HTTPResponse:
        """Both kinds of credentials of OAuth 1.0a, whichever is asked for."""
        sent = {**_signed_parameters(request), **form_of(request), **dict(parse_qsl(urlsplit(request.url).query))}
        if "oauth_verifier" not in sent:
            self.asked |= {"redirect_uri": sent.get("oauth_callback", "oob"), **self._temporary}
            return form_response({**self._temporary, "oauth_callback_confirmed": "true"})
        self._raised()
        if isinstance(self.spoilt_token, HTTPResponse):
            return self.spoilt_token
        members = {"oauth_token": ACCESS_TOKEN, "oauth_token_secret": "token-secret", **self._token}
        members |= self.spoilt_token or {}
        return form_response({name: str(value) for name, value in members.items() if value is not None})

    def _pushed(self, request: HTTPRequest) -> HTTPResponse:
        self.take(form_of(request))
        return json_response({"request_uri": "urn:ietf:params:oauth:request_uri:test", "expires_in": 60}, 201)

    def take(self, parameters: Mapping[str, str]) -> None:
        """Note the parameters of an authorization request, those of a signed one too."""
        names = self._preset.quirks.authorization_names if self._preset is not None else {}
        standard = {theirs: ours for ours, theirs in names.items()}
        self.asked |= {standard.get(name, name): value for name, value in parameters.items()}
        if "request" in parameters:
            self.asked |= {name: str(value) for name, value in _payload(parameters["request"]).items()}

    def _token_answer(self, request: HTTPRequest) -> HTTPResponse:
        self._raised()
        if isinstance(self.spoilt_token, HTTPResponse):
            return self.spoilt_token
        members: dict[str, Any] = {
            "access_token": ACCESS_TOKEN,
            "token_type": "DPoP" if "dpop" in request.headers else "Bearer",
            "refresh_token": REFRESH_TOKEN,
            "expires_in": 3600,
            **self._token,
        }
        if self._remote.issuer:
            members["id_token"] = self.id_token()
        members |= self.spoilt_token or {}
        kept = {name: value for name, value in members.items() if value is not None}
        return json_response(token_answer_for(self._preset, kept))

    def id_token(self, **further: Any) -> str:
        """An ID Token about the person, for the sign-in that was asked for."""
        now = int(time.time())
        acr = self.asked.get("acr_values", "").split()
        claims = {
            "iss": self.issuer,
            "aud": self._client_id,
            "iat": now,
            "exp": now + 600,
            "auth_time": now,
            "nonce": self.asked.get("nonce"),
            "acr": acr[0] if acr else None,
            **({"tid": self._tenant} if self._issuer_template else {}),
            **self.documents.get("id_token", {}),
            **{name: self._claims[name] for name in ("sub", "sid", "auth_time", "acr", "amr") if name in self._claims},
            **further,
            **self.spoilt_claims,
        }
        return self.sign({name: value for name, value in claims.items() if value is not None})

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A JWT of the provider."""
        if self._algorithm.startswith("HS"):
            return sign_jwt_with_secret(claims, self._secret, self._algorithm)
        return sign_jwt(claims, key_of(self._algorithm))

    # -- the answer through the browser ------------------------------------------------------------------------

    def callback(self, without: Collection[str] = (), **parameters: str) -> dict[str, str]:
        """The parameters that the user comes back with.

        :param without: names of parameters that are missing.
        :param parameters: ``error=…`` and the like instead of a code.
        """
        if self._remote._is_oauth1:
            token = self.asked["oauth_token"]
            return {"denied": token} if "error" in parameters else {"oauth_token": token, "oauth_verifier": "verifier"}
        answer = {**self._first_half(parameters), "state": self.asked.get("state", ""), **parameters}
        if self._remote.issuer:
            answer.setdefault("iss", self.issuer)
        answer = {name: value for name, value in answer.items() if name not in without}
        if self._preset is not None and self._preset.quirks.callback_hmac:
            signed = "&".join(f"{name}={value}" for name, value in sorted(answer.items()))
            return {**answer, "hmac": hmac.new(self._secret.encode(), signed.encode(), "sha256").hexdigest()}
        if "jwt" in self.asked.get("response_mode", ""):
            claims = {"aud": self._client_id, "iss": self.issuer, "exp": int(time.time()) + 60, **answer}
            return {"response": self.sign(claims)}
        return answer

    def _first_half(self, parameters: Mapping[str, str]) -> dict[str, str]:
        """Code and, in the hybrid flow, ID Token, unless there is an error instead."""
        if "error" in parameters:
            return {}
        answer = {self._preset.quirks.code_parameter if self._preset is not None else "code": CODE}
        if "id_token" in self.asked.get("response_type", ""):
            digest = HASHES.get(self._algorithm[-3:], "sha512")
            answer["id_token"] = self.id_token(c_hash=half_hash(CODE, digest))
        return answer


def _signed_parameters(request: HTTPRequest) -> dict[str, str]:
    """The parameters of an OAuth 1.0a ``Authorization`` field (RFC 5849 §3.5.1)."""
    found = re.findall(r'(\w+)="([^"]*)"', request.headers.get("authorization", ""))
    return {unquote(name): unquote(value) for name, value in found}


def _payload(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    value: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return value
