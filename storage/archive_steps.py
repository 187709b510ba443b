"""What was done to a subject from the scan to the signature, as PREMIS events with their agents."""
from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from PIL import ExifTags, Image

from storage.aip.description import VIETNAM
from storage.aip.premis import Agent, Step
from storage.archive_subject import Subject
from storage.models import Event, Page

PROGRAMS = ("cli", "sogoc", "portal", "demo", "sync")
# What actions of our log are called in PREMIS.
_TYPES: Mapping[str, tuple[str, str]] = {
    "batch.add": ("ingestion", "Nhận thư mục quét vào hệ thống"), "book.settle": ("metadata extraction", "Ghép các trang thành quyển"),
    "dossier.settle": ("metadata extraction", "Đọc hồ sơ"), "field.correct": ("metadata modification", "Sửa một ô"),
    "link.decide": ("metadata modification", "Chọn người trong cơ sở dữ liệu dân cư"),
    "link.exclude": ("metadata modification", "Loại một người"), "decision.undo": ("metadata modification", "Hoàn tác"),
    "link.hear": ("metadata modification", "Liên kết của mục khác đổi theo"),
    "entry.verify": ("validation", "Người rà soát xác nhận"), "dossier.verify": ("validation", "Người rà soát xác nhận hồ sơ"),
    "entry.correct": ("metadata modification", "Lập phiên bản mới theo quyết định"),
}
_ENGINES = {"tesseract": "Tesseract", "model": "Mô hình chữ viết tay", "link_model": "Mô hình đối chiếu"}


def program() -> str:
    """This program's version."""
    try:
        return version("sogoc")
    except PackageNotFoundError:
        return "0"


def steps_of(subject: Subject, originals: Mapping[str, tuple[str, bytes]], copy_path: str, now: datetime, agency: str,
             signer_name: str) -> list[Step]:
    """Every event of the subject, in the order of time. originals: object key -> (path in the package, bytes)."""
    own = Agent("chuong-trinh:sogoc", "Sổ Gốc", "software", program())
    found = [*_captures(subject.pages, originals), *(_logged(e, subject, own) for e in subject.history)]
    found += [_reading(p, n, originals, own) for n, p in enumerate(subject.pages, 1) if p.engine]
    pikepdf, pyhanko = _library("pikepdf"), _library("pyhanko")
    places = tuple(path for path, _ in originals.values())
    organization = Agent("co-quan:luu-tru", agency or signer_name, "organization")
    found += [
        Step("bam-goc", "fixity check", now, [(own, "executing program")], "SHA-256 của ảnh gốc so với lúc nhận", "đúng", places),
        Step("lap-pdf", "normalization", now, [(own, "executing program"), (pikepdf, "executing program")],
             "Lập PDF/A-2b: ảnh trang nguyên vẹn, lớp chữ ẩn", "", (copy_path,)),
        Step("kiem-pdf", "validation", now, [(own, "executing program")],
             "Kiểm tra các điều khoản ISO 19005-2 mà tệp dựa vào (storage/pdfa_check.py)", "không thấy vi phạm", (copy_path,)),
        Step("ky-so", "digital signature generation", now, [(organization, "authorizer"), (pyhanko, "executing program")],
             f"Chữ ký số PAdES, chứng thư: {signer_name}", "", (copy_path,)),
        Step("lap-goi", "accession", now, [(own, "executing program"), (organization, "authorizer")],
             f"Lập gói lưu trữ phiên bản {subject.version}")]
    return sorted(found, key=lambda s: s.at)


def _captures(pages: Sequence[Page], originals: Mapping[str, tuple[str, bytes]]) -> Iterator[Step]:
    """When and with what the scan was made, if the image says so (EXIF)."""
    for n, page in enumerate(pages, 1):
        path, data = originals[page.original_key or ""]
        with suppress(Exception):           # whatever a scanner wrote there must not keep a page from the archive
            with Image.open(io.BytesIO(data)) as image:
                exif = image.getexif()
            when = exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.DateTimeOriginal) or exif.get(ExifTags.Base.DateTime)
            at = datetime.strptime(str(when), "%Y:%m:%d %H:%M:%S").replace(tzinfo=VIETNAM)
            name = " ".join(str(exif[t]).strip() for t in (ExifTags.Base.Make, ExifTags.Base.Model) if exif.get(t))
            agent = Agent(f"may-quet:{name or '?'}", name or "Máy quét không rõ", "hardware", str(exif.get(ExifTags.Base.Software) or ""))
            yield Step(f"quet-{n}", "capture", at, [(agent, "executing program")], "Quét trang (theo EXIF của tệp)", "", (path,))


def _logged(event: Event, subject: Subject, own: Agent) -> Step:
    kind, words = _TYPES.get(event.action, ("metadata modification", event.action))
    role = subject.roles.get(event.actor)
    if role is None and event.actor in PROGRAMS:
        agents = [(own, "executing program")]
    else:
        note = f"vai trò: {role or 'không còn tài khoản'}"
        agents = [(Agent(f"nguoi-dung:{event.actor}", event.actor, "person", note=note), "implementer")]
    code = event.detail.get("field") or event.detail.get("role") or ""
    return Step(f"nhat-ky:{event.seq}", kind, event.at, agents, f"{words} ({event.action}{f', {code}' if code else ''})",
                f"dòng {event.seq} của nhật ký, băm {event.hash}")


def _reading(page: Page, n: int, originals: Mapping[str, tuple[str, bytes]], own: Agent) -> Step:
    engines: Mapping[str, Any] = page.engine or {}
    agents = [(own, "executing program")]
    for key, value in engines.items():
        agents.append((Agent(f"phan-mem:{key}:{value}", _ENGINES.get(key, key), "software", str(value)), "executing program"))
    quality = (page.quality or {}).get("verdict")
    return Step(f"doc-trang-{n}", "metadata extraction", page.updated_at, agents, "Đọc chữ trên trang",
                f"chất lượng ảnh: {quality}" if quality else "", (originals[page.original_key or ""][0],))


def _library(name: str) -> Agent:
    try:
        found = version(name)
    except PackageNotFoundError:
        found = ""
    return Agent(f"thu-vien:{name}", name, "software", found)
