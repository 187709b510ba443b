"""A whole register book: pages of a form, written by the book's hand, worn alike, with batch.json in the folder and the truth beside it."""
from __future__ import annotations

import json
import os
import re
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw

from records.forms import Blank, Form, Tick, load_forms
from samples.entries import Clerk, Entry
from samples.hands import Hand, draw_hand
from samples.ink import InkLine, write
from samples.press import dots_of, page_size, pixels, print_mask
from samples.wear import Wear, bleed_through, book_wear, draw_wear, placement, press_ink, scan, shade, sheet, stamp_mask

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Book:
    """What the pages of one book share. `office`: who registers ("UBND Xã Nghĩa Sơn, Huyện Tư Nghĩa, Quảng Ngãi")."""

    form: Form
    year: int
    office: str
    hand: Hand
    wear: Wear
    level: int
    dpi: float = 200.0


@dataclass(frozen=True)
class Page:
    """A composed page. `boxes`: field code to x0, y0, x1, y1, pixels of the scanned page. `writing`: its ink, for the back of the next.
    `placement`: 3×3, from pixels of the flat sheet to pixels of the scanned page."""

    jpeg: bytes
    boxes: dict[str, Box]
    writing: np.ndarray
    placement: np.ndarray


class _Sheet:
    """The page while it is written: one ink mask a colour, and where each value lies."""

    def __init__(self, book: Book, rng: np.random.Generator) -> None:
        self.book, self.rng, self.dpi = book, rng, book.dpi
        self.shape = page_size(book.form, book.dpi)
        self.inks: dict[tuple[int, int, int], np.ndarray] = {}
        self.spans: dict[str, list[Box]] = {}

    def layer(self, colour: tuple[int, int, int]) -> np.ndarray:
        return self.inks.setdefault(colour, np.zeros(self.shape, np.uint8))

    def put(self, line: InkLine, x: float, y: float, colour: tuple[int, int, int], code: str | None) -> None:
        """The written line with its pen start at (x, y), pixels; what falls off the paper is lost."""
        mask, layer = line.mask, self.layer(colour)
        left, top = round(x) - line.left, round(y) - line.baseline
        y0, x0 = max(0, -top), max(0, -left)
        y1, x1 = min(mask.shape[0], layer.shape[0] - top), min(mask.shape[1], layer.shape[1] - left)
        if y1 <= y0 or x1 <= x0: return
        part = layer[top + y0:top + y1, left + x0:left + x1]
        np.maximum(part, mask[y0:y1, x0:x1], out=part)
        if code: self.spans.setdefault(code, []).append((left + line.box[0], top + line.box[1], left + line.box[2], top + line.box[3]))

    def fill(self, blank: Blank, text: str, hand: Hand) -> None:
        """Write `text` into the blank, starting a little after its first dot, resting a little above the dots."""
        x0, x1, y = (pixels(v, self.dpi) for v in (blank.x0, blank.x1, blank.y))
        room = x1 - x0
        lead = min(self.rng.uniform(0.3, 3.5) / 25.4 * self.dpi, 0.15 * room)
        line = write(text, hand, self.rng, self.dpi, width=max(0.3 * self.dpi, room - lead + 0.04 * self.dpi))
        spare = room - lead - (line.box[2] - line.box[0])
        if spare > 0.5 * self.dpi and blank.type not in ("signer", "date_words") and self.rng.random() < 0.12:
            lead += self.rng.uniform(0, 0.3) * spare
        rise = np.clip(self.rng.normal(0.45, 0.4), -0.6, 1.8) / 25.4 * self.dpi
        self.put(line, x0 + lead, y - rise, hand.ink, blank.code)

    def tick(self, tick: Tick) -> None:
        """Cross the square, or tick it, by hand."""
        rng, d = self.rng, pixels(tick.size, self.dpi)
        x, y = pixels(tick.x, self.dpi), pixels(tick.y, self.dpi)
        cross, hook = [((0.1, 0.1), (0.9, 0.9)), ((0.9, 0.1), (0.1, 0.9))], [((0.1, 0.5), (0.4, 0.95)), ((0.4, 0.95), (1.2, -0.2))]
        strokes = cross if rng.random() < 0.85 else hook
        for ends in strokes:
            a, b = ((int(16 * (x + d * (u + rng.normal(0, 0.09)))), int(16 * (y + d * (v + rng.normal(0, 0.09))))) for u, v in ends)
            cv2.line(self.layer(self.book.hand.ink), a, b, 230, max(1, round(0.3 / 25.4 * self.dpi)), cv2.LINE_AA, shift=4)


