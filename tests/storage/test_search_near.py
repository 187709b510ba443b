"""Near names and dates are found, said to be near, and the exact ones stay exact."""
from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from records.text import fold
from storage import search_near
from storage.models import Batch, Entry, Field, Page
from storage.policy import Actor, Grant
from storage.search import by_name_and_date
from storage.search_keys import write_keys
from storage.search_near import WHY, Asked, by_near_name, date_agreement, name_agreement, near_dates

PEOPLE = {      # archive id -> name, birth date, mother
    "loan": ("Lê Thị Loan", "2017-03-01", "Trần Thị Mận"), "loan2": ("Lê Thị Loạn", "2017-03-01", "Trần Thị Mận"),
    "swap": ("Lê Thị Loan", "2017-01-03", "Trần Thị Mẫn"), "year": ("Lê Thị Loan", "2017", ""),
    "short": ("Lê Loan", "2017-03-01", ""), "digit": ("Lê Thị Loan", "2011-03-01", ""),
    "hoang": ("Hoàng Văn Vũ", "1990-05-07", ""), "huynh": ("Huỳnh Văn Võ", "1990-05-07", ""),
    "far": ("Phạm Quốc Toản", "2017-03-01", ""), "other": ("Lê Thị Loan", "1950-12-25", ""),
}


@pytest.fixture
def people(database):
    with database.session() as s:
        s.add(Batch(id="A", folder="", content_hash="A", kind="KS", commune_code="21250", book_number="01/2017", declared={}))
        s.flush()
        for n, (name, (written, born, mother)) in enumerate(PEOPLE.items(), 1):
            s.add(Page(id=n, batch_id="A", file=f"{n}.jpg", sha256=name, size=1, state="read"))
            s.flush()
            entry = Entry(id=n, page_id=n, kind="KS", status="archived", number=str(n), year=2017, archive_id=name)
            entry.fields = [Field(code=c, value=v, confidence=1, source="ocr")
                            for c, v in (("nksHoTen", written), ("nksNgaySinh", born), ("meHoTen", mother)) if v]
            s.add(entry)
            s.flush()
            write_keys(s, n)
    return database


def near(database, name, born, **more):
    with database.reading() as s:
        return {h.hit.archive_id: h for h in by_near_name(s, name, born, ["KS"], **more)}


def test_near_people_are_found_with_the_reason(people):
    found = near(people, "Lê Thị Loan", "2017-03-01")
    assert {name: h.why for name, h in found.items()} == {
        "loan": ("name_same", "date_same"), "year": ("name_same", "date_less_exact"), "loan2": ("name_marks", "date_same"),
        "swap": ("name_same", "date_swapped"), "digit": ("name_same", "date_digit"), "short": ("name_part", "date_same")}
    assert [name for name, h in found.items() if h.exact] == ["loan", "year"]
    scores = [h.score for h in found.values()]
    assert scores == sorted(scores, reverse=True) and scores[0] == 1.0
    assert list(near(people, "Lê Thị Loan", "2017-03-01", limit=2)) == ["loan", "year"]


def test_what_one_ear_hears_alike(people):
    assert near(people, "Hoàng Văn Vũ", "1990-05-07")["huynh"].why == ("name_sounds", "date_same")


def test_the_mother_counts(people):
    found = near(people, "Lê Thị Loan", "2017-03-01", mother="Trần Thị Mận")
    assert found["loan"].why[2] == "mother_same" and found["swap"].why[2] == "mother_near" and found["loan"].exact
    other = near(people, "Lê Thị Loan", "2017-03-01", mother="Ngô Kim Yến")
    assert other["loan"].why[2] == "mother_other" and not other["loan"].exact and other["loan"].score < found["loan"].score


@pytest.mark.parametrize(("name", "born"), [(v[0], v[1]) for v in PEOPLE.values()])
def test_exact_is_what_the_exact_search_finds(people, name, born):
    with people.reading() as s:
        exact = {h.archive_id for h in by_name_and_date(s, name, born, ["KS"])}
    assert {n for n, h in near(people, name, born).items() if h.exact} == exact


def test_hits_the_actor_may_not_see_take_nobody_elses_place(people, monkeypatch):
    with people.session() as s:
        s.add(Batch(id="B", folder="", content_hash="B", kind="KS", commune_code="21253", declared={}))
        s.flush()
        s.scalars(select(Page).join(Entry, Entry.page_id == Page.id).where(Entry.archive_id == "loan")).one().batch_id = "B"
    here = Actor("tp.lan", "reviewer", grants=(Grant("reviewer", frozenset({"21250"})),))
    every = list(near(people, "Lê Thị Loan", "2017-03-01"))
    monkeypatch.setattr(search_near, "_TOGETHER", 1)
    assert list(near(people, "Lê Thị Loan", "2017-03-01")) == every and every[0] == "loan"
    assert list(near(people, "Lê Thị Loan", "2017-03-01", actor=here, limit=2)) == every[1:3]


def test_of_too_many_the_nearest_dates_are_compared(people, monkeypatch):
    monkeypatch.setattr(search_near, "_CANDIDATES", 5)
    assert {"loan", "loan2", "swap", "short"} == set(near(people, "Lê Thị Loan", "2017-03-01")), "five are of that day or its mirror"


WORDS = ["Lê", "Thị", "Loan", "Lan", "Hoàng", "Huỳnh", "Văn", "Mạnh", "Mành", "Hòa", "Hoà"]
names = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)
dates = st.dates(date(1900, 1, 1), date(2030, 1, 1)).map(str)


@given(a=names, b=names, x=dates, y=dates)
def test_agreement_does_not_depend_on_who_asks(a, b, x, y):
    assert name_agreement(fold(a), fold(b)) == name_agreement(fold(b), fold(a))
    assert date_agreement(x, y) == date_agreement(y, x)


@given(name=names, born=dates)
def test_the_same_is_best_and_every_near_date_is_near(name, born):
    assert Asked(fold(name), born, None).compare(fold(name), born, None) == (1.0, ("name_same", "date_same"))
    for other in near_dates(born):
        code = date_agreement(born, other)
        assert code in ("date_swapped", "date_digit") and WHY[code][0] < 1
