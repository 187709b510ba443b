"""What the page of differences shows of one entry: each differing value twice, without names, and its place on the image."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import wording
from portal.comparison import Piece, date_pieces, word_pieces
from portal.page_images import UprightBox, upright_box
from portal.wording import Pair
from records.field_text import choices, is_date, shown
from storage.differences import Difference
from storage.models import Batch, Entry, Page, Person, PopulationSnapshot
from storage.second_check_queue import Step

NOBODY: Pair = ("Không ai trong dữ liệu dân cư", "Nobody in the population data")
EMPTY: Pair = ("(để trống)", "(left empty)")


def check_address(step: Step | None, entry_id: int) -> str:
    """Where an entry's next step is done."""
    return f"/{'second-check' if step == 'open' else 'differences' if step == 'differs' else 'review'}/{entry_id}"


@dataclass(frozen=True)
class SideView:
    """One version. pieces: its text, what the other side does not say marked `other`; said: words instead, where it says nothing."""

    text: str
    pieces: tuple[Piece, ...]
    said: Pair | None


@dataclass(frozen=True)
class DifferenceView:
    key: str
    label: Pair
    left: SideView
    right: SideView
    box: UprightBox | None
    is_link: bool
    choices: tuple[tuple[str, Pair], ...]


@dataclass(frozen=True)
class DifferenceItem:
    entry_id: int
    revision: int
    kind: str
    number: str | None
    page_id: int
    file: str
    batch_id: str
    book_number: str | None
    registry_office: str | None
    differences: tuple[DifferenceView, ...]

    @property
    def codes(self) -> list[str]:
        """What is shown, for the access log."""
        return [d.key.partition(":")[2] if not d.is_link else f"{d.key.partition(':')[2]}:population" for d in self.differences]


def difference_item(session: Session, entry: Entry, differences: Sequence[Difference]) -> DifferenceItem:
    """Fields in the order of the form's people, as on the review page; people after them."""
    page = session.get_one(Page, entry.page_id)
    batch = session.get_one(Batch, page.batch_id)
    boxes = {f.code: upright_box(f.box, page.width, page.height, page.rotation) for f in entry.fields}
    people = _people(session, [n for d in differences if d.is_link for n in (d.left, d.right) if n])
    order = [code for group in wording.sections(f.code for f in entry.fields) for code in group.codes]
    ordered = sorted(differences, key=lambda d: (d.is_link, order.index(d.name) if d.name in order else len(order), d.name))
    return DifferenceItem(
        entry.id, entry.revision, entry.kind, entry.number, page.id, page.file, batch.id, batch.book_number, batch.registry_office,
        tuple(_link(d, people, boxes) if d.is_link else _field(d, entry, boxes.get(d.name)) for d in ordered))


def _field(d: Difference, entry: Entry, box: UprightBox | None) -> DifferenceView:
    options = choices(d.name, entry.kind, entry.form)
    named = {value: pair[0] for value, pair in options}
    texts = [named.get(v or "") or shown(d.name, v or "") for v in (d.left, d.right)]
    pieces = date_pieces if is_date(d.name) and all(texts) else word_pieces
    sides = [SideView(mine, tuple(p for p in pieces(theirs, mine) if p.kind != "lacks"), None if mine else EMPTY)
             for mine, theirs in (texts, texts[::-1])]
    return DifferenceView(d.key, wording.full_label(d.name), sides[0], sides[1], box, False, options)


def _link(d: Difference, people: dict[str, str], boxes: dict[str, UprightBox | None]) -> DifferenceView:
    sides = [SideView(f"{people.get(n, '')} {n}".strip(), (Piece(f"{people.get(n, '')} {n}".strip(), "same"),), None) if n
             else SideView("", (), NOBODY) for n in (d.left, d.right)]
    role = wording.ROLES.get(d.name, (d.name, d.name))
    label = (f"{role[0]}: là ai trong dữ liệu dân cư?", f"{role[1]}: who in the population data?")
    return DifferenceView(d.key, label, sides[0], sides[1], boxes.get(f"{d.name}HoTen"), True, ())


def _people(session: Session, numbers: list[str]) -> dict[str, str]:
    query = select(Person).join(PopulationSnapshot, Person.snapshot_id == PopulationSnapshot.id).where(
        PopulationSnapshot.state == "current", Person.personal_id.in_(numbers))
    return {p.personal_id: " · ".join(x for x in (p.name, shown("nksNgaySinh", p.birth_date or "")) if x)
            for p in session.scalars(query)} if numbers else {}
