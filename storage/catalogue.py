"""Rows of the database as plain data inside every package, so that the catalogue can be rebuilt from the object store alone."""
from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from storage.models import ArchiveCorrection, Base, Batch, Dossier, Entry, Page
from storage.models.base import UtcDateTime

FORMAT = "sogoc-catalogue/1"
T = TypeVar("T", bound=Base)
_ENTRY_FORGETS = ("lease_by", "lease_until", "archive_id", "status")    # archive_id: the package it is in; status: archived


def entry_rows(session: Session, entry: Entry, pages: Collection[Page], corrections: Collection[ArchiveCorrection] = ()) -> dict[str, Any]:
    """Everything needed to put an archived entry back: its book, pages, values, links, findings, and who else is on its page.

    others: number, row, kind and form of the other entries of the page, whose own packages may not exist yet.
    """
    others = session.execute(sa.select(Entry.id, Entry.row, Entry.kind, Entry.form)
                             .where(Entry.page_id == entry.page_id, Entry.id != entry.id).order_by(Entry.row)).all()
    return {"format": FORMAT, "batch": row(entry.page.batch), "pages": [row(p) for p in pages],
            "entry": row(entry, _ENTRY_FORGETS), "fields": [row(f, ("id", "entry_id")) for f in sorted(entry.fields, key=lambda f: f.id)],
            "links": [row(x, ("id", "entry_id")) for x in sorted(entry.links, key=lambda x: x.id)],
            "findings": [row(f, ("id", "entry_id")) for f in sorted(entry.findings, key=lambda f: f.id)],
            "others": [list(o) for o in others], "corrections": [row(c) for c in corrections]}


def dossier_rows(dossier: Dossier, batch: Batch, pages: Collection[Page]) -> dict[str, Any]:
    """As `entry_rows`, for an administrative dossier."""
    return {"format": FORMAT, "batch": row(batch), "pages": [row(p) for p in pages], "dossier": row(dossier, ("archive_id",))}


def row(thing: Base, without: Collection[str] = ()) -> dict[str, Any]:
    """A row's columns as plain data; times as ISO 8601."""
    out = {}
    for column in sa.inspect(type(thing)).columns:
        if column.key not in without:
            value = getattr(thing, column.key)
            out[column.key] = value.isoformat() if isinstance(value, datetime | date) else value
    return out


def revive(model: type[T], data: Mapping[str, Any], **more: Any) -> T:
    """The row again. Columns that this version of the program does not know are left out; those the data lacks get their defaults."""
    values: dict[str, Any] = {}
    for column in sa.inspect(model).columns:
        if column.key in data:
            value = data[column.key]
            if isinstance(value, str) and isinstance(column.type, UtcDateTime):
                value = datetime.fromisoformat(value)
            elif isinstance(value, str) and isinstance(column.type, sa.Date):
                value = date.fromisoformat(value)
            values[column.key] = value
    return model(**{**values, **more})

