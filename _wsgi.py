"""The WSGI application: ``gunicorn _wsgi:app``; ``python _wsgi.py`` serves it while developing."""

import logging
import sys

from boxocr import logs
from boxocr.server import create_app
from boxocr.settings import Settings, SettingsError
from model import BoxOCR

try:
    settings = Settings.load()
except SettingsError as error:
    sys.exit(f"BoxOCR cannot start:\n{error}")

logs.configure(settings.log_level, settings.log_format)
logging.captureWarnings(capture=True)

app = create_app(BoxOCR, settings)

if __name__ == "__main__":
    app.run(host=settings.host, port=settings.port, threaded=True)
