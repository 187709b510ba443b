"""The pages of the second check: what is shown to whom, and one way through by keyboard in a real browser."""
from __future__ import annotations

import re
import shutil
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from portal_browser import people_at, serving, until
from portal_house import MOTHERS, PASSWORD, csrf_of, sign_in
from sqlalchemy import select

from storage import accounts, check_policy, review, second_check
from storage.models import Entry, Event, Field, SecondCheck, utc_now
from storage.policy import Actor

BOSS, LAN = Actor("quan.tri", "administrator"), Actor("tp.lan", "reviewer")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture
def twice(book):
    """The book under a policy of two checks; its first entry is verified by tp.lan, with another name and mother than the machine read."""
    with book.database.session() as s:
        for name, role in (("tp.hai", "reviewer"), ("tp.duyet", "approver"), ("quan.tri", "administrator")):
            accounts.add_user(s, name, PASSWORD, role, display_name=name)
        check_policy.set_policy(s, BOSS, "KS", check_policy.KindPolicy(checks=2))
    entry = book.entries()[0]
    for step, arguments in ((review.correct_field, ("nksHoTen", "Lê Thị Loan Bích")), (review.decide_link, ("me", MOTHERS[1][0]))):
        with book.database.session() as s:
            step(s, LAN, entry, *arguments)
    with book.database.session() as s:
        review.verify_entry(s, LAN, entry, acknowledge=True)
    return book


def signed_in(book, name):
    client = TestClient(book.app())
    client.__enter__()
    assert sign_in(client, name).status_code == 303
    return client


def check_state(book, entry):
    with book.database.reading() as s:
        found = s.get(SecondCheck, entry)
        return found and found.state


def test_the_second_person_does_not_see_the_first_version(twice):
    entry, *_ = twice.entries()
    client = signed_in(twice, "tp.hai")
    assert "1 mục người khác đã xác nhận" in client.get("/second-check").text
    for path in (f"/review/{entry}", "/second-check/next", f"/second-check/{entry}"):
        shown = client.get(path)
        assert shown.status_code == 200 and shown.url.path == f"/second-check/{entry}"
        assert "Lê Thị Loan" in shown.text and not [w for w in ("Bích", "tp.lan", "candidate chosen") if w in shown.text]
    assert client.get("/differences").status_code == 403 and client.get("/check-policy").status_code == 403
    headers = csrf_of(client)
    revision = int(re.search(r'data-revision="(\d+)"', shown.text)[1])

    def post(what, **body):
        return client.post(f"/second-check/{entry}/{what}", json={"revision": revision, **body}, headers=headers)

    assert post("done").json()["code"] == "links_undecided"
    assert post("field", code="nksNgaySinh", text="ngày kia").status_code == 422
    assert post("field", code="khongCo", text="x").json()["code"] == "no_such_field"
    assert post("link", role="me", personal_id=MOTHERS[1][0]).status_code == 200
    assert post("field", code="nksHoTen", text="LÊ THỊ LOAN BÍCH").json() == {"revision": revision, "value": "LÊ THỊ LOAN BÍCH",
                                                                           "shown": "LÊ THỊ LOAN BÍCH"}
    assert post("done").json() == {"entry": entry} and check_state(twice, entry) == "agreed"
    undone = client.post("/second-check/undo", headers=headers).json()
    assert undone["where"] == f"/second-check/{entry}" and "LÊ THỊ LOAN BÍCH" in client.get(undone["where"]).text


def test_who_did_the_first_check_is_refused(twice):
    entry, *_ = twice.entries()
    client = signed_in(twice, "tp.lan")
    assert "Không có mục nào chờ" in client.get("/second-check").text
    refused = client.get(f"/second-check/{entry}")
    assert refused.status_code == 409 and "Người khác phải kiểm tra" in refused.text
    assert client.get(f"/review/{entry}").url.path == f"/review/{entry}"            # their own work they may look at
    officer = signed_in(twice, "xa.xa")
    assert officer.get(f"/second-check/{entry}").status_code == 404                 # another commune


def test_figures_are_ones_own_or_for_who_approves(twice):
    lan, head = signed_in(twice, "tp.lan"), signed_in(twice, "tp.duyet")
    mine = lan.get("/reports/reviewers").text
    assert "quá ít để nói" in mine and "select name=\"name\"" not in mine
    assert lan.get("/reports/reviewers?name=tp.hai").status_code == 404
    theirs = head.get("/reports/reviewers?name=tp.lan").text

    def figures(page):
        return re.findall(r'<p class="big">(.*?)</p>', page)

    assert figures(theirs) == figures(mine) and figures(mine)[0] == "1"
    assert TestClient(twice.app()).get("/reports/reviewers", follow_redirects=False).status_code == 303
    assert signed_in(twice, "kiem.toan").get("/reports/reviewers").status_code == 403


