"""What may be wrong with documents and with the answer through the browser: N02, N06 to N12, N14, N55."""

from __future__ import annotations

from typing import Final

from ...errors import (
    AccessDenied,
    AuthorizationResponseError,
    ConfigurationError,
    IDTokenError,
    MetadataError,
    ServerError,
    TransportError,
)
from .cases import Misbehaviour, again, case, drop, member, only, parameters, put
from .keys import unsigned, with_header
from .spoilt import ELSEWHERE, elsewhere, spoilt_answers
from .web import Answer, redirect_answer

FORM_POST: Final = {"response_mode": "form_post"}

# -- metadata and keys ----------------------------------------------------------------------------------------


def _plain_http(endpoint: str) -> Misbehaviour:
    return case(
        f"{endpoint}_http", "N12", f"{endpoint} is plain http on another machine", "metadata_invalid",
        metadata=put(**{endpoint: "http://elsewhere.example/it"}),
    )  # fmt: skip


METADATA: Final[tuple[Misbehaviour, ...]] = (
    case("issuer_wrong", "N11", "the document speaks for another issuer", "metadata_issuer",
         metadata=put(issuer=ELSEWHERE)),
    case("issuer_with_slash", "N11", "its issuer has a slash more", "metadata_issuer",
         metadata=put(issuer=lambda scene: scene.provider.issuer + "/")),
    case("issuer_other_case", "N11", "its issuer has a letter in another case", "metadata_issuer",
         metadata=put(issuer=lambda scene: scene.provider.issuer.replace("http", "HTTP"))),
    case("issuer_missing", "N11", "it names no issuer", "response_member", metadata=drop("issuer")),
    case("issuer_list", "N11", "its issuer is a list", "response_member",
         metadata=put(issuer=lambda scene: [scene.provider.issuer])),
    *map(_plain_http, ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")),
    case("endpoint_number", "N14", "an endpoint is a number", "metadata_invalid", metadata=put(token_endpoint=7)),
    case("endpoint_missing", "N14", "there is no authorization endpoint", "config_endpoint_missing",
         metadata=drop("authorization_endpoint"), error=ConfigurationError),
    case("list_of_wrong_kind", "N14", "a list of methods is a text", "metadata_invalid",
         metadata=member("token_endpoint_auth_methods_supported", "client_secret_basic")),
    case("metadata_redirect_elsewhere", "N12", "the document is said to be on another host", "transport_redirect",
         metadata_answer=elsewhere("/metadata"), error=TransportError),
    case("metadata_redirect_http", "N12", "the document is said to be at a plain http address", "transport_redirect",
         metadata_answer=lambda answer, scene: redirect_answer("http://elsewhere.example/"), error=TransportError),
    case("metadata_gone", "N14", "there is no document at either place", "metadata_unavailable",
         metadata_answer=lambda answer, scene: Answer(b"not here", 404)),
    *spoilt_answers("metadata", "the metadata", "issuer"),
    case("jwks_redirect_elsewhere", "N12", "the keys are said to be on another host", "transport_redirect",
         jwks_answer=elsewhere("/jwks"), error=TransportError),
    case("jwks_gone", "N14", "there are no keys", "jwks_invalid", error=MetadataError,
         jwks_answer=lambda answer, scene: Answer(b"not here", 404)),
    case("jwks_without_keys", "N14", "the JWK Set has no member keys", "jwks_invalid", error=MetadataError,
         jwks=drop("keys")),
    case("jwks_of_wrong_kind", "N14", "keys is an object", "jwks_invalid", error=MetadataError,
         jwks=put(keys={"kty": "RSA"})),
    *spoilt_answers("jwks", "the keys", "keys"),
    case("only_other_auth_methods", "N55", "the server lists no way in which this client authenticates",
         "config_client_authentication", error=ConfigurationError, noticed="callback",
         metadata=put(token_endpoint_auth_methods_supported=["private_key_jwt"])),
    case("none_is_listed", "N55", "the metadata lists none, and so the ID Token is not signed", "id_token_algorithm",
         metadata=put(id_token_signing_alg_values_supported=["none", "RS256"]), error=IDTokenError, noticed="id_token",
         sign=lambda claims, scene: unsigned(claims, "none")),
    case("only_none_is_listed", "N55", "the metadata lists none alone", "id_token_algorithm", error=IDTokenError,
         metadata=put(id_token_signing_alg_values_supported=["none"]), noticed="id_token",
         sign=lambda claims, scene: unsigned(claims, "none")),
    case("weaker_is_listed", "N55", "the metadata lists ES256 alone, and RS256 is registered", "id_token_algorithm",
         metadata=put(id_token_signing_alg_values_supported=["ES256"]), error=IDTokenError, noticed="id_token",
         sign=lambda claims, scene: with_header(scene.keys.ec, claims)),
)  # fmt: skip

# -- the answer through the browser ---------------------------------------------------------------------------

AUTHORIZATION: Final[tuple[Misbehaviour, ...]] = (
    case("state_wrong", "N02", "another state", "state_mismatch", authorization=parameters(state="made-up")),
    case("state_missing", "N02", "no state", "state_missing", authorization=parameters(state=None)),
    case("state_twice", "N02", "the state twice", "authorization_response_repeated", authorization=again("state")),
    case("state_twice_differing", "N02", "two states, the first of them right", "authorization_response_repeated",
         authorization=again("state", "made-up")),
    case("iss_parameter_wrong", "N06", "the answer names another issuer", "issuer_mismatch",
         authorization=parameters(iss=ELSEWHERE)),
    case("iss_parameter_empty", "N06", "the answer names an empty issuer", "issuer_mismatch",
         authorization=parameters(iss="")),
    case("iss_parameter_with_slash", "N06", "the issuer in the answer has a slash more", "issuer_mismatch",
         authorization=parameters(iss=lambda scene: scene.provider.issuer + "/")),
    case("iss_parameter_wrong_in_error", "N06", "an error that names another issuer", "issuer_mismatch",
         authorization=lambda pairs, scene: only(error="access_denied", iss=ELSEWHERE)(pairs, scene)),
    case("iss_parameter_wrong_unannounced", "N06", "another issuer, though the metadata announces none",
         "issuer_mismatch", metadata=drop("authorization_response_iss_parameter_supported"),
         authorization=parameters(iss=ELSEWHERE), error=AuthorizationResponseError, noticed="callback"),
    case("iss_parameter_twice", "N06", "two issuers, the first of them right", "authorization_response_repeated",
         authorization=again("iss", ELSEWHERE)),
    case("iss_parameter_missing", "N07", "no issuer, though the metadata announces it", "issuer_missing",
         authorization=parameters(iss=None)),
    case("iss_parameter_missing_in_error", "N07", "an error that names no issuer", "issuer_missing",
         authorization=only(error="access_denied")),
    case("code_twice", "N08", "two codes", "authorization_response_repeated", authorization=again("code", "another")),
    case("code_and_error", "N08", "a code and an error", "authorization_response_repeated",
         authorization=parameters(error="access_denied")),
    case("code_empty", "N08", "an empty code", "authorization_response_no_code", authorization=parameters(code="")),
    case("code_missing", "N08", "neither code nor error", "authorization_response_no_code",
         authorization=parameters(code=None)),
    case("in_the_fragment", "N08", "the answer is in the fragment, which no server sees", "state_missing",
         delivery=lambda mode, scene: "fragment"),
    case("error_without_state", "N09", "an error without state", "state_missing",
         authorization=lambda pairs, scene: [("error", "access_denied"), ("iss", scene.provider.issuer)]),
    case("form_post_by_query", "N10", "the answer comes in the query, where form_post was asked for",
         "authorization_response_mode", delivery=lambda mode, scene: "query", agreed=FORM_POST),
    case("query_by_form_post", "N10", "the answer is posted, where query was asked for", "authorization_response_mode",
         delivery=lambda mode, scene: "form_post"),
    case("form_post_denied", "N10", "the person said no, by form_post", "access_denied", error=AccessDenied,
         authorization=lambda pairs, scene: only(error="access_denied", iss=scene.provider.issuer)(pairs, scene),
         agreed=FORM_POST),
    case("form_post_error", "N10", "an error by form_post", "authorization_response_error", error=ServerError,
         authorization=lambda pairs, scene: only(error="server_error", iss=scene.provider.issuer)(pairs, scene),
         agreed=FORM_POST),
    case("denied", "N09", "the person said no", "access_denied", error=AccessDenied,
         authorization=lambda pairs, scene: only(error="access_denied", iss=scene.provider.issuer)(pairs, scene)),
    case("code_made_up", "N08", "a code that was never given out", "server_error", error=ServerError, noticed="token",
         authorization=parameters(code="made-up")),
)  # fmt: skip

ODD: Final[tuple[Misbehaviour, ...]] = (
    case("unknown_metadata", "A08", "members of the metadata that nobody knows", None,
         metadata=put(weather={"tomorrow": ["rain"]}, mtls_endpoint_aliases=None)),
    case("only_secret_post", "N55", "the server takes the secret in the form alone", None,
         metadata=put(token_endpoint_auth_methods_supported=["client_secret_post"])),
    case("more_is_listed", "N55", "the metadata lists none and HS256, and the ID Token is RS256 as registered", None,
         metadata=put(id_token_signing_alg_values_supported=["none", "HS256", "RS256"])),
    case("iss_parameter_unannounced", "N06", "the right issuer in the answer, though the metadata announces none", None,
         metadata=drop("authorization_response_iss_parameter_supported")),
    case("iss_parameter_neither", "N07", "no issuer in the answer, and none announced", None,
         metadata=drop("authorization_response_iss_parameter_supported"), authorization=parameters(iss=None)),
    case("unknown_parameters", "A08", "parameters of the answer that nobody knows", None,
         authorization=parameters(session_state="x.y", weather="rain", scope="openid email")),
    case("form_post", "N10", "a code by form_post, where that was asked for", None,
         delivery=lambda mode, scene: mode, agreed=FORM_POST),
    case("metadata_redirect_here", "N12", "the document is one redirect away on the same host", None,
         metadata_answer=lambda answer, scene: answer
         if scene.provider.requests[-1].query else redirect_answer("?moved")),
)  # fmt: skip

CASES: Final = (*METADATA, *AUTHORIZATION)
