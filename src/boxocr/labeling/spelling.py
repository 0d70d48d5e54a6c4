"""Finds the attribute that a misspelt name was probably meant to be."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from boxocr.labeling.attributes import ATTRIBUTES

# Similarities (SequenceMatcher's ratio) from which a name counts as misspelt rather than as another ML backend's. The
# first is for a name that begins with "model", the second for a name that misspells even that.
_MISSPELT = 0.6
_MISSPELT_PREFIX = 0.85


@dataclass(frozen=True, slots=True)
class Guess:
    """The best match for an unknown attribute.

    Attributes:
        nearest: the most similar attribute of BoxOCR.
        is_likely: whether it was probably meant; otherwise the attribute is probably another ML backend's.
    """

    nearest: str
    is_likely: bool


def may_be_ours(name: str) -> bool:
    """Whether a name looks like an attribute of an ML backend: model_langs, model-lang, modelLang, modle_lang."""
    return re.fullmatch(r"model.+|m\w{2,5}[_-]\w+", name, re.IGNORECASE) is not None


@lru_cache(200)
def guess(name: str) -> Guess | None:
    """The attribute that a name was probably meant to be; None for a name that has nothing to do with ML backends."""
    starts_with_model = name.lower().startswith("model")
    written = _letters(name[:80])
    # Compared without "model", which all attributes share.
    prefix = "model" if written.startswith("model") else ""
    written = written.removeprefix(prefix)
    similarity = {one: SequenceMatcher(None, written, _letters(one).removeprefix(prefix)).ratio() for one in ATTRIBUTES}
    nearest = max(similarity, key=lambda one: similarity[one])
    if similarity[nearest] >= (_MISSPELT if starts_with_model else _MISSPELT_PREFIX):
        return Guess(nearest, is_likely=True)
    # Without the prefix it is no guess: many attributes of Label Studio begin with an m.
    return Guess(nearest, is_likely=False) if starts_with_model else None


def _letters(name: str) -> str:
    return re.sub(r"[\W_]", "", name.lower())
