"""The accuracy report as one self-contained HTML file, and as rows for a spreadsheet."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from html import escape
from typing import Any, TextIO

from boxocr.learning import plots
from boxocr.learning.boxes import Box, Outcome
from boxocr.learning.figures import Figures, Report, Scored

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2430; --dim: #667085; --line: #d9dee7; --bar: #2f6fde; --paper: #fff }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e7eaf0; --dim: #98a2b3; --line: #343b49; --bar: #6ea0ff; --paper: #14181f }
}
* { box-sizing: border-box }
body { margin: 2rem auto; max-width: 68rem; padding: 0 1rem; color: var(--ink); background: var(--paper);
  font: 15px/1.5 system-ui, sans-serif }
h1 { font-size: 1.6rem; margin-bottom: 0 } h2 { font-size: 1.15rem; margin-top: 2.5rem }
p.dim, td.dim { color: var(--dim) }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: 1rem; margin: 1.5rem 0 }
dl div { border: 1px solid var(--line); border-radius: 8px; padding: .7rem .9rem }
dt { color: var(--dim); font-size: .85rem } dd { margin: 0; font-size: 1.5rem }
table { border-collapse: collapse; width: 100% } .wide { overflow-x: auto }
th, td { text-align: right; padding: .3rem .6rem; border-bottom: 1px solid var(--line);
  font-variant-numeric: tabular-nums }
th:first-child, td:first-child, td.text { text-align: left }
td:first-child { min-width: 7rem } th { color: var(--dim); font-weight: 500 }
td.text { white-space: pre-wrap; overflow-wrap: anywhere; vertical-align: top }
td img { max-width: 22rem; max-height: 9rem }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: 1.5rem }
figure { margin: 0 } figcaption { color: var(--dim); font-size: .85rem }
svg { width: 100%; height: auto } svg text { fill: var(--dim); font-size: 11px } svg .value { text-anchor: end }
svg .name { text-anchor: end } .grid { stroke: var(--line) } .bar { fill: var(--bar) }
.diagonal { stroke: var(--dim); stroke-dasharray: 4 4 } .dot { fill: var(--bar); fill-opacity: .75 }
"""

_COLUMNS = (
    "boxes",
    "accepted unchanged",
    "corrected",
    "emptied",
    "moved",
    "typed by hand",
    "CER",
    "keystrokes needed",
    "keystrokes saved",
)


@dataclass(frozen=True, slots=True)
class Picture:
    """The picture of one of the worst boxes, or the reason why there is none.

    Attributes:
        address: ``data:`` address; empty if the page is not available.
        reason: one sentence; empty when there is a picture.
    """

    address: str
    reason: str


def as_json(report: Report, projects: Mapping[int, str]) -> dict[str, Any]:
    """The figures for programs; ``projects`` holds titles by number."""
    return {
        "projects": [{"id": number, "title": title} for number, title in projects.items()],
        "annotations": report.annotations,
        "total": report.total.as_json(),
        "by": {
            group: {name: figures.as_json() for name, figures in found.items()}
            for group, found in report.groups.items()
        },
        "confusions": [asdict(one) for one in report.confusions],
        "calibration": {"error": report.calibration_error, "bins": [asdict(one) for one in report.bins]},
        "conflicts": [asdict(one) | {"sentence": one.sentence()} for one in report.conflicts],
        "worst": [{**asdict(one.box), "edits": one.edits} for one in report.worst],
    }


def write_csv(boxes: Iterable[Box], file: TextIO) -> None:
    """A row for each box."""
    names = [field.name for field in fields(Box)]
    rows = csv.writer(file)
    rows.writerow(names)
    for box in boxes:
        rows.writerow([getattr(box, name) for name in names])


def as_html(
    report: Report,
    projects: Mapping[int, str],
    pictures: Mapping[Box, Picture],
    links: Mapping[Box, str],
    now: datetime,
) -> str:
    """The page.

    Args:
        report: the figures.
        projects: titles by number.
        pictures: of the worst boxes.
        links: to the worst boxes in Label Studio.
        now: when the report was made.
    """
    title = f"Accuracy: {', '.join(projects.values())}"
    sections = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="dim">{_counts(report)}, {now:%Y-%m-%d %H:%M}</p>',
        _headline(report.total),
        _plots(report),
        *(_group(name, found) for name, found in report.groups.items() if name != "project" or len(projects) > 1),
        _confusions(report),
        _calibration(report),
        _conflicts(report),
        _worst(report.worst, pictures, links),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>{''.join(sections)}</body></html>\n"
    )


def _counts(report: Report) -> str:
    return f"{report.annotations:,} annotations with {report.total.boxes:,} boxes"


