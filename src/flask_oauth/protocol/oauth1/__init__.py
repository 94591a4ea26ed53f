"""OAuth 1.0a (RFC 5849): signature, credentials, resource requests."""

from __future__ import annotations

from .answers import DENIALS, SPENT_TOKEN_PROBLEMS, problem_report
from .credentials import (
    OUT_OF_BAND,
    TOKEN_TYPE,
    TemporaryCredentials,
    answer_as_sent,
    authorization_url,
    process_renewal_response,
    process_temporary_credentials_response,
    process_token_credentials_response,
    renewal_request,
    temporary_credentials_request,
    token_credentials_request,
    validate_authorization_response,
)
from .resource import resource_request
from .signature import SIGNATURE_METHODS, ClientCredentials, Placement, sign_request

__all__ = [
    "DENIALS",
    "OUT_OF_BAND",
    "SIGNATURE_METHODS",
    "SPENT_TOKEN_PROBLEMS",
    "TOKEN_TYPE",
    "ClientCredentials",
    "Placement",
    "TemporaryCredentials",
    "answer_as_sent",
    "authorization_url",
    "problem_report",
    "process_renewal_response",
    "process_temporary_credentials_response",
    "process_token_credentials_response",
    "renewal_request",
    "resource_request",
    "sign_request",
    "temporary_credentials_request",
    "token_credentials_request",
    "validate_authorization_response",
]
