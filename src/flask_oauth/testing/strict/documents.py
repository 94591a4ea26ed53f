"""What the provider publishes: its metadata, its keys, and the metadata of its API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..misbehaving.web import Answer, Asked, json_answer
from .proofs import ALGORITHMS

if TYPE_CHECKING:
    from .provider import StrictProvider


def metadata(provider: StrictProvider, asked: Asked) -> Answer:
    """RFC 8414, with everything that the provider can do."""
    url = provider.url
    endpoints = {
        "authorization_endpoint": "authorize",
        "token_endpoint": "token",
        "pushed_authorization_request_endpoint": "par",
        "device_authorization_endpoint": "device",
        "backchannel_authentication_endpoint": "backchannel",
        "introspection_endpoint": "introspect",
        "revocation_endpoint": "revoke",
        "userinfo_endpoint": "userinfo",
        "jwks_uri": "jwks",
    }
    algorithms = list(ALGORITHMS)
    document = {
        "issuer": url,
        **{name: f"{url}/{path}" for name, path in endpoints.items()},
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post", "jwt", "query.jwt", "form_post.jwt"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": [provider.authentication],
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
        "id_token_signing_alg_values_supported": algorithms,
        "request_object_signing_alg_values_supported": algorithms,
        "authorization_signing_alg_values_supported": algorithms,
        "introspection_signing_alg_values_supported": algorithms,
        "dpop_signing_alg_values_supported": algorithms,
        "authorization_response_iss_parameter_supported": True,
        "require_pushed_authorization_requests": provider.require_par,
        "require_signed_request_object": provider.require_jar,
        "tls_client_certificate_bound_access_tokens": provider.require_mtls,
        "backchannel_token_delivery_modes_supported": ["poll", "ping"],
        "protected_resources": [f"{url}/api"],
    }
    return json_answer(provider.said("metadata", document))


def jwks(provider: StrictProvider, asked: Asked) -> Answer:
    """The public keys: one to verify with, one to encrypt to."""
    return json_answer({"keys": [provider.key.public_jwk(), provider.decryption_key.public_jwk()]})


def resource_metadata(provider: StrictProvider, asked: Asked) -> Answer:
    """RFC 9728 §2: which authorization server the API trusts."""
    document = {
        "resource": f"{provider.url}/api",
        "authorization_servers": [provider.url],
        "scopes_supported": ["accounts"],
        "dpop_bound_access_tokens_required": provider.require_dpop,
    }
    return json_answer(provider.said("resource_metadata", document))
