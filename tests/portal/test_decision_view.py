"""An archived entry of which a decision made a later version: its page says which decision, and what reads how since."""
from __future__ import annotations

import re
from datetime import date

import pytest
from fastapi.testclient import TestClient
from portal_house import House, sign_in
from sqlalchemy import select

from storage.models import ArchiveCorrection, ArchivePackage, Event

_FIRST, _SECOND = "5b3c0d6e-0000-4000-8000-000000000001", "5b3c0d6e-0000-4000-8000-000000000002"


@pytest.fixture
def corrected(archived: House) -> House:
    entry = archived.entries()[0]
    with archived.database.session() as s:
        first = s.get_one(ArchivePackage, _FIRST)
        s.add(ArchivePackage(id=_SECOND, subject=first.subject, version=2, manifest_key=first.manifest_key, pdf_key=first.pdf_key,
                             original_key=first.original_key))
        s.flush()
        s.add(ArchiveCorrection(
            package_id=_SECOND, previous_id=_FIRST, entry_id=entry, version=2, kind="cai_chinh", number="12/QĐ-UBND",
            decided_on=date(2026, 1, 5), agency="UBND xã Nghĩa Kỳ", made_by="lanh.dao",
            fields={"nksNgaySinh": {"before": "2017-03-01", "after": "2017-03-11"}, "loaiDangKy": {"before": "", "after": "2"}}))
    return archived


def entry_page(house: House, entry: int, lang: str = "vi") -> str:
    with TestClient(house.app()) as c:
        sign_in(c)
        return c.get(f"/review/{entry}?lang={lang}").text


def test_the_decision_and_what_reads_how_since_stand_above_what_the_register_says(corrected):
    entry = corrected.entries()[0]
    html = entry_page(corrected, entry)
    told = re.search(r'<section class="decisions".*?</section>', html, re.S)[0]
    assert "Phiên bản 2 đang có hiệu lực" in told and "số 12/QĐ-UBND ngày 05/01/2026, UBND xã Nghĩa Kỳ" in told
    assert "Cải chính hộ tịch" in told and "<del>01/03/2017</del> → <b>11/03/2017</b>" in told
    assert "<del>(để trống)</del> → <b>Đăng ký lại</b>" in told, "a code's words"
    assert html.index('class="decisions"') < html.index('id="loupe"') and 'data-value="2017-03-01"' in html, "the register as written"
    assert "Version 2 is in force" in entry_page(corrected, entry, "en")
    with corrected.database.reading() as s:
        look = s.scalars(select(Event).where(Event.action == "record.view", Event.subject == f"entry:{entry}")).first()
    assert "loaiDangKy" in look.detail["fields"]


def test_nothing_is_left_to_look_at_in_an_archived_entry(corrected):
    archived, waiting = corrected.entries()[:2]
    doubt = re.compile(r'class="(?:field|mark) (?:doubtful|unsure|missing)')
    assert not doubt.search(entry_page(corrected, archived))
    html = entry_page(corrected, waiting)
    assert doubt.search(html) and 'class="decisions"' not in html
