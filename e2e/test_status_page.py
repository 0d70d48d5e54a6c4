"""The status page in a browser, without Label Studio."""

import io
import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, TypeAlias

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect

from e2e.backend import Backend
from e2e.conftest import SHOTS
from e2e.process import REPOSITORY
from tests.reading import drawn

LETTER = REPOSITORY / "examples" / "pages" / "letter.png"

# Left, top, width and height in pixels of the sample page, which has 1000 x 1300.
Box: TypeAlias = tuple[float, float, float, float]
NAME: Box = (60, 55, 430, 60)
TOTAL: Box = (790, 960, 120, 50)
NOTHING: Box = (500, 250, 100, 60)
WIDTH, HEIGHT = 1000, 1300

OpenPage = Callable[..., "Desk"]


class Desk:
    """A user of the status page.

    Attributes:
        tab: the browser's tab.
    """

    def __init__(self, tab: Page) -> None:
        self.tab = tab

    def corners(self, box: Box) -> tuple[float, float, float, float]:
        """Return the first and last corner of a box on the screen."""
        # The page moves down when the text above it arrives.
        self.tab.wait_for_load_state("networkidle")
        page = self.tab.locator("#page")
        page.scroll_into_view_if_needed()
        shown = page.bounding_box()
        assert shown is not None
        left, top, width, height = box
        across, down = shown["width"] / WIDTH, shown["height"] / HEIGHT
        x, y = shown["x"] + left * across, shown["y"] + top * down
        return x, y, x + width * across, y + height * down

    def draw(self, box: Box) -> None:
        """Draw with the mouse."""
        x, y, to_x, to_y = self.corners(box)
        self.tab.mouse.move(x, y)
        self.tab.mouse.down()
        self.tab.mouse.move(to_x, to_y, steps=4)
        self.tab.mouse.up()

    def touch(self, box: Box) -> None:
        """Draw with a finger."""
        x, y, to_x, to_y = self.corners(box)
        finger = self.tab.context.new_cdp_session(self.tab)
        for kind, points in (
            ("touchStart", [{"x": x, "y": y}]),
            ("touchMove", [{"x": (x + to_x) / 2, "y": (y + to_y) / 2}]),
            ("touchMove", [{"x": to_x, "y": to_y}]),
            ("touchEnd", []),
        ):
            finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def drop(self, file: Path, kind: str) -> None:
        """Drop a file on the page, as if from another window."""
        script = f"""{{
            const bytes = Uint8Array.from(atob("{b64encode(file.read_bytes()).decode()}"), (c) => c.charCodeAt(0));
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File([bytes], "{file.name}", {{type: "{kind}"}}));
            document.getElementById("sheet").dispatchEvent(new DragEvent("drop", {{dataTransfer, bubbles: true}}));
        }}"""
        # Through CDP, since the page's security policy blocks the tab's evaluate().
        self.tab.context.new_cdp_session(self.tab).send("Runtime.evaluate", {"expression": script})

    def expect_text(self, text: str | re.Pattern[str]) -> None:
        """Wait until this text is shown."""
        expect(self.tab.locator("#text")).to_have_text(text)

    def expect_failure(self, sentence: str | re.Pattern[str]) -> None:
        """Wait until this failure is shown, and no text."""
        expect(self.tab.locator("#note.failed")).to_have_text(sentence)
        expect(self.tab.locator("#text")).to_be_empty()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    """A backend with its status page that reads with Tesseract."""
    backend = Backend(
        tmp_path_factory.mktemp("desk"), STATUS_PAGE="true", OCR_ENGINE="tesseract", OCR_WORKERS="1", MAX_REQUEST_MB="1"
    )
    backend.start()
    yield backend
    backend.stop()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Opens a server's page in a new browser. Fails if a request was refused, failed or went to another host."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_(
        server: Backend,
        *,
        colours: Literal["light", "dark"] = "light",
        touch: bool = False,
        width: int = 1300,
        password: str = "",
    ) -> Desk:
        context = browser.new_context(
            color_scheme=colours,
            has_touch=touch,
            viewport={"width": width, "height": 900},
            http_credentials={"username": "me", "password": password} if password else None,
        )
        contexts.append(context)
        tab = context.new_page()

        def asked(request: Request) -> None:
            if not request.url.startswith((f"{server.url}/", f"blob:{server.url}/")):
                complaints.append(request.url)

        tab.on("request", asked)
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        tab.goto(server.url)
        return Desk(tab)

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_a_box_becomes_text_and_is_listed_with_its_pictures(
    server: Backend, open_page: OpenPage, colours: Literal["light", "dark"]
) -> None:
    desk = open_page(server, colours=colours)
    expect(desk.tab.locator("#engine")).to_contain_text(
        re.compile(r"^tesseract 5\.[\d.]+, 1 reader; 1 image decoder\. Languages: .*eng")
    )
    expect(desk.tab.locator("#state li").first).to_contain_text("Ready. A word was read in eng just now.")
    expect(desk.tab.locator("#state li.skipped")).to_have_count(2)

    # Not the same box twice, because a cached reading is not listed again.
    dark = colours == "dark"
    desk.draw((NAME[0], NAME[1] - 3 * dark, *NAME[2:]))

    desk.expect_text("Harbour Lights Ltd.")
    expect(desk.tab.locator("#note")).to_have_text(re.compile(r"^\d+ % sure, tesseract, \d+ ms$"))
    newest = desk.tab.locator("#readings li").first
    expect(newest.locator(".text")).to_have_text("Harbour Lights Ltd.")
    expect(newest.locator("figcaption")).to_have_text(["As drawn", "As the engine saw it"])
    expect(newest.locator(".times")).to_contain_text("ms in all")
    for picture in newest.locator("img").all():
        picture.scroll_into_view_if_needed()
        expect(picture).to_have_js_property("complete", value=True)
        assert picture.bounding_box()["height"] > 20  # type: ignore[index]

    desk.tab.locator("summary").click()
    answer = json.loads(desk.tab.locator("#json").inner_text())
    (prediction,) = answer["results"]
    shape, text = prediction["result"]
    assert (shape["type"], text["type"], text["value"]["text"]) == (
        "rectanglelabels",
        "textarea",
        ["Harbour Lights Ltd."],
    )
    assert shape["value"]["width"] == pytest.approx(43, abs=0.5)
    assert shape["id"] == text["id"]

    expect(desk.tab.locator("body")).to_have_css(
        "background-color", "rgb(20, 22, 26)" if dark else "rgb(245, 246, 248)"
    )
    SHOTS.mkdir(exist_ok=True)
    desk.tab.screenshot(path=SHOTS / f"status-page-{colours}.png", full_page=True)


