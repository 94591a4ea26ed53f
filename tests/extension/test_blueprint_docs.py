"""The examples in docs/sign-in.md, signals.md and templates.md run as they are written."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from flask import Flask
from jinja2 import DictLoader
from tests.extension.sign_in_site import Visitor, corp

import flask_oauth
from flask_oauth import OAuth

DOCS = Path(flask_oauth.__file__).parents[2] / "docs"
PYTHON = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
JINJA = re.compile(r"^```html\+jinja\n(.*?)^```", re.DOTALL | re.MULTILINE)

pytestmark = pytest.mark.skipif(not DOCS.exists(), reason="the documentation is not installed")


def blocks(name: str, kind: re.Pattern[str] = PYTHON) -> list[str]:
    return kind.findall((DOCS / name).read_text("utf-8"))


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What an example may take for granted."""
    monkeypatch.chdir(tmp_path)
    babel = ModuleType("flask_babel")
    babel.gettext = lambda text, **values: text % values if values else text  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "flask_babel", babel)
    app = Flask("example")
    app.config.update(SECRET_KEY="a key for tests", TESTING=True)
    oauth = OAuth(app)
    app.register_blueprint(oauth.blueprint, url_prefix="/auth")
    return {"__name__": "example", "app": app, "oauth": oauth}


@pytest.mark.parametrize("number", range(len(blocks("sign-in.md")) if DOCS.exists() else 0))
def test_examples_of_sign_in(world: dict[str, Any], number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_SECRET_KEY", "a key for tests")
    exec(compile(blocks("sign-in.md")[number], f"sign-in.md#{number}", "exec"), world)
    links = world.get("links")
    if links is not None:
        links._engine.dispose()
    assert world["app"].test_client().get("/auth/login").status_code == 200


def test_the_example_that_asks_first(dev_provider: str, world: dict[str, Any]) -> None:
    (code,) = [block for block in blocks("sign-in.md") if "finish_sign_in" in block]
    exec(compile(code, "sign-in.md", "exec"), world)
    world["oauth"].remote_app("corp", **corp(dev_provider))
    alice = Visitor(world["app"])
    assert "Alice Moreau, do you agree?" in alice.follow(alice.sign_in("/next")).text
    assert alice.post("/terms").headers["Location"] == "/next"


def test_example_of_signals(dev_provider: str, world: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    (code,) = blocks("signals.md")
    exec(compile(code, "signals.md", "exec"), world)
    world["oauth"].remote_app("corp", **corp(dev_provider))
    Visitor(world["app"]).sign_in()
    assert "1001 came by corp" in caplog.text


def test_signals_are_all_documented() -> None:
    from blinker import NamedSignal

    from flask_oauth.extension import signals

    named = {name for name, value in vars(signals).items() if isinstance(value, NamedSignal)}
    assert set(re.findall(r"^\| `(\w+)`", (DOCS / "signals.md").read_text("utf-8"), re.MULTILINE)) == named


def test_examples_of_templates(dev_provider: str, world: dict[str, Any]) -> None:
    app, oauth = world["app"], world["oauth"]
    oauth.remote_app("corp", **corp(dev_provider))
    (page,) = blocks("templates.md", JINJA)
    layout = "{% block title %}{% endblock %}{% block head %}{% endblock %}{% block content %}{% endblock %}"
    app.jinja_loader = DictLoader({"page.html": page, "layout.html": layout})
    app.add_url_rule("/page", view_func=lambda: flask_render("page.html"), endpoint="page")
    for code in blocks("templates.md"):
        exec(compile(code, "templates.md", "exec"), world)
    alice = Visitor(app)
    answer = alice.press(alice.get("/page"), "Continue with Corp")
    assert answer.status_code == 303
    assert "Sign in" in alice.get("/auth/login").text
    alice.sign_in()
    assert "Alice Moreau" in alice.get("/page").text


def flask_render(name: str) -> str:
    from flask import render_template

    return render_template(name)
