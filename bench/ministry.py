"""Does the Ministry's delivery come back the same? Registers filled from their truth, delivered, imported into a second home, compared.

    python -m bench.ministry [DATA]        DATA: a folder with books/ and truth.jsonl (samples)

The truth's values are written as entries over the scanned pages (reading them would measure the reader, not the delivery); both homes are
real: SQLite and the embedded object store. Values are compared field by field in the two JSONL exports. Values that the template cannot
hold are told apart from values that changed: only the latter are differences, and they make the command end with 1.
"""
from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from records.record import DraftRecord, FieldValue
from storage.database import Database
from storage.embedded_store import EmbeddedStore
from storage.export import export_jsonl
from storage.intake import READ, add_folder
from storage.ministry.delivery import Delivery, Options, deliver
from storage.ministry.importing import Imported, import_workbook
from storage.models import Entry, Page, utc_now
from storage.objects import ObjectStore
from storage.outbox import ObjectLedger
from storage.readings import SettledEntry, write_entry

_Key = tuple[str, str, str, str]


@dataclass
class Outcome:
    """not_held: code -> values the template has no place for; differences: (code, entry's key) whose value changed or was lost."""

    entries: int = 0
    values: int = 0
    not_held: Counter[str] = field(default_factory=Counter)
    differences: list[tuple[str, _Key]] = field(default_factory=list)
    missing: list[_Key] = field(default_factory=list)
    images: int = 0


def fill(ledger: ObjectLedger, data: Path) -> int:
    """The books of DATA with their truth as verified entries; how many."""
    truth = [json.loads(line) for line in (data / "truth.jsonl").read_text("utf-8").splitlines()]
    batches = {p.name: add_folder(ledger.database, ledger, p).batch_id for p in sorted((data / "books").iterdir())}
    for line in truth:
        folder, _, file = line["file"].partition("/")
        with ledger.database.session() as session:
            page = session.scalars(sa.select(Page).where(Page.batch_id == batches[folder], Page.file == file)).one()
            page.state = READ
            kind = line["values"]["loai"]
            fields = {c: FieldValue(str(v), str(v), 1.0, "reviewer") for c, v in line["values"].items() if c != "loai" and str(v)}
            entry = Entry(page_id=page.id, row=line.get("row", 1), kind=kind, status="verified", verified_by="bench", verified_at=utc_now(),
                          reasons=[])
            session.add(entry)
            write_entry(session, entry, SettledEntry(page.id, DraftRecord(kind, line["form"], 1, fields)))
    return len(truth)


def take_in(ledger: ObjectLedger, folder: Path) -> list[Imported]:
    """Every Excel of a delivery with its ZIP."""
    found = sorted(p for p in folder.rglob("*.xlsx") if p.name != "kiem-tra.xlsx")
    return [import_workbook(ledger.database, ledger, p, [p.with_suffix(".zip")]) for p in found]


def compare(before: Path, after: Path, delivery: Delivery) -> Outcome:
    """The two exports, entry by entry."""
    ours, theirs = _lines(before), _lines(after)
    cannot = {(r.entry_id, c) for r in delivery.report.remarks if r.finding.code == "not_held" for c in r.finding.columns}
    out = Outcome(len(ours), missing=[k for k in ours if k not in theirs] + [k for k in theirs if k not in ours])
    held = Counter(c for _, c in cannot)
    for key, values in ours.items():
        for code, value in values.items():
            out.values += 1
            if theirs.get(key, {}).get(code) == value:
                continue
            if held[code]:
                held[code] -= 1
                out.not_held[code] += 1
            else:
                out.differences.append((code, key))
    return out


def _lines(path: Path) -> dict[_Key, Mapping[str, str]]:
    out = {}
    for line in map(json.loads, path.read_text("utf-8").splitlines()):
        values = {c: f["value"] for c, f in line["fields"].items()}
        out[(line["loai"], values.get("quyenSo", ""), values.get("so", ""), values.get("ngayDangKy", ""))] = values
    return out


def round_trip(first: ObjectLedger, second: ObjectLedger, data: Path, folder: Path) -> tuple[Delivery, list[Imported], Outcome]:
    """Fill, deliver, import, compare. folder: for the files between."""
    fill(first, data)
    delivery = deliver(first.database, first, folder / "moj", Options())
    imported = take_in(second, folder / "moj")
    for ledger, name in ((first, "a.jsonl"), (second, "b.jsonl")):
        export_jsonl(ledger.database, folder / name)
    outcome = compare(folder / "a.jsonl", folder / "b.jsonl", delivery)
    with second.database.reading() as session:
        outcome.images = session.scalar(sa.select(sa.func.count()).select_from(Page).where(Page.original_key.is_not(None))) or 0
    return delivery, imported, outcome


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("data", nargs="?", type=Path, default=Path("samples"))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sogoc-moj") as name:
        root, stores, ledgers = Path(name), [], []
        try:
            for home in ("a", "b"):
                (root / home).mkdir()
                stores.append(EmbeddedStore(root / home))
                objects = ObjectStore(stores[-1].ensure())
                objects.ensure_buckets()
                database = Database(root / home / "sogoc.db")
                database.upgrade()
                ledgers.append(ObjectLedger(database, objects))
            begin = time.monotonic()
            delivery, imported, outcome = round_trip(ledgers[0], ledgers[1], given.data, root)
            seconds = time.monotonic() - begin
            sizes = [i.file_size for p in (root / "moj").rglob("*.zip") for i in zipfile.ZipFile(p).infolist()]
        finally:
            for store in stores:
                store.stop()
    added, known, aside = (sum(x) for x in zip(*((i.added, i.known, len(i.aside) + len(i.bound.aside)) for i in imported), strict=True))
    print(f"{delivery.books} books, {delivery.entries} entries delivered")
    print(f"{added} imported, {known} known, {aside} set aside; {seconds:.0f} s")
    print(f"PDF page: mean {sum(sizes) / max(1, len(sizes)) / 1000:.1f} kB, largest {max(sizes, default=0) / 1000:.1f} kB")
    print(f"{outcome.images} images bound; {len(outcome.missing)} entries on one side only")
    print(f"{outcome.values} values compared: {len(outcome.differences)} differences")
    for code, count in sorted(outcome.not_held.items()):
        print(f"  the template has no place for {code}: {count}")
    for code, key in outcome.differences[:20]:
        print(f"  differs: {code} of {'.'.join(key[:3])}")
    return 1 if outcome.differences or outcome.missing or aside else 0


if __name__ == "__main__":
    sys.exit(main())
