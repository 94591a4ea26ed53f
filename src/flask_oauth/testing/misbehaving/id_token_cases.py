"""What an ID Token may wrongly say: N18 to N25, N34 and N35; and what is odd and right (A01, A06)."""

from __future__ import annotations

from typing import Any, Final

from ...errors import AuthorizationResponseError, IDTokenError
from .cases import Misbehaviour, Scene, case, drop, later, put

ELSEWHERE: Final = "https://elsewhere.example"
HYBRID: Final = {"response_type": "code id_token"}
MULTI_FACTOR: Final = "urn:example:multi-factor"
_DAY: Final = 86_400


def _us_and(*others: str) -> Any:
    return lambda scene: [scene.provider.client_id, *others]


def _client_id(scene: Scene) -> str:
    return scene.provider.client_id


ISSUER_AND_AUDIENCE: Final[tuple[Misbehaviour, ...]] = (
    case(
        "id_token_missing",
        "N18",
        "openid was asked for and there is no ID Token",
        "id_token_missing",
        token=drop("id_token"),
        error=IDTokenError,
    ),
    case("id_token_null", "N18", "id_token is null", "id_token_missing", token=put(id_token=None), error=IDTokenError),
    case(
        "id_token_empty",
        "N18",
        "id_token is an empty text",
        "id_token_missing",
        token=put(id_token=""),
        error=IDTokenError,
    ),
    case("iss_wrong", "N19", "iss is another issuer", "id_token_issuer", claims=put(iss=ELSEWHERE)),
    case("iss_missing", "N19", "there is no iss", "id_token_issuer", claims=drop("iss")),
    case(
        "iss_with_slash",
        "N19",
        "iss has a slash more than the issuer",
        "id_token_issuer",
        claims=put(iss=lambda scene: scene.provider.issuer + "/"),
    ),
    case(
        "iss_list",
        "N19",
        "iss is a list that holds the issuer",
        "id_token_issuer",
        claims=put(iss=lambda scene: [scene.provider.issuer]),
    ),
    case("aud_wrong", "N20", "aud is another client", "id_token_audience", claims=put(aud="another-client")),
    case("aud_missing", "N20", "there is no aud", "id_token_audience", claims=drop("aud")),
    case("aud_empty", "N20", "aud is an empty list", "id_token_audience", claims=put(aud=[])),
    case("aud_empty_text", "N20", "aud is an empty text", "id_token_audience", claims=put(aud="")),
    case(
        "aud_wrong_azp_us",
        "N20",
        "aud is another client, azp is this one",
        "id_token_audience",
        claims=put(aud="another-client", azp=_client_id),
    ),
    case(
        "aud_missing_azp_us",
        "N20",
        "there is no aud, and azp is this client",
        "id_token_audience",
        claims=lambda claims, scene: {**drop("aud")(claims, scene), "azp": scene.provider.client_id},
    ),
    case(
        "aud_of_wrong_kind",
        "N20",
        "aud is a list of things that are not all texts",
        "id_token_audience",
        claims=put(aud=lambda scene: [scene.provider.client_id, 7]),
    ),
    case(
        "aud_untrusted",
        "N21",
        "aud names another client beside this one",
        "id_token_audience",
        claims=put(aud=_us_and("another-client"), azp=_client_id),
    ),
    case(
        "azp_missing",
        "N21",
        "two audiences, both trusted, and no azp",
        "id_token_authorized_party",
        claims=put(aud=_us_and("trusted-client")),
        agreed={"trusted_audiences": ("trusted-client",)},
    ),
    case("azp_wrong", "N21", "azp is another client", "id_token_authorized_party", claims=put(azp="another-client")),
    case(
        "azp_wrong_among_trusted",
        "N21",
        "two trusted audiences, and azp is the other one",
        "id_token_authorized_party",
        claims=put(aud=_us_and("trusted-client"), azp="trusted-client"),
        agreed={"trusted_audiences": ("trusted-client",)},
    ),
)

