"""The pages of the development provider: pick a person, allow or refuse, sign out. No script, no inline style.

``ask`` is the one question that both protocols put to the person in front of the screen; it answers with a page
while it is not yet decided, and with a ``Decision`` when it is.
"""

from __future__ import annotations

import hmac
import secrets
import time
from dataclasses import dataclass
from typing import cast, get_args
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, make_response, redirect, render_template, request, session, url_for
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response as BaseResponse

from .context import current_provider, issuer
from .models import SCOPES, RegisteredClient
from .people import FAILURES, Failure, Person

blueprint = Blueprint("pages", __name__)


@dataclass(frozen=True, slots=True)
class Decision:
    """What the person decided: ``person`` is ``None`` after a refusal; ``failure`` is what was asked to go wrong."""

    person: Person | None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who is signed in at the provider in this browser, since when (seconds since 1970), in which session."""

    person: Person
    auth_time: int
    session_id: str


def signed_in() -> SignedIn | None:
    person = current_provider().store.people.get(session.get("username", ""))
    return SignedIn(person, session["auth_time"], session["sid"]) if person else None


def ask(
    client: RegisteredClient, scope: str, *, protocol: str, return_to: str | None, pick_again: bool = False
) -> Decision | BaseResponse:
    """Find out who is there and whether they agree that ``client`` gets ``scope``."""
    failure = cast("Failure | None", session.pop("failure", None))
    if failure == "deny":
        return Decision(None, failure)
    who = signed_in()
    if who is None or pick_again:
        return sign_in_page(client)
    if failure:
        return Decision(who.person, failure)
    if request.method == "POST" and "decision" in request.form:
        check_form()
        return Decision(who.person if request.form["decision"] == "allow" else None)
    return consent_page(client, scope, who.person, protocol=protocol, return_to=return_to)


def sign_in_page(client: RegisteredClient | None = None) -> Response:
    people = current_provider().store.people.values()
    return page("sign_in.html", people=people, failures=FAILURES if client else (), client=client, next=resume_url())


def consent_page(
    client: RegisteredClient, scope: str, person: Person, *, protocol: str, return_to: str | None
) -> Response:
    names = scope.split()
    return page(
        "consent.html",
        client=client,
        person=person,
        wishes=[SCOPES.get(name, name) for name in names if name != "openid"],
        wants_identity="openid" in names,
        host=urlsplit(return_to).netloc if return_to and return_to != "oob" else None,
        details=[("Protocol", protocol), *sorted(request.args.items())],
        next=resume_url(),
    )


def resume_url() -> str:
    """Where to go on after a person was picked: this very request, without what asked for the picking."""
    if request.endpoint is None or request.blueprint not in ("oauth1", "oauth2"):
        return url_for("pages.home")
    kept = [(name, value) for name, value in request.args.items(multi=True) if not _asks_to_pick(name, value)]
    return f"{url_for(request.endpoint)}?{urlencode(kept)}"


def _asks_to_pick(name: str, value: str) -> bool:
    return name == "max_age" or (name == "prompt" and value in ("login", "select_account"))


@blueprint.post("/sign-in")
def sign_in() -> BaseResponse:
    """Take the choice of the sign-in page. Nobody has a password here."""
    check_form()
    choice, store = request.form.get("choice", ""), current_provider().store
    destination = local_path(request.form.get("next", ""))
    if choice in get_args(Failure):
        session["failure"] = choice
        if choice != "deny" and signed_in() is None:
            begin_session(next(iter(store.people)))
    elif choice in store.people:
        begin_session(choice)
    return redirect(destination, 303)


def begin_session(username: str) -> None:
    session.update(username=username, auth_time=int(time.time()), sid=secrets.token_urlsafe(12))


@blueprint.post("/switch")
def switch() -> BaseResponse:
    """Sign out in the middle of a request, to go on as somebody else."""
    check_form()
    session.clear()
    return redirect(local_path(request.form.get("next", "")), 303)


@blueprint.get("/")
def home() -> Response:
    return page("home.html", who=signed_in(), issuer=issuer(), clients=current_provider().store.clients())


@blueprint.get("/sign-in")
def sign_in_first() -> Response:
    return sign_in_page()


def pin(verifier: str) -> Response:
    return page("pin.html", verifier=verifier)


def problem(title: str, text: str, status: int) -> Response:
    return page("problem.html", status, title=title, text=text)


def broken() -> Response:
    """What a server in trouble says: a page of HTML where a token was expected."""
    return make_response("<!doctype html><title>500</title><h1>Something went wrong</h1>", 500)


def page(template: str, status: int = 200, **values: object) -> Response:
    return make_response(render_template(f"development/{template}", form_token=form_token(), **values), status)


def form_token() -> str:
    """The value that proves that a form came from a page of ours and of this browser."""
    token: str = session.setdefault("form_token", secrets.token_urlsafe(18))
    return token


def check_form() -> None:
    given, known = request.form.get("form_token", ""), session.get("form_token", "")
    if not known or not hmac.compare_digest(given.encode(), known.encode()):
        raise Forbidden("This form is not of this browser. Go back, load the page again and try once more.")


def local_path(destination: str) -> str:
    """``destination`` if it is a path at this provider, else the home page: never an open redirect."""
    parts = urlsplit(destination)
    local = destination.startswith("/") and not destination.startswith(("//", "/\\")) and not parts.netloc
    return destination if local else url_for("pages.home")
