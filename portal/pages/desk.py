"""The officer's desk at one book: its pages with their verdicts, work on them, what the book lacks, its way to the province."""
from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy.orm import Session

from ocr.page_cut import parse_corners
from portal import desk_wording
from portal.batch_view import summary, visible_batch, visible_page
from portal.context import Visitor, Who, page
from portal.desk_view import desk_view
from portal.exchange import About
from portal.grant_wording import commune_choices
from portal.notation import VIETNAM
from portal.wording import KINDS, kind
from records.forms import load_forms
from storage import book_way, events, page_work
from storage.book_making import book_name, commune_of_new_book, describe_book, make_book
from storage.book_way import book_work, check_open
from storage.completeness import completeness, explain_hole
from storage.cover_sheet import cover_sheet, label_of
from storage.desk_errors import BookIncomplete, NoPageChange
from storage.file_checks import book_checks
from storage.models import Batch, Page, utc_now
from storage.review_errors import NoSuchEntry

router = APIRouter(prefix="/books", include_in_schema=False)
_RIGHTS = {"send": "batch.send", "receive": "review", "accept": "review", "return": "review"}
Note = Annotated[str, StringConstraints(max_length=500, strip_whitespace=True)]


class Said(BaseModel):
    """One change, as the page's script sends it; each address reads what it needs."""

    model_config = ConfigDict(extra="forbid")
    turn: int = 0
    corners: list[tuple[float, float]] | None = None
    mark: str | None = None
    part: str | None = None
    place: Annotated[int, Field(ge=1, le=100_000)] = 1
    hole: Annotated[str, StringConstraints(max_length=80)] = ""
    reason: Annotated[str, StringConstraints(max_length=12)] = ""
    note: Note = ""
    total: Annotated[int | None, Field(ge=0, le=100_000)] = None


class NewBook(About):
    name: Annotated[str, StringConstraints(max_length=100, strip_whitespace=True)] = ""


@router.get("/new")
def new_book(request: Request, who: Who) -> Response:
    who.must("batch.upload")
    return page(who, request, "new_book.html", communes=commune_choices(who.actor), kinds=KINDS, forms=_forms(), problem="")


@router.post("/new")
async def make(request: Request, who: Who) -> Response:
    """A book without pages yet, from the form; its desk follows, where its sheet is printed and pages are added."""
    who.must("batch.upload")
    said = {k: str(v).strip() for k, v in (await request.form()).items() if k in NewBook.model_fields and str(v).strip()}
    try:
        about = NewBook.model_validate(said)
    except ValueError:
        problem = who.words("Năm phải là bốn chữ số, ví dụ 2017.")
        return page(who, request, "new_book.html", 422, communes=commune_choices(who.actor), kinds=KINDS, forms=_forms(),
                    problem=problem)
    with who.portal.services.database.session() as session:
        batch = make_book(session, who.actor, about.name or book_name(about.model_dump()), about.model_dump(exclude={"name", "xa"}),
                          commune_of_new_book(who.actor, about.xa))
        batch_id = batch.id
    return RedirectResponse(f"/books/{batch_id}", 303)


@router.get("/{batch_id}")
def book(batch_id: str, request: Request, who: Who) -> Response:
    return _desk(batch_id, request, who, "desk.html")


@router.get("/{batch_id}/desk")
def desk(batch_id: str, request: Request, who: Who) -> Response:
    """The inside of the page alone, which its script asks for after each change and while something is going on."""
    return _desk(batch_id, request, who, "desk_body.html")


def _desk(batch_id: str, request: Request, who: Visitor, template: str) -> Response:
    who.must("batch.see")
    with who.portal.services.database.reading() as session:
        batch = visible_batch(session, who.actor, batch_id)
        view, checks = desk_view(session, who.actor, batch), book_checks(session, batch.id)
    if view.unlooked and who.portal.looks is not None:
        who.portal.looks.ask(batch_id)
    return page(who, request, template, view=view, checks=checks, say=desk_wording,
                trouble=who.portal.hub.trouble.get(batch_id) if who.portal.hub is not None else None, kinds=KINDS, forms=_forms())


@router.get("/{batch_id}/progress")
def progress(batch_id: str, who: Who) -> dict[str, int]:
    """Counts for the progress bar, asked for while a book is being read."""
    who.must("batch.see")
    with who.portal.services.database.reading() as session:
        found = summary(session, visible_batch(session, who.actor, batch_id))
    return {"pages": found.page_count, "waiting": found.waiting_to_be_read, "to_review": found.to_review, "done": found.done}


