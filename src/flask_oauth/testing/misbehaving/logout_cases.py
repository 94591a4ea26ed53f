"""Logout tokens that must be refused (N48), and those that must be accepted."""

from __future__ import annotations

from typing import Any, Final

from ...errors import IDTokenError
from .cases import Misbehaviour, Scene, case, drop, later, put
from .keys import unsigned, with_header
from .logout import LOGOUT_EVENT
from .spoilt import ELSEWHERE


def _signed(claims: dict[str, Any], scene: Scene, **header: Any) -> str:
    return with_header(scene.keys.rsa, claims, **header)


def _header(**members: Any) -> Any:
    return lambda claims, scene: _signed(claims, scene, **members)


CASES: Final[tuple[Misbehaviour, ...]] = (
    case("logout_alg_none", "N48", "the logout token is not signed", "id_token_algorithm", error=IDTokenError,
         logout_sign=lambda claims, scene: unsigned(claims, "none")),
    case("logout_alg_other", "N48", "it is signed with another algorithm", "id_token_algorithm", error=IDTokenError,
         logout_sign=lambda claims, scene: with_header(scene.keys.ec, claims, typ="logout+jwt")),
    case("logout_signature_wrong", "N48", "it has a stranger's signature", "id_token_signature", error=IDTokenError,
         logout_sign=lambda claims, scene: with_header(scene.keys.stranger, claims, typ="logout+jwt")),
    case("logout_typ_other", "N48", "it says that it is an access token", "id_token_type", error=IDTokenError,
         logout_sign=_header(typ="at+jwt")),
    case("logout_iss_wrong", "N48", "it is of another issuer", "id_token_issuer", error=IDTokenError,
         logout_claims=put(iss=ELSEWHERE)),
    case("logout_iss_missing", "N48", "it names no issuer", "id_token_issuer", error=IDTokenError,
         logout_claims=drop("iss")),
    case("logout_aud_wrong", "N48", "it is for another client", "id_token_audience", error=IDTokenError,
         logout_claims=put(aud="another-client")),
    case("logout_aud_missing", "N48", "it names no audience", "id_token_audience", error=IDTokenError,
         logout_claims=drop("aud")),
    case("logout_iat_missing", "N48", "it says not when it was made", "id_token_issued_at", error=IDTokenError,
         logout_claims=drop("iat")),
    case("logout_iat_old", "N48", "it was made an hour ago", "id_token_issued_at", error=IDTokenError,
         logout_claims=put(iat=later(-3600), exp=later(60))),
    case("logout_iat_future", "N48", "it was made in an hour", "id_token_issued_at", error=IDTokenError,
         logout_claims=put(iat=later(3600), exp=later(7200))),
    case("logout_expired", "N48", "it has expired", "id_token_expired", error=IDTokenError,
         logout_claims=put(exp=later(-120))),
    case("logout_events_missing", "N48", "it names no event", "logout_token_invalid", logout_claims=drop("events")),
    case("logout_event_wrong", "N48", "it names another event", "logout_token_invalid",
         logout_claims=put(events={"https://schemas.openid.net/secevent/risc/event-type/account-disabled": {}})),
    case("logout_events_list", "N48", "events is a list", "logout_token_invalid",
         logout_claims=put(events=[LOGOUT_EVENT])),
    case("logout_event_null", "N48", "the event is null", "logout_token_invalid",
         logout_claims=put(events={LOGOUT_EVENT: None})),
    case("logout_nonce", "N48", "it holds a nonce, as an ID Token does", "logout_token_invalid",
         logout_claims=put(nonce="a-nonce")),
    case("logout_nobody", "N48", "it names neither a person nor a session", "logout_token_invalid",
         logout_claims=drop("sub", "sid")),
    case("logout_jti_missing", "N48", "it has no identifier of its own", "logout_token_invalid",
         logout_claims=drop("jti")),
    case("logout_sub_number", "N48", "sub is a number", "id_token_subject", error=IDTokenError,
         logout_claims=put(sub=7)),
)  # fmt: skip


ODD: Final[tuple[Misbehaviour, ...]] = (
    case("signed_out_other_state", "N49", "the browser comes back from signing out with another state", None,
         signed_out=lambda pairs, scene: [("state", "made-up")]),
    case("signed_out_no_state", "N49", "the browser comes back without a state", None,
         signed_out=lambda pairs, scene: []),
    case("signed_out_two_states", "N49", "the browser comes back with two states", None,
         signed_out=lambda pairs, scene: [*pairs, ("state", "made-up")]),
    case("signed_out_error", "N49", "the browser comes back with an error", None,
         signed_out=lambda pairs, scene: [("error", "<script>alert(1)</script>"), *pairs]),
    case("logout_typ_jwt", "N48", "typ is JWT, as before logout+jwt was registered", None,
         logout_sign=_header(typ="JWT")),
    case("logout_typ_absent", "N48", "no typ", None, logout_sign=_header()),
    case("logout_aud_array", "A01", "aud is a list with this client alone", None,
         logout_claims=put(aud=lambda scene: [scene.provider.client_id])),
    case("logout_exp_absent", "N48", "no exp, as before it was required", None, logout_claims=drop("exp")),
    case("logout_unknown_claims", "A08", "claims that nobody knows", None, logout_claims=put(weather="rain")),
)  # fmt: skip
