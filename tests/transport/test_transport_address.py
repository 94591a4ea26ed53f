"""The guard against private addresses, and which address a connection goes to."""

from __future__ import annotations

import socket

import pytest
from tests.transport.servers import echo

from flask_oauth.errors import TransportError
from flask_oauth.transport.address import is_public_address, resolve
from flask_oauth.transport.connection import connect

PRIVATE = [
    "0.0.0.0", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1",
    "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
    "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1", "::7f00:1",
    "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1", "100::1",
    "2001::1", "2001:db8::1", "2002:7f00:1::", "2002:808:808::", "fc00::1", "fd12::1", "fe80::1",
    "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1", "", "localhost", "1.2.3", "0x7f.1", "2130706433",
]  # fmt: skip
PUBLIC = ["1.1.1.1", "8.8.8.8", "93.184.215.14", "172.32.0.1", "2606:4700:4700::1111", "64:ff9b::808:808"]


def answering(*addresses: str):
    """A resolver with one answer, and what it was asked."""
    asked: list[tuple[str, int]] = []

    def resolver(host, port):
        asked.append((host, port))
        family = {True: socket.AF_INET6, False: socket.AF_INET}
        return [(family[":" in text], socket.SOCK_STREAM, 6, "", (text, port)) for text in addresses]

    return resolver, asked


@pytest.mark.parametrize("text", PRIVATE)
def test_N13_address_that_is_not_public(text):
    assert not is_public_address(text)


@pytest.mark.parametrize("text", PUBLIC)
def test_N13_address_that_is_public(text):
    assert is_public_address(text)


@pytest.mark.parametrize("addresses", [["10.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["::1", "8.8.8.8"]])
def test_N13_any_private_address_refuses_the_name(addresses):
    resolver, _ = answering(*addresses)
    with pytest.raises(TransportError) as caught:
        resolve("tenant.example", 443, resolver, public_only=True)
    assert caught.value.code == "transport_private_address"
    assert len(resolve("tenant.example", 443, resolver, public_only=False)) == len(addresses)


def test_N13_public_addresses_are_what_is_connected_to():
    resolver, asked = answering("8.8.8.8", "1.1.1.1")
    assert [place for *_, place in resolve("tenant.example", 443, resolver, public_only=True)] == [
        ("8.8.8.8", 443),
        ("1.1.1.1", 443),
    ]
    assert asked == [("tenant.example", 443)]


def test_name_without_an_address():
    with pytest.raises(socket.gaierror):
        resolve("tenant.example", 443, lambda host, port: [], public_only=False)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1"])
def test_N13_no_spelling_of_loopback_gets_through(urllib3_transport, serve, get, server_context, ca_file, host):
    server = serve(echo, server_context)
    with pytest.raises(TransportError) as caught:
        urllib3_transport(ca_certs=ca_file).send(get(server.url(host=host), public_hosts_only=True))
    assert caught.value.code == "transport_private_address"
    assert server.connections == 0


def test_N13_name_that_changes_its_answer_is_asked_once(urllib3_transport, serve, get, server_context, ca_file):
    """DNS rebinding: public when it is judged, loopback when it is connected to."""
    server = serve(echo, server_context)
    answers = iter([["192.0.2.1"], ["127.0.0.1"]])
    asked: list[str] = []

    def resolver(host, port):
        asked.append(host)
        return answering(*next(answers))[0](host, port)

    transport = urllib3_transport(ca_certs=ca_file, resolver=resolver)
    with pytest.raises(TransportError):
        transport.send(get(server.url(), public_hosts_only=True))
    assert asked == ["localhost"]
    assert server.connections == 0


def test_N13_connection_that_was_not_guarded_does_not_serve_a_guarded_request(urllib3_transport, serve, get):
    server = serve(echo)
    transport = urllib3_transport()
    assert transport.send(get(server.url())).status == 200
    with pytest.raises(TransportError) as caught:
        transport.send(get(server.url(), public_hosts_only=True))
    assert caught.value.code == "transport_private_address"
    assert len(server.requests) == 1


def test_connection_goes_to_the_resolved_address_and_checks_the_name(
    urllib3_transport, serve, get, server_context, ca_file
):
    server = serve(echo, server_context)
    resolver, asked = answering("127.0.0.1")
    transport = urllib3_transport(ca_certs=ca_file, resolver=resolver)
    assert transport.send(get(server.url())).status == 200
    with pytest.raises(TransportError, match="certificate"):  # the same server under a name it has no certificate for
        transport.send(get(server.url(host="api.example")))
    assert asked == [("localhost", server.port), ("api.example", server.port)]
    assert len(server.requests) == 1


def test_second_address_is_tried_when_the_first_is_dead(serve):
    server = serve(echo)
    dead = socket.create_server(("127.0.0.1", 0))
    port = dead.getsockname()[1]
    dead.close()
    addresses = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", number)) for number in (port, server.port)]
    with connect(addresses, 2.0) as sock:
        assert sock.getpeername()[1] == server.port
    with pytest.raises(ConnectionRefusedError):
        connect(addresses[:1], 2.0)
