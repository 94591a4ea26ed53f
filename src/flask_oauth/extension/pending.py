"""Pending sign-ins, each in a sealed cookie of its own.

=====================  ========================================================
keyed by               the ``state`` (OAuth 2) or the temporary token (OAuth 1.0a)
sealed with            AES-256-GCM, under the keys of ``SECRET_KEY``
lives                  ten minutes, at most eight to a browser, oldest dropped
taken                  once; a marker stays behind, so that Back is recognised
=====================  ========================================================

So parallel tabs work, the session does not grow, and any machine that has the
keys can take the answer.  The ``state`` itself is sealed as well: it tells when
and under which address a sign-in began even if its cookie does not come back.

Sections: RFC 9700 §4.7 (binding to the browser), RFC 6749 §10.12,
OAuth 2.0 Form Post Response Mode (``SameSite=None`` there alone).
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import struct
import threading
from array import array
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin, urlsplit

from flask import Response, after_this_request, request

from ..client.transaction import LIFETIME, Transaction
from ..errors import AuthorizationResponseError, StoreError
from ..storage import KeyNotInRingError, KeyRing, SealBrokenError
from .state import current_state, request_state

if TYPE_CHECKING:
    from ..error_codes import ErrorCode

MOST_PENDING: Final = 8
PREFIX: Final = "oauth_"
HOST_PREFIX: Final = "__Host-oauth_"
STATE_PURPOSE: Final = b"state"
USED: Final = b"used"
#: A path on this site that parsing would not change.
_PLAIN_PATH: Final = re.compile(r"/(?:[A-Za-z0-9_~-]+(?:[/.][A-Za-z0-9_~-]+)*)?(?:\?[A-Za-z0-9_.~&=%+-]+)?")


@dataclass(frozen=True, slots=True)
class FlowCookie:
    """A cookie of ours as it came, not opened yet.

    :param name: its full name.
    :param started_at: seconds since the epoch, from its name.
    :param digest: what its key (the state) hashes to, from its name.
    """

    name: str
    value: str
    started_at: int
    digest: str


@dataclass(frozen=True, slots=True)
class UsedSignIn:
    """What is left of a sign-in that was taken.

    :param landed_at: the path the browser was sent to after it; empty if it was not sent anywhere.
    :param succeeded: whether somebody was signed in by it, as far as this extension does that itself.
    """

    landed_at: str
    succeeded: bool = False


def new_state(keys: KeyRing, now: float) -> str:
    """A ``state`` that nobody can guess or make, and that tells us when and where its sign-in began."""
    payload = secrets.token_bytes(16) + struct.pack(">I", int(now)) + _site().encode()
    return as_text(keys.seal(payload, STATE_PURPOSE))


def keep(transaction: Transaction, keys: KeyRing) -> None:
    """Give the browser the cookie of a pending sign-in, with the response of this request."""
    digest = digest_of(transaction.key)
    name = f"{_prefix()}{transaction.started_at:x}_{digest}"
    sealed = as_text(keys.seal(transaction.to_bytes(), digest.encode()))
    cross_site = transaction.response_mode.startswith("form_post")
    _forget_oldest()
    _set_cookie(name, sealed, cross_site=cross_site)
    _kept_in_this_request()[name] = FlowCookie(name, sealed, transaction.started_at, digest)


def find(key: str, remote_app: str, keys: KeyRing, now: float, *, made_here: bool = True) -> Transaction:
    """The pending sign-in with that key, opened and checked but not taken.

    :param key: the ``state``, or the temporary token of OAuth 1.0a.
    :param made_here: whether the key may be a state of ours, which tells when and where it was made.

    :raises AuthorizationResponseError: there is none that may be used, and why.
    """
    digest = digest_of(key)
    cookies = sorted((c for c in flow_cookies() if c.digest == digest), key=lambda c: -c.started_at)
    if not cookies:
        raise _explain_absence(key if made_here else "", keys, now)
    opened = _open(cookies[0], keys)
    # RFC 9700 §4.7.1: a state is good for one answer.
    if isinstance(opened, UsedSignIn) or not _first_use(digest, opened.started_at, claim=False):
        raise _refusal("state_used", "The answer of this sign-in was used already")
    if opened.expired(now):
        raise _refusal(
            "state_expired",
            "The sign-in took too long",
            expected=f"an answer within {LIFETIME} s",
            got=f"an answer after {int(now) - opened.started_at} s",
        )
    # RFC 9700 §4.4: the answer must come to the callback of the server the user was sent to.
    if opened.remote_app != remote_app:
        raise _refusal(
            "state_other_remote_app",
            f"The answer for {opened.remote_app!r} arrived at the callback of {remote_app!r}",
            expected=opened.remote_app,
            got=remote_app,
        )
    return opened


def find_out_of_band(remote_app: str, keys: KeyRing, now: float) -> Transaction:
    """The newest pending OAuth 1.0a sign-in of a remote app that was started without a callback (PIN).

    :raises AuthorizationResponseError: there is none.
    """
    for cookie in sorted(flow_cookies(), key=lambda c: -c.started_at):
        try:
            opened = _open(cookie, keys)
        except AuthorizationResponseError:
            continue
        if isinstance(opened, UsedSignIn) or opened.remote_app != remote_app or opened.redirect_uri:
            continue
        if not opened.expired(now) and _first_use(cookie.digest, opened.started_at, claim=False):
            return opened
    raise _refusal("state_missing", "The answer does not say which sign-in it belongs to")


def take(transaction: Transaction, keys: KeyRing) -> None:
    """Use a pending sign-in up, once; the browser keeps a marker that says so.

    :raises AuthorizationResponseError: it was taken in the meantime.
    """
    digest = digest_of(transaction.key)
    if not _first_use(digest, transaction.started_at, claim=True):
        raise _refusal("state_used", "The answer of this sign-in was used already")
    names = [cookie.name for cookie in flow_cookies() if cookie.digest == digest]
    attributes = _attributes(transaction.response_mode.startswith("form_post"))

    @after_this_request
    def leave_marker(response: Response) -> Response:
        landed_at = _own_path(response.headers.get("Location", "")) if response.status_code in (302, 303) else ""
        for name in names:
            left = {"to": landed_at, "in": request_state().signed_in is not None}
            marker = as_text(keys.seal(USED + json.dumps(left).encode(), digest.encode()))
            _write_cookie(response, name, marker, attributes)
        return response


def landing_of(key: str, keys: KeyRing) -> str | None:
    """Where this browser went after a sign-in that it brings back again (Back, a double click); ``None`` if unknown."""
    digest = digest_of(key)
    opened = (_opened_or_none(cookie, keys) for cookie in flow_cookies() if cookie.digest == digest)
    return next((each.landed_at for each in opened if isinstance(each, UsedSignIn) and each.landed_at), None)


def succeeded_since(keys: KeyRing, moment: float) -> int:
    """How many sign-ins that this browser began since a moment (seconds since the epoch) ended well."""
    opened = [_opened_or_none(cookie, keys) for cookie in flow_cookies() if cookie.started_at > moment]
    return sum(isinstance(each, UsedSignIn) and each.succeeded for each in opened)


def begun(key: str, keys: KeyRing) -> Transaction | None:
    """The sign-in with that key as this browser began it, whether it may still be used or not."""
    digest = digest_of(key)
    opened = (_opened_or_none(cookie, keys) for cookie in flow_cookies() if cookie.digest == digest)
    return next((each for each in opened if isinstance(each, Transaction)), None)


def _opened_or_none(cookie: FlowCookie, keys: KeyRing) -> Transaction | UsedSignIn | None:
    try:
        return _open(cookie, keys)
    except AuthorizationResponseError:
        return None


def flow_cookies() -> list[FlowCookie]:
    """The cookies of pending sign-ins that this browser has, those set in this very request included."""
    known = request_state()
    if known.brought is None:
        known.brought = _brought()
    return list({**known.brought, **known.kept}.values())


def _brought() -> dict[str, FlowCookie]:
    prefix, found = _prefix(), {}
    for name, value in request.cookies.items():
        if name.startswith(prefix):
            started, _, digest = name[len(prefix) :].partition("_")
            try:
                found[name] = FlowCookie(name, value, int(started, 16), digest)
            except ValueError:
                continue  # another program's cookie
    return found


def digest_of(key: str) -> str:
    """What a key is called in a cookie's name: enough to find it, not enough to forge it."""
    return hashlib.sha256(key.encode()).hexdigest()[:20]


