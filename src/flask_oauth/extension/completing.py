"""The end of a sign-in: the provider's answers hold, and somebody becomes the user of this session.

Sections enforced here: RFC 9700 §4.7; session fixation (the session gets a new id).
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from flask import current_app, g, session
from flask.sessions import SecureCookieSessionInterface
from werkzeug.wrappers import Response

from ..client.profile import Profile
from ..client.sign_in import SignIn
from ..errors import AccessDenied, SignInRequired, StoreError
from ..protocol.token import Token
from . import addresses, identity, linking, pages, signals, stored_tokens
from .identity import Identity, SignedIn
from .session_store import TOKENS
from .stored_tokens import USER

if TYPE_CHECKING:
    from ..client.transaction import Transaction
    from .oauth import OAuth
    from .remote_app import OAuthRemoteApp

logger = logging.getLogger("flask_oauth.flow")

#: Where the session keeps a sign-in that the application wants to ask more about.
HELD: Final = "_oauth_held"
#: How long it may ask, in seconds.
HELD_SECONDS: Final = 600
#: The most bytes a session cookie may have with its name and attributes; browsers drop a longer one in silence.
MOST_COOKIE_BYTES: Final = 3900


class Refused(AccessDenied):
    """The application does not let this person in."""


def complete(
    oauth: OAuth, remote: OAuthRemoteApp, transaction: Transaction, result: SignIn, profile: Profile, flow: str
) -> str | Response:
    """Sign somebody in, or do what else the sign-in was for.

    :returns: the path to go on to, or an answer of the application's own.
    :raises Refused: the application said no.
    """
    signed_in = _signed_in(remote, transaction, result, profile)
    if transaction.purpose.startswith(linking.PURPOSE):
        return linking.complete(oauth, remote, transaction, signed_in, result.token)
    if oauth.account_links is not None:
        known = oauth.account_links.find(signed_in.identity.issuer, signed_in.identity.subject)
        signed_in = replace(signed_in, account=known)
    before = _begin_session(signed_in)
    answer = _ask_application(oauth, signed_in.identity, result.token, somebody_before=before)
    if answer is not None and not isinstance(answer, str):
        _hold(remote, signed_in, result.token, transaction.next_url, flow)
        return current_app.make_response(answer)
    _settle(oauth, remote, result.token, flow)
    return answer if answer is not None else addresses.safe_path(transaction.next_url)


def _signed_in(remote: OAuthRemoteApp, transaction: Transaction, result: SignIn, profile: Profile) -> SignedIn:
    id_token: Mapping[str, Any] = result.id_token.claims if result.id_token is not None else {}
    issuer = str(id_token.get("iss") or stored_tokens.place_of(remote))
    return SignedIn(
        Identity.of(remote.name, issuer, profile.claims, profile.raw),
        round(time.time(), 3),
        openid=result.id_token is not None,
        sid=_text_or_none(id_token.get("sid")),
        auth_time=_whole_or_none(id_token.get("auth_time")),
        acr=_text_or_none(id_token.get("acr")),
        scope=result.token.scope,
        asked=transaction.scope if transaction.purpose else "",
    )


def _text_or_none(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _whole_or_none(value: Any) -> int | None:
    return int(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


# -- the session -------------------------------------------------------------------------------------------------


def _begin_session(signed_in: SignedIn) -> bool:
    """Make somebody the user of this session: under a new id, and without anything of somebody before them.

    :returns: whether somebody was its user before.
    """
    before = session.get(USER) or _who_waits()
    who = signed_in.identity
    if before and (before["issuer"], before["subject"]) != (who.issuer, who.subject):
        session.clear()
        g.pop("_login_user", None)  # Flask-Login's
    session.pop(HELD, None)
    identity.remember(signed_in)
    new_session_id()
    return bool(before)


def _who_waits() -> Any:
    """Whoever's sign-in was held in this session last, however long ago: what it holds may be theirs."""
    content = pages.unseal(HELD, session.get(HELD), seconds=math.inf)
    return content[1] if content else None


def new_session_id() -> None:
    """Give the session another id, where it has one (Flask-Session): whoever planted the old one loses it."""
    regenerate = getattr(current_app.session_interface, "regenerate", None)
    if regenerate is not None:
        regenerate(session)


