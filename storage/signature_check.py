"""Finding out what the signatures of a PDF are worth, with nothing but the file and the trusted roots: no network is asked."""
from __future__ import annotations

import io
import logging
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from storage.identity import DEMO_NAME
from storage.signature_changes import changes
from storage.signature_facts import Change, OneSignature, SignatureReport
from storage.signature_trust import Judge, name_of

__all__ = ["SignatureReport", "verify_pdf"]

_SIGNATURE = re.compile(rb"/ByteRange\s*\[\s*0\s+\d+")
_BROKEN = (ValueError, KeyError, IndexError, AttributeError, TypeError, RecursionError, OverflowError, NotImplementedError)


def verify_pdf(pdf: bytes | Path, roots: list[Path] | None = None, at: datetime | None = None) -> SignatureReport:
    """Check every signature of a PDF. roots: PEM files that are trusted (none: nothing is). at: the moment to judge by, now.

    Call from a thread without a running event loop.
    """
    from pyhanko.pdf_utils.misc import PdfError
    from pyhanko.pdf_utils.reader import PdfFileReader

    data = pdf if isinstance(pdf, bytes) else Path(pdf).read_bytes()
    for name in ("pyhanko", "pyhanko_certvalidator"):
        logging.getLogger(name).setLevel(logging.CRITICAL)        # its findings are in the report
    if b"%PDF-" not in data[:1024]:
        return SignatureReport((), ("not_pdf",))
    try:
        reader = PdfFileReader(io.BytesIO(data))
        if reader.encrypted:
            return SignatureReport((), ("encrypted",))
        embedded, stamps = reader.embedded_regular_signatures, reader.embedded_timestamp_signatures
    except (PdfError, *_BROKEN):
        return SignatureReport((), ("not_readable",))
    removed = ("signature_removed",) if len(_SIGNATURE.findall(data)) > len(embedded) + len(stamps) else ()
    if not embedded:
        return SignatureReport((), removed or ("not_signed",))
    judge = Judge(roots or [], (at or datetime.now(UTC)).astimezone(UTC))
    found = tuple(_one(reader, s, [t for t in stamps if t.signed_revision > s.signed_revision], data, judge)
                  for s in embedded)
    problems = [code for s in found for code in s.problems]
    return SignatureReport(found, tuple(dict.fromkeys([*removed, *problems])))


def _one(reader: Any, signature: Any, stamps: list[Any], data: bytes, judge: Judge) -> OneSignature:
    from pyhanko.pdf_utils.misc import PdfError
    from pyhanko.sign.validation.errors import SignatureValidationError

    try:
        subject = signature.signer_cert.subject.native
        facts = OneSignature(str(subject.get("common_name", "")), str(subject.get("organization_name", "")),
                             DEMO_NAME in str(subject.get("organizational_unit_name", "")), field=str(signature.field_name or ""))
    except (SignatureValidationError, *_BROKEN):
        return OneSignature("?", "?", False, problems=("signature_damaged",))
    try:
        status = judge.status(signature)
    except (SignatureValidationError, PdfError, *_BROKEN):
        return replace(facts, problems=("signature_damaged",))
    intact = bool(status.intact and status.valid) and _padding_is_empty(signature)
    named = {s.field_name for s in reader.embedded_signatures}
    allowed = _only_added_what_may_be(status, named) and not _bytes_after_the_end(signature, reader, data)
    verdict = judge.verdict(signature, status, stamps)
    differs: tuple[Change, ...] = ()
    if intact and not allowed:
        try:
            differs = changes(data, int(signature.byte_range[2]) + int(signature.byte_range[3]))
        except (PdfError, *_BROKEN):
            differs = (Change("structure"),)
    codes = {"content_changed": not status.intact, "signature_damaged": status.intact and not intact,
             "changed_after_signing": intact and bool(differs), "added_after_signing": intact and not allowed and not differs,
             **{verdict.problem or "-": intact and bool(verdict.problem)}}
    stamp = status.timestamp_validity
    timed = stamp is not None and bool(stamp.valid and stamp.intact)
    return replace(
        facts, intact=intact, whole=intact and allowed, trusted=verdict.trusted,
        when=stamp.timestamp if timed else status.signer_reported_dt,
        time_by=name_of(stamp.signing_cert) if timed else "", level=verdict.level, chain=verdict.chain, valid_from=verdict.valid_from,
        valid_to=verdict.valid_to, over=verdict.over, revocation=verdict.revocation, revoked_at=verdict.revoked_at, stamps=verdict.stamps,
        stamped_until=verdict.stamped_until, changes=differs, problems=tuple(code for code, bad in codes.items() if bad))


def _only_added_what_may_be(status: Any, signatures: set[str]) -> bool:
    """Nothing after it, or only time stamps, proofs and further signatures, by pyhanko's analysis of the differences."""
    from pyhanko.sign.diff_analysis import DiffResult, ModificationLevel
    from pyhanko.sign.validation.status import SignatureCoverageLevel

    if status.coverage == SignatureCoverageLevel.ENTIRE_FILE:
        return True
    if not isinstance(status.diff_result, DiffResult) or not status.docmdp_ok:
        return False
    return status.diff_result.modification_level <= ModificationLevel.LTA_UPDATES or (
        status.diff_result.modification_level == ModificationLevel.FORM_FILLING and status.diff_result.changed_form_fields <= signatures)


def _padding_is_empty(signature: Any) -> bool:
    """Behind the signature its place is filled with zeros; anything else there, nobody has signed."""
    from asn1crypto import parser

    held = bytes(signature.sig_object.raw_get("/Contents"))
    return not held[parser.peek(held):].strip(b"\0")


def _bytes_after_the_end(signature: Any, reader: Any, data: bytes) -> bool:
    """Bytes behind the last revision's end, or a signature that ends before its own revision does."""
    from pyhanko.sign.validation.status import SignatureCoverageLevel

    if data[data.rfind(b"%%EOF") + 5:].strip(b"\r\n \0"):
        return True
    return signature.signed_revision == reader.total_revisions - 1 and signature.coverage != SignatureCoverageLevel.ENTIRE_FILE
