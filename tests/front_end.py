"""A model of Label Studio's front end: how it stores regions and suggestions, and when it asks the backend.

It follows the source of version 1.23.2, and is compared with the running front end step by step
(``e2e/test_front_end_model.py``). It supports one Image, RectangleLabels and one per-region TextArea.
"""

import copy
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Result = dict[str, Any]
Answer = Callable[[list[Result]], list[Result]]
"""What the backend makes of a context's results."""

Box = tuple[float, float, float, float]
"""x, y, width and height in percent of the page."""


@dataclass
class Area:
    """A region as the front end keeps it.

    Attributes:
        id: of the region.
        label: its only label.
        box: the region's position.
        results: the region's results without positions, the shape's first unless an answer had another order.
        meta: of the region. The front end adds it to each of the results.
        dynamic: whether it was drawn with a smart tool and is not accepted yet.
    """

    id: str
    label: str
    box: Box
    results: list[Result]
    meta: dict[str, Any] = field(default_factory=dict)
    dynamic: bool = False

    @property
    def text_result(self) -> Result | None:
        return next((result for result in self.results if result["type"] == "textarea"), None)

    @property
    def text(self) -> str:
        """The text in the region's field."""
        found = self.text_result
        return "\n".join(found["value"]["text"]) if found else ""


