"""A real browser: a person is added with the commune picker by keyboard, sets a password of their own and one-time passwords; the content
security policy holds on every page of it."""
from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pyotp
import pytest
from portal_browser import serving, until
from portal_house import PASSWORD

from storage import accounts

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]
NEW = "hai-cái-ghế-màu-tím"


@pytest.fixture
def address(book):
    with book.database.session() as s:
        accounts.add_user(s, "qt.an", PASSWORD, "administrator", display_name="Phạm Quốc An")
        accounts.add_user(s, "sso.hoa", None, "approver", display_name="Lê Hoa")
        accounts.give(s, "xa.minh", accounts.Grant("commune_head", frozenset({"21139", "21142"}), frozenset({"KS", "KH"})))
        accounts.add_client(s, "mot-cua", ["KS:read", "KS:copy"], "Một cửa điện tử", "H21.129")
    with serving(book.app()) as at:
        yield at


def shot(page, name):
    """A picture for the guides, where the environment says so: SOGOC_PICTURES=docs/images."""
    if "SOGOC_PICTURES" in os.environ:
        page.screenshot(path=Path(os.environ["SOGOC_PICTURES"]) / f"{name}.png")


def sign_in(page, name, password):
    page.goto("/login")
    page.fill("input[name=name]", name)
    page.fill("input[name=password]", password)
    page.click("button.primary")


def test_from_the_administrators_page_to_the_telephone(address):
    problems: list[str] = []
    with sync_api.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])

        def tab():
            page = browser.new_context(viewport={"width": 1366, "height": 768}, base_url=address).new_page()
            page.on("pageerror", lambda e: problems.append(str(e)))
            page.on("console", lambda m: problems.append(m.text) if m.type == "error" and "40" not in m.text else None)
            page.set_default_timeout(30000)
            return page

        admin = tab()
        sign_in(admin, "qt.an", PASSWORD)
        admin.click("nav >> text=Tài khoản")
        admin.fill("input[name=display]", "Lê Thị Tám")
        admin.fill("input[name=name]", "xa.tam")
        admin.select_option("select[name=role]", "commune_officer")
        admin.type(".commune-search", "nghia ky")
        admin.wait_for_selector(".found li")
        shot(admin, "accounts")
        admin.keyboard.press("Enter")
        assert "Nghĩa Kỳ" in admin.inner_text(".chips li")
        admin.click("button:has-text('Thêm') >> nth=-1")
        password = admin.inner_text(".secret-word code")
        shot(admin, "account-added")
        for path in ("/accounts/xa.minh", "/clients", "/log", "/log?refused=1"):
            admin.goto(path)
            shot(admin, path.strip("/").replace("/", "-").replace("?", "-"))
        tam = tab()
        sign_in(tam, "xa.tam", password)
        tam.wait_for_url(re.compile("/me$"))
        tam.fill("input[name=old]", password)
        tam.fill("input[name=new]", NEW)
        tam.fill("input[name=again]", NEW)
        tam.click("text=Đổi mật khẩu >> nth=-1")
        tam.wait_for_load_state()
        tam.goto("/me")
        tam.click("text=Cài đặt mã xác thực")
        secret = tam.inner_text(".key").replace(" ", "")
        until(tam, "document.querySelector('.qr').naturalWidth > 100")
        shot(tam, "me")
        tam.fill("input[name=code]", pyotp.TOTP(secret).now())
        tam.click("text=Xong")
        assert len(tam.query_selector_all(".codes li")) == 10
        shot(tam, "codes")
        again = tab()
        sign_in(again, "xa.tam", NEW)
        again.wait_for_url(re.compile("/login/code"))
        shot(again, "login-code")
        browser.close()
    assert problems == []
