"""The API behind the sign-in: who am I, a timeline, and posting to it; as JSON, XML or form-encoded text.

Reached with a signed request (RFC 5849 §3) or an access token (RFC 6750 §2.1). The format follows the suffix
(``.json``, ``.xml``, ``.form``) or ``Accept``. The two paths that Twitter had in 2010 work too.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

from authlib.oauth1.rfc5849.errors import OAuth1Error
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6750 import InsufficientScopeError, InvalidTokenError
from flask import Blueprint, Response, request

from . import oauth1
from .context import current_provider
from .models import Status
from .openid import bearer_protector
from .people import Person

LONGEST_STATUS = 140
FORMATS = {"json": "application/json", "xml": "application/xml", "form": "application/x-www-form-urlencoded"}
MEDIA_TYPES = {**{media: name for name, media in FORMATS.items()}, "text/xml": "xml"}
CHALLENGE = "WWW-Authenticate"
CHALLENGES = ['Bearer realm="development provider"', 'OAuth realm="development provider"']

blueprint = Blueprint("api", __name__, url_prefix="/api")

View = Callable[[Person], tuple[dict[str, Any], int]]


def endpoint(scope: str) -> Callable[[View], Callable[..., Response]]:
    """Wrap a view: find out in whose name the request is made, and give the answer in the wanted format."""

    def decorate(view: View) -> Callable[..., Response]:
        @functools.wraps(view)
        def answer(suffix: str | None = None) -> Response:
            form = suffix if suffix in FORMATS else wanted_format()
            try:
                document, status = view(person_of_request(scope))
            except OAuth1Error as error:
                return problem(error, CHALLENGES[1:], form)
            except OAuth2Error as error:
                return problem(error, challenges_of(error), form)
            return encode(document, status, form)

        return answer

    return decorate


def person_of_request(scope: str) -> Person:
    """Who made the request in hand; all that OAuth 1.0a credentials can do, an access token needs a scope for."""
    authorization = request.headers.get("Authorization", "")
    if authorization.lower().startswith("oauth ") or (not authorization and "oauth_consumer_key" in request.values):
        return oauth1.authenticate()
    person: Person = bearer_protector().acquire_token([scope]).person
    return person


@blueprint.get("/me")
@blueprint.get("/me.<suffix>", endpoint="me_as")
@endpoint("read")
def me(person: Person) -> tuple[dict[str, Any], int]:
    return {**_author(person), "email": person.email}, 200


@blueprint.get("/statuses")
@blueprint.get("/statuses.<suffix>", endpoint="timeline_as")
@blueprint.get("/statuses/home_timeline.<suffix>", endpoint="home_timeline")
@endpoint("read")
def timeline(_: Person) -> tuple[dict[str, Any], int]:
    return {"statuses": [_status(status) for status in current_provider().store.statuses()]}, 200


@blueprint.post("/statuses")
@blueprint.post("/statuses.<suffix>", endpoint="post_as")
@blueprint.post("/statuses/update.<suffix>", endpoint="update")
@endpoint("write")
def post(person: Person) -> tuple[dict[str, Any], int]:
    text = posted_text()
    if not text:
        return {"error": "A status needs some text."}, 400
    if len(text) > LONGEST_STATUS:
        return {"error": f"Your status is {len(text)} characters long. At most {LONGEST_STATUS} fit."}, 403
    return _status(current_provider().store.add_status(person, text)), 200


def posted_text() -> str:
    """The status as posted by a form or as a member of a JSON object."""
    given = request.get_json(silent=True) if request.is_json else request.form
    text = given.get("status") if isinstance(given, dict) else None
    return text.strip() if isinstance(text, str) else ""


def _author(person: Person) -> dict[str, Any]:
    return {"id": person.subject, "screen_name": person.username, "name": person.name}


def _status(status: Status) -> dict[str, Any]:
    moment = datetime.fromtimestamp(status.created_at, UTC).isoformat(timespec="seconds")
    return {"id": status.id, "text": status.text, "created_at": moment, "user": _author(status.person)}


def challenges_of(error: OAuth2Error) -> list[str]:
    """RFC 6750 §3: what is wrong with a token is said in its challenge; without a token both ways in are named."""
    told = [value for name, value in error.get_headers() if name == CHALLENGE]
    return told if isinstance(error, InvalidTokenError | InsufficientScopeError) else CHALLENGES


def problem(error: Any, challenges: list[str], form: str) -> Response:
    answer = encode(dict(error.get_body()), error.status_code, form)
    if answer.status_code == 401:  # RFC 9110 §11.6.1: a 401 names its challenge
        for challenge in challenges:
            answer.headers.add(CHALLENGE, challenge)
    return answer


def wanted_format() -> str:
    best = request.accept_mimetypes.best_match(list(MEDIA_TYPES), default=FORMATS["json"])
    return MEDIA_TYPES[best or FORMATS["json"]]


def encode(document: dict[str, Any], status: int, form: str) -> Response:
    encoder = {"json": to_json, "xml": to_xml, "form": to_form}[form]
    answer = Response(encoder(document), status, content_type=FORMATS[form] + "; charset=utf-8")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def to_json(document: dict[str, Any]) -> str:
    """A list stands alone in JSON, as in 2010; XML and forms need a name around it."""
    return json.dumps(document.get("statuses", document), ensure_ascii=False)


def to_xml(document: dict[str, Any]) -> str:
    name, content = next(iter(document.items())) if "statuses" in document else (_root(document), document)
    return ElementTree.tostring(_element(name, content), encoding="unicode", xml_declaration=True)


def _root(document: dict[str, Any]) -> str:
    return "error" if "error" in document else "status" if "text" in document else "user"


def _element(name: str, content: Any) -> ElementTree.Element:
    element = ElementTree.Element(name)
    if isinstance(content, dict):
        element.extend(_element(key, value) for key, value in content.items())
    elif isinstance(content, list):
        element.extend(_element("status", value) for value in content)
    else:
        element.text = str(content)
    return element


def to_form(document: dict[str, Any]) -> str:
    return urlencode(list(_flat("", document)))


def _flat(prefix: str, content: Any) -> Iterator[tuple[str, str]]:
    """Nested members with dotted names: ``user.name=…``, ``statuses.0.text=…``."""
    if isinstance(content, dict | list):
        pairs = content.items() if isinstance(content, dict) else enumerate(content)
        for key, value in pairs:
            yield from _flat(f"{prefix}.{key}" if prefix else str(key), value)
    else:
        yield prefix, str(content)
