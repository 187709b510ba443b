"""A folder becomes one batch by its content, whatever is in it and however often the work is cut off."""
from __future__ import annotations

import json
import os
import unicodedata
from pathlib import Path

import pytest
import sqlalchemy as sa

from storage import intake
from storage.database import Database
from storage.desk_errors import BookElsewhere
from storage.intake import add_folder
from storage.models import Batch, Entry, Event, Page, StoredObject
from storage.outbox import ObjectLedger
from storage.scan_folder import FolderError, escapes, safe_name, scan, unique
from storage.set_aside import explain
from tests.storage.page_files import encrypted_pdf, hostile_folder, jpeg, pdf_with_a_bad_page, tiff


def pages_of(database: Database, batch_id: str) -> dict[str, Page]:
    with database.reading() as session:
        rows = session.scalars(sa.select(Page).where(Page.batch_id == batch_id).order_by(Page.file, Page.frame)).all()
    return {f"{p.file}#{p.frame}": p for p in rows}


def book(folder: Path, numbers: range = range(1, 4)) -> Path:
    folder.mkdir(exist_ok=True)
    for n in numbers:
        (folder / f"KS.2017.01.{n:03d}.jpg").write_bytes(jpeg(n))
    return folder


def test_a_folder_becomes_a_batch(database: Database, ledger: ObjectLedger, tmp_path: Path) -> None:
    taken = add_folder(database, ledger, book(tmp_path / "KS.2017.01"), commune="21139", actor="lan")
    assert (taken.batch_id, taken.created, taken.added, taken.known, taken.set_aside) == ("KS.2017.01", True, 3, 0, ())
    with database.reading() as session:
        batch = session.get_one(Batch, "KS.2017.01")
    assert (batch.kind, batch.year, batch.book_number, batch.commune_code, batch.created_by) == ("KS", 2017, "01/2017", "21139", "lan")
    for page in pages_of(database, "KS.2017.01").values():
        assert (page.state, page.media_type, page.original_key) == ("stored", "image/jpeg", intake.original_key(page.sha256))
        assert ledger.get(page.original_key) == (tmp_path / "KS.2017.01" / page.file).read_bytes()


def test_the_same_folder_twice_is_one_batch(database: Database, ledger: ObjectLedger, tmp_path: Path) -> None:
    add_folder(database, ledger, book(tmp_path / "a"))
    again = add_folder(database, ledger, tmp_path / "a")
    assert (again.batch_id, again.created, again.added, again.known) == ("a", False, 0, 3)
    (tmp_path / "a").rename(tmp_path / "b")
    assert add_folder(database, ledger, tmp_path / "b").batch_id == "a"
    with database.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Page)) == 3


def test_a_book_that_is_there_is_not_moved_to_another_commune(database: Database, ledger: ObjectLedger, tmp_path: Path) -> None:
    add_folder(database, ledger, book(tmp_path / "a"))
    add_folder(database, ledger, tmp_path / "a", commune="21139")               # it had none
    assert add_folder(database, ledger, tmp_path / "a", commune="21139").known == 3
    with pytest.raises(BookElsewhere):
        add_folder(database, ledger, tmp_path / "a", commune="21250")
    with database.session() as session:
        batch = session.get_one(Batch, "a")
        assert batch.commune_code == "21139"
        said = session.scalars(sa.select(Event).where(Event.action == "book.describe")).one()
        assert (said.subject, said.detail["commune"]) == ("batch:a", "21139")
        batch.commune_code = None
        page = session.scalars(sa.select(Page)).first()
        session.add(Entry(page_id=page.id, row=0, kind="KS", status="archived"))
    with pytest.raises(BookElsewhere):                                          # what is archived is some commune's already
        add_folder(database, ledger, tmp_path / "a", commune="21250")


def test_a_grown_folder_goes_on(database: Database, ledger: ObjectLedger, tmp_path: Path) -> None:
    add_folder(database, ledger, book(tmp_path / "a"))
    with database.reading() as session:
        before = session.get_one(Batch, "a").content_hash
    grown = add_folder(database, ledger, book(tmp_path / "a", range(4, 6)))
    assert (grown.batch_id, grown.added, grown.known) == ("a", 2, 3)
    with database.reading() as session:
        assert session.get_one(Batch, "a").content_hash != before


