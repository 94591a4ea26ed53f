"""An authorization server of Authlib's classes, with what the development provider has no use for.

Metadata by RFC 8414 alone, at an issuer with a path; no ``iss`` in its answers; the hybrid flow; client assertions (RFC
7523); request objects (RFC 9101); JWT bearer (RFC 7523); the device flow (RFC 8628); registration (RFC 7591, RFC
7592).  Whoever comes is Ada, and she agrees to everything.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field, replace
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector, current_token
from authlib.oauth2 import OAuth2Error, rfc7523, rfc7591, rfc7592, rfc8628, rfc9101
from authlib.oauth2.rfc6749 import ClientMixin, TokenMixin, grants
from authlib.oauth2.rfc6750 import BearerTokenValidator
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import AuthorizationCodeMixin, OpenIDCode, OpenIDHybridGrant, UserInfo
from flask import Flask, jsonify, request
from joserfc.jwk import KeySet, OctKey

PASS = "handed-out-by-the-operator"
ASSERTED = ("private_key_jwt", "client_secret_jwt")
#: Authlib's name for both; which key counts, the client's registration says.
ASSERTION = "client_assertion_jwt"
WAYS = ["client_secret_basic", "client_secret_post", "none"]


class Ada:
    def get_user_id(self) -> str:
        return "ada"


@dataclass
class AuthlibClient(ClientMixin):
    """A registered client."""

    client_id: str
    client_secret: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def id_token_signed_response_alg(self) -> str:
        return str(self.metadata.get("id_token_signed_response_alg", "RS256"))

    @property
    def client_info(self) -> dict[str, Any]:
        return {"client_id": self.client_id, "client_secret": self.client_secret, "client_secret_expires_at": 0}

    @property
    def client_metadata(self) -> dict[str, Any]:
        return self.metadata

    def keys(self) -> KeySet:
        return KeySet.import_key_set(self.metadata["jwks"])

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> None:
        return None

    def get_allowed_scope(self, scope: str | None) -> str:
        return scope or ""

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri in self.metadata.get("redirect_uris", ())

    def check_client_secret(self, client_secret: str) -> bool:
        return secrets.compare_digest(client_secret, self.client_secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == (ASSERTION if self.way in ASSERTED else self.way)

    @property
    def way(self) -> str:
        return str(self.metadata.get("token_endpoint_auth_method", "client_secret_basic"))

    def check_response_type(self, response_type: str) -> bool:
        return response_type in self.metadata.get("response_types", ["code"])

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.metadata.get("grant_types", ["authorization_code"])


@dataclass
class Code(AuthorizationCodeMixin):
    redirect_uri: str
    scope: str
    nonce: str | None
    code_challenge: str | None
    code_challenge_method: str | None
    auth_time: int

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str | None:
        return self.nonce

    def get_auth_time(self) -> int:
        return self.auth_time

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


@dataclass
class Issued(TokenMixin):
    client_id: str
    scope: str

    def check_client(self, client: AuthlibClient) -> bool:
        return client.client_id == self.client_id

    def get_scope(self) -> str:
        return self.scope

    def is_expired(self) -> bool:
        return False

    def is_revoked(self) -> bool:
        return False


class AuthlibServer:
    """The server.

    :param keys: its private keys, as JWKs.
    :param clients: who is registered.
    :ivar app: the Flask application to be served; then ``serve_at`` must be told where.
    :ivar granted: the grant types of all token answers.
    """

    def __init__(self, keys: list[dict[str, Any]], *clients: AuthlibClient, **metadata: Any) -> None:
        self.keys = KeySet.import_key_set({"keys": keys})
        self.clients = {client.client_id: client for client in clients}
        self.issuer = ""
        self.codes: dict[str, Code] = {}
        self.tokens: dict[str, Issued] = {}
        self.devices: dict[str, Any] = {}
        self.answers: dict[str, bool] = {}
        self.seen: set[str] = set()
        self.granted: list[str] = []
        self._more = metadata
        self.app = Flask("authlib_server")
        self.app.testing = True
        self.oauth = AuthorizationServer(self.app, self.clients.get, self._save)
        self._register()
        self._serve()

    def serve_at(self, url: str) -> None:
        self.issuer = f"{url}/tenant"

    def _save(self, token: dict[str, Any], grant_request: Any) -> None:
        self.granted.append(grant_request.payload.grant_type or grant_request.payload.response_type)
        client_id = grant_request.client.client_id
        self.tokens[token["access_token"]] = Issued(client_id, token.get("scope") or "")

    def _register(self) -> None:
        there = self

        class CodeGrant(grants.AuthorizationCodeGrant):
            TOKEN_ENDPOINT_AUTH_METHODS = [*WAYS, ASSERTION]  # noqa: RUF012

            def save_authorization_code(self, code: str, grant_request: Any) -> None:
                there.keep(code, grant_request)

            def query_authorization_code(self, code: str, client: AuthlibClient) -> Code | None:
                return there.codes.get(f"{client.client_id} {code}")

            def delete_authorization_code(self, authorization_code: Code) -> None:
                there.codes = {name: code for name, code in there.codes.items() if code is not authorization_code}

            def authenticate_user(self, authorization_code: Code) -> Ada:
                return Ada()

        class IDTokens:
            def exists_nonce(self, nonce: str, grant_request: Any) -> bool:
                return False

            def resolve_client_private_key(self, client: AuthlibClient) -> Any:
                return there.key_for(client.id_token_signed_response_alg)

            def get_encode_header(self, client: AuthlibClient) -> dict[str, Any]:
                algorithm = client.id_token_signed_response_alg
                return {"alg": algorithm, "kid": there.key_for(algorithm).kid}

            def get_client_claims(self, client: AuthlibClient) -> dict[str, Any]:
                return {"iss": there.issuer, "aud": [client.client_id]}

            def generate_user_info(self, user: Ada, scope: str) -> UserInfo:
                return UserInfo(sub=user.get_user_id())

        class CodeIDToken(IDTokens, OpenIDCode):
            pass

        class Hybrid(IDTokens, OpenIDHybridGrant):
            def save_authorization_code(self, code: str, grant_request: Any) -> None:
                there.keep(code, grant_request)

        class Assertion(rfc7523.JWTBearerClientAssertion):
            def get_audiences(self) -> list[str]:
                return [there.issuer, f"{there.issuer}/token"]

            def validate_jti(self, claims: Any, jti: str) -> bool:
                return there.first_time(jti)

            def resolve_client_public_key(self, client: AuthlibClient) -> Any:
                by_key = client.way == "private_key_jwt"
                return client.keys() if by_key else OctKey.import_key(client.client_secret)

        class RequestObjects(rfc9101.JWTAuthenticationRequest):
            def resolve_client_public_key(self, client: AuthlibClient) -> Any:
                return client.keys()

            def get_server_metadata(self) -> dict[str, Any]:
                return there.metadata()

            def get_client_require_signed_request_object(self, client: AuthlibClient) -> bool:
                return bool(client.metadata.get("require_signed_request_object"))

        class Statements(rfc7523.JWTBearerGrant):
            def resolve_issuer_client(self, issuer: str) -> AuthlibClient | None:
                return there.clients.get(issuer)

            def resolve_client_public_key(self, client: AuthlibClient) -> Any:
                return client.keys()

            def authenticate_user(self, subject: str) -> Ada | None:
                return Ada() if subject == "ada" else None

            def has_granted_permission(self, client: AuthlibClient, user: Ada) -> bool:
                return True

            def get_audiences(self) -> list[str]:
                return [there.issuer]

        class DeviceGrant(rfc8628.DeviceCodeGrant):
            def query_device_credential(self, device_code: str) -> Any:
                return there.devices.get(device_code)

            def query_user_grant(self, user_code: str) -> Any:
                said = there.answers.get(user_code)
                return None if said is None else (Ada(), said)

            def should_slow_down(self, credential: Any) -> bool:
                return bool(credential.get("slow"))

        class Device(rfc8628.DeviceAuthorizationEndpoint):
            def get_verification_uri(self) -> str:
                return f"{there.issuer}/device"

            def save_device_credential(self, client_id: str, scope: str, data: dict[str, Any]) -> None:
                expires_at = time.time() + data["expires_in"]
                credential = rfc8628.DeviceCredentialDict(data, client_id=client_id, scope=scope, expires_at=expires_at)
                there.devices[data["device_code"]] = credential

        class Registration(rfc7591.ClientRegistrationEndpoint):
            def authenticate_token(self, endpoint_request: Any) -> Any:
                return Issued("", "") if request.headers.get("Authorization") == f"Bearer {PASS}" else None

            def get_server_metadata(self) -> dict[str, Any]:
                return there.metadata()

            def save_client(self, client_info: Any, client_metadata: Any, endpoint_request: Any) -> AuthlibClient:
                client = AuthlibClient(client_info["client_id"], client_info["client_secret"], dict(client_metadata))
                there.clients[client.client_id] = client
                return client

            def generate_client_registration_info(self, client: AuthlibClient, endpoint_request: Any) -> Any:
                return there.registration_of(client)

        class Configuration(rfc7592.ClientConfigurationEndpoint):
            def authenticate_token(self, endpoint_request: Any) -> Issued | None:
                return there.tokens.get(request.headers.get("Authorization", "").removeprefix("Bearer "))

            def authenticate_client(self, endpoint_request: Any) -> AuthlibClient | None:
                return there.clients.get(request.path.rpartition("/")[2])

            def revoke_access_token(self, endpoint_request: Any, token: Any) -> None:
                pass

            def check_permission(self, client: AuthlibClient, endpoint_request: Any) -> bool:
                return True

            def get_server_metadata(self) -> dict[str, Any]:
                return there.metadata()

            def delete_client(self, client: AuthlibClient, endpoint_request: Any) -> None:
                del there.clients[client.client_id]

            def update_client(
                self, client: AuthlibClient, client_metadata: Any, endpoint_request: Any
            ) -> AuthlibClient:
                there.clients[client.client_id] = replace(client, metadata=dict(client_metadata))
                return there.clients[client.client_id]

            def generate_client_registration_info(self, client: AuthlibClient, endpoint_request: Any) -> Any:
                return there.registration_of(client)

        oauth = self.oauth
        oauth.register_grant(CodeGrant, [CodeIDToken(), CodeChallenge(required=False)])
        oauth.register_grant(Hybrid, [CodeChallenge(required=False)])
        oauth.register_grant(Statements)
        oauth.register_grant(DeviceGrant)
        oauth.register_client_auth_method(ASSERTION, Assertion())
        oauth.register_extension(RequestObjects())
        for endpoint in (Device, Registration, Configuration):
            oauth.register_endpoint(endpoint)

    def keep(self, code: str, grant_request: Any) -> None:
        data = grant_request.payload.data
        names = ("nonce", "code_challenge", "code_challenge_method")
        self.codes[f"{grant_request.client.client_id} {code}"] = Code(
            data["redirect_uri"], grant_request.scope, *(data.get(name) for name in names), int(time.time())
        )

    def key_for(self, algorithm: str) -> Any:
        kind = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}[algorithm[:2]]
        return next(key for key in self.keys.keys if key.key_type == kind)

    def first_time(self, jti: str) -> bool:
        new = jti not in self.seen
        self.seen.add(jti)
        return new

    def registration_of(self, client: AuthlibClient) -> dict[str, str]:
        token = secrets.token_urlsafe()
        self.tokens[token] = Issued(client.client_id, "")
        uri = f"{self.issuer}/register/{client.client_id}"
        return {"registration_access_token": token, "registration_client_uri": uri}

    def metadata(self) -> dict[str, Any]:
        """RFC 8414 §2."""
        base = self.issuer
        return {
            "issuer": base,
            "authorization_endpoint": f"{base}/authorize",
            "token_endpoint": f"{base}/token",
            "userinfo_endpoint": f"{base}/userinfo",
            "jwks_uri": f"{base}/jwks",
            "device_authorization_endpoint": f"{base}/device",
            "registration_endpoint": f"{base}/register",
            "response_types_supported": ["code", "code id_token"],
            "response_modes_supported": ["query", "fragment", "form_post"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256"],
            "token_endpoint_auth_methods_supported": [*WAYS, *ASSERTED],
            "token_endpoint_auth_signing_alg_values_supported": ["RS256", "ES256", "HS256"],
            "request_object_signing_alg_values_supported": ["RS256", "ES256"],
            "request_parameter_supported": True,
            **self._more,
        }

    def _serve(self) -> None:
        app, oauth, protector = self.app, self.oauth, ResourceProtector()

        class Known(BearerTokenValidator):
            def authenticate_token(validator, token_string: str) -> Issued | None:
                return self.tokens.get(token_string)

        protector.register_token_validator(Known())

        @app.get("/.well-known/oauth-authorization-server/tenant")
        def discovery() -> Any:
            return jsonify(self.metadata())

        @app.get("/tenant/jwks")
        def jwks() -> Any:
            return jsonify(self.keys.as_dict(private=False))

        @app.get("/tenant/authorize")
        def authorize() -> Any:
            try:
                grant = oauth.get_consent_grant(end_user=Ada())
            except OAuth2Error as error:
                return oauth.handle_error_response(oauth.create_oauth2_request(request), error)
            return oauth.create_authorization_response(grant.request, grant_user=Ada(), grant=grant)

        @app.post("/tenant/token")
        def token() -> Any:
            return oauth.create_token_response()

        @app.get("/tenant/userinfo")
        @protector("openid")
        def userinfo() -> Any:
            return jsonify(sub="ada", scope=current_token.get_scope())

        for path, name, methods in (
            ("device", "device_authorization", ["POST"]),
            ("register", "client_registration", ["POST"]),
            ("register/<client>", "client_configuration", ["GET", "PUT", "DELETE"]),
        ):
            view = self._endpoint(name)
            app.add_url_rule(f"/tenant/{path}", name, view, methods=methods)

    def _endpoint(self, name: str) -> Any:
        return lambda **_: self.oauth.create_endpoint_response(name)
