"""``flask oauth …`` as ``flask`` itself runs it."""

from __future__ import annotations

import json
from typing import Any

from click.testing import CliRunner, Result
from flask import Flask
from flask.cli import FlaskGroup

from flask_oauth.storage import KeyRing

OLD, NEW = KeyRing.new_key(), KeyRing.new_key()


class Flasked:
    """``flask`` with its arguments, for one application, or for none."""

    def __init__(self, app: Flask | None) -> None:
        self.app = app

    def __call__(self, *arguments: str, status: int = 0) -> Result:
        """Run it; the exit status must be the one that is named."""
        group = FlaskGroup(create_app=self._create, load_dotenv=False)
        result = CliRunner().invoke(group, ["oauth", *arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == status, result.output
        return result

    def json(self, *arguments: str, status: int = 0) -> Any:
        """What it prints with ``--json``."""
        return json.loads(self(*arguments, "--json", status=status).stdout)

    def _create(self) -> Flask:
        if self.app is None:
            raise ImportError("no module named 'shop'")
        return self.app
