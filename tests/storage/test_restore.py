from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import date

import pytest
import sqlalchemy as sa
from registers import CHILD, add_dossier, add_entry, add_page, page_image

from storage import events
from storage.archive import ArchiveOptions, archive_dossier, archive_entry, verify_archive
from storage.book_archive import close_book
from storage.corrections import Correction, correct_archived, current_values, versions
from storage.database import Database
from storage.errors import RestoreRefused
from storage.event_segments import write_segments
from storage.export import export_jsonl
from storage.models import ArchivePackage, BookPackage, Dossier, Entry, Page, PersonKey, RecordKey
from storage.outbox import ObjectLedger
from storage.policy import Actor
from storage.restore import restore_catalogue
from storage.search_keys import name_key
from storage.signing import Signer, create_demo_identity

OPTIONS = ArchiveOptions(undo_seconds=0, retain_days=1, retention_mode="GOVERNANCE", agency_name="UBND xã Mẫu", fonds_code="THU")
DECISION = Correction("cai_chinh", "12/QĐ-UBND", date(2026, 5, 6), "UBND xã Mẫu", {"nksHoTen": "Nguyễn Thị Ngọc Anh"})


@pytest.fixture(scope="module")
def signer(tmp_path_factory) -> Signer:
    return Signer(create_demo_identity(tmp_path_factory.mktemp("identity"), "UBND xã Mẫu"), "UBND xã Mẫu")


def archive(ledger, signer, entry_id):
    return archive_entry(ledger.database, ledger, signer, OPTIONS, entry_id, "sogoc")


def export(database: Database, archived_only: bool = False) -> str:
    out = io.StringIO()
    export_jsonl(database, out)
    return "".join(x + "\n" for x in out.getvalue().splitlines() if not archived_only or json.loads(x)["status"] == "archived")


@pytest.fixture
def archive_of_everything(ledger, signer):
    """A book with two entries on a table page, a page with one more of which another is not archived, a correction, a closed book, a
    dossier; the log in the store."""
    table = add_page(ledger, "KS.2017.01", "Trang số 1.jpg", page_image("1"))
    ids = [add_entry(ledger, table, str(n), row=n) for n in (1, 2)]
    lone = add_page(ledger, "KS.2018.02", "2.jpg", page_image("2"))
    ids += [add_entry(ledger, lone, "7", row=1)]
    add_entry(ledger, lone, "8", row=2, status="review")
    for i in ids:
        archive(ledger, signer, i)
    correct_archived(ledger.database, ledger, signer, OPTIONS, Actor("duyet", "approver"), ids[0], DECISION)
    assert close_book(ledger.database, ledger, signer, OPTIONS, "KS.2017.01", "sogoc").entries == 2
    assert close_book(ledger.database, ledger, signer, OPTIONS, "KS.2018.02", "sogoc") is None
    archive_dossier(ledger.database, ledger, signer, OPTIONS, add_dossier(ledger), "sogoc")
    write_segments(ledger, OPTIONS)
    return ledger, ids


def empty_like(ledger: ObjectLedger, tmp_path) -> Database:
    """An empty database of the same kind."""
    if ledger.database.is_sqlite:
        fresh = Database(tmp_path / "fresh.db")
    else:
        name = ledger.database.url.database + "f"
        with ledger.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text(f"create database {name}"))
        fresh = Database(ledger.database.url.set(database=name).render_as_string(hide_password=False))
    fresh.upgrade()
    return fresh


def keys(session) -> set[tuple]:
    """What archived entries are found by."""
    return {tuple(row) for table in (RecordKey, PersonKey) for row in session.execute(sa.select(table.__table__))}


