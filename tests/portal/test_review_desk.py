"""The review desk in a real browser: fifty entries by keyboard alone, a line that drops, a refused decision, undo across both."""
from __future__ import annotations

import re
import statistics
import time

import pytest
from portal_browser import NO_MOUSE, no_mouse
from portal_house import SIZE, page_bytes
from sqlalchemy import select
from test_browser import CHROMIUM, address, entry_of, ready, settled, sync_api, tab, until  # noqa: F401

from storage.intake import add_folder
from storage.models import Entry, EntryComment, EntryUnsure, Event, Field, Link, Page, Person, PopulationSnapshot, ReviewDecision
from storage.policy import Actor
from storage.review_queue import lease

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]
FIFTY = 50
EVIDENCE = [["prior", "", -12.2], ["name", "same", 6.1], ["birth", "same year", 3.1], ["home", "agrees", 2.4], ["place", "differs", -0.7]]


def number_of(n):
    """The mother of entry n: each has her own, for nobody has fifty children in a month."""
    return f"0512850{n:05d}"


def link_of(n, snapshot):
    """As the linker leaves a link that it is not sure of: it names the likeliest person."""
    people = [{"personal_id": number_of(n), "probability": 0.7, "evidence": EVIDENCE},
              {"personal_id": number_of(n + 500), "probability": 0.2, "evidence": [["name", "else", -3.0]]}]
    return Link(role="me", decision="review", snapshot_id=snapshot.id, personal_id=number_of(n), probability=0.7, linker_probability=0.7,
                joint_probability=0.7, candidates=people)


@pytest.fixture
def fifty(book, tmp_path):
    return with_entries(book, tmp_path, FIFTY)


@pytest.fixture
def some(book, tmp_path):
    return with_entries(book, tmp_path, 4)


def with_entries(book, tmp_path, count):
    """The house with entries to decide: a name in doubt and a mother to be chosen, the first candidate right."""
    folder = tmp_path / "more" / "KS.2018.01"
    folder.mkdir(parents=True)
    for n in range(1, count + 1):
        (folder / f"KS.2018.01.{n:03d}.jpg").write_bytes(page_bytes(f"Số: {n}/2018"))
    add_folder(book.database, book.services.ledger, folder, declared={"noiDangKy": "UBND xã Nghĩa Kỳ"}, commune="21139")
    with book.database.session() as s:
        model = s.scalars(select(Entry).order_by(Entry.id)).all()[1]
        snapshot = s.scalars(select(PopulationSnapshot)).one()
        for n, page in enumerate(s.scalars(select(Page).where(Page.batch_id == "KS.2018.01").order_by(Page.file)).all(), 1):
            page.state, page.form, (page.width, page.height), page.quality = "read", "KS2016", SIZE, {"verdict": "good", "reasons": []}
            entry = Entry(page_id=page.id, kind="KS", form="KS2016", number=str(n), year=2018, status="review", risk=1.0 / n,
                          reasons=[["low_confidence", "nksHoTen"]])
            entry.fields = [Field(code=f.code, value=f.value, raw=f.raw, confidence=f.confidence, source="ocr", box=f.box)
                            for f in model.fields]
            entry.links = [link_of(n, snapshot)]
            s.add_all(Person(snapshot_id=snapshot.id, personal_id=number_of(i), name=name, birth_date=f"1985-04-{1 + n % 28:02d}")
                      for i, name in ((n, "TRẦN THỊ MẬN"), (n + 500, "TRẦN THỊ MÂY")))
            s.add(entry)
    return book


def entries(house, batch):
    with house.database.reading() as s:
        return list(s.scalars(select(Entry.id).join(Page, Entry.page_id == Page.id).where(Page.batch_id == batch).order_by(Entry.id)))


def looks(house, count):
    """Subjects of the looks in the log; they are told of beside the decisions, so the last may come a moment later."""
    for _ in range(200):
        with house.database.reading() as s:
            said = [e.subject for e in s.scalars(select(Event).where(Event.action == "record.view"))]
        if len(said) >= count:
            break
        time.sleep(0.05)
    return said


