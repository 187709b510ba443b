"""The desk without a browser: pages find their book by its sheet, one taken again replaces the old, a node's book reaches the hub."""
from __future__ import annotations

import dataclasses
import hashlib
import io
import threading
import time

import pytest
import uvicorn
from PIL import Image
from portal_house import PASSWORD, SIZE, csrf_of, page_bytes, sign_in
from sqlalchemy import select

from ocr.images import open_page
from pipelines.sending import hear_from_hub, send_to_hub
from pipelines.services import HubOptions
from portal.exchange import SenderHere
from storage import accounts, page_work
from storage.book_making import make_book
from storage.book_way import accept, give_back, give_page_back, last_step, receive, returned_pages, send, state_of
from storage.completeness import completeness, explain_hole
from storage.database import Database
from storage.desk_errors import BookSent
from storage.intake import add_files, add_folder
from storage.models import Batch, Entry, Event, HoleReason, Page, PageWork
from storage.outbox import ObjectLedger
from storage.page_order import book_pages
from storage.policy import Actor, Grant
from storage.review_errors import NoSuchEntry, NotAllowed, OtherKind, SeveralCommunes
from storage.scan_folder import Source
from sync.http_transport import HttpTransport
from sync.manifest import Manifest, file_facts
from sync.pace import Patience

MINH, OTHER = Actor("xa.minh", "commune_officer", "21139"), Actor("xa.xa", "commune_officer", "00001")


def sender(house, actor=MINH):
    return SenderHere(actor.name, actor.commune_code, "vi", house.services, 10**9, house.started.append, actor=actor)


def bring(house, tmp_path, files, actor=MINH, name="gui", **about):
    """Files (name -> bytes) through the whole of an upload's end, as its receiver would hand them over."""
    folder = tmp_path / hashlib.sha256(repr(sorted(files)).encode()).hexdigest()[:8]
    folder.mkdir(exist_ok=True)
    paths = []
    for file, data in files.items():
        (folder / file).write_bytes(data)
        paths.append(folder / file)
    manifest = Manifest(name, tuple(file_facts(p.name, p) for p in paths), about)
    asked = sender(house, actor)
    asked.check(manifest.about)
    return asked.take_in(manifest, paths)


def test_who_works_for_several_communes_says_whose_a_new_book_is(house, client, tmp_path):
    two = frozenset({"21139", "00001"})
    both = Actor("xa.hai", "commune_officer", grants=(Grant("commune_officer", two, frozenset({"KS"})),))
    with pytest.raises(SeveralCommunes):
        bring(house, tmp_path, {"a.jpg": page_bytes("một")}, both, "KS.2016.01", loai="KS")
    with pytest.raises(NotAllowed):
        bring(house, tmp_path, {"a.jpg": page_bytes("một")}, both, "KS.2016.01", loai="KS", xa="00004")
    with pytest.raises(OtherKind):
        bring(house, tmp_path, {"a.jpg": page_bytes("một")}, both, "KH.2016.01", loai="KH", xa="00001")
    taken = bring(house, tmp_path, {"a.jpg": page_bytes("một")}, both, "KS.2016.01", loai="KS", xa="00001")
    again = bring(house, tmp_path, {"b.jpg": page_bytes("hai")}, both, batch=taken["batch"])
    with house.database.session() as s:
        book = s.get_one(Batch, taken["batch"])
        assert (book.commune_code, again["batch"]) == ("00001", book.id) and "xa" not in book.declared
        accounts.add_user(s, "xa.hai", PASSWORD, "commune_officer", "21139")
        accounts.give(s, "xa.hai", Grant("commune_officer", frozenset({"00001"})))
    sign_in(client, "xa.hai")
    form = {"loai": "KT", "nam": "2018", "csrf": csrf_of(client)["X-CSRF-Token"]}
    assert '<option value="00001">' in client.get("/upload").text
    assert client.post("/books/new", data=form).status_code == 409
    assert client.post("/books/new", data=form | {"xa": "00001"}, follow_redirects=False).headers["location"] == "/books/KT.2018"
    with house.database.reading() as s:
        assert s.get_one(Batch, "KT.2018").commune_code == "00001"


