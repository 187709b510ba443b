"""Is each form told from all others, and is each of its blanks found? Composed pages of every form, and pages that are no form.

    python -m bench.forms [--form ID]… [--pages N] [--wear 1-3] [--seed N]

A line for each sort of page that is no register page: how many the reader's own search took for a form. Then a line a form: pages on
which it was recognised among all page forms, nothing said; blanks found within 2 mm (both ends of the writing line, on the scanned page).
Beside them what the print that Tesseract reads says, which decides where the look of the labels is not enough: the share of a form's
label text found in place (LEAST_SCORE is wanted) and of the labels it is known by: lowest of the right form, highest of a wrong one.
"""
from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from ocr.form_search import find_pages
from ocr.images import open_page
from ocr.label_search import letters, sight_labels
from ocr.placement import best_placement
from ocr.reading import PrintedWord
from ocr.registration import FormFit, read_labels
from records.forms import Form, page_forms
from samples.compose import Book, Page, compose_page, draw_clerk
from samples.districts import LE_THUY
from samples.entries import entry_of
from samples.hands import draw_hand
from samples.other_pages import PAGES, other_page
from samples.people import Event, World, simulate
from samples.press import pixels
from samples.registrations import draw_events
from samples.wear import draw_wear

DPI = 200.0
WITHIN = 2.0        # mm


@dataclass
class Row:
    """What the pages of one form gave. wrong: best score of another form, and which. right_known, wrong_known: shares of `known_by`.
    missed: codes of blanks that were not found; taken: forms that a page was wrongly taken for."""

    pages: int = 0
    recognised: int = 0
    blanks: int = 0
    near: int = 0
    right: float = 1.0
    right_known: float = 1.0
    wrong: tuple[float, str] = (0.0, "")
    wrong_known: float = 0.0
    missed: set[str] = field(default_factory=set)
    taken: set[str] = field(default_factory=set)


def composed(form: Form, pages: int, wear: int, seed: int, world: World) -> list[Page]:
    """Pages of a book of the form, made as the sample books are."""
    rng = np.random.default_rng([seed, sum(map(ord, form.id))])
    year, commune = form.valid_from.year + 1, world.district.communes[0]
    events: Sequence[Event] = world.of_book(form.kind, year, commune)[:pages] or draw_events(world, form, year, commune, pages, rng)
    hand = draw_hand(rng)
    clerk = draw_clerk(rng, ["Phạm Thị Mẫu", "Võ Văn Giả"], hand)
    book = Book(form, year, f"UBND {commune}", hand, draw_wear(rng, wear), wear, DPI)
    entries = [entry_of(e, n + 1, world, form, clerk, f"01/{year}", rng) for n, e in enumerate(events)]
    return [compose_page(entry, book, np.random.default_rng([seed, n])) for n, entry in enumerate(entries)]


def scores(words: Sequence[PrintedWord], forms: Sequence[Form], dpi: float) -> dict[str, tuple[float, float]]:
    """For each form the share of its label text that was found in place, and that of the labels it is known by; 0 where nothing fits."""
    out = {}
    for form in forms:
        placed = best_placement(form, sight_labels(form.labels, words, dpi / 25.4), dpi / 25.4)
        known = {n: len(letters(label.text)) for n, label in enumerate(form.labels) if label.text in form.known_by}
        seen = sum(known[n] * s.likeness for n, s in placed.found.items() if n in known) if placed else 0.0
        out[form.id] = (placed.score if placed else 0.0, seen / max(1, sum(known.values())))
    return out


def distances(fit: FormFit, page: Page) -> list[tuple[str, float]]:
    """For each blank the greater distance, mm, of its line's ends from where they lie on the scanned page."""
    def mapped(points: list[tuple[float, float]], matrix: np.ndarray) -> np.ndarray:
        return cv2.perspectiveTransform(np.array(points, np.float64)[:, None], np.asarray(matrix, np.float64))[:, 0]

    out = []
    for fitted in fit.fitted:
        b = fitted.blank
        flat = [(pixels(b.x0, DPI), pixels(b.y, DPI)), (pixels(b.x1, DPI), pixels(b.y, DPI))]
        x0, y0, x1, y1 = fitted.baseline
        apart = mapped(flat, page.placement) - mapped([(x0, y0), (x1, y1)], fit.to_original)
        out.append((b.code or "signature", float(np.linalg.norm(apart, axis=1).max()) / DPI * 25.4))
    return out


