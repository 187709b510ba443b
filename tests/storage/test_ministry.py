"""The Ministry's delivery and its import on the real parts: there and back, what falls short, vendors' Excels, bad ZIPs."""
from __future__ import annotations

import contextlib
import io
import json
import zipfile
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from openpyxl import Workbook, load_workbook
from registers import add_entry, add_page, page_image

from bench.ministry import round_trip, take_in
from pipelines.book import settle
from pipelines.services import ArchiveOptions, IntakeOptions, MatchingOptions, ReadingOptions, Services
from sogoc.app import run
from storage.database import Database
from storage.export import export_jsonl
from storage.ministry.delivery import Options, deliver
from storage.ministry.errors import DeliveryFallsShort, NothingToDeliver, NotMinistrySheet, TypistUnknown, ZipUnreadable
from storage.ministry.importing import import_workbook
from storage.ministry.small_pdf import pdf_of, small_jpeg
from storage.models import Batch, Entry, Event, Field, Page
from storage.outbox import ObjectLedger

SAMPLES = Path(__file__).parents[2] / "samples"
HEAD = ("trangSo", "nksHoTen", "SO", "quyenSo", "ngayDangKy", "noiDangKy", "nksGioiTinh", "nksNgaySinh", "chaNgaySinh",
        "meSoGiayToTuyThan", "Ghi chú nội bộ")
ROW = (62, "Trần Thị Mẫu", "24/2007", "01/2007", datetime(2007, 8, 5), "UBND xã Mẫu", "nữ", "21/7/2007", "28T", 51217000001, "x")


@pytest.fixture
def second(tmp_path, object_store):
    """A ledger of another home."""
    database = Database(tmp_path / "second.db")
    database.upgrade()
    yield ObjectLedger(database, object_store)
    database.dispose()


def services(ledger, tmp_path) -> Services:
    return Services(home=tmp_path, database=ledger.database, objects=ledger.store, ledger=ledger, signer=None,  # type: ignore[arg-type]
                    intake=IntakeOptions(), reading=ReadingOptions(), matching=MatchingOptions(tmp_path), archive=ArchiveOptions())


def excel(path: Path, *rows, head=HEAD, title_rows=()) -> Path:
    book = Workbook()
    for row in (*title_rows, head, *rows):
        book.active.append(row)
    book.save(path)
    return path


