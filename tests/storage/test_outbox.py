from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from storage.errors import ObjectDiffers, ObjectMissing
from storage.models import StoredObject
from storage.outbox import ObjectLedger


def pending(ledger: ObjectLedger, key: str, data: bytes, kind: str = "work") -> None:
    with ledger.database.session() as session:
        session.add(StoredObject(key=key, bucket=kind, sha256=hashlib.sha256(data).hexdigest(), size=len(data), media_type="text/plain"))


def state(ledger: ObjectLedger, key: str) -> str | None:
    with ledger.database.reading() as session:
        return session.scalar(sa.select(StoredObject.state).where(StoredObject.key == key))


def test_put_keeps_row_and_object(ledger):
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    assert ledger.put("archive", "originals/aa/x", b"page", "image/jpeg", until) == "originals/aa/x"
    row = ledger.row("originals/aa/x")
    assert (row.sha256, row.size, row.state, row.retain_until) == (hashlib.sha256(b"page").hexdigest(), 4, "stored", until)
    assert ledger.store.stat("archive", "originals/aa/x", row.version_id).retain_until == until
    assert ledger.get("originals/aa/x") == b"page"
    assert not ledger.orphans()


def test_the_same_bytes_again_make_no_second_version(ledger):
    for _ in range(3):
        ledger.put("archive", "k", b"same", "text/plain")
    assert len(ledger.store.versions("archive", "k")) == 1


def test_other_bytes_under_a_kept_key_are_refused(ledger):
    ledger.put("archive", "k", b"first", "text/plain")
    with pytest.raises(ObjectDiffers):
        ledger.put("archive", "k", b"second", "text/plain")
    assert ledger.get("k") == b"first"


def test_many_writers_of_one_key_make_one_version(ledger):
    def put(_: int) -> str:
        return ledger.put("archive", "together", b"x" * 100_000, "text/plain")

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(put, range(16))) == {"together"}
    assert len(ledger.store.versions("archive", "together")) == 1


def test_recover_finishes_an_object_that_arrived(ledger):
    pending(ledger, "k", b"data")
    ledger.store.put("work", "k", b"data", "text/plain")
    assert ledger.recover().finished == ("k",)
    assert ledger.get("k") == b"data"


def test_recover_removes_a_row_whose_object_never_arrived(ledger):
    pending(ledger, "k", b"data")
    assert ledger.orphans().rows_without_object == ("k",)
    assert ledger.recover().removed == ("k",)
    assert state(ledger, "k") is None and not ledger.orphans()


def test_put_takes_over_a_pending_row_of_other_bytes(ledger):
    pending(ledger, "k", b"never sent")
    ledger.put("work", "k", b"sent", "text/plain")
    assert ledger.get("k") == b"sent"


def test_put_survives_a_recovery_between_its_two_steps(ledger, monkeypatch):
    create = ledger.store.create

    def create_while_another_recovers(*args, **kw):
        assert ledger.recover().removed == ("k",)
        return create(*args, **kw)

    monkeypatch.setattr(ledger.store, "create", create_while_another_recovers)
    ledger.put("work", "k", b"data", "text/plain")
    assert ledger.get("k") == b"data" and not ledger.orphans()


def test_orphans_both_ways(ledger):
    for n in range(7):
        ledger.put("work" if n % 2 else "archive", f"a/{n}", b"x", "text/plain")
    ledger.store.put("work", "stray/1", b"y", "text/plain")
    ledger.store.put("archive", "A/upper", b"z", "text/plain")
    ledger.store.remove("work", "a/1")
    found = ledger.orphans()
    assert found.rows_without_object == ("a/1",)
    assert found.objects_without_row == (("archive", "A/upper"), ("work", "stray/1"))
    assert set(ledger.recover(scan=True).adopted) == {"A/upper", "stray/1"}
    assert ledger.get("A/upper") == b"z"


def test_get_tells_a_changed_object(ledger):
    ledger.put("work", "k", b"good", "text/plain")
    ledger.store.put("work", "k", b"evil", "text/plain")
    with pytest.raises(ObjectDiffers):
        ledger.get("k")
    with pytest.raises(ObjectMissing):
        ledger.get("nothing")


def test_retention_is_only_ever_longer(ledger):
    ledger.put("archive", "k", b"x", "text/plain")
    far = datetime.now(UTC).replace(microsecond=0) + timedelta(days=9)
    ledger.retain("k", far)
    ledger.retain("k", far - timedelta(days=3))
    assert ledger.row("k").retain_until == far
    assert ledger.store.stat("archive", "k", ledger.row("k").version_id).retain_until == far


def test_reading_a_thousand_keys_in_the_order_of_bytes(sqlite_ledger):
    with sqlite_ledger.database.session() as session:
        session.add_all(StoredObject(key=f"k/{n:05d}", bucket="work", sha256="0" * 64, size=1, media_type="x") for n in range(2500))
    assert len(sqlite_ledger.orphans().rows_without_object) == 2500
