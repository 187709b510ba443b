"""The adapter of the real Tesseract: what it reads, and how it fails."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from ocr import tesseract
from ocr.errors import BrokenProgram
from ocr.tesseract import load_in_process, probe, read_words, text_lines
from samples.hands import load_font

LINES = ("Họ, chữ đệm, tên người đi khai sinh:", "Số định danh cá nhân:")


@pytest.fixture(scope="module")
def print_page() -> np.ndarray:
    image = Image.new("L", (1200, 360), 250)
    for i, line in enumerate(LINES):
        ImageDraw.Draw(image).text((100, 90 + 120 * i), line, font=load_font("print/tinos-regular", 44), fill=20)
    return np.asarray(image)


def test_probe_tells_version_and_languages() -> None:
    facts = probe()
    assert int(facts.version.split(".")[0]) >= 4 and "vie" in facts.languages
    with pytest.raises(BrokenProgram, match="language_missing"):
        probe("tlh")


@pytest.mark.parametrize("scale", [1.0, 0.6])
def test_print_is_read_with_its_places(print_page: np.ndarray, scale: float) -> None:
    words = read_words(print_page, psm=6, scale=scale)
    assert text_lines(words) == list(LINES)
    first = words[0]
    assert first.text == "Họ," and first.confidence > 0.6
    assert first.box[0] == pytest.approx(100, abs=6) and 85 < first.box[1] < 115 and 125 < first.box[3] < 150
    assert [w.line for w in words] == [0] * 8 + [1] * 5


def test_paper_without_print_gives_no_words() -> None:
    assert read_words(np.full((200, 300), 250, np.uint8)) == []
    assert read_words(np.zeros((0, 10), np.uint8)) == []


def test_a_missing_program_and_a_hung_one(print_page: np.ndarray, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(BrokenProgram, match="program_timeout"):
        read_words(print_page, seconds=0.001)
    monkeypatch.setattr("pytesseract.pytesseract.tesseract_cmd", str(tmp_path / "nowhere"))
    with pytest.raises(BrokenProgram, match="program_missing"):
        read_words(print_page)
    with pytest.raises(BrokenProgram, match="language_missing"):
        monkeypatch.undo()
        read_words(print_page, language="tlh")


def test_a_program_that_fails_is_named(print_page: np.ndarray, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "tesseract"
    broken.write_text("#!/bin/sh\necho 'disk full' >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setattr("pytesseract.pytesseract.tesseract_cmd", str(broken))
    with pytest.raises(BrokenProgram, match="program_failed") as error:
        read_words(print_page)
    assert "disk full" in error.value.message("en")


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tesseract, "_loaded", None)
    if not load_in_process():
        pytest.skip("Tesseract is built in one piece here")


def test_kept_in_the_process_it_reads_what_the_program_reads(print_page: np.ndarray, request: pytest.FixtureRequest) -> None:
    looks = [(print_page, 6, 1.0), (print_page, 11, 0.6), (print_page[60:130], 7, 1.0), (np.full((40, 300), 250, np.uint8), 7, 1.0)]
    by_program = [read_words(*look) for look in looks]
    request.getfixturevalue("in_process")
    assert [read_words(*look) for look in looks] == by_program
    assert [read_words(*look) for look in reversed(looks)] == by_program[::-1], "what was read before plays no part"


def test_kept_in_the_process_it_fails_as_the_program_does(print_page: np.ndarray, in_process: None) -> None:
    with pytest.raises(BrokenProgram, match="program_timeout"):
        read_words(print_page, seconds=0.001)
    with pytest.raises(BrokenProgram, match="language_missing"):
        read_words(print_page, language="tlh")
    assert text_lines(read_words(print_page, psm=6)) == list(LINES)
