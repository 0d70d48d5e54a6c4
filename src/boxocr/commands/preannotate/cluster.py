"""Workers that read tasks: the nodes of a Ray cluster, each with readers on all its cores.

BoxOCR must be installed on the nodes under the same path as here. They get this command's settings, so the folders and
servers in them must be reachable from there.
"""

import contextlib
import logging
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayActorError, RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from boxocr.answering.services import Services
from boxocr.commands.preannotate.items import Kept
from boxocr.commands.preannotate.workers import AHEAD, Outcome, batch_settings, failed, read
from boxocr.label_studio.errors import CommandFailed
from boxocr.labeling.tasks import Task
from boxocr.learning.applied import ProjectLearning
from boxocr.settings.environment import Settings

# Timeouts for reaching the port, and for connecting with Ray, whose import takes some seconds. Together they are less
# than half a minute.
_PORT_SECONDS = 5
_CLUSTER_SECONDS = 22

# For the nodes to stop their readers. Files of a node that takes longer stay in its folder for temporary files.
_CLOSE_SECONDS = 10

# Attempts per task, in case the task crashes each node that reads it.
_ATTEMPTS = 3


class NodeReaders:
    """The readers of a node. This is a Ray actor that runs on the node.

    Args:
        settings: of the command.
        label_config: of all tasks.
        cores: of the node.
        learned: of the project.
        heads: contents of the project's head files, by path, since the node may not have these files.
    """

    def __init__(
        self,
        settings: Settings,
        label_config: str,
        cores: int,
        learned: ProjectLearning,
        heads: Mapping[str, bytes],
    ) -> None:
        self._label_config = label_config
        self._heads = TemporaryDirectory(prefix="boxocr-heads-")
        self._learned = _with_own_files(learned, heads, Path(self._heads.name))
        settings.export_certificates()
        self._services = Services(batch_settings(settings).model_copy(update={"ocr_workers": cores}))
        self._services.start()

    def problem(self) -> str:
        """The reason why the node cannot read; empty if it can."""
        return self._services.problem.sentence if self._services.problem else ""

    def read(self, task: Task, before: Kept | None) -> Outcome:
        """Read a task, or its missing pages."""
        return read(task, self._label_config, self._services, before, self._learned)

    def close(self) -> None:
        """Stop the readers, and delete the files of this run. Otherwise Ray kills the node's process with its files."""
        self._services.close()
        self._heads.cleanup()


@dataclass(slots=True, eq=False)
class _Node:
    actor: Any
    cores: int
    busy: int = 0

    @property
    def slots(self) -> int:
        return self.cores + AHEAD


