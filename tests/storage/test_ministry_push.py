"""Pushes to the Ministry's software, against a simulator that is a real HTTP server: once, whatever is cut or killed on the way."""
from __future__ import annotations

import base64
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from ministry_dossiers import HEAD, NAME, archived_entries
from sqlalchemy import select

from records.ministry.messages import Requester
from samples.simulators.faults import Server
from samples.simulators.ministry import Ministry
from storage.ministry_push import (
    Connection,
    MinistryOptions,
    Sender,
    decide_to_send,
    endpoint_for,
    hold,
    load_endpoints,
    pushes,
    send_again,
)
from storage.ministry_push.adapters import answer_of, to_xml
from storage.ministry_push.errors import BadDossier, BadEndpoints, DossierKnown, NoEndpoint, NoSuchPush
from storage.ministry_push.listing import counts, listed
from storage.models import Event, Field, MinistryPush, utc_now
from storage.policy import Actor
from storage.review_errors import NoSuchEntry

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
CODE = "H21.129-260302-0001"


@pytest.fixture
def ministry():
    with Server(Ministry()) as server:
        yield server


class House:
    """A sender whose clock the test moves."""

    def __init__(self, database, server, ledger=None, **options):
        self.database, self.now = database, NOW
        self.options = MinistryOptions(server.url, **{"access": "user", "account": "sogoc", "secret": "bi-mat", "agency": "H21.129",
                                                      "province": "51", "seconds": 3, **options})
        self.connection = Connection(self.options)
        self.sender = Sender(database, ledger, self.connection, load_endpoints(self.options.endpoints), lambda: self.now, lambda: 1.0)

    def decide(self, entry, dossier=CODE, module="LTKS", **more):
        with self.database.session() as s:
            row = decide_to_send(s, HEAD, entry, module, dossier, received=NOW, **more)
            row.next_at = min(row.next_at, self.now)            # the test's clock stands in the past
            return row

    def row(self, dossier=CODE):
        with self.database.reading() as s:
            return s.scalars(select(MinistryPush).where(MinistryPush.dossier == dossier)).one()

    def run(self, **later):
        self.now += timedelta(**later)
        return self.sender.run_once()


@pytest.fixture
def push(sqlite_database, ministry):
    house = House(sqlite_database, ministry)
    yield house
    house.connection.close()


def test_a_dossier_is_sent_once_and_followed_to_its_result(push, ministry):
    entry, = archived_entries(push.database)
    push.decide(entry)
    push.decide(entry)
    assert push.run().sent == 1 and push.run().sent == 0
    assert (push.row().state, push.row().endpoint, push.row().again) == ("sent", "v2", False)
    taken = ministry.system.dossiers[CODE]
    assert taken.data["nksHoTen"] == NAME and taken.data["nksNgaySinh"] == "01/03/2017" and taken.times == 1
    assert push.run(minutes=20).finished == 1 and push.row().state == "done" and push.row().result["soDangKy"] == "15"
    assert push.row().content == {} and push.decide(entry).state == "done"
    with pytest.raises(BadDossier), push.database.session() as s:
        send_again(s, HEAD, CODE)


@pytest.mark.parametrize("fault", ["cut-after", "cut-before", "500", "503", "html", "expire"])
def test_whatever_goes_wrong_on_the_way_it_is_taken_once(push, ministry, fault):
    push.decide(archived_entries(push.database)[0])
    ministry.system.faults.append(fault)
    push.run()
    if fault != "expire":           # a token that ran out is renewed at once
        assert (push.row().state, push.row().problem) == ("waiting", "ministry_unreachable")
        assert push.run(seconds=30).sent == 0, "not before its time"
        push.run(minutes=1)
    assert push.row().state == "sent" and push.row().again == (fault == "cut-after")
    assert ministry.system.dossiers[CODE].times == (2 if fault == "cut-after" else 1) and len(ministry.system.dossiers) == 1


def test_tries_are_farther_and_farther_apart_and_come_to_an_end(sqlite_database):
    with Server(Ministry()) as server:
        house = House(sqlite_database, server, tries=5)
    house.decide(archived_entries(sqlite_database)[0])           # nobody listens any more
    waits = []
    for _ in range(5):
        house.now = max(house.now, house.row().next_at) if waits else house.now
        house.run()
        waits.append((house.row().next_at - house.now) / timedelta(minutes=1))
    assert waits[:4] == [1, 2, 4, 8] and house.row().state == "dead" and house.row().problem == "ministry_unreachable"
    assert house.run(days=9).sent == 0
    with sqlite_database.session() as s:
        send_again(s, HEAD, CODE)
        assert (house.row().state, s.scalars(select(MinistryPush)).one().tries) == ("dead", 0)      # seen once it is committed
    assert house.row().state == "waiting"


