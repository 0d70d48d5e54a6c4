import pytest

from boxocr.errors import PageAddressError, PageForbidden
from boxocr.pages.http.urls import parse_web_url


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("http://h.example/a.png", "http://h.example/a.png"),
        ("HTTP://H.Example:80/A.png", "http://h.example/A.png"),
        ("https://h.example", "https://h.example/"),
        ("https://h.example:8443/x", "https://h.example:8443/x"),
        ("http://h.example/a b.png", "http://h.example/a%20b.png"),
        ("http://h.example/a%20b.png", "http://h.example/a%20b.png"),
        ("http://h.example/50%.png", "http://h.example/50%25.png"),
        ("http://h.example/50% of%20ä.png", "http://h.example/50%25%20of%20%C3%A4.png"),
        ("http://h.example/a+b.png?c=d+e", "http://h.example/a+b.png?c=d+e"),
        ("http://h.example/日本.png?名=前", "http://h.example/%E6%97%A5%E6%9C%AC.png?%E5%90%8D=%E5%89%8D"),
        ("http://h.example/a.png#page=2", "http://h.example/a.png"),
        ("http://h.example/a/../b.png", "http://h.example/b.png"),
        ("http://bücher.example/x", "http://xn--bcher-kva.example/x"),
        ("http://[2606:4700::1]:81/x", "http://[2606:4700::1]:81/x"),
        ("http://h.example?x=1", "http://h.example/?x=1"),
        ("  http://h.example/x\n", "http://h.example/x"),
        ("http://user:p%40ss@h.example/x", "http://h.example/x"),
        # what another reader could take for the host
        ("http://h.example\\@evil.example/x", "http://h.example/%5C@evil.example/x"),
        ("http://evil.example@h.example/x", "http://h.example/x"),
        ("http://h.example#@evil.example/x", "http://h.example/"),
    ],
)
def test_an_address_goes_over_the_wire_encoded_once(url: str, sent: str) -> None:
    assert str(parse_web_url(url)) == sent


def test_a_user_and_password_in_the_address_are_decoded() -> None:
    assert parse_web_url("http://user:p%40ss@h.example/x").credentials == "user:p@ss"


@pytest.mark.parametrize(
    "url", ["http://", "http:///x", "http://:80/", "http://h:port/", "http://h:99999/", "http://[::1/"]
)
def test_an_address_without_a_host_is_no_address(url: str) -> None:
    with pytest.raises(PageAddressError):
        parse_web_url(url)


@pytest.mark.parametrize("scheme", ["file", "ftp", "gopher", "dict", "javascript", "blob", "jar", "ldap"])
def test_other_schemes_are_refused_with_a_sentence(scheme: str) -> None:
    with pytest.raises(PageForbidden) as caught:
        parse_web_url(f"{scheme}://127.0.0.1/etc/passwd")
    assert caught.value.message == f"Pages are not fetched over {scheme}:."
