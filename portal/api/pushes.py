"""How far a dossier for the Ministry's software is, for the one-stop system whose dossier it is."""
from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel

from portal import push_wording
from portal.api.context import Inquiry, inquiry
from portal.api.problems import Problem, responses
from portal.notation import VIETNAM
from storage.ministry_push.listing import RESULT, push_of_dossier, stage_of

router = APIRouter(prefix="/pushes", tags=["pushes"])


class PushState(BaseModel):
    """state: waiting to be sent; held back by somebody; accepted by the Ministry ("đã được tiếp nhận"); finished, with a result; refused
    for its data, with the Ministry's `reasons`; stuck: given up for another reason, somebody must look. reason: in Vietnamese words, short.
    again: the Ministry said it had it before. result: number, book, page and day, where it gave them."""

    dossier: str
    module: Literal["LTKS", "LTKT", "LTKH", "BS"]
    state: Literal["waiting", "held", "accepted", "finished", "refused", "stuck"]
    reason: str | None
    reasons: list[str]
    again: bool
    tries: int
    decided_at: str
    accepted_at: str | None
    result: dict[str, str]


@router.get("/{dossier:path}", summary="Trạng thái hồ sơ gửi Bộ / How far a dossier for the Ministry is",
            responses=responses("missing_context", "not_authenticated", "not_permitted", "not_found", "invalid", "too_many"))
def push_state(dossier: Annotated[str, Path(max_length=80, description="Mã hồ sơ đã gửi / code of the dossier that was sent")],
               asked: Annotated[Inquiry, Depends(inquiry)]) -> PushState:
    """Scope push:status; dossiers whose code begins with that of the client's agency, of any where it has none. No field of the register is
    answered; each asking is logged with the entry it is about."""
    if not asked.actor.may("api.push"):
        raise Problem("not_permitted", "The token lacks the scope push:status.", "Mã truy cập thiếu phạm vi push:status.")
    with asked.desk.services.database.session() as session:
        push = push_of_dossier(session, dossier, asked.client.agency_code)
        if push is None:
            raise Problem("not_found", "No such dossier is for the Ministry here.", "Ở đây không có hồ sơ gửi Bộ mang mã này.")
        because, stage = push_wording.why(push), stage_of(push)
        asked.log(session, "push.state", f"entry:{push.entry_id}", code=push.dossier, module=push.module, fields=[])
        return PushState.model_validate({
            "dossier": push.dossier, "module": push.module, "state": stage, "reason": because[0] if because else None,
            "reasons": [str(line) for line in push.said] if stage == "refused" else [], "again": push.again, "tries": push.tries,
            "decided_at": push.created_at.astimezone(VIETNAM).isoformat(timespec="seconds"),
            "accepted_at": push.sent_at.astimezone(VIETNAM).isoformat(timespec="seconds") if push.sent_at else None,
            "result": {name: str(push.result[name]) for name in RESULT if push.result.get(name)}})
