"""``flask oauth init-db | rekey | tokens …`` on a SQLite store."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from tests.cli.cli_support import NEW, OLD, Flasked

from flask_oauth import Token
from flask_oauth.cli import store as store_commands
from flask_oauth.client.token_keeper import RekeyStep, TokenKeeper
from flask_oauth.errors import StoreError
from flask_oauth.extension.stored_tokens import record_key
from flask_oauth.protocol.http import Headers, HTTPResponse
from flask_oauth.storage import KeyRing, RecordKey
from flask_oauth.testing import ScriptedTransport, form_of

SECRETS = ("acc3ss-s3cret", "refr3sh-s3cret", "t0ken-s3cret", "eyJhbGciOi.id.token", "extra-s3cret", "shop-secret")
Keepers = Callable[..., TokenKeeper]


def token(**changes: Any) -> Token:
    values: dict[str, Any] = {
        "refresh_token": "refr3sh-s3cret",
        "token_secret": "t0ken-s3cret",
        "id_token": "eyJhbGciOi.id.token",
        "scope": "read write",
        "expires_at": 2_000_000_000.0,
        "extra": {"note": "extra-s3cret"},
    }
    return Token("acc3ss-s3cret", **{**values, **changes})


def key_of(app: Flask, owner: str, label: str = "") -> RecordKey:
    with app.app_context():
        return record_key(app.extensions["oauth"].corp, owner, label)


@pytest.fixture
def stocked(app: Flask, keeper_with: Keepers) -> TokenKeeper:
    """Three tokens: alice's two accounts, and bob's under the older key."""
    keeper_with().save(key_of(app, "alice"), token())
    keeper_with().save(key_of(app, "alice", "work"), token(refresh_token=None, expires_at=1000.0))
    keeper_with(OLD).save(key_of(app, "bob"), token(scope=""))
    return keeper_with()


# -- the store as a whole -----------------------------------------------------------------------------------------


def test_init_db_makes_the_tables_and_may_be_repeated(flask: Flasked) -> None:
    failed = flask("tokens", "list", status=1)
    assert "flask oauth init-db" in failed.output, "the error names the cure"
    assert flask("init-db").output == "The token store is ready.\n"
    assert flask.json("init-db") == {"ready": True}
    assert flask("tokens", "list").output == "None.\n"


def test_without_a_store_the_error_says_what_to_set(app: Flask, flask: Flasked) -> None:
    app.config["OAUTH_TOKEN_STORE"] = None
    for arguments in (("init-db",), ("rekey",), ("tokens", "list"), ("tokens", "prune")):
        assert "Set OAUTH_TOKEN_STORE" in flask(*arguments, status=1).output


def test_an_application_without_oauth() -> None:
    flask = Flasked(Flask("plain"))
    assert "Set OAUTH_TOKEN_STORE" in flask("tokens", "list", status=1).output


def test_the_application_does_not_load(flask_without_app: Flasked) -> None:
    output = flask_without_app("tokens", "list", status=1).output
    assert output == "Error: The application does not load. ImportError: no module named 'shop'\n"


# -- tokens -------------------------------------------------------------------------------------------------------


def test_list(stocked: TokenKeeper, flask: Flasked) -> None:
    rows = flask.json("tokens", "list")
    found = {(row["owner"], row["label"]): row for row in rows}
    assert found.keys() == {("alice", ""), ("alice", "work"), ("bob", "")}
    alice = found["alice", ""]
    assert (alice["remote app"], alice["issuer"]) == ("corp", "https://corp.example:443")
    assert (alice["scope"], alice["expires"], alice["refreshable"]) == ("read write", "2033-05-18T03:33:20+00:00", True)
    assert found["bob", ""]["sealed with"] == "older"
    assert not found["alice", "work"]["refreshable"]
    table = flask("tokens", "list").stdout.splitlines()
    assert table[0].split()[:4] == ["remote", "app", "issuer", "owner"]
    assert len(table) == 4
    assert [row["owner"] for row in flask.json("tokens", "list", "--owner", "bob")] == ["bob"]
    assert flask.json("tokens", "list", "--remote-app", "github") == []


def test_list_stops_at_the_limit_and_says_so(stocked: TokenKeeper, flask: Flasked) -> None:
    result = flask("tokens", "list", "--limit", "2")
    assert len(result.stdout.splitlines()) == 3
    assert "more than 2" in result.stderr
    assert "more than" not in flask("tokens", "list", "--limit", "3").stderr


def test_show(stocked: TokenKeeper, flask: Flasked) -> None:
    (row,) = flask.json("tokens", "show", "corp", "alice", "--label", "work")
    assert (row["owner"], row["label"], row["expires"]) == ("alice", "work", "1970-01-01T00:16:40+00:00")
    assert "no token of carol" in flask("tokens", "show", "corp", "carol", status=1).output
    assert "Did you mean 'corp'?" in flask("tokens", "show", "crop", "alice", status=1).output


def test_a_record_that_does_not_open(app: Flask, keeper_with: Keepers, flask: Flasked) -> None:
    keeper_with(KeyRing.new_key()).save(key_of(app, "lost"), token())
    (row,) = flask.json("tokens", "list")
    assert row["sealed with"] == "a key that is not here"
    assert row["scope"] == ""


def test_revoke(app: Flask, stocked: TokenKeeper, flask: Flasked, transport: ScriptedTransport) -> None:
    transport.always("POST", "https://corp.example/revoke", HTTPResponse(200, Headers(), b""))
    assert flask.json("tokens", "revoke", "corp", "alice") == {
        "forgotten": True,
        "revoked": {"refresh_token": "revoked", "access_token": "revoked"},
    }
    assert {form_of(request)["token"] for request in transport.requests} == {"acc3ss-s3cret", "refr3sh-s3cret"}
    assert stocked.load(key_of(app, "alice")) is None
    assert stocked.load(key_of(app, "alice", "work")) is not None
    assert "no token of alice" in flask("tokens", "revoke", "corp", "alice", status=1).output
    output = flask("tokens", "revoke", "corp", "bob").output
    assert output.startswith("Forgotten here.\n")
    assert "revoked" in output


def test_revoke_where_the_provider_does_not_answer(
    app: Flask, stocked: TokenKeeper, flask: Flasked, transport: ScriptedTransport
) -> None:
    transport.always("POST", "https://corp.example/revoke", HTTPResponse(503, Headers(), b""))
    outcome = flask.json("tokens", "revoke", "corp", "alice")["revoked"]
    assert outcome
    assert "revoked" not in outcome.values()
    assert stocked.load(key_of(app, "alice")) is None


def test_prune(stocked: TokenKeeper, flask: Flasked) -> None:
    assert flask("tokens", "prune").output == "1 removed.\n"
    assert flask.json("tokens", "prune") == {"removed": 0}
    assert len(flask.json("tokens", "list")) == 2


def test_no_command_prints_a_token(stocked: TokenKeeper, flask: Flasked, transport: ScriptedTransport) -> None:
    transport.always("POST", "https://corp.example/revoke", HTTPResponse(400, Headers(), b"acc3ss-s3cret"))
    lines = [
        ("tokens", "list"),
        ("tokens", "show", "corp", "alice"),
        ("tokens", "revoke", "corp", "alice"),
        ("tokens", "prune"),
        ("rekey",),
        ("init-db",),
    ]
    for line in lines:
        for options in ((), ("--json",)):
            if line[1:2] == ("revoke",):
                owner = "bob" if options else "alice"
                line = (*line[:-1], owner)
            output = flask(*line, *options).output
            assert output
            assert not any(secret in output for secret in (*SECRETS, NEW, OLD)), line


# -- rekey --------------------------------------------------------------------------------------------------------


def fill(app: Flask, keeper: TokenKeeper, count: int) -> list[RecordKey]:
    keys = [key_of(app, f"user-{number:03}") for number in range(count)]
    for key in keys:
        keeper.save(key, token(scope=f"first {key.owner}"))
    return keys


def test_rekey_seals_everything_with_the_newest_key(app: Flask, keeper_with: Keepers, flask: Flasked) -> None:
    keys = fill(app, keeper_with(OLD), 25)
    assert flask.json("rekey", "--batch", "10") == {"seen": 25, "rewritten": 25, "unopened": []}
    assert "25 records looked at, 0 sealed anew." in flask("rekey").output
    assert all(keeper_with(NEW).load(key) for key in keys)


def test_rekey_names_what_no_key_opens(app: Flask, keeper_with: Keepers, flask: Flasked) -> None:
    fill(app, keeper_with(OLD), 2)
    keeper_with(KeyRing.new_key()).save(key_of(app, "lost", "work"), token())
    result = flask("rekey", status=1)
    assert "3 records looked at, 2 sealed anew." in result.output
    assert "No key opens 1 of them: corp/lost/work" in result.output


def test_rekey_goes_on_where_it_was_interrupted(
    app: Flask, keeper_with: Keepers, flask: Flasked, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = fill(app, keeper_with(OLD), 30)
    whole = store_commands.keeper

    class Interrupted:
        """A keeper during whose third batch the store goes away."""

        def rekey(self, **options: Any) -> Iterator[RekeyStep]:
            for number, step in enumerate(whole().rekey(**options)):
                if number == 2:
                    raise StoreError("The token store does not answer")
                yield step

    monkeypatch.setattr(store_commands, "keeper", Interrupted)
    result = flask("rekey", "--batch", "10", status=1)
    monkeypatch.undo()
    assert "20 records looked at, 20 sealed anew, then stopped." in result.stderr
    after = result.stderr.partition("--after '")[2].partition("'")[0]
    assert after
    assert flask.json("rekey", "--after", after) == {"seen": 10, "rewritten": 0, "unopened": []}, "the batch was done"
    assert all(keeper_with(NEW).load(key) for key in keys)


def test_rekey_while_tokens_are_written(app: Flask, keeper_with: Keepers, flask: Flasked) -> None:
    keys = fill(app, keeper_with(OLD), 60)
    written: dict[RecordKey, str] = {}
    stop = threading.Event()

    def write() -> None:
        """A worker that has not been restarted yet: it still seals with the old key."""
        worker = keeper_with(OLD, NEW)
        number = 0
        while not stop.is_set():
            key, number = keys[number * 7 % len(keys)], number + 1
            worker.save(key, token(scope=f"write {number}"))
            written[key] = f"write {number}"

    writer = threading.Thread(target=write)
    writer.start()
    try:
        flask("rekey", "--batch", "5")
    finally:
        stop.set()
        writer.join()
    assert len(written) > 1, "it did write meanwhile"
    assert flask.json("rekey")["unopened"] == []
    now = keeper_with(NEW)
    for key in keys:
        held = now.load(key)
        assert held is not None
        assert held.token.scope == written.get(key, f"first {key.owner}"), "no write was lost"
