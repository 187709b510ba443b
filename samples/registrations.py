"""What the other books register: people of the district drawn for a form's roles, and a value for every blank by its code or its type.

Births, marriages and deaths are simulated (`samples.people`); a guardianship or an adoption is only drawn: people of a fitting age who
lived in the commune then, of one family where the roles are. That is enough to compose pages of any form, one's own included.
"""
from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np

from records.forms import Blank, Form
from samples.people import Event, Person, World
from samples.texts import draw_person, draw_place

SIMULATED = ("KS", "KH", "KT")
# role: least and greatest age on the day of registration, sex; others are adults of either
_PEOPLE: Mapping[str, tuple[int, int, str | None]] = {
    "cm": (24, 50, None), "nc": (1, 16, None), "ngh": (28, 66, None), "ndgh": (2, 16, None), "ntd": (1, 60, None), "nxn": (20, 45, None),
    "cn": (1, 12, None), "chaNuoi": (34, 52, "Nam"), "meNuoi": (34, 52, "Nữ"), "chaGiao": (24, 48, "Nam"), "meGiao": (22, 45, "Nữ"),
    "nks": (0, 1, None), "me": (20, 40, "Nữ"), "cha": (22, 45, "Nam"), "vo": (19, 35, "Nữ"), "chong": (21, 40, "Nam"),
    "nkt": (40, 90, None),
}
_KIN = 0.85             # how often people who may be of one family are
_DECLARED_BY = ("cm", "ngh", "nxn")       # who comes to register is most often this person
_OF_PERSON: Mapping[str, str] = {
    "HoTen": "name", "GioiTinh": "sex", "DanToc": "ethnicity", "NoiSinh": "birthplace", "QueQuan": "hometown", "NoiCuTru": "residence",
    "SoDinhDanh": "number", "SoGiayToTuyThan": "number",
}
_WORDS: Mapping[str, tuple[str, ...]] = {
    "nxnTinhTrangHonNhan": ("Chưa đăng ký kết hôn với ai", "Hiện tại chưa đăng ký kết hôn với ai", "Đã ly hôn, chưa kết hôn lại",
                            "Đã có vợ", "Đã có chồng"),
    "nxnMucDichSuDung": ("Để đăng ký kết hôn", "Để vay vốn ngân hàng", "Để bổ sung hồ sơ nhà đất", "Để làm thủ tục xuất cảnh"),
    "lyDoChamDut": ("Người được giám hộ đã thành niên", "Cha mẹ đã đủ điều kiện nuôi con", "Người được giám hộ được nhận làm con nuôi"),
    "gthtTen": ("Giấy khai sinh", "Giấy chứng nhận kết hôn", "Trích lục khai tử"),
    "csndTen": ("", "", "", "Trung tâm bảo trợ xã hội tỉnh"), "csndDaiDien": ("", "", "", "Lê Văn Mẫu, Giám đốc"),
    "gthtCoQuanCap": ("UBND xã", "UBND huyện"), "gbtCoQuanCap": ("Trạm y tế xã", "Bệnh viện đa khoa tỉnh", "Công an huyện"),
    "bgQuanHe": ("Cha đẻ, mẹ đẻ", "Mẹ đẻ", "Ông bà nội", "Người giám hộ"), "nycQHNguoiDuocNhan": ("Bản thân", "Cha", "Mẹ", "Con"),
}
_RELATIONS = ("Cha", "Mẹ", "Con", "Vợ", "Chồng", "Anh", "Chị", "Ông nội", "Bản thân")
_REMARKS = ("Theo hồ sơ lưu", "Có giấy tờ kèm theo", "Không")


def draw_events(world: World, form: Form, year: int, commune: str, count: int, rng: np.random.Generator) -> list[Event]:
    """`count` events for a book of the form in the order of registration; nobody has two roles of one form. ValueError if people lack."""
    days = sorted(date(year, 1, 3) + timedelta(int(n)) for n in rng.integers(0, 355, count))
    roles = [_people(world, form, day, commune, rng) for day in days]
    before = rng.integers(1, 20, count)
    return [Event(form.kind, day - timedelta(int(n)), day, commune, r) for day, n, r in zip(days, before, roles, strict=True)]


