"""Cleaning and comparing the texts of engines."""

import re
import unicodedata

# Scripts written without spaces, with their punctuation and full-width forms: CJK symbols, Kana, Bopomofo, ideographs.
_UNSPACED = "\u3001-\u303f\u3040-\u30ff\u3100-\u312f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff01-\uff65"
_UNSPACED_CHARACTER = re.compile(f"[{_UNSPACED}]")
_SPACE_BETWEEN_UNSPACED = re.compile(rf"(?<=[{_UNSPACED}])[ \u3000]+(?=[{_UNSPACED}])")

_LINE_END = re.compile(r"\r\n?|[\n\v\f\x1c-\x1e\x85\u2028\u2029]")


def clean(text: str | bytes) -> str:
    r"""Return ``text`` as lines joined by ``\n``: valid Unicode, no control characters, no white space at line ends.

    Lone surrogates and undecodable bytes cannot be written to JSON as UTF-8, and control characters break
    annotators' exports; blank lines are layout, not text.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8", errors="replace")
    # A quick check that is true for nearly all words.
    if text.isprintable():
        return text.rstrip()
    lines = (_printable(line).rstrip() for line in _LINE_END.split(text))
    return "\n".join(line for line in lines if line)


def is_unspaced(character: str) -> bool:
    """Say whether a character is of a script written without spaces, or of its punctuation."""
    return _UNSPACED_CHARACTER.match(character) is not None


def join_unspaced(text: str) -> str:
    """Remove the spaces that OCR programs put between Chinese or Japanese characters, which are written without."""
    return _SPACE_BETWEEN_UNSPACED.sub("", text)


def _printable(line: str) -> str:
    # A quick check that is nearly always true.
    if line.isprintable():
        return line
    return "".join(
        " " if char == "\t" else char for char in line if char == "\t" or unicodedata.category(char) not in ("Cc", "Cs")
    )


_ALIKE = str.maketrans(
    dict.fromkeys("\u2018\u2019\u201a\u201b`\u00b4\u2032", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"')
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-")
)


def folded(text: str) -> str:
    """Return ``text`` without spaces, and with all quotes and all dashes alike: engines may differ in these."""
    return "".join(unicodedata.normalize("NFKC", text).translate(_ALIKE).split())
