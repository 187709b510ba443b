"""Which handwriting model of the province's own reads from now on: one fact of the installation, every change of it in the log."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from storage import events
from storage.models import Cursor
from storage.policy import Actor

_NAME = "handwriting-model"


def chosen_model(session: Session) -> str | None:
    """Id of the model that was chosen; None: nobody chose one, the program's preferred model reads."""
    row = session.get(Cursor, _NAME)
    return (row.value.get("model") or None) if row is not None else None


def choose_model(session: Session, actor: Actor, model: str | None, before: str, after: str) -> None:
    """Have `model` read from now on (None: the program's preferred one). before, after: ids of the models that read until now and from now
    on, for the log. The choice and its event are one transaction."""
    row = session.get(Cursor, _NAME)
    if row is None:
        row = Cursor(name=_NAME, value={})
        session.add(row)
    row.value = {"model": model} if model is not None else {}
    events.append(session, actor.name, "model.use", f"model:{after}", {"before": before})


def log_adapting(session: Session, actor: Actor, parent: str, outcome: str, detail: Mapping[str, Any]) -> None:
    """Write down that a model was adapted, or that it was tried. outcome: a stable code; detail: numbers."""
    events.append(session, actor.name, "model.adapt", f"model:{parent}", {"outcome": outcome, **detail})
