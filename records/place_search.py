"""Finding a unit by what was written: reads the parts of a written place, then compares with every unit's chain of names.

Knows nothing of dates and codes; records.places does.
"""
from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import fuzz, process

from records.text import fold, strip_marks

_ABBREVIATIONS = (
    (r"\bt\.?\s?p\.?\s*(?=h\.?\s?c\.?\s?m\b)", " thành phố "), (r"\bh\.\s?c\.\s?m\b\.?", "hcm"),
    (r"\bt\s?p\b\.?|\bt\.p\.", " thành phố "), (r"\bt\s?x\b\.?|\bt\.x\.", " thị xã "), (r"\bt\s?t\b\.?(?!\s*huế)|\bt\.t\.", " thị trấn "),
    (r"(?:(?<=^)|(?<=[,;]))\s*x\b\.?\s*", " xã "), (r"(?:(?<=^)|(?<=[,;]))\s*p\.?\s*(?=\d|\s)|\bp\.\s*", " phường "),
    (r"(?:(?<=^)|(?<=[,;]))\s*h\b\.?\s*|\bh\.\s*", " huyện "), (r"(?:(?<=^)|(?<=[,;]))\s*q\.?\s*(?=\d|\s)|\bq\.\s*", " quận "),
    (r"\bx\.\s*", " xã "), (r"(?<=[,;])\s*t\b\.?\s*|\bt\.\s*(?=\S+\s*\S*$)", " tỉnh "),
)
_KIND = re.compile(r"(?<!\w)(thành phố|thành phô|thanh pho|thị xã|thi xa|thị trấn|thị trân|thi tran|đặc khu|phường|phuong|quận|quan"
                   r"|huyện|huyên|huyen|tỉnh|tinh|xã|xa)(?=\s+\w)")
_KIND_OF = {"thanh pho": "Thành phố", "thi xa": "Thị xã", "thi tran": "Thị trấn", "dac khu": "Đặc khu", "phuong": "Phường", "quan": "Quận",
            "huyen": "Huyện", "tinh": "Tỉnh", "xa": "Xã"}
_RANK = {"Xã": 0, "Phường": 0, "Thị trấn": 0, "Đặc khu": 0, "Huyện": 1, "Quận": 1, "Thị xã": 1, "Thành phố": 1, "Tỉnh": 2}
# What lies below a commune, by words that begin no commune's name; those that do (Đường Âm, Xóm Chiếu, Đội Bình) count only with a figure.
_BELOW = re.compile(r"^(?:thôn|ấp|khóm|tổ dân phố|tdp|số nhà|tiểu khu)\s"
                    r"|^(?:xóm|tổ|đội|khu|khu phố|số|đường|ngõ|ngách|hẻm|phố|bản|làng|buôn)\s\d")
_INSTITUTION = re.compile(r"\b(?:ubnd|ủy ban nhân dân|uỷ ban nhân dân|trạm y tế|trạm xá|bệnh viện(?: đa khoa| phụ sản| nhi| sản nhi)?"
                          r"(?: khu vực)?|bvđk|bv|trung tâm y tế|ttyt|nhà hộ sinh|tại|ở|nay là|cũ)\b\.?")


@dataclass(frozen=True)
class SearchedUnit:
    """A unit as it is searched: bare names from itself up to its province, its kind, other names of its province."""

    chain: tuple[str, ...]
    kind: str
    province_aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class WrittenPlace:
    """The parts of a written place that may be units, from the smallest; kind "" where none was written. `sure`: commas told them apart."""

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    sure: bool


def read_place(text: str) -> WrittenPlace:
    """Parts of a written place, folded, without their kinds, hamlets and institutions: "Trạm y tế xã A, H. B, T. C" -> (a, b, c)."""
    s = text.lower()
    for pattern, to in _ABBREVIATIONS:
        s = re.sub(pattern, to, s)
    s = _INSTITUTION.sub(" ", s)
    parts: list[tuple[str, str]] = []                       # name, kind
    pieces = [p for p in re.split(r"[,;\n/]|\.\s|\s[-–]\s*(?=(?:thành phố|thị|đặc|phường|quận|huyện|tỉnh|xã)\s)", s) if p.strip()]
    for piece in pieces:
        begin, kind = 0, ""
        for m in _KIND.finditer(piece):
            bare = strip_marks(m[1])
            if bare == m[1] and bare in ("quan", "tinh", "xa", "phuong") and piece[:m.start()].strip():
                continue                                    # unmarked "quan", "tinh" inside a name
            if piece[begin:m.start()].strip() or kind:
                parts.append((piece[begin:m.start()], kind))
            begin, kind = m.end(), _KIND_OF.get("thanh pho" if bare.startswith("thanh") else bare, "")
        parts.append((piece[begin:], kind))
    cleaned = [(_name_key(n), k) for n, k in parts if fold(n)]
    first = next((i for i, (_, k) in enumerate(cleaned) if k and _RANK[k] == 0), None)
    if first is not None:
        cleaned = cleaned[first:]
    while len(cleaned) > 1 and (_BELOW.match(cleaned[0][0] + " ") or len(cleaned) > 3) and not cleaned[0][1]:
        cleaned = cleaned[1:]
    cleaned = cleaned[-3:] if not (cleaned and cleaned[0][1] and _RANK[cleaned[0][1]] == 0) else cleaned[:3]
    return WrittenPlace(tuple(n for n, _ in cleaned), tuple(k for _, k in cleaned), len(cleaned) == len(pieces) > 1 or len(cleaned) == 3)