def _people(world: World, form: Form, day: date, commune: str, rng: np.random.Generator) -> dict[str, int]:
    roles: dict[str, int] = {}
    living = [p for p in world.people if p.born < day and (p.died is None or p.died > day)]
    near = [p for p in living if p.residence == commune]
    for role in (*form.roles, "nyc"):
        first = next((r for r in _DECLARED_BY if r in roles), None)
        if role == "nyc" and first is not None and rng.random() < 0.8:
            roles[role] = roles[first]
            continue
        least, greatest, sex = _PEOPLE.get(role, (22, 65, None))
        fits = [[p for p in group if least <= day.year - p.born.year <= greatest and sex in (None, p.sex) and p.index not in roles.values()]
                for group in (near, living)]
        kin = _kin(world, role, roles)
        related = [[p for p in fits[1] if p.index in kin]] if rng.random() < _KIN else []
        chosen = next((group for group in (*related, *fits) if group), None)
        if chosen is None: raise ValueError(f"{form.id}: nobody of the district can be its {role}; more people are needed")
        roles[role] = int(rng.choice([p.index for p in chosen]))
    return roles


def _kin(world: World, role: str, roles: Mapping[str, int]) -> set[int | None]:
    """Whom the role's person is most often: a child of who recognises it, the wife of who adopts, the parents of who is adopted."""
    of = {r: world.people[i] for r, i in roles.items()}
    match role:
        case "nc" if "cm" in of: return set(of["cm"].children)
        case "meNuoi" if "chaNuoi" in of: return {of["chaNuoi"].spouse}
        case "chaGiao" if "cn" in of: return {of["cn"].father}
        case "meGiao" if "cn" in of: return {of["cn"].mother}
    return set()


def values_of(event: Event, world: World, form: Form, known: Mapping[str, str | int], rng: np.random.Generator) -> dict[str, str | int]:
    """Values for the form's blanks and squares that `known` lacks: of the event's people by their role, the rest by code or by type."""
    values: dict[str, str | int] = {}
    for blank in form.blanks:
        code = blank.code
        if code is None or code in known or code in values or code == "ghiChu": continue
        role, ending = _split(code, form)
        if role in form.roles and role not in event.roles: continue       # nobody is named: the father of a child without one
        of_person = _of_person(world.people[event.roles[role]], ending, blank) if role in event.roles else ""
        if value := of_person or _by_type(code, blank, event, rng): values[code] = value
    for code in dict.fromkeys(t.code for t in form.ticks if form.kind not in SIMULATED):
        if code not in known: values |= _ticked(form, code, rng)
    return values


def _ticked(form: Form, code: str, rng: np.random.Generator) -> dict[str, str | int]:
    """One of the code's squares; a square that stands alone (registered abroad) is rarely ticked."""
    squares = [t.value for t in form.ticks if t.code == code]
    return {code: squares[int(rng.integers(len(squares)))]} if len(squares) > 1 or rng.random() < 0.1 else {}


def _split(code: str, form: Form) -> tuple[str, str]:
    """The role a code begins with, "" if none, and what follows it."""
    role = max((r for r in (*form.roles, "nyc") if re.match(rf"{r}[A-Z]", code)), key=len, default="")
    return role, code[len(role):]


def _of_person(person: Person, ending: str, blank: Blank) -> str:
    if ending == "NgaySinh": return str(person.born.year) if blank.type == "year" else person.born.isoformat()
    if ending == "QuocTich": return "Việt Nam"
    return str(getattr(person, _OF_PERSON[ending])) if ending in _OF_PERSON else ""


def _by_type(code: str, blank: Blank, event: Event, rng: np.random.Generator) -> str:
    before = event.registered - timedelta(int(rng.integers(1, 1500)))
    if code in _WORDS: return str(rng.choice(_WORDS[code]))
    if code == "noiDangKy": return f"UBND {event.commune}"
    if code == "nktGioPhutChet": return f"{rng.integers(0, 24):02d}:{rng.integers(0, 60):02d}"
    if code == "noiDungThayDoi": return f"Được thay đổi từ {draw_person(rng)} thành {draw_person(rng)}"
    if re.search(r"So$", code): return f"{rng.integers(1, 300)}/{before.year}"
    match blank.type:
        case "date": return before.isoformat()
        case "year": return str(before.year)
        case "name": return draw_person(rng)
        case "place": return event.commune if rng.random() < 0.6 else draw_place(rng)
        case "relation": return str(rng.choice(_RELATIONS))
        case "sex": return str(rng.choice(("Nam", "Nữ")))
        case "ethnicity": return "Kinh"
        case "nationality": return "Việt Nam"
        case "personal_number": return "0" + "".join(str(n) for n in rng.integers(0, 10, 11))
        case "entry_number" | "page_number": return str(rng.integers(1, 300))
        case "text": return str(rng.choice(_REMARKS))
    return ""
