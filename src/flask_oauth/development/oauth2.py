"""OAuth 2 (RFC 6749, as RFC 9700 tightens it) for the development provider, on Authlib's server classes.

Authorization code with PKCE S256, required of every client (RFC 7636, RFC 9700 §2.1.1); refresh tokens that rotate
(§4.14.2); revocation (RFC 7009); introspection (RFC 7662); ``iss`` in every authorization response (RFC 9207).
"""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from authlib.common.urls import add_params_to_uri
from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError, grants
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from authlib.oauth2.rfc9207 import IssuerParameter
from authlib.oidc.core.errors import ConsentRequiredError, LoginRequiredError
from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as BaseResponse

from . import pages
from .context import current_provider, issuer
from .models import AuthorizationCode, IssuedToken, RegisteredClient
from .openid import ACR_VALUES, CodeIDToken, RefreshIDToken
from .people import Person

CODE_SECONDS = 60
CLIENT_AUTHENTICATION = ["client_secret_basic", "client_secret_post", "none"]

blueprint = Blueprint("oauth2", __name__, url_prefix="/oauth2")


class RequiredPKCE(CodeChallenge):
    """PKCE with S256, whoever the client is."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]  # noqa: RUF012 -- Authlib's attribute

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        data = grant.request.payload.data
        if not data.get("code_challenge") or data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("A 'code_challenge' with 'code_challenge_method' S256 is required")
        super().validate_code_challenge(grant, redirect_uri)


class AuthorizationCodeGrant(grants.AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = CLIENT_AUTHENTICATION

    def save_authorization_code(self, code: str, grant_request: Any) -> None:
        data, who = grant_request.payload.data, pages.signed_in()
        current_provider().store.add_code(
            AuthorizationCode(
                code=code,
                client_id=grant_request.client.client_id,
                redirect_uri=data.get("redirect_uri"),
                scope=grant_request.scope,
                person=grant_request.user,
                code_challenge=data["code_challenge"],
                code_challenge_method=data["code_challenge_method"],
                nonce=data.get("nonce"),
                auth_time=who.auth_time if who else int(time.time()),
                acr=next((acr for acr in data.get("acr_values", "").split() if acr in ACR_VALUES), None),
                session_id=who.session_id if who else "",
                expires_at=time.time() + CODE_SECONDS,
                failure=getattr(self, "failure", None),
            )
        )

    def query_authorization_code(self, code: str, client: RegisteredClient) -> AuthorizationCode | None:
        return current_provider().store.code(code, client)

    def delete_authorization_code(self, authorization_code: AuthorizationCode) -> None:
        """Nothing is left to do: ``authenticate_user`` has used the code up, before a token existed."""

    def authenticate_user(self, authorization_code: AuthorizationCode) -> Person:
        code = authorization_code.code
        # RFC 6749 §4.1.2: a code MUST NOT be used more than once; of two at the same moment, one wins.
        if not current_provider().store.redeem_code(code, family=code):
            raise InvalidGrantError("This 'code' was used already")
        return authorization_code.person


class RefreshTokenGrant(grants.RefreshTokenGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = CLIENT_AUTHENTICATION
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> IssuedToken | None:
        return current_provider().store.refresh_token(refresh_token)

    def authenticate_user(self, token: IssuedToken) -> Person:
        if not current_provider().store.use_refresh_token(token):
            raise InvalidGrantError("This refresh token was used already or has been revoked")
        return token.person

    def revoke_old_credential(self, token: IssuedToken) -> None:
        """Nothing is left to do: the refresh token is used up; the access token may run out by itself."""


class Revocation(RevocationEndpoint):
    CLIENT_AUTH_METHODS = CLIENT_AUTHENTICATION

    def query_token(self, token_string: str, token_type_hint: str | None) -> IssuedToken | None:
        return current_provider().store.token(token_string)

    def revoke_token(self, token: IssuedToken, revocation_request: Any) -> None:
        """RFC 7009 §2.1: with the refresh token go all access tokens of the grant."""
        if revocation_request.form["token"] == token.refresh_token:
            current_provider().store.revoke_family(token.family)
        token.revoked = True


class Introspection(IntrospectionEndpoint):
    CLIENT_AUTH_METHODS = CLIENT_AUTHENTICATION[:2]

    def query_token(self, token_string: str, token_type_hint: str | None) -> IssuedToken | None:
        return current_provider().store.token(token_string)

    def check_permission(self, token: IssuedToken, client: RegisteredClient, introspection_request: Any) -> bool:
        return True

    def introspect_token(self, token: IssuedToken) -> dict[str, Any]:
        return {
            "iss": issuer(),
            "sub": token.person.subject,
            "username": token.person.username,
            "client_id": token.client.client_id,
            "scope": token.scope,
            "token_type": "Bearer",
            "iat": token.issued_at,
            "exp": token.issued_at + token.expires_in,
        }


class Issuer(IssuerParameter):
    def get_issuer(self) -> str:
        return issuer()


def save_token(token: dict[str, Any], token_request: Any) -> None:
    """Keep an issued token; one that came by refresh belongs to the family of the first sign-in."""
    origin = token_request.refresh_token or token_request.authorization_code
    current_provider().store.add_token(
        IssuedToken(
            access_token=token["access_token"],
            refresh_token=token.get("refresh_token"),
            client=token_request.client,
            person=token_request.user,
            scope=token["scope"],
            issued_at=int(time.time()),
            expires_in=token["expires_in"],
            family=origin.family if isinstance(origin, IssuedToken) else origin.code,
            auth_time=origin.auth_time,
            session_id=origin.session_id,
        )
    )


def create_server(config: dict[str, Any]) -> AuthorizationServer:
    """Authlib's server with the grants and endpoints above; OpenID Connect joins as an extension of the grants."""
    server = AuthorizationServer(
        query_client=lambda client_id: current_provider().store.client(client_id), save_token=save_token
    )
    server.load_config(config)
    server.register_grant(AuthorizationCodeGrant, [CodeIDToken(require_nonce=False), RequiredPKCE(required=True)])
    server.register_grant(RefreshTokenGrant, [RefreshIDToken()])
    server.register_endpoint(Revocation)
    server.register_endpoint(Introspection)
    server.register_extension(Issuer())
    return server


