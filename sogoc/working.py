"""Works through batches in this process and says of each what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from pipelines.page_reading import DOSSIER
from pipelines.run import Outcome, end_dead_runs, open_instance, run_batch
from pipelines.services import Services
from sogoc.commands.shared import Bars
from sogoc.errors import WrongUse
from sogoc.failures import describe, one_line
from sogoc.language import t
from storage.models import Batch, Dossier, Page
from storage.overview import BatchFigures, batches
from storage.set_aside import DESK, explain

_BY_HAND = {"soKyHieu": ("số, ký hiệu", "number"), "ngayBanHanh": ("ngày ban hành", "date of issue")}
_AGAIN = ("reader_stopped", "reader_too_slow")


def check_batches(services: Services, wanted: Sequence[str]) -> None:
    """Raise WrongUse for a batch that is not there."""
    with services.database.reading() as session:
        known = set(session.scalars(sa.select(Batch.id).where(Batch.id.in_(wanted))))
    for batch_id in wanted:
        if batch_id not in known:
            raise WrongUse(f"Không có quyển {batch_id}. Xem: sogoc batch list", f"There is no batch {batch_id}. See: sogoc batch list")


def reopen_pages(services: Services, wanted: Sequence[str] | None) -> int:
    """Let pages the reader failed on be read again; how many."""
    query = sa.select(Page).where(Page.state == "set_aside", Page.reason.in_(_AGAIN))
    with services.database.session() as session:
        pages = session.scalars(query if not wanted else query.where(Page.batch_id.in_(wanted))).all()
        for page in pages:
            page.state, page.reason, page.detail = "stored", None, None
    return len(pages)


def work_on(services: Services, waiting: Sequence[str], bars: Bars, say: Callable[[str], None], lang: str) -> bool:
    """Run the job of each batch; a line or more each; False when something failed or a page was set aside."""
    good = True
    with open_instance(services) as instance:
        end_dead_runs(instance)
        for number, batch_id in enumerate(waiting, 1):
            bars.label = f"[{number}/{len(waiting)}] {batch_id}"
            outcome = run_batch(instance, services, batch_id, bars)
            good &= tell(services, outcome, say, lang)
    return good


def tell(services: Services, outcome: Outcome, say: Callable[[str], None], lang: str) -> bool:
    """Say how the batch stands; whether all is well with it."""
    with services.database.reading() as session:
        figures = next(b for b in batches(session) if b.id == outcome.batch_id)
        aside = session.scalars(
            sa.select(Page)
            .where(Page.batch_id == outcome.batch_id, Page.state == "set_aside")
            .where(Page.reason.not_like("rejected%"), Page.reason.not_in(tuple(DESK)))
            .order_by(Page.file, Page.frame)
        ).all()
    counts = outcome.counts
    if figures.kind == DOSSIER:
        say(tell_dossier(services, figures))
    else:
        say(tell_book(figures, counts))
    for page in aside:
        name = page.file if not page.frame else f"{page.file}#{page.frame + 1}"
        say(f"  ! {name}: {explain(page.reason, page.detail, 'vi' if lang == 'vi' else 'en')} [{page.reason}]")
    for name in outcome.failed_checks:
        say(t(f"  ! kiểm tra không đạt: {name}", f"  ! a check does not hold: {name}"))
    if outcome.error is not None:
        say("  ! " + one_line(describe(outcome.error, debug=False)))
    return outcome.success and not aside


def tell_book(figures: BatchFigures, counts: Mapping[str, Any]) -> str:
    accepted, unsure = counts.get("accepted", 0), counts.get("to_review", 0)
    vi = (
        f"{figures.id}: {figures.read} trang đã đọc, {figures.set_aside} để riêng; {accepted} liên kết chắc chắn, "
        f"{unsure} cần xem; {figures.review} bản ghi chờ rà soát, {figures.archived} đã lưu trữ."
    )
    en = (
        f"{figures.id}: {figures.read} pages read, {figures.set_aside} set aside; {accepted} links accepted, "
        f"{unsure} to review; {figures.review} entries wait for review, {figures.archived} archived."
    )
    return t(vi, en)


def tell_dossier(services: Services, figures: BatchFigures) -> str:
    from ocr.dossier import CONFIRM

    with services.database.reading() as session:
        row = session.scalar(sa.select(Dossier).where(Dossier.batch_id == figures.id))
    number = (row.fields.get("soKyHieu") if row else None) or "?"
    kept_vi, kept_en = ("đã lưu trữ", "archived") if row and row.archive_id else ("chưa lưu trữ", "not archived")
    vi = f"{figures.id}: hồ sơ số {number}, {figures.read} trang đã đọc, {figures.set_aside} để riêng, {kept_vi}."
    en = f"{figures.id}: dossier {number}, {figures.read} pages read, {figures.set_aside} set aside, {kept_en}."
    doubtful = [_BY_HAND[c] for c in (row.fields.get(CONFIRM) if row else None) or () if c in _BY_HAND]
    if doubtful:
        vi += f" Viết tay, cần người xem lại: {', '.join(d[0] for d in doubtful)}."
        en += f" Written by hand, to be looked at: {', '.join(d[1] for d in doubtful)}."
    return t(vi, en)
