"""The PAdES baseline levels (ETSI EN 319 142-1) and what each needs beside the key: a time stamp, proof of no revocation, its renewal."""
from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from storage.errors import SigningFailed
from storage.signing_errors import CertificateRevoked, RevocationUnknown, TimeStampUnavailable

Level = Literal["B-B", "B-T", "B-LT", "B-LTA"]
LEVELS: tuple[Level, ...] = ("B-B", "B-T", "B-LT", "B-LTA")
STAMP_FIELD = "DauThoiGian"


def below(reached: str, wanted: str) -> bool:
    """Whether a level is lower than the one wanted; no level is the lowest."""
    return (LEVELS.index(reached) if reached in LEVELS else -1) < LEVELS.index(wanted)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Evidence:
    """Where time stamps and answers about revocation come from.

    roots: PEM files that the chains of signer and time-stamp service must end in. seconds: limit of one request. From B-LT on every
    certificate below a root must be proven not revoked, by the CRL or OCSP service it names itself.
    """

    tsa_url: str
    roots: Sequence[Path] = ()
    seconds: int = 15

    def timestamper(self) -> Any:
        """New for each document, so that what it remembers of the service's certificate is never old."""
        from pyhanko.sign.timestamps import HTTPTimeStamper

        return HTTPTimeStamper(self.tsa_url, timeout=self.seconds)

    def probe(self) -> datetime:
        """Ask the service for one time stamp, over nothing; the time it says. Raises TimeStampUnavailable."""
        import asyncio

        with self.asked():
            token = asyncio.run(self.timestamper().async_dummy_response("sha256"))
        when: datetime = token["content"]["encap_content_info"]["content"].parsed["gen_time"].native
        return when

    def context(self, moment: datetime | None = None, other: Sequence[Any] = ()) -> Any:
        """What certificates are checked against, with leave to ask CRL and OCSP services. moment: None is now."""
        from pyhanko.keys import load_cert_from_pemder
        from pyhanko_certvalidator import ValidationContext

        return ValidationContext(trust_roots=[load_cert_from_pemder(str(r)) for r in self.roots], other_certs=list(other),
                                 allow_fetching=True, revocation_mode="require", moment=moment)

    @contextmanager
    def asked(self) -> Iterator[None]:
        """Turns what goes wrong on the network, or in a chain, into errors of ours."""
        from pyhanko.sign.general import SigningError
        from pyhanko.sign.timestamps.common_utils import TimestampRequestError
        from pyhanko_certvalidator.errors import PathError, RevokedError, ValidationError

        try:
            yield
        except TimestampRequestError as e:
            raise TimeStampUnavailable(url=self.tsa_url, cause=_first_line(e)) from e
        except RevokedError as e:
            raise CertificateRevoked() from e
        except (PathError, ValidationError) as e:
            raise RevocationUnknown(cause=_first_line(e)) from e
        except SigningError as e:
            cause: BaseException | None = e
            while cause is not None and not isinstance(cause, PathError | ValidationError | TimestampRequestError):
                cause = cause.__cause__
            if isinstance(cause, RevokedError):
                raise CertificateRevoked() from e
            if isinstance(cause, TimestampRequestError):
                raise TimeStampUnavailable(url=self.tsa_url, cause=_first_line(cause)) from e
            if isinstance(cause, PathError | ValidationError):
                raise RevocationUnknown(cause=_first_line(cause)) from e
            raise

    def raise_level(self, pdf: bytes, wanted: str) -> bytes:
        """The signed PDF with what it lacks for the level appended: validation data of every signature (from B-LT), then a document time
        stamp.

        A signature that was made without time stamp is proven from that moment on only. Raises SigningWaits, SigningFailed.
        """
        from pyhanko.pdf_utils.reader import PdfFileReader
        from pyhanko.sign.validation import add_validation_info

        with self.asked():
            context = None
            signatures = len(PdfFileReader(io.BytesIO(pdf)).embedded_regular_signatures)
            if not signatures:
                raise SigningFailed(cause="not signed")
            for n in range(signatures if not below(wanted, "B-LT") else 0):
                signature = PdfFileReader(io.BytesIO(pdf)).embedded_regular_signatures[n]
                context = self.context(other=signature.other_embedded_certs)
                pdf = add_validation_info(signature, context, skip_timestamp=not _has_time_stamp(signature)).getvalue()
            return self._stamp(pdf, context)

    def renew(self, pdf: bytes) -> bytes:
        """One more document time stamp, after the proof that the last one is good: keeps B-LTA beyond its service's certificate."""
        from pyhanko.pdf_utils.reader import PdfFileReader
        from pyhanko.sign.signers import PdfTimeStamper

        with self.asked():
            out = io.BytesIO()
            PdfTimeStamper(self.timestamper(), field_name=free_field(pdf)).update_archival_timestamp_chain(
                PdfFileReader(io.BytesIO(pdf)), self.context(), in_place=False, output=out, default_md_algorithm="sha256")
            return out.getvalue()

    def _stamp(self, pdf: bytes, context: Any) -> bytes:
        from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
        from pyhanko.sign.signers import PdfTimeStamper

        out = io.BytesIO()
        PdfTimeStamper(self.timestamper(), field_name=free_field(pdf)).timestamp_pdf(
            IncrementalPdfFileWriter(io.BytesIO(pdf)), "sha256", validation_context=context, output=out)
        return out.getvalue()


def reached(pdf: bytes) -> tuple[Level | None, datetime | None]:
    """The level a signed PDF is built to, and when the certificate of its newest document time stamp ends. Nothing is checked here."""
    from pyhanko.pdf_utils.reader import PdfFileReader

    reader = PdfFileReader(io.BytesIO(pdf))
    if not reader.embedded_regular_signatures:
        return None, None
    signature, stamps = reader.embedded_regular_signatures[-1], reader.embedded_timestamp_signatures
    later = [s for s in stamps if s.signed_revision > signature.signed_revision]
    until = later[-1].signer_cert.not_valid_after if later else None
    timed = bool(later) or _has_time_stamp(signature)
    known = "/DSS" in reader.root
    if not timed:
        return "B-B", until
    return ("B-LTA" if known and later else "B-LT" if known else "B-T"), until


def _has_time_stamp(signature: Any) -> bool:
    from pyhanko.sign.validation.generic_cms import extract_tst_data_iter

    return any(True for _ in extract_tst_data_iter(signature.signer_info, signed=False))


def free_field(pdf: bytes) -> str:
    """Name for the next document time stamp of this PDF."""
    from pyhanko.pdf_utils.reader import PdfFileReader

    return f"{STAMP_FIELD}{len(PdfFileReader(io.BytesIO(pdf)).embedded_timestamp_signatures) + 1}"


def _first_line(error: BaseException) -> str:
    text = str(error).strip() or type(error.__cause__ or error).__name__
    return text.splitlines()[0].rstrip(".")[:160]
