"""What works without an application: explain, keys, and the help of everything."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from tests.cli.cli_support import Flasked

from flask_oauth.cli import COMMANDS, cli
from flask_oauth.cli.findings import EXPLANATIONS as FINDINGS
from flask_oauth.error_codes import EXPLANATIONS
from flask_oauth.storage import KeyRing


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command, those of groups too, by what one types."""

    def walk(path: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
        if isinstance(command, click.Group):
            for name in command.list_commands(click.Context(command)):
                inner = command.get_command(click.Context(command), name)
                assert inner is not None
                yield from walk(f"{path} {name}", inner)
        else:
            yield path, command

    return walk("oauth", cli)


every_command = pytest.mark.parametrize(
    ("path", "command"), list(commands()), ids=lambda value: value if isinstance(value, str) else ""
)


def test_explain_says_cause_and_cure(flask_without_app: Flasked) -> None:
    output = flask_without_app("explain", "state_cookie_missing").output
    cause, cure = EXPLANATIONS["state_cookie_missing"]
    assert output.splitlines() == ["state_cookie_missing", f"  cause   {cause}", f"  cure    {cure}"]
    assert flask_without_app.json("explain", "state_used") == {
        "code": "state_used",
        "cause": EXPLANATIONS["state_used"].cause,
        "cure": EXPLANATIONS["state_used"].cure,
    }


def test_explain_lists_every_code(flask_without_app: Flasked) -> None:
    assert [row["code"] for row in flask_without_app.json("explain")] == [*EXPLANATIONS, *FINDINGS]
    output = flask_without_app("explain").output
    assert all(code in output for code in EXPLANATIONS)


def test_explain_knows_what_was_meant(flask_without_app: Flasked) -> None:
    assert "Did you mean 'state_mismatch'?" in flask_without_app("explain", "state_mismach", status=1).output


def test_new_keys_can_be_used_and_differ(flask_without_app: Flasked) -> None:
    first, second = flask_without_app("keys", "new").output.strip(), flask_without_app.json("keys", "new")["key"]
    assert first != second
    ring = KeyRing([first, second])
    assert ring.open(ring.seal(b"x", b"y"), b"y") == b"x"


@pytest.mark.parametrize(
    ("path", "command"), list(commands()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_help_has_an_example_and_json(path: str, command: click.Command) -> None:
    result = CliRunner().invoke(cli, [*path.split()[1:], "--help"])
    assert result.exit_code == 0
    flat = " ".join(result.output.split())
    assert "Example: flask " in flat
    assert path in flat.partition("Example:")[2], "the example shows this command"
    assert " --json " in flat
    assert command.help
    assert command.help.splitlines()[0].endswith((".", ";", ",")) or "\n" in command.help


@pytest.mark.parametrize(
    ("path", "command"), list(commands()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_the_examples_parse(path: str, command: click.Command) -> None:
    """What an example shows is a command line that the command takes."""
    example = (command.epilog or "").partition("Example: flask ")[2]
    words = example.removeprefix("--app app ").removeprefix("--app app:create_app ").split()
    assert words[: len(path.split())] == path.split()
    command.make_context(path, words[len(path.split()) :], resilient_parsing=False)


def test_every_command_is_there() -> None:
    listed = CliRunner().invoke(cli, ["--help"]).output
    assert all(f"\n  {name} " in listed for name in COMMANDS)
    assert CliRunner().invoke(cli, ["nothing"]).exit_code == 2


BROKEN = "import module_that_is_not_there\n"


@pytest.mark.parametrize("program", [None, BROKEN], ids=["no application", "one that does not import"])
def test_works_with_no_app_and_with_a_broken_one(tmp_path: Path, program: str | None) -> None:
    if program is not None:
        (tmp_path / "app.py").write_text(program)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FLASK_")}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "flask", "oauth", *arguments]
        return subprocess.run(line, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)

    explained = run("explain", "state_used")
    assert explained.returncode == 0
    assert "used already" in explained.stdout
    listed = run("tokens", "list")
    assert listed.returncode == 1
    assert listed.stderr.startswith("Error: The application does not load.")
    assert ("module_that_is_not_there" if program else "Could not locate a Flask application") in listed.stderr


def test_flask_help_imports_no_command() -> None:
    """The group is in every project that has the package; what it costs there is the import of the package."""
    code = (
        "import sys, flask_oauth; before = set(sys.modules); import flask_oauth.cli as c; c.cli\n"
        "print(sorted(name for name in set(sys.modules) - before if name.startswith('flask_oauth')))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout
    assert out.strip() == "['flask_oauth.cli']"
