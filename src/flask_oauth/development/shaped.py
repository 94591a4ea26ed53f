"""The API of another provider, as far as it says who somebody is: the answers of a preset, in that provider's shape.

While this provider acts for GitHub, ``github.get("user")`` leads here, to ``/as/github/user``, and is answered with
``login``, ``id`` and so on, about whoever signed in. What that provider is not known for is asked of our own API.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from authlib.oauth1.rfc5849.errors import OAuth1Error
from authlib.oauth2 import OAuth2Error
from flask import Blueprint, Response, abort, current_app, jsonify, request
from werkzeug.exceptions import HTTPException

from ..errors import ConfigurationError
from ..providers import Provider, get
from ..testing.shapes import documents_for
from .api import CHALLENGES, challenges_of, person_of_request, problem

blueprint = Blueprint("shaped", __name__, url_prefix="/as")


@blueprint.route("/<name>/<path:path>", methods=["GET", "POST"])
def document(name: str, path: str) -> Response:
    """One of the answers that a preset knows, about the person whose token it is; else one of our own."""
    try:
        preset = get(name)
    except ConfigurationError:
        abort(404)
    known = dict(addresses(preset))
    if path not in known:
        return own_answer(path) or unknown(preset, known)
    try:
        person = person_of_request("read")
    except OAuth1Error as error:
        return problem(error, CHALLENGES[1:], "json")
    except OAuth2Error as error:
        return problem(error, challenges_of(error), "json")
    return jsonify(documents_for(preset, person.claims())[known[path]])


def own_answer(path: str) -> Response | None:
    """What our own API answers, if it knows the address."""
    try:
        endpoint, values = current_app.create_url_adapter(request).match(f"/api/{path}")  # type: ignore[union-attr]
    except HTTPException:
        return None
    view: Callable[..., Response] = current_app.view_functions[endpoint]  # type: ignore[assignment] # all of ours do
    return view(**values)


def unknown(preset: Provider, known: Iterable[str]) -> Response:
    told = {"error": f"The stand-in for {preset.title} does not know this address.", "known": sorted(known)}
    answer = jsonify(told)
    answer.status_code = 404
    return answer


def addresses(preset: Provider) -> Iterator[tuple[str, str]]:
    """Addresses below the preset's API, and the names of the answers there."""
    named = {"userinfo": preset.userinfo_endpoint, "emails": preset.email_endpoint}
    named |= {name: document.url for name, document in preset.documents.items()}
    for name, url in named.items():
        if url and url.startswith(preset.api_base_url):
            yield url.removeprefix(preset.api_base_url).partition("?")[0].lstrip("/"), name
