"""An installation that the API's contract is held against: one archived record, clients with tokens."""
from __future__ import annotations

import dataclasses
from pathlib import Path

from extract_office import OPTIONS
from fastapi import FastAPI
from fastapi.testclient import TestClient
from portal_house import archive_first, bring_book, furnish

from bench.api_contract import Known
from pipelines.services import ApiOptions
from storage.clients import SCOPES, add_client
from storage.database import Database
from storage.models import MinistryPush
from storage.objects import ObjectStore, ObjectStoreConfig
from storage.outbox import ObjectLedger

DOSSIER = "H21.129-250812-0035"
RECORD = "5b3c0d6e-0000-4000-8000-000000000001"
BODIES = {
    "POST /records/search/personal-number": {"personal_id": "051317000001"},
    "POST /records/search/name": {"name": "Lê Thị Loan", "birth_date": "2017-03-01"},
    "POST /records/search/register-number": {"kind": "KS", "number": "1", "year": 2017},
    "POST /records/{record_id}/copy-link": {"uses": 1},
    "POST /persons/vault": {"personal_id": "051317000001", "legal_basis": {"kind": "law", "article": "Điều 12 Luật Hộ tịch 2014"}},
    "POST /extracts": {"record_id": RECORD},
}


def contract_house(home: Path, config: ObjectStoreConfig) -> tuple[FastAPI, Known]:
    """The portal and what is in it; paces are out of the way."""
    home.mkdir(parents=True, exist_ok=True)
    database = Database(home / "sogoc.db")
    database.upgrade()
    objects = ObjectStore(config)
    objects.ensure_buckets()
    house = archive_first(bring_book(furnish(home, database, ObjectLedger(database, objects), objects), home / "scan"))
    services = dataclasses.replace(house.services, api=ApiOptions(per_minute=1e7, gateway="accepted"), extracts=OPTIONS)
    app = dataclasses.replace(house, services=services).app()
    with database.session() as s:
        s.add(MinistryPush(module="LTKS", dossier=DOSSIER, entry_id=house.entries()[0], state="dead",
                           problem="dossier_refused", said=["nksDanToc không tồn tại trong danh mục"], decided_by="x"))
        secrets = {"all": add_client(s, "all", sorted(SCOPES)), "some": add_client(s, "some", ["KS:read.chame", "KH:copy"]),
                   "node": add_client(s, "node", ["sync:21139"])}
    client = TestClient(app)
    tokens = tuple(client.post("/api/v1/oauth/token", data={"grant_type": "client_credentials"}, auth=pair).json()["access_token"]
                   for pair in secrets.items())
    form = {"grant_type": "client_credentials", "client_id": "some", "client_secret": secrets["some"]}
    return app, Known(tokens, tokens[2], RECORD, DOSSIER, BODIES, form)
