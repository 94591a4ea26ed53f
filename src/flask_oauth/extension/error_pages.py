"""When a sign-in fails: a page for the visitor, and below it, in debug mode, what the developer needs.

The handler sits on the application and gives way to the application's own.
Outside of our views it does one thing: it sends users without a valid sign-in to
the sign-in page.  All else is passed on as if it were not there, so programs of
2010 see every exception they saw before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flask import Flask, current_app, request
from werkzeug.wrappers import Response

from ..errors import (
    AccessDenied,
    AccountLinkError,
    AuthorizationResponseError,
    ConfigurationError,
    InvalidResponseError,
    OAuthException,
    SignInRequired,
    StoreError,
    TransportError,
)
from . import addresses, flows, pages, views

if TYPE_CHECKING:
    from .oauth import OAuth

#: What a user mends by signing in.
SIGN_IN_CODES: Final = frozenset({"sign_in_required", "token_expired"})
#: Codes that have words of their own for visitors.
WORDS: Final = {
    "sign_in_loop": "Your browser did not keep the cookie of this site, so the sign-in began again and again.",
    "login_initiation_invalid": "The link that led here is not valid.",
    "scope_not_granted": "This page needs more than you allowed at %(provider)s.",
    "step_up_unsupported": "This page cannot be opened with an account of %(provider)s.",
    "account_linked_elsewhere": "This account of %(provider)s belongs to another user here already.",
    "account_link_last": "This is your only way to sign in, so it stays connected.",
}
#: Kinds of errors, what visitors read of them, and the status; the first that fits counts.
KINDS: Final[tuple[tuple[type[OAuthException], str, int], ...]] = (
    (
        AuthorizationResponseError,
        "The sign-in was started in another browser window or took too long.",
        400,
    ),
    (AccessDenied, "You may not sign in here with this account.", 403),
    (SignInRequired, "The sign-in was started in another browser window or took too long.", 403),
    (AccountLinkError, "This account of %(provider)s belongs to another user here already.", 403),
    (TransportError, "%(provider)s does not answer at the moment.", 503),
    (StoreError, "This site has a problem of its own at the moment.", 503),
    (ConfigurationError, "This site is not set up correctly for this sign-in.", 500),
    (InvalidResponseError, "The answer of %(provider)s was not right, so we did not use it.", 502),
    (OAuthException, "This site has a problem of its own at the moment.", 500),
)
#: The status of pages with a button to try again.
AGAIN: Final = (400, 502, 503)
#: Codes whose page has another status than their kind: what came through the browser is to blame.
STATUS: Final = {"sign_in_loop": 400, "login_initiation_invalid": 400}


def install(oauth: OAuth, app: Flask) -> None:
    """Register the handler, if the application has none for ``OAuthException``."""
    if OAuthException not in _handlers(app):

        def handle(error: OAuthException) -> Any:
            return _handle(oauth, error, handle)

        app.register_error_handler(OAuthException, handle)


def _handlers(app: Flask) -> dict[type[Exception], Any]:
    """The application's error handlers by exception.  Flask calls the table its own, so it is looked at only here."""
    return app.error_handler_spec[None][None]


def _handle(oauth: OAuth, error: OAuthException, handle: Any) -> Any:
    if error.code in SIGN_IN_CODES and not _is_ours(error):
        return views.ask_to_sign_in(oauth)
    if _is_ours(error):
        return problem(oauth, error)
    handlers = _handlers(current_app)
    for kind in type(error).__mro__:
        other = handlers.get(kind)
        if other is not None and other is not handle:
            return current_app.ensure_sync(other)(error)
    raise error


def _is_ours(error: OAuthException) -> bool:
    """Whether it was raised in one of our own views, or noted by us."""
    from .state import request_state

    failure = request_state().failure
    return (failure is not None and failure.error is error) or request.blueprint in addresses.own_names()


def problem(oauth: OAuth, error: OAuthException) -> Response:
    """The page about a failed sign-in, or the same for a program."""
    flows.failed(error, None, flows.flow_id())  # unless it was noted already
    known = flows.context_of(error)
    remote, flow, next_url = known.remote, known.flow, known.next_url
    sentence, status = words_for(error)
    t = pages.translator(oauth)
    text = t(sentence, provider=remote.title if remote is not None else t("The provider"))
    login_url = addresses.login_url(next_url)
    if pages.wants_json():
        return pages.json_answer(status, error=error.code, message=text, flow=flow, login_url=login_url)
    developer = flows.developer_text(error, remote.name if remote is not None else None, flow)
    return pages.page(
        oauth,
        "error.html",
        status,
        referrer="no-referrer",  # the address of this page may hold a code (RFC 9700 §4.2.4)
        text=text,
        flow=flow,
        next_url=next_url,
        retry_url=addresses.start_url(remote.name) if remote is not None and status in AGAIN else None,
        login_url=login_url,
        developer=developer if current_app.debug else None,
    )


def words_for(error: OAuthException) -> tuple[str, int]:
    """What a visitor reads about an error, and the status of the page."""
    sentence, status = next((sentence, status) for kind, sentence, status in KINDS if isinstance(error, kind))
    return WORDS.get(error.code, sentence), STATUS.get(error.code, status)