PERSON_AND_TIMES: Final[tuple[Misbehaviour, ...]] = (
    case("sub_missing", "N22", "there is no sub", "id_token_subject", claims=drop("sub")),
    case("sub_empty", "N22", "sub is an empty text", "id_token_subject", claims=put(sub="")),
    case("sub_number", "N22", "sub is a number", "id_token_subject", claims=put(sub=7)),
    case("sub_list", "N22", "sub is a list", "id_token_subject", claims=put(sub=["alice"])),
    case("sub_too_long", "N22", "sub has 256 characters", "id_token_subject", claims=put(sub="a" * 256)),
    case("sub_control", "N22", "sub holds a line break", "id_token_subject", claims=put(sub="alice\nbob")),
    case("exp_missing", "N23", "there is no exp", "id_token_expired", claims=drop("exp")),
    case("exp_past", "N23", "exp was five minutes ago", "id_token_expired", claims=put(exp=later(-300))),
    case("exp_text", "N23", "exp is a text", "id_token_expired", claims=put(exp=lambda s: str(s.now + 300))),
    case("exp_true", "N23", "exp is true", "id_token_expired", claims=put(exp=True)),
    case("exp_null", "N23", "exp is null", "id_token_expired", claims=put(exp=None)),
    case("iat_missing", "N24", "there is no iat", "id_token_issued_at", claims=drop("iat")),
    case("iat_future", "N24", "iat is in an hour", "id_token_issued_at", claims=put(iat=later(3600), exp=later(7200))),
    case("iat_week_old", "N24", "iat was eight days ago", "id_token_issued_at", claims=put(iat=later(-8 * _DAY))),
    case("iat_text", "N24", "iat is a text", "id_token_issued_at", claims=put(iat="now")),
    case("nbf_future", "N24", "nbf is in an hour", "id_token_not_yet_valid", claims=put(nbf=later(3600))),
    case("nonce_wrong", "N25", "nonce is another one", "id_token_nonce", claims=put(nonce="another-nonce")),
    case("nonce_missing", "N25", "there is no nonce", "id_token_nonce", claims=drop("nonce")),
    case("nonce_empty", "N25", "nonce is an empty text", "id_token_nonce", claims=put(nonce="")),
    case(
        "nonce_list",
        "N25",
        "nonce is a list that holds the right one",
        "id_token_nonce",
        claims=lambda claims, scene: {**claims, "nonce": [claims["nonce"]]},
    ),
)

