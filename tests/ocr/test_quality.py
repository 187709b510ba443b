"""The verdict on a page image: good scans pass, each harm is named, and a re-encoded scan is known again."""
from __future__ import annotations

import dataclasses
import json

import cv2
import numpy as np
import pytest
from drawn_pages import drawn_page, leaned, shaded, turned

from ocr.quality import REASONS, PageQuality, describe, measure, same_scan
from ocr.reading import PageImage

PAGE = drawn_page("KS2016").pixels


def quality(pixels: np.ndarray, dpi: int | None = 200) -> PageQuality:
    return measure(PageImage(np.ascontiguousarray(pixels.astype(np.uint8)), dpi))


def scaled(pixels: np.ndarray, factor: float) -> np.ndarray:
    return cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)


@pytest.mark.parametrize("form_id", ["KS2006", "KS2016", "KH2016", "KT2016"])
def test_a_good_scan_is_good(form_id: str) -> None:
    measured = quality(drawn_page(form_id).pixels)
    assert (measured.verdict, measured.reasons, measured.blank, measured.cut) == ("good", (), False, ())
    assert json.loads(json.dumps(dataclasses.asdict(measured)))["verdict"] == "good", "it is kept as JSON"


@pytest.mark.parametrize(("harm", "verdict", "reason"), [
    ("blur 2.5", "poor", "blurred"), ("blur 7", "retake", "very_blurred"),
    ("fade 0.3", "poor", "faint"), ("fade 0.18", "retake", "very_faint"),
    ("dark 0.25", "poor", "dark"), ("dark 0.1", "retake", "very_dark"),
    ("scale 0.5", "poor", "coarse"), ("scale 0.35", "retake", "far_too_coarse"),
    ("shade", "poor", "uneven_light"), ("tilt", "poor", "skewed"),
    ("left", "retake", "cut_left"), ("top", "retake", "cut_top"), ("right", "retake", "cut_right"), ("bottom", "retake", "cut_bottom")])
def test_each_harm_is_named(harm: str, verdict: str, reason: str) -> None:
    kind, _, amount = harm.partition(" ")
    strength = float(amount or 0)
    made = {
        "blur": lambda: cv2.GaussianBlur(PAGE, (0, 0), strength), "fade": lambda: 240 - (240 - PAGE.clip(0, 240).astype(float)) * strength,
        "dark": lambda: PAGE * strength, "scale": lambda: scaled(PAGE, strength), "shade": lambda: shaded(shaded(PAGE)),
        "tilt": lambda: turned(PAGE, 5.0)[0], "left": lambda: PAGE[:, 150:], "top": lambda: PAGE[140:],
        "right": lambda: PAGE[:, :1200], "bottom": lambda: PAGE[:1018],
    }[kind]()
    measured = quality(made, round(200 * strength) if kind == "scale" else 200)
    assert reason in measured.reasons and measured.verdict == verdict


def test_harms_do_not_bring_others_along() -> None:
    assert quality(scaled(PAGE, 1.5), 300).reasons == ()
    assert quality(turned(PAGE, 90)[0]).reasons == ()
    assert quality(turned(PAGE, 2.0)[0]).skew == pytest.approx(-2.0, abs=0.15)
    assert quality(leaned(PAGE, 0.02)[0], None).reasons == (), "a dark table is no shadow and cuts nothing off"


def test_a_blank_page_is_blank_and_two_lines_are_not() -> None:
    rng = np.random.default_rng(5)
    paper = np.full((2338, 1653, 3), 232, np.int16) + rng.integers(-5, 6, (2338, 1653, 1))
    assert quality(paper).blank and quality(paper).reasons == ("blank",)
    shining = paper - (np.fliplr(255 - PAGE) * 0.03).astype(np.int16)[:2338, :1653]
    assert quality(shining).blank, "the back of the sheet shining through is no writing"
    line = paper.copy()
    line[340:490, 100:1000] = PAGE[340:490, 100:1000]
    assert not quality(line).blank


def test_a_scan_saved_again_is_known_and_another_page_is_not() -> None:
    mark = quality(PAGE).hash
    again = cv2.imdecode(cv2.imencode(".jpg", scaled(PAGE, 0.7), [1, 50])[1], cv2.IMREAD_COLOR)
    assert same_scan(mark, quality(again * 0.9, 140).hash)
    assert not same_scan(mark, quality(drawn_page("KT2016").pixels).hash)
    assert not same_scan("", "") and not same_scan(mark, mark[:-2])


def test_every_reason_has_words() -> None:
    for code, reason in REASONS.items():
        assert reason.vi and reason.en and reason.verdict in ("poor", "retake")
        assert describe([code], "vi") == [reason.vi] and describe([code], "en") == [reason.en]
    assert describe(["of_a_later_version"]) == ["of_a_later_version"]
