"""The page about providers is made from the presets, and is up to date."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from flask_oauth.providers import names

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_up_to_date(generate: ModuleType) -> None:
    assert (DOCS / "providers.md").read_text() == generate.providers_page(), "run python docs/generate.py"


def test_every_preset_is_on_it(generate: ModuleType) -> None:
    page = generate.providers_page()
    for name in names():
        assert f'\n<a id="{name}"></a>\n' in page
        assert f"`https://YOUR-APP/auth/callback/{name}`" in page


def test_every_quirk_has_words(generate: ModuleType) -> None:
    from dataclasses import fields

    from flask_oauth.providers import Quirks

    words = generate.quirk_words()
    assert set(words) == {entry.name for entry in fields(Quirks)}
    assert all(text.endswith((".", ")")) for text in words.values()), words


def test_settings(generate: ModuleType) -> None:
    page = generate.providers_page()
    for setting in ("OAUTH_APPLE_TEAM_ID", "OAUTH_42_SCHOOL_CLIENT_SECRET", "OAUTH_JIRA_SERVER_RSA_KEY"):
        assert f"`{setting}`" in page
