"""Decoders: what stands clearly is read as it stands; what is doubtful is settled by what a field can hold; nothing is forced."""
from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr.decoding import closed, dates, names, numbers, people, places
from ocr.decoding.choice import Scored, choose
from ocr.decoding.context import Context
from ocr.decoding.folding import fold_digits, fold_text, plain
from ocr.decoding.personal_number import NumberPrior, read_personal_number
from ocr.decoding.record import decode_record
from records.dates import PartialDate, in_words
from records.places import default_gazetteer, written
from tests.ocr.lattices import clear

T = 0.35
YEAR = dates.days_of_years({2017: 1.0})


def test_posterior_sums_to_one_and_joins_spellings() -> None:
    choice = choose([Scored("a", "a", -1.0), Scored("a", "A", -1.0), Scored("b", "b", -1.0)], 1.0)
    assert choice is not None and choice.value == "a" and choice.probability == pytest.approx(2 / 3)
    assert choose([Scored("a", "a", -50.0)], 1.0, other=-10.0) is None
    assert choose([Scored("a", "a", float("-inf"))], 1.0) is None


@given(st.dates(date(2016, 6, 1), date(2018, 6, 1)),
       st.sampled_from(["{0.day}/{0.month}/{0.year}", "{0:%d/%m/%Y}", "{0:%d.%m.%Y}", "{0:%d-%m-%y}"]))
@settings(max_examples=40, deadline=None)
def test_any_day_is_read_however_it_is_written(day: date, form: str) -> None:
    prior = dates.days_of_years({2016: 1, 2017: 1, 2018: 1})
    choice = dates.settle(dates.score_figures(clear(form.format(day)), prior, T))
    assert choice is not None and choice.value == day.isoformat() and choice.probability > 0.5


def test_words_settle_a_doubtful_figure() -> None:
    lattice = clear("17/04/2017", {1: ("1", 0.6)})
    figures = dates.score_figures(lattice, YEAR, T)
    assert dates.settle(figures).value == "2017-04-11"      # type: ignore[union-attr]
    words = clear(in_words(PartialDate(2017, 4, 17)))
    both = dates.settle(dates.add_words(figures, words, T))
    assert both is not None and both.value == "2017-04-17" and both.probability > 0.95


def test_words_in_any_usual_form_are_understood() -> None:
    figures = dates.score_figures(clear("5/4/2017", {0: ("6", 0.5)}), YEAR, T)
    both = dates.settle(dates.add_words(figures, clear("Ngày mùng năm tháng bốn năm hai ngàn không trăm mười bảy"), T))
    assert both is not None and both.value == "2017-04-05"


def test_an_event_lies_before_its_registration() -> None:
    event = dates.score_figures(clear("10/9/2017", {3: ("3", 0.45)}), YEAR, T)
    registered = dates.score_figures(clear("20/3/2017"), YEAR, T)
    coupled, _ = dates.couple(event, registered, lambda d: dates.gap_log_prior(d, 30, 60, 0.1))
    assert dates.settle(event).value == "2017-09-10"        # type: ignore[union-attr]
    assert dates.settle(coupled).value == "2017-03-10"      # type: ignore[union-attr]


def test_a_bare_year_stays_a_year() -> None:
    scores = dates.score_figures(clear("1943"), dates.births_before(date(2019, 5, 1), 0, 75, 108), T, {y: 0.01 for y in range(1911, 2019)})
    assert dates.settle(scores).value == "1943"             # type: ignore[union-attr]
    assert dates.settle(dates.score_year(clear("1982"), {y: 1.0 for y in range(1950, 2000)}, T)).value == "1982"      # type: ignore[union-attr]


@pytest.mark.parametrize(("text", "expected", "value"), [
    ("7/2013", None, "7"), ("012", None, "12"), ("44/2013", 44, "44"), ("148", None, "148")])
def test_entry_numbers(text: str, expected: int | None, value: str) -> None:
    choice = numbers.read_entry_number(clear(text), 2013, expected, T)
    assert choice is not None and choice.value == value


def test_a_clear_number_outweighs_the_file_name() -> None:
    choice = numbers.read_entry_number(clear("57/2013", sure=0.9999), 2013, 56, 1.0, trust=0.7)
    assert choice is not None and choice.value == "57"


