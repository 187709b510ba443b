"""What the review page's script calls: acts under an id, accepting what was shown first, notes, the next entry as a fragment, tiles."""
from __future__ import annotations

import gzip
import io
import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops
from portal_house import MOTHERS, csrf_of, sign_in

from portal.page_tiles import OVERLAP, TILE, PageTiles
from portal.waterfall import waterfall
from storage.models import Entry, Event, Link, Page, ReviewDecision, utc_now
from storage.policy import Actor
from storage.review import decide_link
from storage.review_acts import KEPT, forget, once, proposed


def link_of(house, entry, **values):
    with house.database.session() as s:
        link = s.scalars(sa.select(Link).where(Link.entry_id == entry)).one()
        for name, value in {"personal_id": MOTHERS[0][0], "linker_probability": 0.7, "joint_probability": 0.7, **values}.items():
            setattr(link, name, value)


def act(client, entry, what, act_id=None, **body):
    return client.post(f"/review/{entry}/{what}", json={**({"id": act_id} if act_id else {}), **body}, headers=csrf_of(client))


def actions(house, entry):
    with house.database.reading() as s:
        query = sa.select(Event.action).where(Event.subject == f"entry:{entry}", Event.action.not_in(("record.view", "record.fetch")))
        return list(s.scalars(query.order_by(Event.seq)))


def test_accepting_names_the_first_candidate_and_verifies_in_one_act_that_is_undone_as_one(book, client):
    entry = book.entries()[1]
    link_of(book, entry)
    sign_in(client)
    said = act(client, entry, "accept", str(uuid.uuid4()), revision=0, people={"me": MOTHERS[0][0]}).json()
    assert (said["status"], said["revision"]) == ("verified", 2) and actions(book, entry) == ["link.decide", "entry.verify"]
    act(client, entry, "comment", str(uuid.uuid4()), text="đã xem")
    assert client.post("/review/undo", json={"id": str(uuid.uuid4())}, headers=csrf_of(client)).json()["status"] == "review"
    with book.database.reading() as s:
        assert s.scalars(sa.select(Link).where(Link.entry_id == entry)).one().decided_by is None
    assert actions(book, entry)[-2:] == ["decision.undo", "decision.undo"]


@pytest.mark.parametrize(("values", "named"), [
    ({}, MOTHERS[1][0]),                                        # not the one shown first
    ({"personal_id": None}, MOTHERS[0][0]),                     # the machine names nobody
    ({"blind": True}, MOTHERS[0][0]), ({"blind": True, "decision": "accept"}, MOTHERS[0][0]),
    ({"reasons": [["claimed_twice", "3"]]}, MOTHERS[0][0]),     # something speaks against
])
def test_enter_alone_accepts_nobody_whom_the_machine_does_not_propose(book, client, values, named):
    entry = book.entries()[1]
    link_of(book, entry, **values)
    sign_in(client)
    refused = act(client, entry, "accept", revision=0, people={"me": named})
    assert (refused.status_code, refused.json()["code"]) == (409, "not_proposed") and actions(book, entry) == []
    assert act(client, entry, "accept", revision=0, people={}).json()["code"] == "links_undecided"
    shown = client.get(f"/review/{entry}").text
    assert ('data-proposed=""' in shown) == (values != {})


def test_a_decision_sent_again_gets_the_same_answer_and_is_done_once(book, client):
    entry, same = book.entries()[1], str(uuid.uuid4())
    sign_in(client)
    first = act(client, entry, "field", same, revision=0, code="nksHoTen", text="Lê Thị Loan Anh")
    again = act(client, entry, "field", same, revision=0, code="nksHoTen", text="Lê Thị Loan Anh")
    assert first.json() == again.json() and first.json()["revision"] == 1 and actions(book, entry) == ["field.correct"]
    with TestClient(book.app()) as other:
        sign_in(other, "xa.minh")
        assert act(other, entry, "field", same, revision=1, code="nksHoTen", text="khác").json()["code"] == "decision_of_another"
    assert act(client, entry, "field", "not-an-id", revision=1, code="nksHoTen", text="x").status_code == 422


def test_the_same_decision_arriving_many_times_at_once_is_done_once(pg_or_sqlite_house):
    house, entry = pg_or_sqlite_house
    same, actor = str(uuid.uuid4()), Actor("tp.lan", "reviewer")

    def send(_):
        return once(house, actor, same, "link", entry, lambda s: decide_link(s, actor, entry, "me", MOTHERS[0][0], revision=0)).revision

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(send, range(6))) == {1}
    with house.reading() as s:
        assert len(s.scalars(sa.select(ReviewDecision)).all()) == 1


@pytest.fixture
def pg_or_sqlite_house(book):
    return book.database, book.entries()[1]


