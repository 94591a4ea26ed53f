"""What the worker processes of the tests and benchmarks do, and the provider that they ask."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any

# For the fork server, so that each worker need not import them again.
import redis
import sqlalchemy

from flask_oauth.client.refresh import RefreshCoordinator
from flask_oauth.client.token_keeper import TokenKeeper
from flask_oauth.errors import OAuthException, ServerError
from flask_oauth.protocol.token import Token
from flask_oauth.storage import KeyRing, RecordKey, RedisTokenStore, SQLAlchemyTokenStore, TokenStore, store_from_url

PRELOADED = (redis, sqlalchemy, RedisTokenStore, SQLAlchemyTokenStore)
SECRET = "the secret key of the application"

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload([__name__])


class Provider:
    """A token endpoint in the parent process: rotates refresh tokens, takes each once, counts requests.

    :param seconds: how long an answer takes.
    :param grace: whether the refresh token before the current one is taken too (as some providers do for a minute).
    """

    def __init__(self, *, seconds: float = 0.0, grace: bool = False) -> None:
        self.seconds = seconds
        self.grace = grace
        self.requests = 0
        self.current = "refresh-0"
        self.before = ""
        self.port = 0
        self.lock = threading.Lock()

    def answer(self, refresh_token: str) -> dict[str, Any]:
        with self.lock:
            self.requests += 1
            good = refresh_token == self.current or (self.grace and refresh_token == self.before)
            if good:
                self.before, self.current = refresh_token, f"refresh-{self.requests}"
            number = self.requests
        time.sleep(self.seconds)
        if not good:
            return {"error": "invalid_grant"}
        return {"access_token": f"access-{number}", "refresh_token": f"refresh-{number}", "expires_in": 3600}

    @contextmanager
    def listening(self) -> Iterator[Provider]:
        provider = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                answer = provider.answer(json.loads(self.rfile.readline()))
                with suppress(OSError):  # the worker was killed meanwhile
                    self.wfile.write(json.dumps(answer).encode() + b"\n")

        class Server(socketserver.ThreadingTCPServer):
            request_queue_size = 128

        with Server(("127.0.0.1", 0), Handler) as server:
            self.port = server.server_address[1]
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            try:
                yield self
            finally:
                server.shutdown()
                thread.join()


class ProviderOfMany(Provider):
    """The same for many users: a refresh token is the user's name and a number."""

    def __init__(self, *, seconds: float = 0.0) -> None:
        super().__init__(seconds=seconds)
        self.numbers: dict[str, int] = {}

    def answer(self, refresh_token: str) -> dict[str, Any]:
        user, _, number = refresh_token.partition(".")
        with self.lock:
            self.requests += 1
            good = int(number) == self.numbers.get(user, 0)
            self.numbers[user] = following = int(number) + 1
        time.sleep(self.seconds)
        if not good:
            return {"error": "invalid_grant"}
        return {"access_token": f"access-{user}", "refresh_token": f"{user}.{following}"}


