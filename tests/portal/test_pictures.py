"""Every page that the guides show, as a person meets it at 1366×768: nothing overflows; SOGOC_PICTURES=1 writes docs/vi/anh."""
from __future__ import annotations

import pytest
from picture_exchange import ask_strangely, connect, population, push
from picture_house import SAMPLES, at_every_step, sent, settle_in
from portal_browser import DOCS, GUIDES, NEEDS_CHROMIUM, NO_MOUSE, no_mouse, people_at, picture, serving, until
from sqlalchemy import select

from samples.simulators.faults import Server
from storage.models import Link, PopulationQuestion

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
OTHER_SYSTEMS = ("hoi-dan-cu", "gui-bo-danh-sach", "gui-bo-mot-ho-so", "gui-bo-lap-ho-so", "canh-bao-tra-cuu", "ai-da-xem-mot-nguoi")


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
    others = {"trich-luc-danh-sach", "trich-luc-ky", *OTHER_SYSTEMS}      # taken in test_extract_pages, and below
    assert {p.stem for p in taken} | others == {p.stem for p in GUIDES.glob("*.png")}, "run once with SOGOC_PICTURES=1"


def test_each_page_of_other_systems(house, tmp_path):
    """With the keyboard alone: a question to the population database, a dossier held back, an alert closed, a person's report."""
    books = settle_in(house)
    births = books["KS.2017.01"]
    at_every_step(house, births)
    numbers = push(house, births, books["KH.2018.01"])
    ask_strangely(house)
    with house.database.reading() as s:
        child = s.scalars(select(Link.personal_id).where(Link.entry_id == births[2], Link.role == "nks")).one()
    folder, taken = tmp_path / "pictures", []

    def take(page, name):
        assert page.evaluate(NO_WIDER), f"{name} is wider than the screen"
        taken.append(picture(page, name, folder))

    def send(page, selector, said):
        page.focus(selector)
        page.keyboard.press("Enter")
        until(page, f"document.querySelector('h1').innerText.includes('{said}')")

    with Server(population()) as asked:
        connect(house, asked.url)
        with serving(house.app()) as address, people_at(address, "409") as tab_of:
            lan = tab_of("tp.lan")
            no_mouse(lan)
            lan.goto(f"/review/{births[1]}/population")
            for name, text in (("service", "2.000635"), ("dossier", "H21.129-261130-0007")):
                lan.focus(f"[name={name}]")
                lan.keyboard.type(text)
            lan.keyboard.press("Enter")
            lan.wait_for_selector("table")
            take(lan, "hoi-dan-cu")
            head = tab_of("tp.duyet")
            no_mouse(head)
            head.goto("/pushes")
            take(head, "gui-bo-danh-sach")
            head.goto(f"/pushes/{numbers['refused']}")
            take(head, "gui-bo-mot-ho-so")
            head.goto(f"/pushes/new/{births[2]}")
            head.focus("[name=dossier]")
            head.keyboard.type("H21.129-261130-0021")
            take(head, "gui-bo-lap-ho-so")
            send(head, "form .primary", "H21.129-261130-0021")
            head.goto(f"/pushes/{numbers['refused']}")
            head.focus("[name=reason]")
            head.keyboard.press("ArrowDown")
            send(head, "form[action$=hold] button", "Đang giữ lại")
            send(head, "form[action$=again] button", "Chờ gửi")
            auditor = tab_of("kiem.toan")
            no_mouse(auditor)
            auditor.goto("/log/alerts")
            auditor.focus("summary")
            auditor.keyboard.press("Enter")
            take(auditor, "canh-bao-tra-cuu")
            auditor.focus("[name=note]")
            auditor.keyboard.type("Đã hỏi: rà soát sổ ban đêm theo kế hoạch.")
            rows = auditor.locator("tbody tr").count()
            auditor.keyboard.press("Enter")
            until(auditor, f"document.querySelectorAll('tbody tr').length === {rows - 1}")
            auditor.goto("/log/person")
            for name, text in (("person", child), ("paper", "12/ĐN"), ("basis", "Điều 14 Luật 91/2025/QH15")):
                auditor.focus(f"[name={name}]")
                auditor.keyboard.type(text)
            auditor.keyboard.press("Enter")
            auditor.wait_for_selector("table")
            take(auditor, "ai-da-xem-mot-nguoi")
            assert all(tab.evaluate(NO_MOUSE) for tab in (lan, head, auditor))
    with house.database.reading() as s:
        assert s.scalars(select(PopulationQuestion)).one().state == "answered"
    assert {p.stem for p in taken} == set(OTHER_SYSTEMS)
