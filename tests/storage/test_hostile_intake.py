"""Real page files, broken at random: whatever comes in is accepted or set aside with a reason, quickly, and the process does not grow."""
from __future__ import annotations

import io
import resource
import time
from pathlib import Path

import pikepdf
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from ocr.errors import UNREADABLE, UnreadableFile
from ocr.images import Limits, check_frames, open_page
from storage.intake import add_folder
from storage.models import Page
from storage.set_aside import explain
from tests.ocr.hostile_files import acting_pdf
from tests.storage.page_files import jpeg, tiff

pytestmark = pytest.mark.filterwarnings("ignore")      # Pillow tells of each broken tag
LIMITS = Limits(bytes=3_000_000, pixels=4_000_000, frames=20, seconds=10, all_seconds=10)


def png() -> bytes:
    out = io.BytesIO()
    Image.open(io.BytesIO(jpeg(3))).convert("P").save(out, "PNG")
    return out.getvalue()


def packed_pdf() -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(acting_pdf())) as pdf:
        pdf.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return out.getvalue()


SEEDS = (jpeg(1), png(), tiff(3), acting_pdf(), packed_pdf())
PICTURES = SEEDS[:3]


@st.composite
def broken(draw: st.DrawFn, seeds: tuple[bytes, ...] = SEEDS) -> bytes:
    """A real file, cut, with bytes flipped, numbers made extreme, parts repeated or those of another file put in."""
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        what = draw(st.sampled_from(("cut", "flip", "extreme", "repeat", "splice", "drop")))
        if what == "cut":
            del data[at:]
        elif what == "flip" and data:
            data[at] ^= draw(st.integers(1, 255))
        elif what == "extreme":
            data[at:at + 4] = draw(st.sampled_from((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"9999", b"/JS ", b"<svg")))
        elif what == "repeat":
            data[at:at] = data[at:at + draw(st.integers(1, 400))] * draw(st.integers(1, 20))
        elif what == "splice":
            other = draw(st.sampled_from(seeds))
            data[at:] = other[draw(st.integers(0, len(other))):]
        else:
            del data[at:at + draw(st.integers(1, 200))]
    return bytes(data)


def tried(data: bytes) -> None:
    start = time.monotonic()
    try:
        content = check_frames(data, LIMITS)
        for frame in range(min(content.frames, 2)):
            if frame not in content.bad:
                try:
                    assert open_page(data, content.media_type, frame, 50, LIMITS).pixels.ndim == 3
                except UnreadableFile as e:
                    assert e.code in UNREADABLE
    except UnreadableFile as e:
        assert e.code in UNREADABLE and "{" not in e.message("vi") + e.message("en")
    assert time.monotonic() - start < 60


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=broken(PICTURES))
def test_a_broken_picture_is_a_page_or_has_a_reason(data: bytes) -> None:
    tried(data)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=broken(SEEDS[3:]))
def test_a_broken_pdf_is_pages_or_has_a_reason(data: bytes) -> None:
    tried(data)


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(files=st.lists(broken(), min_size=4, max_size=8))
def test_a_folder_of_broken_files_becomes_a_book_with_reasons(sqlite_database, sqlite_ledger, tmp_path_factory, files: list[bytes]) -> None:
    folder: Path = tmp_path_factory.mktemp("so")
    for n, data in enumerate(files):
        (folder / f"{n:02d}.jpg").write_bytes(data)
    (folder / "99.jpg").write_bytes(jpeg(9))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    taken = add_folder(sqlite_database, sqlite_ledger, folder, limits=LIMITS)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000
    with sqlite_database.reading() as s:
        rows = s.scalars(sa.select(Page).where(Page.batch_id == taken.batch_id)).all()
    assert {f"{n:02d}.jpg" for n in range(len(files))} <= {r.file.partition("~")[0].removesuffix(".jpg") + ".jpg" for r in rows}
    for row in rows:
        assert row.state in ("stored", "set_aside")
        assert (row.state == "set_aside") == bool(row.reason)
        if row.reason:
            assert len(explain(row.reason, row.detail, "vi")) > 15
