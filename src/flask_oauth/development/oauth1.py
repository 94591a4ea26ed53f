"""OAuth 1.0a (RFC 5849) for the development provider, on Authlib's server classes.

Temporary credentials (§2.1), authorization (§2.2), token credentials (§2.3), signed requests (§3), with the signature
methods HMAC-SHA1, RSA-SHA1 and PLAINTEXT of §3.4 and their SHA-2 kin. A refusal is told as Twitter told it
(``denied=TOKEN``), because §2.2 leaves it open.
"""

from __future__ import annotations

import binascii
import hmac
import secrets
from collections.abc import Callable
from typing import Any

from authlib.common.urls import add_params_to_uri, url_encode
from authlib.oauth1 import AuthorizationServer, OAuth1Request, ResourceProtector
from authlib.oauth1.rfc5849.base_server import BaseServer
from authlib.oauth1.rfc5849.errors import (
    InvalidRequestError,
    InvalidSignatureError,
    InvalidTokenError,
    OAuth1Error,
)
from authlib.oauth1.rfc5849.signature import generate_signature_base_string
from authlib.oauth1.rfc5849.util import escape
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from . import pages
from .context import current_provider
from .models import Credentials, RegisteredClient
from .people import Person

OUT_OF_BAND = "oob"

blueprint = Blueprint("oauth1", __name__, url_prefix="/oauth1")


def verify_hmac(digest: str) -> Callable[[Any], bool]:
    """A check of HMAC signatures (RFC 5849 §3.4.2) with another hash function than Authlib's SHA-1."""

    def verify(signed: Any) -> bool:
        key = f"{escape(signed.client_secret or '')}&{escape(signed.token_secret or '')}".encode()
        text = generate_signature_base_string(signed).encode()
        expected = hmac.digest(key, text, digest)
        return bool(signed.client_secret) and hmac.compare_digest(expected, binascii.a2b_base64(signed.signature))

    return verify


def verify_rsa_sha256(signed: Any) -> bool:
    key = load_pem_public_key((signed.rsa_public_key or "").encode())
    text = generate_signature_base_string(signed).encode()
    try:
        if isinstance(key, RSAPublicKey):
            key.verify(binascii.a2b_base64(signed.signature), text, PKCS1v15(), SHA256())
            return True
    except InvalidSignature:
        pass
    return False


class SignatureChecks(BaseServer):
    """The signature methods and the memory that both halves below share."""

    SIGNATURE_METHODS = {  # noqa: RUF012 -- Authlib's attribute
        **BaseServer.SIGNATURE_METHODS,
        "HMAC-SHA256": verify_hmac("sha256"),
        "HMAC-SHA512": verify_hmac("sha512"),
        "RSA-SHA256": verify_rsa_sha256,
    }
    SUPPORTED_SIGNATURE_METHODS = tuple(SIGNATURE_METHODS)

    def validate_oauth_signature(self, signed: Any) -> None:
        try:
            super().validate_oauth_signature(signed)
        except (ValueError, TypeError, AttributeError) as error:  # no base64, or a client without an RSA key
            raise InvalidSignatureError() from error

    def get_client_by_id(self, client_id: str) -> RegisteredClient | None:
        return current_provider().store.client(client_id)

    def exists_nonce(self, nonce: str, signed: Any) -> bool:
        return current_provider().store.seen_nonce(nonce, signed.timestamp, signed.client_id, signed.token)


class Server(SignatureChecks, AuthorizationServer):
    """The three endpoints of RFC 5849 §2 over the provider's memory."""

    def create_oauth1_request(self, _: object) -> Any:
        return signed_request()

    def handle_response(self, status_code: int, payload: Any, headers: Any) -> Response:
        pairs = [(name, "true" if value is True else value) for name, value in payload]  # §2.1 spells it "true"
        return Response(url_encode(pairs), status_code, headers)

    def validate_temporary_credentials_request(self, signed: Any) -> Any:
        super().validate_temporary_credentials_request(signed)
        if signed.redirect_uri != OUT_OF_BAND and not signed.client.check_redirect_uri(signed.redirect_uri):
            raise InvalidRequestError('This "oauth_callback" is not registered')
        return signed

    def create_temporary_credential(self, signed: Any) -> Credentials:
        credentials = Credentials(new_token(), new_token(), signed.client_id, callback=signed.redirect_uri)
        current_provider().store.add_temporary(credentials)
        return credentials

    def get_temporary_credential(self, signed: Any) -> Credentials | None:
        credentials = current_provider().store.temporary(signed.token)
        # RFC 5849 §3.2: credentials issued to one client are no use to another.
        if credentials and signed.client_id not in (None, credentials.client_id):
            return None
        return credentials

    def delete_temporary_credential(self, signed: Any) -> None:
        current_provider().store.take_temporary(signed.token)

    def create_token_credential(self, signed: Any) -> Credentials:
        store = current_provider().store
        temporary = store.take_temporary(signed.token)
        if temporary is None or temporary.person is None:
            raise InvalidTokenError()
        credentials = Credentials(new_token(), new_token(), temporary.client_id, person=temporary.person)
        store.add_credentials(credentials)
        return credentials


