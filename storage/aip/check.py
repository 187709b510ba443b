"""Our own check of a package laid out as a folder: schemas, SHA-256 and size of every file that METS names, nothing beside them."""
from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from urllib.parse import unquote

from lxml import etree

from storage.aip import ead, premis, record_xml
from storage.aip.description import folder_name
from storage.aip.mets import CSIP, METS, XLINK

_SCHEMA_OF = {METS: "package.xsd", premis.NAMESPACE: "premis.xsd", ead.NAMESPACE: "ead.xsd", record_xml.NAMESPACE: "record.xsd"}
_PARSER = {"resolve_entities": False, "no_network": True, "load_dtd": False}


@dataclass(frozen=True)
class Flaw:
    """One thing wrong. path: in the package's folder. code: not_listed, missing, changed, not_xml, schema, folder_name or outside."""

    path: str
    code: str
    detail: str = ""


def check_folder(folder: Path) -> list[Flaw]:
    """Everything wrong with the package in this folder; empty: all files are there, unchanged, and every XML follows its schema."""
    found = [*_listed(folder)]
    for path in sorted(folder.rglob("*.xml")):
        found += _schema(folder, path)
    return found


def _listed(folder: Path) -> Iterator[Flaw]:
    top = folder / "METS.xml"
    if not top.is_file():
        yield Flaw("METS.xml", "missing")
        return
    seen = {"METS.xml"}
    queue = [top]
    while queue:
        mets = queue.pop(0)
        try:
            root = etree.parse(str(mets), etree.XMLParser(**_PARSER)).getroot()
        except etree.XMLSyntaxError as e:
            yield Flaw(str(mets.relative_to(folder)), "not_xml", e.msg)
            continue
        if mets == top and folder_name(root.get("OBJID", "")) != folder.name:
            yield Flaw("METS.xml", "folder_name", root.get("OBJID", ""))
        for node in root.iter(f"{{{METS}}}file", f"{{{METS}}}mdRef"):
            place = node.find(f"{{{METS}}}FLocat") if node.tag.endswith("}file") else node
            target = (mets.parent / unquote(place.get(f"{{{XLINK}}}href"))).resolve()
            if not target.is_relative_to(folder.resolve()):
                yield Flaw(place.get(f"{{{XLINK}}}href"), "outside")
                continue
            path = target.relative_to(folder.resolve()).as_posix()
            seen.add(path)
            if not target.is_file():
                yield Flaw(path, "missing")
                continue
            with open(target, "rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            if digest != node.get("CHECKSUM") or str(target.stat().st_size) != node.get("SIZE"):
                yield Flaw(path, "changed", f"{node.get('CHECKSUM')} {digest}")
            if target.name == "METS.xml":
                queue.append(target)
    for path in sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()):
        if path not in seen:
            yield Flaw(path, "not_listed")


def _schema(folder: Path, path: Path) -> Iterator[Flaw]:
    name = path.relative_to(folder).as_posix()
    try:
        tree = etree.parse(str(path), etree.XMLParser(**_PARSER))
    except etree.XMLSyntaxError as e:
        yield Flaw(name, "not_xml", e.msg)
        return
    schema = _SCHEMA_OF.get(etree.QName(tree.getroot()).namespace or "")
    if schema is None:
        yield Flaw(name, "schema", "unknown namespace")
        return
    validator = schema_of(schema)
    if not validator.validate(tree):
        yield Flaw(name, "schema", f"{validator.error_log[0].line}: {validator.error_log[0].message}")


@cache
def schema_of(name: str) -> etree.XMLSchema:
    """A schema of storage/aip/schemas, compiled. package.xsd: METS with E-ARK's extension."""
    with resources.as_file(resources.files("storage.aip.schemas")) as place:
        if name == "package.xsd":
            both = (f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:import namespace="{METS}" schemaLocation="mets.xsd"/>'
                    f'<xs:import namespace="{CSIP}" schemaLocation="DILCISExtensionMETS.xsd"/></xs:schema>')
            return etree.XMLSchema(etree.fromstring(both, base_url=str(place / name)))
        return etree.XMLSchema(file=str(place / name))
