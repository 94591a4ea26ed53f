"""The documentation: its code runs, its pages are up to date, its links lead somewhere, its names exist."""

from __future__ import annotations

import ast
import importlib.util
import re
import shlex
import types
from pathlib import Path
from typing import Any, get_args

import click
import pytest
from flask import Flask

from flask_oauth import ReauthorizationRequired, Token, TokenMissing
from flask_oauth.cli import cli
from flask_oauth.cli.findings import EXPLANATIONS as FINDINGS
from flask_oauth.error_codes import EXPLANATIONS, ErrorCode
from flask_oauth.extension import members
from flask_oauth.extension.config import SETTING_NAMES
from flask_oauth.extension.options import EQUIVALENTS
from flask_oauth.extension.state import state_of
from flask_oauth.extension.unknown_keys import unknown_keys
from flask_oauth.providers import names
from flask_oauth.testing import json_response, oauth_stage

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
WRITTEN = [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", ROOT / "llms.txt", ROOT / "README.md"]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
#: Codes that no code raises: kept for what has them in mind.
RESERVED = {"token_in_query"}


def blocks(path: Path, language: str) -> list[str]:
    return [text for kind, text in BLOCK.findall(path.read_text()) if kind == language]


def run(name: str) -> types.SimpleNamespace:
    """Run the code of a page, block after block, as one program."""
    program: dict[str, Any] = {"__name__": f"documented_{name}"}
    for number, block in enumerate(blocks(DOCS / f"{name}.md", "python")):
        exec(compile(block, f"{name}.md, block {number + 1}", "exec"), program)
    return types.SimpleNamespace(**program)


@pytest.fixture(autouse=True)
def somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages that write files do it here."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLASK_SECRET_KEY", "a key of this test")


# -- the code on the pages ----------------------------------------------------------------------------------------


def test_quickstart() -> None:
    page = run("quickstart")
    client = page.app.test_client()
    assert client.get("/").status_code == 302
    with oauth_stage() as stage:
        stage.sign_in(client, "github", sub="42", name="Alice")
        assert client.get("/").text == "Hello Alice"
        assert client.get("/profile").json == {"id": "42", "name": "Alice"}
        with client.session_transaction() as session:
            assert session["account"] == "alice"
        with pytest.raises(AssertionError, match="403"):
            stage.sign_in(page.app.test_client(), "github", sub="43")
    assert page.oauth.corp.issuer == "https://id.corp.example"


def test_tokens() -> None:
    page = run("tokens")
    app: Flask = page.app
    store: Any = state_of(app).token_store
    store.create_schema()
    client = app.test_client()
    with oauth_stage() as stage:
        outcome = stage.sign_in(client, "github", sub="42", token={"scope": "repo"})
        outcome.transport.always("GET", "https://api.github.com/user/repos", json_response([{"id": 7}]))
        assert client.get("/repositories").json == [{"id": 7}]
        assert client.post("/import").json["expires"] > 0
        with app.app_context():
            page.github.save_token({"access_token": "t", "scope": "repo"}, owner="42")
            assert page.may_write()
        assert page.count_repositories("42") == 1, "outside of requests and contexts"
        with pytest.raises(TokenMissing):
            page.count_repositories("nobody")
    page.set_token(Token("t"), "alice")
    assert page.get_token()["access_token"] == "t"
    assert issubclass(ReauthorizationRequired, TokenMissing)
    store.close()


def test_openid() -> None:
    page = run("openid")
    client = page.app.test_client()
    with oauth_stage() as stage:
        stage.sign_in(client, "corp", sub="42", name="Alice")
        assert client.get("/").text == "Hello Alice"
        stage.sign_in(page.app.test_client(), "microsoft", sub="1")
        stage.sign_in(page.app.test_client(), "acme", sub="1")
        with pytest.raises(AssertionError, match="no remote app"):
            stage.sign_in(page.app.test_client(), "nobody")
        own = page.app.test_client()
        outcome = stage.sign_in(own, "corp", sub="42", email="a@example.com", start="/own/login")
        assert outcome.response.json["email"] == "a@example.com"
        assert outcome.asked["prompt"] == "login"
        with own.session_transaction() as session:
            assert session["user"] == "42"
        assert client.get("/transfer").status_code == 302, "not proved like that yet"
        stage.sign_in(client, "corp", sub="42", acr="urn:example:two-factors")
        assert client.get("/transfer").text.startswith("Somebody proved")


def test_testing() -> None:
    page = run("testing")
    assert page.page.status_code == 502


def test_compatibility() -> None:
    page = run("compatibility")
    client = page.app.test_client()
    with oauth_stage() as stage:
        page.app.extensions["oauth"] = page.oauth  # the program does not bind it, and runs without
        outcome = stage.sign_in(client, "facebook", start="/login?next=/x")
        assert outcome.response.location == "/"
        assert stage.deny(client, "facebook", start="/login").response.text == "You said no."


