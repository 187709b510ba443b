"""A real browser: an entry is reviewed with the keyboard alone, a book is uploaded, nothing breaks the content security policy."""
from __future__ import annotations

import re
import shutil
import time

import pytest
from portal_browser import serving, until
from portal_house import PASSWORD, page_bytes
from sqlalchemy import select

from storage.models import Entry, Event, Field, Page

sync_api = pytest.importorskip("playwright.sync_api")
ZOOM, HOME = (f"OpenSeadragon.getViewer('view').viewport.{what}" for what in ("getZoom()", "getHomeZoom()"))
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]


@pytest.fixture
def address(book):
    with serving(book.app()) as at:
        yield at


@pytest.fixture
def tab(address):
    with sync_api.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1366, "height": 768}, base_url=address)
        problems: list[str] = []
        page.on("pageerror", lambda e: problems.append(str(e)))
        page.on("console", lambda m: problems.append(m.text) if m.type == "error" and not any(
            expected in m.text for expected in ("409", "422", "ERR_FAILED")) else None)
        page.set_default_timeout(15000)
        page.goto("/login")
        until(page, "document.activeElement.matches('input[autofocus]')")
        page.keyboard.type("tp.lan")
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(r"/$"))
        yield page
        assert problems == []
        browser.close()


def ready(page, path=None):
    if path is not None:
        page.wait_for_url(re.compile(path))         # set once the entry is in its place: the one before was ready too
    page.wait_for_selector("#entry[data-ready]")
    until(page, "document.querySelector('#view[data-shown]') !== null && OpenSeadragon.getViewer('view').world.getItemCount() > 0")


def active(page):
    return page.evaluate("(() => { const s = document.querySelector('[data-stop].active'); return s.dataset.code || s.dataset.role; })()")


def entry_of(book, entry_id):
    with book.database.reading() as s:
        entry = s.get(Entry, entry_id)
        return entry, {f.code: f for f in entry.fields}, {x.role: x for x in entry.links}


def in_time(happened):
    for _ in range(200):
        if happened():
            return True
        time.sleep(0.05)
    return False


def settled(book, entry_id, status):
    return in_time(lambda: entry_of(book, entry_id)[0].status == status)


