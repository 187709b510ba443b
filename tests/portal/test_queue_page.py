"""The queue page: filters and counts, one sentence a row without anybody's name, pages by place; taking the next; answers packed."""
from __future__ import annotations

import html
import re

import pytest
from fastapi.testclient import TestClient
from portal_house import MOTHERS, sign_in
from sqlalchemy import select

from portal.queue_rows import commune_name, grouped, waited, why_here
from storage import review
from storage.models import Entry, Link, Page, utc_now
from storage.policy import Actor


def text(answer):
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


@pytest.mark.parametrize(("reasons", "likely", "said"), [
    ([], None, "Đọc rõ, chỉ cần xác nhận"),
    ([["low_confidence", "meHoTen"]], None, "Đọc chưa chắc: mẹ – họ, chữ đệm, tên"),
    ([["link_review", "me"]], ("me", ("điểm 0,71: cùng mẹ, năm sinh lệch 1", "score 0.71")),
     "Chưa chắc là ai: Mẹ (điểm 0,71: cùng mẹ, năm sinh lệch 1)"),
    ([["low_confidence", "so"], ["link_review", "cha", "me"]], ("me", ("điểm 0,40: cùng họ tên", "x")),
     "Đọc chưa chắc: số; chưa chắc là ai: Cha; Mẹ (mẹ: điểm 0,40: cùng họ tên)"),
    ([["low_confidence", "meNgaySinh", "meNoiCuTru", "so", "chaHoTen", "chaNgaySinh", "quyenSo"]], None,
     "Đọc chưa chắc: mẹ – ngày sinh, nơi cư trú; số; cha – họ, chữ đệm, tên và 2 ô khác"),
    ([["unknown_form"], ["poor_image"]], None, "Không nhận ra mẫu sổ; ảnh xấu"),
])
def test_why_in_one_sentence(reasons, likely, said):
    assert why_here(reasons, likely)[0] == said


def test_places_days_and_counts_as_people_write_them():
    from datetime import timedelta
    now = utc_now()
    assert commune_name("21139") == "Xã Trà Sơn, Huyện Trà Bồng" and commune_name("zz") == "zz" and commune_name(None) == ""
    assert waited(now, now)[0] == "hôm nay" and waited(now - timedelta(days=3), now) == ("3 ngày", "3 days")
    assert waited(now - timedelta(days=90), now)[0] == "3 tháng"
    assert grouped(812345, "vi") == "812.345" and grouped(812345, "en") == "812,345"


def test_a_row_says_why_and_names_nobody(client, book):
    with book.database.session() as s:
        for entry in s.scalars(select(Entry).where(Entry.status == "review")):
            entry.reasons = [["low_confidence", "nksHoTen"], ["link_review", "me"]]
    sign_in(client)
    said = text(client.get("/review"))
    assert "Chưa chắc là ai: Mẹ (điểm 0,70: cùng họ tên, cùng năm sinh)".lower() in said.lower()
    assert "Xã Trà Sơn · KS.2017.01.001.jpg" in said and "hôm nay" in said
    for name in ("Loan", "Cường", "MẬN", "Mận", "MẪN", *(number for number, *_ in MOTHERS)):
        assert name not in said
    english = text(client.get("/review?lang=en"))
    assert "Unsure who this is: Mother (score 0.70: same name, same birth year)".lower() in english.lower()


def test_a_link_drawn_for_a_blind_check_tells_nothing_of_the_machines_opinion(client, book):
    with book.database.session() as s:
        for link in s.scalars(select(Link)):
            link.blind = True
        for entry in s.scalars(select(Entry).where(Entry.status == "review")):
            entry.reasons = [["link_review", "me"]]
    sign_in(client)
    said = text(client.get("/review"))
    assert "Chưa chắc là ai: Mẹ" in said and "điểm" not in said


