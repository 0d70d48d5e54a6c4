"""The WSGI application: ``gunicorn _wsgi:app``; ``python _wsgi.py`` serves it while developing."""

import logging
import sys

from boxocr.server import create_app
from boxocr.settings import Settings, SettingsError
from model import BoxOCR

try:
    settings = Settings.load()
except SettingsError as error:
    sys.exit(f"BoxOCR cannot start:\n{error}")

logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
logging.captureWarnings(capture=True)
# These print headers and signed addresses at DEBUG and INFO level, tokens among them.
for chatty in ("botocore", "boto3", "urllib3", "httpx", "httpcore", "s3transfer"):
    logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLogger().level))

app = create_app(BoxOCR, settings)

if __name__ == "__main__":
    app.run(host=settings.host, port=settings.port, threaded=True)
