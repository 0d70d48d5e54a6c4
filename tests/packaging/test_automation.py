"""What runs the checks: the workflows of GitHub, the hooks of pre-commit, and the Makefile, which agree."""

import importlib.resources
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from check_jsonschema.builtin_schemas import vendor
from jsonschema.validators import validator_for

from tests.backend import ROOT

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def targets() -> dict[str, list[str]]:
    """The Makefile's targets, each with those that it needs."""
    found = re.findall(r"^([a-z][\w-]*):(?!=)(.*)$", MAKEFILE, re.MULTILINE)
    return {name: needs.partition("|")[0].split() for name, needs in found}


def workflow(path: Path) -> dict[str, Any]:
    # YAML 1.1 takes the key "on" for true.
    parsed: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {"on" if key is True else key: value for key, value in parsed.items()}


def commands(steps: list[dict[str, Any]]) -> list[str]:
    return [step["run"] for step in steps if "run" in step]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_are_valid_and_run_what_exists(path: Path) -> None:
    schema = json.loads((importlib.resources.files(vendor) / "github-workflows.json").read_text())
    validator = validator_for(schema)(schema)
    found = workflow(path)
    validator.validate(found)
    for job in found["jobs"].values():
        assert job["timeout-minutes"]
        rows = job.get("strategy", {}).get("matrix", {}).get("include", [{}])
        for row in rows:
            for command in commands(job["steps"]):
                written = command
                for name, value in row.items():
                    written = written.replace(f"${{{{ matrix.{name} }}}}", value)
                program, *arguments = written.split()
                assert program != "make" or set(arguments) <= targets().keys(), written
                assert not program.startswith(".ci/") or (ROOT / program).exists(), written
    found["jobs"]["x"] = {"runs-on": "y", "step": []}
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(found)


def test_every_version_of_python_is_tested() -> None:
    jobs = workflow(ROOT / ".github" / "workflows" / "ci.yml")["jobs"]
    used = [
        step["with"]["python-version"]
        for step in jobs["all"]["steps"]
        if step.get("uses", "").startswith("actions/setup-python@")
    ]
    used += [row["python"] for row in jobs["tests"]["strategy"]["matrix"]["include"]]

    claimed = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["project"]["classifiers"]))

    assert sorted(used) == claimed


def test_a_release_is_uploaded_to_no_index() -> None:
    steps = workflow(ROOT / ".github" / "workflows" / "release.yml")["jobs"]
    written = json.dumps(steps)

    assert "sha256sum --check SHA256SUMS" in written
    assert "gh release create" in written
    assert not re.search(r"pypi|twine upload|uv publish", written)


def test_the_bill_of_materials_lists_what_is_installed(tmp_path: Path) -> None:
    target = tmp_path / "boxocr.cdx.json"
    subprocess.run(  # noqa: S603 - our own Makefile
        ["make", "--silent", "sbom", f"SBOM={target}", f"BIN={Path(sys.executable).parent}"],  # noqa: S607 - found where the system has it
        cwd=ROOT,
        check=True,
        timeout=60,
    )
    found = json.loads(target.read_text(encoding="utf-8"))
    locked = re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE)

    assert (found["bomFormat"], found["specVersion"]) == ("CycloneDX", "1.5")
    assert found["metadata"]["component"]["name"] == "boxocr"
    assert sorted((one["name"], one["version"]) for one in found["components"]) == sorted(locked)
    for one in found["components"]:
        assert one["purl"] == f"pkg:pypi/{one['name']}@{one['version']}"
    commands = MAKEFILE[MAKEFILE.index("\ndist:") :].partition("\n\n")[0]
    assert commands.index("--silent sbom") < commands.index("sha256sum -- *.tar.gz *.whl *.cdx.json")


def test_hooks_are_the_checks_of_the_makefile() -> None:
    path = ROOT / ".pre-commit-config.yaml"
    done = subprocess.run(  # noqa: S603 - pre-commit, which is locked
        [sys.executable, "-m", "pre_commit", "validate-config", str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    (repo,) = yaml.safe_load(path.read_text(encoding="utf-8"))["repos"]

    run = [hook["entry"] for hook in repo["hooks"]]

    assert repo["repo"] == "local"
    assert run == [f"make --silent {name}" for name in [*targets()["check"], "requirements"]]
