"""Training lines cut from composed register pages exactly as the reader cuts them: neighbours' ink, remains of labels and all.

    python -m train.pages --data DATA --fonts FONTS --pages PAGES --work WORK [--books N] [--each N]

Pages are composed with the ink of the training writers (bench.composed); where a field's written text is its value and it stands on
one line, the reader's crop of it becomes a line with that label.
"""
from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from bench.composed import compose
from ocr import cleaning
from ocr.extraction import PageReader
from ocr.images import inspect, open_page
from ocr.registration import fit_form, read_labels
from ocr.straighten import straighten
from records.forms import load_forms
from train.data import as_label, split_writers, to_height

AS_WRITTEN = "HoTen", "DanToc", "QuocTich", "NoiCuTru", "NoiSinh", "QueQuan", "SoGiayToTuyThan", "SoDinhDanh", "quyenSo", "QuanHe"
LEAST_OVERLAP = 0.9


def cut(page: Path, form_id: str, values: dict[str, str], boxes: dict[str, list[int]], reader: PageReader) -> list[tuple[np.ndarray, str]]:
    """The page's lines whose text is known, at the network's height."""
    facts = inspect(page)
    straight = straighten(open_page(page.read_bytes(), facts.media_type, 0))
    fit = fit_form(straight, read_labels(straight), [load_forms()[form_id]], form_id)
    if fit is None:
        return []
    dark = cleaning.darkness(straight.rgb, fit.scale)
    found: dict[str, list[tuple[np.ndarray, tuple[int, int, int, int]]]] = {}
    for fitted, (line, box) in zip(fit.fitted, reader.lines_of(dark, fit), strict=True):
        if line is not None and fitted.blank.code:
            found.setdefault(fitted.blank.code, []).append((line, straight.box_to_original(box)))
    out = []
    for code, lines in found.items():
        text = as_label(str(values.get(code) or ""))
        if len(lines) != 1 or not text or code not in boxes or not code.endswith(AS_WRITTEN):
            continue
        (line, box), truth = lines[0], boxes[code]
        common = min(box[2], truth[2]) - max(box[0], truth[0])
        if common >= LEAST_OVERLAP * (truth[2] - truth[0]) and box[2] - box[0] < 1.4 * (truth[2] - truth[0]) + 40:
            out.append((to_height(line), text))
    return out


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--data", type=Path, required=True)
    p.add_argument("--fonts", type=Path, required=True)
    p.add_argument("--pages", type=Path, required=True, help="where the composed pages go")
    p.add_argument("--work", type=Path, required=True, help="train.fit's folder; the lines join its shards")
    p.add_argument("--books", type=int, default=8, help="books of each form")
    p.add_argument("--each", type=int, default=8, help="pages a book")
    p.add_argument("--seed", type=int, default=50)
    o = p.parse_args()
    writers, _ = split_writers(o.data)
    if not (o.pages / "truth.jsonl").exists():
        o.pages.mkdir(parents=True, exist_ok=True)
        fonts = [str(f.resolve().with_suffix("")) for f in sorted(o.fonts.rglob("*.ttf"))]
        compose(o.data, o.pages, fonts, o.books, o.each, o.seed, writers)
    boxes = {r["file"]: r["boxes"] for r in map(json.loads, (o.pages / "boxes.jsonl").read_text("utf-8").splitlines())}
    reader = TwoLayers()
    lines: list[tuple[np.ndarray, str]] = []
    for row in map(json.loads, (o.pages / "truth.jsonl").read_text("utf-8").splitlines()):
        lines += cut(o.pages / "books" / row["file"], row["form"], row["values"], boxes[row["file"]], reader)
        print(len(lines), row["file"], flush=True)
    np.savez(o.work / "train" / f"pages-{o.seed}.npz", pixels=np.concatenate([x for x, _ in lines], axis=1),
             widths=np.array([x.shape[1] for x, _ in lines]), labels=np.array([t for _, t in lines]), kinds=np.array(["page"] * len(lines)))


class TwoLayers(PageReader):
    """A reader that cuts lines for a model not yet there: both layers, the usual room."""

    def _line(self, crop, clean, fitted, scale):
        if clean is None or clean.box is None:
            return None, fitted.box
        x0, y0 = fitted.box[:2]
        left, top, right, bottom = clean.box
        return cleaning.layers(crop, clean, ("cleaned", "plain"), scale, 0.12), (x0 + left, y0 + top, x0 + right, y0 + bottom)


if __name__ == "__main__":
    main()
