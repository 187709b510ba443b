"""The checks of a batch find what they are there for."""
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest

from pipelines import checks
from pipelines.services import Services
from pipelines.take_in import take_in_folder
from storage.models import Entry, Page, StoredObject
from tests.storage.page_files import jpeg

BATCH = "KS.2017.01"


def outcome(check: dg.AssetChecksDefinition, services: Services) -> dg.AssetCheckResult:
    context: Any = SimpleNamespace(resources=SimpleNamespace(services=services), partition_key=BATCH)
    return check.node_def.compute_fn.decorated_fn(context)          # type: ignore[attr-defined]


@pytest.fixture
def taken(services: Services) -> Services:
    """A batch of two pages, stored and not yet read."""
    folder = services.inbox / BATCH
    folder.mkdir()
    for n in (1, 2):
        (folder / f"KS.2017.01.{n:03d}.jpg").write_bytes(jpeg(n))
    assert take_in_folder(services, folder).added == 2
    return services


def read(services: Services, text: list[Any], blank: bool = False) -> None:
    with services.database.session() as session:
        for page in session.query(Page):
            page.state, page.text, page.quality = "read", text, {"blank": blank}


def test_a_page_that_waits_is_missed(taken: Services) -> None:
    assert not outcome(checks.pages_in_equal_pages_out, taken).passed
    read(taken, [["Họ", 1, 1, 9, 9]])
    assert outcome(checks.pages_in_equal_pages_out, taken).passed


def test_a_page_set_aside_without_a_reason_is_missed(taken: Services) -> None:
    read(taken, [["Họ", 1, 1, 9, 9]])
    with taken.database.session() as session:
        session.query(Page).first().state = "set_aside"             # type: ignore[union-attr]
    assert not outcome(checks.pages_in_equal_pages_out, taken).passed


def test_ink_without_text_is_found(taken: Services) -> None:
    read(taken, [])
    assert not outcome(checks.no_ink_without_text, taken).passed
    read(taken, [], blank=True)
    assert outcome(checks.no_ink_without_text, taken).passed
    read(taken, [["Họ", 1, 1, 9, 9]])
    assert outcome(checks.no_ink_without_text, taken).passed


def test_a_page_read_without_an_entry_is_found(taken: Services) -> None:
    read(taken, [["Họ", 1, 1, 9, 9]])
    assert not outcome(checks.every_page_read_has_its_entry, taken).passed
    with taken.database.session() as session:
        session.add_all(Entry(page_id=p.id, row=1, kind="KS", status="draft") for p in session.query(Page))
    assert outcome(checks.every_page_read_has_its_entry, taken).passed


def test_orphans_of_both_kinds_are_found(taken: Services) -> None:
    assert outcome(checks.no_orphan_objects, taken).passed
    taken.objects.create("work", "lattices/no/row", b"stray", "application/octet-stream")
    assert not outcome(checks.no_orphan_objects, taken).passed
    assert taken.ledger.recover(scan=True).adopted == ("lattices/no/row",)
    assert outcome(checks.no_orphan_objects, taken).passed
    with taken.database.session() as session:
        key = session.query(Page).first().original_key              # type: ignore[union-attr]
        session.get_one(StoredObject, key).state = "pending"
    assert not outcome(checks.no_orphan_objects, taken).passed
    assert taken.ledger.recover().finished == (key,) and outcome(checks.no_orphan_objects, taken).passed