def packed(path: Path, *files: tuple[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as pack:
        for name, data in files:
            pack.writestr(name, data)
    return path


def values(ledger, number="24") -> dict[str, str]:
    with ledger.database.reading() as session:
        return dict(session.execute(sa.select(Field.code, Field.value).join(Entry).where(Entry.number == number)).all())


def counts(ledger) -> tuple[int, int, int]:
    with ledger.database.reading() as session:
        return tuple(session.scalar(sa.select(sa.func.count()).select_from(x)) for x in (Batch, Page, Entry))


def test_the_samples_go_out_and_come_back_without_a_difference(sqlite_ledger, second, tmp_path):
    delivery, imported, outcome = round_trip(sqlite_ledger, second, SAMPLES, tmp_path)
    assert (delivery.books, delivery.entries, delivery.left_out, delivery.report.short) == (4, 16, 0, [])
    assert sum(i.added for i in imported) == outcome.entries == outcome.images == 16
    assert outcome.differences == outcome.missing == [] and outcome.values > 300
    assert outcome.not_held == {"nksSoDinhDanh": 4, "ngayXacNhan": 4}           # what the template has no column for
    truth = [json.loads(x)["values"] for x in (SAMPLES / "truth.jsonl").read_text("utf-8").splitlines()]
    assert zipfile.ZipFile(tmp_path / "moj" / "KS.2017.01.zip").namelist() == [
        f"KS.2017.01.{v['ngayDangKy']}.{v['so'].zfill(4)}.pdf" for v in truth if v["quyenSo"] == "01/2017"]
    assert all(i.file_size <= 100_000 for i in zipfile.ZipFile(tmp_path / "moj" / "KS.2017.01.zip").infolist())
    sheet = load_workbook(tmp_path / "moj" / "KH.2018.01.xlsx")["KH"]
    cells = {h.value: c for h, c in zip(sheet[1], sheet[2], strict=True)}
    assert len(cells) == 33 and cells["so"].value == "1/2018" and cells["voSoGiayToTuyThan"].value == "044194813673"
    assert {c.data_type for c in sheet[2] if c.value is not None} == {"s"}
    # again: nothing new; after settling, the typed entries are as they were
    first = counts(second)
    again = take_in(second, tmp_path / "moj")
    assert sum(i.added for i in again) == 0 and sum(i.known for i in again) == sum(i.bound.known for i in again) == 16
    assert not any(i.aside or i.bound.aside for i in again)
    for batch in {b for i in imported for b in i.batches}:
        assert settle(services(second, tmp_path), batch).entries == 4
    export_jsonl(second.database, tmp_path / "c.jsonl")
    before, after = ([{c: f["value"] for c, f in json.loads(x)["fields"].items()} for x in (tmp_path / n).read_text("utf-8").splitlines()]
                     for n in ("b.jsonl", "c.jsonl"))
    assert before == after and counts(second) == first


def test_two_exports_have_the_same_pdfs_and_a_failed_one_leaves_the_old(sqlite_ledger, tmp_path):
    from bench.ministry import fill

    fill(sqlite_ledger, SAMPLES)
    only = Options(batch="KS.2017.01")
    for name in ("a", "b"):
        deliver(sqlite_ledger.database, sqlite_ledger, tmp_path / name, only)
    assert (tmp_path / "a/KS.2017.01.zip").read_bytes() == (tmp_path / "b/KS.2017.01.zip").read_bytes()
    assert sorted(p.name for p in (tmp_path / "a").iterdir()) == ["KS.2017.01.xlsx", "KS.2017.01.zip", "kiem-tra.xlsx"]


def test_what_falls_short_is_named_and_nothing_else_is_written(sqlite_ledger, tmp_path):
    page = add_page(sqlite_ledger, "KS.2017.01", "1.jpg", page_image())
    add_entry(sqlite_ledger, page, number="1")
    add_entry(sqlite_ledger, page, number="1", row=2, status="review")
    out = tmp_path / "out"
    with pytest.raises(DeliveryFallsShort) as short:
        deliver(sqlite_ledger.database, sqlite_ledger, out)
    assert {r.finding.code for r in short.value.report.short} == {"no_day", "name_outside_rule"}
    assert [p.name for p in out.iterdir()] == ["kiem-tra.xlsx"]
    rows = list(load_workbook(out / "kiem-tra.xlsx")["Chưa đạt"].iter_rows(values_only=True))
    assert ("KS.2017.01", "01/2017", "1/2017", "Chưa đạt", "Chưa có ngày đăng ký.", "ngayDangKy", "KS.2017.01.001.pdf") in rows
    made = deliver(sqlite_ledger.database, sqlite_ledger, out, Options(allow_findings=True, drafts=True))
    assert made.entries == 2 and "duplicate" in {r.finding.code for r in made.report.short}
    assert zipfile.ZipFile(out / "KS.2017.01.zip").namelist() == ["KS.2017.01.001.pdf", "KS.2017.01.001~2.pdf"]


def test_drafts_alone_are_nothing_to_deliver(sqlite_ledger, tmp_path):
    add_entry(sqlite_ledger, add_page(sqlite_ledger, "KS.2017.01", "1.jpg", page_image()), status="draft")
    with pytest.raises(NothingToDeliver):
        deliver(sqlite_ledger.database, sqlite_ledger, tmp_path / "out")


def test_an_entry_over_two_pages_is_one_pdf_of_two_pages_and_comes_back_so(sqlite_ledger, second, tmp_path):
    first = add_page(sqlite_ledger, "KS.2017.01", "1.jpg", page_image("1"), rotation=180)
    other = add_page(sqlite_ledger, "KS.2017.01", "2.jpg", page_image("2"))
    entry_id = add_entry(sqlite_ledger, first)
    with sqlite_ledger.database.session() as session:
        entry = session.get_one(Entry, entry_id)
        entry.second_page_id = other
        entry.fields.append(Field(code="ngayDangKy", value="2017-02-03", raw="", confidence=1.0, source="reviewer", evidence=[]))
    deliver(sqlite_ledger.database, sqlite_ledger, tmp_path / "out")
    done, = take_in(second, tmp_path / "out")
    assert (done.bound.bound, done.bound.without) == (1, 0)
    with second.database.reading() as session:
        entry = session.scalars(sa.select(Entry)).one()
        assert entry.second_page_id is not None and counts(second) == (1, 2, 1)
        assert abs(entry.page.width - 1654) <= 1 and entry.page.height == 2339       # A4 drawn at 200 dpi
    settle(services(second, tmp_path), done.batches[0])
    assert counts(second) == (1, 2, 1)          # the second page makes no entry of its own


def test_a_vendors_excel_is_read(ledger, tmp_path):
    rows = (ROW, (None, "Lê K' Brơi", 25, "01/2007", "06.08.2007", "UBND xã Mẫu", 1, "1985", "1960", "012345678901", None))
    path = excel(tmp_path / "a.xlsx", *rows, title_rows=[("SỔ ĐĂNG KÝ KHAI SINH",), ()])
    done = import_workbook(ledger.database, ledger, path, typed_by="tp.lan")
    assert (done.added, done.aside, done.unknown) == (2, (), ("Ghi chú nội bộ",)) and done.batches == ("KS.2007.01",)
    assert values(ledger) == {"trangSo": "62", "nksHoTen": "Trần Thị Mẫu", "so": "24", "quyenSo": "01/2007", "ngayDangKy": "2007-08-05",
                              "noiDangKy": "UBND xã Mẫu", "nksGioiTinh": "Nữ", "nksNgaySinh": "2007-07-21", "chaNgaySinh": "28T",
                              "meSoGiayToTuyThan": "051217000001"}
    assert values(ledger, "25")["meSoGiayToTuyThan"] == "012345678901"
    with ledger.database.reading() as session:
        entry = session.scalars(sa.select(Entry).where(Entry.number == "24")).one()
        assert (entry.form, entry.year, entry.status, entry.page.state) == ("KS2006", 2007, "review", "read")
        assert {f.source for f in entry.fields} == {"typed"}
        assert next(f for f in entry.fields if f.code == "meSoGiayToTuyThan").evidence == ["typed", "zero-restored"]
        event = session.scalars(sa.select(Event).where(Event.action == "records.import")).one()
        assert event.detail["count"] == 2 and "Mẫu" not in json.dumps(event.detail, ensure_ascii=False)


def test_text_of_the_old_encodings_is_turned(sqlite_ledger, tmp_path):
    row = (1, "NguyÔn ThÞ Hång V©n", "24/2007", "01/2007", "05.08.2007", "UBND x· MÉu", "N÷", "", "", "", "")
    import_workbook(sqlite_ledger.database, sqlite_ledger, excel(tmp_path / "a.xlsx", row))
    assert values(sqlite_ledger)["nksHoTen"] == "Nguyễn Thị Hồng Vân" and values(sqlite_ledger)["nksGioiTinh"] == "Nữ"


def test_bad_rows_are_set_aside_with_their_reason(sqlite_ledger, tmp_path):
    def row(**change):
        return tuple(change.get(h.lower(), v) for h, v in zip(HEAD, ROW, strict=True))

    path = excel(tmp_path / "a.xlsx", row(so="mất"), row(so="24/2006"), row(ngaydangky="hôm qua"), row(so=24, ngaydangky=None),
                 row(), row(), row(nkshoten="Người khác"))
    done = import_workbook(sqlite_ledger.database, sqlite_ledger, path)
    assert [(a.line, a.reason) for a in done.aside] == [(2, "no_number"), (3, "year_differs"), (4, "bad_day"), (5, "no_year"), (8, "twice")]
    assert done.added == 1 and all("Mẫu" not in a.text() for a in done.aside)
    changed = import_workbook(sqlite_ledger.database, sqlite_ledger, excel(tmp_path / "b.xlsx", row(nkshoten="Người khác")))
    assert (changed.added, changed.aside[0].reason, changed.aside[0].columns) == (0, "differs", ("nksHoTen",))
    assert values(sqlite_ledger)["nksHoTen"] == "Trần Thị Mẫu"
    elsewhere = import_workbook(sqlite_ledger.database, sqlite_ledger, excel(tmp_path / "c.xlsx", row(noidangky="UBND xã Khác")))
    assert elsewhere.added == 1 and elsewhere.batches == ("KS.2007.01~2",)


def test_pdfs_that_cannot_be_bound_are_set_aside(sqlite_ledger, tmp_path):
    good = pdf_of([small_jpeg(page_image(), "image/jpeg", 0, 0, 98_000)])
    other = pdf_of([small_jpeg(page_image("khác"), "image/jpeg", 0, 0, 98_000)])
    pack = packed(tmp_path / "a.zip", ("x/KS.2007.01.024.pdf", good), ("KS.2007.01.2007-08-05.0024.pdf", other),
                  ("KS.2007.01.099.pdf", good), ("../../etc/passwd", b"x"), ("thumbs.db", b"x"))
    path = excel(tmp_path / "a.xlsx", ROW)
    done = import_workbook(sqlite_ledger.database, sqlite_ledger, path, [pack])
    assert (done.bound.bound, done.bound.without) == (1, 0)
    assert [(a.name, a.reason) for a in done.bound.aside] == [
        ("KS.2007.01.2007-08-05.0024.pdf", "has_another"), ("KS.2007.01.099.pdf", "no_entry"), ("passwd", "no_entry"),
        ("thumbs.db", "no_entry")]
    broken = packed(tmp_path / "b.zip", ("KS.2008.01.001.pdf", b"%PDF-1.4 nothing"))
    row = ("", "Lê Mẫu", "1/2008", "01/2008", "05.08.2008", "UBND xã Mẫu", "", "", "", "", "")
    done = import_workbook(sqlite_ledger.database, sqlite_ledger, excel(tmp_path / "b.xlsx", row), [broken])
    assert (done.added, done.bound.bound, done.bound.without, len(done.bound.aside)) == (1, 0, 1, 1)
    assert done.bound.aside[0].text().startswith("KS.2008.01.001.pdf: ")


def test_what_is_no_delivery_is_refused_before_anything_is_written(sqlite_ledger, tmp_path):
    (tmp_path / "bad.zip").write_bytes(b"PK nothing")
    (tmp_path / "bad.xlsx").write_bytes(b"nothing")
    good = excel(tmp_path / "a.xlsx", ROW)
    for error, path, zips in ((ZipUnreadable, good, [tmp_path / "bad.zip"]), (NotMinistrySheet, tmp_path / "bad.xlsx", []),
                              (NotMinistrySheet, excel(tmp_path / "c.xlsx", ("1", "2"), head=("a", "b")), [])):
        with pytest.raises(error):
            import_workbook(sqlite_ledger.database, sqlite_ledger, path, zips)
    with pytest.raises(TypistUnknown):
        import_workbook(sqlite_ledger.database, sqlite_ledger, good, status="verified")
    assert counts(sqlite_ledger) == (0, 0, 0)
    done = import_workbook(sqlite_ledger.database, sqlite_ledger, good, status="verified", typed_by="tp.lan")
    with sqlite_ledger.database.reading() as session:
        entry = session.scalars(sa.select(Entry)).one()
        assert done.added == 1 and (entry.status, entry.verified_by) == ("verified", "tp.lan")


def test_pages_are_small_upright_and_in_colour(tmp_path):
    from PIL import Image

    jpeg = small_jpeg((SAMPLES / "books/KS.2017.01/KS.2017.01.001.jpg").read_bytes(), "image/jpeg", 0, 90, 98_500)
    with Image.open(io.BytesIO(jpeg)) as image:
        assert len(jpeg) <= 98_500 and image.mode == "RGB" and image.width > image.height >= 850


def test_the_commands(sqlite_ledger, tmp_path, monkeypatch, capsys):
    found = services(sqlite_ledger, tmp_path)
    for name in ("records", "ministry"):
        monkeypatch.setattr(f"sogoc.commands.{name}.services", lambda: contextlib.nullcontext(found))
    monkeypatch.setenv("SOGOC_LANG", "vi")
    path = excel(tmp_path / "a.xlsx", ROW)
    assert run(["records", "import", str(path), "--status", "verified"]) == 2
    assert run(["records", "import", str(path), "--status", "verified", "--typed-by", "tp.lan"]) == 0
    assert "Nhận 1 bản ghi mới (KS.2007.01)" in capsys.readouterr().out
    out = tmp_path / "moj"
    assert run(["records", "export", "--format", "moj", str(out)]) == 1
    assert "KS.2007.01, số 24/2007: Chưa có bản chụp trang sổ." in (said := capsys.readouterr().err) and "kiem-tra.xlsx" in said
    assert run(["records", "export", "--format", "moj", "--allow-findings", str(out)]) == 0
    assert "Đã ghi 1 bản ghi của 1 quyển" in capsys.readouterr().out and (out / "KS.2007.01.xlsx").exists()
    assert run(["records", "export", "--drafts", str(tmp_path / "x.jsonl")]) == 2
    with sqlite_ledger.database.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Event).where(Event.action == "records.export")) == 1