def test_book_number_as_written() -> None:
    assert numbers.read_book_number(clear("01/2017"), 2017, None, T).value == "01/2017"       # type: ignore[union-attr]
    assert numbers.read_book_number(clear("2/2017"), 2017, None, T).value == "2/2017"         # type: ignore[union-attr]


def test_personal_number_follows_its_structure() -> None:
    number = "051313666764"
    lattice = clear(number, {3: ("8", 0.6), 5: ("8", 0.6)})
    prior = NumberPrior({"051": 1.0}, "Nữ", {2013: 1.0}, 0.01)
    choice = read_personal_number(lattice, prior, T)
    assert choice is not None and choice.value == number
    assert read_personal_number(clear("212345678"), NumberPrior(nine=0.5), T).value == "212345678"      # type: ignore[union-attr]
    assert read_personal_number(clear("12"), NumberPrior(), T) is None


def test_letters_stand_in_for_the_digits_they_are_taken_for() -> None:
    folded = fold_digits(clear("o5l3"))
    assert folded.best_text() == "0513"
    assert plain("Xã Tịnh Trà, H. Sơn Tịnh") == "xãtịnhtràhsơntịnh"
    assert fold_text(clear("LÊ  Thị")).best_text() == "lêthị"


def test_closed_lists_and_what_is_on_none() -> None:
    assert closed.read_closed(clear("Kinl"), closed.ETHNICITIES, T).value == "Kinh"           # type: ignore[union-attr]
    assert closed.read_closed(clear("Hrê"), closed.ETHNICITIES, T).value == "Hrê"             # type: ignore[union-attr]
    assert closed.read_closed(clear("Xyzwkqpt Mnoprs"), closed.RELATIONS, T) is None


def read_name(text: str, doubts: dict[int, tuple[str, float]] | None = None, **sexes: float) -> str | None:
    choice = people.read_alone(names.search_names(clear(text, doubts), T), T, sexes)
    return choice.value if choice else None


@pytest.mark.parametrize("name", ["Nguyễn Thị Hồng Loan", "Huỳnh Văn Long", "K'Brơi", "Y Bluih Niê", "Rơ Châm Kpă", "Đỗ Xzyq",
                                  "H'Ngăm Êban"])
def test_clear_names_are_read_as_written_common_or_not(name: str) -> None:
    assert (read_name(name) or "").lower() == name.lower()


def test_a_doubtful_letter_becomes_the_likelier_name() -> None:
    assert read_name("Nguyễn Thi Loan", {9: ("ị", 0.4), 11: ("h", 0.2)}, Nữ=1.0) == "Nguyễn Thị Loan"


def test_glued_words_come_apart() -> None:
    assert read_name("Huỳnh VănLong") == "Huỳnh Văn Long"


def test_a_blot_ahead_of_a_name_is_no_part_of_it() -> None:
    assert read_name("q Nguyễn Văn Long") == "Nguyễn Văn Long"


def test_what_says_nothing_gives_no_name() -> None:
    assert read_name("") is None and read_name("...") is None


def family(says: str | None = None, **texts: tuple[str, dict[int, tuple[str, float]]] | str) -> people.People:
    found = {o: names.search_names(clear(*((t, {}) if isinstance(t, str) else t)), T) for o, t in texts.items()}
    return people.read_family(found, T, {"me": {"Nữ": 1.0}, "cha": {"Nam": 1.0}}, says)


def test_two_fields_of_one_person_help_each_other() -> None:
    read = family(me=("Trần Thị Hia", {10: ("o", 0.3)}), nyc="Trần Thị Hoa", cha="Lê Văn Sang", nks="Lê Văn Nam")
    assert read.declarant["me"] > 0.9 and read.names["me"].value == read.names["nyc"].value == "Trần Thị Hoa"


def test_a_stranger_may_declare() -> None:
    read = family(me="Trần Thị Hoa", cha="Lê Văn Sang", nyc="Phạm Thị Cúc", nks="Lê Văn Nam")
    assert read.declarant[""] > 0.9 and read.names["nyc"].value == "Phạm Thị Cúc"
    assert family("cha", me="Trần Thị Hoa", cha="Lê Văn Sang", nyc="Lê Văn Sang").declarant["cha"] > 0.9