def test_the_keyboard_does_all(server: Backend, open_page: OpenPage) -> None:
    desk = open_page(server)
    keys = desk.tab.keyboard
    keys.press("Tab")
    expect(desk.tab.locator(".skip")).to_be_focused()
    keys.press("Enter")
    keys.press("Tab")
    expect(desk.tab.locator("#sheet")).to_be_focused()

    # The first key press draws a box at 40 and 45 %, 20 % wide and 5 % high.
    for key, times in (("ArrowLeft", 34), ("ArrowDown", 15), ("Shift+ArrowUp", 2), ("Shift+ArrowRight", 3)):
        for _ in range(times):
            keys.press(key)
    expect(desk.tab.locator("#where")).to_have_text("Box at 7 % from the left and 60 % from the top, 23 by 3 %")
    keys.press("Enter")

    desk.expect_text("Delivery")
    keys.press("Escape")
    expect(desk.tab.locator("#box")).to_be_hidden()
    for target in (
        "#file",
        "#sample",
        "#read-page",
        "[name=lang]",
        "[name=psm]",
        "[name=charset]",
        "[name=engine]",
        "summary",
    ):
        keys.press("Tab")
        expect(desk.tab.locator(target)).to_be_focused()


PAD = 90


def read_three_lines(desk: Desk, folder: Path) -> None:
    """Read a page of three lines, each with this much paper around it, of which the second one is hard to read."""
    pixels = drawn.text("Harbour office", "Room O0Il1l", "Total amount due", spacing=3, pad=PAD)
    Image.fromarray(pixels).save(folder / "page.png")
    desk.tab.set_input_files("#file", folder / "page.png")
    desk.tab.get_by_role("button", name="Read the page").click()
    expect(desk.tab.locator("#note")).to_have_text(re.compile(r"^3 lines, \d+ % sure, \d+ ms$"))


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_a_page_is_read_as_a_whole_and_its_lines_are_shown(
    server: Backend, open_page: OpenPage, tmp_path: Path, colours: Literal["light", "dark"]
) -> None:
    desk = open_page(server, colours=colours)
    tab = desk.tab
    read_three_lines(desk, tmp_path)

    rows = tab.get_by_role("listbox", name="Lines of the page, in reading order").get_by_role("option")
    expect(rows).to_have_class(["sure", "doubtful", "sure"])
    expect(rows.nth(0)).to_have_text(re.compile(r"^1Harbour office9\d %$"))
    expect(rows.nth(2)).to_have_text(re.compile(r"^3Total amount due9\d %$"))
    # The first line that may be wrong is selected, and its doubtful word marked: in both texts and on the page.
    expect(rows.nth(1)).to_have_attribute("aria-selected", "true")
    word = rows.locator("mark").inner_text()
    assert word.startswith("O")
    expect(tab.locator("#line mark")).to_have_text(word)
    expect(tab.locator("#line .text")).to_have_text(f"Room {word}")
    expect(tab.locator("#line p")).to_have_text(re.compile(r"^Line 2: tesseract,(?: [a-z ]+,)? \d % sure$"))
    lines = tab.locator("#lines > g")
    expect(lines).to_have_class(["sure", "doubtful selected", "sure"])
    expect(lines.locator("text")).to_have_text(["1", "2", "3"])

    tab.locator("#page").scroll_into_view_if_needed()
    parts = (lines.nth(1).locator(".word"), lines.nth(1).locator(".outline"), tab.locator("#page"))
    marked, line, page = (part.bounding_box() for part in parts)
    assert marked is not None
    assert line is not None
    assert page is not None
    assert marked["x"] > line["x"] + line["width"] / 3
    # Around the ink.
    assert line["x"] - page["x"] == pytest.approx(PAD, abs=12)
    assert line["y"] - page["y"] == pytest.approx(PAD + 3 * 36, abs=12)
    tab.screenshot(path=SHOTS / f"status-page-lines-{colours}.png", full_page=True)


