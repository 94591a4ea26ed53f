"""The default transport: which connection is used again, which request is repeated, what is never logged."""

from __future__ import annotations

import base64
import logging
import shutil
import socket
import ssl
import subprocess
import threading
import time

import pytest
from tests.transport.servers import Peer, Server, after_request, echo, sending

from flask_oauth.errors import ConfigurationError, TransportError
from flask_oauth.protocol.http import ClientCertificate, Headers, HTTPRequest
from flask_oauth.transport import Transport, Urllib3Transport, shared_transport

SECRET = "s3cret"


def hang_up_on_second(peer: Peer) -> None:
    """Answer one request on a connection, read a second one and hang up."""
    if peer.read() is not None:
        peer.answer()
        peer.read()


def kept(transport: Urllib3Transport) -> list[object]:
    """The idle connections."""
    return [idle.connection for line in transport._pool._waiting.values() for idle in line]


def test_shared_transport_is_one_and_is_a_transport():
    assert shared_transport() is shared_transport()
    assert isinstance(shared_transport(), Transport)


class TestRepeating:
    def test_get_on_a_connection_the_server_just_closed_is_repeated_once(self, urllib3_transport, serve, get):
        server = serve(hang_up_on_second)
        transport = urllib3_transport()
        for _ in range(2):
            assert transport.send(get(server.url())).status == 200
        assert server.connections == 2

    @pytest.mark.parametrize(
        "options",
        [{"method": "POST", "body": b"code=1"}, {"method": "POST"}, {"repeatable": False}, {"body": b""}],
    )
    def test_request_that_may_have_been_acted_on_is_not_repeated(self, urllib3_transport, serve, get, options):
        server = serve(hang_up_on_second)
        transport = urllib3_transport()
        transport.send(get(server.url("/first")))
        request = HTTPRequest(**{"method": "GET", "url": server.url("/token"), **options})
        with pytest.raises(TransportError) as caught:
            transport.send(request)
        assert caught.value.code == "transport_failed"
        assert [received.target for received in server.requests] == ["/first", "/token"]

    def test_request_on_a_new_connection_is_not_repeated(self, urllib3_transport, serve, get):
        server = serve(sending(b""))
        with pytest.raises(TransportError):
            urllib3_transport().send(get(server.url()))
        assert len(server.requests) == 1

    def test_repeated_request_is_not_repeated_again(self, urllib3_transport, serve, get):
        def handler(peer: Peer) -> None:
            if peer.read() is not None and peer.number == 1:
                peer.answer()
                peer.read()

        server = serve(handler)
        transport = urllib3_transport()
        transport.send(get(server.url()))
        with pytest.raises(TransportError):
            transport.send(get(server.url()))
        assert len(server.requests) == 3

    def test_post_that_did_not_leave_is_sent_on_a_new_connection(self, urllib3_transport, serve, get):
        def handler(peer: Peer) -> None:
            echo(peer)
            peer.wait()  # does not hang up when the client's side of the connection ends

        server = serve(handler)
        transport = urllib3_transport()
        transport.send(get(server.url()))
        kept(transport)[0].sock.shutdown(socket.SHUT_WR)  # type: ignore[attr-defined]
        response = transport.send(HTTPRequest("POST", server.url("/token"), Headers(), b"code=1"))
        assert response.body == b'{"connection": 2}'
        assert [received.target for received in server.requests] == ["/", "/token"]

    def test_timeout_is_not_repeated(self, urllib3_transport, serve, get):
        def handler(peer: Peer) -> None:
            peer.read()
            peer.answer()
            peer.read()
            peer.wait()

        server = serve(handler)
        transport = urllib3_transport(read_timeout=0.2)
        transport.send(get(server.url()))
        with pytest.raises(TransportError):
            transport.send(get(server.url()))
        assert len(server.requests) == 2


