"""Measure Flask-OAuth beside its peers and its bounds, write ``results.json``, and draw the picture of the README.

``make bench``, or ``python benchmarks/run.py [--quick] [--only B1,B3] [--no-picture]``.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)

from benchmarks import calls, dpop_call, imports, picture, sign_ins, signing, tokens  # noqa: E402
from benchmarks.rows import line  # noqa: E402
from benchmarks.subjects import Bench, ensure_peers  # noqa: E402

Row = dict[str, Any]
RESULTS = ROOT / "benchmarks" / "results.json"
PICTURE = ROOT / "docs" / "images" / "benchmarks.svg"


def herd(bench: Bench) -> list[Row]:
    from benchmarks import refresh_herd

    return refresh_herd.run(quick=bench.quick)


def stores(bench: Bench) -> list[Row]:
    from benchmarks import store_speed

    return store_speed.run(quick=bench.quick)


#: The parts of a run, and the rows each gives.
PARTS: dict[str, Callable[[Bench], list[Row]]] = {
    "B1 B2 B4 B11": calls.run,
    "B3": signing.run,
    "B5 B6": sign_ins.run,
    "B7": herd,
    "B8": stores,
    "B9": tokens.run,
    "B10": imports.run,
    "B12": dpop_call.run,
}


def main() -> int:
    options = _options()
    bench = Bench(quick=options.quick, peers=ensure_peers())
    only = set(options.only.split(",")) if options.only else set()
    rows: list[Row] = []
    for names, part in PARTS.items():
        if not only or only & set(names.split()):
            rows += _measured(names, part, bench)
    if only:
        return 0
    rows.sort(key=lambda row: int(row["id"][1:]))
    results = {"machine": machine(), "date": datetime.date.today().isoformat(), "quick": bench.quick, "rows": rows}
    RESULTS.write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n")
    print(f"Written: {RESULTS.relative_to(ROOT)}")
    if not bench.quick:
        PICTURE.write_text(picture.draw(results))
        print(f"Drawn: {PICTURE.relative_to(ROOT)}")
    missed = [row for row in rows if not row["reached"]]
    print(f"{len(rows) - len(missed)} of {len(rows)} rows reached")
    return 0


def _measured(names: str, part: Callable[[Bench], list[Row]], bench: Bench) -> list[Row]:
    began = time.monotonic()
    try:
        rows = part(bench)
    except ImportError as error:  # a database's driver that is not installed here
        print(f"--- {names}: left out, {error}")
        return []
    for row in rows:
        print(line(row), flush=True)
    print(f"--- {names}: {time.monotonic() - began:.0f} s", flush=True)
    return rows


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", default=bool(os.environ.get("QUICK")))
    parser.add_argument("--only", default="", help="rows to measure, for example B1,B3; nothing is written then")
    return parser.parse_args()


def machine() -> str:
    """What the numbers were measured on."""
    return ", ".join(
        (_processor(), f"{os.cpu_count()} cores", platform.system(), f"Python {platform.python_version()}")
    )


def _processor() -> str:
    try:
        for text in Path("/proc/cpuinfo").read_text().splitlines():
            if text.startswith("model name"):
                return " ".join(text.partition(":")[2].split())
    except OSError:
        pass
    return platform.processor() or platform.machine()


if __name__ == "__main__":
    raise SystemExit(main())
