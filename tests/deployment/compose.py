"""Compose files as Compose reads them, as far as the ones here go: variables, merging, what a service is started with.

It is what lets services run as plain processes. Docker Compose itself reads the files too, in ``.ci/image``.
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

# The innermost first: a default can hold a variable, and a sentence no brace.
_VARIABLE = re.compile(r"\$\$|\$\{(\w+)(?:(:[-?])([^{}]*))?\}")

_KEPT = "\0"


class MissingVariableError(Exception):
    """A variable that must be set is not; says the sentence of the file."""


class Override(dict[Any, Any]):
    """A mapping that takes the place of the one in the file before it."""


class OverrideList(list[Any]):
    """The same for a list."""


class _Loader(yaml.SafeLoader):
    """Reads the tag ``!override`` of Compose."""


def _override(loader: _Loader, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return Override(loader.construct_mapping(node, deep=True))
    assert isinstance(node, yaml.SequenceNode)
    return OverrideList(loader.construct_sequence(node, deep=True))


_Loader.add_constructor("!override", _override)


def load(*files: Path, environment: Mapping[str, str]) -> Json:
    """What the files say together, later ones over earlier ones, with all variables replaced.

    Raises:
        MissingVariableError: one that must be set is not.
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
    """The text with ``${NAME}``, ``${NAME:-default}`` and ``${NAME:?sentence}`` replaced, and ``$$`` made ``$``.

    Raises:
        MissingVariableError: with the sentence.
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
    """What the image is started and checked with."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    (check,) = re.findall(r"^HEALTHCHECK .*?CMD (\[.*\])$", text, re.MULTILINE)
    (command,) = re.findall(r"^CMD (\[.*\])$", text, re.MULTILINE)
    return Healthcheck(yaml.safe_load(check), yaml.safe_load(command))
