"""Archived entries to send to the simulated Ministry, for the tests of pushes and questions: rows only, no packages."""
from __future__ import annotations

from storage.models import Batch, Entry, Field, Link, Page, PopulationSnapshot
from storage.policy import Actor

HEAD = Actor("lanh.dao", "approver")
NAME = "NGUYỄN THỊ ÁNH & <B>"
VALUES = {"KS": {"nksHoTen": NAME, "nksGioiTinh": "Nữ", "nksNgaySinh": "2017-03-01", "nksDanToc": "Kinh", "meHoTen": "Trần Thị Mận",
                 "meNgaySinh": "1985", "meNoiCuTru": "xã Nghĩa Kỳ, huyện Tư Nghĩa, Quảng Ngãi", "ngayDangKy": "2017-03-18"},
          "KT": {"nktHoTen": "LÊ VĂN CƯỜNG", "nktGioiTinh": "Nam", "nktNgaySinh": "1930", "ngayDangKy": "2017-05-02"},
          "KH": {"chongHoTen": "LÊ VĂN CƯỜNG", "voHoTen": "TRẦN THỊ MẬN", "ngayDangKy": "2017-06-02"}}


def archived_entries(database, count=1, kind="KS", status="archived"):
    """Ids of entries, archived as far as their rows say, of the commune 21250; the child's number is known by an accepted link."""
    ids = []
    with database.session() as s:
        batch = f"{kind}.2017.{status}"
        s.add(Batch(id=batch, folder="", content_hash=batch.ljust(64, "0"), kind=kind, commune_code="21250", year=2017,
                    book_number="01/2017", registry_office="UBND xã Nghĩa Kỳ", declared={}))
        if s.get(PopulationSnapshot, 1) is None:
            s.add(PopulationSnapshot(id=1, source="p.csv", sha256="0" * 64, state="current"))
        s.flush()
        for n in range(1, count + 1):
            page = Page(batch_id=batch, file=f"{n}.jpg", sha256=f"{batch}{n}".ljust(64, "0"), size=1, state="read")
            s.add(page)
            s.flush()
            entry = Entry(page_id=page.id, kind=kind, form=f"{kind}2016", number=str(n), year=2017, status=status)
            entry.fields = [Field(code=c, value=v, raw=v, confidence=1, source="reviewer", evidence=[])
                            for c, v in {"so": str(n), **VALUES[kind]}.items()]
            if kind == "KS":
                entry.links = [Link(role="nks", decision="accept", personal_id="051317000001", probability=1.0, snapshot_id=1)]
            s.add(entry)
            s.flush()
            ids.append(entry.id)
    return ids