def sheet_picture(client, batch):
    """The printed sheet as a scanner gives it."""
    drawn = open_page(client.get(f"/books/{batch}/cover.pdf").content, "application/pdf", dpi=110)
    out = io.BytesIO()
    Image.fromarray(drawn.pixels).save(out, "JPEG", quality=80)
    return out.getvalue()


def test_a_book_is_made_and_its_printed_sheet_leads_pages_to_it(house, client, tmp_path):
    sign_in(client, "xa.minh")
    made = client.post("/books/new", data={"loai": "KH", "nam": "2019", "quyenSo": "02/2019", "csrf": csrf_of(client)["X-CSRF-Token"]},
                       follow_redirects=False)
    assert made.headers["location"] == "/books/KH.2019.02"
    sheet = sheet_picture(client, "KH.2019.02")
    taken = bring(house, tmp_path, {"a.jpg": sheet, "b.jpg": page_bytes("một"), "c.jpg": page_bytes("hai")})
    assert taken["batch"] == "KH.2019.02"
    with house.database.reading() as s:
        states = {p.file: (p.state, p.reason) for p in book_pages(s, "KH.2019.02")}
        assert states == {"a.jpg": ("set_aside", "cover_sheet"), "b.jpg": ("stored", None), "c.jpg": ("stored", None)}
        assert s.scalar(select(Event.seq).where(Event.action == "cover.print")) is not None
        assert s.get_one(Batch, "KH.2019.02").declared["quyenSo"] == "02/2019"
    html = client.get("/books/KH.2019.02").text
    assert html.count('class="page-card') == 2 and "tờ bìa có mã" in html
    elsewhere = bring(house, tmp_path, {"a.jpg": sheet, "d.jpg": page_bytes("ba")}, OTHER, "khac")      # another commune's officer
    assert elsewhere["batch"] == "khac"


def test_a_page_taken_again_takes_the_old_ones_place(book, tmp_path):
    with book.database.reading() as s:
        old = s.scalar(select(Page).where(Page.file == "KS.2017.01.002.jpg"))
        with pytest.raises(NoSuchEntry):
            sender(book, OTHER).check({"batch": "KS.2017.01", "replaces": old.id})
    bring(book, tmp_path, {"image.jpg": page_bytes("chụp lại")}, batch="KS.2017.01", replaces=old.id)
    with book.database.reading() as s:
        files = [(p.file.split("~")[0], p.reason) for p in book_pages(s, "KS.2017.01")]
        assert files[:4] == [("KS.2017.01.001.jpg", None), ("KS.2017.01.002.jpg", "replaced"), ("KS.2017.01.002", None),
                             ("KS.2017.01.004.jpg", None)]
        assert s.get(Page, old.id).original_key is not None


def test_what_a_book_lacks_is_explained_before_it_is_sent_and_then_it_is_locked(book, client, tmp_path):
    sign_in(client, "xa.minh")
    asked = csrf_of(client)
    refused = client.post("/books/KS.2017.01/send", json={}, headers=asked)
    assert (refused.status_code, refused.json()["code"]) == (409, "book_incomplete")
    with book.database.reading() as s:
        holes = completeness(s, s.get_one(Batch, "KS.2017.01")).holes
        codes = [h.code for h in holes]
    assert codes[0] == "missing" and {"aside", "no_opening", "no_closing"} <= set(codes)
    assert client.post("/books/KS.2017.01/explain", json={"hole": "missing:2017:99-99", "reason": "lost"}, headers=asked).status_code == 409
    for hole in holes:
        said = {"hole": hole.key, "reason": "other", "note": "sổ giấy như vậy"}
        assert client.post("/books/KS.2017.01/explain", json=said, headers=asked).status_code == 200
    assert client.post("/books/KS.2017.01/send", json={}, headers=asked).status_code == 200
    page_id = book_page(book)
    for path, said in ((f"pages/{page_id}/turn", {"turn": 90}), ("undo", {}), ("explain", {"hole": holes[0].key, "reason": "lost"})):
        assert client.post(f"/books/KS.2017.01/{path}", json=said, headers=asked).json()["code"] == "book_sent"
    for what in ("receive", "accept", "return"):                # the commune does not take its own book over for the province
        assert client.post(f"/books/KS.2017.01/{what}", json={"note": "x"}, headers=asked).status_code == 403
    with pytest.raises(BookSent):
        bring(book, tmp_path, {"KS.2017.01.003.jpg": page_bytes("mới")}, batch="KS.2017.01")
    sign_in(client, "xa.xa")
    assert client.get("/books/KS.2017.01").status_code == 404
    assert client.post(f"/books/KS.2017.01/pages/{page_id}/turn", json={"turn": 90}, headers=csrf_of(client)).status_code == 404


