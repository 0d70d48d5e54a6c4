"""Small plots as SVG, drawn without a library so that a report is one file that needs nothing else."""

from collections.abc import Sequence
from html import escape

_WIDTH, _HEIGHT = 460, 230
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 12, 12, 46
_TICKS = 5
# More names than this would overlap.
_MOST_NAMES = 12


def bars(values: Sequence[tuple[str, float]], *, title: str, highest: float | None = None) -> str:
    """Bars of shares.

    Args:
        values: name and share, 0 to 1 or more, of each bar.
        title: for people who cannot see the plot.
        highest: share at the top of the axis; that of the highest bar when not given.
    """
    top = highest or _round_up(max((value for _, value in values), default=0))
    step = _plot_width() / max(len(values), 1)
    every = -(-len(values) // _MOST_NAMES)
    parts = [_axis(top)]
    for index, (name, value) in enumerate(values):
        height = _plot_height() * min(value / top, 1)
        x, y = _LEFT + index * step + step * 0.15, _TOP + _plot_height() - height
        parts.append(
            f'<rect class="bar" x="{x:.1f}" y="{y:.1f}" width="{step * 0.7:.1f}" height="{height:.1f}">'
            f"<title>{escape(name)}: {value:.1%}</title></rect>"
        )
        if index % every == 0:
            parts.append(_name(name, _LEFT + (index + 0.5) * step))
    return _svg(title, parts)


def reliability(points: Sequence[tuple[float, float, int]], *, title: str) -> str:
    """Scores against shares of right boxes, with the diagonal on which both are equal.

    Args:
        points: mean score, share, and number of boxes of each bin; more boxes make a larger dot.
        title: for people who cannot see the plot.
    """
    most = max((boxes for _, _, boxes in points), default=1)
    parts = [_axis(1.0), f'<path class="diagonal" d="M{_LEFT} {_TOP + _plot_height()}L{_WIDTH - _RIGHT} {_TOP}"/>']
    parts += [_name(f"{score:.0%}", _LEFT + score * _plot_width()) for score in (0, 0.25, 0.5, 0.75, 1.0)]
    for score, share, boxes in points:
        x, y = _LEFT + score * _plot_width(), _TOP + (1 - share) * _plot_height()
        parts.append(
            f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="{3 + 7 * (boxes / most) ** 0.5:.1f}">'
            f"<title>score {score:.2f}: {share:.1%} right, {boxes} boxes</title></circle>"
        )
    return _svg(title, parts)


def _svg(title: str, parts: Sequence[str]) -> str:
    label = escape(title, quote=True)
    return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">{"".join(parts)}</svg>'


def _axis(top: float) -> str:
    lines = []
    for tick in range(_TICKS + 1):
        y = _TOP + _plot_height() * (1 - tick / _TICKS)
        lines.append(f'<path class="grid" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>')
        label = f"{top * tick / _TICKS:.{0 if top >= 0.1 else 1}%}"  # noqa: PLR2004 - a tenth, in percent
        lines.append(f'<text class="value" x="{_LEFT - 6}" y="{y + 4:.1f}">{label}</text>')
    return "".join(lines)


def _name(name: str, x: float) -> str:
    shown = name if len(name) <= 14 else f"{name[:13]}…"  # noqa: PLR2004 - characters that fit below a bar
    y = _TOP + _plot_height() + 16
    return f'<text class="name" x="{x:.1f}" y="{y}" transform="rotate(-25 {x:.1f} {y})">{escape(shown)}</text>'


def _plot_width() -> float:
    return _WIDTH - _LEFT - _RIGHT


def _plot_height() -> float:
    return _HEIGHT - _TOP - _BOTTOM


def _round_up(value: float) -> float:
    """The next larger of 1, 2 and 5 times a power of ten, as a share; from .5 on 1, or the value if it is larger."""
    for step in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5):
        if value <= step:
            return step
    return max(1.0, value)
