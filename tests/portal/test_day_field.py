"""Fields that take one day: ngày/tháng/năm in every browser, with or without scripts; what is no day is said beside the field."""
from __future__ import annotations

import re
from pathlib import Path

import pytest
from portal_browser import NEEDS_CHROMIUM, NO_MOUSE, no_mouse, people_at, picture, serving, until
from portal_house import PASSWORD, csrf_of, sign_in

import portal
from portal.day_entry import DayEntry
from storage import accounts, events

TEMPLATES = Path(portal.__file__).parent / "templates"
PEOPLE = (("quan.tri", "administrator"), ("xa.minh", "commune_officer"), ("kiem.toan", "auditor"))
PAGES = (("/log", "kiem.toan", 2), ("/log/person", "kiem.toan", 2), ("/reports/tien-do", "quan.tri", 2),
         ("/reports/bao-cao-ky", "quan.tri", 1), ("/check-policy", "quan.tri", 1), ("/extracts", "xa.minh", 1))
SAID = "Ghi ngày/tháng/năm có trong lịch, ví dụ 05/03/2017."


@pytest.fixture
def office(book):
    """The small book, and whoever may see a page with a day on it."""
    with book.database.session() as s:
        known = {u.name for u in accounts.users(s)}
        for name, role in PEOPLE:
            if name not in known:
                accounts.add_user(s, name, PASSWORD, role)
    return book


def test_no_field_is_left_to_the_browsers_language() -> None:
    for template in TEMPLATES.rglob("*.html"):
        assert not re.search(r"type=.?(date|month|week|datetime)", template.read_text("utf-8")), template.name


@pytest.mark.parametrize(("typed", "shown", "wrong"), [
    ("5/3/2017", "05/03/2017", False), ("05032017", "05/03/2017", False), ("2017-03-05", "05/03/2017", False), ("", "", False),
    ("03/25/2017", "03/25/2017", True), (" hôm qua ", "hôm qua", True), ("2017", "2017", True),
])
def test_what_stands_in_the_field_again(typed: str, shown: str, wrong: bool) -> None:
    assert (str(DayEntry(typed)), DayEntry(typed).wrong) == (shown, wrong)


def test_the_log_is_asked_by_either_form_and_never_for_more(office, client) -> None:
    with office.database.session() as s:
        events.append(s, "tp.lan", "entry.verify", "entry:1", {})
    sign_in(client, "kiem.toan")
    today = client.get("/log").text
    assert "entry" in today
    for first in ("1/1/2020", "01012020", "2020-01-01"):
        text = client.get(f"/log?first={first}&actor=tp.lan").text
        assert 'value="01/01/2020"' in text and "Không có dòng nào" not in text and "first=01%2F01%2F2020" in text
    assert "Không có dòng nào" in client.get("/log?last=31/12/2019").text
    wrong = client.get("/log?first=13/13/2020")
    assert wrong.status_code == 422 and SAID in wrong.text and 'value="13/13/2020"' in wrong.text and "<td" not in wrong.text
    refused = client.post("/log/export?first=13/13/2020", headers=csrf_of(client))
    assert refused.status_code == 422 and "spreadsheet" not in refused.headers["content-type"]


def test_a_persons_report_waits_for_days_that_are_days(office, client) -> None:
    sign_in(client, "kiem.toan")
    form = {"entry": str(office.entries()[0]), "basis": "Điều 4", "first": "1/2/2020", "last": "30/2/2020"}
    wrong = client.post("/log/person", data=form, headers=csrf_of(client))
    assert wrong.status_code == 422 and "báo cáo chưa được lập" in wrong.text and SAID in wrong.text and 'value="30/2/2020"' in wrong.text
    good = client.post("/log/person", data={**form, "last": "29/2/2020"}, headers=csrf_of(client))
    assert good.status_code == 200 and 'name="last" value="29/02/2020"' in good.text


def test_a_policy_begins_on_a_day(office, client) -> None:
    sign_in(client, "quan.tri")
    form = {"kind": "KT", "checks": "2", "sample": "5", "second": "approve"}
    wrong = client.post("/check-policy", data={**form, "day": "02/31/2090"}, headers=csrf_of(client))
    assert wrong.status_code == 422 and SAID in wrong.text and 'value="02/31/2090"' in wrong.text
    assert "01/02/2090" in client.post("/check-policy", data={**form, "day": "1/2/2090"}, headers=csrf_of(client)).text


@NEEDS_CHROMIUM[0]
@NEEDS_CHROMIUM[1]
def test_in_an_english_browser_days_are_typed_the_vietnamese_way(office, tmp_path) -> None:
    with serving(office.app()) as address, people_at(address, locale="en-US") as tab_of:
        tabs = {name: tab_of(name) for name, _ in PEOPLE}
        for path, name, fields in PAGES:
            page = tabs[name]
            page.goto(path)
            assert page.locator(".day-field input:not(.day-native)").count() == fields, path
            for field in page.locator(".day-field input:not(.day-native)").all():
                assert field.input_value() == "" or re.fullmatch(r"\d\d/\d\d/\d{4}", field.input_value()), path
                assert field.get_attribute("placeholder") == "ngày/tháng/năm"
            picture(page, "ngay" + path.replace("/", "-"), tmp_path)
        page = tabs["kiem.toan"]
        no_mouse(page)
        page.goto("/log")
        page.focus("#day-first")
        page.keyboard.type("5.3.2017")
        page.keyboard.press("Tab")
        assert page.input_value("#day-first") == "05/03/2017"
        page.keyboard.press("Tab")                                  # past the calendar's button
        page.keyboard.type("03/25/2030")
        page.keyboard.press("Enter")
        assert page.inner_text("#day-last-problem") == SAID and page.evaluate("document.activeElement.id") == "day-last"
        assert page.get_attribute("#day-last", "aria-invalid") == "true" and "first=" not in page.url
        picture(page, "ngay-sai", tmp_path)
        page.keyboard.press("Control+a")
        page.keyboard.type("25032030")
        page.keyboard.press("Enter")
        page.wait_for_url("**first=05%2F03%2F2017&last=25%2F03%2F2030**")
        assert page.evaluate(NO_MOUSE) and page.input_value("#day-last") == "25/03/2030" and page.locator("table.list td").count() > 0
        counter = tabs["xa.minh"]
        counter.goto("/extracts")
        counter.fill("[name=number]", "1")
        counter.fill("[name=dossier]", "H21-1")
        counter.click("button:has-text('Nhận yêu cầu')")
        assert counter.inner_text("#day-day-problem") == "Hãy ghi ngày này."
        counter.evaluate("() => { const native = document.querySelector('.day-native'); native.value = '2017-03-18';"
                         " native.dispatchEvent(new Event('change')); }")       # what the browser's calendar does
        assert counter.input_value("#day-day") == "18/03/2017" and counter.inner_text("#day-day-problem") == ""


@NEEDS_CHROMIUM[0]
@NEEDS_CHROMIUM[1]
def test_the_calendar_opens_from_its_button(office) -> None:
    with serving(office.app()) as address, people_at(address, locale="en-US") as tab_of:
        page = tab_of("quan.tri")
        page.goto("/reports/tien-do?from=2017-03-05&to=2017-04-06")
        page.click(".day-calendar >> nth=1")                        # the real one: a refusal would be an error of the page
        page.keyboard.press("Escape")
        page.evaluate("() => { HTMLInputElement.prototype.showPicker = function () { document.title = `picker ${this.value}`; }; }")
        page.focus("#day-from")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Chọn trong lịch: Từ ngày"
        page.keyboard.press("Enter")
        until(page, "document.title === 'picker 2017-03-05'")