def book_page(house):
    with house.database.reading() as s:
        return book_pages(s, "KS.2017.01")[0].id


def test_a_reason_for_a_wide_gap_holds_for_what_is_left_of_it(book):
    with book.database.session() as s:
        batch = s.get_one(Batch, "KS.2017.01")
        last = s.scalars(select(Entry).order_by(Entry.id.desc())).first()
        last.number = "6"
        s.flush()
        explain_hole(s, MINH, batch, "missing:2017:3-5", "unused")
        last.number = "4"
        s.flush()
        (gap,) = [h for h in completeness(s, batch).holes if h.code == "missing"]
        assert gap.key == "missing:2017:3-3" and gap.why.reason == "unused"
        explain_hole(s, MINH, batch, gap.key, "")
        assert s.scalars(select(HoleReason)).all() == []


def test_the_desk_shows_pages_as_they_were_turned_and_cut_and_review_the_whole(book, client):
    sign_in(client, "xa.minh")
    page_id = s_page(book)
    assert client.post(f"/books/KS.2017.01/pages/{page_id}/turn", json={"turn": 90}, headers=csrf_of(client)).status_code == 200
    corners = [[0, 0], [1, 0], [1, 0.5], [0, 0.5]]
    for quad, status in ((corners, 200), (corners[::-1], 409)):
        assert client.post(f"/books/KS.2017.01/pages/{page_id}/cut", json={"corners": quad}, headers=csrf_of(client)).status_code == status
    sizes = {name: Image.open(io.BytesIO(client.get(f"/pages/{page_id}/{name}.jpg").content)).size for name in ("desk", "whole", "full")}
    width, height = SIZE
    assert sizes["whole"] == sizes["full"] == (height, width) and abs(sizes["desk"][0] - height / 2) < 2 and sizes["desk"][1] == width
    assert book.started == ["KS.2017.01"] * 2


def s_page(house):
    with house.database.reading() as s:
        return s.scalar(select(Page.id).where(Page.file == "KS.2017.01.004.jpg"))


@pytest.fixture
def hub(house):
    """The house's portal as the province's hub, with a client for the commune."""
    with house.database.session() as s:
        secret = accounts.add_client(s, "xa-21139", ["sync:21139"], "Nút xã 21139")
    server = uvicorn.Server(uvicorn.Config(house.app(), port=0, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", secret
    server.should_exit = True
    thread.join(10)


def test_a_nodes_book_reaches_the_hub_with_what_was_done_to_its_pages(house, hub, tmp_path):
    url, secret = hub
    (tmp_path / "khoa").write_text(secret + "\n")
    here = Database(tmp_path / "node.db")
    here.upgrade()
    node = dataclasses.replace(house.services, home=tmp_path / "node", database=here, ledger=ObjectLedger(here, house.services.objects))
    folder = tmp_path / "KS.2018.03"
    folder.mkdir()
    for n in (1, 2, 3):
        (folder / f"KS.2018.03.{n:03d}.jpg").write_bytes(page_bytes(f"trang {n}"))
    add_folder(here, node.ledger, folder, commune="21139", declared={"noiDangKy": "UBND xã Nghĩa Kỳ"})
    square = ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9))
    with here.session() as s:
        first, second, third = book_pages(s, "KS.2018.03")
        page_work.turn_page(s, MINH, first, 180)
        page_work.cut_page(s, MINH, first, square)
        page_work.mark_page(s, MINH, second, "void")
        page_work.move_page(s, MINH, third, 1)
        s.add(HoleReason(batch_id="KS.2018.03", hole="missing:2018:4-5", reason="lost", by="xa.minh"))
        send(s, MINH, s.get_one(Batch, "KS.2018.03"))
    options = HubOptions(url, "xa-21139", tmp_path / "khoa")
    assert send_to_hub(node, options, "KS.2018.03", Patience(give_up=20))
    assert not send_to_hub(node, options, "KS.2018.03")
    with here.reading() as s:
        assert state_of(s, "KS.2018.03") == "received"
    with house.database.reading() as s:
        assert state_of(s, "KS.2018.03") == "sent" and s.get_one(Batch, "KS.2018.03").registry_office == "UBND xã Nghĩa Kỳ"
        there = book_pages(s, "KS.2018.03")
        assert [(p.file[-7:], p.reason) for p in there] == [("003.jpg", None), ("001.jpg", None), ("002.jpg", "void")]
        work = s.get(PageWork, there[1].id)
        assert (work.turn, work.corners) == (180, [list(c) for c in square])
        assert [h.reason for h in s.scalars(select(HoleReason))] == ["lost"]
    comes_back_and_goes_again(house, node, options, folder)
    here.dispose()