def _parts(text: str, blanks: Sequence[Blank], hand: Hand) -> list[tuple[Blank, str]]:
    """What stands in each of the blanks that hold one value: figures one group a blank where print stands between them (ngày, tháng, năm;
    giờ, phút), else words over the lines."""
    figures = re.findall(r"\d+", text)
    if len(figures) == len(blanks) > 1 and not re.search(r"[^\W\d]", text): return list(zip(blanks, figures, strict=True))
    return _note_lines(text, blanks, hand)


def _note_lines(text: str, blanks: Sequence[Blank], hand: Hand) -> list[tuple[Blank, str]]:
    """The note's words over its lines: as many on each as its width takes."""
    if len(blanks) < 2: return [(b, text) for b in blanks]
    per_word = 2.6 * hand.x_height
    words, out = text.split(), []
    for i, blank in enumerate(blanks):
        take = len(words) if i == len(blanks) - 1 else 0
        while take < len(words) and (take == 0 or len(" ".join(words[:take + 1])) * per_word * 0.36 < blank.x1 - blank.x0): take += 1
        if words[:take]: out.append((blank, " ".join(words[:take])))
        words = words[take:]
    return out


def _stamp(page: np.ndarray, book: Book, wear: Wear, rng: np.random.Generator) -> None:
    if not wear.stamp or book.form.stamp is None: return
    unsigned = [b for b in book.form.blanks if b.code is None]
    if unsigned and rng.random() < 0.3:       # over the signature, as the rule is
        cx, cy = unsigned[-1].x0 + rng.uniform(0, 12), unsigned[-1].y + rng.uniform(-4, 8)
    else: cx, cy = book.form.stamp[0] + rng.normal(0, 9), book.form.stamp[1] + rng.normal(0, 4)
    mask = stamp_mask(book.office.split(",")[0].upper(), book.dpi, rng)
    full = np.zeros((page.shape[0], page.shape[1]), np.uint8)
    top, left = round(pixels(cy, book.dpi) - mask.shape[0] / 2), round(pixels(cx, book.dpi) - mask.shape[1] / 2)
    y1, x1 = min(full.shape[0], top + mask.shape[0]), min(full.shape[1], left + mask.shape[1])
    full[top:y1, left:x1] = mask[:y1 - top, :x1 - left]
    press_ink(page, full, (205, 45, 55), wear.stamp)


def _scanned_box(spans: Sequence[Box], matrix: np.ndarray, shape: tuple[int, int]) -> Box:
    points = [(x, y) for x0, y0, x1, y1 in spans for x, y in ((x0, y0), (x1, y0), (x1, y1), (x0, y1))]
    corners = np.array(points, np.float32)[:, None]
    at = cv2.perspectiveTransform(corners, matrix)[:, 0]
    lo, hi = np.floor(at.min(0)).astype(int), np.ceil(at.max(0)).astype(int)
    return int(max(0, lo[0])), int(max(0, lo[1])), int(min(shape[1], hi[0])), int(min(shape[0], hi[1]))


def compose_page(entry: Entry, book: Book, rng: np.random.Generator, behind: np.ndarray | None = None) -> Page:
    """One page with its entry. `behind`: the writing on the sheet's other side, which shows through (its own, if None)."""
    page_wear = book_wear(book.wear, draw_wear(rng, book.level))
    sheet_ = _Sheet(book, rng)
    signatures = iter(entry.signatures)
    stranger = replace(draw_hand(rng), capitals=False)
    signing = replace(stranger, ink=book.hand.ink, restless=min(1.0, stranger.restless + 0.3))
    printed = print_mask(book.form.id, book.dpi)
    last = sum(b.code is None for b in book.form.blanks) - 1
    unsigned = 0
    notes = [b for b in book.form.blanks if b.code == "ghiChu"]
    for blank in book.form.blanks:
        if blank.code is None:
            sheet_.fill(blank, next(signatures, ""), book.hand if unsigned == last else signing)
            unsigned += 1
        elif blank.code != "ghiChu" and (text := entry.ink(blank.code)):
            upper = book.hand.capitals and blank.type == "name"
            same = [b for b in book.form.blanks if b.code == blank.code]
            if blank is same[0]:
                for part, words in _parts(text.upper() if upper else text, same, book.hand): sheet_.fill(part, words, book.hand)
    if note := entry.ink("ghiChu"):
        image = Image.fromarray(printed.copy())
        for blank, text in _note_lines(note, notes, stranger):
            dots_of(ImageDraw.Draw(image), blank, book.dpi)
            sheet_.fill(blank, text, stranger)
        printed = np.asarray(image)
    for tick in book.form.ticks:
        if str(entry.values.get(tick.code)) == str(tick.value): sheet_.tick(tick)
    page = sheet(sheet_.shape, page_wear, rng)
    writing = np.max(list(sheet_.inks.values()), axis=0) if sheet_.inks else np.zeros(sheet_.shape, np.uint8)
    bleed_through(page, writing if behind is None else behind, page_wear.bleed, rng)
    press_ink(page, printed, (45, 45, 48), float(rng.uniform(0.8, 1.0)))
    for colour, mask in sheet_.inks.items(): press_ink(page, mask, colour)
    _stamp(page, book, page_wear, rng)
    shade(page, page_wear, rng)
    matrix = placement(sheet_.shape, page_wear, rng)
    boxes = {code: _scanned_box(spans, matrix, sheet_.shape) for code, spans in sheet_.spans.items()}
    return Page(scan(page, matrix, page_wear, rng, book.dpi), boxes, writing, matrix)


