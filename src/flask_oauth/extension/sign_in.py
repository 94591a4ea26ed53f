"""A sign-in between two requests of one browser: sent out in the first, taken up again in the second.

The remote app calls these; each does one of the numbered steps around the hub
(4: keep the transaction, 5: take it once).
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from flask import Response, after_this_request, current_app, request, session
from werkzeug.urls import iri_to_uri

from ..errors import AuthorizationResponseError, ConfigurationError
from . import pending
from .state import current_state, request_state
from .stored_tokens import application_user

if TYPE_CHECKING:
    from ..client.transaction import Transaction
    from .remote_app import OAuthRemoteApp

#: Parameters that only an answer of a provider has.
ANSWER_NAMES = ("code", "oauth_verifier", "response")
_ABSOLUTE = re.compile(r"https?://[a-z0-9.-]+(?::[1-9][0-9]*)?/[A-Za-z0-9_~-]+(?:[/.][A-Za-z0-9_~-]+)*")
#: What the hub sets itself and takes from the application by other ways.
SET_BY_US = frozenset({"state", "acr"})


def answer_parameters() -> list[tuple[str, str]]:
    """What the provider sent through the browser: the form of a POST, the query otherwise."""
    source = request.form if request.method == "POST" else request.args
    return list(source.items(multi=True))


def answer_value(name: str) -> str | None:
    """One parameter of the answer."""
    source = request.form if request.method == "POST" else request.args
    return source.get(name)


def absolute(callback: str) -> str:
    """A callback as an absolute URL, at the address by which browsers know this site.

    ``OAUTH_EXTERNAL_URL`` wins over the request's own address.
    """
    # What url_for(_external=True) gives is absolute already; parsing it would not change it.
    url = callback if _ABSOLUTE.fullmatch(callback) else iri_to_uri(urljoin(request.url, callback))
    external = current_app.config.get("OAUTH_EXTERNAL_URL")
    if external:
        parts, home = urlsplit(url), urlsplit(external)
        if parts.netloc == request.host:
            return parts._replace(scheme=home.scheme, netloc=home.netloc).geturl()
    return url


def begin_oauth1(
    remote: OAuthRemoteApp,
    callback: str | None,
    parameters: Mapping[str, Any] | None = None,
    *,
    next_url: str = "",
    purpose: str = "",
) -> tuple[str, Transaction]:
    """Ask for temporary credentials and keep the pending sign-in; returns the URL to send the user to."""
    client = remote._oauth1()
    url, transaction = client.authorize(
        remote.name,
        callback=None if callback is None else absolute(callback),
        parameters=dict(remote.request_token_params or {}),
        authorization_parameters=parameters,
        next_url=next_url,
        purpose=purpose,
    )
    _keep(remote, transaction)
    if remote._speaks_2010():
        session[f"{remote.name}_oauthtok"] = (transaction.key, transaction.token_secret)
    return url, transaction


def begin_oauth2(
    remote: OAuthRemoteApp,
    callback: str | None,
    parameters: Mapping[str, Any],
    *,
    state: str | None = None,
    next_url: str = "",
    purpose: str = "",
) -> str:
    """Keep a pending sign-in; returns the URL to send the user to."""
    if callback is None:
        raise ConfigurationError("authorize() needs a callback", code="config_callback_missing")
    now = time.time()
    redirect_uri = absolute(callback)
    further = {**(remote.request_token_params or {}), **parameters}
    # A state of the application's own is that sign-in's state; it is compared like one of ours.
    state = str(state or further.get("state") or pending.new_state(current_state().flow_keys, now))
    acr = further.get("acr") or ()
    authorization, transaction = remote._oauth2(required=True).authorize(
        remote.name,
        redirect_uri=redirect_uri,
        state=state,
        scope=remote.scope,
        parameters={name: value for name, value in further.items() if name not in SET_BY_US},
        acr=acr.split() if isinstance(acr, str) else acr,
        next_url=next_url,
        purpose=purpose,
    )
    _keep(remote, transaction)
    if remote._speaks_2010():
        session[f"{remote.name}_oauthredir"] = redirect_uri
    return authorization.url


def guard_callback() -> None:
    """Keep code and state of this callback out of Referer fields and caches (RFC 9700 §4.2.4)."""
    known = request_state()
    if known.guarded:
        return
    known.guarded = True

    @after_this_request
    def harden(response: Response) -> Response:
        response.headers.setdefault("Referrer-Policy", "no-referrer")
        response.headers.setdefault("Cache-Control", "no-store")
        return response


def _keep(remote: OAuthRemoteApp, transaction: Transaction) -> None:
    pending.keep(replace(transaction, user=_user(remote)), current_state().flow_keys)


def _user(remote: OAuthRemoteApp) -> str:
    """The application's user, as a hash; empty if nobody is signed in."""
    owner = application_user(remote)
    return "" if owner is None else hashlib.sha256(owner.encode()).hexdigest()[:16]