def _headline(total: Figures) -> str:
    shown = {
        "Accepted unchanged": _percent(total.accepted_share),
        "Character error rate": _percent(total.cer, digits=2),
        "Keystrokes saved": f"{total.keystrokes_saved:,}",
        "Keystrokes needed": f"{total.keystrokes_needed:,}",
        "Typed by hand": f"{total.outcomes[Outcome.TYPED]:,} boxes",
    }
    items = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in shown.items())
    return f"<dl>{items}</dl>"


def _plots(report: Report) -> str:
    weeks = [(week, found) for week, found in report.groups["week"].items() if found.compared]
    labels = sorted(report.groups["label"].items(), key=lambda item: -item[1].compared)
    shown = [(label, found) for label, found in labels if found.compared][:12]
    figures = [
        (
            plots.bars([(week, found.accepted_share or 0) for week, found in weeks], title="Accepted unchanged by week",
                       highest=1.0),
            "Share of suggestions accepted unchanged, by week",
        ),
        (
            plots.bars([(label, found.cer or 0) for label, found in shown], title="CER by label"),
            "Character error rate by label, the most frequent labels",
        ),
        (
            plots.reliability([(one.score, one.right, one.boxes) for one in report.bins], title="Scores and shares"),
            "Share accepted unchanged by score. On the dashed line a score of 0.9 is right nine times in ten.",
        ),
    ]  # fmt: skip
    return (
        '<div class="plots">'
        + "".join(f"<figure>{plot}<figcaption>{caption}</figcaption></figure>" for plot, caption in figures)
        + "</div>"
    )


def _group(name: str, found: Mapping[str, Figures]) -> str:
    rows = [[value, *_cells(figures)] for value, figures in found.items()]
    return _section(f"By {name}", [name.capitalize(), *_COLUMNS], rows)


def _cells(figures: Figures) -> list[str]:
    counts = [
        figures.outcomes[outcome] for outcome in (Outcome.CORRECTED, Outcome.EMPTIED, Outcome.MOVED, Outcome.TYPED)
    ]
    accepted = f"{figures.outcomes[Outcome.ACCEPTED]:,} ({_percent(figures.accepted_share)})"
    return [
        f"{figures.boxes:,}",
        accepted,
        *(f"{count:,}" for count in counts),
        _percent(figures.cer, digits=2),
        f"{figures.keystrokes_needed:,}",
        f"{figures.keystrokes_saved:,}",
    ]


def _confusions(report: Report) -> str:
    rows = [
        [_visible(one.suggested), _visible(one.submitted), f"{one.count:,}", _percent(one.share)]
        for one in report.confusions
    ]
    return _section("Most frequent corrections", ["Suggested", "Submitted", "Times", "Of all suggested"], rows)


def _calibration(report: Report) -> str:
    rows = [
        [f"{one.low:.1f} to {one.high:.1f}", f"{one.boxes:,}", f"{one.score:.3f}", _percent(one.right)]
        for one in report.bins
    ]
    error = (
        "" if report.calibration_error is None else f": the scores are off by {report.calibration_error:.3f} on average"
    )
    return _section(f"Scores{error}", ["Score", "Boxes", "Mean score", "Accepted unchanged"], rows)


def _conflicts(report: Report) -> str:
    items = "".join(f"<p>{escape(one.sentence())}</p>" for one in report.conflicts)
    return f"<h2>Annotators who write the same thing differently</h2>{items}" if items else ""


def _worst(worst: Iterable[Scored], pictures: Mapping[Box, Picture], links: Mapping[Box, str]) -> str:
    rows = []
    for one in worst:
        picture = pictures.get(one.box, Picture("", ""))
        shown = f'<img alt="" src="{picture.address}">' if picture.address else escape(picture.reason)
        link = f'<a href="{escape(links[one.box], quote=True)}">task {one.box.task}</a>'
        texts = "".join(f'<td class="text">{escape(text)}</td>' for text in (one.box.suggested, one.box.submitted))
        rows.append(f'<tr><td class="dim">{shown}</td>{texts}<td>{one.edits}</td><td>{link}</td></tr>')
    head = "".join(f"<th>{name}</th>" for name in ("Box", "Suggested", "Submitted", "Edits", "In Label Studio"))
    return _table("The worst boxes", head, rows)


def _section(title: str, head: list[str], rows: list[list[str]]) -> str:
    cells = ["".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows]
    return _table(title, "".join(f"<th>{escape(name)}</th>" for name in head), [f"<tr>{row}</tr>" for row in cells])


def _table(title: str, head: str, rows: list[str]) -> str:
    if not rows:
        return f'<h2>{escape(title)}</h2><p class="dim">None.</p>'
    return (
        f'<h2>{escape(title)}</h2><div class="wide"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _visible(text: str) -> str:
    """A text whose spaces and line ends can be seen."""
    return text.replace(" ", "␣").replace("\n", "↵") or "∅"


def _percent(share: float | None, digits: int = 1) -> str:
    return "–" if share is None else f"{share:.{digits}%}"  # noqa: RUF001 - a dash: there is nothing to divide by
