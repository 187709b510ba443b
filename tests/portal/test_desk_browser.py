"""The officer's story in a real browser: upload, verdicts, turn, cut, void, a reason for a gap, the printed sheet, sent, returned."""
from __future__ import annotations

import os
from pathlib import Path

import pytest
from portal_browser import NEEDS_CHROMIUM, people_at, serving, until
from portal_house import SIZE, csrf_of, page_bytes, sign_in
from sqlalchemy import select
from starlette.testclient import TestClient

from storage.models import Batch, BookWork, Entry, Event, HoleReason, Page, PageWork

pytestmark = NEEDS_CHROMIUM
SAMPLES = Path(__file__).resolve().parents[2] / "samples" / "books"


@pytest.fixture
def address(house):
    with serving(house.app()) as at:
        yield at


@pytest.fixture
def tab(address):
    with people_at(address, "409") as tab_of:
        page = tab_of("xa.minh")
        page.set_default_timeout(60000)
        yield page


def picture(page, name):
    """A screenshot for the guides, where the environment says so: SOGOC_PICTURES=docs/images."""
    if os.environ.get("SOGOC_PICTURES"):
        until(page, "[...document.images].every(i => i.complete || i.loading === 'lazy' || !i.getAttribute('src'))")
        page.screenshot(path=Path(os.environ["SOGOC_PICTURES"]) / f"{name}.png")


def read_by_the_machine(house, numbers):
    """What the pipelines would do: the waiting pages read, an entry on each that has none."""
    with house.database.session() as s:
        for page in s.scalars(select(Page).where(Page.state == "stored").order_by(Page.file)).all():
            page.state, page.form, page.draft, (page.width, page.height) = "read", "KS2016", [], SIZE
            page.quality = {"verdict": "good", "reasons": []}
            if s.scalar(select(Entry.id).where(Entry.page_id == page.id)) is None:
                s.add(Entry(page_id=page.id, kind="KS", form="KS2016", number=numbers[page.file], year=2017, status="review", reasons=[]))


def explain(page, hole, reason):
    page.click(f'[data-explain^="{hole}"]')
    page.check(f'#why-form input[value="{reason}"]')
    page.click("#why-form button[value=save]")
    until(page, f"""!!document.querySelector('[data-unexplain^="{hole}"]')""")


