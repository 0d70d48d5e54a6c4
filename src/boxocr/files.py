"""Files that are at the top of the repository, and inside the package once it is installed."""

from pathlib import Path

_PACKAGE = Path(__file__).parent
_REPOSITORY = _PACKAGE.parents[1]


def _first_folder(name: str, *candidates: Path) -> Path:
    return next((folder for folder in candidates if (folder / name).exists()), candidates[0])


SERVER = _first_folder("_wsgi.py", _PACKAGE / "server", _REPOSITORY)
"""The folder with ``_wsgi.py``, ``model.py`` and ``gunicorn.conf.py``."""

EXAMPLES = _first_folder("demo.xml", _PACKAGE / "examples", _REPOSITORY / "examples")
"""The folder with labeling configs and sample pages."""
