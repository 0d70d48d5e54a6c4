"""The manifests for Kubernetes: valid by its schemas, consistent, confined, and what they start runs."""

import os
import subprocess
import sys
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from tests.backend import ROOT, running
from tests.deployment.compose import dotenv
from tests.deployment.kustomize import Json, build, containers, of_kind

FOLDER = ROOT / "deploy" / "kubernetes"
BASE, EXAMPLE = FOLDER / "base", FOLDER / "overlays" / "example"
SETTINGS = dotenv((ROOT / "example.env").read_text(encoding="utf-8"))

# The oldest with all fields used, and the newest whose schemas are installed.
VERSIONS = ["1.27", kubernetes_validate.latest_version()]

SECRET = {"BASIC_AUTH_USER": "me", "BASIC_AUTH_PASS": "pässword:1", "LABEL_STUDIO_ACCESS_TOKEN": "0123456789"}

both = pytest.mark.parametrize("folder", [BASE, EXAMPLE], ids=["base", "example"])


def container(folder: Path) -> Json:
    (found,) = containers(of_kind(build(folder), "Deployment"))
    return found


@both
@pytest.mark.parametrize("version", VERSIONS)
def test_they_follow_the_schemas_of_kubernetes(folder: Path, version: str) -> None:
    resources = build(folder)
    for resource in resources:
        kubernetes_validate.validate(resource, version, strict=True)

    deployment = of_kind(resources, "Deployment")
    deployment["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError, match="readynessProbe"):
        kubernetes_validate.validate(deployment, version, strict=True)


def test_every_file_is_used() -> None:
    for folder in (BASE, EXAMPLE):
        written = yaml.safe_load((folder / "kustomization.yaml").read_text())
        named = {*written["resources"], *(patch["path"] for patch in written.get("patches", []))}
        assert {path.name for path in folder.glob("*.yaml")} - {"kustomization.yaml"} == named - {"../../base"}


@both
def test_they_refer_to_each_other(folder: Path) -> None:
    resources = build(folder)
    deployment = of_kind(resources, "Deployment")
    pod = deployment["spec"]["template"]
    labels = pod["metadata"]["labels"]
    name = deployment["metadata"]["name"]
    selectors = [
        deployment["spec"]["selector"]["matchLabels"],
        of_kind(resources, "Service")["spec"]["selector"],
        of_kind(resources, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        of_kind(resources, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
        pod["spec"]["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"],
    ]
    ports = {port["name"]: port["containerPort"] for port in container(folder)["ports"]}
    volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
    sources = [next(iter(source.values()))["name"] for source in container(folder)["envFrom"]]

    assert all(selector.items() <= labels.items() for selector in selectors)
    assert of_kind(resources, "HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]["name"] == name
    assert "replicas" not in deployment["spec"]
    (port,) = of_kind(resources, "Service")["spec"]["ports"]
    assert (port["port"], ports[port["targetPort"]]) == (9090, int(SETTINGS["PORT"]))
    assert of_kind(resources, "NetworkPolicy")["spec"]["ingress"][0]["ports"] == [{"port": "http"}]
    claim = of_kind(resources, "PersistentVolumeClaim")["metadata"]["name"]
    assert volumes["models"]["persistentVolumeClaim"]["claimName"] == claim
    assert {mount["name"]: mount["mountPath"] for mount in container(folder)["volumeMounts"]} == {
        "models": of_kind(resources, "ConfigMap")["data"]["MODEL_DIR"],
        "tmp": "/tmp",  # noqa: S108 - the only folder in which the image writes
    }
    assert sources == [of_kind(resources, "ConfigMap")["metadata"]["name"], "boxocr"]
    assert volumes.keys() == {"models", "tmp"}


@both
def test_pods_meet_the_restricted_profile(folder: Path) -> None:
    resources = build(folder)
    pod = of_kind(resources, "Deployment")["spec"]["template"]["spec"]
    own = container(folder)["securityContext"]
    labels = of_kind(resources, "Namespace")["metadata"]["labels"]
    dockerfile = (ROOT / "Dockerfile").read_text()

    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    assert pod["securityContext"]["runAsNonRoot"]
    assert f"USER {pod['securityContext']['runAsUser']}:{pod['securityContext']['runAsGroup']}\n" in dockerfile
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert own == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
    assert not pod["automountServiceAccountToken"]


@both
def test_settings_exist_and_there_is_a_core_for_each_reader(folder: Path) -> None:
    data = of_kind(build(folder), "ConfigMap")["data"]
    resources = container(folder)["resources"]

    assert data.keys() <= SETTINGS.keys()
    assert not [name for name in data if "PASS" in name or "TOKEN" in name or "SECRET" in name]
    assert data["OCR_WORKERS"] == resources["limits"]["cpu"]
    assert resources["limits"]["memory"] >= "5Gi"


def test_probes_find_a_server_that_reads_and_one_that_does_not(tmp_path: Path) -> None:
    config = of_kind(build(BASE), "ConfigMap")["data"] | {"MODEL_DIR": str(tmp_path / "models"), "OCR_WORKERS": "1"}
    probes = container(BASE)

    def is_ready(url: str) -> bool:
        program, *arguments = probes["readinessProbe"]["exec"]["command"]
        assert program == "python"
        environment = {"PATH": os.environ["PATH"], "PORT": url.rpartition(":")[2]} | SECRET
        done = subprocess.run(  # noqa: S603 - from the repository's own file
            [sys.executable, *arguments], env=environment, capture_output=True, timeout=60, check=False
        )
        return done.returncode == 0

    for engine, expected in (("tests.engines:Counting", True), ("tests.engines:Misreading", False)):
        with running(tmp_path, config | SECRET | {"OCR_ENGINE": engine}) as server:
            for name in ("startupProbe", "livenessProbe"):
                assert server.get(probes[name]["httpGet"]["path"]).status_code == 200
            assert is_ready(server.url) is expected
    assert not is_ready(server.url)
