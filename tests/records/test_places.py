"""The gazetteer: dated lists, what became of units, search by what was written."""
from __future__ import annotations

import random
import time
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from written_values import communes_of_2025, communes_since_july

from records.place_search import read_place
from records.places import Gazetteer, Unit, default_gazetteer, split_kind, written
from records.text import fold, strip_marks

G = default_gazetteer()
BEFORE, AFTER = date(2025, 1, 15), date(2026, 1, 1)


def test_how_many_units_there_were() -> None:
    assert len(G.communes_on(BEFORE)) == 10_035 and len(G.communes_on(AFTER)) == 3_321
    assert len(G.communes_on(date(2019, 10, 1))) == 11_160 and len(G.communes_on(date(2021, 7, 1))) == 10_599
    assert len(G.districts_on(BEFORE)) == 696 and G.districts_on(AFTER) == ()
    assert len(G.provinces_on(BEFORE)) == 63 and len(G.provinces_on(AFTER)) == 34
    assert {u.name for u in G.districts_on(BEFORE, "51")} >= {"Huyện Sơn Tịnh", "Huyện Tư Nghĩa", "Huyện Lý Sơn"}


def test_a_code_means_another_unit_since_july_2025() -> None:
    for code, old, new in (("52", "Bình Định", "Gia Lai"), ("44", "Quảng Bình", "Quảng Trị"), ("80", "Long An", "Tây Ninh"),
                           ("15", "Yên Bái", "Lào Cai"), ("24", "Bắc Giang", "Bắc Ninh"), ("82", "Tiền Giang", "Đồng Tháp"),
                           ("91", "Kiên Giang", "An Giang")):
        assert G.unit(code, BEFORE).bare_name == old and G.unit(code, AFTER).bare_name == new     # type: ignore[union-attr]
    assert G.unit("99999") is None and G.units("99999") == ()


@given(communes_of_2025)
def test_every_commune_of_2025_went_somewhere(unit: Unit) -> None:
    new = G.successor(unit.code)
    assert new and all(G.unit(code, AFTER) is not None for code in new)


def test_no_commune_of_today_came_from_nowhere() -> None:
    taken = {code for u in G.communes_on(BEFORE) for code in G.successor(u.code)}
    left = [u.name for u in G.communes_on(AFTER) if u.code not in taken]
    assert all(name.startswith("Đặc khu") for name in left), left       # islands that had no communes


def test_what_became_of_provinces_districts_and_older_communes() -> None:
    assert G.successor("62") == ("51",) and G.successor("46") == ("46",) and G.successor("77") == ("79",)
    assert {G.unit(c, AFTER).province for c in G.successor("534")} == {"Tỉnh Quảng Ngãi"}     # type: ignore[union-attr]
    assert G.succession("00010") == (("00004", "earlier"),)             # phường Nguyễn Trung Trực, merged into Trúc Bạch in 2025


def test_as_books_write_it() -> None:
    unit = G.unit("21259", BEFORE)
    assert unit is not None and written(unit) == "Xã Nghĩa Sơn, Huyện Tư Nghĩa, Quảng Ngãi"
    assert written(G.unit("51", BEFORE)) == "Quảng Ngãi" and written(G.unit("533", BEFORE)) == "Huyện Mộ Đức, Quảng Ngãi"   # type: ignore[arg-type]
    assert written(G.find("Phường Ba Đình, Hà Nội", on=AFTER)[0].unit) == "Phường Ba Đình, Hà Nội"


@given(communes_of_2025)
@settings(max_examples=150, deadline=None)
def test_every_commune_is_found_by_what_books_write(unit: Unit) -> None:
    match = G.find(written(unit), on=BEFORE)[0]
    assert match.unit == unit and match.score == 1.0 and match.written == written(unit)


@given(communes_since_july)
@settings(max_examples=150, deadline=None)
def test_every_commune_of_today_is_found(unit: Unit) -> None:
    match = G.find(written(unit), on=AFTER)[0]
    assert match.unit == unit and match.score == 1.0


