"""From the text of a labeling config to XML that label-studio-sdk's parser takes.

Label Studio's front end is more lenient than that parser: it accepts an XML declaration and a byte order mark, and
upper and lower case are the same in the names of tags and attributes. What it accepts is written here in one way.
"""

import re
import threading
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

from cachetools import LRUCache, cached
from lxml import etree

from boxocr.errors import LabelingConfigError

# Characters. Thousands of labels fit; parsed, a config takes up to sixty times its size.
_LONGEST_CONFIG = 1_000_000

# Every request brings its config along, so those that were read are kept: so many characters.
_KEPT_CHARACTERS = 2_000_000

# To look an attribute up takes the longer, the more of them a tag has.
_MOST_ATTRIBUTES = 200

# In the XML declaration. The text is decoded already, and the parser refuses to be given text that names an encoding.
_ENCODING = re.compile(
    r"""(<\?xml\s+version\s*=\s*(?:"[^"<]*"|'[^'<]*'))\s+encoding\s*=\s*(?:"[A-Za-z][\w.-]*"|'[A-Za-z][\w.-]*')""",
    re.ASCII,
)
_BYTE_ORDER_MARK = "\ufeff"

# Names as label-studio-sdk's parser and this package write them. Attributes of ours, model_*, stay as they are written.
_TAG_NAMES = "Repeater Label Choice Relation Filter"
_ATTRIBUTE_NAMES = """
    name toName value valueList alias on indexFlag perRegion smart smartOnly rows whenTagName whenLabelValue
    title header label placeholder hint
"""
_TAGS = {name.lower(): name for name in _TAG_NAMES.split()}
_ATTRIBUTES = {name.lower(): name for name in _ATTRIBUTE_NAMES.split()}


class Markup(NamedTuple):
    """A labeling config as XML without declaration, comments and processing instructions.

    Attributes:
        text: the XML.
        repeats: whether it holds a ``<Repeater>``.
    """

    text: str
    repeats: bool


def parser() -> Any:
    """An XML parser for configs: they come from whoever can edit a project, so that it follows no entities."""
    return etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)


@cached(LRUCache(_KEPT_CHARACTERS, getsizeof=lambda markup: len(markup.text)), lock=threading.Lock())
def read(label_config: str) -> Markup:
    """Read a config, or take what was read before.

    Args:
        label_config: as Label Studio sends it, or what this function made of it.

    Raises:
        LabelingConfigError: it is not XML, too long, or has a document type, which Label Studio refuses as well.
    """
    if len(label_config) > _LONGEST_CONFIG:
        raise LabelingConfigError(
            f"The labeling config has more than {_LONGEST_CONFIG:,} characters.",
            "Split the project, or use fewer labels.",
        )
    text = label_config.strip().lstrip(_BYTE_ORDER_MARK).lstrip()
    if declaration := _ENCODING.match(text):
        text = declaration[1] + text[declaration.end() :]
    try:
        root = etree.fromstring(text, parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        raise LabelingConfigError(
            "The labeling config cannot be understood.", "Open the project's labeling settings and save them again."
        ) from error
    if root.getroottree().docinfo.internalDTD is not None:
        # Entities can only be declared there.
        raise LabelingConfigError(
            "The labeling config has a document type, which Label Studio does not accept.", "Remove its <!DOCTYPE>."
        )
    for element in root.iter(etree.Element):
        _rewrite(element)
    etree.cleanup_namespaces(root)
    repeats = next(root.iter("Repeater"), None) is not None
    return Markup(etree.tostring(root, encoding="unicode", with_tail=False), repeats)


def _rewrite(element: Any) -> None:
    """Give a tag and its attributes the names that the parser knows."""
    name = str(element.tag) if element.prefix is not None else etree.QName(element).localname
    name = _TAGS.get(name.lower(), name)
    if name != element.tag:
        element.tag = name
    names = element.keys()
    for written in names if len(names) <= _MOST_ATTRIBUTES else ():
        known = _ATTRIBUTES.get(written.lower(), written)
        if known != written:
            element.set(known, element.attrib.pop(written))
    # <Label>Text</Label> is shown as <Label value="Text"/>.
    if name == "Label" and not len(element) and (element.text or "").strip():
        element.set("value", escape(element.text.strip()))
        element.text = None
