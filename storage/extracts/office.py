"""What issuing extracts works with, and the two signatures' places: the competent person's first, the agency's with number and code."""
from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from storage.archive_package import RetentionOptions, retention
from storage.database import Database
from storage.extracts.drawing import Drawing
from storage.extracts.keeping import FOLDER
from storage.extracts.keys import CodeKeys
from storage.extracts.layout import PERSON_SIZE, SEAL_BOX, seal
from storage.extracts.options import Agency, CompetentSigner, ExtractOptions
from storage.models import utc_now
from storage.outbox import ObjectLedger
from storage.signature_appearance import AGENCY_FIELD, PERSON_FIELD, SignaturePlace
from storage.signing import Signer


@dataclass(frozen=True)
class Office:
    """The opened parts. clock: gives the time of requests and numbers, timezone-aware."""

    database: Database
    ledger: ObjectLedger
    signer: Signer
    options: ExtractOptions
    archive: RetentionOptions
    keys: CodeKeys
    clock: Callable[[], datetime] = utc_now

    def now(self) -> datetime:
        return self.clock()

    def keep(self, extract_id: str, pdf: bytes) -> str:
        """Store a document; its key. Named by its content: what a kill left behind is never taken for another one."""
        until, mode = retention(self.archive, self.now())
        key = f"{FOLDER}/{extract_id[:2]}/{extract_id}/{hashlib.sha256(pdf).hexdigest()[:32]}.pdf"
        return self.ledger.put("archive", key, pdf, "application/pdf", until, mode)


def person_place(signer: CompetentSigner, box: tuple[int, int, int, int], when: str) -> SignaturePlace:
    """Where and how the competent person's signature is shown: who and when, in words (we have no picture of a hand)."""
    drawing, middle = Drawing(), PERSON_SIZE[0] / 2
    drawing.centred(middle, 24, 10, "Đã ký số", slanted=True)
    drawing.centred(middle, 10, 9, when)
    return SignaturePlace(PERSON_FIELD, "Người ký trích lục", signer.name, -1, box, drawing.content())


def agency_place(agency: Agency, number: str, day: date, matrix: Sequence[Sequence[int]]) -> SignaturePlace:
    """The agency's signature, which shows the number, the day and the code."""
    return SignaturePlace(AGENCY_FIELD, "Cơ quan cấp số", agency.name, 0, SEAL_BOX, seal(number, day, agency, matrix).content())
