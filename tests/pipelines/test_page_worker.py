"""One page through the worker's own function: a dossier's print is read without its seal, declared or found out."""
from __future__ import annotations

import io

import pytest
from PIL import Image

from ocr.dossier import read_dossier
from ocr.extraction import Expectation, PageReader
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
