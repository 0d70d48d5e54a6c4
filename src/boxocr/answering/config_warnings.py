"""Warnings about attributes of a labeling config that have no effect: in the log, and in the first answer on a task.

Answers are not recorded. An answer counts as the first if its request contains no result of an earlier answer.
"""

import logging
import threading
from collections.abc import Mapping
from typing import Any

from cachetools import LRUCache

from boxocr.errors import LabelingConfigError
from boxocr.labeling.config import LabelingConfig

logger = logging.getLogger("boxocr.answering.config_warnings")

# Configs whose warnings were logged. LRU-evicted: configs come from callers, so the set is unbounded.
_logged: LRUCache[int, bool] = LRUCache(10_000)
_lock = threading.Lock()


def warnings_of(label_config: str) -> tuple[str, ...]:
    """The warnings about a labeling config, which are also logged once.

    Args:
        label_config: XML. An invalid config has no warnings, since it is an error elsewhere.
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


def for_first_answer(context_results: object, label_config: str) -> tuple[str, ...]:
    """The warnings about a labeling config if an interactive request contains no result of an earlier answer.

    Args:
        context_results: ``params.context.result`` of the request.
        label_config: of the project, XML.
    """
    is_first = not isinstance(context_results, list) or not any(map(_comes_from_an_answer, context_results))
    return warnings_of(label_config) if is_first else ()


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
