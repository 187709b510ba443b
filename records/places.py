"""Administrative units as dated data: which communes, districts and provinces existed when, what became of them, and how books write them.

The lists are in records/place_data (see its README). A code names a unit only together with a date: the numbering of 1 July 2025 reuses
numbers.
"""
from __future__ import annotations

import gzip
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from importlib import resources
from typing import Literal

from records.place_search import PlaceIndex, SearchedUnit
from records.text import fold, nfc

Level = Literal["province", "district", "commune"]
KINDS = ("Thành phố", "Thị xã", "Thị trấn", "Đặc khu", "Phường", "Quận", "Huyện", "Tỉnh", "Xã")
TWO_TIERS = date(2025, 7, 1)        # no districts from this day on
# First day on which each list is taken to be in force. The mergers of 2019-2020 and of 2024 came into force on many days between the lists.
_IN_FORCE = (("D", TWO_TIERS), ("C", date(2024, 11, 1)), ("B", date(2020, 3, 1)), ("A", date.min))


def split_kind(name: str) -> tuple[str, str]:
    """("Xã", "Nghĩa Sơn") of "Xã Nghĩa Sơn"; ("", name) where no kind of unit stands before the name."""
    for kind in KINDS:
        if name[: len(kind) + 1].casefold() == (kind + " ").casefold():
            return kind, name[len(kind) + 1:]
    return "", name


@dataclass(frozen=True)
class Unit:
    """A unit as long as its name and its parents stayed the same. `name` with its kind (Xã Nghĩa Sơn); codes of the statistics office.

    valid_from, valid_to: the first and last day it *may* have existed, generous where the lists leave it open; None: open.
    A province of former times has as code the codes its land has now, joined by +.
    """

    code: str
    level: Level
    name: str
    district_code: str
    district: str
    province_code: str
    province: str
    valid_from: date | None = None
    valid_to: date | None = None
    lists: str = ""

    @property
    def bare_name(self) -> str:
        return split_kind(self.name)[1]

    def existed(self, on: date) -> bool:
        return (self.valid_from is None or self.valid_from <= on) and (self.valid_to is None or on <= self.valid_to)


@dataclass(frozen=True)
class PlaceMatch:
    """A unit that `written` text may mean. written: the unit as books write it. score: 0..1, 1 = the same words."""

    unit: Unit
    written: str
    score: float


def written(unit: Unit) -> str:
    """As books write it, the province without its kind: "Xã Nghĩa Sơn, Huyện Tư Nghĩa, Quảng Ngãi"; since July 2025 without a district."""
    province = split_kind(unit.province)[1]
    if unit.level == "province":
        return province
    if unit.level == "district":
        return f"{unit.name}, {province}"
    return ", ".join(p for p in (unit.name, unit.district, province) if p)


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _wider(units: Sequence[Unit]) -> tuple[date | None, date | None]:
    starts, ends = [u.valid_from for u in units], [u.valid_to for u in units]
    known_starts, known_ends = [s for s in starts if s], [e for e in ends if e]
    return (None if len(known_starts) < len(starts) else min(known_starts)), (None if len(known_ends) < len(ends) else max(known_ends))