def test_a_child_bears_a_parents_surname_unless_it_clearly_does_not() -> None:
    doubtful = {1: ("ý", 0.5)}
    assert family(nks=("Lê Văn Nam", doubtful), cha="Lý Văn Sang").names["nks"].value == "Lý Văn Nam"
    assert family(nks=("Lê Văn Nam", doubtful), cha="Lê Văn Sang").names["nks"].value == "Lê Văn Nam"
    assert family(nks="Cao Văn Nam", cha="Lê Văn Sang", me="Trần Thị Hoa").names["nks"].value == "Cao Văn Nam"


def test_a_commune_is_found_through_misread_letters_and_free_text_is_kept() -> None:
    on = date(2013, 5, 1)
    office = places.find_office("UBND Xã Nghĩa Sơn, Huyện Tư Nghĩa, Quảng Ngãi", on)
    assert office is not None
    found = places.read_place([clear("Xã Tịnh Trả, Huyên Son Tinh, Quảng Ngỗi", rest=1e-3)], on, office, T)
    assert found is not None and found.choice.value == "Xã Tịnh Trà, Huyện Sơn Tịnh, Quảng Ngãi"
    assert default_gazetteer().unit(found.code or "", on) is not None
    assert places.read_place([clear("zzqqkk xxwwyy pphhtt")], on, office, T) is None


def test_a_place_of_another_province_is_found() -> None:
    on = date(2019, 5, 1)
    office = places.find_office("UBND Xã Nghĩa Sơn, Huyện Tư Nghĩa, Quảng Ngãi", on)
    far = next(u for u in default_gazetteer().communes_on(on) if u.province_code == "38")
    found = places.read_place([clear(written(far))], on, office, T)
    assert found is not None and found.code == far.code


def test_a_commune_keeps_the_name_it_had_on_the_day() -> None:
    """The code stays where the name changed; the value is the name that stands there."""
    gazetteer, on = default_gazetteer(), date(2019, 6, 1)
    renamed = next((u, v) for u in gazetteer.communes_on(on) for v in gazetteer.units(u.code)
                   if v.lists != "D" and v.district == u.district and v.name != u.name and not v.existed(on))
    found = places.read_place([clear(written(renamed[0]))], on, renamed[0], T)
    assert found is not None and found.choice.value == written(renamed[0]) and found.code == renamed[0].code


def test_a_whole_entry_hangs_together() -> None:
    """The number tells the year that the figures leave open; the declarant is the mother; the late date follows the words."""
    born = date(2017, 3, 2)
    fields = {
        "so": "12/2017", "quyenSo": "01/2017", "ngayDangKy": f"{born + timedelta(20):%d/%m/%Y}", "nksHoTen": "Lê Thị Loan",
        "nksGioiTinh": "Nữ", "nksNgaySinh": "02/03/2017", "nksNgaySinhBangChu": in_words(PartialDate.of(born)),
        "nksSoDinhDanh": "051317666764", "meHoTen": "Trần Thị Hoa", "meNgaySinh": "1988", "nycHoTen": "Trần Thị Hoa",
        "nycSoGiayToTuyThan": "051188407814", "nksDanToc": "Kinh", "nksQuocTich": "Việt Nam", "nguoiKy": "Phạm Văn Long, Chủ tịch",
    }
    types = {
        "so": "entry_number", "quyenSo": "book_number", "ngayDangKy": "date", "nksHoTen": "name", "nksGioiTinh": "sex",
        "nksNgaySinh": "date", "nksNgaySinhBangChu": "date_words", "nksSoDinhDanh": "personal_number", "meHoTen": "name",
        "meNgaySinh": "year", "nycHoTen": "name", "nycSoGiayToTuyThan": "personal_number", "nksDanToc": "ethnicity",
        "nksQuocTich": "nationality", "nguoiKy": "signer",
    }
    lattices = {code: clear(text) for code, text in fields.items()}
    lattices["meNgaySinh"] = clear("1988", {3: ("5", 0.5)})
    out = decode_record(types, lattices, Context("KS", 2017, number=12))       # type: ignore[arg-type]
    want = fields | {"so": "12", "ngayDangKy": "2017-03-22", "nksNgaySinh": "2017-03-02"}
    assert {c: d.value for c, d in out.items()} == want
    assert all(0 <= d.confidence <= 1 for d in out.values())
    assert "date-words" in out["nksNgaySinh"].evidence and "same-person" in out["nycHoTen"].evidence
