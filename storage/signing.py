"""PAdES baseline signatures (ETSI EN 319 142-1) on copies, from level B-B to B-LTA. Call from a thread without a running event loop.

The key is storage.signing_keys' matter, time stamps and proofs storage.signature_levels', what a signature is worth signature_check's.
"""
from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Literal

from storage.errors import SigningFailed
from storage.identity import DEMO_NAME, create_demo_identity
from storage.signature_appearance import SignaturePlace, appearance, placed
from storage.signature_check import SignatureReport, verify_pdf
from storage.signature_levels import Evidence, Level, below, free_field
from storage.signing_errors import RevocationUnknown, TimeStampUnavailable
from storage.signing_keys import PemFolder, SigningKey

__all__ = ["SignatureReport", "Signer", "create_demo_identity", "verify_pdf"]

FIELD = "ChuKySo"
VIETNAM = timezone(timedelta(hours=7))
_RESERVED = 32768           # hex digits kept free for the signature, chain and time stamp: else pyhanko signs twice to learn the size
_LOG = logging.getLogger(__name__)


class Signer:
    """Signs with one key. Safe from threads.

    folder: where the PEM key lies (see storage.identity), unless `key` is another. agency: name shown on page 1. clock: gives the signing
    time, timezone-aware. tsa_url: time-stamp service (RFC 3161). level: None is B-T with a service, else B-B. roots: PEM files of
    authorities trusted beside the key's own. when_unreachable: what to do when the service or a revocation answer cannot be had: `wait`
    raises (SigningWaits), `upgrade` signs B-B now and storage.signature_upkeep raises it later.
    """

    def __init__(self, folder: Path, agency: str = "", clock: Callable[[], datetime] | None = None, tsa_url: str | None = None, *,
                 key: SigningKey | None = None, level: Level | None = None, roots: Sequence[Path] = (),
                 when_unreachable: Literal["wait", "upgrade"] = "wait") -> None:
        self.agency = agency
        self.clock = clock or (lambda: datetime.now(UTC))
        self.tsa_url = tsa_url
        self.key = key or PemFolder(Path(folder))
        self.level: Level = level or ("B-T" if tsa_url else "B-B")
        self.when_unreachable = when_unreachable
        self._more_roots = tuple(roots)

    def with_key(self, key: SigningKey | None) -> Signer:
        """One that signs with another key, everything else the same; None: this one."""
        if key is None:
            return self
        return Signer(Path(), self.agency, self.clock, self.tsa_url, key=key, level=self.level, roots=self.roots(),
                      when_unreachable=self.when_unreachable)

    def sign(self, pdf: bytes, *, visible: bool = True, reason: str = "Sao y từ sổ gốc", mark: str = "Sao y",
             place: SignaturePlace | None = None) -> bytes:
        """The same PDF with one PAdES signature of the signer's level appended; still PDF/A-2b.

        visible: the signature's place at the top right of page 1 says `mark` (an extract gives its own, or empty), the agency and the
        ISO 8601 time; else it has no appearance (always so for a PDF without our font). place: another place and field, for documents with
        several signatures. Raises SigningFailed; SigningWaits, which is one, when it may be well later.
        """
        try:
            return self._sign(pdf, self.level, visible, reason, mark, place)
        except (TimeStampUnavailable, RevocationUnknown) as e:
            if self.when_unreachable == "wait":
                raise
            _LOG.warning("signed B-B instead of %s, to be raised later: %s", self.level, e.code)
            return self._sign(pdf, "B-B", visible, reason, mark, place)

    def sign_bytes(self, data: bytes) -> bytes:
        """A detached CMS signature (RFC 5652, DER) over any bytes, with a time stamp where there is a service. Raises SigningFailed."""
        from pyhanko.sign.general import SigningError

        evidence = self.evidence() if self.tsa_url else None
        try:
            with self.key.in_use() as key, evidence.asked() if evidence else nullcontext():
                made = asyncio.run(key.async_sign_general_data(data, "sha256", timestamper=evidence.timestamper() if evidence else None))
            return bytes(made.dump())
        except (SigningError, OSError, ValueError) as e:
            raise SigningFailed(cause=f"{type(e).__name__}: {str(e).splitlines()[0] if str(e) else ''}") from e

    def evidence(self) -> Evidence:
        """Where time stamps and revocation answers come from. Raises SigningFailed without a time-stamp service."""
        if not self.tsa_url:
            raise SigningFailed(cause=f"level {self.level} needs a time-stamp service: archive.tsa_url")
        return Evidence(self.tsa_url, self.roots())

    def certificate(self) -> dict[str, Any]:
        """Facts for `sogoc doctor`: key (its kind), subject, issuer, valid_from, valid_to, demo (made at init)."""
        cert = self.key.certificate()
        return {"key": self.key.kind, "subject": cert.subject.rfc4514_string(), "issuer": cert.issuer.rfc4514_string(),
                "valid_from": cert.not_valid_before_utc, "valid_to": cert.not_valid_after_utc,
                "demo": DEMO_NAME in cert.subject.rfc4514_string()}

    def roots(self) -> list[Path]:
        """Root certificates that copies signed here are checked against."""
        return [*self.key.root_files(), *self._more_roots]

    def _sign(self, pdf: bytes, level: Level, visible: bool, reason: str, mark: str, place: SignaturePlace | None) -> bytes:
        from pyhanko.pdf_utils.misc import PdfError
        from pyhanko.sign import PdfSignatureMetadata
        from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
        from pyhanko.sign.general import SigningError

        when = self.clock().astimezone(VIETNAM).replace(microsecond=0)
        lines = [text for text in (mark, self.agency, when.isoformat()) if text]
        evidence = self.evidence() if level != "B-B" else None
        try:
            writer = _writer(pdf)
            box, style = placed(writer, place) if place else appearance(writer, lines) if visible else (None, None)
            field, name = (place.field, place.name) if place else (FIELD, self.agency)
            spec = SigFieldSpec(field, on_page=place.page if place else 0, box=box,
                                readable_field_name=place.label if place else "Chữ ký số / digital signature")
            proven = not below(level, "B-LT")
            meta = PdfSignatureMetadata(
                field_name=field, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES, reason=reason, name=name or None,
                embed_validation_info=proven, use_pades_lta=level == "B-LTA", timestamp_field_name=free_field(pdf),
                validation_context=evidence.context() if evidence and proven else None)
            out = io.BytesIO()
            with self.key.in_use() as key:
                signing = _pdf_signer(when)(meta, key, timestamper=evidence.timestamper() if evidence else None, stamp_style=style,
                                            new_field_spec=spec)
                if evidence is None:
                    signing.sign_pdf(writer, output=out, bytes_reserved=_RESERVED)
                else:
                    with evidence.asked():
                        signing.sign_pdf(writer, output=out, bytes_reserved=_RESERVED)
            return out.getvalue()
        except (PdfError, SigningError, OSError, ValueError) as e:
            raise SigningFailed(cause=f"{type(e).__name__}: {str(e).splitlines()[0] if str(e) else ''}") from e


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
