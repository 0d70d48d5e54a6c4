"""Which TextArea takes the text of a region, where a labeling config has several.

Their names tell: one that is called "comment" is for what people write themselves, one that is called "transcription"
for what is on the page. ``model_fill`` says so explicitly.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from unicodedata import normalize

from boxocr.labeling.attributes import one_of
from boxocr.labeling.tag import Tag

# What model_fill may say.
_FILL: Mapping[str, bool | None] = {"": None, "true": True, "false": False}

# What people see of a TextArea, beside its name.
_TITLES = ("title", "header", "label", "placeholder", "hint")

# Words in the names of TextAreas, in the languages of which one is likely.
_TEXT_WORDS = """
    text texts transcription transcriptions transcript transcripts transkription transkript ocr
    value values reading readings content contents wording inhalt
"""
_COMMENT_WORDS = """
    comment comments note notes remark remarks memo feedback observation observations
    kommentar kommentare bemerkung bemerkungen anmerkung anmerkungen notiz notizen
    commentaire commentaires remarque remarques comentario comentarios nota notas commento commenti
    opmerking opmerkingen komentarz uwaga uwagi
"""
_FOR_TEXT = frozenset(_TEXT_WORDS.split())
_FOR_COMMENTS = frozenset(_COMMENT_WORDS.split())

_LETTERS = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Field:
    """A TextArea for the text of regions.

    Attributes:
        tag: the TextArea.
        conditions: values that a region must have one of, by ``whenTagName`` and ``whenLabelValue``.
        asked_for: whether ``model_fill`` asks for it.
        for_text: whether its name says that it is for what is on the page.
        for_comments: whether its name says that it is for what people write themselves.
    """

    tag: Tag
    conditions: Mapping[str, frozenset[str]]
    asked_for: bool
    for_text: bool
    for_comments: bool

    def shows(self, image: str, control: str, labels: Sequence[str]) -> bool:
        """Whether it shows for a region.

        Args:
            image: name of the Image that the region lies on.
            control: name of the tag that it was drawn with.
            labels: its labels.
        """
        return image in self.tag.images and all(
            wanted.intersection([control] if attribute == "whenTagName" else labels)
            for attribute, wanted in self.conditions.items()
        )


def fields_of(tags: Iterable[Tag]) -> tuple[Field, ...]:
    """The TextAreas for the texts of regions, the one to fill first; those that must not be filled are left out.

    First those with ``model_fill="true"``, last those for comments. Between them, a TextArea that is bound to certain
    tags or labels goes before one that shows for every region: that is how a config says that these regions have a
    field of their own. Then names decide, then the order of the config.

    Args:
        tags: of the config, in its order.

    Raises:
        LabelingConfigError: a ``model_fill`` means nothing.
    """
    found = []
    for tag in filter(is_per_region, tags):
        fill = one_of("fill", tag.attributes.get("model_fill", "").strip(), _FILL)
        if fill is not False:
            found.append(_field(tag, asked_for=bool(fill)))
    found.sort(key=lambda one: (not one.asked_for, one.for_comments, -len(one.conditions), not one.for_text))
    return tuple(found)


def is_per_region(tag: Tag) -> bool:
    """Whether this is a TextArea for regions, not one for the page."""
    return tag.kind == "textarea" and tag.attributes.get("perRegion", "").lower() == "true"


def _field(tag: Tag, *, asked_for: bool) -> Field:
    conditions = {
        attribute: frozenset(part.strip() for part in tag.attributes[attribute].split(","))
        for attribute in ("whenTagName", "whenLabelValue")
        if tag.attributes.get(attribute)
    }
    titles = " ".join(tag.attributes.get(attribute, "") for attribute in _TITLES)
    # The name is what its author calls it; a title may well name the other kind ("Your note on the text").
    for words in (set(_words(tag.name)), set(_words(titles))):
        comments, text = not words.isdisjoint(_FOR_COMMENTS), not words.isdisjoint(_FOR_TEXT)
        if comments or text:
            return Field(tag, conditions, asked_for, for_text=text and not comments, for_comments=comments)
    return Field(tag, conditions, asked_for, for_text=False, for_comments=False)


def _words(written: str) -> Iterator[str]:
    """The words of a name, in lower case: "ocrText_2" has "ocr" and "text", "context" has neither."""
    for letters in _LETTERS.findall(normalize("NFC", written)):
        start = 0
        for place in range(1, len(letters)):
            before, here, after = letters[place - 1], letters[place], letters[place + 1 : place + 2]
            if here.isupper() and (before.islower() or after.islower()):
                yield letters[start:place].lower()
                start = place
        yield letters[start:].lower()