def test_an_entry_is_reviewed_by_keyboard_alone(tab, book):
    first, second, _ = book.entries()
    tab.goto("/review")
    tab.keyboard.press("Enter")                                 # start
    ready(tab, rf"/review/{first}")
    assert active(tab) == "nksHoTen"                            # the first field that is in doubt
    until(tab, "document.getElementById('crop').width > 200")
    until(tab, "document.querySelector('.spot.active') !== null")
    box = tab.evaluate("(({ location }) => [location.x, location.y])("
                       "OpenSeadragon.getViewer('view').currentOverlays.find(o => o.element.classList.contains('active')))")
    assert box == pytest.approx([150 / 620, 120 / 620], abs=0.002)      # the box of the field, in widths of the page

    tab.keyboard.press("F2")
    tab.keyboard.type("Lê Thị Loan Anh")
    tab.keyboard.press("Enter")
    until(tab, "document.querySelector('[data-code=nksHoTen]').classList.contains('person')")
    until(tab, "document.querySelector('[data-stop].active').dataset.code === 'nksNgaySinh'")
    tab.keyboard.press("F2")
    tab.keyboard.type("ngày kia")
    tab.keyboard.press("Enter")
    tab.wait_for_selector("#problem:not([hidden])")
    assert "05/08/2007" in tab.text_content("#problem")
    tab.keyboard.press("Escape")
    assert tab.input_value("#value") == "01/03/2017"

    tab.keyboard.press("Enter")                                 # not yet: the mother is not chosen
    until(tab, "document.querySelector('[data-stop].active').dataset.role === 'me'")
    tab.keyboard.press("2")
    tab.wait_for_selector(".match.decided")
    tab.keyboard.press("1")
    tab.wait_for_selector(".candidate.chosen[data-id='051185000001']")
    tab.keyboard.press("Enter")                                 # a contradiction: asked once more
    tab.wait_for_selector("#toast.bad:not([hidden])")
    assert entry_of(book, first)[0].status == "review"
    tab.keyboard.press("Enter")
    ready(tab, rf"/review/{second}")

    entry, fields, links = entry_of(book, first)
    assert (entry.status, entry.verified_by) == ("verified", "tp.lan")
    assert (fields["nksHoTen"].value, fields["nksHoTen"].raw, fields["nksHoTen"].source) == ("Lê Thị Loan Anh", "Lê Thị Loan", "reviewer")
    assert (links["me"].personal_id, links["me"].decided_by) == ("051185000001", "tp.lan")

    tab.keyboard.press("Control+z")                             # back to the first one, verified no more
    ready(tab, rf"/review/{first}")
    assert entry_of(book, first)[0].status == "review"
    tab.keyboard.press("Enter")                                 # opened anew: what lies below has not been on the screen
    until(tab, "document.getElementById('toast').textContent.includes('phần dưới')")
    tab.wait_for_timeout(100)
    tab.keyboard.press("Enter")
    tab.wait_for_selector("#toast.bad:not([hidden])")
    tab.keyboard.press("Enter")
    ready(tab, rf"/review/{second}")
    assert settled(book, first, "verified")
    with book.database.reading() as s:
        said = s.scalars(select(Event).where(Event.subject == f"entry:{first}", ~Event.action.startswith("record.")).order_by(Event.seq))
        done = [e.action for e in said]
    assert done == ["field.correct", "link.decide", "link.decide", "entry.verify", "decision.undo", "entry.verify"]


def test_none_of_these_rejecting_and_skipping_by_keyboard(tab, book):
    first, second, third = book.entries()
    tab.goto(f"/review/{first}")
    ready(tab)
    tab.keyboard.press("s")                                     # later
    ready(tab, rf"/review/{second}")
    assert in_time(lambda: entry_of(book, first)[0].lease_by is None)
    tab.keyboard.press("0")
    tab.wait_for_selector(".match.decided")
    until(tab, "document.body.dataset.unsent === '0'")          # decisions are sent behind the reviewer's back
    link = entry_of(book, second)[2]["me"]
    assert (link.decision, link.personal_id, link.decided_by) == ("none", None, "tp.lan")
    tab.keyboard.press("r")
    tab.wait_for_selector("#reject-dialog[open]")
    tab.keyboard.press("2")
    tab.keyboard.press("Enter")
    ready(tab, rf"/review/({first}|{third})")
    until(tab, "document.body.dataset.unsent === '0'")
    with book.database.reading() as s:
        page = s.get(Page, s.get(Entry, second).page_id)
    assert page.state == "set_aside" and '"cut_off"' in page.detail


def test_moving_between_fields_and_zooming(tab, book):
    tab.goto(f"/review/{book.entries()[0]}")
    ready(tab)
    before = active(tab)
    tab.keyboard.press("Tab")
    tab.keyboard.press("ArrowDown")
    assert active(tab) != before
    tab.keyboard.press("Shift+Tab")
    tab.keyboard.press("ArrowUp")
    assert active(tab) == before
    tab.keyboard.press(" ")
    assert active(tab) != before
    tab.wait_for_timeout(400)
    at_first = tab.evaluate(ZOOM)
    tab.keyboard.press("+")
    assert tab.evaluate(ZOOM) > at_first
    tab.keyboard.press("f")
    assert tab.evaluate(ZOOM) == pytest.approx(tab.evaluate(HOME))
    tab.keyboard.press("Shift+ArrowDown")
    tab.keyboard.press("]")
    assert tab.evaluate("OpenSeadragon.getViewer('view').viewport.getRotation()") == 90
    tab.keyboard.press("[")
    tab.keyboard.press("m")
    assert "contrast" in tab.evaluate("getComputedStyle(document.querySelector('.openseadragon-canvas canvas')).filter")
    tab.keyboard.press("?")
    tab.wait_for_selector("#help-dialog[open]")
    tab.keyboard.press("Escape")
    with book.database.reading() as s:
        assert s.scalars(select(Field).where(Field.source == "reviewer")).all() == []


