"""What was found out about the signatures of a PDF: facts without words (those are in storage.signature_words)."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Revocation = Literal["good", "unknown", "revoked"]


@dataclass(frozen=True)
class Change:
    """One thing that differs from what was signed. kind: `page_content`, `page_marks` (annotations), `page_added`, `page_removed`,
    `metadata`, `attachment`, `form` or `structure`; page: from 1, 0 where it has none."""

    kind: str
    page: int = 0


@dataclass(frozen=True)
class OneSignature:
    """intact: the signed bytes are unchanged and the signature fits them. whole: what was appended later, if anything, adds only time
    stamps, proofs or further signatures. chain: names from the signer up to the root. time_by: name of the time-stamp service, empty by the
    signer's own clock. stamped_until: end of the newest document time stamp's certificate. problems: stable codes, empty when good.
    field: its name in the form."""

    signer: str
    organisation: str
    demo: bool
    intact: bool = False
    whole: bool = False
    trusted: bool = False
    when: datetime | None = None
    time_by: str = ""
    level: str = "B-B"
    chain: tuple[str, ...] = ()
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    over: bool = False                          # its time is over at the moment of the check
    revocation: Revocation = "unknown"
    revoked_at: datetime | None = None
    stamps: tuple[tuple[str, datetime], ...] = ()
    stamped_until: datetime | None = None
    changes: tuple[Change, ...] = ()
    problems: tuple[str, ...] = ()
    field: str = ""


@dataclass(frozen=True)
class SignatureReport:
    """What a PDF's signatures say. valid: all of them are as they should be. The facts beside `signatures` are the last signature's."""

    signatures: tuple[OneSignature, ...]
    problems: tuple[str, ...]

    @property
    def signed(self) -> bool:
        return bool(self.signatures)

    @property
    def valid(self) -> bool:
        return not self.problems

    @property
    def last(self) -> OneSignature | None:
        return self.signatures[-1] if self.signatures else None

    @property
    def intact(self) -> bool:
        return bool(self.signatures) and all(s.intact for s in self.signatures)

    @property
    def covers_all(self) -> bool:
        return bool(self.signatures) and self.signatures[-1].whole

    @property
    def trusted(self) -> bool:
        return bool(self.signatures) and all(s.trusted for s in self.signatures)

    @property
    def signer(self) -> str:
        return self.last.signer if self.last else ""

    @property
    def organisation(self) -> str:
        return self.last.organisation if self.last else ""

    @property
    def when(self) -> datetime | None:
        return self.last.when if self.last else None

    @property
    def time_stamped(self) -> bool:
        return bool(self.last and self.last.time_by)

    @property
    def level(self) -> str:
        return self.last.level if self.last else ""

    @property
    def demo(self) -> bool:
        return any(s.demo for s in self.signatures)

    @property
    def exit_code(self) -> int:
        """0 good, 1 not to be relied on, 3 not signed, 4 no PDF or not readable."""
        if self.valid:
            return 0
        return 1 if self.signed or "signature_removed" in self.problems else 3 if "not_signed" in self.problems else 4

    def lines(self, lang: str = "vi") -> tuple[str, ...]:
        """Who signed, what is covered, whether anything changed: sentences in `vi` or `en`."""
        from storage.signature_words import lines

        return lines(self, lang)
