"""A reviewer's question about a person of an entry: kept, then sent; what cannot be sent waits. An answer never touches the record."""
from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from records.personal_number import parse_personal_number
from storage import events
from storage.access_log import Purpose, log_access
from storage.database import Database
from storage.errors import Words
from storage.models import Entry, PopulationQuestion, utc_now
from storage.policy import Actor
from storage.population_query.connection import QueryConnection
from storage.population_query.errors import QueryError, QueryIncomplete, QueryRefused, QueryUnreachable
from storage.population_query.question import Question, new_id
from storage.review_queue import visible_entry

ACTOR = "population_query"
_LOG = logging.getLogger(__name__)
_NUMBERS = ("SoDinhDanh", "SoGiayToTuyThan")
_FIRST, _LONGEST = timedelta(minutes=1), timedelta(hours=2)
_AT_ONCE = 50


@dataclass(frozen=True)
class WhatFor:
    """service: public-service code (MaDVC); officer: who asks, by the name in the officers' file; dossier: the one-stop dossier."""

    service: str
    officer: str
    dossier: str


def ask_about(session: Session, actor: Actor, entry_id: int, role: str, what_for: WhatFor) -> PopulationQuestion:
    """The kept question about the person who stands in the entry in that role; `send` sends it. In the caller's unit of work.

    A question about the same person for the same dossier that still waits is not doubled. Raises NoSuchEntry (right `review`),
    QueryIncomplete: without service, officer and dossier, or a person to ask for, nothing is kept and nothing will be sent.
    """
    entry = visible_entry(session, actor, entry_id, "review")
    waiting = session.scalar(select(PopulationQuestion).where(
        PopulationQuestion.entry_id == entry_id, PopulationQuestion.role == role, PopulationQuestion.dossier == what_for.dossier,
        PopulationQuestion.state == "waiting"))
    if waiting is not None:
        return waiting
    asked = _asked(entry, role)
    question = Question(new_id(what_for.dossier), what_for.service, what_for.officer, what_for.dossier, **asked)
    row = PopulationQuestion(id=question.id, entry_id=entry_id, role=role, service=question.service, officer=question.officer,
                             dossier=question.dossier, asked=asked, asked_by=actor.name)
    session.add(row)
    session.flush()
    log_access(session, actor, "population.ask", f"entry:{entry_id}", _purpose(row), fields=[f"{role}:population"], request=row.id)
    return row


def send(database: Database, connection: QueryConnection, question_id: str, clock: Callable[[], datetime] = utc_now) -> PopulationQuestion:
    """Send one kept question now and keep what comes back; the row as it then is. One that has an answer is left as it is."""
    with database.reading() as session:
        row = session.get_one(PopulationQuestion, question_id)
    if row.state != "waiting":
        return row
    now = clock()
    values: dict[str, object] = {"tries": row.tries + 1}
    event = ""
    try:
        people = connection.ask(Question(row.id, row.service, row.officer, row.dossier, **row.asked))
        values |= {"state": "answered", "answer": [p.as_dict() for p in people], "answered_at": now, "problem": None, "said": None}
        event = "population.answer"
    except QueryUnreachable as e:
        given_up = row.tries + 1 >= connection.options.tries
        wait = min(_LONGEST, _FIRST * 2 ** min(row.tries, 20)) * random.uniform(0.5, 1.0)
        values |= {"problem": e.code, "next_at": now + wait, **({"state": "refused"} if given_up else {})}
        _LOG.warning("a question to the population database waits: %s", e.code)
    except QueryError as e:
        said = str(e.evidence.get("said", "")) if isinstance(e, QueryRefused) else ""
        values |= {"state": "refused", "problem": e.code, "said": said or None, "answered_at": now}
        event = "population.refused"
        _LOG.warning("a question to the population database was not answered: %s", e.code)
    with database.session() as session:
        settled = session.execute(update(PopulationQuestion).where(PopulationQuestion.id == row.id, PopulationQuestion.state == "waiting")
                                  .values(**values).returning(PopulationQuestion.id)).first()
        if event and settled is not None:
            count = len(values["answer"]) if "answer" in values else None       # type: ignore[arg-type]
            told = {"request": row.id, "service": row.service, "officer": row.officer, "dossier": row.dossier, "count": count,
                    "reason": values["problem"]}
            events.append(session, ACTOR, event, f"entry:{row.entry_id}", {k: v for k, v in told.items() if v is not None})
        return session.get_one(PopulationQuestion, row.id, populate_existing=True)


def send_waiting(database: Database, connection: QueryConnection, stopped: Callable[[], bool] = lambda: False,
                 clock: Callable[[], datetime] = utc_now) -> int:
    """Send what waits and is due; how many were answered or refused. Ends when nobody answers there."""
    with database.reading() as session:
        due = list(session.scalars(select(PopulationQuestion.id).where(
            PopulationQuestion.state == "waiting", PopulationQuestion.next_at <= clock()).order_by(PopulationQuestion.next_at)
            .limit(_AT_ONCE)))
    done = 0
    for question_id in due:
        if stopped():
            break
        if send(database, connection, question_id, clock).state == "waiting":
            break
        done += 1
    return done


def answers(session: Session, actor: Actor, entry_id: int) -> list[PopulationQuestion]:
    """Questions about an entry's people with what was answered, newest first, to be shown beside what is written. Raises NoSuchEntry."""
    visible_entry(session, actor, entry_id, "review")
    rows = list(session.scalars(select(PopulationQuestion).where(PopulationQuestion.entry_id == entry_id)
                                .order_by(PopulationQuestion.created_at.desc(), PopulationQuestion.id)))
    told = [r for r in rows if r.answer]
    if told:
        log_access(session, actor, "population.view", f"entry:{entry_id}", _purpose(told[0]),
                   fields={f"{r.role}:population" for r in told}, count=sum(len(r.answer) for r in told))
    return rows


def _purpose(row: PopulationQuestion) -> Purpose:
    return Purpose("population", row.dossier, row.service, row.officer)


def _asked(entry: Entry, role: str) -> dict[str, str]:
    """What the register and the accepted link say of the person: a number where there is one, name and birth."""
    values = {f.code: f.value for f in entry.fields}
    if not values.get(f"{role}HoTen"):
        raise QueryIncomplete(what=Words(f"người giữ vai trò {role} trong mục", f"a person who is {role} in the entry"))
    asked = {"name": values[f"{role}HoTen"], "born": values.get(f"{role}NgaySinh", "")}
    linked = next((x.personal_id for x in entry.links if x.role == role and x.decision == "accept" and x.personal_id), "")
    for text in (*(values.get(f"{role}{ending}", "") for ending in _NUMBERS), linked or ""):
        number = parse_personal_number(text) if text else None
        if number is not None:
            asked["personal_id" if len(number.digits) == 12 else "card"] = number.digits
            break
    return asked
