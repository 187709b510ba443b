"""The SOAP side of the population database: operation TraCuuThongTinCongDan out, people or a fault in.

Element order is fixed there. Answers are read by a parser that knows no document type: no entity is opened, nothing is fetched.
"""
from __future__ import annotations

import base64
from collections.abc import Iterator

from lxml import etree

from records.ministry.cells import CONTROL
from records.ministry.date_styles import say_date
from storage.population_query.errors import AnswerUnreadable, QueryRefused
from storage.population_query.options import Officer
from storage.population_query.person import FoundPerson, person_of
from storage.population_query.question import Question

NS = "http://dancuquocgia.bca"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
ACTION = f"{NS}/TraCuuThongTinCongDan"
_MOST_PEOPLE = 10
_MOST_BYTES = 4 * 1024 * 1024


def auth_hash(officer: Officer) -> str:
    """AuthHash: base64 of keyName:keyPass."""
    return base64.b64encode(f"{officer.key_name}:{officer.key_pass}".encode()).decode()


def to_soap(question: Question, officer: Officer, integration: str) -> bytes:
    """The envelope. Names go in capitals; a whole day as yyyyMMdd, else the year."""
    envelope = etree.Element(etree.QName(SOAP, "Envelope"), nsmap={"soapenv": SOAP, "qldc": NS})
    _add(etree.SubElement(envelope, etree.QName(SOAP, "Header")), "AuthHash", auth_hash(officer))
    asked = etree.SubElement(etree.SubElement(envelope, etree.QName(SOAP, "Body")), etree.QName(NS, "TraCuuThongTinCongDan"))
    for name, value in (("MaYeuCau", question.id), ("MaDVC", question.service), ("MaTichHop", integration), ("MaCanBo", officer.code),
                        ("SoDinhDanh", question.personal_id), ("SoCMND", question.card), ("HoVaTen", question.name.upper())):
        if value.strip():
            _add(asked, name, value.strip())
    born = question.birth
    if born is not None:
        day = born.precision == "day"
        _add(etree.SubElement(asked, etree.QName(NS, "NgayThangNamSinh")), "NgayThangNam" if day else "Nam", say_date("compact", born))
    paging = etree.SubElement(asked, etree.QName(NS, "Paging"))
    _add(paging, "PageIndex", "1")
    _add(paging, "PageSize", str(_MOST_PEOPLE))
    return etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")


def from_soap(data: bytes) -> list[FoundPerson]:
    """The people of an answer. Raises QueryRefused for a fault, AnswerUnreadable for what is none."""
    body = _parse(data).find(f"{{{SOAP}}}Body")
    if body is None:
        raise AnswerUnreadable(cause="no SOAP body")
    fault = body.find(f"{{{SOAP}}}Fault")
    if fault is not None:
        said = {_name(e): "".join(e.itertext()).strip() for e in fault}
        raise QueryRefused(said=(said.get("faultstring") or said.get("faultcode") or "?")[:500])
    return [person_of(_values(e)) for e in body.iter() if _name(e) == "CongDan"][:_MOST_PEOPLE]


def _parse(data: bytes) -> etree._Element:
    if len(data) > _MOST_BYTES:
        raise AnswerUnreadable(cause=f"{len(data)} bytes")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False,
                             remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as e:
        raise AnswerUnreadable(cause=type(e).__name__) from None      # its text may hold what was answered
    if root.getroottree().docinfo.doctype:
        raise AnswerUnreadable(cause="a document type")
    return root


def _values(person: etree._Element) -> dict[str, str]:
    """Path below the person -> text: HoVaTen, HoVaTen/Ho, Cha/SoDinhDanh …"""
    return dict(_leaves(person, ""))


def _leaves(element: etree._Element, path: str) -> Iterator[tuple[str, str]]:
    for child in element:
        here = f"{path}/{_name(child)}" if path else _name(child)
        if len(child):
            yield from _leaves(child, here)
        else:
            yield here, (child.text or "").strip()


def _name(element: etree._Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _add(parent: etree._Element, name: str, value: str) -> None:
    etree.SubElement(parent, etree.QName(NS, name)).text = CONTROL.sub("", value)