def test_a_line_is_selected_with_a_click_or_with_keys(server: Backend, open_page: OpenPage, tmp_path: Path) -> None:
    desk = open_page(server)
    tab, keys = desk.tab, desk.tab.keyboard
    read_three_lines(desk, tmp_path)

    tab.locator("#page").click(position={"x": PAD + 20, "y": PAD + 10})
    expect(tab.locator("#line .text")).to_have_text("Harbour office")
    crop = tab.get_by_role("img", name="Line 1 on the page")
    place = crop.bounding_box()
    assert place is not None
    assert place["width"] > 5 * place["height"]
    shades = Image.open(io.BytesIO(crop.screenshot())).convert("L").tobytes()
    assert min(shades) < 40  # ink
    assert max(shades) > 240
    tab.locator("#line-list").focus()
    for key, number in (("End", 3), ("ArrowUp", 2), ("Home", 1), ("ArrowUp", 1), ("PageDown", 3)):
        keys.press(key)
        expect(tab.locator("#line-list")).to_have_attribute("aria-activedescendant", f"line-{number - 1}")
        expect(tab.locator("#line p")).to_contain_text(f"Line {number}: ")
        expect(tab.locator("#line-list [aria-selected=true]")).to_have_count(1)

    # With other options the page is read again; Escape or a box takes the lines away.
    tab.get_by_label("Characters that may occur").fill("0123456789")
    keys.press("Tab")
    expect(tab.locator("#line-list")).not_to_contain_text("Harbour")
    tab.locator("#sheet").focus()
    keys.press("Escape")
    expect(tab.locator("#page-lines")).to_be_hidden()
    expect(tab.locator("#lines")).to_be_hidden()
    expect(tab.locator("#note")).to_have_text("The text appears here as soon as a box is drawn.")
    tab.get_by_label("Characters that may occur").fill("")
    tab.get_by_role("button", name="Read the page").click()
    expect(tab.locator("#lines")).to_be_visible()
    desk.draw((100, 50, 800, 500))
    expect(tab.locator("#lines")).to_be_hidden()
    expect(tab.locator("#text")).not_to_be_empty()


def test_a_finger_draws_on_a_phone(server: Backend, open_page: OpenPage) -> None:
    desk = open_page(server, touch=True, width=390)

    desk.touch(TOTAL)

    desk.expect_text("477.48")
    desk.tab.screenshot(path=SHOTS / "status-page-phone.png", full_page=True)


def test_a_click_is_no_box(server: Backend, open_page: OpenPage) -> None:
    desk = open_page(server)

    desk.draw((100, 100, 1, 1))

    expect(desk.tab.locator("#box")).to_be_hidden()
    expect(desk.tab.locator("#note")).to_have_text("The text appears here as soon as a box is drawn.")


def test_failures_are_told_with_their_remedy_where_they_happen_and_in_the_list(
    server: Backend, open_page: OpenPage
) -> None:
    desk = open_page(server)

    desk.draw(NOTHING)

    desk.expect_failure("BoxOCR: No text found. Draw the box a little larger, or type the text.")
    newest = desk.tab.locator("#readings li").first
    expect(newest).to_have_class("is-failed")
    expect(newest.locator(".failed")).to_have_text("No text found. Draw the box a little larger, or type the text.")

    desk.tab.get_by_label("Language").fill("eng+tlh")
    desk.draw(NAME)
    desk.expect_failure(re.compile("^BoxOCR: .*tlh"))
    expect(newest.locator(".failed")).to_contain_text("tlh")


