"""The review of a project as one self-contained HTML file, and as JSON."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from html import escape
from typing import Any

from boxocr.learning.report_page import Picture
from boxocr.learning.review import Suspect

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2430; --dim: #667085; --line: #d9dee7; --paper: #fff; --wrong: #b42318 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e7eaf0; --dim: #98a2b3; --line: #343b49; --paper: #14181f; --wrong: #ff8a7d }
}
body { margin: 2rem auto; max-width: 72rem; padding: 0 1rem; color: var(--ink); background: var(--paper);
  font: 15px/1.5 system-ui, sans-serif }
h1 { font-size: 1.6rem; margin-bottom: 0 } .dim { color: var(--dim) }
.wide { overflow-x: auto } table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem; border-bottom: 1px solid var(--line) }
th { color: var(--dim); font-weight: 500 } td.text { white-space: pre-wrap; overflow-wrap: anywhere }
td.score { font-variant-numeric: tabular-nums; color: var(--wrong) } td img { max-width: 24rem; max-height: 10rem }
ul { margin: 0; padding-left: 1.1rem }
"""


@dataclass(frozen=True, slots=True)
class Reviews:
    """The review of a project.

    Attributes:
        title: of the project.
        address: of the project in Label Studio.
        suspects: the reported regions, the most suspicious first.
        counts: of the whole review.
    """

    title: str
    address: str
    suspects: Sequence[Suspect]
    counts: Counter[str]

    def link(self, suspect: Suspect) -> str:
        """The address of a region's annotation in Label Studio."""
        return f"{self.address}/data?task={suspect.evidence.task}&annotation={suspect.evidence.annotation}"


def as_json(reviews: Reviews) -> dict[str, Any]:
    """The reported regions for programs."""
    return {
        **reviews.counts,
        "reported": [
            {
                "task": one.evidence.task,
                "annotation": one.evidence.annotation,
                "page": one.evidence.page,
                "region": one.evidence.region,
                "label": one.evidence.label,
                "score": round(one.score, 3),
                "text": one.evidence.text,
                "suggestion": one.suggestion,
                "findings": [{**asdict(finding), "score": round(finding.score, 3)} for finding in one.findings],
                "readings": [asdict(reading) for reading in one.evidence.readings],
                "link": reviews.link(one),
            }
            for one in reviews.suspects
        ],
    }


def as_html(reviews: Reviews, pictures: Sequence[Picture], now: datetime) -> str:
    """The page.

    Args:
        reviews: the reported regions.
        pictures: those of the first regions.
        now: when the review was made.
    """
    heading = f"Review: {reviews.title}"
    rows = [
        _row(one, pictures[place] if place < len(pictures) else Picture("", ""), reviews.link(one))
        for place, one in enumerate(reviews.suspects)
    ]
    head = "".join(f"<th>{name}</th>" for name in ("Score", "Box", "Submitted", "Read", "Reasons", "In Label Studio"))
    table = (
        f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
        if rows
        else "<p>Nothing suspicious was found.</p>"
    )
    said = ", ".join(f"{count:,} {name}" for name, count in reviews.counts.items())
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(heading)}</title><style>{_STYLE}</style></head><body><h1>{escape(heading)}</h1>"
        f'<p class="dim">{escape(said)}, {now:%Y-%m-%d %H:%M}</p>{table}</body></html>\n'
    )


def _row(one: Suspect, picture: Picture, link: str) -> str:
    shown = f'<img alt="" src="{picture.address}">' if picture.address else escape(picture.reason)
    texts = "".join(f'<td class="text">{escape(text)}</td>' for text in (one.evidence.text, one.suggestion))
    reasons = "".join(f"<li>{escape(finding.sentence)}</li>" for finding in one.findings)
    label = f"<br>{escape(one.evidence.label)}" if one.evidence.label else ""
    anchor = f'<a href="{escape(link, quote=True)}">task {one.evidence.task}</a>{label}'
    return (
        f'<tr><td class="score">{one.score:.2f}</td><td class="dim">{shown}</td>{texts}'
        f"<td><ul>{reasons}</ul></td><td>{anchor}</td></tr>"
    )
