from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from killing import die_at
from registers import AT, CHILD, add_dossier, add_entry, add_page, page_image

from storage import events
from storage.aip.unpack import inner_files
from storage.archive import ArchiveOptions, archive_dossier, archive_entry, verify_archive
from storage.archive_subject import field_labels
from storage.errors import NotReadyToArchive
from storage.models import ArchivePackage, Dossier, Entry, Event, Field, StoredObject
from storage.objects import ObjectStore
from storage.outbox import ObjectLedger
from storage.pdfa import check_pdfa
from storage.signing import Signer, create_demo_identity, verify_pdf

OPTIONS = ArchiveOptions(undo_seconds=0, retain_days=1, retention_mode="GOVERNANCE", agency_name="UBND xã Mẫu",
                         agency_code="000.00.01.H00", fonds_code="THU")


@pytest.fixture(scope="module")
def signer(tmp_path_factory) -> Signer:
    folder = create_demo_identity(tmp_path_factory.mktemp("identity"), "UBND xã Mẫu")
    return Signer(folder, "UBND xã Mẫu")


def text_of(pdf: bytes, tmp_path: Path) -> str:
    path = tmp_path / "copy.pdf"
    path.write_bytes(pdf)
    return subprocess.run(["pdftotext", str(path), "-"], capture_output=True, text=True, check=True, timeout=30).stdout


def archive(ledger: ObjectLedger, signer: Signer, entry_id: int) -> ArchivePackage:
    return archive_entry(ledger.database, ledger, signer, OPTIONS, entry_id, "sogoc")


def test_an_entry_becomes_a_signed_locked_package(ledger, signer, tmp_path):
    original = page_image()
    entry_id = add_entry(ledger, add_page(ledger, "KS.2017.01", "KS.2017.01.001.jpg", original))
    with ledger.database.session() as s:
        for code, value in (("loaiDangKy", "1"), ("meLoaiGiayToTuyThan", "4"), ("nksNgaySinh", "2017-03-05")):
            s.add(Field(entry_id=entry_id, code=code, value=value, confidence=1.0, source="reviewer", evidence=[]))
    package = archive(ledger, signer, entry_id)
    assert package.pdf_key == f"archive/KS/2017/01/001/{package.id}/KS.2017.01.001.pdf"
    pdf = ledger.get(package.pdf_key)
    text = text_of(pdf, tmp_path)
    assert CHILD in text and "Họ," in text and "Nguyen" not in text         # the misread word gives way to the verified value
    assert "Trạm y tế xã Mẫu" in text                                       # no box, still findable
    assert "Loại đăng ký: Đúng hạn" in text and ": CCCD" in text and "05/03/2017" in text and "loaiDangKy" not in text
    package_zip = zipfile.ZipFile(io.BytesIO(ledger.get(next(x["key"] for x in json.loads(ledger.get(package.manifest_key))["objects"]
                                                             if x["role"] == "package"))))
    index = package_zip.read(next(n for n in package_zip.namelist() if n.endswith("/index.html"))).decode()
    assert "<th>Loại đăng ký</th><td>Đúng hạn</td>" in index and "05/03/2017" in index
    assert original in pdf                                                  # the scan's own bytes, not compressed again
    assert check_pdfa(pdf) == [] and verify_pdf(pdf, signer.roots()).valid
    manifest = json.loads(ledger.get(package.manifest_key))
    for listed in manifest["objects"]:
        row = ledger.row(listed["key"])
        assert (row.sha256, row.size) == (listed["sha256"], listed["size"])
        assert ledger.store.stat("archive", row.key).retain_until > datetime.now(UTC) + timedelta(hours=20)
    assert [o["role"] for o in manifest["objects"]] == ["original", "copy", "package", *["schema"] * 6]
    files = {f.path: f.data for f in inner_files(ledger.get(manifest["objects"][2]["key"]))}
    record = json.loads(files["representations/rep1/data/KS.2017.01.001.json"])
    assert record["fields"]["nksHoTen"]["value"] == CHILD
    assert record["verified"] == {"by": "an", "name": "Trần Văn An", "at": AT.isoformat()}
    with ledger.database.reading() as session:
        entry = session.get_one(Entry, entry_id)
        assert (entry.status, entry.archive_id) == ("archived", package.id)
        event = session.scalars(sa.select(Event).where(Event.action == "entry.archive")).one()
        assert event.subject == f"entry:{entry_id}" and event.detail["manifest_sha256"] == ledger.row(package.manifest_key).sha256
    assert verify_archive(ledger.database, ledger.store) == [] and not ledger.orphans()
    assert ledger.row(package.pdf_key).proven_at is not None


def test_archiving_again_makes_nothing_new(ledger, signer):
    entry_id = add_entry(ledger, add_page(ledger, "b", "KS.2017.01.001.jpg", page_image()))
    first = archive(ledger, signer, entry_id)
    before = ledger.store.versions("archive", "")
    assert archive(ledger, signer, entry_id).id == first.id
    assert ledger.store.versions("archive", "") == before


