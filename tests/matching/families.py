"""One invented family and neighbours, for tests that name what they mean."""
from __future__ import annotations

from matching.population import PersonRecord, PopulationIndex

HERE, THERE = "Xã Phong Thủy, Huyện Lệ Thủy, Quảng Bình", "Xã Sen Thủy, Huyện Lệ Thủy, Quảng Bình"

FATHER = PersonRecord("044080000001", "LÊ VĂN TÁM", "1980-03-04", "Nam", residence=HERE, birth_place=HERE,
                      spouse_name="TRẦN THỊ BƯỞI", spouse_id="044182000002")
MOTHER = PersonRecord("044182000002", "TRẦN THỊ BƯỞI", "1982-07-01", "Nữ", residence=HERE, birth_place=THERE,
                      spouse_name="LÊ VĂN TÁM", spouse_id="044080000001")
CHILD = PersonRecord("044307000003", "LÊ THỊ LOAN", "2007-07-21", "Nữ", birth_place=HERE, residence=HERE, home_place=HERE,
                     father_name="LÊ VĂN TÁM",
                     father_id="044080000001", mother_name="TRẦN THỊ BƯỞI", mother_id="044182000002")
NEIGHBOURS = tuple(
    PersonRecord(f"0440{60 + k % 40}{100000 + k:06d}", f"{surname} {middle} {given}", f"{1960 + k % 40}-{1 + k % 12:02d}-{1 + k % 28:02d}",
                 "Nữ" if middle == "THỊ" else "Nam", birth_place=(HERE, THERE)[k % 2], residence=(HERE, THERE)[k % 2])
    for k, (surname, middle, given) in enumerate(
        (s, m, g) for s in ("NGUYỄN", "TRẦN", "LÊ", "PHẠM", "HOÀNG", "VÕ") for m in ("THỊ", "VĂN")
        for g in ("AN", "BÌNH", "CHI", "DUNG", "HÀ", "LOAN", "MINH", "NGA", "TÁM", "TÚ")))
PEOPLE = (FATHER, MOTHER, CHILD, *NEIGHBOURS)

BIRTH = {
    "noiDangKy": "UBND " + HERE, "ngayDangKy": "2007-08-05", "nksHoTen": "Lê Thị Loan", "nksNgaySinh": "2007-07-21",
    "nksGioiTinh": "Nữ", "nksNoiSinh": HERE,
    "meHoTen": "Trần Thị Bưởi", "meNgaySinh": "1982", "chaHoTen": "Lê Văn Tám", "chaNgaySinh": "1980",
}


def index(*without: PersonRecord, extra: tuple[PersonRecord, ...] = ()) -> PopulationIndex:
    return PopulationIndex.build([*(p for p in PEOPLE if p not in without), *extra])
