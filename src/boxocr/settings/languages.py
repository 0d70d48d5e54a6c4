"""Names of languages, and Tesseract's codes for them.

Most codes are those of ISO 639-2/T, but those for scripts and old spellings are Tesseract's own. Language libraries
(pycountry, langcodes) bring megabytes of data, and do not know Tesseract's own codes.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable

# Each line is Tesseract's code, then its synonyms: ISO 639-1, other codes of ISO 639-2, English and native names.
_TABLE = """
afr af afrikaans
amh am amharic
ara ar arabic
asm as assamese
aze az azerbaijani
aze_cyrl
bel be belarusian
ben bn bengali bangla
bod bo tib tibetan
bos bs bosnian
bre br breton
bul bg bulgarian
cat ca catalan valencian
ceb cebuano
ces cs cze czech
chi_sim zh ch cn chi zho cmn chinese ch_sim chinese_simplified simplified_chinese 中文 简体中文
chi_sim_vert
chi_tra ch_tra chinese_traditional traditional_chinese chinese_cht 繁體中文
chi_tra_vert
chr cherokee
cos co corsican
cym cy wel welsh
dan da danish
deu de ger german deutsch
deu_latf
div dv dhivehi divehi maldivian
dzo dz dzongkha
ell el gre greek
eng en english
enm middle_english
epo eo esperanto
est et estonian
eus eu baq basque
fao fo faroese
fas fa per persian farsi
fil tl tgl filipino tagalog
fin fi finnish suomi
fra fr fre french français
frk fraktur
frm middle_french
fry fy western_frisian frisian
gla gd scottish_gaelic
gle ga irish
glg gl galician
grc ancient_greek
guj gu gujarati
hat ht haitian haitian_creole
heb he iw hebrew
hin hi hindi
hrv hr croatian
hun hu hungarian magyar
hye hy arm armenian
iku iu inuktitut
ind id indonesian
isl is ice icelandic
ita it italian italiano
ita_old
jav jv javanese
jpn ja japanese japan 日本語
jpn_vert
kan kn kannada
kat ka geo georgian
kat_old
kaz kk kazakh
khm km khmer
kir ky kyrgyz kirghiz
kmr ku kur kurdish kurmanji
kor ko korean 한국어
kor_vert
lao lo
lat la latin
lav lv latvian
lit lt lithuanian
ltz lb luxembourgish
mal ml malayalam
mar mr marathi
mkd mk mac macedonian
mlt mt maltese
mon mn mongolian
mri mi mao maori
msa ms may malay
mya my bur burmese
nep ne nepali
nld nl dut dutch flemish nederlands
nor no nb nob nn nno norwegian norsk
oci oc occitan
ori or odia oriya
pan pa punjabi panjabi
pol pl polish polski
por pt portuguese português
pus ps pashto
que qu quechua
ron ro rum romanian
rus ru russian русский
san sa sanskrit
sin si sinhala sinhalese
slk sk slo slovak
slv sl slovenian slovene
snd sd sindhi
spa es spanish castilian español
spa_old
sqi sq alb albanian
srp sr serbian
srp_latn serbian_latin
sun su sundanese
swa sw swahili
swe sv swedish svenska
syr syriac
tam ta tamil
tat tt tatar
tel te telugu
tgk tg tajik
tha th thai
tir ti tigrinya
ton to tongan
tur tr turkish türkçe
uig ug uyghur
ukr uk ukrainian українська
urd ur urdu
uzb uz uzbek
uzb_cyrl
vie vi vietnamese
yid yi yiddish
yor yo yoruba
"""
_CODES = {name: codes[0] for codes in map(str.split, _TABLE.strip().splitlines()) for name in codes}

# Locales whose region or script requires other data than the language alone.
_VARIANTS = {
    **{("chi_sim", part): "chi_tra" for part in ("tw", "hk", "mo", "hant")},
    ("aze", "cyrl"): "aze_cyrl",
    ("srp", "latn"): "srp_latn",
    ("uzb", "cyrl"): "uzb_cyrl",
}
_SCRIPTS = frozenset({"arab", "cyrl", "hans", "hant", "latn"})

_CODE = re.compile(r"[A-Za-z0-9_-]+(?:/[A-Za-z0-9_-]+)?")
_BETWEEN = re.compile(r"[+,;]")
_AROUND = " \t\r\n\"'[]"

_LONGEST_SHOWN = 60


def parse(written: str, installed: Collection[str]) -> str:
    """Return Tesseract's codes joined by ``+``, in the order in which the languages were written, each once.

    Args:
        written: codes, names or locales (``en``, ``english``, ``en-US``), separated by ``+``, commas, semicolons or
            space. Unknown ones are kept: data of the operator's own can have any name.
        installed: codes of the installed data, which take precedence over names.

    Raises:
        ValueError: it contains no language, or something that cannot be the name of language data.
    """
    return _joined(code for part in _BETWEEN.split(written) for code in _codes(part.strip(_AROUND), installed))


def as_written(written: str) -> str:
    """Return the codes joined by ``+``, unchanged, for an engine with its own codes.

    Raises:
        ValueError: as :func:`parse`.
    """
    words = (word for part in _BETWEEN.split(written) for word in part.split())
    return _joined(_well_formed(word.strip(_AROUND)) for word in words)


def _joined(codes: Iterable[str]) -> str:
    found = "+".join(dict.fromkeys(codes))
    if not found:
        raise ValueError('contains no language; write codes or names joined by "+", as in deu+eng')
    return found


def _codes(phrase: str, installed: Collection[str]) -> list[str]:
    """The codes in a part between separators: a name of several words, or one per word."""
    whole = _meant(phrase, installed)
    if whole:
        return [whole]
    words = (word.strip(_AROUND) for word in phrase.split())
    return [_meant(word, installed) or _well_formed(word) for word in words if word]


def _meant(phrase: str, installed: Collection[str]) -> str | None:
    if phrase in installed:
        return phrase
    name = unicodedata.normalize("NFC", re.sub(r"[\s_-]+", "_", phrase)).lower()
    return _CODES.get(name) or _of_locale(phrase) or next((code for code in installed if code.lower() == name), None)


def _of_locale(phrase: str) -> str | None:
    """The code of a locale such as ``de-AT``, ``en_US.UTF-8`` or ``zh-Hant-TW``."""
    language, *parts = re.split(r"[_-]", re.split(r"[.@]", phrase)[0])
    code = _CODES.get(language.lower())
    if code is None or not parts or not all(_is_part_of_locale(part, language) for part in parts):
        return None
    return next((_VARIANTS[code, part.lower()] for part in parts if (code, part.lower()) in _VARIANTS), code)


def _is_part_of_locale(part: str, language: str) -> bool:
    # After a code of three letters, lower case can be the name of the operator's own data, such as eng_hw.
    region = re.fullmatch(r"[A-Za-z]{2}|\d{3}" if len(language) == 2 else r"[A-Z]{2}", part)  # noqa: PLR2004 - ISO 639-1
    return bool(region) or part.lower() in _SCRIPTS


def _well_formed(word: str) -> str:
    if not _CODE.fullmatch(word):
        shown = "".join(char if char.isprintable() else "?" for char in word)[:_LONGEST_SHOWN]
        raise ValueError(f'"{shown}" is not a language; write codes or names joined by "+", as in deu+eng')
    return word