def test_what_is_refused_is_set_aside_with_readable_lines_and_can_be_mended(push, ministry):
    entry, = archived_entries(push.database)
    with push.database.session() as s:
        for f in s.scalars(select(Field).where(Field.entry_id == entry, Field.code.in_(["nksDanToc", "nksHoTen"]))):
            f.value = "Người sao Hỏa" if f.code == "nksDanToc" else " "
    push.decide(entry)
    assert push.run().dead == 1
    assert (push.row().state, push.row().problem) == ("dead", "dossier_refused")
    assert set(push.row().said) == {"nksHoTen không được để trống", "nksDanToc không tồn tại trong danh mục", "Không thành công"}
    with push.database.session() as s:
        for f in s.scalars(select(Field).where(Field.entry_id == entry, Field.code.in_(["nksDanToc", "nksHoTen"]))):
            f.value = "Kinh" if f.code == "nksDanToc" else NAME
    push.decide(entry)
    assert push.run().sent == 1 and ministry.system.dossiers[CODE].data["nksDanToc"] == "Kinh"


def test_one_dossier_is_one_decision(push):
    first, second = archived_entries(push.database, 2)
    push.decide(first)
    for entry, module in ((second, "LTKS"), (first, "BS")):
        with pytest.raises(DossierKnown):
            push.decide(entry, module=module, requester=Requester("A"))
    with push.database.reading() as s:
        assert len(pushes(s)) == 1
        seen = s.scalars(select(Event).where(Event.action == "push.decide")).all()
    assert len(seen) == 1 and "nksHoTen" in seen[0].detail["fields"] and NAME not in json.dumps(seen[0].detail, ensure_ascii=False)


def test_what_may_not_be_sent_is_not(push):
    entry, = archived_entries(push.database)
    open_entry, = archived_entries(push.database, status="verified")
    for wrong in ({"entry": open_entry}, {"entry": entry, "module": "LTKT"}, {"entry": entry, "dossier": "có dấu"},
                  {"entry": entry, "module": "BS"}):
        with pytest.raises(BadDossier):
            push.decide(**wrong)
    for who in (Actor("xa", "commune_officer", "21250"), Actor("khac", "approver", "00001")):
        with pytest.raises(NoSuchEntry), push.database.session() as s:
            decide_to_send(s, who, entry, "LTKS", CODE)
    with pytest.raises(NoSuchPush), push.database.session() as s:
        send_again(s, HEAD, "H21.129-260302-9999")


def test_a_decision_that_is_rolled_back_sends_nothing(push, ministry):
    entry, = archived_entries(push.database)
    with pytest.raises(ZeroDivisionError), push.database.session() as s:
        decide_to_send(s, HEAD, entry, "LTKS", CODE)
        raise ZeroDivisionError
    assert push.run().sent == 0 and not ministry.system.dossiers


@pytest.mark.parametrize(("day", "module", "name"), [
    (date(2024, 1, 1), "LTKS", "v1"), (date(2025, 6, 30), "LTKT", "v1"), (date(2025, 7, 1), "LTKS", "v2"),
    (date(2026, 12, 31), "LTKH", "v2"), (date(2027, 1, 1), "BS", "v2-bs"), (date(2027, 1, 1), "LTKS", None),
    (date(2019, 1, 1), "BS", None)])
def test_the_day_chooses_the_endpoint(day, module, name):
    if name is None:
        with pytest.raises(NoEndpoint):
            endpoint_for(load_endpoints(), module, day)
    else:
        assert endpoint_for(load_endpoints(), module, day).name == name


def test_version_1_speaks_xml_and_version_2_json(push, ministry):
    entries = archived_entries(push.database, 2)
    push.now = datetime(2024, 12, 2, tzinfo=UTC)
    push.decide(entries[0])
    push.run()
    assert push.row().endpoint == "v1" and ministry.system.dossiers[CODE].data["nksHoTen"] == NAME
    assert ministry.system.dossiers[CODE].data["nksNgaySinh"] == "01.03.2017"
    assert ministry.system.dossiers[CODE].data["meNoiCuTru"]["maHuyen"] == "528"


