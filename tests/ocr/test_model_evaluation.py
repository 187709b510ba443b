"""How well a model reads labelled lines: the figures are those of the lines, and bad rows are named."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from ocr.model_evaluation import LabelsUnreadable, evaluate_model
from samples.hands import load_font

LINES = [("a", "Xóm 5, Xã Nghi Kim, Thành phố Vinh, Nghệ An", "mali-italic"), ("a", "Thôn 4 Ea Kao Buôn Ma Thuột Đắk Lắk", "patrick-hand"),
         ("b", "Ấp Long Hòa, Long An, Tân Châu, An Giang", "mynerve")]


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    rows = []
    for k, (writer, text, font) in enumerate(LINES):
        face = load_font(font, 46)
        image = Image.new("L", (round(face.getlength(text)) + 60, 80), 245)
        ImageDraw.Draw(image).text((30, 52), text, font=face, fill=40, anchor="ls")
        image.save(tmp_path / f"{k}.png")
        rows.append(f"{k}.png\t{writer}\t{text}")
    path = tmp_path / "labels.tsv"
    path.write_text("\n".join(rows), "utf-8")
    return path


def test_figures_are_of_all_lines_and_by_writer(labels: Path) -> None:
    found = evaluate_model(labels)
    assert found.total.lines == 3 and {w: r.lines for w, r in found.by_writer.items()} == {"a": 2, "b": 1}
    assert found.total.edits == sum(r.edits for r in found.by_writer.values()) and 0 <= found.total.cer < 0.2
    assert found.as_addresses.cer <= found.total.cer and found.as_addresses.characters == found.total.characters


def test_a_wrong_label_counts_as_errors(labels: Path) -> None:
    before = evaluate_model(labels).total.edits
    labels.write_text(labels.read_text("utf-8").replace("Ấp Long Hòa", "Ấp Khác Hẳn"), "utf-8")
    assert evaluate_model(labels).total.edits >= before + 5


@pytest.mark.parametrize("row", ["only a path", "missing.png\ta\tb"])
def test_a_bad_row_is_named(labels: Path, row: str) -> None:
    labels.write_text(labels.read_text("utf-8") + "\n" + row, "utf-8")
    with pytest.raises(LabelsUnreadable) as e:
        evaluate_model(labels)
    assert "4" in e.value.evidence or "missing.png" in e.value.evidence


def test_no_lines_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "labels.tsv").write_text("", "utf-8")
    with pytest.raises(LabelsUnreadable):
        evaluate_model(tmp_path / "labels.tsv")


def test_paper_without_ink_reads_as_nothing(tmp_path: Path) -> None:
    Image.fromarray(np.full((80, 300), 240, np.uint8)).save(tmp_path / "empty.png")
    (tmp_path / "labels.tsv").write_text("empty.png\ta\tXã", "utf-8")
    assert evaluate_model(tmp_path / "labels.tsv").total.cer == 1.0
