"""Settings where the platform or their declaration decides."""

import os
from pathlib import Path

from pydantic import SecretStr

from boxocr.diagnosis.report import Redaction
from boxocr.settings.environment import Settings
from tests.backend import PYTHONPATH, ROOT, running
from tests.payloads import one_box, texts

MACOS = os.pathsep.join([str(ROOT / "tests" / "stand_ins" / "macos"), PYTHONPATH])


class MoreSettings(Settings):
    model_password: SecretStr | None = None


def test_a_setting_that_is_declared_as_a_secret_is_redacted() -> None:
    redact = Redaction(MoreSettings(model_password=SecretStr(" hunter22 ")))

    assert redact("annotator sent hunter22") == "annotator sent [secret]"


def test_a_server_without_the_scheduling_functions_of_linux_reads(tmp_path: Path, page_server: str) -> None:
    environment = {"PYTHONPATH": MACOS, "ALLOWED_IMAGE_HOSTS": page_server.removeprefix("http://")}
    with running(tmp_path, environment) as backend:
        (prediction,) = backend.predict(one_box(page_server))

    assert list(texts(prediction["result"]).values()) == ["Invoice 12345"]
