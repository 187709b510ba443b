"""A real browser: a report is asked for, read and printed; nothing breaks the content security policy, no axe rule is broken."""
from __future__ import annotations

import io

import pytest
from openpyxl import load_workbook
from portal_browser import NEEDS_CHROMIUM, people_at, serving, until
from portal_house import PASSWORD

from storage import accounts
from tests.storage.report_books import TRA_SON, add_book, add_link

pytestmark = NEEDS_CHROMIUM


@pytest.fixture
def page(book):
    with book.database.session() as s:
        accounts.add_user(s, "quan.tri", PASSWORD, "administrator", None, display_name="Trần Thị Lan")
        for entry in add_book(s, "KS.2017.09", TRA_SON, entries=4, verified=3, archived=2, aside=("empty_file",)):
            add_link(s, entry, "me", "accept")
    with serving(book.app()) as address, people_at(address, "$^") as tab_of:
        yield tab_of("quan.tri")


def test_reports_are_read_filtered_taken_and_printed(page):
    from axe_playwright_python.sync_playwright import Axe

    page.goto("/reports")
    page.click("text=Tiến độ số hóa")
    page.fill("input[name=from]", "1/8/2026")
    page.fill("input[name=to]", "31082026")
    page.select_option("select[name=commune]", TRA_SON)
    page.click("button:has-text('Xem')")
    page.wait_for_url("**from=01%2F08%2F2026&to=31%2F08%2F2026**")
    assert "đã số hóa xong 3 trường hợp" in page.inner_text(".headline")
    box = page.locator("svg.chart rect[stroke]").first.bounding_box()
    assert box["height"] > 20                                       # a bar is drawn, no style was needed for it
    with page.expect_download() as download:
        page.click("text=Xuất Excel")
    sheet = load_workbook(io.BytesIO(download.value.path().read_bytes())).worksheets[0]
    assert "Trần Thị Lan (quan.tri)" in sheet["A1"].value
    for name in ("tien-do", "tre-han", "bao-cao-ky", "plan"):
        page.goto(f"/reports/{name}")
        found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa"]})
        assert found.violations_count == 0, (name, found.generate_report())
    page.goto("/reports/plan")
    page.set_input_files("input[type=file]", {"name": "k.csv", "mimeType": "text/csv", "buffer": f"{TRA_SON},,2026,3,40\n".encode()})
    until(page, "document.querySelector('#plan-file .note.good') !== null")
    page.wait_for_selector("td:has-text('21139')")
    page.goto("/reports/bao-cao-ky?step=month&day=2026-08-10")
    assert "Tháng 8/2026" in page.inner_text("main") and "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in page.inner_text("main")
    page.emulate_media(media="print")
    assert not page.is_visible("nav") and not page.is_visible("form.filters") and page.is_visible(".print-mark")
    assert page.pdf(prefer_css_page_size=True)[:5] == b"%PDF-"
