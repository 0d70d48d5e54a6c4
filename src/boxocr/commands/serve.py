"""``boxocr serve``: gunicorn with the repository's own configuration."""

import os
import sys

from boxocr.files import SERVER
from boxocr.settings.environment import Settings


def serve(settings: Settings) -> None:
    """Replace this process with the server. The status page is on unless ``STATUS_PAGE`` says otherwise.

    Args:
        settings: of the server. gunicorn reads the same environment and ``.env`` file.
    """
    # Containers start gunicorn directly, where the page is off by default.
    if "status_page" not in settings.model_fields_set:
        os.environ["STATUS_PAGE"] = "true"
    gunicorn = [sys.executable, "-m", "gunicorn", "--config", str(SERVER / "gunicorn.conf.py")]
    os.execv(gunicorn[0], [*gunicorn, "--pythonpath", str(SERVER), "_wsgi:app"])  # noqa: S606 - our own server # nosec B606