def test_the_options_change_the_reading(server: Backend, open_page: OpenPage) -> None:
    desk = open_page(server)
    desk.draw(TOTAL)
    desk.expect_text("477.48")

    # "$" and "<" are special in a labeling config, but not here.
    desk.tab.get_by_label("Characters that may occur").fill('$48"<')
    desk.tab.keyboard.press("Tab")

    expect(desk.tab.locator("#text")).to_have_text(re.compile(r"^[48 ]+$"))
    desk.tab.get_by_label("Characters that may occur").fill("")
    desk.tab.get_by_label("Page segmentation mode").select_option("7")
    desk.tab.get_by_label("Engine").select_option("pytesseract")
    expect(desk.tab.locator("#readings li").first.locator(".details")).to_contain_text("psm 7")


def test_an_own_image_is_dropped_or_chosen(server: Backend, open_page: OpenPage, tmp_path: Path) -> None:
    desk = open_page(server)

    desk.drop(LETTER, "image/png")
    expect(desk.tab.locator("#page")).to_have_attribute("alt", "Your own image: letter.png")
    desk.draw(NAME)
    expect(desk.tab.locator("#text")).not_to_be_empty()
    dropped = desk.tab.locator("#text").inner_text()
    assert dropped != "Harbour Lights Ltd."

    desk.tab.get_by_role("button", name="Sample page").click()
    expect(desk.tab.locator("#text")).to_be_empty()
    desk.tab.set_input_files("#file", LETTER)
    desk.draw(NAME)
    desk.expect_text(dropped)

    desk.drop(LETTER, "text/plain")
    desk.expect_failure("That is not an image. Use PNG, JPEG, WebP, BMP or GIF.")
    broken, large = tmp_path / "broken.png", tmp_path / "large.png"
    broken.write_bytes(b"no image")
    desk.tab.set_input_files("#file", broken)
    desk.expect_failure("This browser cannot show the image. Use PNG, JPEG, WebP, BMP or GIF.")
    large.write_bytes(bytes(740_001))
    desk.tab.set_input_files("#file", large)
    desk.expect_failure("This image is larger than 0.7 MB. Use a smaller one, or raise MAX_REQUEST_MB.")


def test_what_is_read_stays_text_also_behind_a_password(
    open_page: OpenPage, tmp_path_factory: pytest.TempPathFactory
) -> None:
    server = Backend(
        tmp_path_factory.mktemp("hostile"),
        STATUS_PAGE="true",
        OCR_ENGINE="tests.engines:Hostile",
        OCR_WORKERS="1",
        BASIC_AUTH_USER="me",
        BASIC_AUTH_PASS="a password",  # noqa: S106 - of a server that lives for a test
    )
    server.start()
    try:
        desk = open_page(server, password="a password")  # noqa: S106 - the same
        desk.draw(NAME)

        markup = "<img src=x onerror=\"document.title='run'\"> & co"
        desk.expect_text(markup)
        newest = desk.tab.locator("#readings li").first
        expect(newest.locator(".text")).to_have_text(markup)
        expect(newest.locator("figcaption")).to_have_text("As drawn, and as the engine got it")
        expect(desk.tab).to_have_title("BoxOCR")
        assert desk.tab.locator("#text img, .text img").count() == 0
        desk.tab.close()
    finally:
        server.stop()


def test_a_server_that_went_away_is_told_and_found_again(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    server = Backend(
        tmp_path_factory.mktemp("restart"), STATUS_PAGE="true", OCR_ENGINE="tests.engines:Counting", OCR_WORKERS="1"
    )
    server.start()
    tab = browser.new_page()
    desk = Desk(tab)
    try:
        tab.goto(server.url)
        desk.draw(NAME)
        desk.expect_text(re.compile(r"reading \d"))
        server.stop()
        expect(tab.locator("#lost")).to_be_visible(timeout=20_000)
        desk.draw(TOTAL)
        desk.expect_failure("This server does not answer.")

        server.start()

        expect(tab.locator("#lost")).to_be_hidden(timeout=20_000)
        desk.draw(TOTAL)
        desk.expect_text(re.compile(r"reading \d"))
        expect(tab.locator("#readings li")).to_have_count(2)
    finally:
        tab.close()
        server.stop()