class TestKeeping:
    def test_connection_closed_while_idle_is_noticed(self, urllib3_transport, serve, get):
        server = serve(after_request(lambda peer: peer.answer()))
        transport = urllib3_transport()
        transport.send(get(server.url()))
        connection = kept(transport)[0]
        while connection.is_connected:  # type: ignore[attr-defined]
            threading.Event().wait(0.01)
        assert transport.send(HTTPRequest("POST", server.url(), Headers(), b"code=1")).status == 200
        assert len(server.requests) == 2

    def test_connection_on_which_more_came_than_asked_for_is_not_used(self, urllib3_transport, serve, get):
        more = threading.Event()

        def handler(peer: Peer) -> None:
            peer.read()
            peer.answer(b"first")
            more.wait(5)
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged")
            peer.wait()

        server = serve(handler)
        transport = urllib3_transport()
        assert transport.send(get(server.url())).body == b"first"
        connection = kept(transport)[0]
        more.set()
        while connection.is_connected:  # type: ignore[attr-defined]
            threading.Event().wait(0.01)
        assert transport.send(get(server.url())).body == b"first"
        assert server.connections == 2

    def test_connection_idle_for_too_long_is_not_used(self, urllib3_transport, serve, get):
        now = [0.0]
        server = serve(echo)
        transport = urllib3_transport(idle_seconds=50, clock=lambda: now[0])
        connections = []
        for now[0] in (0, 49, 98, 149):
            connections.append(transport.send(get(server.url())).body)
        assert connections == [b'{"connection": %d}' % number for number in (1, 1, 1, 2)]

    def test_no_connection_is_kept_after_an_interruption(self, urllib3_transport, serve, get):
        server = serve(echo)
        interrupted = [False]

        def clock() -> float:
            if interrupted[0]:
                raise KeyboardInterrupt
            return 0.0

        def handler_interrupts(peer: Peer) -> None:
            while peer.read() is not None:
                interrupted[0] = peer.number == 1
                peer.answer(b"x" * 100_000)

        server = serve(handler_interrupts)
        transport = urllib3_transport(clock=clock)
        with pytest.raises(KeyboardInterrupt):
            transport.send(get(server.url()))
        interrupted[0] = False
        assert kept(transport) == []
        assert len(transport.send(get(server.url())).body) == 100_000

    def test_closing_closes_idle_connections_and_the_transport_goes_on(self, urllib3_transport, serve, get):
        server = serve(echo)
        transport = urllib3_transport()
        transport.send(get(server.url()))
        connection = kept(transport)[0]
        transport.close()
        assert connection.sock is None  # type: ignore[attr-defined]
        assert transport.send(get(server.url())).body == b'{"connection": 2}'

    def test_answer_given_before_the_body_was_taken(self, urllib3_transport, serve):
        def handler(peer: Peer) -> None:
            peer._until(b"\r\n\r\n")
            peer.answer(b"too much", "413 Content Too Large")

        server = serve(handler)
        transport = urllib3_transport()
        response = transport.send(HTTPRequest("POST", server.url(), Headers(), bytes(20_000_000)))
        assert (response.status, response.body) == (413, b"too much")
        assert kept(transport) == []

    def test_server_that_does_not_take_the_body(self, urllib3_transport, serve):
        def handler(peer: Peer) -> None:
            peer._until(b"\r\n\r\n")
            peer.wait()

        server = serve(handler)
        transport = urllib3_transport(read_timeout=0.3)
        with pytest.raises(TransportError) as caught:
            transport.send(HTTPRequest("POST", server.url(), Headers(), bytes(20_000_000)))
        assert caught.value.code == "transport_timeout"

    def test_server_that_takes_the_body_drop_by_drop(self, urllib3_transport, serve):
        def handler(peer: Peer) -> None:
            while not peer.server.stopping.wait(0.05):
                peer.sock.recv(200_000)

        server = serve(handler)
        started = time.monotonic()
        with pytest.raises(TransportError) as caught:
            urllib3_transport(total_timeout=0.5).send(HTTPRequest("POST", server.url(), Headers(), bytes(50_000_000)))
        assert caught.value.code == "transport_timeout"
        assert time.monotonic() - started < 3


