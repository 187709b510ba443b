"""A record as XML, for those who would rather not read JSON: the same values, `schemas/record.xsd`."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lxml import etree

from storage.aip.description import Description, local_time, xml_text

NAMESPACE = "urn:sogoc:record:1"
_HEAD = (("quyen", "batch"), ("tep", "file"), ("tep2", "file2"), ("trang", "page"), ("dong", "row"), ("loai", "loai"), ("mau", "mau"))


def record_xml(record: Mapping[str, Any], d: Description) -> bytes:
    """The entry's (or dossier's) fields, links, verification and corrections."""
    top = etree.Element(_q("hoSo"), nsmap={None: NAMESPACE}, goi=d.objid, phienBan=str(d.version), lapLuc=local_time(d.created))
    for name, key in _HEAD:
        if record.get(key) is not None:
            _add(top, name, record[key])
    fields = etree.SubElement(top, _q("truongDuLieu"))
    for code, value in (record.get("fields") or {}).items():
        if isinstance(value, Mapping):
            made = _add(fields, "truong", value.get("value", ""), ma=code)
            for attribute, key in (("nguon", "source"), ("tinCay", "confidence"), ("maDonVi", "unit_code"), ("docDuoc", "raw")):
                if value.get(key) not in (None, ""):
                    made.set(attribute, xml_text(value[key]))
        else:
            _add(fields, "truong", value, ma=code)
    links = record.get("links") or {}
    if links:
        people = etree.SubElement(top, _q("lienKet"))
        for role, link in links.items():
            made = etree.SubElement(people, _q("nguoi"), vaiTro=role, ketLuan=str(link["decision"]), xacSuat=str(link["probability"]))
            if link.get("personal_id"):
                made.set("soDinhDanh", link["personal_id"])
    verified = record.get("verified")
    if verified:
        etree.SubElement(top, _q("xacNhan"), boi=xml_text(verified.get("by") or ""), luc=str(verified.get("at") or ""))
    for c in record.get("corrections") or ():
        made = etree.SubElement(top, _q("caiChinh"), phienBan=str(c["version"]), loai=str(c["kind"]), soQuyetDinh=xml_text(c["number"]),
                                ngay=str(c["date"]), coQuan=xml_text(c["agency"]))
        for code, change in c["fields"].items():
            _add(made, "truong", change["after"], ma=code, truoc=xml_text(change["before"]))
    return etree.tostring(top, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _add(parent: etree._Element, name: str, value: object, **attributes: str) -> etree._Element:
    made = etree.SubElement(parent, _q(name), attributes)
    made.text = xml_text("" if value is None else value)
    return made


def _q(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"
