"""Everything the review page shows of one entry, gathered from the database into plain values."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from portal import wording
from portal.comparison import SideBySide, compare
from portal.evidence_wording import evidence_words
from portal.field_text import choices, is_date, shown
from portal.link_sentence import link_reason
from portal.page_images import UprightBox, upright_box
from portal.wording import Pair
from records.forms import load_forms
from storage.link_states import waits
from storage.models import Batch, Entry, Field, Link, Page, Person, PopulationSnapshot
from storage.review_links import LinkFact, link_facts

_HIDDEN = {"ghiChu"}        # blanks that are shown only when something was read there


@dataclass(frozen=True)
class FieldView:
    """One editable value. sureness: person sure unsure doubtful missing; raw: the reader's own text if it says something else;
    why: what the value rests on."""

    code: str
    label: Pair
    value: str
    shown: str
    raw: str
    sureness: str
    percent: int
    box: UprightBox | None
    choices: tuple[tuple[str, Pair], ...]
    is_date: bool
    findings: tuple[Pair, ...]
    why: tuple[Pair, ...] = ()


@dataclass(frozen=True)
class SectionView:
    role: str
    title: Pair
    fields: tuple[FieldView, ...]


@dataclass(frozen=True)
class LinkView:
    """Who a role may be. state: decided (a person said so), accept, review, none. blind: to be decided without the machine's opinion, its
    candidates in no order. history: what people said of it, oldest first."""

    role: str
    title: Pair
    state: str
    personal_id: str | None
    table: SideBySide
    blind: bool
    reasons: tuple[Pair, ...]
    history: tuple[LinkFact, ...]


@dataclass(frozen=True)
class FindingView:
    severity: str
    message: Pair
    fields: tuple[str, ...]


@dataclass(frozen=True)
class ReviewItem:
    entry_id: int
    revision: int
    kind: str
    form: str | None
    number: str | None
    status: str
    page_id: int
    second_page_id: int | None
    file: str
    batch_id: str
    book_number: str | None
    registry_office: str | None
    verdict: str | None
    reasons: tuple[Pair, ...]
    sections: tuple[SectionView, ...]
    links: tuple[LinkView, ...]
    findings: tuple[FindingView, ...]

    @property
    def codes(self) -> list[str]:
        """What is shown, for the access log: the entry's fields, and whose candidates' population data (`me:population`)."""
        return [f.code for s in self.sections for f in s.fields] + [f"{x.role}:population" for x in self.links if x.table.rows]

    @property
    def doubtful(self) -> int:
        return sum(f.sureness in ("doubtful", "missing") for s in self.sections for f in s.fields)

    @property
    def undecided(self) -> int:
        return sum(x.state == "review" for x in self.links)


def review_item(session: Session, entry: Entry) -> ReviewItem:
    """The entry as the review page shows it; fields in the order of the form, those the form has but nobody read included, empty."""
    page = session.get_one(Page, entry.page_id, options=(defer(Page.text), defer(Page.draft)))     # long, and not shown
    batch = session.get_one(Batch, page.batch_id)
    rows = {f.code: f for f in entry.fields}
    written = {code: f.value for code, f in rows.items()}
    findings = tuple(FindingView(f.severity, (f.message_vi, f.message_en), tuple(f.fields)) for f in entry.findings)
    by_field: dict[str, list[Pair]] = {}
    for finding in findings:
        for code in finding.fields:
            by_field.setdefault(code, []).append(finding.message)
    views = {code: _field(code, rows.get(code), entry, page, tuple(by_field.get(code, ()))) for code in _codes(entry, rows)}
    groups, facts = wording.sections(views), link_facts(session, entry.id)
    return ReviewItem(
        entry.id, entry.revision, entry.kind, entry.form, entry.number, entry.status, page.id, entry.second_page_id, page.file, batch.id,
        batch.book_number or written.get("quyenSo"), batch.registry_office, (page.quality or {}).get("verdict"),
        tuple(wording.reason(r) for r in entry.reasons or ()),
        tuple(SectionView(g.role, wording.ROLES[g.role], tuple(views[c] for c in g.codes)) for g in groups),
        tuple(_link(session, x, written, facts) for x in sorted(entry.links, key=_link_order(entry))), findings)


def _codes(entry: Entry, rows: Mapping[str, Field]) -> list[str]:
    form = load_forms().get(entry.form or "")
    of_form = [b.code for b in form.blanks if b.code] + [t.code for t in form.ticks] if form is not None else []
    wanted = [c for c in dict.fromkeys(of_form) if c in rows or c not in _HIDDEN]
    return wanted + sorted(set(rows) - set(wanted))


def _field(code: str, row: Field | None, entry: Entry, page: Page, findings: tuple[Pair, ...]) -> FieldView:
    label, options = wording.field_label(code), choices(code, entry.kind, entry.form)
    if row is None:
        return FieldView(code, label, "", "", "", "missing", 0, None, options, is_date(code), findings)
    text = shown(code, row.value)
    raw = row.raw if row.raw and row.raw not in (row.value, text) else ""
    box = upright_box(row.box, page.width, page.height, page.rotation)
    return FieldView(code, label, row.value, text, raw, wording.sureness(row.confidence, row.source), round(row.confidence * 100), box,
                     options, is_date(code), findings, evidence_words(row.evidence or ()))


def _link_order(entry: Entry):
    form = load_forms().get(entry.form or "")
    order = {role: n for n, role in enumerate(form.roles)} if form is not None else {}
    return lambda link: (order.get(link.role, 99), link.role)


def _link(session: Session, link: Link, written: Mapping[str, str], facts: Sequence[LinkFact]) -> LinkView:
    blind = link.blind and waits(link)
    candidates = list(link.candidates or [])
    chosen = link.personal_id if link.decision == "accept" and not blind else None
    if link.personal_id is not None and all(c["personal_id"] != link.personal_id for c in candidates):
        candidates.append({"personal_id": link.personal_id, "probability": link.probability, "evidence": []})
    candidates = sorted(candidates, key=lambda c: -c["probability"])[:5]
    if blind:
        candidates.sort(key=lambda c: sha256(f"{link.id} {c['personal_id']}".encode()).digest())
    numbers = [c["personal_id"] for c in candidates]
    people = session.scalars(select(Person).join(PopulationSnapshot, Person.snapshot_id == PopulationSnapshot.id)
                             .where(PopulationSnapshot.state == "current", Person.personal_id.in_(numbers))) if numbers else ()
    state = "decided" if link.decided_by is not None else "review" if waits(link) else link.decision
    table = compare(link.role, written, candidates, {p.personal_id: p for p in people}, blind)
    reasons = () if blind else tuple(link_reason(r, _entries_named(session, r[1:])) for r in link.reasons or ())
    return LinkView(link.role, wording.ROLES.get(link.role, (link.role, link.role)), state, chosen, table, blind, reasons,
                    tuple(f for f in facts if f.role == link.role))


def _entries_named(session: Session, ids: Sequence[str]) -> dict[str, Pair]:
    """What to call entries in a sentence: by number and book."""
    numbers = [int(i) for i in ids if i.isdecimal() and len(i) < 12]      # a personal number is no entry
    query = select(Entry.id, Entry.number, Entry.kind, Batch.book_number, Batch.id).join(Page, Entry.page_id == Page.id).join(
        Batch, Page.batch_id == Batch.id).where(Entry.id.in_(numbers))
    out = {}
    for entry_id, number, kind, book, batch in session.execute(query):
        vi, en = wording.kind(kind)
        out[str(entry_id)] = (f"mục {vi.lower()} số {number or '?'} quyển {book or batch}",
                              f"{en.lower()} entry {number or '?'} of book {book or batch}")
    return out
