"""Recognizer heads: the model's last layer, CTC, and training on lines of a Fraktur print."""

import itertools
import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from boxocr.errors import EngineNotUsable
from boxocr.learning.ctc import needed_steps, occupancies
from boxocr.learning.project_heads import learn_heads
from boxocr.learning.training import Line, start, train
from boxocr.learning.validation import Verdict, compare, folds, sign_test
from boxocr.reading.onnx import model_file
from boxocr.reading.recognition.ppocr import features_of
from boxocr.reading.recognition.trunk import Trunk, trunk_of, without_last_layer

DATA = Path(__file__).parents[2] / "bench" / "data" / "fraktur-1809"


@pytest.fixture(scope="module")
def trunk() -> Trunk:
    return trunk_of("eng", None, threads=1)


@cache
def fraktur(pages: int) -> list[tuple[str, str, np.ndarray]]:
    """Page, text and pixels of the lines of some pages."""
    found = []
    for page in json.loads((DATA / "lines.json").read_text(encoding="utf-8"))[:pages]:
        image, top = np.asarray(Image.open(DATA / f"{page['page']}.png").convert("L")), 0
        for line in page["lines"]:
            found.append((page["page"], line["text"], image[top : top + line["height"], : line["width"]]))
            top += line["height"]
    return found


@pytest.fixture(scope="module")
def lines(trunk: Trunk) -> list[Line]:
    found = []
    for page, text, pixels in fraktur(6):
        features = features_of(pixels, trunk)
        found.append(Line(features, text, page, baseline=trunk.base.read(features)))
    return found


# --- The model


def test_features_and_last_layer_give_the_models_own_probabilities(trunk: Trunk) -> None:
    import onnxruntime  # noqa: PLC0415 - after the skip in conftest, where it is missing

    session = onnxruntime.InferenceSession(model_file("rec"))
    blob = np.random.default_rng(1).uniform(-1, 1, (1, 3, 48, 320)).astype(np.float32)
    (own,) = session.run(None, {session.get_inputs()[0].name: blob})
    assert np.allclose(trunk.base.probabilities(trunk.run(blob)), own, atol=1e-4)


@pytest.mark.parametrize("model", [b"", b"\x3a\x00", b"\x3a\xff", b"not a model", b"\xff" * 40])
def test_another_model_is_refused(tmp_path: Path, model: bytes) -> None:
    (tmp_path / "model.onnx").write_bytes(model)
    with pytest.raises(EngineNotUsable, match="last layer cannot be replaced"):
        without_last_layer(tmp_path / "model.onnx")


# --- CTC


def test_occupancies_are_those_of_all_alignments() -> None:
    chance = np.random.default_rng(3)
    texts, steps, classes = [[1, 2], [2, 2], [1]], [4, 5, 2], 3
    probabilities = chance.dirichlet(np.ones(classes), (3, 5)).astype(np.float32)
    found = occupancies(probabilities, steps, texts)
    for row, (text, length) in enumerate(zip(texts, steps, strict=True)):
        expected = np.zeros((length, classes))
        for path in itertools.product(range(classes), repeat=length):
            collapsed = [one for one, _ in itertools.groupby(path) if one]
            if collapsed == text:
                expected[range(length), path] += np.prod(probabilities[row, range(length), path])
        assert found[row, :length] == pytest.approx(expected / expected[0].sum(), abs=1e-5)
        assert not found[row, length:].any()


@pytest.mark.parametrize(("text", "steps"), [([1], 1), ([1, 2, 3], 3), ([1, 1], 3), ([2, 2, 2, 1], 6)])
def test_steps_that_a_text_needs(text: list[int], steps: int) -> None:
    assert needed_steps(text) == steps


# --- Training


def test_fifty_lines_halve_the_errors_on_pages_that_were_not_seen(lines: list[Line], trunk: Trunk) -> None:
    held_out = {lines[-1].page}
    unseen, seen = [one for one in lines if one.page in held_out], [one for one in lines if one.page not in held_out]
    learned = learn_heads(seen[:50], trunk.base)
    assert learned.verdict.helps
    found = compare(unseen, learned.read)
    assert found.edits_after <= 0.5 * found.edits_before
    assert found.newly_wrong <= 1


