"""The wrong ways to send any answer: too large, not JSON, of another type, from elsewhere (N12, N14)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from ...error_codes import ErrorCode
from ...errors import (
    InvalidResponseError,
    MetadataError,
    OAuthException,
    TokenResponseError,
    TransportError,
    UserinfoError,
)
from .cases import Change, Misbehaviour, case
from .web import redirect_answer

ELSEWHERE: Final = "https://elsewhere.example"
#: More than any answer of the protocol may have.
_TOO_LARGE: Final = 1024 * 1024 + 1


def _body(make: Callable[[bytes], bytes]) -> Change:
    return lambda answer, scene: replace(answer, body=make(answer.body))


def _twice(member: str) -> Change:
    """The JSON object with one member twice, the second with another value."""
    return _body(lambda body: body[:-1] + f', "{member}": "another"}}'.encode())


def elsewhere(path: str, status: int = 302) -> Change:
    """A redirect to the same machine under another name, which is another host."""
    return lambda answer, scene: redirect_answer(
        scene.provider.url.replace("127.0.0.1", "localhost") + f"/elsewhere{path}", status
    )


def spoilt_answers(
    stage: str,
    where: str,
    member: str,
    *,
    wrong_type: ErrorCode = "response_content_type",
    case_id: str = "N14",
    agreed: Mapping[str, Any] | None = None,
) -> tuple[Misbehaviour, ...]:
    """The wrong ways to send any JSON answer.

    :param stage: which answer.
    :param where: what it is called.
    :param member: one of its members.
    :param wrong_type: the code of an answer of another content type.
    :param case_id: the rule that is broken.
    :param agreed: what must be agreed on for the answer to be sent at all.
    """
    deep = b'{"deep": ' + b"[" * 200 + b"]" * 200 + b"}"
    rows: tuple[tuple[str, str, ErrorCode, Change], ...] = (
        ("oversize", "more than a megabyte", "transport_too_large", _body(lambda body: body + b" " * _TOO_LARGE)),
        ("not_json", "no JSON", "response_not_json", _body(lambda body: b"<html>welcome</html>")),
        ("not_an_object", "a JSON list", "response_not_json", _body(lambda body: b"[" + body + b"]")),
        ("cut_short", "JSON that ends in the middle", "response_not_json", _body(lambda body: body[:-10])),
        ("html", "JSON as text/html", wrong_type, lambda answer, scene: replace(answer, content_type="text/html")),
        ("no_type", "JSON without a type", wrong_type, lambda answer, scene: replace(answer, content_type="")),
        ("member_twice", "one member twice", "response_duplicate_member", _twice(member)),
        ("deep", "nested two hundred levels deep", "response_too_deep", _body(lambda body: deep)),
    )

    def row(name: str, meaning: str, code: ErrorCode, change: Change) -> Misbehaviour:
        error = TransportError if code == "transport_too_large" else ERRORS[stage]
        changes: dict[str, Any] = {f"{stage}_answer": change}
        words = f"{where}: {meaning}"
        return case(f"{stage}_{name}", case_id, words, code, error=error, agreed=agreed, **changes)

    return tuple(row(*one) for one in rows)


#: The class of the error for an answer that cannot be read.
ERRORS: Final[Mapping[str, type[OAuthException]]] = {
    "metadata": MetadataError,
    "jwks": MetadataError,
    "par": InvalidResponseError,
    "token": TokenResponseError,
    "userinfo": UserinfoError,
    "refresh": TokenResponseError,
    "webfinger": MetadataError,
    "registration": InvalidResponseError,
}
