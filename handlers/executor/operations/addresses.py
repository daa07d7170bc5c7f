"""Addresses that no operation may call: link-local (there clouds keep their secrets), unspecified, multicast.

A name's addresses are looked at when it is resolved for the connection itself, so no answer of a DNS comes in between.
"""

import socket
from ipaddress import AddressValueError, IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from aiohttp.abc import AbstractResolver, ResolveResult

from handlers.executor.operations.task import OperationFailed

Address = IPv4Address | IPv6Address

#: Where clouds answer with credentials, beside 169.254.169.254.
METADATA = frozenset({ip_address("fd00:ec2::254"), ip_address("fd20:ce::254"), ip_address("100.100.100.200")})
_THIS_NETWORK = ip_network("0.0.0.0/8")
_BROADCAST = IPv4Address("255.255.255.255")
#: IPv6 networks whose addresses carry an IPv4 address in their last bits.
_CARRIERS = tuple(IPv6Network(text) for text in ("::ffff:0:0/96", "::/96", "64:ff9b::/96", "64:ff9b:1::/48"))


class AddressRefused(OperationFailed):
    """An operation may not call that address."""


def is_refused(address: Address) -> bool:
    """No operation may call it, in whichever form it is written."""
    if isinstance(address, IPv6Address) and (carried := _carried(address)) is not None:
        return is_refused(carried)
    # Without the zone of an IPv6 address.
    bare = type(address)(int(address))
    return (
        address.is_link_local
        or address.is_unspecified
        or address.is_multicast
        or bare in METADATA
        or bare == _BROADCAST
        or (isinstance(address, IPv4Address) and address in _THIS_NETWORK)
    )


def literal(host: str) -> Address | None:
    """The address that a host is, also as the decimal, octal, hex or short form that the C library takes."""
    try:
        return ip_address(host)
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host.rstrip(".")))
    except (OSError, AddressValueError, UnicodeError):
        return None


def refuse_literal(host: str) -> None:
    """Raise AddressRefused if a URL's host is, or would be taken for, an address that may not be called."""
    if literal(host) is not None or ":" in host or host.replace(".", "").isdigit():
        refuse(host, host)


def refuse(host: str, address: str) -> None:
    """Raise AddressRefused if a host's address may not be called."""
    found = literal(address)
    if found is None or is_refused(found):
        where = host if host == address else f"{host} ({address})"
        raise AddressRefused(
            f"expected a public, private or loopback address, found {where}: link-local, metadata, unspecified and "
            "multicast addresses are refused"
        )


class CheckedResolver(AbstractResolver):
    """Resolves by another resolver, and refuses a name of which one address may not be called."""

    def __init__(self, inner: AbstractResolver) -> None:
        self._inner = inner

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a host; raises AddressRefused."""
        found = await self._inner.resolve(host, port, family)
        for one in found:
            refuse(host, one["host"])
        return found

    async def close(self) -> None:
        """Close the other one."""
        await self._inner.close()


def _carried(address: IPv6Address) -> IPv4Address | None:
    if address.sixtofour is not None:
        return address.sixtofour
    # ::1 is the loopback, and no form of 0.0.0.1.
    if not address.is_loopback and any(address in network for network in _CARRIERS):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return None
