"""A book made before its first page is here, so that its sheet can be printed and pages find their way to it."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from records.filenames import parse_book_number
from storage import events
from storage.access_log import told
from storage.book_way import check_open
from storage.desk_errors import BookExists
from storage.models import Batch
from storage.policy import Actor, allows, communes_of
from storage.review_errors import NotAllowed, SeveralCommunes
from storage.scan_folder import check_declared, safe_name
from storage.search_keys import write_book_keys

ABOUT = ("loai", "nam", "quyenSo", "noiDangKy", "mau")


def commune_of_new_book(actor: Actor, said: str | None) -> str | None:
    """The commune a new book is of: the one said, else the only one in which the actor may bring books in; None: not one commune's.

    Raises NotAllowed for a commune that is not the actor's, SeveralCommunes where one of several has to be said.
    """
    mine = communes_of(actor, "batch.upload")
    if said:
        if mine is not None and said not in mine:
            raise NotAllowed(actor=actor.name)
        return said
    if mine is None:
        return actor.commune_code
    if len(mine) != 1:
        raise SeveralCommunes(actor=actor.name)
    return min(mine)


def make_book(session: Session, actor: Actor, name: str, about: Mapping[str, Any], commune: str | None) -> Batch:
    """An empty book of that name (an empty one: from kind, year and volume). Raises BookExists; ValueError for a wrong `about`."""
    if not allows(actor, "batch.upload", commune, about.get("loai") or None):
        raise NotAllowed(actor=actor.name)
    said = check_declared({k: about[k] for k in ABOUT if about.get(k) not in (None, "")})
    batch_id = safe_name(name.strip() or book_name(said))[:100]
    if session.get(Batch, batch_id) is not None:
        raise BookExists(batch=batch_id)
    batch = Batch(id=batch_id, folder="", content_hash="", declared=said, commune_code=commune, created_by=actor.name)
    _tell(batch, said)
    session.add(batch)
    session.flush()
    events.append(session, actor.name, "book.make", f"batch:{batch_id}", told(actor))
    return batch


def describe_book(session: Session, actor: Actor, batch: Batch, about: Mapping[str, Any]) -> None:
    """The officer corrects what is known of the book; an empty value leaves the machine to find it. Pages not read yet are read with it."""
    if not actor.may("batch.edit"):
        raise NotAllowed(actor=actor.name)
    check_open(session, batch.id)
    said = check_declared({k: about[k] for k in ABOUT if about.get(k) not in (None, "")})
    batch.declared = {**{k: v for k, v in batch.declared.items() if k not in ABOUT}, **said}
    _tell(batch, said)
    write_book_keys(session, batch.id)
    events.append(session, actor.name, "book.describe", f"batch:{batch.id}", {**told(actor), "fields": sorted(said)})


def book_name(about: Mapping[str, Any]) -> str:
    """KS.2017.01, as folders are named; parts nobody said are left out."""
    book = parse_book_number(str(about.get("quyenSo") or ""))
    volume = f"{book.number:02d}{book.suffix}" if book else ""
    year = about.get("nam") or (book.year if book else None)
    return ".".join(str(p) for p in (about.get("loai"), year, volume) if p) or "so-moi"


def _tell(batch: Batch, said: Mapping[str, Any]) -> None:
    batch.kind, batch.form = said.get("loai") or batch.kind, said.get("mau") or batch.form
    batch.year, batch.book_number = said.get("nam") or batch.year, said.get("quyenSo") or batch.book_number
    batch.registry_office = said.get("noiDangKy") or batch.registry_office
