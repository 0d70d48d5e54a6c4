"""The hosts from which this server may fetch pages.

A task's URL comes from anyone who may import tasks, so it must not lead to hosts that only this server can reach: its
own ports, its private network, the cloud's metadata service. Public addresses are allowed, and the hosts and networks
that the operator listed. The check applies to the address that the connection is made to (``connections.py``), so DNS
rebinding, where a name resolves to another address after the check, does not get through.
"""

import ipaddress
from collections.abc import Iterable

from boxocr.pages.http.urls import Origin
from boxocr.settings.allowed_hosts import Allowed, AllowedHost

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

# IANA's registry of special-purpose IPv4 addresses, multicast and the former class E. is_global is not used, since its
# results differ between Python versions.
_NOT_PUBLIC_V4 = tuple(
    ipaddress.IPv4Network(block)
    for block in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        # Azure's platform address, which serves metadata although its block is public.
        "168.63.129.16/32",
    )
)

# All public IPv6 addresses are in 2000::/3, except these special-purpose blocks of it.
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_NOT_PUBLIC_V6 = tuple(
    ipaddress.IPv6Network(block)
    for block in (
        "2001::/23",  # protocol assignments, with Teredo (2001::/32), which embeds IPv4 addresses and is obsolete
        "2001:db8::/32",
        "3fff::/20",
    )
)

# Prefixes of IPv6 addresses that embed an IPv4 address, with the number of bits to the right of it.
_EMBEDS_V4 = (
    (ipaddress.IPv6Network("::ffff:0:0/96"), 0),  # IPv4-mapped
    (ipaddress.IPv6Network("64:ff9b::/96"), 0),  # NAT64, RFC 6052
    (ipaddress.IPv6Network("2002::/16"), 80),  # 6to4, RFC 3056
)


def is_loopback(host: str) -> bool:
    """Whether a host name or address means the machine or container that resolves it."""
    host = host.rstrip(".").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    # A connection to 0.0.0.0 goes to the machine itself.
    return address.is_loopback or address.is_unspecified


def is_public(address: IPAddress) -> bool:
    """Whether the address is reachable from the whole internet, so that this server gives no additional access to it.

    An IPv6 address that embeds an IPv4 address is public if the IPv4 address is.
    """
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in block for block in _NOT_PUBLIC_V4)
    for block, shift in _EMBEDS_V4:
        if address in block:
            return is_public(ipaddress.IPv4Address(int(address) >> shift & 0xFFFFFFFF))
    return address in _GLOBAL_V6 and not any(address in block for block in _NOT_PUBLIC_V6)


class Guard:
    """Decides where connections may go.

    Args:
        origins: of Label Studio and the S3 endpoint, which the operator configured.
        allowed: hosts and networks that the operator listed.
    """

    def __init__(self, origins: Iterable[Origin], allowed: Iterable[Allowed]) -> None:
        entries = tuple(allowed)
        self._origins = frozenset(origins)
        self._hosts = tuple(entry for entry in entries if isinstance(entry, AllowedHost))
        self._networks = tuple(entry for entry in entries if not isinstance(entry, AllowedHost))

    def lists(self, origin: Origin) -> bool:
        """Whether the operator listed this origin, so that its addresses need not be public."""
        return origin in self._origins or any(host.matches(origin.host, origin.port) for host in self._hosts)

    def allows(self, origin: Origin, addresses: Iterable[IPAddress]) -> bool:
        """Whether a connection may be made to an origin whose name resolves to these addresses.

        Every address must be public or in a network that the operator listed, since the connection may be made to any
        of them. False if there is no address.
        """
        resolved = tuple(addresses)
        return bool(resolved) and (self.lists(origin) or all(map(self._allows_address, resolved)))

    def _allows_address(self, address: IPAddress) -> bool:
        if is_public(address):
            return True
        # Systems without IPv4 sockets report IPv4 addresses as IPv4-mapped ones.
        plain = (isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped) or address
        return any(plain in network for network in self._networks)
