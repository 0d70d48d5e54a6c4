"""Checks that annotators can draw boxes with a project's labeling config, and get their text."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from boxocr.diagnosis.report import Finding, failed, failure, passed, skipped
from boxocr.errors import BoxOCRError, LabelingConfigError
from boxocr.label_studio.client import Project, Task
from boxocr.labeling.attributes import drawing_type
from boxocr.labeling.config import LabelingConfig
from boxocr.labeling.tag import Tag
from boxocr.labeling.unused_attributes import unused_attributes
from boxocr.reading.types import ReadingOptions
from boxocr.settings.environment import Settings

CHECK = "labeling config"

# Drawing tags whose regions Label Studio sends to a backend, with and without labels of their own.
_ASKING = ("rectangle", "rectanglelabels", "keypoint", "keypointlabels")

# Attributes for which Label Studio accepts "true" and "false" only.
_SWITCHES = ("smart", "smartOnly", "perRegion")

# Names in a sentence; more would make it hard to read.
_MOST_NAMED = 8


@dataclass(frozen=True, slots=True)
class Fitness:
    """The result for a labeling config.

    Attributes:
        findings: problems, and which TextArea each tag and label fills.
        wanted: all reading options in the config, for the given tasks.
    """

    findings: tuple[Finding, ...]
    wanted: frozenset[ReadingOptions] = frozenset()


def judge(project: Project, tasks: Sequence[Task], settings: Settings) -> Fitness:
    """Check a project's labeling config.

    Args:
        project: with the labeling config.
        tasks: its first tasks, for values that come from their data.
        settings: of the server.
    """
    broken: tuple[Finding, ...] = ()
    try:
        config = LabelingConfig.parse(project.label_config, tasks[0].data if tasks else {})
        broken = tuple(_broken_switches(config))
        if not config.images():
            raise LabelingConfigError(
                "The labeling config has no Image.",
                'Add <Image name="image" value="$image"/>, with the column that holds the page.',
            )
        if not config.has_transcription():
            raise LabelingConfigError
        wanted = _reading_options(project, tasks, settings)
    except BoxOCRError as error:
        return Fitness((*broken, failure(CHECK, error)))
    return Fitness((*broken, *_findings(config)), wanted)


def _findings(config: LabelingConfig) -> Iterator[Finding]:
    for image in config.images():
        if any(image in field.tag.images for field in config.controls.text_areas):
            yield from _drawing(config, image)
            yield from _single_lines(config, image)
    for notice in unused_attributes(config.markup):
        # An attribute for another ML backend is not a problem.
        yield skipped(CHECK, notice.sentence) if notice.foreign else failed(CHECK, notice.message, notice.remedy)
    if sentence := _filling(config):
        yield passed(CHECK, sentence)


def _broken_switches(config: LabelingConfig) -> Iterator[Finding]:
    """Find values for which Label Studio shows an error instead of the task."""
    for tag in config.controls:
        for name in _SWITCHES:
            written = tag.attributes.get(name, "true")
            if written not in ("true", "false"):
                yield failed(
                    CHECK,
                    f'{name}="{written[:20]}" on {tag.name} keeps Label Studio from showing the tasks.',
                    f'Write {name}="true" or {name}="false".',
                )


def _drawing(config: LabelingConfig, image: str) -> Iterator[Finding]:
    """Find tags whose regions on an Image are never sent to this backend."""
    drawing = [tag for tag in config.controls if drawing_type(tag.kind) and image in tag.images]
    asking = [tag for tag in drawing if tag.kind in _ASKING]
    switched_off = [tag for tag in asking if tag.attributes.get("smart") == "false"]
    if not asking:
        yield failed(
            CHECK,
            f'Nothing draws boxes on the Image "{image}".',
            f'Add <RectangleLabels name="bbox" toName="{image}"> with a Label.',
        )
    elif switched_off == asking:
        yield failed(
            CHECK,
            f'What draws boxes on the Image "{image}" has smart="false", so Label Studio never asks this backend.',
            f'Remove smart="false" from {_listed([tag.name for tag in asking])}.',
        )
    else:
        for tag in switched_off:
            yield skipped(CHECK, f'Label Studio never asks for what {tag.name} draws, since it has smart="false".')
    if others := [tag.name for tag in drawing if tag.kind not in _ASKING]:
        draw = "draws" if len(others) == 1 else "draw"
        yield skipped(
            CHECK,
            f"Label Studio never asks for what {_listed(others)} {draw}: it asks for rectangles and keypoints only.",
        )


def _single_lines(config: LabelingConfig, image: str) -> Iterator[Finding]:
    filled = {name for _, where in _destinations(config, image) for name in where.values()}
    for field in config.controls.text_areas:
        tag = field.tag
        if image in tag.images and tag.name in filled and not tag.attributes.get("rows"):
            yield failed(
                CHECK,
                f'The TextArea "{tag.name}" has one line, where line breaks do not show and an edit loses them.',
                f'Add rows="3" to {tag.name}.',
            )


def _destinations(config: LabelingConfig, image: str) -> Iterator[tuple[Tag, dict[str | None, str | None]]]:
    """The TextArea for the regions of each tag, by label."""
    for tag in config.controls:
        if drawing_type(tag.kind) and image in tag.images:
            yield tag, config.controls.text_areas_by_label(image, tag)


def _filling(config: LabelingConfig) -> str:
    """A sentence about which TextArea each tag and label fills; empty if nothing is drawn."""
    images = config.images()
    filled: set[str | None] = set()
    sentences = []
    for image in images:
        for tag, where in _destinations(config, image):
            filled.update(where.values())
            place = f" on {image}" if len(images) > 1 else ""
            sentences.append(f"{tag.name}{place} fills {_by_label(where)}.")
    if not sentences:
        return ""
    if len(sentences) > _MOST_NAMED:
        sentences[_MOST_NAMED:] = [f"{len(sentences) - _MOST_NAMED} more tags do it likewise."]
    alone = [tag.name for tag in config.controls if tag.kind == "textarea" and tag.name not in filled]
    if alone:
        sentences.append(f"{_listed(alone)} {'is' if len(alone) == 1 else 'are'} left untouched.")
    return " ".join(sentences)


def _by_label(where: Mapping[str | None, str | None]) -> str:
    labels: dict[str | None, list[str]] = {}
    for label, name in where.items():
        labels.setdefault(name, []).append("no label" if label is None else label)
    if len(labels) == 1:
        return next(iter(labels)) or "nothing, since no TextArea shows for its regions"
    return _listed([f"{name or 'nothing'} for {_listed(of)}" for name, of in labels.items()], ", and ")


def _listed(names: Sequence[str], last: str = " and ") -> str:
    shown = list(names)
    if len(shown) > _MOST_NAMED:
        shown[_MOST_NAMED - 1 :] = [f"{len(shown) - _MOST_NAMED + 1} more"]
    return last.join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def _reading_options(project: Project, tasks: Sequence[Task], settings: Settings) -> frozenset[ReadingOptions]:
    """The reading options for each tag's regions, without a label and with each label.

    Raises:
        LabelingConfigError: any ``model_*`` attribute is invalid.
    """
    default = ReadingOptions(languages=settings.ocr_lang, engine=settings.ocr_engine)
    wanted = set()
    for data in [task.data for task in tasks] or [{}]:
        config = LabelingConfig.parse(project.label_config, data)
        for image in config.images():
            config.preannotation(image, data)
        labels = {label for tag in config.controls for label in tag.labels}
        for tag in config.controls:
            for image in tag.images if tag.kind in _ASKING else ():
                for chosen in ([], *([label] for label in sorted(labels))):
                    text_area = config.text_area(image, tag.name, chosen)
                    config.handling(data, text_area=text_area, control=tag.name, labels=chosen)
                    wanted.add(
                        config.reading_options(
                            data, default=default, text_area=text_area, control=tag.name, labels=chosen
                        )
                    )
    return frozenset(wanted)