def test_the_officers_story(house, address, tab, tmp_path):
    folder = tmp_path / "KS.2017.01"
    folder.mkdir()
    scans = sorted((SAMPLES / "KS.2017.01").glob("*.jpg")) if os.environ.get("SOGOC_PICTURES") else []
    numbers = {}
    for place, n in enumerate((12, 13, 15, 16)):
        numbers[f"KS.2017.01.{n:03d}.jpg"] = str(n)
        data = scans[place].read_bytes() if scans else page_bytes(f"Số: {n}")
        (folder / f"KS.2017.01.{n:03d}.jpg").write_bytes(data)
    tab.goto("/upload")
    tab.wait_for_selector("#upload[data-ready]")
    tab.set_input_files("#files", sorted(folder.iterdir()))
    until(tab, "document.getElementById('jumps').textContent.includes('thiếu 14')")
    assert [tab.input_value(f"[name={f}]") for f in ("loai", "nam", "quyenSo")] == ["KS", "2017", "01/2017"]
    tab.fill("[name=noiDangKy]", "UBND xã Nghĩa Kỳ")
    tab.click("#send")
    tab.wait_for_selector("#result .button", timeout=200000)
    assert house.started == ["KS.2017.01"]

    tab.click("#result a.primary")
    tab.wait_for_selector("#desk[data-ready] .page-card")
    until(tab, "!document.querySelector('.page-card.waiting')")             # each page has its verdict before anything is read
    assert tab.locator(".page-card").count() == 4
    read_by_the_machine(house, numbers)
    until(tab, "document.querySelector('.desk-inside').dataset.busy === ''")
    assert "nhảy số: thiếu 14" in tab.text_content("#pages")
    picture(tab, "desk")

    tab.focus(".page-card[tabindex='0']")
    tab.keyboard.press("r")
    until(tab, "document.querySelector('.page-card').dataset.turn === '90'")
    tab.keyboard.press("u")
    until(tab, "document.querySelector('.page-card').dataset.turn === '0'")
    tab.keyboard.press("c")
    tab.wait_for_selector("#crop-dialog[open]")
    tab.keyboard.press("Shift+ArrowRight")
    tab.keyboard.press("Shift+ArrowDown")
    picture(tab, "desk-crop")
    tab.keyboard.press("Enter")
    until(tab, "document.querySelector('.page-card').dataset.corners !== ''")
    with house.database.reading() as s:
        corners = s.scalars(select(PageWork.corners).where(PageWork.corners.is_not(None))).all()
    assert [[round(v, 2) for v in p] for p in corners[0]] == [[0.08, 0.08], [0.97, 0.08], [0.97, 0.97], [0.08, 0.97]]
    for _ in range(3):
        tab.keyboard.press("ArrowRight")
    tab.keyboard.press("v")
    until(tab, "document.querySelectorAll('.page-card')[3].dataset.mark === 'void'")
    assert "đã hủy" in tab.locator(".page-card").nth(3).text_content()
    read_by_the_machine(house, numbers)

    tab.on("dialog", lambda d: d.accept())
    until(tab, "document.querySelectorAll('.holes li.open').length >= 3 && !document.querySelector('.desk-inside').dataset.busy")
    tab.click("[data-do=send]")
    until(tab, "document.getElementById('toast').textContent.startsWith('Chưa gửi được')")
    with house.database.reading() as s:
        assert s.get(BookWork, "KS.2017.01") is None
    for hole, reason in (("missing:", "lost"), ("no_opening", "lost"), ("no_closing", "lost")):
        explain(tab, hole, reason)
    for rest in tab.locator("[data-explain]").evaluate_all("all => all.map(e => e.dataset.explain)"):       # drawn pages look alike
        tab.click(f'[data-explain="{rest}"]')
        tab.check('#why-form input[value="other"]')
        tab.fill("#why-form textarea", "trang vẽ để thử")
        tab.click("#why-form button[value=save]")
        until(tab, f"""!!document.querySelector('[data-unexplain="{rest}"]')""")
    sheet = tab.request.get(f"{address}/books/KS.2017.01/cover.pdf")
    assert sheet.body().startswith(b"%PDF")
    tab.click("[data-do=send]")
    until(tab, "document.querySelector('h1 .tag').textContent === 'Đã gửi lên tỉnh'")
    assert tab.locator("[data-page=right]").count() == 0
    picture(tab, "desk-sent")
    with house.database.reading() as s:
        log = list(s.scalars(select(Event.action).order_by(Event.seq)))
        assert {"page.turn", "page.undo", "page.crop", "page.mark", "book.explain", "cover.print", "book.sent"} <= set(log)
        assert {h.reason for h in s.scalars(select(HoleReason))} >= {"lost"}

    with TestClient(house.app(), base_url=address) as reviewer:
        sign_in(reviewer)
        assert "Xã gửi lên quyển KS.2017.01" in reviewer.get("/").text
        for what, said in (("receive", {}), ("return", {"note": "Chụp lại trang 2, bị lóa"})):
            assert reviewer.post(f"/books/KS.2017.01/{what}", json=said, headers=csrf_of(reviewer)).status_code == 200
    tab.goto("/")
    assert "Chụp lại trang 2, bị lóa" in tab.text_content("main")
    tab.set_viewport_size({"width": 390, "height": 844})
    tab.goto("/books/KS.2017.01")
    tab.wait_for_selector("#desk[data-ready]")
    assert tab.evaluate("document.documentElement.scrollWidth <= 390")
    tab.locator(".page-card").nth(1).click()
    tab.wait_for_selector("#pane .tools")
    picture(tab, "desk-phone")
    with house.database.reading() as s:
        assert s.get_one(Batch, "KS.2017.01").registry_office == "UBND xã Nghĩa Kỳ"