def test_after_the_last_day_of_an_endpoint_dossiers_wait_for_the_new_one(push, ministry, tmp_path):
    push.decide(archived_entries(push.database)[0])
    push.now = datetime(2026, 12, 31, 17, 0, tzinfo=UTC)        # 1 January in Vietnam
    assert push.run().later == 1
    assert (push.row().state, push.row().problem, push.row().tries) == ("waiting", "no_endpoint", 0)
    own = tmp_path / "dia-chi.toml"
    own.write_text('[[endpoint]]\nname = "v3"\nmodules = ["LTKS"]\nprotocol = "json-in-json"\npath = "apiLienThongKSKT/1.0/nhanHoSoDKHT"\n'
                   'valid_from = 2027-01-01\ndates = "slashed"\naddresses = "commune"\n', "utf-8")
    house = House(push.database, ministry, endpoints=own)
    house.now = push.now + timedelta(hours=2)
    assert house.run().sent == 1 and house.row().endpoint == "v3"


@pytest.mark.parametrize("wrong", ["x = [", '[[endpoint]]\nname = "a"\n', '[[endpoint]]\nname = "v1"\ncolour = 1\n'])
def test_a_wrong_file_of_endpoints_is_named(tmp_path, wrong):
    (tmp_path / "e.toml").write_text(wrong, "utf-8")
    with pytest.raises(BadEndpoints, match=r"e\.toml"):
        load_endpoints(tmp_path / "e.toml")


@pytest.mark.parametrize("access", ["user", "secret", "lgsp"])
def test_the_three_ways_to_a_token(sqlite_database, access, caplog):
    caplog.set_level(logging.DEBUG)
    with Server(Ministry()) as server:
        for hours, (secret, state) in enumerate((("sai-khoa", "waiting"), ("bi-mat", "sent")), 1):
            house = House(sqlite_database, server, access=access, secret=secret)
            if state == "waiting":
                house.decide(archived_entries(sqlite_database)[0])
            house.run(hours=hours)
            assert house.row().state == state
            assert state == "sent" or house.row().problem == "ministry_access"
            assert secret not in repr(house.options)
        assert server.system.figures()["tokens"] == 1
    assert "sai-khoa" not in caplog.text and "bi-mat" not in caplog.text and NAME not in caplog.text


def test_a_copy_is_asked_for_and_the_signed_copy_goes_with_a_registration(sqlite_ledger, ministry):
    from storage.models import ArchivePackage, Entry

    database = sqlite_ledger.database
    house = House(database, ministry, sqlite_ledger)
    first, second = archived_entries(database, 2)
    sqlite_ledger.put("archive", "archive/x/copy.pdf", b"%PDF-1.7 ban sao", "application/pdf")
    with database.session() as s:
        key = "archive/x/copy.pdf"
        s.add(ArchivePackage(id="p1", subject=f"entry:{second}", manifest_key=key, pdf_key=key, original_key=key))
        s.flush()
        s.get(Entry, second).archive_id = "p1"
    house.decide(first, "H21-1-BS", "BS", requester=Requester("Lê Văn Cường", "Cha", 3))
    house.decide(second, "H21-2-KS", with_copy=True)
    assert house.run().sent == 2
    asked = ministry.system.dossiers["H21-1-BS"].data
    assert asked["cbsSoDDCN"] == "051317000001" and asked["soLuong"] == "3" and asked["noiDangKyTruocDay"] == "21250"
    assert ministry.system.dossiers["H21-2-KS"].files == {"KS.pdf": b"%PDF-1.7 ban sao"}


def test_two_workers_send_each_dossier_once(database, ministry):
    houses = [House(database, ministry) for _ in range(3)]
    for n, entry in enumerate(archived_entries(database, 8)):
        houses[0].decide(entry, f"H21-{n:04d}")
    threads = [threading.Thread(target=h.run) for h in houses]
    for t in threads:
        t.start()
    for t in threads:
        t.join(timeout=60)
    assert ministry.system.figures()["received"] == ministry.system.figures()["dossiers"] == 8


