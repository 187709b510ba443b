"""Whatever the scanner does to a page, what is read from it stays: the share of fields whose value is as on the page as it was."""
from __future__ import annotations

import json
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest

from ocr.extraction import Expectation, PageReader
from ocr.images import open_page
from ocr.reading import PageImage, PageReading
from samples.distort import Distortion, encoded, photographed, resolved, shaded, skewed, spread

BOOKS = Path(__file__).resolve().parents[2] / "samples" / "books"
FILES = ("KS.2017.01/KS.2017.01.002.jpg", "KT.2019.01/KT.2019.01.001.jpg", "KH.2018.01/KH.2018.01.002.jpg")
# `bench/robustness.py --fields` gives the shares of every sample page.
LEAST: dict[str, tuple[Distortion, float]] = {
    "shade": (shaded, 0.95), "turned by 3°": (partial(skewed, degrees=3.0), 0.85), "JPEG 40": (partial(encoded, quality=40), 0.95),
    "150 dpi": (partial(resolved, to=150), 0.9), "photographed": (photographed, 0.85),
}


@cache
def reader() -> PageReader:
    return PageReader()


def page_of(file: str) -> PageImage:
    return open_page((BOOKS / file).read_bytes(), "image/jpeg")


def expectation(file: str) -> Expectation:
    said = json.loads((BOOKS / file).with_name("batch.json").read_text("utf-8"))
    return Expectation(said["loai"], said["mau"], said["nam"], said["quyenSo"], said["noiDangKy"], file.split(".")[-2])


@cache
def as_it_is(file: str) -> PageReading:
    return reader().read(page_of(file), expectation(file))


def values(reading: PageReading, row: int = 1) -> dict[str, str]:
    return {code: f.value for r in reading.records if r.row == row for code, f in r.fields.items() if f.value}


@pytest.mark.parametrize("harm", LEAST)
def test_fields_stay_as_they_were(harm: str) -> None:
    distortion, least = LEAST[harm]
    same = []
    for file in FILES:
        page = page_of(file)
        distorted = distortion(page.pixels, page.dpi or 200, np.random.default_rng([3, *file.encode()]))
        got = values(reader().read(PageImage(np.ascontiguousarray(distorted.pixels), distorted.dpi), expectation(file)))
        before = values(as_it_is(file))
        assert len(before) > 12
        same += [got.get(code) == value for code, value in before.items()]
    assert np.mean(same) >= least


def test_an_open_book_gives_both_entries() -> None:
    left, right = "KT.2019.01/KT.2019.01.001.jpg", "KT.2019.01/KT.2019.01.002.jpg"
    distorted = spread(page_of(left).pixels, page_of(right).pixels, 200, np.random.default_rng(5))
    got = reader().read(PageImage(distorted.pixels, 200), expectation(left))
    assert got.form == "KT2016" and [r.row for r in got.records] == [1, 2] and {row for row, _ in got.lattices} == {1, 2}
    fold = distorted.pixels.shape[1] / 2
    for file, row in ((left, 1), (right, 2)):
        before, now = values(as_it_is(file)), values(got, row)
        assert np.mean([now.get(code) == value for code, value in before.items()]) >= 0.8
        boxes = [f.box for r in got.records if r.row == row for f in r.fields.values() if f.box]
        assert all((b[0] + b[2]) / 2 < fold if row == 1 else (b[0] + b[2]) / 2 > fold for b in boxes), "boxes lie on the original"
