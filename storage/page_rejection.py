"""A reviewer sends an entry's page back: it is set aside until it is scanned again, or left out."""
from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from storage.models import Entry, Event, Page
from storage.policy import Actor
from storage.review_errors import BadReason
from storage.review_steps import append
from storage.set_aside import evidence_text

REJECT_REASONS: dict[str, tuple[str, str]] = {      # code: Vietnamese, English
    "unreadable": ("Mờ, nhòe, không đọc được", "Blurred or faded, cannot be read"),
    "cut_off": ("Ảnh bị cắt mất chữ", "Writing is cut off"),
    "wrong_page": ("Trang của quyển khác", "A page of another book"),
    "two_pages": ("Hai trang trong một ảnh", "Two pages in one image"),
    "duplicate": ("Trùng với trang khác", "The same as another page"),
    "void_entry": ("Mục đã hủy, bỏ trống trong sổ", "Void or blank in the book"),
    "not_register": ("Không phải trang sổ hộ tịch", "Not a register page"),
    "other": ("Lý do khác", "Another reason"),
}
_MAX_NOTE = 500     # characters


def check_reason(reason: str) -> None:
    """Raises BadReason for what is none of REJECT_REASONS."""
    if reason not in REJECT_REASONS:
        raise BadReason(reason=reason[:40])


def reject(session: Session, actor: Actor, entry: Entry, reason: str, note: str) -> None:
    """Set the page of an entry that the actor holds aside; `note` is for people."""
    page = session.get_one(Page, entry.page_id)
    before = {"state": page.state, "reason": page.reason, "detail": page.detail}
    said = REJECT_REASONS[reason][0] + (f". {note.strip()[:_MAX_NOTE]}" if note.strip() else "")
    page.state, page.reason, page.detail = "set_aside", "rejected", evidence_text({"why": reason, "note": said})
    entry.lease_by = entry.lease_until = None
    append(session, actor, "page.reject", entry, {"page": page.id, "reason": reason}, before, {"state": page.state})


def undo_reject(session: Session, entry: Entry, event: Event, before: Any) -> None:
    page = session.get_one(Page, event.detail["page"])
    for name, value in before.items():
        setattr(page, name, value)