def _write_atomically(path: Path, data: bytes) -> None:
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    os.replace(part, path)


def _merge_lines(path: Path, folder: str, rows: Sequence[dict]) -> None:
    """Put `rows` into the JSONL file in place of what it held of `folder`; ordered by file, so that the order of making does not matter."""
    kept = [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []
    every = [r for r in kept if not r["file"].startswith(folder + "/")] + list(rows)
    text = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in sorted(every, key=lambda r: r["file"]))
    _write_atomically(path, text.encode())


def compose_book(
    form: str, year: int, entries: Sequence[Entry], seed: int, out_dir: Path, *, office: str, wear: int = 2, dpi: float = 200.0,
    book: str = "01", folder: str | None = None, hand: Hand | None = None, listed: Container[str] | None = None,
    truth_dir: Path | None = None,
) -> Path:
    """Write the book's folder (`KS.2017.01`: pages `KS.2017.01.001.jpg` …, batch.json) under `out_dir`, and its truth into
    truth.jsonl and boxes.jsonl of `truth_dir` (`out_dir`, if None), outside the folder; returns the folder.

    `listed`: the personal numbers the population file holds; a person it lacks links to null. `wear`: 0 clean … 3 a phone's photograph.
    ValueError if there is no entry, KeyError for an unknown form.
    """
    if not entries: raise ValueError("a book needs an entry")
    shape = load_forms()[form]
    stem = f"{shape.kind}.{year}.{book}"
    name = folder or stem
    target = out_dir / name
    target.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([seed, year, sum(map(ord, form + office + book))])
    whole = Book(shape, year, office, hand or draw_hand(rng), draw_wear(rng, wear), wear, dpi)
    batch = {"loai": shape.kind, "nam": year, "quyenSo": f"{book}/{year}", "noiDangKy": office, "mau": form}
    _write_atomically(target / "batch.json", (json.dumps(batch, ensure_ascii=False, indent=1) + "\n").encode())
    truth, boxes, behind = [], [], None
    for entry in entries:
        page = compose_page(entry, whole, np.random.default_rng([seed, year, entry.number, sum(map(ord, form + office))]), behind)
        behind = page.writing
        file = f"{stem}.{entry.number:03d}.jpg"
        _write_atomically(target / file, page.jpeg)
        link = {role: number if listed is None or number in listed else None for role, number in entry.link.items()}
        truth.append({"file": f"{name}/{file}", "form": form, "values": entry.values, "link": link})
        boxes.append({"file": f"{name}/{file}", "boxes": {code: list(box) for code, box in page.boxes.items()}})
    _merge_lines((truth_dir or out_dir) / "truth.jsonl", name, truth)
    _merge_lines((truth_dir or out_dir) / "boxes.jsonl", name, boxes)
    return target


def draw_clerk(rng: np.random.Generator, officials: Sequence[str], hand: Hand) -> Clerk:
    """Who keeps a book: `officials` are two names, the one who signs and the one who writes."""
    habits = (("mồng", "mùng", 0.2), ("linh", "lẻ", 0.25), ("nghìn", "ngàn", 0.2))
    words = tuple((usual, other) for usual, other, share in habits if rng.random() < share)
    signer = f"{officials[0]}, {rng.choice(['Chủ tịch', 'Chủ tịch', 'Phó Chủ tịch'])}"
    return Clerk(signer, officials[1], hand.date_separator, bool(rng.random() < 0.7), words)
