"""Everything the review page shows of one entry, gathered from the database into plain values."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session, defer

from portal import wording
from portal.decision_view import DecisionView, decision_views
from portal.evidence_wording import evidence_words
from portal.link_view import LinkView, link_views
from portal.page_images import UprightBox, upright_box
from portal.wording import Pair
from records.field_text import choices, is_date, shown
from records.forms import load_forms
from storage.entry_comments import Comment, comments
from storage.intake import SET_ASIDE
from storage.models import Batch, Entry, Field, Page
from storage.set_aside import explain
from storage.unsure_marks import UnsureMark, unsure_marks

_HIDDEN = {"ghiChu"}        # blanks that are shown only when something was read there


@dataclass(frozen=True)
class FieldView:
    """One editable value. sureness: person sure unsure doubtful missing, and of an archived entry, in which nothing is left to
    look at, settled or empty; raw: the reader's own text if it says something else; why: what the value rests on."""

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
class FindingView:
    severity: str
    message: Pair
    fields: tuple[str, ...]


@dataclass(frozen=True)
class ReviewItem:
    """set_aside: why the entry's page was given back or set aside, None for a page that is in use. row: where a table's row lies on the
    page, None for a page of one entry. pages: (id, file) of the page, and of the second one of an entry over two."""

    entry_id: int
    revision: int
    kind: str
    form: str | None
    number: str | None
    status: str
    pages: tuple[tuple[int, str], ...]
    row: UprightBox | None
    batch_id: str
    commune: str | None             # of the book, its code
    book_number: str | None
    registry_office: str | None
    set_aside: Pair | None
    verified: tuple[str, datetime] | None
    reasons: tuple[Pair, ...]
    sections: tuple[SectionView, ...]
    links: tuple[LinkView, ...]
    findings: tuple[FindingView, ...]
    unsure: tuple[UnsureMark, ...]
    comments: tuple[Comment, ...]
    decisions: tuple[DecisionView, ...]

    @property
    def page_id(self) -> int:
        return self.pages[0][0]

    @property
    def file(self) -> str:
        return self.pages[0][1]

    @property
    def codes(self) -> list[str]:
        """What is shown, for the access log: the entry's fields, and whose candidates' population data (`me:population`)."""
        fields = [f.code for s in self.sections for f in s.fields]
        decided = [code for d in self.decisions for code in d.codes]
        return [*dict.fromkeys([*fields, *decided]), *(f"{x.role}:population" for x in self.links if x.table.rows)]

    @property
    def contradictions(self) -> int:
        return sum(f.severity == "hard" for f in self.findings)

    @property
    def undecided(self) -> int:
        return sum(x.state == "review" for x in self.links)


def review_item(session: Session, entry: Entry) -> ReviewItem:
    """The entry as the review page shows it; fields in the order of the form, those the form has but nobody read included, empty."""
    page = session.get_one(Page, entry.page_id, options=(defer(Page.text), defer(Page.draft)))     # long, and not shown
    second = session.get(Page, entry.second_page_id) if entry.second_page_id is not None else None
    batch = session.get_one(Batch, page.batch_id)
    rows = {f.code: f for f in entry.fields}
    written = {code: f.value for code, f in rows.items()}
    findings = tuple(FindingView(f.severity, (f.message_vi, f.message_en), tuple(f.fields)) for f in entry.findings)
    by_field: dict[str, list[Pair]] = {}
    for finding in findings:
        for code in finding.fields:
            by_field.setdefault(code, []).append(finding.message)
    views = {code: _field(code, rows.get(code), entry, page, tuple(by_field.get(code, ()))) for code in _codes(entry, rows)}
    return ReviewItem(
        entry.id, entry.revision, entry.kind, entry.form, entry.number, entry.status,
        tuple((p.id, p.file) for p in (page, second) if p is not None), _row_box(entry, views), batch.id, batch.commune_code,
        batch.book_number or written.get("quyenSo"), batch.registry_office, _set_aside(page),
        (entry.verified_by, entry.verified_at) if entry.verified_by is not None and entry.verified_at is not None else None,
        tuple(wording.reason(r) for r in entry.reasons or ()),
        tuple(SectionView(g.role, wording.ROLES[g.role], tuple(views[c] for c in g.codes)) for g in wording.sections(views)),
        link_views(session, entry, written), findings, unsure_marks(session, [entry.id]).get(entry.id, ()),
        tuple(comments(session, entry.id)), decision_views(session, entry) if entry.status == "archived" else ())


def _set_aside(page: Page) -> Pair | None:
    if page.state != SET_ASIDE:
        return None
    return explain(page.reason, page.detail, "vi"), explain(page.reason, page.detail, "en")


def _row_box(entry: Entry, views: Mapping[str, FieldView]) -> UprightBox | None:
    """What the fields of a table's row cover together."""
    form = load_forms().get(entry.form or "")
    boxes = [v.box for v in views.values() if v.box is not None]
    if form is None or form.table is None or not boxes:
        return None
    x, y = min(b.x for b in boxes), min(b.y for b in boxes)
    return UprightBox(x, y, max(b.x + b.width for b in boxes) - x, max(b.y + b.height for b in boxes) - y)


def _codes(entry: Entry, rows: Mapping[str, Field]) -> list[str]:
    form = load_forms().get(entry.form or "")
    of_form = [b.code for b in form.blanks if b.code] + [t.code for t in form.ticks] if form is not None else []
    wanted = [c for c in dict.fromkeys(of_form) if c in rows or c not in _HIDDEN]
    return wanted + sorted(set(rows) - set(wanted))


def _field(code: str, row: Field | None, entry: Entry, page: Page, findings: tuple[Pair, ...]) -> FieldView:
    label, options, closed = wording.field_label(code), choices(code, entry.kind, entry.form), entry.status == "archived"
    if row is None:
        return FieldView(code, label, "", "", "", "empty" if closed else "missing", 0, None, options, is_date(code), findings)
    text = shown(code, row.value)
    raw = row.raw if row.raw and row.raw not in (row.value, text) else ""
    box = upright_box(row.box, page.width, page.height, page.rotation)
    sureness = wording.sureness(row.confidence, row.source)
    sureness = "settled" if closed and sureness != "person" else sureness
    return FieldView(code, label, row.value, text, raw, sureness, round(row.confidence * 100), box,
                     options, is_date(code), findings, evidence_words(row.evidence or ()))
