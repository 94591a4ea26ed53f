"""The pages: six languages, the application's own layout, one small style sheet, no script and no inline style."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from flask import Flask
from jinja2 import DictLoader
from tests.extension.sign_in_site import HOME, Visitor, make_app

import flask_oauth.extension as extension
from flask_oauth.extension.error_pages import KINDS, WORDS
from flask_oauth.extension.texts import CATALOGUES, languages

HERE = Path(extension.__file__).parent
TEMPLATES = sorted((HERE / "templates" / "flask_oauth").glob("*.html"))
LANGUAGES = {"de", "fr", "es", "ja", "zh"}
IN_TEMPLATE = re.compile(r'\bt\(\s*"((?:[^"\\]|\\.)*)"')
FIELD = re.compile(r"%\((\w+)\)s")


def texts_in_use() -> set[str]:
    """Every text that a template or a view hands to the translator."""
    sources = [*TEMPLATES, *HERE.glob("*.py")]
    found = {text for source in sources for text in IN_TEMPLATE.findall(source.read_text("utf-8"))}
    found |= set(re.findall(r'translator\(oauth\)\("([^"]+)"', "".join(s.read_text("utf-8") for s in sources)))
    return found | set(WORDS.values()) | {sentence for _, sentence, _ in KINDS}


def test_there_are_six_languages() -> None:
    assert languages() == {"en", *LANGUAGES}


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_text_is_in_every_catalogue(language: str) -> None:
    catalogue = json.loads((CATALOGUES / f"{language}.json").read_text("utf-8"))
    assert set(catalogue) == texts_in_use()
    for text, translated in catalogue.items():
        assert translated.strip()
        assert sorted(FIELD.findall(text)) == sorted(FIELD.findall(translated))
        assert "%" not in FIELD.sub("", translated)


@pytest.mark.parametrize(
    ("accepted", "language", "words"),
    [
        ("de-AT, en;q=0.5", "de", "Weiter mit Corp"),
        ("fr", "fr", "Continuer avec Corp"),
        ("es-MX", "es", "Continuar con Corp"),
        ("ja", "ja", "Corpで続ける"),
        ("zh-TW", "zh", "使用 Corp 继续"),
        ("en-GB", "en", "Continue with Corp"),
        ("nl, pt;q=0.9", "en", "Continue with Corp"),
        ("nl, de;q=0.3, fr;q=0.2", "de", "Weiter mit Corp"),
        ("de;q=0, fr", "fr", "Continuer avec Corp"),
        ("", "en", "Continue with Corp"),
    ],
)
def test_the_language_is_the_visitors(dev_provider: str, accepted: str, language: str, words: str) -> None:
    page = Visitor(make_app(dev_provider)).get("/auth/login", **{"Accept-Language": accepted})
    assert f'<html lang="{language}">' in page.text
    assert words in page.text
    assert "Accept-Language" in page.headers["Vary"]


def test_the_application_translates(dev_provider: str) -> None:
    app = make_app(dev_provider)
    oauth = app.extensions["oauth"]
    oauth.gettext = lambda text, **values: "¡" + (text % values if values else text) + "!"
    page = Visitor(app).get("/auth/login")
    assert "¡Continue with Corp!" in page.text


def test_the_pages_appear_in_the_layout_of_the_application(dev_provider: str) -> None:
    app = make_app(dev_provider, OAUTH_BASE_TEMPLATE="layout.html")
    layout = (
        "<!doctype html><html lang=en><head><title>{% block title %}{% endblock %} · Shop</title>"
        "{% block head %}{% endblock %}</head><body><nav>Shop</nav>{% block content %}{% endblock %}</body></html>"
    )
    app.jinja_loader = DictLoader({"layout.html": layout})
    page = Visitor(app).get("/auth/login")
    assert "<title>Sign in · Shop</title>" in page.text
    assert "<nav>Shop</nav>" in page.text
    assert page.text.count("<h1>") == 1
    assert "flask_oauth.css" in page.text
    assert "Content-Security-Policy" not in page.headers  # the layout's scripts and styles are not ours to forbid
    assert page.headers["X-Frame-Options"] == "DENY"


def test_a_template_of_the_application_wins(dev_provider: str) -> None:
    app = make_app(dev_provider)
    app.jinja_loader = DictLoader({"flask_oauth/login.html": "own: {% for b in buttons %}{{ b.title }}{% endfor %}"})
    assert Visitor(app).get("/auth/login").text == "own: Corp"


class Inline(HTMLParser):
    """Whatever a strict policy would stop."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        if tag in ("script", "style", "img", "iframe") or "style" in names or any(n.startswith("on") for n in names):
            self.found.append(self.get_starttag_text() or tag)


def test_no_script_and_no_inline_style(dev_provider: str) -> None:
    alice = Visitor(make_app(dev_provider, DEBUG=True))
    pages = [
        alice.get(path) for path in ("/auth/login", "/auth/login/corp", "/auth/logout", "/auth/callback/corp?state=x")
    ]
    alice.sign_in()
    pages += [alice.get(path) for path in ("/auth/login", "/auth/logout")]
    for page in pages:
        parser = Inline()
        parser.feed(page.text)
        assert parser.found == []
        assert page.text.count("<h1>") == 1
        assert "<html lang=" in page.text


def test_the_style_sheet_is_small_and_touches_nothing_else(dev_provider: str) -> None:
    sheet = (HERE / "static" / "flask_oauth.css").read_text("utf-8")
    assert len(sheet.encode()) <= 4096
    assert "light-dark(" in sheet
    assert "url(" not in sheet
    rules = re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL)
    for selectors in re.findall(r"([^{}]+)\{", rules):
        for selector in selectors.split(","):
            assert selector.strip().startswith((".oauth-", "@media")), selector
    answer = Visitor(make_app(dev_provider)).get("/auth/static/flask_oauth.css")
    assert (answer.status_code, answer.mimetype) == (200, "text/css")
    answer.close()


def test_no_way_to_sign_in_yet() -> None:
    from flask_oauth import OAuth

    app = Flask("site")
    app.config.update(SECRET_KEY="k", TESTING=True)
    app.register_blueprint(OAuth(app).blueprint, url_prefix="/auth")
    assert "There is no way to sign in yet." in Visitor(app).get("/auth/login").text


def test_names_are_escaped(dev_provider: str) -> None:
    app = make_app(dev_provider)
    app.extensions["oauth"].remote_app(
        "odd", issuer=dev_provider, client_id="demo", client_secret="demo-secret", title='<b>"Odd"</b>'
    )
    page = Visitor(app).get("/auth/login")
    assert "<b>" not in page.text
    assert "Continue with &lt;b&gt;" in page.text


def test_buttons_are_forms_that_post(dev_provider: str) -> None:
    page = Visitor(make_app(dev_provider)).get("/auth/login?next=/members")
    assert '<form method="post" action="/auth/login/corp">' in page.text
    assert f'href="{HOME}' not in page.text
