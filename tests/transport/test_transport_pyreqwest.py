"""The transport of the extra [turbo]: what it does differently, and what it says across a fork."""

from __future__ import annotations

import http.client
import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.transport.processes import needs_fork, run
from tests.transport.servers import Peer, echo, sending

from flask_oauth.errors import ConfigurationError, TransportError
from flask_oauth.protocol.http import Headers, HTTPRequest
from flask_oauth.transport.pyreqwest_transport import PyreqwestTransport

needs_pyreqwest = pytest.mark.skipif(
    importlib.util.find_spec("pyreqwest") is None, reason="the extra [turbo] is not installed"
)
needs_gunicorn = pytest.mark.skipif(importlib.util.find_spec("gunicorn") is None, reason="gunicorn is not installed")

FORK = """
    import json, os, signal, sys
    from flask_oauth.errors import TransportError
    from flask_oauth.protocol.http import HTTPRequest
    from flask_oauth.transport.pyreqwest_transport import PyreqwestTransport

    url, used_before, made_in_child = sys.argv[1:]
    transport = PyreqwestTransport()

    def call():
        try:
            return json.loads(transport.send(HTTPRequest("GET", url)).body)["connection"]
        except TransportError as error:
            return [error.code, "fork" in str(error)]

    def show(*values):
        os.write(1, (json.dumps(values) + "\\n").encode())

    if used_before:
        show("parent", call())
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        if made_in_child:
            transport = PyreqwestTransport()
        show("child", call())
        os._exit(0)
    os.waitpid(child, 0)
    show("parent", call())
    transport.close()
"""


@needs_pyreqwest
@needs_fork
@pytest.mark.parametrize("made_in_child", ["", "made in child"])
def test_client_used_across_a_fork_says_so(serve, made_in_child):
    server = serve(echo)
    printed = run(FORK, server.url(), "used before", made_in_child)
    assert printed == [["parent", 1], ["child", ["transport_forked", True]], ["parent", 1]]


@needs_pyreqwest
@needs_fork
def test_transport_that_sent_nothing_before_the_fork_works_in_the_worker(serve):
    server = serve(echo)
    assert run(FORK, server.url(), "", "") == [["child", 1], ["parent", 2]]


APPLICATION = """
import os
from flask_oauth.protocol.http import HTTPRequest
from flask_oauth.transport.pyreqwest_transport import PyreqwestTransport

transport = PyreqwestTransport()
loaded_in = os.getpid()

def application(environ, start_response):
    body = transport.send(HTTPRequest("GET", os.environ["API_URL"])).body
    start_response("200 OK", [("Content-Length", str(len(body))), ("X-Forked", str(os.getpid() != loaded_in))])
    return [body]
"""


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a socket in the file system."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=10)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect(self.path)


@needs_pyreqwest
@needs_gunicorn
@needs_fork
def test_gunicorn_preload(serve, tmp_path: Path):
    server = serve(echo)
    (tmp_path / "preloaded.py").write_text(APPLICATION)
    path = str(tmp_path / "sock")
    command = [sys.executable, "-m", "gunicorn", "--preload", "-w", "2", "-b", f"unix:{path}", "preloaded:application"]
    environment = {**os.environ, "API_URL": server.url()}
    process = subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        give_up = time.monotonic() + 20
        while not os.path.exists(path) and time.monotonic() < give_up and process.poll() is None:
            time.sleep(0.05)
        answers = []
        for _ in range(6):
            connection = UnixConnection(path)
            connection.request("GET", "/")
            response = connection.getresponse()
            answers.append((response.status, response.headers["X-Forked"], response.read()[:14]))
            connection.close()
    finally:
        process.terminate()
        _, log = process.communicate(timeout=20)
    assert answers == [(200, "True", b'{"connection":')] * 6, log