def test_filters_narrow_the_queue_and_say_how_many(client, book):
    first, second, third = book.entries()
    sign_in(client)

    def shown(query):
        answer = client.get(f"/review?{query}")
        return [int(n) for n in re.findall(r'href="/review/(\d+)', answer.text)], text(answer)

    assert shown("")[0] == [first, second, third]
    assert shown("reason=low_confidence")[0] == [first, second] and "Đọc chưa chắc (2)" in shown("")[1]
    assert shown("state=draft")[0] == [third] and "1 mục theo bộ lọc này" in shown("state=draft")[1]
    assert shown("commune=21139&kind=KS")[0] == [first, second, third] and shown("kind=KT")[0] == []
    assert shown("batch=KS.2017.01&reason=low_confidence")[0] == [first, second]
    assert shown("commune=21139")[1].count("Xã Trà Sơn, Huyện Trà Bồng (3)") == 1
    assert "Không còn mục nào theo bộ lọc này" in shown("commune=99999")[1]
    assert shown("reason=%3Cscript%3E&after=x_y&before=1")[0] == [first, second, third]       # nonsense is no filter


def test_pages_turn_by_place_in_both_directions_and_nothing_is_left_out(client, book):
    with book.database.session() as s:
        page = s.scalars(select(Page).where(Page.state == "read")).first()
        s.add_all(Entry(page_id=page.id, row=n, kind="KS", form="KS2016", status="review", risk=n % 7, reasons=[]) for n in range(2, 122))
    sign_in(client)

    def turn(url):
        answer = client.get(url).text
        links = {rel: html.unescape(href) for rel, href in re.findall(r'<a rel="(\w+)" href="([^"]+)"', answer)}
        return [int(n) for n in re.findall(r'class="book-name" href="/review/(\d+)', answer)], links

    with book.database.reading() as s:
        whole = [i.entry_id for i in review.queue(s, Actor("tp.lan", "reviewer"), limit=200)]
    one, links = turn("/review")
    two, more = turn("/review" + links["next"])
    three, last = turn("/review" + more["next"])
    assert one + two + three == whole and len(one) == len(two) == 50 and "prev" not in links and "next" not in last
    back, links = turn("/review" + last["prev"])
    assert back == two and turn("/review" + links["prev"])[0] == one and "prev" not in turn("/review" + links["prev"])[1]


def test_two_who_press_next_together_get_two_entries(client, book):
    sign_in(client)
    with TestClient(book.app()) as other:
        sign_in(other, "xa.minh")
        ours, theirs = (c.get("/review/next", follow_redirects=False).headers["location"] for c in (client, other))
        assert ours != theirs and "held" not in client.get(ours).text.split("<main")[1][:200]
        page = text(client.get("/review"))
        assert "xa.minh đang xem" in page and "anh/chị đang xem" in page


def test_pages_are_packed_on_the_way_and_pictures_are_not(client, book):
    sign_in(client)
    with book.database.reading() as s:
        page = s.get(Entry, book.entries()[0]).page_id
    assert client.get("/review").headers["content-encoding"] == "gzip" and client.get(f"/review/{book.entries()[0]}").headers["vary"]
    assert "content-encoding" not in client.get(f"/pages/{page}/full.jpg").headers
    assert "content-encoding" not in client.get("/review", headers={"Accept-Encoding": "identity"}).headers


def test_an_entry_costs_the_same_number_of_questions_whatever_it_holds(book):
    """Of the page of an entry: the questions do not grow with its fields, findings and earlier decisions."""
    import sqlalchemy as sa

    from portal.review_item import review_item
    asked = []
    sa.event.listen(book.database.engine, "before_cursor_execute", lambda *a: asked.append(a[2]))

    def count(entry_id):
        asked.clear()
        with book.database.reading() as s:
            review_item(s, s.get(Entry, entry_id))
        return len(asked)

    first = book.entries()[0]
    before = count(first)
    with book.database.session() as s:
        review.correct_field(s, Actor("tp.lan", "reviewer"), first, "meDanToc", "Kinh")
        review.correct_field(s, Actor("tp.lan", "reviewer"), first, "chaDanToc", "Kinh")
    assert before == count(first) <= 12
