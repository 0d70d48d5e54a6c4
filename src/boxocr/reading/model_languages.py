"""The languages that recognition models of the PP-OCR family read, in Tesseract's codes."""

import re

_LATIN = """
    afr aze bos bre cat ceb ces cos cym dan deu eng enm epo est eus fao fil fin fra frm fry gla gle glg hat hrv hun ind
    isl ita ita_old jav lat lav lit ltz mlt mri msa nld nor oci pol por que ron slk slv spa spa_old sqi srp_latn sun swa
    swe tur uzb script/Latin
"""
_CHINESE = "chi_sim chi_tra jpn script/HanS script/HanT script/Japanese"

_IDEOGRAPHIC = frozenset(code.removeprefix("script/") for code in _CHINESE.split())

WHEEL = tuple(sorted(f"{_LATIN} {_CHINESE}".split()))
"""The languages whose letters the model in rapidocr's wheel knows: those in Latin script, Chinese and Japanese."""

# By the beginnings of file names, as RapidOCR and PaddleOCR publish models:
# https://rapidai.github.io/RapidOCRDocs/latest/model_list/ and
# https://www.paddleocr.ai/latest/en/version3.x/algorithm/PP-OCRv5/PP-OCRv5_multi_languages.html
_BY_NAME = {
    "ch": "chi_sim eng",
    "ch_doc": "chi_sim chi_tra jpn eng",
    "chinese_cht": "chi_tra eng",
    "en": "eng",
    "japan": "jpn",
    "korean": "kor",
    "latin": _LATIN,
    "eslav": "rus bel ukr",
    "cyrillic": "rus bel bul mon srp ukr",
    "arabic": "ara fas uig urd",
    "devanagari": "hin mar nep san",
    "th": "tha",
    "el": "ell",
    "ta": "tam",
    "te": "tel",
    "ka": "kan",
}

# From this version on some models read more languages.
_EXTENDED = 5
_IN_EXTENDED = {
    "ch": "chi_tra jpn",
    "cyrillic": "kaz kir mkd tat tgk",
    "arabic": "pus snd",
}

_NAME = re.compile(r"(?:(?P<script>[a-z]+(?:_[a-z]+)?)_)?PP-?OCRv(?P<version>\d+)(?:_.*)?_rec(?:_.*)?", re.IGNORECASE)

# From this version on, one recognizer without a script in its name reads the languages of ``WHEEL``.
_ONE_FOR_ALL = 6


def have_ideographs(languages: str) -> bool:
    """Say whether one of some languages, joined by ``+``, is Chinese or Japanese, written in lines or columns."""
    codes = {code.removeprefix("script/").removesuffix("_vert") for code in languages.split("+")}
    return not _IDEOGRAPHIC.isdisjoint(codes)


def languages_of_file(stem: str) -> tuple[str, ...]:
    """Return the languages of a published model by the name of its file without the ending; none for other names."""
    name = _NAME.fullmatch(stem)
    if name is None:
        return ()
    version, script = int(name["version"]), (name["script"] or "").lower()
    if not script and version >= _ONE_FOR_ALL:
        return WHEEL
    # Up to PP-OCRv5, a model without a script in its name is the Chinese one.
    script = script or "ch"
    more = _IN_EXTENDED.get(script, "") if version >= _EXTENDED else ""
    return tuple(dict.fromkeys(f"{_BY_NAME.get(script, '')} {more}".split()))
