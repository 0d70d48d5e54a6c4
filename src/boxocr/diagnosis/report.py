"""Findings of the checks, and their output as text or JSON."""

import json
import shutil
import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TextIO

from boxocr.errors import BoxOCRError
from boxocr.settings.environment import Settings

# Longer lines are hard to read, even on a wide terminal.
_WIDEST = 100
_NARROWEST = 30

# A shorter secret would also match inside ordinary words.
_SHORTEST_SECRET = 4


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check.

    Attributes:
        check: name of the check.
        ok: True for a success, False for a problem, None if it was skipped, which is not a problem.
        message: a sentence or a few words.
        remedy: what to do about a problem; otherwise empty.
    """

    check: str
    ok: bool | None
    message: str
    remedy: str = ""


def passed(check: str, message: str) -> Finding:
    """A check that succeeded."""
    return Finding(check, True, message)


def failed(check: str, message: str, remedy: str) -> Finding:
    """A check that found a problem."""
    return Finding(check, False, message, remedy)


def skipped(check: str, message: str) -> Finding:
    """A check that does not apply."""
    return Finding(check, None, message)


def failure(check: str, error: BoxOCRError) -> Finding:
    """A check that ended with an error."""
    return failed(check, error.message, error.remedy)


class Redaction:
    """Removes secrets from output. Error messages of libraries and servers can quote them.

    Args:
        settings: with the secrets.
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
    """Prints findings as they come, wrapped to the width of the terminal.

    Args:
        out: the stream to print to.
        redact: applied to all output.
    """

    def __init__(self, out: TextIO, redact: Redact = str) -> None:
        self._out = out
        self._redact = redact
        self._marks = _marks(out.encoding)

    def finding(self, finding: Finding) -> None:
        """Print a mark, the check and its message, and the remedy below."""
        mark = self._marks[finding.ok]
        self._wrapped(f"{finding.check}: {finding.message}", first=f"{mark} ", rest=" " * (len(mark) + 1))
        if finding.remedy:
            indent = " " * (len(mark) + 1)
            arrow = self._marks["remedy"]
            self._wrapped(finding.remedy, first=f"{indent}{arrow} ", rest=f"{indent}{' ' * len(arrow)} ")

    def error(self, error: BoxOCRError) -> None:
        """Print the error that ended a command."""
        mark = self._marks[False]
        self._wrapped(error.message, first=f"{mark} ", rest=" " * (len(mark) + 1))
        arrow = self._marks["remedy"]
        self._wrapped(error.remedy, first=f"  {arrow} ", rest=f"  {' ' * len(arrow)} ")

    def text(self, text: str) -> None:
        """Print a sentence."""
        self._wrapped(text)

    def line(self, text: str) -> None:
        """Print a line without wrapping it, such as an address."""
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
    """The summary line."""
    wrong = sum(finding.ok is False for finding in findings)
    return "All is well." if not wrong else f"{wrong} of {len(findings)} checks failed."


def _marks(encoding: str | None) -> dict[object, str]:
    try:
        "✓✗→".encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return {True: "OK", False: "!!", None: "--", "remedy": "->"}
    return {True: "✓", False: "✗", None: "–", "remedy": "→"}  # noqa: RUF001 - a dash, and meant to be one
