"""A form tried on scanned pages: is each page known as this form among all, and what was found of its labels and dotted lines."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ocr.errors import UnreadableFile
from ocr.form_overlay import draw_overlay
from ocr.images import open_page, sniff
from ocr.label_search import sight_labels
from ocr.placement import best_placement
from ocr.registration import LEAST_SCORE, fit_form, read_labels
from ocr.straighten import straighten
from records.forms import Form, page_forms


@dataclass(frozen=True)
class Trial:
    """One page. score: share of the form's label text found in place, other_score: the best of another form; least: what is needed.

    recognised: the page would be taken for this form. labels of all_labels, leaders of dotted blanks were seen. error: median mm that
    labels lie off. drawing: the PNG. reason: why the page could not be tried, both languages.
    """

    file: Path
    recognised: bool = False
    score: float = 0.0
    other: str = ""
    other_score: float = 0.0
    least: float = LEAST_SCORE
    error: float = 0.0
    labels: int = 0
    all_labels: int = 0
    leaders: int = 0
    dotted: int = 0
    drawing: Path | None = None
    reason: tuple[str, str] | None = None


def try_form(form: Form, pages: Path, out: Path) -> Iterator[Trial]:
    """Each page file of the folder by name; drawings go to `out` (made if missing) as <page>.<form>.png. A ruled table has none to draw."""
    files = sorted(f for f in pages.iterdir() if f.is_file() and f.suffix.lower() in (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".pdf"))
    if not files:
        yield Trial(pages, reason=("không có ảnh trang nào", "there is no page image"))
    for file in files:
        if form.table is not None:
            yield Trial(file, reason=("sổ kẻ cột được tìm theo đường kẻ, không thử ở đây",
                                      "a ruled table is found by its rules, not tried here"))
            continue
        try:
            yield _try(form, file, out)
        except UnreadableFile as e:
            yield Trial(file, reason=(e.message("vi"), e.message("en")))


def _try(form: Form, file: Path, out: Path) -> Trial:
    data = file.read_bytes()
    page = straighten(open_page(data, sniff(data)))
    words, scale = read_labels(page), page.dpi / 25.4
    placed = {f.id: best_placement(f, sight_labels(f.labels, words, scale), scale) for f in (form, *page_forms())}
    scores = {i: p.score if p else 0.0 for i, p in placed.items()}
    other = max((i for i in scores if i != form.id), key=lambda i: scores[i], default="")
    score, rival = scores[form.id], scores.get(other, 0.0)
    fit = fit_form(page, words, [form])
    mine = placed[form.id]
    if fit is None or mine is None or rival >= score:
        return Trial(file, score=score, other=other, other_score=rival)
    out.mkdir(parents=True, exist_ok=True)
    drawing = out / f"{file.stem}.{form.id}.png"
    part = drawing.with_name(drawing.name + ".part")
    part.write_bytes(draw_overlay(page, fit, frozenset(mine.found)))
    os.replace(part, drawing)
    dotted = [f for f in fit.fitted if f.blank.dotted and f.blank.code != "ghiChu"]
    return Trial(file, True, score, other, rival, LEAST_SCORE, fit.error, len(mine.found), len(form.labels), sum(f.leader for f in dotted),
                 len(dotted), drawing)