def test_only_a_verified_entry_is_archived(sqlite_ledger, signer):
    entry_id = add_entry(sqlite_ledger, add_page(sqlite_ledger, "b", "1.jpg", page_image()), status="review")
    with pytest.raises(NotReadyToArchive):
        archive(sqlite_ledger, signer, entry_id)
    assert not list(sqlite_ledger.store.list("archive", "archive/"))


def test_an_entry_changed_meanwhile_is_not_archived(sqlite_ledger, signer):
    entry_id = add_entry(sqlite_ledger, add_page(sqlite_ledger, "b", "1.jpg", page_image()))

    class Slow(Signer):
        def sign(self, pdf, **kw):
            with sqlite_ledger.database.session() as session:
                session.execute(sa.update(Entry).values(status="review", revision=7))
            return super().sign(pdf, **kw)

    with pytest.raises(NotReadyToArchive):
        archive(sqlite_ledger, Slow(signer.key.folder, "x"), entry_id)
    with sqlite_ledger.database.reading() as session:
        assert session.get_one(Entry, entry_id).archive_id is None and session.scalars(sa.select(ArchivePackage)).all() == []


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_page_on_its_side_gets_an_upright_copy(sqlite_ledger, signer, tmp_path, rotation):
    page = add_page(sqlite_ledger, "b", "1.jpg", page_image(), rotation=rotation)
    pdf = sqlite_ledger.get(archive(sqlite_ledger, signer, add_entry(sqlite_ledger, page)).pdf_key)
    assert CHILD in text_of(pdf, tmp_path)


def test_a_dossier_is_one_pdf_of_all_its_pages(sqlite_ledger, signer, tmp_path):
    dossier_id = add_dossier(sqlite_ledger, pages=3)
    package = archive_dossier(sqlite_ledger.database, sqlite_ledger, signer, OPTIONS, dossier_id, "sogoc")
    pdf = sqlite_ledger.get(package.pdf_key)
    assert text_of(pdf, tmp_path).count("\f") == 3 and check_pdfa(pdf) == []
    assert archive_dossier(sqlite_ledger.database, sqlite_ledger, signer, OPTIONS, dossier_id, "sogoc").id == package.id
    with sqlite_ledger.database.reading() as session:
        assert session.get_one(Dossier, dossier_id).archive_id == package.id
    manifest = json.loads(sqlite_ledger.get(package.manifest_key))
    assert [o["role"] for o in manifest["objects"]] == ["original"] * 3 + ["copy", "package"] + ["schema"] * 6
    assert verify_archive(sqlite_ledger.database, sqlite_ledger.store) == []


def test_killed_at_every_point_and_run_again(sqlite_ledger, signer, tmp_path):
    """A child process dies by SIGKILL before and after each commit and each call to the store; recovery and a second run mend it all."""
    config = sqlite_ledger.store.config
    point = survived = 0
    while not survived:
        page = add_page(sqlite_ledger, f"b{point}", "KS.2017.01.001.jpg", page_image(f"{point}"))
        entry_id = add_entry(sqlite_ledger, page, number=str(point + 1))
        sqlite_ledger.database.dispose()
        child = os.fork()
        if child == 0:
            die_at(point, sqlite_ledger.database.url, ObjectStore(config), ("put", "retain"), lambda database, store, entry_id=entry_id:
                   archive_entry(database, ObjectLedger(database, store), signer, OPTIONS, entry_id, "sogoc"))
        _, status = os.waitpid(child, 0)
        survived = os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0
        assert survived or os.WTERMSIG(status) == signal.SIGKILL
        sqlite_ledger.recover()
        assert not sqlite_ledger.orphans(), f"killed at point {point}"
        package = archive(sqlite_ledger, signer, entry_id)
        versions = [key for key, _, _ in sqlite_ledger.store.versions("archive", f"{package.manifest_key.rsplit('/', 1)[0]}/")]
        package_zip = package.manifest_key.replace("manifest.json", "package.zip")
        assert sorted(versions) == sorted({package.pdf_key, package.manifest_key, package_zip})
        point += 1
    assert point > 15
    assert not sqlite_ledger.orphans() and verify_archive(sqlite_ledger.database, sqlite_ledger.store) == []
    with sqlite_ledger.database.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(ArchivePackage)) == point
        events.verify_chain(session)


