"""Vietnamese letters: one form of every text (NFC), keys to compare by, and what a syllable may look like.

Two keys: `fold` forgets case, punctuation and where the tone mark sits, `strip_marks` forgets every mark as well.
Neither is ever stored in place of what was written.
"""
from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

TONE_MARKS = "\u0300\u0301\u0303\u0309\u0323"      # huyền sắc ngã hỏi nặng
_VOWELS = "aăâeêioôơuưy"
_MARKED_VOWELS = "ăâêôơư"
_NOT_WORD = re.compile(r"[\W_]+")
_ONSETS = ("ngh", "ch", "gh", "gi", "kh", "ng", "nh", "ph", "qu", "th", "tr",
           "b", "c", "d", "đ", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "x", "")
_RHYMES = frozenset((   # noqa: SIM905
    "a ac ach ai am an ang anh ao ap at au ay ă ăc ăm ăn ăng ăp ăt â âc âm ân âng âp ât âu ây "
    "e ec em en eng eo ep et ê êch êm ên ênh êp êt êu i ia ich iêc iêm iên iêng iêp iêt iêu im in inh ip it iu "
    "o oa oac oach oai oam oan oang oanh oao oap oat oay oă oăc oăm oăn oăng oăt oc oe oen oeo oet oi om on ong ooc oong op ot "
    "ô ôc ôi ôm ôn ông ôông ôp ôt ơ ơi ơm ơn ơng ơp ơt u ua uân uâng uât uây uc uê uêch uên uênh uêt uêu ui um un ung uơ uô uôc uôi uôm "
    "uôn uông uôt up ut "
    "uy uya uych uyên uyêt uyn uynh uyp uyt uyu uăm uăn uăng uăt ư ưa ưc ưi ưm ưn ưng ươ ươc ươi ươm ươn ương ươp ươt ươu ưt ưu "
    "y yêm yên yêng yêt yêu ym ynh yt ych"
).split())
_STOPS = ("c", "ch", "p", "t")
_APOSTROPHES = str.maketrans({c: "'" for c in "\u2018\u2019\u02bc\u02b9\u0060\u00b4\u2032\uff07"})

_STROKED = str.maketrans("đĐƀɃ", "dDbB")


def nfc(s: str) -> str:
    """NFC, apostrophes of every kind as ', no-break and zero-width spaces gone, runs of white space as one space, trimmed."""
    s = unicodedata.normalize("NFC", s).translate(_APOSTROPHES)
    return " ".join(s.replace("\u200b", "").replace("\ufeff", "").replace("\u00ad", "").split())


def split_tone(word: str) -> tuple[str, str]:
    """(the word without its tone mark, the tone mark or ""). A word with several tone marks is no syllable and comes back whole."""
    decomposed = unicodedata.normalize("NFD", word)
    tones = [c for c in decomposed if c in TONE_MARKS]
    if len(tones) != 1:
        return unicodedata.normalize("NFC", word), ""
    return unicodedata.normalize("NFC", "".join(c for c in decomposed if c not in TONE_MARKS)), tones[0]


def split_syllable(bare: str) -> tuple[str, str] | None:
    """Onset and rhyme of a lower-case syllable without tone, or None if Vietnamese has no such syllable. `gi` of "gì" counts as g + i."""
    for onset in _ONSETS:
        if not bare.startswith(onset):
            continue
        rhyme = bare[len(onset):]
        if onset == "gi" and bare == "gi":
            return "g", "i"
        if onset == "gi" and bare.startswith("giê"):         # giếng: gi + êng, written with one i
            rhyme = "i" + rhyme
        if rhyme in _RHYMES:
            return onset, rhyme
    return None


def is_vietnamese_syllable(s: str) -> bool:
    """Whether `s`, in any case, is one syllable that Vietnamese spelling allows: onset, rhyme, tone and their rules (k before i e ê y; a
    stop takes sắc or nặng only). Minority syllables (Bluih, Rmah) are not, and right all the same."""
    bare, tone = split_tone(nfc(s).lower())
    parts = split_syllable(bare)
    if not parts:
        return False
    onset, rhyme = parts
    front = rhyme[0] in "ieêy"
    if (onset in ("k", "gh", "ngh") and not front) or (onset == "c" and front):
        return False
    if onset in ("g", "ng") and front and bare not in ("gi", "gin"):
        return False
    if onset == "p" and rhyme not in ("in", "a", "ô", "ao", "e", "ơ"):
        return False
    return not rhyme.endswith(_STOPS) or tone in ("\u0301", "\u0323")


def _tone_place(bare: str) -> int | None:
    """Index of the vowel that carries the tone in the old, commonest style (hòa, thúy, toàn, quý); None if `bare` is no syllable."""
    parts = split_syllable(bare)
    if not parts:
        return None
    start = len(bare) - len(parts[1].removeprefix("i")) if bare.startswith("giê") else len(bare) - len(parts[1])
    places = [k for k in range(start, len(bare)) if bare[k] in _VOWELS]
    marked = [k for k in places if bare[k] in _MARKED_VOWELS]
    if marked:
        return marked[-1]
    closed = places[-1] < len(bare) - 1
    if closed:
        return places[-1]
    return places[1] if len(places) == 3 else places[0]


@lru_cache(maxsize=65536)
def _place_tone(word: str) -> str:
    bare, tone = split_tone(word)
    place = _tone_place(bare) if tone else None
    if place is None:
        return unicodedata.normalize("NFC", word)
    return unicodedata.normalize("NFC", bare[: place + 1] + tone + bare[place + 1:])


@lru_cache(maxsize=65536)
def fold(s: str) -> str:
    """The comparison key: NFC, lower case, the tone mark in one place (hoà = hòa), punctuation as spaces, single spaces. Idempotent."""
    s = unicodedata.normalize("NFC", unicodedata.normalize("NFC", s).lower())
    return " ".join(_place_tone(w) for w in _NOT_WORD.sub(" ", _separate(s)).split())


def _separate(s: str) -> str:
    """Combining marks that no letter takes (ơ̆ of Ba Na) stay with their letter: they are \\W to `re`."""
    return "".join(c for c in s if not unicodedata.combining(c)) if any(unicodedata.combining(c) for c in s) else s


@lru_cache(maxsize=65536)
def strip_marks(s: str) -> str:
    """Base letters, case kept: "Đặng Thuỷ" -> "Dang Thuy"."""
    s = unicodedata.normalize("NFD", s.translate(_STROKED))
    return unicodedata.normalize("NFC", "".join(c for c in s if not unicodedata.combining(c)))
