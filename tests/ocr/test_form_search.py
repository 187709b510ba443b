"""The form is found by the look of its labels whatever way up the page lies, and an open book gives both its pages."""
from __future__ import annotations

import cv2
import numpy as np
import pytest
from drawn_pages import DrawnPage, drawn_page, turned

import ocr.form_search
from ocr.form_search import FoundPage, find_pages
from ocr.print_template import match_print
from ocr.reading import PageImage
from ocr.straighten import level, straighten
from records.forms import load_forms, page_forms
from samples.distort import Distorted, annotated, curled, cut, faint, fold_shadow, photographed, quarter, resolved, skewed, spread

FORMS = page_forms()
RNG_SEED = 4


def share_held(found: FoundPage, drawn: DrawnPage, distorted: Distorted, page: int = 0) -> float:
    """The share of the written values that their blank's box holds, to within 2 mm."""
    assert found.fit is not None
    back, slack = np.linalg.inv(found.fit.to_original), 2 * found.fit.scale
    boxes: dict[str, list[tuple[int, int, int, int]]] = {}
    for blank, box in found.fit.blanks:
        boxes.setdefault(blank.code or "", []).append(box)
    held = []
    for code, box in drawn.boxes.items():
        inside = cv2.perspectiveTransform(distorted.box(box, page)[:, None], back)[:, 0]
        (x0, y0), (x1, y1) = inside.min(axis=0) + slack, inside.max(axis=0) - slack
        held.append(any(x0 >= b[0] and y0 >= b[1] and x1 <= b[2] and y1 <= b[3] for b in boxes[code]))
    return float(np.mean(held))


@pytest.fixture
def no_tesseract(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the look of the labels should have been enough")
    monkeypatch.setattr(ocr.form_search, "read_labels", refuse)
    monkeypatch.setattr(ocr.form_search, "upside_down", refuse)


@pytest.mark.parametrize("form_id", [f.id for f in FORMS])
def test_each_form_is_known_by_its_look(form_id: str, no_tesseract: None) -> None:
    drawn = drawn_page(form_id)
    for expected in (form_id, None):
        found, = find_pages(PageImage(drawn.pixels, 200), FORMS, expected)
        assert found.fit is not None and found.fit.form.id == form_id and found.fit.score > 0.85 and found.fit.error < 0.3
        assert len(found.words) > 0.8 * len(found.fit.form.labels)
        assert share_held(found, drawn, Distorted(drawn.pixels, 200, (lambda p: p,))) == 1.0


@pytest.mark.parametrize("form_id", [f.id for f in FORMS])
def test_no_form_passes_for_another(form_id: str) -> None:
    page = straighten(PageImage(drawn_page(form_id).pixels, 200), rotation=0)
    shares = {f.id: m.share for f in FORMS if (m := match_print(page.gray, f, page.dpi / 25.4)) and ocr.form_search._sure(m)}
    own = shares.pop(form_id)
    assert own > 0.95 and all(share < 0.85 for share in shares.values()), shares


def test_a_book_said_to_be_of_another_form(no_tesseract: None) -> None:
    for form_id, said in (("GH2016", "NCM2016"), ("KS2016", "KS2006"), ("KH2016", "KT2016")):
        found, = find_pages(PageImage(drawn_page(form_id).pixels, 200), FORMS, said)
        assert found.fit is not None and found.fit.form.id == form_id


@pytest.mark.parametrize("harm", ["upside down", "on its side", "skew", "100 dpi", "fold", "faint", "notes", "cut", "curl", "photo"])
def test_what_scanning_does_needs_no_tesseract(harm: str, no_tesseract: None) -> None:
    drawn, rng = drawn_page("KS2016"), np.random.default_rng(RNG_SEED)
    distorted = {
        "upside down": lambda p: quarter(p, 200, rng, 2), "on its side": lambda p: quarter(p, 200, rng, 1),
        "skew": lambda p: skewed(p, 200, rng, -6.0), "100 dpi": lambda p: resolved(p, 200, rng, 100),
        "fold": lambda p: fold_shadow(p, 200, rng), "faint": lambda p: faint(p, 200, rng), "notes": lambda p: annotated(p, 200, rng),
        "cut": lambda p: cut(p, 200, rng, left=9, top=7), "curl": lambda p: curled(p, 200, rng),
        "photo": lambda p: photographed(p, 200, rng),
    }[harm](drawn.pixels)
    found, = find_pages(PageImage(np.ascontiguousarray(distorted.pixels), distorted.dpi), FORMS, "KS2016")
    assert found.fit is not None and found.fit.form.id == "KS2016"
    assert share_held(found, drawn, distorted) >= 0.95


@pytest.mark.parametrize(("photo", "over"), [(False, False), (False, True), (True, False)])
def test_an_open_book_is_two_pages_in_reading_order(photo: bool, over: bool) -> None:
    left, right = drawn_page("KS2016"), drawn_page("KS2016", ticked=1)
    distorted = spread(left.pixels, right.pixels, 200, np.random.default_rng(RNG_SEED), photo=photo)
    pixels = np.ascontiguousarray(distorted.pixels[::-1, ::-1] if over else distorted.pixels)
    found = find_pages(PageImage(pixels, distorted.dpi), [load_forms()["KS2016"]], "KS2016")
    assert [f.fit.form.id for f in found if f.fit] == ["KS2016", "KS2016"]
    if over:
        height, width = pixels.shape[:2]
        distorted = Distorted(pixels, 200, tuple(lambda p, m=m: (width, height) - m(p) for m in distorted.moves))
    for number, (page, drawn) in enumerate(zip(found, (left, right), strict=True)):
        assert share_held(page, drawn, distorted, number) >= 0.9
    assert not {w.line for w in found[0].words} & {w.line for w in found[1].words}


def test_a_wide_picture_of_one_page_is_one_page() -> None:
    drawn = drawn_page("KT2016")
    wide = cv2.copyMakeBorder(drawn.pixels, 0, 0, 900, 900, cv2.BORDER_CONSTANT, value=(236, 238, 228))
    found = find_pages(PageImage(wide, 200), [load_forms()["KT2016"]], "KT2016")
    assert len(found) == 1 and found[0].fit is not None


def test_what_is_no_form_is_read_and_fits_none() -> None:
    found, = find_pages(PageImage(np.full((1200, 900, 3), 235, np.uint8), 100), FORMS)
    assert found.fit is None and found.words == []


def test_a_form_in_another_face_is_left_to_tesseract() -> None:
    """Stretched by a fifth, the print no longer looks like the official face; it can still be read."""
    drawn = drawn_page("KH2016")
    wide = cv2.resize(drawn.pixels, None, fx=1.2, fy=1.0, interpolation=cv2.INTER_AREA)
    page = level(PageImage(wide, 200))
    match = match_print(page.gray, load_forms()["KH2016"], page.dpi / 25.4)
    assert match is None or not ocr.form_search._sure(match)
    found, = find_pages(PageImage(wide, 200), FORMS, "KH2016")
    assert found.fit is not None and found.fit.form.id == "KH2016"
    stretched = Distorted(wide, 200, (lambda p: p * (1.2, 1.0),))
    assert share_held(found, drawn, stretched) >= 0.9


def test_a_page_turned_by_a_person_is_not_turned_again(no_tesseract: None) -> None:
    picture, _ = turned(drawn_page("KS2006").pixels, 180)
    found, = find_pages(PageImage(np.ascontiguousarray(picture), 200), FORMS, "KS2006", rotation=180)
    assert found.straight.rotation == 180 and found.fit is not None
