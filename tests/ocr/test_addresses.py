"""Addresses with more than a commune in them: the words before it, and the units that end the line."""
from __future__ import annotations

from datetime import date
from itertools import combinations

import numpy as np
import pytest

from ocr.decoding.addresses import read_address
from ocr.decoding.context import Context
from ocr.decoding.record import decode_record
from ocr.lattice import Lattice
from ocr.trie import Trie
from records.places import Unit, default_gazetteer, split_kind
from tests.ocr.lattices import ALPHABET, clear


def hamming(a: str, b: str) -> int:
    return sum(x != y for x, y in zip(a.lower(), b.lower(), strict=True)) if len(a) == len(b) else len(a)


LOWER = "aàáảãạăằắẳẵặâầấẩẫậbcdđeèéẻẽẹêềếểễệfghiìíỉĩịjklmnoòóỏõọôồốổỗộơờớởỡợpqrstuùúủũụưừứửữựvwxyỳýỷỹỵz0123456789 ,.-/'()"


def line(text: str, doubts: dict[int, tuple[str, float]] | None = None) -> Lattice:
    return clear(text, doubts, alphabet=LOWER)


@pytest.mark.parametrize(("written", "text", "code"), [
    ("thôn 4, ea kao, tp buôn ma thuột, đắk lắk", "Thôn 4, Ea Kao, TP Buôn Ma Thuột, Đắk Lắk", "24169"),
    ("xóm 5 xã nghi kim thành phố vinh nghệ an", "Xóm 5, Xã Nghi Kim, Thành phố Vinh, Nghệ An", "17920"),
    ("25/3 lê lợi phường 2 tp vũng tàu br vt", "25/3 Lê Lợi, Phường 2, TP Vũng Tàu, BR VT", "26509"),
])
def test_the_words_before_the_commune_stay_and_the_commune_is_named(written: str, text: str, code: str) -> None:
    found = read_address(line(written), 0.8)
    assert found is not None and found.text == text
    assert found.unit is not None and found.unit.level == "commune" and found.unit.code == code


def test_what_is_known_of_units_corrects_misread_letters() -> None:
    written = "thôn 4 ea kao buôn ma thuột đắk lắk"
    wrong = {written.index("kao"): ("h", 0.8), written.index("thuột"): ("n", 0.9), written.rindex("lắk"): ("t", 0.7)}
    misread = line(written, wrong)
    assert "ea hao" in misread.best_text()
    found = read_address(misread, 0.8)
    assert found is not None and found.text == "Thôn 4, Ea Kao, Buôn Ma Thuột, Đắk Lắk" and found.probability > 0.8


def test_a_place_no_list_knows_stays_as_it_was_read() -> None:
    found = read_address(line("vientiane laos"), 0.8)
    assert found is not None and found.text == "Vientiane Laos" and found.unit is None


def test_the_places_of_the_book_settle_a_doubt() -> None:
    """Two communes of one district whose names differ in one letter, the ink half this, half that."""
    by_district: dict[tuple[str, str], list[Unit]] = {}
    for u in default_gazetteer().communes_on(date(2020, 6, 1)):
        by_district.setdefault((u.district, u.province), []).append(u)
    one, other = next((a, b) for units in by_district.values() for a, b in combinations(units, 2) if hamming(a.bare_name, b.bare_name) == 1
                      and a.bare_name.islower() == b.bare_name.islower() and not any(c.isdigit() for c in a.bare_name))
    place = next(k for k, (x, y) in enumerate(zip(one.bare_name.lower(), other.bare_name.lower(), strict=True)) if x != y)
    written = f"thôn 2 {one.bare_name}, {one.district}, {split_kind(one.province)[1]}".lower()
    doubtful = line(written, {len("thôn 2 ") + place: (other.bare_name.lower()[place], 0.5)})
    for unit in (one, other):
        found = read_address(doubtful, 0.8, {unit.code: 0.6})
        assert found is not None and found.unit is not None and found.unit.code == unit.code


def test_no_ink_no_address() -> None:
    assert read_address(Lattice(np.log(np.full((4, len(LOWER) + 1), 1e-6) + np.eye(1, len(LOWER) + 1)), LOWER, "x"), 0.8) is None


def test_a_place_field_keeps_the_hamlet_before_its_commune() -> None:
    context = Context("KH", temperatures={"default": 0.5, "address": 0.8})
    out = decode_record({"voNoiCuTru": "place"}, {"voNoiCuTru": line("thôn 4, xã ea kao, thành phố buôn ma thuột, đắk lắk")}, context)
    assert out["voNoiCuTru"].value == "Thôn 4, Xã Ea Kao, Thành phố Buôn Ma Thuột, Đắk Lắk"
    assert "address" in out["voNoiCuTru"].evidence


def test_texts_after_other_texts_score_as_the_whole() -> None:
    """Chained tries give what one trie of the joined texts gives."""
    lattice = clear("an bình", {1: ("m", 0.3)}, alphabet=ALPHABET)
    heads, tails, joined = Trie(["an", "am"]), Trie([" bình", " binh"]), Trie(["an bình", "am bình", "an binh", "am binh"])
    whole = joined.scores(lattice.log_probs, lattice.alphabet)
    before, _ = heads.after(lattice.log_probs, lattice.alphabet)
    for k in range(2):
        after, _ = tails.after(lattice.log_probs, lattice.alphabet, before[:, k])
        assert after[-1] == pytest.approx(whole[[k, k + 2]], abs=1e-6)
