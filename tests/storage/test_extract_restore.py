"""Extracts on an empty machine, from the object store alone: every state, number, proof; killed anywhere; what was forged is left out."""
from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
from dataclasses import dataclass, replace
from pathlib import Path

import extract_house as house
import pytest
import sqlalchemy as sa
from extract_house import Unsigned, ask, at, identity, key_file, on_both
from killing import die_at
from registers import add_entry, add_page, page_image
from test_restore import empty_like

from storage import change_feed
from storage.archive import archive_entry, verify_archive
from storage.change_feed import Place, Reach
from storage.database import Database
from storage.errors import ObjectStoreUnavailable, SigningFailed
from storage.event_segments import write_segments
from storage.extracts import keeping, steps
from storage.extracts.checking import check_code
from storage.extracts.errors import WrongState
from storage.extracts.keys import CodeKeys
from storage.extracts.office import Office
from storage.models import Extract, ExtractNumber, StoredObject
from storage.objects import ObjectStore
from storage.outbox import ObjectLedger
from storage.policy import Actor
from storage.restore import restore_catalogue

__all__ = ["at", "identity", "on_both"]
ASKS, SIGNS, NUMBERS = Actor("so.nhan", "archivist"), Actor("so.son", "approver"), Actor("so.thu", "archivist")
WAY = ((steps.sign, SIGNS), (steps.number, NUMBERS), (steps.issue, NUMBERS), (steps.deliver, NUMBERS))


def entry_in_the_archive(office: Office) -> int:
    entry = add_entry(office.ledger, add_page(office.ledger, "KS.2017.01", "1.jpg", page_image()))
    archive_entry(office.database, office.ledger, office.signer, office.archive, entry, "sogoc")
    return entry


def moved(office: Office, entry: int, dossier: str, times: int) -> Extract:
    extract = ask(office, entry, dossier, ASKS)
    for step, actor in WAY[:times]:
        extract = step(office, actor, extract.id)
    return extract


def rows(database: Database) -> list[tuple]:
    with database.reading() as session:
        return [tuple(r) for table in (Extract, ExtractNumber) for r in session.execute(
            sa.select(table.__table__).order_by(*table.__table__.primary_key.columns))]


def feed(database: Database) -> list[tuple]:
    with database.reading() as session:
        page = change_feed.read(session, Reach((), ASKS.name, ["KS"]), Place(), 1000)
        return [(c.seq, c.what, c.extract, c.record) for c in page.changes]


def interrupted(*_, **__):
    raise KeyboardInterrupt


def test_every_state_number_and_proof_comes_back(on_both, tmp_path, monkeypatch):
    office, entry = on_both, entry_in_the_archive(on_both)
    issued = [moved(office, entry, f"d-{n}", n) for n in range(5)][3]
    steps.refuse(office, NUMBERS, ask(office, entry, "d-no", ASKS).id, "Không đủ giấy tờ")
    steps.cancel(office, NUMBERS, moved(office, entry, "d-off", 3).id, "In sai họ tên")
    office.keys.rotate()                                        # two keys sign the codes of these
    moved(office, entry, "d-new-key", 2)
    kept = moved(office, entry, "d-kept", 1)
    with pytest.raises(SigningFailed):
        steps.number(replace(office, signer=Unsigned(away=True)), NUMBERS, kept.id)         # reserved, and no more
    write_segments(office.ledger, office.archive)
    before, told, knows = rows(office.database), feed(office.database), key_file(office)
    fresh = empty_like(office.ledger, tmp_path)
    new_home = CodeKeys(tmp_path / "new home")
    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):     # at its longest step, when nearly all is there
        killed.setattr(ObjectLedger, "recover", interrupted)
        restore_catalogue(fresh, office.ledger.store, "cli", adopt=new_home.adopt)
    restored = restore_catalogue(fresh, office.ledger.store, "cli", adopt=new_home.adopt)
    assert restored.problems == [] and rows(fresh) == before and len(before) and feed(fresh) == told
    assert verify_archive(fresh, office.ledger.store) == []
    assert len(restored.code_keys) == 2 and new_home.adopt(restored.code_keys) == 0
    there = replace(office, database=fresh, ledger=ObjectLedger(fresh, office.ledger.store), keys=new_home)
    (tmp_path / "x.pdf").write_bytes(there.ledger.get(issued.pdf_key))
    for keys in (knows, key_file(there)):       # with the file handed out before, and with one made on the new machine
        assert check_code(tmp_path / "x.pdf", keys, tmp_path / "x.pdf").problems == ()
    last = max(x.number for x in office_rows(office) if x.number)
    assert steps.number(there, NUMBERS, kept.id).number == last
    assert moved(there, entry, "d-later", 4).number == last + 1
    assert keeping.keep_waiting(there).written == 0
    fresh.dispose()