@given(communes_of_2025, st.sampled_from(["bare", "short", "lower", "prefixed", "no commas", "institution", "hamlet"]))
@settings(max_examples=150, deadline=None)
def test_found_however_it_is_written(unit: Unit, style: str) -> None:
    kind, name = split_kind(unit.name)
    district_kind, district = split_kind(unit.district)
    province = split_kind(unit.province)[1]
    short = {"Xã": "X.", "Phường": "P.", "Thị trấn": "TT.", "Huyện": "H.", "Quận": "Q.", "Thị xã": "TX.", "Thành phố": "TP."}
    text = {
        "bare": f"{name}, {district}, {province}",
        "short": f"{short[kind]} {name}, {short[district_kind]} {district}, T. {province}",
        "lower": written(unit).lower(),
        "prefixed": f"{unit.name}, {unit.district}, {unit.province}",
        "no commas": f"{unit.name} {unit.district} {unit.province}",
        "institution": f"Trạm y tế {unit.name.lower()}, {unit.district.lower()}, {unit.province.lower()}",
        "hamlet": f"Thôn 3, {unit.name}, {unit.district}, {unit.province}",
    }[style]
    found = [m.unit for m in G.find(text, on=BEFORE)]
    namesakes = {u.code for u in found if fold(u.bare_name) == fold(name) and u.district_code == unit.district_code}
    assert unit.code in {found[0].code} | (namesakes if style == "bare" else set()), (text, [written(u) for u in found])


@pytest.mark.parametrize(("text", "on", "expected"), [
    ("Trạm y tế xã Tịnh Trà, huyện Sơn Tịnh, tỉnh Quảng Ngãi", date(2013, 1, 1), "Xã Tịnh Trà, Huyện Sơn Tịnh, Quảng Ngãi"),
    ("P.5, Q.3, TP.HCM", date(2015, 1, 1), "Phường 5, Quận 3, Hồ Chí Minh"),
    ("Phường 05, Quận 3, Thành phố Hồ Chí Minh", date(2015, 1, 1), "Phường 5, Quận 3, Hồ Chí Minh"),
    ("Phường Bến Nghé, Quận 1, Sài Gòn", date(2010, 1, 1), "Phường Bến Nghé, Quận 1, Hồ Chí Minh"),
    ("UBND xã Cư Êbur, TP Buôn Ma Thuột, Đắc Lắc", date(2010, 1, 1), "Xã Cư ÊBur, Thành phố Buôn Ma Thuột, Đắk Lắk"),
    ("Kim Liên, Nam Đàn, Nghệ Tĩnh", date(1985, 1, 1), "Xã Kim Liên, Huyện Nam Đàn, Nghệ An"),
    ("Hà Nam Ninh", date(1985, 1, 1), "Hà Nam Ninh"),
    ("nghia son tu nghia quang ngai", date(2013, 1, 1), "Xã Nghĩa Sơn, Huyện Tư Nghĩa, Quảng Ngãi"),
    ("Xã Nghĩa Son Huyện Tu Nghĩa Quảng Ngãi", date(2013, 1, 1), "Xã Nghĩa Sơn, Huyện Tư Nghĩa, Quảng Ngãi"),
    ("Sơn Tịnh, Quảng Ngãi", date(2013, 1, 1), "Huyện Sơn Tịnh, Quảng Ngãi"),
    ("Sơn Tịnh, Quảng Ngãi", AFTER, "Xã Sơn Tịnh, Quảng Ngãi"),
    ("Quảng Ngãi", date(2013, 1, 1), "Quảng Ngãi"),
    ("TP. Hà Nội", date(2013, 1, 1), "Hà Nội"),
    ("Bà Rịa - Vũng Tàu", date(2013, 1, 1), "Bà Rịa - Vũng Tàu"),
    ("Huyện Lý Sơn, tỉnh Quảng Ngãi", date(2013, 1, 1), "Huyện Lý Sơn, Quảng Ngãi"),
    ("Phường Thuận Hòa, Thành phố Huế, Thừa Thiên Huế", date(2013, 1, 1), "Phường Thuận Hòa, Thành phố Huế, Thừa Thiên Huế"),
])
def test_found(text: str, on: date, expected: str) -> None:
    assert G.find(text, on=on)[0].written == expected


