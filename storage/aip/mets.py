"""METS by E-ARK CSIP 2.1: of the package, and of each representation in it. SHA-256 on every file, relative addresses."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

from lxml import etree

from storage.aip.description import Description, local_time, xml_text

if TYPE_CHECKING:
    from storage.aip.build import PackageFile

METS, XLINK, CSIP = "http://www.loc.gov/METS/", "http://www.w3.org/1999/xlink", "https://DILCIS.eu/XML/METS/CSIPExtensionMETS"
PROFILE = "https://earkcsip.dilcis.eu/profile/E-ARK-CSIP.xml"
TYPE = "Textual works – Digital"                     # E-ARK's list of content categories
OTHER_CONTENT = "so-ho-tich"                         # our content information type; E-ARK's list has none for registers
SOFTWARE = "Sổ Gốc"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"


def package_mets(d: Description, version: str, descriptive: Sequence[PackageFile], preservation: Sequence[PackageFile],
                 other: Sequence[PackageFile], schemas: Sequence[PackageFile], documentation: Sequence[PackageFile],
                 representations: Mapping[str, PackageFile], children: Mapping[str, str] | None = None) -> bytes:
    """METS.xml at the root. representations: folder name -> its METS.xml. children: OBJID -> address of packages that belong to this one
    (a book's entries)."""
    top = _root(d.objid, d.title, d, version, "AIP", "MIXED")
    dmd = [_metadata(top, "dmdSec", f"dmd-{n}", f, "EAD") for n, f in enumerate(descriptive, 1)]
    dmd += [_metadata(top, "dmdSec", f"dmd-other-{n}", f, "OTHER") for n, f in enumerate(other, 1)]
    amd = etree.SubElement(top, _m("amdSec"), ID="amd")
    prov = [_metadata(amd, "digiprovMD", f"digiprov-{n}", f, "PREMIS") for n, f in enumerate(preservation, 1)]
    groups = etree.SubElement(top, _m("fileSec"), ID="files")
    _group(groups, "grp-schemas", "Schemas", schemas)
    _group(groups, "grp-documentation", "Documentation", documentation)
    for name, f in representations.items():
        _group(groups, f"grp-{name}", f"Representations/{name}", [f])
    main = _struct_map(top, d.objid)
    etree.SubElement(main, _m("div"), ID="div-metadata", LABEL="Metadata", DMDID=" ".join(dmd), ADMID=" ".join(prov))
    _pointers(main, "div-documentation", "Documentation", ["grp-documentation"])
    _pointers(main, "div-schemas", "Schemas", ["grp-schemas"])
    if representations:
        _pointers(main, "div-representations", "Representations", [f"grp-{name}" for name in representations])
    for name, f in representations.items():
        div = etree.SubElement(main, _m("div"), ID=f"div-{name}", LABEL=f"Representations/{name}")
        _pointer(div, f.path, f"grp-{name}")
    if children:
        inner = etree.SubElement(main, _m("div"), ID="div-children", LABEL="Packages")
        for n, (identifier, address) in enumerate(children.items(), 1):
            div = etree.SubElement(inner, _m("div"), ID=f"div-child-{n}", LABEL=identifier)
            _pointer(div, address, identifier)
    return _bytes(top)


def representation_mets(name: str, d: Description, version: str, descriptive: Sequence[PackageFile], data: Sequence[PackageFile]) -> bytes:
    """METS.xml of representations/<name>; addresses are relative to that folder."""
    base = f"representations/{name}/"
    top = _root(name, f"{d.title} ({name})", d, version, None, "OTHER")
    dmd = [_metadata(top, "dmdSec", f"{name}-dmd-{n}", f, "EAD", base) for n, f in enumerate(descriptive, 1)]
    groups = etree.SubElement(top, _m("fileSec"), ID=f"{name}-files")
    _group(groups, f"{name}-grp-data", "Data", data, base, f"{name}-")
    main = _struct_map(top, name, f"{name}-")
    div = etree.SubElement(main, _m("div"), ID=f"{name}-div-metadata", LABEL="Metadata")
    if dmd:
        div.set("DMDID", " ".join(dmd))
    _pointers(main, f"{name}-div-data", "Data", [f"{name}-grp-data"])
    return _bytes(top)


def _root(identifier: str, label: str, d: Description, version: str, oais: str | None, content: str) -> etree._Element:
    top = etree.Element(_m("mets"), nsmap={"mets": METS, "xlink": XLINK, "csip": CSIP, "xsi": _XSI})
    for name, value in (("OBJID", identifier), ("LABEL", xml_text(label)), ("TYPE", TYPE), ("PROFILE", PROFILE)):
        top.set(name, value)
    top.set(f"{{{CSIP}}}CONTENTINFORMATIONTYPE", content)
    if content == "OTHER":
        top.set(f"{{{CSIP}}}OTHERCONTENTINFORMATIONTYPE", OTHER_CONTENT)
    depth = "" if oais else "../../"
    top.set(f"{{{_XSI}}}schemaLocation", f"{METS} {depth}schemas/mets.xsd {XLINK} {depth}schemas/xlink.xsd "
                                         f"{CSIP} {depth}schemas/DILCISExtensionMETS.xsd")
    when = local_time(d.created)
    header = etree.SubElement(top, _m("metsHdr"), CREATEDATE=when, LASTMODDATE=when, RECORDSTATUS="CURRENT")
    if oais:
        header.set(f"{{{CSIP}}}OAISPACKAGETYPE", oais)
    _agent(header, {"ROLE": "CREATOR", "TYPE": "OTHER", "OTHERTYPE": "SOFTWARE"}, SOFTWARE, "SOFTWARE VERSION", version)
    if d.agency and oais:
        _agent(header, {"ROLE": "ARCHIVIST", "TYPE": "ORGANIZATION"}, d.agency, "IDENTIFICATIONCODE", d.agency_code or d.fonds)
    return top


def _agent(header: etree._Element, attributes: Mapping[str, str], name: str, note_type: str, note: str) -> None:
    agent = etree.SubElement(header, _m("agent"), dict(attributes))
    etree.SubElement(agent, _m("name")).text = xml_text(name)
    made = etree.SubElement(agent, _m("note"), {f"{{{CSIP}}}NOTETYPE": note_type})
    made.text = xml_text(note)


def _metadata(parent: etree._Element, tag: str, identifier: str, f: PackageFile, kind: str, base: str = "") -> str:
    made = etree.SubElement(parent, _m(tag), ID=identifier, CREATED=local_time(f.created), STATUS="CURRENT")
    reference = etree.SubElement(made, _m("mdRef"), {**_place(_href(f.path, base)), "MDTYPE": kind, **_facts(f)})
    if kind == "OTHER":
        reference.set("OTHERMDTYPE", "SOGOC-CATALOGUE")
    if kind == "PREMIS":
        reference.set("MDTYPEVERSION", "3.0")
    return identifier


def _group(parent: etree._Element, identifier: str, use: str, files: Sequence[PackageFile], base: str = "", prefix: str = "") -> None:
    group = etree.SubElement(parent, _m("fileGrp"), ID=identifier, USE=use)
    group.set(f"{{{CSIP}}}CONTENTINFORMATIONTYPE", "OTHER")
    group.set(f"{{{CSIP}}}OTHERCONTENTINFORMATIONTYPE", OTHER_CONTENT)
    for n, f in enumerate(files, 1):
        made = etree.SubElement(group, _m("file"), ID=f"{prefix}file-{identifier.removeprefix(prefix)}-{n}", **_facts(f))
        etree.SubElement(made, _m("FLocat"), _place(_href(f.path, base)))


def _facts(f: PackageFile) -> dict[str, str]:
    return {"MIMETYPE": f.media_type, "SIZE": str(f.size), "CREATED": local_time(f.created),
            "CHECKSUM": f.sha256, "CHECKSUMTYPE": "SHA-256"}


def _struct_map(top: etree._Element, label: str, prefix: str = "") -> etree._Element:
    made = etree.SubElement(top, _m("structMap"), ID=f"{prefix}map", TYPE="PHYSICAL", LABEL="CSIP")
    return etree.SubElement(made, _m("div"), ID=f"{prefix}div-main", LABEL=label)


def _pointers(main: etree._Element, identifier: str, label: str, targets: Sequence[str]) -> None:
    div = etree.SubElement(main, _m("div"), ID=identifier, LABEL=label)
    for target in targets:
        etree.SubElement(div, _m("fptr"), FILEID=target)


def _pointer(div: etree._Element, address: str, title: str) -> None:
    etree.SubElement(div, _m("mptr"), {**_place(quote(address, safe="/._-")), f"{{{XLINK}}}title": title})


def _place(address: str) -> dict[str, str]:
    return {"LOCTYPE": "URL", f"{{{XLINK}}}type": "simple", f"{{{XLINK}}}href": address}


def _href(path: str, base: str) -> str:
    return quote(path.removeprefix(base), safe="/._-")


def _m(name: str) -> str:
    return f"{{{METS}}}{name}"


def _bytes(top: etree._Element) -> bytes:
    return etree.tostring(top, xml_declaration=True, encoding="UTF-8", pretty_print=True)
