"""What a person verified is archived in the background when the time to undo is over, and can then be fetched, signed."""
from __future__ import annotations

import dataclasses
import time

import pytest
from fastapi.testclient import TestClient
from portal_house import csrf_of, sign_in

from pipelines.services import ArchiveOptions
from portal.app import create_app
from portal.archive_worker import ArchiveWorker
from storage import accounts
from storage.errors import ObjectDiffers
from storage.extracts.keeping import Caught
from storage.models import Entry
from storage.signing import Signer, create_demo_identity, verify_pdf

PURPOSE = {"X-Dossier-Code": "H21.129-250812-0035", "X-Service-Code": "2.000635", "X-Officer-Code": "cb.hoa"}


@pytest.fixture
def signing(book, tmp_path):
    folder = tmp_path / "identity"
    create_demo_identity(folder)
    return dataclasses.replace(book, services=dataclasses.replace(book.services, signer=Signer(folder),
        archive=ArchiveOptions(undo_seconds=0, fonds_code="THU")))


def test_the_worker_waits_until_undo_is_over(signing):
    entry = signing.entries()[2]
    services = dataclasses.replace(signing.services, archive=ArchiveOptions(undo_seconds=3600))
    with TestClient(create_app(services, archive_in_background=False)) as client:
        sign_in(client)
        client.post(f"/review/{entry}/verify", json={"revision": 0, "acknowledge": True}, headers=csrf_of(client))
    assert ArchiveWorker(services).run_once() == 0
    assert ArchiveWorker(signing.services).run_once() == 1 and ArchiveWorker(signing.services).run_once() == 0


def test_an_extract_that_the_store_refuses_is_left_alone_for_a_while(signing, monkeypatch):
    asked: list[set[str]] = []

    def refuse(_, leave):
        asked.append(set(leave))
        return Caught(0, {x: ObjectDiffers(bucket="b", key="k", expected="x", found="y") for x in {"0b6c"} - asked[-1]})

    monkeypatch.setattr("portal.archive_worker.keep_waiting", refuse)
    worker = ArchiveWorker(signing.services, retry_seconds=0.2)
    worker.keep_extracts()
    worker.keep_extracts()
    time.sleep(0.3)
    worker.keep_extracts()
    assert asked == [set(), {"0b6c"}, set()]


def test_from_a_persons_enter_to_the_signed_copy_in_another_program(signing):
    entry = signing.entries()[2]
    with signing.database.session() as s:
        secret = accounts.add_client(s, "motcua", ["KS:read", "KS:copy"])
    with TestClient(create_app(signing.services)) as client:            # its own worker runs beside it
        sign_in(client)
        answer = client.post(f"/review/{entry}/verify", json={"revision": 0, "acknowledge": True}, headers=csrf_of(client))
        assert answer.json()["status"] == "verified", answer.text
        for _ in range(300):
            with signing.database.reading() as s:
                if s.get(Entry, entry).status == "archived":
                    break
            time.sleep(0.1)
        token = client.post("/api/v1/oauth/token", data={"grant_type": "client_credentials"},
            auth=("motcua", secret)).json()["access_token"]
        head = {**PURPOSE, "Authorization": f"Bearer {token}"}
        found = client.post("/api/v1/records/search/register-number", json={"kind": "KS", "number": "4", "year": 2017}, headers=head).json()
        assert found["count"] == 1
        copy = client.get(f"/api/v1/records/{found['records'][0]['id']}/copy", headers=head)
        assert client.post("/review/undo", headers=csrf_of(client)).json()["code"] == "nothing_to_undo"
    assert copy.content.startswith(b"%PDF") and verify_pdf(copy.content).intact