@pytest.mark.parametrize("text", ["", " , ", "…", "Nguyễn Văn A"])
def test_nothing_is_found_for_sure_in_other_texts(text: str) -> None:
    assert all(m.score < 0.9 for m in G.find(text))


def test_the_registry_settles_a_tie() -> None:
    alone = G.find("Xã Tân Thành", on=BEFORE, limit=5)
    near = G.find("Xã Tân Thành", on=BEFORE, limit=1, near=("66",))
    assert len({m.unit.province_code for m in alone}) > 1
    assert near[0].unit.province_code in ("66", *{m.unit.province_code for m in alone}) and near[0].score == alone[0].score


def test_find_is_fast() -> None:
    """Thousands of fields a book: below 5 ms a query, over all communes; in processor time, as other tests may run beside."""
    rng = random.Random(7)
    units = rng.sample(G.communes_on(BEFORE), 200)
    G.find("Hà Nội")
    queries = [written(u) for u in units[:100]]
    for u in units[100:]:
        letters = list(strip_marks(written(u)).lower())
        letters[rng.randrange(len(letters))] = "x"
        queries.append("".join(letters))
    start = time.process_time()
    for q in queries:
        G.find(q, on=BEFORE)
    assert (time.process_time() - start) / len(queries) < 0.005


@given(communes_of_2025, st.data())
@settings(max_examples=150, deadline=None)
def test_a_slip_in_each_name_is_forgiven(unit: Unit, data: st.DataObject) -> None:
    """One letter of the commune's and one of the district's name wrong: the unit stays among the first five."""
    def slip(name: str) -> str:
        if len(name) < 5:
            return name
        k = data.draw(st.integers(1, len(name) - 1).filter(lambda i: name[i] != " "))
        return name[:k] + data.draw(st.sampled_from("aeunm")) + name[k + 1:]
    kind, name = split_kind(unit.name)
    text = f"{kind} {slip(name)}, {slip(split_kind(unit.district)[1])}, {split_kind(unit.province)[1]}"
    near = [m.unit for m in G.find(text, on=BEFORE)]
    assert unit in near or any(fold(u.bare_name)[:3] == fold(unit.bare_name)[:3] and u.district_code == unit.district_code for u in near)


def test_same_name_promoted_to_town_is_no_stranger() -> None:
    town = next(u for u in G.units("21220") if u.name == "Thị trấn Tịnh Hà")
    assert not town.existed(date(2013, 1, 1)) and G.has_name(town, date(2013, 1, 1))


def test_what_is_read_of_a_written_place() -> None:
    place = read_place("Thôn 3, X. Hòa Ninh, H. Hòa Vang, T. Đà Nẵng")
    assert place.names == ("hòa ninh", "hòa vang", "đà nẵng") and place.kinds == ("Xã", "Huyện", "Tỉnh") and place.sure


@given(st.text(max_size=60))
@settings(deadline=None)
def test_any_text_may_be_searched(text: str) -> None:
    matches = G.find(text, on=BEFORE, limit=3)
    assert len(matches) <= 3 and all(0 <= m.score <= 1 for m in matches)
    assert [m.score for m in matches] == sorted((m.score for m in matches), reverse=True)


def test_an_own_gazetteer() -> None:
    """A list of one's own: nothing is wired to the built-in data."""
    unit = Unit("1", "commune", "Xã Mẫu", "10", "Huyện Ví Dụ", "100", "Tỉnh Thử", lists="C")
    g = Gazetteer([unit], [("1", "2", "whole")])
    assert [(m.unit, m.score) for m in g.find("mẫu, ví dụ, thử")] == [(unit, 1.0)]
    assert g.succession("1") == (("2", "whole"),) and g.successor("1") == (), "a code of no known length has no successor"