def measure(form: Form, pages: Sequence[Page], forms: Sequence[Form]) -> Row:
    """The reader's own search over `forms`, and every form's score by its print, on each page."""
    row = Row()
    for page in pages:
        found = find_pages(open_page(page.jpeg, "image/jpeg"), forms)[0]
        each = scores(read_labels(found.straight), forms, found.straight.dpi)
        row.pages += 1
        row.right, row.right_known = min(row.right, each[form.id][0]), min(row.right_known, each[form.id][1])
        row.wrong = max([row.wrong, *((s, i) for i, (s, _) in each.items() if i != form.id)])
        row.wrong_known = max([row.wrong_known, *(known for i, (_, known) in each.items() if i != form.id)])
        if found.fit is None or found.fit.form.id != form.id:
            row.taken.add(found.fit.form.id if found.fit else "none")
            row.blanks += len(form.blanks)
            continue
        row.recognised += 1
        for code, away in distances(found.fit, page):
            row.blanks += 1
            row.near += away <= WITHIN
            if away > WITHIN: row.missed.add(f"{code} {away:.1f}")
    return row


def strangers(name: str, pages: int, wear: int, seed: int, forms: Sequence[Form]) -> tuple[float, str, float, int]:
    """Highest score any form reached on pages of this sort, which form, the highest known share, how many pages were taken for a form."""
    best, known, taken = (0.0, ""), 0.0, 0
    for n in range(pages):
        found = find_pages(open_page(other_page(name, np.random.default_rng([seed, n, len(name)]), wear, DPI), "image/jpeg"), forms)
        taken += any(f.fit is not None for f in found)
        each = scores(read_labels(found[0].straight), forms, found[0].straight.dpi)
        best = max(best, max((s, i) for i, (s, _) in each.items()))
        known = max(known, max(k for _, k in each.values()))
    return best[0], best[1], known, taken


def main(arguments: list[str] | None = None) -> int:
    """Run the measurement; 0 if every page was recognised and no stranger was taken for a form."""
    parser = argparse.ArgumentParser(prog="python -m bench.forms", description="Forms told apart, blanks found.")
    parser.add_argument("--form", action="append", metavar="ID", help="only this form, repeatable (default: all, and pages of no form)")
    parser.add_argument("--pages", type=int, default=4)
    parser.add_argument("--wear", type=int, default=2, choices=(1, 2, 3))
    parser.add_argument("--seed", type=int, default=11)
    options = parser.parse_args(arguments)
    forms = page_forms()
    world = simulate(replace(LE_THUY, settled=2), 1500, options.seed)
    good = True
    for name in () if options.form else PAGES:
        score, form_id, known, taken = strangers(name, options.pages, options.wear, options.seed, forms)
        good &= not taken
        print(f"{name:12} best {score:.2f} ({form_id})  known {known:.2f}  taken for a form: {taken}/{options.pages}", flush=True)
    print(f"{'form':9} {'recognised':>10} {'blanks':>9}  {'right ≥':>7} {'known ≥':>7}   {'wrong ≤':>7} {'':9} {'known ≤':>7}")
    for form in forms:
        if options.form and form.id not in options.form: continue
        row = measure(form, composed(form, options.pages, options.wear, options.seed, world), forms)
        good &= row.recognised == row.pages
        said = "  ".join(filter(None, ("taken for " + ", ".join(sorted(row.taken)) if row.taken else "", " ".join(sorted(row.missed)))))
        print(f"{form.id:9} {row.recognised:>6}/{row.pages:<3} {row.near:>5}/{row.blanks:<4} {row.right:>7.2f} {row.right_known:>7.2f} "
              f"  {row.wrong[0]:>7.2f} {row.wrong[1]:9} {row.wrong_known:>7.2f}  {said}", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
