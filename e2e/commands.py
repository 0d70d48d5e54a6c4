"""``boxocr`` on the command line, with the address and token of a Label Studio and none of the caller's environment."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from e2e.label_studio import LabelStudioServer
from e2e.process import PYTHONPATH
from e2e.storage import WebServer

NO_VARIABLES: Mapping[str, str] = {}


@dataclass(frozen=True)
class Outcome:
    """A command's exit code and what it printed, on one line."""

    code: int
    output: str

    def finding(self, check: str) -> dict[str, Any]:
        """Return the result of this check in ``doctor --json``."""
        (found,) = (one for one in json.loads(self.output) if one["check"] == check)
        return dict(found)


class Run(Protocol):
    """Runs ``boxocr`` with the address and token of a Label Studio."""

    def __call__(
        self, *arguments: object, server: LabelStudioServer | None = None, variables: Mapping[str, str] = NO_VARIABLES
    ) -> Outcome: ...


def environment(label_studio: LabelStudioServer, web: WebServer) -> dict[str, str]:
    """Variables of a command that uses this Label Studio and fetches pages from this server."""
    return {
        "PYTHONPATH": PYTHONPATH,
        "LABEL_STUDIO_HOST": label_studio.url,
        "LABEL_STUDIO_ACCESS_TOKEN": label_studio.personal_token,
        "ALLOWED_IMAGE_HOSTS": web.host,
    }


def run(
    *arguments: object, variables: Mapping[str, str], folder: Path, seconds: float = 120
) -> "subprocess.CompletedProcess[str]":
    """Run a command in a folder, and capture what it prints."""
    command = [sys.executable, "-m", "boxocr", *map(str, arguments)]
    return subprocess.run(
        command, env=variables, cwd=folder, capture_output=True, text=True, timeout=seconds, check=False
    )