# -- sealed values --------------------------------------------------------------------------------------------


def _open(cookie: FlowCookie, keys: KeyRing) -> Transaction | UsedSignIn:
    try:
        content = keys.open(as_bytes(cookie.value), cookie.digest.encode())
    except (StoreError, ValueError) as error:
        raise _refusal("state_other_key", "The sign-in was sealed with a key this process does not have") from error
    if content.startswith(USED):
        left = json.loads(content[len(USED) :])
        return UsedSignIn(left["to"], left.get("in", False))
    return Transaction.from_bytes(content)


def _explain_absence(key: str, keys: KeyRing, now: float) -> AuthorizationResponseError:
    """Why there is no cookie for that state: measured, not listed."""
    here = _site()
    others = bool(flow_cookies())
    try:
        content = keys.open(as_bytes(key), STATE_PURPOSE)
        (started_at,), began_at = struct.unpack(">I", content[16:20]), content[20:].decode()
    except KeyNotInRingError:
        return _refusal("state_other_key", "The sign-in was begun under a key this process does not have")
    except (SealBrokenError, ValueError, struct.error):  # a state of the application's own, or anybody's invention
        if others:
            return _refusal("state_mismatch", "The answer does not belong to a sign-in of this browser")
        return _refusal(
            "state_cookie_missing", "The browser did not bring the cookie of this sign-in", got=f"no cookie at {here}"
        )
    age = int(now) - started_at
    expected = f"the cookie set {age} s ago for {began_at}"
    if age > LIFETIME:
        return _refusal(
            "state_expired",
            "The sign-in took too long",
            expected=f"an answer within {LIFETIME} s",
            got=f"an answer after {age} s",
        )
    if urlsplit(began_at).hostname != urlsplit(here).hostname:
        return _refusal(
            "state_other_host",
            f"The sign-in began at {began_at} and came back to {here}",
            expected=expected,
            got=f"a callback at {here}",
        )
    if others:
        return _refusal(
            "state_mismatch",
            "The answer does not belong to a sign-in of this browser",
            expected=expected,
            got="cookies of other sign-ins",
        )
    return _refusal(
        "state_cookie_missing",
        "The browser did not bring the cookie of this sign-in",
        expected=expected,
        got=f"no cookie at {here}",
    )


