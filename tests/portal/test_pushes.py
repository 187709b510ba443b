"""Dossiers for the Ministry's software on pages and over the API: who sees which, what to do, send again, hold, every look logged."""
from __future__ import annotations

import dataclasses
import re
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from portal_house import House, sign_in
from sqlalchemy import select

from portal.push_wording import STAGES as SAID
from portal.push_wording import to_do
from storage import accounts
from storage.ministry_push import decide_to_send, errors
from storage.ministry_push.listing import STAGES, counts, listed, stage_of
from storage.models import Batch, Entry, Event, Field, MinistryPush, Page, utc_now
from storage.policy import Actor, Grant
from storage.search import LIMIT
from storage.search_keys import write_keys
from tests.storage.ministry_dossiers import archived_entries

HEADERS = {"X-Dossier-Code": "H21.129-250812-0035", "X-Service-Code": "2.000635", "X-Officer-Code": "cb.hoa"}
REASON = "nksDanToc không tồn tại trong danh mục"
HEAD = Actor("tp.duyet", "approver")


@pytest.fixture
def sent(house: House) -> House:
    """Five archived births of commune 21250 at five stages, and who decides: for the province, for that commune, for another."""
    entries = archived_entries(house.database, 5)
    with house.database.session() as s:
        for name, grant in (("tp.duyet", Grant("approver")), ("xa.day", Grant("commune_head", frozenset({"21250"}))),
                            ("xa.kia", Grant("commune_head", frozenset({"00001"})))):
            accounts.add_user(s, name, "cầu-vồng-7-sắc", None, display_name=name)
            accounts.give(s, name, grant)
        for n, entry in enumerate(entries):
            decide_to_send(s, HEAD, entry, "LTKS", f"H21-{n}")
    with house.database.session() as s:
        rows = {r.dossier: r for r in s.scalars(select(MinistryPush))}
        rows["H21-1"].state, rows["H21-1"].problem, rows["H21-1"].said = "dead", "dossier_refused", [REASON]
        rows["H21-2"].state, rows["H21-2"].problem = "dead", "ministry_access"
        rows["H21-3"].state, rows["H21-3"].sent_at, rows["H21-3"].again = "sent", utc_now(), True
        rows["H21-4"].state, rows["H21-4"].content = "done", {}
        rows["H21-4"].result = {"trangThai": "4", "soDangKy": "15", "soDinhDanh": "051317000001"}
    return house


@pytest.fixture
def browser(sent):
    with TestClient(sent.app()) as c:
        yield c


def row(house: House, dossier: str) -> MinistryPush:
    with house.database.reading() as s:
        return s.scalars(select(MinistryPush).where(MinistryPush.dossier == dossier)).one()


def post(client: TestClient, house: House, dossier: str, what: str, **form: str):
    token = re.search(r'name="csrf" value="(\w+)"', client.get("/").text)[1]
    return client.post(f"/pushes/{row(house, dossier).id}/{what}", data={**form, "csrf": token}, headers={"Accept": "text/html"})


def test_the_list_says_what_needs_somebody_first(sent, browser):
    sign_in(browser, "tp.duyet")
    html = browser.get("/pushes").text
    codes = re.findall(r'href="/pushes/\d+">([^<]+)<', html)
    assert codes[:2] == ["H21-2", "H21-1"] and set(codes) == {"H21-0", "H21-1", "H21-2", "H21-3"} and "chưa kết nối" in html
    assert re.findall(r'href="/pushes/\d+">([^<]+)<', browser.get("/pushes?stage=finished").text) == ["H21-4"]
    for stage in STAGES:
        assert SAID[stage][0] in html and browser.get(f"/pushes?stage={stage}").status_code == 200
    assert re.findall(r'href="/pushes/\d+">([^<]+)<', browser.get("/pushes?stage=x&start=-3").text) == codes
    home = browser.get("/").text
    assert "Hồ sơ gửi Bộ Tư pháp" in home and "2 <small>hồ sơ cần người xử lý" in home


