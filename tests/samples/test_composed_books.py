"""Books: the same seed the same bytes, the truth beside them, and the writing where the truth says."""
from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from records.forms import load_forms
from samples.__main__ import DEFAULT_BOOKS
from samples.compose import compose_book
from samples.entries import Entry
from samples.wear import LEVELS, draw_wear

YEARS = {form: int(year) for form, year in (book.split(":") for book in DEFAULT_BOOKS)}
OFFICE = "UBND Xã Phong Thủy, Huyện Lệ Thủy, Quảng Bình"


def _book(form: str, entries: list[Entry], out: Path, **options) -> Path:
    return compose_book(form, YEARS[form], entries, 5, out, office=OFFICE, **options)


def _lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("form", YEARS)
def test_folder_truth_and_boxes(form: str, entries: dict[str, list[Entry]], tmp_path: Path) -> None:
    folder = _book(form, entries[form][:2], tmp_path)
    kind, year = load_forms()[form].kind, YEARS[form]
    assert sorted(f.name for f in folder.iterdir()) == [f"{kind}.{year}.01.001.jpg", f"{kind}.{year}.01.002.jpg", "batch.json"]
    batch = json.loads((folder / "batch.json").read_text("utf-8"))
    assert batch == {"loai": kind, "nam": year, "quyenSo": f"01/{year}", "noiDangKy": OFFICE, "mau": form}
    truth, boxes = _lines(tmp_path / "truth.jsonl"), _lines(tmp_path / "boxes.jsonl")
    assert [t["file"] for t in truth] == [b["file"] for b in boxes] == [f"{folder.name}/{kind}.{year}.01.00{i}.jpg" for i in (1, 2)]
    blanks = {b.code for b in load_forms()[form].blanks if b.code}
    for t, b in zip(truth, boxes, strict=True):
        assert set(b["boxes"]) == {c for c in t["values"] if c in blanks and t["values"][c] != ""}
        assert set(t["link"]) <= set(load_forms()[form].roles) and t["values"]["loai"] == kind
        w, h = Image.open(tmp_path / t["file"]).size
        assert (w, h) == (1653, 2338)
        assert all(0 <= x0 < x1 <= w and 0 <= y0 < y1 <= h for x0, y0, x1, y1 in b["boxes"].values())


def test_same_seed_same_bytes_and_another_seed_others(entries: dict[str, list[Entry]], tmp_path: Path) -> None:
    pages = entries["KS2016"][:2]
    a, b = (_book("KS2016", pages, tmp_path / d) for d in "ab")
    c = compose_book("KS2016", 2017, pages, 6, tmp_path / "c", office=OFFICE)
    for f in sorted(a.iterdir()):
        assert f.read_bytes() == (b / f.name).read_bytes()
        if f.suffix == ".jpg": assert f.read_bytes() != (c / f.name).read_bytes()
    assert (tmp_path / "a/boxes.jsonl").read_bytes() == (tmp_path / "b/boxes.jsonl").read_bytes()


def test_ink_lies_in_the_boxes(entries: dict[str, list[Entry]], tmp_path: Path) -> None:
    """The writing is there where the truth says: written boxes hold far more dark pixels than the same blanks right of the writing."""
    _book("KS2006", entries["KS2006"][:2], tmp_path, wear=1)
    for row in _lines(tmp_path / "boxes.jsonl"):
        gray = np.asarray(Image.open(tmp_path / row["file"]).convert("L")).astype(int)
        dark = gray < np.median(gray) - 50
        for code, (x0, y0, x1, y1) in row["boxes"].items():
            if code in ("nksNoiSinh", "nksQueQuan", "nksHoTen", "chaHoTen", "meHoTen"):
                upper = dark[y0:y1 - (y1 - y0) // 2]           # above the dots
                assert upper[:, x0:x1].mean() > 0.04, (row["file"], code)
                assert upper[:, x1 + 12:x1 + 60].mean() < 0.01, (row["file"], code)


def test_books_join_one_truth_whatever_the_order(entries: dict[str, list[Entry]], tmp_path: Path) -> None:
    for d, order in (("a", ("KS2006", "KT2016")), ("b", ("KT2016", "KS2006", "KS2006"))):
        for form in order: _book(form, entries[form][:1], tmp_path / d, dpi=100)
    assert (tmp_path / "a/truth.jsonl").read_bytes() == (tmp_path / "b/truth.jsonl").read_bytes()
    assert len(_lines(tmp_path / "a/truth.jsonl")) == 2


def test_people_the_population_lacks_link_to_nobody(entries: dict[str, list[Entry]], tmp_path: Path) -> None:
    entry = entries["KT2016"][0]
    _book("KT2016", [entry], tmp_path / "without", listed=set(), dpi=100)
    _book("KT2016", [entry], tmp_path / "with", listed={entry.link["nkt"]}, dpi=100)
    assert _lines(tmp_path / "without/truth.jsonl")[0]["link"] == {"nkt": None}
    assert _lines(tmp_path / "with/truth.jsonl")[0]["link"] == {"nkt": entry.link["nkt"]}


def test_the_square_ticked_is_the_one_the_truth_names(entries: dict[str, list[Entry]], tmp_path: Path) -> None:
    form = load_forms()["KS2016"]
    _book("KS2016", entries["KS2016"][:6], tmp_path, wear=0)
    for row in _lines(tmp_path / "truth.jsonl"):
        gray = np.asarray(Image.open(tmp_path / row["file"]).convert("L"))
        inside = {}
        for t in form.ticks:
            x0, y0, x1, y1 = (int(v / 25.4 * 200) for v in (t.x + 0.7, t.y + 0.7, t.x + t.size - 0.7, t.y + t.size - 0.7))
            inside[t.code, t.value] = (gray[y0:y1, x0:x1] < 190).mean()
        ticked = {k for k, share in inside.items() if share > 0.04}
        assert ticked == {("loaiDangKy", row["values"]["loaiDangKy"])}, inside


def test_wear_levels(entries: dict[str, list[Entry]], tmp_path: Path) -> None:
    sharp = []
    for level in LEVELS:
        folder = _book("KH2016", entries["KH2016"][:1], tmp_path / str(level), wear=level, dpi=150)
        page = np.asarray(Image.open(BytesIO(next(folder.glob("*.jpg")).read_bytes())).convert("L")).astype(float)
        sharp.append(np.abs(np.diff(page, axis=1)).mean())
    assert sharp[0] > sharp[3]
    with pytest.raises(ValueError, match="wear level 9"): draw_wear(np.random.default_rng(0), 9)


def test_a_book_needs_an_entry_and_a_known_form(entries: dict[str, list[Entry]], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="entry"): _book("KS2006", [], tmp_path)
    with pytest.raises(KeyError): compose_book("KS1850", 2009, entries["KS2006"][:1], 5, tmp_path, office=OFFICE)