@lru_cache(maxsize=32768)
def _name_key(name: str) -> str:
    return re.sub(r"\b0+(?=\d)", "", fold(name))


class PlaceIndex:
    """Every unit under every chain of names it may be written with: (commune, district, province), (commune, province) …"""

    def __init__(self, units: Sequence[SearchedUnit]) -> None:
        self._units = units
        keys: dict[int, dict[str, dict[int, str]]] = {1: defaultdict(dict), 2: defaultdict(dict), 3: defaultdict(dict)}
        for k, u in enumerate(units):
            for chain in self._chains(u):
                text = " ".join(_name_key(name) for name in chain)
                keys[len(chain)][strip_marks(text)].setdefault(k, text)
        self._keys = {n: dict(table) for n, table in keys.items()}
        self._lists = {n: list(table) for n, table in self._keys.items()}
        names = {strip_marks(_name_key(p)) for u in units for p in (u.chain[-1], *u.province_aliases)}
        self._provinces = sorted(names, key=lambda p: (-len(p), p))
        self._lists_of: dict[str | None, dict[int, list[str]]] = {}
        ending = re.compile(" (" + "|".join(map(re.escape, self._provinces)) + ")$")
        for n in (2, 3):
            for key in self._lists[n]:
                m = ending.search(key)
                if m:
                    self._lists_of.setdefault(m[1], {}).setdefault(n, []).append(key)

    @staticmethod
    def _chains(u: SearchedUnit) -> list[tuple[str, ...]]:
        chains = [u.chain[:1]]
        if len(u.chain) == 3:
            chains.append(u.chain[:2])
        if len(u.chain) > 1:
            provinces = (u.chain[-1], *u.province_aliases)
            chains += [(u.chain[0], p) for p in provinces]
            if len(u.chain) == 3:
                chains += [(*u.chain[:2], p) for p in provinces]
        else:
            chains += [(a,) for a in u.province_aliases]
        return chains

    def search(self, text: str, pool: int = 40) -> list[tuple[int, float]]:
        """(unit's place in the sequence, score 0..0.97) of the likeliest units, best first."""
        return list(_search(self, text, pool))

    def _scored(self, text: str, pool: int) -> tuple[tuple[int, float], ...]:
        place = read_place(text)
        if not place.names:
            return ()
        bare = strip_marks(" ".join(place.names))
        sizes = (len(place.names),) if place.sure else (1,) if bare in self._keys[1] else (3, 2, 1)
        rest = tuple(n for n in (3, 2, 1) if n not in sizes)
        province = self._province_at_end(bare.split())
        best: dict[int, float] = {}
        for attempt, lists, cutoff, enough in ((sizes, self._lists_of.get(province, {}), 60, 0.72), (sizes, self._lists, 70, 0.80),
                                               (rest, self._lists, 70, 0.75), ((3, 2, 1), self._lists, 45, 0.0)):
            for n in attempt:
                self._compare(place, n, lists.get(n, ()), cutoff, pool, best)
            if best and max(best.values()) > enough:
                break
        return tuple(sorted(best.items(), key=lambda ks: (-ks[1], ks[0]))[: pool * 2])

    def _province_at_end(self, words: Sequence[str]) -> str | None:
        """The province that the text ends with, spelled about right, if something stands before it."""
        best, found = 78.0, None
        for p in self._provinces:
            n = p.count(" ") + 1
            if n < len(words):
                near = fuzz.ratio(p, " ".join(words[-n:]), score_cutoff=best)
                if near > best:
                    best, found = near, p
        return found

    def _compare(self, place: WrittenPlace, n: int, keys: Sequence[str], cutoff: float, pool: int, best: dict[int, float]) -> None:
        query = " ".join(place.names)
        bare = strip_marks(query)
        for key, near, _ in process.extract(bare, keys, scorer=fuzz.ratio, processor=None, limit=pool, score_cutoff=cutoff):
            for k, marked in self._keys[n][key].items():
                similar = max((near + fuzz.ratio(query, marked)) / 200, 0.0098 * near if bare == query else 0.0)
                fits = not place.kinds[0] or self._units[k].kind == place.kinds[0]
                best[k] = max(best.get(k, 0.0), 0.93 * similar + (0.04 if fits else 0.0))


@lru_cache(maxsize=4096)
def _search(index: PlaceIndex, text: str, pool: int) -> tuple[tuple[int, float], ...]:
    return index._scored(text, pool)
