"""The one-stop system's part of the demo: ask the API over HTTP for a record, fetch its copy, check it without trusting the sender."""
from __future__ import annotations

import hashlib
import io
import subprocess
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import httpx
import sqlalchemy as sa

from pipelines.services import Services
from sogoc.errors import SogocError
from storage.models import Entry, Field
from storage.signing import verify_pdf

_CONTEXT = {"X-Dossier-Code": "H21.129-261121-0001", "X-Service-Code": "2.000635", "X-Officer-Code": "CB001",
            "X-Purpose": quote("Cấp bản sao trích lục khai sinh")}


@dataclass(frozen=True)
class Fetched:
    """path: the copy on disk; name: the child's name, found in its text layer; conformance: what its metadata say it is."""

    path: Path
    name: str
    conformance: str


def fetch_copy(s: Services, url: str, client_id: str, secret: str, folder: Path) -> Fetched:
    """Find the first archived birth by its register number, fetch and check its copy. Raises SogocError naming what is wrong."""
    with s.database.reading() as session:
        entry = session.scalar(sa.select(Entry).where(Entry.kind == "KS", Entry.status == "archived").order_by(Entry.id).limit(1))
        if entry is None:
            raise SogocError("Chưa có bản ghi khai sinh nào được lưu trữ.", "No birth record is archived.")
        name = session.scalar(sa.select(Field.value).where(Field.entry_id == entry.id, Field.code == "nksHoTen")) or ""
    with httpx.Client(base_url=f"{url}/api/v1", timeout=60, trust_env=False) as http:
        answer = http.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=(client_id, secret))
        must(answer, "/oauth/token")
        headers = {**_CONTEXT, "Authorization": f"Bearer {answer.json()['access_token']}"}
        search = "/records/search/register-number"
        found = must(http.post(search, headers=headers, json={"kind": "KS", "number": entry.number, "year": entry.year}), search)
        ids = [r["id"] for r in found.json()["records"]]
        if entry.archive_id not in ids:
            raise SogocError("API không tìm thấy bản ghi đã lưu trữ.", "The API does not find the archived record.")
        facts = must(http.get(f"/records/{entry.archive_id}", headers=headers), "/records/{id}").json()
        copy = must(http.get(f"/records/{entry.archive_id}/copy", headers=headers), "/records/{id}/copy").content
    check(hashlib.sha256(copy).hexdigest() == facts["copy_sha256"], "mã băm SHA-256", "SHA-256")
    signature = verify_pdf(copy, s.signer.roots())
    check(signature.valid, "chữ ký số", "the signature")
    conformance = pdfa_of(copy)
    check(conformance == "PDF/A-2b", "PDF/A-2b", "PDF/A-2b")
    check(squeezed(name) in squeezed(text_of(copy)), "họ tên trong lớp chữ", "the name in the text layer")
    folder.mkdir(exist_ok=True)
    path = folder / f"ban-sao-KS-{entry.year}-{entry.number}.pdf"
    path.write_bytes(copy)
    return Fetched(path, name, conformance)


def must(answer: httpx.Response, path: str) -> httpx.Response:
    """The answer, if it is a 200."""
    if answer.status_code != 200:
        said = answer.text[:200]
        raise SogocError(f"API {path} trả lời {answer.status_code}: {said}", f"The API {path} answers {answer.status_code}: {said}")
    return answer


def check(good: bool, vi: str, en: str) -> None:
    if not good:
        raise SogocError(f"Bản sao không đạt: {vi}.", f"The copy does not hold: {en}.")


def pdfa_of(pdf: bytes) -> str:
    """What the PDF's XMP metadata say: PDF/A-2b, or empty."""
    import pikepdf

    with pikepdf.open(io.BytesIO(pdf)) as document, document.open_metadata() as meta:
        return f"PDF/A-{meta.get('pdfaid:part', '?')}{str(meta.get('pdfaid:conformance', '?')).lower()}"


def text_of(pdf: bytes) -> str:
    """The text layer, as poppler's pdftotext finds it."""
    return subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, timeout=60, check=True).stdout.decode("utf-8")


def squeezed(text: str) -> str:
    """Letters only, NFC, lower case: words are set apart otherwise on the page."""
    return "".join(c for c in unicodedata.normalize("NFC", text).lower() if c.isalnum())