def test_equal_runs_give_equal_heads_in_threads_too(lines: list[Line], trunk: Trunk) -> None:
    one, other = (learn_heads(lines[:50], trunk.base, threads=threads) for threads in (1, 2))
    assert one.verdict == other.verdict
    assert one.heads.keys() == other.heads.keys() == {one.label for one in lines[:50]}
    for label, head in one.heads.items():
        assert np.array_equal(head.weights, other.heads[label].weights)


def test_a_character_that_the_model_lacks_is_learned(lines: list[Line], trunk: Trunk) -> None:
    new = "\ue000"
    assert new not in trunk.base.characters
    renamed = [Line(one.features, one.text.replace("e", new), one.page) for one in lines[:30]]
    head = train(start(trunk.base, [new]), renamed)
    read = "".join(head.read(one.features) for one in renamed)
    wanted = sum(one.text.count(new) for one in renamed)
    assert read.count(new) > 0.9 * wanted


def test_lines_that_are_read_well_stay_as_they_are(lines: list[Line], trunk: Trunk) -> None:
    well_read = [Line(one.features, one.baseline, one.page, baseline=one.baseline) for one in lines]
    assert not learn_heads(well_read, trunk.base).heads


def test_texts_too_long_for_their_lines_are_left_out(lines: list[Line], trunk: Trunk) -> None:
    base = start(trunk.base, [])
    assert train(base, [Line(lines[0].features[:3], "too long", "1"), Line(lines[0].features, "", "1")]) is base


# --- Validation


def test_no_page_is_in_two_folds(lines: list[Line]) -> None:
    found = folds(lines)
    assert len(found) == 4
    assert sorted(place for fold in found for place in fold) == list(range(len(lines)))
    for one, other in itertools.combinations(found, 2):
        assert {lines[place].page for place in one}.isdisjoint(lines[place].page for place in other)


@pytest.mark.parametrize(("better", "worse", "expected"), [(5, 0, 1 / 32), (0, 0, 1.0), (1, 1, 0.75), (0, 3, 1.0)])
def test_sign_test(better: int, worse: int, expected: float) -> None:
    assert sign_test(better, worse) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("verdict", "helps"),
    [
        (Verdict(300, 240, 250, 110, 95, 11, 1, 14, 3, 3000), True),
        # As many farther as nearer, many newly wrong, few edits less, well read before.
        (Verdict(300, 240, 250, 110, 95, 23, 13, 24, 22, 3000), False),
        (Verdict(300, 240, 250, 110, 95, 23, 13, 60, 20, 3000), False),
        (Verdict(300, 240, 250, 110, 105, 11, 1, 14, 3, 3000), False),
        (Verdict(300, 290, 300, 10, 0, 10, 0, 10, 0, 3000), False),
        # One group of pages decides, another one is worse.
        (Verdict(300, 240, 250, 110, 95, 11, 1, 14, 3, 3000, worse_folds=1), False),
    ],
)
def test_what_is_learned_is_used_only_if_it_helps(verdict: Verdict, helps: bool) -> None:
    assert verdict.helps is helps


@pytest.mark.parametrize(
    ("verdict", "helps"),
    [
        # A handwriting: fewer right ones, and a third of the edits less.
        (Verdict(50, 13, 11, 552, 350, 1, 3, 29, 7, 1200, worse_folds=1), True),
        (Verdict(50, 13, 11, 552, 350, 1, 3, 29, 7, 1200, worse_folds=2), False),
        (Verdict(50, 16, 11, 552, 350, 1, 6, 29, 7, 1200), False),
        (Verdict(50, 25, 23, 552, 350, 1, 3, 29, 7, 1200, worse_folds=1), False),
        # A blurred page.
        (Verdict(20, 4, 5, 96, 61, 1, 0, 13, 0, 400), False),
        (Verdict(20, 2, 4, 59, 38, 2, 0, 10, 1, 400), True),
    ],
)
def test_where_fewer_lines_are_right_a_head_must_save_edits(verdict: Verdict, helps: bool) -> None:
    assert verdict.helps_to_recognize is helps
