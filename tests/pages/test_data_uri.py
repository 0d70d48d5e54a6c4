import base64
from urllib.parse import quote

import pytest

from boxocr.errors import PageAddressError, PageTooLarge, PageUndecodable
from boxocr.pages.page import PageAddress
from tests.pages.conftest import StoreMaker, lent, png

DATA = png(200)
PLAIN = base64.b64encode(DATA).decode()


@pytest.mark.parametrize(
    "url",
    [
        f"data:image/png;base64,{PLAIN}",
        f"DATA:image/png;charset=x;BASE64,{PLAIN}",
        f"data:;base64,{PLAIN}",
        f"data:image/png;base64,{PLAIN.rstrip('=')}",
        f"data:image/png;base64,{base64.urlsafe_b64encode(DATA).decode()}",
        f"data:image/png;base64,{quote(PLAIN)}",
        f"data:image/png;base64,{PLAIN[:40]}\n{PLAIN[40:]}\n",
        f"data:image/png,{quote(DATA)}",
    ],
)
def test_an_inline_page_is_read_however_it_is_encoded(url: str, make_store: StoreMaker) -> None:
    assert lent(make_store(), PageAddress(url)).tolist() == [[200] * 8] * 6


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("data:image/png;base64", "The page's data: address has no comma, so it contains no image."),
        ("data:image/png;base64,AAA*", "The page's data: address is not valid base64."),
        ("data:image/png;base64,AAAAA", "The page's data: address is not valid base64."),
        ("data:image/png;base64,äöü", "The page's data: address is not valid base64."),
    ],
)
def test_a_broken_inline_page_is_told(url: str, message: str, make_store: StoreMaker) -> None:
    with pytest.raises(PageAddressError) as caught:
        lent(make_store(), PageAddress(url))
    assert caught.value.message == message


def test_an_empty_inline_page_is_told(make_store: StoreMaker) -> None:
    with pytest.raises(PageUndecodable) as caught:
        lent(make_store(), PageAddress("data:image/png;base64,"))
    assert caught.value.message == "The page's file is empty."


@pytest.mark.parametrize("url", ["data:;base64," + "A" * 20_000, "data:," + "A" * 10_001, "data:," + "%41" * 10_001])
def test_an_inline_page_over_the_limit_is_refused(url: str, make_store: StoreMaker) -> None:
    with pytest.raises(PageTooLarge) as caught:
        lent(make_store(MAX_PAGE_MB=0.01), PageAddress(url))
    assert caught.value.message == "The page's file is larger than 0.01 MB."
