"""Books made for counting: rows of the ledger without images, at times that are given."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from storage import events
from storage.models import ArchivePackage, Batch, Entry, Link, LinkCheck, Page, SecondCheck, StoredObject
from storage.policy import Actor

PROVINCE = Actor("so.tp", "administrator")
TRA_SON, TRA_THUY, LAND = "21139", "21145", "21172"  # communes of Quảng Ngãi as numbered before July 2025
AUGUST = datetime(2026, 8, 3, 2, tzinfo=UTC)  # a Monday, 9 o'clock in Vietnam


def add_book(
    session: Session,
    name: str,
    commune: str | None,
    *,
    kind: str = "KS",
    year: int | None = 2017,
    at: datetime = AUGUST,
    by: str = "xa.minh",
    read_after: timedelta | None = timedelta(hours=1),
    entries: int = 0,
    verified: int = 0,
    verified_after: timedelta = timedelta(hours=5),
    archived: int = 0,
    archived_after: timedelta = timedelta(hours=6),
    aside: tuple[str, ...] = (),
    waiting: int = 0,
) -> list[Entry]:
    """A book with a page an entry, the first `verified` of them verified, the first `archived` archived; pages aside and waiting."""
    session.add(
        Batch(
            id=name, folder="", content_hash="0" * 64, kind=kind, year=year, commune_code=commune, created_at=at, created_by=by, declared={}
        )
    )
    session.flush()
    if read_after is not None:
        events.append(session, "sogoc", "book.settle", f"batch:{name}", {"entries": entries}, at + read_after)
    made = []
    for n in range(entries):
        page = Page(batch_id=name, file=f"{n + 1:03d}.jpg", sha256=f"{name}-{n}"[:64], size=1, state="read")
        session.add(page)
        session.flush()
        entry = Entry(page_id=page.id, kind=kind, number=str(n + 1), year=year, status="review")
        if n < verified:
            entry.status, entry.verified_at, entry.verified_by = "verified", at + verified_after, "tp.lan"
        if n < archived:
            entry.status, entry.archive_id = "archived", f"{name}/{n}"
            archive(session, entry, at + archived_after)
        session.add(entry)
        made.append(entry)
    for n, reason in enumerate(aside):
        session.add(Page(batch_id=name, file=f"x{n}.jpg", sha256=f"{name}-x{n}", size=1, state="set_aside", reason=reason))
    for n in range(waiting):
        session.add(Page(batch_id=name, file=f"w{n}.jpg", sha256=f"{name}-w{n}", size=1, state="stored"))
    session.flush()
    return made


def archive(session: Session, entry: Entry, at: datetime) -> None:
    if session.get(StoredObject, "k") is None:
        session.add(StoredObject(key="k", bucket="archive", sha256="0" * 64, size=1, media_type="application/pdf", state="stored"))
        session.flush()
    session.add(ArchivePackage(id=entry.archive_id, subject="entry:0", manifest_key="k", pdf_key="k", original_key="k", created_at=at))


def add_link(session: Session, entry: Entry, role: str, decision: str, by: str | None = None) -> Link:
    link = Link(
        entry_id=entry.id, role=role, decision=decision, decided_by=by, personal_id="051185000001" if decision == "accept" else None
    )
    session.add(link)
    return link


def add_check(session: Session, entry: Entry, by: str, right: bool, at: datetime, *, blind: bool = False, withdrawn: bool = False) -> None:
    event = events.append(session, by, "link.decide", f"entry:{entry.id}", {"role": "me"}, at)
    session.add(
        LinkCheck(
            entry_id=entry.id,
            role="me",
            event_seq=event.seq,
            at=at,
            answer="051185000001",
            probability=0.9,
            rate=1.0,
            blind=blind,
            right=right,
            link_model="m",
            withdrawn=withdrawn,
        )
    )


def add_opinion(session: Session, entry: Entry, state: str, at: datetime, *, blind: bool = True) -> None:
    """A second check of the entry, answered then; `open` was not."""
    session.add(SecondCheck(entry_id=entry.id, policy_version=1, drawn="policy", blind=blind, needs="review", state=state, first_seq=1,
                            first_by="tp.lan", second_by="tp.hue", second_at=None if state == "open" else at))


def add_many(session: Session, seed: int, books: int = 12) -> None:
    """Books at random, the same of the same seed: communes (one unknown), kinds, years, times over three months, in every state."""
    draw = random.Random(seed)
    for n in range(books):
        entries = draw.randrange(6)
        verified = draw.randrange(entries + 1)
        made = add_book(
            session,
            f"b{seed}.{n}",
            draw.choice([TRA_SON, TRA_THUY, LAND, None]),
            kind=draw.choice(["KS", "KH", "KT"]),
            year=draw.choice([None, 1970, 1980, 2001, 2010, 2017]),
            at=AUGUST + timedelta(minutes=draw.randrange(90 * 1440)),
            by=draw.choice(["xa.minh", "xa.hoa"]),
            read_after=timedelta(minutes=draw.randrange(1, 5000)),
            entries=entries,
            verified=verified,
            verified_after=timedelta(minutes=draw.randrange(5000, 20000)),
            archived=draw.randrange(verified + 1),
            archived_after=timedelta(minutes=20001),
            aside=tuple(draw.choices(["empty_file", "rejected:cut_off"], k=draw.randrange(3))),
            waiting=draw.randrange(2),
        )
        for entry in made:
            add_link(session, entry, "me", draw.choice(["accept", "review", "none"]), draw.choice([None, "tp.lan"]))
            events.append(
                session,
                draw.choice(["tp.lan", "tp.hue"]),
                "entry.verify",
                f"entry:{entry.id}",
                {},
                AUGUST + timedelta(minutes=draw.randrange(90 * 1440)),
            )
            events.append(session, "client:mcdt", "copy.fetch", f"entry:{entry.id}", {"fields": ["copy"]}, AUGUST + timedelta(days=n))
