"""One page through the worker's own function: a dossier's print is read without its seal, declared or found out."""
from __future__ import annotations

import io

import pytest
from PIL import Image, ImageDraw

from ocr.dossier import CONFIRM, read_dossier, with_hand
from ocr.extraction import Expectation, PageReader
from ocr.quality import REASONS
from pipelines.page_task import PageTask
from pipelines.page_worker import read_page
from tests.ocr.test_dossier import DPI, Letter, drawn


def png(letter: Letter) -> bytes:
    out = io.BytesIO()
    Image.fromarray(drawn(letter).pixels).save(out, "PNG", dpi=(DPI, DPI))
    return out.getvalue()


@pytest.mark.parametrize("declared", [True, False])
def test_a_dossiers_page_gives_number_and_signer_under_the_seal(declared: bool) -> None:
    task = PageTask(1, "sha", "image/png", 0, DPI, Expectation(kind="HS" if declared else None), print_only=declared)
    result = read_page(task, png(Letter()), None if declared else PageReader())
    assert result.reading is not None and result.reading.form is None
    fields = read_dossier([list(result.reading.words)])
    assert fields["soKyHieu"] == "142/UBND-TP" and fields["nguoiKy"] == "Nguyễn Thị Hồng Vân"


@pytest.mark.parametrize("kind", [None, "HS", "KS"])
def test_ink_without_text_is_never_silent(kind: str | None) -> None:
    """Strokes that are no letters: a dossier's page is set aside with its reason, a register's goes to review and says why."""
    scribble = Image.new("RGB", (1654, 2339), (246, 245, 240))
    draw = ImageDraw.Draw(scribble)
    for k in range(160):
        x, y = 150 + 137 * k % 1300, 250 + 211 * k % 1800
        draw.arc((x, y, x + 60 + 7 * k % 50, y + 40 + 11 * k % 60), 20 * k, 20 * k + 210, fill=(30, 30, 60), width=6)
    out = io.BytesIO()
    scribble.save(out, "PNG", dpi=(DPI, DPI))
    result = read_page(PageTask(1, "sha", "image/png", 0, DPI, Expectation(kind=kind), kind == "HS"), out.getvalue(), PageReader())
    assert result.quality is not None and not result.quality["blank"]
    if result.reading is None:
        assert kind != "KS" and result.reason == "ink_without_text"
    else:
        assert result.quality["verdict"] == "retake" and "no_text" in result.quality["reasons"] and "nhập tay" in REASONS["no_text"].vi
    assert kind != "KS" or (result.reading is not None and result.reading.form is None and not result.reading.records)


def test_print_that_is_read_is_not_called_unreadable() -> None:
    result = read_page(PageTask(1, "sha", "image/png", 0, DPI, Expectation(), True), png(Letter()), PageReader())
    assert result.reason is None and result.quality is not None and "no_text" not in result.quality["reasons"]


def test_what_is_written_by_hand_in_a_letterhead_comes_apart_from_print() -> None:
    result = read_page(PageTask(1, "sha", "image/png", 0, DPI, Expectation(kind="HS"), True), png(Letter(number="", day="", hand=True)),
                       PageReader())
    assert result.reading is not None
    (record,) = result.reading.records
    assert record.kind == "HS" and record.fields["so"].value == "142" and record.fields["ngay"].value == "05"
    assert all(f.confidence < 0.98 and "unconfirmed" in f.evidence for f in record.fields.values())
    fields = with_hand(read_dossier([list(result.reading.words)]), record.fields)
    assert fields["soKyHieu"] == "142/UBND-TP" and fields[CONFIRM] == ["soKyHieu", "ngayBanHanh"]
