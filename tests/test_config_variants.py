"""The ways in which a labeling config can be written: what Label Studio accepts, this server accepts and reads by.

``data/config_variants.json`` holds Label Studio's verdict on each, as it answered when a project was made with it;
``e2e/test_labeling_configs.py`` asks the real one again.
"""

import json
from typing import Any

import pytest

from boxocr.labeling.config import LabelingConfig
from tests.backend import Backend
from tests.conftest import DATA
from tests.payloads import drawn, one_box, texts

VARIANTS: dict[str, dict[str, Any]] = json.loads((DATA / "config_variants.json").read_text(encoding="utf-8"))

# Label Studio accepts these as well, but there is no TextArea in them that it could show for a region.
WITHOUT_FIELD = {"root image", "perregion 1", "empty view"}

# Older releases of Label Studio take an encoding in the declaration, and so do programs; 1.23.2 fails on it.
WITH_ENCODING = {
    *("decl utf8", "decl utf8 newline", "decl utf8 lower single", "decl utf8 standalone", "decl latin1"),
    *("decl utf8 umlaut", "decl cp1252 euro", "decl ascii umlaut", "decl utf16", "decl utf16le", "decl ucs4"),
    *("decl ebcdic", "decl unknown", "decl shift_jis", "decl koi8", "decl 1.1", "decl spaces in", "space decl enc"),
    *("nbsp decl enc", "repeater decl"),
}

# Label Studio keeps these out by rules about tags that do not matter here.
OTHER_RULES = {
    *("pi with names", "pi like a field", "lower toname", "duplicate names", "duplicate image"),
    *("same name control object", "duplicate names single quotes", "toname space", "toname list space"),
    *("textarea no name", "textarea no toname", "plain labels without label", "hypertext no name"),
    *("hypertext inline", "text no value", "image no name", "image both", "choices none", "choices no toname"),
    *("number no toname", "video bad speed"),
}


def test_the_verdicts_differ_only_where_there_is_a_reason() -> None:
    only_there = {name for name, one in VARIANTS.items() if one["label_studio"] and not one["boxocr"]}
    only_here = {name for name, one in VARIANTS.items() if one["boxocr"] and not one["label_studio"]}

    assert only_there == WITHOUT_FIELD
    assert only_here == WITH_ENCODING | OTHER_RULES


@pytest.mark.parametrize("name", VARIANTS)
def test_setup_gives_the_verdict(backend: Backend, name: str) -> None:
    answer = backend.post("/setup", {"project": "1.1", "schema": VARIANTS[name]["config"]})

    assert answer.status_code == (200 if VARIANTS[name]["boxocr"] else 400), answer.text
    if name in WITHOUT_FIELD:
        assert answer.reason.startswith("The labeling config has no TextArea for the text of a region.")


@pytest.mark.parametrize("name", [name for name, one in VARIANTS.items() if one["boxocr"]])
def test_a_box_is_read_by_a_config_that_is_accepted(backend: Backend, page_server: str, name: str) -> None:
    body = one_box(page_server) | {"label_config": VARIANTS[name]["config"]}
    (task,) = body["tasks"]
    page = task["data"]["ocr"]
    task["data"] = {"image": page, "images": [{"url": page}, {"url": page}]}
    if name.startswith(("repeater", "root repeater")):
        drawn(body)[0] |= {"from_name": "bbox_1", "to_name": "page_1"}

    (prediction,) = backend.predict(body)

    assert list(texts(prediction["result"]).values()) == ["Invoice 12345"]


@pytest.mark.parametrize("name", ["doctype", "doctype subset", "entity internal", "entity used", "entity external"])
def test_a_document_type_is_refused_with_its_remedy(backend: Backend, name: str) -> None:
    answer = backend.post("/setup", {"project": "1.1", "schema": VARIANTS[name]["config"]})

    assert answer.status_code == 400
    assert answer.reason == (
        "The labeling config has a document type, which Label Studio does not accept. Remove its <!DOCTYPE>."
    )


@pytest.mark.parametrize(
    "name", ["lower label", "label text", "label cdata", "namespace", "bom decl utf8", "decl utf8"]
)
def test_labels_keep_what_is_written_on_them(name: str) -> None:
    config = VARIANTS[name]["config"]
    marked = config.replace("<Label", '<Label model_lang="deu"').replace("<label", '<label model_lang="deu"')
    (labels,) = (tag.labels for tag in LabelingConfig.parse(marked, {}).controls if tag.kind == "rectanglelabels")

    assert [(label, dict(attributes)["model_lang"]) for label, attributes in labels.items()] == [("Text", "deu")]
