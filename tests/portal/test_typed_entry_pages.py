"""An entry that came in typed, with and without its image, is shown and confirmed like any other."""
from __future__ import annotations

import zipfile

import sqlalchemy as sa
from openpyxl import Workbook
from portal_house import csrf_of, page_bytes, sign_in

from storage.ministry.importing import import_workbook
from storage.ministry.small_pdf import pdf_of
from storage.models import Entry

HEAD = ("so", "quyenSo", "ngayDangKy", "noiDangKy", "nksHoTen", "nksGioiTinh")


def test_a_typed_entry_is_reviewed_with_or_without_its_image(book, client, tmp_path):
    sheet = Workbook()
    for row in (HEAD, ("1/2007", "01/2007", "05.08.2007", "UBND xã Mẫu", "Trần Thị Mẫu", "2"),
                ("2/2007", "01/2007", "06.08.2007", "UBND xã Mẫu", "Lê Văn Mẫu", "1")):
        sheet.active.append(row)
    sheet.save(tmp_path / "a.xlsx")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as pack:
        pack.writestr("KS.2007.01.2007-08-06.0002.pdf", pdf_of([page_bytes()]))
    done = import_workbook(book.database, book.services.ledger, tmp_path / "a.xlsx", [tmp_path / "a.zip"], commune="21139",
                           typed_by="tp.lan")
    assert (done.added, done.bound.bound, done.bound.without) == (2, 1, 1)
    with book.database.reading() as session:
        found = session.scalars(sa.select(Entry).where(Entry.year == 2007).order_by(Entry.id)).all()
        ids = [(e.id, e.page_id) for e in found]
    sign_in(client)
    assert client.get(f"/books/{done.batches[0]}").status_code == 200
    for (entry, page), image in zip(ids, (404, 200), strict=True):
        shown = client.get(f"/review/{entry}")
        assert shown.status_code == 200 and "Mẫu" in shown.text
        assert client.get(f"/pages/{page}/full.jpg").status_code == image
        said = client.post(f"/review/{entry}/verify", json={"revision": 1}, headers=csrf_of(client))
        assert said.status_code == 200 and said.json()["status"] == "verified"
