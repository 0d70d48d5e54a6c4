"""What a labeling config says about regions, pages and reading."""

from dataclasses import replace
from typing import Any

import pytest

from boxocr.errors import LabelingConfigError, PageAddressError
from boxocr.labeling.config import LabelingConfig
from boxocr.reading.types import ReadingOptions


def config(body: str, data: dict[str, Any] | None = None) -> LabelingConfig:
    return LabelingConfig.parse(f"<View>{body}</View>", data or {})


IMAGE = '<Image name="image" value="$ocr"/>'
DEFAULT = ReadingOptions(languages="eng", engine="mine.engines:Mine")
TEXT = '<TextArea name="text" toName="image" perRegion="true"/>'
BOXES = '<RectangleLabels name="box" toName="image"><Label value="A"/><Label value="B"/></RectangleLabels>'


def test_a_text_area_for_the_page_is_not_one_for_regions() -> None:
    comment = '<TextArea name="comment" toName="image"/>'
    assert config(IMAGE + BOXES + comment).text_area("image", "box", ["A"]) is None
    assert (
        config('<TextArea name="comment" toName="image"/>' + IMAGE + BOXES + TEXT).text_area("image", "box", [])
        == "text"
    )


def test_a_text_area_belongs_to_its_image() -> None:
    labeling = config(
        '<Image name="left" value="$a"/><Image name="right" value="$b"/>'
        '<TextArea name="ltext" toName="left" perRegion="true"/>'
        '<TextArea name="rtext" toName="right" perRegion="true"/>'
    )

    assert labeling.text_area("right", "box", []) == "rtext"
    assert labeling.images() == ["left", "right"]


@pytest.mark.parametrize(
    ("labels", "control", "expected"),
    [(["A"], "box", "only_a"), (["B"], "box", "text"), (["B"], "poly", "only_poly"), ([], "box", "text")],
)
def test_a_text_area_for_certain_labels_or_tags_goes_before_one_for_all(
    labels: list[str], control: str, expected: str
) -> None:
    labeling = config(
        IMAGE + BOXES + TEXT
        + '<TextArea name="only_a" toName="image" perRegion="true" whenTagName="box" whenLabelValue="A"/>'
        + '<TextArea name="only_poly" toName="image" perRegion="true" whenTagName="poly,other"/>'
    )  # fmt: skip

    assert labeling.text_area("image", control, labels) == expected


def test_a_region_whose_label_has_no_text_area_gets_none() -> None:
    labeling = config(IMAGE + BOXES + '<TextArea name="t" toName="image" perRegion="true" whenLabelValue="A"/>')

    assert labeling.text_area("image", "box", ["B"]) is None


@pytest.mark.parametrize(
    ("value", "data", "urls"),
    [
        ("$ocr", {"ocr": "a.png"}, ["a.png"]),
        ("$ocr", {"$undefined$": "a.png"}, ["a.png"]),
        ("$undefined$", {"$undefined$": "a.png"}, ["a.png"]),
        ("$page.url", {"page": {"url": "a.png"}}, ["a.png"]),
        ("$page.url", {"page.url": "a.png"}, ["a.png"]),
        ("$pages[1].url", {"pages": [{"url": "a.png"}, {"url": "b.png"}]}, ["b.png"]),
        ("http://host/$name", {"name": "a.png"}, ["http://host/a.png"]),
        ("http://host/a.png", {}, ["http://host/a.png"]),
    ],
)
def test_the_page_is_where_the_task_says(value: str, data: dict[str, Any], urls: list[str]) -> None:
    assert config(f'<Image name="image" value="{value}"/>').page_urls("image", data) == urls


def test_a_value_list_has_a_page_for_each_entry() -> None:
    labeling = config('<Image name="image" valueList="$pages"/>')

    assert labeling.page_urls("image", {"pages": ["a.png", "b.png"]}) == ["a.png", "b.png"]


@pytest.mark.parametrize("data", [{}, {"ocr": ""}, {"ocr": None}, {"ocr": 7}, {"ocr": []}, {"ocr": ["a", 7]}])
def test_a_task_without_the_page_is_one_sentence(data: dict[str, Any]) -> None:
    with pytest.raises(PageAddressError, match=r'^The task has no image address under "\$ocr"'):
        config(IMAGE).page_urls("image", data)