class Gazetteer:
    """All units of all lists. Immutable; share one (`default_gazetteer`)."""

    def __init__(self, communes: Iterable[Unit], successors: Iterable[tuple[str, ...]], others: Iterable[tuple[str, ...]] = ()) -> None:
        """communes: every commune version (a name of "" stands for a district without communes); successors: (old, new, kind);
        others: rows of provinces.tsv (name, kind, valid_from, valid_to, codes)."""
        rows = list(communes)
        self.communes = tuple(u for u in rows if u.name)
        self.districts = tuple(self._merged(rows, "district"))
        self.provinces = tuple(self._merged(rows, "province"))
        self._others = tuple(others)
        self._successors: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for old, new, kind in successors:
            self._successors[old].append((new, kind))
        self._by_code: dict[str, list[Unit]] = defaultdict(list)
        for u in (*self.communes, *self.districts, *self.provinces):
            self._by_code[u.code].append(u)

    @staticmethod
    def _merged(rows: Sequence[Unit], level: Literal["district", "province"]) -> Iterable[Unit]:
        groups: dict[tuple[str, ...], list[Unit]] = defaultdict(list)
        for u in rows:
            code, name = (u.district_code, u.district) if level == "district" else (u.province_code, u.province)
            if code:
                era = "D" if u.lists == "D" else "ABC"
                groups[era, code, fold(name), fold(u.province)].append(u)
        for (_, code, _, _), members in sorted(groups.items()):
            last = max(members, key=lambda u: (u.lists[-1], u.code))
            start, end = _wider(members)
            lists = "".join(sorted({letter for u in members for letter in u.lists}))
            if level == "district":
                yield Unit(code, level, last.district, code, last.district, last.province_code, last.province, start, end, lists)
            else:
                yield Unit(code, level, last.province, "", "", code, last.province, start, end, lists)

    @cached_property
    def former_provinces(self) -> tuple[Unit, ...]:
        """Provinces that were merged or split before 2019, by their names then (Hà Nam Ninh, Nghệ Tĩnh …)."""
        return tuple(Unit("+".join(codes.split()), "province", name, "", "", "+".join(codes.split()), name, _day(start), _day(end))
                     for name, kind, start, end, codes in self._others if kind == "former")

    @cached_property
    def _index(self) -> PlaceIndex:
        names_by_province: dict[str, list[str]] = defaultdict(list)
        for name, kind, _, _, codes in self._others:
            if kind == "alias" or " " not in codes.strip():
                for code in codes.split():
                    names_by_province[code].append(name)
        searched = []
        for u in (*self.communes, *self.districts, *self.provinces, *self.former_provinces):
            kind, bare = split_kind(u.name)
            district, province = split_kind(u.district)[1], split_kind(u.province)[1]
            chain = {"commune": (bare, district, province), "district": (bare, province), "province": (bare,)}[u.level]
            aliases = names_by_province.get(u.province_code, []) if u.lists != "D" or len(u.province_code) > 2 else []
            if u.lists == "D":
                aliases = [n for n in names_by_province.get(u.province_code, []) if fold(n) in ("sài gòn", "hcm", "tphcm", "hn", "huế")]
            searched.append(SearchedUnit(tuple(p for p in chain if p), kind, tuple(aliases)))
        return PlaceIndex(searched)

    @cached_property
    def _all(self) -> tuple[Unit, ...]:
        return (*self.communes, *self.districts, *self.provinces, *self.former_provinces)

    def units(self, code: str) -> tuple[Unit, ...]:
        """Every unit that ever had the code, oldest first."""
        return tuple(sorted(self._by_code.get(code, ()), key=lambda u: u.valid_from or date.min))

    def unit(self, code: str, on: date | None = None) -> Unit | None:
        """The unit that had the code on that day (without a day: the last before July 2025, else the present one), or None."""
        found = self.units(code)
        found = tuple(u for u in found if (u.existed(on) if on else u.lists != "D")) or (found if on is None else ())
        return found[-1] if found else None

    def communes_on(self, on: date) -> tuple[Unit, ...]:
        """The communes of the list in force on that day. Lists are known for 2019, 2021, January 2025 and since July 2025: earlier days get
        the list of 2019."""
        letter = next(x for x, start in _IN_FORCE if on >= start)
        return self._of_list("commune", letter)

    def districts_on(self, on: date, province_code: str | None = None) -> tuple[Unit, ...]:
        """The districts of that day, all or those of a province; none since July 2025."""
        letter = next(x for x, start in _IN_FORCE if on >= start)
        return tuple(u for u in self._of_list("district", letter) if province_code in (None, u.province_code))

    def provinces_on(self, on: date) -> tuple[Unit, ...]:
        """63 provinces, or the 34 since July 2025."""
        letter = next(x for x, start in _IN_FORCE if on >= start)
        return self._of_list("province", letter)

    @cache  # noqa: B019 - gazetteers live as long as the process
    def _of_list(self, level: Level, letter: str) -> tuple[Unit, ...]:
        source = {"commune": self.communes, "district": self.districts, "province": self.provinces}[level]
        return tuple(u for u in source if letter in u.lists)

    def succession(self, code: str) -> tuple[tuple[str, str], ...]:
        """(code since July 2025, kind) of the communes that took over an old commune's land; kind as in successors.tsv.gz (`earlier`: over
        a merger before 2025)."""
        out: dict[str, str] = {}
        for new, kind in self._successors.get(code, ()):
            if kind == "earlier":
                out.update({last: "earlier" for last, k in self._successors.get(new, ()) if k != "earlier" and last not in out})
            else:
                out[new] = kind
        return tuple(sorted(out.items()))

    @cached_property
    def _predecessors(self) -> dict[str, tuple[tuple[str, str], ...]]:
        found: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for old in sorted({u.code for u in self.communes if u.lists != "D"}):
            for new, kind in self.succession(old):
                found[new].append((old, kind))
        return {code: tuple(olds) for code, olds in found.items()}

    def predecessors(self, code: str) -> tuple[tuple[str, str], ...]:
        """(code of before July 2025, kind) of the communes whose land a present commune has taken over; `succession` read backwards."""
        return self._predecessors.get(code, ())

    def successor(self, code: str) -> tuple[str, ...]:
        """Codes since July 2025 of what was a commune (5 digits: gives communes), a district (3: communes) or a province (2: provinces)."""
        if len(code) == 5:
            return tuple(c for c, _ in self.succession(code))
        field = "district_code" if len(code) == 3 else "province_code"
        old = [u.code for u in self._of_list("commune", "C") if getattr(u, field) == code]
        new = {c for o in old for c, kind in self.succession(o) if kind != "unsure"}
        return tuple(sorted(new if len(code) == 3 else {u.province_code for u in self._of_list("commune", "D") if u.code in new}))

    def find(self, text: str, on: date | None = None, limit: int = 5, near: Sequence[str] = ()) -> list[PlaceMatch]:
        """Units that `text` may mean, best first: "Xã X, Huyện Y, Tỉnh Z" with or without kinds, abbreviated (X. H. T. TP.), with slips,
        with a hamlet or an institution before it ("Trạm y tế xã X …"), with a province of former times ("…, Hà Nam Ninh").

        on: prefer units that may have existed that day; others stay in the list, a little lower. near: codes of a province or district that
        settle a tie (the registry's own).
        """
        found: list[tuple] = []
        text, inside = self._without_former_province(nfc(text))
        for k, score in self._index.search(text, pool=max(40, 4 * limit)):
            u = self._all[k]
            if inside and (u.lists == "D" or u.province_code not in inside):
                continue
            lived = on is None or u.existed(on)
            closeness = sum(c in (u.code, u.district_code, u.province_code) for c in near)
            score = min(1.0, score + 0.03) if lived else score
            found.append((-round(score, 4), -closeness, len(u.code), u.code, k, score))
        matches: dict[tuple[str, str], PlaceMatch] = {}
        for *_, k, score in sorted(found):
            u = self._all[k]
            matches.setdefault((u.code, fold(written(u))), PlaceMatch(u, written(u), round(score, 4)))
            if len(matches) == limit:
                break
        return list(matches.values())

    def _without_former_province(self, text: str) -> tuple[str, tuple[str, ...]]:
        """The text before the name of a province of former times, and the codes of its land; all of it and () if it ends with none."""
        for pattern, codes in self._former_endings:
            m = pattern.search(text)
            if m and m.start():
                return text[: m.start()], codes
        return text, ()

    @cached_property
    def _former_endings(self) -> tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]:
        present = {fold(u.bare_name) for u in self.provinces}
        return tuple((re.compile(r"[\s,;.–-]+(?:tỉnh\s+|t\.\s*)?" + r"[\s–-]+".join(u.name.split()) + r"[\s.]*$", re.IGNORECASE),
                      tuple(u.code.split("+"))) for u in self.former_provinces if fold(u.name) not in present)

    def has_name(self, unit: Unit, on: date) -> bool:
        """Whether a unit of that bare name stood in the same district or province on that day (a commune made a town keeps its name)."""
        return any(u.existed(on) and u.level == unit.level and unit.province_code == u.province_code
                   for u in self._by_bare_name.get(fold(unit.bare_name), ()))

    @cached_property
    def _by_bare_name(self) -> dict[str, list[Unit]]:
        out: dict[str, list[Unit]] = defaultdict(list)
        for u in self._all:
            out[fold(u.bare_name)].append(u)
        return out


def _rows(name: str) -> Iterable[list[str]]:
    data = (resources.files("records") / "place_data" / name).read_bytes()
    text = (gzip.decompress(data) if name.endswith(".gz") else data).decode("utf-8")
    return (line.split("\t") for line in text.splitlines() if line and not re.match(r"#|code\t|old_code\t", line))


@cache
def default_gazetteer() -> Gazetteer:
    """The gazetteer of records/place_data, read once (about half a second)."""
    communes = (Unit(code, "commune", name, dc, district, pc, province, _day(start), _day(end), lists)
                for code, name, dc, district, pc, province, lists, start, end in _rows("communes.tsv.gz"))
    return Gazetteer(communes, map(tuple, _rows("successors.tsv.gz")), map(tuple, _rows("provinces.tsv")))