def test_each_sees_the_dossiers_of_their_communes(sent, browser):
    number = row(sent, "H21-1").id
    for name, status in (("xa.day", 200), ("xa.kia", 404), ("tp.lan", 403), ("kiem.toan", 403)):
        sign_in(browser, name)
        assert browser.get(f"/pushes/{number}").status_code == status, name
        assert post(browser, sent, "H21-1", "hold", reason="hold_other").status_code == status, name
        if name == "xa.kia":
            home = browser.get("/").text
            assert "H21-" not in browser.get("/pushes").text + home and 'href="/pushes"' in home and "Chưa có hồ sơ nào." in home
    with sent.database.reading() as s:
        other = Actor("xa.kia", "commune_head", "00001")
        assert listed(s, other) == [] and set(counts(s, other).values()) == {0}
        refused = s.scalars(select(Event).where(Event.action == "access.refused", Event.actor == "xa.kia")).all()
    assert {e.detail["reason"] for e in refused} == {"no_such_push"}


def test_one_dossier_shows_the_reason_what_to_do_and_what_the_register_says_now(sent, browser):
    push = row(sent, "H21-1")
    with sent.database.session() as s:
        s.scalars(select(Field).where(Field.entry_id == push.entry_id, Field.code == "nksDanToc")).one().value = "Hrê"
    sign_in(browser, "xa.day")
    html = browser.get(f"/pushes/{push.id}").text
    assert "Người được khai sinh: dân tộc (nksDanToc) không tồn tại" in html
    assert "phiên bản mới" in html and "<b>Hrê</b>" in html and "NGUYỄN THỊ ÁNH &amp; &lt;B&gt;" in html
    with sent.database.reading() as s:
        look = s.scalars(select(Event).where(Event.action == "push.view")).one()
    assert (look.actor, look.subject, look.detail["dossier"], look.detail["purpose"]) == (
        "xa.day", f"entry:{push.entry_id}", "H21-1", "ministry")
    assert "nksDanToc" in look.detail["fields"] and "Hrê" not in str(look.detail)
    done = browser.get(f"/pushes/{row(sent, 'H21-4').id}").text
    assert "Số đăng ký" in done and ">15<" in done and "051317000001" not in done and "Gửi lại" not in done
    assert browser.get("/pushes/999999").status_code == 404


def test_corrected_and_sent_again_it_goes_with_what_the_register_says_now(sent, browser):
    push = row(sent, "H21-1")
    with sent.database.session() as s:
        s.scalars(select(Field).where(Field.entry_id == push.entry_id, Field.code == "nksDanToc")).one().value = "Hrê"
    sign_in(browser, "xa.day")
    assert post(browser, sent, "H21-1", "again").status_code == 200
    after = row(sent, "H21-1")
    assert (after.state, after.problem, after.said, after.content["values"]["nksDanToc"], after.decided_by) == (
        "waiting", None, [], "Hrê", "xa.day")
    assert after.content["linked"] == push.content["linked"] and after.content["received"] == push.content["received"]
    with sent.database.reading() as s:
        said = s.scalars(select(Event).where(Event.action == "push.decide", Event.actor == "xa.day")).one()
    assert "nksDanToc" in said.detail["fields"]
    taken = post(browser, sent, "H21-3", "again")
    assert taken.status_code == 409 and "đã được tiếp nhận" in taken.text


def test_where_nothing_is_connected_the_page_says_that_nothing_was_sent(sent, browser):
    push = row(sent, "H21-0")
    with sent.database.session() as s:
        content = {**push.content, "values": {**push.content["values"], "loaiDangKy": "1"}}
        s.get_one(MinistryPush, push.id).content = content
    sign_in(browser, "tp.duyet")
    html = browser.get(f"/pushes/{push.id}").text
    assert "chưa cấu hình kết nối" in html and "chưa gửi gì" in html and "không phải làm gì" not in html
    assert "<dt>Sẽ thử lúc</dt><dd>khi đã kết nối</dd>" in html and "<td>Đúng hạn</td>" in html and "role=\"status\"" not in html
    again = post(browser, sent, "H21-0", "again").text
    assert "Đã xếp hồ sơ lên đầu hàng gửi." in again and "chưa gửi gì" in again
    assert "Đã xếp hồ sơ lên đầu hàng gửi." in post(browser, sent, "H21-1", "again").text
    sent.services = dataclasses.replace(sent.services, ministry=object())
    with TestClient(sent.app()) as connected:
        sign_in(connected, "tp.duyet")
        html = connected.get(f"/pushes/{push.id}").text
    assert "chưa cấu hình kết nối" not in html and "Máy tự gửi" in html and re.search(r"<dt>Sẽ thử lúc</dt><dd>\d\d:\d\d ", html)


