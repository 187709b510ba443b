"""Old Vietnamese encodings in spreadsheets: TCVN3 (ABC, .VnTime) and VNI text that a program took for Latin letters, turned into Unicode.

The tables are those of TCVN 5712:1993 (VN3) and of VNI-Win. TCVN3 capitals with tones need another font (.VnTimeH), so their case is lost.
"""
from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from records.text import is_vietnamese_syllable, nfc

Encoding = Literal["unicode", "tcvn3", "vni"]
ENCODINGS: tuple[Encoding, ...] = ("unicode", "tcvn3", "vni")

_TCVN3 = dict(zip(
    "µ¶·¸¹¨»¼½¾Æ©ÇÈÉÊË®ÌÎÏÐÑªÒÓÔÕÖ×ØÜÝÞßáâãä«åæçèé¬êëìíîïñòóô\u00adõö÷øùúûüýþ¡¢£¤¥¦§",
    "àảãáạăằẳẵắặâầẩẫấậđèẻẽéẹêềểễếệìỉĩíịòỏõóọôồổỗốộơờởỡớợùủũúụưừửữứựỳỷỹýỵĂÂÊÔƠƯĐ", strict=True))

_VNI_TONES = {"ù": "\u0301", "ø": "\u0300", "û": "\u0309", "õ": "\u0303", "ï": "\u0323"}
_VNI_CIRCUMFLEX = {"â": "", "á": "\u0301", "à": "\u0300", "å": "\u0309", "ã": "\u0303", "ä": "\u0323"}
_VNI_BREVE = {"ê": "", "é": "\u0301", "è": "\u0300", "ú": "\u0309", "ü": "\u0303", "ë": "\u0323"}
_VNI_SINGLE = {"ñ": "đ", "ô": "ơ", "ö": "ư", "æ": "ỉ", "ó": "ĩ", "ò": "ị", "î": "ỵ"}


def _vni_table() -> dict[str, str]:
    table = dict(_VNI_SINGLE)
    for vowel in "aeiouyôö":
        for mark, tone in _VNI_TONES.items():
            table[vowel + mark] = nfc(_VNI_SINGLE.get(vowel, vowel) + tone)
    for vowel in "aeo":
        for mark, tone in _VNI_CIRCUMFLEX.items():
            table[vowel + mark] = nfc({"a": "â", "e": "ê", "o": "ô"}[vowel] + tone)
    for mark, tone in _VNI_BREVE.items():
        table["a" + mark] = nfc("ă" + tone)
    for source, target in list(table.items()):
        table[source.upper()] = target.upper()
        table[source[0].upper() + source[1:]] = target.upper()
    return table


_VNI = _vni_table()
_VNI_PATTERN = re.compile("|".join(sorted(map(re.escape, _VNI), key=lambda s: (-len(s), s))))


def from_tcvn3(text: str) -> str:
    """TCVN3 text shown as Latin letters ("NguyÔn V¨n") in Unicode NFC."""
    return nfc("".join(_TCVN3.get(c, c) for c in text))


def from_vni(text: str) -> str:
    """VNI text shown as Latin letters ("Nguyeãn Vaên") in Unicode NFC."""
    return nfc(_VNI_PATTERN.sub(lambda m: _VNI[m.group()], text))


@lru_cache(maxsize=65536)
def _readings(token: str) -> tuple[tuple[str, str, str], tuple[int, int, int]]:
    """A word without white space in each of ENCODINGS, and how many Vietnamese syllables that makes."""
    texts = (nfc(token), from_tcvn3(token), from_vni(token))
    return texts, (_syllables(texts[0]), _syllables(texts[1]), _syllables(texts[2]))


def _best(readings: list[tuple[tuple[str, str, str], tuple[int, int, int]]]) -> int:
    """Which of ENCODINGS makes the most of the words Vietnamese syllables; the first of equals."""
    sums = [sum(scores[k] for _, scores in readings) for k in range(len(ENCODINGS))]
    return sums.index(max(sums))


def detect(text: str) -> Encoding:
    """Which encoding makes the most of the words Vietnamese syllables; Unicode unless another is strictly better."""
    return "unicode" if text.isascii() else ENCODINGS[_best([_readings(t) for t in text.split()])]


def to_unicode(text: str) -> str:
    """The text in Unicode NFC, whatever it came in; only what reads better converted is converted."""
    if text.isascii():
        return nfc(text)
    readings = [_readings(t) for t in text.split()]
    best = _best(readings)
    return " ".join(word for texts, _ in readings if (word := texts[best]))


def _syllables(text: str) -> int:
    return sum(is_vietnamese_syllable(w) for w in re.split(r"[\W\d_]+", text) if w)
