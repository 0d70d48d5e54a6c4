"""Parses normalized labeling configs with label-studio-sdk. Parsed configs are cached."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cachetools import LRUCache, cached

from boxocr.labeling.controls import Controls
from boxocr.labeling.markup import invalid_config, normalize
from boxocr.labeling.sdk import label_interface_class
from boxocr.labeling.tag import Tag
from boxocr.labeling.text_areas import text_areas_of

if TYPE_CHECKING:
    from label_studio_sdk.label_interface.interface import LabelInterface


@dataclass(frozen=True)
class Parsed:
    """A parsed labeling config. Repeaters are not expanded here.

    Attributes:
        interface: label-studio-sdk's view of the config.
        objects: the tags that show data, by name, in the order of the config.
        tags: the control tags, by name, in the order of the config.
    """

    interface: "LabelInterface"
    objects: Mapping[str, Tag]
    tags: Mapping[str, Tag]

    @cached_property
    def controls(self) -> Controls:
        """The control tags, with their TextAreas in order of preference.

        Raises:
            LabelingConfigError: a ``model_fill`` has an invalid value.
        """
        return Controls(self.tags, text_areas_of(self.tags.values()))


# Parsing takes milliseconds, and each request has the config, so up to two million characters of configs are cached.
@cached(LRUCache(2_000_000, getsizeof=lambda parsed: len(parsed.interface.config)), lock=threading.Lock())
def parse(markup: str) -> Parsed:
    """Parse a config; cached.

    Args:
        markup: as returned by :func:`boxocr.labeling.markup.normalize`, with or without its Repeaters expanded.

    Raises:
        LabelingConfigError: it is not a valid config.
    """
    try:
        interface = label_interface_class()(config=markup)
        objects, tags = _by_name(interface.objects), _by_name(interface.controls)
    except Exception as error:  # label-studio-sdk raises pydantic's exceptions besides its own
        raise invalid_config() from error
    return Parsed(interface, objects, tags)


def label_interface(label_config: str) -> "LabelInterface":
    """label-studio-sdk's view of a labeling config; cached.

    Args:
        label_config: XML as in the request. The view's ``config`` is the normalized XML.

    Raises:
        LabelingConfigError: it is not a valid config.
    """
    return parse(normalize(label_config).text).interface


def _by_name(tags: Iterable[Any]) -> dict[str, Tag]:
    found = {}
    for tag in tags:
        labels = {value: label.attr or {} for value, label in (getattr(tag, "labels_attrs", None) or {}).items()}
        images = tuple(name.strip() for name in getattr(tag, "to_name", None) or ())
        found[tag.name] = Tag(tag.name, tag.tag.lower(), images, tag.attr or {}, labels)
    return found