def test_held_it_is_not_sent_until_somebody_says_so(sent, browser):
    sign_in(browser, "tp.duyet")
    assert post(browser, sent, "H21-0", "hold").status_code == 409
    assert post(browser, sent, "H21-0", "hold", reason="hold_correction").status_code == 200
    held = row(sent, "H21-0")
    assert (held.state, stage_of(held)) == ("held", "held") and "chờ cải chính" in browser.get(f"/pushes/{held.id}").text
    assert post(browser, sent, "H21-0", "hold", reason="hold_other").status_code == 409
    assert post(browser, sent, "H21-0", "again").status_code == 200 and row(sent, "H21-0").state == "waiting"
    with sent.database.session() as s:
        s.scalars(select(MinistryPush).where(MinistryPush.dossier == "H21-0")).one().claimed_until = utc_now() + timedelta(minutes=5)
    busy = post(browser, sent, "H21-0", "hold", reason="hold_other")
    assert busy.status_code == 409 and "đang được gửi" in busy.text and row(sent, "H21-0").state == "waiting"
    with sent.database.reading() as s:
        assert s.scalars(select(Event).where(Event.action == "push.hold")).one().detail["hold"] == "hold_correction"


def test_every_stage_and_problem_has_something_to_do():
    dead = [("dead", problem) for problem in errors.PROBLEMS]
    for state, problem in [("waiting", None), ("held", "hold_other"), ("sent", None), ("done", None), *dead]:
        vi, en = to_do(MinistryPush(state=state, problem=problem))
        assert vi and en and vi != en


def test_a_program_asks_how_far_a_dossier_is(sent):
    with sent.database.session() as s:
        secrets = {"motcua": accounts.add_client(s, "motcua", ["push:status"], agency_code="H21"),
                   "tinhkhac": accounts.add_client(s, "tinhkhac", ["push:status"], agency_code="H2"),
                   "khac": accounts.add_client(s, "khac", ["KS:read"])}
    with TestClient(sent.app(), base_url="http://testserver/api/v1/") as api:
        asked = {n: api.post("oauth/token", data={"grant_type": "client_credentials"}, auth=(n, s)).json() for n, s in secrets.items()}
        tokens = {n: {"Authorization": f"Bearer {said['access_token']}", **HEADERS} for n, said in asked.items()}
        assert api.get("pushes/H21-1", headers=tokens["khac"]).json()["code"] == "not_permitted"
        assert api.get("pushes/H21-9", headers=tokens["motcua"]).json()["code"] == "not_found"
        assert api.get("pushes/H21-1", headers=tokens["tinhkhac"]).json()["code"] == "not_found"       # another agency's
        said = {n: api.get(f"pushes/H21-{n}", headers=tokens["motcua"]).json() for n in range(5)}
    assert [said[n]["state"] for n in range(5)] == ["waiting", "refused", "stuck", "accepted", "finished"]
    assert said[1]["reasons"] == [REASON] and said[2]["reasons"] == [] and said[3]["again"] and said[3]["accepted_at"]
    assert said[4]["result"] == {"soDangKy": "15"}
    with sent.database.reading() as s:
        looks = s.scalars(select(Event).where(Event.action == "push.state").order_by(Event.seq)).all()
        refused = s.scalars(select(Event).where(Event.action == "access.refused").order_by(Event.seq)).all()
    assert [e.detail["code"] for e in looks] == [f"H21-{n}" for n in range(5)] and looks[0].subject.startswith("entry:")
    assert (looks[0].detail["officer"], looks[0].detail["agency"], looks[0].detail["fields"]) == ("cb.hoa", "H21", [])
    assert [e.detail["reason"] for e in refused] == ["not_permitted", "not_found", "not_found"]


