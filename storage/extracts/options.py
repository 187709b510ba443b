"""Who issues extracts and who signs them: the settings as values."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time

from storage.extracts.deadline import CUTOFF
from storage.extracts.errors import NoAgency, NotASigner
from storage.signing_keys import SigningKey


@dataclass(frozen=True)
class Agency:
    """code: mã định danh, by which numbers run; name, parent: as printed, left above; place: before the date."""

    code: str
    name: str
    parent: str = ""
    place: str = ""


@dataclass(frozen=True)
class CompetentSigner:
    """name, capacity: printed below and above the signature (`KT. CHỦ TỊCH`, `PHÓ CHỦ TỊCH`). key: their own; None: the home's."""

    name: str
    capacity: tuple[str, ...]
    key: SigningKey | None = None


@dataclass(frozen=True)
class ExtractOptions:
    """agency: who issues where `agencies` (commune code -> agency) names nobody else. signers: account -> who that is.
    cutoff: requests after it are due a working day later."""

    agency: Agency = Agency("", "")
    agencies: Mapping[str, Agency] = field(default_factory=dict)
    signers: Mapping[str, CompetentSigner] = field(default_factory=dict)
    cutoff: time = CUTOFF

    def agency_of(self, commune_code: str | None) -> Agency:
        """Who issues extracts of that commune's books. Raises NoAgency."""
        found = self.agencies.get(commune_code or "", self.agency)
        if not found.code or not found.name:
            raise NoAgency()
        return found

    def agency_named(self, code: str) -> Agency:
        """The agency with that code, as it is set up now. Raises NoAgency."""
        for agency in (*self.agencies.values(), self.agency):
            if agency.code == code and agency.name:
                return agency
        raise NoAgency()

    def signer(self, account: str) -> CompetentSigner:
        """Raises NotASigner."""
        if account not in self.signers:
            raise NotASigner(actor=account)
        return self.signers[account]
