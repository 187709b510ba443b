"""Judging the certificates behind a signature: whom they lead to, whether in their time, whether not revoked, and the level that gives."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from storage.signature_facts import Revocation

_STALE = ("soft-fail", "none")      # answers about revocation in the file that are too old for the moment count as none


@dataclass(frozen=True)
class Verdict:
    """problem: `revoked`, `expired`, `not_trusted` or empty; the rest as in storage.signature_facts.OneSignature."""

    trusted: bool
    problem: str
    level: str
    chain: tuple[str, ...]
    valid_from: datetime
    valid_to: datetime
    over: bool
    revocation: Revocation
    revoked_at: datetime | None
    stamps: tuple[tuple[str, datetime], ...]
    stamped_until: datetime | None


class Judge:
    """Judges by the given roots at one moment, with what is in the file and no network."""

    def __init__(self, roots: Sequence[Path], at: datetime) -> None:
        from pyhanko.keys import load_cert_from_pemder

        self._roots = [load_cert_from_pemder(str(r)) for r in roots]
        self._at = at

    def status(self, signature: Any) -> Any:
        """pyhanko's own status: integrity, coverage, differences, and trust as of now."""
        return self._judged(signature, self._at)

    def verdict(self, signature: Any, status: Any, stamps: list[Any]) -> Verdict:
        """stamps: the document time stamps made after the signature, oldest first."""
        from pyhanko.sign.ades.report import AdESIndeterminate

        cert = signature.signer_cert
        good = [(t, self._stamp(t, self._at)) for t in stamps]
        proven = "/DSS" in signature.reader.root and self._proven(signature, stamps)
        trusted = bool(status.trusted) or proven
        details = status.revocation_details
        revoked = details is not None and not proven
        over = self._at > cert.not_valid_after
        problem = "" if trusted and not revoked else "revoked" if revoked else "not_trusted"
        if problem == "not_trusted" and over and status.trust_problem_indic != AdESIndeterminate.NO_CERTIFICATE_CHAIN_FOUND:
            problem = "expired"
        timed = bool(status.timestamp_validity and status.timestamp_validity.valid) or any(s for _, s in good)
        level = "B-B" if not timed else "B-T" if not proven else "B-LTA" if any(s for _, s in good) else "B-LT"
        return Verdict(
            trusted and not revoked, problem, level, self._chain(signature, status), cert.not_valid_before, cert.not_valid_after, over,
            "revoked" if revoked else "good" if proven else "unknown", details.revocation_date if details else None,
            tuple((name_of(t.signer_cert), s) for t, s in good if s is not None),
            stamps[-1].signer_cert.not_valid_after if stamps else None)

    def _proven(self, signature: Any, stamps: list[Any]) -> bool:
        """Whether the file itself shows that all was well when it was signed, also after certificates have run out.

        From the newest document time stamp, which must be in its time now, back to the signature: each is judged at the time the one
        after it proves, with the answers about revocation that the file holds (ETSI EN 319 142-1, annex D). Whether the newest one's own
        certificate was revoked of late only the network could say.
        """
        moment = self._at
        for stamp in reversed(stamps):
            before = self._stamp(stamp, moment, trusted=True)
            if before is None:
                return False
            moment = before
        timed = self._judged(signature, moment, skip_diff=True).timestamp_validity
        if timed is not None and timed.valid and timed.trusted:
            moment = timed.timestamp
        elif not stamps:
            return False
        return bool(self._judged(signature, moment, ("require",), skip_diff=True).trusted)

    def _judged(self, signature: Any, moment: datetime, modes: Sequence[str] = _STALE, *, skip_diff: bool = False) -> Any:
        from pyhanko.sign.ades.report import AdESIndeterminate
        from pyhanko.sign.validation import validate_pdf_signature

        for mode in modes:
            status = validate_pdf_signature(signature, self._context(signature.reader, moment, mode), skip_diff=skip_diff)
            stamp = status.timestamp_validity
            if AdESIndeterminate.TRY_LATER not in (status.trust_problem_indic, stamp.trust_problem_indic if stamp is not None else None):
                break
        return status

    def _context(self, reader: Any, moment: datetime, mode: str = "soft-fail") -> Any:
        from pyhanko.sign.validation.dss import DocumentSecurityStore
        from pyhanko.sign.validation.errors import NoDSSFoundError
        from pyhanko_certvalidator import ValidationContext

        settings = {"trust_roots": self._roots, "allow_fetching": False, "moment": moment, "revocation_mode": mode,
                    "retroactive_revinfo": True}      # an answer given after the signature says most about it
        try:
            return DocumentSecurityStore.read_dss(reader).as_validation_context(settings)
        except NoDSSFoundError:
            return ValidationContext(**settings)  # type: ignore[arg-type]

    def _stamp(self, stamp: Any, moment: datetime, *, trusted: bool = False) -> datetime | None:
        """The time a document time stamp says, if it is intact (and, if asked, trusted at the moment), else None."""
        from pyhanko.sign.ades.report import AdESIndeterminate
        from pyhanko.sign.validation import validate_pdf_timestamp
        from pyhanko.sign.validation.errors import SignatureValidationError

        try:
            for mode in _STALE:
                status = validate_pdf_timestamp(stamp, self._context(stamp.reader, moment, mode), skip_diff=True)
                if status.trust_problem_indic != AdESIndeterminate.TRY_LATER:
                    break
        except (SignatureValidationError, ValueError, KeyError, TypeError):
            return None
        if not (status.valid and status.intact) or (trusted and not status.trusted):
            return None
        when: datetime = status.timestamp
        return when

    def _chain(self, signature: Any, status: Any) -> tuple[str, ...]:
        if status.validation_path is not None:
            return tuple(reversed([name_of(c) for c in status.validation_path if hasattr(c, "subject")]))
        return (name_of(signature.signer_cert), str(signature.signer_cert.issuer.native.get("common_name", "")))


def name_of(certificate: Any) -> str:
    """The common name, else the whole subject."""
    return str(certificate.subject.native.get("common_name") or certificate.subject.human_friendly)
