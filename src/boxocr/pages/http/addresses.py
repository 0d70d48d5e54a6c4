"""Which hosts this server may ask for a page.

A task's url is written by whoever may import tasks, so it must not reach what only this server can reach: its own
ports, the machines beside it, the cloud's metadata service. Allowed are the hosts and networks that the operator named,
and public addresses. The addresses are judged when the connection is made, on the very address connected to
(``connections.py``), so a name that changes its address in between wins nothing.
"""

import ipaddress
from collections.abc import Iterable

from boxocr.pages.http.urls import Origin
from boxocr.settings.allowed_hosts import Allowed, AllowedHost

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

# IANA's registry of special-purpose IPv4 addresses, with multicast and the former class E. Python's own is_global has
# changed its mind between versions, so the table is written down.
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
        # Azure's platform address: it answers metadata from a public block.
        "168.63.129.16/32",
    )
)

# All public IPv6 addresses lie in 2000::/3; these parts of it are special.
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_NOT_PUBLIC_V6 = tuple(
    ipaddress.IPv6Network(block)
    for block in (
        "2001::/23",  # protocol assignments; Teredo (2001::/32) hides an IPv4 address in it, and is long dead
        "2001:db8::/32",
        "3fff::/20",
    )
)

# Prefixes behind which an IPv4 address is reached, and how far from the right it stands.
_CARRIES_V4 = (
    (ipaddress.IPv6Network("::ffff:0:0/96"), 0),  # IPv4-mapped
    (ipaddress.IPv6Network("64:ff9b::/96"), 0),  # NAT64, RFC 6052
    (ipaddress.IPv6Network("2002::/16"), 80),  # 6to4, RFC 3056
)


def is_loopback(host: str) -> bool:
    """Whether a host, by name or address, means the machine or the container that it is looked up on."""
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
    """Whether anyone on the internet can reach the address, so that reaching it from here gains nobody anything.

    An IPv6 address that carries an IPv4 address is as public as the latter.
    """
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in block for block in _NOT_PUBLIC_V4)
    for block, shift in _CARRIES_V4:
        if address in block:
            return is_public(ipaddress.IPv4Address(int(address) >> shift & 0xFFFFFFFF))
    return address in _GLOBAL_V6 and not any(address in block for block in _NOT_PUBLIC_V6)


class Guard:
    """Decides where connections may go.

    Args:
        origins: Label Studio's and the S3 endpoint's, which the operator set.
        allowed: hosts, and networks of addresses, that the operator named.
    """

    def __init__(self, origins: Iterable[Origin], allowed: Iterable[Allowed]) -> None:
        entries = tuple(allowed)
        self._origins = frozenset(origins)
        self._hosts = tuple(entry for entry in entries if isinstance(entry, AllowedHost))
        self._networks = tuple(entry for entry in entries if not isinstance(entry, AllowedHost))

    def names(self, origin: Origin) -> bool:
        """Whether the operator named this origin, so that its addresses are not judged."""
        return origin in self._origins or any(host.matches(origin.host, origin.port) for host in self._hosts)

    def allows(self, origin: Origin, addresses: Iterable[IPAddress]) -> bool:
        """Whether a connection may be made to an origin whose name resolves to these addresses, one at least.

        One address that is neither public nor in a network that the operator named is enough for a no: which of them
        gets connected is not ours to choose.
        """
        resolved = tuple(addresses)
        return bool(resolved) and (self.names(origin) or all(map(self._may_be_asked, resolved)))

    def _may_be_asked(self, address: IPAddress) -> bool:
        if is_public(address):
            return True
        # A system that speaks IPv6 only shows an IPv4 address in this form.
        plain = (isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped) or address
        return any(plain in network for network in self._networks)