@router.post("/{batch_id}/pages/{page_id}/{what}")
def work(batch_id: str, page_id: int, what: str, said: Said, who: Who) -> dict[str, bool]:
    """turn, cut, mark, part, move or return one page."""
    right = "review" if what == "return" else "batch.edit"
    who.must(right)
    with who.portal.services.database.session() as session:
        row = _page_of(session, who, batch_id, page_id, right)
        actor = who.actor
        if what == "turn":
            page_work.turn_page(session, actor, row, said.turn)
        elif what == "cut":
            try:
                corners = parse_corners(said.corners) if said.corners is not None else None
            except ValueError as e:
                raise NoPageChange(page=page_id, what=f"cắt / cut ({e})") from None
            page_work.cut_page(session, actor, row, corners)
        elif what == "mark":
            page_work.mark_page(session, actor, row, said.mark)         # type: ignore[arg-type]
        elif what == "part":
            page_work.name_part(session, actor, row, said.part)         # type: ignore[arg-type]
        elif what == "move":
            page_work.move_page(session, actor, row, said.place)
        elif what == "return":
            book_way.give_page_back(session, actor, row, said.note)
        else:
            raise NoSuchEntry(entry=what)
    who.portal.begin(batch_id)
    return {"done": True}


@router.post("/{batch_id}/{what}")
def change(batch_id: str, what: str, said: Said, who: Who) -> dict[str, Any]:
    """undo, explain, total, or a step of the book's way: send receive accept return."""
    right = _RIGHTS.get(what, "batch.edit")
    who.must(right)
    with who.portal.services.database.session() as session:
        batch, actor = visible_batch(session, who.actor, batch_id, right), who.actor
        if what == "undo":
            page_work.undo_step(session, actor, batch_id)
        elif what == "explain":
            explain_hole(session, actor, batch, said.hole, said.reason, said.note)
        elif what == "total":
            check_open(session, batch_id)
            book_work(session, batch_id).declared_total = said.total
            events.append(session, actor.name, "book.total", f"batch:{batch_id}", {})
        elif what == "send":
            holes = completeness(session, batch).open_holes
            if holes:
                raise BookIncomplete(batch=batch_id, count=len(holes))
            book_way.send(session, actor, batch)
        elif what == "receive":
            book_way.receive(session, actor, batch)
        elif what == "accept":
            book_way.accept(session, actor, batch)
        elif what == "return":
            book_way.give_back(session, actor, batch, said.note)
        else:
            raise NoSuchEntry(entry=what)
    if what == "send" and who.portal.hub is not None:
        who.portal.hub.ask(batch_id)
    if what == "undo":
        who.portal.begin(batch_id)
    return {"done": True}


@router.put("/{batch_id}/about")
def about(batch_id: str, said: About, who: Who) -> dict[str, bool]:
    """What the officer corrects of the book's own facts."""
    with who.portal.services.database.session() as session:
        batch = visible_batch(session, who.actor, batch_id, "batch.edit")
        describe_book(session, who.actor, batch, said.model_dump(exclude={"batch", "replaces"}))
    who.portal.begin(batch_id)
    return {"done": True}


@router.get("/{batch_id}/cover.pdf")
def cover(batch_id: str, who: Who) -> Response:
    """The printed sheet that binds paper to this book; each printing is logged."""
    who.must("batch.upload")
    with who.portal.services.database.session() as session:
        batch = visible_batch(session, who.actor, batch_id, "batch.upload")
        pages = summary(session, batch).page_count
        label, now = label_of(batch, pages), utc_now()
        events.append(session, who.actor.name, "cover.print", f"batch:{batch_id}", {"pages": pages})
        data = cover_sheet(label, _title(batch, who), _facts(batch, pages, who), _notes(who), now.astimezone(VIETNAM))
    headers = {"Content-Disposition": 'inline; filename="to-bia.pdf"', "Cache-Control": "no-store"}
    return Response(data, media_type="application/pdf", headers=headers)


def _title(batch: Batch, who: Visitor) -> str:
    name = who.words.pick(kind(batch.kind))
    return f"{name} · {who.words('quyển')} {batch.book_number}" if batch.book_number else name


def _facts(batch: Batch, pages: int, who: Visitor) -> list[tuple[str, str]]:
    t = who.words
    said = [(t("Nơi đăng ký"), batch.registry_office), (t("Mã xã"), batch.commune_code), (t("Năm"), batch.year), (t("Mẫu sổ"), batch.form),
            (t("Số trang đã có"), pages or None), (t("Tên quyển"), batch.id)]
    return [(name, str(value)) for name, value in said if value]


def _notes(who: Visitor) -> list[str]:
    return [who.words("Đặt tờ này lên trên cùng khi quét, hoặc chụp tờ này trước rồi chụp các trang sổ."),
            who.words("Máy đọc mã ô vuông và đưa các trang vào đúng quyển; tờ này không tính là trang sổ."),
            who.words("Kẹp tờ này vào quyển sổ giấy để lần sau quét bổ sung.")]


def _page_of(session: Session, who: Visitor, batch_id: str, page_id: int, right: str) -> Page:
    row = visible_page(session, who.actor, page_id, right)
    if row.batch_id != batch_id:
        raise NoSuchEntry(entry=page_id)
    return row


def _forms() -> list[tuple[str, str]]:
    return [(f.id, f"{f.title} ({f.valid_from.year}–{f.valid_to.year if f.valid_to else ''})") for f in load_forms().values()]
