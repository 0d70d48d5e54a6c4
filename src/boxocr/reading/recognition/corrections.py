"""Corrects mistakes that Tesseract makes with certain characters in every image."""

import itertools
import re
import statistics
from collections.abc import Sequence
from dataclasses import replace

from boxocr.reading.recognition.low_quotes import LOW_QUOTE
from boxocr.reading.whole_page import Line, Piece, enclosing, line_of

# Languages whose opening quote is low: CLDR's delimiters.
_LOW_QUOTES = frozenset(
    "deu ces slk pol hun hrv bos slv ron lit est lav isl ltz srp_latn sqi bul mkd rus ukr".split()  # noqa: SIM905 - a list is longer
)

# Tesseract's data for scripts of India put an invisible joiner after words that end without a vowel. A joiner means
# something only between letters or vowel signs, and after these Malayalam letters, whose joined forms are characters of
# their own since Unicode 5.1.
_IDLE_JOINERS = re.compile("[\u200c\u200d]+(?=[^\\w\u0900-\u0dff]|$)")
_CHILLUS = re.compile("([\u0d23\u0d28\u0d30\u0d32\u0d33\u0d15])\u0d4d\u200d")
_CHILLU = dict(zip("\u0d23\u0d28\u0d30\u0d32\u0d33\u0d15", "\u0d7a\u0d7b\u0d7c\u0d7d\u0d7e\u0d7f", strict=True))

# The data for Arabic, Persian and Urdu have the Arabic semicolon and question mark, but only the Latin comma.
_COMMA_AFTER_ARABIC = re.compile("(?<=[\u0620-\u065f\u066e-\u06d5\u06fa-\u06ff]),")

# A word of vertical bars is capital I, or a rule if it is this many times higher than the other words. The confidence
# in a capital I is limited to this.
_BAR = 1.15
_BAR_CONFIDENCE = 0.95

# Languages with a word Il; in other languages it is the Roman numeral II.
_IL = frozenset("fra frm ita ita_old oci cat mlt srd cos lij".split())  # noqa: SIM905 - as above

# The data for Fraktur give these signs, which hardly any word in Fraktur has, for ligatures or parts of them.
_FRAKTUR = frozenset({"frk", "deu_latf", "deu_frak", "Fraktur", "script/Fraktur"})
_MISREAD = ((re.compile("c?<h?"), "ch"), (re.compile("c?>k?"), "ck"))

# They give these digits for the round s at the end of a syllable. Words of other languages have such digits ("mp3").
_ROUND_S = re.compile(r"(?<=[^\W\d_A-ZÄÖÜ])[38](?![\d)])")

# A dash of Fraktur is read as one of these.
_DASH = re.compile("=+-?|-=|--")

# Fraktur has some room before a comma or full stop, which is taken for a space: on six pages at most .51 word heights.
_NEAR = 0.8

# Capital letters are at most this many times higher than small letters without ascenders and descenders: the I of "I
# see" was taken for a rule, being 1.27 times as high as "see".
_CAPITALS = 1.5
_FLAT = frozenset("acemnorsuvwxz")


def corrected(words: Sequence[Piece], languages: str, block: int = 0) -> Line:
    """The line that some words make, with its characters corrected.

    Tesseract reads a capital I without serifs as a vertical bar, which is higher than letters, the second I of a Roman
    numeral as a small l, a low quote as a comma, and the rules around a field of a form as bars before and after its
    label. It puts joiners after words.
    """
    chosen = frozenset(languages.split("+"))
    words = [word if word.text.isascii() else replace(word, text=_spelt(word.text)) for word in words]
    if not _FRAKTUR.isdisjoint(chosen):
        words = _fraktur(words, has_round_s=chosen <= _FRAKTUR)
    words = with_low_quotes(words, languages)
    if _IL.isdisjoint(chosen):
        words = [replace(word, text="II", is_known=None) if word.text == "Il" else word for word in words]
    before = ["", *(word.text for word in words)]
    words = [
        # "Ill" can begin a sentence.
        replace(word, text="III", is_known=None) if word.text == "Ill" and last.istitle() and last.isalpha() else word
        for last, word in zip(before, words, strict=False)
    ]
    highest = _capital_height([word for word in words if "|" not in word.text])
    fixed = [
        replace(word, text="I" * len(word.text), confidence=min(word.confidence, _BAR_CONFIDENCE))
        if set(word.text) == {"|"} and (not highest or word.height < _BAR * highest)
        else word
        for word in words
    ]
    return line_of(_without_rules(fixed, highest), block)


