"""Compares the tests' model of the front end with the real front end, step by step.

``FRONT_END_STEPS=100 FRONT_END_SEEDS=4 e2e/run e2e/test_front_end_model.py`` takes more steps than the default.
"""

import json
import os
import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest
import requests
from playwright.sync_api import Request

from e2e.annotator import Annotator
from e2e.backend import Backend
from e2e.configs import BOXES
from e2e.conftest import INVOICE, NewProject
from e2e.label_studio import Project
from e2e.pages import Box, Page
from e2e.process import until
from tests.front_end import FrontEnd, Result

_STEPS = int(os.environ.get("FRONT_END_STEPS", "40"))
_SEEDS = range(1, 1 + int(os.environ.get("FRONT_END_SEEDS", "1")))

# Next to the page's lines, and below them, where the page is white.
_WHITE = [Box(54, 6.5, 33, 8.2), Box(54, 43, 33, 8.2), Box(6.2, 61.4, 36, 8.2)]

# Percent of the page. The margin around the lines is wider, so that the reading is the same after a step.
_SMALL_STEP = 1.0

# Percent of the page: the error of one screen pixel, accumulated over several mouse actions.
_PLACE_TOLERANCE = 0.4

# Waits for timers and drawing, after which all effects of the last action are complete.
_STATE = """async () => {
  const later = (way) => new Promise((done) => way(done));
  await later((done) => setTimeout(done, 20));
  await later(requestAnimationFrame);
  const annotation = Htx.annotationStore.selected;
  const shown = annotation.regionStore.sortedRegions.map((area) => area.cleanId);
  const serialized = (areas) => [...areas.values()].flatMap((area) => area.results.map((result) => result.serialize()));
  return {
    areas: [...annotation.areas.values()].map((area) => [area.cleanId, area.dynamic]),
    shown,
    waiting: Htx.awaitingSuggestions,
    results: annotation.serializeAnnotation(),
    suggested: serialized(annotation.suggestions),
  };
}"""


