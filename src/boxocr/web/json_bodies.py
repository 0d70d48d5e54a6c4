"""The JSON of requests and answers: what is taken, and that every answer can be written."""

import json
import re
from typing import Any

from flask.json.provider import DefaultJSONProvider

from boxocr.errors import MalformedRequest

# Label Studio's requests are nine deep; a task's own data may add some.
_MOST_DEPTH = 100

# Label Studio's are numbers.
_MOST_PROJECT_CHARACTERS = 100

_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


class AnswerJSON(DefaultJSONProvider):
    """Answers hold the annotators' text: other scripts than Latin stay readable, and keys keep the order they came in.

    Halves of characters, which JSON can hold and UTF-8 cannot, go back as the escapes that they came as.
    """

    ensure_ascii = False
    sort_keys = False

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """JSON that UTF-8 can carry."""
        return _HALF_CHARACTER.sub(lambda half: f"\\u{ord(half[0]):04x}", super().dumps(obj, **kwargs))


def json_object(body: bytes) -> dict[str, Any]:
    """The JSON object that a request's body is.

    Raises:
        MalformedRequest: it is something else, or has more than 100 levels, which is more than can be walked through.
    """
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise MalformedRequest("The request's body is not a JSON object.")
    level: list[Any] = [found]
    for _ in range(_MOST_DEPTH):
        level = [
            value
            for holder in level
            for value in (holder.values() if isinstance(holder, dict) else holder)
            if isinstance(value, dict | list)
        ]
        if not level:
            return found
    raise MalformedRequest(f"The request's body has more than {_MOST_DEPTH} levels.")


def parse_predict_request(body: dict[str, Any]) -> tuple[list[Any], dict[str, Any] | None]:
    """The tasks and the context of a ``/predict``.

    Raises:
        MalformedRequest: one of them has another type than Label Studio sends.
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
    """A project's id as Label Studio sends it: "12.1795378739" is the project and when it was created.

    Raises:
        MalformedRequest: it is neither a number nor a short text.
    """
    known = isinstance(project, str | int | float | None) and not isinstance(project, bool)
    found = str(project or "").partition(".")[0] if known else None
    if found is None or len(found) > _MOST_PROJECT_CHARACTERS or _HALF_CHARACTER.search(found):
        raise MalformedRequest("The request's project is not a project's id.")
    return found
