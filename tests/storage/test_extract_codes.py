"""What others may try with the code of an extract, and its keys."""
from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import timedelta

import extract_house as house
import pikepdf
import pytest
from extract_house import (
    HEAD,
    Unsigned,
    archived,
    at,
    identity,
    issued,
    key_file,
)

from storage.extracts import steps
from storage.extracts.checking import check_code
from storage.extracts.cose import Forged, NotOurCode, UnknownKey
from storage.extracts.keys import read_key_file
from storage.extracts.proof import PREFIX, decode

__all__ = ["at", "identity"]


def test_a_code_on_another_paper_is_found_out(at, tmp_path):
    mine, other = (issued(at, archived(at.ledger), f"H21.129-261130-000{n}") for n in (1, 2))
    file = tmp_path / "other.pdf"
    file.write_bytes(at.ledger.get(other.pdf_key))
    report = check_code(mine.code_text, key_file(at), file)
    assert set(report.problems) == {"values_differ", "number_differs"} and report.exit_code == 1       # same values, another check code


def test_a_document_that_was_changed_or_not_signed_is_found_out(at, tmp_path):
    extract = issued(at, archived(at.ledger))
    file = tmp_path / "x.pdf"
    pdf = at.ledger.get(extract.pdf_key)
    file.write_bytes(steps.draft(at, HEAD, extract.id))
    assert "not_signed" in check_code(extract.code_text, key_file(at), file).problems
    file.write_bytes(at.ledger.get(extract.signed_key))
    assert {"not_both_signatures", "number_differs"} <= set(check_code(extract.code_text, key_file(at), file).problems)
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        content = opened.pages[0].Contents.read_bytes()
        name = house.VALUES["KS"]["nksHoTen"]
        from storage.pdf_font import font_facts

        changed = content.replace(font_facts().encode(name).hex().encode(), font_facts().encode("Lê Thị Loạn").hex().encode())
        assert changed != content
        opened.pages[0].Contents.write(changed)
        opened.save(file)
    assert "values_differ" in (found := check_code(extract.code_text, key_file(at), file)).problems
    assert found.exit_code == 1 and found.lines()[0] != "" and len(found.problems) > 1       # and a signature no longer fits
    file.write_bytes(b"%PDF-1.7 nothing")
    assert "not_an_extract" in check_code(extract.code_text, key_file(at), file).problems


def test_codes_are_forged_by_nobody(at, tmp_path):
    import base45
    import cbor2
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from storage.extracts.proof import encode

    extract = issued(replace(at, signer=Unsigned()), archived(at.ledger))
    keys = at.keys.public()
    said = decode(extract.code_text, keys)
    parts = cbor2.loads(base45.b45decode(extract.code_text.removeprefix(PREFIX))).value

    def text(*values):
        return PREFIX + base45.b45encode(cbor2.dumps(cbor2.CBORTag(18, list(values)))).decode()

    other = cbor2.dumps({**cbor2.loads(parts[2]), 1: "99/TLKS-BS"})
    with pytest.raises(Forged):
        decode(text(parts[0], parts[1], other, parts[3]), keys)
    with pytest.raises(Forged):
        decode(encode(replace(said, number="99/TLKS-BS"), keys[0].id, Ed25519PrivateKey.generate()), keys)
    with pytest.raises(UnknownKey):
        decode(encode(said, b"8 bytes.", Ed25519PrivateKey.generate()), keys)
    with pytest.raises(UnknownKey):         # said of a day before the key was made
        decode(encode(replace(said, day=said.day - timedelta(days=400)), *at.keys.signing()), keys)
    for algorithm in ({1: -7, 4: keys[0].id}, {1: -8, 4: [1]}, {}, []):
        with pytest.raises((NotOurCode, UnknownKey)):
            decode(text(cbor2.dumps(algorithm), {}, parts[2], parts[3]), keys)
    for rubbish in ("", "SG1:", "SG1:%%%", "SG1:" + "A" * 5000, "https://example.vn", text(1, 2, 3, 4), extract.code_text[:-6]):
        with pytest.raises((NotOurCode, Forged)):
            decode(rubbish, keys)
    assert check_code(tmp_path / "none.png", key_file(at)).exit_code == 4


def test_a_new_key_leaves_earlier_codes_good_and_its_private_half_nowhere(at, tmp_path):
    at = replace(at, signer=Unsigned())
    first = issued(at, archived(at.ledger), "a-1")
    before = at.keys.signing()[0]
    at.keys.rotate()
    second = issued(at, archived(at.ledger), "a-2")
    assert at.keys.signing()[0] != before and len(at.keys.public()) == 2
    for extract in (first, second):
        assert check_code(extract.code_text, key_file(at)).problems == ()
    assert oct((tmp_path / "keys" / "current.pem").stat().st_mode)[-3:] == "600"
    assert "d" not in json.loads((tmp_path / "keys" / "public.json").read_text())["keys"][0]
    with pytest.raises(ValueError, match="key file"):
        read_key_file("{}")
