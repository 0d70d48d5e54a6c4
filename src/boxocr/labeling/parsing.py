"""From the XML of a labeling config to its tags, by label-studio-sdk's parser; what was parsed is kept."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cachetools import LRUCache, cached

from boxocr.errors import LabelingConfigError
from boxocr.labeling.controls import Controls
from boxocr.labeling.fields import fields_of
from boxocr.labeling.markup import read
from boxocr.labeling.sdk import label_interface_class
from boxocr.labeling.tag import Tag

if TYPE_CHECKING:
    from label_studio_sdk.label_interface.interface import LabelInterface

# Parsing takes milliseconds and every request brings its config along, so parsed ones are kept: so many characters.
_KEPT_CONFIGS = 2_000_000


@dataclass(frozen=True)
class Parsed:
    """A labeling config in which Repeaters are nothing special.

    Attributes:
        interface: label-studio-sdk's view of it.
        objects: what is labeled, by name, in the order of the config.
        tags: what labels it, by name, in the order of the config.
    """

    interface: "LabelInterface"
    objects: Mapping[str, Tag]
    tags: Mapping[str, Tag]

    @cached_property
    def controls(self) -> Controls:
        """What labels it.

        Raises:
            LabelingConfigError: it does not say which TextArea to fill.
        """
        return Controls(self.tags, fields_of(self.tags.values()))


@cached(LRUCache(_KEPT_CONFIGS, getsizeof=lambda parsed: len(parsed.interface.config)), lock=threading.Lock())
def parse(markup: str) -> Parsed:
    """Parse a config, or take what was parsed before.

    Args:
        markup: as :func:`boxocr.labeling.markup.read` gives it, with or without its Repeaters written out.

    Raises:
        LabelingConfigError: it is not a valid config.
    """
    try:
        interface = label_interface_class()(config=markup)
        objects, tags = _by_name(interface.objects), _by_name(interface.controls)
    except Exception as error:  # the SDK lets pydantic's and its own exceptions through
        raise LabelingConfigError(
            "The labeling config cannot be understood.", "Open the project's labeling settings and save them again."
        ) from error
    return Parsed(interface, objects, tags)


def label_interface(label_config: str) -> "LabelInterface":
    """label-studio-sdk's view of a labeling config, kept for the next request of the same project.

    Args:
        label_config: XML as the request carries it. The view's ``config`` is what the SDK's parser can take of it.

    Raises:
        LabelingConfigError: it is not a valid config.
    """
    return parse(read(label_config).text).interface


def _by_name(tags: Iterable[Any]) -> dict[str, Tag]:
    found = {}
    for tag in tags:
        labels = {value: label.attr or {} for value, label in (getattr(tag, "labels_attrs", None) or {}).items()}
        images = tuple(name.strip() for name in getattr(tag, "to_name", None) or ())
        found[tag.name] = Tag(tag.name, tag.tag.lower(), images, tag.attr or {}, labels)
    return found
