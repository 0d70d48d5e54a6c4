"""How gunicorn serves BoxOCR; ``gunicorn _wsgi:app`` finds this file by itself.

There is one web process, because each process would need its own decoded pages and readers.
"""

import gc
import sys
from typing import Any

# Imported modules are never freed. Collecting garbage while they load takes a fifth of the start; warm_up enables it.
gc.disable()

from boxocr.process import scheduling

# The imports below import numpy.
scheduling.limit_blas_threads()

from boxocr.answering import services
from boxocr.process import open_files
from boxocr.process.logs import configuration
from boxocr.settings.environment import Settings, SettingsError
from boxocr.web.banner import announce, refusal
from boxocr.web.gunicorn_worker import WithoutAccessLog, Worker
from boxocr.web.warm_up import warm_up

try:
    _settings = Settings.load()
except SettingsError as error:
    sys.exit(refusal(str(error)))

bind = f"{f'[{_settings.host}]' if ':' in _settings.host else _settings.host}:{_settings.port}"
workers = 1
worker_class = Worker
Worker.settings = _settings
threads = _settings.threads
# Open files that are not connections: the readers' pipes, pages and databases. Idle connections only take memory.
_OTHER_FILES = 400
worker_connections = max(open_files.raise_limit(_settings.threads + 5_000) - _OTHER_FILES, 4 * _settings.threads)
# A worker that sends no heartbeat for this long is replaced. Requests may take longer.
timeout = 120
graceful_timeout = 30
keepalive = 30
# sendfile would block a thread until the caller has received the answer.
sendfile = False
# The control socket needs a writable home directory, which a container may not have.
control_socket_disable = True
logger_class = WithoutAccessLog
logconfig_dict = configuration(_settings.log_level, _settings.log_format)


def post_fork(server: Any, worker: Any) -> None:  # noqa: ARG001 - gunicorn passes them by position
    """Set up the web process before it starts threads and readers."""
    scheduling.limit_malloc_arenas()
    scheduling.use_batch_scheduling()


def post_worker_init(worker: Any) -> None:  # noqa: ARG001 - gunicorn passes it by position
    """Prepare for the first request, and announce the server."""
    warm_up()
    announce(_settings)


def worker_exit(server: Any, worker: Any) -> None:  # noqa: ARG001 - gunicorn passes them by position
    """Stop the readers and remove what they kept on disk."""
    services.stop()
