"""The formats that annotated pages can be exported in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from boxocr.documents import alto, page_xml, texts
from boxocr.documents import detection_formats as detection
from boxocr.documents import recognition_formats as recognition
from boxocr.documents.page_files import Funsd, PageFiles, as_hocr
from boxocr.documents.searchable_pdf import SearchablePdf
from boxocr.documents.splits import Shares
from boxocr.documents.writer import Writer

_TRAINING = Shares(80, 10, 10)

_HOCR = partial(PageFiles, suffix=".html", as_text=as_hocr, with_empty=False)
_ALTO = partial(PageFiles, suffix=".xml", as_text=alto.document, with_empty=True)
_PAGE_XML = partial(PageFiles, suffix=".xml", as_text=page_xml.document, with_empty=True)


@dataclass(frozen=True, slots=True)
class Format:
    """An export format.

    Attributes:
        title: for the data card.
        writer: makes the writer for one set of pages, given an existing, empty folder.
        shares: of the sets, unless the user wants others.
        by_task: whether all pages of a task go to the same set.
        needs_all_pages: whether pages without regions are written too.
    """

    title: str
    writer: Callable[[Path], Writer]
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
    "funsd": Format("FUNSD", Funsd),
    "hocr": Format("hOCR", _HOCR, Shares(), needs_all_pages=True),
    "alto": Format("ALTO 4.4", _ALTO, Shares(), needs_all_pages=True),
    "page": Format("PAGE XML 2019-07-15", _PAGE_XML, Shares(), needs_all_pages=True),
    "pdf": Format("Searchable PDF", SearchablePdf, Shares(), by_task=True, needs_all_pages=True),
    "text": Format("Plain text", texts.PlainText, Shares(), by_task=True, needs_all_pages=True),
    "csv": Format("CSV", texts.Tables, Shares(), by_task=True),
}
