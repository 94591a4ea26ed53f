"""What may be wrong with the answers to the application itself: N12, N14, N16, N17, N37 to N39; and what is right."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Final

from ...errors import IDTokenError, ReauthorizationRequired, ServerError, TokenResponseError
from .cases import Misbehaviour, Scene, case, drop, later, member, put
from .id_tokens import sealed, signed
from .keys import spoilt, unsigned, with_header
from .spoilt import ELSEWHERE, elsewhere, spoilt_answers
from .web import Answer, json_answer, text_answer

SIGNED: Final = {"userinfo_signed_response_alg": "RS256"}
SEALED: Final = {**SIGNED, "userinfo_encrypted_response_alg": "RSA-OAEP-256"}

# -- the token answer -----------------------------------------------------------------------------------------


def _error_with_200(answer: Answer, scene: Scene) -> Answer:
    return replace(answer, body=json.dumps({"error": "invalid_grant", "error_description": "<b>no</b>"}).encode())


TOKEN: Final[tuple[Misbehaviour, ...]] = (
    case("access_token_missing", "N16", "no access token", "token_response_no_token", token=drop("access_token")),
    case("access_token_empty", "N16", "an empty access token", "token_response_no_token", token=put(access_token="")),
    case("access_token_number", "N16", "an access token that is a number", "token_response_no_token",
         token=put(access_token=7)),
    case("token_type_missing", "N16", "no token_type", "token_response_no_type", token=drop("token_type")),
    case("token_type_unknown", "N16", "a token_type that nobody asked for", "token_response_type",
         token=member("token_type", "mac")),
    case("token_type_dpop", "N16", "DPoP, where Bearer was asked for", "token_response_type",
         token=member("token_type", "DPoP")),
    case("expires_in_text", "N16", "expires_in is no number", "response_member", token=put(expires_in="soon")),
    case("expires_in_negative", "N16", "expires_in is negative", "response_member", token=put(expires_in=-1)),
    case("error_with_200", "N17", "an error with status 200", "server_error", error=ServerError,
         token_answer=_error_with_200),
    case("token_error", "N17", "an error with status 400", "server_error", error=ServerError,
         token_answer=lambda answer, scene: replace(_error_with_200(answer, scene), status=400)),
    case("token_redirect", "N12", "the token endpoint redirects to another host", "response_status",
         token_answer=elsewhere("/token", 307)),
    case("token_status_500", "N14", "a token with status 500", "response_status",
         token_answer=lambda answer, scene: replace(answer, status=500)),
    *spoilt_answers("token", "the token answer", "access_token"),
)  # fmt: skip

# -- userinfo -------------------------------------------------------------------------------------------------


def _as_jwt(answer: Answer, scene: Scene) -> Answer:
    claims = {**json.loads(answer.body), "iss": scene.provider.issuer, "aud": scene.provider.client_id}
    return text_answer(signed(scene.provider, claims, "RS256"), content_type="application/jwt")


USERINFO: Final[tuple[Misbehaviour, ...]] = (
    case("userinfo_sub_differs", "N37", "userinfo speaks of another person than the ID Token", "userinfo_subject",
         userinfo=put(sub="mallory")),
    case("userinfo_sub_other_case", "N37", "sub differs in the case of a letter", "userinfo_subject",
         userinfo=lambda claims, scene: {**claims, "sub": claims["sub"].upper()}),
    case("userinfo_sub_missing", "N37", "userinfo names nobody", "userinfo_subject", userinfo=drop("sub")),
    case("userinfo_sub_list", "N37", "sub is a list", "userinfo_subject", userinfo=put(sub=["alice"])),
    case("userinfo_error", "N37", "the endpoint refuses the access token", "response_status",
         userinfo_answer=lambda answer, scene: Answer(b"", 401)),
    case("userinfo_redirect", "N12", "the endpoint redirects to another host", "response_status",
         userinfo_answer=elsewhere("/userinfo")),
    case("userinfo_jwt", "N37", "a signed JWT, where JSON is registered", "userinfo_content_type",
         userinfo_answer=_as_jwt),
    case("userinfo_json", "N37", "JSON, where a signed JWT is registered", "userinfo_content_type", agreed=SIGNED,
         userinfo_answer=lambda answer, scene: json_answer(scene.provider.person)),
    case("userinfo_signed_sub_differs", "N37", "a signed answer about another person", "userinfo_subject",
         userinfo=put(sub="mallory"), agreed=SIGNED),
    case("userinfo_signature_wrong", "N37", "a signed answer with a stranger's signature", "id_token_signature",
         userinfo_sign=lambda claims, scene: with_header(scene.keys.stranger, claims), agreed=SIGNED,
         error=IDTokenError),
    case("userinfo_alg_none", "N37", "a signed answer without a signature", "id_token_algorithm", error=IDTokenError,
         userinfo_sign=lambda claims, scene: unsigned(claims, "none"), agreed=SIGNED),
    case("userinfo_aud_wrong", "N37", "a signed answer for another client", "id_token_audience", error=IDTokenError,
         userinfo=put(aud="another-client"), agreed=SIGNED),
    case("userinfo_iss_wrong", "N37", "a signed answer of another issuer", "id_token_issuer", error=IDTokenError,
         userinfo=put(iss=ELSEWHERE), agreed=SIGNED),
    case("userinfo_expired", "N37", "a signed answer that has expired", "id_token_expired", error=IDTokenError,
         userinfo=put(exp=later(-300)), agreed=SIGNED),
    case("userinfo_logout_token", "N37", "a signed answer that says it is a logout token", "id_token_type",
         userinfo_sign=lambda claims, scene: with_header(scene.keys.rsa, claims, typ="logout+jwt"), agreed=SIGNED,
         error=IDTokenError),
    case("userinfo_not_encrypted", "N37", "signed, where encryption is registered", "id_token_encryption",
         userinfo_encrypt=lambda text, scene: text, agreed=SEALED, error=IDTokenError),
    case("userinfo_encryption_spoilt", "N37", "encrypted, with one bit turned over", "id_token_encryption",
         userinfo_encrypt=lambda text, scene: spoilt(sealed(scene.provider, text)), agreed=SEALED, error=IDTokenError),
    *spoilt_answers("userinfo", "the userinfo answer", "sub", wrong_type="userinfo_content_type"),
)  # fmt: skip

# -- refresh --------------------------------------------------------------------------------------------------


def _refused(answer: Answer, scene: Scene) -> Answer:
    return json_answer({"error": "invalid_grant"}, 400)


REFRESH: Final[tuple[Misbehaviour, ...]] = (
    case("refreshed_iss_differs", "N38", "the refreshed ID Token is of another issuer", "id_token_issuer",
         refresh_claims=put(iss=ELSEWHERE)),
    case("refreshed_sub_differs", "N38", "the refreshed ID Token names another person", "id_token_changed",
         refresh_claims=put(sub="mallory")),
    case("refreshed_aud_differs", "N38", "the refreshed ID Token is for another client", "id_token_audience",
         refresh_claims=put(aud="another-client")),
    case("refreshed_auth_time_differs", "N38", "the refreshed ID Token is of another authentication",
         "id_token_changed", refresh_claims=put(auth_time=later(-700))),
    case("refreshed_nonce_differs", "N38", "the refreshed ID Token holds another nonce", "id_token_changed",
         refresh_claims=put(nonce="another-nonce")),
    case("refreshed_azp_differs", "N38", "the refreshed ID Token was asked for by another client",
         "id_token_authorized_party", refresh_claims=put(azp="another-client")),
    case("refreshed_expired", "N38", "the refreshed ID Token has expired", "id_token_expired",
         refresh_claims=put(exp=later(-300))),
    case("refreshed_alg_none", "N38", "the refreshed ID Token is not signed", "id_token_algorithm",
         refresh_sign=lambda claims, scene: unsigned(claims, "none")),
    case("refreshed_signature_wrong", "N38", "the refreshed ID Token has a stranger's signature", "id_token_signature",
         refresh_sign=lambda claims, scene: with_header(scene.keys.stranger, claims)),
    case("refreshed_iss_missing", "N38", "the refreshed ID Token names no issuer", "id_token_issuer",
         refresh_claims=drop("iss")),
    case("refreshed_sub_missing", "N38", "the refreshed ID Token names nobody", "id_token_subject",
         refresh_claims=drop("sub")),
    case("refresh_refused", "N39", "the refresh token is refused", "token_expired", error=ReauthorizationRequired,
         refresh_answer=_refused),
    case("refresh_refused_with_200", "N39", "the refresh token is refused with status 200", "token_expired",
         error=ReauthorizationRequired, refresh_answer=lambda answer, scene: json_answer({"error": "invalid_grant"})),
    case("refresh_access_token_missing", "N16", "the refresh answer holds no access token", "token_response_no_token",
         refresh=drop("access_token"), error=TokenResponseError),
    *spoilt_answers("refresh", "the refresh answer", "access_token"),
)  # fmt: skip

ODD: Final[tuple[Misbehaviour, ...]] = (
    case("expires_in_missing", "A02", "no expires_in", None, token=drop("expires_in")),
    case("scope_missing", "A02", "no scope: it is as it was asked for", None, token=drop("scope")),
    case("token_type_other_case", "A02", "token_type is bEARER", None, token=member("token_type", "bEARER")),
    case("expires_in_as_text", "A02", "expires_in is a number in quotes", None, token=put(expires_in="3600")),
    case("unknown_members", "A08", "members of the token answer that nobody knows", None,
         token=put(weather="rain", refresh_token_expires_in=86400)),
    case("refresh_token_missing", "A02", "no refresh token", None, token=drop("refresh_token")),
    case("userinfo_plain", "A07", "userinfo in JSON, where nothing is registered", None,
         userinfo=put(weather=["rain"])),
    case("userinfo_signed", "A07", "userinfo signed, as it is registered", None, userinfo=put(weather=["rain"]),
         agreed=SIGNED),
    case("userinfo_signed_ES256", "A07", "userinfo signed with ES256, as it is registered", None,
         userinfo=put(weather=["rain"]), agreed={"userinfo_signed_response_alg": "ES256"}),
    case("userinfo_sealed", "A07", "userinfo signed and encrypted, as it is registered", None,
         userinfo=put(weather=["rain"]), agreed=SEALED),
    case("userinfo_signed_bare", "A07", "a signed answer without iss and aud", None, agreed=SIGNED,
         userinfo=lambda claims, scene: {"sub": claims["sub"], "weather": ["rain"]}),
    case("refreshed_without_nonce", "A09", "the refreshed ID Token holds no nonce", None, refresh_claims=drop("nonce")),
    case("refreshed_with_nonce", "A09", "the refreshed ID Token holds the same nonce again", None,
         refresh_claims=lambda claims, scene: {**claims, "nonce": scene.sign_in.nonce}),
    case("refreshed_without_auth_time", "A09", "the refreshed ID Token holds no auth_time", None,
         refresh_claims=drop("auth_time")),
    case("refresh_without_id_token", "A09", "the refresh answer holds no ID Token", None, refresh=drop("id_token")),
    case("refresh_without_refresh_token", "A09", "the refresh answer holds no refresh token: the old one stays", None,
         refresh=drop("refresh_token")),
)  # fmt: skip

CASES: Final = (*TOKEN, *USERINFO, *REFRESH)
