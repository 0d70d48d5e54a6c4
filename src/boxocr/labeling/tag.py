"""A tag of a labeling config."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tag:
    """A named tag, as parsed by label-studio-sdk.

    Attributes:
        name: its ``name``.
        kind: the name of the tag itself in lower case: ``image``, ``rectanglelabels``, ``textarea``.
        images: names of the tags that it applies to (``toName``).
        attributes: as written.
        labels: attributes of each Label inside it, by the label's value, in the order of the config.
    """

    name: str
    kind: str
    images: tuple[str, ...]
    attributes: Mapping[str, str]
    labels: Mapping[str, Mapping[str, str]]
