"""Links under a population that changes, and under books that come later: only what is concerned is looked at again."""
from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from matching.linker import Linker
from matching.population import PersonRecord
from pipelines import linking
from pipelines.pending import pending_batches
from pipelines.progress import NoProgress
from pipelines.services import Services
from records.record import DraftRecord, FieldValue
from storage import export
from storage.models import Batch, Entry, Link, LinkRecheck, Page, Person, PopulationSnapshot
from storage.population import import_population
from storage.population_file import HEADER
from storage.readings import SettledEntry, batch_entries, mark_progress, save_book
from tests.matching.families import BIRTH, CHILD, FATHER, MOTHER, PEOPLE

DEATH = {"noiDangKy": BIRTH["noiDangKy"], "ngayDangKy": "2015-02-03", "nktHoTen": "Nguyễn Thị An", "nktNgaySinh": "1960-01-01",
         "nktGioiTinh": "Nữ", "nktNoiCuTru": BIRTH["nksNoiSinh"]}


def population(path: Path, people: Sequence[PersonRecord]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as f:
        csv.writer(f).writerows([HEADER, *([getattr(p, c) for c in PersonRecord.__slots__] for p in people)])
    return path


def add_book(services: Services, batch_id: str, entries: Sequence[dict[str, str]]) -> None:
    """A book whose pages were read and settled: one entry a page."""
    with services.database.session() as session:
        session.add(Batch(id=batch_id, folder="", content_hash=batch_id, declared={}))
        session.flush()
        settled = []
        for k, values in enumerate(entries):
            page = Page(batch_id=batch_id, file=f"{batch_id}.{k:04d}.jpg", sha256=f"{batch_id}{k}".ljust(64, "0"), size=1, state="read")
            session.add(page)
            session.flush()
            fields = {code: FieldValue(text, text, 0.99) for code, text in values.items()}
            settled.append(SettledEntry(page.id, DraftRecord("KS" if "nksHoTen" in values else "KT", None, 1, fields)))
        save_book(session, batch_id, settled, f"settled {batch_id}", len(entries))
        mark_progress(session, batch_id, pages=str(len(entries)))


def link(services: Services, *batches: str) -> None:
    for batch_id in batches:
        linking.link(services, batch_id, NoProgress())


def links(services: Services, batch_id: str) -> dict[str, tuple[str | None, str]]:
    with services.database.reading() as session:
        return {x.role: (x.personal_id, x.decision) for e in batch_entries(session, batch_id) for x in e.links}


def rows(services: Services, batch_id: str) -> list[tuple[object, ...]]:
    """Everything a link says, row by row."""
    with services.database.reading() as session:
        query = sa.select(Link).join(Entry).join(Page, Entry.page_id == Page.id).where(Page.batch_id == batch_id).order_by(Link.id)
        return [tuple(json.dumps(getattr(x, c.key), default=str) for c in Link.__table__.columns) for x in session.scalars(query)]


def waiting(services: Services) -> set[str]:
    return {p.batch_id for p in pending_batches(services) if "link" in p.why}


@pytest.fixture
def linked(services: Services, tmp_path: Path) -> Services:
    """A birth and a death, linked to everybody."""
    import_population(services.database, population(tmp_path / "1.csv", PEOPLE))
    add_book(services, "birth", [BIRTH])
    add_book(services, "death", [DEATH])
    link(services, "birth", "death")
    assert {r: p for r, (p, _) in links(services, "birth").items()} == {
        "nks": CHILD.personal_id, "me": MOTHER.personal_id, "cha": FATHER.personal_id}
    assert waiting(services) == set()
    return services


def test_a_new_snapshot_of_the_same_people_asks_for_nothing(linked: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = rows(linked, "birth"), rows(linked, "death")
    import_population(linked.database, population(tmp_path / "2.csv", PEOPLE[::-1]))
    assert waiting(linked) == set()
    monkeypatch.setattr(Linker, "link", None)                        # nothing is scored
    link(linked, "birth", "death")
    assert (rows(linked, "birth"), rows(linked, "death")) == before


def test_only_the_entry_whose_person_changed_is_linked_again(linked: Services, tmp_path: Path) -> None:
    kept = rows(linked, "death")
    changed = [replace(p, residence="Phường Khác, Huyện Khác, Tỉnh Khác") if p is MOTHER else p for p in PEOPLE]
    snapshot = import_population(linked.database, population(tmp_path / "2.csv", changed))
    assert (snapshot.changed, snapshot.links_rechecked, snapshot.links_without_person) == (1, 1, 0)
    assert waiting(linked) == {"birth"}
    link(linked, "birth", "death")
    assert waiting(linked) == set() and rows(linked, "death") == kept
    assert links(linked, "birth")["me"][0] == MOTHER.personal_id
    with linked.database.reading() as session:
        assert {x.snapshot_id for e in batch_entries(session, "birth") for x in e.links} == {snapshot.id}
        assert session.scalar(sa.select(sa.func.count()).select_from(LinkRecheck)) == 0


def test_the_link_of_one_who_went_is_made_again_and_what_a_person_decided_stays(linked: Services, tmp_path: Path) -> None:
    with linked.database.session() as session:
        mine = next(x for x in batch_entries(session, "birth")[0].links if x.role == "cha")
        mine.decided_by, mine.decision = "an", "accept"
    snapshot = import_population(linked.database, population(tmp_path / "2.csv", [p for p in PEOPLE if p not in (CHILD, FATHER)]))
    assert (snapshot.went, snapshot.links_rechecked, snapshot.links_without_person) == (2, 2, 1)
    link(linked, "birth")
    found = links(linked, "birth")
    assert found["nks"][0] != CHILD.personal_id and found["cha"] == (FATHER.personal_id, "accept")


def test_links_follow_a_new_number(linked: Services, tmp_path: Path) -> None:
    with linked.database.session() as session:
        for x in batch_entries(session, "birth")[0].links:
            x.excluded = [CHILD.personal_id, "001001001001"] if x.role == "me" else []
        entry = batch_entries(session, "birth")[0]
        entry.status = "verified"
    new = "044307888888"
    people = [replace(p, personal_id=new) if p is CHILD else p for p in PEOPLE]
    snapshot = import_population(linked.database, population(tmp_path / "2.csv", people))
    assert (snapshot.renumbered, snapshot.came, snapshot.went, snapshot.changed) == (1, 0, 0, 0)
    assert links(linked, "birth")["nks"][0] == new and waiting(linked) == set()     # verified: only the number follows
    with linked.database.reading() as session:
        by_role = {x.role: x for x in batch_entries(session, "birth")[0].links}
        assert by_role["me"].excluded == [new, "001001001001"]
        assert CHILD.personal_id not in {c["personal_id"] for c in by_role["nks"].candidates}


def test_links_made_while_the_population_changed_are_made_again(services: Services, tmp_path: Path,
                                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    import_population(services.database, population(tmp_path / "1.csv", [p for p in PEOPLE if p is not CHILD]))
    add_book(services, "birth", [BIRTH])
    plain = Linker.link_book
    calls: list[int] = []

    def slow(self: Linker, *arguments: object) -> object:
        if not calls:
            import_population(services.database, population(tmp_path / "2.csv", PEOPLE))
        calls.append(len(self.index))
        return plain(self, *arguments)      # type: ignore[arg-type]

    monkeypatch.setattr(Linker, "link_book", slow)
    link(services, "birth")
    assert calls == [len(PEOPLE) - 1, len(PEOPLE)] and links(services, "birth")["nks"][0] == CHILD.personal_id


def test_a_new_book_changes_nobody_it_does_not_touch(linked: Services, tmp_path: Path) -> None:
    def exported() -> str:
        return "".join(json.dumps(line, sort_keys=True) for line in export_of("birth", "death"))

    def export_of(*batches: str) -> list[object]:
        with linked.database.reading() as session:
            return [line for line in export.lines(session) if line["batch"] in batches]

    before, kept = exported(), (rows(linked, "birth"), rows(linked, "death"))
    strangers = [{**DEATH, "nktHoTen": f"Trần Văn {given}", "nktGioiTinh": "Nam", "nktNgaySinh": f"19{70 + k}-02-0{k + 1}"}
                 for k, given in enumerate(("Minh", "Chi", "Dung", "Bình"))]
    add_book(linked, "later", strangers)
    assert waiting(linked) == {"later"}
    link(linked, "later")
    assert len(links(linked, "later")) == 1 and exported() == before and (rows(linked, "birth"), rows(linked, "death")) == kept


def test_the_people_of_the_snapshot_before_are_gone(linked: Services, tmp_path: Path) -> None:
    import_population(linked.database, population(tmp_path / "2.csv", PEOPLE[:5]))
    with linked.database.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Person)) == 5
        assert [s.state for s in session.scalars(sa.select(PopulationSnapshot).order_by(PopulationSnapshot.id))] == ["old", "current"]
