"""What every transport keeps, tried over real sockets against servers that misbehave."""

from __future__ import annotations

import gzip
import threading
import time
import zlib

import pytest
from tests.transport.failures import SECRET, failure
from tests.transport.servers import Peer, after_request, echo, sending

from flask_oauth.protocol.http import Headers, HTTPRequest


class TestAnswers:
    def test_request_arrives_as_it_is(self, make_transport, serve):
        server = serve(echo)
        request = HTTPRequest(
            "POST", server.url("/token?a=1&b=%20"), Headers({"X-Thing": "~ b", "Accept": "a/b"}), b"x=1"
        )
        make_transport().send(request)
        (received,) = server.requests
        assert (received.method, received.target, received.body) == ("POST", "/token?a=1&b=%20", b"x=1")
        assert received.headers["x-thing"] == "~ b"
        assert received.headers["accept"] == "a/b"
        assert received.headers["host"] == f"localhost:{server.port}"
        assert received.headers["user-agent"] == "Flask-OAuth/1.0"
        assert received.headers["content-length"] == "3"
        assert "cookie" not in received.headers

    def test_own_user_agent_wins(self, make_transport, serve, get):
        server = serve(echo)
        make_transport().send(get(server.url(), {"User-Agent": "mine"}))
        assert server.requests[0].headers["user-agent"] == "mine"

    def test_text_that_needs_encoding_is_encoded_once(self, make_transport, serve, get):
        server = serve(echo)
        make_transport().send(get(server.url('/é b\\?q=ü%20x"#fragment')))
        assert server.requests[0].target == "/%C3%A9%20b%5C?q=%C3%BC%20x%22"

    def test_answer_is_complete(self, make_transport, serve, get):
        head = b"HTTP/1.1 404 Nope\r\nContent-Type: a/b\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 4\r\n\r\n"
        server = serve(sending(head + b"\x00\xff\r\n"))
        url = server.url("/x?y=1")
        response = make_transport().send(get(url))
        assert (response.status, response.body, response.url) == (404, b"\x00\xff\r\n", url)
        assert response.media_type == "a/b"
        assert response.headers["x-a"] == "1, 2"
        assert [value for name, value in response.headers.items_as_sent() if name.lower() == "x-a"] == ["1", "2"]

    @pytest.mark.parametrize("status", [200, 301, 400, 401, 500, 503])
    def test_status_is_returned_and_not_raised(self, make_transport, serve, get, status):
        server = serve(after_request(lambda peer: peer.answer(b"", f"{status} Text")))
        assert make_transport().send(get(server.url())).status == status

    @pytest.mark.parametrize(
        "head",
        [b"204 No Content\r\n", b"304 Not Modified\r\nContent-Length: 9\r\n", b"200 OK\r\nContent-Length: 0\r\n"],
    )
    def test_answer_without_a_body(self, make_transport, serve, get, head):
        server = serve(sending(b"HTTP/1.1 " + head + b"\r\n"))
        assert make_transport().send(get(server.url())).body == b""

    def test_head(self, make_transport, serve):
        server = serve(sending(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"))
        response = make_transport().send(HTTPRequest("HEAD", server.url()))
        assert (response.body, response.headers["content-length"]) == (b"", "1000")

    def test_post_without_a_body_states_so(self, make_transport, serve):
        server = serve(echo)
        make_transport().send(HTTPRequest("POST", server.url()))
        assert server.requests[0].headers["content-length"] == "0"

    def test_large_body_arrives_whole(self, make_transport, serve):
        server = serve(echo)
        body = bytes(range(256)) * 4000
        make_transport().send(HTTPRequest("PUT", server.url(), Headers(), body))
        assert server.requests[0].body == body

    def test_chunked(self, make_transport, serve, get):
        chunks = b"4\r\nWiki\r\n6;x=y\r\npedia \r\n0\r\nTrailer: x\r\n\r\n"
        server = serve(sending(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks))
        assert make_transport().send(get(server.url())).body == b"Wikipedia "

    def test_until_the_connection_closes(self, make_transport, serve, get):
        server = serve(sending(b"HTTP/1.0 200 OK\r\nContent-Type: a/b\r\n\r\nall of it"))
        assert make_transport().send(get(server.url())).body == b"all of it"

    @pytest.mark.parametrize(
        ("coding", "compress"),
        [
            ("gzip", gzip.compress),
            ("GZIP", gzip.compress),
            ("deflate", zlib.compress),
        ],
    )
    def test_compressed(self, make_transport, serve, get, coding, compress):
        body = b'{"a": "' + b"x" * 5000 + b'"}'
        server = serve(after_request(lambda peer: peer.answer(compress(body), Content_Encoding=coding)))
        assert make_transport().send(get(server.url())).body == body
        assert "gzip" in server.requests[0].headers["accept-encoding"]

    def test_empty_answer_that_claims_to_be_compressed(self, make_transport, serve, get):
        server = serve(after_request(lambda peer: peer.answer(b"", Content_Encoding="gzip")))
        assert make_transport().send(get(server.url())).body == b""

    def test_early_hints_come_before_the_answer(self, make_transport, serve, get):
        hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
        server = serve(sending(hints + b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
        response = make_transport().send(get(server.url()))
        assert (response.status, response.body) == (200, b"ok")
        assert "link" not in response.headers


class TestRedirects:
    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_N12_redirect_is_not_followed(self, make_transport, serve, status):
        elsewhere = serve(echo)
        location = elsewhere.url("/stolen")
        server = serve(after_request(lambda peer: peer.answer(b"", f"{status} Moved", Location=location)))
        request = HTTPRequest("POST", server.url(), Headers({"Authorization": "Bearer x"}), b"code=1")
        response = make_transport().send(request)
        assert (response.status, response.headers["location"]) == (status, location)
        assert elsewhere.connections == 0
        assert len(server.requests) == 1

    def test_N12_redirect_loop_is_one_request(self, make_transport, serve, get):
        def loop(peer: Peer) -> None:
            while peer.read() is not None:
                peer.answer(b"", "302 Found", Location="/")

        server = serve(loop)
        assert make_transport().send(get(server.url())).status == 302
        assert len(server.requests) == 1

    @pytest.mark.parametrize("host", ["as.example", "10.0.0.1", "127.0.0.2", "localhost.example", "[::2]"])
    def test_N12_plain_http_is_not_sent(self, make_transport, get, host):
        error = failure(make_transport(), get(f"http://{host}:9/token?x={SECRET}"))
        assert error.code == "transport_insecure_url"

    def test_N12_plain_http_to_a_host_allowed_by_name(self, make_transport, serve, get):
        server = serve(echo)
        request = get(server.url(host="127.0.0.2"), insecure_hosts=frozenset({"127.0.0.2"}))
        server_error = failure(make_transport(connect_timeout=0.5), request)  # nothing listens on that address
        assert server_error.code in ("transport_failed", "transport_timeout")

    @pytest.mark.parametrize(
        "url",
        ["ftp://localhost/", "file:///etc/passwd", "//localhost/", "/relative", "localhost", "", "https://", "https:///x",
         "https://a b/", "https://user:pass@localhost/", "https://localhost:99999/", "https://localhost:0/", "https://[::1/",
         "https://good.example\\@evil.example/", "https://exa\r\nmple.com:1\r\nX: y/"],
    )  # fmt: skip
    def test_what_is_not_an_address_is_not_sent(self, make_transport, get, url):
        error = failure(make_transport(), get(url))
        assert error.code == "transport_failed"
        assert str(error).startswith("Not sent")


class TestRequestsThatCannotBeSent:
    @pytest.mark.parametrize("headers", [{"X": f"a\r\n{SECRET}: b"}, {"X\n": "a"}, {"X": f"{SECRET}\N{SNOWMAN}"}])
    def test_header_injection(self, make_transport, serve, get, headers):
        server = serve(echo)
        error = failure(make_transport(), get(server.url(), headers))
        assert error.code == "transport_failed"
        assert error.__cause__ is None
        assert error.__context__ is None
        assert server.requests == []

    @pytest.mark.parametrize("method", ["GET /x HTTP/1.1\r\nX: y\r\n\r\nGET", "A B", ""])
    def test_method_injection(self, make_transport, serve, method):
        server = serve(echo)
        assert failure(make_transport(), HTTPRequest(method, server.url())).code == "transport_failed"
        assert server.requests == []

    def test_caller_cannot_say_how_the_request_ends(self, make_transport, serve):
        server = serve(echo)
        headers = Headers({"Content-Length": "1", "Transfer-Encoding": "chunked", "Host": "other.example"})
        make_transport().send(HTTPRequest("POST", server.url(), headers, b"a=12345"))
        (received,) = server.requests
        assert received.body == b"a=12345"
        assert "transfer-encoding" not in received.headers
        assert received.headers["host"] == f"localhost:{server.port}"


class TestLimits:
    @pytest.mark.parametrize("size", [99, 100])
    def test_answer_up_to_the_limit(self, make_transport, serve, get, size):
        server = serve(after_request(lambda peer: peer.answer(b"x" * size)))
        assert len(make_transport().send(get(server.url(), max_response_bytes=100)).body) == size

    def test_N14_oversize_by_its_length(self, make_transport, serve, get):
        def promise(peer: Peer) -> None:
            peer.read()
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n" + bytes(200_000))
            peer.wait()

        server = serve(promise)
        error = failure(make_transport(), get(server.url(f"?{SECRET}")))
        assert (error.code, error.expected) == ("transport_too_large", "at most 1048576 bytes")

    @pytest.mark.parametrize("framing", [b"Transfer-Encoding: chunked\r\n", b""])
    def test_N14_oversize_without_a_length_is_refused_while_it_is_read(self, make_transport, serve, get, framing):
        sent = threading.Event()
        piece = b"x" * 65536
        chunk = b"10000\r\n" + piece + b"\r\n" if framing else piece

        def endless(peer: Peer) -> None:
            peer.read()
            peer.send(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n")
            for _ in range(160_000):  # 10 GB, if anybody took them
                peer.send(chunk)
            sent.set()

        server = serve(endless)
        error = failure(make_transport(), get(server.url(), max_response_bytes=200_000))
        assert error.code == "transport_too_large"
        assert not sent.is_set()

    @pytest.mark.parametrize(
        ("coding", "bomb"), [("gzip", gzip.compress(bytes(50_000_000))), ("deflate", zlib.compress(bytes(50_000_000)))]
    )
    def test_N14_oversize_after_decompression(self, make_transport, serve, get, coding, bomb):
        server = serve(after_request(lambda peer: peer.answer(bomb, Content_Encoding=coding)))
        error = failure(make_transport(), get(server.url(), max_response_bytes=1_000_000))
        assert error.code == "transport_too_large"

    def test_N14_the_next_answer_is_not_the_rest_of_a_refused_one(self, make_transport, serve, get):
        answers = iter([b"x" * 500, b"{}"])

        def handler(peer: Peer) -> None:
            while peer.read() is not None:
                peer.answer(next(answers))

        server = serve(handler)
        transport = make_transport()
        failure(transport, get(server.url(), max_response_bytes=100))
        assert transport.send(get(server.url())).body == b"{}"


class TestTime:
    def test_server_that_never_answers(self, make_transport, serve, get):
        server = serve(after_request(lambda peer: peer.wait()))
        started = time.monotonic()
        error = failure(make_transport(read_timeout=0.2), get(server.url(f"?{SECRET}")))
        assert error.code == "transport_timeout"
        assert time.monotonic() - started < 2

    def test_server_that_stops_in_the_middle(self, make_transport, serve, get):
        def handler(peer: Peer) -> None:
            peer.read()
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            peer.wait()

        error = failure(make_transport(read_timeout=0.2), get(serve(handler).url()))
        assert error.code == "transport_timeout"

    @pytest.mark.parametrize(
        "start",
        [
            b"",
            b"HTTP/1.1 200 OK\r\nX-Slow: ",
            b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n\r\n",
        ],
        ids=["status", "header", "body", "open-end"],
    )
    def test_server_that_drips_does_not_hold_a_worker(self, make_transport, serve, get, start):
        def drip(peer: Peer) -> None:
            peer.read()
            peer.send(start)
            while not peer.server.stopping.wait(0.03):
                peer.send(b"H")

        transport = make_transport(read_timeout=5.0, total_timeout=0.4)
        started = time.monotonic()
        error = failure(transport, get(serve(drip).url()))
        # A stricter parser may see at once that a drip of H is no status line.
        assert error.code == "transport_timeout" or (start == b"" and error.code == "transport_failed")
        assert time.monotonic() - started < 2

    def test_connecting_ends_in_time(self, make_transport, serve, get, server_context):
        server = serve(lambda peer: peer.wait())  # takes the connection and never answers the handshake
        started = time.monotonic()
        error = failure(make_transport(connect_timeout=0.3), get(f"https://localhost:{server.port}/"))
        assert error.code == "transport_timeout"
        assert time.monotonic() - started < 2

    def test_nothing_listens(self, make_transport, serve, get):
        server = serve(echo)
        server.stop()
        error = failure(make_transport(), get(server.url(f"/?{SECRET}")))
        assert error.code == "transport_failed"
        assert "localhost" in str(error)
        assert error.__cause__ is not None

    def test_name_that_does_not_exist(self, make_transport, get):
        error = failure(make_transport(), get(f"https://name.invalid/?{SECRET}"))
        assert error.code == "transport_failed"
        assert "name.invalid" in str(error)


class TestBrokenAnswers:
    @pytest.mark.parametrize(
        "answer",
        [
            b"",
            b"220 mail.example ESMTP\r\n",
            b"\x16\x03\x01\x00\x00garbage\r\n\r\n",
            b"HTTP/1.1 abc OK\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 2\r\n\r\nhello",
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
            b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1_000_000 + b"\r\n\r\n",
        ],
        ids=[
            "nothing",
            "mail",
            "tls",
            "status",
            "short",
            "short-chunk",
            "bad-chunk",
            "lengths",
            "upgrade",
            "many",
            "long",
        ],
    )
    def test_answer_that_is_not_one(self, make_transport, serve, get, answer):
        server = serve(sending(answer))
        error = failure(make_transport(), get(server.url(f"/?{SECRET}")))
        assert error.code == "transport_failed"

    @pytest.mark.parametrize(
        "content",
        [b"not compressed", gzip.compress(b"x" * 1000)[:20], b"\x1f\x8b"],
        ids=["plain", "truncated", "start"],
    )
    def test_gzip_that_is_not(self, make_transport, serve, get, content):
        server = serve(after_request(lambda peer: peer.answer(content, Content_Encoding="gzip")))
        assert failure(make_transport(), get(server.url())).code == "transport_failed"
