"""Tokens of the application's own: kept until a minute before their end, obtained once, found by other workers."""

from __future__ import annotations

import threading
import time

import pytest

from flask_oauth.client.application_tokens import MOST_TOKENS, ApplicationTokens, Shelf
from flask_oauth.client.token_keeper import TokenKeeper
from flask_oauth.errors import ServerError, StoreError
from flask_oauth.protocol.token import Token
from flask_oauth.storage import KeyRing, MemoryTokenStore, RecordKey


class Server:
    """Gives out tokens and counts them."""

    def __init__(self, seconds=3600):
        self.now, self.seconds, self.given = 1000.0, seconds, 0

    def obtain(self):
        self.given += 1
        return Token(f"t{self.given}", expires_at=None if self.seconds is None else self.now + self.seconds)


def kept(server):
    return ApplicationTokens(lambda: server.now)


@pytest.fixture
def shelf():
    keeper = TokenKeeper(MemoryTokenStore(), KeyRing.derive(("k" * 32,), "tests"), clock=lambda: 1000.0)
    return Shelf(keeper, RecordKey("bank", "https://bank.example.com", "", "client:x"))


def test_kept_until_a_minute_before_its_end():
    server = Server()
    tokens = kept(server)
    for moment in (0, 1800, 3539.9):
        server.now = 1000 + moment
        assert tokens.get("x", server.obtain).access_token == "t1"
    server.now = 1000 + 3540
    assert tokens.get("x", server.obtain).access_token == "t2"


def test_a_short_life_is_used_for_half_of_it():
    server = Server(seconds=30)
    tokens = kept(server)
    tokens.get("x", server.obtain)
    server.now += 14
    assert tokens.get("x", server.obtain).access_token == "t1"
    server.now += 1
    assert tokens.get("x", server.obtain).access_token == "t2"


def test_a_token_without_a_known_end_is_kept_until_it_is_refused():
    server = Server(seconds=None)
    tokens = kept(server)
    first = tokens.get("x", server.obtain)
    server.now += 10**6
    assert tokens.get("x", server.obtain) is first
    assert tokens.get("x", server.obtain, refused=first).access_token == "t2"


def test_many_threads_refused_with_one_token_obtain_one_other():
    server = Server()
    tokens = kept(server)
    refused = tokens.get("x", server.obtain)
    assert {tokens.get("x", server.obtain, refused=refused).access_token for _ in range(5)} == {"t2"}
    assert server.given == 2


def test_different_names_have_different_tokens_and_not_without_end():
    server = Server()
    tokens = kept(server)
    for number in range(MOST_TOKENS + 5):
        tokens.get(f"n{number}", server.obtain)
    assert len(tokens._slots) == MOST_TOKENS


def test_threads_that_come_at_once_obtain_one_token():
    server = Server()
    tokens, begin, results = kept(server), threading.Barrier(16), []

    def slow():
        time.sleep(0.05)
        return server.obtain()

    def work():
        begin.wait()
        results.append(tokens.get("x", slow).access_token)

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (server.given, set(results), len(results)) == (1, {"t1"}, 16)


def test_a_failure_is_not_kept():
    server = Server()
    tokens = kept(server)

    def fails():
        raise ServerError("no", error="invalid_scope")

    with pytest.raises(ServerError):
        tokens.get("x", fails)
    assert tokens.get("x", server.obtain).access_token == "t1"


def test_other_workers_find_it_in_the_store(shelf):
    server = Server()
    first, second = kept(server), kept(server)
    first.get("x", server.obtain, shelf=shelf)
    assert second.get("x", server.obtain, shelf=shelf).access_token == "t1"
    server.now += 3540
    assert second.get("x", server.obtain, shelf=shelf).access_token == "t2"
    assert first.get("x", server.obtain, shelf=shelf).access_token == "t2"
    assert server.given == 2


def test_a_refused_token_is_replaced_in_the_store_once(shelf):
    server = Server()
    first, second = kept(server), kept(server)
    token = first.get("x", server.obtain, shelf=shelf)
    second.get("x", server.obtain, shelf=shelf)
    assert first.get("x", server.obtain, shelf=shelf, refused=token).access_token == "t2"
    assert second.get("x", server.obtain, shelf=shelf, refused=token).access_token == "t2"


def test_a_store_that_is_away_costs_a_request_and_nothing_else(shelf):
    class Away(MemoryTokenStore):
        def load(self, key):
            raise StoreError("away")

        save = acquire = load

    away = Shelf(TokenKeeper(Away(), shelf.keeper.keys), shelf.key)
    Away.save = lambda self, *args, **kwargs: Away.load(self, None)
    server = Server()
    tokens = kept(server)
    assert tokens.get("x", server.obtain, shelf=away).access_token == "t1"
    assert tokens.get("x", server.obtain, shelf=away).access_token == "t1"
    assert server.given == 1


def test_a_forked_process_begins_anew(monkeypatch):
    import os

    server = Server()
    tokens = kept(server)
    tokens.get("x", server.obtain)
    slot = tokens._slot("x")
    assert slot.lock.acquire()  # as if a thread of the parent held it when the process was forked
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert tokens.get("x", server.obtain).access_token == "t2"
