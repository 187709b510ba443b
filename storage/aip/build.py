"""A package put together: every file of it, those that are its own in one ZIP, those that lie in the store beside it by reference."""
from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Any

from storage.aip import ead, mets, premis, reading_aids
from storage.aip.description import VIETNAM, Description, folder_name
from storage.aip.record_xml import record_xml

XML, JSON, XSD, TEXT, HTML = "application/xml", "application/json", "application/xml", "text/plain", "text/html"
SCHEMAS = ("mets.xsd", "xlink.xsd", "DILCISExtensionMETS.xsd", "premis.xsd", "ead.xsd", "record.xsd")
SCHEMAS_DATED = datetime(2026, 11, 30, tzinfo=UTC)


@dataclass(frozen=True)
class PackageFile:
    """One file of a package. path: relative to its root folder. data: its bytes if it goes into the ZIP; key: else where it lies."""

    path: str
    sha256: str
    size: int
    media_type: str
    created: datetime
    data: bytes | None = None
    key: str | None = None
    original_name: str = ""
    format_version: str = ""


@dataclass(frozen=True)
class Content:
    """What is kept: the copy that is handed out, the scans as they came, the record as data. catalogue: rows of the database, for restore.

    labels: field code -> what the form calls it. read(code, value): the value as people read it.
    """

    copy: PackageFile
    originals: Sequence[PackageFile]
    record: Mapping[str, Any]
    catalogue: Mapping[str, Any]
    labels: Mapping[str, str]
    read: Callable[[str, str], str]


@dataclass(frozen=True)
class Assembled:
    """zip: the package's own files under its root folder. inner: what is in it; outer: what lies beside it."""

    zip: bytes
    inner: tuple[PackageFile, ...]
    outer: tuple[PackageFile, ...]


def assemble(d: Description, version: str, content: Content, steps: Sequence[premis.Step], schemas: Sequence[PackageFile]) -> Assembled:
    """The whole package of an entry or dossier. schemas: those of `schema_files`, lying in the store once for all packages."""
    own = _Own(d.created)
    record = own.add(f"representations/rep1/data/{d.stem}.json", _json(content.record), JSON)
    data = own.add(f"representations/rep1/data/{d.stem}.xml", record_xml(content.record, d), XML)
    rep1, rep2 = [content.copy, record, data], list(content.originals)
    described = [own.add(f"representations/{rep}/metadata/descriptive/EAD_doc_{d.document_code}.xml", ead.document(d), XML)
                 for rep in ("rep1", "rep2")]
    representations = {
        "rep1": own.add("representations/rep1/METS.xml", mets.representation_mets("rep1", d, version, described[:1], rep1), XML),
        "rep2": own.add("representations/rep2/METS.xml", mets.representation_mets("rep2", d, version, described[1:], rep2), XML)}
    dossier = own.add("metadata/descriptive/EAD.xml", ead.dossier(d), XML)
    kept = own.add("metadata/preservation/PREMIS.xml", premis.premis(d, [*rep1, *rep2], steps), XML)
    catalogue = own.add("metadata/other/catalogue.json", _json(content.catalogue), JSON)
    documentation = [
        own.add("README.txt", reading_aids.readme(d, content), TEXT), own.add("index.html", reading_aids.index(d, content), HTML),
        own.add("documentation/SCHEMAS.txt", (resources.files("storage.aip.schemas") / "SOURCES.txt").read_bytes(), TEXT)]
    own.add("METS.xml", mets.package_mets(d, version, [dossier], [kept], [catalogue], schemas, documentation, representations), XML)
    return Assembled(own.zip(d), tuple(own.files), (*rep1[:1], *rep2, *schemas))


def assemble_book(d: Description, version: str, entries: Sequence[Mapping[str, Any]], catalogue: Mapping[str, Any],
                  steps: Sequence[premis.Step], schemas: Sequence[PackageFile]) -> Assembled:
    """The closing package of a book: its description and the list of its entries' packages, which stay what they are.

    entries: id, objid, title, version, manifest_sha256 of each, in the order of the book.
    """
    own = _Own(d.created)
    dossier = own.add("metadata/descriptive/EAD.xml", ead.dossier(d, len(entries)), XML)
    contents = {"book": d.file_code, "title": d.book_title, "entries": list(entries)}
    listed = own.add("representations/rep1/data/danh-muc.json", _json(contents), JSON)
    described = own.add(f"representations/rep1/metadata/descriptive/EAD_doc_{d.document_code}.xml", ead.document(d), XML)
    rep1 = own.add("representations/rep1/METS.xml", mets.representation_mets("rep1", d, version, [described], [listed]), XML)
    kept = own.add("metadata/preservation/PREMIS.xml", premis.premis(d, [listed], steps), XML)
    rows = own.add("metadata/other/catalogue.json", _json(catalogue), JSON)
    documentation = [own.add("README.txt", reading_aids.book_readme(d, len(entries)), TEXT),
                     own.add("index.html", reading_aids.book_index(d, entries), HTML)]
    children = {str(e["objid"]): f"../{folder_name(str(e['objid']))}/METS.xml" for e in entries}
    own.add("METS.xml", mets.package_mets(d, version, [dossier], [kept], [rows], schemas, documentation, {"rep1": rep1}, children), XML)
    return Assembled(own.zip(d), tuple(own.files), tuple(schemas))


@cache
def schema_files() -> tuple[PackageFile, ...]:
    """The schemas that every package names, with their bytes; in the store they lie under `schemas/<sha256>.xsd`."""
    out = []
    for name in SCHEMAS:
        data = (resources.files("storage.aip.schemas") / name).read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        out.append(PackageFile(f"schemas/{name}", digest, len(data), XSD, SCHEMAS_DATED, data, f"schemas/{digest}.xsd"))
    return tuple(out)


class _Own:
    """The files made here, in the order they are made."""

    def __init__(self, created: datetime) -> None:
        self.files: list[PackageFile] = []
        self._created = created

    def add(self, path: str, data: bytes, media_type: str) -> PackageFile:
        made = PackageFile(path, hashlib.sha256(data).hexdigest(), len(data), media_type, self._created, data)
        self.files.append(made)
        return made

    def zip(self, d: Description) -> bytes:
        """Same files, same bytes."""
        out, root = io.BytesIO(), folder_name(d.objid)
        when = self._created.astimezone(VIETNAM).timetuple()[:6]
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            for f in self.files:
                info = zipfile.ZipInfo(f"{root}/{f.path}", when)
                info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
                archive.writestr(info, f.data or b"")
        return out.getvalue()


def _json(data: Mapping[str, Any]) -> bytes:
    return (json.dumps(data, ensure_ascii=False, indent=1) + "\n").encode()
