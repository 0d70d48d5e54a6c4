"""The server with a model that learns: its log says what it was told. Started as ``tests.learning_model:app``."""

import logging
from collections.abc import Mapping
from typing import Any

from boxocr.settings.environment import Settings
from boxocr.web.app import create_app
from model import BoxOCR


class Learning(BoxOCR):
    """Says which annotations it learned from."""

    def fit(self, event: str, data: Mapping[str, Any], **_: Any) -> None:
        logging.getLogger("learning").warning(
            "Learned from %s of annotation %s in project %s", event, data["annotation"]["id"], self.project_id
        )


app = create_app(Learning, Settings.load())
