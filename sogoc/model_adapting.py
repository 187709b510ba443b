"""Adapting the handwriting model to a province's own hands, from the verified entries to the switch."""

from __future__ import annotations

import fcntl
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sogoc.errors import SogocError

if TYPE_CHECKING:
    from ocr.recogniser import ModelCard
    from pipelines.services import Services
    from sogoc.commands.shared import Bars
    from storage.accounts import Actor
    from storage.database import Database
    from storage.verified_crops import Crop
    from train.adapt import Adapted
    from train.adapt_tuning import Lines

WORK = ".adapting"
NEEDED = ("torch", "onnx")
LEAST_LINES = {"train": 40, "check": 8, "held_out": 20}
_STAGES = {
    "train": ("Học (lượt)", "Learning (passes)"),
    "compare": ("So sánh hai mô hình", "Comparing the models"),
}


class CannotAdapt(SogocError):
    """The model cannot be adapted, or not on this machine, or not yet."""

    code = "cannot-adapt"


@dataclass(frozen=True)
class Ready:
    """What there is to learn from, counted without opening a page: verified pages, their handwritten fields, books."""

    pages: int
    fields: int
    corrected: int
    books: int
    kinds: Mapping[str, int]


def models_folder(home: Path) -> Path:
    """Where the province's own models are kept."""
    return home / "models"


def parent_of(card: ModelCard) -> Path:
    """The folder of the model to start from. Raises CannotAdapt for one that is not kept in a form that can be adapted."""
    folder = card.file.parent
    if not (folder / "weights.npz").is_file():
        raise CannotAdapt(
            f"Mô hình {card.id} không dạy thêm được: không kèm bộ trọng số (weights.npz). Chọn mô hình khác: sogoc model list, "
            "sogoc model adapt --model ID.",
            f"The model {card.id} cannot be adapted: it comes without its weights (weights.npz). Name another: sogoc model list, "
            "sogoc model adapt --model ID.",
        )
    return folder


def need_torch() -> None:
    """Raises CannotAdapt where PyTorch is not installed, and says how to install it."""
    import sys

    missing = [name for name in NEEDED if not _installed(name)]
    if missing:
        names, how = ", ".join(missing), f"{sys.executable} -m pip install {' '.join(missing)}"
        raise CannotAdapt(
            f"Dạy thêm mô hình cần thêm thư viện {names}, chưa có trên máy này. Cài: {how} (bản CPU của PyTorch là đủ và nhẹ hơn, "
            "xem docs/vi/day-them-chu-viet.md).",
            f"Adapting a model needs {names}, not installed here. Install: {how} (the CPU build of PyTorch is enough and smaller, "
            "see docs/adapting.md).",
        )


def _installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ValueError:  # a module put aside on purpose
        return False


def count_ready(database: Database) -> Ready:
    """What `adapt` would look at."""
    from storage.verified_crops import chosen_pages, verified_pages

    with database.reading() as session:
        pages = chosen_pages(verified_pages(session))
    fields = [f for p in pages for f in p.fields]
    kinds = Counter(f.kind for f in fields)
    return Ready(len(pages), len(fields), sum(f.corrected for f in fields), len({p.batch_id for p in pages}), dict(sorted(kinds.items())))


@contextmanager
def alone(services: Services) -> Iterator[None]:
    """One adapting at a time. Raises CannotAdapt while another is at work."""
    path = services.home / "locks" / "adapt.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as f:
        try:
            fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CannotAdapt(
                "Đang có một lệnh sogoc model adapt khác chạy; đợi nó xong.", "Another sogoc model adapt is running; wait for it."
            ) from None
        yield


