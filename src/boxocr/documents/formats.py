"""The formats that annotated pages can be exported in."""

from collections.abc import Mapping
from dataclasses import dataclass

from boxocr.documents import detection_formats as detection
from boxocr.documents import recognition_formats as recognition
from boxocr.documents.annotated import Writer
from boxocr.documents.splits import Shares

_TRAINING = Shares(80, 10, 10)


@dataclass(frozen=True, slots=True)
class Format:
    """An export format.

    Attributes:
        title: for the data card.
        writer: writes one set of pages.
        shares: of the sets, unless the user wants others.
        by_task: whether all pages of a task go to the same set.
        needs_all_pages: whether pages without regions are written too.
    """

    title: str
    writer: type[Writer]
    shares: Shares = _TRAINING
    by_task: bool = False
    needs_all_pages: bool = False


FORMATS: Mapping[str, Format] = {
    "paddleocr-rec": Format("PaddleOCR, recognition (rec_gt.txt)", recognition.PaddleRecognition),
    "tesstrain": Format("tesstrain, ground truth for Tesseract (.gt.txt)", recognition.Tesstrain),
    "imagefolder": Format("Hugging Face image folder (metadata.jsonl)", recognition.ImageFolder),
    "lmdb": Format("LMDB of deep-text-recognition-benchmark", recognition.Lmdb),
    "paddleocr-det": Format("PaddleOCR, detection (Label.txt)", detection.PaddleDetection),
    "icdar2015": Format("ICDAR 2015, detection", detection.Icdar2015),
    "coco-text": Format("COCO-Text and COCO, detection", detection.CocoText),
}
