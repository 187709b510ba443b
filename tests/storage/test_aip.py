from __future__ import annotations

import json
import subprocess
from pathlib import Path

import csip_reader
import pytest
from lxml import etree
from registers import CHILD, add_dossier, add_entry, add_page, page_image

from storage.aip.check import check_folder
from storage.aip.unpack import lay_out
from storage.archive import ArchiveOptions, archive_dossier, archive_entry
from storage.book_archive import close_book
from storage.errors import NoFondsCode
from storage.signing import Signer, create_demo_identity

OPTIONS = ArchiveOptions(undo_seconds=0, retain_days=1, retention_mode="GOVERNANCE", agency_name="UBND xã Mẫu & Thử <1>",
                         agency_code="000.00.01.H00", fonds_code="THU-1")
M = {"m": "http://www.loc.gov/METS/", "p": "http://www.loc.gov/premis/v3", "e": "urn:sogoc:ead:1", "x": "http://www.w3.org/1999/xlink",
     "csip": "https://DILCIS.eu/XML/METS/CSIPExtensionMETS"}


@pytest.fixture(scope="module")
def signer(tmp_path_factory) -> Signer:
    return Signer(create_demo_identity(tmp_path_factory.mktemp("identity"), "UBND xã Mẫu"), "UBND xã Mẫu")


def exported(ledger, package, tmp_path: Path) -> Path:
    return lay_out(json.loads(ledger.get(package.manifest_key)), ledger.get, tmp_path)


@pytest.fixture
def folder(sqlite_ledger, signer, tmp_path) -> Path:
    entry_id = add_entry(sqlite_ledger, add_page(sqlite_ledger, "KS.2017.01", "Trang số 1.jpg", page_image()))
    return exported(sqlite_ledger, archive_entry(sqlite_ledger.database, sqlite_ledger, signer, OPTIONS, entry_id, "sogoc"), tmp_path)


def test_the_package_is_whole_and_follows_its_schemas(folder):
    assert check_folder(folder) == []
    names = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert {"METS.xml", "README.txt", "index.html", "metadata/descriptive/EAD.xml", "metadata/preservation/PREMIS.xml",
            "representations/rep1/METS.xml", "representations/rep1/data/KS.2017.01.001.pdf",
            "representations/rep1/data/KS.2017.01.001.json", "schemas/premis.xsd",
            "representations/rep2/data/KS.2017.01.001.goc.jpg"} <= names


def test_a_public_reader_of_csip_finds_no_error(folder):
    structure, schema, messages = csip_reader.validate(folder)
    assert (structure, schema) == ("WellFormed", "VALID")
    assert [m for m in messages if m[1] == "Error"] == []


def test_what_mets_says(folder):
    root = etree.parse(folder / "METS.xml").getroot()
    assert root.get("OBJID").startswith("urn:THU-1:uuid:") and folder.name == root.get("OBJID").replace(":", "_")
    header = root.find("m:metsHdr", M)
    assert header.get(f"{{{M['csip']}}}OAISPACKAGETYPE") == "AIP" and header.get("CREATEDATE").endswith("+07:00")
    assert [a.findtext("m:name", namespaces=M) for a in header.findall("m:agent", M)] == ["Sổ Gốc", "UBND xã Mẫu & Thử <1>"]
    listed = root.findall(".//m:file", M) + root.findall(".//m:mdRef", M)
    assert all(f.get("CHECKSUMTYPE") == "SHA-256" and len(f.get("CHECKSUM")) == 64 for f in listed)
    addresses = [n.get(f"{{{M['x']}}}href") for n in root.iter() if n.get(f"{{{M['x']}}}href")]
    assert addresses and not any(a.startswith("/") or ":" in a for a in addresses)
    assert root.find("m:structMap", M).get("LABEL") == "CSIP"
    labels = [d.get("LABEL") for d in root.findall("m:structMap/m:div/m:div", M)]
    assert {"Metadata", "Schemas", "Documentation", "Representations/rep1", "Representations/rep2"} <= set(labels)


