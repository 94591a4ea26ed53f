"""A Flask application that signs people in at a counterparty, and a person with a browser."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Flask

from flask_oauth import OAuth
from flask_oauth.development.browser import Browser, Page
from flask_oauth.extension.answers import TokenAnswer

HOME = "https://app.example"
CALLBACK = f"{HOME}/callback"

#: What the browser brings to the callback: method and parameters.
Delivery = tuple[str, dict[str, str]]


class Person:
    """Somebody with a browser.

    :param login: who they are at the provider: ``ada`` or ``bo``.
    :param says: what else the sign-in page is told: ``acr``, ``amr``, ``seconds_ago``.
    """

    def __init__(self, login: str = "ada", **says: str) -> None:
        self.login = login
        self.says = says
        self.browser = Browser(stop_before=HOME)
        #: The prompts that the provider showed, in order.
        self.asked: list[str] = []

    def travel(self, url: str, *, refuse: bool = False) -> Delivery:
        """Go to the provider, say what has to be said, and come back with its answer."""
        page = self.browser.open(url)
        while not page.url.startswith(HOME):
            form = _form_post(page)
            if form is not None:
                return "POST", form
            page = self._answer(page, "no" if refuse else page.forms[0].buttons[0][1] if page.forms else "")
        return "GET", dict(_pairs(page.url))

    def _answer(self, page: Page, word: str) -> Page:
        if not word:
            raise AssertionError(f"{page.status} at {urlsplit(page.url).path}: {page.text[:500]}")
        self.asked.append(word)
        return self.browser.press(page, word, **({"login": self.login, **self.says} if word == "login" else {}))


def _form_post(page: Page) -> dict[str, str] | None:
    return next((form.fields for form in page.forms if form.action.startswith(HOME)), None)


def _pairs(url: str) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(url).query, keep_blank_values=True)


class Site:
    """A Flask application with the remote app ``corp``.

    :param options: the remote app's.
    :param config: of the application.
    """

    def __init__(self, *, config: Mapping[str, Any] | None = None, transport: Any = None, **options: Any) -> None:
        self.app = Flask(__name__)
        self.app.config.update(SECRET_KEY="a key of the tests", **(config or {}))
        self.oauth = OAuth(self.app, transport=transport)
        self.corp = self.oauth.remote_app("corp", **options)
        self.owner: str | None = None
        self.oauth.owner_loader(lambda: self.owner)
        self.parameters: dict[str, Any] = {}
        self.answers: list[TokenAnswer] = []
        self.people: list[dict[str, Any]] = []
        self.asks_userinfo = False
        self.browser = self.app.test_client()
        self._views()

    def _views(self) -> None:
        @self.app.get("/login")
        def login() -> Any:
            return self.corp.authorize(callback="/callback", **self.parameters)

        @self.app.route("/callback", methods=["GET", "POST"])
        def callback() -> str:
            answer = self.corp.authorized_response()
            self.answers.append(answer)
            if self.asks_userinfo:
                self.people.append(self.corp.userinfo(answer))
            return "signed in"

        self.app.testing = True  # errors come through to the test

    def leave(self, **parameters: Any) -> str:
        """Where the browser is sent."""
        self.parameters = parameters
        response = self.browser.get("/login", base_url=HOME)
        assert response.status_code == 302
        return response.headers["Location"]

    def arrive(self, delivery: Delivery) -> TokenAnswer:
        """The browser comes back; what the application got."""
        method, parameters = delivery
        address = "/callback" if method == "POST" else f"/callback?{urlencode(parameters)}"
        data = parameters if method == "POST" else None
        response = self.browser.open(address, method=method, data=data, base_url=HOME)
        assert (response.status_code, response.text) == (200, "signed in")
        return self.answers[-1]

    def sign_in(
        self,
        person: Person | None = None,
        *,
        change: Callable[[dict[str, str]], object] | None = None,
        **parameters: Any,
    ) -> TokenAnswer:
        """A whole sign-in.

        :param change: does something to the parameters of the provider's answer before the application gets them.
        :param parameters: of ``authorize``.
        """
        delivery = (person or Person()).travel(self.leave(**parameters))
        if change is not None:
            change(delivery[1])
        return self.arrive(delivery)

    def userinfo_of_a_sign_in(self, **parameters: Any) -> dict[str, Any]:
        """A sign-in, and what the userinfo endpoint says in it."""
        self.asks_userinfo = True
        self.sign_in(**parameters)
        return self.people[-1]
