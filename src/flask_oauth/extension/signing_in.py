"""The sign-in views: the page with a button for each provider, the way out to one, and the way back.

===========================  ==========================================================
GET ``/login``               a page with buttons
POST ``/login/<name>``       starts, if the form was ours; GET shows a button that posts
GET, POST ``/callback/<name>``  the provider's answer
GET, POST ``/initiate``      another site asks us to begin (OpenID Connect Core §4)
===========================  ==========================================================
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from flask import Response, after_this_request, current_app, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from ..errors import AccessDenied, OAuthException
from ..protocol.openid.initiation import read_login_initiation
from . import addresses, completing, flows, identity, leaving, pages, pending, sign_in, signals, texts
from .state import current_state, request_state

if TYPE_CHECKING:
    from ..client.transaction import Transaction
    from .oauth import OAuth
    from .remote_app import OAuthRemoteApp

logger = logging.getLogger("flask_oauth.flow")

STEP_UP: Final = "step-up"
BOUNCED: Final = "oauth_bounced"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a visitor wants of a sign-in.

    :param next_url: where they go afterwards.
    :param purpose: what it is for, if not just for signing in.
    :param provider: the only remote app that will do.
    :param scope: to be granted beyond the usual, space separated.
    :param acr: authentication contexts, one of which is demanded, space separated.
    :param max_age: how long ago they may have authenticated, in seconds.
    :param sealed: this wish as it crosses the browser.
    """

    next_url: str
    purpose: str = ""
    provider: str | None = None
    scope: str = ""
    acr: str = ""
    max_age: int | None = None
    sealed: str = ""

    @classmethod
    def of_request(cls) -> Wish:
        """What the form or the query says; only where to go on can be said by everybody."""
        next_url = addresses.safe_path(request.values.get("next"))
        sealed = request.values.get("step", "")
        demands = pages.unseal(STEP_UP, sealed)
        if not demands:
            return cls(next_url)
        return cls(next_url, STEP_UP, sealed=sealed, **demands)

    def seal(self) -> str:
        """The demands for the query."""
        demands = {"provider": self.provider, "scope": self.scope, "acr": self.acr, "max_age": self.max_age}
        return pages.seal(STEP_UP, demands)


def login(oauth: OAuth) -> BaseResponse:
    """The page with a button for each provider."""
    wish, who = Wish.of_request(), identity.current()
    notice = pages.unseal("notice", request.args.get("notice"))
    if who is not None and wish.purpose != STEP_UP and request.args.get("next") and notice is None:
        return redirect(wish.next_url, 302)
    remotes = [remote for remote in oauth.sign_in_apps() if wish.provider in (None, remote.name)]
    buttons = [{"name": r.name, "title": r.title, "url": addresses.start_url(r.name)} for r in remotes]
    if pages.wants_json():
        return pages.json_answer(200, providers=buttons)
    denied = oauth.remote_apps.get(notice[1]) if notice and notice[0] == "denied" else None
    return pages.page(
        oauth,
        "login.html",
        buttons=buttons,
        wish=wish,
        who=who.identity if who else None,
        denied=denied,
        logout_url=addresses.logout_url(),
    )


def start(oauth: OAuth, name: str) -> BaseResponse:
    """Send the visitor to a provider, if a page of ours asks for it."""
    remote = oauth.sign_in_app_or_404(name)
    wish = Wish.of_request()
    posted = request.method == "POST"
    if posted and addresses.from_own_page():
        return begin(oauth, remote, wish)
    if not posted and current_app.config.get("OAUTH_START_BY_GET"):
        return begin(oauth, remote, wish)
    # A form on another site may bring a visitor here, but they press the button themselves (RFC 9700 §4.7).
    return pages.page(oauth, "start.html", 403 if posted else 200, remote=remote, wish=wish, url=request.path)


def begin(oauth: OAuth, remote: OAuthRemoteApp, wish: Wish, **parameters: Any) -> Response:
    """Keep a pending sign-in and lead to the provider.

    :param parameters: further parameters of the authorization request.
    """
    try:
        url = _authorization_url(remote, wish, parameters)
    except OAuthException as error:
        flows.failed(error, remote, flows.flow_id(), wish.next_url)
        raise
    flow = flows.flow_id_of_digest(next(reversed(request_state().kept.values())).digest)
    logger.info("sign-in with %s started, flow %s", remote.name, flow)
    signals.send(signals.sign_in_started, remote_app=remote.name, flow=flow, purpose=wish.purpose.partition(":")[0])
    return leaving.start_response(url, words(oauth))