def test_the_page_picture_keeps_to_the_field_when_the_window_changes(tab, book):
    tab.goto(f"/review/{book.entries()[0]}")
    ready(tab)
    tab.click(".field[data-code=nksHoTen]")
    until(tab, f"{ZOOM} > 1.05 * {HOME}")
    tab.set_viewport_size({"width": 1100, "height": 700})
    until(tab, "document.getElementById('view').clientWidth < 480")
    tab.wait_for_timeout(300)
    assert tab.evaluate(ZOOM) > 1.05 * tab.evaluate(HOME)
    tab.keyboard.press("f")
    tab.set_viewport_size({"width": 1366, "height": 768})
    until(tab, "document.getElementById('view').clientWidth > 500")
    until(tab, f"Math.abs({ZOOM} / {HOME} - 1) < 0.001")


def test_a_page_that_is_left_is_given_back(tab, book):
    first = book.entries()[0]
    tab.goto(f"/review/{first}")
    ready(tab)
    assert entry_of(book, first)[0].lease_by == "tp.lan"
    tab.goto("/books")
    for _ in range(100):
        if entry_of(book, first)[0].lease_by is None:
            break
        time.sleep(0.05)
    assert entry_of(book, first)[0].lease_by is None


def test_uploading_a_book(tab, book, tmp_path):
    good, bad, small = (tmp_path / f"KH.2019.01.00{n}.jpg" for n in (1, 2, 3))
    small.write_bytes(page_bytes("quét ở 50 dpi", (420, 300)))
    good.write_bytes(page_bytes("tải lên", (1654, 2339)))
    bad.write_bytes(b"not an image")
    tab.goto("/upload")
    tab.set_input_files("#files", [good, bad, small])
    assert tab.input_value("input[name=name]") == "KH.2019.01"
    tab.click("#send")
    tab.wait_for_selector("#result .button")
    said = tab.text_content("#result")
    assert "2 trang vào quyển KH.2019.01" in said and "Nội dung không phải JPEG" in said
    assert "1 trang đã nhận nhưng nên quét lại:KH.2019.01.003.jpg" in said
    tab.click("#result .button")
    tab.wait_for_url(re.compile("/books/KH.2019.01"))
    assert tab.locator(".page-card").count() == 3 and book.started == ["KH.2019.01"]


def test_text_stands_out_enough_and_nothing_is_cut_off_at_1366(tab, book):
    """WCAG 2.1 AA: 4.5 to 1 for text on its own background, on the pages people work in."""
    measure = """() => {
      const rgb = c => c.match(/[\\d.]+/g).map(Number), lum = ([r, g,
          b]) => { const f = v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
        return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b); };
      const ground = e => {
        for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0.9) return c; }
        return [255, 255, 255]; };
      const said = e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
      return [...document.querySelectorAll('main *, header *')].filter(e => said(e) && e.offsetParent
          && !e.closest('.sr, .skip, svg, option, button:disabled')).map(e => { const s = getComputedStyle(e), a = lum(rgb(s.color)),
              b = lum(ground(e));
        return [e.textContent.trim().slice(0, 40), (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)]; }).filter(([,
            ratio]) => ratio < 4.5); }"""
    for path in ("/", "/books", "/books/KS.2017.01", "/review", f"/review/{book.entries()[0]}", "/upload"):
        tab.goto(path)
        tab.wait_for_load_state("networkidle")
        assert tab.evaluate(measure) == [], path
        assert tab.evaluate("document.documentElement.scrollWidth <= 1366"), path
