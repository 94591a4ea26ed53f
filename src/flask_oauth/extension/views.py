"""Protecting views: a signed-in user, and one who signed in more strictly (step-up).

Sections enforced here: RFC 9470 §4, §5 (acr, max_age); OpenID Connect Core §3.1.2.1.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, TypeVar, cast

from flask import current_app, redirect, request
from werkzeug.wrappers import Response

from ..errors import SignInRequired
from . import addresses, flows, identity, pages
from .identity import SignedIn

if TYPE_CHECKING:
    from .oauth import OAuth

F = TypeVar("F", bound=Callable[..., Any])


def login_required(oauth: OAuth, view: F) -> F:
    """Let signed-in users through; send others to the sign-in page, and programs a 401."""

    @functools.wraps(view)
    def decorated(*args: Any, **kwargs: Any) -> Any:
        if request.method != "OPTIONS" and identity.current() is None:
            return ask_to_sign_in(oauth)
        return current_app.ensure_sync(view)(*args, **kwargs)

    return cast("F", decorated)


def ask_to_sign_in(oauth: OAuth, **query: str) -> Response:
    """To the sign-in page and back here; for a program a 401 that says where it is."""
    url = addresses.login_url(addresses.here(), **query)
    if pages.wants_json():
        message = pages.translator(oauth)("Please sign in.")
        return pages.json_answer(401, error="sign_in_required", message=message, login_url=url)
    response = redirect(url, 302 if request.method in ("GET", "HEAD") else 303)
    response.headers["Cache-Control"] = "no-store"
    return response


def require(
    oauth: OAuth, scopes: str | Collection[str], acr: str | Collection[str], max_age: int | None
) -> Callable[[F], F]:
    """Let through who granted these scopes and authenticated in that way, not longer ago; send others to do so."""
    wanted = frozenset(scopes.split() if isinstance(scopes, str) else scopes)
    contexts = tuple(acr.split() if isinstance(acr, str) else acr)

    def decorator(view: F) -> F:
        @functools.wraps(view)
        def decorated(*args: Any, **kwargs: Any) -> Any:
            if request.method != "OPTIONS":
                answer = _step_up(oauth, wanted, contexts, max_age)
                if answer is not None:
                    return answer
            return current_app.ensure_sync(view)(*args, **kwargs)

        return cast("F", decorated)

    return decorator


def _step_up(oauth: OAuth, scopes: frozenset[str], acr: tuple[str, ...], max_age: int | None) -> Response | None:
    """What to answer a user with who has not done enough; ``None`` if they have."""
    signed_in = identity.current()
    if signed_in is None:
        return ask_to_sign_in(oauth)
    missing = scopes - set(signed_in.scope.split())
    weak = bool(acr) and signed_in.acr not in acr
    stale = max_age is not None and not _is_fresh(signed_in, max_age)
    if not (missing or weak or stale):
        return None
    _check_possible(oauth, signed_in, missing, weak or stale)
    from .signing_in import Wish

    wish = Wish(
        "",
        provider=signed_in.identity.provider,
        scope=" ".join(sorted(missing)),
        acr=" ".join(acr) if weak else "",
        max_age=max_age if stale else None,
    )
    return ask_to_sign_in(oauth, step=wish.seal())


def _is_fresh(signed_in: SignedIn, max_age: int) -> bool:
    return signed_in.auth_time is not None and time.time() - signed_in.auth_time <= max_age


def _check_possible(oauth: OAuth, signed_in: SignedIn, missing: frozenset[str] | set[str], stricter: bool) -> None:
    """Stop where asking again would lead in a circle.

    :raises SignInRequired: ``scope_not_granted``: they were asked already; ``step_up_unsupported``: no ID Token.
    """
    refused = missing & set(signed_in.asked.split())
    remote = oauth.find_remote_app(signed_in.identity.provider)
    error = None
    if refused:
        error = SignInRequired(
            "The user did not grant what the page needs",
            code="scope_not_granted",
            expected=" ".join(sorted(refused)),
            got=signed_in.scope,
        )
    elif stricter and not signed_in.openid:
        error = SignInRequired(
            f"{signed_in.identity.provider} does not say how or when people authenticate",
            code="step_up_unsupported",
        )
    if error is not None:
        flows.failed(error, remote, flows.flow_id())
        raise error
