"""A province for the guides' pictures: sample scans with their values and boxes, entries at every step, people of every role."""
from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from PIL import Image
from portal_house import PASSWORD, House
from sqlalchemy import select
from sqlalchemy.orm import Session

from pipelines.looking import look_at
from storage import accounts, book_way, check_policy, events, review, second_check
from storage.entry_comments import add_comment
from storage.intake import add_folder
from storage.models import Batch, Entry, Field, Link, Page, Person, User, utc_now
from storage.policy import Actor, Grant
from storage.population import import_population
from storage.report_plan import PlanLine, set_plan
from tests.storage.report_books import add_book, add_link

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
TRA_SON, TRA_THUY = "21139", "21145"
PEOPLE = (("xa.minh", "Nguyễn Văn Minh", Grant("commune_officer", frozenset({TRA_SON}))), ("tp.lan", "Trần Thị Lan", Grant("reviewer")),
          ("tp.hai", "Lê Quang Hải", Grant("reviewer")), ("tp.duyet", "Phạm Thị Duyên", Grant("approver")),
          ("kiem.toan", "Võ Thanh Tra", Grant("auditor")), ("qt.an", "Phạm Quốc An", Grant("administrator")))
LAN, HAI, BOSS = Actor("tp.lan", "reviewer"), Actor("tp.hai", "reviewer"), Actor("qt.an", "administrator")
MINH = Actor("xa.minh", "commune_officer", TRA_SON)
EVIDENCE = [["prior", "", -12.2], ["name", "same", 6.1], ["birth", "same year", 3.1], ["home", "agrees", 2.4]]
DOUBTS = {"nksNgaySinh": 0.55, "meHoTen": 0.71}


def settle_in(house: House) -> dict[str, list[int]]:
    """Fill the house; the entries of each scanned book, in order of its pages."""
    house.services = replace(house.services, archive=replace(house.services.archive, agency_name="Sở Tư pháp tỉnh Mẫu"))
    import_population(house.database, SAMPLES / "population.csv")
    with house.database.session() as s:
        for name, display, grant in PEOPLE:
            user = s.get(User, name)
            if user is None:
                accounts.add_user(s, name, PASSWORD, None, display_name=display)
            else:
                user.display_name = display
            if not accounts.grants_of(s, name):
                accounts.give(s, name, grant)
        accounts.give(s, "tp.duyet", Grant("commune_head", frozenset({TRA_SON, TRA_THUY}), frozenset({"KS", "KH"})))
        accounts.add_client(s, "mot-cua", ["KS:read", "KS:copy", "KH:read"], "Một cửa điện tử tỉnh", "H21.129")
        _past_months(s)
    return {name: _book(house, name) for name in ("KS.2017.01", "KH.2018.01")}


def _book(house: House, name: str) -> list[int]:
    """One sample book, looked at, with what the reader would have made of it."""
    add_folder(house.database, house.services.ledger, SAMPLES / "books" / name, commune=TRA_SON, actor="xa.minh")
    look_at(house.services, name, lambda: False)
    truth = {t["file"]: t for t in map(json.loads, (SAMPLES / "truth.jsonl").read_text("utf-8").splitlines())}
    boxes = {b["file"]: b["boxes"] for b in map(json.loads, (SAMPLES / "boxes.jsonl").read_text("utf-8").splitlines())}
    made = []
    with house.database.session() as s:
        events.append(s, "sogoc", "book.settle", f"batch:{name}", {"entries": 4})
        for page in s.scalars(select(Page).where(Page.batch_id == name).order_by(Page.file)).all():
            file = f"{name}/{page.file}"
            known, values = truth[file], truth[file]["values"]
            page.state, page.form = "read", known["form"]
            page.width, page.height = Image.open(SAMPLES / "books" / file).size
            page.quality = {"verdict": "good", "reasons": []}
            entry = Entry(page_id=page.id, kind=values["loai"], form=known["form"], number=str(values["so"]), year=int(name[3:7]),
                          status="review", risk=1.5 - 0.1 * len(made), reasons=_reasons(values))
            entry.fields = [Field(code=c, value=str(v), raw=str(v), confidence=DOUBTS.get(c, 0.98), source="ocr", box=boxes[file].get(c))
                            for c, v in values.items() if c != "loai" and v is not None]
            for role, number in known["link"].items():
                if number:
                    entry.links.append(_link(s, role, number, in_doubt=role in ("me", "vo")))
            s.add(entry)
            s.flush()
            made.append(entry.id)
    return made


