"""What a store operation costs, in processor time of the server and of the application; the source of docs/scale.md.

Run it with ``python -m benchmarks.store_cost``.  Processor time, not elapsed time: so it hardly matters what else the
machine does, and cores can be counted from it.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
from benchmarks import store_speed
from tests.storage import servers, workers

from flask_oauth.client.refresh import RefreshCoordinator
from flask_oauth.client.token_keeper import TokenKeeper
from flask_oauth.protocol.token import Token
from flask_oauth.storage import RecordKey

LARGE = Token(
    "a" * 950,
    refresh_token="r" * 103,
    expires_at=1_900_000_000.0,
    scope="openid email profile offline_access",
    id_token="i" * 1150,
)
RECORDS, CALLS = 20_000, 3000


def processor_seconds(name: str) -> float:
    """What all our server processes of that name have used so far."""
    mine = psutil.Process().children(recursive=True) if name == "redis-server" else psutil.process_iter()
    return sum(sum(process.cpu_times()[:2]) for process in mine if process.name() == name)


def cost(server: str, call: Callable[[], object]) -> tuple[float, float]:
    """Microseconds of the server and of this process for one call."""
    call()
    before, started = processor_seconds(server) if server else 0.0, time.process_time()
    for _ in range(CALLS):
        call()
    own = time.process_time() - started
    theirs = processor_seconds(server) - before if server else 0.0
    return theirs / CALLS * 1e6, own / CALLS * 1e6


def operations(one: store_speed.Subject) -> Iterator[tuple[str, Callable[[], object]]]:
    keeper = TokenKeeper(one.store, store_speed.RING)
    coordinator = RefreshCoordinator(keeper)
    new = store_speed.TOKEN
    expired = Token(new.access_token, refresh_token=new.refresh_token, expires_at=time.time() - 1, scope=new.scope)
    fresh = Token(new.access_token, refresh_token=new.refresh_token, expires_at=time.time() + 3600, scope=new.scope)
    numbers = iter(range(10**9))

    def refresh() -> None:
        key = random.choice(one.sample)
        keeper.save(key, expired)
        coordinator.fresh(key, lambda token: fresh)

    def sign_in() -> None:
        keeper.save(RecordKey("google", "https://accounts.google.com", f"new-{next(numbers)}"), fresh)

    yield "API call (load)", lambda: keeper.load(random.choice(one.sample))
    yield "sign-in of a new user", sign_in
    yield "save of a known user", lambda: keeper.save(random.choice(one.sample), fresh)
    yield "save and refresh", refresh


def subjects(stack: ExitStack) -> Iterator[tuple[str, str, store_speed.Subject]]:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    yield "SQLite", "", store_speed.sqlite_subject(folder, RECORDS)
    server = stack.enter_context(servers.postgresql(durable=True))
    yield "PostgreSQL", "postgres", store_speed.postgresql_subject(server, RECORDS)
    yield "Redis", "redis-server", store_speed.redis_subject(stack.enter_context(servers.redis_server()), RECORDS, 0)


def main() -> None:
    small: Any = store_speed.TOKEN
    for size, token in (("small token", small), ("token with JWTs", LARGE)):
        store_speed.TOKEN = token
        with ExitStack() as stack:
            for name, server, one in subjects(stack):
                print(f"{name}, {size}: {one.bytes_a_record:.0f} bytes a record")
                for what, call in operations(one):
                    theirs, own = cost(server, call)
                    print(f"    {what:22} server {theirs:6.0f} µs   application {own:6.0f} µs")
                workers.close(one.store)


if __name__ == "__main__":
    main()
