"""Questions to the population database, against a simulator that is a real HTTP server: complete or not sent, kept, answered beside."""
from __future__ import annotations

import contextlib
import json
import logging
import time
from collections import deque
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from ministry_dossiers import archived_entries
from sqlalchemy import select

from samples.simulators.faults import Server
from samples.simulators.population import Population
from storage.models import Event, Field, Link, PopulationQuestion
from storage.policy import Actor
from storage.population_query import (
    Officer,
    PopulationQueryOptions,
    QueryConnection,
    WhatFor,
    answers,
    ask_about,
    read_officers,
    send,
    send_waiting,
)
from storage.population_query.errors import AnswerUnreadable, BadOfficers, OfficerUnknown, QueryIncomplete, QueryRefused
from storage.population_query.question import Question
from storage.population_query.soap import NS, from_soap, to_soap
from storage.review_errors import NoSuchEntry

CHILD = {"so_dinh_danh": "051317000001", "ho_ten": "NGUYỄN THỊ ÁNH & <B>", "ngay_sinh": "2017-03-01", "gioi_tinh": "Nữ", "dan_toc": "Kinh",
         "quoc_tich": "Việt Nam", "noi_sinh": "", "que_quan": "Quảng Ngãi", "noi_thuong_tru": "Xã Nghĩa Kỳ & hơn",
         "ho_ten_cha": "LÊ VĂN <C>", "so_dinh_danh_cha": "051080000001", "ho_ten_me": "TRẦN THỊ MẬN", "so_dinh_danh_me": "",
         "ho_ten_vo_chong": "",
         "so_dinh_danh_vo_chong": "", "tinh_trang": ""}
FOR = WhatFor("2.000635", "cb.hoa", "H21.129-260302-0001")
LAN = Actor("tp.lan", "reviewer")
OFFICERS = {"cb.hoa": Officer("CB001", "khoa-hoa", "mat-khau-hoa", "hoa@tinh"), "cb.sai": Officer("CB001", "khoa-hoa", "sai-khoa", "x")}


@pytest.fixture
def there():
    with Server(Population(people=[CHILD])) as server:
        yield server


def connection(server, style="soap", **options):
    return QueryConnection(PopulationQueryOptions(f"{server.url}/{style}", style, **{"officers": OFFICERS, "seconds": 3, **options}))


def ask(database, entry, role="nks", what_for=FOR, actor=LAN):
    with database.session() as s:
        return ask_about(s, actor, entry, role, what_for)


def question(**more):
    return Question(**{"id": "H21.1.abc", "service": "2.000635", "officer": "cb.hoa", "dossier": "H21.1",
                       "personal_id": "051317000001", **more})


@pytest.mark.parametrize("style", ["soap", "rest"])
def test_asked_answered_and_shown_beside_what_is_written(sqlite_database, there, style, caplog):
    caplog.set_level(logging.DEBUG)
    entry, = archived_entries(sqlite_database)
    row = ask(sqlite_database, entry)
    with connection(there, style) as c:
        done = send(sqlite_database, c, row.id)
        assert send(sqlite_database, c, row.id).tries == 1       # an answered one is not asked again
    assert done.state == "answered" and there.system.figures()["questions"] == 1 and there.system.asked == [row.id]
    person, = done.answer
    assert (person["name"], person["birth_date"], person["sex"]) == (CHILD["ho_ten"], "2017-03-01", "Nữ")
    assert (person["residence"], person["father_name"]) == (CHILD["noi_thuong_tru"], CHILD["ho_ten_cha"])
    with sqlite_database.session() as s:
        assert [r.id for r in answers(s, LAN, entry)] == [row.id]
        assert s.scalar(select(Field.value).where(Field.entry_id == entry, Field.code == "nksHoTen")) == "NGUYỄN THỊ ÁNH & <B>"
        assert s.scalar(select(Link.personal_id).where(Link.entry_id == entry)) == "051317000001"
        log = s.scalars(select(Event).where(Event.action.startswith("population."))).all()
    assert [e.action for e in log] == ["population.ask", "population.answer", "population.view"]
    assert all(e.detail["officer"] == "cb.hoa" and e.detail["dossier"] == FOR.dossier and e.detail["service"] == FOR.service for e in log)
    told = json.dumps([e.detail for e in log], ensure_ascii=False) + caplog.text
    assert not any(secret in told for secret in ("ÁNH", "051317000001", "MẬN", "mat-khau-hoa", "2017-03-01"))


