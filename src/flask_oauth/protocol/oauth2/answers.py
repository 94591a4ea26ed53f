"""Reading the answers of an authorization server: status, content type, JSON, and the error answer.

Sections enforced here: RFC 6749 §5.2 (error answer of the token endpoint and of
all endpoints modelled on it), RFC 8259 §4 (member names, unique).
What a provider says about an error is never trusted as text: it is cut and
stripped of control characters before it enters a message.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from ...error_codes import ErrorCode
from ...errors import InvalidResponseError, ServerError
from ..http import HTTPResponse, parse_json_object

#: Members that never enter an error, because they are credentials; beside them all that speak of a token or secret.
SECRET_MEMBERS: Final = frozenset(
    {"code", "device_code", "auth_req_id", "request_uri", "response", "assertion", "password", "api_key"}
)
WORDS_LIMIT: Final = 300


def redacted(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The answer without its credentials, at any depth, fit for an error or a log line."""
    return {name: _without_secrets(value) for name, value in answer.items() if not _is_secret(name)}


def _is_secret(name: str) -> bool:
    folded = name.lower()
    # token_type and issued_token_type say what a token is, not what it is made of.
    speaks_of_one = "token" in folded or "secret" in folded
    return folded in SECRET_MEMBERS or (speaks_of_one and not folded.endswith("_type"))


def _without_secrets(value: Any) -> Any:
    if isinstance(value, Mapping):
        return redacted(value)
    return [_without_secrets(item) for item in value] if isinstance(value, list) else value


def one_line(words: object) -> str:
    """A provider's words as one short printable line, without what could be markup: programs show messages as HTML."""
    text = "".join(
        character if character.isprintable() and character not in '<>&"' else " "
        for character in str(words)[:WORDS_LIMIT]
    )
    return " ".join(text.split())


def is_json(response: HTTPResponse) -> bool:
    """Whether the answer says that it is JSON (RFC 8259 §11, RFC 6839 §3.1)."""
    return response.media_type == "application/json" or response.media_type.endswith("+json")


def read_json(response: HTTPResponse, error: type[InvalidResponseError] = InvalidResponseError) -> dict[str, Any]:
    """The JSON object of an answer that must be one.

    :param error: the class of the error that is raised.
    :raises InvalidResponseError: of the class ``error``: another content type,
        not JSON, a member named twice, nested too deeply.
    """
    if not is_json(response):
        raise error(
            f"{_where(response)} answered with another content type than JSON",
            code="response_content_type",
            expected="application/json",
            got=one_line(response.media_type),
        )
    try:
        return parse_json_object(response)
    except InvalidResponseError as cause:
        raise error(
            f"{_where(response)}: {cause.message}", code=cause.code, expected=cause.expected, got=cause.got
        ) from cause


def read_answer(
    response: HTTPResponse,
    error: type[InvalidResponseError] = InvalidResponseError,
    *,
    statuses: Collection[int] = (200,),
) -> dict[str, Any]:
    """The JSON object of a successful answer.

    :param error: the class of the error that is raised.
    :param statuses: the HTTP statuses of success.
    :raises ServerError: the server answered with an OAuth error, whatever the status (RFC 6749 §5.2).
    :raises InvalidResponseError: of the class ``error``, for anything else that is not such an object.
    """
    if response.status not in statuses:
        raise failure(response, error, statuses=statuses)
    answer = read_json(response, error)
    # Some servers put an error into a 200 answer.
    if answer.get("error"):
        raise server_error(answer)
    return answer


def failure(
    response: HTTPResponse,
    error: type[InvalidResponseError] = InvalidResponseError,
    *,
    statuses: Collection[int] = (200,),
) -> InvalidResponseError:
    """The error for an answer with a status that is not one of success."""
    try:
        answer = read_json(response)
    except InvalidResponseError:
        answer = {}
    if answer.get("error"):
        return server_error(answer)
    return error(
        f"{_where(response)} answered with HTTP status {response.status}",
        code="response_status",
        data=redacted(answer) or None,
        expected=" or ".join(str(status) for status in statuses),
        got=response.status,
    )


def server_error(
    answer: Mapping[str, Any], *, place: str = "The provider answered", code: ErrorCode = "server_error"
) -> ServerError:
    """The error for an answer that holds an ``error`` member (RFC 6749 §5.2, §4.1.2.1).

    Some providers send an object there; its ``type`` and ``message`` are then taken.
    """
    stated, description = answer["error"], answer.get("error_description")
    name = one_line(stated)
    if isinstance(stated, Mapping):
        name, description = one_line(stated.get("type") or stated.get("code") or "error"), stated.get("message")
    return ServerError(
        f"{place} with the error {name!r}" + (f": {one_line(description)}" if description else ""),
        data=redacted(answer),
        code=code,
        error=name,
        error_description=_text(description),
        error_uri=_text(answer.get("error_uri")),
    )


def text_member(answer: Mapping[str, Any], name: str, error: type[InvalidResponseError] = InvalidResponseError) -> str:
    """A member that must be a text and not empty.

    :raises InvalidResponseError: of the class ``error`` (``response_member``).
    """
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        raise member_error(name, "a text that is not empty", value, error)
    return value


def optional_text(
    answer: Mapping[str, Any], name: str, error: type[InvalidResponseError] = InvalidResponseError
) -> str | None:
    """A member that is absent, ``null`` or a text; an empty text counts as absent."""
    value = answer.get(name)
    if value is not None and not isinstance(value, str):
        raise member_error(name, "a text", value, error)
    return value or None


def number_of_seconds(
    answer: Mapping[str, Any], name: str, error: type[InvalidResponseError] = InvalidResponseError
) -> float | None:
    """A member that is absent, ``null``, or a length of time in seconds: a number, or a text that is one.

    :raises InvalidResponseError: of the class ``error`` (``response_member``): not a number, negative or endless.
    """
    value = answer.get(name)
    if value is None or value == "":
        return None
    try:
        seconds = float(value) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else -1.0
    except (ValueError, OverflowError):
        seconds = -1.0
    # A century is more than any lifetime; the comparison is False for "nan" too.
    if not 0 <= seconds <= 100 * 366 * 86400:
        raise member_error(name, "a number of seconds", value, error)
    return seconds


def member_error(name: str, expected: str, value: object, error: type[InvalidResponseError]) -> InvalidResponseError:
    """The error for a member that is missing or of the wrong kind; its value is not shown, only its kind."""
    got = "missing" if value is None else "an empty text" if value == "" else f"a value of kind {type(value).__name__}"
    return error(
        f"The member {name!r} of the answer is not {expected}", code="response_member", expected=expected, got=got
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _where(response: HTTPResponse) -> str:
    return one_line(response.url.partition("?")[0]) or "The server"
