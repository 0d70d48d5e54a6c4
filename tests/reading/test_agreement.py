"""Accents, spaces and figures of one engine's reading in another's."""

import pytest

from boxocr.reading.recognition import RecognizedLine
from boxocr.reading.scoring import better
from boxocr.reading.whole_page import Piece


def line(text: str, engine: str, confidence: float) -> RecognizedLine:
    words = [Piece(word, confidence, 100.0 * at, 0.0, 90.0, 30.0) for at, word in enumerate(text.split())]
    return RecognizedLine(tuple(words), confidence, engine)


@pytest.mark.parametrize(
    ("tesseract", "ppocr", "expected"),
    [
        (
            "le laisser en téte à tête avec lui",
            "le laisser en tete à tete avec lui",
            "le laisser en tête à tête avec lui",
        ),
        ("il eut me\u0302me cela", "il eut meme cela", "il eut même cela"),
        ("il eut même cela", "il eut meme cela", "il eut même cela"),
        ("l'entoilage dé ses collections", "l'entoilage de ses collections", "l'entoilage de ses collections"),
        ("la meme et la même page", "la meme et la même page", "la meme et la même page"),
        ("Monsieur DOUCET, Willie", "Monsieur DOUCET,Willie", "Monsieur DOUCET, Willie"),
        # Several spaces, next to a character that Tesseract misreads too.
        ("葵特內 奈及利亞 第7章", "蒙特內奈及利亞第7章", "蒙特內 奈及利亞 第7章"),
        ("オック語, ヘブライ語", "オック語,ヘブライ語", "オック語, ヘブライ語"),
        ("年金は、 安心の 2 年", "年金は、安心の2年", "年金は、安心の 2 年"),
        ("somme de 3, 50 francs", "somme de 3,50 Francs", "somme de 3,50 Francs"),
        ("a b c d e même", "page 7 meme", "page 7 meme"),
        ("under Section 114(f) of the Act", "under Section 1l4(f) of the Act", "under Section 114(f) of the Act"),
        ("Report DP-1335, Vol. 90,", "Report DP-l335, Vol. 9O,", "Report DP-1335, Vol. 90,"),
        ("the level of H20 in section", "the level of H2O in section", "the level of H2O in section"),
        ("the level of 14 in section", "the level of I5 in section", "the level of I5 in section"),
        ("key O1 or 01 of the map", "key O1 or 01 of the map", "key O1 or 01 of the map"),
        ("three cans of 51 each", "three cans of 5l each", "three cans of 5l each"),
    ],
)
def test_accents_spaces_and_figures_follow_where_the_letters_agree(tesseract: str, ppocr: str, expected: str) -> None:
    chosen = better(line(tesseract, "tesseract", 0.6), line(ppocr, "ppocr", 0.99), frozenset())
    assert " ".join(word.text for word in chosen.words) == expected


def test_both_parts_of_a_split_word_have_their_share_of_its_place() -> None:
    chosen = better(line("uh DOUCET, Willie", "tesseract", 0.6), line("un DOUCET,Willie", "ppocr", 0.99), frozenset())
    _, name, first_name = chosen.words
    assert name.x + name.width == pytest.approx(first_name.x)
    assert first_name.x + first_name.width == pytest.approx(190)
