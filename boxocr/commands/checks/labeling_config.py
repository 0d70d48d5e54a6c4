"""Does a project's labeling config let annotators draw boxes and have them read?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from boxocr.commands.label_studio_api import Project, Task
from boxocr.commands.report import Finding, failed, failure, passed
from boxocr.errors import BoxOCRError, LabelingConfigError
from boxocr.labeling import LabelingConfig, Tag
from boxocr.reading import ReadingOptions
from boxocr.settings import Settings

CHECK = "labeling config"

# Tags whose regions Label Studio sends to a backend, with and without labels of their own.
_DRAWING = ("rectangle", "rectanglelabels", "keypoint", "keypointlabels")


@dataclass(frozen=True, slots=True)
class Fitness:
    """What became of a labeling config.

    Attributes:
        findings: about it; one that says that all is well, or those that do not.
        wanted: how the config lets regions be read, for the tasks that were looked at.
    """

    findings: tuple[Finding, ...]
    wanted: frozenset[ReadingOptions] = frozenset()


def judge(project: Project, tasks: Sequence[Task], settings: Settings) -> Fitness:
    """Look at a project's labeling config.

    Args:
        project: that it belongs to.
        tasks: its first; what a config takes from a task's data is looked at for these.
        settings: the server's.
    """
    try:
        config = LabelingConfig.parse(project.label_config, tasks[0].data if tasks else {})
        if not config.images():
            raise LabelingConfigError(
                "The labeling config has no Image.",
                'Add <Image name="image" value="$image"/>, with the column that holds the page.',
            )
        if not config.has_transcription():
            raise LabelingConfigError
        wanted = _reading_options(project, tasks, settings)
    except BoxOCRError as error:
        return Fitness((failure(CHECK, error),))
    problems = tuple(_problems(config))
    return Fitness(problems or (passed(CHECK, _praise(config)),), wanted)


def _problems(config: LabelingConfig) -> Iterator[Finding]:
    for image in config.images():
        texts = _text_areas(config, image)
        drawing = [tag for tag in config.controls if tag.kind in _DRAWING and image in tag.images]
        if not texts:
            continue
        if not drawing:
            yield failed(
                CHECK,
                f'Nothing draws boxes on the Image "{image}".',
                f'Add <RectangleLabels name="bbox" toName="{image}" smart="true"> with a Label.',
            )
        elif not any(tag.attributes.get("smart", "").lower() == "true" for tag in drawing):
            yield failed(
                CHECK,
                f'No tag that draws on the Image "{image}" is a smart tool, so Label Studio never asks this backend.',
                f'Add smart="true" to {drawing[0].name}.',
            )
        for text in texts:
            if not text.attributes.get("rows"):
                yield failed(
                    CHECK,
                    f'The TextArea "{text.name}" has one line, where line breaks do not show and an edit loses them.',
                    f'Add rows="3" to {text.name}.',
                )


def _text_areas(config: LabelingConfig, image: str) -> list[Tag]:
    return [tag for tag in config.controls.text_areas() if image in tag.images]


def _reading_options(project: Project, tasks: Sequence[Task], settings: Settings) -> frozenset[ReadingOptions]:
    """How each tag's regions would be read, without labels and with each of them.

    Raises:
        LabelingConfigError: a ``model_*`` attribute means nothing, be it about reading or not.
    """
    default = ReadingOptions(languages=settings.ocr_lang, engine=settings.ocr_engine)
    wanted = set()
    for data in [task.data for task in tasks] or [{}]:
        config = LabelingConfig.parse(project.label_config, data)
        for image in config.images():
            config.preannotation(image, data)
        labels = {label for tag in config.controls for label in tag.labels}
        for tag in config.controls:
            for image in tag.images if tag.kind in _DRAWING else ():
                for chosen in ([], *([label] for label in sorted(labels))):
                    text_area = config.text_area(image, tag.name, chosen)
                    config.handling(data, text_area=text_area, control=tag.name, labels=chosen)
                    wanted.add(
                        config.reading_options(
                            data, default=default, text_area=text_area, control=tag.name, labels=chosen
                        )
                    )
    return frozenset(wanted)


def _praise(config: LabelingConfig) -> str:
    images = [image for image in config.images() if _text_areas(config, image)]
    names = ", ".join(f"{text.name} on {image}" for image in images for text in _text_areas(config, image))
    return f"Boxes are drawn with a smart tool, and their text goes to {names}."
