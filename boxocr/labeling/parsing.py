"""From the XML of a labeling config to its tags, by label-studio-sdk's parser; what was parsed is kept."""

import threading
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from cachetools import LRUCache, cached
from label_studio_sdk.label_interface.interface import LabelInterface

from boxocr.errors import LabelingConfigError
from boxocr.labeling.tag import Tag

# Characters. Thousands of labels fit; parsed, a config takes up to sixty times its size.
_LONGEST_CONFIG = 1_000_000

# Parsing takes milliseconds and every request brings its config along, so parsed ones are kept: so many characters.
_KEPT_CONFIGS = 2_000_000


class Parsed(NamedTuple):
    """A labeling config in which Repeaters are nothing special.

    Attributes:
        interface: label-studio-sdk's view of it.
        objects: what is labeled, by name, in the order of the config.
        controls: what labels it, by name, in the order of the config.
    """

    interface: LabelInterface
    objects: Mapping[str, Tag]
    controls: Mapping[str, Tag]


@cached(LRUCache(_KEPT_CONFIGS, getsizeof=lambda parsed: len(parsed.interface.config)), lock=threading.Lock())
def parse(label_config: str) -> Parsed:
    """Parse a config, or take what was parsed before.

    Raises:
        LabelingConfigError: it is not a valid config, or too long.
    """
    if len(label_config) > _LONGEST_CONFIG:
        raise LabelingConfigError(
            f"The labeling config has more than {_LONGEST_CONFIG:,} characters.",
            "Split the project, or use fewer labels.",
        )
    try:
        interface = LabelInterface(config=label_config)
        return Parsed(interface, _by_name(interface.objects), _by_name(interface.controls))
    except Exception as error:  # the SDK lets lxml's, pydantic's and its own exceptions through
        raise LabelingConfigError(
            "The labeling config cannot be understood.", "Open the project's labeling settings and save them again."
        ) from error


def label_interface(label_config: str) -> LabelInterface:
    """label-studio-sdk's view of a labeling config, kept for the next request of the same project.

    Raises:
        LabelingConfigError: it is not a valid config.
    """
    return parse(label_config).interface


def _by_name(tags: Iterable[Any]) -> dict[str, Tag]:
    found = {}
    for tag in tags:
        labels = {value: label.attr or {} for value, label in (getattr(tag, "labels_attrs", None) or {}).items()}
        images = tuple(name.strip() for name in getattr(tag, "to_name", None) or ())
        found[tag.name] = Tag(tag.name, tag.tag.lower(), images, tag.attr or {}, labels)
    return found