@needs_pyreqwest
def test_refuses_to_run_under_gevent(serve):
    pytest.importorskip("gevent", reason="gevent is not installed")
    script = """
        from gevent import monkey
        monkey.patch_all()
        import json
        from flask_oauth.errors import ConfigurationError
        from flask_oauth.protocol.http import HTTPRequest
        from flask_oauth.transport.pyreqwest_transport import PyreqwestTransport
        try:
            PyreqwestTransport().send(HTTPRequest("GET", "http://localhost:1/"))
        except ConfigurationError as error:
            print(json.dumps(str(error)))
    """
    (message,) = run(script)
    assert "gevent" in str(message)


def test_missing_package_names_the_extra(monkeypatch):
    for name in ("pyreqwest", "pyreqwest.client"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ConfigurationError) as caught:
        PyreqwestTransport().send(HTTPRequest("GET", "http://localhost:1/"))
    assert caught.value.code == "config_extra_missing"
    assert "Flask-OAuth[turbo]" in caught.value.hint


@pytest.fixture
def transport() -> Iterator[PyreqwestTransport]:
    pytest.importorskip("pyreqwest", reason="the extra [turbo] is not installed")
    made = PyreqwestTransport(read_timeout=5.0, total_timeout=10.0)
    yield made
    made.close()


def hang_up_on_second(peer: Peer) -> None:
    if peer.read() is not None:
        peer.answer()
        peer.read()


def test_get_on_a_connection_the_server_just_closed_is_repeated(transport, serve, get):
    server = serve(hang_up_on_second)
    for _ in range(2):
        assert transport.send(get(server.url())).status == 200
    assert len(server.requests) == 3


@pytest.mark.parametrize("options", [{"method": "POST", "body": b"code=1"}, {"method": "POST"}, {"repeatable": False}])
def test_request_that_may_have_been_acted_on_is_not_repeated(transport, serve, get, options):
    server = serve(hang_up_on_second)
    transport.send(get(server.url("/first")))
    with pytest.raises(TransportError) as caught:
        transport.send(HTTPRequest(**{"method": "GET", "url": server.url("/token"), **options}))
    assert caught.value.code == "transport_failed"
    assert [received.target for received in server.requests] == ["/first", "/token"]


def test_N13_guarded_requests_are_guarded(transport, serve, get, server_context):
    server = serve(echo, server_context)
    with pytest.raises(TransportError) as caught:
        transport.send(get(server.url(), public_hosts_only=True))
    assert caught.value.code == "transport_private_address"
    assert server.connections == 0


def test_N56_no_cause_quotes_the_request(transport, serve, get):
    server = serve(sending(b""))
    with pytest.raises(TransportError) as caught:
        transport.send(get(server.url("/?client_secret=s3cret"), {"X": "s3cret"}))
    error: BaseException | None = caught.value
    seen = 0
    while error is not None:
        assert "s3cret" not in repr(error)
        error, seen = error.__cause__ or error.__context__, seen + 1
    assert seen == 2


def test_fields_that_are_not_ascii_are_left_out(transport, serve, get):
    server = serve(sending(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: \xe9\r\nY: 1\r\nY: 2\r\n\r\nok"))
    response = transport.send(get(server.url()))
    assert response.body == b"ok"
    assert ("x" in response.headers, response.headers["y"]) == (False, "1, 2")
    with pytest.raises(TransportError, match="Not sent"):
        transport.send(get(server.url(), {"X": "é"}))


def test_transport_goes_on_after_closing(transport, serve, get):
    server = serve(echo)
    for _ in range(2):
        assert transport.send(get(server.url())).status == 200
        transport.close()
    assert server.connections == 2


def test_ca_certs_that_cannot_be_read(get):
    pytest.importorskip("pyreqwest", reason="the extra [turbo] is not installed")
    with pytest.raises(ConfigurationError, match="ca_certs"):
        PyreqwestTransport(ca_certs="/no/such/file").send(get("https://localhost:1/"))


def test_tab_in_a_field(transport, serve):
    server = serve(echo)
    transport.send(HTTPRequest("GET", server.url(), Headers({"X": "a\tb"})))
    assert server.requests[0].headers["x"] == "a\tb"