def test_what_ead_and_premis_say(folder):
    ead = etree.parse(folder / "metadata/descriptive/EAD.xml").getroot().find("e:dossier", M)
    said = {e.tag.split("}")[1]: e.text for e in ead}
    assert (said["arcFileCode"], said["maintenance"]) == ("THU-1.KS.2017.01-2017", "Vĩnh viễn")
    assert (said["totalDoc"], said["numberOfPage"]) == ("1", "1")
    document = next(folder.glob("representations/rep1/metadata/descriptive/EAD_doc_*.xml"))
    assert etree.parse(document).findtext(".//e:docCode", namespaces=M) == "THU-1.KS.2017.01-2017.0000001"
    premis = etree.parse(folder / "metadata/preservation/PREMIS.xml").getroot()
    kinds = [e.findtext("p:eventType", namespaces=M) for e in premis.findall("p:event", M)]
    assert {"validation", "fixity check", "normalization", "digital signature generation", "accession"} <= set(kinds)
    agents = {a.findtext("p:agentName", namespaces=M): a for a in premis.findall("p:agent", M)}
    assert agents["an"].findtext("p:agentNote", namespaces=M) == "vai trò: reviewer"
    assert "Trần Văn An" not in etree.tostring(premis, encoding="unicode")          # people by their account names only
    assert agents["Sổ Gốc"].findtext("p:agentVersion", namespaces=M)
    digests = premis.findall(".//p:messageDigest", M)
    assert len(digests) == 4 and all(len(d.text) == 64 for d in digests)
    ends = [e.findtext("p:eventDateTime", namespaces=M) for e in premis.findall("p:event", M)]
    assert ends == sorted(ends) and all(t.endswith("+07:00") for t in ends)


def test_a_person_with_a_file_browser_can_read_it(folder):
    page, text = (folder / "index.html").read_text(), (folder / "README.txt").read_bytes()
    assert CHILD in page and "<script" not in page and "http" not in page
    for address in ("representations/rep1/data/KS.2017.01.001.pdf", "representations/rep2/data/KS.2017.01.001.goc.jpg"):
        assert f'href="{address}"' in page and (folder / address).is_file()
    assert text.startswith("\ufeff".encode()) and b"\r\n" in text and "Trang số 1.jpg" in text.decode()
    pdf = folder / "representations/rep1/data/KS.2017.01.001.pdf"
    assert CHILD in subprocess.run(["pdftotext", pdf, "-"], capture_output=True, text=True, check=True, timeout=30).stdout


def edit(path: Path, before: bytes, after: bytes) -> None:
    data = path.read_bytes()
    assert before in data
    path.write_bytes(data.replace(before, after))


@pytest.mark.parametrize("change, code", [
    (lambda f: (f / "README.txt").write_bytes(b"x"), ("README.txt", "changed")),
    (lambda f: (f / "metadata/preservation/PREMIS.xml").unlink(), ("metadata/preservation/PREMIS.xml", "missing")),
    (lambda f: (f / "them.txt").write_bytes(b"x"), ("them.txt", "not_listed")),
    (lambda f: edit(f / "METS.xml", b'LABEL="CSIP"', b'LABELS="CSIP"'), ("METS.xml", "schema")),
    (lambda f: edit(f / "METS.xml", b'href="README.txt"', b'href="../../x"'), ("../../x", "outside")),
])
def test_our_own_check_names_what_is_wrong(folder, change, code):
    change(folder)
    assert code in [(f.path, f.code) for f in check_folder(folder)]


def test_a_dossier_of_several_pages(sqlite_ledger, signer, tmp_path):
    dossier_id = add_dossier(sqlite_ledger, pages=3)
    package = archive_dossier(sqlite_ledger.database, sqlite_ledger, signer, OPTIONS, dossier_id, "sogoc")
    folder = exported(sqlite_ledger, package, tmp_path)
    assert check_folder(folder) == [] and len(list(folder.glob("representations/rep2/data/*"))) == 3
    assert [m for m in csip_reader.validate(folder)[2] if m[1] == "Error"] == []


def test_the_closing_package_of_a_book(sqlite_ledger, signer, tmp_path):
    for n in (1, 2):
        entry = add_entry(sqlite_ledger, add_page(sqlite_ledger, "KS.2017.01", f"{n}.jpg", page_image(str(n))), str(n))
        archive_entry(sqlite_ledger.database, sqlite_ledger, signer, OPTIONS, entry, "sogoc")
    package = close_book(sqlite_ledger.database, sqlite_ledger, signer, OPTIONS, "KS.2017.01", "sogoc")
    assert package is not None and package.entries == 2
    folder = exported(sqlite_ledger, package, tmp_path)
    structure, schema, messages = csip_reader.validate(folder)
    assert (structure, schema) == ("WellFormed", "VALID") and [m for m in messages if m[1] == "Error"] == []
    assert check_folder(folder) == []


@pytest.mark.parametrize("fonds", ["", "có dấu", "a:b", "x/y"])
def test_nothing_is_archived_without_a_fonds_code(sqlite_ledger, signer, fonds):
    from dataclasses import replace

    entry_id = add_entry(sqlite_ledger, add_page(sqlite_ledger, "b", "1.jpg", page_image()))
    with pytest.raises(NoFondsCode):
        archive_entry(sqlite_ledger.database, sqlite_ledger, signer, replace(OPTIONS, fonds_code=fonds), entry_id, "sogoc")
    assert not list(sqlite_ledger.store.list("archive", "archive/"))
