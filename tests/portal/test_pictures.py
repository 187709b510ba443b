"""Every page that the guides show, as a person meets it at 1366×768: nothing overflows; SOGOC_PICTURES=1 writes docs/vi/anh."""
from __future__ import annotations

import pytest
from picture_house import SAMPLES, at_every_step, sent, settle_in
from portal_browser import DOCS, GUIDES, NEEDS_CHROMIUM, people_at, picture, serving, until

pytestmark = [*NEEDS_CHROMIUM, pytest.mark.slow]
NO_WIDER = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
HEADER = ("(() => { const on = [...document.querySelectorAll('header.top nav a, header.top .who > *')].map(e => e.getBoundingClientRect());"
          " return Math.max(...on.map(r => r.bottom)) - Math.min(...on.map(r => r.top)); })()")
PAGES = (       # name of the picture, account, address
    ("trang-chinh-xa", "xa.minh", "/"), ("trang-chinh-ra-soat", "tp.lan", "/"), ("trang-chinh-quan-tri", "qt.an", "/"),
    ("quyen-so", "xa.minh", "/books/KS.2017.01"), ("quyen-moi", "xa.minh", "/books/new"), ("cac-quyen-so", "qt.an", "/books"),
    ("hang-cho", "tp.lan", "/review"), ("kiem-tra-lan-hai", "tp.hai", "/second-check"), ("khac-nhau", "tp.duyet", "/differences"),
    ("quy-dinh-kiem-tra", "qt.an", "/check-policy"), ("so-lieu-nguoi-ra-soat", "tp.lan", "/reports/reviewers"),
    ("bao-cao", "qt.an", "/reports"), ("bao-cao-tien-do", "qt.an", "/reports/tien-do"), ("bao-cao-khop", "qt.an", "/reports/khop-dan-cu"),
    ("ke-hoach", "qt.an", "/reports/plan"), ("tai-khoan", "qt.an", "/accounts"), ("mot-tai-khoan", "qt.an", "/accounts/tp.duyet"),
    ("he-thong-ket-noi", "qt.an", "/clients"), ("tai-khoan-cua-toi", "xa.minh", "/me"), ("nhat-ky", "kiem.toan", "/log"),
)


def test_each_page_of_the_guides(house, tmp_path):
    books = settle_in(house)
    births = books["KS.2017.01"]
    at_every_step(house, births)
    sent(house, "KH.2018.01")
    folder, taken = tmp_path / "pictures", []

    def take(page, name):
        assert page.evaluate(NO_WIDER), f"{name} is wider than the screen"
        if page.locator("header.top nav").count():
            assert page.evaluate(HEADER) < 60, f"{name}: the head takes two lines"
        taken.append(picture(page, name, folder))

    with serving(house.app()) as address, people_at(address, "ERR_INTERNET_DISCONNECTED") as tab_of:
        nobody = tab_of()
        nobody.goto("/login")
        take(nobody, "dang-nhap")
        tabs = {name: tab_of(name) for name in dict.fromkeys(account for _, account, _ in PAGES)}
        for name, account, path in PAGES:
            tab = tabs[account]
            assert tab.goto(path).status == 200, path
            tab.wait_for_load_state("networkidle")
            take(tab, name)
        upload = tabs["xa.minh"]
        upload.goto("/upload")
        upload.wait_for_selector("#upload[data-ready]")
        upload.set_input_files("#files", sorted((SAMPLES / "books" / "KT.2019.01").glob("*.jpg")))
        until(upload, "document.querySelectorAll('#chosen li').length >= 4 && document.querySelector('[name=loai]').value === 'KT'")
        take(upload, "tai-len")
        upload.context.set_offline(True)
        upload.click("#send")
        until(upload, "!document.getElementById('network').hidden")
        picture(upload, "upload", folder, DOCS / "images")
        lan = tabs["tp.lan"]
        lan.goto(f"/review/{births[2]}")
        lan.wait_for_selector("#entry[data-ready]")
        until(lan, "document.querySelector('#view[data-shown]') !== null && document.getElementById('crop').width > 100")
        lan.wait_for_timeout(600)
        take(lan, "ra-soat")
        picture(lan, "review", folder, DOCS / "images")
        hai = tabs["tp.hai"]
        hai.goto(f"/second-check/{births[0]}")
        hai.wait_for_selector("#entry[data-ready]")
        until(hai, "document.getElementById('crop').width > 100")
        take(hai, "kiem-tra-lan-hai-mot-muc")
        head = tabs["tp.duyet"]
        head.goto(f"/differences/{births[1]}")
        head.wait_for_selector("#entry[data-ready]")
        until(head, "document.querySelector('.crop').width > 100")
        take(head, "khac-nhau-mot-muc")
        auditor = tabs["kiem.toan"]
        auditor.goto(f"/log/entry/{births[2]}")
        take(auditor, "ai-da-xem")
    assert all(p.stat().st_size < 120_000 for p in taken)
    others = {"trich-luc-danh-sach", "trich-luc-ky"}        # taken in test_extract_pages
    assert {p.stem for p in taken} | others == {p.stem for p in GUIDES.glob("*.png")}, "run once with SOGOC_PICTURES=1"
