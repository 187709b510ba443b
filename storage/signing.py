"""PAdES baseline signatures (ETSI EN 319 142-1, level B-B; B-T with a time-stamp service): signing copies, and saying in plain words what
a signature is worth. Call from a thread without a running event loop."""
from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from functools import cached_property
from pathlib import Path
from typing import Any

from storage.errors import SigningFailed
from storage.identity import DEMO_NAME, create_demo_identity
from storage.pdf_font import FONT_NAME, font_facts

__all__ = ["SignatureReport", "Signer", "create_demo_identity", "verify_pdf"]

FIELD = "ChuKySo"
_RESERVED = 32768           # hex digits kept free for the signature, chain and time stamp: else pyhanko signs twice to learn the size
VIETNAM = timezone(timedelta(hours=7))
_SIZE, _LEADING, _MARGIN = 10.0, 11.5, 14.0     # points; NĐ 30/2020, Phụ lục I: Times New Roman 10, upright, black, top right of page 1


class Signer:
    """Signs with the key of one folder (see storage.identity for its files).

    agency: name shown on page 1. clock: gives the signing time, timezone-aware. tsa_url: time-stamp service (RFC 3161). Safe from threads.
    """

    def __init__(self, folder: Path, agency: str = "", clock: Callable[[], datetime] | None = None, tsa_url: str | None = None) -> None:
        self.folder = Path(folder)
        self.agency = agency
        self.clock = clock or (lambda: datetime.now(UTC))
        self.tsa_url = tsa_url

    def sign(self, pdf: bytes, *, visible: bool = True, reason: str = "Sao y từ sổ gốc") -> bytes:
        """The same PDF with one PAdES signature appended; still PDF/A-2b.

        visible: the signature's place at the top right of page 1 says `Sao y`, the agency and the ISO 8601 time; else it has no appearance
        (always so for a PDF without our font). Raises SigningFailed.
        """
        from pyhanko.pdf_utils.misc import PdfError
        from pyhanko.sign import PdfSignatureMetadata
        from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
        from pyhanko.sign.general import SigningError

        when = self.clock().astimezone(VIETNAM).replace(microsecond=0)
        lines = [text for text in ("Sao y", self.agency, when.isoformat()) if text]
        try:
            writer = _writer(pdf)
            box, style = _appearance(writer, lines) if visible else (None, None)
            meta = PdfSignatureMetadata(field_name=FIELD, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES, reason=reason,
                                        name=self.agency or None)
            spec = SigFieldSpec(FIELD, on_page=0, box=box, readable_field_name="Chữ ký số / digital signature")
            out = io.BytesIO()
            _pdf_signer(when)(meta, self._signer, timestamper=self._timestamper(), stamp_style=style,
                              new_field_spec=spec).sign_pdf(writer, output=out, bytes_reserved=_RESERVED)
            return out.getvalue()
        except (PdfError, SigningError, OSError, ValueError) as e:
            raise SigningFailed(cause=f"{type(e).__name__}: {str(e).splitlines()[0] if str(e) else ''}") from e

    def certificate(self) -> dict[str, Any]:
        """Facts for `sogoc doctor`: subject, issuer, valid_from, valid_to, demo (the certificate is the one made at init)."""
        from cryptography import x509

        try:
            cert = x509.load_pem_x509_certificate((self.folder / "signer.pem").read_bytes())
        except (OSError, ValueError) as e:
            raise SigningFailed(cause=f"signer.pem: {type(e).__name__}") from e
        return {"subject": cert.subject.rfc4514_string(), "issuer": cert.issuer.rfc4514_string(), "valid_from": cert.not_valid_before_utc,
                "valid_to": cert.not_valid_after_utc, "demo": DEMO_NAME in cert.subject.rfc4514_string()}

    def roots(self) -> list[Path]:
        """Root certificates that copies signed here are checked against."""
        return [self.folder / "root.pem"] if (self.folder / "root.pem").exists() else []

    @cached_property
    def _signer(self) -> Any:
        from pyhanko.sign import signers

        chain = [str(self.folder / "root.pem")] if (self.folder / "root.pem").exists() else None
        passphrase = (self.folder / "passphrase.txt").read_bytes().strip()
        found = signers.SimpleSigner.load(str(self.folder / "signer-key.pem"), str(self.folder / "signer.pem"), ca_chain_files=chain,
                                          key_passphrase=passphrase)
        if found is None:
            raise SigningFailed(cause="key, certificate and passphrase do not go together")
        return found

    def _timestamper(self) -> Any:
        if not self.tsa_url:
            return None
        from pyhanko.sign.timestamps import HTTPTimeStamper

        return HTTPTimeStamper(self.tsa_url, timeout=15)


