"""Ask the national population database about a person of an entry, and see the answer beside what the register says."""
from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from portal.context import Visitor, Who, page
from records.field_text import shown
from records.text import nfc
from storage.access_log import REVIEW, log_access
from storage.errors import StorageError
from storage.models import PopulationQuestion
from storage.population_query import QueryConnection, WhatFor, answers, ask_about, send
from storage.population_query.beside import LABELS, beside
from storage.population_query.errors import PROBLEMS, QueryNotConnected
from storage.review_errors import NoSuchEntry, NotAllowed
from storage.review_queue import visible_entry

router = APIRouter(prefix="/review", include_in_schema=False)
Code = Annotated[str, Form(max_length=80)]
_PEOPLE = ("nks", "me", "cha", "chong", "vo", "nkt", "cm", "nc", "nyc")


@router.get("/{entry_id}/population")
def look(entry_id: int, request: Request, who: Who) -> Response:
    who.must("review")
    return _shown(entry_id, request, who)


@router.post("/{entry_id}/population")
def ask(entry_id: int, request: Request, who: Who, role: Annotated[str, Form(max_length=8)] = "", service: Code = "",
        dossier: Code = "") -> Response:
    """Keep the question, in the reviewer's own name, and try to send it at once; without a network it waits and the page says so."""
    who.must("review")
    services = who.portal.services
    try:
        if services.population_query is None:
            raise QueryNotConnected()
        services.population_query.officer(who.actor.name)
        with services.database.session() as session:
            row = ask_about(session, who.actor, entry_id, role, WhatFor(service.strip(), who.actor.name, dossier.strip()))
        with QueryConnection(services.population_query) as connection:
            send(services.database, connection, row.id)
    except (NotAllowed, NoSuchEntry):       # refused and logged by the application
        raise
    except StorageError as e:
        return _shown(entry_id, request, who, 409, e.message(who.words.lang))
    return RedirectResponse(f"/review/{entry_id}/population", 303)


def _shown(entry_id: int, request: Request, who: Visitor, status: int = 200, problem: str = "") -> Response:
    with who.portal.services.database.session() as session:     # seeing an answer is a look, and logged
        entry = visible_entry(session, who.actor, entry_id, "review")
        written = {f.code: nfc(f.value) for f in entry.fields if f.value}
        questions = [_question(row, written, who) for row in answers(session, who.actor, entry_id)]
        people = [(r, written[f"{r}HoTen"]) for r in _PEOPLE if f"{r}HoTen" in written]
        beside_them = {line.code for q in questions for lines in q["people"] for line, _, _ in lines if line.written}
        seen = {f"{r}HoTen" for r, _ in people} | beside_them
        log_access(session, who.actor, "record.view", f"entry:{entry_id}", REVIEW, fields=seen)
        title = (entry.kind, entry.number)
    connected = who.portal.services.population_query
    known = connected is not None and who.actor.name in connected.officers
    return page(who, request, "population_query.html", status, entry_id=entry_id, title=title, people=people, questions=questions,
                problem=problem, labels=LABELS, connected=connected is not None, known=known)


def _question(row: PopulationQuestion, written: dict[str, str], who: Visitor) -> dict[str, Any]:
    people = [[(line, shown(line.code, line.written), shown(line.code, line.told)) for line in beside(row.role, written, person)]
              for person in row.answer]
    problem = row.problem or ""
    return {"row": row, "people": people, "why": who.words.pick(PROBLEMS[problem]) if problem in PROBLEMS else problem}