class Comparison:
    """Performs the same actions in the real front end and in the model.

    The model sends its own requests to the same backend, for a task with another id.
    """

    def __init__(self, annotator: Annotator, project: Project, backend: Backend, page: Page) -> None:
        self.annotator = annotator
        self._project, self._backend = project, backend
        self.model = FrontEnd(self._answer)
        self._asked: list[list[Result]] = []
        annotator.tab.on("request", self._note)
        self._places = [*(page.box(line) for line in INVOICE), *_WHITE]
        self._drawn_at: dict[str, Box] = {}
        # The front end's ids of the model's regions, and its regions in the order of the side panel.
        self._ids: dict[str, str] = {}
        self._shown: list[str] = []

    def _note(self, request: Request) -> None:
        if "interactive-annotating" in request.url:
            self._asked.append(json.loads(request.post_data or "")["context"]["result"])

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

    def _number(self, identity: str) -> int:
        """Return the index of the region in the side panel."""
        return self._shown.index(self._ids[identity])

    def _box(self, identity: str) -> Box:
        return Box(*self.model.areas[identity].box)

    # --- Actions; each returns its description

    def draw(self, rng: random.Random) -> str:
        place, label = rng.choice(self._free_places()), rng.choice(["Text", "Text", "Number"])
        smart = rng.random() < 0.8
        if smart:
            self.annotator.draw(place, label)
        else:
            self.annotator.draw_by_hand(place, label)
        identity = self.model.draw((place.x, place.y, place.width, place.height), label, smart=smart)
        self._drawn_at[identity] = place
        return f"draw {identity} {label} smart={smart}"

    def write(self, rng: random.Random) -> str:
        identity = rng.choice(list(self.model.areas))
        text = rng.choice(["mine", "my own words"])
        self.annotator.write(self._number(identity), text)
        self.model.write(identity, text)
        return f"write {identity} {text}"

    def empty(self, rng: random.Random) -> str:
        identity = rng.choice(self._with_text())
        self.annotator.write(self._number(identity), "")
        self.model.write(identity, "")
        return f"empty {identity}"

    def move(self, rng: random.Random) -> str:
        identity = rng.choice(self._reachable(self.model.areas))
        box = self._box(identity)
        right = _SMALL_STEP if box.x < self._drawn_at[identity].x + _SMALL_STEP / 2 else -_SMALL_STEP
        self.annotator.move_region(box, right=right, down=0)
        self.model.move(identity, right, 0)
        return f"move {identity} {right}"

    def resize(self, rng: random.Random) -> str:
        identity = rng.choice(self._reachable(self.model.areas))
        box = self._box(identity)
        wider = _SMALL_STEP if box.width < self._drawn_at[identity].width + _SMALL_STEP / 2 else -_SMALL_STEP
        self.annotator.resize_region(box, wider=wider)
        self.model.resize(identity, wider)
        return f"resize {identity} {wider}"

    def relabel(self, rng: random.Random) -> str:
        identity = rng.choice(list(self.model.areas))
        label = "Number" if self.model.areas[identity].label == "Text" else "Text"
        self.annotator.relabel(self._number(identity), label)
        self.model.relabel(identity, label)
        return f"relabel {identity} {label}"

    def delete(self, rng: random.Random) -> str:
        identity = rng.choice(list(self.model.areas))
        self.annotator.delete_region(self._number(identity))
        self.model.delete(identity)
        return f"delete {identity}"

    def choose(self, rng: random.Random) -> str:
        label = rng.choice(["Text", "Number"])
        self.annotator.choose(label)
        self.model.choose(label)
        return f"choose {label}"

    def accept(self, _: random.Random) -> str:
        self.annotator.accept()
        self.model.accept()
        return "accept"

    def reject(self, _: random.Random) -> str:
        self.annotator.reject()
        self.model.reject()
        return "reject"

    def accept_one(self, rng: random.Random) -> str:
        identity = rng.choice(self._reachable(self.model.suggestions))
        self.annotator.accept_one(Box(*self.model.suggestions[identity].box))
        self.model.accept_one(identity)
        return f"accept {identity}"

    def reject_one(self, rng: random.Random) -> str:
        identity = rng.choice(self._reachable(self.model.suggestions))
        self.annotator.reject_one(Box(*self.model.suggestions[identity].box))
        self.model.reject_one(identity)
        return f"reject {identity}"

    def switch_auto_accept(self, _: random.Random) -> str:
        self.model.auto_accept = not self.model.auto_accept
        if self.model.auto_accept:
            self.annotator.switch_on_auto_accept()
        else:
            self.annotator.switch_off_auto_accept()
        return f"auto-accept {self.model.auto_accept}"

    def undo(self, _: random.Random) -> str:
        self.annotator.undo()
        self.model.undo()
        return "undo"

    def _present(self) -> set[str]:
        return {*self.model.areas, *self.model.suggestions}

    def _free_places(self) -> list[Box]:
        taken = [self._drawn_at[identity] for identity in self._present()]
        return [place for place in self._places if place not in taken]

    def _reachable(self, identities: Iterable[str]) -> list[str]:
        """Return the regions the mouse can reach: undo can restore a region to the position of another one."""
        places = [self._drawn_at[identity] for identity in self._present()]
        return [identity for identity in identities if places.count(self._drawn_at[identity]) == 1]

    def _with_text(self) -> list[str]:
        return [identity for identity, area in self.model.areas.items() if area.text]

    def step(self, rng: random.Random) -> str:
        """Perform a random action in both; return its description."""
        areas, suggestions = bool(self.model.areas), bool(self.model.suggestions)
        free = bool(self._free_places())
        movable, pressable = bool(self._reachable(self.model.areas)), bool(self._reachable(self.model.suggestions))
        with_text = bool(self._with_text())
        weights: dict[Callable[[random.Random], str], int] = {
            self.draw: 8 * free,
            self.write: 4 * areas,
            self.empty: 2 * with_text,
            self.move: 2 * movable,
            self.resize: 2 * movable,
            self.relabel: 2 * areas,
            self.delete: 2 * areas,
            # An automatic acceptance is undone together with the action that caused it.
            self.undo: 6 if self.model.auto_accept else 2,
            self.accept: 4 * suggestions,
            self.reject: 1 * suggestions,
            self.accept_one: 2 * pressable,
            self.reject_one: 2 * pressable,
            # While there are suggestions, the buttons for all of them replace the switch.
            self.switch_auto_accept: 3 * (not suggestions),
        }
        (action,) = rng.choices(list(weights), list(weights.values()))
        accepts = action in (self.accept, self.accept_one)
        # An accepted region takes the selected label, or the label of the region that the last action selected.
        if not accepts or rng.random() < 0.6:
            self.annotator.unselect()
            self.model.unselect()
            if accepts and rng.random() < 0.5:
                return f"{self.choose(rng)}, {action(rng)}"
        return action(rng)

    def compare(self) -> None:
        """Assert that both have the same regions and suggestions, and have sent the same requests."""
        real = self._idle_state()
        self._shown = real["shown"]
        areas = self.model.areas
        for identity, (real_id, _) in zip(areas, real["areas"], strict=False):
            self._ids.setdefault(identity, real_id)
        names = {real_id: identity for identity, real_id in self._ids.items()}
        assert {names[one]: dynamic for one, dynamic in real["areas"]} == {
            identity: area.dynamic for identity, area in areas.items()
        }
        assert _described(real["results"], names) == self._expected(areas)
        assert _described(real["suggested"], names) == self._expected(self.model.suggestions)
        assert [_described(context, names) for context in self._asked] == [
            _described(context, exact=False) for context in self.model.contexts
        ]
        self._asked.clear()
        self.model.contexts.clear()

    def _idle_state(self) -> dict[str, Any]:
        """Return the state of the front end once it has no pending requests."""

        def state() -> dict[str, Any] | None:
            found: dict[str, Any] = self.annotator.tab.evaluate(_STATE)
            return None if found["waiting"] or len(self._asked) < len(self.model.contexts) else found

        found = until(state, "the front end has asked, and has its answer", seconds=10, pause=0.02)
        assert found is not None
        return found

    def _expected(self, areas: dict[str, Any]) -> list[Any]:
        return _described([one for area in areas.values() for one in self.model.serialized(area)], exact=False)