class RayWorkers:
    """All nodes of a cluster at the start of the run.

    Args:
        address: ``auto`` on a machine of the cluster, otherwise ``host:port`` of its head.
        settings: of the command.
        label_config: of all tasks.
        learned: of their project.

    Attributes:
        cores: of all nodes together.

    Raises:
        CommandFailed: the cluster does not answer, or its nodes cannot read.
    """

    def __init__(self, address: str, settings: Settings, label_config: str, learned: ProjectLearning) -> None:
        try:
            heads = {path: Path(path).read_bytes() for path in learned.heads.values()}
        except OSError:
            raise CommandFailed("A recognizer head of the project is missing.", "Run the command again.") from None
        try:
            _check(address)
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
        except (OSError, ValueError, RuntimeError, subprocess.SubprocessError):
            raise CommandFailed(
                f"No Ray cluster answers at {address[:80]}.", "Start one with ray start --head, and name it with --ray."
            ) from None
        self._lock = threading.Lock()
        self._nodes: list[_Node] = []
        self._threads = ThreadPoolExecutor(1)
        alive = [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU", 0) >= 1]
        try:
            # If one of them cannot read, all are closed.
            self._nodes = [_start(node, settings, label_config, learned, heads) for node in alive]
            self._nodes = _started(self._nodes)
        except CommandFailed:
            self.close()
            raise
        self.cores = sum(node.cores for node in self._nodes)
        self.slots = sum(node.slots for node in self._nodes)
        self._threads = ThreadPoolExecutor(self.slots, thread_name_prefix="task")

    def __len__(self) -> int:
        return len(self._nodes)

    def submit(self, task: Task, before: Kept | None) -> Future[Outcome]:
        """Read a task, or its missing pages, on the least busy node."""
        return self._threads.submit(self._read, task, before)

    def close(self) -> None:
        """Stop the readers on all nodes. The cluster keeps running."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        closing = [node.actor.close.remote() for node in self._nodes]
        if closing:
            # The cluster may be gone.
            with contextlib.suppress(RayError):
                ray.wait(closing, num_returns=len(closing), timeout=_CLOSE_SECONDS)
        ray.shutdown()

    def _read(self, task: Task, before: Kept | None) -> Outcome:
        for _ in range(_ATTEMPTS):
            node = self._least_busy()
            try:
                outcome: Outcome = ray.get(node.actor.read.remote(task, before))
            except RayActorError:
                with self._lock:
                    self._nodes = [other for other in self._nodes if other is not node]
            else:
                return outcome
            finally:
                with self._lock:
                    node.busy -= 1
        return failed(f"{_ATTEMPTS} Ray nodes were lost while they read it.")

    def _least_busy(self) -> _Node:
        with self._lock:
            if not self._nodes:
                raise CommandFailed("All nodes of the Ray cluster are gone.", "Start them, and run the command again.")
            node = min(self._nodes, key=lambda one: one.busy / one.slots)
            node.busy += 1
            return node


def _check(address: str) -> None:
    """Connect to a cluster in another process, which is killed after some seconds.

    Ray itself retries for minutes, and ends the process if another server answers at the address.

    Raises:
        OSError, ValueError, SubprocessError: there is no cluster.
    """
    if address != "auto":
        host, _, port = address.rpartition(":")
        socket.create_connection((host.strip("[]"), int(port)), timeout=_PORT_SECONDS).close()
    code = "import sys, ray; ray.init(address=sys.argv[1], log_to_driver=False, logging_level=50)"
    subprocess.run(  # noqa: S603 - Python itself, without a shell # nosec B603
        [sys.executable, "-c", code, address],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=_CLUSTER_SECONDS,
    )


def _with_own_files(learned: ProjectLearning, heads: Mapping[str, bytes], folder: Path) -> ProjectLearning:
    """What was learned from a project, with the head files written into this folder."""
    for path, content in heads.items():
        (folder / Path(path).name).write_bytes(content)
    own = {label: str(folder / Path(path).name) for label, path in learned.heads.items()}
    return replace(learned, heads=own)


def _start(
    node: Any, settings: Settings, label_config: str, learned: ProjectLearning, heads: Mapping[str, bytes]
) -> _Node:
    cores = int(node["Resources"]["CPU"])
    options = {
        "num_cpus": cores,
        # One more for the call of problem().
        "max_concurrency": cores + AHEAD + 1,
        "scheduling_strategy": NodeAffinitySchedulingStrategy(node["NodeID"], soft=False),
    }
    return _Node(
        ray.remote(NodeReaders).options(**options).remote(settings, label_config, cores, learned, heads), cores
    )


def _started(nodes: list[_Node]) -> list[_Node]:
    """The nodes that started. Others can be missing, since a cluster also lists nodes that it has just lost.

    Raises:
        CommandFailed: none started, or one cannot read.
    """
    started = []
    said = "No node of the Ray cluster starts to read. BoxOCR must be installed on each in the same place as here."
    asked = [(node, node.actor.problem.remote()) for node in nodes]
    for node, answer in asked:
        try:
            # The first start loads libraries from disk, and the cluster may be busy.
            problem = ray.get(answer, timeout=300)
        except GetTimeoutError:
            said = "A node of the Ray cluster does not start in time: its cores may be taken by other work."
            continue
        except RayError:
            continue
        if problem:
            raise CommandFailed(f"A node of the Ray cluster cannot read. {problem}", "Check the node's log.")
        started.append(node)
    if not started:
        raise CommandFailed(said, "Check the cluster with ray status.")
    return started
