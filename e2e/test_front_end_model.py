"""The model of the front end that the tests use, step by step beside the real one.

``FRONT_END_STEPS=300 e2e/run e2e/test_front_end_model.py`` goes on for longer than the few steps of every run.
"""

import json
import os
import random
from collections.abc import Sequence
from typing import Any

import pytest
import requests
from playwright.sync_api import Request

from e2e.annotator import Annotator
from e2e.backend import Backend
from e2e.configs import BOXES
from e2e.conftest import NewProject
from e2e.label_studio import Project
from e2e.pages import Box, Page
from e2e.process import until
from tests.front_end import FrontEnd, Result

_STEPS = int(os.environ.get("FRONT_END_STEPS", "40"))

# A box is drawn in one of these places, each with room for it to be moved by.
_PLACES = [Box(5 + 45 * column, 4 + 19.2 * row, 36, 10, 0) for row in range(5) for column in range(2)]
_MOVED_BY = 2.5

_STATE = """() => {
  const annotation = Htx.annotationStore.selected;
  return {
    areas: [...annotation.areas.values()].map((area) => ({ id: area.cleanId, dynamic: area.dynamic })),
    suggestions: [...annotation.suggestions.values()].map((area) => area.cleanId),
    waiting: Htx.awaitingSuggestions,
    results: annotation.serializeAnnotation(),
  };
}"""


class Beside:
    """The real front end and the model, which do the same.

    The model asks the same backend by itself, about a task of another number.
    """

    def __init__(self, annotator: Annotator, project: Project, backend: Backend) -> None:
        self.annotator = annotator
        self._project, self._backend = project, backend
        self.model = FrontEnd(self._answer)
        self.asked: list[list[Result]] = []
        annotator.tab.on("request", self._note)
        self.places: dict[str, Box] = {}

    def _note(self, request: Request) -> None:
        if "interactive-annotating" in request.url:
            self.asked.append(json.loads(request.post_data or "")["context"]["result"])

    def _answer(self, context: list[Result]) -> list[Result]:
        body = {
            "tasks": [{"id": 1_000_000, "data": {"image": self._project.address()}}],
            "project": f"{self._project.id}.1",
            "label_config": BOXES,
            "params": {"context": {"result": context}},
        }
        answer = requests.post(f"{self._backend.url}/predict", json=body, timeout=60).json()
        results: list[Result] = answer["results"][0]["result"]
        return results

    def number(self, identity: str) -> int:
        """Where the region stands in the side panel."""
        return list(self.model.areas).index(identity)

    def step(self, chance: random.Random) -> str:
        """Do one thing in both; says what."""
        model, annotator = self.model, self.annotator
        annotator.tab.keyboard.press("Escape")
        free = [place for place in _PLACES if place not in self.places.values()]
        still = [one for one in model.areas if one not in model.suggestions]
        deeds = ["draw"] * 4 * bool(free) + ["write", "write", "empty", "delete"] * bool(model.areas)
        deeds += ["accept", "accept", "reject"] * bool(model.suggestions) + ["move"] * bool(still)
        match deed := chance.choice(deeds):
            case "draw":
                place, label = chance.choice(free), chance.choice(["Text", "Text", "Number"])
                smart = chance.random() < 0.75
                if smart:
                    annotator.draw(place, label)
                else:
                    annotator.draw_by_hand(place, label)
                identity = model.draw((place.x, place.y, place.width, place.height), label, smart=smart)
                self.places[identity] = place
                return f"draw {label} {smart=}"
            case "write" | "empty":
                text = chance.choice(["mine", "my own words"]) if deed == "write" else ""
                identity = chance.choice([one for one in model.areas if text or model.areas[one].text] or [""])
                if identity:
                    annotator.write(self.number(identity), text)
                    model.write(identity, text)
            case "delete":
                identity = chance.choice(list(model.areas))
                annotator.select_region(self.number(identity))
                annotator.tab.keyboard.press("Backspace")
                model.delete(identity)
            case "accept":
                annotator.accept()
                model.accept()
            case "reject":
                annotator.reject()
                model.reject()
            case "move":
                identity = chance.choice(still)
                annotator.move_region(self.places[identity], right=_MOVED_BY, down=0)
                model.move(identity, _MOVED_BY, 0)
                old = self.places[identity]
                self.places[identity] = Box(old.x + _MOVED_BY, old.y, old.width, old.height, 0)
        self.places = {identity: place for identity, place in self.places.items() if identity in model.areas}
        return deed

    def compare(self) -> None:
        """Both have the same regions and suggestions, and have asked for the same."""
        until(lambda: len(self.asked) >= len(self.model.contexts), "the front end has asked")
        until(lambda: not self.annotator.tab.evaluate(_STATE)["waiting"], "the front end has its answer")
        real = self.annotator.tab.evaluate(_STATE)
        areas = list(self.model.areas.values())
        assert [one["dynamic"] for one in real["areas"]] == [area.dynamic for area in areas]
        ids = [one["id"] for one in real["areas"]]
        assert [ids.index(one) for one in real["suggestions"] if one in ids] == [
            list(self.model.areas).index(one) for one in self.model.suggestions if one in self.model.areas
        ]
        assert described(real["results"]) == described(
            [result for area in areas for result in self.model.serialized(area)]
        )
        assert [described(context) for context in self.asked] == [described(one) for one in self.model.contexts]
        self.asked.clear()
        self.model.contexts.clear()


def described(results: Sequence[Result]) -> list[Any]:
    """Results without what differs by nature: ids become numbers, places are rounded to what the mouse can do."""
    ids = list(dict.fromkeys(result["id"] for result in results))
    return [
        {
            "region": ids.index(result["id"]),
            "type": result["type"],
            "text": result["value"].get("text"),
            "labels": result["value"].get("rectanglelabels"),
            "place": [round(result["value"][side] / 2) for side in ("x", "y", "width", "height")],
            "scored": "score" in result,
            "meta": sorted(result.get("meta", {})),
            "origin": result["origin"],
        }
        for result in results
    ]


@pytest.mark.parametrize("seed", [1])
def test_the_model_does_as_the_front_end_does(
    annotator: Annotator, new_project: NewProject, backend: Backend, invoice: Page, seed: int
) -> None:
    project = new_project(BOXES, {"image": invoice})
    annotator.open(project, project.task())
    both = Beside(annotator, project, backend)
    chance = random.Random(seed)  # noqa: S311 - no secret
    done = []
    for _ in range(_STEPS):
        done.append(both.step(chance))
        try:
            both.compare()
        except AssertionError as failure:
            failure.add_note(f"after {done}")
            raise
