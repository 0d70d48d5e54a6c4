"""House style: how annotators write the values of a label, whatever is printed. Each style is a function of a text."""

import re
from collections.abc import Callable, Mapping

_DASHES = re.compile("[\u2010-\u2015\u2212]")
_QUOTES = {ord(quote): '"' for quote in "\u201c\u201d\u201e\u00ab\u00bb"} | {
    ord(quote): "'" for quote in "\u2018\u2019\u201a"
}
_BEFORE_MARK = re.compile(r"\s+(?=[.,;:!?%)\]])")
_AFTER_DIGIT = re.compile(r"(?<=\d)\s+(?=[\d.,])|(?<=[.,])\s+(?=\d)")
_COMMA_DECIMAL = re.compile(r"(?<=\d),(?=\d{2}(?!\d))")
_POINT_DECIMAL = re.compile(r"(?<=\d)\.(?=\d{2}(?!\d))")
_EDGE_MARKS = ".,;:-_*'\"|"

# In the order in which they are applied.
STYLES: Mapping[str, Callable[[str], str]] = {
    "upper case": str.upper,
    "lower case": str.lower,
    "one line": lambda text: " ".join(text.split("\n")),
    "no spaces": lambda text: text.replace(" ", ""),
    "no spaces within numbers": lambda text: _AFTER_DIGIT.sub("", text),
    "no spaces before punctuation": lambda text: _BEFORE_MARK.sub("", text),
    "hyphens for dashes": lambda text: _DASHES.sub("-", text),
    "straight quotes": lambda text: text.translate(_QUOTES),
    "decimal points": lambda text: _COMMA_DECIMAL.sub(".", text),
    "decimal commas": lambda text: _POINT_DECIMAL.sub(",", text),
    "no punctuation at the end": lambda text: text.rstrip(f"{_EDGE_MARKS} "),
    "no punctuation at the start": lambda text: text.lstrip(f"{_EDGE_MARKS} "),
}
