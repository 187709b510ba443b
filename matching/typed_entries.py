"""Link entries that were typed into a spreadsheet: `sogoc match ENTRIES.csv OUT.csv`.

Columns are the Ministry's field codes, with `entry` for the row's own key; the kind of register is told from the codes (nks…, vo…, nkt…).
Dates may be written 2007-08-05, 5/8/2007 or 05.08.2007.
OUT has one row a role: entry, role, personal_id, probability, decision.
"""
from __future__ import annotations

import csv
import gzip
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from matching.decision import LinkDecision
from matching.entry import ROLES, Entry, entry_of
from matching.linker import Linker
from matching.policy import Policy
from matching.pool import link_books
from matching.population import PopulationIndex
from records.dates import parse_figures

_MANY = 3000            # entries for which starting more processes pays
OUT_COLUMNS = ("entry", "role", "personal_id", "probability", "decision")


class EntriesUnreadable(ValueError):
    """The file of typed entries cannot be read. code: not_utf8, not_gzip, no_rows, no_known_columns, no_entry_column or entry_twice."""

    def __init__(self, code: str, evidence: str) -> None:
        super().__init__(f"{code}: {evidence}")
        self.code, self.evidence = code, evidence


@dataclass(frozen=True)
class LinkFileReport:
    entries: int
    roles: int
    accepted: int
    review: int
    none: int


def link_file(entries_csv: Path, out_csv: Path, index: PopulationIndex, progress: Callable[[int, int], None] | None = None,
              processes: int = 1, policy: Policy | None = None) -> LinkFileReport:
    """Link every entry of a CSV (UTF-8, plain or gzip) and write the decisions; OUT appears only when it is complete. processes: how many
    share the work if the index is a file and the entries are many. policy: where links are accepted; without one the model's own threshold.

    Raises EntriesUnreadable. A newborn is accepted for one entry of the file only; another that claims it goes to review.
    """
    keys, entries = [], []
    for key, entry in _read(entries_csv):
        keys.append(key)
        entries.append(entry)
    if processes > 1 and index.path is not None and len(entries) >= _MANY:
        (decisions,) = link_books(index.path, [entries], processes, progress=partial(_tell, progress, len(entries)))
    else:
        decisions = Linker(index).link(entries, progress)
    temporary = out_csv.with_name(out_csv.name + ".part")
    counts = {"accept": 0, "review": 0, "none": 0}
    with open(temporary, "w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(OUT_COLUMNS)
        for key, by_role in zip(keys, decisions, strict=True):
            for said in by_role.values():
                decision = policy.decide(said) if policy else said
                counts[decision.decision] += 1
                writer.writerow(_row(key, decision))
        out.flush()
        os.fsync(out.fileno())
    os.replace(temporary, out_csv)
    return LinkFileReport(len(entries), sum(counts.values()), counts["accept"], counts["review"], counts["none"])


def _tell(progress: Callable[[int, int], None] | None, of: int, done: int) -> None:
    if progress:
        progress(done, of)


def _row(key: str, d: LinkDecision) -> tuple[str, str, str, str, str]:
    return key, d.role, d.personal_id or "", f"{d.probability:.6f}", d.decision


def _read(path: Path) -> Iterator[tuple[str, Entry]]:
    with open(path, "rb") as start:
        zipped = start.read(2) == b"\x1f\x8b"
    seen: set[str] = set()
    with gzip.open(path, "rt", encoding="utf-8-sig", newline="") if zipped else open(path, encoding="utf-8-sig", newline="") as lines:
        try:
            rows = csv.DictReader(lines)
            kind = _kind(rows.fieldnames or [])
            for row in rows:
                key = row.get("entry") or ""
                if not key or key in seen:
                    raise EntriesUnreadable("entry_twice" if key else "no_entry_column", f"{key or 'entry'}: {rows.line_num}")
                seen.add(key)
                yield key, entry_of(kind, {k: _as_date(v) if _is_date(k) else v for k, v in row.items() if k and v})
        except UnicodeDecodeError as error:
            raise EntriesUnreadable("not_utf8", str(error)) from error
        except (gzip.BadGzipFile, EOFError) as error:
            raise EntriesUnreadable("not_gzip", str(error)) from error
    if not seen:
        raise EntriesUnreadable("no_rows", path.name)


def _is_date(column: str) -> bool:
    return column.endswith("NgaySinh") or column == "ngayDangKy"


def _as_date(text: str) -> str:
    """A date typed the Vietnamese way as YYYY-MM-DD; everything else, misread figures and ages (28T) too, as it stands."""
    if not any(c in text for c in "/."):
        return text
    read = parse_figures(text)
    return str(read) if read else text


def _kind(columns: Sequence[str]) -> str:
    for kind, roles in ROLES.items():
        if any(c == roles[0] + "HoTen" for c in columns):
            return kind
    known = " / ".join(roles[0] + "HoTen" for roles in ROLES.values())
    raise EntriesUnreadable("no_known_columns", f"{', '.join(columns)[:200] or '-'}; {known}?")
