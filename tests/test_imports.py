"""Modules load only the libraries that they need."""

import pkgutil
import subprocess
import sys

import pytest

import boxocr.labeling
from tests.backend import PYTHONPATH, clean_environment

READERS = {"boxocr.reading.pool.pool", "boxocr.reading.pool.worker"}
NETWORK = {"boto3", "httpx"}
SDK = {"label_studio_sdk.label_interface", "label_studio_sdk.converter", "label_studio_sdk.client"}

LABELING = [f"boxocr.labeling.{module.name}" for module in pkgutil.iter_modules(boxocr.labeling.__path__)]

SERVER = ["model", "boxocr.web.app", "boxocr.web.status.page"]
COMMANDS = ["boxocr.commands.connect", "boxocr.commands.preannotate.command", "boxocr.diagnosis.doctor"]


def loaded_with(modules: list[str]) -> set[str]:
    """All modules that are loaded after the import of these in a new process."""
    done = subprocess.run(  # noqa: S603 - our own modules
        [sys.executable, "-c", f"import sys, {', '.join(modules)}; print(*sys.modules)"],
        env=clean_environment(PYTHONPATH=PYTHONPATH),
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_labeling_loads_neither_readers_nor_network_clients() -> None:
    assert not loaded_with(LABELING) & (READERS | NETWORK | SDK)


@pytest.mark.parametrize("modules", [SERVER, COMMANDS], ids=["server", "commands"])
def test_neither_the_server_nor_a_command_waits_for_label_studio_sdk(modules: list[str]) -> None:
    assert not loaded_with(modules) & SDK


@pytest.mark.parametrize("modules", [SERVER, COMMANDS], ids=["server", "commands"])
def test_the_command_line_of_httpx_is_not_loaded(modules: list[str]) -> None:
    loaded = loaded_with([*modules, "httpx"])
    assert "httpx" in loaded
    assert not loaded & {"rich", "pygments"}