def test_not_sure_leaves_the_queue_of_that_person_alone_and_is_undone(book, client):
    entry = book.entries()[0]
    sign_in(client)
    said = act(client, entry, "unsure", revision=0, note="mẹ hay dì?").json()
    assert said["unsure_today"] == 1 and f"/review/{entry}" not in client.get("/review/next", follow_redirects=False).headers["location"]
    with TestClient(book.app()) as other:
        sign_in(other, "xa.minh")
        assert f"/review/{entry}?" in other.get("/review/next", follow_redirects=False).headers["location"]
        page = other.get(f"/review/{entry}").text
        assert "tp.lan chưa chắc" in page and "mẹ hay dì?" in page
        other.post("/review/release", json={"entries": [entry]}, headers=csrf_of(other))
    client.post("/review/undo", headers=csrf_of(client))
    client.post("/review/release", json={"entries": [entry]}, headers=csrf_of(client))
    assert f"/review/{entry}?" in client.get("/review/next", follow_redirects=False).headers["location"]


def test_notes_are_text_for_those_who_may_see_the_entry_and_not_in_the_log(book, client):
    entry = book.entries()[0]
    sign_in(client)
    assert act(client, entry, "comment", text="  ").json()["code"] == "empty_comment"
    assert act(client, entry, "comment", text="x" * 1001).status_code == 422
    assert act(client, entry, "comment", text="<script>x</script> bà Hoa").status_code == 200
    assert "&lt;script&gt;x&lt;/script&gt; bà Hoa" in client.get(f"/review/{entry}").text
    with book.database.reading() as s:
        assert "Hoa" not in json.dumps([e.detail for e in s.scalars(sa.select(Event))], ensure_ascii=False)
    sign_in(client, "xa.xa")                        # an officer of another commune
    assert act(client, entry, "comment", text="tôi").json()["code"] == "no_such_entry"