@pytest.mark.parametrize("what_for", [WhatFor("", "cb.hoa", "H21.1"), WhatFor("2.000635", "", "H21.1"), WhatFor("2.000635", "cb.hoa", " ")])
def test_without_service_officer_and_dossier_nothing_is_kept_or_sent(sqlite_database, what_for):
    entry, = archived_entries(sqlite_database)
    with pytest.raises(QueryIncomplete):
        ask(sqlite_database, entry, what_for=what_for)
    with sqlite_database.reading() as s:
        assert s.scalars(select(PopulationQuestion)).all() == []


def test_without_a_person_to_ask_for_or_the_right_nothing_is_kept(sqlite_database):
    entry, = archived_entries(sqlite_database)
    with pytest.raises(QueryIncomplete):
        ask(sqlite_database, entry, "cha")
    for who in (Actor("x", "auditor"), Actor("khac", "reviewer", "00001")):
        with pytest.raises(NoSuchEntry):
            ask(sqlite_database, entry, actor=who)
    with pytest.raises(NoSuchEntry), sqlite_database.session() as s:
        answers(s, Actor("x", "auditor"), entry)
    for wrong in ({"personal_id": "12"}, {"name": "A"}, {"born": "2017"}, {"card": "1"}):
        with pytest.raises(QueryIncomplete):
            question(**{"personal_id": "", **wrong})


def test_by_name_and_birth_where_there_is_no_number(sqlite_database, there):
    entry, = archived_entries(sqlite_database)
    with sqlite_database.session() as s:
        s.delete(s.scalars(select(Link)).one())
        s.scalars(select(Field).where(Field.code == "nksHoTen")).one().value = CHILD["ho_ten"].title()
    with connection(there) as c:
        assert len(send(sqlite_database, c, ask(sqlite_database, entry).id).answer) == 1
        assert send(sqlite_database, c, ask(sqlite_database, entry, "me").id).answer == []        # asked with a year, not found


@pytest.mark.parametrize("fault", ["cut-before", "cut-after", "503", "html"])
def test_what_cannot_be_sent_is_kept_and_sent_later_under_the_same_number(sqlite_database, there, fault):
    entry, = archived_entries(sqlite_database)
    row = ask(sqlite_database, entry)
    there.system.faults.append(fault)
    now = datetime.now(UTC)
    with connection(there) as c:
        kept = send(sqlite_database, c, row.id, lambda: now)
        if fault == "html":
            assert (kept.state, kept.problem) == ("refused", "population_answer_unreadable")
            return
        assert (kept.state, kept.problem) == ("waiting", "population_unreachable") and ask(sqlite_database, entry).id == row.id
        assert send_waiting(sqlite_database, c, clock=lambda: now + timedelta(seconds=5)) == 0, "not before its time"
        assert send_waiting(sqlite_database, c, clock=lambda: now + timedelta(hours=1)) == 1
    assert there.system.figures()["different"] == 1


def test_nobody_there_at_all(sqlite_database, there):
    entry, = archived_entries(sqlite_database)
    row = ask(sqlite_database, entry)
    with connection(there, tries=2) as c:
        c.options = c.options.__class__(**{**c.options.__dict__, "url": "http://127.0.0.1:9/soap"})
        assert send(sqlite_database, c, row.id).state == "waiting"
        assert send(sqlite_database, c, row.id).state == "refused"


@pytest.mark.parametrize("style", ["soap", "rest"])
def test_a_refusal_is_told_in_their_words(sqlite_database, there, style):
    entry, = archived_entries(sqlite_database)
    row = ask(sqlite_database, entry, what_for=WhatFor("2.000635", "cb.sai", "H21.1"))
    with connection(there, style) as c:
        done = send(sqlite_database, c, row.id)
    assert (done.state, done.problem, done.said) == ("refused", "population_refused", "AuthHash không hợp lệ")


def test_an_officer_without_an_account_asks_nothing(there):
    with connection(there) as c, pytest.raises(OfficerUnknown):
        c.ask(question(officer="cb.la"))
    assert there.system.figures()["questions"] == 0


