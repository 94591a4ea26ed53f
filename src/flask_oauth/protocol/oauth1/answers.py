"""Reading what an OAuth 1.0a server answers, and saying what is wrong with it.

Sections enforced here: RFC 5849 §2.1 and §2.3 (form-encoded answers).  Beyond
the RFC: the extension "OAuth Problem Reporting" (``oauth_problem``), in the body
or in the ``WWW-Authenticate`` header.

Servers send these answers under many content types (form, plain text, HTML,
JSON, none at all), so the content says what it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import unquote

from ...error_codes import ErrorCode
from ...errors import AccessDenied, InvalidResponseError, OAuthException, ServerError, TokenResponseError
from ..http import HTTPResponse, json_object, parse_form

#: Problems that are the user's answer, not a failure.
DENIALS: Final = frozenset({"user_refused", "permission_denied"})
#: Problems after which only a new sign-in helps: the token is spent.
SPENT_TOKEN_PROBLEMS: Final = frozenset({"token_expired", "token_revoked", "token_rejected", "permission_denied"})

_SECRET_MEMBERS: Final = frozenset({"oauth_token", "oauth_token_secret", "oauth_session_handle", "oauth_verifier"})
_STARTS_LIKE_A_FORM: Final = re.compile(r"[\w.%+\-\[\]]+=")
_CHALLENGE_PARAMETER: Final = re.compile(r'\b(oauth_\w+)="([^"]*)"')
_PROBLEM_NAME: Final = re.compile(r"[A-Za-z0-9_\-]{1,64}")
_HEADER_LIMIT: Final = 8192


def read_answer(response: HTTPResponse) -> dict[str, Any] | str:
    """The members of an answer that is a form or a JSON object, whatever it is called; any other text as it is."""
    text = response.body.decode("utf-8-sig", "replace").strip()
    if text.startswith("{"):
        try:
            return json_object(text)
        except InvalidResponseError:
            return text
    if _STARTS_LIKE_A_FORM.match(text):
        return first_of_each(parse_form(text))
    return text


def first_of_each(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Pairs as a mapping.

    :raises InvalidResponseError: an ``oauth_`` name came twice, so it is not known which value counts.
    """
    values: dict[str, Any] = {}
    for name, value in pairs:
        if name in values and name.startswith("oauth_"):
            raise InvalidResponseError(
                f"The answer holds {name[:40]!r} more than once", code="response_duplicate_member"
            )
        values.setdefault(name, value)
    return values


def problem_report(response: HTTPResponse) -> dict[str, str]:
    """``oauth_problem`` and what was said beside it; empty if no problem was named.

    :param response: an answer of any endpoint, also of the API.
    :returns: for example ``{"oauth_problem": "timestamp_refused", "oauth_acceptable_timestamps": "1-9"}``.
    """
    header = response.headers.get("www-authenticate", "")[:_HEADER_LIMIT]
    report = {name: unquote(value) for name, value in _CHALLENGE_PARAMETER.findall(header)}
    answer = read_answer(response)
    if isinstance(answer, dict):
        report |= {name: value for name, value in answer.items() if name.startswith("oauth_") and _is_text(value)}
    return without_secrets(report) if "oauth_problem" in report else {}


def without_secrets(answer: Mapping[str, Any]) -> dict[str, Any]:
    """An answer as it may stand in an error: the names of credentials stay, their values do not."""
    return {name: "***" if name in _SECRET_MEMBERS else value for name, value in answer.items()}


def read_credentials(response: HTTPResponse, what: str, *, type: str, status_code: ErrorCode) -> dict[str, Any]:
    """The members of an answer that holds a token and its secret.

    :param response: the answer of the endpoint.
    :param what: what was asked for, for the message.
    :param type: the error's type as in 2010.
    :param status_code: the error's code if the status is neither 200 nor 201.
    :raises AccessDenied: the server says that the user refused.
    :raises ServerError: the server named a problem (``oauth_problem``).
    :raises TokenResponseError: another status than 200 and 201, or no credentials in the answer.
    """
    answer = read_answer(response)
    members = answer if isinstance(answer, dict) else {}
    data = without_secrets(members) if members else answer
    report = problem_report(response)
    if report:
        raise problem_error(
            f"The server gave no {what}", report, type=type, data={**report, **without_secrets(members)}
        )
    if response.status not in (200, 201):
        raise TokenResponseError(
            f"The server gave no {what}: it answered with status {response.status}",
            type,
            data,
            code=status_code,
            expected="status 200",
            got=f"status {response.status}",
        )
    # RFC 5849 §2.1, §2.3: both are REQUIRED; the secret may be empty, the token may not.
    if not _is_text(members.get("oauth_token")) or not isinstance(members.get("oauth_token_secret"), str):
        raise TokenResponseError(
            f"The server gave no {what}: its answer lacks oauth_token or oauth_token_secret",
            type,
            data,
            code="oauth1_credentials_missing",
            expected="oauth_token, oauth_token_secret",
            got=names_of(members) or "neither a form nor JSON",
        )
    return members


def names_of(members: Mapping[str, Any]) -> str:
    """The names in an answer, for an error: never the values, and no more than fits a line."""
    return ", ".join(sorted(members))[:200]


def problem_error(
    message: str, report: Mapping[str, str], *, type: str | None = None, data: Any = None
) -> OAuthException:
    """The error for a named problem: :class:`AccessDenied` where the user refused, :class:`ServerError` otherwise.

    :param message: what failed; the problem's name is added if it is a proper name.
    :param report: see :func:`problem_report`.
    :param type: the error's type as in 2010.
    :param data: what the server sent; the report if left out.
    """
    problem = report["oauth_problem"]
    if problem in DENIALS:
        return AccessDenied("The user refused the access", data=data or dict(report))
    shown = problem if _PROBLEM_NAME.fullmatch(problem) else "a problem without a proper name"
    return ServerError(
        f"{message}: {shown}",
        type,
        data or dict(report),
        error=problem,
        error_description=report.get("oauth_problem_advice"),
        code="oauth1_problem",
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)
