"""BoxOCR: the ML backend model."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from boxocr.answering import interactive, services
from boxocr.answering.model_base import LabelStudioMLBase
from boxocr.answering.whole_tasks import is_asked_for
from boxocr.errors import BoxOCRError, MalformedRequest
from boxocr.labeling.config import LabelingConfig
from boxocr.labeling.drawn_regions import InteractiveRequest
from boxocr.labeling.results import Prediction
from boxocr.labeling.tasks import Task, id_of, project_of
from boxocr.learning.applied import ProjectLearning
from boxocr.pages.page import PageAddress

logger = logging.getLogger("boxocr.model")


class BoxOCR(LabelStudioMLBase):
    """Reads the text in the boxes that annotators draw."""

    def setup(self) -> None:
        """Set the version that Label Studio stores; it differs for each version learned from the project."""
        self.set("model_version", services.current().learned.of(str(self.project_id)).model_version)

    def predict(self, tasks: Sequence[Task], context: Mapping[str, Any] | None = None, **_: Any) -> list[Any]:
        """Answer Label Studio's ``/predict``.

        Args:
            tasks: as Label Studio sends them.
            context: ``{"result": [...]}`` with the drawn regions; None when a task is opened or predictions are
                retrieved.

        Returns:
            One item for each task: a prediction, or ``[]``, which Label Studio skips.

        Raises:
            MalformedRequest: the tasks or the context do not have the form that Label Studio sends.
        """
        if not all(isinstance(task, Mapping) and isinstance(task.get("data"), Mapping) for task in tasks):
            raise MalformedRequest("The request's tasks are not objects with data.")
        if not tasks:
            return []
        if not hasattr(self, "label_interface"):
            raise MalformedRequest("The request has no labeling config.")
        learned = services.current().learned.of(str(self.project_id))
        if context is None:
            return [
                learned.apply(prediction) if prediction else prediction
                for prediction in self._read_pages(tasks, learned)
            ]
        # Drawn regions belong to the open task, the only one that Label Studio sends with them.
        return [learned.apply(self._read_drawn(task, context)) if not index else [] for index, task in enumerate(tasks)]

    def fit(self, event: str, data: Mapping[str, Any], **_: Any) -> None:
        """Handle an event of the project, which may start a training in the background.

        "Start Training" always queues a training. Other events only say that annotations have changed; the annotations
        to learn from are fetched from Label Studio's API.

        Raises:
            TrainingNotPossible: "Start Training" was pressed, and a setting that learning needs is missing.
        """
        trainings = services.current().trainings
        if event == "START_TRAINING":
            trainings.start(str(self.project_id))
        else:
            trainings.count(str(self.project_id), data.get("annotation"))

    def _read_pages(self, tasks: Sequence[Task], learned: ProjectLearning) -> list[Any]:
        """Read whole pages if the labeling config requests it; otherwise prefetch them, since boxes will follow."""
        label_config = self.label_interface.config
        wanted = []
        for task in tasks:
            try:
                labeling = LabelingConfig.parse(label_config, task["data"])
                if is_asked_for(labeling, task["data"]):
                    wanted.append(task)
                else:
                    self._prepare(task, labeling)
            except BoxOCRError as error:
                logger.info("Task %s cannot be read as a whole: %s (%s)", task.get("id"), error.message, error.code)
        read = dict(zip(map(id, wanted), services.current().batches.read(wanted, label_config, learned), strict=True))
        return [read.get(id(task)) or [] for task in tasks]

    def _prepare(self, task: Task, labeling: LabelingConfig) -> None:
        """Fetch the pages of an opened task in the background."""
        try:
            for image in labeling.images():
                for url in labeling.page_urls(image, task["data"]):
                    services.current().pages.prefetch(PageAddress(url, id_of(task), project_of(task)))
        except BoxOCRError as error:
            logger.debug("Task %s: nothing to prepare: %s", task.get("id"), error.message)

    def _read_drawn(self, task: Task, context: Mapping[str, Any]) -> Prediction:
        return interactive.answer(
            InteractiveRequest(task, context.get("result"), self.label_interface.config),
            project=str(self.project_id),
            model_version=str(self.model_version),
            services=services.current(),
        )
