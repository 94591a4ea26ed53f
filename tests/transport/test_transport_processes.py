"""Across a fork and under gevent, each tried in a process of its own; and what importing costs."""

from __future__ import annotations

import threading

import pytest
from tests.transport.processes import needs_fork, run
from tests.transport.servers import Peer, echo

FORK = """
    import json, os, sys
    from flask_oauth.protocol.http import HTTPRequest
    from flask_oauth.transport import Urllib3Transport

    url, ca_file, locked = sys.argv[1:]
    transport = Urllib3Transport(ca_certs=ca_file)

    def call():
        return json.loads(transport.send(HTTPRequest("GET", url)).body)["connection"]

    def show(*values):
        os.write(1, (json.dumps(values) + "\\n").encode())

    show("parent", call(), call())
    if locked:
        transport._pool._lock.acquire()  # as another thread might at the moment of the fork
    child = os.fork()
    if child == 0:
        show("child", call(), call())
        os._exit(0)
    os.waitpid(child, 0)
    if locked:
        transport._pool._lock.release()
    show("parent", call(), call())
    transport.close()
"""


@needs_fork
@pytest.mark.parametrize("locked", ["", "locked"])
def test_child_shares_no_connection_with_its_parent(serve, server_context, ca_file, locked):
    server = serve(echo, server_context)
    assert run(FORK, server.url(), ca_file, locked) == [["parent", 1, 1], ["child", 2, 2], ["parent", 1, 1]]


GEVENT = """
    from gevent import monkey
    monkey.patch_all()
    import gevent, json, sys
    from flask_oauth.protocol.http import HTTPRequest
    from flask_oauth.transport import Urllib3Transport

    url, ca_file = sys.argv[1:]
    transport = Urllib3Transport(ca_certs=ca_file)

    def call(path):
        return transport.send(HTTPRequest("GET", url + path)).body.decode()

    # Answered only when all are there: greenlets wait side by side.
    together = [gevent.spawn(call, f"together/{number}") for number in range(20)]
    gevent.joinall(together, timeout=20)
    print(json.dumps([job.value for job in together]))

    # One is killed in the middle of its answer; the next ones get their own.
    try:
        with gevent.Timeout(0.3):
            call("slow")
    except gevent.Timeout:
        print(json.dumps("killed"))
    print(json.dumps([call(f"after/{number}") for number in range(3)]))
    transport.close()
"""


def test_under_gevent(serve, server_context, ca_file):
    pytest.importorskip("gevent", reason="gevent is not installed")
    together = threading.Barrier(20)

    def handler(peer: Peer) -> None:
        while (request := peer.read()) is not None:
            if request.target.startswith("/together"):
                together.wait(15)
            if request.target == "/slow":
                peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
                peer.wait()
            peer.answer(request.target.encode())

    server = serve(handler, server_context)
    assert run(GEVENT, server.url(), ca_file) == [
        [f"/together/{number}" for number in range(20)],
        "killed",
        [f"/after/{number}" for number in range(3)],
    ]


def test_importing_the_transport_does_not_load_urllib3():
    script = """
        import sys, flask_oauth.transport
        print("true" if "urllib3" in sys.modules or "pyreqwest" in sys.modules else "false")
    """
    assert run(script) == [False]


def test_process_that_ends_leaves_no_socket_open(serve):
    server = serve(echo)
    script = """
        import sys
        from flask_oauth.protocol.http import HTTPRequest
        from flask_oauth.transport import Urllib3Transport, shared_transport
        for transport in (shared_transport(), Urllib3Transport()):
            transport.send(HTTPRequest("GET", sys.argv[1]))
        del transport
        print("null")
    """
    assert run(script, server.url()) == [None]  # a socket left open would be an error on stderr
