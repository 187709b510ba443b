"""Two books with birth entries and a population, for the tests of links: what the linker says is made up, everything else is real."""
from __future__ import annotations

from sqlalchemy import delete, select

from matching.decision import Candidate, LinkDecision
from storage.links import save_links
from storage.models import Batch, Entry, Field, Link, Page, Person, PopulationSnapshot
from storage.policy import Actor

LAN = Actor("tp.lan", "reviewer")
PEOPLE = ("051317000001", "051317000002", "051185000003", "051185000004")


def population(database, people=PEOPLE, spouses=None):
    """Make these people the current snapshot; its id."""
    with database.session() as s:
        for old in s.scalars(select(PopulationSnapshot)):
            old.state = "old"
        s.execute(delete(Person))
        snapshot = PopulationSnapshot(source="p.csv", sha256="0" * 64, state="current")
        s.add(snapshot)
        s.flush()
        s.add_all(Person(snapshot_id=snapshot.id, personal_id=p, name="LÊ THỊ LOAN", birth_date="1985-04-02",
                         spouse_name=(spouses or {}).get(p, "")) for p in people)
        return snapshot.id


def book(database, name, entries=1, kind="KS", **fields):
    """A book whose entries are all alike but for their number; ids of the entries."""
    said = {"nksHoTen": "Lê Thị Loan", "nksNgaySinh": "2017-03-01", "ngayDangKy": "2017-03-18", "noiDangKy": "UBND xã Nghĩa Kỳ", **fields}
    ids = []
    with database.session() as s:
        s.add(Batch(id=name, folder="", content_hash=name.ljust(64, "0")[:64], kind=kind, commune_code="21139"))
        s.flush()
        for n in range(1, entries + 1):
            page = Page(batch_id=name, file=f"{n:03d}.jpg", sha256=f"{name}{n}".ljust(64, "0"), size=1, state="read")
            s.add(page)
            s.flush()
            entry = Entry(page_id=page.id, kind=kind, form=f"{kind}2016", number=str(n), year=2017)
            entry.fields = [Field(code=c, value=v, raw=v, confidence=0.99, source="ocr", evidence=[])
                            for c, v in {"so": str(n), **said}.items()]
            s.add(entry)
            s.flush()
            ids.append(entry.id)
    return ids


def answer(role, *candidates, held=(), accept=0.997, refuse=0.02):
    """What a linker would say: candidates (number, probability), likeliest first."""
    people = tuple(Candidate(p, x, (("name", "agrees", 3.0),)) for p, x in candidates)
    best = people[0] if people else None
    if best is None or best.probability < refuse:
        return LinkDecision(role, None, best.probability if best else 0.0, "none", people)
    verdict = "accept" if best.probability >= accept and not held else "review"
    return LinkDecision(role, best.personal_id, best.probability, verdict, people, held)


def link(database, batch, answers, snapshot=None):
    """Save what the linker says: entry -> decisions."""
    with database.session() as s:
        save_links(s, batch, {e: {d.role: d for d in said} for e, said in answers.items()}, snapshot, "mark")


def links(database):
    """(entry, role) -> the link's row."""
    with database.reading() as s:
        return {(x.entry_id, x.role): x for x in s.scalars(select(Link).order_by(Link.id))}


def do(database, function, *args, **named):
    with database.session() as s:
        return function(s, *args, **named)