def test_the_policy_is_set_on_its_page(twice):
    boss = signed_in(twice, "quan.tri")
    token = csrf_of(boss)["X-CSRF-Token"]
    form = {"csrf": token, "kind": "KT", "checks": "2", "sample": "2,5", "second": "approve",
            "fields": ["KT:nktHoTen", "KT:nktNgayChet", "KS:nksHoTen"]}
    assert boss.post("/check-policy", data=form).status_code == 200
    with twice.database.reading() as s:
        now = check_policy.in_force(s)
    wanted = check_policy.KindPolicy(2, False, 0.025, ("nktHoTen", "nktNgayChet"), False, "approve")
    assert (now["KT"].version, now["KT"].by, now["KT"].policy, now["KS"].policy.checks) == (2, "quan.tri", wanted, 2)
    assert "Người được khai tử: họ, chữ đệm, tên" in boss.get("/check-policy").text
    assert boss.post("/check-policy", data={**form, "sample": "nhiều"}).status_code == 422
    assert "đã qua" in boss.post("/check-policy", data={**form, "day": "2020-01-01"}).text
    assert boss.post("/check-policy", data={**form, "csrf": "x"}).status_code == 403


@pytest.fixture
def open_tab(twice):
    """open_tab(name): a browser tab in which that person is signed in; whatever the page's console complains of fails the test."""
    with serving(twice.app()) as address, people_at(address, "409|422") as tab_of:
        yield tab_of


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_checking_and_settling_by_keyboard_alone(twice, open_tab):
    entry, *_ = twice.entries()
    hai = open_tab("tp.hai")
    hai.goto("/second-check")
    hai.keyboard.press("Enter")
    hai.wait_for_selector("#entry[data-ready]")
    until(hai, "document.getElementById('crop').width > 200")
    hai.keyboard.press("r")                                     # the page cannot be checked: back to the scanner
    hai.wait_for_selector("#reject-dialog[open]")
    hai.keyboard.press("2")
    hai.keyboard.press("Enter")
    hai.wait_for_url(re.compile("/second-check$"))
    assert hai.is_visible(".empty") and check_state(twice, entry) == "open"
    with twice.database.session() as s:
        assert s.get_one(Entry, entry).set_aside
        review.undo(s, Actor("tp.hai", "reviewer"))
        review.release(s, Actor("tp.hai", "reviewer"), entry)
    hai.goto(f"/second-check/{entry}")
    hai.wait_for_selector("#entry[data-ready]")
    hai.keyboard.press("F2")
    hai.keyboard.type("Lê Thị Loan Anh")
    hai.keyboard.press("Enter")
    until(hai, "document.querySelector('[data-code=nksHoTen]').classList.contains('person')")
    hai.keyboard.press("Enter")                                 # not yet: the mother is not chosen
    until(hai, "document.querySelector('[data-stop].active').dataset.role === 'me'")
    hai.keyboard.press("1")
    hai.wait_for_selector(".match.decided")
    hai.keyboard.press("Enter")
    hai.wait_for_url(re.compile("/second-check$"))
    assert check_state(twice, entry) == "differs" and hai.is_visible(".empty")
    with twice.database.reading() as s:
        assert review.due_for_archive(s, 0, utc_now() + timedelta(seconds=5)) == []

    duyet = open_tab("tp.duyet")
    duyet.goto("/differences")
    duyet.keyboard.press("Enter")
    duyet.wait_for_selector("#entry[data-ready]")
    until(duyet, "document.querySelector('.crop').width > 200")
    shown = duyet.text_content("#entry")
    assert "Loan Bích" in shown and "Loan Anh" in shown and "tp.lan" not in shown and "tp.hai" not in shown
    duyet.keyboard.press("Enter")                               # nothing is decided yet
    duyet.wait_for_selector("#toast.bad:not([hidden])")
    duyet.keyboard.type("Lê Thị Loan An")                       # what neither wrote
    duyet.keyboard.press("Enter")
    duyet.wait_for_selector("[data-key='field:nksHoTen'].picked")
    assert duyet.get_attribute("[data-stop].active", "data-key") == "link:me"
    left = duyet.text_content("[data-key='link:me'] [data-side=left]")
    duyet.keyboard.press("ArrowLeft")
    duyet.keyboard.press("Enter")
    duyet.wait_for_url(re.compile("/differences$"))
    with twice.database.reading() as s:
        row = s.get(Entry, entry)
        values = {f.code: (f.value, f.source) for f in row.fields}
        assert values["nksHoTen"] == ("Lê Thị Loan An", "reviewer") and row.links[0].personal_id in left
        assert s.scalar(select(Field.raw).where(Field.entry_id == entry, Field.code == "nksHoTen")) == "Lê Thị Loan"
        assert {"check.answer", "difference.settle"} <= set(s.scalars(select(Event.action)))
        assert review.due_for_archive(s, 0, utc_now() + timedelta(seconds=5)) == [entry]
    duyet.goto("/differences")
    with twice.database.session() as s:
        review.undo(s, Actor("tp.duyet", "approver"))
        review.release(s, Actor("tp.duyet", "approver"), entry)
    assert check_state(twice, entry) == "differs"
    duyet.goto(f"/differences/{entry}")
    duyet.wait_for_selector("#entry[data-ready]")
    duyet.keyboard.press("ArrowRight")
    duyet.keyboard.press("ArrowRight")
    duyet.keyboard.press("Enter")
    duyet.wait_for_url(re.compile("/differences$"))
    assert check_state(twice, entry) == "settled"
    assert second_check.PURPOSE in {e.detail.get("purpose") for e in _looks(twice, entry)}


def _looks(book, entry):
    with book.database.reading() as s:
        return list(s.scalars(select(Event).where(Event.subject == f"entry:{entry}", Event.action == "record.view")))
