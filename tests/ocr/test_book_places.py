"""Places that return in a book tell unclear ones, and leave clear ones alone."""
from __future__ import annotations

from datetime import date

from ocr.book_places import MOST_SURE, PlaceField, settle_places
from records.places import Unit, default_gazetteer
from tests.ocr.lattices import clear

T = 0.4
SON = "Xã Nghĩa Sơn, Huyện Tư Nghĩa, Quảng Ngãi"
KY = "Xã Nghĩa Kỳ, Huyện Tư Nghĩa, Quảng Ngãi"
HOSPITAL = "Bệnh viện đa khoa tỉnh Quảng Ngãi"


def unit(text: str) -> Unit:
    return default_gazetteer().find(text, on=date(2017, 7, 1), limit=1)[0].unit


OFFICE = unit(SON)


def commune(entry: int, text: str, confidence: float = 0.999, code: str = "nksQueQuan", shown: str | None = None, known: bool = False,
            doubts: dict | None = None) -> PlaceField:
    return PlaceField(entry, code, text, unit(text).code, confidence, clear(shown or text, doubts), known=known)


def test_an_unclear_commune_is_the_one_the_book_holds() -> None:
    blurred = {9: ("K", 0.5), 10: ("ỳ", 0.5)}
    read = "Xã Nghĩa Hà, Thành phố Quảng Ngãi, Quảng Ngãi"
    fields = [*(commune(k, KY) for k in range(8)), commune(8, read, 0.5, shown=KY, doubts=blurred)]
    changed = settle_places(fields, OFFICE, T)
    assert set(changed) == {8} and changed[8].value == KY and changed[8].unit_code == unit(KY).code
    assert 0.5 < changed[8].confidence <= MOST_SURE


def test_a_clear_reading_is_never_touched() -> None:
    fields = [commune(k, KY) for k in range(30)] + [commune(30, SON, 0.98)]
    assert 30 not in settle_places(fields, OFFICE, T)


def test_an_unclear_but_different_commune_stays_itself() -> None:
    fields = [commune(k, KY) for k in range(30)] + [commune(30, SON, 0.9)]
    changed = settle_places(fields, OFFICE, T)
    assert 30 not in changed or changed[30].value == SON


def test_the_book_makes_an_unclear_reading_surer_when_it_agrees() -> None:
    fields = [commune(k, KY) for k in range(8)] + [commune(8, KY, 0.7)]
    assert settle_places(fields, OFFICE, T)[8].confidence > 0.8


def test_a_hospital_that_returns_mends_its_misreadings() -> None:
    fields = [PlaceField(k, "nksNoiSinh", HOSPITAL, None, 0.8, clear(HOSPITAL), free_text=True) for k in range(5)]
    fields.append(PlaceField(5, "nksNoiSinh", "Bệnh viên đa kboa tỉnh Quảng Ngái", None, 0.4,
                             clear(HOSPITAL, {8: ("ê", 0.6), 15: ("b", 0.6), 31: ("á", 0.6)}), free_text=True))
    changed = settle_places(fields, OFFICE, T)
    assert changed[5].value == HOSPITAL and changed[5].unit_code is None


def test_a_hospital_of_one_entry_is_no_habit() -> None:
    other = "Trạm y tế xã Nghĩa Sơn"
    fields = [PlaceField(0, "nksNoiSinh", HOSPITAL, None, 0.8, clear(HOSPITAL), free_text=True),
              PlaceField(1, "nksNoiSinh", other, None, 0.8, clear(other), free_text=True)]
    assert settle_places(fields, OFFICE, T) == {}


def test_what_a_person_settled_stays_and_counts() -> None:
    fields = [commune(0, KY, 0.4, known=True), commune(1, KY, 0.6)]
    changed = settle_places(fields, OFFICE, T)
    assert 0 not in changed and changed[1].value == KY
