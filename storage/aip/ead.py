"""Descriptive metadata: the dossier (EAD.xml) and each document of it (EAD_doc_*.xml), by the elements of Thông tư 05/2025/TT-BNV.

The circular's own schema is not published where we could get it; `schemas/ead.xsd` is ours, made from the list of elements in
docs/archive.md. A receiver with the official one changes the namespace here and nothing else.
"""
from __future__ import annotations

from collections.abc import Iterable

from lxml import etree

from storage.aip.description import Description, xml_text

NAMESPACE = "urn:sogoc:ead:1"
PERMANENT, RESTRICTED, VIETNAMESE = "Vĩnh viễn", "Hạn chế", "Tiếng Việt"
DIGITISED_ORIGINAL = "Bản số hóa từ bản gốc"
BORN_DIGITAL = "Bản gốc điện tử"
FORMAT = "PDF/A-2b; tệp ảnh gốc"


def dossier(d: Description, documents: int | None = None) -> bytes:
    """EAD.xml: the book."""
    values = [
        ("arcFileCode", d.file_code), ("title", d.book_title), ("maintenance", PERMANENT), ("mode", RESTRICTED), ("language", VIETNAMESE),
        ("startDate", d.start_date), ("endDate", d.end_date), ("keyword", "; ".join(d.keywords)),
        ("totalDoc", d.documents if documents is None else documents), ("numberOfPaper", (d.pages + 1) // 2), ("numberOfPage", d.pages),
        ("format", FORMAT), ("inforSign", d.kind), ("confidenceLevel", DIGITISED_ORIGINAL), ("paperFileCode", d.paper_code),
        ("description", _description(d)), ("riskRecovery", "Không"), ("riskRecoveryStatus", "Chưa lập bản dự phòng"),
    ]
    return _write("ead", "dossier", values)


def document(d: Description) -> bytes:
    """EAD_doc_*.xml: the entry."""
    return _write("eadDoc", "document", [
        ("docCode", d.document_code), ("title", d.title), ("docDate", d.date), ("language", VIETNAMESE), ("numberOfPage", d.pages),
        ("format", FORMAT), ("inforSign", d.kind), ("confidenceLevel", DIGITISED_ORIGINAL), ("mode", RESTRICTED),
        ("description", _description(d))])


def _description(d: Description) -> str:
    if d.basis is None:
        return f"{d.title}. Cơ quan lập hồ sơ: {d.agency or 'chưa ghi'}."
    b = d.basis
    return (f"{d.title}. Phiên bản {d.version}, thay cho gói {d.previous}: {b.title} theo {b.number} ngày {b.date} của {b.agency}."
            + (f" {b.note}" if b.note else ""))


def _write(root: str, group: str, values: Iterable[tuple[str, object]]) -> bytes:
    top = etree.Element(f"{{{NAMESPACE}}}{root}", nsmap={None: NAMESPACE})
    inner = etree.SubElement(top, f"{{{NAMESPACE}}}{group}")
    for name, value in values:
        etree.SubElement(inner, f"{{{NAMESPACE}}}{name}").text = xml_text(value)
    return etree.tostring(top, xml_declaration=True, encoding="UTF-8", pretty_print=True)
