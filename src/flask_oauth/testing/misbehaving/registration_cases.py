"""What may be wrong where an application looks for its provider and becomes known to it: N54."""

from __future__ import annotations

from typing import Final

from ...errors import ServerError
from .cases import Misbehaviour, case, drop, put
from .registration import ISSUER_RELATION
from .spoilt import elsewhere, spoilt_answers
from .web import Answer, json_answer

WEBFINGER: Final[tuple[Misbehaviour, ...]] = (
    case("webfinger_no_links", "N54", "the answer holds no links", "webfinger_no_issuer", webfinger=drop("links")),
    case("webfinger_other_links", "N54", "none of its links is an issuer", "webfinger_no_issuer",
         webfinger=put(links=[{"rel": "self", "href": "https://elsewhere.example"}])),
    case("webfinger_http", "N54", "it names an issuer that is plain http", "webfinger_no_issuer",
         webfinger=put(links=[{"rel": ISSUER_RELATION, "href": "http://elsewhere.example"}])),
    case("webfinger_query", "N54", "it names an issuer that has a query", "webfinger_no_issuer",
         webfinger=put(links=[{"rel": ISSUER_RELATION, "href": "https://elsewhere.example/?tenant=1"}])),
    case("webfinger_href_number", "N54", "it names an issuer that is a number", "webfinger_no_issuer",
         webfinger=put(links=[{"rel": ISSUER_RELATION, "href": 7}])),
    case("webfinger_unconfirmed", "N54", "the issuer that it names speaks for another", "metadata_issuer",
         webfinger=put(links=lambda scene: [{"rel": ISSUER_RELATION, "href": scene.provider.issuer + "/tenant"}])),
    case("webfinger_redirect", "N54", "the host redirects to another", "response_status",
         webfinger_answer=elsewhere("/webfinger")),
    case("webfinger_unknown", "N54", "the host knows nobody of that name", "response_status",
         webfinger_answer=lambda answer, scene: Answer(b"nobody", 404)),
    *spoilt_answers("webfinger", "the answer", "subject", case_id="N54"),
)  # fmt: skip

REGISTRATION: Final[tuple[Misbehaviour, ...]] = (
    case("registration_uri_elsewhere", "N54", "the client is to be managed at another host", "registration_host",
         registration=put(registration_client_uri="https://elsewhere.example/clients/1")),
    case("registration_uri_http", "N54", "the client is to be managed over plain http", "registration_host",
         registration=put(registration_client_uri=lambda scene: scene.provider.issuer.replace("https:", "http:"))),
    case("registration_uri_other_port", "N54", "the client is to be managed at another port", "registration_host",
         registration=put(registration_client_uri=lambda scene: scene.provider.issuer + ":8443/register/1")),
    case("registration_client_id_missing", "N54", "the answer names no client id", "response_member",
         registration=drop("client_id")),
    case("registration_client_id_number", "N54", "the client id is a number", "response_member",
         registration=put(client_id=7)),
    case("registration_refused", "N54", "the registration is refused", "server_error", error=ServerError,
         registration_answer=lambda answer, scene: json_answer({"error": "invalid_redirect_uri"}, 400)),
    case("registration_redirect", "N54", "the endpoint redirects to another host", "response_status",
         registration_answer=elsewhere("/register", 307)),
    *spoilt_answers("registration", "the answer", "client_id", case_id="N54"),
)  # fmt: skip

ODD: Final[tuple[Misbehaviour, ...]] = (
    case("webfinger_more_links", "A08", "other links stand before the issuer", None,
         webfinger=lambda document, scene: {"links": [{"rel": "avatar"}, "x", *document["links"]]}),
    case("webfinger_json", "A08", "the answer is application/json", None,
         webfinger_answer=lambda answer, scene: Answer(answer.body, 200, "application/json")),
    case("registration_without_management", "A08", "no means to manage the client", None,
         registration=drop("registration_client_uri", "registration_access_token")),
    case("registration_unknown_members", "A08", "members that nobody knows", None, registration=put(weather="rain")),
)  # fmt: skip

CASES: Final = (*WEBFINGER, *REGISTRATION)
