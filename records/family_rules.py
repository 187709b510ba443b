"""Rules about the people of an entry: ages, parents and child, husband and wife, the dead (domain rules 7-9, 11, 12)."""
from __future__ import annotations

from collections.abc import Iterator

from records.codes import ethnicity_group
from records.names import MARKERS, PersonName
from records.record import Finding
from records.rule_facts import Facts, spoken, surely_before
from records.rule_registry import rule
from records.text import fold

_ADOPTIVE_AGE = 20
_SAME_SURNAME = (frozenset(("hoàng", "huỳnh")), frozenset(("vũ", "võ")))


@rule("KS")
def parents_are_of_an_age(f: Facts) -> Iterator[Finding]:
    """Domain rule 7: a parent is born before the child; mothers are 13 to 55, fathers 14 to 80 at the birth."""
    child = f.date_of("nksNgaySinh")
    if child is None or child.year is None:
        return
    for role, vi, en, low, high in (("me", "mẹ", "mother", 13, 55), ("cha", "cha", "father", 14, 80)):
        years = f.birth_years(role)
        if years is None:
            continue
        youngest, oldest = child.year - years[1], child.year - years[0]
        fields = (role + "NgaySinh", "nksNgaySinh")
        if oldest <= 0:
            yield Finding("parent-after-child", "hard", fields, f"Năm sinh của {vi} không trước năm sinh của con.",
                          f"The {en} is not born before the child.")
        elif oldest < low or youngest > high:
            yield Finding("parent-age", "soft", fields, f"Khi sinh con, {vi} {oldest if oldest < low else youngest} tuổi.",
                          f"The {en} was {oldest if oldest < low else youngest} at the birth.")


@rule("NCM")
def recognised_parent_is_older(f: Facts) -> Iterator[Finding]:
    """Domain rule 7: a parent is born before the child, recognised or not."""
    parent, child = f.birth_years("cm"), f.birth_years("nc")
    if parent is not None and child is not None and parent[0] >= child[1]:
        yield Finding("parent-after-child", "hard", ("cmNgaySinh", "ncNgaySinh"), "Năm sinh của cha, mẹ không trước năm sinh của con.",
                      "The parent is not born before the child.")


@rule("CN")
def adoptive_parents_are_older(f: Facts) -> Iterator[Finding]:
    """Domain rule 7: who adopts is at least twenty years older (Luật Nuôi con nuôi 2010 Điều 14); step-parents, aunts and uncles need
    not be, so a person looks."""
    child = f.birth_years("cn")
    for role, vi, en in (("chaNuoi", "cha nuôi", "adoptive father"), ("meNuoi", "mẹ nuôi", "adoptive mother")):
        parent = f.birth_years(role)
        if parent is not None and child is not None and child[1] - parent[0] < _ADOPTIVE_AGE:
            yield Finding("adoptive-age", "soft", (role + "NgaySinh", "cnNgaySinh"), f"Con nuôi kém {vi} chưa đến 20 tuổi.",
                          f"The {en} is less than 20 years older than the child.")


@rule("KH")
def old_enough_to_marry(f: Facts) -> Iterator[Finding]:
    """Domain rule 8: since 2015 twenty and eighteen full years (Luật Hôn nhân và Gia đình 2014 Điều 8); before, begun years."""
    r = f.registered
    if r is None or r.year is None:
        return
    for role, vi, en, age in (("chong", "chồng", "husband", 20), ("vo", "vợ", "wife", 18)):
        born = f.date_of(role + "NgaySinh")
        bounds, end = (born.bounds() if born else None), r.bounds()
        if bounds is None or end is None:
            continue
        if r.year >= 2015:
            first = bounds[0]
            had = end[1].year - first.year - ((end[1].month, end[1].day) < (first.month, first.day))
            young = had < age
        else:
            young = r.year - bounds[0].year < age - 1
        if young:
            yield Finding("marriage-age", "soft", (role + "NgaySinh", "ngayDangKy"), f"Người {vi} chưa đủ tuổi kết hôn vào ngày đăng ký.",
                          f"The {en} was under age on the day of registration.")


@rule("KT")
def death_after_birth(f: Facts) -> Iterator[Finding]:
    """Domain rule 9."""
    born, died = f.date_of("nktNgaySinh"), f.date_of("nktNgayChet")
    if born and died and surely_before(died, born):
        yield Finding("death-before-birth", "hard", ("nktNgaySinh", "nktNgayChet"),
                      f"Ngày chết {spoken(died)} trước ngày sinh {spoken(born)}.",
                      f"Died {spoken(died)}, before being born {spoken(born)}.")
    years = f.birth_years("nkt")
    if years and died and died.year and died.year - years[1] > 120:
        yield Finding("very-old", "soft", ("nktNgaySinh", "nktNgayChet"), f"Người chết đã {died.year - years[1]} tuổi.",
                      f"The dead person was {died.year - years[1]} years old.")


def _same_surname(a: PersonName, b: PersonName) -> bool:
    x, y = fold(a.surname), fold(b.surname)
    return x == y or any(x in group and y in group for group in _SAME_SURNAME) or x in fold(str(b)).split()[:1]


@rule("KS")
def child_takes_after_a_parent(f: Facts) -> Iterator[Finding]:
    """Domain rule 11: surname and ethnicity are one of the parents', unless a note tells why; names without surname are left alone."""
    if f.corrected:
        return
    child = f.name("nksHoTen")
    parents = [n for n in (f.name("chaHoTen"), f.name("meHoTen")) if n is not None]
    plain = [n for n in parents if n.surname and n.surname not in MARKERS]
    if child and child.surname and child.surname not in MARKERS and plain and len(plain) == len(parents) \
            and not any(_same_surname(child, p) for p in plain):
        yield Finding("surname", "soft", ("nksHoTen", "chaHoTen", "meHoTen"), f"Họ “{child.surname}” của con không theo họ cha hoặc mẹ.",
                      f"The child's surname “{child.surname}” is neither parent's.")
    own = ethnicity_group(f.text("nksDanToc")) or f.text("nksDanToc")
    theirs = {ethnicity_group(f.text(c)) or f.text(c) for c in ("chaDanToc", "meDanToc") if f.has(c)}
    if own and theirs and own not in theirs:
        yield Finding("ethnicity", "soft", ("nksDanToc", "chaDanToc", "meDanToc"),
                      f"Dân tộc “{own}” của con không theo dân tộc cha hoặc mẹ.",
                      f"The child's ethnicity “{own}” is neither parent's.")


@rule("KS")
def kind_of_birth_fits_the_parents(f: Facts) -> Iterator[Finding]:
    """Domain rule 12: nksLoaiKhaiSinh 2 no mother, 3 no father, 4 neither; 1 both."""
    text = f.text("nksLoaiKhaiSinh")
    if text not in ("1", "2", "3", "4"):
        return
    mother, father = text in ("1", "3"), text in ("1", "2")
    if (f.has("meHoTen"), f.has("chaHoTen")) != (mother, father):
        yield Finding("birth-parents", "soft", ("nksLoaiKhaiSinh", "meHoTen", "chaHoTen"),
                      "Loại khai sinh (đủ cha mẹ, chưa xác định cha, mẹ) không khớp với phần ghi về cha, mẹ.",
                      "The kind of birth registration does not fit which parents are written.")
