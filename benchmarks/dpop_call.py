"""What a DPoP call costs beside a bearer call: at most one signature more.

Run it with ``python benchmarks/dpop_call.py``.  Both calls go through the same remote app to the same server on this
machine, turn by turn; the bare signature is ES256 by cryptography, over as many bytes as a proof has.
"""

from __future__ import annotations

import json
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from flask import Flask

from flask_oauth import OAuth, Token
from flask_oauth.client.proofs import written
from flask_oauth.protocol.jose import generate_signing_key

MUST = 1.25
BODY = json.dumps({"id": 7, "name": "Alice"}).encode()


class Api(BaseHTTPRequestHandler):
    """Answers at once and looks at nothing."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def serving() -> Iterator[str]:
    """The API's address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def bare_signature() -> Callable[[], object]:
    """An ES256 signature as JWS has it, by cryptography alone."""
    key, algorithm, data = ec.generate_private_key(ec.SECP256R1()), ec.ECDSA(SHA256()), b"x" * 450

    def sign() -> bytes:
        r, s = decode_dss_signature(key.sign(data, algorithm))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    return sign


def microseconds(call: Callable[[], object], number: int) -> float:
    """The time of one call among so many."""
    begun = time.perf_counter()
    for _ in range(number):
        call()
    return (time.perf_counter() - begun) / number * 1e6


def rows(quick: bool = False) -> list[dict[str, Any]]:
    """The row of ``results.json``: medians of interleaved rounds, in microseconds."""
    rounds, number = (7, 150) if quick else (21, 400)
    app = Flask(__name__)
    app.config["SECRET_KEY"] = "a benchmark's"
    with serving() as address, app.app_context():
        remote = OAuth(app).remote_app("api", base_url=address, client_id="c", token_endpoint=f"{address}token")
        bearer = remote.with_token(Token("t" * 43))
        bound = remote.with_token(Token("t" * 43, token_type="DPoP", dpop_key=written(generate_signing_key())))
        calls: dict[str, Callable[[], object]] = {
            "bearer": lambda: bearer.get("me").data,
            "dpop": lambda: bound.get("me").data,
            "signature": bare_signature(),
        }
        for call in calls.values():
            microseconds(call, 50)
        times: dict[str, list[float]] = {name: [] for name in calls}
        for _ in range(rounds):
            for name, call in calls.items():
                times[name].append(microseconds(call, number))
    median = {name: statistics.median(values) for name, values in times.items()}
    bound_by = median["bearer"] + median["signature"]
    ratio = median["dpop"] / bound_by
    return [
        {
            "id": "D1",
            "what": "API call with a DPoP proof; bound: bearer call + one bare ES256 signature (µs)",
            "ours": round(median["dpop"], 1),
            "peers": {"bearer call": round(median["bearer"], 1), "bare signature": round(median["signature"], 1)},
            "bound": round(bound_by, 1),
            "ratio": round(ratio, 3),
            "must": f"<= {MUST}",
            "reached": ratio <= MUST,
            "spread": {name: [round(min(values), 1), round(max(values), 1)] for name, values in times.items()},
        }
    ]


if __name__ == "__main__":
    print(json.dumps(rows(), indent=2, ensure_ascii=False))
