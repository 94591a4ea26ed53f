"""The wrong ways to send any answer: too large, not JSON, of another type, from elsewhere (N12, N14)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from ...error_codes import ErrorCode
from ...errors import OAuthException, TransportError
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
    error: type[OAuthException],
    *,
    wrong_type: ErrorCode = "response_content_type",
) -> tuple[Misbehaviour, ...]:
    """The wrong ways to send any JSON answer.

    :param member: one of its members.
    :param error: the class of the error that most of them end in.
    :param wrong_type: the code of an answer of another content type.
    """
    deep = b'{"deep": ' + b"[" * 200 + b"]" * 200 + b"}"
    rows: tuple[tuple[str, str, Any, Change, type[OAuthException]], ...] = (
        ("oversize", "more than a megabyte", "transport_too_large",
         _body(lambda body: body + b" " * _TOO_LARGE), TransportError),
        ("not_json", "no JSON", "response_not_json", _body(lambda body: b"<html>welcome</html>"), error),
        ("not_an_object", "a JSON list", "response_not_json", _body(lambda body: b"[" + body + b"]"), error),
        ("cut_short", "JSON that ends in the middle", "response_not_json", _body(lambda body: body[:-10]), error),
        ("html", "JSON as text/html", wrong_type,
         lambda answer, scene: replace(answer, content_type="text/html"), error),
        ("no_type", "JSON without a content type", wrong_type,
         lambda answer, scene: replace(answer, content_type=""), error),
        ("member_twice", "one member twice", "response_duplicate_member", _twice(member), error),
        ("deep", "nested two hundred levels deep", "response_too_deep", _body(lambda body: deep), error),
    )  # fmt: skip
    return tuple(_row(stage, where, *row) for row in rows)


def _row(
    stage: str, where: str, name: str, meaning: str, code: Any, change: Change, error: type[OAuthException]
) -> Misbehaviour:
    changes: dict[str, Any] = {f"{stage}_answer": change}
    return case(f"{stage}_{name}", "N14", f"{where}: {meaning}", code, error=error, **changes)
