"""One tag of a labeling config, whatever it does."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag with a name, as label-studio-sdk parsed it.

    Attributes:
        name: of the tag.
        kind: which tag, in lower case: ``image``, ``rectanglelabels``, ``textarea``.
        images: names of the tags that it works on (``toName``).
        attributes: as written.
        labels: attributes of each Label inside it, by the label's value, in the order of the config.
    """

    name: str
    kind: str
    images: tuple[str, ...]
    attributes: Mapping[str, str]
    labels: Mapping[str, Mapping[str, str]]