def comes_back_and_goes_again(house, node, options, folder):
    """The province gives a page and the book back; the node hears it, its officer takes the page again and sends the book once more."""
    here, name = node.database, "KS.2018.03"
    assert hear_from_hub(node, options) == 0        # nothing yet
    boss = Actor("tp.lan", "reviewer")
    with house.database.session() as s:
        receive(s, boss, s.get_one(Batch, name))
        give_page_back(s, boss, book_pages(s, name)[1], "mờ nửa dưới")
        give_back(s, boss, s.get_one(Batch, name), "chụp lại trang 1")
        s.add(Batch(id="KS.2018.99", folder="", content_hash="", commune_code="00001"))
    with HttpTransport(options.url, options.client, options.secret_file.read_text().strip()) as transport:
        assert transport.ask("/sync/books", {"books": ["KS.2018.99", "none"]}) == {"books": []}      # another commune's is not there
    assert hear_from_hub(node, options) == 1 and hear_from_hub(node, options) == 0
    with here.session() as s:
        assert state_of(s, name) == "returned" and last_step(s, name, "returned").note == "chụp lại trang 1"
        (_, old), = returned_pages(s, select(Batch))
        assert old.file == "KS.2018.03.001.jpg" and "mờ nửa dưới" in old.detail
        old_id = old.id
    (folder.parent / "moi").mkdir()
    path = folder.parent / "moi" / "chup lai.jpg"
    path.write_bytes(page_bytes("trang 1 rõ"))
    add_files(here, node.ledger, name, [Source("KS.2018.03.001 lai.jpg", path)], into=name, replaces=old_id, actor="xa.minh")
    with here.session() as s:
        new = s.scalar(select(Page).where(Page.file == "KS.2018.03.001 lai.jpg"))
        page_work.replace_page(s, MINH, s.get_one(Page, old_id), new)
        send(s, MINH, s.get_one(Batch, name))
    assert send_to_hub(node, options, name, Patience(give_up=20))
    with house.database.reading() as s:
        assert state_of(s, name) == "sent"
        good = [p.file for p in book_pages(s, name) if p.state != "set_aside"]
        assert sorted(good) == ["KS.2018.03.001 lai.jpg", "KS.2018.03.003.jpg"]
    with house.database.session() as s:
        accept(s, boss, s.get_one(Batch, name))
    assert hear_from_hub(node, options) == 1
    with here.reading() as s:
        assert state_of(s, name) == "done" and not returned_pages(s, select(Batch))


def test_an_empty_book_shows_and_a_second_one_of_its_name_is_refused(house, client):
    sign_in(client, "xa.minh")
    with house.database.session() as s:
        make_book(s, MINH, "KT.2020.01", {}, "21139")
    assert "Chưa có trang nào" in client.get("/books/KT.2020.01").text
    again = client.post("/books/new", data={"name": "KT.2020.01", "csrf": csrf_of(client)["X-CSRF-Token"]}, headers={"accept": "text/html"})
    assert again.status_code == 409 and "Đã có quyển KT.2020.01" in again.text