def put_on_the_list(client: TestClient, entry: int, **form: str):
    token = re.search(r'name="csrf" value="(\w+)"', client.get("/").text)[1]
    return client.post(f"/pushes/new/{entry}", data={**form, "csrf": token}, headers={"Accept": "text/html"})


def test_an_approver_sends_an_archived_entry_from_its_page(sent, browser):
    entry = row(sent, "H21-4").entry_id
    with sent.database.session() as s:
        s.get_one(Entry, entry).archive_id = "0b6c"
    sign_in(browser, "tp.duyet")
    assert f'href="/pushes/new/{entry}"' in browser.get(f"/review/{entry}").text
    form = browser.get(f"/pushes/new/{entry}").text
    assert "H21-4" in form and "NGUYỄN" not in form and re.findall(r'<option value="(\w+)"', form) == ["LTKS", "BS"]
    asked = {"module": "BS", "requester": "Lê Văn Cường", "relation": "Cha", "copies": "2", "with_copy": "1"}
    made = put_on_the_list(browser, entry, dossier=" H21.129-261130-0001 ", **asked)
    push = row(sent, "H21.129-261130-0001")
    assert made.status_code == 200 and made.url.path == f"/pushes/{push.id}" and "Đã đưa vào danh sách gửi." in made.text
    assert (push.module, push.entry_id, push.state, push.decided_by) == ("BS", entry, "waiting", "tp.duyet")
    assert push.content["requester"] == {"name": "Lê Văn Cường", "relation": "Cha", "copies": 2}
    assert push.content["copy_of"] == "0b6c"
    again = put_on_the_list(browser, entry, dossier="H21.129-261130-0001", **asked)
    assert again.url.path == f"/pushes/{push.id}" and "Đã đưa vào" not in again.text
    other = put_on_the_list(browser, entry, dossier="H21.129-261130-0001", **{**asked, "requester": "Trần Thị Hoa", "copies": "5"})
    assert other.status_code == 409 and "nội dung khác" in other.text and 'value="Trần Thị Hoa"' in other.text
    assert row(sent, "H21.129-261130-0001").content == push.content
    with sent.database.reading() as s:
        assert s.scalar(select(Event).where(Event.action == "push.decide", Event.actor == "tp.duyet", Event.subject == f"entry:{entry}")
                        .order_by(Event.seq.desc())).detail["dossier"] == "H21.129-261130-0001"


def test_an_entry_is_found_by_its_register_number(sent, browser):
    first, second = (row(sent, f"H21-{n}").entry_id for n in (0, 1))
    with sent.database.session() as s:
        for entry in (first, second):
            found = s.get_one(Entry, entry)
            found.number, found.year = "77", 2017
            write_keys(s, entry)
    sign_in(browser, "tp.duyet")
    both = browser.get("/pushes/find?kind=KS&number=077&year=2017").text
    assert "Có 2 mục" in both and all(f'href="/pushes/new/{e}"' in both for e in (first, second)) and 'value="077"' in both
    with sent.database.session() as s:
        s.get_one(Entry, second).status = "verified"
    only = browser.get("/pushes/find?kind=KS&number=77&year=2017")
    assert only.url.path == f"/pushes/new/{first}" and 'name="dossier"' in only.text
    for question, status in (("kind=KS&number=77&year=2016", 404), ("kind=KS&number=77&year=17", 422), ("kind=HS&number=77&year=2017", 422),
                             ("", 422)):
        answer = browser.get(f"/pushes/find?{question}", headers={"Accept": "text/html"})
        assert answer.status_code == status and 'role="alert"' in answer.text and "<table" in answer.text, question
    sign_in(browser, "xa.kia")
    assert browser.get("/pushes/find?kind=KS&number=77&year=2017").status_code == 404
    sign_in(browser, "tp.lan")
    assert browser.get("/pushes/find?kind=KS&number=77&year=2017").status_code == 403


