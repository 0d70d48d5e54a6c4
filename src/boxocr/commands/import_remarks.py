"""Sentences about imported pages. Equal sentences about several pages of a document become one."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

# Runs of consecutive pages that are listed. Nobody reads a longer list.
_MOST_RUNS = 5


@dataclass(frozen=True, slots=True)
class Remark:
    """A sentence about a page, or about a document.

    Attributes:
        document: its name.
        page: number of the page, from 1; None for the whole document.
        sentence: with ``{}`` in place of the share.
        share: 0 to 1; None if the sentence has none.
    """

    document: str
    page: int | None
    sentence: str
    share: float | None = None


def grouped(remarks: Iterable[Remark]) -> list[tuple[str, str]]:
    """For each group of equal remarks, the document's name with its pages, and the sentence.

    Args:
        remarks: in the order of the pages.
    """
    groups: dict[tuple[str, str], list[Remark]] = {}
    for remark in remarks:
        groups.setdefault((remark.document, remark.sentence), []).append(remark)
    return [
        (f"{document}{_pages(own)}", sentence.replace("{}", _shares(own)))
        for (document, sentence), own in groups.items()
    ]


def _pages(remarks: Sequence[Remark]) -> str:
    """The pages after the name of their document, such as ", pages 3-7 and 9"."""
    numbers = [remark.page for remark in remarks if remark.page is not None]
    runs = [f"{first}-{last}" if last > first else f"{first}" for first, last in _runs(numbers)]
    if len(runs) > _MOST_RUNS:
        return f", {len(numbers)} pages between {numbers[0]} and {numbers[-1]}"
    if not runs:
        return ""
    *others, last = runs
    listed = f"{', '.join(others)} and {last}" if others else last
    return f", page{'s' if len(numbers) > 1 else ''} {listed}"


def _runs(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """First and last of each run of numbers without a gap."""
    for _, run in itertools.groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]):
        own = [number for _, number in run]
        yield own[0], own[-1]


def _shares(remarks: Sequence[Remark]) -> str:
    """The share of the remarks in percent, or the range if their shares differ."""
    shares = [remark.share for remark in remarks if remark.share is not None]
    least, most = (f"{share:.0%}" for share in (min(shares, default=0.0), max(shares, default=0.0)))
    return least if least == most else f"{least} to {most}"
