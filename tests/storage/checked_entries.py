"""Verified entries, people and policies to try second checks on."""
from __future__ import annotations

from storage import check_policy, review, second_check
from storage.accounts import add_user
from storage.check_policy import KindPolicy
from storage.models import Batch, Entry, Field, Link, Page, Person, PopulationSnapshot
from storage.policy import Actor

BOSS = Actor("quan.tri", "administrator")
LAN, HAI, BINH = (Actor(n, "reviewer") for n in ("tp.lan", "tp.hai", "tp.binh"))
DUYET, HEAD = Actor("tp.duyet", "approver"), Actor("xa.hoa", "commune_head", "21139")
TWICE = KindPolicy(checks=2)
MOTHERS = ("051185000001", "051185000002")
VALUES = (("so", "{n}", 0.99), ("nksHoTen", "Lê Thị Loan", 0.6), ("nksGioiTinh", "Nữ", 0.9), ("ngayDangKy", "2017-03-18", 0.99),
          ("nksQueQuan", "xã Nghĩa Kỳ", 0.8))


def seed(database, entries=1, link=True, kind="KS", commune="21139"):
    """A book of read entries; the mother's link of each waits for a decision if `link`. Returns their ids."""
    with database.session() as s:
        snapshot = PopulationSnapshot(source="p.csv", sha256="0" * 64, state="current")
        s.add_all([snapshot, Batch(id=f"{kind}.2017.01-{commune}", folder="", content_hash="0" * 64, kind=kind, commune_code=commune)])
        s.flush()
        s.add_all(Person(snapshot_id=snapshot.id, personal_id=p, name="TRẦN THỊ MẬN") for p in MOTHERS)
        ids = []
        for n in range(1, entries + 1):
            page = Page(batch_id=f"{kind}.2017.01-{commune}", file=f"{n:03d}.jpg", sha256=f"{n:064d}", size=1, state="read",
                        width=600, height=800)
            s.add(page)
            s.flush()
            entry = Entry(page_id=page.id, kind=kind, form=f"{kind}2016", status="review", risk=n / 10, number=str(n), year=2017)
            entry.fields = [Field(code=c, value=v.format(n=n), raw=v.format(n=n), confidence=p, source="ocr", evidence=["lattice"])
                            for c, v, p in VALUES]
            if link:
                entry.links = [Link(role="me", decision="review", probability=0.7, candidates=[
                    {"personal_id": p, "probability": q, "evidence": []} for p, q in zip(MOTHERS, (0.7, 0.2), strict=True)])]
            s.add(entry)
            s.flush()
            ids.append(entry.id)
    return ids


def people(database, *actors):
    with database.session() as s:
        for a in actors:
            add_user(s, a.name, None, a.role, a.commune_code, a.name)


def do(database, function, *args, **named):
    with database.session() as s:
        return function(s, *args, **named)


def policy(database, chosen, kind=check_policy.ALL):
    return do(database, check_policy.set_policy, BOSS, kind, chosen)


def verify(database, actor, entry_id, mother=MOTHERS[0], **values):
    """The first person: corrects these fields, chooses the mother, verifies."""
    for code, value in values.items():
        do(database, review.correct_field, actor, entry_id, code, value)
    with database.reading() as s:
        waits = any(x.decided_by is None for x in s.get(Entry, entry_id).links)
    if waits:
        do(database, review.decide_link, actor, entry_id, "me", mother)
    return do(database, review.verify_entry, actor, entry_id, acknowledge=True)


def check(database, actor, entry_id, mother=MOTHERS[0], **values):
    """The second person: enters these values, chooses the mother, has done."""
    for code, value in values.items():
        do(database, second_check.enter_field, actor, entry_id, code, value)
    with database.reading() as s:
        linked = bool(s.get(Entry, entry_id).links)
    if linked:
        do(database, second_check.enter_person, actor, entry_id, "me", mother)
    return do(database, second_check.answer, actor, entry_id)


__all__ = ["BINH", "BOSS", "DUYET", "HAI", "HEAD", "LAN", "MOTHERS", "TWICE", "check", "do", "people", "policy", "seed", "verify"]
