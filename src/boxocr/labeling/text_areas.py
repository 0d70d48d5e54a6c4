"""The TextAreas for the texts of regions, and which of several TextAreas takes a text.

Their names decide: "comment" suggests a field for people's own remarks, "transcription" a field for the text on the
page. ``model_fill`` overrides the names.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from unicodedata import normalize

from boxocr.labeling.attributes import one_of
from boxocr.labeling.tag import Tag


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Words in the names and titles of TextAreas, in languages that projects are likely to use.
_TEXT_WORDS = _set("""
    text texts transcription transcriptions transcript transcripts transkription transkript ocr
    value values reading readings content contents wording inhalt
""")
_COMMENT_WORDS = _set("""
    comment comments note notes remark remarks memo feedback observation observations
    kommentar kommentare bemerkung bemerkungen anmerkung anmerkungen notiz notizen
    commentaire commentaires remarque remarques comentario comentarios nota notas commento commenti
    opmerking opmerkingen komentarz uwaga uwagi
""")


@dataclass(frozen=True, slots=True)
class TextArea:
    """A TextArea that can take the texts of regions.

    Attributes:
        tag: the tag.
        conditions: for ``whenTagName`` and ``whenLabelValue``, the values of which a region must have at least one.
        requested: whether it has ``model_fill="true"``.
        for_text: whether its name or title suggests the text on the page.
        for_comments: whether its name or title suggests people's own remarks.
    """

    tag: Tag
    conditions: Mapping[str, frozenset[str]]
    requested: bool
    for_text: bool
    for_comments: bool

    def shows_for(self, image: str, control: str, labels: Sequence[str]) -> bool:
        """Whether Label Studio shows it for a region.

        Args:
            image: name of the region's Image.
            control: name of the tag that it was drawn with.
            labels: its labels.
        """
        return image in self.tag.images and all(
            values.intersection([control] if attribute == "whenTagName" else labels)
            for attribute, values in self.conditions.items()
        )


def text_areas_of(tags: Iterable[Tag]) -> tuple[TextArea, ...]:
    """The TextAreas that can take the texts of regions, best first, without those with ``model_fill="false"``.

    TextAreas with ``model_fill="true"`` come first, those for comments last. Among the rest, a TextArea that is limited
    to certain tags or labels precedes one that shows for every region, since it is more specific. Then the names
    decide, then the order of the config.

    Args:
        tags: of the config, in its order.

    Raises:
        LabelingConfigError: a ``model_fill`` has an invalid value.
    """
    found = []
    for tag in filter(is_per_region, tags):
        fill = one_of("fill", tag.attributes.get("model_fill", "").strip(), {"": None, "true": True, "false": False})
        if fill is not False:
            found.append(_text_area(tag, requested=bool(fill)))
    found.sort(key=lambda one: (not one.requested, one.for_comments, -len(one.conditions), not one.for_text))
    return tuple(found)


def is_per_region(tag: Tag) -> bool:
    """Whether a tag is a TextArea for regions, not one for the whole page."""
    return tag.kind == "textarea" and tag.attributes.get("perRegion", "").lower() == "true"


def _text_area(tag: Tag, *, requested: bool) -> TextArea:
    conditions = {
        attribute: frozenset(part.strip() for part in tag.attributes[attribute].split(","))
        for attribute in ("whenTagName", "whenLabelValue")
        if tag.attributes.get(attribute)
    }
    titles = ("title", "header", "label", "placeholder", "hint")
    title = " ".join(tag.attributes.get(attribute, "") for attribute in titles)
    # The name is tried first, since a title may mention both kinds ("Your note on the text").
    for words in (set(_words(tag.name)), set(_words(title))):
        comments, text = not words.isdisjoint(_COMMENT_WORDS), not words.isdisjoint(_TEXT_WORDS)
        if comments or text:
            return TextArea(tag, conditions, requested, for_text=text and not comments, for_comments=comments)
    return TextArea(tag, conditions, requested, for_text=False, for_comments=False)


def _words(name: str) -> Iterator[str]:
    """The words of a name in lower case: "ocrText_2" contains "ocr" and "text", "context" contains neither."""
    for letters in re.findall(r"[^\W\d_]+", normalize("NFC", name)):
        start = 0
        for index in range(1, len(letters)):
            before, here, after = letters[index - 1], letters[index], letters[index + 1 : index + 2]
            if here.isupper() and (before.islower() or after.islower()):
                yield letters[start:index].lower()
                start = index
        yield letters[start:].lower()