def _described(
    results: Sequence[Result], names: dict[str, str] | None = None, *, exact: bool = True
) -> list[dict[str, Any]]:
    """Return the comparable parts of results; ``names`` maps the ids of regions."""

    def place(value: dict[str, Any]) -> Any:
        found = [value[side] for side in ("x", "y", "width", "height")]
        return found if exact else pytest.approx(found, abs=_PLACE_TOLERANCE)

    return [
        {
            "region": names[result["id"]] if names else result["id"],
            "type": result["type"],
            "text": result["value"].get("text"),
            "labels": result["value"].get("rectanglelabels"),
            "place": place(result["value"]),
            "scored": "score" in result,
            "meta": sorted(result.get("meta", {})),
            "notes": result.get("meta", {}).get("text"),
            "origin": result["origin"],
        }
        for result in results
    ]


@pytest.mark.parametrize("seed", _SEEDS)
def test_the_model_does_as_the_front_end_does(
    annotator: Annotator, new_project: NewProject, backend: Backend, invoice: Page, seed: int
) -> None:
    project = new_project(BOXES, {"image": invoice})
    # The side panel has room for all regions.
    annotator.tab.set_viewport_size({"width": 1400, "height": 1200})
    annotator.open(project, project.task())
    both = Comparison(annotator, project, backend, invoice)
    rng = random.Random(seed)  # noqa: S311 - no secret
    done = []
    for _ in range(_STEPS):
        try:
            done.append(both.step(rng))
            both.compare()
        except Exception as failure:
            failure.add_note("after\n  " + "\n  ".join(done))
            raise
