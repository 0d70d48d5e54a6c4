"""Malformed JSON requests: recorded requests in which parts are missing, doubled or replaced."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import strategies as st

Place = tuple[Any, Any]
"""A container and the key or index of something in it."""

ODD_NUMBERS = (0, -1, 1e308, -1e308, 5e-324, 10**400, -(10**400), 2**63, float("nan"), float("inf"), 1e17, True)

# Texts with lone surrogates, which JSON can contain and UTF-8 cannot, with ends of strings, lines and markup, and very
# long texts.
ODD_TEXTS = (
    *("", " ", "\x00", "\ud800", "a\udfffb", "\u202e", "\u2028", "\r\nSet-Cookie: a=b", "%s%n{0}", "<!--", "]]>"),
    *("__proto__", "../../etc/passwd", "$", "$$", "$ocr", "$ocr[99999999999999999999]", "{{idx}}", "é" * 5000),
    *("file:///etc/passwd", "http://[::1", "http://", "data:,", "data:image/png;base64,AAAA", "s3://", "s3://b/k"),
    *("//", "/data/upload/", "upload/", "gs://b/k", "HTTP://127.0.0.1:1/", "http://a:b@127.0.0.1:1/", "javascript:1"),
)

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(ODD_NUMBERS)
    | st.sampled_from(ODD_TEXTS)
    | st.text(alphabet=st.characters(exclude_categories=()), max_size=20)
)

VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


def _places(value: Any) -> Iterator[Place]:
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in list(keys):
        yield value, key
        yield from _places(value[key])


@st.composite
def spoiled(draw: Callable[[st.SearchStrategy[Any]], Any], originals: list[Any]) -> Any:
    """One of the originals with up to four changes, each anywhere in it."""
    body = {"body": copy.deepcopy(draw(st.sampled_from(originals)))}
    for _ in range(draw(st.integers(0, 4))):
        container, key = draw(st.sampled_from(list(_places(body))))
        change = draw(st.sampled_from(("replace", "replace", "remove", "double", "wrap", "unwrap")))
        if change == "replace":
            container[key] = draw(VALUES)
        elif change == "remove" and container is not body:
            del container[key]
        elif change == "double" and isinstance(container, list):
            container.insert(key, copy.deepcopy(container[key]))
        elif change == "wrap":
            container[key] = [container[key]] if draw(st.booleans()) else {draw(st.text(max_size=5)): container[key]}
        elif change == "unwrap" and isinstance(container[key], dict | list):
            inside = list(container[key].values()) if isinstance(container[key], dict) else container[key]
            container[key] = inside[0] if inside else None
    return body["body"]
