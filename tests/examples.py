"""What to draw on the sample pages with each labeling config in ``examples/``, and the text that is written there."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

FOLDER = Path(__file__).parent.parent / "examples"
PAGES = FOLDER / "pages"


@dataclass(frozen=True)
class Drawn:
    r"""A rectangle that an annotator draws, or a click in the middle of it.

    Attributes:
        label: the label that is chosen.
        page: file name of the page that it is drawn on.
        place: left, top, right and bottom, in pixels of the page.
        text: what is written there, with lines joined by ``\n``.
        field: name of the TextArea that takes the text.
        click: whether it is a click.
        split: the texts of the regions that it is split into; empty if it is not split.
    """

    label: str
    page: str
    place: tuple[float, float, float, float]
    text: str
    field: str = "transcription"
    click: bool = False
    split: tuple[str, ...] = ()

    def texts(self) -> list[str]:
        """The texts of the regions that it becomes."""
        return list(self.split) or [self.text]

    def percent(self) -> tuple[float, float, float, float]:
        """Left, top, width and height in percent of the page."""
        with Image.open(PAGES / self.page) as page:
            width, height = page.size
        left, top, right, bottom = self.place
        return 100 * left / width, 100 * top / height, 100 * (right - left) / width, 100 * (bottom - top) / height


@dataclass(frozen=True)
class Example:
    """A labeling config in use.

    Attributes:
        config: file name.
        data: of the task; file names stand for the pages' addresses.
        drawn: what is drawn; the first one is drawn in the real Label Studio too.
        found: the first texts that are read when the task is opened, in reading order.
    """

    config: str
    data: Mapping[str, str | list[str]]
    drawn: tuple[Drawn, ...]
    found: tuple[str, ...] = ()

    def xml(self) -> str:
        """The labeling config."""
        return (FOLDER / self.config).read_text(encoding="utf-8")


_ADDRESS = "Marlow & Finch Bookshop\n3 Orchard Lane\nUpper Sample UP1 2SA"

_MEMBER = "Old Boathouse 5\nReed Bank\nExampleton EX2 9QT"

_ENGLISH = (
    "from the first of July the library will be open on\n"
    "Saturdays too, from nine in the morning until one.\n"
    "The reading room has new lamps, and the shelf with\n"
    "maps has moved to the ground floor."
)

_GERMAN = (
    "ab dem ersten Juli ist die Bücherei auch samstags\n"
    "geöffnet, von neun bis dreizehn Uhr. Der Lesesaal\n"
    "hat neue Leuchten bekommen, und das große Regal\n"
    "mit den Landkarten steht jetzt im Erdgeschoss."
)

_LETTER = (
    "Village Library of Exampleton",
    "Gemeindebücherei Exampleton",
    "2 June 2026",
    "Dear readers,",
    *_ENGLISH.splitlines(),
    "Kind regards, the librarians",
    "Liebe Leserinnen und Leser,",
    *_GERMAN.splitlines(),
    "Mit freundlichen Grüßen, die Bibliothekare",
)

EXAMPLES = (
    Example(
        "minimal.xml",
        {"image": "invoice.png"},
        (Drawn("Text", "invoice.png", (80, 664, 280, 700), "Lamp oil, 5 litres"),),
    ),
    Example(
        "demo.xml",
        {"image": "invoice.png"},
        (
            Drawn("Text", "invoice.png", (590, 962, 750, 1002), "Total due"),
            Drawn("Number", "invoice.png", (790, 962, 906, 1002), "477.48"),
        ),
    ),
    Example(
        "invoices.xml",
        {"image": "invoice.png"},
        (
            Drawn("Amount", "invoice.png", (790, 962, 906, 1002), "477.48"),
            Drawn("Party", "invoice.png", (64, 319, 382, 421), _ADDRESS),
            Drawn("Invoice number", "invoice.png", (733, 140, 868, 170), "2026-0417"),
            Drawn("Date", "invoice.png", (749, 171, 910, 206), "14 April 2026"),
            Drawn("Item", "invoice.png", (80, 549, 318, 582), "Brass lantern, small"),
        ),
    ),
    Example(
        "receipts.xml",
        {"image": "receipt.png"},
        (
            Drawn("Total", "receipt.png", (416, 430, 528, 469), "24.10"),
            Drawn("Shop", "receipt.png", (124, 38, 422, 146), "CORNER BAKERY\nMill Road 8, Exampleton\nTel. 555 0142"),
            Drawn("Item", "receipt.png", (28, 316, 262, 354), "1 Coffee, large"),
            Drawn("Price", "receipt.png", (450, 309, 526, 344), "3.40"),
            Drawn("Date and time", "receipt.png", (36, 602, 276, 638), "21.03.2026 08:47"),
        ),
    ),
    Example(
        "forms.xml",
        {"image": "form.png"},
        (
            Drawn("Number", "form.png", (72, 532, 478, 588), "29.02.1984", "digits"),
            Drawn("Name", "form.png", (522, 222, 928, 278), "Underwood-Lee", "words"),
            Drawn(
                "Address", "form.png", (74, 334, 700, 472), "Old Boathouse 5\nReed Bank\nExampleton EX2 9QT", "words"
            ),
            Drawn("Number", "form.png", (68, 638, 474, 702), "70415382", "digits"),
            Drawn("Other", "form.png", (74, 1014, 926, 1068), "Brings her own single scull.", "words"),
        ),
    ),
    Example(
        "multi-page.xml",
        {"pages": ["letter.png", "invoice.png"]},
        (
            Drawn("Heading", "letter.png", (70, 70, 562, 118), "Village Library of Exampleton"),
            Drawn("Paragraph", "letter.png", (70, 323, 720, 482), _ENGLISH),
            Drawn("Heading", "invoice.png", (682, 68, 912, 124), "INVOICE"),
        ),
    ),
    Example(
        "two-images.xml",
        {"left": "letter.png", "right": "receipt.png"},
        (
            Drawn("Copy", "receipt.png", (164, 716, 408, 794), "Thank you,\ncome again soon!", "right_text"),
            Drawn("Original", "letter.png", (70, 268, 250, 310), "Dear readers,", "left_text"),
        ),
    ),
    Example(
        "digits.xml",
        {"image": "receipt.png"},
        (
            Drawn("Number", "receipt.png", (264, 636, 356, 670), "001873", "digits"),
            Drawn("Number", "receipt.png", (416, 430, 528, 469), "2410", "digits"),
        ),
    ),
    Example(
        "mixed-languages.xml",
        {"image": "letter.png", "language": "deu+eng"},
        (
            Drawn("Text", "letter.png", (70, 703, 720, 862), _GERMAN),
            Drawn("Text", "letter.png", (70, 323, 720, 482), _ENGLISH),
            Drawn("German", "letter.png", (72, 116, 468, 158), "Gemeindebücherei Exampleton"),
        ),
    ),
    Example(
        "clicks.xml",
        {"image": "letter.png"},
        (
            Drawn("Line", "letter.png", (80, 520, 408, 556), "Kind regards, the librarians", click=True),
            Drawn("Word", "letter.png", (147, 276, 238, 302), "readers,", click=True),
            Drawn("Line", "letter.png", (70, 268, 250, 310), "Dear readers,"),
        ),
    ),
    Example(
        "split-and-fit.xml",
        {"image": "letter.png"},
        (
            Drawn("Lines", "letter.png", (60, 320, 730, 486), _ENGLISH, split=tuple(_ENGLISH.splitlines())),
            Drawn("Words", "letter.png", (66, 264, 256, 314), "Dear readers,", split=("Dear", "readers,")),
            Drawn("Fitted", "letter.png", (60, 512, 500, 564), "Kind regards, the librarians"),
        ),
    ),
    Example(
        "pre-annotated.xml",
        {"image": "letter.png", "language": "deu+eng"},
        (
            Drawn("Line", "letter.png", (70, 268, 250, 310), "Dear readers,"),
            Drawn("Heading", "letter.png", (70, 70, 562, 118), "Village Library of Exampleton"),
        ),
        found=_LETTER,
    ),
    Example(
        "learning.xml",
        {"image": "letter.png", "language": "deu+eng"},
        (Drawn("Line", "letter.png", (70, 268, 250, 310), "Dear readers,"),),
        found=_LETTER,
    ),
)
