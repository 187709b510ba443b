"""An office that issues extracts: archived entries of every kind, people, agencies, a demo signer and a clock that tests set."""
from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from storage.access_log import Purpose
from storage.archive_package import ArchiveOptions
from storage.errors import SigningFailed
from storage.extracts import requests, steps
from storage.extracts.keys import CodeKeys, KeyFile, export, read_key_file
from storage.extracts.office import Office
from storage.extracts.options import Agency, CompetentSigner, ExtractOptions
from storage.models import ArchiveCorrection, ArchivePackage, Batch, Entry, Extract, Field, Page
from storage.outbox import ObjectLedger
from storage.policy import Actor
from storage.search_keys import write_keys
from storage.signing import Signer, create_demo_identity

COMMUNE = "21139"
NGHIA_KY = Agency("H21.129", "UBND xã Nghĩa Kỳ", "UBND tỉnh Quảng Ngãi", "Nghĩa Kỳ")
PROVINCE = Agency("H21.01", "Sở Tư pháp", "UBND tỉnh Quảng Ngãi", "Quảng Ngãi")
SIGNER = CompetentSigner("Nguyễn Thị Hòa", ("KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"))
OPTIONS = ExtractOptions(PROVINCE, {COMMUNE: NGHIA_KY}, {"xa.hoa": SIGNER, "so.son": CompetentSigner("Lê Sơn", ("GIÁM ĐỐC",))})
HEAD, CLERK, OFFICER = (Actor(n, r, COMMUNE, channel="portal") for n, r in (("xa.hoa", "commune_head"), ("xa.thu", "archivist"),
                                                                            ("xa.minh", "commune_officer")))
STRANGER = Actor("xa.la", "archivist", "00001", channel="portal")
PURPOSE = Purpose("cấp bản sao", "H21.129-261130-0001", "2.000635", "cb.hoa")
VALUES = {
    "KS": {"so": "1", "quyenSo": "01/2017", "ngayDangKy": "2017-03-18", "nksHoTen": "Lê Thị Loan", "nksNgaySinh": "2017-03-01",
           "nksNgaySinhBangChu": "Ngày một tháng ba", "nksGioiTinh": "Nữ", "nksDanToc": "Kinh", "nksQuocTich": "Việt Nam",
           "nksNoiSinh": "Trạm y tế xã Nghĩa Kỳ, huyện Tư Nghĩa, tỉnh Quảng Ngãi", "nksQueQuan": "xã Nghĩa Kỳ, huyện Tư Nghĩa",
           "meHoTen": "Trần Thị Mận", "meNgaySinh": "1985", "chaHoTen": "Lê Văn Cường", "chaNgaySinh": "28T"},
    "KH": {"so": "7", "quyenSo": "01/2018", "ngayDangKy": "2018-02-20", "voHoTen": "H'Bia Niê", "voNgaySinh": "1990-05",
           "chongHoTen": "Y Moan Kbuôr", "chongNgaySinh": "1988-11-02", "voNoiCuTru": "buôn Akô Dhông"},
    "KT": {"so": "3", "ngayDangKy": "2019-07-01", "nktHoTen": "Phạm Văn Tám", "nktNgaySinh": "1931~", "nktNgayChet": "2019-06-28",
           "nktGioPhutChet": "14 giờ 05 phút", "nktNguyenNhanChet": "Già yếu"},
    "NCM": {"so": "2", "ngayDangKy": "2020-01-05", "cmHoTen": "Vũ Văn Ba", "cmNgaySinh": "1979", "ncHoTen": "Vũ Thị Tư",
            "ncNgaySinh": "2005-12-31"},
}


@dataclass
class Clock:
    """Stands still until a test moves it."""

    at: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    def __call__(self) -> datetime:
        return self.at


def office(ledger: ObjectLedger, folder: Path, identity: Path) -> tuple[Office, Clock]:
    clock = Clock()
    archive = ArchiveOptions(retain_days=1, retention_mode="GOVERNANCE", fonds_code="THU")
    return Office(ledger.database, ledger, Signer(identity, "UBND xã Nghĩa Kỳ", clock), OPTIONS, archive, CodeKeys(folder),
                  clock), clock


