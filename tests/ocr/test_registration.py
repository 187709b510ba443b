"""The form is recognised and its blanks are found, on clean pages and on badly scanned ones."""
from __future__ import annotations

import cv2
import numpy as np
import pytest
from drawn_pages import DrawnPage, drawn_page, leaned, shaded, turned

from ocr.reading import PageImage, PrintedWord
from ocr.registration import FormFit, fit_form, read_labels
from ocr.straighten import straighten
from records.forms import page_forms

FORMS = page_forms()


def fitted(pixels: np.ndarray, dpi: int | None = 200) -> FormFit | None:
    page = straighten(PageImage(np.ascontiguousarray(pixels), dpi))
    return fit_form(page, read_labels(page), FORMS)


def least_share(fit: FormFit, drawn: DrawnPage, matrix: np.ndarray) -> tuple[float, str]:
    """The smallest share of a value's box that its blank's box holds, and its code."""
    into = np.linalg.inv(fit.to_original) @ matrix
    boxes = {}
    for blank, box in fit.blanks:
        boxes.setdefault(blank.code, box)
    shares = []
    for code, (x0, y0, x1, y1) in drawn.boxes.items():
        area = np.zeros((4000, 4000), np.uint8)
        corners = cv2.perspectiveTransform(np.array([[[x0, y0], [x1, y0], [x1, y1], [x0, y1]]], float), into)[0]
        cv2.fillConvexPoly(area, corners.round().astype(np.int32), 1)
        left, top, right, bottom = boxes[code]
        shares.append((float(area[top:bottom, left:right].sum()) / float(area.sum()), code))
    return min(shares)


@pytest.mark.parametrize("form_id", [f.id for f in FORMS])
def test_each_form_is_recognised_and_its_blanks_found(form_id: str) -> None:
    drawn = drawn_page(form_id)
    fit = fitted(drawn.pixels)
    assert fit is not None and fit.form.id == form_id and fit.score > 0.8
    assert fit.error < 0.6 and fit.scale == pytest.approx(200 / 25.4, rel=0.02)
    share, code = least_share(fit, drawn, np.eye(3))
    assert share > 0.93, code


@pytest.mark.parametrize("harm", ["turned", "tilted", "leaned", "shaded", "coarse", "fine", "grey", "worn"])
def test_a_badly_scanned_page_loses_nothing(harm: str) -> None:
    dpi = {"coarse": 130, "fine": 400}.get(harm, 200)
    drawn = drawn_page("KS2016", dpi)
    pixels, matrix = drawn.pixels, np.eye(3)
    if harm == "turned": pixels, matrix = turned(pixels, 180)
    if harm == "tilted": pixels, matrix = turned(pixels, -4.5)
    if harm == "leaned": pixels, matrix = leaned(pixels)
    if harm == "shaded": pixels = shaded(pixels)
    if harm == "grey": pixels = np.repeat(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)[:, :, None], 3, axis=2)
    if harm == "worn": pixels = cv2.imdecode(cv2.imencode(".jpg", cv2.GaussianBlur(pixels, (0, 0), 1.2), [1, 35])[1], cv2.IMREAD_COLOR)
    fit = fitted(pixels, None if harm in ("leaned", "fine") else dpi)
    assert fit is not None and fit.form.id == "KS2016"
    share, code = least_share(fit, drawn, matrix)
    assert share > 0.9, code


def test_boxes_leave_labels_and_neighbours_out() -> None:
    drawn = drawn_page("KS2016")
    fit = fitted(drawn.pixels)
    assert fit is not None
    ends = {label.text: box[2] for label, box in fit.labels}
    by_code = {b.code: box for b, box in fit.blanks}
    assert by_code["nksSoDinhDanh"][0] >= ends["Số định danh cá nhân:"] - 1
    assert by_code["nycHoTen"][0] >= ends["Họ, chữ đệm, tên người đi khai sinh:"] - 1
    assert by_code["nksGioiTinh"][2] <= by_code["nksDanToc"][0], "what stands beside begins after it"
    pitch = 10.3 / 25.4 * 200
    for above, below in (("nksNoiSinh", "nksQueQuan"), ("nksQueQuan", "nksSoDinhDanh")):
        assert by_code[below][1] - by_code[above][1] == pytest.approx(pitch, abs=6)
        assert by_code[above][3] - by_code[below][1] < 0.25 * pitch, "the overlap is ascender and descender room only"
    (tick, box), *_ = fit.ticks
    expected = [v / 25.4 * 200 for v in (tick.x, tick.y, tick.x + tick.size, tick.y + tick.size)]
    assert box == pytest.approx(expected, abs=5)


def test_a_page_that_is_no_form_is_none() -> None:
    rng = np.random.default_rng(3)
    blank = PageImage(np.full((1200, 900, 3), 240, np.uint8), None)
    page = straighten(blank, rotation=0)
    assert fit_form(page, [], FORMS) is None
    words = []
    letter = "Căn cứ Luật Tổ chức chính quyền địa phương ngày 19 tháng 6 năm 2015 về việc đăng ký khai sinh và quốc tịch"
    for i, text in enumerate(letter.split() * 4):
        x, y = int(rng.integers(0, 800)), int(rng.integers(0, 1100))
        words.append(PrintedWord(text, (x, y, x + 9 * len(text), y + 20), 0.9, i))
    assert fit_form(page, words, FORMS) is None


def test_what_the_book_is_said_to_be_settles_a_close_call_only() -> None:
    drawn = drawn_page("KT2016")
    page = straighten(PageImage(drawn.pixels, 200), rotation=0)
    words = read_labels(page)
    wrong = fit_form(page, words, FORMS, expected="KS2016")
    assert wrong is not None and wrong.form.id == "KT2016"
    shared = [w for w in words if w.box[1] < 250]      # only the header, which both forms bear
    for said in ("KS2016", "KT2016"):
        fit = fit_form(page, shared, FORMS, expected=said)
        assert fit is None or fit.form.id == said


def test_the_same_words_in_any_order_give_the_same_fit() -> None:
    page = straighten(PageImage(drawn_page("KH2016").pixels, 200), rotation=0)
    words = read_labels(page)
    one, other = fit_form(page, words, FORMS), fit_form(page, words[::-1], FORMS[::-1])
    assert one is not None and other is not None and one.blanks == other.blanks and one.ticks == other.ticks
