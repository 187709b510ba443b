"""The review queue as a spreadsheet, out and in again: one row a field or link that waits for a person.

A person fills the last column. A row that names an entry that has moved on since (its revision) is refused, the rest is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

from openpyxl import Workbook, load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from storage.access_log import REVIEW, log_access
from storage.database import Database
from storage.errors import StorageError
from storage.models import Entry
from storage.policy import Actor
from storage.review import correct_field, decide_link, queue, release, verify_entry
from storage.review_queue import QueueFilter, visible_entry

COLUMNS = ("ban_ghi", "lan_sua", "quyen", "tep", "so", "loai", "ma", "gia_tri_doc", "tin_cay", "gia_tri_dung")
_FIELD, _LINK, _VERIFY = "truong", "lien_ket", "xac_nhan"
NOBODY, YES = "khong", "co"
_CHUNK = 200


class SheetUnreadable(ValueError):
    """Not a spreadsheet this program wrote; evidence says why."""

    def __init__(self, evidence: str) -> None:
        super().__init__(evidence)
        self.evidence = evidence


@dataclass(frozen=True)
class Applied:
    """corrected fields, decided links, verified entries; refused: (row number, message of the error)."""

    corrected: int
    decided: int
    verified: int
    refused: tuple[tuple[int, StorageError], ...]


def export_queue(database: Database, out: Path, actor: Actor, batch_id: str | None = None) -> int:
    """Write the waiting entries; how many. Each entry: its fields, its links (best candidate and the others), a row to confirm it.

    Looking at people's records is logged, as in the portal.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet("ra-soat")
    sheet.append(COLUMNS)
    done, last = 0, None
    while True:
        with database.session() as session:
            items = queue(session, actor, QueueFilter("open", batch_id=batch_id), limit=_CHUNK, after=last)
            for item in items:
                entry = visible_entry(session, actor, item.entry_id)
                head = (entry.id, entry.revision, item.batch_id, item.file, entry.number or "")
                for f in sorted(entry.fields, key=lambda f: f.code):
                    sheet.append((*head, _FIELD, f.code, _text(f.value), round(f.confidence, 3), None))
                for link in sorted(entry.links, key=lambda x: x.role):
                    others = " | ".join(f"{c['personal_id']} {c['probability']:.3f}" for c in link.candidates)
                    sheet.append(
                        (
                            *head,
                            _LINK,
                            link.role,
                            others or NOBODY,
                            round(link.probability, 4),
                            link.decided_by and (link.personal_id or NOBODY),
                        )
                    )
                sheet.append((*head, _VERIFY, "", f"'{YES}' = đã đúng", None, None))
                seen = [f.code for f in entry.fields]
                log_access(session, actor.at("spreadsheet"), "record.view", f"entry:{entry.id}", REVIEW, fields=seen)
        done += len(items)
        if len(items) < _CHUNK:
            break
        last = items[-1].place
    book.save(out)
    return done


def import_decisions(database: Database, path: Path, actor: Actor) -> Applied:
    """Do what the last column says, an entry a transaction. Raises SheetUnreadable."""
    rows = _read(path)
    corrected = decided = verified = 0
    refused: list[tuple[int, StorageError]] = []
    by_entry: dict[int, list[tuple[int, Sequence[object]]]] = {}
    for number, row in rows:
        if row[9] not in (None, ""):
            by_entry.setdefault(int(str(row[0])), []).append((number, row))
    for entry_id, mine in by_entry.items():
        number = mine[0][0]
        try:
            with database.session() as session:
                revision = int(str(mine[0][1][1]))
                counts = [0, 0, 0]
                for _, row in sorted(mine, key=lambda r: r[1][5] == _VERIFY):
                    kind, code, value = str(row[5]), str(row[6] or ""), str(row[9]).strip()
                    entry: Entry | None = None
                    if kind == _FIELD:
                        entry = correct_field(session, actor, entry_id, code, "" if value == NOBODY else value, revision=revision)
                        counts[0] += 1
                    elif kind == _LINK:
                        entry = decide_link(session, actor, entry_id, code, None if value == NOBODY else value, revision=revision)
                        counts[1] += 1
                    elif kind == _VERIFY and value.lower() == YES:
                        entry = verify_entry(session, actor, entry_id, acknowledge=True, revision=revision)
                        counts[2] += 1
                    revision = entry.revision if entry is not None else revision
                release(session, actor, entry_id)
            corrected, decided, verified = corrected + counts[0], decided + counts[1], verified + counts[2]
        except StorageError as e:
            refused.append((number, e))
    return Applied(corrected, decided, verified, tuple(refused))


def _read(path: Path) -> list[tuple[int, Sequence[object]]]:
    try:
        book = load_workbook(path, read_only=True, data_only=True)
        rows = list(book.worksheets[0].iter_rows(values_only=True))
        book.close()
    except (OSError, BadZipFile, InvalidFileException, KeyError, ValueError, IndexError) as e:
        raise SheetUnreadable(type(e).__name__) from None
    if not rows or tuple(rows[0][:10]) != COLUMNS:
        raise SheetUnreadable(", ".join(COLUMNS))
    out: list[tuple[int, Sequence[object]]] = []
    for number, row in enumerate(rows[1:], 2):
        if row[0] is None:
            continue
        if not str(row[0]).isdigit() or not str(row[1]).isdigit():
            raise SheetUnreadable(f"{COLUMNS[0]}, {COLUMNS[1]}: {number}")
        out.append((number, (*row, *[None] * (len(COLUMNS) - len(row)))))      # a reader drops empty cells at the end
    return out


def _text(value: str) -> str:
    """A cell's text; one that a spreadsheet would take for a formula is kept from it."""
    return "'" + value if value[:1] in ("=", "+", "-", "@") else value
