"""Asking the population database from the review page, and the thread that sends what waits for other systems."""
from __future__ import annotations

import dataclasses
import re

import pytest
from fastapi.testclient import TestClient
from portal_house import sign_in
from sqlalchemy import select

from portal.app import create_app
from portal.others_worker import OthersWorker
from samples.simulators.faults import Server
from samples.simulators.ministry import Ministry
from samples.simulators.population import Population
from storage.ministry_push import MinistryOptions, decide_to_send
from storage.models import Entry, Event, Field, MinistryPush, PopulationQuestion, utc_now
from storage.policy import Actor
from storage.population_query import Officer, PopulationQueryOptions

MOTHER = {"so_dinh_danh": "051185000001", "ho_ten": "TRẦN THỊ MẬN", "ngay_sinh": "1985-04-02", "gioi_tinh": "Nữ", "dan_toc": "Kinh",
          "quoc_tich": "Việt Nam", "noi_sinh": "", "que_quan": "<b>Quảng Ngãi</b>", "noi_thuong_tru": "", "ho_ten_cha": "",
          "so_dinh_danh_cha": "", "ho_ten_me": "", "so_dinh_danh_me": "", "ho_ten_vo_chong": "LÊ VĂN CƯỜNG", "so_dinh_danh_vo_chong": "",
          "tinh_trang": ""}
FORM = {"role": "me", "service": "2.000635", "dossier": "H21.129-260302-0001"}


@pytest.fixture
def systems():
    with Server(Population(people=[MOTHER])) as population, Server(Ministry()) as ministry:
        yield population, ministry


@pytest.fixture
def joined(book, systems):
    population, ministry = systems
    query = PopulationQueryOptions(f"{population.url}/soap", officers={"tp.lan": Officer("CB001", "khoa-hoa", "mat-khau-hoa")}, seconds=3)
    office = MinistryOptions(ministry.url, "user", "sogoc", "bi-mat", agency="H21.129", province="51", seconds=3)
    return dataclasses.replace(book, services=dataclasses.replace(book.services, population_query=query, ministry=office))


def post(client, path, form):
    token = re.search(r'name="csrf" value="(\w+)"', client.get(path).text)[1]
    return client.post(path, data={**form, "csrf": token}, headers={"Accept": "text/html"})


def test_a_reviewer_asks_sees_both_values_and_nothing_is_overwritten(joined, systems):
    entry = joined.entries()[0]
    path = f"/review/{entry}/population"
    with TestClient(create_app(joined.services, archive_in_background=False)) as client:
        sign_in(client)
        assert path in client.get(f"/review/{entry}").text
        answer = post(client, path, FORM)
        assert answer.status_code == 200 and "02/04/1985" in answer.text and "LÊ VĂN CƯỜNG" in answer.text
        assert answer.text.count(">khớp<") == 2 and "&lt;b&gt;Quảng Ngãi" in answer.text and "<b>Quảng" not in answer.text
        assert "sổ không ghi" in answer.text and ">Họ, chữ đệm, tên<" in answer.text
        assert post(client, path, {**FORM, "dossier": " "}).status_code == 409
        sign_in(client, "xa.minh")                  # reviews there, but nobody asks in another's name
        page = client.get(path)
        assert page.status_code == 200 and "chưa có tài khoản" in page.text and "<form method" not in page.text.split("<main")[1]
        token = re.search(r'name="csrf" value="(\w+)"', page.text)[1]
        assert client.post(path, data={**FORM, "csrf": token}, headers={"Accept": "text/html"}).status_code == 409
        sign_in(client, "xa.xa")
        assert client.get(path).status_code == 404
        sign_in(client, "kiem.toan")
        assert client.get(path).status_code == 403
    with joined.database.reading() as s:
        assert s.scalar(select(Field.value).where(Field.entry_id == entry, Field.code == "meHoTen")) == "Trần Thị Mận"
        asked = s.scalars(select(Event).where(Event.action == "population.ask")).one()
        looks = s.scalars(select(Event).where(Event.action == "record.view", Event.actor == "xa.minh")).all()
    assert looks[-1].detail["fields"] == ["chaHoTen", "meHoTen", "meNgaySinh", "nksHoTen"]
    assert asked.actor == "tp.lan" and asked.detail["channel"] == "portal" and systems[0].system.figures()["questions"] == 1


def test_without_a_network_the_question_waits_and_the_worker_sends_it_with_the_dossiers(joined, systems):
    population, ministry = systems
    entry = joined.entries()[0]
    population.system.faults.append("503")
    with TestClient(create_app(joined.services, archive_in_background=False)) as client:
        sign_in(client)
        assert "được giữ lại" in post(client, f"/review/{entry}/population", FORM).text
    with joined.database.session() as s:
        s.scalars(select(PopulationQuestion)).one().next_at = utc_now()
        s.get(Entry, entry).status = "archived"
        s.flush()
        decide_to_send(s, Actor("lanh.dao"), entry, "LTKS", "H21-1")
    assert OthersWorker(joined.services).run_once() == 2 and OthersWorker(joined.services).run_once() == 0
    with joined.database.reading() as s:
        assert s.scalars(select(PopulationQuestion)).one().state == "answered"
        assert s.scalars(select(MinistryPush)).one().state == "sent"
    assert list(ministry.system.dossiers) == ["H21-1"]


def test_a_portal_that_is_connected_to_nothing_says_so(client, book):
    sign_in(client)
    answer = client.get(f"/review/{book.entries()[0]}/population")
    assert answer.status_code == 200 and "chưa kết nối" in answer.text and "<form method" not in answer.text.split("<main")[1]
    assert not OthersWorker.needed(book.services)
    assert "Hỏi CSDL dân cư" not in client.get(f"/review/{book.entries()[0]}").text     # nor does the entry lead there
