"""``boxocr doctor`` names the cause and the remedy where a project's boxes would not be read."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.backend import ROOT
from tests.commands.conftest import Run
from tests.commands.label_studio_api import BOXES, ApiStandIn
from tests.servers.s3 import ACCESS_KEY, SECRET_KEY, s3_server


def test_a_missing_language(boxocr: Run) -> None:
    done = boxocr("doctor", OCR_ENGINE="tesseract", OCR_LANG="eng+tlh")
    assert done.code == 1
    assert done.says("✗ engine: The OCR language tlh is not installed")
    assert done.says("Install Debian's package tesseract-ocr-tlh")


def test_a_missing_language_of_the_labeling_config(boxocr: Run, studio: ApiStandIn) -> None:
    config = BOXES.replace("<TextArea ", '<TextArea model_lang="tlh" ')
    done = boxocr("doctor", "--project", studio.add_project(config), OCR_ENGINE="tesseract")
    assert done.says("✗ engine: The labeling config asks for tlh: The OCR language tlh is not installed")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda config: config.replace('perRegion="true"', ""),
            "The labeling config has no TextArea for the text of a",
        ),
        (
            lambda config: config.replace('smart="true"', 'smart="false"'),
            'has smart="false", so Label Studio never asks this backend. → Remove smart="false" from bbox.',
        ),
        (
            lambda config: config.replace('smart="true"', 'smart="false" smartOnly="true"'),
            '→ Remove smart="false" from bbox.',
        ),
        (
            lambda config: config.replace('smart="true"', 'smart="False"'),
            'smart="False" on bbox keeps Label Studio from showing the tasks. → Write smart="true" or smart="false".',
        ),
        (
            lambda config: config.replace('perRegion="true"', 'perRegion="1"'),
            'perRegion="1" on transcription keeps Label Studio from showing the tasks.',
        ),
        (
            lambda config: config.replace("<Label ", '<Label model_langs="deu" '),
            'model_langs on the Label "Text" is not an attribute of BoxOCR, so it has no effect. → Write model_lang.',
        ),
        (
            lambda config: config.replace("<Image ", '<Image model_lang="deu" '),
            'model_lang on the Image "image" has no effect there. → Valid places are: TextArea, drawing tag, Label.',
        ),
        (
            lambda config: config.replace("<TextArea ", '<TextArea model_fill="no" '),
            'model_fill="no" is not a valid value.',
        ),
        (lambda config: config.replace(' rows="3"', ""), 'Add rows="3" to transcription.'),
        (lambda config: config.replace("<TextArea ", '<TextArea model_psm="99" '), 'model_psm="99" is not a page'),
        (lambda config: config.replace("<Label ", '<Label model_psm="0" '), 'model_psm="0" is not a page segmentation'),
        (
            lambda config: config.replace("<Label ", '<Label model_split="rows" '),
            'model_split="rows" is not a valid value. ',
        ),
        (
            lambda config: config.replace("<TextArea ", '<TextArea model_preannotate="all" '),
            'model_preannotate="all" is not',
        ),
        (lambda config: config.replace("RectangleLabels", "BrushLabels"), 'Nothing draws boxes on the Image "image".'),
    ],
    ids=[
        "no per-region TextArea",
        "no smart tool",
        "smart tools only, and none",
        "a switch with another word",
        "a field with another word",
        "a misspelt attribute",
        "an attribute without effect",
        "a field that is to be filled or not",
        "no rows",
        "bad mode",
        "bad mode on a Label",
        "bad split on a Label",
        "bad level",
        "no rectangle",
    ],
)
def test_a_labeling_config_that_does_not_fit(
    boxocr: Run, studio: ApiStandIn, change: Callable[[str], str], sentence: str
) -> None:
    done = boxocr("doctor", "--project", studio.add_project(change(BOXES)))
    assert done.code == 1
    assert done.says("✗ labeling config: ")
    assert done.says(sentence)


NOTHING_WRONG = "\N{EN DASH} labeling config: "

COMMENT = '<TextArea name="comment" toName="image" perRegion="true" {}/>'


def with_field(more: str = "") -> str:
    """The config with another TextArea for regions before the one that it has."""
    return BOXES.replace("<TextArea ", COMMENT.format(more) + "<TextArea ")


TWO_IMAGES = (
    '<View><Image name="left" value="$image"/><Image name="right" value="$image"/>'
    '<RectangleLabels name="boxes" toName="left"><Label value="A"/></RectangleLabels>'
    '<Rectangle name="others" toName="right"/><Polygon name="shapes" toName="right"/>'
    '<TextArea name="left_text" toName="left" perRegion="true" rows="2"/>'
    '<TextArea name="right_text" toName="right" perRegion="true" rows="2"/></View>'
)
BY_LABEL = (
    '<View><Image name="image" value="$image"/><Labels name="kind" toName="image"><Label value="Name"/>'
    '<Label value="Number"/><Label value="Stamp"/></Labels><Rectangle name="box" toName="image"/>'
    '<TextArea name="digits" toName="image" perRegion="true" rows="1" whenLabelValue="Number"/>'
    '<TextArea name="words" toName="image" perRegion="true" rows="2" whenLabelValue="Name"/></View>'
)


@pytest.mark.parametrize(
    ("config", "found"),
    [
        (BOXES, "✓ labeling config: bbox fills transcription. "),
        (BOXES.replace(' smart="true"', ""), "✓ labeling config: bbox fills transcription. "),
        (
            BOXES.replace('smart="true"', 'smartOnly="true"'),
            "✓ labeling config: bbox fills transcription. ",
        ),
        (with_field(), "✓ labeling config: bbox fills transcription. comment is left untouched. "),
        (with_field('model_fill="true" rows="2"'), "bbox fills comment. transcription is left untouched. "),
        (
            with_field().replace("<View>", '<View><TextArea name="page" toName="image"/>'),
            "bbox fills transcription. page and comment are left untouched. ",
        ),
        (TWO_IMAGES, "boxes on left fills left_text. others on right fills right_text. shapes on right fills right_"),
        (
            TWO_IMAGES,
            NOTHING_WRONG + "Label Studio never asks for what shapes draws: it asks for rectangles and key",
        ),
        (
            BY_LABEL,
            "✓ labeling config: box fills words for Name, digits for Number, and nothing for Stamp and no label. ",
        ),
        (
            TWO_IMAGES.replace('<Polygon name="shapes"', '<KeyPoint name="shapes" smart="false"'),
            NOTHING_WRONG + 'Label Studio never asks for what shapes draws, since it has smart="false".',
        ),
        (
            BOXES.replace("<RectangleLabels ", '<RectangleLabels model_score_threshold="0.5" '),
            NOTHING_WRONG + "model_score_threshold on the RectangleLabels",
        ),
    ],
    ids=[
        "one field",
        "no smart",
        "smart tools only",
        "a comment",
        "a comment to be filled",
        "two fields left alone",
        "two images",
        "a shape that is not asked for",
        "by label",
        "a tool that is switched off",
        "another backend's attribute",
    ],
)
def test_which_field_is_filled_with_what_is_drawn(boxocr: Run, studio: ApiStandIn, config: str, found: str) -> None:
    done = boxocr("doctor", "--project", studio.add_project(config))
    assert done.says(found), done.output
    assert not done.says("✗ labeling config: ")


def test_a_page_that_cannot_be_read(boxocr: Run, studio: ApiStandIn) -> None:
    number = studio.add_project(BOXES, {"image": "/data/upload/1/gone.png"}, {"image": "/data/upload/1/gone.png"})
    done = boxocr("doctor", "--project", number)
    assert done.code == 1
    assert done.says("✗ pages: uploads: 2 of 2 cannot be read. Task 1: Label Studio has no such upload")


def test_a_page_on_a_private_host(boxocr: Run, studio: ApiStandIn, page_server: str) -> None:
    done = boxocr("doctor", "--project", studio.add_project(BOXES, {"image": f"{page_server}/pages/a.png"}))
    assert done.says("✗ pages: web pages of 127.0.0.1: cannot be read. Task 1:")
    assert done.says("add 127.0.0.1 to ALLOWED_IMAGE_HOSTS")


def test_pages_whose_addresses_have_a_name_that_is_not_known(boxocr: Run, studio: ApiStandIn) -> None:
    studio.uploads["1/a.png"] = page = (ROOT / "examples" / "pages" / "receipt.png").read_bytes()
    studio.local_files["a.png"] = page
    known, unknown = "http://studio:8080", "http://10.0.0.7:8080/label-studio"
    paths = ("/data/upload/1/a.png", "/data/local-files/?d=a.png")
    number = studio.add_project(BOXES, *({"image": name + path} for name in ("", known, unknown) for path in paths))
    done = boxocr("doctor", "--project", number, LABEL_STUDIO_URL=f"{studio.url},{known}")
    assert done.code == 1
    for place in ("", " at studio:8080"):
        assert done.says(f"✓ pages: uploads{place}: 1 of 1 read")
        assert done.says(f"✓ pages: local files{place}: 1 of 1 read")
    for kind, task in (("uploads", 5), ("local files", 6)):
        assert done.says(
            f"✗ pages: {kind} at 10.0.0.7:8080: cannot be read. Task {task}: The page is on 10.0.0.7, a private "
            f"host that this server is not allowed to contact. → If {unknown} is another name of Label Studio, add it "
            "to LABEL_STUDIO_HOST after a comma. If this is intended, add 10.0.0.7 to ALLOWED_IMAGE_HOSTS."
        )


def test_the_name_that_label_studio_was_given_is_known(boxocr: Run, studio: ApiStandIn) -> None:
    studio.local_files["a.png"] = (ROOT / "examples" / "pages" / "receipt.png").read_bytes()
    studio.own_name = "https://studio.example.com/annotate"
    number = studio.add_project(BOXES, {"image": f"{studio.own_name}/data/local-files/?d=a.png"})
    assert boxocr("doctor", "--project", number).says("✓ pages: local files at studio.example.com: 1 of 1 read")


def test_local_files_that_label_studio_does_not_serve(boxocr: Run, studio: ApiStandIn) -> None:
    studio.serves_local_files = False
    done = boxocr("doctor", "--project", studio.add_project(BOXES, {"image": "/data/local-files/?d=a.png"}))
    assert done.code == 1
    assert done.says(
        "✗ pages: local files: cannot be read. Task 1: Label Studio does not serve local files: "
        "LOCAL_FILES_SERVING_ENABLED is off there (HTTP 403). → Start Label Studio with "
        "LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true and with the folder in LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT."
    )
    assert done.says("✓ token: ")


def test_a_task_without_a_page(boxocr: Run, studio: ApiStandIn) -> None:
    done = boxocr("doctor", "--project", studio.add_project(BOXES, {"picture": "x"}))
    assert done.says(
        '✗ pages: tasks without a page: cannot be read. Task 1: The task has no image address under "$image"'
    )


def test_a_project_that_does_not_exist(boxocr: Run) -> None:
    done = boxocr("doctor", "--project", 77)
    assert done.says("✗ project: Label Studio has no such project, or does not show it to the owner of this server's")


def test_s3_keys_and_buckets(boxocr: Run, studio: ApiStandIn, tmp_path: Path) -> None:
    studio.add_project()
    studio.buckets[1] = ["pages"]
    studio.buckets[2] = ["nowhere"]
    studio.add_project()
    page = (ROOT / "examples" / "pages" / "receipt.png").read_bytes()
    with s3_server(tmp_path) as s3:
        third = studio.add_project(BOXES, {"image": s3.put("receipt.png", page)})
        keys = {"AWS_ENDPOINT": s3.url, "AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
        assert boxocr("doctor", **keys).says(f"✓ S3: {s3.url} accepts the keys.")
        assert boxocr("doctor", "--project", 1, **keys).says(
            "✓ S3: " + s3.url + " accepts the keys, and the bucket pages"
        )
        assert boxocr("doctor", "--project", 2, **keys).says("✗ S3: S3 has no bucket nowhere.")
        assert boxocr("doctor", "--project", third, **keys).says("✓ pages: s3://pages: 1 of 1 read")

        with_password = boxocr("doctor", **{**keys, "AWS_ENDPOINT": s3.url.replace("//", "//someone:pass-in-url@")})
        assert with_password.says(f"✓ S3: {s3.url} accepts the keys."), with_password.output

        wrong_key = boxocr("doctor", **{**keys, "AWS_SECRET_ACCESS_KEY": "a wrong secret"})
        assert wrong_key.code == 1
        assert wrong_key.says("✗ S3: S3 refused this server's keys (SignatureDoesNotMatch).")
        assert wrong_key.says("Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.")
        assert boxocr("doctor", **{**keys, "AWS_ACCESS_KEY_ID": "nobody"}).says("keys (InvalidAccessKeyId).")
    assert boxocr("doctor", **keys).says("✗ S3: S3 could not be reached")


def test_a_labeling_config_without_smart_tools_is_well(boxocr: Run, studio: ApiStandIn) -> None:
    done = boxocr("doctor", "--project", studio.add_project(BOXES.replace(' smart="true"', "")))
    assert done.says("✓ labeling config: bbox fills transcription.")


def test_doctor_says_which_text_area_is_filled(boxocr: Run, studio: ApiStandIn) -> None:
    comment = '<TextArea name="comment" toName="image" perRegion="true" editable="true" rows="3"/><TextArea '
    done = boxocr("doctor", "--project", studio.add_project(BOXES.replace("<TextArea ", comment, 1)))
    assert done.says("✓ labeling config: bbox fills transcription. comment is left untouched.")
