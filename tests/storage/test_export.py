from __future__ import annotations

import io
import json
from datetime import UTC, datetime

from openpyxl import load_workbook
from registers import CHILD, add_entry, add_page, page_image

from storage.export import export_jsonl, export_xlsx
from storage.policy import Actor
from storage.watermark import watermark


def test_lines_are_as_agreed_and_in_order(ledger, tmp_path):
    for file in ("KS.2017.01.003.jpg", "KS.2017.01.001.jpg"):
        add_entry(ledger, add_page(ledger, "KS.2017.01", file, page_image(file)), number=file[-5])
    table = add_page(ledger, "KS.1990.01", "trang 1.jpg", page_image("t"))
    for row in (2, 1):
        add_entry(ledger, table, number=str(row), row=row)
    out = tmp_path / "a.jsonl"
    assert export_jsonl(ledger.database, out) == 4
    lines = [json.loads(x) for x in out.read_text("utf-8").splitlines()]
    assert [(x["batch"], x["file"], x.get("row")) for x in lines] == [
        ("KS.1990.01", "trang 1.jpg", 1), ("KS.1990.01", "trang 1.jpg", 2),
        ("KS.2017.01", "KS.2017.01.001.jpg", None), ("KS.2017.01", "KS.2017.01.003.jpg", None)]
    line = lines[2]
    assert list(line) == ["batch", "file", "loai", "mau", "status", "fields", "links"]
    assert (line["loai"], line["mau"], line["status"]) == ("KS", "KS2016", "verified")
    assert line["fields"]["nksHoTen"] == {"value": CHILD, "raw": "Nguyen Thi Ngoe Anh", "confidence": 0.8123, "source": "reviewer",
                                          "box": [200, 295, 520, 325]}
    assert line["fields"]["nksNoiSinh"]["unit_code"] == "21250" and line["fields"]["nksNoiSinh"]["box"] is None
    assert line["links"]["nks"] == {"personal_id": "051217000001", "probability": 0.999123, "decision": "accept",
                                    "candidates": [{"personal_id": "051217000001", "probability": 0.999123}]}
    assert line["links"]["me"] == {"personal_id": None, "probability": 0.2, "decision": "none", "candidates": []}


def test_one_batch_to_a_stream_and_the_same_bytes_again(ledger):
    for batch in ("a", "b"):
        add_entry(ledger, add_page(ledger, batch, "1.jpg", page_image(batch)))
    texts = []
    for _ in range(2):
        stream = io.StringIO()
        assert export_jsonl(ledger.database, stream, batch="b") == 1
        texts.append(stream.getvalue())
    assert texts[0] == texts[1] and json.loads(texts[0])["batch"] == "b"


def test_an_entry_over_two_pages_names_both_files(sqlite_ledger):
    from storage.models import Entry

    first = add_page(sqlite_ledger, "a", "1.jpg", page_image("1"))
    second = add_page(sqlite_ledger, "a", "2.jpg", page_image("2"))
    entry_id = add_entry(sqlite_ledger, first)
    with sqlite_ledger.database.session() as session:
        session.get_one(Entry, entry_id).second_page_id = second
    stream = io.StringIO()
    export_jsonl(sqlite_ledger.database, stream)
    line = json.loads(stream.getvalue())
    assert (line["file"], line["file2"]) == ("1.jpg", "2.jpg")


def test_a_spreadsheet_of_text_cells(ledger, tmp_path):
    page = add_page(ledger, "a", "1.jpg", page_image())
    add_entry(ledger, page, number="007", name='=HYPERLINK("http://x","y")\x07')
    out = tmp_path / "a.xlsx"
    assert export_xlsx(ledger.database, out) == 1
    sheet = load_workbook(out)["KS"]
    row = {h.value: c for h, c in zip(sheet[1], sheet[2], strict=True)}
    assert row["so"].value == "007" and row["so"].number_format == "@"
    assert row["nksHoTen"].value == '=HYPERLINK("http://x","y")' and row["nksHoTen"].data_type == "s"
    assert row["nks:so_dinh_danh"].value == "051217000001" and row["me:so_dinh_danh"].value is None


def test_a_marked_spreadsheet_says_whose_it_is_and_keeps_its_headings(sqlite_ledger, tmp_path):
    add_entry(sqlite_ledger, add_page(sqlite_ledger, "a", "1.jpg", page_image()), number="7")
    mark = watermark(Actor("tp.lan"), datetime(2026, 8, 5, 7, 5, tzinfo=UTC), "Bản ghi hộ tịch")
    for above, first in ((False, "batch"), (True, "Xuất bởi tp.lan, 14:05 ngày 05/8/2026")):
        export_xlsx(sqlite_ledger.database, tmp_path / "a.xlsx", mark=mark, above=above)
        sheet = load_workbook(tmp_path / "a.xlsx")["KS"]
        assert sheet["A1"].value == first and "tp.lan" in sheet.oddHeader.center.text


def test_an_export_that_fails_leaves_the_old_file(sqlite_ledger, tmp_path, monkeypatch):
    import pytest

    from storage import export

    add_entry(sqlite_ledger, add_page(sqlite_ledger, "a", "1.jpg", page_image()))
    out = tmp_path / "a.jsonl"
    out.write_text("old")

    def broken(*_):
        yield {"batch": "a"}
        raise OSError("disk full")

    monkeypatch.setattr(export, "lines", broken)
    with pytest.raises(OSError, match="disk full"):
        export_jsonl(sqlite_ledger.database, out)
    assert out.read_text() == "old" and [p.name for p in tmp_path.glob("a.jsonl*")] == ["a.jsonl"]
