"""What every transport keeps: TLS, and connections that are used again."""

from __future__ import annotations

import ssl
import threading

import pytest
import trustme
from tests.transport.failures import failure
from tests.transport.servers import Peer, after_request, echo

from flask_oauth.protocol.http import ClientCertificate
from flask_oauth.transport import Urllib3Transport


class TestTLS:
    def test_trusted(self, make_transport, serve, get, server_context, ca_file):
        server = serve(echo, server_context)
        assert make_transport(ca_certs=ca_file).send(get(server.url())).status == 200

    def test_not_trusted(self, make_transport, serve, get, server_context):
        server = serve(echo, server_context)
        error = failure(make_transport(), get(server.url()))
        assert error.code == "transport_failed"
        assert "certificate" in str(error).lower()
        assert "ca_certs" in error.hint
        assert server.requests == []

    def test_certificate_of_another_host(self, make_transport, serve, get, authority, ca_file):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("other.example").configure_cert(context)
        server = serve(echo, context)
        assert "certificate" in str(failure(make_transport(ca_certs=ca_file), get(server.url()))).lower()
        assert server.requests == []

    @pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1:DeprecationWarning")
    def test_old_tls_is_refused(self, make_transport, serve, get, authority, ca_file):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        server = serve(echo, context)
        assert failure(make_transport(ca_certs=ca_file), get(server.url())).code == "transport_failed"
        assert server.requests == []

    def test_client_certificate(self, make_transport, serve, get, authority: trustme.CA, ca_file, tmp_path):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
        context.verify_mode = ssl.CERT_REQUIRED
        authority.configure_trust(context)
        names: list[object] = []

        def handler(peer: Peer) -> None:
            assert isinstance(peer.sock, ssl.SSLSocket)
            names.append((peer.sock.getpeercert() or {}).get("subjectAltName"))
            echo(peer)

        server = serve(handler, context)
        transport = make_transport(ca_certs=ca_file)
        for name in ("one.example", "two.example"):
            certificate = authority.issue_cert(name)
            files = ClientCertificate(str(tmp_path / f"{name}.pem"), str(tmp_path / f"{name}.key"))
            certificate.cert_chain_pems[0].write_to_path(files.certificate_file)
            certificate.private_key_pem.write_to_path(files.key_file)
            for _ in range(2):
                assert transport.send(get(server.url(), client_certificate=files)).status == 200
        # One connection for each certificate, never one with the other's.
        assert names == [(("DNS", "one.example"),), (("DNS", "two.example"),)]
        error = failure(transport, get(server.url()))  # and none without
        assert error.code == "transport_failed"


class TestConnections:
    def test_hundred_calls_use_one_connection(self, make_transport, serve, get, server_context, ca_file):
        server = serve(echo, server_context)
        transport = make_transport(ca_certs=ca_file)
        for _ in range(100):
            transport.send(get(server.url()))
        assert (server.connections, len(server.requests)) == (1, 100)

    @pytest.mark.parametrize("connection", ["close", "Close, x"])
    def test_connection_that_the_server_ends_is_not_kept(self, make_transport, serve, get, connection):
        server = serve(after_request(lambda peer: peer.answer(b"{}", Connection=connection)))
        transport = make_transport()
        for _ in range(3):
            assert transport.send(get(server.url())).status == 200
        assert server.connections == 3

    def test_sixteen_threads(self, make_transport, serve, get):
        # pyreqwest opens a connection while it waits for an idle one, and takes whichever is there first.
        def handler(peer: Peer) -> None:
            while (request := peer.read()) is not None:
                peer.answer(request.target.encode())

        server = serve(handler)
        transport = make_transport()
        bound = 16 if isinstance(transport, Urllib3Transport) else 64
        wrong: list[str] = []
        barrier = threading.Barrier(16)

        def work(number: int) -> None:
            barrier.wait()
            for turn in range(20):
                target = f"/{number}/{turn}"
                if transport.send(get(server.url(target))).body != target.encode():
                    wrong.append(target)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []
        assert len(server.requests) == 320
        assert server.connections <= bound

    def test_threads_wait_side_by_side(self, make_transport, serve, get):
        together = threading.Barrier(8)

        def handler(peer: Peer) -> None:
            peer.read()
            together.wait(5)  # answers only once all eight requests are here
            peer.answer()

        server = serve(handler)
        transport = make_transport()
        statuses: list[int] = []
        threads = [
            threading.Thread(target=lambda: statuses.append(transport.send(get(server.url())).status)) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert statuses == [200] * 8
