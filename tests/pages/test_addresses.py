import ipaddress
import socket

import pytest

from boxocr.errors import PageAddressError
from boxocr.pages.http.addresses import Guard, is_public
from boxocr.pages.http.urls import Origin, parse_web_url
from boxocr.settings import allowed_hosts

PUBLIC = (
    *("8.8.8.8", "1.1.1.1", "93.184.215.14", "100.63.255.255", "100.128.0.1", "172.15.255.255", "172.32.0.1"),
    *("192.167.1.1", "192.169.0.1", "169.253.1.1", "169.255.1.1", "198.17.255.255", "198.20.0.1", "223.255.255.255"),
    *("168.63.129.15", "11.0.0.1", "9.255.255.255", "126.255.255.255", "128.0.0.1"),
    *("2606:4700:4700::1111", "2a00:1450:4001:81b::200e", "2001:4860:4860::8888", "2400:cb00::1"),
    *("::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"),
)

NOT_PUBLIC = (
    # this host, private, shared, loopback, link-local and the metadata service in it
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "100.100.100.200"),  # noqa: S104
    *("127.0.0.1", "127.255.255.254", "169.254.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255"),
    # assignments, documentation, 6to4 relay, private, benchmarks, multicast, reserved, broadcast, Azure
    *("192.0.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255"),
    *("198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "168.63.129.16"),
    # unspecified, loopback, unique local and AWS's and Google's metadata in it, link-local, site-local, multicast
    *("::", "::1", "fc00::1", "fd00:ec2::254", "fd20:ce::254", "fe80::1", "fe80::1%1", "fec0::1", "ff02::1"),
    # documentation, discard, segment routing, local NAT64
    *("2001:db8::1", "3fff::1", "100::1", "5f00::1", "64:ff9b:1::1"),
    # protocol assignments, ORCHID, a zone that is named
    *("2001:2::1", "2001:10::1", "2001:20::1", "fe80::1%eth0", "fe80::a9fe:a9fe%25lo"),
    # IPv4 in IPv6: mapped, compatible, translated, NAT64, 6to4, Teredo
    *("::ffff:0.0.0.0", "::ffff:100.64.0.1", "::ffff:168.63.129.16", "::ffff:127.0.0.1%lo", "::ffff:0:127.0.0.1"),
    *("64:ff9b::10.0.0.1", "64:ff9b::100.100.100.200", "64:ff9b:1::127.0.0.1", "2002:a9fe:a9fe::", "2002::1"),
    *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1", "::127.0.0.1", "::10.0.0.1", "::8.8.8.8"),
    *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::1", "2002:a00:1::", "2002:c0a8:101::1"),
    *("2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001::f5ff:fffe"),
)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_special_addresses_are_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


GUARD = Guard(
    [Origin("https", "studio.example", 443)],
    allowed_hosts.parse(
        "images.example, scans.example:8443, *.parts.example, 10.0.0.7, [fd00::5]:9000, fd00::6, [fd00:0:0::7],"
        "http://plain.example/, https://tls.example, http://site.example:8080/"
    ),
)

NETWORKS = Guard([], allowed_hosts.parse("10.20.0.0/16, fd00:1::/32, 192.168.7.9/24"))


@pytest.mark.parametrize(
    ("scheme", "host", "port", "named"),
    [
        ("https", "studio.example", 443, True),
        ("http", "studio.example", 443, False),
        ("https", "studio.example", 8443, False),
        ("https", "evil-studio.example", 443, False),
        ("http", "images.example", 80, True),
        ("https", "images.example", 12345, True),
        ("https", "images.example.", 443, True),
        ("https", "sub.images.example", 443, False),
        ("https", "scans.example", 8443, True),
        ("https", "scans.example", 443, False),
        ("https", "a.parts.example", 443, True),
        ("https", "a.b.parts.example", 443, True),
        ("https", "parts.example", 443, False),
        ("https", "evilparts.example", 443, False),
        ("http", "10.0.0.7", 9000, True),
        ("http", "10.0.0.8", 9000, False),
        ("http", "fd00::5", 9000, True),
        ("http", "fd00::5", 80, False),
        ("http", "fd00::6", 81, True),
        ("http", "fd00::7", 81, True),
        ("http", "fd00:0::0:7", 81, True),
        ("http", "plain.example", 80, True),
        ("https", "plain.example", 443, False),
        ("https", "tls.example", 443, True),
        ("http", "tls.example", 80, False),
        ("http", "site.example", 8080, True),
        ("http", "site.example", 80, False),
    ],
)
def test_the_operator_names_hosts_with_or_without_port_and_whole_domains(
    scheme: str, host: str, port: int, *, named: bool
) -> None:
    assert GUARD.lists(Origin(scheme, host, port)) is named