def test_the_order_of_elements_is_fixed():
    body = etree.fromstring(to_soap(question(card="211234567", name="Nguyễn Thị Ánh", born="2017-03-01"), OFFICERS["cb.hoa"], "037"))
    asked = body.find(f".//{{{NS}}}TraCuuThongTinCongDan")
    assert [etree.QName(e).localname for e in asked] == ["MaYeuCau", "MaDVC", "MaTichHop", "MaCanBo", "SoDinhDanh", "SoCMND", "HoVaTen",
                                                         "NgayThangNamSinh", "Paging"]
    assert asked.prefix == "qldc" and asked.findtext(f"{{{NS}}}HoVaTen") == "NGUYỄN THỊ ÁNH"
    assert asked.findtext(f"{{{NS}}}NgayThangNamSinh/{{{NS}}}NgayThangNam") == "20170301"
    year = etree.fromstring(to_soap(question(born="2017"), OFFICERS["cb.hoa"], "037"))
    assert year.findtext(f".//{{{NS}}}NgayThangNamSinh/{{{NS}}}Nam") == "2017"


def test_the_simulator_checks_by_itself(there):
    good = to_soap(question(), OFFICERS["cb.hoa"], "037").decode()
    head = {"Content-Type": "text/xml", "SOAPAction": '"http://dancuquocgia.bca/TraCuuThongTinCongDan"'}

    def fault(text, headers=head):
        answer = httpx.post(f"{there.url}/soap", content=text.encode(), headers=headers)
        with pytest.raises(QueryRefused) as e:
            from_soap(answer.content)
        return answer.status_code, e.value.evidence["said"]

    service = "<qldc:MaDVC>2.000635</qldc:MaDVC>"
    swapped = good.replace(service, "").replace("<qldc:Paging>", f"{service}<qldc:Paging>")
    assert fault(swapped) == (500, "Sai thứ tự phần tử")
    assert fault(good.replace("2.000635", "")) == (500, "MaDVC không được để trống")
    assert fault(good.replace(">037<", ">999<")) == (500, "MaTichHop không tồn tại")
    assert fault(good.replace("051317000001", "")) == (500, "Thiếu thông tin tra cứu")
    assert fault(good, {}) == (500, "SOAPAction không hợp lệ") and fault("<a") == (500, "XML không hợp lệ")


LAUGHS = '<!DOCTYPE a [<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12)) + "]>"
ENVELOPE = '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><CongDan><HoVaTen>%s</HoVaTen></CongDan></s:Body></s:Envelope>'


@pytest.mark.parametrize("hostile", [
    LAUGHS + ENVELOPE % "&a11;", '<!DOCTYPE a [<!ENTITY x SYSTEM "file:' + '///etc/passwd">]>' + ENVELOPE % "&x;",
    '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd">' + ENVELOPE % "x", '<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:9/p"> %p;]>'
    + ENVELOPE % "x", "<a" * 100_000, "", "<a>" * 5000, "\x00", "x" * (4 * 1024 * 1024 + 1)])
def test_hostile_answers_open_nothing_and_cost_nothing(hostile):
    began = time.process_time()
    with pytest.raises(AnswerUnreadable) as e:
        from_soap(hostile.encode())
    assert "root:" not in str(e.value) and time.process_time() - began < 5


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(AnswerUnreadable, QueryRefused):
        assert all(isinstance(p.name, str) for p in from_soap(text.encode("utf-8", "replace")))


@given(st.text(max_size=60))
def test_any_name_comes_through_the_envelope(name):
    q = Question("H21.1.abc", "2.000635", "cb.hoa", "H21.1", personal_id="051317000001", name=name)
    sent = etree.fromstring(to_soap(q, OFFICERS["cb.hoa"], "037")).findtext(f".//{{{NS}}}HoVaTen") or ""
    assert sent == "".join(c for c in name.upper().strip()
                           if c in "\t\n" or (c >= " " and not 0xD800 <= ord(c) <= 0xDFFF and c not in "\ufffe\uffff"))


def test_officers_come_from_a_file_and_their_secrets_are_not_shown(tmp_path):
    file = tmp_path / "officers.toml"
    file.write_text('["cb.hoa"]\ncode = "CB001"\nkey_name = "khoa-hoa"\nkey_pass = "mat-khau-hoa"\n', "utf-8")
    assert read_officers(file)["cb.hoa"].key_pass == "mat-khau-hoa" and "mat-khau-hoa" not in repr(read_officers(file))
    for wrong in ('["cb.hoa"]\ncode = "CB001"\n', 'key_pass = "mat-khau-hoa"\n', 'x = ["mat-khau-hoa'):
        file.write_text(wrong, "utf-8")
        with pytest.raises(BadOfficers) as e:
            read_officers(file)
        assert "mat-khau-hoa" not in str(e.value)
    assert isinstance(Population().faults, deque)
