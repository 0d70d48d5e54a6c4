"""Labeling configs that nobody should write: every one is taken or refused with a sentence, and in time."""

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boxocr.errors import LabelingConfigError
from boxocr.labeling.config import LabelingConfig
from tests.hardening.conftest import Front
from tests.hardening.json_values import ODD_TEXTS
from tests.hardening.test_requests import PREDICTS, as_bytes
from tests.payloads import payload

INSIDE = '<Image name="image" value="$ocr"/><TextArea name="text" toName="image" perRegion="true"/>'


def view(inside: str = INSIDE, *, before: str = "", after: str = "") -> str:
    return f"{before}<View>{inside}</View>{after}"


def entity(name: str, value: str) -> str:
    return f'<!ENTITY {name} "{value}">'


def tag(kind: str, attributes: dict[str, str]) -> str:
    written = [f'{name}="{value}"' for name, value in attributes.items()]
    return f"<{kind} {' '.join(written)}/>"


XINCLUDE = "http://www.w3.org/2001/XInclude"
NAMES = "abcdefghij"
LAUGHS = entity("a", "ha ha ha ha") + "".join(entity(NAMES[step], f"&{NAMES[step - 1]};" * 10) for step in range(1, 10))
MILLION_LAUGHS = f"<!DOCTYPE View [{LAUGHS}]>"
LONG_ENTITY = f"<!DOCTYPE View [{entity('a', 'a' * 100_000)}]>"
LABELS = '<Label value="a"/>' * 40_000
MISSPELT_LABEL = '<Label value="{0}" model_lang{0}="eng" model_lang="eng"/>'
MISSPELT_TAG = '<A{0} model_lang{0}="eng" modle_lang="eng"/>'
RECTANGLE = '<RectangleLabels name="r{0}" toName="image" model_fit="text"><Label value="L{0}"/></RectangleLabels>'
FIELD = (
    '<TextArea name="f{0}" toName="image" perRegion="true" whenTagName="r{0}" whenLabelValue="L{0}" model_fit="text"/>'
)
SPELLINGS = {
    "".join(letter.upper() if number >> place & 1 else letter for place, letter in enumerate("whenlabelvalue"))
    for number in range(1 << 14)
}

