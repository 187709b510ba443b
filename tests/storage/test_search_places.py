"""Old communes are found by today's names and codes, and the other way round; the answer says which unit the book was of."""
from __future__ import annotations

from datetime import date

import pytest

from records.places import default_gazetteer
from storage.models import Batch, Entry, Page
from storage.search import by_register_number
from storage.search_keys import book_unit, write_keys
from storage.search_places import asked, book_unit_today

OLD = "21250"           # Xã Nghĩa Kỳ, Huyện Tư Nghĩa, Quảng Ngãi, until June 2025; Xã Nghĩa Giang, which it went into, has its number
PLACES = default_gazetteer()
(TODAY, _), *_ = PLACES.succession(OLD)
NEIGHBOUR = next(old for old, _ in PLACES.predecessors(TODAY) if old != OLD)


@pytest.fixture
def books(database):
    """One number in one year in three books: of an old commune, of a neighbour merged into the same one, and one that today's commune
    holds though its office was the old one."""
    with database.session() as s:
        for n, (name, commune, office) in enumerate((("old", OLD, None), ("neighbour", NEIGHBOUR, None),
                                                     ("held", TODAY, "UBND xã Nghĩa Kỳ, huyện Tư Nghĩa")), 1):
            s.add(Batch(id=name, folder="", content_hash=name, kind="KS", commune_code=commune, registry_office=office, declared={}))
            s.flush()
            s.add(Page(id=n, batch_id=name, file="1.jpg", sha256=name, size=1, state="read"))
            s.flush()
            s.add(Entry(id=n, page_id=n, kind="KS", status="archived", number="12", year=2017, archive_id=name))
            s.flush()
            write_keys(s, n)
    return database


def found(database, place):
    with database.reading() as s:
        return {h.archive_id: h for h in by_register_number(s, "KS", "12", 2017, place=place)}


@pytest.mark.parametrize(("place", "names"), [
    (OLD, {"old", "neighbour", "held"}),        # the number means the old commune and the new one
    ("Xã Nghĩa Kỳ, huyện Tư Nghĩa, Quảng Ngãi", {"old", "held"}),
    (TODAY, {"old", "neighbour", "held"}), ("Xã Tịnh Hà, Quảng Ngãi", set()),
])
def test_by_old_and_new_places(books, place, names):
    assert set(found(books, place)) == names


def test_the_name_of_today(books):
    name = next(u.name for u in PLACES.units(TODAY) if u.lists == "D")
    assert set(found(books, f"{name}, tỉnh Quảng Ngãi")) >= {"old", "held"}


def test_the_answer_says_whose_book_it_was_and_what_that_is_today(books):
    for hit in found(books, "Xã Nghĩa Kỳ, huyện Tư Nghĩa, Quảng Ngãi").values():
        assert hit.unit.code == OLD and hit.unit.name.startswith("Xã Nghĩa Kỳ")
        assert [u.code for u in hit.unit.today] == [new for new, _ in PLACES.succession(OLD)]
        assert all(u.relation in ("whole", "divided", "earlier", "unsure") and "Quảng Ngãi" in u.name for u in hit.unit.today)


def test_a_name_settles_what_a_code_does_not():
    assert book_unit("", OLD, 2017) == (OLD, "C") and book_unit("", OLD, 2026) == (OLD, "D")
    assert book_unit("UBND xã Nghĩa Kỳ", TODAY, 2017) == (OLD, "C")
    assert book_unit_today(OLD, "D").today[0].relation == "same" and book_unit_today("99999", "C") is None
    assert book_unit("", "", 0) is None and book_unit("Trạm xá", OLD, 2017) == (OLD, "C")


def test_going_over_and_back_agree():
    for u in PLACES.communes_on(date(2026, 1, 1))[:300]:
        for old, relation in PLACES.predecessors(u.code):
            assert (u.code, relation) in PLACES.succession(old)


def test_a_code_is_taken_in_both_numberings():
    both = asked(OLD)
    assert OLD in both.old and OLD in both.new and TODAY in both.new and both.holder == OLD