def _authorization_url(remote: OAuthRemoteApp, wish: Wish, parameters: dict[str, Any]) -> str:
    callback = addresses.callback_url(remote.name)
    if remote._is_oauth1:
        further = sign_in.preset_parameters(remote)
        url, _ = sign_in.begin_oauth1(remote, callback, further, next_url=wish.next_url, purpose=wish.purpose)
        return url
    if wish.scope:
        parameters["scope"] = _joined(remote.scope, _granted(remote), wish.scope)
    if wish.acr:
        parameters["acr"] = wish.acr
    if wish.max_age is not None:
        parameters["max_age"] = wish.max_age
    return sign_in.begin_oauth2(remote, callback, parameters, next_url=wish.next_url, purpose=wish.purpose)


def _granted(remote: OAuthRemoteApp) -> str:
    who = identity.current()
    return who.scope if who is not None and who.identity.provider == remote.name else ""


def _joined(*scopes: str) -> str:
    return " ".join(dict.fromkeys(" ".join(scopes).split()))


def words(oauth: OAuth) -> tuple[str, str, str]:
    """Language, title and link of a page that leads on."""
    t = pages.translator(oauth)
    return texts.visitors_language(), t("One moment, please"), t("Continue")


# -- the way back ------------------------------------------------------------------------------------------------


def callback(oauth: OAuth, name: str) -> BaseResponse:
    """Take the provider's answer."""
    remote = oauth.sign_in_app_or_404(name)
    sign_in.guard_callback()
    landed_at = sign_in.landing(remote)
    if landed_at is not None:
        return leaving.landing_response(landed_at, words(oauth))
    if _session_stayed_at_home():
        return _come_again(oauth)
    key = _key_of_answer(remote)
    begun = pending.begun(key, current_state().flow_keys) if key else None
    flow = flows.flow_id(key)
    try:
        return _finish(oauth, remote, flow)
    except AccessDenied as error:
        if begun is None or isinstance(error, completing.Refused):
            flows.failed(error, remote, flow, begun.next_url if begun else "")
            raise
        return _denied(oauth, remote, begun, flow)
    except OAuthException as error:
        flows.failed(error, remote, flow, begun.next_url if begun else "")
        raise


def _finish(oauth: OAuth, remote: OAuthRemoteApp, flow: str) -> BaseResponse:
    transaction = sign_in.take(remote)
    flows.check_loop()
    result = remote._finish()
    answer = completing.complete(oauth, remote, transaction, result, remote._profile(result), flow)
    if isinstance(answer, str):
        return leaving.landing_response(answer, words(oauth))
    return answer


def _key_of_answer(remote: OAuthRemoteApp) -> str | None:
    """The state or the temporary token that the answer names, whether it is right or not."""
    if remote._is_oauth1:
        return sign_in.answer_value("oauth_token") or sign_in.answer_value("denied")
    try:
        return sign_in.state_of_answer(remote)
    except OAuthException:
        return None


def _denied(oauth: OAuth, remote: OAuthRemoteApp, begun: Transaction, flow: str) -> BaseResponse:
    """The user said no: an outcome, not an error."""
    logger.info("sign-in with %s denied by the user, flow %s", remote.name, flow)
    signals.send(signals.sign_in_denied, remote_app=remote.name, flow=flow)
    answer = oauth.on_denied_func(remote.name) if oauth.on_denied_func is not None else None
    if answer is not None:
        return current_app.make_response(answer)
    notice = pages.seal("notice", ["denied", remote.name])
    return leaving.landing_response(addresses.login_url(begun.next_url, notice=notice), words(oauth))


def _session_stayed_at_home() -> bool:
    """Whether the session cookie is one that browsers leave out of a request that another site began."""
    cross_site = request.headers.get("Sec-Fetch-Site") == "cross-site"
    return cross_site and request.method == "GET" and leaving.session_is_strict() and BOUNCED not in request.cookies


def _come_again(oauth: OAuth) -> Response:
    """Have the browser ask again from a page of ours: then the session cookie comes with it."""
    secure = request.is_secure
    response = leaving.landing_response(addresses.as_asked(), words(oauth))

    @after_this_request
    def once(answer: Response) -> Response:
        answer.set_cookie(BOUNCED, "1", max_age=30, path=request.path, httponly=True, secure=secure, samesite="Lax")
        return answer

    return response


# -- third-party initiated login ---------------------------------------------------------------------------------


def initiate(oauth: OAuth) -> BaseResponse:
    """Begin a sign-in because another site asks for it, at a provider of ours and ending on a page of ours."""
    by_issuer = {remote.issuer: remote for remote in oauth.sign_in_apps() if remote.issuer}
    own_url = sign_in.absolute(request.path)
    given = [(name, value) for source in (request.args, request.form) for name, value in source.items(multi=True)]
    try:
        wish = read_login_initiation(given, issuers=list(by_issuer), own_url=own_url)
    except OAuthException as error:
        flows.failed(error, None, flows.flow_id())
        raise
    target = addresses.path_of(wish.target_link_uri) if wish.target_link_uri else None
    hint = {"login_hint": wish.login_hint} if wish.login_hint else {}
    return begin(oauth, by_issuer[wish.issuer], Wish(addresses.safe_path(target)), **hint)