def _reasons(values: dict[str, object]) -> list[list[str]]:
    return [*(["low_confidence", c] for c in DOUBTS if c in values), ["link_review", "vo" if "voHoTen" in values else "me"]]


def _link(s: Session, role: str, number: str, in_doubt: bool) -> Link:
    person = s.scalars(select(Person).where(Person.personal_id == number)).first()
    assert person is not None
    like = s.scalars(select(Person).where(Person.name.like(person.name.split()[0] + "%"), Person.personal_id != number).limit(2)).all()
    people = [{"personal_id": number, "probability": 0.71 if in_doubt else 0.9995, "evidence": EVIDENCE}]
    unlike = [["prior", "", -12.2], ["name", "else", -2.0]]
    people += [{"personal_id": p.personal_id, "probability": 0.08, "evidence": unlike} for p in like]
    decision = "review" if in_doubt else "accept"
    return Link(role=role, decision=decision, snapshot_id=person.snapshot_id, personal_id=number, probability=people[0]["probability"],
                linker_probability=people[0]["probability"], joint_probability=people[0]["probability"], candidates=people)


def _past_months(s: Session) -> None:
    """Books of the months before, without pictures, for the reports."""
    today = utc_now()
    for n, (commune, entries, done, stored, aside) in enumerate((
            (TRA_SON, 30, 30, 30, ("blurred", "cut_off")), (TRA_THUY, 24, 24, 20, ("empty_file",)), (TRA_SON, 36, 33, 26, ("duplicate",)),
            (TRA_THUY, 28, 21, 12, ("blurred", "blurred", "cut_off")), (TRA_SON, 40, 29, 15, ()))):
        for k, entry in enumerate(add_book(s, f"KS.201{n}.02", commune, year=2010 + n, at=today - timedelta(days=150 - 30 * n),
                                           entries=entries, verified=done, archived=stored, aside=aside)):
            if entry.status == "review":
                entry.reasons = [["low_confidence", "nksHoTen"]]
            if k % 3:
                add_link(s, entry, "me", ("accept", "accept", "review", "none")[k % 4])
    set_plan(s, BOSS, [PlanLine(c, "", f"{today.year}-{today.month:02d}", 3, 60) for c in (TRA_SON, TRA_THUY)])


def at_every_step(house: House, entries: list[int]) -> None:
    """Two checks for births: the first entry waits for a second person, in the second they differ; notes and looks are in the log."""
    with house.database.session() as s:
        check_policy.set_policy(s, BOSS, "KS", check_policy.KindPolicy(checks=2))
    waits, differs = entries[0], entries[1]
    for entry, typed in ((differs, "Đinh Thị Hương"), (waits, "")):
        with house.database.session() as s:
            if typed:
                review.correct_field(s, LAN, entry, "meHoTen", typed)
        with house.database.session() as s:
            link = s.scalars(select(Link).where(Link.entry_id == entry, Link.role == "me")).one()
            review.decide_link(s, LAN, entry, "me", link.personal_id)
        with house.database.session() as s:
            review.verify_entry(s, LAN, entry, acknowledge=True)
    with house.database.session() as s:
        number = s.scalars(select(Link.personal_id).where(Link.entry_id == differs, Link.role == "me")).one()
        second_check.take(s, HAI, differs)
        second_check.enter_person(s, HAI, differs, "me", number)
    with house.database.session() as s:
        second_check.answer(s, HAI, differs)
    with house.database.session() as s:
        entry = s.get_one(Entry, entries[2])
        review.log_view(s, LAN, entry, ["nksHoTen", "nksNgaySinh", "meHoTen"], "review")
        add_comment(s, LAN, entries[2], "Chữ lót của mẹ nhòe, xem lại trang gốc.")


def sent(house: House, name: str) -> None:
    with house.database.session() as s:
        book_way.send(s, MINH, s.get_one(Batch, name))