def _refusal(
    code: ErrorCode, message: str, *, expected: str | None = None, got: str | None = None
) -> AuthorizationResponseError:
    return AuthorizationResponseError(message, code=code, expected=expected, got=got)


def as_text(sealed: bytes) -> str:
    """Sealed bytes for a cookie or a URL."""
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def as_bytes(text: str) -> bytes:
    """What :func:`as_text` wrote.

    :raises ValueError: it was not that.
    """
    return base64.b64decode(text.encode() + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)


# -- once -----------------------------------------------------------------------------------------------------


class _Memory:
    """The sign-ins this process has taken, for their lifetime: a cookie that is sent again does not help.

    Eight bytes for each, in order, by the minute they began.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: dict[int, array[int]] = {}

    def first_use(self, digest: str, started_at: int, *, claim: bool) -> bool:
        # A state that an application chooses itself may come again, later.
        minute, mark = started_at // 60, int(digest[:16], 16) ^ started_at
        with self._lock:
            marks = self._taken.get(minute) or array("Q")
            position = bisect_left(marks, mark)
            if position < len(marks) and marks[position] == mark:
                return False
            if claim:
                marks.insert(position, mark)
                self._taken[minute] = marks
                for old in [one for one in self._taken if one < minute - 2 * LIFETIME // 60]:
                    del self._taken[old]
            return True


_memory = _Memory()


def _first_use(digest: str, started_at: int, *, claim: bool) -> bool:
    """Whether nobody has taken the sign-in: in this process, and in all others when there is a token store."""
    if not _memory.first_use(digest, started_at, claim=claim):
        return False
    store = current_state().token_store
    return store is None or not claim or store.add_mark(f"flow:{digest}:{started_at}", "used", seconds=2 * LIFETIME)


# -- cookies --------------------------------------------------------------------------------------------------


def _kept_in_this_request() -> dict[str, FlowCookie]:
    return request_state().kept


def _prefix() -> str:
    # The __Host- prefix keeps other hosts of the domain from planting the cookie (RFC 6265bis §4.1.3.2).
    return HOST_PREFIX if request.is_secure else PREFIX


def _attributes(cross_site: bool) -> str:
    # A form post from the provider is a cross-site request: only SameSite=None lets the cookie come with it,
    # and browsers take that only as Secure. On loopback hosts they take Secure over http too.
    secure = "; Secure" if request.is_secure or cross_site else ""
    return f"; Max-Age={LIFETIME}; Path=/; HttpOnly; SameSite={'None' if cross_site else 'Lax'}{secure}"


def _set_cookie(name: str, value: str, *, cross_site: bool) -> None:
    attributes = _attributes(cross_site)

    @after_this_request
    def set_cookie(response: Response) -> Response:
        _write_cookie(response, name, value, attributes)
        return response


def _write_cookie(response: Response, name: str, value: str, attributes: str) -> None:
    # Names and values are of letters, digits, "-" and "_", so nothing is to be quoted.
    response.headers.add("Set-Cookie", f"{name}={value}{attributes}")


def _forget_oldest() -> None:
    """Make room for one more."""
    cookies = sorted(flow_cookies(), key=lambda cookie: cookie.started_at)
    surplus = [cookie.name for cookie in cookies[: max(0, len(cookies) - MOST_PENDING + 1)]]
    if not surplus:
        return
    for name in surplus:
        _kept_in_this_request().pop(name, None)
    secure = request.is_secure

    @after_this_request
    def forget(response: Response) -> Response:
        for name in surplus:
            response.delete_cookie(name, path="/", secure=secure, httponly=True)
        return response


def _site() -> str:
    """The address of this site as this browser sees it, without a path."""
    return f"{request.scheme}://{request.host}"


def _own_path(location: str) -> str:
    """A redirect target as a path on this site, or nothing if it leads elsewhere."""
    if _PLAIN_PATH.fullmatch(location):
        return location
    target = urlsplit(urljoin(_site(), location))
    if not location or target.netloc != request.host or target.path.startswith("//"):
        return ""
    return target.path + (f"?{target.query}" if target.query else "")