def adapt_model(
    services: Services, actor: Actor, card: ModelCard, reading: str, minutes: float, least: int, threads: int, seed: int, bars: Bars
) -> Adapted:
    """The whole work: crops, tuning, comparison, switch, log. reading: id of the model that reads now.

    What was cut from pages is removed at the end whatever came of it; a killed run leaves it and goes on with it.
    Raises CannotAdapt.
    """
    parent = parent_of(card)
    need_torch()
    models = models_folder(services.home)
    work = models / WORK
    work.mkdir(parents=True, exist_ok=True, mode=0o700)
    with alone(services):
        crops = _gather(services, actor, parent, work, bars)
        try:
            lines = _lines(crops, least)
        except CannotAdapt:
            shutil.rmtree(work)
            raise
        from train.adapt import NotAdaptable, adapt
        from train.adapt_tuning import Options

        def tell(stage: str, done: int, of: int) -> None:
            if stage not in begun:
                begun.add(stage)
                bars.stage(_STAGES[stage], of)
            bars.advance(max(0, done - told.get(stage, 0)))
            told[stage] = done

        begun: set[str] = set()
        told: dict[str, int] = {}
        options = Options(minutes=minutes, threads=threads, seed=seed)
        try:
            result = adapt(parent, lines, models, work, options, trained_on=_numbers(crops), tell=tell)
        except NotAdaptable as e:
            shutil.rmtree(work)
            raise CannotAdapt(
                f"Mô hình {card.id} không dạy thêm được: mạng hay bảng chữ của nó khác với chương trình này ({e.reason}).",
                f"The model {card.id} cannot be adapted: its network or letters are not those of this program ({e.reason}).",
            ) from e
        _settle(services, actor, card, reading, result)
        shutil.rmtree(work)
    return result


def _gather(services: Services, actor: Actor, parent: Path, work: Path, bars: Bars) -> list[Crop]:
    from ocr.extraction import PageReader
    from storage.verified_crops import gather

    reader = PageReader(str(parent))
    progress = bars.callback(("Cắt dòng chữ từ trang đã duyệt", "Cutting lines from verified pages"))
    return gather(services.database, services.objects, reader, work / "crops", actor, services.reading.dpi, progress)


def _lines(crops: Sequence[Crop], least: int) -> Lines:
    """The crops in their three parts. Raises CannotAdapt when there are too few, or of too few pages to be held out."""
    from storage.verified_crops import split
    from train.adapt_tuning import Lines
    from train.adapt_verdict import LEAST_GROUPS
    from train.sample import Sample

    parts = split(crops)
    if len(crops) < least:
        raise CannotAdapt(
            f"Mới có {len(crops)} dòng chữ đã duyệt dùng được, cần ít nhất {least}. Duyệt thêm rồi chạy lại (hoặc đặt --min-crops).",
            f"There are {len(crops)} usable verified lines, at least {least} are needed. Verify more and run again (or set --min-crops).",
        )
    held_out = parts["held_out"]
    books = len({c.batch_id for c in held_out})
    by_book = books >= LEAST_GROUPS
    groups = books if by_book else len({c.page_id for c in held_out})
    short = [name for name, found in parts.items() if len(found) < LEAST_LINES[name]]
    if short or groups < LEAST_GROUPS:
        raise CannotAdapt(
            f"Các dòng đã duyệt nằm trên quá ít trang để chừa ra {LEAST_GROUPS} trang mà so sánh. Duyệt thêm trang rồi chạy lại.",
            f"The verified lines are on too few pages to keep {LEAST_GROUPS} apart for the comparison. Verify more pages, run again.",
        )

    def samples(some: Sequence[Crop]) -> list[Sample]:
        return [Sample(c.line, c.text, c.batch_id if by_book else str(c.page_id)) for c in some]

    return Lines(samples(parts["train"]), samples(parts["check"]), samples(held_out))


def _numbers(crops: Sequence[Crop]) -> dict[str, Any]:
    """What the card says of the crops: counts, no words."""
    return {
        "verified_lines": len(crops),
        "corrected_lines": sum(c.corrected for c in crops),
        "pages": len({c.page_id for c in crops}),
        "books": len({c.batch_id for c in crops}),
        "kinds": dict(sorted(Counter(c.kind for c in crops).items())),
    }


def _settle(services: Services, actor: Actor, card: ModelCard, reading: str, result: Adapted) -> None:
    """Log what came of it, and switch to a better model in the same transaction."""
    from ocr.recogniser import use_models
    from storage.model_choice import choose_model, log_adapting

    outcome = "better" if result.model else "not_better" if result.verdict else "nothing_learned"
    detail = {"passes": result.passes, "model": result.model, **(result.verdict.figures() if result.verdict else {})}
    with services.database.session() as session:
        log_adapting(session, actor, card.id, outcome, detail)
        if result.model:
            choose_model(session, actor, result.model, reading, result.model)
    use_models(models_folder(services.home))
