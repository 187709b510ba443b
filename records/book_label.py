"""What a printed cover sheet's code says of a book, as text short enough for a code that a poor photograph still shows."""
from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

_MARK = "SOGOC1"
_SAFE = "~-_."              # what stays as it is in a part; everything else is percent-coded, so that the text is ASCII
_HASH = re.compile(r"[0-9a-f]{10}")


@dataclass(frozen=True)
class BookLabel:
    """batch: the book's id; pages: how many it had when the sheet was printed; digest: first 10 hex digits of its content's hash then."""

    batch: str
    commune: str
    kind: str
    year: int | None
    volume: str
    pages: int
    digest: str

    def __str__(self) -> str:
        parts = (self.batch, self.commune, self.kind, str(self.year or ""), self.volume, str(self.pages), self.digest)
        return "/".join([_MARK, *(quote(p, safe=_SAFE) for p in parts)])


def parse_label(text: str) -> BookLabel | None:
    """None for any other code: books carry codes of other programs too."""
    parts = [unquote(p) for p in text.strip().split("/")]
    if len(parts) != 8 or parts[0] != _MARK or not parts[1] or not _HASH.fullmatch(parts[7]):
        return None
    _, batch, commune, kind, year, volume, pages, digest = parts
    if (year and not re.fullmatch(r"\d{4}", year)) or not re.fullmatch(r"\d{1,6}", pages):
        return None
    return BookLabel(batch, commune, kind, int(year) if year else None, volume, int(pages), digest)
