"""A Label Studio stand-in for the commands, and annotations that Label Studio has saved."""

import json
from pathlib import Path
from typing import Any

from tests.commands.conftest import boxocr, environment, studio

__all__ = ["boxocr", "environment", "studio"]

RECORDED = Path(__file__).parents[1] / "data" / "learning"

# Recordings of annotations that were submitted in Label Studio 1.23.2. Their drafts were never submitted.
NAMES = ("submitted", "updated", "moved", "typed-first", "split", "page", "repeater", "copied")

# The same, recorded in projects whose second learned version keeps only the numbers of a text.
LEARNED = tuple(f"learned-{name}" for name in NAMES if name != "typed-first")


def recorded(name: str, kind: str) -> list[dict[str, Any]]:
    """Tasks as recorded from Label Studio's API (kind "tasks") or its JSON export (kind "export")."""
    found = json.loads((RECORDED / f"{name}-{kind}.json").read_text(encoding="utf-8"))
    return list(found["tasks"] if kind == "tasks" else found)