class FrontEnd:
    """One annotation on the screen.

    Args:
        answer: the backend.
        page: width and height of the page in pixels.
    """

    def __init__(self, answer: Answer, page: tuple[int, int] = (800, 600)) -> None:
        self._answer = answer
        self._page = page
        self._numbers = itertools.count(1)
        self.areas: dict[str, Area] = {}
        self.suggestions: dict[str, Area] = {}
        self.auto_accept = False
        # The label that is chosen, because the annotator clicked on it or because a region with it is selected.
        self.chosen: str | None = None
        self.contexts: list[list[Result]] = []
        # The states that Undo goes back through: the regions after each change, the current state last.
        self._past: list[dict[str, Area]] = [{}]

    # --- What an annotator does

    def draw(self, box: Box, label: str = "Text", *, smart: bool = True) -> str:
        """Draw a box; returns its id."""
        identity = f"region{next(self._numbers)}"
        shape = {"from_name": "bbox", "type": "rectanglelabels", "origin": "manual", "value": {}}
        self.chosen = None
        area = self.areas[identity] = Area(identity, label, box, [shape], dynamic=smart)
        self._changed()
        self._notify(area)
        return identity

    def write(self, identity: str, text: str) -> None:
        """Replace the text in a region's field. The front end sends a request only for the region's first text."""
        area = self.areas[identity]
        self.chosen = area.label
        if (result := area.text_result) is not None:
            result["value"]["text"] = [text]
            self._changed()
        elif text:
            area.results.append(
                {"from_name": "transcription", "type": "textarea", "origin": "manual", "value": {"text": [text]}}
            )
            self._changed()
            self._notify(area)

    def move(self, identity: str, right: float, down: float) -> None:
        """Drag a region by these percentages of the page."""
        area = self.areas[identity]
        x, y, width, height = area.box
        area.box = (x + right, y + down, width, height)
        self._changed()
        self._notify(area)

    def resize(self, identity: str, wider: float) -> None:
        """Drag the right side of a region by this percentage of the page."""
        area = self.areas[identity]
        self.chosen = area.label
        x, y, width, height = area.box
        area.box = (x, y, width + wider, height)
        self._changed()
        self._notify(area)

    def relabel(self, identity: str, label: str) -> None:
        """Select a region and choose another label for it."""
        area = self.areas[identity]
        area.label = self.chosen = label
        self._changed()
        self._notify(area)

    def choose(self, label: str) -> None:
        """Choose a label while no region is selected."""
        self.chosen = label

    def unselect(self) -> None:
        """Press Escape: no region is selected, and no label is chosen."""
        self.chosen = None

    def delete(self, identity: str) -> None:
        """Delete a region. The front end sends no request, and a pending suggestion for the region stays."""
        self.chosen = None
        del self.areas[identity]
        self._changed()

    def undo(self) -> None:
        """Undo the last change of regions. Suggestions stay, and the front end sends no request."""
        self.chosen = None
        if len(self._past) > 1:
            self._past.pop()
            before = copy.deepcopy(self._past[-1])
            order = [*(one for one in self.areas if one in before), *(one for one in before if one not in self.areas)]
            self.areas = {identity: before[identity] for identity in order}

    def accept(self) -> None:
        """Accept all suggestions."""
        self._accept(*self.suggestions)
        self._delete_dynamic()
        self._changed()

    def accept_one(self, identity: str) -> None:
        """Accept the suggestion for one region, with the button below it. The region gets the chosen label, if any."""
        self._accept(identity)
        self._changed()

    def reject_one(self, identity: str) -> None:
        """Reject the suggestion for one region, with the button below it."""
        del self.suggestions[identity]

    def reject(self) -> None:
        """Reject all suggestions."""
        self.suggestions = {}
        self._delete_dynamic()
        self._changed()

    # --- What the front end does as a result

    def _accept(self, *identities: str) -> None:
        for identity in identities:
            suggestion = self.suggestions.pop(identity)
            suggestion.label = self.chosen or suggestion.label
            self.areas[identity] = suggestion

    def _changed(self, *, at_once: bool = False) -> None:
        """Record a change for Undo. With ``at_once``, it is undone together with the change before it."""
        if self.areas != self._past[-1]:
            del self._past[len(self._past) - at_once :]
            self._past.append(copy.deepcopy(self.areas))

    def _delete_dynamic(self) -> None:
        self.areas = {identity: area for identity, area in self.areas.items() if not area.dynamic}

    def _notify(self, area: Area) -> None:
        if not area.dynamic:
            return
        same = [one for one in self.areas.values() if one.label == area.label]
        context = [result for one in same for result in self.serialized(one)]
        self.contexts.append(copy.deepcopy(context))
        self._take(self._answer(context))

    def _take(self, results: list[Result]) -> None:
        self.suggestions = {}
        for result in copy.deepcopy(results):
            value, meta = result["value"], result.pop("meta", {})
            place = tuple(value.pop(side) for side in ("x", "y", "width", "height"))
            identity = result.pop("id")
            if identity not in self.suggestions:
                label = value.get("rectanglelabels", [""])[0]
                self.suggestions[identity] = Area(identity, label, place, [], meta=meta)
            value = {"text": value["text"]} if "text" in value else {}
            kept = {key: result[key] for key in ("from_name", "type", "score") if key in result}
            # The origin belongs to the region, and stays "manual" for a region that was drawn.
            self.suggestions[identity].results.append(kept | {"origin": "manual", "value": value, "meta": meta})
        if self.auto_accept:
            self._accept(*self.suggestions)
            self._delete_dynamic()
            self._changed(at_once=True)

    def serialized(self, area: Area) -> list[Result]:
        """A region's results as the front end sends and saves them."""
        x, y, width, height = area.box
        found = []
        for result in area.results:
            own = {"rectanglelabels": [area.label]} if result["type"] == "rectanglelabels" else result["value"]
            one = result | {
                "id": area.id,
                "to_name": "image",
                "original_width": self._page[0],
                "original_height": self._page[1],
                "image_rotation": 0,
                "value": {"x": x, "y": y, "width": width, "height": height, "rotation": 0} | copy.deepcopy(own),
            }
            meta = result.get("meta", {}) | area.meta
            one.pop("meta", None)
            found.append(one | ({"meta": meta} if meta else {}))
        return found

    @property
    def saved(self) -> dict[str, tuple[str, str]]:
        """Label and text of each region, by id, as Submit saves them."""
        return {area.id: (area.label, area.text) for area in self.areas.values()}
