"""Reads this repository's Compose files as Compose does: variables, merging, and how a service is started.

This lets tests run services as plain processes. In ``.ci/image``, Docker Compose itself reads the files too.
"""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.backend import ROOT

BASE, SEAWEEDFS = ROOT / "docker-compose.yml", ROOT / "docker-compose.seaweedfs.yml"

Json = dict[str, Any]

# Matches the innermost variables first, since a default can contain a variable. A message contains no brace.
_VARIABLE = re.compile(r"\$\$|\$\{(\w+)(?:(:[-?])([^{}]*))?\}")

_KEPT = "\0"


class MissingVariableError(Exception):
    """A required variable is not set; the message is the one in the file."""


class Override(dict[Any, Any]):
    """A mapping that replaces the mapping of the file before, instead of being merged with it."""


class OverrideList(list[Any]):
    """A list that replaces the list of the file before."""


class _Loader(yaml.SafeLoader):
    """A YAML loader that knows the tag ``!override`` of Compose."""


def _override(loader: _Loader, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return Override(loader.construct_mapping(node, deep=True))
    assert isinstance(node, yaml.SequenceNode)
    return OverrideList(loader.construct_sequence(node, deep=True))


_Loader.add_constructor("!override", _override)


def load(*files: Path, environment: Mapping[str, str]) -> Json:
    """The merged content of the files, of which later ones take precedence, with all variables replaced.

    Raises:
        MissingVariableError: a required variable is not set.
    """
    merged: Json = {}
    for file in files:
        merged = _merge(merged, yaml.load(file.read_text(), _Loader))  # noqa: S506 - a SafeLoader with one more tag
    return dict(_replaced(merged, environment))


def variables(file: Path) -> set[str]:
    """Names of the variables that a file takes from ``.env``."""
    return set(re.findall(r"(?<!\$)\$\{(\w+)", file.read_text()))


def dotenv(text: str) -> dict[str, str]:
    """The variables of an ``.env`` file."""
    lines = [line for line in text.splitlines() if re.match(r"\w+=", line)]
    return {name: "".join(shlex.split(value)) for name, _, value in (line.partition("=") for line in lines)}


def _merge(before: Any, after: Any) -> Any:
    match before, after:
        case _, Override() | OverrideList():
            return after
        case dict(), dict():
            return {key: _merge(before.get(key), after.get(key, before.get(key))) for key in before | after}
    return after


def _replaced(value: Any, environment: Mapping[str, str]) -> Any:
    match value:
        case dict():
            return {key: _replaced(item, environment) for key, item in value.items()}
        case list():
            return [_replaced(item, environment) for item in value]
        case str():
            return interpolated(value, environment)
    return value


def interpolated(text: str, environment: Mapping[str, str]) -> str:
    """The text with ``${NAME}``, ``${NAME:-default}``, ``${NAME:?message}`` and ``$$`` replaced.

    Raises:
        MissingVariableError: a required variable is not set.
    """

    def value(found: re.Match[str]) -> str:
        name, kind, rest = found.groups()
        if name is None:
            return _KEPT
        if there := environment.get(name):
            return there
        if kind == ":?":
            raise MissingVariableError(rest)
        return rest or ""

    while (after := _VARIABLE.sub(value, text)) != text:
        text = after
    return text.replace(_KEPT, "$")


@dataclass(frozen=True)
class Healthcheck:
    """The command of the Dockerfile's HEALTHCHECK, and its CMD."""

    check: list[str]
    command: list[str]


def dockerfile() -> Healthcheck:
    """The commands that start the image and check its health."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    (check,) = re.findall(r"^HEALTHCHECK .*?CMD (\[.*\])$", text, re.MULTILINE)
    (command,) = re.findall(r"^CMD (\[.*\])$", text, re.MULTILINE)
    return Healthcheck(yaml.safe_load(check), yaml.safe_load(command))