@dataclass(frozen=True)
class SignatureReport:
    """What a PDF's signature says. valid: everything below is as it should be.

    intact: the signed bytes are unchanged and the signature fits them. covers_all: it covers the whole file, nothing was appended.
    trusted: the certificate leads to one of the given roots and was in its time. problems: stable codes, empty when valid.
    """

    signed: bool
    valid: bool
    intact: bool = False
    covers_all: bool = False
    trusted: bool = False
    signer: str = ""
    organisation: str = ""
    when: datetime | None = None
    time_stamped: bool = False
    demo: bool = False
    problems: tuple[str, ...] = ()
    words: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def lines(self, lang: str = "vi") -> tuple[str, ...]:
        """Who signed, what is covered, whether anything changed: sentences in `vi` or `en`."""
        return self.words["vi" if lang == "vi" else "en"]


def verify_pdf(pdf: bytes | Path, roots: list[Path] | None = None, at: datetime | None = None) -> SignatureReport:
    """Check the signature of a PDF. roots: PEM files that are trusted (none: nothing is). at: the moment to judge certificates by, now."""
    import logging

    from pyhanko.keys import load_cert_from_pemder
    from pyhanko.pdf_utils.misc import PdfError
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko.sign.validation.errors import SignatureValidationError
    from pyhanko.sign.validation.status import SignatureCoverageLevel
    from pyhanko_certvalidator import ValidationContext

    data = pdf if isinstance(pdf, bytes) else Path(pdf).read_bytes()
    logging.getLogger("pyhanko.sign.validation").setLevel(logging.CRITICAL)        # its findings are in the report
    logging.getLogger("pyhanko_certvalidator").setLevel(logging.CRITICAL)
    try:
        embedded = PdfFileReader(io.BytesIO(data)).embedded_regular_signatures
    except (PdfError, ValueError, KeyError, IndexError, AttributeError, TypeError):
        return _report(signed=False, problems=("not_readable",))
    if not embedded:
        return _report(signed=False, problems=("not_signed",))
    context = ValidationContext(trust_roots=[load_cert_from_pemder(str(r)) for r in roots or []], allow_fetching=False,
                                moment=(at or datetime.now(UTC)).astimezone(UTC), revocation_mode="soft-fail")
    last = embedded[-1]
    subject = last.signer_cert.subject.native
    base = {"signer": str(subject.get("common_name", "")), "organisation": str(subject.get("organization_name", "")),
            "demo": DEMO_NAME in str(subject.get("organizational_unit_name", ""))}
    try:
        status = validate_pdf_signature(last, context)
    except (SignatureValidationError, PdfError, ValueError, KeyError, TypeError, AttributeError):
        return _report(signed=True, problems=("signature_damaged",), **base)
    stamp = status.timestamp_validity
    when = stamp.timestamp if stamp is not None and stamp.valid else status.signer_reported_dt
    intact, trusted = bool(status.intact and status.valid), bool(status.trusted)
    covers_all = status.coverage == SignatureCoverageLevel.ENTIRE_FILE
    problems = [code for code, bad in (("content_changed", not intact), ("added_after_signing", intact and not covers_all),
                                       ("not_trusted", intact and not trusted)) if bad]
    return _report(signed=True, intact=intact, trusted=trusted, covers_all=covers_all, when=when, problems=tuple(problems),
                   time_stamped=stamp is not None and bool(stamp.valid), **base)