HOSTILE = {
    "entities that multiply": view("&j;" + INSIDE, before=MILLION_LAUGHS),
    "entities that multiply, in an attribute": view(INSIDE.replace("$ocr", "&j;"), before=MILLION_LAUGHS),
    "one long entity many times": view("&a;" * 5000 + INSIDE, before=LONG_ENTITY),
    "an entity from a file": view(
        INSIDE.replace("$ocr", "&a;"), before='<!DOCTYPE View [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
    ),
    "an entity from the network": view("&a;", before='<!DOCTYPE View [<!ENTITY a SYSTEM "http://127.0.0.1:1/">]>'),
    "a document type from a file": view(before='<!DOCTYPE View SYSTEM "file:///etc/hostname">'),
    "an inclusion": view(
        '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/hostname"/>' + INSIDE
    ),
    "a style sheet": view(before='<?xml-stylesheet href="file:///etc/hostname"?>'),
    "deep": view("<View>" * 100_000 + INSIDE + "</View>" * 100_000),
    "deep and open": "<View>" * 100_000,
    "deep repeaters": view('<Repeater on="$pages">' * 200 + INSIDE + "</Repeater>" * 200),
    "repeaters that multiply": view('<Repeater on="$pages"><View>' * 6 + INSIDE + "</View></Repeater>" * 6),
    "many repeaters": view('<View a="b"/>' * 20_000 + '<Repeater on="$none"/>' * 20_000 + INSIDE),
    "many labels": view(f'<Labels name="l" toName="image">{LABELS}</Labels>{INSIDE}'),
    "many attributes": view(tag("View", {f"a{number}": "b" for number in range(60_000)}) + INSIDE),
    "many labels with attributes that have no effect": view(
        f'<Labels name="l" toName="image">{"".join(map(MISSPELT_LABEL.format, range(15_000)))}</Labels>{INSIDE}'
    ),
    "many misspelt attributes": view(
        tag("View", {f"model_{number}": "b" for number in range(30_000)})
        + "".join(map(MISSPELT_TAG.format, range(10_000)))
    ),
    "many tags, fields and labels": view(
        "".join(map(RECTANGLE.format, range(3000))) + "".join(map(FIELD.format, range(3000))) + INSIDE
    ),
    "many spellings of one attribute": view(tag("View", dict.fromkeys(SPELLINGS, "b")) + INSIDE),
    "longer than is taken": view("<!--" + "a" * 1_000_000 + "-->" + INSIDE),
    "the same name twice": view(INSIDE + INSIDE),
    "no names": view('<Image value="$ocr"/><TextArea toName="image" perRegion="true"/>'),
    "names that are not there": view('<RectangleLabels name="a" toName="b,c"/>' + INSIDE),
    "a tag called like a class": view('<__init__ name="a" toName="image"/><Object name="b"/>' + INSIDE),
    "another encoding": view(before='<?xml version="1.0" encoding="utf-16"?>'),
    "a name space": '<View xmlns="urn:x"><Image name="image" value="$ocr"/></View>',
    "a value without end": view(INSIDE.replace("$ocr", "$" * 100_000)),
    "a path without end": view(INSIDE.replace("$ocr", "$pages" + "[0]" * 50_000)),
    "a number without end": view(INSIDE.replace("$ocr", f"$pages[{'9' * 5000}]")),
    "a mode without end": view(INSIDE.replace("/>", ' model_psm="' + "9" * 5000 + '"/>')),
    "languages that are paths": view(INSIDE.replace("/>", ' model_lang="../../etc/passwd"/>')),
    "many languages": view(INSIDE.replace("/>", ' model_lang="' + "eng+" * 20_000 + 'eng"/>')),
    "many characters": view(INSIDE.replace("/>", ' model_charset="' + "abc&#34;" * 20_000 + '"/>')),
    "an engine that is code": view(INSIDE.replace("/>", ' model_engine="os:system"/>')),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_config_is_taken_or_refused_soon(front: Front, page_server: str, name: str) -> None:
    body = payload("one-box", page_server) | {"label_config": HOSTILE[name]}
    body["tasks"][0]["data"] |= {"pages": [f"{page_server}/pages/a.png"] * 20}

    began = time.perf_counter()
    set_up, _ = front.post("/setup", as_bytes({"project": "1.1", "schema": HOSTILE[name]}))
    drawn, answer = front.post("/predict", as_bytes(body))
    seconds = time.perf_counter() - began

    assert {set_up, drawn} <= {200, 400}
    assert seconds < 10
    assert "root:" not in str(answer)
    assert "127.0.0.1:1/" not in str(answer)


@settings(max_examples=200)
@given(data=st.data())
def test_a_spoiled_config_is_taken_or_refused(front: Front, page_server: str, data: st.DataObject) -> None:
    body = payload(data.draw(st.sampled_from(PREDICTS)), page_server)
    written: str = body["label_config"]
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(written)))
        end = min(len(written), start + data.draw(st.integers(0, 30)))
        instead = data.draw(
            st.sampled_from(ODD_TEXTS)
            | st.text(alphabet='<>/="$&;[]{}$x ', max_size=10)
            | st.sampled_from([written[start:end] * 2, "<Repeater on='$ocr'>", "</Repeater>", 'perRegion="true"'])
        )
        written = written[:start] + instead + written[end:]
    body["label_config"] = written

    set_up, _ = front.post("/setup", as_bytes({"project": "1.1", "schema": written}))
    drawn, _ = front.post("/predict", as_bytes(body))

    assert {set_up, drawn} <= {200, 400}


@settings(max_examples=200)
@given(inside=st.recursive(
    st.builds(
        tag,
        st.sampled_from(["Image", "TextArea", "RectangleLabels", "Rectangle", "Labels", "Label", "Choices", "Video"]),
        st.dictionaries(
            st.sampled_from(["name", "toName", "value", "valueList", "perRegion", "model_lang", "whenTagName", "on"]),
            st.sampled_from(["a", "b", "a,b", "$a", "$a.b[0]", "true", "", "{{idx}}", "$a[{{idx}}]", "eng"]),
            max_size=5,
        ),
    ),
    lambda inner: st.builds(
        lambda kind, children: f'<{kind} on="$a" name="b">{"".join(children)}</{kind}>',
        st.sampled_from(["View", "Repeater", "RectangleLabels", "Labels"]),
        st.lists(inner, max_size=4),
    ),
    max_leaves=12,
))  # fmt: skip
def test_any_tree_of_tags_is_understood_or_refused(inside: str) -> None:
    data: dict[str, Any] = {"a": ["x", {"b": ["y"]}], "b": 3}
    try:
        config = LabelingConfig.parse(view(inside), data)
    except LabelingConfigError:
        return
    config.has_transcription()
    for image in config.images():
        config.text_area(image, "b", ["a"])
