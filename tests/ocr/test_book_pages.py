"""Real pages of one book, as they come from a scanner that counts: the book knows its numbers, days and signer."""
from __future__ import annotations

import json
from pathlib import Path

import pytest

from ocr.book import BookItem, settle_book
from ocr.extraction import Expectation, PageReader
from ocr.images import inspect, open_page

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
BOOK = "KS.2017.01"
EXPECTED = Expectation("KS", "KS2016", 2017, "01/2017", "UBND Thị trấn Kiến Giang, Huyện Lệ Thủy, Quảng Bình")
TRUTH = {t["file"]: t["values"] for t in map(json.loads, (SAMPLES / "truth.jsonl").read_text("utf-8").splitlines())}


@pytest.fixture(scope="module")
def items() -> list[BookItem]:
    reader, out = PageReader(), []
    for k, path in enumerate(sorted((SAMPLES / "books" / BOOK).glob("*.jpg"))[:3], 9):      # scan9, scan10, scan11
        reading = reader.read(open_page(path.read_bytes(), inspect(path).media_type), EXPECTED)
        out.append(BookItem(f"scan{k}.jpg", reading.records[0], {c: x for (_, c), x in reading.lattices.items()}))
    return out


def test_numbers_follow_whatever_the_files_are_called(items: list[BookItem]) -> None:
    settled = settle_book(items, EXPECTED)
    assert [r.fields["so"].value for r in settled] == [TRUTH[f"{BOOK}/{BOOK}.{n:03d}.jpg"]["so"] for n in (1, 2, 3)]
    assert [r.fields["quyenSo"].value for r in settled] == ["01/2017"] * 3
    days = [r.fields["ngayDangKy"].value for r in settled]
    assert days == sorted(days) and all(d.startswith("2017-01") for d in days)


def test_the_order_in_which_pages_were_read_does_not_matter(items: list[BookItem]) -> None:
    assert settle_book(items[::-1], EXPECTED)[::-1] == settle_book(items, EXPECTED)


def test_three_pages_of_one_hand_are_no_certainty(items: list[BookItem]) -> None:
    signers = [r.fields["nguoiKy"] for r in settle_book(items, EXPECTED)]
    assert len({s.value for s in signers}) == 1 and all(s.confidence < 0.99 for s in signers)


def test_people_and_their_days_are_left_to_their_pages(items: list[BookItem]) -> None:
    for item, record in zip(items, settle_book(items, EXPECTED), strict=True):
        for code in ("nksHoTen", "nksNgaySinh", "meHoTen", "meNgaySinh", "chaHoTen", "chaNgaySinh"):
            assert record.fields[code] == item.record.fields[code]
