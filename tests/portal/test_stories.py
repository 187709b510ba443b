"""The three stories end to end in real browsers, one house: a commune officer sends a book, reviewers work it through, a program fetches
the signed copy, the auditor sees it. Pages are two of the sample books and read by the real reader."""
from __future__ import annotations

import dataclasses
import hashlib
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from portal_browser import NEEDS_CHROMIUM, NO_MOUSE, no_mouse, people_at, serving, until
from portal_house import PASSWORD
from sqlalchemy import select

from pipelines.progress import NoProgress
from pipelines.run import open_instance, run_batch
from pipelines.services import ArchiveOptions, ReadingOptions
from portal.archive_worker import ArchiveWorker
from sogoc.home import dagster_yaml
from storage import accounts, check_policy, events
from storage.models import ArchivePackage, Entry, Event, Page, SecondCheck
from storage.policy import Actor
from storage.population import import_population
from storage.signing import Signer, create_demo_identity, verify_pdf

sync_api = pytest.importorskip("playwright.sync_api")
pytestmark = [*NEEDS_CHROMIUM, pytest.mark.slow, pytest.mark.timeout(280)]
SAMPLES = Path(__file__).resolve().parents[2] / "samples"
BOOK, PAGES = "KS.2017.01", 2
TYPED = "Nguyễn Thị Giang, Chủ tịch xã"
PURPOSE = {"X-Dossier-Code": "H21.129-261130-0007", "X-Service-Code": "2.000635", "X-Officer-Code": "cb.hoa"}


@pytest.fixture
def province(house, tmp_path):
    """The house with a signer, the people of the samples, everybody of the stories, and two checks for births."""
    create_demo_identity(tmp_path / "identity")
    services = dataclasses.replace(house.services, signer=Signer(tmp_path / "identity"),
                                   archive=ArchiveOptions(undo_seconds=0, fonds_code="THU"),
                                   reading=ReadingOptions(workers=1))
    (tmp_path / "dagster").mkdir()
    (tmp_path / "dagster" / "dagster.yaml").write_text(dagster_yaml(), "utf-8")
    import_population(house.database, SAMPLES / "population.csv")
    with house.database.session() as s:
        accounts.add_user(s, "tp.hai", PASSWORD, "reviewer", display_name="tp.hai")
        check_policy.set_policy(s, Actor("quan.tri", "administrator"), "KS", check_policy.KindPolicy(checks=2))
        secret = accounts.add_client(s, "motcua", ["KS:read", "KS:copy"], "Một cửa điện tử", "H21.129")
    house = dataclasses.replace(house, services=services)
    with serving(house.app()) as address, people_at(address) as tab_of:
        yield SimpleNamespace(house=house, services=services, tab_of=tab_of, address=address, secret=secret, database=house.database)


def test_from_the_communes_scanner_to_the_signed_copy_in_another_program(province, tmp_path):
    officer_sends_a_book(province)
    reviewers_work_it_through(province)
    a_program_fetches_the_copy(province, tmp_path)
    with province.database.reading() as s:
        events.verify_chain(s)


# --- the commune officer ---

