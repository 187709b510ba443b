"""Judging the certificates behind a signature: whom they lead to, whether in their time, whether not revoked, and the level that gives."""
from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from storage.signature_facts import Revocation


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
        from pyhanko.sign.validation import validate_pdf_signature

        return validate_pdf_signature(signature, self._context(signature.reader))

    def verdict(self, signature: Any, status: Any, stamps: list[Any]) -> Verdict:
        """stamps: the document time stamps made after the signature, oldest first."""
        from pyhanko.sign.ades.report import AdESIndeterminate, AdESPassed

        cert = signature.signer_cert
        known = "/DSS" in signature.reader.root
        proven = known and self._past(signature, "require") == AdESPassed.OK
        trusted = bool(status.trusted) or proven or (bool(stamps) and self._past(signature, "soft-fail") == AdESPassed.OK)
        details = status.revocation_details
        revoked = details is not None and not proven
        over = self._at > cert.not_valid_after
        problem = "" if trusted and not revoked else "revoked" if revoked else "not_trusted"
        if problem == "not_trusted" and over and status.trust_problem_indic in (
                AdESIndeterminate.OUT_OF_BOUNDS_NO_POE, AdESIndeterminate.EXPIRED, AdESIndeterminate.CERTIFICATE_CHAIN_GENERAL_FAILURE):
            problem = "expired"
        good = [(t, self._stamp(t)) for t in stamps]
        timed = bool(status.timestamp_validity and status.timestamp_validity.valid) or any(s for _, s in good)
        level = "B-B" if not timed else "B-T" if not proven else "B-LTA" if any(s for _, s in good) else "B-LT"
        return Verdict(
            trusted and not revoked, problem, level, self._chain(signature, status), cert.not_valid_before, cert.not_valid_after, over,
            "revoked" if revoked else "good" if proven else "unknown", details.revocation_date if details else None,
            tuple((name_of(t.signer_cert), s) for t, s in good if s is not None), stamps[-1].signer_cert.not_valid_after if stamps else None)

    def _context(self, reader: Any, mode: str = "soft-fail") -> Any:
        from pyhanko.sign.validation.dss import DocumentSecurityStore
        from pyhanko.sign.validation.errors import NoDSSFoundError
        from pyhanko_certvalidator import ValidationContext

        settings = {"trust_roots": self._roots, "allow_fetching": False, "moment": self._at, "revocation_mode": mode,
                    "retroactive_revinfo": True}      # an answer given after the signature says most about it
        try:
            return DocumentSecurityStore.read_dss(reader).as_validation_context(settings)
        except NoDSSFoundError:
            return ValidationContext(**settings)  # type: ignore[arg-type]

    def _past(self, signature: Any, mode: str) -> Any:
        """ETSI EN 319 102-1, 5.6.3: what the time stamps and proofs in the file say, also after certificates have run out."""
        from pyhanko.sign.validation.ades import ades_lta_validation
        from pyhanko.sign.validation.errors import SignatureValidationError
        from pyhanko.sign.validation.policy_decl import (
            PdfSignatureValidationSpec,
            RevinfoOnlineFetchingRule,
            RevocationInfoGatheringSpec,
            SignatureValidationSpec,
        )
        from pyhanko_certvalidator.context import CertValidationPolicySpec
        from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
        from pyhanko_certvalidator.policy_decl import CertRevTrustPolicy, RevocationCheckingPolicy
        from pyhanko_certvalidator.registry import SimpleTrustManager

        policy = CertValidationPolicySpec(SimpleTrustManager.build(trust_roots=self._roots),
                                          CertRevTrustPolicy(RevocationCheckingPolicy.from_legacy(mode), retroactive_revinfo=True))
        spec = PdfSignatureValidationSpec(SignatureValidationSpec(
            policy, RevocationInfoGatheringSpec(RevinfoOnlineFetchingRule.LOCAL_ONLY)))
        timing = ValidationTimingInfo(self._at, self._at, point_in_time_validation=False)
        try:
            return asyncio.run(ades_lta_validation(signature, spec, timing)).ades_subindic
        except (SignatureValidationError, ValueError, KeyError, TypeError):
            return None

    def _stamp(self, stamp: Any) -> datetime | None:
        """The time of a document time stamp that is intact, else None."""
        from pyhanko.sign.validation import validate_pdf_timestamp
        from pyhanko.sign.validation.errors import SignatureValidationError

        try:
            status = validate_pdf_timestamp(stamp, self._context(stamp.reader))
        except (SignatureValidationError, ValueError, KeyError, TypeError):
            return None
        return status.timestamp if status.valid and status.intact else None

    def _chain(self, signature: Any, status: Any) -> tuple[str, ...]:
        if status.validation_path is not None:
            return tuple(reversed([name_of(c) for c in status.validation_path if hasattr(c, "subject")]))
        return (name_of(signature.signer_cert), str(signature.signer_cert.issuer.native.get("common_name", "")))


def name_of(certificate: Any) -> str:
    """The common name, else the whole subject."""
    return str(certificate.subject.native.get("common_name") or certificate.subject.human_friendly)