@pytest.mark.parametrize(
    ("host", "addresses", "allowed"),
    [
        ("anywhere.example", ["93.184.215.14"], True),
        ("anywhere.example", ["93.184.215.14", "2606:4700::1"], True),
        ("anywhere.example", ["93.184.215.14", "10.0.0.1"], False),
        ("anywhere.example", ["93.184.215.14", "::1"], False),
        ("anywhere.example", [], False),
        ("images.example", ["10.0.0.1"], True),
        ("images.example", ["127.0.0.1", "::1"], True),
    ],
)
def test_all_addresses_of_a_host_must_be_public_unless_it_is_named(
    host: str, addresses: list[str], *, allowed: bool
) -> None:
    assert GUARD.allows(Origin("https", host, 443), map(ipaddress.ip_address, addresses)) is allowed


@pytest.mark.parametrize(
    ("addresses", "allowed"),
    [
        (["10.20.255.1"], True),
        (["10.21.0.1"], False),
        (["192.168.7.1"], True),
        (["192.168.8.1"], False),
        (["fd00:1::5"], True),
        (["fd00:2::5"], False),
        (["::ffff:10.20.0.1"], True),
        (["::ffff:10.21.0.1"], False),
        (["10.20.0.1", "fd00:1::5", "93.184.215.14"], True),
        (["10.20.0.1", "127.0.0.1"], False),
        (["169.254.169.254"], False),
    ],
)
def test_a_network_opens_the_names_whose_addresses_are_all_in_it_or_public(
    addresses: list[str], *, allowed: bool
) -> None:
    found = list(map(ipaddress.ip_address, addresses))
    assert NETWORKS.allows(Origin("http", "anything.example", 8080), found) is allowed


@pytest.mark.parametrize(
    ("authority", "host"),
    [
        # decimal, octal, hexadecimal, mixed, with parts left out, as inet_aton reads them
        ("2130706433", "2130706433"),
        ("0", "0"),
        ("127.1", "127.1"),
        ("0177.0.0.1", "0177.0.0.1"),
        ("017700000001", "017700000001"),
        ("0x7f.1", "0x7f.1"),
        ("0X7F000001", "0x7f000001"),
        ("0x7f.0.0x0.01", "0x7f.0.0x0.01"),
        ("2852039166", "2852039166"),
        ("0xa9.0xfea9fe", "0xa9.0xfea9fe"),
        ("%31%32%37.0.0.1", "127.0.0.1"),
        # what stands before the last @ is a name and a password, whatever it looks like
        ("images.example@127.0.0.1", "127.0.0.1"),
        ("images.example:443@127.0.0.1", "127.0.0.1"),
        ("studio.example%2F@127.0.0.1", "127.0.0.1"),
        ("images.example\t@127.0.0.1", "127.0.0.1"),
        ("8.8.8.8@images.example@127.0.0.1", "127.0.0.1"),
        # what follows the host is no host
        ("127.0.0.1#@images.example", "127.0.0.1"),
        ("127.0.0.1?@images.example", "127.0.0.1"),
        ("127.0.0.1\\@images.example", "127.0.0.1"),
        # IPv6 in all its spellings, with zones, and with IPv4 in it
        ("[0:0:0:0:0:0:0:1]", "0:0:0:0:0:0:0:1"),
        ("[FE80::1%251]", "fe80::1%1"),
        ("[::ffff:127.0.0.1]", "::ffff:127.0.0.1"),
        ("[0:0:0:0:0:ffff:7f00:1]", "0:0:0:0:0:ffff:7f00:1"),
        ("[::ffff:0:127.0.0.1]", "::ffff:0:127.0.0.1"),
        ("[2002:7f00:1::]", "2002:7f00:1::"),
        ("[64:ff9b::169.254.169.254]", "64:ff9b::169.254.169.254"),
        ("[2001:0:4136:e378:8000:63bf:3fff:fdd2]", "2001:0:4136:e378:8000:63bf:3fff:fdd2"),
    ],
)
def test_an_address_is_judged_as_the_system_reads_it_however_it_is_written(authority: str, host: str) -> None:
    origin = parse_web_url(f"http://{authority}").origin
    assert origin.host == host
    # As the connection is made, without asking for names.
    found = socket.getaddrinfo(host, origin.port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    assert not GUARD.allows(origin, [ipaddress.ip_address(place[0]) for *_, place in found])


@pytest.mark.parametrize(
    "ending", ["127.0.0.1.", "2130706433.", "0x7f.1.", "localhost.", "images.example.evil.example."]
)
def test_a_dot_at_the_end_makes_no_host_a_named_one(ending: str) -> None:
    guard = Guard([], allowed_hosts.parse("127.0.0.2 images.example"))
    assert not guard.allows(parse_web_url(f"http://{ending}").origin, [ipaddress.ip_address("127.0.0.1")])


@pytest.mark.parametrize(
    "authority",
    [
        *("127。0。0。1", "１２７.0.0.1", "①②⑦.0.0.1", "ⓛocalhost", "loca\u00adlhost", "٠.٠.٠.٠"),  # noqa: RUF001
        *("127.0.0.1%00.images.example", "127.0.\n0.1", "127.0.0.1:80:80", "[::1", "::1"),
        *("[::ffff:127.0.0.1.]", "[127.0.0.1]", "127.0.0.1:99999", ""),
    ],
)
def test_hosts_that_could_be_read_in_two_ways_are_no_address(authority: str) -> None:
    with pytest.raises(PageAddressError):
        parse_web_url(f"http://{authority}/x")