def test_a_repeater_is_written_out_for_the_task() -> None:
    labeling = config(
        '<Repeater on="$images" indexFlag="{{idx}}"><Image name="page_{{idx}}" value="$images[{{idx}}].url"/>'
        '<TextArea name="text_{{idx}}" toName="page_{{idx}}" perRegion="true"/></Repeater>',
        {"images": [{"url": "a.png"}, {"url": "b.png"}]},
    )

    assert labeling.images() == ["page_0", "page_1"]
    assert labeling.text_area("page_1", "box", []) == "text_1"
    assert labeling.page_urls("page_1", {"images": [{"url": "a.png"}, {"url": "b.png"}]}) == ["b.png"]


def test_a_config_may_consist_of_a_repeater() -> None:
    written = '<Repeater on="$pages"><Image name="p{{idx}}" value="$pages[{{idx}}]"/></Repeater>'

    assert LabelingConfig.parse(written, {"pages": ["a.png", "b.png"]}).images() == ["p0", "p1"]
    assert LabelingConfig.parse(written, {}).images() == []


def test_a_repeater_over_very_many_entries_is_refused() -> None:
    with pytest.raises(LabelingConfigError, match="too many pages"):
        config(
            '<Repeater on="$images"><Image name="p{{idx}}" value="$images[{{idx}}]"/></Repeater>',
            {"images": [""] * 2001},
        )


def test_the_innermost_attribute_says_how_to_read() -> None:
    labeling = config(
        IMAGE
        + '<TextArea name="text" toName="image" perRegion="true" model_lang="deu" model_psm="7" model_charset="abc"/>'
        + '<RectangleLabels name="box" toName="image" model_lang="fra"><Label value="A"/>'
        + '<Label value="B" model_lang="$language" model_charset="0123456789"/></RectangleLabels>'
    )

    def options(label: str, data: dict[str, Any]) -> ReadingOptions:
        return labeling.reading_options(data, default=DEFAULT, text_area="text", control="box", labels=[label])

    assert options("A", {}) == replace(DEFAULT, languages="fra", psm=7, charset="abc")
    assert options("B", {"language": "ces + deu"}) == replace(DEFAULT, languages="ces+deu", psm=7, charset="0123456789")
    assert options("B", {}) == replace(DEFAULT, languages="fra", psm=7, charset="0123456789")


def test_labels_beside_the_rectangle_say_how_to_read_too() -> None:
    labeling = config(
        IMAGE + TEXT + '<Labels name="label" toName="image"><Label value="Number" model_charset="0123456789"/></Labels>'
        '<Rectangle name="box" toName="image" model_lang="deu"/>'
    )

    assert labeling.reading_options({}, default=DEFAULT, text_area="text", control="box", labels=["Number"]) == replace(
        DEFAULT, languages="deu", charset="0123456789"
    )


@pytest.mark.parametrize("mode", ["14", "0", "2", "six", "-1", "²"])
def test_a_mode_that_reads_nothing_is_refused(mode: str) -> None:
    labeling = config(IMAGE + f'<TextArea name="text" toName="image" perRegion="true" model_psm="{mode}"/>')

    with pytest.raises(LabelingConfigError, match="is not a page segmentation mode"):
        labeling.reading_options({}, default=DEFAULT, text_area="text", control="box", labels=[])


@pytest.mark.parametrize("broken", ["", "<View", "no xml", "<View><Repeater></View>"])
def test_a_config_that_is_none_is_one_sentence(broken: str) -> None:
    with pytest.raises(LabelingConfigError):
        LabelingConfig.parse(broken, {})


def test_entities_in_a_config_are_not_followed() -> None:
    leaking = (
        '<!DOCTYPE View [<!ENTITY leak SYSTEM "file:///etc/hostname">]>'
        '<View><Repeater on="$images"><Image name="&leak;" value="$ocr"/></Repeater></View>'
    )

    with pytest.raises(LabelingConfigError):
        LabelingConfig.parse(leaking, {"images": [1]})


@pytest.mark.parametrize("engine", ["auto", "tesseract", "pytesseract", "ppocr", "mine.engines:Mine"])
def test_a_config_chooses_among_the_servers_engines(engine: str) -> None:
    labeling = config(IMAGE + f'<TextArea name="text" toName="image" perRegion="true" model_engine="{engine}"/>')

    options = labeling.reading_options({}, default=DEFAULT, text_area="text", control="box", labels=[])

    assert options.engine == engine


@pytest.mark.parametrize("engine", ["os:system", "mine.engines:Other", "mine.engines"])
def test_a_config_cannot_make_the_server_load_code(engine: str) -> None:
    labeling = config(IMAGE + f'<TextArea name="text" toName="image" perRegion="true" model_engine="{engine}"/>')

    with pytest.raises(LabelingConfigError, match="is not an engine that a project may choose"):
        labeling.reading_options({}, default=DEFAULT, text_area="text", control="box", labels=[])