def officer_sends_a_book(province):
    tab = province.tab_of("xa.minh")
    tab.goto("/books")
    tab.click("text=Quyển mới")
    tab.select_option("select[name=loai]", "KS")
    tab.fill("input[name=nam]", "2017")
    tab.fill("input[name=quyenSo]", "01/2017")
    tab.fill("input[name=noiDangKy]", "UBND Thị trấn Kiến Giang, Huyện Lệ Thủy, Quảng Bình")
    tab.click("button.primary")
    tab.wait_for_url(re.compile(f"/books/{BOOK}$"))
    tab.click("text=Thêm trang")
    tab.wait_for_selector("#upload[data-ready]")
    assert tab.input_value("select[name=batch]") == BOOK
    tab.set_input_files("#files", sorted((SAMPLES / "books" / BOOK).glob("*.jpg"))[:PAGES])
    tab.click("#send")
    tab.wait_for_selector("#result a.primary", timeout=60_000)
    assert BOOK in province.house.started
    tab.click("#result a.primary")
    tab.wait_for_selector("#desk[data-ready] .page-card")
    until(tab, "!document.querySelector('.page-card.waiting')", 60)           # a verdict each, before anything is read
    assert tab.locator(".page-card .verdict").count() == PAGES
    tab.focus(".page-card[tabindex='0']")
    for key, turn in (("r", 90), ("u", 0)):
        tab.keyboard.press(key)
        until(tab, f"document.querySelector('.page-card').dataset.turn === '{turn}'")

    with open_instance(province.services) as instance:
        outcome = run_batch(instance, province.services, BOOK, NoProgress())      # what `sogoc run` does
    assert outcome.success and outcome.counts["entries"] == PAGES, outcome
    until(tab, "document.querySelector('.desk-inside').dataset.busy === ''")
    assert [tab.locator(".page-card strong").nth(n).text_content().strip() for n in range(PAGES)] == ["Số 1", "Số 2"]

    tab.click("text=Sửa chỗ đọc sai")
    tab.wait_for_selector("#entry[data-ready]")
    tab.click(".field[data-code=nguoiKy]")
    tab.keyboard.press("F2")
    tab.keyboard.press("Control+a")
    tab.keyboard.type(TYPED)
    tab.keyboard.press("Enter")
    until(tab, "document.querySelector('[data-code=nguoiKy]').classList.contains('person')")
    until(tab, "document.body.dataset.unsent === '0'")

    tab.goto(f"/books/{BOOK}")
    tab.wait_for_selector("#desk[data-ready]")
    tab.on("dialog", lambda d: d.accept())
    tab.click("[data-do=send]")
    until(tab, "document.getElementById('toast').textContent.startsWith('Chưa gửi được')")      # opening and closing page lack a reason
    for hole in tab.locator("[data-explain]").evaluate_all("all => all.map(e => e.dataset.explain)"):
        tab.click(f'[data-explain="{hole}"]')
        tab.check("#why-form input[value=other]")
        tab.fill("#why-form textarea", "quyển mẫu, chỉ có hai trang")
        tab.click("#why-form button[value=save]")
        until(tab, f"""!!document.querySelector('[data-unexplain="{hole}"]')""")
    assert "đủ, gửi được" in tab.text_content(".complete")
    tab.click("[data-do=send]")
    until(tab, "document.querySelector('h1 .tag').textContent === 'Đã gửi lên tỉnh'")
    assert tab.locator("[data-page=right]").count() == 0        # locked while it is with the province
    tab.context.close()


# --- the province ---

def reviewers_work_it_through(province):
    lan = province.tab_of("tp.lan")
    assert f"Xã gửi lên quyển {BOOK}" in lan.text_content("main")
    lan.goto(f"/books/{BOOK}")
    lan.wait_for_selector("#desk[data-ready]")
    press_button(lan, "receive")
    until(lan, "!document.querySelector('[data-do=receive]')")
    no_mouse(lan)
    lan.goto(f"/review?batch={BOOK}")
    lan.keyboard.press("Enter")
    for left in range(PAGES, 0, -1):
        first = shown(lan)
        presses = decide(lan, lambda entry=first: on_screen(lan) != entry)
        assert presses < 60
        assert waited(lambda n=left: open_entries(province) == n - 1)
    until(lan, NO_MOUSE)
    assert archived_now(province) == 0      # a second person has not checked yet

    assert "Không có mục nào chờ" in page_of(province, "tp.lan", "/second-check")
    hai = province.tab_of("tp.hai")
    no_mouse(hai)
    hai.goto("/second-check")
    hai.keyboard.press("Enter")
    typed = with_the_officers_word(province)
    for left in range(PAGES, 0, -1):
        hai.wait_for_selector("#entry[data-ready]")
        entry = shown(hai)
        if entry == typed:
            correct(hai, "nguoiKy", TYPED)
        decide(hai, lambda number=entry: f"/second-check/{number}" not in hai.url)
        assert waited(lambda n=left: len(checks(province, "open")) == n - 1), left
    until(hai, NO_MOUSE)
    assert len(checks(province, "agreed")) == PAGES
    assert archived_now(province) == PAGES

    lan.goto(f"/books/{BOOK}")
    lan.wait_for_selector("#desk[data-ready]")
    lan.on("dialog", lambda d: d.accept())
    press_button(lan, "accept")
    until(lan, "!document.querySelector('[data-do=accept]')")
    assert lan.locator(".way .archived.reached").count() == 1
    lan.context.close()
    hai.context.close()


def archived_now(province):
    return elsewhere(lambda: ArchiveWorker(province.services).run_once())


def elsewhere(work):
    """In a thread, as the portal's own worker is: signing runs an event loop of its own, and Playwright holds this thread's."""
    with ThreadPoolExecutor(1) as one:
        return one.submit(work).result()


def press_button(tab, do):
    tab.focus(f"[data-do={do}]")
    tab.keyboard.press("Enter")