# -- pages made from data -----------------------------------------------------------------------------------------


def test_pages_made_from_data_are_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec
    assert spec.loader
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    for name, make in generate.PAGES.items():
        assert (DOCS / name).read_text() == make(), f"{name}: run python docs/generate.py"
    errors = (DOCS / "errors.md").read_text()
    for code in (*EXPLANATIONS, *FINDINGS):
        assert f'\n<a id="{code}"></a>\n\n### `{code}`\n' in errors
    assert "## Others" not in errors, "every code belongs under a heading"
    settings = (DOCS / "settings.md").read_text()
    assert all(f"### `{name}`\n" in settings for name in SETTING_NAMES)
    assert all(f"`OAUTH_<NAME>_{member.upper()}`" in settings for member in members.kinds())


def test_every_code_in_the_table_is_raised_and_no_other() -> None:
    codes = set(get_args(ErrorCode))
    assert codes == set(EXPLANATIONS)
    said: set[str] = set()
    for path in (ROOT / "src" / "flask_oauth").rglob("*.py"):
        if path.name != "error_codes.py" and "testing" not in path.parts:
            tree = ast.parse(path.read_text())
            said |= {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and node.value in codes}
            for node in ast.walk(tree):
                if isinstance(node, ast.keyword) and node.arg == "code" and isinstance(node.value, ast.Constant):
                    assert not isinstance(node.value.value, str) or node.value.value in codes, path
    assert codes - said == RESERVED
    assert all(cause.endswith(".") and cure.endswith((".", "…")) for cause, cure in EXPLANATIONS.values())


# -- names and links ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    if not path.exists():
        pytest.skip(f"{path.name} is not written yet")
    text = path.read_text()
    anchors = set(re.findall(r'^<a id="([\w.-]+)"></a>$', text, re.M))
    anchors |= {
        re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in re.findall(r"^#+ (.*)$", text, re.M)
    }
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("#"):
            assert target[1:] in anchors, target
        elif not target.startswith(("http://", "https://")):
            assert (path.parent / target.partition("#")[0]).exists(), target


def test_every_page_is_in_the_index() -> None:
    index = (DOCS / "index.md").read_text()
    assert [page.name for page in PAGES if page.name != "index.md" and f"]({page.name})" not in index] == []


def command_lines() -> list[str]:
    found = []
    for path in (page for page in WRITTEN if page.exists()):
        text = path.read_text()
        shown = [line[2:] for kind in ("console", "") for block in blocks(path, kind) for line in block.splitlines()]
        found += [line for line in shown if line.startswith("flask oauth")]
        found += re.findall(r"`(flask (?:--app \S+ )?oauth [^`]+)`", BLOCK.sub("", text).replace("\n", " "))
    return sorted(set(found))


@pytest.mark.parametrize("line", command_lines())
def test_commands_exist(line: str) -> None:
    words = shlex.split(line.partition("#")[0])
    words = words[words.index("oauth") + 1 :]
    command: click.Command = cli
    while words and isinstance(command, click.Group):
        if not words[0].isascii():
            return  # flask oauth …
        inner = command.get_command(click.Context(command), words.pop(0))
        assert inner is not None, line
        command = inner
    if not isinstance(command, click.Group):
        command.make_context(line, words)


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.name)
def test_settings_exist(path: Path) -> None:
    if not path.exists():
        pytest.skip(f"{path.name} is not written yet")
    found = set(re.findall(r"\bOAUTH_[A-Z][A-Z0-9_]+\b(?!…)", path.read_text()))
    assert not list(unknown_keys(dict.fromkeys(found), ["github", "corp"]))


def test_negative_cases_have_tests() -> None:
    text = (DOCS / "negative-cases.md").read_text()
    listed: set[str] = set()
    for first, last in re.findall(r"\b([NA]\d\d)(?:–[NA](\d\d))?", text):
        listed |= {f"{first[0]}{n:02}" for n in range(int(first[1:]), int(last or first[1:]) + 1)}
    assert listed == {*(f"N{n:02}" for n in range(1, 57)), *(f"A{n:02}" for n in range(1, 14))}
    tests = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    tested = {case for name in re.findall(r"def (test_\w+)", tests) for case in re.findall(r"_([NA]\d\d)(?=_|$)", name)}
    assert listed <= tested


def test_names_of_2010_and_of_today() -> None:
    text = (DOCS / "compatibility.md").read_text()
    for old, new in EQUIVALENTS.items():
        assert f"`{old}`" in text
        assert f"`{new}`" in text


def test_numbers_of_providers() -> None:
    for name in ("CHANGELOG.md", "llms.txt"):
        assert f"{len(names())} providers" in (ROOT / name).read_text().replace("\n", " ").replace("> ", "")