class Protector(SignatureChecks, ResourceProtector):
    """Checks a signed request to the API."""

    def get_token_credential(self, signed: Any) -> Credentials | None:
        credentials = current_provider().store.credentials(signed.token)
        return credentials if credentials and credentials.client_id == signed.client_id else None


def new_token() -> str:
    return secrets.token_urlsafe(24)


def signed_request() -> Any:
    """The request in hand as Authlib wants it: a form body counts for the signature, no other does (§3.4.1.3.1)."""
    body = url_encode(list(request.form.items(multi=True))) if request.form else None
    try:
        return OAuth1Request(request.method, request.url, body, request.headers)
    except ValueError as error:  # an Authorization header or query that is no OAuth
        raise InvalidRequestError("The request cannot be read as OAuth 1.0a") from error


def authenticate() -> Person:
    """The person in whose name the request in hand is signed.

    Raises Authlib's ``OAuth1Error`` if the signature, the nonce or the credentials are wrong.
    """
    protector, signed = Protector(), signed_request()
    answer = protector.validate_request(signed.method, signed.uri, signed.body, signed.headers)
    person: Person = answer.credential.person
    return person


@blueprint.post("/request_token")
def request_token() -> Response:
    answer: Response = Server().create_temporary_credentials_response()
    return answer


@blueprint.route("/access_token", methods=["GET", "POST"])
def access_token() -> Response:
    """Token credentials, and beside them who it is, as Twitter's answer had it."""
    credentials = current_provider().store.temporary(_token_of(signed_request_or_none()))
    if credentials and credentials.failure == "broken":
        return pages.broken()
    answer: Response = Server().create_token_response(None)
    if answer.status_code == 200 and credentials and credentials.person:
        person = credentials.person
        who = [("user_id", person.subject), ("screen_name", person.username)]
        answer.set_data(answer.get_data(as_text=True) + "&" + url_encode(who))
    return answer


def signed_request_or_none() -> Any:
    try:
        return signed_request()
    except OAuth1Error:
        return None


def _token_of(signed: Any) -> str | None:
    return signed.token if signed else None


@blueprint.route("/authorize", methods=["GET", "POST"])
@blueprint.route("/authenticate", methods=["GET", "POST"], endpoint="authenticate")
def authorize() -> BaseResponse:
    """§2.2: ask the person, then send them back with a verifier, or show it for typing in."""
    store = current_provider().store
    credentials = store.temporary(request.args.get("oauth_token"))
    client = store.client(credentials.client_id) if credentials else None
    if credentials is None or client is None:
        return pages.problem("This sign-in is not known", "It was finished already, or it was never begun here.", 400)
    decision = pages.ask(client, "read write", protocol="OAuth 1.0a", return_to=credentials.callback)
    if not isinstance(decision, pages.Decision):
        return decision
    if decision.person is None:
        store.take_temporary(credentials.token)
        return send_back(credentials, {"denied": credentials.token})
    return _approve(credentials, decision)


def _approve(credentials: Credentials, decision: pages.Decision) -> BaseResponse:
    out_of_band = credentials.callback in (None, OUT_OF_BAND)
    # RFC 5849 §2.2: unguessable; short enough to be typed where a person must type it.
    credentials.verifier = f"{secrets.randbelow(10**7):07d}" if out_of_band else new_token()
    credentials.person, credentials.failure = decision.person, decision.failure
    if out_of_band:
        return pages.pin(credentials.verifier)
    token = new_token() if decision.failure == "forged" else credentials.token
    return send_back(credentials, {"oauth_token": token, "oauth_verifier": credentials.verifier})


def send_back(credentials: Credentials, parameters: dict[str, str]) -> BaseResponse:
    if credentials.callback in (None, OUT_OF_BAND):
        return pages.problem("You said no", "Nothing was shared. You can close this window.", 200)
    return redirect(add_params_to_uri(credentials.callback, parameters), 303 if request.method == "POST" else 302)
