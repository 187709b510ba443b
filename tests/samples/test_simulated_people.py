"""The simulated people keep the rules that real ones do."""
from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from records.places import default_gazetteer, written
from samples.districts import BOOKS_OF, LE_THUY, find_district
from samples.naming import misspell
from samples.people import World, simulate
from samples.population_file import HEADER, Differences, write_population


def test_numbers_follow_province_century_sex_and_year(world: World) -> None:
    numbers = [p.number for p in world.people]
    assert len(set(numbers)) == len(numbers)
    for p in world.people:
        assert len(p.number) == 12 and p.number.isdigit() and p.number.startswith("044")
        assert int(p.number[3]) == 2 * (p.born.year // 100 - 19) + (p.sex == "Nữ")
        assert p.number[4:6] == f"{p.born.year % 100:02d}"


def test_families_hold_together(world: World) -> None:
    for p in world.people:
        if p.mother is not None:
            mother = world.people[p.mother]
            assert mother.sex == "Nữ" and 17 <= p.born.year - mother.born.year <= 43 and p.index in mother.children
            assert mother.died is None or mother.died.year >= p.born.year
        if p.father is not None: assert p.surname == world.people[p.father].surname and world.people[p.father].sex == "Nam"
        if p.spouse is not None: assert world.people[p.spouse].spouse == p.index and world.people[p.spouse].sex != p.sex
        assert p.died is None or p.died > p.born


def test_nothing_is_registered_before_it_happened(world: World) -> None:
    for e in world.events:
        assert e.registered >= e.happened
        if e.kind == "KS": assert e.late == ((e.registered - e.happened).days > 60)
        if e.kind == "KH": assert all(e.happened.year - world.people[i].born.year >= 18 for i in e.roles.values())
        if e.kind == "KT": assert world.people[e.roles["nkt"]].died == e.happened


def test_a_book_is_in_the_order_of_registration(world: World) -> None:
    books = [world.of_book("KS", year, c) for year in (2009, 2017) for c in world.district.communes[:3]]
    assert sum(map(len, books)) > 20
    for book in books: assert [e.registered for e in book] == sorted(e.registered for e in book)


def test_the_seed_decides() -> None:
    district = replace(LE_THUY, settled=2)
    a, b, c = (simulate(district, 400, seed) for seed in (3, 3, 4))
    assert a.people == b.people and a.events == b.events
    assert [p.name for p in a.people] != [p.name for p in c.people]


def test_population_file_differs_as_declared(world: World, tmp_path: Path) -> None:
    listed = write_population(world, tmp_path / "p.csv", 5)
    rows = list(csv.DictReader((tmp_path / "p.csv").open(encoding="utf-8")))
    assert tuple(rows[0]) == HEADER
    assert {r["so_dinh_danh"] for r in rows} == listed
    people = {p.number: p for p in world.people}
    due = [p for p in world.people if p.died is None or p.died.year >= 1996]
    declared = Differences()
    n = len(due)
    spread = lambda share: 4 * (share * (1 - share) / n) ** 0.5  # noqa: E731 (four standard deviations)
    missing = 1 - len(rows) / n
    assert abs(missing - declared.missing) < spread(declared.missing)
    otherwise = sum(r["ho_ten"] != people[r["so_dinh_danh"]].name.upper() for r in rows) / len(rows)
    assert abs(otherwise - declared.spelled_otherwise) < spread(declared.spelled_otherwise)
    years = sum(len(r["ngay_sinh"]) == 4 for r in rows) / len(rows)
    assert abs(years - declared.year_only) < spread(declared.year_only)
    assert all(r["ngay_sinh"][:4] == str(people[r["so_dinh_danh"]].born.year) for r in rows)


def test_parents_in_the_file_are_called_as_the_file_calls_them(world: World, tmp_path: Path) -> None:
    write_population(world, tmp_path / "p.csv", 5)
    rows = {r["so_dinh_danh"]: r for r in csv.DictReader((tmp_path / "p.csv").open(encoding="utf-8"))}
    pairs = [(r, rows[r["so_dinh_danh_me"]]) for r in rows.values() if r["so_dinh_danh_me"] in rows]
    assert len(pairs) > 300
    assert all(r["ho_ten_me"] == mother["ho_ten"] for r, mother in pairs)


def test_any_district_can_be_chosen() -> None:
    district = find_district("huyện Tư nghĩa, quảng ngãi")
    assert district.name == "Huyện Tư Nghĩa, Quảng Ngãi" and district.code == "051" and district.minority == "Hrê"
    assert "Xã Nghĩa Kỳ, Huyện Tư Nghĩa, Quảng Ngãi" in district.communes and len(district.communes) <= 8
    assert find_district(LE_THUY.name) is LE_THUY
    with pytest.raises(ValueError, match=r"near it: .*Tư Nghĩa"): find_district("Huyện Từ Nghĩa, Quảng Ngãi ")


def test_the_default_district_is_in_the_gazetteer() -> None:
    gazetteer = default_gazetteer()
    for commune in LE_THUY.communes:
        assert any(written(m.unit) == commune for m in gazetteer.find(commune, on=BOOKS_OF)), commune


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["Nguyễn Thị Thu Hà", "Lê Văn Minh", "Hồ Lan", "Y Blô Niê", "Cill K'Brơi", "Huỳnh Quý"]))
def test_misspelling_changes_a_name_but_not_past_knowing(seed: int, name: str) -> None:
    other = misspell(name, np.random.default_rng(seed))
    assert other
    assert abs(len(other.split()) - len(name.split())) <= 1
    assert set(name.split()) & set(other.split()) or len(name.split()) < 3


@pytest.mark.parametrize("name", ["Nguyễn Thị Thu Hà", "Hoàng Văn Vũ"])
def test_misspelling_really_happens(name: str) -> None:
    rng = np.random.default_rng(1)
    assert sum(misspell(name, rng) != name for _ in range(50)) >= 49