SENDING = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from storage.database import Database
from storage.ministry_push import Connection, MinistryOptions, Sender, load_endpoints
connection = Connection(MinistryOptions(sys.argv[2], "user", "sogoc", "bi-mat", agency="H21", seconds=30))
Sender(Database(Path(sys.argv[1])), None, connection, load_endpoints(), lambda: datetime(2026, 3, 2, 3, tzinfo=UTC)).run_once()
"""


def test_killed_between_the_sending_and_the_answer_it_is_sent_again_and_taken_once(push, ministry, tmp_path):
    push.decide(archived_entries(push.database)[0])
    ministry.system.faults.append("slow")
    ministry.system.slow_seconds = 1.0
    process = subprocess.Popen([sys.executable, "-c", SENDING, str(tmp_path / "sogoc.db"), ministry.url], env={**os.environ})
    while not ministry.system.figures()["tokens"] or ministry.system.faults:
        assert process.poll() is None
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)        # the request is there, its answer is not
    process.wait()
    while not ministry.system.dossiers:
        time.sleep(0.05)
    assert push.row().state == "waiting" and push.run(hours=1, minutes=5).sent == 0     # its claim holds still
    assert push.run(hours=1).sent == 1 and push.row().again and ministry.system.dossiers[CODE].times == 2


@given(st.dictionaries(st.sampled_from(["nksHoTen", "ghiChu"]), st.text(max_size=60), min_size=1))
def test_xml_holds_what_xml_can_hold(data):
    root = etree.fromstring(to_xml(data))
    for name, value in data.items():
        wanted = "".join(c for c in value if c in "\t\n" or (c >= " " and not 0xD800 <= ord(c) <= 0xDFFF and c not in "\ufffe\uffff"))
        assert (root.findtext(f"hoso/{name}") or "") == wanted


@pytest.mark.parametrize(("said", "taken", "again"), [
    ({"status": "1", "errorCode": "0"}, True, False), ({"status": 1}, True, False), ({"status": "0", "errorCode": "9"}, False, False),
    ({"status": "1", "errorCode": "9"}, False, False), ({}, False, False),
    ({"status": "0", "errorDescription": "Hồ sơ ĐÃ ĐƯỢC TIẾP NHẬN ngày 1/1"}, True, True),
    ({"status": "0", "statusDescription": "Hồ sơ đã được tiếp nhận"}, True, True)])     # decomposed letters
def test_what_an_answer_means(said, taken, again):
    answer = answer_of(said)
    assert (answer.taken, answer.again) == (taken, again)


def test_the_simulator_checks_by_itself(ministry):
    token = httpx.post(f"{ministry.url}/token", json={"SecretId": "sogoc", "SecretPass": "bi-mat"}).json()["access_token"]
    head = {"Authorization": f"Bearer {token}"}
    body = {"module": "LTKS", "maHoSoMCDT": "H21-1", "maHoSoLT": "H21-1", "maDonVi": "", "ngayTiepNhan": "2026-01-01",
            "data": json.dumps({"nksHoTen": "x" * 300, "nksGioiTinh": "7", "nksNgaySinh": "2017-03-01", "so": "?",
                                "meLoaiGiayToTuyThan": "10",
                                "meNoiCuTru": {"maTinh": "51", "maHuyen": "528", "maXa": "21250", "dcChiTiet": ""}}), "fileDinhKem": []}
    said = httpx.post(f"{ministry.url}/apiLienThongKSKT/1.0/nhanHoSoDKHT", json=body, headers=head).json()
    assert said["status"] == "0" and len(answer_of(said).lines) == 9, answer_of(said).lines
    assert httpx.post(f"{ministry.url}/apiLienThongKSKT/1.0/nhanHoSoDKHT", json=body).status_code == 401
    assert httpx.post(f"{ministry.url}/apiLienThongKSKT/1.0/nhanHoSoDKHT", content=b"[1", headers=head).json()["status"] == "0"
    wrong = base64.b64encode(json.dumps({"AccessKey": "sogoc", "SecretKey": "x"}).encode()).decode()
    form = {"grant_type": "client_credentials"}
    assert httpx.post(f"{ministry.url}/token", data=form, headers={"lgspaccesstoken": wrong}).status_code == 401
    assert httpx.post(f"{ministry.url}/_simulate", json={"faults": ["flood"]}).status_code == 422


def test_dossiers_are_counted_and_listed_by_stage(database, ministry):
    house = House(database, ministry)
    entries = archived_entries(database, 3)
    for n, entry in enumerate(entries):
        house.decide(entry, f"{CODE}{n}")
    with database.session() as s:
        first, second, _ = s.scalars(select(MinistryPush).order_by(MinistryPush.id))
        first.state, first.problem = "dead", "dossier_refused"
        second.state, second.problem = "dead", "ministry_unreachable"
    with database.reading() as s:
        assert {stage: n for stage, n in counts(s, HEAD).items() if n} == {"refused": 1, "stuck": 1, "waiting": 1}
        assert [line.push.dossier for line in listed(s, HEAD, "refused", 0, 10)] == [f"{CODE}0"]
        assert len(listed(s, HEAD, "", 0, 10)) == 3


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)         # SQLite lets one write at a time
def test_what_a_worker_took_between_looking_and_holding_is_not_held(database, ministry):
    House(database, ministry).decide(archived_entries(database, 1)[0])
    with database.session() as page, pytest.raises(BadDossier, match="being sent"):
        seen = page.scalars(select(MinistryPush)).one()
        with database.session() as worker:
            worker.scalars(select(MinistryPush)).one().claimed_until = utc_now() + timedelta(minutes=5)
        hold(page, HEAD, seen.dossier, "hold_other")
