"""The link part of the review page: reasons in sentences, blind checks that tell nothing, ruling out, history, workload and promise."""
from __future__ import annotations

import re
from datetime import timedelta

import pytest
from portal_house import MOTHERS, csrf_of, sign_in
from sqlalchemy import select

from matching.calibration import Checked
from matching.policy import shipped_policy
from matching.thresholds import Promise, estimate
from portal.link_sentence import link_reason, sentence
from storage.link_policy import Standing
from storage.link_workload import Workload, workload
from storage.models import Batch, Link, LinkCheck, Person, utc_now
from storage.policy import Actor
from storage.promise_wording import promise_lines

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
    assert "liên kết chờ quyết định" in page and "sai không quá 1 trên 1.000" in page and "ước tính của chính mô hình" in page
    english = client.get("/?lang=en").text
    assert "links to decide" in english and "at most 1 wrong in 1,000" in english


def test_a_random_check_is_not_a_link_to_decide(book):
    first_link(book, blind=True, decision="accept", personal_id=MOTHERS[0][0], probability=0.9999)
    with book.database.session() as s:
        assert workload(s, Actor("tp.lan")) == Workload(undecided=1, checks=1, weekly=0), "a day's books say nothing of the next week"
        s.scalars(select(Batch)).one().created_at = utc_now() - timedelta(weeks=2)
        assert workload(s, Actor("tp.lan")) == Workload(undecided=1, checks=1, weekly=1)
    assert Workload(0, 1, 0).line == ("0 liên kết chờ quyết định, 1 lượt kiểm tra ngẫu nhiên.", "0 links to decide, 1 random checks.")
    assert "khoảng 1.200 sẽ đến mỗi tuần" in Workload(3, 1, 1200).line[0]


@pytest.mark.parametrize(("checked", "bounded"), [(1, False), (29, False), (30, True)])
def test_a_bound_on_wrong_links_needs_enough_checks(checked, bounded):
    policy = shipped_policy()
    found = estimate([Checked("me", 0.9999, True, 1.0, True)] * checked)
    said = promise_lines(Standing(policy, Promise(policy.target, 0.0005, 100, found), 0))[1]
    assert ("độ tin cậy" in said[0], "confidence" in said[1]) == (bounded, bounded) and f"{checked} liên kết, 0 sai" in said[0]
