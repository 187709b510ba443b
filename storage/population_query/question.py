"""One question about one person, complete or not asked at all: which service, which officer, which dossier, and who is meant."""
from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from records.partial_date import PartialDate
from storage.errors import Words
from storage.population_query.errors import QueryIncomplete

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,79}")
_DIGITS = re.compile(r"\d{12}")
_CARD = re.compile(r"\d{9}")


@dataclass(frozen=True)
class Question:
    """id: MaYeuCau; service: MaDVC; officer: name in the officers' file; personal_id: 12 digits; card: 9 digits (SoCMND); born: EDTF.

    Raises QueryIncomplete unless it names what for and a person: by a number, or by name and birth.
    """

    id: str
    service: str
    officer: str
    dossier: str
    personal_id: str = ""
    card: str = ""
    name: str = ""
    born: str = ""

    def __post_init__(self) -> None:
        for what, value in ((Words("mã dịch vụ công", "the service code"), self.service), (Words("mã cán bộ", "the officer"), self.officer),
                            (Words("mã hồ sơ", "the dossier code"), self.dossier)):
            if not _CODE.fullmatch(value):
                raise QueryIncomplete(what=what)
        if not 0 < len(self.id) <= 100:
            raise QueryIncomplete(what=Words("mã yêu cầu", "the request's id"))
        if self.personal_id and not _DIGITS.fullmatch(self.personal_id):
            raise QueryIncomplete(what=Words("số định danh đủ 12 chữ số", "a personal number of 12 digits"))
        if self.card and not _CARD.fullmatch(self.card):
            raise QueryIncomplete(what=Words("số CMND đủ 9 chữ số", "an identity card number of 9 digits"))
        if not (self.personal_id or self.card) and not (self.name.strip() and self.birth is not None):
            raise QueryIncomplete(what=Words("số định danh, hoặc họ tên và ngày sinh", "a number, or name and birth"))

    @property
    def birth(self) -> PartialDate | None:
        """The day or year of birth; None where not even the year is known."""
        try:
            d = PartialDate.parse(self.born)
        except ValueError:
            return None
        return d if d.year is not None else None


def new_id(dossier: str) -> str:
    """A MaYeuCau that names its dossier, so that their log tells what it was for as ours does."""
    return f"{dossier}.{secrets.token_hex(6)}"
