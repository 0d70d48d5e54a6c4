"""The model runs unchanged in label-studio-ml's server, and keeps the contract without it."""

import json
import os
import subprocess
import sys
from pathlib import Path

from boxocr.answering.model_base import OwnLabelStudioMLBase
from tests.backend import PYTHONPATH, ROOT, clean_environment
from tests.payloads import payload

# What label-studio-ml's server does for a request: a new model with project and config, then predict.
SERVE = """
import json, sys
from label_studio_ml.model import LabelStudioMLBase
from model import BoxOCR
from boxocr.answering import services
from boxocr.errors import TrainingNotPossible
if __name__ == "__main__":
    assert issubclass(BoxOCR, LabelStudioMLBase)
    body = json.load(sys.stdin)
    model = BoxOCR(project_id="1", label_config=body["label_config"])
    try:
        model.fit("START_TRAINING", {})
    except TrainingNotPossible as error:
        refusal = error.sentence
    print(json.dumps({"results": model.predict(body["tasks"], context=body["params"]["context"]),
                      "version": str(model.model_version), "refusal": refusal}))
    services.current().close()
"""


def test_the_model_runs_in_label_studio_mls_server(page_server: str, tmp_path: Path) -> None:
    script = tmp_path / "serve.py"
    script.write_text(SERVE)
    allowed = page_server.removeprefix("http://")
    path = os.pathsep.join([str(ROOT / "tests" / "stand_ins"), PYTHONPATH])

    answered = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, str(script)],
        input=json.dumps(payload("one-box", page_server)),
        env=clean_environment(PYTHONPATH=path, ALLOWED_IMAGE_HOSTS=allowed),
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )

    assert answered.returncode == 0, answered.stderr
    answer = json.loads(answered.stdout.splitlines()[-1])
    assert answer["version"] == "boxocr-0.1.0"
    assert answer["refusal"] == (
        "This server cannot learn from corrections. Set MODEL_DIR, LABEL_STUDIO_HOST, LABEL_STUDIO_ACCESS_TOKEN."
    )
    assert answer["results"][0]["result"][-1]["value"]["text"] == ["Invoice 12345"]


class Model(OwnLabelStudioMLBase):
    def setup(self) -> None:
        self.set("model_version", "7")

    def fit(self, event: str, data: object, **kwargs: object) -> object:
        return event, data, kwargs["job_id"]


def test_without_label_studio_ml_the_contract_is_the_same() -> None:
    model = Model(project_id="12", label_config='<View><Image name="i" value="$i"/></View>')

    assert model.model_version == "7"
    assert [tag.name for tag in model.label_interface.objects] == ["i"]
    assert (model.has("nothing"), model.get("nothing"), model.extra_params) == (False, None, {})
    model.set_extra_params('{"a": 1}')
    assert Model(project_id="12").extra_params == {"a": 1}
    assert Model(project_id="13").extra_params == {}
    assert model.process_event("ANNOTATION_CREATED", {"x": 1}, "job", {}) == ("ANNOTATION_CREATED", {"x": 1}, "job")
    assert model.process_event("TASKS_CREATED", {"x": 1}, "job", {}) is None