def test_the_catalogue_comes_back_from_the_store_alone(archive_of_everything, tmp_path):
    ledger, ids = archive_of_everything
    before, log = export(ledger.database, archived_only=True), None
    with ledger.database.reading() as session:
        log = events.head(session)
        found_by = keys(session)
    fresh = empty_like(ledger, tmp_path)
    restored = restore_catalogue(fresh, ledger.store, "cli")
    assert restored.problems == [] and (restored.entries, restored.packages, restored.books, restored.dossiers) == (3, 5, 1, 1)
    assert export(fresh, archived_only=True) == before and before.count('"row"') == 3
    with fresh.reading() as session:
        assert events.verify_chain(session, log).seq == log.seq + 1
        assert current_values(session, session.get_one(Entry, ids[0]))["nksHoTen"] == "Nguyễn Thị Ngọc Anh"
        assert [v.package.version for v in versions(session, ids[0])] == [1, 2]
        assert session.get_one(Entry, ids[0]).archive_id == versions(session, ids[0])[1].package.id
        assert session.scalars(sa.select(BookPackage.entries)).all() == [2]
        assert session.scalars(sa.select(Dossier.archive_id)).one()
        assert keys(session) == found_by and len(found_by) > 3
        # as the register says, and as the decision has it
        assert set(session.execute(sa.select(PersonKey.name_key, PersonKey.corrected).where(
            PersonKey.entry_id == ids[0], PersonKey.role == "nks"))) == {(name_key(CHILD), False), ("nguyễn thị ngọc anh", True)}
        draft = session.scalars(sa.select(Entry).where(Entry.status == "draft")).one()
        assert (draft.row, session.get_one(Page, draft.page_id).file) == (2, "2.jpg")
    assert verify_archive(fresh, ledger.store) == []
    with pytest.raises(RestoreRefused):
        restore_catalogue(fresh, ledger.store, "cli")
    new = add_entry(ObjectLedger(fresh, ledger.store), add_page(ObjectLedger(fresh, ledger.store), "KS.2019.03", "9.jpg", page_image("9")))
    assert new > max(ids)
    fresh.dispose()