def shown(page):
    """The entry on the screen that takes keys; 0 while there is none."""
    try:
        return page.evaluate("document.querySelector('#entry[data-ready]') ? Number(document.getElementById('entry').dataset.entry) : 0")
    except sync_api.Error:          # between two pages
        return 0


def press(page, *keys):
    """As fast as a quick person: what was scrolled to is drawn before the next key."""
    for key in keys:
        page.keyboard.press(key)
        page.wait_for_timeout(80)


def to(page, entry):
    for _ in range(400):
        if shown(page) == entry:
            return
        time.sleep(0.02)
    raise AssertionError(f"entry {entry} was never shown, {page.url}")


def test_fifty_entries_by_keyboard_alone_take_under_three_keys_each(fifty, tab):      # noqa: F811
    mine = entries(fifty, "KS.2018.01")
    tab.goto("/review?batch=KS.2018.01")
    no_mouse(tab)
    tab.keyboard.press("Enter")
    presses = []
    for entry in mine:
        to(tab, entry)
        count = 0
        while shown(tab) == entry:
            press(tab, "Enter")
            count += 1
            assert count < 10
        presses.append(count)
    for entry in mine[-5:]:
        assert settled(fifty, entry, "verified")
    with fifty.database.reading() as s:
        done = s.scalars(select(Entry).where(Entry.id.in_(mine))).all()
        chosen = s.scalars(select(Link).where(Link.entry_id.in_(mine))).all()
    views = looks(fifty, FIFTY)
    print(f"key presses an entry: median {statistics.median(presses)}, most {max(presses)}")
    assert all(e.status == "verified" and e.verified_by == "tp.lan" for e in done)
    assert sorted(x.personal_id for x in chosen) == [number_of(n) for n in range(1, FIFTY + 1)]
    assert all(x.decided_by == "tp.lan" for x in chosen)
    assert statistics.median(presses) < 3
    until(tab, NO_MOUSE)
    assert set(views) == {f"entry:{e}" for e in mine} and len(views) == FIFTY


def test_with_the_line_down_decisions_wait_and_none_is_lost_nor_done_twice(some, tab):      # noqa: F811
    first, second, third = entries(some, "KS.2018.01")[:3]
    tab.goto(f"/review/{first}?batch=KS.2018.01")
    to(tab, first)
    until(tab, "document.querySelector('#view[data-shown]') !== null")
    answered = []

    def cut(route):         # the request arrives, its answer does not
        answered.append(route.fetch().status)
        route.abort()

    tab.route(re.compile(r"/review/\d+/accept$"), cut)
    press(tab, "Enter", "Enter")
    to(tab, second)                                                 # on to the next at once
    until(tab, "!document.getElementById('unsent').hidden")
    assert "1 quyết định chờ gửi" in tab.text_content("#unsent") and answered[0] == 200
    tab.keyboard.press("Enter")
    tab.reload()                                                    # the page goes, the decision stays
    tab.unroute(re.compile(r"/review/\d+/accept$"))
    tab.wait_for_selector("#entry[data-ready]")
    until(tab, "document.body.dataset.unsent === '0'")
    assert settled(some, first, "verified")
    with some.database.reading() as s:
        events = [e.action for e in s.scalars(select(Event).where(Event.subject == f"entry:{first}").order_by(Event.seq))]
        assert events.count("entry.verify") == 1 and events.count("link.decide") == 1
        assert s.scalars(select(ReviewDecision)).one().steps == 2
    tab.keyboard.press("Control+z")                                 # both decisions of the act
    to(tab, first)
    entry, _, links = entry_of(some, first)
    assert entry.status == "review" and links["me"].decided_by is None and third