class TestWhatTheAuditNames:
    @pytest.fixture
    def archived(self, sqlite_ledger, signer):
        return archive(sqlite_ledger, signer, add_entry(sqlite_ledger, add_page(sqlite_ledger, "b", "1.jpg", page_image())))

    def codes(self, ledger):
        return [(d.code, d.where) for d in verify_archive(ledger.database, ledger.store)]

    def test_an_overlaid_object(self, sqlite_ledger, archived):
        sqlite_ledger.store.put("archive", archived.pdf_key, b"forged", "application/pdf")
        assert self.codes(sqlite_ledger) == [("object_replaced", archived.pdf_key)]

    def test_a_changed_row(self, sqlite_ledger, archived):
        with sqlite_ledger.database.session() as session:
            session.execute(sa.update(StoredObject).where(StoredObject.key == archived.pdf_key).values(sha256="0" * 64))
        assert sorted(self.codes(sqlite_ledger)) == [("manifest_differs", archived.manifest_key), ("object_changed", archived.pdf_key)]

    def test_a_lost_row_and_a_lost_object(self, sqlite_ledger, archived):
        sqlite_ledger.put("work", "lattices/x", b"1", "x")
        sqlite_ledger.store.remove("work", "lattices/x")
        sqlite_ledger.store.put("archive", "archive/stray", b"2", "x")
        assert self.codes(sqlite_ledger) == [("object_missing", "lattices/x"), ("object_without_row", "archive:archive/stray")]

    def test_a_package_row_that_is_gone(self, sqlite_ledger, archived):
        with sqlite_ledger.database.session() as session:
            session.execute(sa.delete(ArchivePackage))
        assert self.codes(sqlite_ledger) == [("package_missing", archived.subject)]

    def test_a_log_that_was_changed_or_cut(self, sqlite_ledger, archived):
        with sqlite_ledger.database.session() as session:
            session.execute(sa.update(Event).where(Event.seq == 1).values(actor="somebody"))
        assert self.codes(sqlite_ledger) == [("event_chain_broken", "1")]
        with sqlite_ledger.database.session() as session:
            session.execute(sa.delete(Event))
        assert self.codes(sqlite_ledger) == [("event_head_lost", archived.id)]

    def test_every_difference_has_words(self, sqlite_ledger, archived):
        from storage.fixity_words import _WORDS, Difference

        for code in _WORDS:
            for lang in ("vi", "en"):
                assert "here" in Difference(code, "here", "a", "b").message(lang)


def test_a_locked_object_cannot_be_deleted(sqlite_ledger, signer):
    from minio.error import S3Error

    package = archive(sqlite_ledger, signer, add_entry(sqlite_ledger, add_page(sqlite_ledger, "b", "1.jpg", page_image())))
    row = sqlite_ledger.row(package.pdf_key)
    with pytest.raises(S3Error):
        sqlite_ledger.store.remove("archive", row.key, row.version_id)
    assert sqlite_ledger.get(row.key)


def test_pages_that_are_no_jpeg(sqlite_ledger, signer, tmp_path):
    """A page of a PDF and a black and white TIFF: the copy shows and says the same."""
    from PIL import Image

    for n, (media, data) in enumerate([("application/pdf", _pdf_file()), ("image/tiff", _tiff_file())]):
        page = add_page(sqlite_ledger, f"b{n}", f"{n}.bin", data, media, width=1654, height=2339, dpi=200)
        pdf = sqlite_ledger.get(archive(sqlite_ledger, signer, add_entry(sqlite_ledger, page)).pdf_key)
        assert CHILD in text_of(pdf, tmp_path) and check_pdfa(pdf) == []
        subprocess.run(["pdftoppm", "-r", "20", "-png", str(tmp_path / "copy.pdf"), str(tmp_path / f"p{n}")], check=True, timeout=60)
        with Image.open(next(tmp_path.glob(f"p{n}*.png"))) as shown:
            assert 150 < shown.width < 180 and shown.convert("L").getextrema()[0] < 160


def _pdf_file() -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.open(io.BytesIO(page_image())).save(out, "PDF", resolution=100)
    return out.getvalue()


def _tiff_file() -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.open(io.BytesIO(page_image(size=(1654, 2339)))).convert("1").save(out, "TIFF", compression="group4", dpi=(200, 200))
    return out.getvalue()


def test_retention_comes_from_the_options(sqlite_ledger, signer):
    from storage.archive_package import retention

    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert retention(replace(OPTIONS, retain_days=None, retain_years=2), now) == (datetime(2028, 1, 1, 12, tzinfo=UTC), "GOVERNANCE")
    assert retention(ArchiveOptions(retain_days=0), now) == (now, "COMPLIANCE")


def test_fields_that_no_form_prints_a_label_before_have_names_too():
    named = field_labels("KS2016", ["loaiDangKy", "meHoTen", "chaNuoiHoTen", "noiDangKy"])
    assert (named["loaiDangKy"], named["noiDangKy"]) == ("Loại đăng ký", "Nơi đăng ký") and named["meHoTen"] == "Họ, chữ đệm, tên mẹ"
    assert named["chaNuoiHoTen"] == "Cha nuôi: họ, chữ đệm, tên"
    assert field_labels(None, ["meHoTen", "chaHoTen"]) == {"meHoTen": "Họ, chữ đệm, tên", "chaHoTen": "Cha: họ, chữ đệm, tên"}
