"""A register entry to be written: from a simulated event to the values of a form, what is ticked, who signs, whom it links."""
from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from records.date_words import in_words
from records.forms import Form
from records.partial_date import PartialDate
from samples.people import Event, Person, World
from samples.registrations import values_of


@dataclass(frozen=True)
class Clerk:
    """How a book is kept: who signs and who writes it, and the clerk's words for numbers."""

    signer: str              # "Phạm Thị Như, Chủ tịch"
    officer: str
    separator: str = "/"     # of dates in figures
    padded: bool = True      # 05/03/2017, not 5/3/2017
    words: tuple[tuple[str, str], ...] = ()    # replacements in dates in words, ("linh", "lẻ")

    def figures(self, iso: str) -> str:
        """A date in figures as this clerk writes it; a year alone stays a year."""
        if len(iso) != 10: return iso
        y, m, d = iso.split("-")
        return self.separator.join((d, m, y) if self.padded else (str(int(d)), str(int(m)), y))


@dataclass(frozen=True)
class Entry:
    """One entry. `values`: field code to the value that is the truth (dates ISO). `written`: what the pen writes, where it differs.

    `signatures`: the names under the blanks without a code, from left to right. `link`: role to personal number.
    """

    number: int
    values: dict[str, str | int]
    written: dict[str, str]
    signatures: tuple[str, ...]
    link: dict[str, str] = field(default_factory=dict)

    def ink(self, code: str) -> str:
        """What stands in the blank of `code`, "" if it stays empty."""
        return self.written.get(code, str(self.values.get(code, "")))


def _party(prefix: str, p: Person) -> dict[str, str | int]:
    own = {"HoTen": p.name, "NgaySinh": p.born.isoformat(), "DanToc": p.ethnicity, "QuocTich": "Việt Nam"}
    return {prefix + name: value for name, value in own.items()}


def _birth(event: Event, world: World, form: Form) -> tuple[dict[str, str | int], tuple[str, ...]]:
    child, mother = world.people[event.roles["nks"]], world.people[event.roles["me"]]
    informant = world.people[event.roles["nyc"]]
    values = _party("nks", child) | {"nksGioiTinh": child.sex, "nksNoiSinh": child.birthplace, "nksQueQuan": child.hometown}
    values["nksNgaySinhBangChu"] = in_words(PartialDate(child.born.year, child.born.month, child.born.day))
    if form.generation != "G3": values |= {"nksSoDinhDanh": child.number, "nycSoGiayToTuyThan": informant.number}
    else: values["nycQuanHe"] = "Mẹ" if informant is mother else "Cha"
    for role in ("me", "cha"):
        if role in event.roles:
            parent = world.people[event.roles[role]]
            values |= _party(role, parent) | {f"{role}NgaySinh": str(parent.born.year), f"{role}NoiCuTru": parent.residence}
    return values | {"nycHoTen": informant.name, "loaiDangKy": 4 if event.late else 1}, (informant.name,)


def _marriage(event: Event, world: World, form: Form) -> tuple[dict[str, str | int], tuple[str, ...]]:
    values: dict[str, str | int] = {}
    pair = [world.people[event.roles[r]] for r in ("vo", "chong")]
    for role, p in zip(("vo", "chong"), pair, strict=True):
        values |= _party(role, p) | {f"{role}NoiCuTru": p.residence, f"{role}SoGiayToTuyThan": p.number}
    return values | {"ngayXacNhan": event.happened.isoformat(), "loaiDangKy": 1}, tuple(p.name for p in pair)


def _death(event: Event, world: World, form: Form) -> tuple[dict[str, str | int], tuple[str, ...]]:
    dead, informant = world.people[event.roles["nkt"]], world.people[event.roles["nyc"]]
    values = _party("nkt", dead) | {
        "nktGioiTinh": dead.sex, "nktSoGiayToTuyThan": dead.number, "nktNgayChet": event.happened.isoformat(), "nktNoiChet": dead.residence,
        "nktNguyenNhanChet": event.cause, "nycHoTen": informant.name, "nycSoGiayToTuyThan": informant.number,
        "loaiDangKy": 4 if event.late else 1,
    }
    return values, (informant.name,)


def _other(event: Event, world: World, form: Form) -> tuple[dict[str, str | int], tuple[str, ...]]:
    """The main values come from the form's blanks; the signatures of all but the officer are the declarant's and the others' in turn."""
    order = [world.people[i].name for role, i in event.roles.items() if role not in ("nyc", *form.roles[:1])]
    declarant = world.people[event.roles["nyc"]].name
    room = sum(b.code is None for b in form.blanks) - 1
    return {}, tuple([declarant, *order][:max(0, room)])


_KINDS = {"KS": _birth, "KH": _marriage, "KT": _death}


def _note(values: dict[str, str | int], year: int, clerk: Clerk, rng: np.random.Generator) -> str:
    day = f"{year + int(rng.integers(1, 5))}-{int(rng.integers(1, 13)):02d}-{int(rng.integers(1, 29)):02d}"
    if "voHoTen" in values and rng.random() < 0.5: return f"Đã ly hôn theo QĐ số {rng.integers(3, 90)} ngày {clerk.figures(day)}"
    return f"Cấp lại bản chính ngày {clerk.figures(day)}"


def entry_of(
    event: Event, number: int, world: World, form: Form, clerk: Clerk, book: str, rng: np.random.Generator, notes: float = 0.08,
) -> Entry:
    """The entry `number` of book `book` ("01/2017") on `form`. `notes`: share of entries with a later note.

    KeyError if the form does not register what the event is.
    """
    if form.kind != event.kind: raise KeyError(f"{form.id} does not register {event.kind}")
    registered = event.registered.isoformat()
    codes = {b.code for b in form.blanks}
    head: dict[str, str | int] = {"so": str(number), "quyenSo": book, "ngayDangKy": registered}
    values = {code: value for code, value in head.items() if code in codes}
    if "trangSo" in codes: values["trangSo"] = str(number)
    own, signers = _KINDS.get(event.kind, _other)(event, world, form)
    values |= own
    if "gbtSo" in codes: values["gbtSo"] = f"{number}/{event.registered.year}"
    values["nguoiKy"] = clerk.signer
    if rng.random() < notes: values["ghiChu"] = _note(values, event.registered.year, clerk, rng)
    for old, new in clerk.words:
        if "nksNgaySinhBangChu" in values: values["nksNgaySinhBangChu"] = str(values["nksNgaySinhBangChu"]).replace(old, new)
    values |= values_of(event, world, form, values, rng)
    said = codes | {t.code for t in form.ticks} | ({"loaiDangKy"} if form.kind == "KS" else set())     # elsewhere the dates do not tell it
    values = {code: value for code, value in values.items() if code in said}
    if "ngayXacNhan" in values: values["ngayXacNhan"] = clerk.figures(str(values["ngayXacNhan"]))
    dates = [b.code for b in form.blanks if b.code in values and b.type == "date" and b.code != "ngayXacNhan"]
    written = {code: clerk.figures(str(values[code])) for code in dates if code}
    written |= {b.code: ":".join(str(int(n)) for n in str(values[b.code]).split(":")) for b in form.blanks
                if b.code in values and b.type == "time" and not clerk.padded}
    if rng.random() < 0.8: written["so"] = f"{number}/{event.registered.year}"
    link = {role: world.people[i].number for role, i in event.roles.items() if role in form.roles}
    given = tuple(n.split()[-1] if rng.random() < 0.7 else n for n in signers)
    return Entry(number, values | {"loai": event.kind}, written, (*given, clerk.officer), link)
