"""What may be wrong with signed answers, pushed requests and bound tokens: N41, N42, N43; and what is odd and right."""

from __future__ import annotations

import secrets
from typing import Any, Final

from ...errors import ServerError, TokenResponseError, UserinfoError
from .cases import Misbehaviour, Scene, again, case, drop, later, member, put
from .keys import spoilt, unsigned, with_header
from .spoilt import ELSEWHERE, elsewhere, spoilt_answers
from .web import Pairs, json_answer

JARM: Final = {"response_mode": "jwt"}
JARM_POST: Final = {"response_mode": "form_post.jwt"}
PUSHED: Final = {"require_pushed_authorization_requests": True}
DPOP: Final = {"dpop": True}
#: FAPI 2.0 as a client and this provider agree on it.
FAPI: Final = {
    "profile": "fapi2",
    "token_endpoint_auth_method": "private_key_jwt",
    "id_token_signed_response_alg": "ES256",
}
MESSAGE_SIGNING: Final = {
    **FAPI,
    "profile": "fapi2-message-signing",
    "authorization_signed_response_alg": "ES256",
}


def _plain(pairs: Pairs, scene: Scene) -> Pairs:
    flow = scene.sign_in
    return [("code", flow.code), ("state", flow.state), ("iss", scene.provider.issuer)]


def _plain_error(pairs: Pairs, scene: Scene) -> Pairs:
    return [("error", "access_denied"), ("state", scene.sign_in.state), ("iss", scene.provider.issuer)]


JARM_CASES: Final[tuple[Misbehaviour, ...]] = (
    case("jarm_iss_wrong", "N41", "the signed answer is of another issuer", "issuer_mismatch", agreed=JARM,
         jarm_claims=put(iss=ELSEWHERE)),
    case("jarm_iss_missing", "N41", "the signed answer names no issuer", "issuer_mismatch", agreed=JARM,
         jarm_claims=drop("iss")),
    case("jarm_aud_wrong", "N41", "the signed answer is for another client", "id_token_audience", agreed=JARM,
         jarm_claims=put(aud="another-client")),
    case("jarm_aud_missing", "N41", "the signed answer names no audience", "id_token_audience", agreed=JARM,
         jarm_claims=drop("aud")),
    case("jarm_exp_missing", "N41", "the signed answer has no end", "id_token_expired", agreed=JARM,
         jarm_claims=drop("exp")),
    case("jarm_expired", "N41", "the signed answer has expired", "id_token_expired", agreed=JARM,
         jarm_claims=put(exp=later(-300))),
    case("jarm_alg_none", "N41", "the answer is not signed: alg is none", "id_token_algorithm", agreed=JARM,
         jarm_sign=lambda claims, scene: unsigned(claims, "none")),
    case("jarm_alg_other", "N41", "the answer is signed with another algorithm", "id_token_algorithm", agreed=JARM,
         jarm_sign=lambda claims, scene: with_header(scene.keys.ec, claims)),
    case("jarm_signature_wrong", "N41", "the answer has a stranger's signature", "id_token_signature", agreed=JARM,
         jarm_sign=lambda claims, scene: with_header(scene.keys.stranger, claims)),
    case("jarm_signature_spoilt", "N41", "one bit of the signature is turned over", "id_token_signature", agreed=JARM,
         jarm_sign=lambda claims, scene: spoilt(with_header(scene.keys.rsa, claims))),
    case("jarm_posted_alg_none", "N41", "the same by form_post", "id_token_algorithm", agreed=JARM_POST,
         jarm_sign=lambda claims, scene: unsigned(claims, "none")),
    case("jarm_plain", "N41", "a plain answer, where a signed one was asked for", "authorization_response_invalid",
         agreed=JARM, jarm=_plain),
    case("jarm_plain_error", "N41", "a plain error, where a signed answer was asked for",
         "authorization_response_invalid", agreed=JARM, jarm=_plain_error),
    case("jarm_twice", "N41", "two signed answers", "authorization_response_repeated", agreed=JARM,
         jarm=again("response")),
    case("jarm_state_wrong", "N41", "the signed answer holds another state", "state_mismatch", agreed=JARM,
         jarm_claims=put(state="made-up"), noticed="callback"),
    case("jarm_code_missing", "N41", "the signed answer holds no code", "authorization_response_no_code", agreed=JARM,
         jarm_claims=drop("code")),
)  # fmt: skip

PUSHED_CASES: Final[tuple[Misbehaviour, ...]] = (
    case("par_error", "N42", "the pushed request is refused", "server_error", agreed=PUSHED, error=ServerError,
         par_answer=lambda answer, scene: json_answer({"error": "invalid_request"}, 400)),
    case("par_request_uri_missing", "N42", "the answer holds no request_uri", "response_member", agreed=PUSHED,
         par=drop("request_uri")),
    case("par_request_uri_empty", "N42", "request_uri is an empty text", "response_member", agreed=PUSHED,
         par=put(request_uri="")),
    case("par_expires_in_missing", "N42", "the answer holds no expires_in", "response_member", agreed=PUSHED,
         par=drop("expires_in")),
    case("par_expires_in_zero", "N42", "expires_in is 0", "response_member", agreed=PUSHED, par=put(expires_in=0)),
    case("par_redirect", "N42", "the endpoint redirects to another host", "response_status", agreed=PUSHED,
         par_answer=elsewhere("/par", 307)),
    case("par_unavailable", "N42", "the endpoint is out of order", "response_status", agreed=PUSHED,
         par_answer=lambda answer, scene: json_answer({}, 503)),
    *spoilt_answers("par", "the answer to a pushed request", "request_uri", agreed=PUSHED, case_id="N42"),
)  # fmt: skip


