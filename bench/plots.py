"""Plots for the documentation: ``python -m bench.plots`` draws the saved results of the benchmarks."""

import json
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt

from bench.document_scores import UNSEEN

RESULTS = Path(__file__).parent / "results"
IMAGES = Path(__file__).parent.parent / "docs" / "images"

OURS, OTHERS = "#2b6cb0", "#a0aec0"
COLOURS = (OURS, "#63b3ed", OTHERS, "#cbd5e0", "#e2e8f0")


def main() -> None:
    """Plot all saved results."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    for name, draw in (("latency", latency), ("documents", documents)):
        found = RESULTS / f"{name}.json"
        if found.exists():
            draw(json.loads(found.read_text()))
            print(f"{name} drawn")


def latency(rows: list[dict[str, Any]]) -> None:
    """Plot median waits by scenario, on a logarithmic scale because they range from 20 to 1,000 ms."""
    timed = [row for row in rows if "p50" in row]
    scenarios = list(dict.fromkeys(row["scenario"] for row in timed))
    figure, axes = plt.subplots(figsize=(9, 0.34 * len(timed) + 0.5 * len(scenarios)))
    height, ticks = 0.0, []
    for scenario in scenarios:
        axes.text(0.0, height, scenario, transform=axes.get_yaxis_transform(), weight="bold", va="center", fontsize=8)
        height += 1
        for row in (row for row in timed if row["scenario"] == scenario):
            compared = row["contender"].startswith(("reference", "bare"))
            axes.barh(height, row["p50"], color=OTHERS if compared else OURS)
            axes.text(row["p50"] * 1.05, height, f"{row['p50']:.0f} ms", va="center", fontsize=8)
            ticks.append((height, row["contender"]))
            height += 1
        height += 0.4
    axes.set_yticks([at for at, _ in ticks], [name for _, name in ticks], fontsize=8)
    axes.set_xscale("log")
    axes.set_xlim(8, max(row["p50"] for row in timed) * 2)
    axes.set_xlabel("milliseconds, median")
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(IMAGES / "latency.png", dpi=110, bbox_inches="tight")


def documents(figures: dict[str, dict[str, dict[str, dict[str, float]]]]) -> None:
    """Plot the share of boxes without an error by kind of document, the contenders side by side."""
    contenders = figures["boxes"]
    kinds = [kind for kind in contenders["auto"] if kind != UNSEEN]
    figure, axes = plt.subplots(figsize=(9, 0.6 * len(kinds) + 1))
    width = 0.8 / len(contenders)
    for number, (name, of) in enumerate(contenders.items()):
        places = [index + number * width for index in range(len(kinds))]
        colour = COLOURS[number % len(COLOURS)]
        axes.barh(places, [of[kind]["exact"] for kind in kinds], height=width, label=name, color=colour)
    axes.set_yticks([index + 0.4 - width / 2 for index in range(len(kinds))], kinds, fontsize=8)
    axes.set_xlabel("boxes without an error, %")
    axes.invert_yaxis()
    axes.legend(fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(IMAGES / "accuracy.png", dpi=110, bbox_inches="tight")


if __name__ == "__main__":
    main()
