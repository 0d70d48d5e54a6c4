"""The WSGI application: ``gunicorn _wsgi:app``; ``python _wsgi.py`` serves it while developing."""

import logging
import sys

from boxocr.errors import BoxOCRError
from boxocr.process import logs
from boxocr.settings.environment import Settings, SettingsError
from boxocr.web.app import create_app
from boxocr.web.banner import announce, refusal
from model import BoxOCR

try:
    settings = Settings.load()
except SettingsError as error:
    sys.exit(refusal(str(error)))

logs.configure(settings.log_level, settings.log_format)
logging.captureWarnings(capture=True)

try:
    app = create_app(BoxOCR, settings)
except BoxOCRError as error:
    sys.exit(refusal(error.sentence))

if __name__ == "__main__":
    announce(settings)
    app.run(host=settings.host, port=settings.port, threaded=True)
