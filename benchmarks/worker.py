"""One subject of a measurement in a process of its own: makes it, then measures it as often as it is asked to.

Started by :mod:`.subjects` as ``python worker.py MODULE SUBJECT``, in our environment or in that of the peers.  The
options come as the first line of standard input, the number of operations of each round as a line of its own; each is
answered with a line of JSON.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints is not an answer

    def answer(value: dict[str, Any]) -> None:
        answers.write(json.dumps(value) + "\n")
        answers.flush()

    module, name = sys.argv[1:]
    subject = getattr(importlib.import_module(module), name)(**json.loads(sys.stdin.readline()))
    answer({})
    for line in sys.stdin:
        answer(one_round(subject, int(line)))


def one_round(subject: Any, number: int) -> dict[str, Any]:
    """What one round gives: seconds an operation takes, by the clock on the wall and by that of the processor."""
    result: dict[str, Any] = subject.measure(number) if hasattr(subject, "measure") else loop(subject, number)
    return result


def loop(call: Callable[[], object], number: int) -> dict[str, Any]:
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(number):
        call()
    return {"wall": (time.perf_counter() - wall) / number, "cpu": (time.process_time() - cpu) / number}


def resident_kib() -> int:
    """The memory this process holds, in KiB; 0 where the system does not say."""
    gc.collect()
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024
    except OSError:
        return 0


if __name__ == "__main__":
    main()