def test_other_communes_entries_of_that_number_do_not_hide_ones_own(sent, browser, monkeypatch):
    """Each commune has a number 12: the first of the province are not those that somebody of one commune may send."""
    mine = row(sent, "H21-4").entry_id
    with sent.database.session() as s:
        own = s.get_one(Entry, mine)
        page = s.get_one(Page, own.page_id)
        s.add(other := Batch(id="KS.khac", kind="KS", content_hash="y", folder="", commune_code="21139"))
        s.flush()
        s.add(theirs := Page(batch_id=other.id, file="x.jpg", sha256=page.sha256, size=page.size, media_type=page.media_type, state="read"))
        s.flush()
        added = [Entry(page_id=theirs.id, row=n, kind="KS", number="12", year=1999, status="archived") for n in range(LIMIT + 1)]
        s.add_all(added)
        s.flush()
        for entry in added:
            write_keys(s, entry.id)
        last = Entry(page_id=own.page_id, row=99, kind="KS", number="12", year=1999, status="archived")
        s.add(last)
        s.flush()
        write_keys(s, last.id)
        wanted = last.id
    sign_in(browser, "xa.day")
    assert browser.get("/pushes/find?kind=KS&number=12&year=1999").url.path == f"/pushes/new/{wanted}"
    sign_in(browser, "tp.duyet")
    many = browser.get("/pushes/find?kind=KS&number=12&year=1999").text
    assert "hãy ghi thêm quyển số" in many and many.count('href="/pushes/new/') == LIMIT


@pytest.mark.parametrize(("said", "why"), [
    ({"module": "BS", "dossier": "H21.129-261130-0002"}, "họ tên người yêu cầu"),
    ({"module": "BS", "dossier": "H21.129-261130-0002", "requester": "An", "copies": "200"}, "số bản từ 1 đến 99"),
    ({"module": "LTKS", "dossier": "?"}, "không đúng dạng"), ({"module": "LTKS", "dossier": "H21/../../129"}, "không đúng dạng"),
    ({"module": "LTKS", "dossier": "H21.129-261130-0002", "linked": "xyz ?? b"}, "liên thông không đúng dạng"),
    ({"module": "LTKH", "dossier": "H21.129-261130-0002"}, "chỉ gửi được với: LTKS, BS"),
    ({"module": "LTKS", "dossier": "H21-0"}, "đã dùng cho"),
])
def test_what_cannot_be_sent_is_said_and_what_was_typed_is_kept(sent, browser, said, why):
    sign_in(browser, "tp.duyet")
    with sent.database.reading() as s:
        before = len(listed(s, HEAD, limit=50))
    answer = put_on_the_list(browser, row(sent, "H21-4").entry_id, relation="Chị <ruột>", **said)
    assert answer.status_code == 409 and why in answer.text and 'value="Chị &lt;ruột&gt;"' in answer.text
    assert f'value="{said["dossier"]}"' in answer.text
    with sent.database.reading() as s:
        assert len(listed(s, HEAD, limit=50)) == before


def test_only_who_approves_there_sends_and_only_what_is_archived(sent, browser):
    entry = row(sent, "H21-4").entry_id
    for name, status in (("xa.day", 200), ("xa.kia", 404), ("tp.lan", 403), ("kiem.toan", 403)):
        sign_in(browser, name)
        assert browser.get(f"/pushes/new/{entry}").status_code == status, name
        assert put_on_the_list(browser, entry, module="LTKS", dossier=f"H21.129-{name}").status_code == status, name
        assert ("/pushes/new/" in browser.get(f"/review/{entry}").text) == (name == "xa.day"), name
    with sent.database.session() as s:
        s.get_one(Entry, entry).status = "verified"
    sign_in(browser, "tp.duyet")
    page = browser.get(f"/pushes/new/{entry}").text
    assert "chưa lưu trữ" in page and "<select" not in page and "/pushes/new/" not in browser.get(f"/review/{entry}").text