def _spelt(text: str) -> str:
    """A word without joiners that join nothing, and with the commas of its script."""
    text = _CHILLUS.sub(lambda found: _CHILLU[found[1]], text)
    return _COMMA_AFTER_ARABIC.sub("\u060c", _IDLE_JOINERS.sub("", text))


def _fraktur(words: Sequence[Piece], *, has_round_s: bool) -> list[Piece]:
    """A line of Fraktur with letters and dashes for the signs that its data give, and no space before commas."""
    near = _NEAR * statistics.median(word.height for word in words)
    fixed: list[Piece] = []
    for word, after in itertools.zip_longest(words, words[1:]):
        last = fixed[-1] if fixed else None
        if word.text in {",", "."} and last is not None and last.text[-1].isalnum():
            gap = abs(word.x - last.x - last.width)
            # A low quote is read as a comma too, and belongs to the word after it.
            if gap < near and (after is None or gap < after.x - word.x - word.width):
                fixed[-1] = _appended(last, word)
                continue
        text = "\u2014" if _DASH.fullmatch(word.text) else word.text
        for sign, letters in _MISREAD if any(map(str.isalpha, text)) else ():
            text = sign.sub(letters, text)
        text = _ROUND_S.sub("s", text) if has_round_s else text
        # Tesseract looked up the other text in its word list.
        fixed.append(word if text == word.text else replace(word, text=text, is_known=None))
    return fixed


def _appended(word: Piece, sign: Piece) -> Piece:
    """A word joined with a sign that belongs to it, no surer than the sign."""
    is_known = sign.is_known if word.is_known is None else word.is_known
    confidence = min(word.confidence, sign.confidence)
    return replace(enclosing([word, sign], joint=""), confidence=confidence, is_known=is_known)


def _capital_height(words: Sequence[Piece]) -> float:
    """How high capital letters are at most in a line with these words; 0 without any."""
    highest = max((word.height for word in words), default=0.0)
    return highest * (_CAPITALS if _FLAT.issuperset("".join(word.text for word in words)) else 1.0)


def _without_rules(words: Sequence[Piece], highest: float) -> list[Piece]:
    """A line without the bars at its ends that are higher than its other words, or next to a number."""
    kept = list(words)
    for at, strip in ((0, str.lstrip), (-1, str.rstrip)):
        word = kept[at]
        rest = strip(word.text, "|")
        if rest == word.text:
            continue
        is_rule = (highest and word.height >= _BAR * highest) or "".join(filter(str.isalnum, rest)).isdecimal()
        if not is_rule:
            continue
        if rest:
            kept[at] = replace(word, text=rest)
        elif len(kept) > 1:
            del kept[at]
    return kept


def with_low_quotes(words: Sequence[Piece], languages: str) -> list[Piece]:
    """Replace one or two commas before a word, where no comma belongs, by the low opening quote of the language."""
    if _LOW_QUOTES.isdisjoint(languages.split("+")):
        return list(words)
    fixed: list[Piece] = []
    is_after_commas = False
    for word in words:
        rest = word.text.lstrip(",")
        if is_after_commas and rest[:1].isalnum():
            fixed[-1] = replace(_appended(fixed[-1], word), text=LOW_QUOTE + word.text)
        elif not is_after_commas and rest != word.text and rest[:1].isalpha():
            fixed.append(replace(word, text=LOW_QUOTE + rest))
        else:
            fixed.append(word)
        is_after_commas = not is_after_commas and not rest
    return fixed