@dataclass(frozen=True)
class Unsigned:
    """Stands for the signer where a test is about numbers and states: gives the document back, unless `away`."""

    away: bool = False

    def with_key(self, _: object) -> Unsigned:
        return self

    def sign(self, pdf: bytes, **_: object) -> bytes:
        if self.away:
            raise SigningFailed(cause="the token was taken out")
        return pdf


def archived(ledger: ObjectLedger, kind: str = "KS", more: dict[str, str] | None = None, commune: str = COMMUNE) -> int:
    """An archived entry of that kind, whose package is three small objects; its id."""
    values = {**VALUES[kind], **(more or {})}
    key = ledger.put("archive", "archive/any.pdf", b"%PDF-", "application/pdf")
    with ledger.database.session() as s:
        n = s.query(Entry).count() + 1
        batch = Batch(id=f"{kind}.{n}", folder="", content_hash="0" * 64, kind=kind, commune_code=commune,
                      book_number=values.get("quyenSo"), registry_office="UBND xã Nghĩa Kỳ, huyện Tư Nghĩa, tỉnh Quảng Ngãi", declared={})
        s.add(batch)
        s.flush()
        page = Page(batch_id=batch.id, file="1.jpg", sha256=f"{n:064d}", size=1, state="read")
        s.add(page)
        s.flush()
        package = package_id(n)
        entry = Entry(page_id=page.id, kind=kind, form=f"{kind}2016", status="archived", number=values["so"],
                      year=int(values["ngayDangKy"][:4]), archive_id=package)
        entry.fields = [Field(code=c, value=v, raw=v, confidence=1.0, source="reviewer") for c, v in values.items()]
        s.add(entry)
        s.flush()
        s.add(ArchivePackage(id=package, subject=f"entry:{entry.id}", manifest_key=key, pdf_key=key, original_key=key))
        s.flush()
        write_keys(s, entry.id)
        return entry.id


def package_id(number: int, version: int = 1) -> str:
    return f"5b3c0d6e-{number:04d}-4000-8000-{version:012d}"


def ask(at: Office, entry_id: int, dossier: str = PURPOSE.dossier, actor: Actor = OFFICER, **more) -> Extract:
    return requests.take(at, actor, requests.Request(entry_id, dossier, **more), PURPOSE)[0]


def issued(at: Office, entry_id: int, dossier: str = PURPOSE.dossier) -> Extract:
    """All the way until it is handed out."""
    extract = ask(at, entry_id, dossier)
    steps.sign(at, HEAD, extract.id)
    steps.number(at, CLERK, extract.id)
    return steps.issue(at, CLERK, extract.id)


@pytest.fixture(scope="session")
def identity(tmp_path_factory):
    return create_demo_identity(tmp_path_factory.mktemp("identity"), "UBND xã Nghĩa Kỳ")


@pytest.fixture
def at(sqlite_ledger, tmp_path, identity) -> Office:
    return office(sqlite_ledger, tmp_path / "keys", identity)[0]


@pytest.fixture
def on_both(ledger, tmp_path, identity) -> Office:
    return office(ledger, tmp_path / "keys", identity)[0]


def key_file(at: Office) -> KeyFile:
    """As another machine has it: from the file's text alone."""
    roots = [p.read_text() for p in at.signer.roots()] if isinstance(at.signer, Signer) else []
    return read_key_file(export(at.keys.public(), roots, "UBND xã Nghĩa Kỳ"))


def correct(at: Office, entry_id: int, code: str, before: str, after: str) -> None:
    """A later version of the entry's package, as storage.corrections leaves it."""
    with at.database.session() as s:
        entry = s.get_one(Entry, entry_id)
        old = s.get_one(ArchivePackage, entry.archive_id)
        new = package_id(entry_id, 2)
        s.add(ArchivePackage(id=new, subject=old.subject, version=2, manifest_key=old.manifest_key, pdf_key=old.pdf_key,
                             original_key=old.original_key))
        s.flush()
        s.add(ArchiveCorrection(package_id=new, previous_id=old.id, entry_id=entry_id, version=2, kind="cai_chinh", number="15/QĐ-UBND",
                                decided_on=date(2025, 2, 5), agency="UBND xã Nghĩa Kỳ", made_by="x",
                                fields={code: {"before": before, "after": after}}))
        entry.archive_id = new