def test_another_book_of_the_same_name_is_another_batch(database: Database, ledger: ObjectLedger, tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "y").mkdir()
    add_folder(database, ledger, book(tmp_path / "x" / "so"))
    assert add_folder(database, ledger, book(tmp_path / "y" / "so", range(5, 7))).batch_id == "so~2"
    assert add_folder(database, ledger, tmp_path / "y" / "so").batch_id == "so~2"


def test_only_the_bad_page_of_a_file_is_set_aside(database: Database, ledger: ObjectLedger, tmp_path: Path) -> None:
    (tmp_path / "KS.2017.01").mkdir()
    (tmp_path / "KS.2017.01" / "so.pdf").write_bytes(pdf_with_a_bad_page())
    taken = add_folder(database, ledger, tmp_path / "KS.2017.01")
    assert [(a.frame, a.reason) for a in taken.set_aside] == [(1, "damaged")]
    pages = pages_of(database, taken.batch_id)
    assert [pages[f"so.pdf#{n}"].state for n in range(3)] == ["stored", "set_aside", "stored"]
    assert taken.added == 2 and explain("damaged", taken.set_aside[0].detail)


def test_every_bad_file_has_its_own_reason(database: Database, ledger: ObjectLedger, tmp_path: Path) -> None:
    folder = hostile_folder(tmp_path / "KS.2017.01", [jpeg(1), jpeg(2), jpeg(3)])
    def beside() -> set[str]:
        return {name for name in os.listdir(tmp_path) if not name.startswith("sogoc.db")}

    outside = beside()
    taken = add_folder(database, ledger, folder)
    assert taken.added == 3
    assert {a.file: a.reason for a in taken.set_aside} == {
        "KS.2017.01.090.jpg": "empty_file", "KS.2017.01.091.jpg": "truncated", "KS.2017.01.092.pdf": "wrong_type",
        "KS.2017.01.093.pdf": "encrypted", "KS.2017.01.094.png": "too_large", ".._KS.2017.01.095.jpg": "unsafe_name",
        "KS.2017.01.096.jpg": "duplicate"}
    for a in taken.set_aside:
        for lang in ("vi", "en"):
            said = explain(a.reason, a.detail, lang)
            assert "?" not in said and "{" not in said and len(said) > 20
    assert beside() == outside
    again = add_folder(database, ledger, folder)
    assert (again.added, again.known, len(again.set_aside)) == (0, 3, 7)


def test_a_page_scanned_anew_takes_the_place_of_the_bad_one(database: Database, ledger: ObjectLedger, tmp_path: Path) -> None:
    folder = book(tmp_path / "a")
    (folder / "KS.2017.01.002.jpg").write_bytes(jpeg(2)[:900])
    assert [a.reason for a in add_folder(database, ledger, folder).set_aside] == ["truncated"]
    (folder / "KS.2017.01.002.jpg").write_bytes(jpeg(2))
    taken = add_folder(database, ledger, folder)
    assert (taken.batch_id, taken.added, taken.known, taken.set_aside) == ("a", 1, 2, ())
    assert len(pages_of(database, "a")) == 3


def test_other_content_under_a_taken_name_is_kept_apart(database: Database, ledger: ObjectLedger, tmp_path: Path) -> None:
    folder = book(tmp_path / "a")
    add_folder(database, ledger, folder)
    (folder / "KS.2017.01.002.jpg").write_bytes(jpeg(7))
    for _ in range(2):
        taken = add_folder(database, ledger, folder)
        assert [a.reason for a in taken.set_aside] == ["name_conflict"]
        assert len(pages_of(database, "a")) == 4


def test_pages_of_one_file(database: Database, ledger: ObjectLedger, tmp_path: Path) -> None:
    (tmp_path / "so").mkdir()
    (tmp_path / "so" / "quyen 1.tif").write_bytes(tiff(4))
    assert add_folder(database, ledger, tmp_path / "so").added == 4
    assert [p.frame for p in pages_of(database, "so").values()] == [0, 1, 2, 3]
    assert add_folder(database, ledger, tmp_path / "so").known == 4