def current_server() -> AuthorizationServer:
    """The server of the running provider."""
    return current_provider().oauth2_server


@blueprint.route("/authorize", methods=["GET", "POST"])
def authorize() -> BaseResponse:
    """RFC 6749 §3.1: check the request, ask the person, send them back."""
    server = current_server()
    try:
        grant = server.get_consent_grant(end_user=_user())
        decision = _ask(grant)
    except OAuth2Error as error:
        return _refuse(server, error)
    if not isinstance(decision, pages.Decision):
        return decision
    grant.failure = decision.failure
    if decision.person:
        scope = grant.request.scope
        current_provider().store.remember_consent(decision.person, grant.request.client.client_id, scope)
    answer = server.create_authorization_response(grant.request, grant_user=decision.person, grant=grant)
    return _send_back(answer, forged=decision.failure == "forged")


def _user() -> Person | None:
    who = pages.signed_in()
    return who.person if who else None


def _ask(grant: Any) -> pages.Decision | BaseResponse:
    """Core §3.1.2.1: ``prompt`` and ``max_age`` say whether the person may, must or must not be asked."""
    data, client = grant.request.payload.data, grant.request.client
    prompts, who = data.get("prompt", "").split(), pages.signed_in()
    if prompts == ["none"]:
        return _ask_nobody(grant, who)
    stale = who is not None and data.get("max_age", "").isdigit() and time.time() - who.auth_time > int(data["max_age"])
    again = stale or not {"login", "select_account"}.isdisjoint(prompts)
    protocol = "OpenID Connect" if "openid" in grant.request.scope.split() else "OAuth 2"
    return pages.ask(
        client, grant.request.scope, protocol=protocol, return_to=grant.redirect_uri, pick_again=bool(again)
    )


def _ask_nobody(grant: Any, who: pages.SignedIn | None) -> pages.Decision:
    """``prompt=none``: no page may be shown, so what is missing is an error for the client."""
    client_id, scope = grant.request.client.client_id, grant.request.scope
    if who is None:
        raise LoginRequiredError(redirect_uri=grant.redirect_uri, state=grant.request.payload.state)
    if not current_provider().store.has_consent(who.person, client_id, scope):
        raise ConsentRequiredError(redirect_uri=grant.redirect_uri, state=grant.request.payload.state)
    return pages.Decision(who.person)


def _refuse(server: AuthorizationServer, error: OAuth2Error) -> BaseResponse:
    """An error goes to the client only at a redirect URI that is known to be its own (RFC 6749 §4.1.2.1)."""
    if not error.redirect_uri:
        return pages.problem("The app sent a wrong request", error.description or error.error, 400)
    status, body, headers = error()
    answer = Response(body, status, headers)
    answer.location = add_params_to_uri(answer.location, {"iss": issuer()})
    return _send_back(answer)


def _send_back(answer: Response, *, forged: bool = False) -> BaseResponse:
    """Answer by redirect, or by a form for ``response_mode=form_post``. RFC 9700 §4.12: 303 after a POST."""
    if not answer.location:
        return answer
    if forged:
        answer.location = answer.location.replace("state=", "state=forged-")
    if request.args.get("response_mode") == "form_post":
        parts = urlsplit(answer.location)
        return pages.page("form_post.html", action=parts._replace(query="").geturl(), fields=parse_qsl(parts.query))
    answer.status_code = 303 if request.method == "POST" else 302
    return answer


@blueprint.post("/token")
def token() -> BaseResponse:
    code = current_provider().store.peek_code(request.form.get("code", ""))
    if code and code.failure == "broken":
        return pages.broken()
    answer: Response = current_server().create_token_response()
    return answer


@blueprint.post("/revoke")
def revoke() -> Response:
    answer: Response = current_server().create_endpoint_response("revocation")
    return answer


@blueprint.post("/introspect")
def introspect() -> Response:
    answer: Response = current_server().create_endpoint_response("introspection")
    return answer
