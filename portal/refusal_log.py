"""What was refused to somebody, written into the log: which page of which record, never what was typed."""
from __future__ import annotations

from fastapi import Request
from sqlalchemy.orm import Session

from portal.context import Visitor
from storage.access_log import log_access
from storage.errors import StorageError
from storage.models import Batch, Extract

_RECORDS = {"entry_id": "entry", "page_id": "page", "dossier_id": "dossier"}        # path parameters that are numbers of records


def log_refusal(request: Request, error: StorageError) -> None:
    """One line for a signed-in person; nobody else gets that far."""
    who: Visitor | None = getattr(request.state, "visitor", None)
    if who is None:
        return
    route = request.scope.get("route")
    with who.portal.services.database.session() as session:
        log_access(session, who.actor, "access.refused", _subject(request, session), refused=error.code,
                   page=getattr(route, "path", "?"), method=request.method)


def _subject(request: Request, session: Session) -> str:
    for name, kind in _RECORDS.items():
        value = str(request.path_params.get(name, ""))
        if value.isdigit():
            return f"{kind}:{value[:18]}"
    extract = session.get(Extract, str(request.path_params.get("extract_id", ""))[:36])
    if extract is not None:
        return f"entry:{extract.entry_id}"
    batch = str(request.path_params.get("batch_id", ""))
    return f"batch:{batch if session.get(Batch, batch[:120]) is not None else '?'}" if batch else "portal"