def ask(port: int, token: Token) -> Token:
    """Refresh at the provider that listens on that port."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(json.dumps(token.refresh_token).encode() + b"\n")
        answer = json.loads(connection.makefile().readline())
    if "error" in answer:
        raise ServerError("The provider refused.", error=answer["error"])
    return Token(answer["access_token"], refresh_token=answer["refresh_token"], expires_at=time.time() + 3600)


def keeper_of(url: str) -> TokenKeeper:
    return TokenKeeper(store_from_url(url), KeyRing.derive([SECRET], "tokens"))


def close(store: TokenStore) -> None:
    """Close the connections of a store that has any."""
    getattr(store, "close", lambda: None)()


def save_expired(url: str, key: RecordKey) -> TokenKeeper:
    keeper = keeper_of(url)
    keeper.save(key, Token("access-0", refresh_token="refresh-0", expires_at=time.time() - 1))
    return keeper


def warm_up(coordinator: RefreshCoordinator, key: RecordKey) -> None:
    """Do everything once, so that connections are open and statements compiled, as in a server that runs."""
    coordinator.keeper.save(key, Token("old", refresh_token="r", expires_at=time.time() - 1))
    coordinator.fresh(key, lambda token: Token("new"))
    lease = coordinator.keeper.store.acquire(key, seconds=1)
    coordinator.keeper.store.acquire(key, seconds=1)
    if lease is not None:
        coordinator.keeper.store.release(lease)


def herd_worker(url: str, key: RecordKey, port: int, threads: int, barrier: Any, results: Any) -> None:
    """So many threads that all need the one token at the same moment; sends (access token or error, seconds).

    Without a URL each of them refreshes by itself.
    """
    ready = threading.Barrier(threads + 1)
    outcomes: list[tuple[str, float]] = []
    coordinator = RefreshCoordinator(keeper_of(url)) if url else None

    def get() -> Token:
        if coordinator is None:
            return ask(port, Token("access-0", refresh_token="refresh-0"))
        return coordinator.fresh(key, lambda token: ask(port, token))

    def call() -> None:
        if coordinator is not None:  # so that each thread has its connection, as in a server that runs
            warm_up(coordinator, RecordKey("warm up", "i", str(threading.get_ident())))
        ready.wait()
        started = time.perf_counter()
        try:
            outcome = get().access_token
        except OAuthException as error:
            outcome = f"{type(error).__name__}: {error}"
        outcomes.append((outcome, time.perf_counter() - started))

    workers = [threading.Thread(target=call) for _ in range(threads)]
    for worker in workers:
        worker.start()
    barrier.wait()
    ready.wait()
    for worker in workers:
        worker.join()
    results.put(outcomes)


def run_herd(url: str, key: RecordKey, provider: Provider, workers: int, threads: int) -> list[tuple[str, float]]:
    """Outcome and seconds of every caller of a herd; the provider must be listening."""
    barrier, results = processes.Barrier(workers), processes.Queue()
    arguments = (url, key, provider.port, threads, barrier, results)
    started = [processes.Process(target=herd_worker, args=arguments) for _ in range(workers)]
    for process in started:
        process.start()
    outcomes = [outcome for _ in started for outcome in results.get(timeout=120)]
    for process in started:
        process.join()
        process.close()
    results.close()
    results.join_thread()
    return outcomes


def doomed_worker(url: str, key: RecordKey, port: int, phase: str, lease_seconds: float, told: Connection) -> None:
    """Refreshes, says so at the moment that `phase` names, and then does nothing until it is killed."""
    keeper = keeper_of(url)

    def stop(at: str) -> None:
        if phase == at:
            told.send(at)
            time.sleep(60)

    def refresh(token: Token) -> Token:
        stop("before the request")
        if phase == "before the answer":
            told.send(phase)
        answer = ask(port, token)
        stop("before the save")
        return answer

    RefreshCoordinator(keeper, lease_seconds=lease_seconds).fresh(key, refresh)
    stop("after the save")


@contextmanager
def killed_worker(url: str, key: RecordKey, port: int, phase: str, lease_seconds: float) -> Iterator[float]:
    """A worker that was killed with SIGKILL in that phase of its refresh; gives the moment (monotonic)."""
    told, tell = processes.Pipe(duplex=False)
    process = processes.Process(target=doomed_worker, args=(url, key, port, phase, lease_seconds, tell))
    process.start()
    tell.close()
    try:
        assert told.poll(30)
        assert told.recv() == phase
        if phase == "before the answer":
            time.sleep(0.1)  # let the request reach the provider
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        yield time.monotonic()
    finally:
        process.kill()
        process.join()
        process.close()
        told.close()


def crowd_worker(url: str, keys: list[RecordKey], port: int, threads: int, barrier: Any, results: Any) -> None:
    """Calls for each of many users; sends how often it got the right token."""
    coordinator = RefreshCoordinator(keeper_of(url))
    barrier.wait()

    def call(key: RecordKey) -> bool:
        return coordinator.fresh(key, lambda token: ask(port, token)).access_token == f"access-{key.owner}"

    with ThreadPoolExecutor(threads) as pool:
        results.put(sum(pool.map(call, keys)))


def run_crowd(url: str, keys: list[RecordKey], provider: Provider, workers: int, threads: int) -> list[int]:
    """How often each of the workers got the right token; two and two of them call for the same half of the users."""
    barrier, results = processes.Barrier(workers), processes.Queue()
    started = []
    for number in range(workers):
        arguments = (url, keys[number % 2 :: 2], provider.port, threads, barrier, results)
        started.append(processes.Process(target=crowd_worker, args=arguments))
    for process in started:
        process.start()
    right = [results.get(timeout=120) for _ in started]
    for process in started:
        process.join()
        process.close()
    results.close()
    results.join_thread()
    return right
