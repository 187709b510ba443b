"""The link part of the review page: reasons in sentences, blind checks that tell nothing, ruling out, history, workload and promise."""
from __future__ import annotations

import re

import pytest
from portal_house import MOTHERS, csrf_of, sign_in
from sqlalchemy import select

from portal.link_sentence import link_reason, sentence
from storage.models import Link, LinkCheck, Person

WRITTEN = {"name": "Trần Thị Mận", "birth_date": "1985", "mother_name": "Lê Thị Hoa", "personal_id": ""}


@pytest.mark.parametrize(("person", "probability", "said"), [
    (Person(name="TRẦN THỊ MẬN", birth_date="1986-04-02", mother_name="LÊ THỊ HOA"), 0.71,
     "điểm 0,71: cùng họ tên, cùng mẹ, năm sinh lệch 1"),
    (Person(name="TRẦN THỊ MẪN", birth_date="1985"), 0.4, "điểm 0,40: họ tên chỉ khác dấu, cùng năm sinh"),
    (Person(name="TRẦN THỊ HOA", birth_date=""), 0.99999, "điểm > 0,9999: họ tên lệch 1 chữ"),
    (None, 0.004, "điểm 0,0040"),
])
def test_why_in_a_sentence(person, probability, said):
    assert sentence(WRITTEN, person, "051185000001", probability)[0] == said


def test_a_reason_names_the_other_entry_in_words():
    vi, en = link_reason(["claimed_twice", "57"], {"57": ("mục khai sinh số 3 quyển 01/2017", "birth entry 3 of book 01/2017")})
    assert "mục khai sinh số 3 quyển 01/2017" in vi and "birth entry 3" in en and "{" not in vi + en


def first_link(house, **values):
    with house.database.session() as s:
        link = s.scalars(select(Link).order_by(Link.id)).first()
        for name, value in values.items():
            setattr(link, name, value)
        return link.entry_id


def rows(page):
    return re.findall(r'class="candidate[^"]*" data-id="(\d+)"', page)


def test_a_blind_check_shows_people_but_no_opinion_and_its_answer_is_a_check(book, client):
    entry = first_link(book, blind=True, decision="accept", personal_id=MOTHERS[0][0], probability=0.9999, joint_probability=0.9999,
                       linker_probability=0.9999)
    sign_in(client)
    page = client.get(f"/review/{entry}").text
    assert sorted(rows(page)) == [m[0] for m in MOTHERS] and "điểm" not in page and "chosen" not in page.split('id="words"')[0]
    assert 'data-state="review"' in page and not re.search(r'class="prob"><b>', page)
    refused = client.post(f"/review/{entry}/verify", json={"revision": 0, "acknowledge": True}, headers=csrf_of(client))
    assert refused.status_code == 409 and refused.json()["code"] == "links_undecided"
    said = client.post(f"/review/{entry}/link", json={"revision": 0, "role": "me", "personal_id": MOTHERS[1][0]}, headers=csrf_of(client))
    assert said.status_code == 200
    with book.database.reading() as s:
        check = s.scalars(select(LinkCheck)).one()
        assert (check.answer, check.right, check.blind, check.withdrawn) == (MOTHERS[0][0], False, True, False) and 0 < check.rate < 1
    assert "tp.lan chọn" in client.get(f"/review/{entry}").text
    client.post("/review/undo", headers=csrf_of(client))
    with book.database.reading() as s:
        assert s.scalars(select(LinkCheck)).one().withdrawn
    assert "đã rút lại" in client.get(f"/review/{entry}").text


def test_ruling_somebody_out_takes_them_off_the_list(book, client):
    entry = first_link(book, personal_id=MOTHERS[0][0], linker_probability=0.7, joint_probability=0.7)
    sign_in(client)
    assert "điểm 0,70" in client.get(f"/review/{entry}").text
    first = {"role": "me", "personal_id": MOTHERS[0][0]}
    said = client.post(f"/review/{entry}/rule-out", json={"revision": 0, **first}, headers=csrf_of(client))
    assert said.status_code == 200 and rows(client.get(f"/review/{entry}").text) == [MOTHERS[1][0]]
    again = client.post(f"/review/{entry}/rule-out", json={"revision": 1, **first}, headers=csrf_of(client))
    assert again.status_code == 409


def test_the_first_page_tells_the_weeks_work_and_the_promise_with_its_grounds(book, client):
    sign_in(client)
    page = client.get("/").text
    assert "liên kết tuần này" in page and "sai không quá 1 trên 1.000" in page and "ước tính của chính mô hình" in page
    english = client.get("/?lang=en").text
    assert "links this week" in english and "at most 1 wrong in 1,000" in english
