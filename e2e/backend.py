"""This repository's backend, served by gunicorn as in production."""

import sys
from pathlib import Path

from e2e.process import HOST, PYTHONPATH, REPOSITORY, Server
from tests.servers.ports import free_ports


class Backend(Server):
    """BoxOCR at ``url`` with these environment variables, and none of the caller's.

    It runs in its own folder, which has no ``.env``.
    """

    def __init__(self, folder: Path, *, application: str = "_wsgi:app", **environment: str) -> None:
        (port,) = free_ports(1)
        self.url = f"http://{HOST}:{port}"
        super().__init__(
            "backend",
            [sys.executable, "-m", "gunicorn", "--config", REPOSITORY / "gunicorn.conf.py", application],
            folder=folder,
            ready=f"{self.url}/health",
            environment={"HOST": HOST, "PORT": str(port), "PYTHONPATH": PYTHONPATH, **environment},
        )
