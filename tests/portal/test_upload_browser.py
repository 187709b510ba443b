"""A real browser, killed again and again, behind a line that drops: every page arrives, once, and next to nothing is sent twice."""
from __future__ import annotations

import hashlib
import random
import re
import shutil

import pytest
from portal_browser import serving
from portal_house import PASSWORD, page_bytes
from sqlalchemy import select

from bench.drop_proxy import DropProxy
from bench.killed_browser import Browser, kill_while_sending
from portal.exchange import receipt_key
from storage.models import Batch, Page
from sync.receipt import check_receipt

pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]


@pytest.fixture
def line(house):
    """The house's portal behind a proxy that can limit and drop."""
    with serving(house.app()) as at:
        proxy = DropProxy(("127.0.0.1", int(at.rpartition(":")[2])))
        yield proxy
        proxy.close()


@pytest.fixture
def browser(line, tmp_path):
    browser = Browser(CHROMIUM, line.address, tmp_path / "profile", "xa.minh", PASSWORD)
    yield browser
    browser.close()


def pages(folder, count, name="KS.2018.01"):
    """Small pages, each other bytes."""
    folder.mkdir()
    seal = page_bytes("trang sổ", (420, 300))
    for n in range(1, count + 1):
        (folder / f"{name}.{n:03}.jpg").write_bytes(seal + random.Random(n).randbytes(6000))
    return sorted(folder.iterdir())


def arrived(house):
    with house.database.reading() as s:
        rows = s.scalars(select(Page).order_by(Page.file)).all()
        return [b.id for b in s.scalars(select(Batch))], {p.file: p.sha256 for p in rows if p.original_key}, len(rows)


def test_a_tab_killed_many_times_loses_and_doubles_nothing(house, line, browser, tmp_path):
    files = pages(tmp_path / "scan", 30)
    line.bytes_per_second, line.drop_every = 64_000, 60_000
    browser.open()
    browser.choose(files)
    browser.hand_over()
    kills = kill_while_sending(browser, house.services.home / "uploads", len(files), kills=5)
    result = browser.wait_for_result()
    assert "30 trang vào quyển KS.2018.01" in result and kills == 5
    batches, stored, rows = arrived(house)
    assert batches == ["KS.2018.01"] and rows == 30
    assert stored == {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in files}
    content = sum(f.stat().st_size for f in files)
    assert line.dropped > 0
    assert line.repeated <= content / 100, (line.repeated, content)
    check_receipt(browser.receipt(), receipt_key(house.services).public)
    assert browser.problems == []


def test_with_the_server_away_the_clerk_goes_on_and_the_pages_leave_later(house, line, browser, tmp_path):
    first = pages(tmp_path / "a", 3)
    browser.open()
    browser.until("navigator.serviceWorker.ready.then(() => true)")
    line.away = True
    browser.open()                                              # the server is gone: the kept page opens
    browser.choose(first[:2])
    browser.hand_over()
    browser.until("document.getElementById('network').textContent.startsWith('Mất mạng – 2 trang đang chờ')")
    browser.choose(first[2:])
    browser.page.fill("input[name=name]", "KS.2018.01")
    browser.hand_over()                                         # the same book: one upload
    browser.until("document.getElementById('network').textContent.startsWith('Mất mạng – 3 trang đang chờ')")
    browser.picture("upload")
    browser.kill()
    browser.open()
    browser.until("document.getElementById('network').textContent.startsWith('Mất mạng – 3 trang đang chờ')")
    line.away = False
    browser.open()
    assert "3 trang vào quyển KS.2018.01" in browser.wait_for_result()
    browser.picture("upload-done")
    assert arrived(house)[0] == ["KS.2018.01"] and arrived(house)[2] == 3


def test_pages_of_one_account_are_not_sent_by_another_and_can_be_cancelled(house, line, browser, tmp_path):
    browser.open()
    line.away = True
    browser.choose(pages(tmp_path / "a", 2))
    browser.hand_over()
    browser.until("document.getElementById('network').textContent.startsWith('Mất mạng – 2 trang đang chờ')")
    browser.kill_tab()
    browser.sign_out("tp.lan")
    line.away = False
    browser.open()
    browser.until("document.getElementById('jobs').textContent.includes('Của tài khoản xa.minh')")
    browser.choose(pages(tmp_path / "b", 1, "KH.2019.01"))
    browser.hand_over()
    assert "1 trang vào quyển KH.2019.01" in browser.wait_for_result()
    assert arrived(house)[0] == ["KH.2019.01"]
    browser.page.once("dialog", lambda d: d.accept())
    browser.page.click("#jobs button")
    browser.until("document.querySelectorAll('#jobs article').length === 0")
    assert browser.page.evaluate("Store.jobs().then(all => all.map(j => j.state))") == ["done"]


def test_pages_are_their_persons_before_the_server_was_asked_who_that_is(house, line, browser, tmp_path):
    """Else they would be nobody's, and the next person who signs in would send them."""
    browser.open()
    browser.page.add_init_script("const real = fetch; window.fetch = (to, ...how) =>"
                                 " String(to).endsWith('/upload/session') ? Promise.reject(new TypeError('away')) : real(to, ...how);")
    browser.page.evaluate("Store.setOwner('')")
    browser.open()
    browser.choose(pages(tmp_path / "a", 1))
    browser.hand_over()
    assert browser.page.evaluate("Store.jobs().then(all => all.map(j => j.owner))") == ["xa.minh"]


def test_hashing_without_the_browsers_own_is_the_same(house, line, browser):
    browser.open()
    for data in (b"", b"abc", b"x" * 55, b"y" * 56, b"z" * 64, bytes(range(256)) * 1001):
        got = browser.page.evaluate("""data => new Promise(done => {
          const worker = new Worker(document.getElementById('upload').dataset.worker);
          worker.onmessage = e => done(e.data.sha256); worker.postMessage({ own: new Uint8Array(data) }); })""", list(data))
        assert got == hashlib.sha256(data).hexdigest()
    assert re.search("script-src 'self'", browser.page.request.get(f"{line.address}/upload").headers["content-security-policy"])
