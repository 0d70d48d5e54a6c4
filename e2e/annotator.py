"""An annotator's actions in Label Studio's front end, with mouse and keyboard.

Each action waits for its visible effect, so that the tests need no pauses.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import cos, radians, sin
from pathlib import Path
from typing import Any

from playwright.sync_api import FloatRect, Locator, Page, Response, expect

from e2e.label_studio import EMAIL, PASSWORD, Project
from e2e.pages import Box
from e2e.process import until

_ANSWER_SECONDS = 60
_DRAG_STEPS = 4

Point = tuple[float, float]


def log_in(tab: Page, url: str, password: str = PASSWORD) -> None:
    """Fill in the log-in page."""
    tab.goto(f"{url}/user/login/")
    tab.fill("input[name=email]", EMAIL)
    tab.fill("input[name=password]", password)
    tab.click("button[type=submit]")
    # The next page differs between releases.
    tab.wait_for_url(lambda address: "/user/login" not in address)


_SWITCH_ATTEMPTS = 10


class Annotator:
    """One user with one browser tab; logged in if ``tab`` is.

    ``shot`` is the file for a screenshot, taken before saving and when the test looks something up.
    """

    def __init__(self, tab: Page, url: str, shot: Path) -> None:
        self.tab = tab
        self._url = url
        self._shot = shot
        self._turned = 0

    def take_picture(self) -> None:
        """Take a screenshot, replacing the previous one."""
        self.tab.screenshot(path=self._shot, animations="disabled")

    # --- Navigation

    def open(self, project: Project, task: int, *, auto_annotation: bool = True) -> None:
        """Open a task from the Data Manager, and turn on Auto-Annotation."""
        self.tab.goto(f"{self._url}/projects/{project.id}/data?task={task}")
        self._begin(auto_annotation=auto_annotation)

    def retrieve_predictions(self, project: Project) -> None:
        """Select all tasks in the Data Manager and choose "Retrieve Predictions"."""
        self.tab.goto(f"{self._url}/projects/{project.id}/data")
        self.tab.get_by_label("Select all rows").click(force=True)
        self.tab.get_by_label("Tasks Actions").click()
        self.tab.get_by_text("Retrieve Predictions").first.click()
        with self.tab.expect_response(
            # The dialog requests its form from the same address.
            lambda one: "retrieve_tasks_predictions" in one.url and one.request.method == "POST",
            timeout=_ANSWER_SECONDS * 1000,
        ) as response:
            self.tab.get_by_text("OK", exact=True).click()
        assert response.value.ok, response.value.text()

    def open_start_training(self, project: Project) -> None:
        """Open the menu with "Start Training" on the Model page of the project's settings."""
        self.tab.goto(f"{self._url}/projects/{project.id}/settings/ml")
        self.tab.locator("[class*=backend-card] button").last.click()
        self.tab.get_by_text("Start Training", exact=True).wait_for()

    def start_training(self) -> None:
        """Choose "Start Training" in the open menu, and wait until Label Studio has asked the backend."""
        self.tab.get_by_text("Start Training", exact=True).click()
        with self.tab.expect_response(lambda one: one.url.endswith("/train")) as response:
            self.tab.get_by_role("button", name="Start Training").click()
        assert response.value.ok, response.value.text()

    def open_label_stream(self, project: Project) -> None:
        """Start "Label All Tasks", which shows one task after the other."""
        self.tab.goto(f"{self._url}/projects/{project.id}/data")
        self.tab.get_by_role("button", name="Label All Tasks").click()
        self._begin(auto_annotation=True)

    def _begin(self, *, auto_annotation: bool) -> None:
        self._turned = 0
        self._settled(0)
        if auto_annotation:
            self._switch("auto-annotation")

    def _on_bar(self, name: str) -> Locator:
        """Return a toggle or a button of the bar at the bottom."""
        return self.tab.get_by_test_id(f"bottombar-{name}")

    def _switch(self, name: str, *, on: bool = True) -> None:
        toggle = self._on_bar(f"{name}-toggle")
        toggle.wait_for(state="attached")
        for remaining in reversed(range(_SWITCH_ATTEMPTS)):
            if toggle.is_checked() != on:
                # The checkbox itself has no size, so that a mouse cannot hit it before the control over it is drawn.
                toggle.dispatch_event("click")
            try:
                expect(toggle).to_be_checked(checked=on, timeout=2_000)
            except AssertionError:
                # The page is drawn before it handles clicks, and a click in between has no effect.
                if not remaining:
                    raise
            else:
                return
        # The front end ignores keys while the checkbox has the focus.
        toggle.blur()

    def screenshot(self, area: FloatRect) -> bytes:
        """Return a part of the screen as a PNG file."""
        return self.tab.screenshot(clip=area, animations="disabled")

    def switch_on_auto_accept(self) -> None:
        """Turn on Auto-Accept Suggestions."""
        self._switch("auto-accept")

    def switch_off_auto_accept(self) -> None:
        """Turn off Auto-Accept Suggestions."""
        self._switch("auto-accept", on=False)

    # --- The page

    def _picture(self, image: int) -> Locator:
        # Not the canvas over it, which is slightly smaller and shows the image slightly enlarged.
        return self.tab.locator(".lsf-image > img").nth(image)

    def _settled(self, image: int) -> dict[str, float]:
        """Return the image's position on the screen once it has loaded and stopped moving."""
        self._picture(image).wait_for()
        self.tab.locator(".lsf-image-progress").wait_for(state="detached")
        last: list[Any] = []

        def resting() -> bool:
            last.append(self._picture(image).bounding_box())
            return len(last) > 2 and last[-1] is not None and last[-3:] == [last[-1]] * 3 and last[-1]["width"] > 50

        until(resting, "the page rests on the screen", pause=0.05)
        box: dict[str, float] = last[-1]
        return box

    def _on_screen(self, *points: Point, image: int = 0) -> list[Point]:
        """Convert points in percent of the page to points on the screen."""
        area = self._settled(image)

        def place(x: float, y: float) -> Point:
            right, down = {0: (x, y), 90: (100 - y, x), 180: (100 - x, 100 - y), 270: (y, 100 - x)}[self._turned]
            return area["x"] + right / 100 * area["width"], area["y"] + down / 100 * area["height"]

        return [place(*point) for point in points]

    def turn_right(self) -> None:
        """Rotate the page clockwise."""
        self.tab.get_by_label("rotate-right").first.click()
        self._turned = (self._turned + 90) % 360

    def turn_left(self) -> None:
        """Rotate the page counterclockwise."""
        self.tab.get_by_label("rotate-left").first.click()
        self._turned = (self._turned - 90) % 360

    def go_to_page(self, number: int) -> None:
        """Show another page of a multi-page task, counted from 1."""
        pagination = self.tab.locator(".lsf-pagination").first
        pagination.locator(".lsf-pagination__btn_arrow-right").first.click()
        expect(pagination).to_contain_text(re.compile(rf"\b{number}\b\D+\d+"))
        self._settled(0)

    # --- Drawing

    def choose(self, label: str, *, group: int = 0) -> None:
        """Choose a label; ``group`` is the index of the label group if several have this label."""
        label_buttons = self.tab.locator(".lsf-labels .lsf-label").filter(has=self.tab.get_by_text(label, exact=True))
        chosen = label_buttons.nth(group)
        if "lsf-label_selected" not in (chosen.get_attribute("class") or ""):
            chosen.click()

    def _take_tool(self, name: str, image: int) -> None:
        """Select the smart tool with this name behind the Auto-Detect button."""
        bar = self.tab.locator(".lsf-toolbar").nth(image)
        smart = bar.locator(".lsf-toolbar__group > .lsf-tool_smart")
        smart.hover()
        smart.get_by_label(name).click()
        # Away from the tooltip, which would cover the page.
        self.tab.mouse.move(5, 5)

    def expect_tools(self, *names: str, auto_detect: Sequence[str] = ()) -> None:
        """Wait until the first image has these drawing tools, and these behind the Auto-Detect button."""
        bar = self.tab.locator(".lsf-toolbar").first

        def named(selector: str) -> list[str]:
            found = [tool.get_attribute("aria-label") or "" for tool in bar.locator(selector).all()]
            return sorted({name for name in found if name.endswith("-tool") and name != "move-tool"})

        def shown() -> bool:
            smart = named(".lsf-tool_smart[aria-label]")
            return smart == sorted(auto_detect) and named(".lsf-tool:not(.lsf-tool_smart)") == sorted(names)

        until(shown, f"the tools are {names}, and {auto_detect} behind Auto-Detect")

    @contextmanager
    def answered(self) -> Iterator[list[Response]]:
        """Wait for the backend's answer to the actions in the context; the list then has Label Studio's response."""
        responses: list[Response] = []
        with self.tab.expect_response(
            re.compile("/interactive-annotating"), timeout=_ANSWER_SECONDS * 1000
        ) as response:
            yield responses
        responses.append(response.value)
        response.value.finished()

    def drag(
        self, box: Box, label: str | None, *, image: int = 0, on_the_way: Callable[[], None] | None = None
    ) -> None:
        """Draw a box with the smart rectangle, without waiting for the answer.

        ``on_the_way`` is called after each mouse movement while the button is down.
        """
        if label is not None:
            self.choose(label)
        self._take_tool("rectangle-tool", image)
        self._drag((box.x, box.y), (box.x + box.width, box.y + box.height), image, on_the_way)

    def _drag(self, start: Point, end: Point, image: int, on_the_way: Callable[[], None] | None = None) -> None:
        here, there = self._on_screen(start, end, image=image)
        self.tab.mouse.move(*here)
        self.tab.mouse.down()
        for step in range(1, _DRAG_STEPS + 1):
            share = step / _DRAG_STEPS
            self.tab.mouse.move(*(a + share * (b - a) for a, b in zip(here, there, strict=True)))
            if on_the_way:
                on_the_way()
        self.tab.mouse.up()

    def draw(self, box: Box, label: str | None = "Text", *, image: int = 0) -> dict[str, Any]:
        """Draw a box and wait for the suggestion; return Label Studio's answer to the front end."""
        with self.answered() as responses:
            self.drag(box, label, image=image)
        answer: dict[str, Any] = responses[0].json()
        return answer

    def draw_by_hand(self, box: Box, label: str = "Text") -> None:
        """Draw a box with the plain rectangle, which does not call the backend."""
        self.choose(label)
        tool = self.tab.locator(".lsf-toolbar__group > [aria-label=rectangle-tool]").first
        # A click on the active tool deactivates it.
        if "lsf-tool_active" not in (tool.get_attribute("class") or ""):
            tool.click()
        self._drag((box.x, box.y), (box.x + box.width, box.y + box.height), 0)

    def draw_at_an_angle(self, box: Box, label: str, *, ratio: float) -> None:
        """Draw a three-point box, along its top side and then down; ``ratio`` is the page's width / height."""
        self.choose(label)
        self._take_tool("rectangle-3-point-tool", 0)
        angle = radians(box.rotation)
        along = (cos(angle) * box.width, sin(angle) * box.width * ratio)
        down = (-sin(angle) * box.height / ratio, cos(angle) * box.height)
        corner = (box.x + along[0], box.y + along[1])
        points = self._on_screen((box.x, box.y), corner, (corner[0] + down[0], corner[1] + down[1]))
        with self.answered():
            for point in points:
                self.tab.mouse.move(*point, steps=4)
                self.tab.mouse.down()
                self.tab.mouse.up()

    def click_on(self, box: Box, label: str, *, group: int = 0) -> None:
        """Place a smart keypoint at the centre of this box, and wait for the suggestion."""
        self.choose(label, group=group)
        self._take_tool("key-point-tool", 0)
        (point,) = self._on_screen((box.x + box.width / 2, box.y + box.height / 2))
        with self.answered():
            self.tab.mouse.click(*point)

    def move_region(self, box: Box, *, right: float, down: float) -> None:
        """Drag the region at this box with the Move tool, in percent of the page."""
        self.tab.get_by_label("move-tool").first.click()
        middle = (box.x + box.width / 2, box.y + box.height / 2)
        self._drag(middle, (middle[0] + right, middle[1] + down), 0)

    def resize_region(self, box: Box, *, wider: float) -> None:
        """Select the region at this box and drag the middle of its right side, in percent of the page."""
        self.tab.get_by_label("move-tool").first.click()
        side = (box.x + box.width, box.y + box.height / 2)
        middle, _ = self._on_screen((box.x + box.width / 2, side[1]), side)
        self.tab.mouse.click(*middle)
        self._drag(side, (side[0] + wider, side[1]), 0)

    # --- Suggestions

    def expect_suggestions(self, count: int) -> None:
        """Wait until the bar at the bottom offers this many suggestions."""
        if count:
            expect(self.tab.locator(".lsf-bottombar")).to_contain_text(f"{count} suggestion", timeout=30_000)
        else:
            expect(self._on_bar("accept-suggestions-button")).to_have_count(0, timeout=30_000)

    def accept(self) -> None:
        """Accept all suggestions."""
        self._on_bar("accept-suggestions-button").click()
        self.expect_suggestions(0)

    def reject(self) -> None:
        """Reject all suggestions."""
        self._on_bar("reject-suggestions-button").click()
        self.expect_suggestions(0)

    def accept_one(self, box: Box) -> None:
        """Accept the suggestion with this outline only."""
        self._press_below(box, 16)

    def reject_one(self, box: Box) -> None:
        """Reject the suggestion with this outline only."""
        self._press_below(box, -16)

    def _press_below(self, box: Box, right: int) -> None:
        """Click on one of the two buttons drawn below an outline, at this distance from its centre."""
        ((x, y),) = self._on_screen((box.x + box.width / 2, box.y + box.height))
        self.tab.mouse.move(x + right, y + 26)
        self.tab.mouse.click(x + right, y + 26)

    def read(self, box: Box, label: str | None = "Text", *, image: int = 0) -> None:
        """Draw a box and accept the backend's suggestion."""
        self.draw(box, label, image=image)
        self.accept()

    # --- Regions

    def regions(self) -> Locator:
        """Return the regions in the side panel."""
        return self.tab.locator(".lsf-outliner-item:not(:has(.lsf-outliner-item))")

    def select_region(self, number: int) -> None:
        """Click on a region in the side panel, counted from 0."""
        self.regions().nth(number).locator(".lsf-outliner-item__title").first.click()

    def write(self, number: int, text: str) -> None:
        """Replace the text in the field of a region in the side panel, counted from 0."""
        field = self.regions().nth(number).locator("textarea")
        field.click()
        self.tab.keyboard.press("ControlOrMeta+A")
        if text:
            self.tab.keyboard.type(text)
        else:
            self.tab.keyboard.press("Delete")
        self.tab.keyboard.press("Enter")
        expect(self.regions().nth(number).locator("textarea")).to_have_value(text)

    def type_before_acceptance(self, number: int, text: str) -> None:
        """Type into the empty field of a region that is not accepted yet, and wait until the backend has answered."""
        with self.answered():
            self.write(number, text)

    def relabel(self, number: int, label: str) -> None:
        """Select a region in the side panel, counted from 0, and choose another label for it."""
        self._select_alone(number)
        self.choose(label)

    def delete_region(self, number: int) -> None:
        """Delete a region in the side panel, counted from 0, with the Backspace key."""
        self._select_alone(number)
        before = self.regions().count()
        self.tab.keyboard.press("Backspace")
        expect(self.regions()).to_have_count(before - 1)

    def _select_alone(self, number: int) -> None:
        """Select a region while none is selected, and wait for its label to be chosen."""
        self.select_region(number)
        expect(self.tab.locator(".lsf-labels .lsf-label_selected")).to_have_count(1)

    def unselect(self) -> None:
        """Unselect regions and labels with the Escape key."""
        self.tab.keyboard.press("Escape")
        expect(self.tab.locator(".lsf-labels .lsf-label_selected")).to_have_count(0)

    def undo(self) -> None:
        """Undo the last change."""
        self.tab.keyboard.press("Control+z")

    def expect_text(self, text: str) -> None:
        """Wait until a region in the side panel has this text."""
        expect(self.tab.locator(".lsf-outliner").get_by_text(text, exact=True).first).to_be_visible(timeout=30_000)

    def expect_empty(self) -> None:
        """Wait for an annotation without regions, such as the one of the next task."""
        expect(self.regions()).to_have_count(0)

    def expect_info(self, sentence: str) -> None:
        """Wait until the Info panel of the selected region shows this sentence."""
        expect(self.tab.get_by_text(sentence)).to_be_visible()
        self.take_picture()

    def correct(self, old: str, new: str) -> None:
        """Change the text of the region with this text in the side panel."""
        self.tab.locator(".lsf-outliner").get_by_text(old, exact=True).first.click()
        self.tab.keyboard.press("ControlOrMeta+A")
        self.tab.keyboard.type(new)
        self.tab.keyboard.press("Enter")
        self.expect_text(new)

    # --- Saving

    def submit(self) -> None:
        """Press Submit, and wait until the annotation is saved."""
        self._save("submit", "POST")

    def update(self) -> None:
        """Press Update, and wait until the annotation is saved."""
        self._save("update", "PATCH")

    def duplicate(self) -> None:
        """Copy the annotation that is shown, and go on with the copy."""
        self.tab.locator(".lsf-annotation-button_selected .lsf-annotation-button__trigger").click()
        self.tab.get_by_text("Duplicate Annotation").first.click()
        expect(self.tab.locator(".lsf-annotation-button_selected.lsf-annotation-button_draft")).to_be_visible()

    def _save(self, button: str, method: str) -> None:
        # The front end now reloads the task, or shows the next one.
        self.take_picture()
        with self.tab.expect_response(
            lambda response: "/annotations" in response.url and response.request.method == method
        ) as response:
            self._on_bar(f"{button}-button").click()
        assert response.value.ok, response.value.text()
