"""Runs the commands of the page "From a folder of PDFs to a trained model"."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from e2e import commands
from e2e.label_studio import LabelStudioServer
from e2e.process import REPOSITORY
from e2e.storage import WebServer

_PAGE = REPOSITORY / "docs" / "from-pdfs-to-a-model.md"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

_SECONDS = 100

Json = dict[str, Any]


class Desk:
    """A folder in which the page's commands run, with a project in Label Studio.

    Args:
        folder: the working folder.
        label_studio: the Label Studio for the project.
        web: needed for the commands' environment; no page is fetched from it.

    Attributes:
        scans: the folder that the page imports.
    """

    def __init__(self, folder: Path, label_studio: LabelStudioServer, web: WebServer) -> None:
        self.folder = folder
        self.scans = folder / "scans"
        self.scans.mkdir()
        self.label_studio = label_studio
        self.blocks = _BLOCK.findall(_PAGE.read_text(encoding="utf-8"))
        ((_, config),) = (block for block in self.blocks if block[0] == "xml")
        self.project = label_studio.new_project("From PDFs to a model", config)
        self.environment = commands.environment(label_studio, web) | {"OCR_WORKERS": "2", "OCR_ENGINE": "tesseract"}
        program = folder / "bin" / "boxocr"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m boxocr "$@"\n')
        program.chmod(0o755)
        self.environment["PATH"] = f"{program.parent}:/usr/bin:/bin"

    def run(self, containing: str, *, seconds: float = _SECONDS) -> str:
        """Run the code block of the page that contains a text; returns its output.

        Args:
            containing: the text.
            seconds: after this time the block is killed, and the test fails.
        """
        ((language, block),) = (found for found in self.blocks if containing in found[1])
        block = block.replace("project 12", f"project {self.project.id}").replace(
            "project=12", f"project={self.project.id}"
        )
        command = [sys.executable, "-c", block] if language == "python" else ["/bin/bash", "-ec", block]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        said = " ".join((done.stdout + done.stderr).split())
        assert done.returncode == 0, said
        return said

    def boxocr(self, *arguments: object, code: int = 0, seconds: float = _SECONDS) -> str:
        """Run one of the page's commands alone for the project; returns its output.

        Args:
            arguments: the first is the command.
            code: the expected exit code.
            seconds: after this time the command is killed, and the test fails.
        """
        command, *rest = arguments
        done = commands.run(
            str(command),
            *("--project", self.project.id, *rest),
            variables=self.environment,
            folder=self.folder,
            seconds=seconds,
        )
        said = " ".join((done.stdout + done.stderr).split())
        assert done.returncode == code, said
        return said

    def tasks(self) -> Iterator[Json]:
        """The tasks of the project with their annotations."""
        page, size = 1, 100
        query = {"project": self.project.id, "fields": "all", "resolve_uri": "false", "page_size": size}
        while True:
            found = self.label_studio.get("/api/tasks", page=page, **query)
            yield from found["tasks"]
            if page * size >= found["total"]:
                return
            page += 1


def texts(task: Json) -> list[str]:
    """The texts of a task's only prediction."""
    (prediction,) = task["predictions"]
    return [one["value"]["text"][0] for one in prediction["result"] if one["type"] == "textarea"]
