"""Who is told of attributes in a labeling config that have no effect: the log, and the annotator with the first answer.

Nothing is kept of what annotators were told: an answer is the first one as long as nothing in its request comes from
an earlier one.
"""

import logging
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from cachetools import LRUCache

from boxocr.errors import LabelingConfigError
from boxocr.labeling.config import LabelingConfig
from boxocr.labeling.marks import NOTE_MARK, Result

logger = logging.getLogger("boxocr.answering.config_warnings")

# The Info panel shows about nine lines.
_MOST_IN_A_NOTE = 3

# Configs whose warnings are in the log.
_logged: LRUCache[int, bool] = LRUCache(10_000)
_lock = threading.Lock()


def warnings_of(label_config: str) -> tuple[str, ...]:
    """What is to be said of a labeling config; it is logged as well, once for each config.

    Args:
        label_config: XML. A config that is not valid has no warnings: other sentences say so.
    """
    try:
        labeling = LabelingConfig.as_written(label_config)
        found = labeling.warnings()
    except LabelingConfigError:
        return ()
    if found and _is_new(labeling.markup):
        for sentence in found:
            logger.warning("Labeling config: %s", sentence)
    return found


def told_when_drawn(results: list[Result], context: Mapping[str, Any], label_config: str) -> list[Result]:
    """An answer to what was drawn, with the warnings in the notes of its first region if it is the first answer.

    Args:
        results: the answer's.
        context: of the request.
        label_config: of the project, XML.
    """
    if any(map(_comes_from_an_answer, context.get("result", ()))):
        return results
    return told(results, label_config)


def told(results: list[Result], label_config: str) -> list[Result]:
    """Results with the warnings of the config in the notes of their first region.

    Args:
        results: of regions, each region's shape before its other results.
        label_config: of the project, XML.
    """
    found = warnings_of(label_config)
    return [_with_notes(results[0], found), *results[1:]] if found and results else results


def _is_new(markup: str) -> bool:
    with _lock:
        key = hash(markup)
        known = key in _logged
        _logged[key] = True
    return not known


def _comes_from_an_answer(result: Mapping[str, Any]) -> bool:
    meta = result.get("meta")
    is_suggested = isinstance(meta, Mapping) and "suggestion" in meta
    return result.get("score") is not None or (is_suggested and str(result.get("type", "")).lower() == "textarea")


def _with_notes(result: Result, sentences: Sequence[str]) -> Result:
    """A region's first result with further lines in the one note that the Info panel shows."""
    meta = dict(result["meta"]) if isinstance(result.get("meta"), Mapping) else {}
    shown = list(sentences[:_MOST_IN_A_NOTE])
    if len(sentences) > len(shown):
        shown.append(f"{len(sentences) - len(shown)} more of these are in the server's log.")
    notes = meta.get("text", [])
    lines = [*(notes if isinstance(notes, list) else [notes]), *(NOTE_MARK + sentence for sentence in shown)]
    return result | {"meta": meta | {"text": ["\n".join(map(str, lines))]}}