def office_rows(office: Office) -> list[Extract]:
    with office.database.reading() as session:
        return list(session.scalars(sa.select(Extract)))


@dataclass(frozen=True)
class Stamping:
    """Stands for the signer: what it signs is another document, like a signed one."""

    def with_key(self, _: object) -> Stamping:
        return self

    def sign(self, pdf: bytes, **_: object) -> bytes:
        return pdf + b"\n% stamped"


def test_killed_at_every_point_nothing_is_lost_or_doubled(at, tmp_path, sqlite_template):
    """A child dies by SIGKILL before and after each commit and each write to the store. At once the store alone gives no number again that
    is on a document; and the survivor's database mends the store."""
    entry, office = entry_in_the_archive(at), replace(at, signer=Stamping())
    write_segments(at.ledger, at.archive)
    point = survived = 0
    while not survived:
        office.database.dispose()
        child = os.fork()
        if child == 0:
            die_at(point, office.database.url, ObjectStore(office.ledger.store.config), ("create",), lambda database, store, n=point:
                   moved(replace(office, database=database, ledger=ObjectLedger(database, store)), entry, f"d-{n}", 3))
        _, status = os.waitpid(child, 0)
        survived = os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0
        assert survived or os.WTERMSIG(status) == signal.SIGKILL
        if point % 5 == 0 or any(x.number and x.state in ("signed", "numbered") for x in office_rows(office)):
            from_the_store_alone(office, Path(shutil.copy(sqlite_template, tmp_path / f"{point}.db")))
        office.ledger.recover()
        keeping.keep_waiting(office)
        extract = ask(office, entry, f"d-{point}", ASKS)
        for step, actor in WAY[:3]:
            with contextlib.suppress(WrongState):           # this one was done before the kill
                extract = step(office, actor, extract.id)
        assert extract.state == "issued" and extract.number == point + 1
        assert not office.ledger.orphans(), f"killed at point {point}"
        point += 1
    assert point > 25
    listed = (o.key.split("/") for o in office.ledger.store.list("archive", "extracts/"))
    moves = [(key[2], key[3].split(".")[0]) for key in listed if key[-1].endswith(".json") and key[1] != "keys"]
    assert len(moves) == len(set(moves)) and {x for x, n in moves if n == "0005"} == {x.id for x in office_rows(office)}
    from_the_store_alone(office, Path(shutil.copy(sqlite_template, tmp_path / "last.db")), all_of_it=True)


def from_the_store_alone(office: Office, place: Path, all_of_it: bool = False) -> None:
    fresh = Database(place)
    assert restore_catalogue(fresh, office.ledger.store, "cli").problems == []
    if all_of_it:
        assert rows(fresh) == rows(office.database)
    documents = [o.key.split("/")[2] for o in office.ledger.store.list("archive", "extracts/") if o.key.endswith(".pdf")]
    with fresh.reading() as session:
        last = session.scalar(sa.select(ExtractNumber.last)) or 0
        mine = {x.id: x for x in session.scalars(sa.select(Extract))}
    for x in office_rows(office):
        assert x.number is None or documents.count(x.id) < 2 or last >= x.number        # the second document has the number on it
        assert x.id not in mine or mine[x.id].moves in (x.moves, x.moves - 1)
    fresh.dispose()


class Away(ObjectStore):
    """A store that does not answer."""

    def create(self, *_, **__):
        raise ObjectStoreUnavailable(endpoint="x", cause="away")