def _fits() -> bool:
    """Whether the session still fits into a cookie."""
    interface = current_app.session_interface
    if not isinstance(interface, SecureCookieSessionInterface):
        return True
    serializer = interface.get_signing_serializer(current_app._get_current_object())  # type: ignore[attr-defined]
    return serializer is None or len(serializer.dumps(dict(session))) <= MOST_COOKIE_BYTES


# -- the application's say ---------------------------------------------------------------------------------------


def _ask_application(oauth: OAuth, who: Identity, token: Token, *, somebody_before: bool) -> Any:
    """What ``on_sign_in`` says; nobody is signed in if it does not say yes."""
    if oauth.on_sign_in_func is None:
        return None
    try:
        answer = oauth.on_sign_in_func(who, token)
    except AccessDenied as error:
        _end_session(somebody_before)
        raise Refused(str(error), hint="on_sign_in did not let them in.") from error
    except BaseException:
        _end_session(somebody_before)
        raise
    if answer is not None and not isinstance(answer, str):
        session.pop(USER, None)
    return answer


def _end_session(somebody_before: bool) -> None:
    """Nobody is signed in any more; what is left of who was before goes too, since whoever is next may be another."""
    session.pop(USER, None)
    if somebody_before:
        session.clear()
        g.pop("_login_user", None)  # Flask-Login's


def _hold(remote: OAuthRemoteApp, signed_in: SignedIn, token: Token, next_url: str, flow: str) -> None:
    """Keep a sign-in, sealed, until the application has what it asks for."""
    content = [remote.name, signed_in.to_session(), token.to_dict(), next_url, flow]
    session[HELD] = pages.seal(HELD, content)
    if not _fits():
        content[2] = replace(token, id_token=None).to_dict()
        session[HELD] = pages.seal(HELD, content)
    if not _fits():
        del session[HELD]
        raise StoreError("The sign-in that waits does not fit into the session cookie", code="store_session_full")


def held(oauth: OAuth) -> tuple[OAuthRemoteApp, SignedIn, Token, str, str] | None:
    """The sign-in that the application wants to ask more about."""
    content = pages.unseal(HELD, session.get(HELD), seconds=HELD_SECONDS)
    remote = oauth.find_remote_app(content[0]) if content else None
    if content is None or remote is None:
        return None
    _, signed_in, token, next_url, flow = content
    return remote, SignedIn.from_session(signed_in), Token.from_dict(token), next_url, flow


def finish_held(oauth: OAuth) -> str:
    """Sign in whoever waits for it; the path to go on to.

    :raises SignInRequired: nobody waits, or they took too long.
    """
    waiting = held(oauth)
    if waiting is None:
        raise SignInRequired("There is no sign-in to finish")
    remote, signed_in, token, next_url, flow = waiting
    _begin_session(replace(signed_in, at=round(time.time(), 3)))
    _settle(oauth, remote, token, flow)
    return addresses.safe_path(next_url)


# -- what follows ------------------------------------------------------------------------------------------------


def _settle(oauth: OAuth, remote: OAuthRemoteApp, token: Token, flow: str) -> None:
    """Link the account, keep the token, and tell everybody."""
    linking.settle(oauth)
    keep_token(remote, token)
    signed_in = identity.current()
    if signed_in is None:
        raise SignInRequired("Nobody is signed in after the sign-in")
    logger.info("signed in with %s, flow %s", remote.name, flow)
    signals.send(signals.token_issued, remote_app=remote.name, token=token)
    signals.send(signals.signed_in, remote_app=remote.name, identity=signed_in.identity, token=token, flow=flow)


def keep_token(remote: OAuthRemoteApp, token: Token) -> None:
    """Keep a token; where it is too large for a cookie, first without its ID Token, then not at all.

    A person who only wants to sign in does so even if the application has no token store; its log says what to do.
    """
    before = session.get(TOKENS)
    for attempt in (token, replace(token, id_token=None)):
        if _kept(remote, attempt):
            return
        if before is None:
            session.pop(TOKENS, None)
        else:
            session[TOKENS] = before
    logger.warning(
        "The token of %s does not fit into the session cookie and is not kept: "
        'set app.config["OAUTH_TOKEN_STORE"], for example to "sqlite:///tokens.db" (store_session_full)',
        remote.name,
    )


def _kept(remote: OAuthRemoteApp, token: Token) -> bool:
    try:
        stored_tokens.remember(remote, token)
    except StoreError as error:
        if error.code != "store_session_full":
            raise
        return False
    return TOKENS not in session or _fits()