def test_links_and_pipes_are_not_followed(database: Database, ledger: ObjectLedger, tmp_path: Path) -> None:
    secret = tmp_path / "secret.jpg"
    secret.write_bytes(jpeg(9))
    folder = book(tmp_path / "a", range(1, 2))
    (folder / "link.jpg").symlink_to(secret)
    os.mkfifo(folder / "pipe.jpg")
    (folder / "inner").mkdir()
    (folder / "inner" / "page.jpg").write_bytes(jpeg(5))
    taken = add_folder(database, ledger, folder)
    assert {a.file: a.reason for a in taken.set_aside} == {"inner": "subfolder", "link.jpg": "symlink", "pipe.jpg": "not_a_file"}
    assert taken.added == 1


def test_names_in_odd_unicode(database: Database, ledger: ObjectLedger, tmp_path: Path) -> None:
    folder = tmp_path / unicodedata.normalize("NFD", "Sổ Đặng Văn")
    folder.mkdir()
    both = [unicodedata.normalize(form, "trang số.jpg") for form in ("NFC", "NFD")]
    names = [*both, "a\u202egpj.jpg", "b\n.jpg", "x" * 230 + ".jpg"]
    for n, name in enumerate(names, 1):
        (folder / name).write_bytes(jpeg(n))
    with open(os.fsencode(folder) + b"/s\xe1\xbb.jpg", "wb") as f:      # no UTF-8: a name from an old stick
        f.write(jpeg(8))
    taken = add_folder(database, ledger, folder)
    assert (taken.batch_id, taken.added, taken.set_aside) == ("Sổ Đặng Văn", 6, ())
    files = [p.file for p in pages_of(database, taken.batch_id).values()]
    assert all(unicodedata.is_normalized("NFC", f) and f.isprintable() and len(f) <= 180 for f in files) and len(set(files)) == 6
    assert add_folder(database, ledger, folder).known == 6


def test_what_is_declared(sqlite_database: Database, sqlite_ledger: ObjectLedger, tmp_path: Path) -> None:
    folder = book(tmp_path / "a")
    said = {"loai": "KS", "nam": 2016, "quyenSo": "02/2016", "noiDangKy": "UBND Xã Hoa Thủy", "mau": "KS2016"}
    (folder / "batch.json").write_text(json.dumps(said), "utf-8")
    assert add_folder(sqlite_database, sqlite_ledger, folder, declared={"nam": 2015}).set_aside == ()
    with sqlite_database.reading() as session:
        b = session.get_one(Batch, "a")
    assert (b.kind, b.year, b.book_number, b.registry_office, b.form) == ("KS", 2015, "02/2016", "UBND Xã Hoa Thủy", "KS2016")


def test_an_older_name_of_a_kind_is_the_kind(sqlite_database: Database, sqlite_ledger: ObjectLedger, tmp_path: Path) -> None:
    folder = book(tmp_path / "a")
    (folder / "batch.json").write_text('{"loai": "CMC"}', "utf-8")
    assert add_folder(sqlite_database, sqlite_ledger, folder).set_aside == ()
    with sqlite_database.reading() as session:
        assert session.get_one(Batch, "a").kind == "NCM"


@pytest.mark.parametrize("text", ["{", "[1]", '{"loai": "XX"}', '{"nam": "2017"}', '{"quyenSo": 1}', "\x00\xff", "[" * 100_000])
def test_a_wrong_declaration_is_one_reason_and_the_pages_go_on(sqlite_database: Database, sqlite_ledger: ObjectLedger, tmp_path: Path,
                                                               text: str) -> None:
    folder = book(tmp_path / "a")
    (folder / "batch.json").write_bytes(text.encode("latin-1"))
    taken = add_folder(sqlite_database, sqlite_ledger, folder)
    assert taken.added == 3 and [a.reason for a in taken.set_aside] == ["bad_batch_json"]


