"""Normalizes the XML of a labeling config for label-studio-sdk's parser.

Label Studio's front end is more lenient than that parser: it accepts an XML declaration and a byte order mark, and the
names of tags and attributes are not case-sensitive.
"""

import re
import threading
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

from cachetools import LRUCache, cached
from lxml import etree

from boxocr.errors import LabelingConfigError

# Longest config, in characters: enough for thousands of labels. A parsed config takes up to sixty times this in memory.
_MAX_CONFIG = 1_000_000

# The encoding in an XML declaration. It is removed, since lxml refuses decoded text that declares an encoding.
_ENCODING = re.compile(
    r"""(<\?xml\s+version\s*=\s*(?:"[^"<]*"|'[^'<]*'))\s+encoding\s*=\s*(?:"[A-Za-z][\w.-]*"|'[A-Za-z][\w.-]*')""",
    re.ASCII,
)


def _by_lower_case(names: str) -> dict[str, str]:
    return {name.lower(): name for name in names.split()}


# Names in the case that label-studio-sdk's parser and this package expect. model_* attributes are case-sensitive.
_TAGS = _by_lower_case("Repeater Label Choice Relation Filter")
_ATTRIBUTES = _by_lower_case("""
    name toName value valueList alias on indexFlag perRegion smart smartOnly rows whenTagName whenLabelValue
    title header label placeholder hint
""")


class Markup(NamedTuple):
    """A labeling config as normalized XML, without declaration, comments and processing instructions.

    Attributes:
        text: the XML.
        repeats: whether it contains a ``<Repeater>``.
    """

    text: str
    repeats: bool


def xml_parser() -> Any:
    """An XML parser for configs. It resolves no entities, since any project editor can write a config."""
    return etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)


# Each request contains the config, so up to two million characters of normalized configs are cached.
@cached(LRUCache(2_000_000, getsizeof=lambda markup: len(markup.text)), lock=threading.Lock())
def normalize(label_config: str) -> Markup:
    """Normalize a config; cached.

    Args:
        label_config: as sent by Label Studio, or normalized already.

    Raises:
        LabelingConfigError: it is not XML, too long, or has a document type, which Label Studio refuses too.
    """
    if len(label_config) > _MAX_CONFIG:
        raise LabelingConfigError(
            f"The labeling config has more than {_MAX_CONFIG:,} characters.",
            "Split the project, or use fewer labels.",
        )
    text = label_config.strip().lstrip("\ufeff").lstrip()  # the byte order mark
    if declaration := _ENCODING.match(text):
        text = declaration[1] + text[declaration.end() :]
    try:
        root = etree.fromstring(text, xml_parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        raise invalid_config() from error
    if root.getroottree().docinfo.internalDTD is not None:
        # Refusing document types also rules out entities, which only a document type can declare.
        raise LabelingConfigError(
            "The labeling config has a document type, which Label Studio does not accept.", "Remove its <!DOCTYPE>."
        )
    for element in root.iter(etree.Element):
        _rename(element)
    etree.cleanup_namespaces(root)
    repeats = next(root.iter("Repeater"), None) is not None
    return Markup(etree.tostring(root, encoding="unicode", with_tail=False), repeats)


def invalid_config() -> LabelingConfigError:
    """The error for a config that cannot be parsed."""
    return LabelingConfigError(
        "The labeling config cannot be parsed.", "Open the project's labeling settings and save them again."
    )


def _rename(element: Any) -> None:
    """Give a tag and its attributes the names that the parser expects."""
    name = str(element.tag) if element.prefix is not None else etree.QName(element).localname
    name = _TAGS.get(name.lower(), name)
    if name != element.tag:
        element.tag = name
    names = element.keys()
    # Skipped for tags with more attributes, since lxml looks up each in linear time.
    for written in names if len(names) <= 200 else ():  # noqa: PLR2004 - no real tag has as many
        known = _ATTRIBUTES.get(written.lower(), written)
        if known != written:
            element.set(known, element.attrib.pop(written))
    # <Label>Text</Label> is equivalent to <Label value="Text"/>.
    if name == "Label" and not len(element) and (element.text or "").strip():
        element.set("value", escape(element.text.strip()))
        element.text = None
