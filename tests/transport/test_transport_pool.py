"""Which connections wait, for how long, and how many."""

from __future__ import annotations

import gc
import os

import pytest

from flask_oauth.transport.pool import IDLE_IN_ALL, IDLE_PER_HOST, ConnectionPool


class Line:
    """A connection that does nothing."""

    def __init__(self, *, alive: bool = True) -> None:
        self.is_connected = alive
        self.closed = False

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def pool() -> ConnectionPool[Line]:
    return ConnectionPool(idle_seconds=50)


def test_last_returned_is_first_taken(pool):
    first, second, other = Line(), Line(), Line()
    pool.give("a", first, 0)
    pool.give("a", second, 1)
    pool.give("b", other, 1)
    assert [pool.take("a", 2), pool.take("a", 2), pool.take("a", 2)] == [second, first, None]
    assert pool.take("b", 2) is other
    assert pool.take("c", 2) is None


def test_dead_and_old_ones_are_closed_and_passed_over(pool):
    good, dead, old = Line(), Line(alive=False), Line()
    pool.give("a", good, 10)
    pool.give("a", dead, 11)
    assert pool.take("a", 12) is good
    assert dead.closed
    pool.give("a", old, 12)
    assert pool.take("a", 62) is None
    assert old.closed


def test_number_for_one_host_is_bounded(pool):
    lines = [Line() for _ in range(IDLE_PER_HOST + 3)]
    for line in lines:
        pool.give("a", line, 0)
    assert [line.closed for line in lines] == [True] * 3 + [False] * IDLE_PER_HOST


def test_number_in_all_is_bounded_and_the_oldest_go_first(pool):
    lines = [Line() for _ in range(IDLE_IN_ALL + 5)]
    for number, line in enumerate(lines):
        pool.give(number, line, number / 1000)
    assert [line.closed for line in lines] == [True] * 5 + [False] * IDLE_IN_ALL
    for number in range(IDLE_IN_ALL + 5):
        pool.take(number, 1)
    late = [Line() for _ in range(IDLE_IN_ALL)]
    for number, line in enumerate(late):
        pool.give(number, line, 2)
    assert not any(line.closed for line in late)


def test_hosts_that_are_not_asked_any_more_are_swept(pool):
    lines = [Line() for _ in range(10)]
    for number, line in enumerate(lines):
        pool.give(number, line, 1)
    pool.give("late", Line(), 100)
    assert all(line.closed for line in lines)
    assert list(pool._waiting) == ["late"]


def test_closed_pool_keeps_nothing(pool):
    idle, in_use = Line(), Line()
    pool.give("a", idle, 0)
    pool.close()
    pool.give("a", in_use, 0)
    assert idle.closed
    assert in_use.closed
    assert pool.take("a", 0) is None


def test_pool_that_nobody_holds_closes_its_connections():
    idle = Line()
    pool: ConnectionPool[Line] = ConnectionPool()
    pool.give("a", idle, 0)
    del pool
    gc.collect()
    assert idle.closed


def test_abandoning_needs_no_lock(pool):
    idle = Line()
    pool.give("a", idle, 0)
    with pool._lock:  # held by a thread that stayed behind in the parent
        pool.abandon()
    assert idle.closed
    assert pool.pid == os.getpid()
