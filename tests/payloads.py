"""Requests that Label Studio 1.23.2 really sent, and functions that find the relevant parts of answers."""

import copy
import json
from functools import cache
from typing import Any

from tests.conftest import DATA

RECORDED_PAGES = "http://127.0.0.1:8090/imgs"


@cache
def _recorded(name: str) -> str:
    return (DATA / "payloads" / f"{name}.json").read_text()


def payload(name: str, page_server: str) -> dict[str, Any]:
    """A recorded request, with its pages on our own page server."""
    body: dict[str, Any] = json.loads(_recorded(name).replace(RECORDED_PAGES, f"{page_server}/pages"))
    return body


def drawn(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The results in a request's context."""
    results: list[dict[str, Any]] = body["params"]["context"]["result"]
    return results


def one_box(page_server: str, **value: Any) -> dict[str, Any]:
    """The recorded request for one box, with other numbers in its value."""
    body = payload("one-box", page_server)
    drawn(body)[0]["value"] |= value
    return body


def boxes_on_pages(project: int, urls: list[str]) -> dict[str, Any]:
    """A request for a box on each of these pages of a task."""
    body = task_opened(project, urls)
    template = drawn(payload("multi-page-second-page", ""))[0]
    body["params"]["context"] = {
        "result": [copy.deepcopy(template) | {"id": f"r{number}", "item_index": number} for number in range(len(urls))]
    }
    return body


def task_opened(project: int, urls: list[str]) -> dict[str, Any]:
    """A request for the predictions of a task with these pages."""
    body = payload("multi-page-second-page", "")
    body["params"]["context"] = None
    body["project"] = f"{project}.1"
    body["tasks"][0] |= {"project": project, "data": {"pages": urls}}
    return body


def texts(results: list[dict[str, Any]]) -> dict[str, str]:
    """Text by region id, of all textarea results."""
    return {result["id"]: result["value"]["text"][0] for result in results if result["type"] == "textarea"}


def notes(results: list[dict[str, Any]]) -> list[str]:
    """The sentences that the Info panel shows."""
    return [line for result in results for line in result.get("meta", {}).get("text", [])]


def without(result: dict[str, Any], *keys: str) -> dict[str, Any]:
    """A result without some of its keys."""
    return {key: copy.deepcopy(value) for key, value in result.items() if key not in keys}