def test_a_page_rejected_by_a_reviewer_is_scanned_again(sqlite_database: Database, sqlite_ledger: ObjectLedger, tmp_path: Path) -> None:
    folder = book(tmp_path / "a")
    add_folder(sqlite_database, sqlite_ledger, folder)
    with sqlite_database.session() as session:
        page = session.scalars(sa.select(Page).where(Page.file == "KS.2017.01.002.jpg")).one()
        page.state, page.reason, page.detail = "set_aside", "rejected_unreadable", "mờ quá"
        session.add(Entry(page_id=page.id, kind="KS", revision=1))
    (folder / "KS.2017.01.002.jpg").write_bytes(jpeg(7))
    for _ in range(2):
        add_folder(sqlite_database, sqlite_ledger, folder)
        pages = pages_of(sqlite_database, "a")
        assert len(pages) == 4 and [p.state for p in pages.values()].count("stored") == 3
    assert "mờ quá" in explain("rejected_unreadable", "mờ quá", "vi")


def test_folders_that_cannot_be_taken(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "outer" / "inner").mkdir(parents=True)
    (tmp_path / "file").write_bytes(b"x")
    codes = {"nowhere": "missing_folder", "file": "not_a_folder", "empty": "no_pages_in_folder", "outer": "only_subfolders"}
    for name, code in codes.items():
        with pytest.raises(FolderError) as e:
            scan(tmp_path / name)
        assert e.value.code == code


def test_an_intake_that_is_cut_off_goes_on(
        sqlite_database: Database, sqlite_ledger: ObjectLedger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = hostile_folder(tmp_path / "KS.2017.01", [jpeg(1), jpeg(2), jpeg(3)])
    whole = intake.store_original

    class Killed(BaseException):
        pass

    calls = 0

    def dies(*arguments: object) -> None:
        nonlocal calls
        calls += 1
        if calls % 2 == 0:
            raise Killed
        whole(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(intake, "store_original", dies)
    for _ in range(20):
        try:
            taken = add_folder(sqlite_database, sqlite_ledger, folder)
            break
        except Killed:
            continue
    assert calls > 5
    assert {p.state for p in pages_of(sqlite_database, taken.batch_id).values()} == {"stored", "set_aside"}
    assert len(taken.set_aside) == 7 and taken.added + taken.known == 3
    with sqlite_database.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(StoredObject).where(StoredObject.state != "stored")) == 0
    assert not sqlite_ledger.orphans()


def test_a_file_that_changes_while_it_is_taken_in(
        sqlite_database: Database, sqlite_ledger: ObjectLedger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = book(tmp_path / "a", range(1, 2))
    whole = intake.store_original

    def scanner_writes(*arguments: object) -> None:
        (folder / "KS.2017.01.001.jpg").write_bytes(jpeg(6))
        whole(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(intake, "store_original", scanner_writes)
    assert [a.reason for a in add_folder(sqlite_database, sqlite_ledger, folder).set_aside] == ["changed"]
    monkeypatch.undo()
    assert add_folder(sqlite_database, sqlite_ledger, folder).set_aside == ()


@pytest.mark.parametrize(("name", "bad"), [
    ("../a.jpg", True), ("..\\a.jpg", True), ("x/../../a.jpg", True), ("..%2fa.jpg", True), ("..%252fa.jpg", True), ("..∕a.jpg", True),
    ("../", True), ("/etc/passwd", True), ("..", True), ("..a.jpg", False), ("a..jpg", False), ("KS.2017.01.001.jpg", False),
    ("sổ 1／2.jpg", False), ("50%.jpg", False)])
def test_names_that_lead_out(name: str, bad: bool) -> None:
    assert escapes(name) is bad
    assert "/" not in safe_name(name) and "\\" not in safe_name(name)


def test_unique_names() -> None:
    claimed: set[str] = set()
    assert [unique("a.jpg", claimed), unique("a.jpg", claimed), unique("a.jpg", claimed), unique("b", claimed), unique("b", claimed)] == [
        "a.jpg", "a~2.jpg", "a~3.jpg", "b", "b~2"]


def test_encrypted_pdf_is_encrypted() -> None:
    assert b"/Encrypt" in encrypted_pdf()