def test_a_step_is_done_while_the_store_is_away_and_written_later(at):
    office = replace(at, signer=Unsigned())
    extract = ask(office, house.archived(office.ledger))
    away = replace(office, ledger=ObjectLedger(office.database, Away(office.ledger.store.config)))
    assert steps.refuse(away, house.CLERK, extract.id, "Không đủ giấy tờ").state == "refused"
    assert [keeping.keep_waiting(office).written for _ in range(2)] == [1, 0]
    newest = max(o.key for o in office.ledger.store.list("archive", f"extracts/{extract.id[:2]}/{extract.id}/"))
    assert json.loads(office.ledger.get(newest))["extract"]["state"] == "refused"


def test_a_record_that_the_store_refuses_does_not_hold_up_the_others(at):
    entry, office = entry_in_the_archive(at), replace(at, signer=Unsigned())
    asked = [ask(office, entry, f"d-{n}", ASKS) for n in range(3)]
    away = replace(office, ledger=ObjectLedger(office.database, Away(office.ledger.store.config)))
    for extract in asked:
        steps.refuse(away, NUMBERS, extract.id, "Không đủ giấy tờ")
    with office.database.reading() as session:
        first = min(asked, key=lambda x: x.id).id
        row = session.get_one(Extract, first)
        taken = keeping.record_key(first, row.moves, keeping.record(row))
    office.ledger.put("archive", taken, b"something else", "application/json")
    caught = keeping.keep_waiting(office)
    assert caught.written == 2 and {x: e.code for x, e in caught.refused.items()} == {first: "object_differs"}
    assert keeping.keep_waiting(office, leave=caught.refused) == keeping.Caught(0, {})


def test_a_key_that_the_store_refuses_is_told_of_each_extract(at):
    office = replace(at, signer=Unsigned())
    extract = ask(office, house.archived(office.ledger))
    away = replace(office, ledger=ObjectLedger(office.database, Away(office.ledger.store.config)))
    steps.refuse(away, house.CLERK, extract.id, "Không đủ giấy tờ")
    with office.database.session() as session:
        session.execute(sa.delete(StoredObject).where(StoredObject.key.startswith(keeping.KEYS)))
    stranger = f"{keeping.KEYS}/{office.keys.signing()[0].hex()}.json"
    office.ledger.store.put("archive", stranger, b"something else", "application/json")
    assert {x: e.code for x, e in keeping.keep_waiting(office).refused.items()} == {extract.id: "object_differs"}


def test_no_number_is_signed_that_the_store_does_not_know(at):
    office = replace(at, signer=Unsigned())
    extract = ask(office, house.archived(office.ledger))
    steps.sign(office, house.HEAD, extract.id)
    with pytest.raises(ObjectStoreUnavailable):
        steps.number(replace(office, ledger=ObjectLedger(office.database, Away(office.ledger.store.config))), house.CLERK, extract.id)
    assert steps.number(office, house.CLERK, extract.id).number == 1


def test_what_is_forged_or_lost_is_named_and_left_out(at, tmp_path):
    entry, office = entry_in_the_archive(at), replace(at, signer=Unsigned())
    first, second = (moved(office, entry, f"d-{n}", 3) for n in (1, 2))
    write_segments(office.ledger, office.archive)
    store = office.ledger.store
    with office.database.reading() as session:
        said = json.loads(keeping.record(session.get_one(Extract, first.id)))
    forged = json.dumps({**said, "extract": {**said["extract"], "state": "cancelled"}}).encode()
    key = keeping.record_key(first.id, 5, forged)
    stranger = CodeKeys(tmp_path / "stranger")
    keeping.keep_keys(replace(office, keys=stranger))
    newest = max(o.key for o in store.list("archive", f"extracts/{second.id[:2]}/{second.id}/") if o.key.endswith(".json"))
    store._client.remove_object(store.bucket("archive"), newest)                     # a marker; the locked version stays
    store.put("archive", key, forged, "application/json")
    restored = restore_catalogue(fresh := empty_like(office.ledger, tmp_path), store, "cli")
    assert {w for w, _ in restored.problems} == {key, newest.rpartition("/")[0]} and "record_missing" in str(restored.problems)
    with fresh.reading() as session:
        assert {x.id: x.state for x in session.scalars(sa.select(Extract))} == {first.id: "issued", second.id: "numbered"}
        assert session.scalars(sa.select(ExtractNumber.last)).all() == [2]
    assert [k.id for k in restored.code_keys] == [office.keys.signing()[0]]
    fresh.dispose()
