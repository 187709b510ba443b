"""Keys by which texts are compared, and what a Vietnamese syllable is."""
from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from written_values import names

from records.names import common_tokens
from records.text import fold, is_vietnamese_syllable, nfc, split_tone, strip_marks


@pytest.mark.parametrize(("one", "other"), [
    ("Hoà", "Hòa"), ("Thuý", "Thúy"), ("uỷ ban", "Ủy ban"), ("khoẻ", "khỏe"), ("Tòan", "Toàn"), ("quý", "QUÝ"), ("Nguyễn", "NGUYỄN"),
    ("Thị trấn  Sông-Vệ.", "thị trấn sông vệ"), ("K’Brơi", "K'brơi"), ("giừơng", "giường"), ("Ng\u0065\u0302\u0301", "Ngế"),
])
def test_one_key_for_spellings_that_mean_the_same(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("Hoa", "Hòa"), ("má", "ma"), ("Lý", "Lí"), ("đa", "da"), ("Quý", "Quy"), ("tuần", "tuấn")])
def test_other_words_keep_other_keys(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@given(st.text())
def test_folding_twice_changes_nothing(s: str) -> None:
    assert fold(fold(s)) == fold(s)


@given(st.text(alphabet="aăâeêioôơuưyàáảãạấềộứbcdđghklmnpqrstvx ", max_size=40))
def test_folding_does_not_depend_on_how_letters_are_composed(s: str) -> None:
    assert fold(unicodedata.normalize("NFD", s)) == fold(unicodedata.normalize("NFC", s)) == fold(s.upper())


@given(st.text())
def test_a_fold_is_lower_case_words_with_single_spaces(s: str) -> None:
    key = fold(s)
    assert key == key.strip() and "  " not in key and key == key.lower()
    assert not any(unicodedata.category(c).startswith(("P", "Z")) and c != " " for c in key)


@given(st.text())
def test_stripping_marks_leaves_no_marks(s: str) -> None:
    bare = strip_marks(s)
    assert strip_marks(bare) == bare and not set(bare) & set("đĐăâêôơưáàảãạ")


@given(names)
def test_stripping_and_folding_go_in_any_order(name: str) -> None:
    assert strip_marks(fold(name)) == fold(strip_marks(name))


def test_nfc_tidies_spaces_and_apostrophes_only() -> None:
    assert nfc(" Ha\u0300  Nội\u00a0\u200bH’Wen ") == "Hà Nội H'Wen"


@pytest.mark.parametrize("word", ["Nguyễn", "quý", "gì", "giếng", "nghiêng", "khuỷu", "ngoài", "thuở", "người",
                                  "quyết", "hoẵng", "quặp", "toàn", "yến", "ỉ", "oẳn", "tuýp", "xoèn"])
def test_syllables(word: str) -> None:
    assert is_vietnamese_syllable(word) and is_vietnamese_syllable(word.upper())


@pytest.mark.parametrize("word", ["Bluih", "Rmah", "strong", "ngiêm", "kà", "cê", "cac", "hoac", "gêm", "zá", "Nguyenx", "aa", "bốc-xít",
                                  "12", ""])
def test_no_syllables(word: str) -> None:
    assert not is_vietnamese_syllable(word)


def test_most_name_tokens_are_syllables() -> None:
    """The word lists were typed by hand: common tokens with a spelling slip would show here."""
    common = [t for part in ("surname", "middle", "given") for t, _ in list(common_tokens(part).items())[:150]]
    odd = [t for t in common if not all(is_vietnamese_syllable(w) for w in t.split())]
    assert odd == [t for t in odd if t in ("H'",)]


@given(st.sampled_from(["a", "ă", "â", "e", "ê", "i", "o", "ô", "ơ", "u", "ư", "y"]), st.sampled_from("\u0300\u0301\u0303\u0309\u0323"))
def test_a_tone_is_split_off_and_put_back(vowel: str, tone: str) -> None:
    composed = unicodedata.normalize("NFC", vowel + tone)
    assert split_tone(composed) == (vowel, tone)