def on_screen(tab):
    """The entry on the screen that takes keys, 0 if there is none or the browser is between two pages."""
    try:
        return tab.evaluate("document.querySelector('#entry[data-ready]') ? Number(document.getElementById('entry').dataset.entry) : 0")
    except sync_api.Error:
        return 0


def shown(tab):
    """As on_screen, waiting for one."""
    for _ in range(500):
        if found := on_screen(tab):
            return found
        time.sleep(0.03)
    raise AssertionError((tab.url, tab.text_content("main")))


def decide(tab, gone):
    """Enter until the entry is done; where the machine proposes nobody the first candidate, or nobody. Returns the key presses."""
    presses = 0
    while not gone():
        try:
            asks = tab.evaluate("(() => { const s = document.querySelector('[data-stop].active');"
                                " return s && s.dataset.role && s.dataset.state === 'review'"
                                " ? s.querySelectorAll('.candidate:not(.none)').length : -1; })()")
            tab.keyboard.press("Enter" if asks < 0 else "1" if asks else "0")
            presses += 1
            assert presses < 80, tab.text_content("#toast")
        except sync_api.Error:      # between two pages
            pass
        tab.wait_for_timeout(120)
    return presses


def correct(tab, code, text):
    while tab.evaluate("document.querySelector('[data-stop].active').dataset.code || ''") != code:
        tab.keyboard.press("ArrowDown")
    tab.keyboard.press("F2")
    tab.keyboard.press("Control+a")
    tab.keyboard.type(text)
    tab.keyboard.press("Enter")
    until(tab, f"document.querySelector('[data-code={code}]').classList.contains('person')")


def waited(true):
    for _ in range(300):
        if true():
            return True
        time.sleep(0.05)
    return False


def open_entries(province):
    with province.database.reading() as s:
        return len(s.scalars(select(Entry.id).where(Entry.status.in_(("draft", "review")))).all())


def checks(province, state):
    with province.database.reading() as s:
        return s.scalars(select(SecondCheck.entry_id).where(SecondCheck.state == state).order_by(SecondCheck.entry_id)).all()


def with_the_officers_word(province):
    with province.database.reading() as s:
        subject = s.scalars(select(Event.subject).where(Event.action == "field.correct", Event.actor == "xa.minh")).one()
    return int(subject.partition(":")[2])


def page_of(province, name, path):
    tab = province.tab_of(name)
    tab.goto(path)
    said = tab.text_content("main")
    tab.context.close()
    return said


# --- the one-stop system, and the auditor ---

def a_program_fetches_the_copy(province, tmp_path):
    with httpx.Client(base_url=f"{province.address}/api/v1", timeout=60, trust_env=False) as http:
        token = http.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=("motcua", province.secret)).json()
        http.headers["Authorization"] = f"Bearer {token['access_token']}"
        asked = {"kind": "KS", "number": "1", "year": 2017}
        found = http.post("/records/search/register-number", headers=PURPOSE, json=asked).json()
        assert found["count"] == 1
        record = found["records"][0]["id"]
        facts = http.get(f"/records/{record}", headers=PURPOSE).json()
        refused = http.get(f"/records/{record}/copy", headers={k: v for k, v in PURPOSE.items() if k != "X-Dossier-Code"})
        copy = http.get(f"/records/{record}/copy", headers=PURPOSE)
    assert refused.status_code == 400 and "X-Dossier-Code" in refused.json()["detail_vi"]
    assert hashlib.sha256(copy.content).hexdigest() == facts["copy_sha256"]
    assert elsewhere(lambda: verify_pdf(copy.content, province.services.signer.roots()).valid)
    with province.database.reading() as s:
        package = s.get_one(ArchivePackage, record)
        entry = int(package.subject.partition(":")[2])
        assert s.scalar(select(Page.file).join(Entry, Entry.page_id == Page.id).where(Entry.id == entry)) == f"{BOOK}.001.jpg"

    auditor = province.tab_of("kiem.toan")
    auditor.goto("/log?actor=client:motcua")
    seen = auditor.text_content("main")
    assert "Lấy bản sao" in seen and "bị từ chối" in seen.lower() and PURPOSE["X-Dossier-Code"] in seen, seen
    auditor.goto(f"/log/entry/{entry}")
    who = auditor.text_content("main")
    assert all(name in who for name in ("motcua", "xa.minh", "tp.lan", "tp.hai")), who
    assert PURPOSE["X-Dossier-Code"] in who
    auditor.context.close()
