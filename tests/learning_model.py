"""The server with a model that logs what it is to learn from. It is started as ``tests.learning_model:app``."""

import logging
from collections.abc import Mapping
from typing import Any

from boxocr.settings.environment import Settings
from boxocr.web.app import create_app
from model import BoxOCR


class Learning(BoxOCR):
    """Logs the annotations that it learns from."""

    def fit(self, event: str, data: Mapping[str, Any], **_: Any) -> None:
        logging.getLogger("learning").warning(
            "Learned from %s of annotation %s in project %s", event, data["annotation"]["id"], self.project_id
        )


app = create_app(Learning, Settings.load())
