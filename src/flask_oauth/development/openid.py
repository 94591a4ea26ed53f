"""OpenID Connect for the development provider: Discovery, keys, ID Tokens, userinfo, sign-out.

OpenID Connect Core 1.0 §2, §3.1.3, §5.3, §12.2; Discovery 1.0 §4; RFC 8414; RP-Initiated Logout 1.0.
"""

from __future__ import annotations

import time
from typing import Any

from authlib.integrations.flask_oauth2 import ResourceProtector
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6750 import BearerTokenValidator
from authlib.oidc.core import UserInfo, UserInfoEndpoint
from authlib.oidc.core.grants import OpenIDCode
from authlib.oidc.rpinitiated import EndSessionEndpoint
from flask import Blueprint, Response, jsonify, request, session
from joserfc.jwk import KeySet
from werkzeug.wrappers import Response as BaseResponse

from . import logout, pages
from .context import current_provider, issuer
from .models import SCOPES, IssuedToken, RegisteredClient
from .people import PEOPLE, Person

ALGORITHMS = ["RS256", "ES256"]
ACR_VALUES = ["urn:example:acr:one-tap", "urn:example:acr:two-taps"]
ID_TOKEN_SECONDS = 600
ID_TOKEN_CLAIMS = ["iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash", "sid"]

blueprint = Blueprint("openid", __name__)


class CodeIDToken(OpenIDCode):
    """Adds an ID Token to the token answer of a sign-in whose scope has ``openid``."""

    def exists_nonce(self, nonce: str, grant_request: Any) -> bool:
        return False  # the code carries it; a client may begin the same request again after a reload

    def resolve_client_private_key(self, client: RegisteredClient) -> Any:
        return current_provider().keys.key(client.id_token_signed_response_alg)

    def get_encode_header(self, client: RegisteredClient) -> dict[str, str]:
        algorithm = client.id_token_signed_response_alg
        return {"alg": algorithm, "kid": str(current_provider().keys.key(algorithm).kid)}

    def get_client_claims(self, client: RegisteredClient) -> dict[str, Any]:
        return {"iss": issuer(), "aud": client.client_id, "exp": int(time.time()) + ID_TOKEN_SECONDS}

    def get_compatible_claims(self, token_request: Any) -> dict[str, Any]:
        claims: dict[str, Any] = super().get_compatible_claims(token_request)
        origin = token_request.authorization_code or token_request.refresh_token
        return {**claims, "auth_time": origin.auth_time, "sid": origin.session_id}

    def generate_user_info(self, user: Person, scope: str) -> UserInfo:
        return UserInfo(sub=user.subject)  # all else is at the userinfo endpoint (Core §5.4)


class RefreshIDToken(CodeIDToken):
    """The ID Token of a refresh: same ``iss``, ``sub``, ``aud`` and ``auth_time``, no nonce (Core §12.2)."""

    def __call__(self, grant: Any) -> None:
        grant.register_hook("after_create_token_response", self.process_token)


class BearerTokens(BearerTokenValidator):
    def authenticate_token(self, token_string: str) -> IssuedToken | None:
        return current_provider().store.access_token(token_string)


def bearer_protector() -> ResourceProtector:
    """Checks an access token in the ``Authorization`` header (RFC 6750)."""
    protector = ResourceProtector()
    protector.register_token_validator(BearerTokens(realm="development provider"))
    return protector


class Userinfo(UserInfoEndpoint):
    def get_issuer(self) -> str:
        return issuer()

    def generate_user_info(self, user: Person, scope: str) -> UserInfo:
        return UserInfo(user.claims()).filter(scope)

    def resolve_private_key(self) -> KeySet:
        return current_provider().keys.key_set()


class EndSession(EndSessionEndpoint):
    def get_server_jwks(self) -> KeySet:
        return current_provider().keys.key_set()

    def get_algorithms(self) -> list[str]:
        return ALGORITHMS

    def end_session(self, end_session_request: Any) -> None:
        who = pages.signed_in()
        session.clear()
        if who:
            logout.tell_clients(who.session_id)

    def _is_valid_post_logout_redirect_uri(self, client: RegisteredClient, post_logout_redirect_uri: str) -> bool:
        return client.check_post_logout_redirect_uri(post_logout_redirect_uri)

    def is_post_logout_redirect_uri_legitimate(self, *_: object) -> bool:
        return request.method == "POST"  # the person agreed, on our page


@blueprint.route("/userinfo", methods=["GET", "POST"])
def userinfo() -> Response:
    answer: Response = current_provider().oauth2_server.create_endpoint_response("userinfo")
    return answer


@blueprint.route("/end_session", methods=["GET", "POST"])
def end_session() -> BaseResponse:
    """RP-Initiated Logout §2: at once with an ID Token of ours, else after a question."""
    server = current_provider().oauth2_server
    try:
        wish = server.validate_endpoint_request("end_session")
    except OAuth2Error as error:
        return pages.problem("The app sent a wrong request", error.description or error.error, 400)
    if wish.needs_confirmation and not (request.method == "POST" and "form_token" in request.form):
        return pages.page("sign_out.html", client=wish.client, fields=list(request.values.items()))
    if wish.needs_confirmation:
        pages.check_form()
    answer: BaseResponse | None = server.create_endpoint_response("end_session", wish)
    return answer or pages.page("signed_out.html")


@blueprint.get("/jwks.json")
def jwks() -> Response:
    return cached(current_provider().keys.public_jwks())


@blueprint.get("/.well-known/openid-configuration")
@blueprint.get("/.well-known/oauth-authorization-server")
def discovery() -> Response:
    return cached(server_metadata(issuer()))


def cached(document: dict[str, Any]) -> Response:
    answer = jsonify(document)
    answer.headers["Cache-Control"] = "public, max-age=300"
    return answer


def server_metadata(base: str) -> dict[str, Any]:
    """The provider in the words of Discovery §3 and RFC 8414 §2."""
    authentication = ["client_secret_basic", "client_secret_post", "none"]
    return {
        "issuer": base,
        "authorization_endpoint": f"{base}/oauth2/authorize",
        "token_endpoint": f"{base}/oauth2/token",
        "userinfo_endpoint": f"{base}/userinfo",
        "jwks_uri": f"{base}/jwks.json",
        "revocation_endpoint": f"{base}/oauth2/revoke",
        "introspection_endpoint": f"{base}/oauth2/introspect",
        "end_session_endpoint": f"{base}/end_session",
        "scopes_supported": list(SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["public"],
        "acr_values_supported": ACR_VALUES,
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "claims_supported": [*PEOPLE[0].claims(), *ID_TOKEN_CLAIMS],
        "id_token_signing_alg_values_supported": ALGORITHMS,
        "userinfo_signing_alg_values_supported": ALGORITHMS,
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": authentication,
        "revocation_endpoint_auth_methods_supported": authentication,
        "introspection_endpoint_auth_methods_supported": authentication[:2],
        "authorization_response_iss_parameter_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }
