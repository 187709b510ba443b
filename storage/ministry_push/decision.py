"""Deciding to send an archived entry to the Ministry's software, or to ask for a copy: the outbox's row, with the decision."""
from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from records.ministry.messages import MODULES, Facts, Requester
from storage.access_log import Purpose, log_access
from storage.corrections import current_values
from storage.errors import Words
from storage.ministry_push.errors import BadDossier, DossierKnown, NoSuchPush
from storage.models import Batch, Entry, MinistryPush, utc_now
from storage.policy import Actor
from storage.review_queue import visible_entry

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{3,79}")
HOLDS: Mapping[str, tuple[str, str]] = {            # why somebody keeps a dossier back: Vietnamese, English
    "hold_correction": ("chờ cải chính", "waits for a correction"), "hold_papers": ("chờ người dân bổ sung giấy tờ", "waits for papers"),
    "hold_not_needed": ("không cần gửi nữa", "need not be sent any more"), "hold_other": ("lý do khác", "another reason"),
}
_SUBJECT_ROLES = ("nks", "nkt", "chong", "nc")


def decide_to_send(session: Session, actor: Actor, entry_id: int, module: str, dossier: str, *, linked: str = "",
                   received: datetime | None = None, requester: Requester | None = None, with_copy: bool = False) -> MinistryPush:
    """The dossier's row in the outbox, made in the caller's unit of work; a worker sends it. The same decision again is the same row.

    module: LTKS, LTKT, LTKH (a registration) or BS (a copy is asked for); dossier: its one-stop code; linked: maHoSoLT, the same if left
    out; with_copy: the signed copy goes with it. A dossier that was refused, or is held, may be decided anew with what the register says
    now.
    Raises NoSuchEntry (right `approve`), BadDossier (also where the dossier waits, or was sent, with other content), DossierKnown.
    """
    entry = visible_entry(session, actor, entry_id, "approve")
    _check(entry, module, dossier, requester)
    if linked and not _is_code(linked):
        raise BadDossier(what=Words("mã hồ sơ liên thông không đúng dạng, ví dụ H21.129-250812-0035",
                                    "the linked dossier's code is malformed; as H21.129-250812-0035"))
    content = _content(session, entry, linked or dossier, received or utc_now(), requester, with_copy)
    row = _locked(session, dossier)
    if row is not None and (row.module, row.entry_id) != (module, entry_id):
        raise DossierKnown(dossier=dossier)
    if row is None:
        row = MinistryPush(module=module, dossier=dossier, entry_id=entry_id, content=content, decided_by=actor.name)
        session.add(row)
    elif row.state in ("dead", "held"):
        row.content, row.decided_by = content, actor.name
        _anew(row)
    elif row.content and _told(row.content) != _told(content):
        raise BadDossier(what=Words(f"hồ sơ {dossier} đã lập với nội dung khác; mở hồ sơ đó để xem, giữ lại hoặc gửi lại",
                                    f"dossier {dossier} was made with other content; open it to look, hold it or send it again"))
    else:
        return row
    session.flush()
    log_access(session, actor, "push.decide", f"entry:{entry_id}", Purpose("ministry", dossier), fields=content["values"], module=module)
    return row


def send_again(session: Session, actor: Actor, dossier: str) -> MinistryPush:
    """Put a dossier that was set aside, is held, or waits for a later try, at the head of the line. Raises NoSuchPush, BadDossier."""
    row, _ = _open(session, actor, dossier, ("dead", "held", "waiting"))
    _anew(row)
    session.flush()
    log_access(session, actor, "push.retry", f"entry:{row.entry_id}", Purpose("ministry", dossier))
    return row


def send_corrected(session: Session, actor: Actor, dossier: str) -> MinistryPush:
    """As `send_again`, with what the register says now in place of what was decided then. Raises NoSuchPush, BadDossier."""
    row, entry = _open(session, actor, dossier, ("dead", "held", "waiting"))
    _not_under_way(row)
    said, requester = row.content, requester_of(row.content)
    _check(entry, row.module, dossier, requester)
    row.content = _content(session, entry, said["linked"], datetime.fromisoformat(said["received"]), requester, bool(said.get("copy_of")))
    row.decided_by = actor.name
    _anew(row)
    session.flush()
    log_access(session, actor, "push.decide", f"entry:{entry.id}", Purpose("ministry", dossier), fields=row.content["values"],
               module=row.module)
    return row


def hold(session: Session, actor: Actor, dossier: str, reason: str) -> MinistryPush:
    """Keep a dossier from being sent until somebody sends it again. reason: of HOLDS. Raises NoSuchPush, BadDossier."""
    row, _ = _open(session, actor, dossier, ("dead", "waiting"))
    _not_under_way(row)
    if reason not in HOLDS:
        raise BadDossier(what=Words("chọn lý do giữ lại", "choose why it is held"))
    row.state, row.problem = "held", reason
    session.flush()
    log_access(session, actor, "push.hold", f"entry:{row.entry_id}", Purpose("ministry", dossier), hold=reason)
    return row


def _open(session: Session, actor: Actor, dossier: str, states: tuple[str, ...]) -> tuple[MinistryPush, Entry]:
    """The dossier's row, locked, and its entry, where the actor may decide it and it is in one of these states."""
    row = _locked(session, dossier)
    if row is None or row.entry_id is None:
        raise NoSuchPush(dossier=dossier)
    entry = visible_entry(session, actor, row.entry_id, "approve")
    if row.state not in states:
        taken = row.state in ("sent", "done")
        raise BadDossier(what=Words(f"{dossier} đã được tiếp nhận", f"{dossier} was taken already") if taken else
                         Words(f"{dossier} đang giữ lại", f"{dossier} is held already"))
    return row, entry


def _locked(session: Session, dossier: str) -> MinistryPush | None:
    """The row as it is once nobody else changes it: what the session read before may be old."""
    return session.scalar(select(MinistryPush).where(MinistryPush.dossier == dossier).with_for_update(),
                          execution_options={"populate_existing": True})


def _not_under_way(row: MinistryPush) -> None:
    """What a worker has in hand may be at the Ministry already."""
    if row.state == "waiting" and row.claimed_until is not None and row.claimed_until > utc_now():
        raise BadDossier(what=Words(f"{row.dossier} đang được gửi, thử lại sau ít phút",
                                    f"{row.dossier} is being sent; try again in some minutes"))


def facts_of(content: Mapping[str, Any]) -> Facts:
    """The entry's facts as the row keeps them."""
    return Facts(content["kind"], content["values"], content["units"], content["book"], content["office_code"], content["personal_id"])


def requester_of(content: Mapping[str, Any]) -> Requester:
    return Requester(**content["requester"])


def _is_code(text: str) -> bool:
    return bool(_CODE.fullmatch(text)) and ".." not in text and "//" not in text


def _told(content: Mapping[str, Any]) -> dict[str, Any]:
    """What the Ministry is told; when the papers were received is the moment of each decision."""
    return {k: v for k, v in content.items() if k != "received"}


def _anew(row: MinistryPush) -> None:
    row.state, row.tries, row.next_at, row.problem, row.said = "waiting", 0, utc_now(), None, []


def _check(entry: Entry, module: str, dossier: str, requester: Requester | None) -> None:
    if module not in MODULES or entry.kind not in MODULES[module]:
        offered = ", ".join(name for name, kinds in MODULES.items() if entry.kind in kinds)
        raise BadDossier(what=Words(f"mục loại {entry.kind} chỉ gửi được với: {offered or '(không có)'}",
                                    f"an entry of kind {entry.kind} goes as: {offered or '(none)'}"))
    if not _is_code(dossier):
        raise BadDossier(what=Words("mã hồ sơ không đúng dạng, ví dụ H21.129-250812-0035",
                                    "the dossier code is malformed; as H21.129-250812-0035"))
    if entry.status != "archived":
        raise BadDossier(what=Words(f"mục {entry.id} chưa lưu trữ", f"entry {entry.id} is not archived"))
    if module == "BS" and requester is not None and not 1 <= requester.copies <= 99:
        raise BadDossier(what=Words("số bản từ 1 đến 99", "1 to 99 copies"))
    if module == "BS" and (requester is None or not requester.name.strip()):
        raise BadDossier(what=Words("bản sao trích lục cần họ tên người yêu cầu và số bản",
                                    "a copy of an extract needs the requester's name and a number of copies"))


def _content(session: Session, entry: Entry, linked: str, received: datetime, requester: Requester | None,
             with_copy: bool) -> dict[str, Any]:
    batch = session.get(Batch, entry.batch_id or "")
    people = {x.role: x.personal_id for x in entry.links if x.decision == "accept" and x.personal_id}
    asks = requester or Requester()
    return {"kind": entry.kind, "values": {c: v for c, v in current_values(session, entry).items() if v},
            "units": {f.code: f.unit_code for f in entry.fields if f.unit_code}, "linked": linked, "received": received.isoformat(),
            "book": batch.book_number or "" if batch else "", "office_code": batch.commune_code or "" if batch else "",
            "personal_id": next((people[r] or "" for r in _SUBJECT_ROLES if r in people), ""),
            "requester": {"name": asks.name.strip(), "relation": asks.relation.strip(), "copies": asks.copies},
            "copy_of": entry.archive_id if with_copy else None}
