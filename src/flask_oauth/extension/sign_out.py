"""Signing out: here, at the provider, and because the provider says so.

==================================  =====================================================
GET ``/logout``                     a page with a button; also where the provider sends the user back to
POST ``/logout``                    signs out here, then at the provider (RP-initiated)
POST ``/backchannel-logout/<name>``   the provider ends sessions, in all workers
GET ``/frontchannel-logout/<name>``   the provider ends the session of this browser, in a frame of its page
==================================  =====================================================

Sections enforced here: OpenID Connect RP-Initiated Logout §2, §3; Back-Channel Logout §2.5–2.8;
Front-Channel Logout §2, §3.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from typing import TYPE_CHECKING, Any, Final

from flask import Response, current_app, g, make_response, redirect, request, session, url_for
from werkzeug.wrappers import Response as BaseResponse

from ..errors import LogoutTokenError, OAuthException, StoreError, TransportError
from ..protocol.openid.logout import LOGOUT_TOKEN_AGE, end_session_url, is_frontchannel_logout, is_logout_return
from . import addresses, completing, ended_sessions, flows, identity, leaving, pages, sign_in, signals, stored_tokens
from .identity import SignedIn
from .signing_in import words
from .state import current_state, request_state
from .stored_tokens import USER

if TYPE_CHECKING:
    from .oauth import OAuth
    from .remote_app import OAuthRemoteApp

logger = logging.getLogger("flask_oauth.flow")

#: Where the session keeps what comes back from the provider's sign-out: state, and where to go on.
LEAVING: Final = "_oauth_leaving"


def sign_out_here(reason: str = "user") -> SignedIn | None:
    """End the sign-in of this browser; whose it was.

    The whole session goes, since it may hold what belongs to that user alone, and the id it had.
    """
    signed_in = identity.current()
    completing.new_session_id()  # while there is something in it: an empty one gets no new id from Flask-Session
    session.clear()
    g.pop("_login_user", None)  # Flask-Login's
    request_state().session_value = None
    flows.forget_loop()
    if signed_in is not None:
        signals.send(signals.signed_out, identity=signed_in.identity, reason=reason)
    return signed_in


def logout(oauth: OAuth) -> BaseResponse:
    """Sign out, after a POST from a page of ours; otherwise show a button."""
    if request.method == "POST" and addresses.from_own_page():
        return _sign_out(oauth)
    pending = session.get(LEAVING)
    if pending and is_logout_return(list(request.args.items(multi=True)), pending[0]):
        session.pop(LEAVING)
        return redirect(pending[1], 302)
    return _question(oauth, 403 if request.method == "POST" else 200)


def _question(oauth: OAuth, status: int) -> Response:
    who = identity.current()
    next_url = addresses.safe_path(request.values.get("next"), "")
    return pages.page(
        oauth,
        "logout.html",
        status if who is not None else 200,
        who=who.identity if who else None,
        url=addresses.logout_url(),
        login_url=addresses.login_url(),
        next_url=next_url,
    )


def _sign_out(oauth: OAuth) -> BaseResponse:
    next_url = addresses.safe_path(request.form.get("next"), addresses.home("OAUTH_AFTER_SIGN_OUT"))
    state = secrets.token_urlsafe(24)
    at_provider = _url_at_provider(oauth, identity.current(), state)
    sign_out_here()
    if at_provider is None:
        return redirect(next_url, 303)
    session[LEAVING] = [state, next_url]
    return leaving.start_response(at_provider, words(oauth))


def _url_at_provider(oauth: OAuth, signed_in: SignedIn | None, state: str) -> str | None:
    """Where the user signs out at their provider too, if there is such a place."""
    if signed_in is None or not signed_in.openid or not current_app.config.get("OAUTH_SIGN_OUT_AT_PROVIDER", True):
        return None
    remote = oauth.find_remote_app(signed_in.identity.provider)
    if remote is None:
        return None
    try:
        client = remote._oauth2(required=True)
        metadata = client.metadata()
        if not metadata.end_session_endpoint:
            return None
        return end_session_url(
            metadata,
            client_id=client.settings.client.client_id,
            id_token_hint=_id_token(remote),
            post_logout_redirect_uri=sign_in.absolute(url_for(addresses.endpoint("logout"))),
            state=state,
        )
    except OAuthException as error:
        # Whatever is wrong there, nobody is kept from signing out here.
        logger.warning("No sign-out at %s: %s", remote.name, error)
        return None


def _id_token(remote: OAuthRemoteApp) -> str | None:
    """The ID Token of this user, if it was kept: the provider then asks no question."""
    try:
        token = stored_tokens.load(remote)
    except OAuthException:
        return None
    return token.id_token if token is not None else None


# -- because the provider says so --------------------------------------------------------------------------------


def backchannel_logout(oauth: OAuth, name: str) -> Response:
    """Take a logout token; 200 if the sessions have ended, 400 if the token does not hold (Back-Channel §2.8)."""
    remote = oauth.sign_in_app_or_404(name)
    try:
        _take_logout_token(remote)
    except (TransportError, StoreError) as error:
        return _no_store(Response(status=503), error, remote)
    except OAuthException as error:
        return _no_store(pages.json_answer(400, error="invalid_request", error_description=str(error)), error, remote)
    return _no_store(Response(status=200), None, remote)


def _take_logout_token(remote: OAuthRemoteApp) -> None:
    given = request.form.getlist("logout_token")
    if len(given) != 1 or remote.issuer is None:
        raise LogoutTokenError("There is not one logout_token", expected="one", got=len(given))
    token = remote._oauth2(required=True).openid.logout_token(given[0])
    marks, digest = ended_sessions.marks(), hashlib.sha256(f"{token.issuer}\0{token.jti}".encode()).hexdigest()
    seen = f"logout:{digest[:40]}"
    if marks.get_mark(seen) is not None:
        raise LogoutTokenError("The logout token was used before", expected="a new jti", got="one that was seen")
    if current_state().token_store is None:
        logger.warning(
            "Back-channel logout from %s ends sessions in this process only: "
            'set app.config["OAUTH_TOKEN_STORE"] so that all workers learn of it',
            remote.name,
        )
    # §2.3: with a sid that session, else all of the person's.
    ended_sessions.end(token.issuer, sid=token.sid, subject=token.subject)
    # §2.6 item 8: remembered for as long as another could pass for new; only now, so that after a failure it may
    # come again.
    marks.add_mark(seen, "used", seconds=2 * LOGOUT_TOKEN_AGE)


def _no_store(response: Response, error: OAuthException | None, remote: OAuthRemoteApp) -> Response:
    """§2.8: the answer is not to be stored."""
    response.headers["Cache-Control"] = "no-store"
    if error is not None:
        logger.error("%s: logout token of %s refused: %s", error.code, remote.name, error)
    return response


def frontchannel_logout(oauth: OAuth, name: str) -> Response:
    """End the session of this browser, if the request names it; answers alike in any case."""
    remote = oauth.sign_in_app_or_404(name)
    signed_in = identity.current()
    of_here = signed_in is not None and signed_in.openid and signed_in.identity.provider == remote.name
    named = is_frontchannel_logout(
        list(request.args.items(multi=True)),
        issuer=signed_in.identity.issuer if signed_in is not None and of_here else None,
        sid=signed_in.sid if signed_in is not None else None,
    )
    if named:
        sign_out_here("front-channel")
    response = make_response(_EMPTY)
    response.headers["Cache-Control"] = "no-store"  # §2
    response.headers["Content-Security-Policy"] = "default-src 'none'"  # and no frame-ancestors: it is shown in a frame
    return response


_EMPTY: Final = "<!doctype html>\n<html lang=en><title>Sign-out</title></html>\n"


def end_if_ended() -> Any:
    """Before a request: a session that its provider has ended is one no more, whoever asks who is signed in."""
    if current_app.config["SESSION_COOKIE_NAME"] not in request.cookies or _is_static():
        return
    if USER not in session or identity.current() is not None:
        return
    signed_in = SignedIn.from_session(session[USER])
    sign_out_here()
    logger.info("a session was ended by its provider")
    signals.send(signals.signed_out, identity=signed_in.identity, reason="back-channel")


def _is_static() -> bool:
    return request.endpoint is None or request.endpoint == "static" or request.endpoint.endswith(".static")
