"""Linking accounts: one user of the application, several accounts at providers.

===================  =====================================================
GET ``/accounts``    the user's accounts, with buttons
POST ``/link/<name>``  sign in with one more provider, and link it
POST ``/unlink``     undo a link
===================  =====================================================

Only there where ``oauth.account_links`` is set.  A link is made by whoever is
signed in as both at the same time, and never because an e-mail address is the same.
"""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from flask import abort, current_app, redirect, request, session, url_for
from werkzeug.wrappers import Response as BaseResponse

from ..errors import AccountLinkError, SignInRequired
from ..protocol.token import Token
from ..storage.account_links import AccountLinks, LinkedAccount
from . import addresses, flows, identity, pages, stored_tokens
from .identity import Identity, SignedIn
from .state import current_state
from .views import ask_to_sign_in

if TYPE_CHECKING:
    from ..client.transaction import Transaction
    from .oauth import OAuth
    from .remote_app import OAuthRemoteApp

#: How the purpose of such a sign-in begins; the user follows.
PURPOSE: Final = "link:"


def current_account(oauth: OAuth) -> str | None:
    """The application's user of this request: the owner_loader's, Flask-Login's, or the one of the links."""
    if oauth.owner_loader_func is not None:
        owner = oauth.owner_loader_func()
        return None if owner is None else str(owner)
    if _has_own_users(oauth):
        from flask_login import current_user

        return str(current_user.get_id()) if current_user.is_authenticated else None
    signed_in = identity.current()
    return signed_in.account if signed_in is not None else None


def _has_own_users(oauth: OAuth) -> bool:
    manager = getattr(current_app, "login_manager", None)
    return oauth.owner_loader_func is not None or (manager is not None and manager._user_callback is not None)


def settle(oauth: OAuth) -> None:
    """After a sign-in: whose account is it?  The application's answer; without users of its own, a new user."""
    links, signed_in = oauth.account_links, identity.current()
    if links is None or signed_in is None:
        return
    who = signed_in.identity
    account = links.find(who.issuer, who.subject)
    if account is None and not _has_own_users(oauth):
        account = uuid.uuid4().hex
        links.link(_link(account, who))
    identity.remember(replace(signed_in, account=account))


def _link(account: str, who: Identity, label: str = "") -> LinkedAccount:
    return LinkedAccount(who.issuer, who.subject, account, who.provider, _short(who), label)


def _short(who: Identity) -> str:
    return str(who.claims.get("preferred_username") or who.email or who.name or who.subject)[:255]


def complete(oauth: OAuth, remote: OAuthRemoteApp, transaction: Transaction, signed_in: SignedIn, token: Token) -> str:
    """The end of a sign-in that links an account; the path to go on to.

    :raises SignInRequired: whoever began it is not signed in any more.
    :raises AccountLinkError: the account belongs to another user.
    """
    account, links = transaction.purpose.removeprefix(PURPOSE), _links(oauth)
    present = current_account(oauth)
    # Browsers keep a Lax session cookie out of a form post; the sealed cookie of the sign-in says who began it.
    blind = request.method == "POST" and not session
    if present != account and not blind:
        raise SignInRequired("Whoever began to link an account is not signed in any more")
    who = signed_in.identity
    others = [each for each in links.links_of(account) if each.provider == remote.name]
    several = any((each.issuer, each.subject) != (who.issuer, who.subject) for each in others)
    label = who.subject if several else ""
    links.link(_link(account, who, label))
    if remote.tokengetter_func is None and current_state().token_store is not None:
        stored_tokens.save(remote, token, account, label)
    return addresses.safe_path(transaction.next_url)


# -- views -------------------------------------------------------------------------------------------------------


def for_account(view: Callable[..., BaseResponse]) -> Callable[..., BaseResponse]:
    """Call a view with the user of this request; others are led to the sign-in page."""

    @functools.wraps(view)
    def decorated(oauth: OAuth, **values: Any) -> BaseResponse:
        _links(oauth)
        account = current_account(oauth)
        return ask_to_sign_in(oauth) if account is None else view(oauth, account, **values)

    return decorated


@for_account
def accounts(oauth: OAuth, account: str) -> BaseResponse:
    """The user's accounts."""
    linked = [(each, oauth.title_of(each.provider)) for each in _links(oauth).links_of(account)]
    start = addresses.endpoint("link")
    buttons = [{"title": each.title, "url": url_for(start, name=each.name)} for each in oauth.sign_in_apps()]
    unlink_url = url_for(addresses.endpoint("unlink"))
    return pages.page(oauth, "accounts.html", linked=linked, buttons=buttons, unlink_url=unlink_url)


@for_account
def link(oauth: OAuth, account: str, name: str) -> BaseResponse:
    """Begin a sign-in that links the account it ends in."""
    from .signing_in import Wish, begin

    remote, page = oauth.sign_in_app_or_404(name), url_for(addresses.endpoint("accounts"))
    if not addresses.from_own_page():
        return redirect(page, 303)
    wish = Wish(addresses.safe_path(request.form.get("next"), page), PURPOSE + account)
    # Whoever is signed in there is often the one whose account is linked already.
    return begin(oauth, remote, wish, **({"prompt": "select_account"} if remote.issuer else {}))


@for_account
def unlink(oauth: OAuth, account: str) -> BaseResponse:
    """Undo a link; its token is given up too.

    :raises AccountLinkError: it is the user's only way to sign in (``account_link_last``).
    """
    if addresses.from_own_page():
        _unlink(oauth, account, request.form.get("issuer", ""), request.form.get("subject", ""))
    return redirect(url_for(addresses.endpoint("accounts")), 303)


def _unlink(oauth: OAuth, account: str, issuer: str, subject: str) -> None:
    links = _links(oauth)
    linked = links.links_of(account)
    found = next((each for each in linked if (each.issuer, each.subject) == (issuer, subject)), None)
    if found is None:
        return
    if len(linked) == 1 and not _has_own_users(oauth):
        error = AccountLinkError("It is the only way for its user to sign in", code="account_link_last")
        flows.failed(error, oauth.find_remote_app(found.provider), flows.flow_id())
        raise error
    links.unlink(account, issuer, subject)
    remote = oauth.find_remote_app(found.provider)
    if remote is not None and current_state().token_store is not None:
        stored_tokens.disconnect(remote, account, found.label)


def _links(oauth: OAuth) -> AccountLinks:
    if oauth.account_links is None:
        abort(404)
    return oauth.account_links
