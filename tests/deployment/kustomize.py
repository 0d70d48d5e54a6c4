"""Builds this repository's kustomizations as kustomize does: resources, patches, images and the namespace."""

from pathlib import Path
from typing import Any

import yaml

Json = dict[str, Any]

_WITHOUT_NAMESPACE = ("Namespace",)


def build(folder: Path) -> list[Json]:
    """All resources of a kustomization.

    Raises:
        AssertionError: it has a field that is not supported here, or a patch without a resource.
    """
    found: Json = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))
    assert found.keys() <= {"apiVersion", "kind", "namespace", "resources", "images", "patches"}
    resources: list[Json] = []
    for name in found["resources"]:
        path = folder / name
        resources += build(path.resolve()) if path.is_dir() else _documents(path)
    for patch in found.get("patches", []):
        (change,) = _documents(folder / patch["path"])
        (index,) = [index for index, one in enumerate(resources) if _identity(one) == _identity(change)]
        resources[index] = _merged(resources[index], change)
    for resource in resources:
        if resource["kind"] not in _WITHOUT_NAMESPACE:
            resource["metadata"]["namespace"] = found["namespace"]
        for container in containers(resource):
            for image in found.get("images", []):
                if container["image"] == image["name"]:
                    container["image"] = f"{image['newName']}:{image['newTag']}"
    return resources


def containers(resource: Json) -> list[Json]:
    """The containers of a Deployment's pods."""
    template: Json = resource.get("spec", {}).get("template", {})
    return list(template.get("spec", {}).get("containers", []))


def of_kind(resources: list[Json], kind: str) -> Json:
    """The only resource of a kind."""
    (found,) = [resource for resource in resources if resource["kind"] == kind]
    return found


def _documents(path: Path) -> list[Json]:
    return [document for document in yaml.safe_load_all(path.read_text(encoding="utf-8")) if document]


def _identity(resource: Json) -> tuple[str, str, str]:
    return resource["apiVersion"], resource["kind"], resource["metadata"]["name"]


def _merged(before: Any, after: Any) -> Any:
    """A strategic merge: mappings are merged, and in lists of named mappings those with the same name."""
    if isinstance(before, dict) and isinstance(after, dict):
        return before | {key: _merged(before.get(key), value) for key, value in after.items()}
    if isinstance(before, list) and all(isinstance(item, dict) and "name" in item for item in (*before, *after)):
        changes = {item["name"]: item for item in after}
        kept = [_merged(item, changes.pop(item["name"], {})) for item in before]
        return kept + list(changes.values())
    return after
