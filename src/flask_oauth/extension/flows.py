"""What may be said of one sign-in to everybody: its number, its failure, and how often it happened lately.

One ERROR record on ``flask_oauth.flow`` for each sign-in that failed, with its
code and its number, and never with a token, a code or a secret.
"""

from __future__ import annotations

import logging
import secrets
import time
from typing import TYPE_CHECKING, Final

from flask import Response, after_this_request, current_app, request, session

from ..error_codes import EXPLANATIONS
from ..errors import OAuthException
from . import pending, signals
from .state import current_state, request_state
from .stored_tokens import USER

if TYPE_CHECKING:
    from .remote_app import OAuthRemoteApp

logger = logging.getLogger("flask_oauth.flow")

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: nothing that sounds or looks alike
#: How many sign-ins of one browser in so many seconds make a loop.
LOOP_COUNT: Final = 3
LOOP_SECONDS: Final = 60
SIGNED_OUT: Final = "oauth_out"


def flow_id(key: str | None = None) -> str:
    """The number of a sign-in, for a visitor to read out.

    :param key: the ``state`` or temporary token; without one the number is a new one.
    """
    return flow_id_of_digest(pending.digest_of(key or secrets.token_hex(16)))


def flow_id_of_digest(digest: str) -> str:
    """The same, from the digest in the name of its cookie."""
    number = int(digest[:8], 16)
    letters = "".join(_ALPHABET[number >> shift & 31] for shift in range(0, 30, 5))
    return f"{letters[:4]}-{letters[4:]}"


def failed(error: OAuthException, remote: OAuthRemoteApp | None, flow: str, next_url: str = "") -> None:
    """Note that a sign-in failed, once: in the log, by a signal, and for the page about it."""
    known = request_state()
    if known.failure is not None and known.failure.error is error:
        return
    known.failure = Failure(error, remote, flow, next_url)
    name = remote.name if remote is not None else None
    logger.error(
        developer_text(error, name, flow),
        extra={"oauth_code": error.code, "oauth_flow": flow, "oauth_remote_app": name},
    )
    signals.send(signals.sign_in_failed, remote_app=name, error=error, flow=flow)


class Failure:
    """A sign-in that failed in this request.

    :param error: why.
    :param remote: at which provider, if that is known.
    :param flow: its number.
    :param next_url: where the visitor wanted to go.
    """

    __slots__ = ("error", "flow", "next_url", "remote")

    def __init__(self, error: OAuthException, remote: OAuthRemoteApp | None, flow: str, next_url: str) -> None:
        self.error = error
        self.remote = remote
        self.flow = flow
        self.next_url = next_url


def developer_text(error: OAuthException, name: str | None, flow: str) -> str:
    """What happened, for the developer who reads it at 2 a.m."""
    cause = EXPLANATIONS[error.code].cause
    lines = [
        ("saw", f"{error}" if error.got is None else f"{error} (got {_line(error.got)})"),
        ("expected", None if error.expected is None else _line(error.expected)),
        ("cause", cause),
        ("under it", None if error.__cause__ is None else type(error.__cause__).__name__),
        ("change", error.hint),
        ("more", f"flask oauth explain {error.code}"),
    ]
    head = "  ".join(part for part in (error.code, name, f"flow {flow}") if part)
    return "\n".join([head, *(f"  {title:<9} {text}" for title, text in lines if text)])


def _line(value: object) -> str:
    """Anything as one line: what a provider wrote makes no lines of its own in the log."""
    text = " ".join(str(value).split())
    return "".join(letter if letter.isprintable() else "�" for letter in text)[:300]


# -- the guard against loops -------------------------------------------------------------------------------------


def check_loop() -> None:
    """Stop a browser that signs in again and again because the session cookie does not come back.

    :raises OAuthException: ``sign_in_loop``, with what was measured.
    """
    if USER in session:
        return
    now = time.time()
    since = max(now - LOOP_SECONDS, _signed_out_at())
    lately = pending.succeeded_since(current_state().flow_keys, since)
    if lately + 1 < LOOP_COUNT:
        return
    name = current_app.config["SESSION_COOKIE_NAME"]
    raise OAuthException(
        f"This browser signed in {lately + 1} times within {LOOP_SECONDS} s",
        code="sign_in_loop",
        expected=f"the cookie {name!r} of the sign-in before",
        got=f"the cookie {name!r} without a sign-in" if name in request.cookies else f"no cookie {name!r}",
        hint=_cure(name),
    )


def _cure(name: str) -> str:
    """The line to change, as far as it can be measured from here."""
    config = current_app.config
    domain = config.get("SESSION_COOKIE_DOMAIN")
    if config.get("SESSION_COOKIE_SECURE") and not request.is_secure:
        return f"SESSION_COOKIE_SECURE keeps {name!r} from {request.host_url}: reach the site over https."
    if domain and not f".{request.host.partition(':')[0]}".endswith(f".{domain.lstrip('.')}"):
        return f"SESSION_COOKIE_DOMAIN={domain!r} does not fit the host {request.host!r}: drop it."
    return f"Look at {name!r} in the browser: its size (4 KB at most), Path, Domain, Secure and SameSite."


def forget_loop() -> None:
    """A sign-out ends the count: who signs in and out by hand is in no loop."""
    now = int(time.time())
    secure = request.is_secure

    @after_this_request
    def note(response: Response) -> Response:
        response.set_cookie(
            SIGNED_OUT, str(now), max_age=LOOP_SECONDS, path="/", httponly=True, secure=secure, samesite="Lax"
        )
        return response


def _signed_out_at() -> float:
    value = request.cookies.get(SIGNED_OUT, "")
    return float(value) if value.isdecimal() and len(value) < 12 else 0.0


def context_of(error: OAuthException) -> Failure:
    """What is known about a failure beyond the error itself; a new number for one that was not noted."""
    known = request_state().failure
    return known if known is not None and known.error is error else Failure(error, None, flow_id(), "")
