"""Names to addresses, and the guard against private ones.

The guard is for URLs that a third party supplied, such as the issuer of a
tenant: a request to one of those must not reach what only this machine can
reach (SSRF).  A name is resolved once, every address it has is judged, and the
connection goes to an address that was judged, so a name that changes its
answer between the look and the leap (DNS rebinding) gains nothing.

Sources: RFC 6890 (special-purpose addresses), RFC 6052 (NAT64), RFC 9700 §4
(requests to attacker-supplied URLs), OpenID Connect Discovery §7.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any, Final, TypeAlias

from ..errors import TransportError

#: One entry of what :func:`socket.getaddrinfo` answers.
AddressInfo: TypeAlias = tuple[int, int, int, str, tuple[Any, ...]]
#: Host and port in, addresses out; raises :class:`socket.gaierror` if there are none.
Resolver: TypeAlias = Callable[[str, int], Sequence[AddressInfo]]

_NAT64: Final = IPv6Network("64:ff9b::/96")


def system_resolver(host: str, port: int) -> Sequence[AddressInfo]:
    """The addresses the operating system knows for a name."""
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


def is_public_address(text: str) -> bool:
    """Whether an address, as text, is one that anybody on the internet can reach.

    Private, loopback, link-local, shared, reserved and multicast addresses are
    not, nor are IPv6 addresses that stand for an IPv4 address (mapped, 6to4),
    except behind NAT64, where the IPv4 address within decides.
    """
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        if address in _NAT64:
            address = IPv4Address(int(address) & 0xFFFFFFFF)
        elif address.ipv4_mapped or address.sixtofour or address.is_site_local:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


def resolve(host: str, port: int, resolver: Resolver, *, public_only: bool) -> Sequence[AddressInfo]:
    """The addresses of a host.

    :param public_only: refuse the host if any of its addresses is not public.
    :raises TransportError: one of them is not (``transport_private_address``).
    :raises OSError: the name has no address.
    """
    addresses = resolver(host, port)
    if not addresses:
        raise socket.gaierror(socket.EAI_NONAME, "No address")
    if public_only:
        for *_, place in addresses:
            if not is_public_address(str(place[0])):
                raise TransportError(
                    f"{host} leads to an address that is not public",
                    code="transport_private_address",
                    expected="a public address",
                    got=str(place[0]),
                )
    return addresses