BINDINGS: Final[tuple[Misbehaviour, ...]] = (
    case(
        "at_hash_wrong", "N34", "at_hash is of another access token", "id_token_at_hash", claims=put(at_hash="A" * 22)
    ),
    case("at_hash_number", "N34", "at_hash is a number", "id_token_at_hash", claims=put(at_hash=0)),
    case(
        "at_hash_wrong_hybrid",
        "N34",
        "at_hash is of another access token, in the hybrid flow",
        "id_token_at_hash",
        claims=put(at_hash="A" * 22),
        agreed=HYBRID,
        noticed="hybrid",
    ),
    case(
        "c_hash_missing",
        "N34",
        "the ID Token beside the code has no c_hash",
        "id_token_c_hash",
        front_claims=drop("c_hash"),
        agreed=HYBRID,
        noticed="front",
    ),
    case(
        "c_hash_wrong",
        "N34",
        "c_hash is of another code",
        "id_token_c_hash",
        front_claims=put(c_hash="A" * 22),
        agreed=HYBRID,
        noticed="front",
    ),
    case(
        "s_hash_wrong",
        "N34",
        "s_hash is of another state",
        "id_token_s_hash",
        front_claims=put(s_hash="A" * 22),
        agreed=HYBRID,
        noticed="front",
    ),
    case(
        "front_nonce_wrong",
        "N25",
        "the ID Token beside the code has another nonce",
        "id_token_nonce",
        front_claims=put(nonce="another-nonce"),
        agreed=HYBRID,
        noticed="front",
    ),
    case(
        "front_aud_wrong",
        "N20",
        "the ID Token beside the code is for another client",
        "id_token_audience",
        front_claims=put(aud="another-client"),
        agreed=HYBRID,
        noticed="front",
    ),
    case(
        "front_id_token_missing",
        "N18",
        "code id_token was asked for, and there is only a code",
        "id_token_missing",
        authorization=lambda pairs, scene: [pair for pair in pairs if pair[0] != "id_token"],
        agreed=HYBRID,
        error=AuthorizationResponseError,
    ),
    case(
        "hybrid_sub_differs",
        "N38",
        "the two ID Tokens of a hybrid sign-in name two people",
        "id_token_changed",
        claims=put(sub="mallory"),
        agreed=HYBRID,
        noticed="hybrid",
    ),
    case(
        "auth_time_missing",
        "N35",
        "max_age was asked for, and there is no auth_time",
        "id_token_auth_time",
        claims=drop("auth_time"),
        ask={"max_age": 60},
    ),
    case(
        "auth_time_old",
        "N35",
        "the person authenticated an hour ago, max_age was a minute",
        "id_token_auth_time",
        claims=put(auth_time=later(-3600)),
        ask={"max_age": 60},
    ),
    case(
        "auth_time_future",
        "N35",
        "auth_time is in an hour",
        "id_token_auth_time",
        claims=put(auth_time=later(3600)),
        ask={"max_age": 60},
    ),
    case(
        "auth_time_text",
        "N35",
        "auth_time is a text",
        "id_token_auth_time",
        claims=put(auth_time="just now"),
        ask={"max_age": 60},
    ),
    case(
        "acr_missing",
        "N35",
        "an acr was demanded, and there is none",
        "id_token_acr",
        claims=drop("acr"),
        ask={"acr": MULTI_FACTOR},
    ),
    case(
        "acr_other",
        "N35",
        "an acr was demanded, and it is another",
        "id_token_acr",
        claims=put(acr="urn:example:password"),
        ask={"acr": MULTI_FACTOR},
    ),
    case(
        "acr_of_claims_other",
        "N35",
        "an essential acr was demanded with claims, and it is another",
        "id_token_acr",
        claims=put(acr="urn:example:password"),
        ask={"claims": {"id_token": {"acr": {"essential": True, "values": [MULTI_FACTOR]}}}},
    ),
)

ODD: Final[tuple[Misbehaviour, ...]] = (
    case("aud_array", "A01", "aud is a list with this client alone", None, claims=put(aud=_us_and())),
    case(
        "aud_trusted", "A01", "aud names a trusted client too, and azp is this one", None,
        claims=put(aud=_us_and("trusted-client"), azp=_client_id), agreed={"trusted_audiences": ("trusted-client",)},
    ),
    case("azp_us", "A01", "azp is this client, beside one audience", None, claims=put(azp=_client_id)),
    case("at_hash_absent", "A06", "there is no at_hash", None, claims=drop("at_hash")),
    case("s_hash_absent", "A06", "the ID Token beside the code has no s_hash", None, front_claims=drop("s_hash"),
         agreed=HYBRID, noticed="front"),
    case("hybrid", "A06", "everything right in the hybrid flow", None, claims=put(), agreed=HYBRID),
    case("within_skew", "N23", "exp was half a minute ago: clocks differ", None, claims=put(exp=later(-30))),
    case("iat_within_skew", "N24", "iat is in half a minute: clocks differ", None, claims=put(iat=later(30))),
    case("times_with_fraction", "N24", "times have fractions", None,
         claims=put(iat=later(-0.5), exp=later(300.25))),
    case("sub_255", "N22", "sub has 255 characters", None, claims=put(sub="a" * 255)),
    case("acr_right", "N35", "the acr that was demanded", None,
         claims=put(acr=MULTI_FACTOR), ask={"acr": MULTI_FACTOR}),
    case("auth_time_new", "N35", "auth_time within max_age", None,
         claims=put(auth_time=later(-5)), ask={"max_age": 60}),
    case("unknown_claims", "A08", "claims that nobody knows", None, claims=put(favourite_colour={"is": ["blue"]})),
)  # fmt: skip

CASES: Final = (*ISSUER_AND_AUDIENCE, *PERSON_AND_TIMES, *BINDINGS)
