"""JSON of requests and answers: validation of requests, and encoding of any answer."""

import json
import re
from typing import Any

from flask.json.provider import DefaultJSONProvider

from boxocr.errors import MalformedRequest

# Levels of nesting. Label Studio's requests have nine, plus those of a task's own data.
_MAX_DEPTH = 100

# Length of a project's id. Label Studio's ids are numbers.
_MAX_PROJECT_CHARACTERS = 100

_SURROGATE = re.compile("[\ud800-\udfff]")


class AnswerJSON(DefaultJSONProvider):
    """Encodes answers. Text in any script is not escaped, and keys keep their order.

    Lone surrogates, which JSON allows and UTF-8 does not, are escaped.
    """

    ensure_ascii = False
    sort_keys = False

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """Encode as JSON that is valid in UTF-8."""
        return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", super().dumps(obj, **kwargs))


def json_object(body: bytes) -> dict[str, Any]:
    """Parse a request's body.

    Raises:
        MalformedRequest: it is not a JSON object, or has more than 100 levels, which recursive code cannot handle.
    """
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise MalformedRequest("The request's body is not a JSON object.")
    level: list[Any] = [found]
    for _ in range(_MAX_DEPTH):
        level = [
            value
            for holder in level
            for value in (holder.values() if isinstance(holder, dict) else holder)
            if isinstance(value, dict | list)
        ]
        if not level:
            return found
    raise MalformedRequest(f"The request's body has more than {_MAX_DEPTH} levels.")


def parse_predict_request(body: dict[str, Any]) -> tuple[list[Any], dict[str, Any] | None]:
    """The tasks and the context of a ``/predict``.

    Raises:
        MalformedRequest: the tasks or the context do not have the type that Label Studio sends.
    """
    tasks = body.get("tasks")
    if not isinstance(tasks, list):
        raise MalformedRequest("The request has no list of tasks.")
    params = body.get("params")
    if not isinstance(params, dict | None):
        raise MalformedRequest("The request's params are not an object.")
    context = (params or {}).get("context")
    if not isinstance(context, dict | None):
        raise MalformedRequest("The request's context is not an object.")
    if context is not None:
        results = context.get("result")
        if not isinstance(results, list) or not all(isinstance(result, dict) for result in results):
            raise MalformedRequest("The request's context.result is not a list of results.")
    return tasks, context


def project_id(project: object) -> str:
    """The id in Label Studio's ``project``: "12.1795378739" is the id and the time of creation.

    Raises:
        MalformedRequest: ``project`` is neither a number nor a short string.
    """
    known = isinstance(project, str | int | float | None) and not isinstance(project, bool)
    found = str(project or "").partition(".")[0] if known else None
    if found is None or len(found) > _MAX_PROJECT_CHARACTERS or _SURROGATE.search(found):
        raise MalformedRequest("The request's project is not a project's id.")
    return found