def _report(*, signed: bool, problems: tuple[str, ...], **facts: Any) -> SignatureReport:
    report = SignatureReport(signed=signed, valid=not problems, problems=problems, **facts)
    when = report.when.astimezone(VIETNAM).isoformat(timespec="seconds") if report.when else "?"
    vi, en = [], []
    for code in problems:
        vi.append(_PROBLEMS[code][0])
        en.append(_PROBLEMS[code][1])
    if signed:
        vi.append(f"Người ký: {report.signer} ({report.organisation}), lúc {when}"
                  + (", có dấu thời gian." if report.time_stamped else ", theo đồng hồ của người ký."))
        en.append(f"Signed by {report.signer} ({report.organisation}) at {when}"
                  + (", time-stamped." if report.time_stamped else ", by the signer's own clock."))
    if report.intact and report.covers_all:
        vi.append("Chữ ký bao trùm toàn bộ tệp; từ khi ký đến nay không có gì thay đổi.")
        en.append("The signature covers the whole file; nothing has changed since it was signed.")
    if report.demo:
        vi.append("Chứng thư thử nghiệm: không có giá trị pháp lý.")
        en.append("Demo certificate: without legal value.")
    return SignatureReport(**{**report.__dict__, "words": {"vi": tuple(vi), "en": tuple(en)}})


_PROBLEMS = {
    "not_readable": ("Tệp không phải PDF đọc được.", "The file is not a readable PDF."),
    "not_signed": ("Tệp chưa được ký số.", "The file is not signed."),
    "signature_damaged": ("Chữ ký số hỏng, không kiểm tra được: đừng dùng bản này.",
                          "The signature is damaged and cannot be checked: do not use this copy."),
    "content_changed": ("Nội dung đã bị thay đổi sau khi ký: đừng dùng bản này.",
                        "The content was changed after signing: do not use this copy."),
    "added_after_signing": ("Tệp đã bị thêm nội dung sau khi ký: chỉ phần đã ký là đáng tin.",
                            "Something was added after signing: only the signed part can be relied on."),
    "not_trusted": ("Chứng thư người ký không thuộc cơ quan tin cậy đã khai báo hoặc đã hết hạn.",
                    "The signer's certificate does not lead to a trusted authority, or is out of its time."),
}


def _writer(pdf: bytes) -> Any:
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    class Writer(IncrementalPdfFileWriter):
        """Leaves the metadata as the document has it: it says when the document was made, the signature says when it was signed."""

        def _update_meta(self) -> None:
            return None

    return Writer(io.BytesIO(pdf))


def _pdf_signer(when: datetime) -> Any:
    from pyhanko.sign.signers import PdfSigner

    class ClockedSigner(PdfSigner):
        """A PdfSigner whose signing time is given."""

        def init_signing_session(self, pdf_out: Any, existing_fields_only: bool = False) -> Any:
            session = super().init_signing_session(pdf_out, existing_fields_only)
            session.system_time = when
            return session

    return ClockedSigner


def _appearance(writer: Any, lines: list[str]) -> tuple[tuple[int, int, int, int] | None, Any]:
    """Box at the top right of page 1 and a stamp style that writes the lines in the document's own embedded font."""
    from pyhanko.pdf_utils import content, generic
    from pyhanko.stamp.base import BaseStamp, BaseStampStyle

    page = writer.root["/Pages"]["/Kids"][0].get_object()
    while page["/Type"] == "/Pages":
        page = page["/Kids"][0].get_object()
    fonts = page["/Resources"].get("/Font", {})
    try:
        font = fonts.raw_get("/F0")
        if font.get_object()["/BaseFont"] != "/" + FONT_NAME:
            return None, None
    except (KeyError, AttributeError):
        return None, None
    facts = font_facts()
    x0, y0, x1, y1 = (float(v) for v in page["/MediaBox"])
    width = max(facts.width(line) for line in lines) * _SIZE
    height = _LEADING * len(lines)
    shown = [b"BT 0 g /F0 %d Tf %.2f TL 0 %.2f Td" % (_SIZE, _LEADING, height - _SIZE * facts.ascent / 1000 + 1)]
    shown += [b"<" + facts.encode(line).hex().encode() + b"> Tj T*" for line in lines] + [b"ET"]

    class Stamp(BaseStamp):
        def _render_inner_content(self) -> list[bytes]:
            self.set_resource(content.ResourceType.FONT, generic.pdf_name("/F0"), font)
            return shown

    class Style(BaseStampStyle):
        def create_stamp(self, writer: Any, box: Any, text_params: dict[str, Any]) -> Any:
            return Stamp(writer, self, box)

    right, top = x1 - _MARGIN, y1 - _MARGIN
    box = (round(max(right - width - 1, x0)), round(max(top - height, y0)), round(right), round(top))
    return (box, Style(background=None, border_width=0)) if box[0] < box[2] and box[1] < box[3] else (None, None)
