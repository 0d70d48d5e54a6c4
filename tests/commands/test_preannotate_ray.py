"""``boxocr preannotate --ray`` on a cluster of two nodes on this machine; needs the extra ``ray``."""

import json
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.backend import PYTHONPATH
from tests.commands.preannotating import LINES, Command, ended, lines_of, page, texts
from tests.servers.web import Reply, WebServer, web_server

# Ray warns of its own deprecations and open sockets, in numbers that change with its releases.
pytestmark = pytest.mark.filterwarnings("ignore")

PAGES = 12
TEXTS = [f"Page number {number}" for number in range(100, 100 + PAGES)]


@pytest.fixture(scope="module")
def node_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the nodes keep temporary files."""
    return tmp_path_factory.mktemp("nodes")


@pytest.fixture(scope="module")
def cluster(node_files: Path) -> Iterator[Any]:
    """A head without cores, and two nodes with one each."""
    from ray.cluster_utils import Cluster  # noqa: PLC0415 - where there is Ray

    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("RAY_USAGE_STATS_ENABLED", "0")
        environment.setenv("PYTHONPATH", PYTHONPATH)
        # Ray gives its workers a low priority, with which they hardly get a processor beside other tests.
        environment.setenv("RAY_worker_niceness", "0")
        environment.setenv("TMPDIR", str(node_files))
        # The names of Ray's sockets are short only there.
        environment.setenv("RAY_TMPDIR", "/tmp")  # noqa: S108 - Ray's own default
        memory = {"object_store_memory": 80_000_000, "include_dashboard": False}
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **memory})
        for _ in range(2):
            cluster.add_node(num_cpus=1, object_store_memory=80_000_000)
        yield cluster
        cluster.shutdown()


@pytest.fixture
def web() -> Iterator[WebServer]:
    with web_server() as server:
        for number, text in enumerate(TEXTS):
            server.routes[f"/{number}.png"] = Reply(page(text), headers={"Content-Type": "image/png"})
        yield server


@pytest.fixture
def preannotate(tmp_path: Path, web: WebServer) -> Command:
    (tmp_path / "config.xml").write_text(LINES)
    tasks = [{"data": {"image": f"{web.url}/{number}.png"}} for number in range(PAGES)]
    (tmp_path / "tasks.json").write_text(json.dumps(tasks))
    return Command(tmp_path, {"ALLOWED_IMAGE_HOSTS": "127.0.0.1", "RAY_USAGE_STATS_ENABLED": "0"})


def arguments(cluster: Any) -> tuple[object, ...]:
    files = ("--input", "tasks.json", "--output", "out.json", "--config", "config.xml")
    return (*files, "--ray", cluster.address)


@pytest.mark.skipif(sys.platform == "darwin", reason="Ray runs several nodes on one machine on Linux only")
def test_two_nodes_read_and_the_loss_of_one_costs_no_page(
    cluster: Any, preannotate: Command, web: WebServer, node_files: Path
) -> None:
    process = preannotate.start(*arguments(cluster))
    journal = preannotate.folder / "out.json.journal"
    while len(lines_of(journal)) < PAGES // 3 and process.poll() is None:
        time.sleep(0.01)
    cluster.remove_node(cluster.list_all_nodes()[-1], allow_graceful=False)
    done = ended(process)
    assert done.code == 0, done
    assert done.output.startswith("Nodes of the Ray cluster: 2, with 2 cores in all. ")
    written = json.loads((preannotate.folder / "out.json").read_text())
    assert [[texts(one) for one in task["predictions"]] for task in written] == [[[text]] for text in TEXTS]
    # What the lost node had in hand, and nothing else, was fetched again.
    fetched = Counter(request.path for request in web.requests)
    assert sum(fetched.values()) <= PAGES + 3
    # Only the lost node could not delete its files.
    left = Counter(path.name.rpartition("-")[0] for path in node_files.glob("boxocr-*"))
    assert left == {"boxocr-heads": 1, "boxocr-tessdata": 1}


def test_there_is_no_cluster(preannotate: Command) -> None:
    files = ("--input", "tasks.json", "--output", "out.json", "--config", "config.xml")
    done = preannotate(*files, "--ray", "127.0.0.1:9")
    assert done.code == 1
    assert "No Ray cluster answers at 127.0.0.1:9." in done.errors


def test_another_server_at_the_address_is_not_waited_for(preannotate: Command) -> None:
    files = ("--input", "tasks.json", "--output", "out.json", "--config", "config.xml")
    # It takes connections, and never answers.
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        done = preannotate(*files, "--ray", address)
    assert done.code == 1
    assert done.errors == (
        f"✗ No Ray cluster answers at {address}. → Start one with ray start --head, and name it with --ray."
    )