def test_cut_off_and_run_again(archive_of_everything, tmp_path):
    ledger, _ = archive_of_everything
    if not ledger.database.is_sqlite:
        pytest.skip("once is enough")
    fresh = empty_like(ledger, tmp_path)

    def stop(done: int, _: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    import storage.restore as restore
    every, restore._COMMIT_EVERY = restore._COMMIT_EVERY, 1
    try:
        with pytest.raises(KeyboardInterrupt):
            restore_catalogue(fresh, ledger.store, "cli", stop)
    finally:
        restore._COMMIT_EVERY = every
    restore_catalogue(fresh, ledger.store, "cli")
    assert export(fresh, archived_only=True) == export(ledger.database, archived_only=True)
    assert verify_archive(fresh, ledger.store) == []


def test_a_manifest_that_is_not_the_one_the_log_tells_of_is_left_out(sqlite_ledger, signer, tmp_path):
    good = archive(sqlite_ledger, signer, add_entry(sqlite_ledger, add_page(sqlite_ledger, "b", "1.jpg", page_image("1"))))
    bad = archive(sqlite_ledger, signer, add_entry(sqlite_ledger, add_page(sqlite_ledger, "b", "2.jpg", page_image("2")), "2"))
    write_segments(sqlite_ledger, OPTIONS)
    store = sqlite_ledger.store
    forged = {**json.loads(store.get("archive", bad.manifest_key)), "year": 1999}
    data = json.dumps(forged).encode()
    store._client.remove_object(store.bucket("archive"), bad.manifest_key)      # a marker; the locked version stays
    store.put("archive", "archive/KS/1999/forged/manifest.json", data, "application/json")
    fresh = empty_like(sqlite_ledger, tmp_path)
    restored = restore_catalogue(fresh, store, "cli")
    assert [w for w, _ in restored.problems] == ["archive/KS/1999/forged/manifest.json"]
    with fresh.reading() as session:
        assert session.scalars(sa.select(ArchivePackage.id)).all() == [good.id]


def test_a_package_of_the_first_format_is_read_and_restored(sqlite_ledger, signer, tmp_path):
    """As the program wrote them before: record.json and a manifest without paths."""
    from storage.archive_package import to_json

    page = add_page(sqlite_ledger, "KS.2017.01", "1.jpg", page_image())
    entry_id = add_entry(sqlite_ledger, page)
    package = archive(sqlite_ledger, signer, entry_id)
    manifest = json.loads(sqlite_ledger.get(package.manifest_key))
    line = json.loads(export(sqlite_ledger.database))
    record = to_json({**line, "status": "verified", "verified": {"by": "an", "name": "Trần Văn An", "at": "2026-03-04T05:06:07+00:00"}})
    sqlite_ledger.put("archive", "archive/KS/2017/01/001/old/record.json", record, "application/json")
    row = sqlite_ledger.row("archive/KS/2017/01/001/old/record.json")
    objects = [{k: v for k, v in o.items() if k != "path"} for o in manifest["objects"] if o["role"] in ("original", "copy")]
    objects.append({"role": "record", "key": row.key, "sha256": row.sha256, "size": row.size, "media_type": row.media_type})
    old = {**{k: v for k, v in manifest.items() if k not in ("objid", "files")}, "format": "sogoc-package/1", "objects": objects,
           "package": "11111111-2222-5333-8444-555555555555"}
    sqlite_ledger.put("archive", "archive/KS/2017/01/001/old/manifest.json", to_json(old), "application/json")
    sqlite_ledger.store._client.remove_object(sqlite_ledger.store.bucket("archive"), package.manifest_key)
    before = export(sqlite_ledger.database)
    fresh = empty_like(sqlite_ledger, tmp_path)
    restored = restore_catalogue(fresh, sqlite_ledger.store, "cli")
    assert restored.problems == [] and export(fresh) == before


class TestCorrections:
    @pytest.fixture
    def archived(self, sqlite_ledger, signer):
        entry_id = add_entry(sqlite_ledger, add_page(sqlite_ledger, "KS.2017.01", "1.jpg", page_image()))
        return entry_id, archive(sqlite_ledger, signer, entry_id)

    def correct(self, ledger, signer, entry_id, correction=DECISION, actor=None):
        return correct_archived(ledger.database, ledger, signer, OPTIONS, actor or Actor("duyet", "approver"), entry_id, correction)

    def test_a_later_version_rests_on_a_decision_and_rewrites_nothing(self, sqlite_ledger, signer, archived, tmp_path):
        import subprocess

        from storage.aip.check import check_folder
        from storage.aip.unpack import lay_out

        entry_id, first = archived
        before = sqlite_ledger.store.versions("archive", f"{first.manifest_key.rsplit('/', 1)[0]}/")
        second = self.correct(sqlite_ledger, signer, entry_id)
        assert (second.version, second.subject) == (2, first.subject) and second.id != first.id
        assert sqlite_ledger.store.versions("archive", f"{first.manifest_key.rsplit('/', 1)[0]}/") == before
        manifest = json.loads(sqlite_ledger.get(second.manifest_key))
        assert manifest["previous"] == first.id and manifest["corrections"][0]["number"] == "12/QĐ-UBND"
        folder = lay_out(manifest, sqlite_ledger.get, tmp_path)
        assert check_folder(folder) == []
        record = json.loads((folder / "representations/rep1/data/KS.2017.01.001.json").read_text())
        assert record["fields"]["nksHoTen"]["value"] == CHILD               # what the register says stays
        assert record["corrections"][0]["fields"] == {"nksHoTen": {"before": CHILD, "after": "Nguyễn Thị Ngọc Anh"}}
        pdf = subprocess.run(["pdftotext", folder / "representations/rep1/data/KS.2017.01.001.pdf", "-"], capture_output=True, text=True,
                             check=True, timeout=30).stdout
        assert "CẢI CHÍNH HỘ TỊCH" in pdf and "12/QĐ-UBND" in pdf and "nay đọc là: Nguyễn Thị Ngọc Anh" in pdf and CHILD in pdf
        assert "12/QĐ-UBND" in (folder / "metadata/descriptive/EAD.xml").read_text()
        assert verify_archive(sqlite_ledger.database, sqlite_ledger.store) == []

    def test_the_same_correction_again_makes_nothing_new(self, sqlite_ledger, signer, archived):
        first = self.correct(sqlite_ledger, signer, archived[0])
        assert self.correct(sqlite_ledger, signer, archived[0]).id == first.id
        third = self.correct(sqlite_ledger, signer, archived[0], replace(DECISION, number="15/QĐ-UBND", fields={"nksHoTen": "Nguyễn Ánh"}))
        assert third.version == 3
        with sqlite_ledger.database.reading() as session:
            assert current_values(session, session.get_one(Entry, archived[0]))["nksHoTen"] == "Nguyễn Ánh"
            assert [v.correction.number for v in versions(session, archived[0])[1:]] == ["12/QĐ-UBND", "15/QĐ-UBND"]

    @pytest.mark.parametrize("change, why", [
        ({"kind": "x"}, "kind"), ({"number": " "}, "number"), ({"decided_on": date(2999, 1, 1)}, "still to come"),
        ({"fields": {}}, "nothing would change"), ({"fields": {"nks Ho": "x"}}, "field code"),
        ({"fields": {"khongCo": "A"}}, "no field code khongCo; there are .*nksHoTen"),
        ({"fields": {"voHoTen": "A"}}, "no field code voHoTen"),
        ({"fields": {"nksNgaySinh": "không phải ngày"}}, "nksNgaySinh cannot hold"),
        ({"fields": {"nksNgaySinh": "31/2/2017"}}, "05/08/2007"), ({"fields": {"nksGioiTinh": "xyz"}}, "one of: Nam"),
        ({"fields": {"loaiDangKy": "9"}}, "one of: 0 "), ({"fields": {"nksSoDinhDanh": "12"}}, "12 digits")])
    def test_what_is_refused(self, sqlite_ledger, signer, archived, change, why):
        from storage.errors import CorrectionRefused

        with pytest.raises(CorrectionRefused, match=why) as refused:
            self.correct(sqlite_ledger, signer, archived[0], replace(DECISION, **change))
        assert refused.value.exit_code == 2
        with sqlite_ledger.database.reading() as session:
            assert len(versions(session, archived[0])) == 1

    def test_values_are_kept_as_the_fields_keep_them(self, sqlite_ledger, signer, archived):
        said = {"nksNgaySinh": "5/8/2007", "nksGioiTinh": "nữ", "loaiDangKy": "Quá hạn", "meSoGiayToTuyThan": "012 345 678", "so": ""}
        self.correct(sqlite_ledger, signer, archived[0], replace(DECISION, fields=said))
        with sqlite_ledger.database.reading() as session:
            now = current_values(session, session.get_one(Entry, archived[0]))
        assert {code: now[code] for code in said} == {"nksNgaySinh": "2007-08-05", "nksGioiTinh": "Nữ", "loaiDangKy": "4",
                                                      "meSoGiayToTuyThan": "012345678", "so": ""}

    def test_who_may(self, sqlite_ledger, signer, archived):
        from storage.review_errors import NoSuchEntry, NotAllowed

        with pytest.raises(NotAllowed):
            self.correct(sqlite_ledger, signer, archived[0], actor=Actor("x", "reviewer"))
        with pytest.raises(NoSuchEntry):
            self.correct(sqlite_ledger, signer, archived[0], actor=Actor("x", "approver", "00001"))

    def test_a_closed_book_gets_its_next_version(self, sqlite_ledger, signer, archived):
        args = (sqlite_ledger.database, sqlite_ledger, signer, OPTIONS, "KS.2017.01", "sogoc")
        first = close_book(*args)
        assert close_book(*args).id == first.id
        self.correct(sqlite_ledger, signer, archived[0])
        second = close_book(*args)
        assert (second.version, second.id != first.id) == (2, True)
        assert verify_archive(sqlite_ledger.database, sqlite_ledger.store) == []