def test_fields_in_latin_1(urllib3_transport, serve, get):
    server = serve(sending(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: \xe9\r\n\r\n"))
    response = urllib3_transport().send(get(server.url(), {"X": "é"}))
    assert server.requests[0].headers["x"] == "é"
    assert response.headers["x"] == "é"


class TestLog:
    @pytest.mark.parametrize(
        "answer", [b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 200 OK\r\nbroken\r\n: x\r\n\r\n", b"?"]
    )
    def test_N56_nothing_of_a_request_is_logged(self, urllib3_transport, serve, caplog, answer):
        server = serve(sending(answer))
        request = HTTPRequest("POST", server.url(f"/?client_secret={SECRET}"), Headers({"X": SECRET}), SECRET.encode())
        with caplog.at_level(logging.DEBUG):
            try:
                urllib3_transport().send(request)
            except TransportError as error:
                logging.getLogger("test").exception("failed", exc_info=error)
        assert SECRET not in caplog.text


class TestTrust:
    def test_ca_certs_that_cannot_be_read(self, urllib3_transport, get):
        with pytest.raises(ConfigurationError, match="ca_certs"):
            urllib3_transport(ca_certs="/no/such/file").send(get("https://localhost:1/"))

    @pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
    def test_ca_certs_as_a_directory(self, urllib3_transport, serve, get, server_context, ca_file, tmp_path):
        hashed = subprocess.run(["openssl", "x509", "-hash", "-noout", "-in", ca_file], capture_output=True, check=True)
        shutil.copy(ca_file, tmp_path / f"{hashed.stdout.decode().strip()}.0")
        server = serve(echo, server_context)
        assert urllib3_transport(ca_certs=str(tmp_path)).send(get(server.url())).status == 200

    def test_system_trust_is_the_default(self, urllib3_transport, serve, get, server_context, ca_file, monkeypatch):
        monkeypatch.setenv("SSL_CERT_FILE", ca_file)
        server = serve(echo, server_context)
        assert urllib3_transport().send(get(server.url())).status == 200

    @pytest.mark.parametrize("content", [None, b"not a certificate"])
    def test_client_certificate_that_cannot_be_read(self, urllib3_transport, get, tmp_path, content):
        path = tmp_path / "certificate.pem"
        if content is not None:
            path.write_bytes(content)
        certificate = ClientCertificate(str(path), str(path))
        with pytest.raises(ConfigurationError) as caught:
            urllib3_transport().send(get("https://localhost:1/", client_certificate=certificate))
        assert caught.value.code == "config_key_invalid"

    @pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
    def test_encrypted_key_is_an_error_and_not_a_question(self, urllib3_transport, get, authority, tmp_path):
        issued = authority.issue_cert("one.example")
        plain, certificate_file, key_file = (str(tmp_path / name) for name in ("plain", "certificate", "key"))
        issued.private_key_pem.write_to_path(plain)
        issued.cert_chain_pems[0].write_to_path(certificate_file)
        encrypt = ["openssl", "pkcs8", "-topk8", "-in", plain, "-out", key_file, "-passout", "pass:x"]
        subprocess.run(encrypt, check=True, capture_output=True)
        with pytest.raises(ConfigurationError):
            urllib3_transport().send(
                get("https://localhost:1/", client_certificate=ClientCertificate(certificate_file, key_file))
            )

    def test_client_certificate_is_read_again_when_it_has_changed(
        self, urllib3_transport, serve, get, authority, ca_file, tmp_path
    ):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
        context.verify_mode = ssl.CERT_REQUIRED
        authority.configure_trust(context)
        names: list[str] = []

        def handler(peer: Peer) -> None:
            assert isinstance(peer.sock, ssl.SSLSocket)
            names.append((peer.sock.getpeercert() or {})["subjectAltName"][0][1])
            if peer.read() is not None:
                peer.answer(Connection="close")

        server = serve(handler, context)
        transport = urllib3_transport(ca_certs=ca_file)
        files = ClientCertificate(str(tmp_path / "certificate"), str(tmp_path / "key"))
        for name in ("old.example", "new.example"):
            issued = authority.issue_cert(name)
            issued.cert_chain_pems[0].write_to_path(files.certificate_file)
            issued.private_key_pem.write_to_path(files.key_file)
            assert transport.send(get(server.url(), client_certificate=files)).status == 200
        assert names == ["old.example", "new.example"]


class Proxy:
    """A proxy that tunnels everything to one server."""

    def __init__(self, target: Server) -> None:
        self.target = target
        self.asked: list[tuple[str, str, str | None]] = []

    def __call__(self, peer: Peer) -> None:
        request = peer.read()
        assert request is not None
        self.asked.append((request.method, request.target, request.headers.get("proxy-authorization")))
        with socket.create_connection(("127.0.0.1", self.target.port)) as inner:
            peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=pump, args=(inner, peer.sock))
            back.start()
            pump(peer.sock, inner)
            back.join()


def pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


@pytest.fixture
def api_context(authority) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("api.example").configure_cert(context)
    return context


class TestProxy:
    def test_tunnel(self, urllib3_transport, serve, get, api_context, ca_file):
        server = serve(echo, api_context)
        proxy = Proxy(server)
        url = f"http://user:p%40ss@localhost:{serve(proxy).port}"
        transport = urllib3_transport(ca_certs=ca_file, proxy_url=url)
        for _ in range(2):
            assert transport.send(get("https://api.example/me")).status == 200
        credentials = base64.b64encode(b"user:p@ss").decode()
        assert proxy.asked == [("CONNECT", "api.example:443", f"Basic {credentials}")]
        assert [received.headers["host"] for received in server.requests] == ["api.example", "api.example"]
        assert "proxy-authorization" not in server.requests[0].headers

    def test_this_machine_is_reached_without_it(self, urllib3_transport, serve, get):
        server = serve(echo)
        transport = urllib3_transport(proxy_url="http://localhost:1")
        assert transport.send(get(server.url())).status == 200

    def test_N13_proxy_is_given_an_address_that_was_judged(self, urllib3_transport, serve, get, api_context, ca_file):
        server = serve(echo, api_context)
        proxy = Proxy(server)
        lookups: list[str] = []

        def resolver(host, port):
            lookups.append(host)
            address = "127.0.0.1" if host == "localhost" else "93.184.215.14"
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

        transport = urllib3_transport(
            ca_certs=ca_file, resolver=resolver, proxy_url=f"http://localhost:{serve(proxy).port}"
        )
        assert transport.send(get("https://api.example/", public_hosts_only=True)).status == 200
        assert proxy.asked[0][:2] == ("CONNECT", "93.184.215.14:443")
        assert lookups == ["api.example", "localhost"]

    def test_proxy_that_refuses(self, urllib3_transport, serve, get):
        server = serve(after_request(lambda peer: peer.answer(b"", "407 Proxy Authentication Required")))
        transport = urllib3_transport(proxy_url=f"http://user:{SECRET}@localhost:{server.port}")
        with pytest.raises(TransportError) as caught:
            transport.send(get("https://api.example/"))
        assert SECRET not in str(caught.value)

    @pytest.mark.parametrize("url", [f"socks5://user:{SECRET}@localhost:1", "localhost:8080", "http://"])
    def test_proxy_of_another_kind(self, url):
        with pytest.raises(ConfigurationError) as caught:
            Urllib3Transport(proxy_url=url)
        assert SECRET not in "".join(caught.value.__notes__)