def test_a_refused_decision_brings_the_reviewer_back_with_the_reason_and_what_was_typed(some, tab):      # noqa: F811
    first, second = entries(some, "KS.2018.01")[:2]
    tab.goto(f"/review/{first}?batch=KS.2018.01")
    to(tab, first)
    with some.database.session() as s:
        s.get(Entry, first).lease_by = None
        lease(s, Actor("xa.minh", "commune_officer", "21139"), first)          # somebody else has it meanwhile
    press(tab, "Enter", "Enter")
    until(tab, "!document.getElementById('refused').hidden")
    to(tab, first)
    assert "xa.minh" in tab.text_content("#refused")
    assert tab.get_attribute("#entry", "data-editable") == "" and entry_of(some, first)[0].status == "review"
    tab.keyboard.press("Enter")                                     # on to the one that was interrupted
    to(tab, second)


def test_not_sure_notes_and_undo_by_keyboard(some, tab):      # noqa: F811
    first, second = entries(some, "KS.2018.01")[:2]
    tab.goto(f"/review/{first}?batch=KS.2018.01")
    to(tab, first)
    tab.keyboard.press("g")
    tab.wait_for_selector("#comment-dialog[open]")
    tab.keyboard.type("Xem lại trang gốc <b>")
    tab.keyboard.press("Control+Enter")
    until(tab, "document.querySelector('#comments li') !== null")
    tab.keyboard.press("c")
    tab.wait_for_selector("#unsure-dialog[open]")
    tab.keyboard.type("chữ đệm nhòe")
    tab.keyboard.press("Enter")
    to(tab, second)
    until(tab, "document.getElementById('toast').textContent.includes('1 mục chưa chắc')")
    with some.database.reading() as s:
        assert s.scalars(select(EntryUnsure)).one().note == "chữ đệm nhòe"
        assert s.scalars(select(EntryComment)).one().text == "Xem lại trang gốc <b>"
        said = [str(e.detail) for e in s.scalars(select(Event).where(Event.action.in_(("entry.unsure", "entry.comment"))))]
    assert len(said) == 2 and "nhòe" not in "".join(said) and "gốc" not in "".join(said)
    tab.goto("/review?batch=KS.2018.01")
    assert tab.locator(f"a[href^='/review/{first}?']").count() == 0            # no more in this person's queue
    tab.goto(f"/review/{second}?batch=KS.2018.01")
    to(tab, second)
    tab.keyboard.press("Control+z")
    to(tab, first)
    with some.database.reading() as s:
        assert s.scalars(select(EntryUnsure)).one().withdrawn


def test_a_held_enter_and_a_blind_check_verify_nothing(some, tab):      # noqa: F811
    first, second = entries(some, "KS.2018.01")[:2]
    with some.database.session() as s:
        s.scalars(select(Link).where(Link.entry_id == first)).one().blind = True
    tab.goto(f"/review/{first}?batch=KS.2018.01")
    to(tab, first)
    press(tab, *["Enter"] * 4)
    assert shown(tab) == first and "Chưa chọn người" in tab.text_content("#toast")
    press(tab, "1")
    tab.keyboard.down("Enter")                                      # held down: repeats decide nothing more
    for _ in range(6):
        tab.keyboard.down("Enter")
    tab.keyboard.up("Enter")
    to(tab, second)
    tab.wait_for_timeout(400)
    assert settled(some, first, "verified") and entry_of(some, second)[0].status == "review"


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (1280, 720), (390, 844)])
def test_nothing_is_cut_off_on_any_screen(some, tab, width, height):      # noqa: F811
    tab.set_viewport_size({"width": width, "height": height})
    tab.goto(f"/review/{entries(some, 'KS.2018.01')[0]}")
    ready(tab)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    for key in ("?", "c", "r", "g"):
        tab.keyboard.press(key)
        tab.wait_for_selector("dialog[open]")
        left, right = tab.evaluate("(({ left, right }) => [left, right])(document.querySelector('dialog[open]').getBoundingClientRect())")
        assert left >= 0 and right <= width
        tab.keyboard.press("Escape")
    right = "Math.max(...[...document.querySelectorAll('.keys button, .sheet-tools button')].map(b => b.getBoundingClientRect().right))"
    assert tab.evaluate(right) <= width + 1