def test_the_next_entry_comes_as_a_small_fragment_leased_and_its_look_is_logged_when_shown(book, client):
    first, second, third = book.entries()
    sign_in(client)
    client.get(f"/review/{first}")
    answer = client.get(f"/review/ahead?after={first}&passed={first}", headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200 and f'data-entry="{second}"' in answer.text
    assert "<html" not in answer.text and "csrf" not in answer.text
    assert len(gzip.compress(answer.content)) < 12_000 and answer.headers["content-encoding"] == "gzip"
    with book.database.reading() as s:
        assert s.get(Entry, second).lease_by == "tp.lan"
        seen = [(e.action, e.subject) for e in s.scalars(sa.select(Event).where(Event.action.like("record.%")))]
    assert seen == [("record.view", f"entry:{first}"), ("record.fetch", f"entry:{second}")]
    assert client.post(f"/review/{second}/shown", headers=csrf_of(client)).status_code == 204
    passed = "&".join(f"passed={e}" for e in (first, second, third))
    assert client.get(f"/review/ahead?after={first}&{passed}").status_code == 204
    held = client.post("/review/hold", json={"entries": [first, second, 9999]}, headers=csrf_of(client)).json()
    assert list(held["lost"]) == ["9999"]


def test_an_entry_takes_few_queries_however_many_links_and_decisions(book, client):
    entry = book.entries()[1]
    sign_in(client)

    def queries():
        said = []
        sa.event.listen(book.database.engine, "before_cursor_execute", listener := lambda *a: said.append(a[2]))
        client.get(f"/review/{entry}")
        sa.event.remove(book.database.engine, "before_cursor_execute", listener)
        return len(said)

    before = queries()
    with book.database.session() as s:
        one = s.get(Entry, entry)
        for role in ("nks", "cha"):
            people = [{"personal_id": MOTHERS[1][0], "probability": 0.5}]
            one.links.append(Link(role=role, decision="review", probability=0.5, candidates=people,
                                  reasons=[["claimed_twice", str(book.entries()[0])]]))
    for _ in range(3):
        with book.database.reading() as s:
            revision = s.get(Entry, entry).revision
        act(client, entry, "link", revision=revision, role="me", personal_id=MOTHERS[0][0])
    assert queries() <= before + 2 and before <= 25


def test_a_closed_entry_says_so_and_cannot_be_changed(book, client):
    first, second, _ = book.entries()
    link_of(book, second)
    sign_in(client)
    act(client, second, "accept", revision=0, people={"me": MOTHERS[0][0]})
    page = client.get(f"/review/{second}").text
    assert "tp.lan đã xác nhận lúc" in page and 'data-editable=""' in page and "data-not" not in page
    act(client, first, "reject", revision=0, reason="cut_off", note="mép phải")
    page = client.get(f"/review/{first}").text
    assert "Trang đã để riêng" in page and "mép phải" in page and 'data-editable=""' in page


def test_tiles_make_up_the_page_and_one_look_is_one_line_of_the_log(book, client):
    with book.database.reading() as s:
        page = s.get(Entry, book.entries()[0]).page_id
    sign_in(client)
    at = client.get(f"/pages/{page}/tiles.json").json()
    whole = Image.new("RGB", (at["width"], at["height"]))
    for x in range(-(-at["width"] // TILE)):
        for y in range(-(-at["height"] // TILE)):
            answer = client.get(f"{at['at']}/{at['maxLevel']}/{x}_{y}.jpg")
            whole.paste(Image.open(io.BytesIO(answer.content)), (max(x * TILE - OVERLAP, 0), max(y * TILE - OVERLAP, 0)))
    with book.database.reading() as s:
        original = Image.open(io.BytesIO(book.services.objects.get("archive", s.get(Page, page).original_key))).convert("RGB")
        assert [e.subject for e in s.scalars(sa.select(Event).where(Event.action == "page.view"))] == [f"page:{page}"]
    assert whole.size == original.size and max(e[1] for e in ImageChops.difference(whole, original).getextrema()) < 60
    part = client.get(f"{at['at']}/region/400_500_200_100.jpg")
    cut = Image.open(io.BytesIO(part.content))
    assert cut.size == (200, 100) and max(e[1] for e in ImageChops.difference(cut, original.crop((400, 500, 600, 600))).getextrema()) < 70
    assert client.get(f"{at['at']}/region/0_0_200_100.jpg", headers={"If-None-Match": ""}).status_code == 200
    assert client.get(f"{at['at']}/{at['maxLevel']}/0_0.jpg", headers={"If-None-Match": answer.headers["etag"]}).status_code == 200
    assert client.get(f"{at['at']}/{at['maxLevel']}/{x}_{y}.jpg", headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
    forged = f"/pages/{page}/tiles/{'0' * 40}/{at['maxLevel']}/0_0.jpg"
    for bad in (f"{at['at']}/99/0_0.jpg", f"{at['at']}/region/9999_0_10_10.jpg", forged):
        assert client.get(bad).status_code == 404, bad
    with TestClient(book.app()) as other:           # somebody else's session cannot use the address, nor may another commune look
        sign_in(other, "xa.minh")
        assert other.get(f"{at['at']}/{at['maxLevel']}/0_0.jpg").status_code == 404
        sign_in(other, "xa.xa")
        assert other.get(f"/pages/{page}/tiles.json").status_code == 404


def test_the_room_for_tiles_is_kept_and_what_was_dropped_is_made_again(book, tmp_path):
    tiles = PageTiles(book.services.objects, tmp_path / "tiles", room=1)
    with book.database.reading() as s:
        pages = s.scalars(sa.select(Page).where(Page.state == "read").order_by(Page.id)).all()
    for page in (*pages, pages[0]):
        assert tiles.tile(page, tiles.pyramid(page).max_level, 0, 0)
        assert len(list((tmp_path / "tiles").glob("*/*"))) == 1


@given(st.lists(st.tuples(st.sampled_from(["prior", "name", "birth", "new"]), st.sampled_from(["same", "else", "x"]), st.floats(-30, 30)),
                max_size=8), st.floats(0, 1))
def test_a_waterfall_adds_up(evidence, probability):
    chart = waterfall(evidence, probability)
    if chart is None:
        return
    weights = [float(b.weight[1].replace("−", "-")) for b in chart.bars]
    assert sum(weights[:-1]) == pytest.approx(weights[-1], abs=0.05 * (len(weights) + 1) + 0.06 * 8)
    assert all(0 <= b.y <= chart.height and b.height > 0 and b.y + b.height <= chart.height for b in chart.bars)


def test_a_waterfall_in_words():
    chart = waterfall([["prior", "", -12.2], ["name", "same", 6.1], ["birth", "same year", 3.14]], 0.7)
    assert chart.words[0] == ("ban đầu: −12,2; họ tên giống hệt: +6,1; ngày sinh cùng năm: +3,1; còn lại (gia đình, người khác): +3,8; "
                              "tổng: +0,8")
    assert waterfall([["prior", "", -3.0]], 0.5) is None and waterfall([], 0.5) is None


def test_proposed_is_the_candidate_shown_first():
    link = Link(role="me", decision="review", personal_id="1", candidates=[{"personal_id": "2", "probability": 0.4},
                {"personal_id": "1", "probability": 0.6}], reasons=[], blind=False)
    assert proposed(link) == "1"
    link.decided_by = "x"
    assert proposed(link) is None


def test_ids_of_old_acts_are_dropped(book):
    with book.database.session() as s:
        s.add_all(ReviewDecision(id=name, by="tp.lan", entry_id=1, what="field", at=utc_now() - KEPT + timedelta(hours=hours))
                  for name, hours in (("old", -1), ("new", 1)))
    with book.database.session() as s:
        assert forget(s) == 1
    with book.database.reading() as s:
        assert s.scalars(sa.select(ReviewDecision.id)).all() == ["new"]