def _check_user(remote: OAuthRemoteApp, transaction: Transaction) -> None:
    """Whoever began it must not have become somebody else: their token would be kept as another user's."""
    user = _user(remote)
    if transaction.user and user and user != transaction.user:
        raise AuthorizationResponseError("The sign-in was begun by another user", code="state_mismatch")


def preset_parameters(remote: OAuthRemoteApp) -> dict[str, str]:
    """What a preset adds to the authorization URL of OAuth 1.0a."""
    if remote._provider is None:
        return {}
    from ..providers import authorization_parameters

    return authorization_parameters(remote._provider, client_id=remote.consumer_key or "")


def find(remote: OAuthRemoteApp) -> Transaction:
    """The pending sign-in that this request's answer belongs to.

    :raises AuthorizationResponseError: there is none that may be used, and why.
    """
    answering = request_state().answering.get(remote.name)
    if answering is not None:
        return answering
    guard_callback()
    keys, now = current_state().flow_keys, time.time()
    if remote._is_oauth1:
        named = answer_value("oauth_token") or answer_value("denied")
        if named:
            return _oauth1_of(named, remote, now)
        return pending.find_out_of_band(remote.name, keys, now)
    state = state_of_answer(remote)
    if not state:
        raise AuthorizationResponseError("The answer holds no state", code="state_missing")
    return pending.find(state, remote.name, keys, now)


def state_of_answer(remote: OAuthRemoteApp) -> str | None:
    """The state that an OAuth 2 answer claims to hold; in a signed one (JARM) nothing beside it has a say."""
    response = answer_value("response")
    within = remote._oauth2().front_channel.state_within(response) if response else None
    return within or answer_value("state")


def _oauth1_of(token: str, remote: OAuthRemoteApp, now: float) -> Transaction:
    """RFC 5849 §2.2: the temporary credentials in the answer are those this browser was sent out with."""
    try:
        return pending.find(token, remote.name, current_state().flow_keys, now, made_here=False)
    except AuthorizationResponseError as error:
        if error.code != "state_mismatch":
            raise
        raise AuthorizationResponseError(
            "The answer is about other temporary credentials than this browser was sent out with",
            code="oauth1_callback_token",
        ) from error


def take(remote: OAuthRemoteApp) -> Transaction:
    """Find the pending sign-in and use it up: a state is good for one answer (RFC 9700 §4.7.1)."""
    answering = request_state().answering
    if remote.name in answering:
        return answering[remote.name]
    transaction = find(remote)
    _check_mode(transaction)
    _check_user(remote, transaction)
    pending.take(transaction, current_state().flow_keys)
    answering[remote.name] = transaction
    return transaction


def _check_mode(transaction: Transaction) -> None:
    """The answer comes in the way that was asked for (OAuth 2.0 Form Post Response Mode §2)."""
    if not transaction.redirect_uri:
        return  # out of band: the user types the PIN into a form of the application's own
    expected = "POST" if transaction.response_mode.startswith("form_post") else "GET"
    if request.method != expected:
        raise AuthorizationResponseError(
            f"The answer came by {request.method}",
            code="authorization_response_mode",
            expected=expected,
            got=request.method,
        )


def landing(remote: OAuthRemoteApp) -> str | None:
    """Where the browser went after this very answer, if it brings it again: Back, or a double click."""
    key = answer_value("oauth_token") if remote._is_oauth1 else state_of_answer(remote)
    if not key or not any(answer_value(name) for name in ANSWER_NAMES):
        return None
    return pending.landing_of(key, current_state().flow_keys)


def forget(remote: OAuthRemoteApp) -> None:
    """Drop what this request knows of the sign-in, and the session keys of 2010."""
    request_state().answering.pop(remote.name, None)
    for suffix in ("_oauthtok", "_oauthredir"):
        if remote.name + suffix in session:
            session.pop(remote.name + suffix)
