"""The data card of an export: its ``README.md``."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from boxocr import __version__
from boxocr.documents.splits import SETS, Shares


@dataclass
class SetCounts:
    """The contents of one set.

    Attributes:
        pages: number of pages.
        regions: number of regions that were written.
        characters: of the texts on the pages.
        labels: number of regions on the pages by label.
    """

    pages: int = 0
    regions: int = 0
    characters: int = 0
    labels: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class DataCard:
    """The facts about an export.

    Attributes:
        project: title of the project.
        title: of the format.
        annotators: which annotations were exported.
        shares: those of the sets.
        seed: of the division.
        sets: the contents by the name of the set.
        left_out: numbers of pages, regions and relations that were not exported, by reason.
    """

    project: str
    title: str
    annotators: str
    shares: Shares
    seed: int
    sets: Mapping[str, SetCounts]
    left_out: Mapping[str, int]

    def markdown(self) -> str:
        """The card. It has no date, so that equal annotations give equal files."""
        parts = [
            f"# {_plain(self.project)}",
            f"Exported with BoxOCR {__version__} from a project of Label Studio.",
            _table(("", ""), [("Format", self.title), ("Annotations", self.annotators), *self._division()]),
            "## Contents",
            _table(
                ("Set", "Pages", "Regions", "Characters"),
                [
                    (name, f"{counts.pages:,}", f"{counts.regions:,}", f"{counts.characters:,}")
                    for name, counts in self.sets.items()
                ],
            ),
            "## Labels",
            self._labels(),
            "## Left out",
            _table(("", "Number"), [(reason, f"{count:,}") for reason, count in sorted(self.left_out.items())])
            if self.left_out
            else "Nothing.",
            "## Licence",
            "Add the licences of the pages and of the annotations here before you pass the data on.",
        ]
        return "\n\n".join(parts) + "\n"

    def _division(self) -> list[tuple[str, str]]:
        if not self.shares.is_divided:
            return [("Division", "none")]
        shares = ", ".join(f"{name} {share} %" for name, share in zip(SETS, self.shares.as_tuple(), strict=True))
        return [("Division", shares), ("Seed", str(self.seed))]

    def _labels(self) -> str:
        labels = sorted({label for counts in self.sets.values() for label in counts.labels})
        if not labels:
            return "None."
        rows = [
            (label or "without label", *(f"{counts.labels[label]:,}" for counts in self.sets.values()))
            for label in labels
        ]
        return _table(("Label", *self.sets), rows)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(map(_plain, line))} |" for line in lines)


def _plain(text: str) -> str:
    """A text without the characters that end a heading or a cell."""
    return " ".join(text.split()).replace("|", "\\|")