def _always_new(value: Any, scene: Scene) -> str:
    return secrets.token_urlsafe(12)


def _one(value: Any, scene: Scene) -> str:
    return "the-nonce-of-today"


DPOP_CASES: Final[tuple[Misbehaviour, ...]] = (
    case("dpop_answered_bearer", "N43", "a bearer token, where a bound one was asked for", "token_response_type",
         agreed=DPOP, token=member("token_type", "Bearer"), error=TokenResponseError),
    case("dpop_nonce_storm", "N43", "the token endpoint wants a new nonce each time", "server_error", agreed=DPOP,
         token_nonce=_always_new, error=ServerError, noticed="token_twice"),
    case("dpop_resource_nonce_storm", "N43", "userinfo wants a new nonce each time", "response_status", agreed=DPOP,
         resource_nonce=_always_new, error=UserinfoError, noticed="userinfo"),
)  # fmt: skip

ODD: Final[tuple[Misbehaviour, ...]] = (
    case("jarm", "N41", "a signed answer, as it was asked for", None, jarm_claims=put(), agreed=JARM),
    case("jarm_posted", "N41", "a signed answer by form_post", None, jarm_claims=put(), agreed=JARM_POST),
    case("jarm_ES256", "N41", "a signed answer with ES256, as it is registered", None, jarm_claims=put(),
         agreed={**JARM, "authorization_signed_response_alg": "ES256"}),
    case("jarm_ES256_id_token_HS256", "N41", "a signed answer with ES256, and an ID Token with HS256", None,
         jarm_claims=put(), agreed={**JARM, "authorization_signed_response_alg": "ES256",
                                    "id_token_signed_response_alg": "HS256"}),
    case("jarm_beside_plain", "N41", "plain parameters beside the signed answer have no say", None, agreed=JARM,
         jarm=lambda pairs, scene: [*pairs, ("code", "made-up"), ("error", "access_denied"), ("iss", ELSEWHERE)]),
    case("jarm_unknown_claims", "A08", "the signed answer holds claims that nobody knows", None, agreed=JARM,
         jarm_claims=put(weather="rain")),
    case("par", "N42", "a pushed request, as it was asked for", None, par=put(), agreed=PUSHED),
    case("par_demanded", "N42", "the server takes pushed requests alone", None,
         metadata=put(require_pushed_authorization_requests=True)),
    case("par_unknown_members", "A08", "members of the answer that nobody knows", None, par=put(weather="rain"),
         agreed=PUSHED),
    case("dpop", "N43", "a bound token, as it was asked for", None, token=put(), agreed=DPOP),
    case("dpop_type_other_case", "A03", "token_type is dPoP", None, token=member("token_type", "dPoP"), agreed=DPOP),
    case("dpop_pushed", "N43", "a bound token after a pushed request", None, token=put(), agreed={**DPOP, **PUSHED}),
    case("dpop_nonce_asked", "N43", "the token endpoint wants a nonce, and the same one from then on", None,
         token_nonce=_one, agreed=DPOP),
    case("dpop_resource_nonce_asked", "N43", "userinfo wants a nonce, and the same one from then on", None,
         resource_nonce=_one, userinfo=put(weather=["rain"]), agreed=DPOP, noticed="userinfo"),
    case("dpop_challenge_other_case", "A03", "userinfo wants a nonce, with dPOP in its challenge", None,
         resource_nonce=_one, userinfo=put(weather=["rain"]), agreed=DPOP, noticed="userinfo",
         challenge=lambda words, scene: words.replace("DPoP", "dPOP")),
    case("private_key_jwt", "N44", "the client signs who it is", None, token=put(),
         agreed={"token_endpoint_auth_method": "private_key_jwt"}),
    case("private_key_jwt_nonce_asked", "N44", "each of two requests holds an assertion of its own", None,
         token_nonce=_one, agreed={**DPOP, "token_endpoint_auth_method": "private_key_jwt"}),
    case("request_object", "N42", "a signed request", None, token=put(),
         agreed={"require_signed_request_object": True, "token_endpoint_auth_method": "client_secret_basic"}),
    case("fapi2", "N42", "FAPI 2.0", None, token=put(), agreed=FAPI),
    case("fapi2_message_signing", "N41", "FAPI 2.0 with signed messages", None, token=put(), agreed=MESSAGE_SIGNING),
)  # fmt: skip

CASES: Final = (*JARM_CASES, *PUSHED_CASES, *DPOP_CASES)
