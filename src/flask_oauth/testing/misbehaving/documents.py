"""The documents that are the same for everybody: metadata and keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .web import Answer, Asked, json_answer

if TYPE_CHECKING:
    from .provider import MisbehavingProvider


def metadata(provider: MisbehavingProvider, asked: Asked) -> Answer:
    """OpenID Connect Discovery §4.2, RFC 8414 §3.2."""
    document = provider.bend("metadata", honest_metadata(provider))
    answer: Answer = provider.bend("metadata_answer", json_answer(document))
    return answer


def honest_metadata(provider: MisbehavingProvider) -> dict[str, Any]:
    """What the provider can do."""
    url = provider.issuer
    return {
        "issuer": url,
        "authorization_endpoint": f"{url}/authorize",
        "token_endpoint": f"{url}/token",
        "userinfo_endpoint": f"{url}/userinfo",
        "jwks_uri": f"{url}/jwks",
        "revocation_endpoint": f"{url}/revoke",
        "end_session_endpoint": f"{url}/logout",
        "registration_endpoint": f"{url}/register",
        "pushed_authorization_request_endpoint": f"{url}/par",
        "scopes_supported": ["openid", "email", "profile"],
        "response_types_supported": ["code", "code id_token"],
        "response_modes_supported": ["query", "fragment", "form_post", "jwt", "query.jwt", "form_post.jwt"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["public"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["ES256", "PS256"],
        "request_object_signing_alg_values_supported": ["ES256", "PS256"],
        "authorization_signing_alg_values_supported": ["RS256", "ES256", "PS256"],
        "dpop_signing_alg_values_supported": ["ES256"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256", "PS256", "HS256"],
        "id_token_encryption_alg_values_supported": ["RSA-OAEP-256"],
        "id_token_encryption_enc_values_supported": ["A128CBC-HS256"],
        "userinfo_signing_alg_values_supported": ["RS256", "ES256"],
        "authorization_response_iss_parameter_supported": True,
        "claims_parameter_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
    }


def jwks(provider: MisbehavingProvider, asked: Asked) -> Answer:
    """The JWK Set (RFC 7517 §5)."""
    document = provider.bend("jwks", provider.keys.jwks())
    answer: Answer = provider.bend("jwks_answer", json_answer(document))
    return answer
