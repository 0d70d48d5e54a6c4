"""What the checks found, and how people and programs are told."""

import json
import shutil
import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TextIO

from boxocr.errors import BoxOCRError
from boxocr.settings.environment import Settings

# Longer lines are hard to read, however wide the terminal is.
_WIDEST = 100
_NARROWEST = 30

# A shorter secret protects nothing, and would be found inside ordinary words.
_SHORTEST_SECRET = 4


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check.

    Attributes:
        check: what was looked at, in a word or two.
        ok: True when it is well, False when it is not, None when it is not configured or could not be looked at and
            nothing is wrong with that.
        message: one sentence, or a few words, about what was found.
        remedy: what to do about it; only where something is wrong.
    """

    check: str
    ok: bool | None
    message: str
    remedy: str = ""


def passed(check: str, message: str) -> Finding:
    """All is well."""
    return Finding(check, True, message)


def failed(check: str, message: str, remedy: str) -> Finding:
    """Something is wrong, and this mends it."""
    return Finding(check, False, message, remedy)


def skipped(check: str, message: str) -> Finding:
    """Nothing to look at, and nothing wrong with that."""
    return Finding(check, None, message)


def failure(check: str, error: BoxOCRError) -> Finding:
    """What an error says."""
    return failed(check, error.message, error.remedy)


class Redaction:
    """Takes secrets out of what is printed, whatever way they came in: an error's text can hold what was sent.

    Args:
        settings: whose secrets these are.
    """

    def __init__(self, settings: Settings) -> None:
        self._secrets = tuple(secret for secret in settings.secrets() if len(secret) >= _SHORTEST_SECRET)

    def __call__(self, text: str) -> str:
        """The text with each secret replaced."""
        for secret in self._secrets:
            text = text.replace(secret, "[secret]")
        return text


Redact = Callable[[str], str]


class Printer:
    """Prints findings line by line as they come, no wider than the terminal.

    Args:
        out: where to.
        redact: applied to all that is printed.
    """

    def __init__(self, out: TextIO, redact: Redact = str) -> None:
        self._out = out
        self._redact = redact
        self._marks = _marks(out.encoding)

    def finding(self, finding: Finding) -> None:
        """A mark, the check and what was found; below it the remedy."""
        mark = self._marks[finding.ok]
        self._wrapped(f"{finding.check}: {finding.message}", first=f"{mark} ", rest=" " * (len(mark) + 1))
        if finding.remedy:
            indent = " " * (len(mark) + 1)
            arrow = self._marks["remedy"]
            self._wrapped(finding.remedy, first=f"{indent}{arrow} ", rest=f"{indent}{' ' * len(arrow)} ")

    def error(self, error: BoxOCRError) -> None:
        """What kept a command from its work."""
        mark = self._marks[False]
        self._wrapped(error.message, first=f"{mark} ", rest=" " * (len(mark) + 1))
        arrow = self._marks["remedy"]
        self._wrapped(error.remedy, first=f"  {arrow} ", rest=f"  {' ' * len(arrow)} ")

    def text(self, text: str) -> None:
        """A plain sentence."""
        self._wrapped(text)

    def line(self, text: str) -> None:
        """A line that must not be broken, such as an address."""
        print(self._redact(text), file=self._out, flush=True)

    def _wrapped(self, text: str, first: str = "", rest: str = "") -> None:
        width = min(_WIDEST, max(_NARROWEST, shutil.get_terminal_size().columns))
        self.line(
            textwrap.fill(
                self._redact(text),
                width,
                initial_indent=first,
                subsequent_indent=rest,
                break_long_words=False,
                break_on_hyphens=False,
            )
        )


def as_json(findings: Iterable[Finding], redact: Redact = str) -> str:
    """A JSON list of ``{check, ok, message, remedy}``."""
    rows = [
        {name: redact(value) if isinstance(value, str) else value for name, value in row.items()}
        for row in map(asdict, findings)
    ]
    return json.dumps(rows, indent=2, ensure_ascii=False)


def summary(findings: Sequence[Finding]) -> str:
    """One line about all of them."""
    wrong = sum(finding.ok is False for finding in findings)
    return "All is well." if not wrong else f"{wrong} of {len(findings)} checks failed."


def _marks(encoding: str | None) -> dict[object, str]:
    try:
        "✓✗→".encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return {True: "OK", False: "!!", None: "--", "remedy": "->"}
    return {True: "✓", False: "✗", None: "–", "remedy": "→"}  # noqa: RUF001 - a dash, and meant to be one
